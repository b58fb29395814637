// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame that Linux puts on the stack for a signal handler on AArch64, and the way back from it.
// Layout: arch/arm64/include/uapi/asm/sigcontext.h, arch/arm64/kernel/signal.c.
//
//   high   interrupted stack (AArch64 has no red zone)
//          frame record: the interrupted x29 and x30, where x29 points to while the handler runs
//   low    struct RtSigframe, with sp = 16n.  Behind the registers stand records, each with a magic
//          number and its size: FP state, after a fault its syndrome, and a terminator.
//
// Unwinders know the frame by the two instructions that x30 points to: mov x8, #139; svc #0.
#include <stddef.h>
#include <string.h>

#include "abi-aarch64.h"
#include "runtime/guest-memory.h"
#include "runtime/linux/guest-signal.h"

#define A64_SA_RESTORER 0x04000000u
// PSTATE's fields that user mode sees in a frame, and those that make one be refused.
#define PSTATE_BTYPE_SHIFT 10
#define PSTATE_BTYPE (3u << PSTATE_BTYPE_SHIFT)
#define PSTATE_NOT_USER 0x000003dfu // AArch32, exception masks, exception level and stack
#define BTYPE_CALL 2u               // as after BLR

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC 0x45535201u
#define RECORDS_SIZE 4096u

typedef struct RecordHead {
    uint32_t magic, size;
} RecordHead;

typedef struct FpsimdRecord {
    RecordHead head;
    uint32_t fpsr, fpcr;
    V128 vregs[32];
} FpsimdRecord;

typedef struct EsrRecord {
    RecordHead head;
    uint64_t esr;
} EsrRecord;

typedef struct RtSigframe {
    siginfo_t info;
    struct {
        uint64_t flags, link;
        struct {
            uint64_t sp;
            uint32_t flags, pad;
            uint64_t size;
        } stack;
        uint64_t sigmask;
        uint8_t unused[120]; // room for 1024 signals
        struct {
            uint64_t fault_address, regs[31], sp, pc, pstate;
            uint8_t records[RECORDS_SIZE] __attribute__((aligned(16)));
        } mc __attribute__((aligned(16)));
    } uc;
} RtSigframe;
_Static_assert(sizeof(siginfo_t) == 128 && offsetof(RtSigframe, uc.mc) == 128 + 176 &&
                   offsetof(RtSigframe, uc.mc.records) == 128 + 176 + 288 &&
                   sizeof(RtSigframe) == 4688 && sizeof(FpsimdRecord) == 0x210,
               "the kernel's layout");

typedef struct FrameRecord {
    uint64_t fp, lr;
} FrameRecord;

static void write_records(CPUARMState *env, uint64_t esr, uint8_t *at)
{
    FpsimdRecord fpsimd = {
        .head = {FPSIMD_MAGIC, sizeof(fpsimd)},
        .fpsr = arm_fpsr_get(env),
        .fpcr = arm_fpcr_get(env),
    };
    memcpy(fpsimd.vregs, env->vregs, sizeof(fpsimd.vregs));
    memcpy(at, &fpsimd, sizeof(fpsimd));
    at += sizeof(fpsimd);
    if (esr) {
        EsrRecord record = {.head = {ESR_MAGIC, sizeof(record)}, .esr = esr};
        memcpy(at, &record, sizeof(record));
    }
    // The terminator is zero, as is the rest.
}

