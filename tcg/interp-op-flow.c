// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of moves, branches, block exits, chaining and helper calls; and tcg_interp_exec.

#include <ffi.h>

#include "interp.h"
#include "interp-insn.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "halves of a register are found at their little-endian places");

typedef struct Bytes16 {
    uint64_t q[2];
} Bytes16;
typedef struct Bytes32 {
    uint64_t q[4];
} Bytes32;

// --- moves -----------------------------------------------------------------------------------------

// One that sets acc.
#define MOVE(name, T, words, value)                                                                \
    OP(name)                                                                                       \
    {                                                                                              \
        acc = (uint64_t)(value);                                                                   \
        REG(T, 0) = (T)acc;                                                                        \
        NEXT(words);                                                                               \
    }                                                                                              \
    UNSTORED(name, acc = (uint64_t)(value))
MOVE(mov32, uint32_t, 2, REG(uint32_t, 1))
MOVE(mov32_acc, uint32_t, 2, (uint32_t)acc)
MOVE(mov64, uint64_t, 2, REG(uint64_t, 1))
MOVE(mov64_acc, uint64_t, 2, acc)
#ifdef TCG_STENCIL // acc stays as it was: constants are operands of their own there
OP(movi32)
{
    REG(uint32_t, 0) = (uint32_t)IMM32(1);
    NEXT(2);
}
OP(movi64)
{
    REG(uint64_t, 0) = (uint64_t)IMM32(1);
    NEXT(2);
}
OP(movi64_64)
{
    REG(uint64_t, 0) = IMM64(2);
    NEXT(3);
}
#else
MOVE(movi32, uint32_t, 2, (uint32_t)IMM32(1))
MOVE(movi64, uint64_t, 2, (int64_t)IMM32(1))
MOVE(movi64_64, uint64_t, 3, IMM64(2))
#endif
MOVE(mov_env, uint64_t, 2, (uintptr_t)env)
MOVE(add_imm64, uint64_t, 3, REG(uint64_t, 1) + IMM64(2))

OP(mov128)
{
    Bytes16 v = REG(Bytes16, 1);
    REG(Bytes16, 0) = v;
    NEXT(2);
}
OP(mov256)
{
    Bytes32 v = REG(Bytes32, 1);
    REG(Bytes32, 0) = v;
    NEXT(2);
}
OP(mov64x2)
{
    REG(uint64_t, 0) = REG(uint64_t, 1);
    REG(uint64_t, 2) = REG(uint64_t, 3);
    NEXT(2);
}
OP(st64_imm64)
{
    *(uint64_t *)(env + IMM32(1)) = IMM64(2);
    NEXT(3);
}
OP(count)
{
    *(uint64_t *)(*(char **)(env + IMM32(0)) + IMM32(1)) += (uint64_t)(int64_t)IMM32(2);
    NEXT(3);
}
OP(movi_bytes8)
{
    REG(uint64_t, 0) = IMM64(2);
    NEXT(3);
}
OP(movi_bytes16)
{
    memcpy(ADDR(0), DATA(2), 16);
    NEXT(4);
}
OP(movi_bytes32)
{
    memcpy(ADDR(0), DATA(2), 32);
    NEXT(6);
}
OP(bswap128)
{
    uint64_t low = REG(Bytes16, 1).q[0], high = REG(Bytes16, 1).q[1];
    REG(Bytes16, 0) = (Bytes16){{__builtin_bswap64(high), __builtin_bswap64(low)}};
    NEXT(2);
}

// --- control flow inside a block -------------------------------------------------------------------

OP(br) { JUMP(IMM32(1)); }
OP(brnz_env32)
{
    if (__builtin_expect(__atomic_load_n((uint32_t *)(env + IMM32(0)), __ATOMIC_RELAXED) != 0, 0)) {
        JUMP(IMM32(1));
    }
    NEXT(2);
}
OP(mb)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    NEXT(1);
}

// What follows is the interpreter's own way to do things that stencils do otherwise (stencil-flow.c).
#ifndef TCG_STENCIL

// --- between blocks --------------------------------------------------------------------------------

static inline void count_entry(void *env, const TCGCode *code)
{
    void (*hot)(void *, const TCGCode *) = code->hot;
    if (hot) {
        uint32_t *count = code->counter;
        uint32_t n = __atomic_load_n(count, __ATOMIC_RELAXED);
        if (n != 0) {
            __atomic_store_n(count, n - 1, __ATOMIC_RELAXED);
            if (n == 1) {
                hot(env, code);
            }
        }
    }
}

