// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block's ops in order: labels and branches, exits, helper calls, host memory; the rest goes to the
// op families.
//
// An exit through a jump slot loads the slot, and when it is linked tail-calls the entry of the block
// behind it.  With the slot's destination in the same function it is a plain branch: the destination
// was read from the slot when the region was formed, and relinking drops the whole unit (tier.h).
#include "tcg2llvm/lower.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "helpers/cpu-state.h"
#include "tcg2llvm/guest-ops.h"

// The exit-request check that the translator begins each block with: ld_i32 and brcond_i32.  Gives the
// branch, or NULL when the block begins otherwise: then every edge to it goes to its very start.
static const TCGOp *exit_check(const LLVMUnit *u)
{
    const TCGOp *load = u->s->ops.next, *branch = load->next;
    if (load->opc != INDEX_op_ld_i32 || branch->opc != INDEX_op_brcond_i32 ||
        arg_temp(load->args[1])->kind != TEMP_FIXED ||
        load->args[2] != offsetof(CPUState, exit_request) || branch->args[0] != load->args[0]) {
        return NULL;
    }
    return branch;
}

// --- before lowering: which temps cross labels, where globals are dirty ---------------------------------

// Temps used in more than one extended basic block get memory.
static void find_multi(LLVMUnit *u, const TCGOp *check)
{
    unsigned ebb = 1;
    TCG_FOREACH_OP(op, u->s)
    {
        if (op->opc == INDEX_op_set_label || op->prev == check) {
            ebb++;
        }
        unsigned n = tcg_op_nout(op) + tcg_op_nin(op);
        for (unsigned i = 0; i < n; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind != TEMP_NORMAL) {
                continue;
            }
            TempState *state = &u->temps[t->index];
            if (state->ebb && state->ebb != ebb) {
                state->multi = true;
            }
            state->ebb = ebb;
        }
    }
}

static bool in_unit_slot(const LLVMUnit *u, const TCGOp *op)
{
    return op->opc == INDEX_op_goto_tb && u->blocks[u->block].succ[op->args[0]] >= 0;
}

// True when control does not reach the op after this one.
static bool ends_path(const LLVMUnit *u, const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_br:
    case INDEX_op_exit_tb:
    case INDEX_op_goto_ptr: return true;
    case INDEX_op_goto_tb: return in_unit_slot(u, op);
    case INDEX_op_call: return op->call_info->flags & TCG_CALL_NO_RETURN;
    default: return false;
    }
}

// Outside of loops (see lower.h); and a lone block has no more than its two exits.
static bool syncs_branches(const LLVMUnit *u)
{
    return u->n_blocks > 1 && !lower_in_loop(u, u->block, u->block);
}

static bool syncs(const LLVMUnit *u, const TCGOp *op)
{
    unsigned flags = tcg_op_defs[op->opc].flags;
    if (op->opc == INDEX_op_call) {
        return !(op->call_info->flags & TCG_CALL_NO_READ_GLOBALS);
    }
    return (flags & TCG_OPF_BB_EXIT) || (u->precise && (flags & TCG_OPF_GUEST_MEM)) ||
           ((flags & TCG_OPF_COND_BRANCH) && syncs_branches(u) && op != exit_check(u));
}

// Forward dataflow over the block's labels: fills LabelState.dirty.  Only a backward branch makes a
// second walk necessary.
static void solve_labels(LLVMUnit *u)
{
    for (bool again = true; again;) {
        again = false;
        Dirty now = {.pass = true};
        bool dead = false;
        for (unsigned i = 0; i < u->s->nb_labels; i++) {
            u->labels[i].seen = false;
        }
        TCG_FOREACH_OP(op, u->s)
        {
            if (op->opc == INDEX_op_set_label) {
                LabelState *label = &u->labels[arg_label(op->args[0])->id];
                if (!dead) {
                    lower_dirty_join(&label->dirty, &now);
                }
                now = label->dirty;
                label->seen = true;
                dead = false;
                continue;
            }
            if (syncs(u, op)) {
                now = (Dirty){0};
            }
            unsigned nout = tcg_op_nout(op);
            for (unsigned i = 0; i < nout; i++) {
                const TCGTemp *t = arg_temp(op->args[i]);
                if (t->kind == TEMP_GLOBAL) {
                    unsigned g = t->index - 1;
                    now.local.w[g / 64] |= 1ull << (g % 64);
                }
            }
            const TCGLabel *target = tcg_op_branch_target(op);
            if (target && !dead) {
                LabelState *label = &u->labels[target->id];
                again |= lower_dirty_join(&label->dirty, &now) && label->seen;
            }
            dead |= ends_path(u, op);
        }
    }
}

