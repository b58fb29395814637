// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the A64 frontend's files share: the translation context, registers, flags, memory accesses, ends
// and faults.
//
// The decode tables (a64-*.decode) name the trans_ functions, decodetree writes their prototypes and the
// argument structs into decode-a64.h.  A trans_ function returns false for an encoding that is undefined,
// before it emits anything.

#ifndef FRONTEND_AARCH64_TRANSLATE_H
#define FRONTEND_AARCH64_TRANSLATE_H

#include "frontend/translator.h"
#include "helpers/aarch64/cpu.h"
#include "tcg/tcg-op.h"

// Globals of the register table, by number.
enum {
#define ARM_REG(E, name, type, field, gdb) A64_G_##E,
#include "helpers/aarch64/regs.h"
    A64_G_COUNT
};

// The last instruction that wrote the flags, kept until it is known which of them are read.
typedef enum A64FlagsOp {
    A64_FLAGS_GLOBALS, // nothing pending: nf, zf, cf, vf hold the flags
    A64_FLAGS_ADD,     // r = a + b
    A64_FLAGS_SUB,     // r = a - b
    A64_FLAGS_LOGIC,   // r; C = V = 0
    A64_FLAGS_CCMP,    // the flags of a - b when p is 1, nzcv when it is 0
    A64_FLAGS_FCMP,    // of an FP comparison of fa and fb
} A64FlagsOp;

typedef struct A64PendingFlags {
    A64FlagsOp op;
    bool sf;             // 64 bits; else the low 32 of a, b and r count
    bool kept;           // r is a register's value too, so that to test it costs nothing
    TCGv_i64 a, b, r, p; // never written after they were recorded
    unsigned nzcv;       // CCMP: bit 3 N .. bit 0 V
    TCGTemp *fa, *fb;    // FCMP
    bool signaling, compared;
    uint32_t done; // ARM_CC_*: already in the globals
} A64PendingFlags;

typedef struct DisasContext {
    DisasContextBase base;
    uint64_t pc; // of the instruction
    uint32_t insn;
    bool precise;           // TCGContext.precise
    bool tagged;            // CF_TAGGED
    bool fz, fz16, dn, ahp; // FPCR's bits of these names
    bool sp_misaligned;     // at the block's start, and as long as it goes on
    bool sp_moved;  // by this instruction, perhaps by another distance than a multiple of 16
    bool fp_traps;  // what is invalid traps on the host (fp.h)
    bool fp_no_ufc; // the guest has not looked at FPSR
    const ARMCPUModel *model;
    A64PendingFlags flags;
    uint32_t flags_written; // ARM_CC_*: written since the block's start, pending or in the globals
    // The last AESE or AESD (pc 0: none in this block), its register, and what it was given.
    struct {
        uint64_t pc;
        int rd;
        bool decrypt;
        TCGv_vec input;
    } aes;
} DisasContext;

// Functions of the decode tables' fields.
static inline int a64_times_4(DisasContext *s, int v)
{
    (void)s;
    return v * 4;
}
static inline int a64_plus_2(DisasContext *s, int v)
{
    (void)s;
    return v + 2;
}
// An offset in units of the access, whose size the instruction's top bits give.
static inline int a64_times_size(DisasContext *s, int v) { return v << (s->insn >> 30); }
// ADD's and SUB's immediate: 12 bits, shifted left by 12 when the bit before them is set.
static inline int a64_addsub_imm(DisasContext *s, int v)
{
    (void)s;
    return (v & 0xfff) << (v & 0x1000 ? 12 : 0);
}

#include "frontend/aarch64/decode-a64.h"

// trans_NAME as a call of a worker that several share.
#define A64_TRANS(NAME, FN, ...)                                                                   \
    bool trans_##NAME(DisasContext *s, arg_##NAME *a) { return FN(s, a, ##__VA_ARGS__); }

// The frontend's own block ends (is_jmp).  pc is stored.
enum {
    A64_DISAS_LOOKUP = DISAS_TARGET_0, // jump to whatever block pc names
    A64_DISAS_EXIT = DISAS_TARGET_1, // return to cpu_exec: the instruction changed what it looks at
    A64_DISAS_UPDATE =
        DISAS_TARGET_2, // as EXIT, with pc not stored yet: go on behind the instruction
};

static inline bool a64_has_feature(const DisasContext *s, ARMFeature f)
{
    return f == ARM_FEAT_NONE || (s->model->features >> f & 1);
}

// --- registers ---------------------------------------------------------------------------------------

enum { A64_SP = 31, A64_ZR = 31 };

// X0 .. X30 and, as 31, SP: the global itself.
static inline TCGv_i64 a64_xsp(unsigned n)
{
    return tcg_global_i64(n == A64_SP ? (unsigned)A64_G_SP : A64_G_X0 + n);
}
// X0 .. X30 to read, and 0 as 31.  Not to be written.
static inline TCGv_i64 a64_x(unsigned n)
{
    return n == A64_ZR ? tcg_constant_i64(0) : tcg_global_i64(A64_G_X0 + n);
}
// Where to write X0 .. X30; as 31 a temp that nobody reads.
static inline TCGv_i64 a64_xdest(unsigned n)
{
    return n == A64_ZR ? tcg_temp_new_i64() : tcg_global_i64(A64_G_X0 + n);
}
// The value of Xn, or of Wn zero-extended when sf is false (a fresh temp then).
TCGv_i64 a64_read_zx(unsigned n, bool sf);
TCGv_i64 a64_read_sx(unsigned n, bool sf); // Wn sign-extended
// Xn = v, or Wn = v's low half (the upper half becomes 0).
void a64_write(unsigned n, bool sf, TCGv_i64 v);

