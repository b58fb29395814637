// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of an x86-64 or i386 virtual CPU.  Generated code, helpers and the runtime share it.

#ifndef HELPERS_X86_CPU_H
#define HELPERS_X86_CPU_H

#include <stddef.h>

#include "helpers/cpu-state.h"
#include "helpers/vec-types.h"

enum { R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI };
enum { R_ES, R_CS, R_SS, R_DS, R_FS, R_GS };

// Exception vectors (Intel SDM volume 3, table 6-1).
enum {
    EXCP00_DIVZ = 0,
    EXCP01_DB = 1,
    EXCP03_INT3 = 3,
    EXCP04_INTO = 4,
    EXCP05_BOUND = 5,
    EXCP06_ILLOP = 6,
    EXCP0B_NOSEG = 11,
    EXCP0C_STACK = 12,
    EXCP0D_GPF = 13,
    EXCP0E_PAGE = 14,
    EXCP10_COPR = 16,
    EXCP11_ALGN = 17,
    EXCP13_SIMD = 19,
};

// EFLAGS bits.
#define X86_CC_C 0x0001u
#define X86_CC_P 0x0004u
#define X86_CC_A 0x0010u
#define X86_CC_Z 0x0040u
#define X86_CC_S 0x0080u
#define X86_TF 0x0100u
#define X86_IF 0x0200u
#define X86_DF 0x0400u
#define X86_CC_O 0x0800u
#define X86_NT 0x4000u
#define X86_RF 0x10000u
#define X86_AC 0x40000u
#define X86_ID 0x200000u
#define X86_CC_MASK (X86_CC_C | X86_CC_P | X86_CC_A | X86_CC_Z | X86_CC_S | X86_CC_O)

#define X86_MXCSR_DEFAULT 0x1f80u
#define X86_FPUS_ES 0x0080u // x87 status word: an unmasked exception is pending
#define X86_FPUC_DEFAULT 0x037fu

// Flags of a block's TBKey.
#define X86_TB_CODE64 1u
#define X86_TB_TF 2u           // single step: one instruction, then #DB
#define X86_TB_SSE_UNMASKED 4u // MXCSR unmasks an exception
#define X86_TB_MODEL_SHIFT 8   // index of the CPU model, 8 bits

// What a CPU model shows through CPUID; frontend/x86/cpu-models.c has them.
typedef struct X86CPUModel {
    const char *name, *description;
    const char *vendor; // 12 characters
    const char *brand;  // at most 47 characters
    uint32_t family, model, stepping;
    uint64_t features; // bits numbered by X86Feature (frontend/x86/translate.h)
    // Feature words: leaf 1 ECX and EDX, leaf 7 EBX, ECX and EDX, its subleaf 1 EAX, leaf 0x80000001 ECX and EDX,
    // leaf 0xd subleaf 1 EAX.
    uint32_t leaf1_ecx, leaf1_edx, leaf7_ebx, leaf7_ecx, leaf7_edx, leaf71_eax;
    uint32_t ext1_ecx, ext1_edx, leafd1_eax;
    uint8_t index; // in the frontend's list; part of a block's key
} X86CPUModel;

// What x86_query_seg is asked.
enum { X86_SEG_READABLE, X86_SEG_WRITABLE, X86_SEG_RIGHTS, X86_SEG_LIMIT };

// An x87 register: 80 bits in memory order; MMX registers are the low 64 bits.
typedef union X86FPReg {
    long double ld; // 80-bit extended on x86 hosts
    struct {
        uint64_t mant;
        uint16_t se; // sign and exponent
    };
    V64 mmx;
} __attribute__((aligned(16))) X86FPReg;

