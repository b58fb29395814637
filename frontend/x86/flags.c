// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic flags.
//
// The six flags live in five globals, each on its own: cc_z (ZF = it is zero), cc_n (SF = its bit 63, PF
// = even parity of its low byte), cc_c, cc_o (CF, OF as 0 or 1) and cc_a (AF = its bit 4).  There is no
// global that says what to compute them from: what the last instruction was is known while translating,
// and is forgotten at the block's end.
//
// Inside a block, the last instruction that writes all flags is kept pending (X86PendingFlags) with its
// operands, so that `cmp a, b; jl` becomes one brcond on a and b, and nobody computes OF.  The rarer
// instructions write the globals outright, and the liveness pass drops what nothing reads.
//
// At a block's end every flag would have to be in its global for whatever comes next.  Nearly always the
// code there writes the flags before it reads them; so for a known successor the next few instructions
// are looked at, and a flag that they kill on all paths is not computed (a `discard` tells the liveness
// pass).  A signal that is taken between two such blocks shows the handler a stale value of a flag that
// the program can no longer read, and sigreturn puts the stale value back: harmless.  It is not done
// where the value can be seen for what it is: in a debugger's single step, and under TF.  The bytes looked at
// may lie outside the block; code that is rewritten later so that it reads flags from a jump which it
// used to kill would see stale ones.  Within a page the block falls with its successor.
//
// Under precise state a fault's handler runs before the killing instruction has completed, and may look at
// every flag.  To compute five of them in front of each access would be most of the work there is.  So the
// pending instruction itself goes into globals (cc_op, cc_p1, cc_p2) when it has completed, which is three moves that the
// liveness pass drops where no access follows, and x86_flags_settle computes flags of them when somebody looks.  cc_op
// may stay set over a block's end, where the successor overwrites all flags at once before it reads any; an
// instruction that writes some counts as one that reads the others.

#include "frontend/x86/translate.h"

#include <glib.h>

static void discard(TCGv_i64 v) { tcg_emit1(INDEX_op_discard, (TCGArg)v); }

// All flags are in their globals, or about to be.
static void forget_operands(DisasContext *s)
{
    if (s->precise) {
        tcg_gen_movi_i64(x86_cc_op(), X86_FLAGS_GLOBALS);
        discard(x86_cc_p1());
        discard(x86_cc_p2());
    }
}

void x86_flags_end_insn(DisasContext *s)
{
    X86PendingFlags *f = &s->flags;
    if (!s->precise || f->op == X86_FLAGS_GLOBALS || f->described || f->done == X86_CC_MASK) {
        return;
    }
    tcg_gen_mov_i64(x86_cc_p1(), f->op == X86_FLAGS_LOGIC ? f->r : f->a);
    if (f->op == X86_FLAGS_ADD || f->op == X86_FLAGS_SUB) {
        tcg_gen_mov_i64(x86_cc_p2(), f->b);
    }
    tcg_gen_movi_i64(x86_cc_op(), (int64_t)X86_CC_OP(f->op, f->size));
    f->described = true;
}

void x86_flags_set(DisasContext *s, X86FlagsOp op, MemOp size, TCGv_i64 a, TCGv_i64 b, TCGv_i64 r)
{
    X86PendingFlags *f = &s->flags;
    uint32_t done = 0;

    if (op == X86_FLAGS_INC || op == X86_FLAGS_DEC) {
        x86_flags_materialise(s, X86_CC_C);
        done = X86_CC_C;
    }
    TCGv_i64 *v[] = {&a, &b, &r};
    for (unsigned i = 0; i < 3; i++) {
        if (*v[i] && ((TCGTemp *)*v[i])->kind == TEMP_GLOBAL) {
            TCGv_i64 copy = tcg_temp_new_i64();
            tcg_gen_mov_i64(copy, *v[i]);
            *v[i] = copy;
        }
    }
    *f = (X86PendingFlags){.op = op, .size = size, .a = a, .b = b, .r = r, .done = done};
    s->flags_written |= X86_CC_MASK & ~done;
}

