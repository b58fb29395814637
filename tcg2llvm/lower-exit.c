// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How control leaves a block: jumps through slots, indirect jumps, returns to cpu_exec; and helper calls.
//
// An exit through a jump slot loads the slot, and when it is linked tail-calls the entry of the block
// behind it.  With the slot's destination in the same function it is a plain branch: the destination
// was read from the slot when the region was formed, and relinking drops the whole unit (tier.h).
//
// An indirect jump compares the guest's pc with the blocks of the function that it may go to (return
// addresses, a jump table's cases), then looks into the jump cache (cpu-state.h), then calls lookup_tb_ptr.
#include "tcg2llvm/lower.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "helpers/cpu-state.h"
#include "tcg2llvm/guest-ops.h"

// --- helper calls --------------------------------------------------------------------------------------

static bool by_pointer(TCGType type)
{
    return type == TCG_TYPE_I128 || (type >= TCG_TYPE_V64 && type <= TCG_TYPE_V256);
}

static Type arg_type(LLVMUnit *u, const TCGHelperInfo *info, unsigned i)
{
    return by_pointer(info->args[i]) || (info->ptr_mask >> i & 1) ? u->l->ptr
                                                                  : u->l->types[info->args[i]];
}

static Value helper_declaration(LLVMUnit *u, const TCGHelperInfo *info, Type *type)
{
    Type params[TCG_MAX_CALL_ARGS + 1], ret = u->l->void_;
    unsigned n = 0;
    if (info->ret != TCG_TYPE_VOID) {
        if (by_pointer(info->ret)) {
            params[n++] = u->l->ptr;
        } else {
            ret = info->ptr_mask >> 15 ? u->l->ptr : u->l->types[info->ret];
        }
    }
    for (unsigned i = 0; i < info->nargs; i++) {
        params[n++] = arg_type(u, info, i);
    }
    *type = LLVMFunctionType(ret, params, n, false);
    if (info->flags & TCG_CALL_ADDRESS) {
        return LLVMConstIntToPtr(lower_i64(u, (uintptr_t)info->func), u->l->ptr);
    }
    char name[128];
    snprintf(name, sizeof(name), "helper_%s", info->name);
    return lower_extern(u, name, *type);
}

// What the row's flags promise, on the call: the declaration may get a body with attributes of its own.
static void call_attributes(LLVMUnit *u, Value call, const TCGHelperInfo *info)
{
    LLVMLower *l = u->l;
    lower_call_attr(u, call, l->attr_nounwind, 0);
    lower_call_attr(u, call, l->attr_strictfp, 0);
    if (info->flags & TCG_CALL_NO_RETURN) {
        lower_call_attr(u, call, l->attr_noreturn, 0);
    } else if (info->flags & TCG_CALL_NO_SIDE_EFFECTS) {
        bool pointers = info->ptr_mask & 0x7fff;
        pointers |= info->ret != TCG_TYPE_VOID && by_pointer(info->ret);
        for (unsigned i = 0; i < info->nargs; i++) {
            pointers |= by_pointer(info->args[i]);
        }
        lower_call_attr(u, call, l->attr_willreturn, 0);
        if (info->flags & TCG_CALL_NO_READ_GLOBALS) {
            lower_call_attr(u, call, l->attr_memory,
                            pointers ? LOWER_MEMORY_ARGS : LOWER_MEMORY_NONE);
        } else if (info->ret != TCG_TYPE_VOID && !by_pointer(info->ret)) {
            lower_call_attr(u, call, l->attr_memory, LOWER_MEMORY_READ);
        }
    }
}

// --- exits ---------------------------------------------------------------------------------------------

// A word of the unit's that the linker fills with the address that a name has in this process: the
// machine code itself holds none, and can be kept.  LLVM must not look through it to the name, which it
// could only reach through a slot of the linker's that lives for ever.
static Value code_from_table(LLVMUnit *u, const char *name)
{
    LLVMLower *l = u->l;
    g_autofree char *word = g_strconcat("at.", name, NULL);
    Value pointer = LLVMGetNamedGlobal(u->m, word);
    if (!pointer) {
        pointer = LLVMAddGlobal(u->m, l->ptr, word);
        LLVMSetInitializer(pointer, LLVMAddGlobal(u->m, l->i8, name));
        LLVMSetLinkage(pointer, LLVMInternalLinkage);
        LLVMSetExternallyInitialized(pointer, true);
    }
    return LLVMBuildLoad2(u->b, l->ptr, pointer, "");
}