// The hidden globals that the block's first ops overwrite before anything reads them or env.
static void find_killed(LLVMUnit *u, const TCGOp *check)
{
    GlobalSet read = {0};
    memset(&u->killed, 0, sizeof(u->killed));
    if (!check || !u->opt.hidden_globals || u->precise) {
        return;
    }
    for (const TCGOp *op = check->next; op != &u->s->ops; op = op->next) {
        if (op->opc == INDEX_op_set_label || tcg_op_branch_target(op) || syncs(u, op)) {
            break;
        }
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        for (unsigned i = nout; i < nout + nin; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind == TEMP_GLOBAL) {
                read.w[(t->index - 1) / 64] |= 1ull << ((t->index - 1) % 64);
            }
        }
        for (unsigned i = 0; i < nout; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind == TEMP_GLOBAL) {
                unsigned g = t->index - 1;
                u->killed.w[g / 64] |= 1ull << (g % 64) & ~read.w[g / 64] &
                                       u->opt.hidden_globals[g / 64];
            }
        }
    }
}

// --- labels and branches -------------------------------------------------------------------------------

static LLVMBasicBlockRef label_bb(LLVMUnit *u, const TCGLabel *label)
{
    LabelState *state = &u->labels[label->id];
    if (!state->bb) {
        char name[16];
        snprintf(name, sizeof(name), "L%u", label->id);
        state->bb = lower_new_bb(u, name);
    }
    return state->bb;
}

// Goes on in a block that others jump to: nothing is known in SSA.
static void start_bb(LLVMUnit *u, LLVMBasicBlockRef bb)
{
    if (!u->dead) {
        lower_flush(u);
        LLVMBuildBr(u->b, bb);
    }
    memset(&u->pending, 0, sizeof(u->pending));
    LLVMPositionBuilderAtEnd(u->b, bb);
    u->epoch++;
    u->global_epoch++;
    u->dead = false;
}

Value lower_icmp(LLVMUnit *u, TCGCond cond, Value a, Value b)
{
    static const LLVMIntPredicate predicates[TCG_COND_COUNT] = {
        [TCG_COND_EQ] = LLVMIntEQ,   [TCG_COND_NE] = LLVMIntNE,    [TCG_COND_LT] = LLVMIntSLT,
        [TCG_COND_GE] = LLVMIntSGE,  [TCG_COND_LE] = LLVMIntSLE,   [TCG_COND_GT] = LLVMIntSGT,
        [TCG_COND_LTU] = LLVMIntULT, [TCG_COND_GEU] = LLVMIntUGE,  [TCG_COND_LEU] = LLVMIntULE,
        [TCG_COND_GTU] = LLVMIntUGT, [TCG_COND_TSTEQ] = LLVMIntEQ, [TCG_COND_TSTNE] = LLVMIntNE,
    };
    Type type = LLVMTypeOf(a);
    if (cond == TCG_COND_NEVER || cond == TCG_COND_ALWAYS) {
        // A comparison that folds, of the right type for scalars and vectors.
        return LLVMBuildICmp(u->b, cond == TCG_COND_ALWAYS ? LLVMIntEQ : LLVMIntNE,
                             LLVMConstNull(type), LLVMConstNull(type), "");
    }
    if (cond == TCG_COND_TSTEQ || cond == TCG_COND_TSTNE) {
        a = LLVMBuildAnd(u->b, a, b, "");
        b = LLVMConstNull(type);
    }
    return LLVMBuildICmp(u->b, predicates[cond], a, b, "");
}

static void lower_brcond(LLVMUnit *u, const TCGOp *op)
{
    Value cond = lower_icmp(u, (TCGCond)op->args[2], lower_get(u, op->args[0]),
                            lower_get(u, op->args[1]));
    LLVMBasicBlockRef target = label_bb(u, arg_label(op->args[3])), next = lower_new_bb(u, "");
    lower_flush(u);
    if (op == exit_check(u)) {
        lower_unlikely(u, cond, target, next);
    } else {
        Value branch = LLVMBuildCondBr(u->b, cond, target, next);
        if (syncs_branches(u)) {
            lower_sync_before(u, branch, false);
        }
    }
    // What is known here is known there: no other block leads to it.
    LLVMPositionBuilderAtEnd(u->b, next);
}

