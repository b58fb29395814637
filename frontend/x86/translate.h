// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the x86 frontend's files share: the translation context, operand access, and the semantics
// table's row type.  Each domain (gp, string, control, sse, mmx, x87, crypto, system) has a file with
// trans_ functions and an array of rows; translate.c merges the arrays into one look-up by Zydis
// mnemonic.

#ifndef FRONTEND_X86_TRANSLATE_H
#define FRONTEND_X86_TRANSLATE_H

#include <Zydis/Zydis.h>

#include "frontend/translator.h"
#include "helpers/x86/cpu.h"
#include "tcg/tcg-op.h"

// Globals of the register table, by number.
enum {
#define X86_REG(E, name, type, field, gdb) X86_G_##E,
#include "helpers/x86/regs.h"
    X86_G_COUNT
};

// CPUID feature words that gate instructions (cpu-models.c); a row's feature is one of these bits.
typedef enum X86Feature {
    X86_FEAT_NONE, // always there in x86-64
    X86_FEAT_SSE3,
    X86_FEAT_SSSE3,
    X86_FEAT_SSE41,
    X86_FEAT_SSE42,
    X86_FEAT_POPCNT,
    X86_FEAT_LZCNT,
    X86_FEAT_MOVBE,
    X86_FEAT_BMI1,
    X86_FEAT_BMI2,
    X86_FEAT_ADX,
    X86_FEAT_AES,
    X86_FEAT_PCLMUL,
    X86_FEAT_SHA,
    X86_FEAT_CX16,
    X86_FEAT_RDRAND,
    X86_FEAT_RDSEED,
    X86_FEAT_LAHF,
    X86_FEAT_3DNOWPREFETCH,
    X86_FEAT_CLFLUSHOPT,
    X86_FEAT_CLWB,
    X86_FEAT_XSAVE,
    X86_FEAT_FSGSBASE,
    X86_FEAT_RDPID,
    X86_FEAT_RDTSCP,
    X86_FEAT_SSE4A,
    X86_FEAT_XSAVEC,
    X86_FEAT_AVX,
    X86_FEAT_AVX2,
    X86_FEAT_FMA,
    X86_FEAT_F16C,
    X86_FEAT_VAES,
    X86_FEAT_VPCLMULQDQ,
    X86_FEAT_AVXVNNI,
    X86_FEAT_GFNI,
    X86_FEAT_XSAVEOPT,
    X86_FEAT_ERMS, // fast REP MOVSB; gates nothing
    X86_FEAT_COUNT
} X86Feature;

// The last instruction that wrote arithmetic flags, kept until it is known which flags are read.
typedef struct X86PendingFlags {
    X86FlagsOp op;    // X86_FLAGS_GLOBALS: nothing pending
    MemOp size;       // operand size MO_8 .. MO_64
    TCGv_i64 a, b, r; // low bits count; never written after they were recorded
    uint32_t done;    // X86_CC_*: already in the globals
    bool kept;        // r is a register's value too, so that to test it costs nothing
    bool described;   // cc_op and its operands say so
} X86PendingFlags;

typedef struct DisasContext {
    DisasContextBase base;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t pc;      // of the instruction
    uint64_t next_pc; // of the one after it
    bool code64;
    bool precise; // TCGContext.precise
    X86PendingFlags flags;
    uint32_t flags_written; // X86_CC_*: written since the block's start, pending or in the globals
    TCGv_i64 addr[ZYDIS_MAX_OPERAND_COUNT]; // of the memory operands whose address is computed
    const X86CPUModel *model;
    const ZydisDecoder *decoder;
    // MMX state that this block is known to have set: see vec.h.  Zero at a block's start.
    bool mmx_entered;
    bool mmx_enter_pending; // the instruction is an MMX one, and its end sets that state
    uint8_t mmx_written;    // bit n: the exponent of MMn is all ones
    uint16_t ymmh_zero;     // bit n: the block has cleared the upper half of YMMn
    bool sse_unmasked;      // the block runs under an MXCSR that unmasks an exception
} DisasContext;

// The frontend's own block ends (is_jmp).  pc and flags are stored.
enum {
    X86_DISAS_LOOKUP = DISAS_TARGET_0, // jump to whatever block rip names
    X86_DISAS_EXIT = DISAS_TARGET_1, // return to cpu_exec: the instruction changed what it looks at
};

