// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host faults: whose they are and what becomes of them.
//
// The Linux layer's SIGSEGV and SIGBUS handlers call cpu_handle_host_fault.  In this order:
//
//   1. A signal that somebody sent is no fault.
//   2. A write to a page that we had write-protected because of its blocks.  The blocks go, the page
//      becomes writable, the access is made again.  When a precise block made it (insn_pc is set), the
//      block may be on that page itself: then it is left, and its instruction begins again alone.
//   3. An access below a mapping that grows downwards: it grows, and the access is made again.
//   4. A thread inside cpu_guard_access: the copy ends there and says so.
//   5. A guest access through a tagged pointer, which is made good: see fault-tag.c.  (Of SIGFPE and what is
//      made good there: fault-fp.c.)
//   6. Guest code or a helper of it was running: the guest's own fault.  (In 2 and 6 compiled code may have had guest
//      registers in the host's: they go to env first.)
//   7. Else the fault is ours.
//
// A handler that leaves by siglongjmp must undo what the kernel did for it: the signal mask, and on x86
// the FP control word, which the kernel has set to its default.

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "fault-fp.h"
#include "fault-tag.h"
#include "guest-memory.h"
#if defined(__x86_64__)
#include "host-insn.h"
#endif
#include "process.h"
#include "stats.h"
#include "tb.h"
#include "tb-quick.h"
#include "tier-host.h"

typedef struct Guard {
    sigjmp_buf env;
    uint64_t addr;
} Guard;
static _Thread_local Guard *volatile guard;

bool cpu_guard_access(void (*fn)(void *opaque), void *opaque, uint64_t *fault_addr)
{
    Guard g, *outer = guard;
    if (sigsetjmp(g.env, 0)) {
        guard = outer;
        if (fault_addr) {
            *fault_addr = g.addr;
        }
        return false;
    }
    guard = &g;
    atomic_signal_fence(memory_order_seq_cst);
    fn(opaque);
    atomic_signal_fence(memory_order_seq_cst);
    guard = outer;
    return true;
}

// --- the host's part ------------------------------------------------------------------------------