// The TCGCode of block n.  The first block's is what the function was called with, when that is to be had (u->code).
static Value code_of(LLVMUnit *u, unsigned n)
{
    const LLVMUnitBlock *block = &u->blocks[n];
    if (n == 0 && u->code) {
        return u->code;
    }
    char name[40];
    if (!u->opt.symbolic || u->opt.table_code) {
        snprintf(name, sizeof(name), LLVM_UNIT_CODE_NAME, n);
        return code_from_table(u, name);
    }
    snprintf(name, sizeof(name), "code.%" PRIx64, block->pc);
    Value symbol = LLVMGetNamedGlobal(u->m, name);
    if (!symbol) {
        LowerSymbol known = {LLVMAddGlobal(u->m, u->l->i8, name), block->code};
        g_array_append_val(u->symbols, known);
        symbol = known.global;
    }
    return symbol;
}

static Value code_ptr(LLVMUnit *u) { return code_of(u, u->block); }

static Value code_field(LLVMUnit *u, size_t offset)
{
    Value index = lower_i64(u, offset);
    return LLVMBuildInBoundsGEP2(u->b, u->l->i8, code_ptr(u), &index, 1, "");
}

// What other threads may write.  FastISel knows no atomic loads; a volatile one of a word is the same
// instruction.
static Value load_shared(LLVMUnit *u, Type type, Value ptr, unsigned align)
{
    Value load = LLVMBuildLoad2(u->b, type, ptr, "");
    if (u->opt.cold) {
        LLVMSetVolatile(load, true);
    } else {
        LLVMSetOrdering(load, LLVMAtomicOrderingMonotonic);
    }
    LLVMSetAlignment(load, align);
    return load;
}

static Value load_field(LLVMUnit *u, Type type, Value base, size_t offset)
{
    Value index = lower_i64(u, offset);
    Value at = LLVMBuildInBoundsGEP2(u->b, u->l->i8, base, &index, 1, "");
    return load_shared(u, type, at, 8);
}

// The way into a block, of the unit's own kind.
static Value load_entry(LLVMUnit *u, Value code)
{
    size_t offset = u->opt.pinned ? offsetof(TCGCode, pinned) : offsetof(TCGCode, entry);
    return load_field(u, u->l->ptr, code, offset);
}

// entry: what was loaded from code.
static void enter_code(LLVMUnit *u, Value entry, Value code)
{
    Value args[LOWER_MAX_ENTRY_ARGS];
    lower_entry_args(u, code, args);
    lower_tail_call(u, entry, args);
}

// env must be right.  Cold: all jumps of a function are one, because FastISel leaves tail calls to the
// slow selector.
static void jump_to_code(LLVMUnit *u, Value code)
{
    if (u->opt.cold) {
        LLVMBasicBlockRef here = LLVMGetInsertBlock(u->b);
        if (!u->jump_bb) {
            u->jump_bb = lower_new_bb(u, "jump");
            LLVMPositionBuilderAtEnd(u->b, u->jump_bb);
            u->jump_to = LLVMBuildPhi(u->b, u->l->ptr, "");
            enter_code(u, load_entry(u, u->jump_to), u->jump_to);
            LLVMPositionBuilderAtEnd(u->b, here);
        }
        LLVMAddIncoming(u->jump_to, &code, &here, 1);
        LLVMBuildBr(u->b, u->jump_bb);
        return;
    }
    enter_code(u, load_entry(u, code), code);
}

