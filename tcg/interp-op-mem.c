// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of guest loads and stores.  They stand in a section of their own, so that the runtime can
// tell a guest's fault from ours (tcg_interp_is_guest_access); so do the atomics.
//
// A guest address needs no alignment, and is a host address: the encoder adds a guest base where
// there is one.

#include "interp.h"
#include "interp-insn.h"

#ifndef TCG_STENCIL
#undef OP
#define OP(name)                                                                                   \
    static INTERP_CC __attribute__((section("myna_guest_access"))) InterpResult op_##name(         \
        char *env, const uint64_t *ip, uint64_t acc)
#endif

typedef struct {
    uint64_t q[2];
} Bytes16;
typedef struct {
    uint64_t q[4];
} Bytes32;

// A memory access of type M from a register of type R; through a packed type, which may stand anywhere.
#define GUEST(M, addr) (((struct __attribute__((packed)) { M v; } *)(addr))->v)

#define ADDR_DISP (REG(uint64_t, 1) + (uint64_t)IMM32(1))
#define ADDR_INDEX (REG(uint64_t, 1) + (REG(uint64_t, 2) << (SLOT(3) & 63)) + (uint64_t)IMM32(2))
#define ADDR_CONST IMM64(2)
#define ADDR_DISP_ACC (acc + (uint64_t)IMM32(1))
#define ADDR_INDEX_ACC (REG(uint64_t, 1) + (acc << (SLOT(3) & 63)) + (uint64_t)IMM32(2))