bool a64_setup_frame(GuestTask *task, int sig, const siginfo_t *info, const GuestSigaction *action,
                     uint64_t mask)
{
    CPUARMState *env = arm(task->cs);
    RtSigframe frame;
    FrameRecord record = {env->xregs[A64_FP], env->xregs[A64_LR]};
    uint64_t sp = signal_frame_sp(task, action, env->xregs[A64_SP]);
    uint64_t record_at = (sp - sizeof(record)) & ~UINT64_C(15);
    sp = record_at - sizeof(frame);

    memset(&frame, 0, sizeof(frame));
    if (action->flags & SA_SIGINFO) {
        frame.info = *info;
    }
    frame.uc.stack.sp = task->altstack.sp;
    frame.uc.stack.flags = task->altstack.flags;
    frame.uc.stack.size = task->altstack.size;
    frame.uc.sigmask = mask;
    frame.uc.mc.fault_address = task->trap.addr;
    memcpy(frame.uc.mc.regs, env->xregs, sizeof(frame.uc.mc.regs));
    frame.uc.mc.sp = env->xregs[A64_SP];
    frame.uc.mc.pc = env->pc;
    frame.uc.mc.pstate = arm_pstate_get(env) | (env->btype & 3) << PSTATE_BTYPE_SHIFT;
    write_records(env, task->trap.error, frame.uc.mc.records);
    env->frame_fpsr = arm_fpsr_get(env);
    if (!guest_write(record_at, &record, sizeof(record)) ||
        !guest_write(sp, &frame, sizeof(frame))) {
        return false;
    }

    env->xregs[0] = (uint64_t)sig;
    if (action->flags & SA_SIGINFO) {
        env->xregs[1] = sp + offsetof(RtSigframe, info);
        env->xregs[2] = sp + offsetof(RtSigframe, uc);
    }
    env->xregs[A64_SP] = sp;
    env->xregs[A64_FP] = record_at;
    env->xregs[A64_LR] = action->flags & A64_SA_RESTORER ? action->restorer
                                                         : task->process->sigpage;
    env->pc = action->handler;
    env->btype = BTYPE_CALL;
    env->exclusive_addr = ARM_EXCLUSIVE_NONE; // exception returns open the monitor
    return true;
}

// Finds the FP record.  False when the records are not a list that the kernel would take.
static bool find_fpsimd(const uint8_t *records, FpsimdRecord *fpsimd)
{
    bool found = false;
    for (size_t at = 0; at % 16 == 0 && RECORDS_SIZE - at >= sizeof(RecordHead);) {
        RecordHead head;
        memcpy(&head, records + at, sizeof(head));
        if (head.magic == 0) {
            return head.size == 0 && found;
        }
        if (head.size < sizeof(head) || head.size > RECORDS_SIZE - at) {
            return false;
        }
        if (head.magic == FPSIMD_MAGIC) {
            if (found || head.size < sizeof(*fpsimd)) {
                return false;
            }
            memcpy(fpsimd, records + at, sizeof(*fpsimd));
            found = true;
        } else if (head.magic != ESR_MAGIC) {
            return false; // state that these CPUs do not have
        }
        at += head.size;
    }
    return false;
}

bool a64_sigreturn(GuestTask *task)
{
    CPUARMState *env = arm(task->cs);
    uint64_t sp = env->xregs[A64_SP];
    RtSigframe frame;
    FpsimdRecord fpsimd;
    bool readable = sp % 16 == 0 && guest_read(sp, &frame, sizeof(frame));
    if (readable) {
        signal_set_blocked(task, frame.uc.sigmask);
        memcpy(env->xregs, frame.uc.mc.regs, sizeof(frame.uc.mc.regs));
        env->xregs[A64_SP] = frame.uc.mc.sp;
        env->pc = frame.uc.mc.pc;
        arm_pstate_set(env, (uint32_t)frame.uc.mc.pstate);
        env->btype = frame.uc.mc.pstate >> PSTATE_BTYPE_SHIFT & 3;
        env->exclusive_addr = ARM_EXCLUSIVE_NONE;
    }
    if (!readable || (frame.uc.mc.pstate & PSTATE_NOT_USER) ||
        !find_fpsimd(frame.uc.mc.records, &fpsimd)) {
        GuestRegion ignored; // as arm64_notify_segfault: the address is the stack pointer's
        signal_force(task, SIGSEGV,
                     guest_memory_find(env->xregs[A64_SP], &ignored) ? SEGV_ACCERR : SEGV_MAPERR,
                     env->xregs[A64_SP]);
        return true;
    }
    memcpy(env->vregs, fpsimd.vregs, sizeof(env->vregs));
    arm_fpcr_set(env, fpsimd.fpcr);
    arm_fpsr_set(env, fpsimd.fpsr);
    if (fpsimd.fpsr != env->frame_fpsr) {
        env->fp_shortcuts &= ~A64_TB_FP_NO_UFC; // the handler looks at FPSR
    }
    signal_restore_altstack(task, frame.uc.stack.sp, frame.uc.stack.flags, frame.uc.stack.size);
    return true;
}