void x86_flags_to_globals(DisasContext *s)
{
    s->flags = (X86PendingFlags){.op = X86_FLAGS_GLOBALS, .done = X86_CC_MASK};
    s->flags_written |= X86_CC_MASK;
    forget_operands(s);
}

void x86_flags_to_globals_partly(DisasContext *s, uint32_t written)
{
    x86_flags_materialise(s, X86_CC_MASK & ~written);
    s->flags = (X86PendingFlags){.op = X86_FLAGS_GLOBALS, .done = X86_CC_MASK};
    s->flags_written |= written;
    forget_operands(s);
}

void x86_flags_write_zsp(TCGv_i64 r, MemOp size)
{
    // Zero-extended is what a 32-bit register holds, so this extension often folds away.
    tcg_gen_mov_i64(x86_cc_z(), x86_zext(r, size));
    tcg_gen_mov_i64(x86_cc_n(), x86_sext(r, size));
}

// --- materialising -----------------------------------------------------------------------------------

static void gen_carry(const X86PendingFlags *f)
{
    TCGv_i64 c = x86_cc_c();
    switch (f->op) {
    case X86_FLAGS_ADD:
        tcg_gen_setcond_i64(TCG_COND_LTU, c, x86_zext(f->r, f->size), x86_zext(f->a, f->size));
        break;
    case X86_FLAGS_SUB:
        tcg_gen_setcond_i64(TCG_COND_LTU, c, x86_zext(f->a, f->size), x86_zext(f->b, f->size));
        break;
    case X86_FLAGS_LOGIC: tcg_gen_movi_i64(c, 0); break;
    default: // INC and DEC leave CF alone
        break;
    }
}

// OF is the sign bit of (a ^ r) & (b ^ r) for a sum, of (a ^ b) & (a ^ r) for a difference.
static void gen_overflow_bit(TCGv_i64 o, const X86PendingFlags *f)
{
    TCGv_i64 t = tcg_temp_new_i64(), u = tcg_temp_new_i64();
    tcg_gen_xor_i64(t, f->a, f->r);
    tcg_gen_xor_i64(u, f->b, f->op == X86_FLAGS_ADD ? f->r : f->a);
    tcg_gen_and_i64(t, t, u);
    tcg_gen_extract_i64(o, t, (8u << f->size) - 1, 1);
}

static void gen_overflow(TCGv_i64 o, const X86PendingFlags *f)
{
    uint64_t min = 1ull << ((8u << f->size) - 1);
    switch (f->op) {
    case X86_FLAGS_ADD:
    case X86_FLAGS_SUB: gen_overflow_bit(o, f); break;
    case X86_FLAGS_LOGIC: tcg_gen_movi_i64(o, 0); break;
    case X86_FLAGS_INC:
        tcg_gen_setcondi_i64(TCG_COND_EQ, o, x86_zext(f->r, f->size), (int64_t)min);
        break;
    default:
        tcg_gen_setcondi_i64(TCG_COND_EQ, o, x86_zext(f->r, f->size), (int64_t)(min - 1));
        break;
    }
}

static void gen_adjust(const X86PendingFlags *f)
{
    TCGv_i64 a = x86_cc_a();
    switch (f->op) {
    case X86_FLAGS_ADD:
    case X86_FLAGS_SUB:
        tcg_gen_xor_i64(a, f->a, f->b);
        tcg_gen_xor_i64(a, a, f->r);
        break;
    case X86_FLAGS_INC:
    case X86_FLAGS_DEC: // a ^ 1 ^ r, and bit 4 of 1 is 0
        tcg_gen_xor_i64(a, f->a, f->r);
        break;
    default: // undefined by the manual, cleared by the processors
        tcg_gen_movi_i64(a, 0);
        break;
    }
}

