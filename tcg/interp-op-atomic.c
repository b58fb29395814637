// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the atomic guest accesses, sequentially consistent.  An address that is not aligned works
// as far as the host's own instructions do (x86: always, but for 16 bytes).
//
// With MO_BSWAP every operation is a loop around compare-and-swap.

#include "interp-insn.h"

#ifndef TCG_STENCIL
#undef OP
#define OP(name)                                                                                   \
    static INTERP_CC __attribute__((section("myna_guest_access"))) InterpResult op_##name(         \
        char *env, const uint64_t *ip, uint64_t acc)
#endif

#define SEQ __ATOMIC_SEQ_CST

#define SWAP_u8(x) (x)
#define SWAP_u16(x) __builtin_bswap16(x)
#define SWAP_u32(x) __builtin_bswap32(x)
#define SWAP_u64(x) __builtin_bswap64(x)
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

// W: register width; M: memory type; X: the type through which the old value is extended.
#define FETCH(name, W, M, X, expr)                                                                 \
    OP(name##_i##W##_##X)                                                                          \
    {                                                                                              \
        M *p = (M *)REG(u64, 1), v = (M)REG(u##W, 2);                                              \
        REG(u##W, 0) = (u##W)(X)(expr);                                                            \
        NEXT(2);                                                                                   \
    }
#define FETCH_SWAPPED(name, W, M, X, expr)                                                         \
    OP(name##_i##W##_##X##_swapped)                                                                \
    {                                                                                              \
        M *p = (M *)REG(u64, 1), v = (M)REG(u##W, 2), raw = __atomic_load_n(p, SEQ), old, new;     \
        do {                                                                                       \
            old = SWAP_##M(raw);                                                                   \
            new = (expr);                                                                          \
        } while (!__atomic_compare_exchange_n(p, &raw, SWAP_##M(new), false, SEQ, SEQ));           \
        REG(u##W, 0) = (u##W)(X)old;                                                               \
        NEXT(2);                                                                                   \
    }
#define CMPXCHG(W, M, X)                                                                           \
    OP(cmpxchg_i##W##_##X)                                                                         \
    {                                                                                              \
        M *p = (M *)REG(u64, 1), old = (M)REG(u##W, 2), new = (M)REG(u##W, 3);                     \
        __atomic_compare_exchange_n(p, &old, new, false, SEQ, SEQ);                                \
        REG(u##W, 0) = (u##W)(X)old;                                                               \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OP(cmpxchg_i##W##_##X##_swapped)                                                               \
    {                                                                                              \
        M *p = (M *)REG(u64, 1), old = SWAP_##M((M)REG(u##W, 2));                                  \
        __atomic_compare_exchange_n(p, &old, SWAP_##M((M)REG(u##W, 3)), false, SEQ, SEQ);          \
        REG(u##W, 0) = (u##W)(X)SWAP_##M(old);                                                     \
        NEXT(2);                                                                                   \
    }

// The signed type of a memory type, for smin and smax.
#define SIGNED_u8 s8
#define SIGNED_u16 s16
#define SIGNED_u32 s32
#define SIGNED_u64 s64
#define BOTH(name, W, M, X, expr, swapped)                                                         \
    FETCH(name, W, M, X, expr)                                                                     \
    FETCH_SWAPPED(name, W, M, X, swapped)
#define ALL(W, M, X)                                                                               \
    CMPXCHG(W, M, X)                                                                               \
    BOTH(xchg, W, M, X, __atomic_exchange_n(p, v, SEQ), v)                                         \
    BOTH(fetch_add, W, M, X, __atomic_fetch_add(p, v, SEQ), (M)(old + v))                          \
    BOTH(fetch_and, W, M, X, __atomic_fetch_and(p, v, SEQ), (M)(old & v))                          \
    BOTH(fetch_or, W, M, X, __atomic_fetch_or(p, v, SEQ), (M)(old | v))                            \
    BOTH(fetch_xor, W, M, X, __atomic_fetch_xor(p, v, SEQ), (M)(old ^ v))                          \
    BOTH(fetch_umin, W, M, X, __atomic_fetch_min(p, v, SEQ), old < v ? old : v)                    \
    BOTH(fetch_umax, W, M, X, __atomic_fetch_max(p, v, SEQ), old > v ? old : v)                    \
    BOTH(fetch_smin, W, M, X, __atomic_fetch_min((SIGNED_##M *)p, (SIGNED_##M)v, SEQ),             \
         (SIGNED_##M)old < (SIGNED_##M)v ? old : v)                                                \
    BOTH(fetch_smax, W, M, X, __atomic_fetch_max((SIGNED_##M *)p, (SIGNED_##M)v, SEQ),             \
         (SIGNED_##M)old > (SIGNED_##M)v ? old : v)

// Register width, memory type, extending type, MemOp.
#define WIDTHS(X)                                                                                  \
    X(32, u8, u8, MO_UB)                                                                           \
    X(32, u8, s8, MO_SB)                                                                           \
    X(32, u16, u16, MO_UW)                                                                         \
    X(32, u16, s16, MO_SW)                                                                         \
    X(32, u32, u32, MO_UL)                                                                         \
    X(64, u8, u8, MO_UB)                                                                           \
    X(64, u8, s8, MO_SB)                                                                           \
    X(64, u16, u16, MO_UW)                                                                         \
    X(64, u16, s16, MO_SW)                                                                         \
    X(64, u32, u32, MO_UL)                                                                         \
    X(64, u32, s32, MO_SL)                                                                         \
    X(64, u64, u64, MO_UQ)

#define HANDLERS(W, M, X, mop) ALL(W, M, X)
WIDTHS(HANDLERS)

// 16 bytes: __sync, for clang makes the host's own instruction of it where it has one; __atomic may
// become a library call with a lock, which is not atomic against other processes.
OP(cmpxchg_i128)
{
    unsigned __int128 *p = (unsigned __int128 *)REG(u64, 1), old, new;
    memcpy(&old, ADDR(2), 16);
    memcpy(&new, ADDR(3), 16);
    old = __sync_val_compare_and_swap(p, old, new);
    memcpy(ADDR(0), &old, 16);
    NEXT(2);
}

// sub: MemOp's size and sign in bits 0-3, 16 when swapped.
#define ROW1(name, W, X, mop)                                                                      \
    {INDEX_op_atomic_##name##_i##W, mop, 2, 0, op_##name##_i##W##_##X, #name "_i" #W "_" #X},      \
        {INDEX_op_atomic_##name##_i##W,  (mop) | MO_BSWAP, 2, 0, op_##name##_i##W##_##X##_swapped, \
         #name "_i" #W "_" #X "_swapped"},
#define ROWS(W, M, X, mop)                                                                         \
    ROW1(cmpxchg, W, X, mop)                                                                       \
    ROW1(xchg, W, X, mop)                                                                          \
    ROW1(fetch_add, W, X, mop)                                                                     \
    ROW1(fetch_and, W, X, mop)                                                                     \
    ROW1(fetch_or, W, X, mop)                                                                      \
    ROW1(fetch_xor, W, X, mop)                                                                     \
    ROW1(fetch_umin, W, X, mop)                                                                    \
    ROW1(fetch_umax, W, X, mop)                                                                    \
    ROW1(fetch_smin, W, X, mop)                                                                    \
    ROW1(fetch_smax, W, X, mop)

// clang-format off
static const InterpRow rows[] = {
    WIDTHS(ROWS)
    {INDEX_op_atomic_cmpxchg_i128, MO_128, 2, 0, op_cmpxchg_i128, "cmpxchg_i128"},
};
// clang-format on

void interp_register_atomic(void) { interp_register_rows(rows, sizeof(rows) / sizeof(rows[0])); }
