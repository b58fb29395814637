// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x86-64 instructions that the quick tier writes itself: bytes at a pointer that moves on.  Encoding: AMD64
// Architecture Programmer's Manual, volume 3, chapter 1.

#ifndef TCG_QUICK_X86_H
#define TCG_QUICK_X86_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum X86Reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, NO_REG = -1 };

typedef struct X86Mem {
    int base, index; // NO_REG: none
    unsigned shift;  // of the index, 0 to 3
    int32_t disp;
} X86Mem;

// An instruction's opcode, and how wide it is.
enum {
    X86_0F = 0x100, // behind 0x0f
    X86_W = 0x200,  // 64 bits
    X86_16 = 0x400, // 16 bits
    X86_8 = 0x800,  // its registers are bytes
};

// The operations of the first eight rows of opcodes, by number: `op r, r/m` is number * 8 + 3.
enum X86Alu { X86_ADD, X86_OR, X86_ADC, X86_SBB, X86_AND, X86_SUB, X86_XOR, X86_CMP };
// Shifts, by the number in their ModRM byte.
enum X86Shift { X86_ROL = 0, X86_ROR = 1, X86_SHL = 4, X86_SHR = 5, X86_SAR = 7 };

static inline void x86_put8(uint8_t **at, unsigned v) { *(*at)++ = (uint8_t)v; }
static inline void x86_put32(uint8_t **at, int32_t v)
{
    memcpy(*at, &v, sizeof(v));
    *at += sizeof(v);
}

static inline void x86_head(uint8_t **at, unsigned opcode, unsigned reg, int index, int base,
                            bool byte_register)
{
    unsigned rex = (opcode & X86_W ? 8u : 0) | (reg >> 3) << 2 | (index > 7 ? 2u : 0) |
                   (base > 7 ? 1u : 0);
    if (opcode & X86_16) {
        x86_put8(at, 0x66);
    }
    if (rex || byte_register) { // without one, 4 to 7 are AH to BH
        x86_put8(at, 0x40 | rex);
    }
    if (opcode & X86_0F) {
        x86_put8(at, 0x0f);
    }
    x86_put8(at, opcode & 0xff);
}

// `reg` is a register or the number that the opcode is extended by.
static inline void x86_reg(uint8_t **at, unsigned opcode, unsigned reg, int rm)
{
    x86_head(at, opcode, reg, NO_REG, rm, (opcode & X86_8) && (reg > 3 || rm > 3));
    x86_put8(at, 0xc0 | (reg & 7) << 3 | ((unsigned)rm & 7));
}

static inline void x86_mem(uint8_t **at, unsigned opcode, unsigned reg, const X86Mem *m)
{
    x86_head(at, opcode, reg, m->index, m->base, (opcode & X86_8) && reg > 3);
    unsigned r = (reg & 7) << 3;
    bool sib = m->index != NO_REG || m->base == NO_REG || (m->base & 7) == RSP;
    bool none = m->base == NO_REG, small = m->disp == (int8_t)m->disp;
    unsigned mod = none || (m->disp == 0 && (m->base & 7) != RBP) ? 0 : small ? 0x40 : 0x80;
    x86_put8(at, mod | r | (sib ? (unsigned)RSP : (unsigned)m->base & 7));
    if (sib) {
        unsigned index = m->index == NO_REG ? (unsigned)RSP : (unsigned)m->index & 7;
        x86_put8(at, m->shift << 6 | index << 3 | (none ? (unsigned)RBP : (unsigned)m->base & 7));
    }
    if (mod == 0x40) {
        x86_put8(at, (uint8_t)m->disp);
    } else if (mod == 0x80 || none) {
        x86_put32(at, m->disp);
    }
}

static inline void x86_mov(uint8_t **at, bool wide, int to, int from)
{
    x86_reg(at, 0x8b | (wide ? X86_W : 0), (unsigned)to, from);
}

static inline void x86_mov_imm64(uint8_t **at, int to, uint64_t v)
{
    x86_head(at, (0xb8u + ((unsigned)to & 7)) | X86_W, 0, NO_REG, to, false);
    memcpy(*at, &v, sizeof(v));
    *at += sizeof(v);
}

// A constant into a register, in the shortest way that leaves the flags alone.
static inline void x86_mov_imm(uint8_t **at, int to, uint64_t v)
{
    if (v == (uint32_t)v) {
        x86_head(at, 0xb8u + ((unsigned)to & 7), 0, NO_REG, to, false);
        x86_put32(at, (int32_t)(uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        x86_reg(at, 0xc7 | X86_W, 0, to);
        x86_put32(at, (int32_t)v);
    } else {
        x86_mov_imm64(at, to, v);
    }
}

static inline void x86_alu_imm(uint8_t **at, enum X86Alu op, bool wide, int r, int32_t v)
{
    bool small = v == (int8_t)v;
    x86_reg(at, (small ? 0x83 : 0x81) | (wide ? X86_W : 0), op, r);
    small ? x86_put8(at, (uint8_t)v) : x86_put32(at, v);
}

static inline void x86_shift_imm(uint8_t **at, enum X86Shift op, bool wide, int r, unsigned n)
{
    if (n) {
        x86_reg(at, 0xc1 | (wide ? X86_W : 0), op, r);
        x86_put8(at, n);
    }
}

#endif
