// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TCG: the intermediate representation between frontends and engines.
//
// A frontend fills a TCGContext with the ops of one translation block through the tcg_gen_* functions
// of tcg-op.h.  The optimiser (tcg_optimize) and the liveness pass rewrite the list; the interpreter's
// encoder and the LLVM lowering read it.  A context belongs to one thread at a time; the builder works
// on the calling thread's current context, `tcg_ctx`.
//
// Temps live for the whole block, across labels.  Globals are guest registers: they live in env at a
// fixed offset between blocks, and anywhere inside one.  Constants are temps too (TEMP_CONST), shared
// within a block.

#ifndef TCG_H
#define TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum TCGType {
    TCG_TYPE_I32,
    TCG_TYPE_I64,
    TCG_TYPE_I128,
    TCG_TYPE_F32,
    TCG_TYPE_F64,
    TCG_TYPE_V64,
    TCG_TYPE_V128,
    TCG_TYPE_V256,
    TCG_TYPE_COUNT,
    TCG_TYPE_VOID = TCG_TYPE_COUNT, // a helper that returns nothing
    TCG_TYPE_PTR = TCG_TYPE_I64,
} TCGType;

unsigned tcg_type_size(TCGType type);    // bytes
const char *tcg_type_name(TCGType type); // "i32", "v128", ...

// Comparison of integers.  The inverse of a condition is cond ^ 1.
typedef enum TCGCond {
    TCG_COND_NEVER = 0,
    TCG_COND_ALWAYS = 1,
    TCG_COND_EQ = 2,
    TCG_COND_NE = 3,
    TCG_COND_LT = 4,
    TCG_COND_GE = 5,
    TCG_COND_LE = 6,
    TCG_COND_GT = 7,
    TCG_COND_LTU = 8,
    TCG_COND_GEU = 9,
    TCG_COND_LEU = 10,
    TCG_COND_GTU = 11,
    TCG_COND_TSTEQ = 12, // (a & b) == 0
    TCG_COND_TSTNE = 13,
    TCG_COND_COUNT,
} TCGCond;

static inline TCGCond tcg_invert_cond(TCGCond c) { return (TCGCond)(c ^ 1); }
TCGCond tcg_swap_cond(TCGCond c); // the condition with its operands exchanged

// Comparison of FP values: the set of outcomes for which it is true, and whether a quiet NaN operand
// raises invalid.
typedef enum TCGFCond {
    TCG_FCOND_LT = 1,
    TCG_FCOND_EQ = 2,
    TCG_FCOND_GT = 4,
    TCG_FCOND_UN = 8, // unordered
    TCG_FCOND_LE = TCG_FCOND_LT | TCG_FCOND_EQ,
    TCG_FCOND_GE = TCG_FCOND_GT | TCG_FCOND_EQ,
    TCG_FCOND_ORD = TCG_FCOND_LT | TCG_FCOND_EQ | TCG_FCOND_GT,
    TCG_FCOND_NEU = TCG_FCOND_LT | TCG_FCOND_GT | TCG_FCOND_UN,
    TCG_FCOND_SIGNALING = 16,
} TCGFCond;

typedef enum TCGRound {
    TCG_ROUND_NEAREST = 0, // ties to even
    TCG_ROUND_DOWN = 1,
    TCG_ROUND_UP = 2,
    TCG_ROUND_ZERO = 3,
    TCG_ROUND_DYNAMIC = 4, // the FP unit's current mode
    TCG_ROUND_TIES_AWAY = 5,
    TCG_ROUND_MODE_MASK = 7,
    TCG_ROUND_NOEXC = 8, // do not raise inexact (fround)
} TCGRound;

// A guest memory access.
typedef enum MemOp {
    MO_8 = 0,
    MO_16 = 1,
    MO_32 = 2,
    MO_64 = 3,
    MO_128 = 4,
    MO_256 = 5,
    MO_SIZE = 7,
    MO_SIGN = 8,   // sign-extend the loaded value
    MO_BSWAP = 16, // the other endianness than the host's
    MO_ALIGN = 32, // raise an alignment fault unless naturally aligned
    MO_UB = MO_8,
    MO_UW = MO_16,
    MO_UL = MO_32,
    MO_UQ = MO_64,
    MO_SB = MO_8 | MO_SIGN,
    MO_SW = MO_16 | MO_SIGN,
    MO_SL = MO_32 | MO_SIGN,
} MemOp;

// Memory barrier kinds (mb): which earlier accesses are ordered before which later ones.
typedef enum TCGBar {
    TCG_MO_LD_LD = 1,
    TCG_MO_ST_LD = 2,
    TCG_MO_LD_ST = 4,
    TCG_MO_ST_ST = 8,
    TCG_MO_ALL = 15,
} TCGBar;

// --- ops ------------------------------------------------------------------------------------------