// V0 .. V31, 128 bits: the global itself.  A write of fewer bits clears the rest.
static inline TCGv_vec a64_v(unsigned n) { return tcg_global_vec(A64_G_V0 + n); }

// The instruction writes Xn|SP (n 31: SP), and what it writes need not be a multiple of 16 when the old SP is.
// Nothing is emitted before the instruction's end.
static inline void a64_sp_written(DisasContext *s, unsigned n) { s->sp_moved |= n == A64_SP; }

// --- flags (flags.c) ---------------------------------------------------------------------------------

static inline TCGv_i64 a64_nf(void) { return tcg_global_i64(A64_G_NF); }
static inline TCGv_i64 a64_zf(void) { return tcg_global_i64(A64_G_ZF); }
static inline TCGv_i64 a64_cf(void) { return tcg_global_i64(A64_G_CF); }
static inline TCGv_i64 a64_vf(void) { return tcg_global_i64(A64_G_VF); }

// Puts the flags in `need` (ARM_CC_*) into the globals; what is pending stays so where it can.
void a64_flags_materialise(DisasContext *s, uint32_t need);
// op ADD, SUB or LOGIC.  Operands that are registers are copied: call it before they are written, or
// after when a, b and r are temps.
void a64_flags_set(DisasContext *s, A64FlagsOp op, bool sf, TCGv_i64 a, TCGv_i64 b, TCGv_i64 r);
// FCMP of two values of the same type (TCG_TYPE_F32 or TCG_TYPE_F64).
void a64_flags_set_fcmp(DisasContext *s, TCGTemp *a, TCGTemp *b, bool signaling);
// The flags of a - b when the condition cc holds now, else nzcv (4 bits, N first).
void a64_flags_set_ccmp(DisasContext *s, unsigned cc, bool sf, TCGv_i64 a, TCGv_i64 b,
                        unsigned nzcv);
// Nothing is pending any more: the caller writes all four globals itself.
void a64_flags_to_globals(DisasContext *s);
// The same for a caller that writes only `written`: the others are put in the globals first.
void a64_flags_to_globals_partly(DisasContext *s, uint32_t written);
// What a condition code (0-15) comes to: true when a cond b.
typedef struct A64Cond {
    TCGCond cond;
    TCGv_i64 a, b;
} A64Cond;
A64Cond a64_flags_cond(DisasContext *s, unsigned cc);
// For a block that goes on at dest: puts the flags into the globals that code there may read, and tells
// the optimiser that the others are dead.
void a64_flags_leave_to(DisasContext *s, uint64_t dest);

// --- memory (ldst.c) ---------------------------------------------------------------------------------
// Addresses of data have a top byte that is ignored, and a guest address is a host address: each address
// comes from one of these, which take it away in programs that make use of it (runtime/fault-tag.c).
// With precise state they put the flags in the globals first, so that the state is right if the access
// faults.

#define A64_TAG_CLEAR 0x00ffffffffffffffll

// An access through Xn|SP follows: when it is SP and misaligned, it faults.  a64_addr_imm does it itself.
void a64_check_base(DisasContext *s, unsigned rn);
// [Xn|SP + offset]; a fresh temp or the register itself: not to be written.
TCGv_i64 a64_addr_imm(DisasContext *s, unsigned rn, int64_t offset);
// An address that is computed already (with its tag).
TCGv_i64 a64_addr(DisasContext *s, TCGv_i64 tagged);
// Writes base + offset back to Xn|SP, behind the access.
void a64_writeback(DisasContext *s, unsigned rn, int64_t offset);
// Xm as an index: option is the instruction's (2 UXTW, 3 LSL, 6 SXTW, 7 SXTX), shifted left.
TCGv_i64 a64_index(unsigned rm, unsigned option, unsigned shift);

// --- ends and faults (translate.c) -------------------------------------------------------------------

void a64_store_pc(DisasContext *s, uint64_t pc);
// Flags and pc stored; for helpers that may raise or read all state.
void a64_sync_state(DisasContext *s);
void a64_gen_exception(DisasContext *s, int excp, uint64_t pc); // ends the block (DISAS_NORETURN)
// The same with CPUState.exception_error.
void a64_gen_exception_error(DisasContext *s, int excp, uint64_t pc, uint64_t error);
// EXCP_UNALIGNED unless the address is a multiple of bytes (a power of two); the block goes on.
void a64_gen_align_check(DisasContext *s, TCGv_i64 addr, unsigned bytes, bool write);
// Goes on at a known pc, through jump slot 0 or 1; flags are seen to.
void a64_gen_jump(DisasContext *s, unsigned slot, uint64_t dest);
// Goes on at an address, whose top byte is ignored.
void a64_gen_indirect(DisasContext *s, TCGv_i64 target);

#endif
