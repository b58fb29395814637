// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowering's files share.  lower.c drives: units, functions, globals; lower-flow.c walks a block.  Each family
// of ops has a file with one function, which lowers an op or says that it is not of its family:
//
//   lower-int.c   i32, i64, i128         lower-fp.c    scalar and vector FP
//   lower-vec.c   vectors, integer lanes lower-vecop.c those that x86 has instructions for
//   guest-ops.c   guest memory       lower-exit.c  exits, helper calls
//   lower-count.c counters           lower-notes.c notes of accesses
//
// Representation of values: i32, i64, i128, float, double; V64 <8 x i8>, V128 <2 x i64>, V256 <4 x i64>.
//
// Where values are.  A temp that is written and read inside one extended basic block is an SSA value
// and nothing else; the others have an alloca, which SROA makes SSA again.  A global (guest register)
// has a home: in a hot unit an alloca of the function, filled from env on entry; in a cold unit env
// itself.  Within a basic block its value is kept in SSA too, and written home at the block's end
// (flush).  "Sync" makes env right: in a hot unit by storing the globals that may differ from env at
// that point, which is known only when all blocks are there, so the stores are put in at the end.
#ifndef MYNA_TCG2LLVM_LOWER_H
#define MYNA_TCG2LLVM_LOWER_H

#include <glib.h>

#include "tcg2llvm/unit.h"

#if defined(__x86_64__)
#define LOWER_X86 1
#else
#define LOWER_X86 0
#endif

typedef LLVMValueRef Value;
typedef LLVMTypeRef Type;

enum { LOWER_MAX_GLOBALS = 256 };

typedef struct GlobalSet {
    uint64_t w[LOWER_MAX_GLOBALS / 64];
} GlobalSet;

static inline bool lower_set_has(const GlobalSet *set, unsigned n)
{
    return set->w[n / 64] >> (n % 64) & 1;
}

// Two globals of 128 bits that stand side by side in env may be used as one of 256 (x86's YMM registers).  In a hot
// unit they share a home of 256 bits: SROA takes it apart where nobody accesses it as a whole, and else makes one
// value of it, with which a loop's register is one register of the host's.
// Globals that may differ from env: `local`, and of `pass` those that did on the block's entry.
typedef struct Dirty {
    GlobalSet local, pass;
} Dirty;

// What must be remembered of a place until all blocks are lowered (hot units).
typedef struct SyncPoint {
    Value at; // stores go before this instruction; reloads after it
    unsigned block;
    Dirty dirty;
    GlobalSet killed; // not wanted, of those that were dirty on the block's entry
    bool reload;      // the other way: env to homes
    bool leaves;      // pinned globals are not stored: they travel in registers
    bool precise;     // the stores must stay where they are
    bool through;     // only hidden globals
} SyncPoint;

// An access that may fault, between two instructions that become stack maps (lower-notes.c).
typedef struct NotePoint {
    Value before, behind;
    unsigned block;
    Dirty dirty;
    uint64_t pc;
} NotePoint;

typedef struct Edge {
    unsigned from, to;
    Dirty dirty;
} Edge;

// What a temp's state_ptr points to while its block is lowered.
typedef struct TempState {
    Value value;    // in SSA, valid in the current extended basic block
    Value whole;    // `value` is a half of this
    Value slot;     // alloca, for temps that live across labels
    unsigned ebb;   // the extended basic block of the first use; 0: not seen
    unsigned epoch; // `value` belongs to this epoch
    bool multi;     // used in several: has a slot
} TempState;

typedef struct LabelState {
    LLVMBasicBlockRef bb;
    Dirty dirty;
    bool seen;
} LabelState;

// A named host address.
typedef struct LowerSymbol {
    Value global;
    const void *address;
} LowerSymbol;

