// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest memory accesses: from TCG ops to named calls, and from those (or at once) to plain IR.
//
// An access is unaligned (align 1) and never speculated: nothing says that its address may be read.  A
// load whose result is not used may vanish, and its fault with it; with TCGContext.precise (somebody
// handles the fault) accesses are volatile, and so they are with TCGContext.ordered: what another thread
// stores must be seen in the order of its stores, and a loop that waits for it must end.  Atomics are
// sequentially consistent.
//
// The way through named calls, with markers and disassembly, takes 28 us a block beside the 21 us that
// lowering takes anyway (and the 280 us of code generation at O0): it is gone only where somebody looks.
#include "tcg2llvm/guest-ops.h"

#include <stdio.h>
#include <string.h>

#include "tcg/interp.h"

typedef enum GuestOpKind { GUEST_LD, GUEST_ST, GUEST_CMPXCHG, GUEST_RMW } GuestOpKind;

// Read-modify-write operations; the number goes to myna_guest_atomic_swapped.
enum {
    RMW_XCHG,
    RMW_ADD,
    RMW_AND,
    RMW_OR,
    RMW_XOR,
    RMW_SMIN,
    RMW_UMIN,
    RMW_SMAX,
    RMW_UMAX,
    RMW_COUNT
};

static const struct {
    const char *name;
    LLVMAtomicRMWBinOp llvm;
} rmw_ops[RMW_COUNT] = {
    [RMW_XCHG] = {"xchg", LLVMAtomicRMWBinOpXchg}, [RMW_ADD] = {"add", LLVMAtomicRMWBinOpAdd},
    [RMW_AND] = {"and", LLVMAtomicRMWBinOpAnd},    [RMW_OR] = {"or", LLVMAtomicRMWBinOpOr},
    [RMW_XOR] = {"xor", LLVMAtomicRMWBinOpXor},    [RMW_SMIN] = {"smin", LLVMAtomicRMWBinOpMin},
    [RMW_UMIN] = {"umin", LLVMAtomicRMWBinOpUMin}, [RMW_SMAX] = {"smax", LLVMAtomicRMWBinOpMax},
    [RMW_UMAX] = {"umax", LLVMAtomicRMWBinOpUMax},
};

// Types in memory.
static const struct {
    const char *name;
    unsigned size;
    TCGType tcg; // the canonical value type; integers below i32 are TCG_TYPE_COUNT
} mem_types[] = {
    {"i8", 1, TCG_TYPE_COUNT},   {"i16", 2, TCG_TYPE_COUNT},  {"i32", 4, TCG_TYPE_I32},
    {"i64", 8, TCG_TYPE_I64},    {"i128", 16, TCG_TYPE_I128}, {"f32", 4, TCG_TYPE_F32},
    {"f64", 8, TCG_TYPE_F64},    {"v64", 8, TCG_TYPE_V64},    {"v128", 16, TCG_TYPE_V128},
    {"v256", 32, TCG_TYPE_V256},
};
enum { MEM_I8, MEM_I16, MEM_I32, MEM_I64, MEM_I128, MEM_F32, MEM_F64, MEM_V64, MEM_V128, MEM_V256 };

typedef struct GuestOp {
    GuestOpKind kind;
    unsigned rmw; // GUEST_RMW
    unsigned mem; // index into mem_types
    unsigned memop;
    Value addr, v, expected; // v: to be stored, or the operand
} GuestOp;

static Type mem_llvm_type(LLVMUnit *u, unsigned mem)
{
    TCGType t = mem_types[mem].tcg;
    return t != TCG_TYPE_COUNT ? u->l->types[t]
                               : LLVMIntTypeInContext(u->l->c, mem_types[mem].size * 8);
}

// --- plain IR ------------------------------------------------------------------------------------------

static Value guest_ptr(LLVMUnit *u, Value addr)
{
    if (u->guest_base) {
        addr = LLVMBuildAdd(u->b, addr, lower_i64(u, u->guest_base), "");
    }
    return LLVMBuildIntToPtr(u->b, addr, u->l->ptr, "");
}

