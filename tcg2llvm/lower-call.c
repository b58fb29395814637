// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest calls as host calls, guest returns as host returns.
//
// A hot unit has two functions.  `tb_<pc>.r` holds the code.  It takes env and the pinned guest registers as
// arguments, in host registers (x86_regcallcc), and gives back a guest pc and the same registers.  `tb_<pc>`
// is a TCGEntry around it, for whoever comes from elsewhere: cpu_exec, the quick tier.
//
//   A guest call, to a block that has such a function, is a host call of it.  When it comes back with the pc
//   behind the guest's call, the caller goes on there, with the registers it got.
//   A guest return gives the pc that the guest returns to.
//   Every other way out gives LEFT, and says in env where the guest goes on (CPUState.unit_jump, unit_exit).
//   Where that has such a function, the caller runs it in the callee's place: a jump out of a unit, a loop that is
//   a unit of its own, do not lose the callers.
//   Whatever else comes back, the caller returns it in turn, outwards to tb_<pc> and cpu_exec.
//
// So a host frame holds no state of the guest's: it may be left at any time (siglongjmp), and to go on in one is
// right whenever the pc is the one that it waits for.  That is all that longjmp, coroutines, changed return
// addresses and exceptions need.  When a unit is dropped, its code may still be returned to, until every CPU has
// seen its exit request: the caller looks at the request before it goes on.
//
// Registers that are not pinned are in env at each of these borders; pinned ones are not.
#include "tcg2llvm/lower.h"

#include <string.h>

#include "helpers/cpu-state.h"

#define LEFT UINT64_MAX // no call returns there

static Value const_left(LLVMUnit *u) { return lower_i64(u, LEFT); }

void lower_pinned_init(LLVMUnit *u)
{
    LLVMLower *l = u->l;
    unsigned n_pinned = u->opt.n_pinned;
    memset(&u->pinned_set, 0, sizeof(u->pinned_set));
    for (unsigned n = 0; n < n_pinned; n++) {
        u->pinned_set.w[u->opt.pinned[n] / 64] |= 1ull << (u->opt.pinned[n] % 64);
    }
    Type fields[LOWER_MAX_PINNED + 1], params[LOWER_MAX_PINNED + 1];
    for (unsigned i = 0; i <= n_pinned; i++) {
        fields[i] = params[i] = l->i64;
    }
    params[0] = l->ptr;
    l->reg_result = LLVMStructTypeInContext(l->c, fields, n_pinned + 1, false);
    l->reg_type = LLVMFunctionType(l->reg_result, params, n_pinned + 1, false);
}

bool lower_is_pinned(const LLVMUnit *u, unsigned g)
{
    return u->registers && u->pinned_set.w[g / 64] >> (g % 64) & 1;
}

// --- values and registers --------------------------------------------------------------------------------

static Value to_i64(LLVMUnit *u, Value v)
{
    return LLVMTypeOf(v) == u->l->i64 ? v : LLVMBuildZExt(u->b, v, u->l->i64, "");
}

static Value set_home(LLVMUnit *u, unsigned n, Value v)
{
    unsigned g = u->opt.pinned[n];
    Type type = u->l->types[u->global_type[g]];
    v = type == u->l->i64 ? v : LLVMBuildTrunc(u->b, v, type, "");
    LLVMBuildStore(u->b, v, lower_home(u, g));
    return v;
}

static Value get_home(LLVMUnit *u, unsigned n)
{
    unsigned g = u->opt.pinned[n];
    return to_i64(u, LLVMBuildLoad2(u->b, u->l->types[u->global_type[g]], lower_home(u, g), ""));
}

static void store_pc(LLVMUnit *u, Value pc)
{
    unsigned g = (unsigned)u->opt.pc_global;
    Type type = u->l->types[u->global_type[g]];
    pc = type == u->l->i64 ? pc : LLVMBuildTrunc(u->b, pc, type, "");
    lower_store_env(u, pc, u->global_offset[g]);
}

static Value env_field(LLVMUnit *u, Type type, size_t offset)
{
    return lower_load_env(u, type, (intptr_t)offset);
}

// The function's parameters to their homes, and to env; at the end of `entry`.
void lower_take_registers(LLVMUnit *u, bool store)
{
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        Value v = set_home(u, n, LLVMGetParam(u->fn, n + 1));
        if (store) {
            lower_store_env(u, v, u->global_offset[u->opt.pinned[n]]);
        }
    }
}

// Returns pc with the registers.  The globals' values are at home.
void lower_return(LLVMUnit *u, Value pc)
{
    Value result = LLVMGetPoison(u->l->reg_result);
    result = LLVMBuildInsertValue(u->b, result, to_i64(u, pc), 0, "");
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        result = LLVMBuildInsertValue(u->b, result, get_home(u, n), n + 1, "");
    }
    lower_sync_leaving(u, LLVMBuildRet(u->b, result));
    u->dead = true;
}