void x86_flags_materialise(DisasContext *s, uint32_t need)
{
    X86PendingFlags *f = &s->flags;
    if (f->op == X86_FLAGS_GLOBALS) {
        return;
    }
    need &= ~f->done;
    if (!need) {
        return;
    }
    if (need & X86_CC_Z) {
        tcg_gen_mov_i64(x86_cc_z(), x86_zext(f->r, f->size));
    }
    if (need & (X86_CC_S | X86_CC_P)) {
        tcg_gen_mov_i64(x86_cc_n(), x86_sext(f->r, f->size));
        need |= X86_CC_S | X86_CC_P;
    }
    if (need & X86_CC_C) {
        gen_carry(f);
    }
    if (need & X86_CC_O) {
        gen_overflow(x86_cc_o(), f);
    }
    if (need & X86_CC_A) {
        gen_adjust(f);
    }
    f->done |= need;
    if (f->done == X86_CC_MASK) {
        forget_operands(s);
    }
}

// --- conditions --------------------------------------------------------------------------------------

enum { CC_O, CC_B, CC_Z, CC_BE, CC_S, CC_P, CC_L, CC_LE }; // condition codes without their low bit

static X86Cond cond_imm(TCGCond cond, TCGv_i64 a, int64_t b)
{
    return (X86Cond){cond, a, tcg_constant_i64(b)};
}

static X86Cond cond_never(void)
{
    TCGv_i64 zero = tcg_constant_i64(0);
    return (X86Cond){TCG_COND_NE, zero, zero};
}

// Even parity of the low byte.
static X86Cond cond_parity(TCGv_i64 v)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_andi_i64(t, v, 0xff);
    tcg_gen_ctpop_i64(t, t);
    return cond_imm(TCG_COND_TSTEQ, t, 1);
}

// From flags that are in the globals.
static X86Cond cond_globals(unsigned cc)
{
    TCGv_i64 t = tcg_temp_new_i64(), u;
    switch (cc) {
    case CC_O: return cond_imm(TCG_COND_NE, x86_cc_o(), 0);
    case CC_B: return cond_imm(TCG_COND_NE, x86_cc_c(), 0);
    case CC_Z: return cond_imm(TCG_COND_EQ, x86_cc_z(), 0);
    case CC_BE:
        tcg_gen_setcondi_i64(TCG_COND_EQ, t, x86_cc_z(), 0);
        tcg_gen_or_i64(t, t, x86_cc_c());
        return cond_imm(TCG_COND_NE, t, 0);
    case CC_S: return cond_imm(TCG_COND_LT, x86_cc_n(), 0);
    case CC_P: return cond_parity(x86_cc_n());
    case CC_L: tcg_gen_shri_i64(t, x86_cc_n(), 63); return (X86Cond){TCG_COND_NE, t, x86_cc_o()};
    default:
        u = tcg_temp_new_i64();
        tcg_gen_shri_i64(t, x86_cc_n(), 63);
        tcg_gen_xor_i64(t, t, x86_cc_o());
        tcg_gen_setcondi_i64(TCG_COND_EQ, u, x86_cc_z(), 0);
        tcg_gen_or_i64(t, t, u);
        return cond_imm(TCG_COND_NE, t, 0);
    }
}

static const uint32_t cond_needs[8] = {
    [CC_O] = X86_CC_O,
    [CC_B] = X86_CC_C,
    [CC_Z] = X86_CC_Z,
    [CC_BE] = X86_CC_C | X86_CC_Z,
    [CC_S] = X86_CC_S,
    [CC_P] = X86_CC_P,
    [CC_L] = X86_CC_S | X86_CC_O,
    [CC_LE] = X86_CC_S | X86_CC_O | X86_CC_Z,
};

static bool cond_from_sub(const X86PendingFlags *f, unsigned cc, X86Cond *out)
{
    static const TCGCond unsigned_cond[8] = {
        [CC_B] = TCG_COND_LTU, [CC_Z] = TCG_COND_EQ, [CC_BE] = TCG_COND_LEU};
    static const TCGCond signed_cond[8] = {[CC_L] = TCG_COND_LT, [CC_LE] = TCG_COND_LE};
    if (unsigned_cond[cc] && !(cc == CC_Z && f->kept)) {
        *out = (X86Cond){unsigned_cond[cc], x86_zext(f->a, f->size), x86_zext(f->b, f->size)};
        return true;
    }
    if (signed_cond[cc]) {
        *out = (X86Cond){signed_cond[cc], x86_sext(f->a, f->size), x86_sext(f->b, f->size)};
        return true;
    }
    return false;
}