typedef struct CPUX86State {
    union {
        CPUState cs;
        uint64_t regs[16]; // RAX RCX RDX RBX RSP RBP RSI RDI R8..R15; in cs.front
    };
    uint64_t rip;

    // Arithmetic flags, each alone; see x86_eflags_get.
    uint64_t cc_z; // ZF = (cc_z == 0)
    uint64_t cc_n; // SF = bit 63; PF = even parity of the low byte
    uint64_t cc_c; // CF, 0 or 1
    uint64_t cc_o; // OF, 0 or 1
    uint64_t cc_a; // AF = bit 4
    // Translated code under precise state may leave the flags to be computed by x86_flags_settle, should somebody
    // look: from these.  0: they are in the five above.
    uint64_t cc_op; // X86_CC_OP
    uint64_t cc_p1, cc_p2;
    int64_t df;            // +1 or -1: step of string instructions
    uint64_t eflags_other; // AC, ID, NT, TF as EFLAGS has them; IF and bit 1 always read as set

    uint64_t fs_base, gs_base;
    uint16_t segs[6];      // selectors
    uint64_t seg_bases[6]; // i386: descriptor bases by R_xS (FS and GS: fs_base, gs_base)

    V256 ymm[16]; // xmmN is the low half

    uint32_t mxcsr; // control and flag bits; cpu_exec loads it into the host around guest code
    uint32_t fpstt; // top of stack
    uint16_t fpuc;  // control word
    uint16_t fpus;  // status word without TOP
    uint16_t fpop;
    uint8_t fptags[8]; // 1 = empty
    uint64_t fpip, fpdp;
    X86FPReg fpregs[8]; // physical registers

    uint64_t xcr0;
    const X86CPUModel *model;
    bool code64; // 64-bit mode; false for i386 programs
} CPUX86State;

// What flags are made of: an operation, and the log2 of its operands' bytes.
typedef enum X86FlagsOp {
    X86_FLAGS_GLOBALS, // the cc_* globals hold the flags
    X86_FLAGS_ADD,     // r = a + b
    X86_FLAGS_SUB,     // r = a - b (SUB, CMP, NEG as 0 - b)
    X86_FLAGS_LOGIC,   // r; CF = OF = 0
    X86_FLAGS_INC,     // r = a + 1; CF is in the global
    X86_FLAGS_DEC,
} X86FlagsOp;
#define X86_CC_OP(op, size) ((uint64_t)(op) | (uint64_t)(size) << 8)

// Flags that cc_op, cc_p1 (a; r of LOGIC) and cc_p2 (b) tell of go into the five globals; cc_op becomes 0.  Where
// translation may begin that does not know of them, they are there: cpu_exec sees to it (GuestISA.settle).
void x86_flags_settle(CPUX86State *env);
// EFLAGS as the program sees it, and back.
uint64_t x86_eflags_get(const CPUX86State *env);
void x86_eflags_set(CPUX86State *env, uint64_t eflags, uint64_t mask);

// FP state (fpu-helper.c, fpstate-helper.c).  The first two are GuestISA's fp_enter and fp_leave.
void x86_fp_enter(CPUX86State *env);
void x86_fp_leave(CPUX86State *env);
void x86_fp_reset(CPUX86State *env); // as after power-on: FNINIT, default MXCSR, registers zero
// The FXSAVE image (512 bytes) and back, for signal frames.  x86_fxrstor drops MXCSR's reserved bits.
void x86_fxsave(const CPUX86State *env, void *area);
void x86_fxrstor(CPUX86State *env, const void *area);
// XSAVE's standard format, for the components in `mask` (bits of XCR0), and back.  x86_xrstor refuses a
// malformed header (false, nothing changed).
size_t x86_xsave_size(const CPUX86State *env);
// Where AVX's component stands, in both formats, as nothing comes before it.
#define X86_XSAVE_AVX_OFS 576u
#define X86_XSAVE_AVX_SIZE 256u
void x86_xsave(const CPUX86State *env, void *area, uint64_t mask);
bool x86_xrstor(CPUX86State *env, const void *area, uint64_t mask);

#endif