// Goes on in block `dest`: here when it is interpreted too.  Otherwise tcg_interp_exec makes the tail
// call, for one can only be made between functions of one calling convention.
#define ENTER_BLOCK(dest)                                                                          \
    do {                                                                                           \
        const TCGCode *dest_ = (dest);                                                             \
        if (atomic_load_explicit(&dest_->entry, memory_order_acquire) != tcg_interp_exec) {        \
            return (InterpResult){0, dest_};                                                       \
        }                                                                                          \
        count_entry(env, dest_);                                                                   \
        ip = dest_->bytecode;                                                                      \
        DISPATCH();                                                                                \
    } while (0)

OP(goto_tb)
{
    const TCGCode *dest = atomic_load_explicit((_Atomic(const TCGCode *) *)IMM64(1),
                                               memory_order_acquire);
    if (!dest) {
        NEXT(2);
    }
    ENTER_BLOCK(dest);
}
OP(goto_ptr) { ENTER_BLOCK(REG(const TCGCode *, 0)); }
OP(goto_ptr_acc) { ENTER_BLOCK((const TCGCode *)acc); }
OP(exit_tb)
{
    (void)env, (void)acc;
    return (InterpResult){IMM64(1), NULL};
}

uintptr_t tcg_interp_exec(void *env, const TCGCode *code)
{
    count_entry(env, code);
    const uint64_t *ip = code->bytecode;
    InterpResult r = (*(InterpHandler *const *)ip)(env, ip, 0);
    if (r.chain) {
        TCGEntry *entry = atomic_load_explicit(&r.chain->entry, memory_order_acquire);
        __attribute__((musttail)) return entry(env, r.chain);
    }
    return r.value;
}

// --- helper calls ----------------------------------------------------------------------------------

// The general way.  i128 and vectors go by pointer; a result that does is written to a scratch value
// first, since it must not alias an argument.
OP(call_ffi)
{
    const TCGHelperInfo *info = (const TCGHelperInfo *)IMM64(2);
    unsigned n = SLOT(2);
    const uint16_t *slots = (const uint16_t *)(ip + 3);
    void *pointers[TCG_MAX_CALL_ARGS + 1];
    void *values[TCG_MAX_CALL_ARGS + 1];
    _Alignas(32) union {
        ffi_arg word;
        float f;
        double d;
        unsigned char bytes[32];
    } result;
    unsigned k = 0;
    bool by_pointer = info->ret != TCG_TYPE_VOID && tcg_type_by_pointer(info->ret);

    if (by_pointer) {
        pointers[k] = &result;
        values[k] = &pointers[k];
        k++;
    }
    for (unsigned i = 0; i < n; i++, k++) {
        char *at = env + 4 * (size_t)slots[i];
        if (info->args[i] == TCG_TYPE_PTR && slots[i] == 0) { // env itself
            pointers[k] = env;
            values[k] = &pointers[k];
        } else if (tcg_type_by_pointer(info->args[i])) {
            pointers[k] = at;
            values[k] = &pointers[k];
        } else {
            values[k] = at;
        }
    }
    ffi_call(info->cif, FFI_FN(info->func), &result, values);
    if (info->ret != TCG_TYPE_VOID && SLOT(0) != 0) {
        memcpy(ADDR(0), &result, tcg_type_size(info->ret));
    }
    NEXT(SLOT(1));
}