#if defined(__x86_64__)
static bool fault_was_write(const ucontext_t *uc)
{
    return uc->uc_mcontext.gregs[REG_ERR] & 2; // page fault error code, SDM volume 3, 4.7
}
static uint64_t fault_host_pc(const ucontext_t *uc)
{
    return (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
}
// What compiled code had in the host's registers.
static void recover_state(CPUState *cs, const ucontext_t *uc)
{
    StateRegs regs;
    host_state_regs(uc, &regs);
    if (!tb_quick_recover(cs, fault_host_pc(uc), regs.gpr, &cs->insn_pc)) {
        tier_host_recover(cs, fault_host_pc(uc), &regs, &cs->insn_pc);
    }
}
static void restore_fp_control(const ucontext_t *uc)
{
    if (uc->uc_mcontext.fpregs) {
        uint32_t mxcsr = uc->uc_mcontext.fpregs->mxcsr;
        __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    }
}
#elif defined(__aarch64__)
static bool fault_was_write(const ucontext_t *uc)
{
    // The instruction tells: stores have bit 22 clear in the load/store encodings.
    uint32_t insn = *(const uint32_t *)uc->uc_mcontext.pc;
    return (insn & 0x0a000000) == 0x08000000 && !(insn & (1u << 22));
}
static uint64_t fault_host_pc(const ucontext_t *uc) { return uc->uc_mcontext.pc; }
static void recover_state(CPUState *cs, const ucontext_t *uc) { (void)cs, (void)uc; }
static void restore_fp_control(const ucontext_t *uc) { (void)uc; }
#else
#error "tell here how a host fault looks"
#endif

static void leave_handler(ucontext_t *uc)
{
    fault_tag_forget();
    fault_fp_forget(uc);
    restore_fp_control(uc);
    pthread_sigmask(SIG_SETMASK, &uc->uc_sigmask, NULL);
}

// --- outcomes -----------------------------------------------------------------------------------

static _Noreturn void begin_instruction_again(CPUState *cs, ucontext_t *uc)
{
    stats.restarts++;
    cs->isa->set_pc(cs, cs->insn_pc);
    if (cs->isa->settle) {
        cs->isa->settle(cs); // also where --verify catches it
    }
    cs->exception_index = EXCP_NONE;
    cpu_private(cs)->once_cflags = CF_PRECISE | CF_NO_GOTO_TB | CF_NO_GOTO_PTR |
                                   (1u << CF_COUNT_SHIFT);
    leave_handler(uc);
    siglongjmp(*cs->jmp_env, 1);
}

static _Noreturn void raise_guest_fault(CPUState *cs, int sig, const siginfo_t *info,
                                        ucontext_t *uc)
{
    GuestRegion r;
    uint64_t addr = h2g(info->si_addr);
    // A non-canonical address is SIGBUS when the host's base register was RBP or RSP, whatever the guest's was.
    cs->exception_index = sig == SIGBUS && info->si_code != SI_KERNEL ? EXCP_BUS : EXCP_SEGV;
    cs->fault_addr = addr;
    cs->fault_code = info->si_code;
    cs->fault_write = fault_was_write(uc);
    if (sig == SIGSEGV && (info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR)) {
        // The guest's map decides: what is not in it is not there, whatever myna has at the place.
        cs->fault_code = guest_memory_find(addr, &r) ? SEGV_ACCERR : SEGV_MAPERR;
    }
    if (cs->insn_pc != INSN_PC_NONE) {
        cs->isa->set_pc(cs, cs->insn_pc);
    }
    leave_handler(uc);
    siglongjmp(*cs->jmp_env, 1);
}

void cpu_raise_unaligned(void *env, uint64_t addr, unsigned size, bool write)
{
    CPUState *cs = env;
    (void)size;
    cs->exception_index = EXCP_UNALIGNED;
    cs->fault_addr = addr;
    cs->fault_write = write;
    if (cs->insn_pc != INSN_PC_NONE) {
        cs->isa->set_pc(cs, cs->insn_pc);
    }
    cpu_loop_exit(cs);
}

bool cpu_handle_host_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    CPUState *cs = current_cpu;
    bool in_guest = cs && cs->jmp_env && cpu_private(cs)->in_guest;

    if (info->si_code <= 0) {
        return false;
    }
    if (sig == SIGSEGV && info->si_code == SEGV_ACCERR && fault_was_write(uc) && !tb_lock_held() &&
        guest_memory_write_fault(h2g(info->si_addr))) {
        if (in_guest && !guard) {
            recover_state(cs, uc);
        }
        if (in_guest && !guard && cs->insn_pc != INSN_PC_NONE) {
            begin_instruction_again(cs, uc);
        }
        return true;
    }
    if (sig == SIGSEGV && info->si_code == SEGV_MAPERR && (in_guest || guard) &&
        guest_memory_grow(h2g(info->si_addr))) {
        return true;
    }
    if (guard) {
        Guard *g = guard;
        g->addr = h2g(info->si_addr);
        leave_handler(uc);
        siglongjmp(g->env, 1);
    }
    if (in_guest && cs->isa->tag_bits && info->si_code == SI_KERNEL &&
        fault_tag_begin(context, cs->isa->tag_bits)) {
        cpu_set_tagged(cs);
        return true;
    }
    if (in_guest) {
        recover_state(cs, uc);
        raise_guest_fault(cs, sig, info, uc);
    }
    process_internal_fault("signal %d, code %d, address %p, at host address 0x%" PRIx64, sig,
                           info->si_code, info->si_addr, fault_host_pc(uc));
}

bool cpu_handle_host_fp(const siginfo_t *info, void *context)
{
    CPUState *cs = current_cpu;
    if (!cs || !fault_fp_begin(context, info, cs->isa)) {
        return false;
    }
    if (cs->isa->fp_trap(cs)) {
        cpu_request_exit(cs);
    }
    return true;
}

bool cpu_handle_host_trap(void *context)
{
    // An instruction may have both behind it.
    bool tag = fault_tag_end(context), fp = fault_fp_end(context);
    return tag || fp;
}