// The pc that the guest goes on at behind a goto_tb: stored between it and its exit_tb, or, when the block
// is of the function, known.
static Value slot_target(LLVMUnit *u, const TCGOp *op)
{
    int to = u->blocks[u->block].succ[op->args[0]];
    if (to >= 0) {
        return lower_i64(u, u->blocks[to].pc);
    }
    for (op = op->next; op->opc == INDEX_op_mov_i64 || op->opc == INDEX_op_mov_i32; op = op->next) {
        const TCGTemp *out = arg_temp(op->args[0]), *in = arg_temp(op->args[1]);
        if (out->kind == TEMP_GLOBAL && (int)out->index - 1 == u->opt.pc_global &&
            in->kind == TEMP_CONST) {
            return lower_i64(u, in->val);
        }
    }
    return NULL;
}

// Lifting: a call, or a system call, and then the block behind it.  The marker stands for all that happens
// meanwhile: env is right before it, and read anew after it.
static bool goes_on(LLVMUnit *u, Value marker)
{
    unsigned to = u->blocks[u->block].after_call;
    if (!to || !marker) {
        return false;
    }
    lower_sync_before(u, marker, false);
    lower_reload_after(u, marker);
    LLVMBuildBr(u->b, lower_edge_target(u, to - 1));
    lower_edge(u, to - 1);
    u->dead = true;
    u->flow_told = false;
    return true;
}

bool llvm_unit_plain_slot(const TCGOp *op, int pc_global, uint64_t *pc)
{
    const TCGOp *set = op->next, *leave = set->next;
    if (op->opc != INDEX_op_goto_tb || set->opc != INDEX_op_mov_i64 ||
        leave->opc != INDEX_op_exit_tb) {
        return false;
    }
    const TCGTemp *out = arg_temp(set->args[0]), *in = arg_temp(set->args[1]);
    *pc = in->val;
    return out->kind == TEMP_GLOBAL && (int)out->index - 1 == pc_global && in->kind == TEMP_CONST &&
           leave->args[0] != 0 && (leave->args[0] & TB_EXIT_MASK) == op->args[0];
}

bool llvm_unit_is_indirect(const TCGOp *op)
{
    return op->opc == INDEX_op_call && op->next->opc == INDEX_op_goto_ptr &&
           strcmp(op->call_info->name, "lookup_tb_ptr") == 0;
}

// Leaves pinned code by one of the block's ways out.
static void leave_by(LLVMUnit *u, unsigned way, Value second)
{
    char name[40];
    snprintf(name, sizeof(name), LLVM_UNIT_WAY_NAME, u->block, way);
    Value args[LOWER_MAX_ENTRY_ARGS];
    lower_sync_begin(u);
    lower_entry_args(u, second, args);
    lower_sync_leaving(u, args[2]);
    lower_tail_call(u, lower_entry_extern(u, name), args);
    u->dead = true;
}

void lower_goto_tb(LLVMUnit *u, const TCGOp *op)
{
    if (u->opt.guest_ops) {
        if (u->blocks[u->block].after_call) {
            lower_sync_begin(u);
        }
        if (goes_on(u, guest_ops_flow(u, slot_target(u, op)))) {
            return;
        }
        u->flow_told = true;
    }
    if (lower_in_unit_slot(u, op)) {
        unsigned to = u->blocks[u->block].succ[op->args[0]];
        lower_flush(u);
        Value branch = LLVMBuildBr(u->b, lower_edge_target(u, to));
        if (!lower_in_loop(u, u->block, to)) {
            lower_sync_leaving(u, branch);
        }
        lower_edge(u, to);
        u->dead = true;
        u->flow_told = false;
        return;
    }
    uint64_t pc;
    if (u->opt.exits && llvm_unit_plain_slot(op, u->opt.pc_global, &pc)) {
        leave_by(u, op->args[0], LLVMGetUndef(u->l->ptr));
        return;
    }
    lower_sync_begin(u);
    Value slot = code_field(u, offsetof(TCGCode, jmp) + op->args[0] * sizeof(void *));
    Value next = load_shared(u, u->l->ptr, slot, sizeof(void *));
    lower_sync_leaving(u, next);
    LLVMBasicBlockRef linked = lower_new_bb(u, "linked"), empty = lower_new_bb(u, "unlinked");
    LLVMBuildCondBr(u->b, LLVMBuildICmp(u->b, LLVMIntEQ, next, LLVMConstNull(u->l->ptr), ""), empty,
                    linked);
    LLVMPositionBuilderAtEnd(u->b, linked);
    Dirty dirty = u->dirty;
    jump_to_code(u, next);
    LLVMPositionBuilderAtEnd(u->b, empty);
    u->dirty = dirty;
    u->dead = false;
}