// Bytes reversed: of the whole value, as one integer.
static Value swap_bytes(LLVMUnit *u, Value v, unsigned mem)
{
    unsigned size = mem_types[mem].size;
    if (size == 1) {
        return v;
    }
    Type type = LLVMTypeOf(v), integer = LLVMIntTypeInContext(u->l->c, size * 8);
    v = lower_cast(u, v, integer);
    v = lower_intrinsic(u, "llvm.bswap", &integer, 1, &v, 1);
    return lower_cast(u, v, type);
}

static void check_align(LLVMUnit *u, const GuestOp *g, bool write)
{
    LLVMLower *l = u->l;
    if (!(g->memop & MO_ALIGN) || mem_types[g->mem].size == 1) {
        return;
    }
    Type params[] = {l->ptr, l->i64, l->i32, l->i32};
    Type type = LLVMFunctionType(l->void_, params, 4, false);
    Value args[] = {u->env, g->addr, lower_i32(u, g->memop), lower_i32(u, write)};
    LLVMBuildCall2(u->b, type, lower_extern(u, "myna_guest_check_align", type), args, 4, "");
}

static Value plain_rmw(LLVMUnit *u, const GuestOp *g)
{
    LLVMLower *l = u->l;
    bool swap = g->memop & MO_BSWAP && mem_types[g->mem].size > 1;
    bool bitwise = g->rmw <= RMW_XOR && g->rmw != RMW_ADD;
    if (swap && !bitwise) {
        Type params[] = {l->i64, l->i64, l->i32, l->i32};
        Type type = LLVMFunctionType(l->i64, params, 4, false);
        Value args[] = {LLVMBuildPtrToInt(u->b, guest_ptr(u, g->addr), l->i64, ""),
                        LLVMBuildZExt(u->b, g->v, l->i64, ""), lower_i32(u, g->rmw),
                        lower_i32(u, g->memop)};
        Value old = LLVMBuildCall2(u->b, type, lower_extern(u, "myna_guest_atomic_swapped", type),
                                   args, 4, "");
        return LLVMBuildTrunc(u->b, old, mem_llvm_type(u, g->mem), "");
    }
    Value v = swap ? swap_bytes(u, g->v, g->mem) : g->v;
    Value old = LLVMBuildAtomicRMW(u->b, rmw_ops[g->rmw].llvm, guest_ptr(u, g->addr), v,
                                   LLVMAtomicOrderingSequentiallyConsistent, false);
    lower_set_scope(u, old, true);
    return swap ? swap_bytes(u, old, g->mem) : old;
}

static Value plain_cmpxchg(LLVMUnit *u, const GuestOp *g)
{
    bool swap = g->memop & MO_BSWAP;
    Value expected = swap ? swap_bytes(u, g->expected, g->mem) : g->expected;
    Value v = swap ? swap_bytes(u, g->v, g->mem) : g->v;
    Value pair = LLVMBuildAtomicCmpXchg(u->b, guest_ptr(u, g->addr), expected, v,
                                        LLVMAtomicOrderingSequentiallyConsistent,
                                        LLVMAtomicOrderingSequentiallyConsistent, false);
    lower_set_scope(u, pair, true);
    Value old = LLVMBuildExtractValue(u->b, pair, 0, "");
    return swap ? swap_bytes(u, old, g->mem) : old;
}

static Value plain(LLVMUnit *u, const GuestOp *g)
{
    bool is_volatile = g->memop & (GUEST_OP_VOLATILE | GUEST_OP_ORDERED);
    bool swap = g->memop & MO_BSWAP;
    u->precise = g->memop & GUEST_OP_VOLATILE;
    check_align(u, g, g->kind != GUEST_LD);
    switch (g->kind) {
    case GUEST_LD: {
        Value v = LLVMBuildLoad2(u->b, mem_llvm_type(u, g->mem), guest_ptr(u, g->addr), "");
        LLVMSetAlignment(v, 1);
        LLVMSetVolatile(v, is_volatile);
        lower_set_scope(u, v, true);
        return swap ? swap_bytes(u, v, g->mem) : v;
    }
    case GUEST_ST: {
        Value v = swap ? swap_bytes(u, g->v, g->mem) : g->v;
        Value store = LLVMBuildStore(u->b, v, guest_ptr(u, g->addr));
        LLVMSetAlignment(store, 1);
        LLVMSetVolatile(store, is_volatile);
        lower_set_scope(u, store, true);
        return NULL;
    }
    case GUEST_CMPXCHG: return plain_cmpxchg(u, g);
    default: return plain_rmw(u, g);
    }
}