static Value helper_declaration(LLVMUnit *u, const TCGHelperInfo *info, Type *type);
static void call_attributes(LLVMUnit *u, Value call, const TCGHelperInfo *info);

// --- exits ---------------------------------------------------------------------------------------------

// The TCGCode of the current block.  The first block's is what its entry was called with.
static Value code_ptr(LLVMUnit *u)
{
    const LLVMUnitBlock *block = &u->blocks[u->block];
    if (u->block == 0) {
        return u->code;
    }
    if (!u->opt.symbolic) {
        return LLVMConstIntToPtr(lower_i64(u, (uintptr_t)block->code), u->l->ptr);
    }
    char name[40];
    snprintf(name, sizeof(name), "code.%" PRIx64, block->pc);
    Value symbol = LLVMGetNamedGlobal(u->m, name);
    if (!symbol) {
        LowerSymbol known = {LLVMAddGlobal(u->m, u->l->i8, name), block->code};
        g_array_append_val(u->symbols, known);
        symbol = known.global;
    }
    return symbol;
}

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

// entry: what was loaded from code, whose first member it is.
static void tail_call(LLVMUnit *u, Value entry, Value code)
{
    Value args[] = {u->env, code};
    Value call = LLVMBuildCall2(u->b, u->l->entry_type, entry, args, 2, "");
    LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
    lower_call_attr(u, call, u->l->attr_strictfp, 0);
    LLVMBuildRet(u->b, call);
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
            tail_call(u, load_shared(u, u->l->ptr, u->jump_to, sizeof(void *)), u->jump_to);
            LLVMPositionBuilderAtEnd(u->b, here);
        }
        LLVMAddIncoming(u->jump_to, &code, &here, 1);
        LLVMBuildBr(u->b, u->jump_bb);
        return;
    }
    tail_call(u, load_shared(u, u->l->ptr, code, sizeof(void *)), code);
}

static void lower_goto_tb(LLVMUnit *u, const TCGOp *op)
{
    if (in_unit_slot(u, op)) {
        unsigned to = u->blocks[u->block].succ[op->args[0]];
        lower_flush(u);
        Value branch = LLVMBuildBr(u->b, lower_edge_target(u, to));
        if (!lower_in_loop(u, u->block, to)) {
            lower_sync_before(u, branch, false);
        }
        lower_edge(u, to);
        u->dead = true;
        return;
    }
    lower_sync_begin(u);
    Value slot = code_field(u, offsetof(TCGCode, jmp) + op->args[0] * sizeof(void *));
    Value next = load_shared(u, u->l->ptr, slot, sizeof(void *));
    lower_sync_before(u, next, false);
    LLVMBasicBlockRef linked = lower_new_bb(u, "linked"), empty = lower_new_bb(u, "unlinked");
    LLVMBuildCondBr(u->b, LLVMBuildICmp(u->b, LLVMIntEQ, next, LLVMConstNull(u->l->ptr), ""), empty,
                    linked);
    LLVMPositionBuilderAtEnd(u->b, linked);
    jump_to_code(u, next);
    LLVMPositionBuilderAtEnd(u->b, empty);
}

static void lower_exit_tb(LLVMUnit *u, const TCGOp *op)
{
    uintptr_t val = op->args[0];
    lower_sync_begin(u);
    Value result = lower_i64(u, val);
    if ((val & ~(uintptr_t)TB_EXIT_MASK) == (uintptr_t)u->blocks[u->block].code && val) {
        result = LLVMBuildPtrToInt(u->b, code_ptr(u), u->l->i64, "");
        if (val & TB_EXIT_MASK) {
            result = LLVMBuildOr(u->b, result, lower_i64(u, val & TB_EXIT_MASK), "");
        }
    }
    Value ret = LLVMBuildRet(u->b, result);
    if ((val & TB_EXIT_MASK) == TB_EXIT_REQUESTED) {
        lower_sync_unrun(u, ret);
    } else {
        lower_sync_before(u, ret, false);
    }
    u->dead = true;
}