struct LLVMLower {
    JitContext *jit;
    unsigned generation;
    LLVMContextRef c;
    Type i1, i8, i16, i32, i64, i128, f16, f32, f64, ptr, void_;
    Type types[TCG_TYPE_COUNT];
    Type entry_type;                    // TCGEntry
    Type pinned_type;                   // the same with the pinned globals
    Value round_dynamic, except_strict; // metadata operands of constrained intrinsics
    unsigned md_alias_scope, md_noalias, md_guest_pc, md_prof, md_guest_asm, md_guest_reg;
    Value scope_env, scope_guest;     // lists of one alias scope
    Value unlikely_true, likely_true; // branch weights
    unsigned attr_strictfp, attr_null_valid, attr_nounwind, attr_memory, attr_noreturn,
        attr_willreturn, attr_nonnull, attr_dereferenceable, attr_align;
    bool host_avx, host_avx2, host_fma;
    GHashTable *intrinsics; // name -> LLVM's number
};

// Values of the attribute memory(...).
enum {
    LOWER_MEMORY_NONE = 0,
    LOWER_MEMORY_ARGS = 3,
    LOWER_MEMORY_INACCESSIBLE = 3 << 2,
    LOWER_MEMORY_READ = 1 | 1 << 2 | 1 << 4,
};

struct LLVMUnit {
    LLVMLower *l;
    LLVMUnitOptions opt;
    LLVMModuleRef m;
    LLVMBuilderRef b;
    GArray *symbols;     // LowerSymbol, of a symbolic unit
    LLVMDIBuilderRef di; // with debug_lines
    LLVMMetadataRef di_file, di_scope;

    // the function
    Value fn, env, code;
    char *name;
    LLVMBasicBlockRef
        entry; // allocas and the loading of globals; ends in a branch to the first block
    LLVMUnitBlock *blocks;
    LLVMBasicBlockRef *check_bb,
        *body_bb; // of each block: its start, and behind its exit_request check
    LLVMBasicBlockRef
        *enter_bb; // in front of its start where the function is entered at it, else NULL
    LLVMBasicBlockRef
        *back_bb; // hot: in front of its start on a way back in a loop, NULL until there is one
    unsigned n_blocks;
    uint8_t *reach; // n_blocks * n_blocks: [i * n + j]: control may get from block i to j in here
    uintptr_t guest_base;
    LLVMBasicBlockRef jump_bb;                            // cold: the function's tail call
    Value jump_to;                                        // its phi
    Value env_int;                                        // env as an i64, when asked for
    Value scratch[TCG_TYPE_COUNT][TCG_MAX_CALL_ARGS + 1]; // memory for what helpers take by pointer
    GArray *syncs, *edges, *notes;                        // SyncPoint, Edge, NotePoint
    GArray *counters, *additions, *looks;                 // lower-count.c
    Value home[LOWER_MAX_GLOBALS];                        // hot: allocas, NULL until touched
    Value pair_home[LOWER_MAX_GLOBALS];                   // hot: of the low one of a pair
    GlobalSet wide;                        // the low ones of pairs that are accessed as one
    GlobalSet pinned;                      // pinned_global as a set
    GlobalSet written, stored;             // by the function; of the pinned ones, on its entry
    unsigned pinned_global[TCG_NB_PINNED]; // with options.pinned
    unsigned nb_globals;                   // env not counted
    TCGType global_type[LOWER_MAX_GLOBALS];
    intptr_t global_offset[LOWER_MAX_GLOBALS];
    const char *global_name[LOWER_MAX_GLOBALS];

    // the block
    TCGContext *s;
    bool precise;
    bool saves_pc; // CPUState.insn_pc, somewhere in the block
    unsigned block;
    TempState *temps;
    LabelState *labels;
    unsigned epoch;        // changes where SSA values of temps cease to be valid
    unsigned global_epoch; // the same for globals
    bool dead;             // the current place cannot be reached
    bool begun;            // guest.block has been emitted
    bool flow_told;        // guest.call or guest.ret has, on the path in work
    GlobalSet pending;     // globals whose value in SSA is newer than their home
    Dirty dirty;
    GlobalSet killed; // hidden globals that the block overwrites before anything looks at them
    uint64_t pc;      // of the current instruction
    uint64_t next_pc; // behind it, with guest_ops where the host can tell
    LLVMFlow flow;    // what it does, with guest_ops
};

// Takes types and names from the JitContext's LLVM context, anew when that was renewed (lower-base.c).
void lower_refresh(LLVMLower *l);