// --- named calls ---------------------------------------------------------------------------------------

static void set_string(LLVMUnit *u, Value insn, unsigned kind, const char *text)
{
    LLVMContextRef c = u->l->c;
    LLVMMetadataRef string = LLVMMDStringInContext2(c, text, strlen(text));
    LLVMSetMetadata(insn, kind, LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, &string, 1)));
}

static Value named_call(LLVMUnit *u, const char *name, Type result, Value *args, unsigned n)
{
    Type params[5];
    for (unsigned i = 0; i < n; i++) {
        params[i] = LLVMTypeOf(args[i]);
    }
    Type type = LLVMFunctionType(result, params, n, false);
    Value call = LLVMBuildCall2(u->b, type, lower_extern(u, name, type), args, n, "");
    LLVMMetadataRef pc = LLVMValueAsMetadata(lower_i64(u, u->pc));
    LLVMSetMetadata(call, u->l->md_guest_pc,
                    LLVMMetadataAsValue(u->l->c, LLVMMDNodeInContext2(u->l->c, &pc, 1)));
    return call;
}

static Value named(LLVMUnit *u, const GuestOp *g)
{
    char name[48];
    Type type = mem_llvm_type(u, g->mem);
    Value memop = lower_i32(u, g->memop);
    const char *t = mem_types[g->mem].name;
    switch (g->kind) {
    case GUEST_LD: {
        Value args[] = {u->env, g->addr, memop};
        snprintf(name, sizeof(name), "guest.ld.%s", t);
        return named_call(u, name, type, args, 3);
    }
    case GUEST_ST: {
        Value args[] = {u->env, g->v, g->addr, memop};
        snprintf(name, sizeof(name), "guest.st.%s", t);
        named_call(u, name, u->l->void_, args, 4);
        return NULL;
    }
    case GUEST_CMPXCHG: {
        Value args[] = {u->env, g->addr, g->expected, g->v, memop};
        snprintf(name, sizeof(name), "guest.atomic.cmpxchg.%s", t);
        return named_call(u, name, type, args, 5);
    }
    default: {
        Value args[] = {u->env, g->addr, g->v, memop};
        snprintf(name, sizeof(name), "guest.atomic.%s.%s", rmw_ops[g->rmw].name, t);
        return named_call(u, name, type, args, 4);
    }
    }
}

void guest_ops_block(LLVMUnit *u, uint64_t pc, unsigned insns)
{
    Value args[] = {u->env, lower_i64(u, pc), lower_i32(u, insns)};
    named_call(u, "guest.block", u->l->void_, args, 3);
}

void guest_ops_insn(LLVMUnit *u, uint64_t pc)
{
    Value args[] = {u->env, lower_i64(u, pc)};
    Value call = named_call(u, "guest.insn", u->l->void_, args, 2);
    char text[128];
    if (u->opt.disassemble && u->opt.disassemble(u->opt.opaque, pc, text, sizeof(text))) {
        set_string(u, call, u->l->md_guest_asm, text);
    }
}

Value guest_ops_syscall(LLVMUnit *u)
{
    return named_call(u, "guest.syscall", u->l->void_, &u->env, 1);
}

Value guest_ops_flow(LLVMUnit *u, Value target)
{
    if (u->flow == LLVM_FLOW_NONE) {
        return NULL;
    }
    if (!target) {
        target = u->opt.pc_global < 0 ? lower_i64(u, 0)
                                      : lower_get(u, (TCGArg)u->s->temps[u->opt.pc_global + 1]);
    }
    if (LLVMTypeOf(target) != u->l->i64) {
        target = LLVMBuildZExt(u->b, target, u->l->i64, "");
    }
    Value args[] = {u->env, target, lower_i64(u, u->next_pc)};
    bool call = u->flow == LLVM_FLOW_CALL;
    return named_call(u, call ? "guest.call" : "guest.ret", u->l->void_, args, call ? 3 : 2);
}

void guest_ops_reg(LLVMUnit *u, Value access, const char *name)
{
    if (u->opt.guest_ops) {
        set_string(u, access, u->l->md_guest_reg, name);
    }
}

// --- from TCG ------------------------------------------------------------------------------------------