// A semantics row.  An SSE instruction and its VEX form (another mnemonic) have a row each, written by one macro
// (vec.h).  trans returns false for an encoding that is undefined (#UD).
typedef bool X86Trans(DisasContext *s, int arg);
typedef struct X86Row {
    ZydisMnemonic mnemonic;
    X86Trans *trans;
    int arg;          // what distinguishes the rows that share a worker
    unsigned feature; // X86Feature, perhaps with one or both of:
} X86Row;
#define X86_FEAT_256(f) ((unsigned)(f) << 8)   // what the 256-bit form needs in its place
#define X86_FEAT_ALSO(f) ((unsigned)(f) << 16) // what all forms need beside

#define X86_ROWS(name)                                                                             \
    extern const X86Row name[];                                                                    \
    extern const size_t name##_count
X86_ROWS(x86_rows_gp);
X86_ROWS(x86_rows_muldiv);
X86_ROWS(x86_rows_bit);
X86_ROWS(x86_rows_control);
X86_ROWS(x86_rows_string);
X86_ROWS(x86_rows_system);
// MOVSD and CMPSD name a string instruction and an SSE one: rows of x86_rows_string serve instructions
// of ZYDIS_CATEGORY_STRINGOP, the other arrays all the rest.
X86_ROWS(x86_rows_sse);
X86_ROWS(x86_rows_sse_cvt);
X86_ROWS(x86_rows_sse_int);
X86_ROWS(x86_rows_fpstate);
X86_ROWS(x86_rows_mmx);
X86_ROWS(x86_rows_x87);
X86_ROWS(x86_rows_crypto);
X86_ROWS(x86_rows_avx);
X86_ROWS(x86_rows_avx_mem);
X86_ROWS(x86_rows_fma);
#undef X86_ROWS

// --- registers ---
static inline TCGv_i64 x86_gpr(unsigned n) { return tcg_global_i64(X86_G_RAX + n); }
static inline TCGv_vec x86_xmm(unsigned n) { return tcg_global_vec(X86_G_XMM0 + 2 * n); }
static inline TCGv_vec x86_ymmh(unsigned n) { return tcg_global_vec(X86_G_YMMH0 + 2 * n); }
static inline TCGv_vec x86_mm(unsigned n) { return tcg_global_vec(X86_G_MM0 + n); }

// --- operands (operand.c); i numbers the instruction's explicit and implicit operands as Zydis does ---
static inline bool x86_op_is_mem(const DisasContext *s, unsigned i)
{
    return s->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
}
static inline bool x86_op_is_reg(const DisasContext *s, unsigned i)
{
    return s->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER;
}
// Number of a general-purpose (0-15), XMM/YMM (0-15) or MMX (0-7) register operand.
unsigned x86_op_regno(const DisasContext *s, unsigned i);
MemOp x86_op_size(const DisasContext *s, unsigned i); // MO_8 .. MO_128 from the operand's bits
// Effective linear address of memory operand i: segment base added, address size honoured.  A fresh
// temp, computed on the first call and kept for the instruction: so call it before any branch inside the
// instruction.  With precise state, the flags are put in the globals first.
TCGv_i64 x86_op_addr(DisasContext *s, unsigned i);
TCGv_i64 x86_op_effective_addr(DisasContext *s,
                               unsigned i); // the same without the segment base (LEA)
// r = what the elements' addresses of a gather's memory operand have in common: base, displacement, segment.
void x86_vsib_base(DisasContext *s, unsigned i, TCGv_i64 r);
// The value of operand i (register, memory or immediate), zero-extended from its size, in a fresh temp
// or a register's own handle when that is the whole of it: the caller must not write it.
TCGv_i64 x86_op_load(DisasContext *s, unsigned i);
// The same with any bits above the operand's size: for operations that only look at the low ones.
TCGv_i64 x86_op_load_raw(DisasContext *s, unsigned i);
TCGv_i64 x86_op_load_tmp(DisasContext *s, unsigned i);    // as _raw, always in a fresh temp
TCGv_i64 x86_op_load_signed(DisasContext *s, unsigned i); // sign-extended to 64 bits
// Stores the low bits of v to operand i (a 32-bit register write clears the upper half).
void x86_op_store(DisasContext *s, unsigned i, TCGv_i64 v);
// For an operation's result r: what operand i will hold, as far as that is cheap (a 32-bit register's is
// zero-extended, so flags and later readers share the extension), and the store of it.
TCGv_i64 x86_op_result(DisasContext *s, unsigned i, TCGv_i64 r);
void x86_op_store_result(DisasContext *s, unsigned i, TCGv_i64 r);
void x86_reg_store(DisasContext *s, unsigned regno, MemOp size, TCGv_i64 v);
// v's low 1 << size bytes, extended (v itself where that is all of it).
TCGv_i64 x86_zext(TCGv_i64 v, MemOp size);
TCGv_i64 x86_sext(TCGv_i64 v, MemOp size);
// Stores the low bits of v below the stack pointer, then moves it; loads what lies so many bytes above
// the stack pointer, which stays; moves it.
void x86_gen_push(DisasContext *s, TCGv_i64 v, MemOp size);
TCGv_i64 x86_gen_stack_load(DisasContext *s, MemOp size, unsigned offset);
void x86_gen_sp_add(DisasContext *s, int64_t n);
MemOp x86_stack_size(const DisasContext *s); // what PUSH and POP of this instruction move
static inline bool x86_has_lock(const DisasContext *s)
{
    return s->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK;
}

