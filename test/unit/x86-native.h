// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a few x86-64 instructions on the host CPU and under an engine of ours, from the same state, for
// tests that compare the two.
//
// A case is one line of assembly, which the compiler assembles:
//
//     X86_CASE(KIND_F32, "addps %xmm1, %xmm0")
//     ...
//     for (const X86Case *c = x86_cases_begin; c < x86_cases_end; c++) ...
//
// The code may use memory that the state's registers point to; both runs see the same addresses, and
// the caller puts the memory's contents back between them.  RSP is the state's own.

#ifndef TEST_X86_NATIVE_H
#define TEST_X86_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

// An FXSAVE64 image.
typedef struct X86TestFX {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    struct {
        uint64_t mant, se; // sign and exponent in the low 16 bits
    } st[8];
    uint64_t xmm[16][2];
    uint64_t unused[12];
} __attribute__((aligned(64))) X86TestFX;

typedef struct X86TestState {
    uint64_t gpr[16]; // RAX RCX RDX RBX RSP RBP RSI RDI R8..R15
    uint64_t rflags;
    X86TestFX fx;
    uint64_t ymmh[16][2]; // upper halves, on hosts with AVX
} X86TestState;

typedef struct X86Case {
    const uint8_t *code;
    uint64_t size;
    const char *text;
    uint64_t kind;
} X86Case;

// A case's place is a linker section, so that the one line is all there is to it.
#define X86_CASE(kind, text)                                                                       \
    __asm__(".pushsection .text.x86case,\"ax\",@progbits\n"                                        \
            "771: " text "\n772:\n"                                                                \
            ".popsection\n"                                                                        \
            ".pushsection .rodata.x86name,\"a\",@progbits\n"                                       \
            "773: .asciz \"" text "\"\n"                                                           \
            ".popsection\n"                                                                        \
            ".pushsection x86_cases,\"aw\",@progbits\n"                                            \
            ".balign 8\n"                                                                          \
            ".quad 771b, 772b-771b, 773b, " X86_CASE_STRING(kind) "\n"                             \
                                                                  ".popsection\n");
#define X86_CASE_STRING(x) X86_CASE_STRING_(x)
#define X86_CASE_STRING_(x) #x
extern const X86Case x86_cases_begin[] __asm__("__start_x86_cases");
extern const X86Case x86_cases_end[] __asm__("__stop_x86_cases");

// A state that every run can start from: zero registers, RSP in a stack of its own, default MXCSR and
// control word, empty x87.
void x86_test_state_init(X86TestState *st);

// Runs the code, which must fall through its end, and must not change while the program runs (the
// engines keep what they made of it).  0, or the signal that it raised; the state is then
// that at the signal.
int x86_native_run(const uint8_t *code, size_t size, X86TestState *st);

// The same under the interpreter with CPU model `max`: the signal a Linux program would get.  `flags`
// are CF_* of the translation (frontend/translator.h); with CF_PRECISE the state at a fault is exact.
int x86_interp_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags);

// The same in the quick tier.
int x86_quick_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags);

// The same as compiled by LLVM (x86-llvm.c; link myna_test_x86_llvm), by the quick or the full pipeline.
int x86_llvm_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags, bool hot);

// Another engine: given a block's ops after the passes, makes code->entry runnable.  false with
// ctx->error set when it cannot.
struct TCGContext;
struct TCGCode;
typedef bool X86TestEngine(struct TCGContext *ctx, struct TCGCode *code);
int x86_engine_run(X86TestEngine *engine, const uint8_t *code, size_t size, X86TestState *st,
                   uint32_t flags);

// What an instruction did: prints each difference between the two states (rflags under `flags_mask`)
// to standard error, and gives their number.
int x86_test_diff(const char *text, const X86TestState *before, const X86TestState *expected,
                  const X86TestState *got, uint64_t flags_mask);

// A repeatable source of numbers.
uint64_t x86_test_random(uint64_t *seed);

// What an engine other than the quick tier does for env and the saved pc where it faulted; NULL: nothing.
extern void (*x86_recover)(const ucontext_t *uc, void *env, uint64_t *pc);

#endif