// Which guest operation a TCG op is; the type of its value in `type`.
static bool classify(const TCGOp *op, GuestOp *g, TCGType *type)
{
#define LD(T, N)                                                                                   \
    case INDEX_op_qemu_ld_##N:                                                                     \
        g->kind = GUEST_LD;                                                                        \
        *type = T;                                                                                 \
        return true;
#define ST(T, N)                                                                                   \
    case INDEX_op_qemu_st_##N:                                                                     \
        g->kind = GUEST_ST;                                                                        \
        *type = T;                                                                                 \
        return true;
#define CAS(T, N)                                                                                  \
    case INDEX_op_atomic_cmpxchg_##N:                                                              \
        g->kind = GUEST_CMPXCHG;                                                                   \
        *type = T;                                                                                 \
        return true;
#define RMW1(OP, R, T, N)                                                                          \
    case INDEX_op_atomic_##OP##_##N:                                                               \
        g->kind = GUEST_RMW;                                                                       \
        g->rmw = R;                                                                                \
        *type = T;                                                                                 \
        return true;
#define RMW(OP, R) RMW1(OP, R, TCG_TYPE_I32, i32) RMW1(OP, R, TCG_TYPE_I64, i64)
#define EACH(M)                                                                                    \
    M(TCG_TYPE_I32, i32)                                                                           \
    M(TCG_TYPE_I64, i64)                                                                           \
    M(TCG_TYPE_I128, i128)                                                                         \
    M(TCG_TYPE_F32, f32) M(TCG_TYPE_F64, f64) M((TCGType)op->type, vec)
    switch (op->opc) {
        EACH(LD)
        EACH(ST)
        CAS(TCG_TYPE_I32, i32)
        CAS(TCG_TYPE_I64, i64)
        CAS(TCG_TYPE_I128, i128)
        RMW(xchg, RMW_XCHG)
        RMW(fetch_add, RMW_ADD)
        RMW(fetch_and, RMW_AND)
        RMW(fetch_or, RMW_OR)
        RMW(fetch_xor, RMW_XOR)
        RMW(fetch_smin, RMW_SMIN)
        RMW(fetch_umin, RMW_UMIN)
        RMW(fetch_smax, RMW_SMAX)
        RMW(fetch_umax, RMW_UMAX)
    default: return false;
    }
#undef LD
#undef ST
#undef CAS
#undef RMW1
#undef RMW
#undef EACH
}

static unsigned mem_of(TCGType type, unsigned memop)
{
    switch (type) {
    case TCG_TYPE_I32:
    case TCG_TYPE_I64: {
        unsigned size = memop & MO_SIZE, most = type == TCG_TYPE_I32 ? MO_32 : MO_64;
        return MEM_I8 + (size < most ? size : most);
    }
    case TCG_TYPE_I128: return MEM_I128;
    case TCG_TYPE_F32: return MEM_F32;
    case TCG_TYPE_F64: return MEM_F64;
    case TCG_TYPE_V64: return MEM_V64;
    case TCG_TYPE_V128: return MEM_V128;
    default: return MEM_V256;
    }
}

// To the width in memory, and from it.
static Value to_mem(LLVMUnit *u, Value v, Type mem)
{
    return LLVMTypeOf(v) == mem ? v : LLVMBuildTrunc(u->b, v, mem, "");
}

static Value from_mem(LLVMUnit *u, Value v, Type type, unsigned memop)
{
    if (LLVMTypeOf(v) == type) {
        return v;
    }
    return memop & MO_SIGN ? LLVMBuildSExt(u->b, v, type, "") : LLVMBuildZExt(u->b, v, type, "");
}

bool guest_ops_is_plain(const TCGOp *op)
{
    GuestOp g = {0};
    TCGType type;
    if (!classify(op, &g, &type) || (g.kind != GUEST_LD && g.kind != GUEST_ST)) {
        return false;
    }
    unsigned memop = (unsigned)op->args[op->nargs - 1];
    return !(memop & MO_ALIGN) || mem_types[mem_of(type, memop)].size == 1;
}

