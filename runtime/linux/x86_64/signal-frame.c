// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame that Linux puts on the stack for a signal handler on x86-64, and the way back from it.
// Layout: arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h, asm-generic/ucontext.h; order of
// things on the stack: arch/x86/kernel/signal.c.
//
//   high   interrupted stack, 128 bytes of red zone
//          FP state, 64-byte aligned: FXSAVE image, with XSAVE header and components when XCR0 is on
//   low    struct RtSigframe, with sp = 16n - 8 as after a call
#include <string.h>

#include "abi-x86_64.h"
#include "runtime/guest-memory.h"
#include "runtime/linux/guest-signal.h"

#define X86_SA_RESTORER 0x04000000u
#define RED_ZONE 128u
#define UC_FP_XSTATE 1u
#define UC_SIGCONTEXT_SS 2u
#define UC_STRICT_RESTORE_SS 4u
// What a frame may set in EFLAGS (FIX_EFLAGS of Linux).
#define FRAME_EFLAGS (X86_AC | X86_CC_MASK | X86_DF | X86_TF | X86_RF)

// How the FXSAVE image's unused bytes tell of the XSAVE area around it (struct _fpx_sw_bytes); the
// magic numbers are in <signal.h>.
#define FXSAVE_SIZE 512u
#define SW_BYTES_OFFSET 464u
#define MAX_FP_SIZE 1024u

typedef struct FpSwBytes {
    uint32_t magic1;
    uint32_t extended_size; // with the second magic
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
} FpSwBytes;

typedef struct Sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2, fpstate;
    uint64_t reserved[8];
} Sigcontext;

typedef struct RtSigframe {
    uint64_t pretcode; // return address: the restorer
    struct {
        uint64_t flags, link;
        struct {
            uint64_t sp;
            uint32_t flags, pad;
            uint64_t size;
        } stack;
        Sigcontext mc;
        uint64_t sigmask;
    } uc;
    siginfo_t info;
} RtSigframe;
_Static_assert(sizeof(Sigcontext) == 256 && sizeof(RtSigframe) == 440, "the kernel's layout");

// struct field by register number.
#define REGISTERS(R)                                                                               \
    R(R_EAX, ax)                                                                                   \
    R(R_ECX, cx)                                                                                   \
    R(R_EDX, dx)                                                                                   \
    R(R_EBX, bx) R(R_ESP, sp) R(R_EBP, bp) R(R_ESI, si) R(R_EDI, di) R(8, r8) R(9, r9) R(10, r10)  \
        R(11, r11) R(12, r12) R(13, r13) R(14, r14) R(15, r15)

static size_t fp_size(const CPUX86State *env)
{
    return env->xcr0 ? x86_xsave_size(env) + sizeof(uint32_t) : FXSAVE_SIZE;
}

// The FP state as it stands at `addr`, its address 64-byte aligned.
static bool write_fp(const CPUX86State *env, uint64_t addr)
{
    uint8_t area[MAX_FP_SIZE] __attribute__((aligned(64))) = {0};
    size_t size = fp_size(env);
    if (!env->xcr0) {
        x86_fxsave(env, area);
        return guest_write(addr, area, size);
    }
    FpSwBytes sw = {
        .magic1 = FP_XSTATE_MAGIC1,
        .extended_size = (uint32_t)size,
        .xfeatures = env->xcr0,
        .xstate_size = (uint32_t)(size - sizeof(uint32_t)),
    };
    uint32_t magic2 = FP_XSTATE_MAGIC2;
    x86_xsave(env, area, env->xcr0);
    memcpy(area + SW_BYTES_OFFSET, &sw, sizeof(sw));
    memcpy(area + size - sizeof(magic2), &magic2, sizeof(magic2));
    return guest_write(addr, area, size);
}