enum {
    TCG_OPF_BB_START = 1,
    TCG_OPF_BB_END = 2,      // control does not simply fall out of it, or a label follows
    TCG_OPF_COND_BRANCH = 4, // may fall through
    TCG_OPF_BB_EXIT = 8,     // leaves the block: globals must be in env
    TCG_OPF_CALL = 16,
    TCG_OPF_SIDE_EFFECTS = 32, // never dead
    TCG_OPF_STORE = 64,        // writes host memory (env); never dead
    TCG_OPF_GUEST_MEM = 128,   // may fault
    TCG_OPF_VECTOR = 256,
    TCG_OPF_FP = 512, // depends on the FP environment; may raise FP flags
    TCG_OPF_COMMUTES = 1024,
    TCG_OPF_NOT_PRESENT = 2048, // never reaches an engine
};

typedef enum TCGOpcode {
#define DEF(name, sig, flags) INDEX_op_##name,
#include "tcg-opc.h"
    TCG_OP_COUNT,
} TCGOpcode;

typedef struct TCGOpDef {
    const char *name;
    const char *sig; // see tcg-opc.h
    uint16_t flags;
    uint8_t nb_oargs, nb_iargs, nb_cargs; // parsed from sig
} TCGOpDef;

extern const TCGOpDef *const tcg_op_defs; // TCG_OP_COUNT rows, by opcode

#define TCG_MAX_CALL_ARGS 8

// One row of the helper table; made from a DEF_HELPER line (helpers/helper-head.h).
typedef struct TCGHelperInfo {
    void *func;
    const char *name; // without the "helper_" prefix
    unsigned flags;   // TCG_CALL_*
    TCGType ret;      // TCG_TYPE_VOID when none
    uint8_t nargs;
    uint16_t ptr_mask; // bit i: argument i, an i64, is a pointer in C; bit 15: the result
    TCGType args[TCG_MAX_CALL_ARGS];
    void *cif; // the prepared ffi_cif, made when the table is registered
} TCGHelperInfo;

enum {
    TCG_CALL_NO_READ_GLOBALS = 1,  // does not read guest registers in env (implies NO_WRITE)
    TCG_CALL_NO_WRITE_GLOBALS = 2, // does not write them
    TCG_CALL_NO_SIDE_EFFECTS = 4,  // dead when the result is
    TCG_CALL_NO_RETURN = 8,        // always leaves by cpu_loop_exit
    TCG_CALL_ADDRESS =
        16, // in no table: code names it by its address, and is of this process alone
    TCG_CALL_NO_RG = TCG_CALL_NO_READ_GLOBALS | TCG_CALL_NO_WRITE_GLOBALS,
    TCG_CALL_NO_WG = TCG_CALL_NO_WRITE_GLOBALS,
    TCG_CALL_PURE = TCG_CALL_NO_RG | TCG_CALL_NO_SIDE_EFFECTS,
};

// Adds rows to the helper table, keyed by function.  Called once a table, before translation starts;
// prepares each row's ffi_cif.  The rows must outlive the program.
void tcg_register_helpers(TCGHelperInfo *rows, size_t n);
// For a row that is in no table (TCG_CALL_ADDRESS): prepares its ffi_cif.  Its calls are appended with
// tcg_gen_call_row.
void tcg_prepare_row(TCGHelperInfo *row);
const TCGHelperInfo *tcg_find_helper(const void *func); // NULL when there is no such row
const TCGHelperInfo *tcg_find_helper_by_name(const char *name);

typedef uintptr_t TCGArg; // a TCGTemp*, a TCGLabel*, a host pointer or a constant, as sig says

typedef enum TCGTempKind { TEMP_NORMAL, TEMP_GLOBAL, TEMP_FIXED /* env */, TEMP_CONST } TCGTempKind;

typedef struct TCGTemp {
    TCGType type;
    TCGTempKind kind;
    uint32_t index;  // dense: env 0, globals 1 .. nb_globals-1, then the rest
    intptr_t offset; // globals: in env; normal temps: in the frame, from env (see tcg_assign_frame)
    uint64_t val;    // constants: I32 and F32 zero-extended
    const char *name; // globals
    uint64_t state;   // scratch for the pass that runs
    void *state_ptr;
} TCGTemp;

typedef struct TCGOp TCGOp;

// What is known about branches to a label; for the layout of compiled code.
typedef enum TCGLabelWeight {
    TCG_LABEL_EVEN,
    TCG_LABEL_LIKELY,   // nearly always taken
    TCG_LABEL_UNLIKELY, // hardly ever
} TCGLabelWeight;

typedef struct TCGLabel {
    unsigned id;
    TCGLabelWeight weight;
    unsigned refs;   // branches to it
    TCGOp *op;       // its set_label, NULL until placed
    void *state_ptr; // scratch for the pass or engine that runs
} TCGLabel;

struct TCGOp {
    uint16_t opc;
    uint8_t type;      // TCGType of a vector op
    uint8_t vece;      // lane size of a vector op, MemOp
    uint8_t nout, nin; // a call's results and arguments
    uint8_t nargs;
    uint32_t
        life; // set by tcg_liveness: bit i = argument i is dead after this op (results: never read)
    TCGOp *prev, *next;
    const TCGHelperInfo *call_info;
    TCGArg args[];
};