bool lower_guest_op(LLVMUnit *u, const TCGOp *op)
{
    GuestOp g = {0};
    TCGType type;
    if (!classify(op, &g, &type)) {
        return false;
    }
    g.memop = op->args[op->nargs - 1];
    g.mem = mem_of(type, g.memop);
    Type mem = mem_llvm_type(u, g.mem);
    if (u->s->precise) {
        g.memop |= GUEST_OP_VOLATILE;
    }
    if (u->s->ordered) {
        g.memop |= GUEST_OP_ORDERED;
    }
    switch (g.kind) {
    case GUEST_LD: g.addr = lower_get(u, op->args[1]); break;
    case GUEST_ST:
        g.v = to_mem(u, lower_get(u, op->args[0]), mem);
        g.addr = lower_get(u, op->args[1]);
        break;
    case GUEST_CMPXCHG:
        g.addr = lower_get(u, op->args[1]);
        g.expected = to_mem(u, lower_get(u, op->args[2]), mem);
        g.v = to_mem(u, lower_get(u, op->args[3]), mem);
        break;
    case GUEST_RMW:
        g.addr = lower_get(u, op->args[1]);
        g.v = to_mem(u, lower_get(u, op->args[2]), mem);
        break;
    }
    lower_before_guest_access(u, op);
    Value result = u->opt.guest_ops ? named(u, &g) : plain(u, &g);
    lower_behind_guest_access(u, op);
    if (result) {
        lower_set(u, op->args[0], from_mem(u, result, u->l->types[type], g.memop));
    }
    return true;
}

// --- the last pass -------------------------------------------------------------------------------------

// Reads a named call.  False when it is not one of ours (a pass's own function, say).
static bool parse_call(Value call, const char *name, GuestOp *g)
{
    unsigned n = LLVMGetNumArgOperands(call);
    const char *type = strrchr(name, '.') + 1;
    for (g->mem = 0; g->mem < G_N_ELEMENTS(mem_types); g->mem++) {
        if (strcmp(type, mem_types[g->mem].name) == 0) {
            break;
        }
    }
    if (g->mem == G_N_ELEMENTS(mem_types) || n < 3 ||
        !LLVMIsAConstantInt(LLVMGetOperand(call, n - 1))) {
        return false;
    }
    g->memop = LLVMConstIntGetZExtValue(LLVMGetOperand(call, n - 1));
    if (g_str_has_prefix(name, "guest.ld.") && n == 3) {
        g->kind = GUEST_LD;
        g->addr = LLVMGetOperand(call, 1);
        return true;
    }
    if (g_str_has_prefix(name, "guest.st.") && n == 4) {
        g->kind = GUEST_ST;
        g->v = LLVMGetOperand(call, 1);
        g->addr = LLVMGetOperand(call, 2);
        return true;
    }
    if (g_str_has_prefix(name, "guest.atomic.cmpxchg.") && n == 5) {
        g->kind = GUEST_CMPXCHG;
        g->addr = LLVMGetOperand(call, 1);
        g->expected = LLVMGetOperand(call, 2);
        g->v = LLVMGetOperand(call, 3);
        return true;
    }
    for (g->rmw = 0; g->rmw < RMW_COUNT && n == 4; g->rmw++) {
        g_autofree char *prefix = g_strdup_printf("guest.atomic.%s.", rmw_ops[g->rmw].name);
        if (g_str_has_prefix(name, prefix)) {
            g->kind = GUEST_RMW;
            g->addr = LLVMGetOperand(call, 1);
            g->v = LLVMGetOperand(call, 2);
            return true;
        }
    }
    return false;
}

static bool is_marker(const char *name)
{
    static const char *const markers[] = {"guest.block", "guest.insn", "guest.syscall",
                                          "guest.call", "guest.ret"};
    bool marker = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(markers); i++) {
        marker |= strcmp(name, markers[i]) == 0;
    }
    return marker;
}

// Are the call's operands and result what its name says?
static bool has_types(Value call, const GuestOp *g)
{
    TCGType t = mem_types[g->mem].tcg;
    Type type = LLVMTypeOf(g->v ? g->v : call);
    unsigned bits = mem_types[g->mem].size * 8;
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    bool ok = LLVMGetTypeKind(LLVMTypeOf(g->addr)) == LLVMIntegerTypeKind;
    switch (t) {
    case TCG_TYPE_F32: ok &= kind == LLVMFloatTypeKind; break;
    case TCG_TYPE_F64: ok &= kind == LLVMDoubleTypeKind; break;
    case TCG_TYPE_V64:
    case TCG_TYPE_V128:
    case TCG_TYPE_V256: ok &= kind == LLVMVectorTypeKind; break;
    default: ok &= kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) == bits;
    }
    return ok && (!g->expected || LLVMTypeOf(g->expected) == type) &&
           (g->kind == GUEST_ST || LLVMTypeOf(call) == type);
}