static bool cond_from_logic(const X86PendingFlags *f, unsigned cc, X86Cond *out)
{
    switch (cc) {
    case CC_O:
    case CC_B: *out = cond_never(); return true;
    case CC_BE: *out = cond_imm(TCG_COND_EQ, x86_zext(f->r, f->size), 0); return true;
    case CC_L: *out = cond_imm(TCG_COND_LT, x86_sext(f->r, f->size), 0); return true;
    case CC_LE: *out = cond_imm(TCG_COND_LE, x86_sext(f->r, f->size), 0); return true;
    default: return false;
    }
}

// a + 1 < 0 and a - 1 < 0 on the true values, which is what SF != OF says.
static bool cond_from_incdec(const X86PendingFlags *f, unsigned cc, X86Cond *out)
{
    if (cc != CC_L && cc != CC_LE) {
        return false;
    }
    *out = cond_imm(cc == CC_L ? TCG_COND_LT : TCG_COND_LE, x86_sext(f->a, f->size),
                    f->op == X86_FLAGS_INC ? -1 : 1);
    return true;
}

static bool cond_from_pending(const X86PendingFlags *f, unsigned cc, X86Cond *out)
{
    bool found = false;
    switch (f->op) {
    case X86_FLAGS_SUB: found = cond_from_sub(f, cc, out); break;
    case X86_FLAGS_LOGIC: found = cond_from_logic(f, cc, out); break;
    case X86_FLAGS_INC:
    case X86_FLAGS_DEC: found = cond_from_incdec(f, cc, out); break;
    case X86_FLAGS_ADD:
        if (cc == CC_B) {
            *out = (X86Cond){TCG_COND_LTU, x86_zext(f->r, f->size), x86_zext(f->a, f->size)};
            found = true;
        }
        break;
    default: return false;
    }
    if (found) {
        return true;
    }
    switch (cc) { // what the result alone decides
    case CC_Z: *out = cond_imm(TCG_COND_EQ, x86_zext(f->r, f->size), 0); return true;
    case CC_S: *out = cond_imm(TCG_COND_LT, x86_sext(f->r, f->size), 0); return true;
    case CC_P: *out = cond_parity(f->r); return true;
    default: return false;
    }
}

X86Cond x86_flags_cond(DisasContext *s, unsigned cc)
{
    X86Cond c;
    if (!cond_from_pending(&s->flags, cc >> 1, &c)) {
        x86_flags_materialise(s, cond_needs[cc >> 1]);
        c = cond_globals(cc >> 1);
    }
    if (cc & 1) {
        c.cond = tcg_invert_cond(c.cond);
    }
    return c;
}

// --- what a successor reads --------------------------------------------------------------------------

#define LOOK_INSNS 8 // instructions looked at from a block's end, over all paths

// CF, PF, AF, ZF, SF and OF have the same bits in Zydis's masks as in EFLAGS.
G_STATIC_ASSERT(ZYDIS_CPUFLAG_CF == X86_CC_C && ZYDIS_CPUFLAG_OF == X86_CC_O &&
                ZYDIS_CPUFLAG_AF == X86_CC_A && ZYDIS_CPUFLAG_PF == X86_CC_P &&
                ZYDIS_CPUFLAG_ZF == X86_CC_Z && ZYDIS_CPUFLAG_SF == X86_CC_S);