void lower_exit_tb(LLVMUnit *u, const TCGOp *op)
{
    uintptr_t val = op->args[0];
    if (u->opt.guest_ops && !u->flow_told && (val & TB_EXIT_MASK) != TB_EXIT_REQUESTED) {
        guest_ops_flow(u, NULL);
    }
    u->flow_told = false;
    lower_sync_begin(u);
    Value result = lower_i64(u, val);
    if ((val & ~(uintptr_t)TB_EXIT_MASK) == (uintptr_t)u->blocks[u->block].code && val) {
        result = LLVMBuildPtrToInt(u->b, code_ptr(u), u->l->i64, "");
        if (val & TB_EXIT_MASK) {
            result = LLVMBuildOr(u->b, result, lower_i64(u, val & TB_EXIT_MASK), "");
        }
    }
    Value at;
    if (u->opt.pinned) {
        Value args[LOWER_MAX_ENTRY_ARGS];
        lower_entry_args(u, LLVMBuildIntToPtr(u->b, result, u->l->ptr, ""), args);
        at = args[2];
        lower_tail_call(u, lower_entry_extern(u, LLVM_UNIT_EXIT_NAME), args);
    } else if (u->opt.frames) {
        Value args[LOWER_MAX_ENTRY_ARGS] = {u->env, LLVMBuildIntToPtr(u->b, result, u->l->ptr, "")};
        at = args[1];
        lower_tail_call(u, lower_entry_extern(u, "tcg_leave"), args);
    } else {
        at = LLVMBuildRet(u->b, result);
    }
    if ((val & TB_EXIT_MASK) == TB_EXIT_REQUESTED) {
        lower_sync_unrun(u, at);
    } else {
        lower_sync_leaving(u, at);
    }
    u->dead = true;
}

void lower_goto_ptr(LLVMUnit *u, const TCGOp *op)
{
    Value code = LLVMBuildIntToPtr(u->b, lower_get(u, op->args[0]), u->l->ptr, "");
    lower_sync_begin(u);
    if (u->opt.cold) {
        jump_to_code(u, code);
        u->dead = true;
        return;
    }
    // A place for the stores: an instruction before which they can stand.
    Value entry = load_entry(u, code);
    lower_sync_leaving(u, entry);
    enter_code(u, entry, code);
    u->dead = true;
}

// --- indirect jumps ------------------------------------------------------------------------------------

// The jump leaves for one of the given blocks of the function; `jump`, the first instruction of the way
// there, is built.  Goes on in the block `miss`, where it does not.
static void stay_in_function(LLVMUnit *u, Value jump, const unsigned *to, unsigned n,
                             LLVMBasicBlockRef miss)
{
    bool loop = false;
    for (unsigned i = 0; i < n; i++) {
        loop |= lower_in_loop(u, u->block, to[i]);
    }
    if (!loop) {
        lower_sync_leaving(u, jump);
    }
    for (unsigned i = 0; i < n; i++) {
        lower_edge(u, to[i]);
    }
    LLVMPositionBuilderAtEnd(u->b, miss);
}

// Compares the pc with one block's after the other.
static void lower_compares(LLVMUnit *u, Value pc, const unsigned *to, unsigned n)
{
    Value first = NULL;
    LLVMBasicBlockRef miss = NULL;
    for (unsigned i = 0; i < n; i++) {
        Value same = LLVMBuildICmp(u->b, LLVMIntEQ, pc, lower_i64(u, u->blocks[to[i]].pc), "");
        miss = lower_new_bb(u, "miss");
        Value branch = LLVMBuildCondBr(u->b, same, lower_edge_target(u, to[i]), miss);
        first = first ? first : branch;
        LLVMPositionBuilderAtEnd(u->b, miss);
    }
    stay_in_function(u, first, to, n, miss);
}