char *guest_ops_check(LLVMModuleRef module)
{
    for (Value fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn)) {
        size_t length;
        const char *name = LLVMGetValueName2(fn, &length);
        if (!g_str_has_prefix(name, "guest.") || !LLVMIsDeclaration(fn)) {
            continue;
        }
        for (LLVMUseRef use = LLVMGetFirstUse(fn); use; use = LLVMGetNextUse(use)) {
            Value call = LLVMGetUser(use);
            GuestOp g = {0};
            bool called = LLVMIsACallInst(call) && LLVMGetCalledValue(call) == fn;
            if (!called ||
                (!is_marker(name) && (!parse_call(call, name, &g) || !has_types(call, &g)))) {
                return g_strdup_printf("'%s' is no guest operation, or not with these arguments",
                                       name);
            }
        }
    }
    return NULL;
}

static void lower_one(LLVMUnit *u, Value call, const char *name)
{
    GuestOp g = {0};
    if (!is_marker(name)) {
        if (!parse_call(call, name, &g)) {
            return;
        }
        LLVMPositionBuilderBefore(u->b, call);
        u->env = LLVMGetOperand(call, 0);
        Value result = plain(u, &g);
        if (result) {
            LLVMReplaceAllUsesWith(call, result);
        }
    }
    LLVMInstructionEraseFromParent(call);
}

void guest_ops_lower(LLVMUnit *u)
{
    for (Value fn = LLVMGetFirstFunction(u->m), next; fn; fn = next) {
        next = LLVMGetNextFunction(fn);
        size_t length;
        const char *name = LLVMGetValueName2(fn, &length);
        if (!g_str_has_prefix(name, "guest.") || !LLVMIsDeclaration(fn)) {
            continue;
        }
        for (LLVMUseRef use = LLVMGetFirstUse(fn), after; use; use = after) {
            after = LLVMGetNextUse(use);
            Value call = LLVMGetUser(use);
            if (LLVMIsACallInst(call) && LLVMGetCalledValue(call) == fn) {
                lower_one(u, call, name);
            }
        }
        if (!LLVMGetFirstUse(fn)) {
            LLVMDeleteFunction(fn);
        }
    }
}

// --- what generated code calls ---------------------------------------------------------------------------

static uint64_t apply(unsigned op, uint64_t a, uint64_t b, unsigned bits)
{
    unsigned shift = 64 - bits;
    int64_t sa = (int64_t)(a << shift) >> shift, sb = (int64_t)(b << shift) >> shift;
    switch (op) {
    case RMW_ADD: return a + b;
    case RMW_SMIN: return sa < sb ? a : b;
    case RMW_SMAX: return sa > sb ? a : b;
    case RMW_UMIN: return a < b ? a : b;
    case RMW_UMAX: return a > b ? a : b;
    default: g_assert_not_reached();
    }
}

#define SWAPPED_LOOP(T, SWAP)                                                                      \
    {                                                                                              \
        _Atomic T *at = (_Atomic T *)addr;                                                         \
        T old = atomic_load(at);                                                                   \
        while (!atomic_compare_exchange_weak(                                                      \
            at, &old, SWAP((T)apply(op, SWAP(old), (T)value, sizeof(T) * 8)))) {                   \
        }                                                                                          \
        return SWAP(old);                                                                          \
    }

// addr is a host address.
uint64_t myna_guest_atomic_swapped(uint64_t addr, uint64_t value, uint32_t op, uint32_t memop)
{
    switch (memop & MO_SIZE) {
    case MO_16: SWAPPED_LOOP(uint16_t, __builtin_bswap16)
    case MO_32: SWAPPED_LOOP(uint32_t, __builtin_bswap32)
    default: SWAPPED_LOOP(uint64_t, __builtin_bswap64)
    }
}

void myna_guest_check_align(void *env, uint64_t addr, uint32_t memop, uint32_t write)
{
    unsigned size = 1u << (memop & MO_SIZE);
    if (addr & (size - 1) && tcg_interp_unaligned_hook) {
        tcg_interp_unaligned_hook(env, addr, size, write);
    }
}