static bool read_fp(CPUX86State *env, uint64_t addr)
{
    uint8_t area[MAX_FP_SIZE] __attribute__((aligned(64)));
    FpSwBytes sw;
    if (addr == 0) {
        x86_fp_reset(env);
        return true;
    }
    if (!guest_read(addr, area, FXSAVE_SIZE)) {
        return false;
    }
    memcpy(&sw, area + SW_BYTES_OFFSET, sizeof(sw));
    // A component that the frame does not have starts anew; SSE's is always there.
    for (unsigned i = 0; i < 16; i++) {
        memset(&env->ymm[i].q[2], 0, 16);
    }
    size_t size = env->xcr0 ? x86_xsave_size(env) : 0;
    uint32_t magic2 = 0;
    if (env->xcr0 && sw.magic1 == FP_XSTATE_MAGIC1 && sw.xstate_size >= FXSAVE_SIZE + 64 &&
        sw.xstate_size <= size && sw.extended_size >= sw.xstate_size + sizeof(magic2) &&
        guest_read(addr + sw.xstate_size, &magic2, sizeof(magic2)) && magic2 == FP_XSTATE_MAGIC2) {
        return guest_read(addr, area, sw.xstate_size) &&
               x86_xrstor(env, area, env->xcr0 & sw.xfeatures);
    }
    // No XSAVE, or a program that built its frame from an FXSAVE image.
    x86_fxrstor(env, area);
    return true;
}

bool x86_setup_frame(GuestTask *task, int sig, const siginfo_t *info, const GuestSigaction *action,
                     uint64_t mask)
{
    CPUX86State *env = (CPUX86State *)task->cs;
    RtSigframe frame;
    if (!(action->flags & X86_SA_RESTORER)) {
        return false; // as Linux: there is nowhere to return to
    }
    bool was_on_altstack = signal_on_altstack(task, env->regs[R_ESP]);
    uint64_t sp = signal_frame_sp(task, action, env->regs[R_ESP] - RED_ZONE);
    uint64_t fp = (sp - fp_size(env)) & ~UINT64_C(63);
    sp = ((fp - sizeof(frame)) & ~UINT64_C(15)) - 8;
    if (was_on_altstack && !signal_on_altstack(task, sp)) {
        return false; // the alternate stack is full
    }

    memset(&frame, 0, sizeof(frame));
    frame.pretcode = action->restorer;
    frame.uc.flags = (env->xcr0 ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame.uc.stack.sp = task->altstack.sp;
    frame.uc.stack.flags = task->altstack.flags;
    frame.uc.stack.size = task->altstack.size;
    frame.uc.sigmask = mask;
#define SAVE(number, field) frame.uc.mc.field = env->regs[number];
    REGISTERS(SAVE)
#undef SAVE
    frame.uc.mc.ip = env->rip;
    frame.uc.mc.flags = x86_eflags_get(env);
    frame.uc.mc.cs = env->segs[R_CS];
    frame.uc.mc.ss = env->segs[R_SS];
    frame.uc.mc.err = task->trap.error;
    frame.uc.mc.trapno = task->trap.number;
    frame.uc.mc.cr2 = task->trap.addr;
    frame.uc.mc.oldmask = mask;
    frame.uc.mc.fpstate = fp;
    frame.info = *info;
    if (!write_fp(env, fp) || !guest_write(sp, &frame, sizeof(frame))) {
        return false;
    }

    env->regs[R_EDI] = (uint64_t)sig;
    env->regs[R_ESI] = sp + offsetof(RtSigframe, info);
    env->regs[R_EDX] = sp + offsetof(RtSigframe, uc);
    env->regs[R_EAX] = 0; // no vector arguments, for handlers with a variable argument list
    env->regs[R_ESP] = sp;
    env->rip = action->handler;
    x86_eflags_set(env, 0, X86_DF | X86_TF | X86_RF);
    x86_fp_reset(env);
    return true;
}

bool x86_sigreturn(GuestTask *task)
{
    CPUX86State *env = (CPUX86State *)task->cs;
    RtSigframe frame;
    // The handler's return has popped pretcode.
    if (!guest_read(env->regs[R_ESP] - 8, &frame, sizeof(frame))) {
        return false;
    }
    signal_set_blocked(task, frame.uc.sigmask);
#define LOAD(number, field) env->regs[number] = frame.uc.mc.field;
    REGISTERS(LOAD)
#undef LOAD
    env->rip = frame.uc.mc.ip;
    x86_eflags_set(env, frame.uc.mc.flags, FRAME_EFLAGS);
    if (!read_fp(env, frame.uc.mc.fpstate)) {
        return false;
    }
    signal_restore_altstack(task, frame.uc.stack.sp, frame.uc.stack.flags, frame.uc.stack.size);
    return true;
}