// A number that, as `(pc * factor) >> (64 - bits)`, tells the blocks' pcs apart; 0: none was found.
static uint64_t find_factor(const LLVMUnit *u, const unsigned *to, unsigned n, unsigned bits)
{
    g_autofree uint32_t *seen = g_new0(uint32_t, (size_t)1 << bits);
    uint64_t factor = 0x9e3779b97f4a7c15u;
    for (uint32_t turn = 1; turn <= 2000; turn++) {
        unsigned i = 0;
        for (; i < n; i++) {
            uint32_t *slot = &seen[u->blocks[to[i]].pc * factor >> (64 - bits)];
            if (*slot == turn) {
                break;
            }
            *slot = turn;
        }
        if (i == n) {
            return factor;
        }
        factor = factor * 0xd1342543de82ef95u + 2; // stays odd
    }
    return 0;
}

// A jump to many blocks: a table that the pc is hashed into, so that the host's processor has one indirect
// jump to foresee as it would have running the program itself.  (LLVM's switch over the pcs themselves
// would be a tree of comparisons.)
static void lower_dispatch(LLVMUnit *u, Value pc, const unsigned *to, unsigned n)
{
    enum { MORE_BITS = 4 };
    unsigned bits = 64 - (unsigned)__builtin_clzll(n - 1), last = bits + MORE_BITS;
    uint64_t factor = 0;
    for (; bits <= last && !(factor = find_factor(u, to, n, bits)); bits++) {
    }
    if (!factor) {
        lower_compares(u, pc, to, n);
        return;
    }
    unsigned size = 1u << bits;
    g_autofree int *slots = g_new(int, size);
    for (unsigned i = 0; i < size; i++) {
        slots[i] = -1;
    }
    for (unsigned i = 0; i < n; i++) {
        slots[u->blocks[to[i]].pc * factor >> (64 - bits)] = (int)to[i];
    }
    Value hash = LLVMBuildMul(u->b, pc, lower_i64(u, factor), "");
    hash = LLVMBuildLShr(u->b, hash, lower_i64(u, 64 - bits), "");
    LLVMBasicBlockRef miss = lower_new_bb(u, "miss"), never = lower_new_bb(u, "never");
    Value jump = LLVMBuildSwitch(u->b, hash, never, size);
    LLVMPositionBuilderAtEnd(u->b, never);
    LLVMBuildUnreachable(u->b);
    for (unsigned i = 0; i < size; i++) {
        LLVMBasicBlockRef slot = miss;
        if (slots[i] >= 0) {
            slot = lower_new_bb(u, "slot");
            LLVMPositionBuilderAtEnd(u->b, slot);
            Value wrong = LLVMBuildICmp(u->b, LLVMIntNE, pc, lower_i64(u, u->blocks[slots[i]].pc),
                                        "");
            lower_unlikely(u, wrong, miss, lower_edge_target(u, (unsigned)slots[i]));
        }
        LLVMAddCase(jump, lower_i64(u, i), slot);
    }
    stay_in_function(u, jump, to, n, miss);
}

// An indirect jump that may stay in the function: a return to the block behind a call that the function holds,
// another jump to where it went before.
static void lower_guess(LLVMUnit *u)
{
    enum { COMPARES = 3 };
    const LLVMUnitBlock *b = &u->blocks[u->block];
    g_autofree unsigned *returns = g_new(unsigned, u->n_blocks);
    const unsigned *to = b->targets;
    unsigned n = b->n_targets;
    if (b->jump_kind == TCG_JUMP_RETURN) {
        to = returns;
        n = 0;
        for (unsigned i = 0; i < u->n_blocks; i++) {
            if (u->blocks[i].guess) {
                returns[n++] = i;
            }
        }
    }
    if (n == 0) {
        return;
    }
    Value pc = lower_get(u, (TCGArg)u->s->temps[u->opt.pc_global + 1]);
    lower_flush(u);
    if (n <= COMPARES) {
        lower_compares(u, pc, to, n);
    } else {
        lower_dispatch(u, pc, to, n);
    }
}