// Shifts and rotates by 0, and repeated string compares, leave the flags as they are.
static bool may_leave_flags(const ZydisDecodedInstruction *i)
{
    switch (i->meta.category) {
    case ZYDIS_CATEGORY_SHIFT:
    case ZYDIS_CATEGORY_ROTATE:
        if (i->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
            return false; // BMI2's do not write flags at all
        }
        if (i->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (i->opcode == 0xd0 || i->opcode == 0xd1)) {
            return false; // by 1
        }
        return !(i->raw.imm[0].size && (i->raw.imm[0].value.u & 0x1f));
    case ZYDIS_CATEGORY_STRINGOP:
        return i->attributes &
               (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
    default: return false;
    }
}

// Instructions after which nothing is known, or that show all flags to somebody.
static bool is_opaque(const ZydisDecodedInstruction *i)
{
    switch (i->meta.category) {
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_RET: return true;
    default: return i->mnemonic == ZYDIS_MNEMONIC_UD2;
    }
}

static bool direct_target(const DisasContext *s, const ZydisDecodedInstruction *i, uint64_t next,
                          uint64_t *dest)
{
    if (!i->raw.imm[0].is_relative) {
        return false;
    }
    *dest = next + (uint64_t)i->raw.imm[0].value.s;
    if (!s->code64) {
        *dest = (uint32_t)*dest;
    }
    return true;
}

// The flags in `unknown` that code at pc may read before it writes them.
static uint32_t flags_read_at(DisasContext *s, uint64_t pc, uint32_t unknown, unsigned *budget)
{
    uint32_t read = 0;
    while (unknown) {
        uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
        ZydisDecodedInstruction i;
        size_t n = translator_fetch(&s->base, pc, bytes, sizeof(bytes));
        if (!*budget || !n || translator_is_watched(pc) ||
            !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(s->decoder, NULL, bytes, n, &i)) ||
            is_opaque(&i)) {
            return read | unknown;
        }
        (*budget)--;
        pc += i.length;
        uint32_t tested = 0, written = 0;
        if (i.cpu_flags) {
            tested = i.cpu_flags->tested & X86_CC_MASK;
            written = (i.cpu_flags->modified | i.cpu_flags->set_0 | i.cpu_flags->set_1 |
                       i.cpu_flags->undefined) &
                      X86_CC_MASK;
        }
        if (may_leave_flags(&i)) {
            tested = s->precise ? X86_CC_MASK : tested;
            written = 0;
        }
        if (s->precise && (written & unknown) && (unknown & ~(tested | written))) {
            tested = X86_CC_MASK; // cc_op ends here, and tells of the others no more
        }
        read |= tested & unknown;
        unknown &= ~(tested | written);
        if (i.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE) {
            continue;
        }
        uint64_t dest;
        if (!direct_target(s, &i, pc, &dest)) {
            return read | unknown;
        }
        if (i.meta.category == ZYDIS_CATEGORY_COND_BR) {
            read |= flags_read_at(s, dest, unknown, budget);
            unknown &= ~read;
        } else {
            pc = dest;
        }
    }
    return read;
}

void x86_flags_leave_to(DisasContext *s, uint64_t dest)
{
    uint32_t read = X86_CC_MASK;
    if (s->flags_written && !(s->base.cflags & (CF_SINGLE_STEP | CF_STATE)) &&
        !(s->base.key.flags & X86_TB_TF)) {
        unsigned budget = LOOK_INSNS;
        read = flags_read_at(s, dest, s->flags_written, &budget) |
               (X86_CC_MASK & ~s->flags_written);
    }
    x86_flags_materialise(s, read);
    if (s->precise) { // what cc_op does not tell of stays to be seen
        const X86PendingFlags *f = &s->flags;
        bool kept_carry = f->op == X86_FLAGS_INC || f->op == X86_FLAGS_DEC;
        read |= !f->described ? X86_CC_MASK : kept_carry ? X86_CC_C : 0;
    }
    if (!(read & X86_CC_Z)) {
        discard(x86_cc_z());
    }
    if (!(read & (X86_CC_S | X86_CC_P))) {
        discard(x86_cc_n());
    }
    if (!(read & X86_CC_C)) {
        discard(x86_cc_c());
    }
    if (!(read & X86_CC_O)) {
        discard(x86_cc_o());
    }
    if (!(read & X86_CC_A)) {
        discard(x86_cc_a());
    }
}
