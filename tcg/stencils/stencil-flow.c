// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stencils of what the interpreter does in another way: block entry and exits, helper calls, and the way to
// an op that has no stencil of its own.  Compiled as stencils alone.

#include "interp-insn.h"
#include "quick.h"

// --- entry -----------------------------------------------------------------------------------------

// Where a block's count runs out; hole_jump is the instruction behind the counting.  The block names its TCGCode itself:
// whoever jumps there directly brings none.
static __attribute__((used)) uintptr_t op_quick_hot(void *env, const TCGCode *code, void *back)
{
    code = (const TCGCode *)IMM64(1);
    __asm__("leaq hole_jump(%%rip), %0" : "=r"(back));
    __attribute__((musttail)) return tcg_quick_hot(env, code, back);
}

// --- between blocks --------------------------------------------------------------------------------

// The entry in the type that musttail wants.
#define ENTER_BLOCK(dest)                                                                          \
    do {                                                                                           \
        uint64_t dest_ = (dest);                                                                   \
        _Atomic(InterpHandler *) *entry_ = (void *)&((TCGCode *)(uintptr_t)dest_)->entry;          \
        InterpHandler *to_ = atomic_load_explicit(entry_, memory_order_acquire);                   \
        __attribute__((musttail)) return to_(env, dest_);                                          \
    } while (0)

// acc is nobody's any more at a block's end: it gets the block at once.
OP(goto_tb)
{
    acc = atomic_load_explicit((_Atomic(uint64_t) *)IMM64(1), memory_order_acquire);
    if (acc) {
        ENTER_BLOCK(acc);
    }
    NEXT();
}
// In front of an indirect jump: notes where the jump goes, when somebody wants to know.
OP(quick_record)
{
    TBTargets *targets = atomic_load_explicit((_Atomic(TBTargets *) *)IMM64(2),
                                              memory_order_relaxed);
    if (__builtin_expect(targets != NULL, 0)) {
        tcg_quick_record(targets, *(uint64_t *)(env + IMM32(0)));
    }
    NEXT();
}
OP(goto_ptr)
{
    (void)acc;
    ENTER_BLOCK(REG(uint64_t, 0));
}
OP(goto_ptr_acc) { ENTER_BLOCK(acc); }
OP(exit_tb)
{
    (void)env, (void)acc;
    return IMM64(1);
}

// --- helper calls ----------------------------------------------------------------------------------

// Integer arguments and pointers, six at most: in the calling convention the widths make no difference, and
// more arguments than the callee takes are ignored.  Argument 0, nearly always env, is env's register;
// each of the others is put into its own by a stencil, which passes the rest on.
typedef uintptr_t CallState(char *env, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                            uint64_t a5);
CallState hole_call;
CallState hole_next_args __asm__("hole_next");

#define STATE char *env, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5
#define ARG(n, kind, value)                                                                        \
    __attribute__((used)) static uintptr_t op_quick_arg##n##_##kind(STATE)                         \
    {                                                                                              \
        a##n = (value);                                                                            \
        __attribute__((musttail)) return hole_next_args(env, a1, a2, a3, a4, a5);                  \
    }
#define ARGS(n)                                                                                    \
    ARG(n, 32, REG(uint32_t, 1))                                                                   \
    ARG(n, 64, REG(uint64_t, 1))                                                                   \
    ARG(n, address, (uintptr_t)ADDR(1))                                                            \
    ARG(n, imm32, (uint64_t)IMM32(1))                                                              \
    ARG(n, imm64, IMM64(2))                                                                        \
    ARG(n, env, (uintptr_t)env)
ARGS(1)
ARGS(2)
ARGS(3)
ARGS(4)
ARGS(5)

#define CALL(name, arg0, result)                                                                   \
    __attribute__((used)) static uintptr_t op_quick_call_##name(STATE)                             \
    {                                                                                              \
        uint64_t acc = hole_call((char *)(uintptr_t)(arg0), a1, a2, a3, a4, a5);                   \
        result;                                                                                    \
        return hole_next(env, acc); /* a tail call that musttail has no types for */               \
    }
#define CALLS(name, arg0)                                                                          \
    CALL(name##_void, arg0, )                                                                      \
    CALL(name##_i32, arg0, REG(uint32_t, 0) = (uint32_t)(acc = (uint32_t)acc))                     \
    CALL(name##_i64, arg0, REG(uint64_t, 0) = acc)
CALLS(env, env)
CALLS(slot, REG(uint64_t, 1))
CALLS(address, ADDR(1))
// A function out of reach of a direct call (a plugin's).
#define FAR(name, arg0, result)                                                                    \
    __attribute__((used)) static uintptr_t op_quick_far_##name(STATE)                              \
    {                                                                                              \
        CallState *call = (CallState *)(uintptr_t)IMM64(2);                                        \
        uint64_t acc = call((char *)(uintptr_t)(arg0), a1, a2, a3, a4, a5);                        \
        result;                                                                                    \
        return hole_next(env, acc);                                                                \
    }
#define FARS(name, arg0)                                                                           \
    FAR(name##_void, arg0, )                                                                       \
    FAR(name##_i32, arg0, REG(uint32_t, 0) = (uint32_t)(acc = (uint32_t)acc))                      \
    FAR(name##_i64, arg0, REG(uint64_t, 0) = acc)
FARS(env, env)
FARS(slot, REG(uint64_t, 1))
FARS(address, ADDR(1))

// --- the rest --------------------------------------------------------------------------------------

// Any op's definition, as the interpreter runs it, on the instruction's bytecode.
OP(quick_interpret)
{
    const uint64_t *ip;
    __asm__("leaq hole_data(%%rip), %0" : "=r"(ip));
    acc = tcg_quick_interpret(env, ip, acc);
    NEXT();
}