// --- flags (flags.c) ---
// Puts the flags in `need` (X86_CC_* mask) into the globals; what is pending stays so where it can.
void x86_flags_materialise(DisasContext *s, uint32_t need);
void x86_flags_set(DisasContext *s, X86FlagsOp op, MemOp size, TCGv_i64 a, TCGv_i64 b, TCGv_i64 r);
// Behind an instruction's last access: under precise state, what is pending goes where a fault's handler finds it.
void x86_flags_end_insn(DisasContext *s);
// Nothing is pending any more: the caller writes all arithmetic flags to the globals itself.
void x86_flags_to_globals(DisasContext *s);
// The same for a caller that writes only `written`: the others are put in the globals first.
void x86_flags_to_globals_partly(DisasContext *s, uint32_t written);
// What a condition code (0-15, as in the opcode of Jcc) comes to: true when a cond b.
typedef struct X86Cond {
    TCGCond cond;
    TCGv_i64 a, b;
} X86Cond;
X86Cond x86_flags_cond(DisasContext *s, unsigned cc);
// ZF, SF and PF of a result of the given size, written to the globals.
void x86_flags_write_zsp(TCGv_i64 r, MemOp size);
static inline TCGv_i64 x86_cc_op(void) { return tcg_global_i64(X86_G_CC_OP); }
static inline TCGv_i64 x86_cc_p1(void) { return tcg_global_i64(X86_G_CC_P1); }
static inline TCGv_i64 x86_cc_p2(void) { return tcg_global_i64(X86_G_CC_P2); }
static inline TCGv_i64 x86_cc_z(void) { return tcg_global_i64(X86_G_CC_Z); }
static inline TCGv_i64 x86_cc_n(void) { return tcg_global_i64(X86_G_CC_N); }
static inline TCGv_i64 x86_cc_c(void) { return tcg_global_i64(X86_G_CC_C); }
static inline TCGv_i64 x86_cc_o(void) { return tcg_global_i64(X86_G_CC_O); }
static inline TCGv_i64 x86_cc_a(void) { return tcg_global_i64(X86_G_CC_A); }
// For a block that goes on at dest: puts the flags into the globals that code there may read, and tells
// the optimiser that the others are dead.
void x86_flags_leave_to(DisasContext *s, uint64_t dest);

// --- ends and faults (translate.c) ---
// Stores pc, so that a helper may raise or the block may be left.
void x86_store_pc(DisasContext *s, uint64_t pc);
// Behind each instruction: what x86_mmx_begin (vec.h) has put off.
void x86_mmx_end(DisasContext *s);
// The operand size of a far return: REX.W, none or 66.
MemOp x86_far_size(const DisasContext *s);
// #GP unless the selector is the code segment's own: there is no transfer to another one.
void x86_gen_same_cs(DisasContext *s, TCGv_i64 selector);
// Flags and pc stored; for helpers that may raise or read all state.
void x86_sync_state(DisasContext *s);
void x86_gen_exception(DisasContext *s, int vector, uint64_t pc); // ends the block (DISAS_NORETURN)
// Raises the exception with this instruction's pc when a cond b; the block goes on.
void x86_gen_exception_if(DisasContext *s, int vector, TCGCond cond, TCGv_i64 a, TCGv_i64 b);
// Goes on at a known pc, through jump slot 0 or 1; flags are seen to.
void x86_gen_jump(DisasContext *s, unsigned slot, uint64_t dest);
// #GP unless addr is aligned to so many bytes; 16 for legacy SSE memory operands.
void x86_gen_align_check(DisasContext *s, TCGv_i64 addr, unsigned bytes);
static inline void x86_gen_align16_check(DisasContext *s, TCGv_i64 addr)
{
    x86_gen_align_check(s, addr, 16);
}
bool x86_has_feature(const DisasContext *s, X86Feature f);

#endif