// Calls whose arguments and result are all integers or pointers, at most six: in the calling
// conventions of the hosts we know such a call is the same whatever the widths, and extra argument
// registers are ignored, so one C call serves all.  The slot mask's bit i: argument i is an address
// (env, which is slot 0, or a value that goes by pointer).  Elsewhere, IOP_CALL_FFI serves.
typedef uint64_t Call6(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static inline __attribute__((always_inline)) uint64_t call_int(char *env, const uint64_t *ip,
                                                               unsigned n)
{
    const uint16_t *slots = (const uint16_t *)(ip + 3);
    unsigned mask = SLOT(3);
    uint64_t a[6] = {0};
    for (unsigned i = 0; i < n; i++) {
        char *at = env + 4 * (size_t)slots[i];
        uint64_t value = *(uint64_t *)at;
        a[i] = mask >> i & 1 ? (uint64_t)at : value;
    }
    return ((Call6 *)IMM64(2))(a[0], a[1], a[2], a[3], a[4], a[5]);
}
#define CALL_INT(n)                                                                                \
    OP(call_void_##n)                                                                              \
    {                                                                                              \
        call_int(env, ip, n);                                                                      \
        NEXT(WORDS_OF_CALL(n));                                                                    \
    }                                                                                              \
    OP(call_i32_##n)                                                                               \
    {                                                                                              \
        acc = (uint32_t)call_int(env, ip, n);                                                      \
        REG(uint32_t, 0) = (uint32_t)acc;                                                          \
        NEXT(WORDS_OF_CALL(n));                                                                    \
    }                                                                                              \
    OP(call_i64_##n)                                                                               \
    {                                                                                              \
        acc = call_int(env, ip, n);                                                                \
        REG(uint64_t, 0) = acc;                                                                    \
        NEXT(WORDS_OF_CALL(n));                                                                    \
    }
CALL_INT(0)
CALL_INT(1)
CALL_INT(2)
CALL_INT(3)
CALL_INT(4)
CALL_INT(5)
CALL_INT(6)

// --- the runtime's hooks ----------------------------------------------------------------------------

void (*tcg_interp_write_hook)(void *env, uint64_t addr, unsigned size);
void (*tcg_interp_unaligned_hook)(void *env, uint64_t addr, unsigned size, bool write);

OP(check_align)
{
    uint64_t addr = REG(uint64_t, 0);
    unsigned size = SLOT(1);
    if (__builtin_expect((addr & (size - 1)) != 0, 0) && tcg_interp_unaligned_hook) {
        tcg_interp_unaligned_hook(env, addr, size, SLOT(2));
    }
    NEXT(2);
}
OP(log_write)
{
    tcg_interp_write_hook(env, REG(uint64_t, 0), SLOT(1));
    NEXT(2);
}

// --- rows -------------------------------------------------------------------------------------------

#define ROW(op, name, sub, words) {op, sub, words, 0, op_##name, #name}
#define ROW_ACC(op, name, sub, words, acc) {op, sub, words, acc, op_##name, #name}
#define ROWS_CALL(n)                                                                               \
    ROW(IOP_CALL_INT, call_void_##n, n * 3, 0),                                                    \
        ROW_ACC(IOP_CALL_INT, call_i32_##n, n * 3 + 1, 0, 32),                                     \
        ROW_ACC(IOP_CALL_INT, call_i64_##n, n * 3 + 2, 0, 64)

static const InterpRow rows[] = {
    ROW_ACC(IOP_MOV32, mov32, 0, 2, 32),
    ROW_ACC(IOP_MOV32, mov32_acc, FORM_ACC, 2, 32),
    ROW_ACC(IOP_MOV64, mov64, 0, 2, 64),
    ROW_ACC(IOP_MOV64, mov64_acc, FORM_ACC, 2, 64),
    ROW(IOP_MOV128, mov128, 0, 2),
    ROW(IOP_MOV256, mov256, 0, 2),
    ROW(IOP_MOV64X2, mov64x2, 0, 2),
    ROW_ACC(IOP_MOVI32, movi32, 0, 2, 32),
    ROW_ACC(IOP_MOVI64, movi64, 0, 2, 64),
    ROW_ACC(IOP_MOVI64_64, movi64_64, 0, 3, 64),
    ROW_ACC(IOP_MOV_ENV, mov_env, 0, 2, 64),
    ROW(IOP_ST64_IMM64, st64_imm64, 0, 3),
    ROW(INDEX_op_count, count, 0, 3),
    ROW(IOP_MOVI_BYTES, movi_bytes8, 0, 3),
    ROW(IOP_MOVI_BYTES, movi_bytes16, 1, 4),
    ROW(IOP_MOVI_BYTES, movi_bytes32, 2, 6),
    ROW_ACC(IOP_ADD_IMM64, add_imm64, 0, 3, 64),
    ROW(IOP_BSWAP128, bswap128, 0, 2),
    ROW(IOP_BR, br, 0, 2),
    ROW(IOP_BRNZ_ENV32, brnz_env32, 0, 2),
    ROW(IOP_MB, mb, 0, 1),
    ROW(IOP_GOTO_TB, goto_tb, 0, 2),
    ROW(IOP_GOTO_PTR, goto_ptr, 0, 2),
    ROW(IOP_GOTO_PTR, goto_ptr_acc, FORM_ACC, 2),
    ROW(IOP_EXIT_TB, exit_tb, 0, 2),
    ROW(IOP_CALL_FFI, call_ffi, 0, 0),
    ROWS_CALL(0),
    ROWS_CALL(1),
    ROWS_CALL(2),
    ROWS_CALL(3),
    ROWS_CALL(4),
    ROWS_CALL(5),
    ROWS_CALL(6),
    ROW(IOP_CHECK_ALIGN, check_align, 0, 2),
    ROW(IOP_LOG_WRITE, log_write, 0, 2),
};

void interp_register_flow(void) { interp_register_rows(rows, sizeof(rows) / sizeof(rows[0])); }

#endif // TCG_STENCIL
