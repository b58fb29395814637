// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread's notes in an x86-64 core file: struct user_regs_struct (asm/user_64.h), the FXSAVE image, and the
// XSAVE area where there is one.
#include <elf.h>
#include <string.h>

#include "abi-x86_64.h"
#include "runtime/linux/core-file.h"

size_t x86_core_regs(const CPUState *cs, void *out)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    const uint64_t *r = env->regs;
    const uint64_t regs[27] = {
        r[15],
        r[14],
        r[13],
        r[12],
        r[R_EBP],
        r[R_EBX],
        r[11],
        r[10],
        r[9],
        r[8],
        r[R_EAX],
        r[R_ECX],
        r[R_EDX],
        r[R_ESI],
        r[R_EDI],
        UINT64_MAX, // orig_rax: in no system call
        env->rip,
        env->segs[R_CS],
        x86_eflags_get(env),
        r[R_ESP],
        env->segs[R_SS],
        env->fs_base,
        env->gs_base,
        env->segs[R_DS],
        env->segs[R_ES],
        env->segs[R_FS],
        env->segs[R_GS],
    };
    memcpy(out, regs, sizeof(regs));
    return sizeof(regs);
}

enum { FXSAVE_SIZE = 512, XCR0_OFFSET = 464, MAX_XSAVE = 4096 };

void x86_core_notes(const CPUState *cs, CoreNotes *notes)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    uint8_t area[MAX_XSAVE] __attribute__((aligned(64))) = {0};
    x86_fxsave(env, area);
    core_add_note(notes, "CORE", NT_PRFPREG, area, FXSAVE_SIZE);
    if (env->xcr0 && x86_xsave_size(env) <= sizeof(area)) {
        x86_xsave(env, area, env->xcr0);
        memcpy(area + XCR0_OFFSET, &env->xcr0, sizeof(env->xcr0)); // where readers find the layout
        core_add_note(notes, "LINUX", NT_X86_XSTATE, area, x86_xsave_size(env));
    }
}
