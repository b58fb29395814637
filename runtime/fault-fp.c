// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Invalid operations that trap.
//
// A guest whose rules for NaN are not the host's (Arm's) could have every result tested for NaN and, when it is
// one, computed anew in the guest's way.  That costs floating-point code more than the operations do.  But the
// host's answer differs only where an operation is invalid: it takes a signalling NaN, or makes a NaN of numbers.
// (Of a quiet NaN and a number every machine gives the NaN; of two quiet ones both give the first.)  So guest
// code runs with the host's invalid exception unmasked, and untested.  When the trap comes,
//
//   * the exception is masked, and the instruction runs alone (the trap flag): its result has the host's NaN;
//   * lanes of its result that are NaN get what the guest's rules make of the operands (GuestISA.fp_nan);
//   * the exception is unmasked again.
//
// Flags are the hardware's: the host raises invalid just where the guest does.  A trap costs some 3 us, so the
// guest says when enough of them have come (GuestISA.fp_trap).
//
// What gives no NaN of its own making (comparisons, conversions to integers) or quiets the one it gets
// (conversions between formats) is right as it is.  So is what a frontend tests itself: minimum and maximum, and
// multiply-and-add, where hosts choose among three operands differently without any exception.

#include "fault-fp.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

#include "host-insn.h"

#define MXCSR_IM 0x80u
enum { LANES_MAX = 16 };

typedef struct Row {
    ZydisMnemonic mnemonic;
    uint8_t size;     // of a lane, MO_*
    bool packed, one; // one operand
} Row;

