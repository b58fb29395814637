// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytecode, and the frame that op definitions are compiled in.  For the interpreter's own files.
//
// An instruction is a word with its handler's address, then one to five words of operands: 16-bit
// slots (a register's offset from env, divided by 4), 32-bit and 64-bit immediates.  16 bytes hold
// `r = a op b` and `r = a op imm32`.  A handler ends with a tail call of the next instruction's, so
// that each has its own indirect jump to be predicted, and env, ip and acc stay in registers:
// with preserve_none in three that C callees preserve, so a handler that calls C saves nothing.
//
// acc holds the result of the integer instruction before, which also went to its slot.  Forms that
// take an operand from acc spare the next instruction the way through memory (7 cycles).
//
// (Measured on Zen 4 at 2.6 GHz, `test_interp --bench`: 0.7 to 1.2 ns an instruction.  The default
// calling convention is as fast in those loops, which call nothing.  One function with computed gotos
// was not tried: stencils must be functions.)
//
// Operand access is by the macros below only, so that the same definitions compile to stencils: there
// REG's offset is a 32-bit hole (an extern symbol's address), NEXT a tail call that is dropped when the
// next stencil follows, JUMP one that stays.  Their first argument is therefore a literal number.

#ifndef TCG_INTERP_INSN_H
#define TCG_INTERP_INSN_H

#ifdef TCG_STENCIL
#include "stencil-insn.h"
#else

#include <string.h>

#include "tcg.h"
#include "tcg-code.h"

// How a run of bytecode ends: `chain` is the block to go on with, which is not interpreted, or NULL
// when `value` is to be returned to cpu_exec.
typedef struct InterpResult {
    uintptr_t value;
    const TCGCode *chain;
} InterpResult;

#if __has_attribute(preserve_none)
#define INTERP_CC __attribute__((preserve_none))
#else
#define INTERP_CC
#endif

typedef INTERP_CC InterpResult InterpHandler(char *env, const uint64_t *ip, uint64_t acc);

#endif

// Instructions that no TCG op maps to one to one.  They continue TCGOpcode's numbers.
typedef enum InterpOp {
    IOP_FIRST = TCG_OP_COUNT,
    IOP_MOV32 = IOP_FIRST, // slots r, a
    IOP_MOV64,             // slots r, a
    IOP_MOV128,            // slots r, a
    IOP_MOV256,            // slots r, a
    IOP_MOV64X2,           // slots r1, a1, r2, a2: two moves, in order
    IOP_MOVI32,            // slot r; imm32
    IOP_MOVI64,            // slot r; imm32 sign-extended
    IOP_MOVI64_64,         // slot r; imm64
    IOP_MOV_ENV,           // slot r: env itself
    IOP_ST64_IMM64,        // imm32 offset; imm64: the precise pc
    IOP_MOVI_BYTES,        // slot r, slot n; n bytes (8, 16 or 32)
    IOP_BR,                // rel32
    IOP_BRCOND_I32,        // sub = INTERP_COND.  slots a, b; rel32 | slot a, rel16; imm32
    IOP_BRCOND_I64,
    IOP_SETCOND_I32, // slots r, a, b | slots r, a; imm32
    IOP_SETCOND_I64,
    IOP_NEGSETCOND_I32,
    IOP_NEGSETCOND_I64,
    IOP_MOVCOND_I32, // slots r, a, b, v1, v2 | slots r, a; imm32; slots v1, v2
    IOP_MOVCOND_I64,
    IOP_BRNZ_ENV32, // imm32 offset; rel32: goto when the 32-bit word in env is not 0
    IOP_MB,
    IOP_GOTO_TB,  // imm64: address of the jump slot
    IOP_EXIT_TB,  // imm64
    IOP_GOTO_PTR, // slot p
    IOP_CALL_FFI, // slot result, slot words, slot n; imm64 TCGHelperInfo; n slots
    IOP_CALL_INT, // sub = n * 3 + result kind; slot result, slot words, slot n, slot mask; imm64; n slots
    IOP_CHECK_ALIGN, // slot addr, slot size, slot write
    IOP_LOG_WRITE,   // slot addr, slot size
    IOP_ADD_IMM64,   // slot r, slot a; imm64: guest base
    IOP_BSWAP128,    // slots r, a
    IOP_SHUFFLE1,    // sub = 0 V128, 1 others.  slots r, a; byte masks
    IOP_SHUFFLE2,
    // Guest memory; sub = InterpMemKind * 3 + InterpAddr.
    IOP_GUEST_LD,  // slot r, address
    IOP_GUEST_ST,  // slot v, address
    IOP_GUEST_STI, // sub = log2 size.  slot -, slot base, imm32 disp; imm32 value
    // Stencils alone (quick-call.c): a helper's argument in its register, and the call.
    IOP_QUICK_ARG, // sub = (number - 1) * QUICK_ARG_KINDS + kind.  slot -, slot a | imm32 | imm64
    IOP_QUICK_RECORD, // imm32 offset of the pc; imm64 address of TCGCode.noting
    IOP_QUICK_CODE,   // slot bytes, slot words; machine code (quick-native.c)
    IOP_QUICK_JUMP,   // slot condition, of x86; rel32
    IOP_QUICK_LEAVE,  // imm32 slot, or QUICK_LEAVE_REQUESTED, imm32 as a call?; imm64 pc (quick-leave.c)
    IOP_QUICK_INDIRECT, // slot QuickIndirectKind, slot register that has the pc, or NO_REG; imm32 offset of the jump cache; imm64 word
    IOP_QUICK_CALL,   // sub = kind of argument 0 * 3 + result kind.  slot r, slot a; imm64 function
    IOP_COUNT,
} InterpOp;