// Leaves for block `code`; NULL: for cpu_exec with `exit`.
void lower_leave(LLVMUnit *u, Value code, Value exit)
{
    if (!code) {
        lower_store_env(u, exit, offsetof(CPUState, unit_exit));
        code = LLVMConstNull(u->l->ptr);
    }
    lower_store_env(u, code, offsetof(CPUState, unit_jump));
    lower_return(u, const_left(u));
}

static Value build_call(LLVMUnit *u, Value fn, Value *args)
{
    Value call = LLVMBuildCall2(u->b, u->l->reg_type, fn, args, u->opt.n_pinned + 1, "");
    LLVMSetInstructionCallConv(call, LLVMX86RegCallCallConv);
    lower_call_attr(u, call, u->l->attr_strictfp, 0);
    lower_call_attr(u, call, u->l->attr_nounwind, 0);
    return call;
}

// --- what a callee gives back ---------------------------------------------------------------------------

// What came of a call, when the blocks that have functions of this kind have been run in the callee's place.  Three
// ways on, blocks without a builder yet: `returned`, with the expected pc (LEFT: with any); `jump`, to block `to`;
// `exit`, with whatever else.
typedef struct Outcome {
    Value result, pc, to;
    LLVMBasicBlockRef returned, jump, exit;
} Outcome;

static Outcome follow(LLVMUnit *u, Value first, uint64_t expected)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    LLVMBasicBlockRef start = LLVMGetInsertBlock(b), look = lower_new_bb(u, "back"),
                      other = lower_new_bb(u, "elsewhere"), left = lower_new_bb(u, "left"),
                      jumps = lower_new_bb(u, "jumps"), more = lower_new_bb(u, "more");
    Outcome o = {.returned = lower_new_bb(u, "returned"),
                 .jump = lower_new_bb(u, "leave"),
                 .exit = lower_new_bb(u, "exit")};
    LLVMBuildBr(b, look);
    LLVMPositionBuilderAtEnd(b, look);
    o.result = LLVMBuildPhi(b, l->reg_result, "");
    o.pc = LLVMBuildExtractValue(b, o.result, 0, "");
    LLVMAddIncoming(o.result, &first, &start, 1);
    if (expected != LEFT) {
        Value same = LLVMBuildICmp(b, LLVMIntEQ, o.pc, lower_i64(u, expected), "");
        lower_unlikely(u, LLVMBuildNot(b, same, ""), other, o.returned);
    } else {
        LLVMBuildBr(b, other);
    }
    LLVMPositionBuilderAtEnd(b, other);
    Value out = LLVMBuildICmp(b, LLVMIntEQ, o.pc, const_left(u), "");
    LLVMBuildCondBr(b, out, left, expected != LEFT ? o.exit : o.returned);
    LLVMPositionBuilderAtEnd(b, left);
    o.to = env_field(u, l->ptr, offsetof(CPUState, unit_jump));
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, o.to, ""), o.exit, jumps);
    LLVMPositionBuilderAtEnd(b, jumps);
    Value fn = lower_load_code(u, o.to, offsetof(TCGCode, reg_entry));
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, fn, ""), o.jump, more);
    LLVMPositionBuilderAtEnd(b, more);
    Value args[LOWER_MAX_PINNED + 1] = {u->env};
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        args[n + 1] = LLVMBuildExtractValue(b, o.result, n + 1, "");
    }
    Value next = build_call(u, fn, args);
    LLVMAddIncoming(o.result, &next, &more, 1);
    LLVMBuildBr(b, look);
    return o;
}

// --- a guest call ----------------------------------------------------------------------------------------

bool lower_hosts_call(const LLVMUnit *u, unsigned i)
{
    const LLVMUnitBlock *b = &u->blocks[i];
    return u->registers && b->jump_kind == TCG_JUMP_CALL && b->behind >= 0 && b->succ[0] <= 0 &&
           b->succ[1] <= 0;
}