#define LD(name, R, M, how, words)                                                                 \
    OP(ld_##name##_##how)                                                                          \
    {                                                                                              \
        REG(R, 0) = (R)GUEST(M, ADDR_##how);                                                       \
        NEXT(words);                                                                               \
    }
#define ST(name, M, how, words)                                                                    \
    OP(st_##name##_##how)                                                                          \
    {                                                                                              \
        GUEST(M, ADDR_##how) = REG(M, 0);                                                          \
        NEXT(words);                                                                               \
    }
// Integers go to acc as well.
#define LDI(name, R, M, how, words)                                                                \
    OP(ld_##name##_##how)                                                                          \
    {                                                                                              \
        R value = (R)GUEST(M, ADDR_##how);                                                         \
        acc = (uint64_t)value;                                                                     \
        REG(R, 0) = value;                                                                         \
        NEXT(words);                                                                               \
    }                                                                                              \
    UNSTORED(ld_##name##_##how, acc = (uint64_t)(R)GUEST(M, ADDR_##how))
#define EACH_ADDRESS(X, ...)                                                                       \
    X(__VA_ARGS__, DISP, 2)                                                                        \
    X(__VA_ARGS__, INDEX, 3)                                                                       \
    X(__VA_ARGS__, CONST, 3)                                                                       \
    X(__VA_ARGS__, DISP_ACC, 2)                                                                    \
    X(__VA_ARGS__, INDEX_ACC, 3)
// As stencils, the common shifts of an index stand in the instruction.
#ifdef TCG_STENCIL
#define SCALED(n) (REG(uint64_t, 1) + (REG(uint64_t, 2) << (n)) + (uint64_t)IMM32(2))
#define SCALED_ACC(n) (REG(uint64_t, 1) + (acc << (n)) + (uint64_t)IMM32(2))
#define ADDR_INDEX_k0 SCALED(0)
#define ADDR_INDEX_k1 SCALED(1)
#define ADDR_INDEX_k2 SCALED(2)
#define ADDR_INDEX_k3 SCALED(3)
#define ADDR_INDEX_ACC_k0 SCALED_ACC(0)
#define ADDR_INDEX_ACC_k1 SCALED_ACC(1)
#define ADDR_INDEX_ACC_k2 SCALED_ACC(2)
#define ADDR_INDEX_ACC_k3 SCALED_ACC(3)
#define EACH_SCALE(X, ...)                                                                         \
    X(__VA_ARGS__, INDEX_k0, 3)                                                                    \
    X(__VA_ARGS__, INDEX_k1, 3)                                                                    \
    X(__VA_ARGS__, INDEX_k2, 3)                                                                    \
    X(__VA_ARGS__, INDEX_k3, 3)                                                                    \
    X(__VA_ARGS__, INDEX_ACC_k0, 3)                                                                \
    X(__VA_ARGS__, INDEX_ACC_k1, 3)                                                                \
    X(__VA_ARGS__, INDEX_ACC_k2, 3)                                                                \
    X(__VA_ARGS__, INDEX_ACC_k3, 3)
#else
#define EACH_SCALE(X, ...)
#endif
#define LDI_ALL(name, R, M) EACH_ADDRESS(LDI, name, R, M) EACH_SCALE(LDI, name, R, M)
#define LDV_ALL(name, R, M) EACH_ADDRESS(LD, name, R, M) EACH_SCALE(LD, name, R, M)
#define ST_ALL(name, M) EACH_ADDRESS(ST, name, M) EACH_SCALE(ST, name, M)

LDI_ALL(U8_32, uint32_t, uint8_t)
LDI_ALL(U8_64, uint64_t, uint8_t)
LDI_ALL(S8_32, int32_t, int8_t)
LDI_ALL(S8_64, int64_t, int8_t)
LDI_ALL(U16_32, uint32_t, uint16_t)
LDI_ALL(U16_64, uint64_t, uint16_t)
LDI_ALL(S16_32, int32_t, int16_t)
LDI_ALL(S16_64, int64_t, int16_t)
LDI_ALL(U32_32, uint32_t, uint32_t)
LDI_ALL(U32_64, uint64_t, uint32_t)
LDI_ALL(S32_64, int64_t, int32_t)
LDI_ALL(U64_64, uint64_t, uint64_t)
LDV_ALL(128, Bytes16, Bytes16)
LDV_ALL(256, Bytes32, Bytes32)
ST_ALL(U8_64, uint8_t)
ST_ALL(U16_64, uint16_t)
ST_ALL(U32_64, uint32_t)
ST_ALL(U64_64, uint64_t)
ST_ALL(128, Bytes16)
ST_ALL(256, Bytes32)

#define STI(size, M)                                                                               \
    OP(sti_##size)                                                                                 \
    {                                                                                              \
        GUEST(M, ADDR_DISP) = (M)IMM32(2);                                                         \
        NEXT(3);                                                                                   \
    }
STI(8, uint8_t)
STI(16, uint16_t)
STI(32, uint32_t)
STI(64, int64_t)

#define ROW(op, kind, name, acc, how, words)                                                       \
    {op, IMEM_##kind * IADDR_COUNT + IADDR_##how, words, acc, op_##name##_##how, #name "_" #how},
#define ROWS_LD(kind, acc) EACH_ADDRESS(ROW, IOP_GUEST_LD, kind, ld_##kind, acc)
#define ROWS_ST(kind) EACH_ADDRESS(ROW, IOP_GUEST_ST, kind, st_##kind, 0)

// clang-format off
static const InterpRow rows[] = {
    ROWS_LD(U8_32, 32)
    ROWS_LD(U8_64, 64)
    ROWS_LD(S8_32, 32)
    ROWS_LD(S8_64, 64)
    ROWS_LD(U16_32, 32)
    ROWS_LD(U16_64, 64)
    ROWS_LD(S16_32, 32)
    ROWS_LD(S16_64, 64)
    ROWS_LD(U32_32, 32)
    ROWS_LD(U32_64, 64)
    ROWS_LD(S32_64, 64)
    ROWS_LD(U64_64, 64)
    ROWS_LD(128, 0)
    ROWS_LD(256, 0)
    ROWS_ST(U8_64)
    ROWS_ST(U16_64)
    ROWS_ST(U32_64)
    ROWS_ST(U64_64)
    ROWS_ST(128)
    ROWS_ST(256)
    {IOP_GUEST_STI, MO_8, 3, 0, op_sti_8, "sti_8"},
    {IOP_GUEST_STI, MO_16, 3, 0, op_sti_16, "sti_16"},
    {IOP_GUEST_STI, MO_32, 3, 0, op_sti_32, "sti_32"},
    {IOP_GUEST_STI, MO_64, 3, 0, op_sti_64, "sti_64"},
};
// clang-format on

void interp_register_mem(void) { interp_register_rows(rows, sizeof(rows) / sizeof(rows[0])); }

#ifndef TCG_STENCIL
// The linker's names for the bounds of the section.
extern const char __start_myna_guest_access[], __stop_myna_guest_access[];

bool tcg_interp_is_guest_access(uintptr_t host_pc)
{
    return host_pc >= (uintptr_t)__start_myna_guest_access &&
           host_pc < (uintptr_t)__stop_myna_guest_access;
}
#endif