// --- values ---
Value lower_get(LLVMUnit *u, TCGArg arg);
void lower_set(LLVMUnit *u, TCGArg arg, Value v);
// Two globals as one value, when they are such a pair; NULL when they are not.
Value lower_get_pair(LLVMUnit *u, TCGArg low, TCGArg high);
// Which half of a value it is that lower_set has just given to a global.
void lower_set_whole(LLVMUnit *u, TCGArg arg, Value whole, unsigned half);
// An alloca in the entry block.
Value lower_alloca(LLVMUnit *u, Type type, unsigned align);
Value lower_home(LLVMUnit *u, unsigned g); // a global's, of a hot unit
unsigned lower_type_align(TCGType type);   // of an alloca
// Memory of a type, the same at each call with n in this function.
Value lower_scratch(LLVMUnit *u, TCGType type, unsigned n);
Value lower_env_ptr(LLVMUnit *u, intptr_t offset);
Value lower_load_env(LLVMUnit *u, Type type, intptr_t offset);
Value lower_store_env(LLVMUnit *u, Value v, intptr_t offset); // the store

static inline Value lower_i32(LLVMUnit *u, uint32_t v) { return LLVMConstInt(u->l->i32, v, false); }
static inline Value lower_i64(LLVMUnit *u, uint64_t v) { return LLVMConstInt(u->l->i64, v, false); }

// Calls an intrinsic that is overloaded on the given types.
Value lower_intrinsic(LLVMUnit *u, const char *name, Type *types, unsigned ntypes, Value *args,
                      unsigned nargs);
// A constrained FP intrinsic: adds the rounding operand when `rounded`, the exception operand, and the
// call's strictfp.
Value lower_constrained(LLVMUnit *u, const char *name, Type *types, unsigned ntypes, bool rounded,
                        Value *args, unsigned nargs);
// Inline assembly without memory operands.  `ordered`: reads the FP environment, must not move.
Value lower_asm(LLVMUnit *u, Type result, const char *text, const char *constraints, Value *args,
                unsigned nargs, bool ordered);
// An external function by name.
Value lower_extern(LLVMUnit *u, const char *name, Type type);
void lower_call_attr(LLVMUnit *u, Value call, unsigned kind, uint64_t value);
void lower_set_scope(LLVMUnit *u, Value access, bool guest);
LLVMBasicBlockRef lower_new_bb(LLVMUnit *u, const char *name);
// A conditional branch whose condition is rarely true.
Value lower_unlikely(LLVMUnit *u, Value cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);

// --- making env right ---
// sync: begin, then build an instruction, then lower_sync_before(that instruction).
void lower_sync_begin(LLVMUnit *u);
void lower_sync_before(LLVMUnit *u, Value at, bool precise);
// The same, before an exit at which nothing of the block has run: what it kills is not stored.
void lower_sync_unrun(LLVMUnit *u, Value at);
// The same, before control leaves for other code, or for a part of the function in which nothing changes them any more: pinned
// globals stay where they are.
void lower_sync_leaving(LLVMUnit *u, Value at);
// What a function of the unit takes and gives to others: env, `second`, and the pinned globals when the unit has some.
unsigned lower_entry_args(LLVMUnit *u, Value second, Value *args);
enum { LOWER_MAX_ENTRY_ARGS = 2 + TCG_NB_PINNED };
// An external function of that form.
Value lower_entry_extern(LLVMUnit *u, const char *name);
// A tail call to another function of that form, and the return of what it returns.
void lower_tail_call(LLVMUnit *u, Value fn, Value *args);
// The same before an access with a note: only hidden globals (flags, as operations and their operands) are stored, which guests write
// at nearly each instruction, and which would be in the way of values that are of use.
void lower_sync_through(LLVMUnit *u, Value at);
void lower_dirty_through(const LLVMUnit *u, Dirty *dirty);
// All globals may have changed in env by the instruction.
void lower_reload_after(LLVMUnit *u, Value at);
void lower_flush(LLVMUnit *u);
// Around a guest access that may fault, under TCGContext.precise.
void lower_before_guest_access(LLVMUnit *u, const TCGOp *op);
void lower_behind_guest_access(LLVMUnit *u, const TCGOp *op);
// The guest instruction that the following IR stands for.
void lower_set_line(LLVMUnit *u, uint64_t pc);
void lower_dirty_leave(const LLVMUnit *u,
                       Dirty *dirty); // what is left of it behind lower_sync_leaving