// Runs the callee and goes on behind the call; from a place where pinned registers are at home and the others in
// env.
static void call(LLVMUnit *u, Value fn)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    unsigned behind = (unsigned)u->blocks[u->block].behind;
    uint64_t expected = u->blocks[behind].pc;
    Value args[LOWER_MAX_PINNED + 1] = {u->env};
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        args[n + 1] = get_home(u, n);
    }
    Outcome o = follow(u, build_call(u, fn, args), expected);
    LLVMPositionBuilderAtEnd(b, o.jump);
    LLVMBuildRet(b, o.result);
    LLVMPositionBuilderAtEnd(b, o.exit);
    LLVMBuildRet(b, o.result);

    LLVMPositionBuilderAtEnd(b, o.returned);
    Value request = env_field(u, l->i32, offsetof(CPUState, exit_request));
    LLVMSetVolatile(request, true);
    LLVMBasicBlockRef asked = lower_new_bb(u, "asked"), go_on = lower_new_bb(u, "go.on");
    lower_unlikely(u, LLVMBuildICmp(b, LLVMIntNE, request, lower_i32(u, 0), ""), asked, go_on);
    LLVMPositionBuilderAtEnd(b, asked);
    store_pc(u, o.pc);
    lower_store_env(u, lower_i64(u, 0), offsetof(CPUState, unit_exit));
    lower_store_env(u, LLVMConstNull(l->ptr), offsetof(CPUState, unit_jump));
    LLVMBuildRet(b, LLVMBuildInsertValue(b, o.result, const_left(u), 0, ""));

    LLVMPositionBuilderAtEnd(b, go_on);
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        set_home(u, n, LLVMBuildExtractValue(b, o.result, n + 1, ""));
    }
    Value branch = LLVMBuildBr(b, lower_edge_target(u, behind));
    lower_reload_before(u, branch);
    u->dirty = (Dirty){.local = u->pinned_set};
    lower_edge(u, behind);
    u->dead = true;
}

// Calls block `code`, which is known not to be NULL, or, when it has no way in for calls or the host's stack is
// deep, leaves for it.
void lower_call_unit(LLVMUnit *u, Value code)
{
    LLVMBuilderRef b = u->b;
    LLVMBasicBlockRef leave = lower_new_bb(u, "no.call"), ok = lower_new_bb(u, "call");
    lower_sync_begin(u);
    Value fn = code ? lower_load_code(u, code, offsetof(TCGCode, reg_entry)) : u->fn;
    Value limit = env_field(u, u->l->i64, offsetof(CPUState, stack_limit));
    lower_sync_leaving(u, code ? fn : limit);
    Value sp = lower_asm(u, u->l->i64, "movq %rsp, $0", "=r", NULL, 0, false);
    Value no = LLVMBuildICmp(b, LLVMIntULT, sp, limit, "");
    if (code) {
        no = LLVMBuildOr(b, no, LLVMBuildIsNull(b, fn, ""), "");
    }
    lower_unlikely(u, no, leave, ok);
    LLVMPositionBuilderAtEnd(b, leave);
    lower_leave(u, code ? code : lower_own_code(u), NULL);
    u->dead = false;
    LLVMPositionBuilderAtEnd(b, ok);
    call(u, fn);
}

// --- the way in from elsewhere -----------------------------------------------------------------------------

// tb_<pc>: loads the pinned registers, runs the unit and those it leads to, stores them, goes on.
void lower_entry_function(LLVMUnit *u)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    Value inner = u->fn, env = u->env;
    const TCGHelperInfo *lookup = tcg_find_helper_by_name("lookup_tb_ptr");
    u->fn = LLVMAddFunction(u->m, u->name, l->entry_type);
    lower_function_attributes(u);
    u->env = LLVMGetParam(u->fn, 0);
    LLVMPositionBuilderAtEnd(b, lower_new_bb(u, "entry"));
    Value args[LOWER_MAX_PINNED + 1] = {u->env};
    for (unsigned n = 0; n < u->opt.n_pinned; n++) {
        unsigned g = u->opt.pinned[n];
        args[n + 1] = to_i64(u,
                             lower_load_env(u, l->types[u->global_type[g]], u->global_offset[g]));
    }
    Outcome o = follow(u, build_call(u, inner, args), LEFT);

    // The registers, on each way out.
    LLVMBasicBlockRef ways[] = {o.returned, o.jump, o.exit};
    for (unsigned w = 0; w < 3; w++) {
        LLVMPositionBuilderAtEnd(b, ways[w]);
        for (unsigned n = 0; n < u->opt.n_pinned; n++) {
            unsigned g = u->opt.pinned[n];
            Value v = LLVMBuildExtractValue(b, o.result, n + 1, "");
            Type type = l->types[u->global_type[g]];
            v = type == l->i64 ? v : LLVMBuildTrunc(b, v, type, "");
            lower_store_env(u, v, u->global_offset[g]);
        }
    }
    LLVMPositionBuilderAtEnd(b, o.exit);
    LLVMBuildRet(b, env_field(u, l->i64, offsetof(CPUState, unit_exit)));
    LLVMPositionBuilderAtEnd(b, o.jump);
    lower_tail_call(u, o.to);
    LLVMPositionBuilderAtEnd(b, o.returned);
    store_pc(u, o.pc);
    lower_tail_call(u, lower_find_code(u, o.pc, lookup, u->blocks[0].jump_mode));
    u->fn = inner;
    u->env = env;
}