// The TCGCode at the guest's pc, from the jump cache or by the helper lookup_tb_ptr; pc is in env.
static Value find_code(LLVMUnit *u, Value pc, const TCGHelperInfo *lookup, uint64_t jump_mode)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    Value cache = lower_load_env(u, l->ptr, offsetof(CPUState, jump_cache));
    // cpu_jump_cache_hash
    Value hash = LLVMBuildXor(b, pc, LLVMBuildLShr(b, pc, lower_i64(u, TB_JMP_CACHE_BITS), ""), "");
    hash = LLVMBuildAnd(b, hash, lower_i64(u, TB_JMP_CACHE_SIZE - 1), "");
    hash = LLVMBuildMul(b, hash, lower_i64(u, sizeof(TBJumpCacheEntry)), "");
    Value e = LLVMBuildInBoundsGEP2(b, l->i8, cache, &hash, 1, "");
    Value key = LLVMBuildXor(b, pc, lower_i64(u, tb_jump_tag(jump_mode)), ""); // tb_jump_key
    Value hit = LLVMBuildICmp(b, LLVMIntEQ,
                              load_field(u, l->i64, e, offsetof(TBJumpCacheEntry, key)), key, "");
    Value code = load_field(u, l->ptr, e, offsetof(TBJumpCacheEntry, code));
    LLVMBasicBlockRef here = LLVMGetInsertBlock(b), miss = lower_new_bb(u, "lookup"),
                      jump = lower_new_bb(u, "jump");
    lower_unlikely(u, LLVMBuildNot(b, hit, ""), miss, jump);
    LLVMPositionBuilderAtEnd(b, miss);
    Type type;
    Value fn = helper_declaration(u, lookup, &type);
    Value found = LLVMBuildCall2(b, type, fn, &u->env, 1, "");
    call_attributes(u, found, lookup);
    LLVMBuildBr(b, jump);
    LLVMPositionBuilderAtEnd(b, jump);
    Value to = LLVMBuildPhi(b, l->ptr, "");
    Value values[] = {code, found};
    LLVMBasicBlockRef blocks[] = {here, miss};
    LLVMAddIncoming(to, values, blocks, 2);
    return to;
}

// lookup_tb_ptr and goto_ptr together: a return, or a look into the jump cache, the helper only when that misses.
static void lower_indirect(LLVMUnit *u, const TCGOp *call)
{
    const LLVMUnitBlock *block = &u->blocks[u->block];
    unsigned pc_global = (unsigned)u->opt.pc_global;
    lower_guess(u);
    Value pc = lower_get(u, (TCGArg)u->s->temps[pc_global + 1]);
    if (u->opt.exits) {
        leave_by(u, LLVM_UNIT_WAY_INDIRECT, LLVMBuildIntToPtr(u->b, pc, u->l->ptr, ""));
        return;
    }
    lower_sync_begin(u);
    // A place for the stores: an instruction before which they can stand.
    Value place = lower_load_env(u, u->l->ptr, offsetof(CPUState, jump_cache));
    lower_sync_leaving(u, place);
    Value to = find_code(u, pc, call->call_info, block->jump_mode);
    jump_to_code(u, to);
    u->dead = true;
}

// At a cold block's entry: TCGCode.counter and hot, as tcg-code.h says.
void lower_count(LLVMUnit *u)
{
    LLVMBasicBlockRef hot = lower_new_bb(u, "hot"), start = lower_new_bb(u, "start");
    Value counter = LLVMBuildLoad2(u->b, u->l->ptr, code_field(u, offsetof(TCGCode, counter)), "");
    Value count = LLVMBuildSub(u->b, LLVMBuildLoad2(u->b, u->l->i32, counter, ""), lower_i32(u, 1),
                               "");
    LLVMBuildStore(u->b, count, counter);
    LLVMBuildCondBr(u->b, LLVMBuildICmp(u->b, LLVMIntEQ, count, lower_i32(u, 0), ""), hot, start);
    LLVMPositionBuilderAtEnd(u->b, hot);
    Type params[] = {u->l->ptr, u->l->ptr};
    Type type = LLVMFunctionType(u->l->void_, params, 2, false);
    Value args[] = {u->env, code_ptr(u)};
    LLVMBuildCall2(u->b, type, lower_extern(u, "myna_tb_hot", type), args, 2, "");
    LLVMBuildBr(u->b, start);
    LLVMPositionBuilderAtEnd(u->b, start);
}

