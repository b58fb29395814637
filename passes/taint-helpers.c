// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint: helpers that move data between memory and registers in C, where the pass does not see it: string instructions,
// FXSAVE, XSAVE and their counterparts, x87. A row tells what a helper does; generated code calls functions of this file
// around it, which move the shadows.
//
// Registers are complete in env around such a helper, and so are their shadows in the shadow of env. A REP instruction that
// a fault ends has moved what its registers say; that part's shadows are moved when the helper is called again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "passes/taint.h"

typedef enum Moves {
    NOTHING,
    REP_MOVS,
    REP_STOS,
    SAVE_FX,
    SAVE_X,
    RESTORE_FX,
    RESTORE_X,
    X87_MOVES,
    X87_LOAD = X87_MOVES, // ST(0), pushed, is made of the arguments
    X87_LOAD_ST,          // of ST(argument)
    X87_CLEAR,            // ST(0) is a constant
    X87_STORE,            // the result is ST(0)'s
    X87_STORE_ST,         // ST(argument) becomes ST(0)
    X87_ARITH,            // ST(0), and the argument
    X87_ARITH_ST,         // of an operation, ST(second argument)
    X87_BINARY,           // ST(0), ST(1): either may hold the result
    X87_PUSH,             // ST(0) is made of ST(1), which was ST(0)
    X87_EXCHANGE,
    X87_SELECT, // ST(0), ST(argument)
    X87_INIT,
} Moves;

enum {
    N_VECTORS = 16,
    ST_AT = 32, // in the FXSAVE area (Intel SDM volume 1, table 10-2)
    XMM_AT = 160,
    YMMH_AT = 576, // in the XSAVE area's standard form (volume 1, 13.4.3)
    ST_SIZE = 10,
    X87 = 1,
    SSE = 2,
    AVX = 4 // components
};

static const struct {
    const char *name;
    Moves moves;
} rows[] = {
    {"rep_movs", REP_MOVS},    {"rep_stos", REP_STOS},      {"fxsave", SAVE_FX},
    {"fxrstor", RESTORE_FX},   {"xsave", SAVE_X},           {"xrstor", RESTORE_X},
    {"fld_f32", X87_LOAD},     {"fld_f64", X87_LOAD},       {"fld_f80", X87_LOAD},
    {"fild", X87_LOAD},        {"fbld", X87_LOAD},          {"fld_st", X87_LOAD_ST},
    {"fld_const", X87_CLEAR},  {"fst_f32", X87_STORE},      {"fst_f64", X87_STORE},
    {"fst_f80", X87_STORE},    {"fist16", X87_STORE},       {"fist32", X87_STORE},
    {"fist64", X87_STORE},     {"fistt16", X87_STORE},      {"fistt32", X87_STORE},
    {"fistt64", X87_STORE},    {"fbst", X87_STORE},         {"fst_st", X87_STORE_ST},
    {"farith_f32", X87_ARITH}, {"farith_f64", X87_ARITH},   {"farith_i16", X87_ARITH},
    {"farith_i32", X87_ARITH}, {"farith_st", X87_ARITH_ST}, {"fscale", X87_BINARY},
    {"fprem", X87_BINARY},     {"fprem1", X87_BINARY},      {"fyl2x", X87_BINARY},
    {"fyl2xp1", X87_BINARY},   {"fpatan", X87_BINARY},      {"fptan", X87_PUSH},
    {"fsincos", X87_PUSH},     {"fxtract", X87_PUSH},       {"fxch", X87_EXCHANGE},
    {"fcmov", X87_SELECT},     {"fninit", X87_INIT},
};

// Offsets in env.
static struct {
    size_t rax, rcx, rsi, rdi, df, top, mm[8], xmm[N_VECTORS], ymmh[N_VECTORS];
} at;

// What the registers were before a string instruction.
static _Thread_local struct {
    uint64_t count, source, target;
    int64_t step;
} before;

static size_t offset_of(const char *name)
{
    for (unsigned i = 0; i < taint.host->n_registers; i++) {
        if (strcmp(taint.host->registers[i].name, name) == 0) {
            return taint.host->registers[i].offset;
        }
    }
    return 0;
}

static uint64_t reg(const void *env, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const char *)env + offset, sizeof(value));
    return value;
}

// --- shadows ------------------------------------------------------------------------------------------------

static void put(uint64_t addr, const uint8_t *sources, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint8_t *to = taint_shadow_of(addr + i);
        if (!to && sources[i]) {
            taint_make_region(addr + i);
            to = taint_shadow_of(addr + i);
        }
        if (to) {
            *to = sources[i];
        }
    }
}

