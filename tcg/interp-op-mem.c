// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of guest loads and stores.  They stand in a section of their own, so that the runtime can
// tell a guest's fault from ours (tcg_interp_is_guest_access); so do the atomics.
//
// A guest address needs no alignment, and is a host address: the encoder adds a guest base where
// there is one.

#include "interp.h"
#include "interp-insn.h"

#undef OP
#define OP(name)                                                                                   \
    static INTERP_CC __attribute__((section("myna_guest_access"))) InterpResult op_##name(         \
        char *env, const uint64_t *ip)

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
#define LD3(name, R, M) LD(name, R, M, DISP, 2) LD(name, R, M, INDEX, 3) LD(name, R, M, CONST, 3)
#define ST3(name, M) ST(name, M, DISP, 2) ST(name, M, INDEX, 3) ST(name, M, CONST, 3)

LD3(U8_32, uint32_t, uint8_t)
LD3(U8_64, uint64_t, uint8_t)
LD3(S8_32, int32_t, int8_t)
LD3(S8_64, int64_t, int8_t)
LD3(U16_32, uint32_t, uint16_t)
LD3(U16_64, uint64_t, uint16_t)
LD3(S16_32, int32_t, int16_t)
LD3(S16_64, int64_t, int16_t)
LD3(U32_32, uint32_t, uint32_t)
LD3(U32_64, uint64_t, uint32_t)
LD3(S32_64, int64_t, int32_t)
LD3(U64_64, uint64_t, uint64_t)
LD3(128, Bytes16, Bytes16)
LD3(256, Bytes32, Bytes32)
ST3(U8_64, uint8_t)
ST3(U16_64, uint16_t)
ST3(U32_64, uint32_t)
ST3(U64_64, uint64_t)
ST3(128, Bytes16)
ST3(256, Bytes32)

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

#define ROW(op, kind, name, how, words)                                                            \
    {op, IMEM_##kind * IADDR_COUNT + IADDR_##how, words, op_##name##_##how, #name "_" #how}
#define ROW3(op, kind, name)                                                                       \
    ROW(op, kind, name, DISP, 2), ROW(op, kind, name, INDEX, 3), ROW(op, kind, name, CONST, 3)
#define ROWS_LD(kind) ROW3(IOP_GUEST_LD, kind, ld_##kind)
#define ROWS_ST(kind) ROW3(IOP_GUEST_ST, kind, st_##kind)

static const InterpRow rows[] = {
    ROWS_LD(U8_32),
    ROWS_LD(U8_64),
    ROWS_LD(S8_32),
    ROWS_LD(S8_64),
    ROWS_LD(U16_32),
    ROWS_LD(U16_64),
    ROWS_LD(S16_32),
    ROWS_LD(S16_64),
    ROWS_LD(U32_32),
    ROWS_LD(U32_64),
    ROWS_LD(S32_64),
    ROWS_LD(U64_64),
    ROWS_LD(128),
    ROWS_LD(256),
    ROWS_ST(U8_64),
    ROWS_ST(U16_64),
    ROWS_ST(U32_64),
    ROWS_ST(U64_64),
    ROWS_ST(128),
    ROWS_ST(256),
    {IOP_GUEST_STI, MO_8, 3, op_sti_8, "sti_8"},
    {IOP_GUEST_STI, MO_16, 3, op_sti_16, "sti_16"},
    {IOP_GUEST_STI, MO_32, 3, op_sti_32, "sti_32"},
    {IOP_GUEST_STI, MO_64, 3, op_sti_64, "sti_64"},
};

void interp_register_mem(void) { interp_register_rows(rows, sizeof(rows) / sizeof(rows[0])); }

// The linker's names for the bounds of the section.
extern const char __start_myna_guest_access[], __stop_myna_guest_access[];

bool tcg_interp_is_guest_access(uintptr_t host_pc)
{
    return host_pc >= (uintptr_t)__start_myna_guest_access &&
           host_pc < (uintptr_t)__stop_myna_guest_access;
}