// What it calls, under this name in the Jit.
void myna_tb_hot(void *env, const TCGCode *code)
{
    void (*hot)(void *, const TCGCode *) = code->hot;
    if (hot) {
        hot(env, code);
    }
}

// raise_exception(env, EXCP_SYSCALL)
bool llvm_unit_is_syscall(const TCGOp *op)
{
    if (op->opc != INDEX_op_call || strcmp(op->call_info->name, "raise_exception") != 0 ||
        op->nin != 2) {
        return false;
    }
    const TCGTemp *number = arg_temp(op->args[1]);
    return number->kind == TEMP_CONST && number->val == EXCP_SYSCALL;
}

// A call.  lookup_tb_ptr with goto_ptr behind it is an indirect jump.
void lower_call(LLVMUnit *u, const TCGOp *op)
{
    const TCGHelperInfo *info = op->call_info;
    bool indirect = llvm_unit_is_indirect(op);
    if (u->opt.guest_ops && indirect) {
        if (u->blocks[u->block].after_call) {
            lower_sync_begin(u);
        }
        if (goes_on(u, guest_ops_flow(u, NULL))) {
            return;
        }
    }
    if (!u->opt.cold && u->opt.pc_global >= 0 && indirect) {
        lower_indirect(u, op);
        return;
    }
    Type type;
    Value fn = helper_declaration(u, info, &type), args[TCG_MAX_CALL_ARGS + 1], result_at = NULL;
    unsigned n = 0;
    if (op->nout && by_pointer(info->ret)) {
        args[n++] = result_at = lower_scratch(u, info->ret, TCG_MAX_CALL_ARGS);
    }
    for (unsigned i = 0; i < op->nin; i++) {
        TCGArg arg = op->args[op->nout + i];
        if (info->ptr_mask >> i & 1) {
            args[n++] = arg_temp(arg)->kind == TEMP_FIXED
                            ? u->env
                            : LLVMBuildIntToPtr(u->b, lower_get(u, arg), u->l->ptr, "");
        } else if (by_pointer(info->args[i])) {
            Value at = lower_scratch(u, info->args[i], i);
            LLVMBuildStore(u->b, lower_get(u, arg), at);
            args[n++] = at;
        } else {
            args[n++] = lower_get(u, arg);
        }
    }
    bool reads = !(info->flags & TCG_CALL_NO_READ_GLOBALS);
    bool writes = reads && !(info->flags & (TCG_CALL_NO_WRITE_GLOBALS | TCG_CALL_NO_RETURN));
    if (reads) {
        lower_sync_begin(u);
    }
    if (u->opt.guest_ops && llvm_unit_is_syscall(op)) {
        Value marker = guest_ops_syscall(u);
        if (goes_on(u, marker)) {
            return;
        }
        lower_sync_before(u, marker, u->precise);
    }
    Value call = LLVMBuildCall2(u->b, type, fn, args, n, "");
    call_attributes(u, call, info);
    if (reads) {
        lower_sync_before(u, call, u->precise);
    } else if (!(info->flags & TCG_CALL_NO_SIDE_EFFECTS)) {
        lower_count_look(u, call);
    }
    if (info->flags & TCG_CALL_NO_RETURN) {
        LLVMBuildUnreachable(u->b);
        u->dead = true;
        return;
    }
    if (writes) {
        lower_reload_after(u, call);
    }
    if (op->nout) {
        Value v = call;
        if (result_at) {
            v = LLVMBuildLoad2(u->b, u->l->types[info->ret], result_at, "");
        } else if (info->ptr_mask >> 15) {
            v = LLVMBuildPtrToInt(u->b, call, u->l->i64, "");
        }
        lower_set(u, op->args[0], v);
    }
}