static void lower_goto_ptr(LLVMUnit *u, const TCGOp *op)
{
    Value code = LLVMBuildIntToPtr(u->b, lower_get(u, op->args[0]), u->l->ptr, "");
    lower_sync_begin(u);
    if (u->opt.cold) {
        jump_to_code(u, code);
        u->dead = true;
        return;
    }
    // A place for the stores: an instruction before which they can stand.
    Value entry = load_shared(u, u->l->ptr, code, sizeof(void *));
    lower_sync_before(u, entry, false);
    tail_call(u, entry, code);
    u->dead = true;
}

// An indirect jump that may stay in the function: compares the guest's pc with the blocks that are
// likely (return addresses).
static void lower_guess(LLVMUnit *u)
{
    Value pc = lower_get(u, (TCGArg)u->s->temps[u->opt.pc_global + 1]);
    lower_flush(u);
    LLVMBasicBlockRef miss = lower_new_bb(u, "miss");
    Value jump = LLVMBuildSwitch(u->b, pc, miss, 4);
    bool loop = false;
    for (unsigned i = 0; i < u->n_blocks; i++) {
        if (u->blocks[i].guess) {
            LLVMAddCase(jump, lower_i64(u, u->blocks[i].pc), lower_edge_target(u, i));
            loop |= lower_in_loop(u, u->block, i);
        }
    }
    if (!loop) {
        lower_sync_before(u, jump, false);
    }
    for (unsigned i = 0; i < u->n_blocks; i++) {
        if (u->blocks[i].guess) {
            lower_edge(u, i);
        }
    }
    LLVMPositionBuilderAtEnd(u->b, miss);
}

static Value field(LLVMUnit *u, Type type, Value base, size_t offset)
{
    Value index = lower_i64(u, offset);
    Value at = LLVMBuildInBoundsGEP2(u->b, u->l->i8, base, &index, 1, "");
    return load_shared(u, type, at, 8);
}

// lookup_tb_ptr and goto_ptr together: a look into the jump cache, the helper only when that misses.
static void lower_indirect(LLVMUnit *u, const TCGOp *call)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    if (u->has_guess) {
        lower_guess(u);
    }
    Value pc = lower_get(u, (TCGArg)u->s->temps[u->opt.pc_global + 1]);
    lower_sync_begin(u);
    Value cache = lower_load_env(u, l->ptr, offsetof(CPUState, jump_cache));
    lower_sync_before(u, cache, false);
    // cpu_jump_cache_hash
    Value hash = LLVMBuildXor(b, pc, LLVMBuildLShr(b, pc, lower_i64(u, TB_JMP_CACHE_BITS), ""), "");
    hash = LLVMBuildAnd(b, hash, lower_i64(u, TB_JMP_CACHE_SIZE - 1), "");
    hash = LLVMBuildMul(b, hash, lower_i64(u, sizeof(TBJumpCacheEntry)), "");
    Value e = LLVMBuildInBoundsGEP2(b, l->i8, cache, &hash, 1, "");
    Value same = LLVMBuildICmp(b, LLVMIntEQ, field(u, l->i64, e, offsetof(TBJumpCacheEntry, pc)),
                               pc, "");
    Value mode = field(u, l->i64, e, offsetof(TBJumpCacheEntry, mode));
    Value same_mode = LLVMBuildICmp(b, LLVMIntEQ, mode, lower_i64(u, u->blocks[u->block].jump_mode),
                                    "");
    Value code = field(u, l->ptr, e, offsetof(TBJumpCacheEntry, code));
    Value hit = LLVMBuildAnd(b, LLVMBuildAnd(b, same, same_mode, ""),
                             LLVMBuildIsNotNull(b, code, ""), "");
    LLVMBasicBlockRef here = LLVMGetInsertBlock(b), miss = lower_new_bb(u, "lookup"),
                      jump = lower_new_bb(u, "jump");
    lower_unlikely(u, LLVMBuildNot(b, hit, ""), miss, jump);
    LLVMPositionBuilderAtEnd(b, miss);
    Type type;
    Value fn = helper_declaration(u, call->call_info, &type);
    Value found = LLVMBuildCall2(b, type, fn, &u->env, 1, "");
    call_attributes(u, found, call->call_info);
    LLVMBuildBr(b, jump);
    LLVMPositionBuilderAtEnd(b, jump);
    Value to = LLVMBuildPhi(b, l->ptr, "");
    Value values[] = {code, found};
    LLVMBasicBlockRef blocks[] = {here, miss};
    LLVMAddIncoming(to, values, blocks, 2);
    jump_to_code(u, to);
    u->dead = true;
}