static void get(uint64_t addr, uint8_t *sources, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *from = taint_shadow_of(addr + i);
        sources[i] = from ? *from : 0;
    }
}

// Elements in the instruction's order, so that what overlaps repeats itself.
static void move_elements(uint64_t n, uint64_t size)
{
    uint64_t step = (uint64_t)before.step * size, bytes = n * size;
    bool upwards = before.step > 0, apart = before.target - before.source >= bytes;
    if (upwards && apart) {
        taint_move(before.target, before.source, bytes);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint8_t element[8];
        get(before.source + i * step, element, size);
        put(before.target + i * step, element, size);
    }
}

static void fill_elements(const uint8_t *sources, uint64_t n, uint64_t size)
{
    uint64_t first = before.step > 0 ? before.target : before.target - (n - 1) * size;
    bool clean = true;
    for (uint64_t i = 0; i < size; i++) {
        clean &= !sources[i];
    }
    if (clean) {
        taint_mark(first, n * size, 0);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        put(first + i * size, sources, size);
    }
}

// ST(i)'s shadow.
static uint8_t *st(const void *env, uint8_t *shadow_env, uint64_t i)
{
    uint32_t top;
    memcpy(&top, (const char *)env + at.top, sizeof(top));
    return shadow_env + at.mm[(top + i) & 7];
}

static void move(bool save, uint64_t addr, uint8_t *sources, uint64_t n)
{
    if (save) {
        put(addr, sources, n);
    } else {
        get(addr, sources, n);
    }
}

// Standard and compacted form have these components in the same place. env has the state that is saved, or is there now.
static void move_state(const void *env, uint8_t *shadow_env, uint64_t addr, uint64_t mask,
                       bool save)
{
    for (unsigned i = 0; i < 8 && (mask & X87); i++) {
        move(save, addr + ST_AT + 16 * i, st(env, shadow_env, i), ST_SIZE);
    }
    for (unsigned i = 0; i < N_VECTORS && (mask & SSE); i++) {
        move(save, addr + XMM_AT + 16 * i, shadow_env + at.xmm[i], 16);
    }
    for (unsigned i = 0; i < N_VECTORS && (mask & AVX); i++) {
        move(save, addr + YMMH_AT + 16 * i, shadow_env + at.ymmh[i], 16);
    }
}

// --- x87 ------------------------------------------------------------------------------------------------------

static uint8_t all_of(const uint8_t *sources)
{
    uint8_t all = 0;
    for (unsigned i = 0; i < ST_SIZE; i++) {
        all |= sources[i];
    }
    return all;
}

static void mix(uint8_t *x, uint8_t *y)
{
    uint8_t all = all_of(x) | all_of(y);
    memset(x, all, ST_SIZE);
    memset(y, all, ST_SIZE);
}

static void exchange(uint8_t *x, uint8_t *y)
{
    for (unsigned i = 0; i < ST_SIZE; i++) {
        uint8_t other = x[i];
        x[i] = y[i];
        y[i] = other;
    }
}

// Before an x87 instruction; gives the sources of ST(0).
static uint8_t x87_before(const void *env, void *block, uint64_t moves, uint64_t first,
                          uint64_t second, uint8_t arguments)
{
    uint8_t *shadow_env = (uint8_t *)block + taint.env_at, *top = st(env, shadow_env, 0);
    switch ((Moves)moves) {
    case X87_STORE_ST: memmove(st(env, shadow_env, first), top, ST_SIZE); break;
    case X87_ARITH:
        if (arguments) {
            memset(top, all_of(top) | arguments, ST_SIZE);
        }
        break;
    case X87_ARITH_ST: mix(top, st(env, shadow_env, second)); break;
    case X87_BINARY: mix(top, st(env, shadow_env, 1)); break;
    case X87_EXCHANGE: exchange(top, st(env, shadow_env, first)); break;
    case X87_SELECT: memset(top, all_of(top) | all_of(st(env, shadow_env, first)), ST_SIZE); break;
    case X87_INIT:
        for (unsigned i = 0; i < 8; i++) {
            memset(shadow_env + at.mm[i], 0, ST_SIZE);
        }
        break;
    default: break;
    }
    return moves == X87_STORE ? all_of(top) : 0;
}

// Behind one that pushes.
static void x87_after(const void *env, void *block, uint64_t moves, uint64_t first,
                      uint8_t arguments)
{
    uint8_t *shadow_env = (uint8_t *)block + taint.env_at, *top = st(env, shadow_env, 0);
    switch ((Moves)moves) {
    case X87_LOAD: memset(top, arguments, ST_SIZE); break;
    case X87_LOAD_ST: memmove(top, st(env, shadow_env, first + 1), ST_SIZE); break;
    case X87_CLEAR: memset(top, 0, ST_SIZE); break;
    case X87_PUSH: memset(top, all_of(st(env, shadow_env, 1)), ST_SIZE); break;
    default: break;
    }
}