static inline TCGTemp *arg_temp(TCGArg a) { return (TCGTemp *)a; }
static inline TCGLabel *arg_label(TCGArg a) { return (TCGLabel *)a; }

// What a context's globals are made from: a guest's register table.
typedef struct TCGGlobalDef {
    const char *name;
    TCGType type;
    intptr_t offset; // in env
} TCGGlobalDef;

// What the transfer of control at a block's end is to the guest program.
typedef enum TCGJumpKind {
    TCG_JUMP_PLAIN,
    TCG_JUMP_CALL,   // leaves the address behind the block as the return address
    TCG_JUMP_RETURN, // to an address that a call has left
} TCGJumpKind;

typedef struct TCGContext {
    struct TCGArena *arena;
    TCGTemp **temps;
    unsigned nb_temps, cap_temps, nb_globals; // temps[0] is env; nb_globals counts it
    TCGOp *emit_before;                       // new ops go before this one; normally &ops
    unsigned nb_ops, nb_labels;
    void *const_table;    // (type, val) -> TCGTemp
    intptr_t frame_start; // offset from env of the interpreter's temp frame
    size_t frame_size;
    TCGJumpKind jump_kind; // of the block's last instruction; the translator says so
    bool precise;          // store globals and pc before each guest memory access
    bool ordered;          // others may look at the memory: accesses stay, in the program's order
    intptr_t
        pc_offset; // env offset of the saved guest pc of a faulting instruction (CPUState.insn_pc)
    bool bound;    // constants hold addresses of this process: of no use to another
    bool
        keep_dead; // --verify compares: the quick tier stores globals that nobody will look at, too
    bool keep_discards; // liveness leaves the `discard` of a global in, for who has values across blocks (LLVM's regions)
    bool log_writes;      // the interpreter calls tcg_interp_write_hook before each guest store
    uintptr_t guest_base; // added to each guest address
    char *error;  // first error of the block being built (NULL: none); freed by tcg_func_start
    void *opaque; // the translator's
    TCGOp ops;    // the list's head: ops.next is the first op; last, for it ends in an array
} TCGContext;

extern _Thread_local TCGContext *tcg_ctx;

// A context whose globals are `defs` (temps 1 .. n, in that order).  The frame for temps starts at
// frame_start bytes from env.  Free with tcg_context_free.
TCGContext *tcg_context_new(const TCGGlobalDef *defs, unsigned n, intptr_t frame_start,
                            size_t frame_size);
void tcg_context_free(TCGContext *s);
void tcg_func_start(TCGContext *s); // forget the last block's ops, temps and labels
void tcg_set_error(TCGContext *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void *tcg_malloc(size_t size); // lives until the next tcg_func_start; zeroed
TCGOp *tcg_emit_op(TCGOpcode opc, unsigned nargs);
TCGOp *tcg_op_insert_before(TCGContext *s, TCGOp *at, TCGOpcode opc, unsigned nargs);
TCGOp *tcg_op_insert_after(TCGContext *s, TCGOp *at, TCGOpcode opc, unsigned nargs);
void tcg_op_remove(TCGContext *s, TCGOp *op); // releases its label reference too

#define TCG_FOREACH_OP(op, s) for (TCGOp *op = (s)->ops.next; op != &(s)->ops; op = op->next)
#define TCG_FOREACH_OP_SAFE(op, s, nxt)                                                            \
    for (TCGOp *op = (s)->ops.next, *nxt = op->next; op != &(s)->ops; op = nxt, nxt = op->next)

// Results and arguments of an op, calls included.
static inline unsigned tcg_op_nout(const TCGOp *op)
{
    return op->opc == INDEX_op_call ? op->nout : tcg_op_defs[op->opc].nb_oargs;
}
static inline unsigned tcg_op_nin(const TCGOp *op)
{
    return op->opc == INDEX_op_call ? op->nin : tcg_op_defs[op->opc].nb_iargs;
}
// Bytes behind an op's pointer arguments ('P' in its signature).
unsigned tcg_op_pointer_size(const TCGOp *op);
// The label a branch goes to, or NULL.
TCGLabel *tcg_op_branch_target(const TCGOp *op);

// --- passes over a block ---------------------------------------------------------------------------

// Constant and copy folding, algebraic simplification, branch folding, unreachable code removal.
void tcg_optimize(TCGContext *s);
// Backward dataflow over the block's own control flow: removes dead ops, fills op->life.
void tcg_liveness(TCGContext *s);
// Types, labels, temps read before they are written.  NULL when the block is well formed, else the
// first fault in words (g_free it).
char *tcg_verify(TCGContext *s);
// The block in QEMU's `-d op` form.
void tcg_dump_ops(TCGContext *s, FILE *f);
// Gives each normal temp that is used an offset in the frame.  false when the frame is too small.
bool tcg_assign_frame(TCGContext *s);

#endif