// At a cold block's entry: TCGCode.exec_count and hot, as tcg-code.h says.
static void lower_count(LLVMUnit *u)
{
    LLVMBasicBlockRef hot = lower_new_bb(u, "hot"), start = lower_new_bb(u, "start");
    Value counter = code_field(u, offsetof(TCGCode, exec_count));
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

static void lower_call(LLVMUnit *u, const TCGOp *op)
{
    const TCGHelperInfo *info = op->call_info;
    if (!u->opt.cold && u->opt.pc_global >= 0 && op->next->opc == INDEX_op_goto_ptr &&
        strcmp(info->name, "lookup_tb_ptr") == 0) {
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
    Value call = LLVMBuildCall2(u->b, type, fn, args, n, "");
    call_attributes(u, call, info);
    if (reads) {
        lower_sync_before(u, call, u->precise);
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

// --- host memory (the CPU state) ------------------------------------------------------------------------

typedef struct HostAccess {
    bool store, sign;
    unsigned size; // bytes; 0: the value's own
} HostAccess;

static bool host_access(TCGOpcode opc, HostAccess *a)
{
    // clang-format off
    switch (opc) {
    case INDEX_op_ld8u_i32: case INDEX_op_ld8u_i64:   *a = (HostAccess){.size = 1}; return true;
    case INDEX_op_ld8s_i32: case INDEX_op_ld8s_i64:   *a = (HostAccess){.size = 1, .sign = true}; return true;
    case INDEX_op_ld16u_i32: case INDEX_op_ld16u_i64: *a = (HostAccess){.size = 2}; return true;
    case INDEX_op_ld16s_i32: case INDEX_op_ld16s_i64: *a = (HostAccess){.size = 2, .sign = true}; return true;
    case INDEX_op_ld32u_i64:                          *a = (HostAccess){.size = 4}; return true;
    case INDEX_op_ld32s_i64:                          *a = (HostAccess){.size = 4, .sign = true}; return true;
    case INDEX_op_ld_i32: case INDEX_op_ld_i64: case INDEX_op_ld_f32: case INDEX_op_ld_f64:
    case INDEX_op_ld_vec:                             *a = (HostAccess){0}; return true;
    case INDEX_op_st8_i32: case INDEX_op_st8_i64:     *a = (HostAccess){.size = 1, .store = true}; return true;
    case INDEX_op_st16_i32: case INDEX_op_st16_i64:   *a = (HostAccess){.size = 2, .store = true}; return true;
    case INDEX_op_st32_i64:                           *a = (HostAccess){.size = 4, .store = true}; return true;
    case INDEX_op_st_i32: case INDEX_op_st_i64: case INDEX_op_st_f32: case INDEX_op_st_f64:
    case INDEX_op_st_vec:                             *a = (HostAccess){.store = true}; return true;
    default: return false;
    }
    // clang-format on
}

// Does the access touch a global's home in env?
static bool overlaps_global(LLVMUnit *u, intptr_t offset, unsigned size)
{
    for (unsigned g = 0; g < u->nb_globals; g++) {
        intptr_t start = u->global_offset[g];
        if (offset < start + (intptr_t)tcg_type_size(u->global_type[g]) &&
            start < offset + (intptr_t)size) {
            return true;
        }
    }
    return false;
}

static bool lower_host_op(LLVMUnit *u, const TCGOp *op)
{
    HostAccess a;
    if (!host_access((TCGOpcode)op->opc, &a)) {
        return false;
    }
    const TCGTemp *value = arg_temp(op->args[0]), *base = arg_temp(op->args[1]);
    intptr_t offset = (intptr_t)op->args[2];
    Type type = u->l->types[value->type];
    Type mem = a.size && a.size < tcg_type_size(value->type)
                   ? LLVMIntTypeInContext(u->l->c, a.size * 8)
                   : type;
    Value v = a.store ? lower_get(u, op->args[0]) : NULL;
    bool is_env = base->kind == TEMP_FIXED;
    bool overlaps = is_env &&
                    overlaps_global(u, offset,
                                    LLVMStoreSizeOfType(jit_context_data_layout(u->l->jit), mem));
    Value ptr = NULL;
    if (!is_env) {
        Value index = lower_i64(u, offset);
        ptr = LLVMBuildIntToPtr(u->b, lower_get(u, op->args[1]), u->l->ptr, "");
        ptr = LLVMBuildGEP2(u->b, u->l->i8, ptr, &index, 1, "");
    }
    if (overlaps) {
        lower_sync_begin(u);
    }
    Value access;
    if (a.store) {
        if (mem != type) {
            v = LLVMBuildTrunc(u->b, v, mem, "");
        }
        access = is_env ? lower_store_env(u, v, offset) : LLVMBuildStore(u->b, v, ptr);
    } else {
        access = is_env ? lower_load_env(u, mem, offset) : LLVMBuildLoad2(u->b, mem, ptr, "");
        if (is_env && offset == offsetof(CPUState, exit_request)) {
            LLVMSetVolatile(access, true); // another thread or a handler sets it
        }
    }
    if (!is_env) {
        LLVMSetAlignment(access, 1);
    }
    if (overlaps) {
        Dirty dirty = u->dirty;
        lower_sync_before(u, access, false);
        u->dirty = dirty; // solve_labels does not know of this sync
        if (a.store) {
            lower_reload_after(u, access);
        }
    }
    if (!a.store) {
        v = access;
        if (mem != type) {
            v = a.sign ? LLVMBuildSExt(u->b, v, type, "") : LLVMBuildZExt(u->b, v, type, "");
        }
        lower_set(u, op->args[0], v);
    }
    return true;
}

// --- the walk ------------------------------------------------------------------------------------------

static void lower_insn_start(LLVMUnit *u, const TCGOp *op)
{
    u->pc = op->args[0];
    if (u->di && !u->dead) {
        lower_set_line(u, u->pc);
    }
    if (u->opt.guest_ops && !u->dead) {
        guest_ops_insn(u, u->pc);
    }
}

static void lower_op(LLVMUnit *u, const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_call: lower_call(u, op); break;
    case INDEX_op_br:
        lower_flush(u);
        LLVMBuildBr(u->b, label_bb(u, arg_label(op->args[0])));
        u->dead = true;
        break;
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64: lower_brcond(u, op); break;
    case INDEX_op_mb:
        LLVMBuildFence(u->b, LLVMAtomicOrderingSequentiallyConsistent, false, "");
        break;
    case INDEX_op_goto_tb: lower_goto_tb(u, op); break;
    case INDEX_op_exit_tb: lower_exit_tb(u, op); break;
    case INDEX_op_goto_ptr: lower_goto_ptr(u, op); break;
    case INDEX_op_discard: break;
    default:
        if (!lower_int_op(u, op) && !lower_guest_op(u, op) && !lower_host_op(u, op) &&
            !lower_fp_op(u, op) && !lower_vecop_op(u, op) && !lower_vec_op(u, op)) {
            g_error("no lowering for the op %s", tcg_op_defs[op->opc].name);
        }
    }
}

void lower_block_ops(LLVMUnit *u)
{
    const TCGOp *check = exit_check(u);
    LLVMBasicBlockRef body = u->body_bb[u->block];
    find_multi(u, check);
    find_killed(u, check);
    if (!u->opt.cold) {
        solve_labels(u);
    } else {
        lower_count(u);
    }
    TCG_FOREACH_OP(op, u->s)
    {
        if (op->opc == INDEX_op_set_label) {
            const TCGLabel *label = arg_label(op->args[0]);
            start_bb(u, label_bb(u, label));
            u->dirty = u->labels[label->id].dirty;
        } else if (op->opc == INDEX_op_insn_start) {
            lower_insn_start(u, op);
        } else if (!u->dead) {
            lower_op(u, op);
            if (op == check && body) {
                start_bb(u, body);
            }
        }
    }
    if (!u->dead) {
        // The verifier lets no block end so; nothing is behind it.
        LLVMBuildUnreachable(u->b);
    }
    if (body && !check) {
        LLVMPositionBuilderAtEnd(u->b, body);
        LLVMBuildBr(u->b, u->check_bb[u->block]);
    }
}