bool lower_dirty_join(Dirty *into, const Dirty *from); // true when it grew
// A jump to another block of the function: where to; then the jump itself has to be built, and told.
LLVMBasicBlockRef lower_edge_target(LLVMUnit *u, unsigned to);
void lower_edge(LLVMUnit *u, unsigned to);
// Do both blocks stand in a loop of the function (a block with itself: in any loop)?
static inline bool lower_in_loop(const LLVMUnit *u, unsigned from, unsigned to)
{
    return u->reach[to * u->n_blocks + from];
}

Value lower_icmp(LLVMUnit *u, TCGCond cond, Value a, Value b);
// A TCG vector type seen as lanes: integers, and FP.  One FP lane is a scalar: the code generator has no
// constrained operations on vectors of one.
Type lower_lanes_type(LLVMUnit *u, TCGType type, unsigned vece);
Type lower_flanes_type(LLVMUnit *u, TCGType type, unsigned vece);
static inline Value lower_cast(LLVMUnit *u, Value v, Type t)
{
    return LLVMBuildBitCast(u->b, v, t, "");
}
Value lower_splat(LLVMUnit *u, Type vector, uint64_t lane);
Value lower_half(LLVMUnit *u, Value v, unsigned half);  // lanes of the low or high half
Value lower_concat(LLVMUnit *u, Value low, Value high); // two vectors of one type
// The low n lanes, or more lanes than there are (the rest undefined).
Value lower_resize(LLVMUnit *u, Value v, unsigned lanes);

static inline const TCGTemp *lower_temp(TCGArg a) { return (const TCGTemp *)a; }

// --- exits and calls (lower-exit.c) ---
// Does the goto_tb's slot lead to a block of the function?
static inline bool lower_in_unit_slot(const LLVMUnit *u, const TCGOp *op)
{
    return op->opc == INDEX_op_goto_tb && u->blocks[u->block].succ[op->args[0]] >= 0;
}
void lower_goto_tb(LLVMUnit *u, const TCGOp *op);
void lower_exit_tb(LLVMUnit *u, const TCGOp *op);
void lower_goto_ptr(LLVMUnit *u, const TCGOp *op);
void lower_call(LLVMUnit *u, const TCGOp *op);
// At a cold block's entry: TCGCode.counter and hot, as tcg-code.h says.
void lower_count(LLVMUnit *u);

// Lowers the ops of u->s; the builder stands at the block's start (lower-flow.c).
void lower_block_ops(LLVMUnit *u);

// --- op families: false when the op is not theirs ---
bool lower_int_op(LLVMUnit *u, const TCGOp *op);
bool lower_fp_op(LLVMUnit *u, const TCGOp *op);
bool lower_vec_op(LLVMUnit *u, const TCGOp *op);
bool lower_vecop_op(LLVMUnit *u, const TCGOp *op);
bool lower_guest_op(LLVMUnit *u, const TCGOp *op);
bool lower_count_op(LLVMUnit *u, const TCGOp *op);

// --- notes of accesses under precise state (lower-notes.c) ---
// Has the access one?
bool lower_is_noted(const LLVMUnit *u, const TCGOp *op);
// Does a precise block save its pc anywhere?  Else there is nothing that its exits have to take back.
bool lower_saves_pc(const LLVMUnit *u);
void lower_note_begin(LLVMUnit *u);
void lower_note_end(LLVMUnit *u);
// The stack maps, now that it is known which globals env has not got there.
void lower_note_place(LLVMUnit *u, const NotePoint *point, const GlobalSet *set);

// --- counters (lower-count.c) ---
// The instruction, which is no sync point, may look at counters or change them.
void lower_count_look(LLVMUnit *u, Value at);
// Where a jump back to the block goes: there counters are put in order.
LLVMBasicBlockRef lower_count_way_back(LLVMUnit *u, unsigned to);
void lower_count_end(LLVMUnit *u); // of a function
void lower_count_new(LLVMUnit *u);
void lower_count_free(LLVMUnit *u);

#endif