// The address of a guest access.
typedef enum InterpAddr {
    IADDR_DISP,      // slot v, slot base, imm32 disp
    IADDR_INDEX,     // slot v, slot base, slot index, slot shift; imm32 disp
    IADDR_CONST,     // slot v; imm64
    IADDR_DISP_ACC,  // as IADDR_DISP, the base in acc
    IADDR_INDEX_ACC, // as IADDR_INDEX, the index in acc
    IADDR_COUNT,
} InterpAddr;

// What a guest access moves.  Named memory type _ register width.
typedef enum InterpMemKind {
    IMEM_U8_32, // the _32 and _64 forms of one memory type stand side by side
    IMEM_U8_64,
    IMEM_S8_32,
    IMEM_S8_64,
    IMEM_U16_32,
    IMEM_U16_64,
    IMEM_S16_32,
    IMEM_S16_64,
    IMEM_U32_32,
    IMEM_U32_64,
    IMEM_S32_64,
    IMEM_U64_64,
    IMEM_128,
    IMEM_256,
    IMEM_COUNT,
} InterpMemKind;

// Forms of an integer op with one or two operands (the others have form 0 only).
enum {
    FORM_IMM = 1,   // the second operand is an immediate; ld and st: at an offset from env
    FORM_ACC = 2,   // the first is in acc
    FORM_ACC_B = 4, // the second is in acc
};
// Of those with a condition: INTERP_COND(cond) + FORM_IMM + FORM_ACC.
#define INTERP_COND(cond) ((cond) * 4)

enum { INTERP_MAX_SUB = IMEM_COUNT * IADDR_COUNT };

// A row that tells the encoder of a handler.
typedef struct InterpRow {
    uint16_t op;   // TCGOpcode or InterpOp
    uint8_t sub;   // FORM_*; for vector ops INTERP_VSUB; else as above
    uint8_t words; // length; 0: slot 1 holds it
    uint8_t acc;   // bits of the value of slot 0 that are in acc afterwards; 0: none
    InterpHandler *handler;
    const char *name;
} InterpRow;

#define INTERP_VSUB(type, vece) (((type) - TCG_TYPE_V64) * 4 + (vece))

// Each file of definitions registers its rows.
void interp_register_rows(const InterpRow *rows, size_t n);
void interp_register_int(void);
void interp_register_flow(void);
void interp_register_mem(void);
void interp_register_atomic(void);
void interp_register_fp(void);
void interp_register_vec(void);
void interp_register_vecfp(void);
void interp_register_fma(void);
void interp_register_quick(void); // the forms that are stencils alone: no handler

// --- for the bodies --------------------------------------------------------------------------------

#ifndef TCG_STENCIL
#define OP(name)                                                                                   \
    static INTERP_CC InterpResult op_##name(char *env, const uint64_t *ip, uint64_t acc)
#define SLOT(i) (((const uint16_t *)(ip + 1))[i])
#define ADDR(i) (env + 4 * (size_t)SLOT(i))
#define REG(T, i) (*(T *)ADDR(i))
#define IMM32(i) (((const int32_t *)(ip + 1))[i]) // i counts 32-bit units behind the handler
#define IMM64(i) (ip[i])                          // i counts words, 0 being the handler
#define DATA(words) (ip + (words))                // operands of more than a word
#define DISPATCH() __attribute__((musttail)) return (*(InterpHandler *const *)ip)(env, ip, acc)
#define NEXT(words)                                                                                \
    do {                                                                                           \
        ip += (words);                                                                             \
        DISPATCH();                                                                                \
    } while (0)
// The form of an instruction whose result nobody reads but the next instruction, from acc: a stencil.
#define UNSTORED(name, ...)
// A branch taken: so many words on, from this instruction's start.
#define JUMP(words) NEXT(words)
#endif
#define WORDS_OF_SLOTS(n) (1 + ((n) + 3) / 4)
#define WORDS_OF_CALL(n) (3 + ((n) + 3) / 4)

// i128 and vectors are passed to and from helpers by pointer.
static inline bool tcg_type_by_pointer(TCGType t)
{
    return t == TCG_TYPE_I128 || t >= TCG_TYPE_V64;
}

#endif