// --- what generated code calls --------------------------------------------------------------------------------

static void note_before(const void *env)
{
    before.count = reg(env, at.rcx);
    before.source = reg(env, at.rsi);
    before.target = reg(env, at.rdi);
    before.step = (int64_t)reg(env, at.df);
}

static void note_after(const void *env, void *block, uint64_t moves, uint64_t first,
                       uint64_t second)
{
    uint8_t *shadow_env = (uint8_t *)block + taint.env_at;
    uint64_t n = before.count - reg(env, at.rcx);
    switch ((Moves)moves) {
    case REP_MOVS:
        before.source += second;
        if (n) {
            move_elements(n, UINT64_C(1) << first);
        }
        break;
    case REP_STOS:
        if (n) {
            fill_elements(shadow_env + at.rax, n, UINT64_C(1) << first);
        }
        break;
    case SAVE_FX:
        taint_mark(first, ST_AT, 0);
        move_state(env, shadow_env, first, X87 | SSE, true);
        break;
    case SAVE_X: move_state(env, shadow_env, first, second, true); break;
    case RESTORE_FX: move_state(env, shadow_env, first, X87 | SSE, false); break;
    case RESTORE_X: move_state(env, shadow_env, first, second, false); break;
    default: break;
    }
}

void taint_helpers_init(void)
{
    at.rax = offset_of("rax");
    at.rcx = offset_of("rcx");
    at.rsi = offset_of("rsi");
    at.rdi = offset_of("rdi");
    at.df = offset_of("df");
    at.top = offset_of("fptop");
    for (unsigned i = 0; i < N_VECTORS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "mm%u", i & 7);
        at.mm[i & 7] = offset_of(name);
        snprintf(name, sizeof(name), "xmm%u", i);
        at.xmm[i] = offset_of(name);
        snprintf(name, sizeof(name), "ymmh%u", i);
        at.ymmh[i] = offset_of(name);
    }
    taint.host->define(taint.host, "taint.before", (const void *)note_before);
    taint.host->define(taint.host, "taint.after", (const void *)note_after);
    taint.host->define(taint.host, "taint.x87_before", (const void *)x87_before);
    taint.host->define(taint.host, "taint.x87_after", (const void *)x87_after);
}

static Moves moves_of(const char *name)
{
    static const char prefix[] = "helper_x86_";
    size_t n = strncmp(name, prefix, sizeof(prefix) - 1) ? 0 : sizeof(prefix) - 1;
    for (size_t i = 0; n && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name + n) == 0) {
            return rows[i].moves;
        }
    }
    return NOTHING;
}

LLVMValueRef taint_wrap_helper(MynaPassUnit *unit, LLVMValueRef call, const char *name,
                               LLVMValueRef arguments)
{
    Moves moves = moves_of(name);
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMTypeRef none = LLVMVoidTypeInContext(c), word = LLVMInt64TypeInContext(c);
    if (moves == NOTHING) {
        return arguments;
    }
    bool x87 = moves >= X87_MOVES;
    LLVMBuilderRef b = myna_builder_before(call);
    LLVMValueRef args[6] = {myna_env(b),       myna_thread_ptr(unit, b, 0), myna_i64(unit, moves),
                            myna_i64(unit, 0), myna_i64(unit, 0),           arguments};
    unsigned n = LLVMGetNumArgOperands(call),
             at_env = 0; // behind a pointer to the result, if there is one
    while (at_env < n && LLVMGetOperand(call, at_env) != args[0]) {
        at_env++;
    }
    for (unsigned i = 1; i <= 2 && at_env + i < n; i++) {
        LLVMValueRef operand = LLVMGetOperand(call, at_env + i);
        if (LLVMGetTypeKind(LLVMTypeOf(operand)) == LLVMIntegerTypeKind) {
            args[2 + i] = LLVMBuildIntCast2(b, operand, word, false, "");
        }
    }
    if (x87) {
        arguments = myna_call(unit, b, "taint.x87_before", LLVMTypeOf(arguments), args, 6);
    } else if (moves == REP_MOVS || moves == REP_STOS) {
        myna_call(unit, b, "taint.before", none, args, 1);
    }
    LLVMDisposeBuilder(b);
    b = myna_builder_after(call);
    args[4] = x87 ? args[5] : args[4];
    myna_call(unit, b, x87 ? "taint.x87_after" : "taint.after", none, args, 5);
    LLVMDisposeBuilder(b);
    return arguments;
}