#define ARITHMETIC(M, one)                                                                         \
    {ZYDIS_MNEMONIC_##M##SS, MO_32, false, one}, {ZYDIS_MNEMONIC_V##M##SS, MO_32, false, one},     \
        {ZYDIS_MNEMONIC_##M##SD, MO_64, false, one}, {ZYDIS_MNEMONIC_V##M##SD, MO_64, false, one}, \
        {ZYDIS_MNEMONIC_##M##PS, MO_32, true, one}, {ZYDIS_MNEMONIC_V##M##PS, MO_32, true, one},   \
        {ZYDIS_MNEMONIC_##M##PD, MO_64, true, one},                                                \
    {                                                                                              \
        ZYDIS_MNEMONIC_V##M##PD, MO_64, true, one                                                  \
    }
static const Row rows[] = {ARITHMETIC(ADD, false), ARITHMETIC(SUB, false), ARITHMETIC(MUL, false),
                           ARITHMETIC(DIV, false), ARITHMETIC(SQRT, true)};

static _Thread_local struct {
    volatile bool active;
    const Row *row; // NULL: the result is right as it comes
    const GuestISA *isa;
    unsigned dest, lanes;
    uint64_t mask; // of the lanes that are written
    uint8_t a[64], b[64];
} fixup;

static const Row *find_row(ZydisMnemonic m)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].mnemonic == m) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool is_vector(const ZydisDecodedOperand *op)
{
    ZydisRegisterClass c = op->type == ZYDIS_OPERAND_TYPE_REGISTER
                               ? ZydisRegisterGetClass(op->reg.value)
                               : ZYDIS_REGCLASS_INVALID;
    return c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM;
}

// An operand's lanes.  What is in memory was read by the instruction just now.
static bool read_operand(const ucontext_t *uc, const HostInsn *h, const ZydisDecodedOperand *op,
                         unsigned size, unsigned lanes, uint8_t *to)
{
    const unsigned bytes = lanes << size;
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        const uint8_t *from = (const uint8_t *)(uintptr_t)host_insn_address(uc, h, op);
        bool one = h->insn.avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID;
        for (unsigned i = 0; i < lanes; i++) {
            memcpy(to + (i << size), from + (one ? 0 : i << size), 1u << size);
        }
        return true;
    }
    for (unsigned i = 0; i * 16 < bytes; i++) {
        const void *part = host_vector_part(uc, (unsigned)ZydisRegisterGetId(op->reg.value), i);
        if (!part) {
            return false;
        }
        memcpy(to + i * 16, part, 16);
    }
    return true;
}

// Operands, before the instruction runs.  The first source is the destination where only two are named.
static bool take_operands(const ucontext_t *uc, const HostInsn *h, const Row *row)
{
    const ZydisDecodedOperand *op[3];
    unsigned n = 0;
    for (unsigned i = 0; i < h->insn.operand_count_visible && n < 3; i++) {
        if (is_vector(&h->op[i]) || h->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY) {
            op[n++] = &h->op[i];
        }
    }
    if (n < 2) {
        return false;
    }
    fixup.dest = (unsigned)ZydisRegisterGetId(op[0]->reg.value);
    fixup.lanes = row->packed ? (op[0]->size / 8u) >> row->size : 1;
    ZydisRegister mask = h->insn.avx.mask.reg;
    fixup.mask = mask == ZYDIS_REGISTER_NONE || mask == ZYDIS_REGISTER_K0
                     ? UINT64_MAX
                     : host_mask_register(uc, (unsigned)ZydisRegisterGetId(mask));
    return fixup.lanes <= LANES_MAX &&
           read_operand(uc, h, row->one ? op[n - 1] : op[n - 2], row->size, fixup.lanes, fixup.a) &&
           read_operand(uc, h, op[n - 1], row->size, fixup.lanes, fixup.b);
}

bool fault_fp_begin(ucontext_t *uc, const siginfo_t *info, const GuestISA *isa)
{
    HostInsn h;
    if (info->si_code != FPE_FLTINV || fixup.active || !isa->fp_trap || !uc->uc_mcontext.fpregs ||
        !host_insn_decode(uc, &h)) {
        return false;
    }
    const Row *row = find_row(h.insn.mnemonic);
    fixup.isa = isa;
    fixup.row = row && take_operands(uc, &h, row) ? row : NULL;
    fixup.active = true;
    uc->uc_mcontext.fpregs->mxcsr |= MXCSR_IM;
    uc->uc_mcontext.gregs[REG_EFL] |= HOST_TRAP_FLAG;
    return true;
}

static uint64_t lane(const uint8_t *v, unsigned size, unsigned i)
{
    uint64_t x = 0;
    memcpy(&x, v + (i << size), 1u << size);
    return x;
}

static bool is_nan(unsigned size, uint64_t x)
{
    return size == MO_32 ? (x & 0x7fffffff) > 0x7f800000
                         : (x & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

static void repair(const ucontext_t *uc)
{
    const unsigned size = fixup.row->size, in_part = 16u >> size;
    for (unsigned i = 0; i < fixup.lanes; i++) {
        uint8_t *part = host_vector_part(uc, fixup.dest, i / in_part);
        if (!part || !(fixup.mask >> i & 1) || !is_nan(size, lane(part, size, i % in_part))) {
            continue;
        }
        uint64_t nan = fixup.isa->fp_nan(size, lane(fixup.a, size, i), lane(fixup.b, size, i));
        memcpy(part + (i % in_part << size), &nan, 1u << size);
    }
}

bool fault_fp_end(ucontext_t *uc)
{
    if (!fixup.active) {
        return false;
    }
    if (fixup.row) {
        repair(uc);
    }
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)HOST_TRAP_FLAG;
    fault_fp_forget(uc);
    return true;
}

void fault_fp_forget(ucontext_t *uc)
{
    if (fixup.active) {
        fixup.active = false;
        uc->uc_mcontext.fpregs->mxcsr &= ~MXCSR_IM;
    }
}

#else // a host without such traps: its frontends test

bool fault_fp_begin(ucontext_t *uc, const siginfo_t *info, const GuestISA *isa)
{
    (void)uc;
    (void)info;
    (void)isa;
    return false;
}

bool fault_fp_end(ucontext_t *uc)
{
    (void)uc;
    return false;
}

void fault_fp_forget(ucontext_t *uc) { (void)uc; }

#endif
