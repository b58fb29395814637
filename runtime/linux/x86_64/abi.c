// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linux on x86-64: registers at program start and at system calls, exceptions that become signals, the
// calls that no other guest has.  Facts: the System V ABI for AMD64, arch/x86/kernel/traps.c.
#include "abi-x86_64.h"

#include <asm/prctl.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "frontend/x86/isa.h"
#include "runtime/guest-memory.h"
#include "runtime/linux/guest-signal.h"
#include "runtime/log.h"

static CPUX86State *x86(CPUState *cs) { return (CPUX86State *)cs; }

enum { R8 = 8, R9 = 9, R10 = 10, R11 = 11 };

// --- registers ----------------------------------------------------------------------------------
static void init_registers(CPUState *cs, uint64_t entry, uint64_t sp)
{
    CPUX86State *env = x86(cs);
    memset(env->regs, 0, sizeof(env->regs));
    env->regs[R_ESP] = sp;
    env->rip = entry;
}

static void clone_registers(CPUState *child, uint64_t stack, bool set_tls, uint64_t tls)
{
    CPUX86State *env = x86(child);
    env->regs[R_EAX] = 0;
    if (stack) {
        env->regs[R_ESP] = stack;
    }
    if (set_tls) {
        env->fs_base = tls;
    }
}

static uint64_t get_sp(const CPUState *cs) { return ((const CPUX86State *)cs)->regs[R_ESP]; }

// AT_HWCAP is CPUID 1 EDX; AT_HWCAP2 has bit 1 for FSGSBASE (asm/hwcap2.h).
static uint64_t hwcap(CPUState *cs) { return x86(cs)->model->leaf1_edx; }
static uint64_t hwcap2(CPUState *cs) { return x86(cs)->model->leaf7_ebx & 1 ? 2 : 0; }

// --- system calls -------------------------------------------------------------------------------
static void syscall_get(CPUState *cs, uint64_t *number, uint64_t args[6])
{
    CPUX86State *env = x86(cs);
    static const uint8_t order[6] = {R_EDI, R_ESI, R_EDX, R10, R8, R9};
    *number = env->regs[R_EAX];
    for (int i = 0; i < 6; i++) {
        args[i] = env->regs[order[i]];
    }
    // What the instruction itself leaves behind.
    env->regs[R_ECX] = env->rip;
    env->regs[R11] = x86_eflags_get(env);
}

static void syscall_return(CPUState *cs, int64_t result)
{
    x86(cs)->regs[R_EAX] = (uint64_t)result;
}

static void syscall_restart(CPUState *cs)
{
    x86(cs)->rip -= 2; // 0f 05; RAX still holds the number
}

int64_t sys_arch_prctl(GuestTask *task, const uint64_t a[6])
{
    CPUX86State *env = x86(task->cs);
    switch (a[0]) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        if (a[1] >= guest_abi_x86_64.task_size) {
            return -EPERM;
        }
        *(a[0] == ARCH_SET_FS ? &env->fs_base : &env->gs_base) = a[1];
        return 0;
    case ARCH_GET_FS:
    case ARCH_GET_GS: {
        uint64_t base = a[0] == ARCH_GET_FS ? env->fs_base : env->gs_base;
        return guest_write(a[1], &base, sizeof(base)) ? 0 : -EFAULT;
    }
    case ARCH_GET_CPUID: return 1;
    case ARCH_SET_CPUID: return a[1] ? 0 : -ENODEV; // CPUID cannot be made to fault
    default: return -EINVAL;
    }
}

// There is no local descriptor table: it reads as empty and cannot be written.
int64_t sys_modify_ldt(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    switch ((int)a[0]) {
    case 0: return 0;
    case 1:
    case 0x11: return -EINVAL;
    default: return -ENOSYS;
    }
}

// --- vsyscall -----------------------------------------------------------------------------------
// A page at a fixed address in the kernel's half, which old static programs call.  Linux emulates it as
// well ("vsyscall=emulate"): a call traps on its first instruction.
#define VSYSCALL_PAGE UINT64_C(0xffffffffff600000)

static bool emulate_vsyscall(GuestTask *task)
{
    CPUX86State *env = x86(task->cs);
    static const int numbers[] = {SYS_gettimeofday, SYS_time, SYS_getcpu};
    uint64_t offset = env->rip - VSYSCALL_PAGE, ret;
    if (offset >= 0xc00 || offset % 0x400 != 0 ||
        !guest_read(env->regs[R_ESP], &ret, sizeof(ret))) {
        return false;
    }
    env->regs[R_EAX] = (uint64_t)HOST_SYSCALL(task, numbers[offset / 0x400], env->regs[R_EDI],
                                              env->regs[R_ESI], env->regs[R_EDX]);
    env->regs[R_ESP] += 8;
    env->rip = ret;
    return true;
}

// --- exceptions ---------------------------------------------------------------------------------
enum { ERR_PROTECTION = 1, ERR_WRITE = 2, ERR_USER = 4, ERR_FETCH = 16 };
// Where the kernel's half begins, whose map is not for user mode to see: what faults there looks as if
// it were mapped (set_signal_archinfo of Linux).
#define TASK_SIZE_MAX UINT64_C(0x7ffffffff000)

static unsigned memory_use(CPUX86State *env)
{
    uint8_t bytes[15];
    size_t len = sizeof(bytes);
    while (len &&
           !guest_read(env->rip, bytes, len)) { // the code may end before a page that is not there
        len--;
    }
    return x86_memory_use(env->code64, bytes, len);
}

static void page_fault(GuestTask *task, int sig)
{
    CPUX86State *env = x86(task->cs);
    const CPUState *cs = task->cs;
    if (cs->fault_code == SI_KERNEL) {
        // A non-canonical address: a general protection or stack fault, which has no address.
        bool stack = memory_use(env) & X86_USE_STACK;
        task->trap.number = stack ? EXCP0C_STACK : EXCP0D_GPF;
        task->trap.error = 0;
        sig = stack ? SIGBUS : SIGSEGV;
        signal_force(task, sig, SI_KERNEL, 0);
        return;
    }
    if (cs->fault_addr == env->rip && env->rip >= VSYSCALL_PAGE && emulate_vsyscall(task)) {
        return;
    }
    bool fetch = cs->fault_addr == env->rip;
    bool write = cs->fault_write || (!fetch && memory_use(env) & X86_USE_WRITE);
    bool protection = cs->fault_code != SEGV_MAPERR || cs->fault_addr >= TASK_SIZE_MAX;
    task->trap.number = EXCP0E_PAGE;
    task->trap.error = ERR_USER | (write ? ERR_WRITE : 0) | (protection ? ERR_PROTECTION : 0) |
                       (fetch ? ERR_FETCH : 0);
    task->trap.addr = cs->fault_addr;
    signal_force(task, sig, cs->fault_code, cs->fault_addr);
}

// si_code of an FP exception, from its unmasked status bits (fpu__exception_code of Linux).
static int fp_code(uint32_t bits)
{
    static const struct {
        uint32_t bits;
        int code;
    } codes[] = {
        {0x01, FPE_FLTINV}, {0x04, FPE_FLTDIV}, {0x08, FPE_FLTOVF},
        {0x12, FPE_FLTUND}, {0x20, FPE_FLTRES},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (bits & codes[i].bits) {
            return codes[i].code;
        }
    }
    return SI_KERNEL;
}

static void exception(GuestTask *task, int excp)
{
    CPUX86State *env = x86(task->cs);
    if (excp == EXCP_SEGV || excp == EXCP_BUS) {
        page_fault(task, excp == EXCP_SEGV ? SIGSEGV : SIGBUS);
        return;
    }
    if (excp == EXCP_DEBUG) {
        excp = EXCP01_DB;
    } else if (excp == EXCP_UNALIGNED) {
        excp = EXCP11_ALGN;
    }
    task->trap.number = (uint64_t)excp;
    task->trap.error = task->cs->exception_error;
    task->cs->exception_error = 0; // for the next one: most have none
    switch (excp) {
    case EXCP00_DIVZ: signal_force(task, SIGFPE, FPE_INTDIV, env->rip); break;
    case EXCP01_DB: signal_force(task, SIGTRAP, TRAP_TRACE, env->rip); break;
    case EXCP03_INT3: signal_force(task, SIGTRAP, SI_KERNEL, 0); break;
    case EXCP04_INTO:
    case EXCP05_BOUND: signal_force(task, SIGSEGV, SI_KERNEL, 0); break;
    case EXCP06_ILLOP: signal_force(task, SIGILL, ILL_ILLOPN, env->rip); break;
    case EXCP0B_NOSEG:
    case EXCP0C_STACK: signal_force(task, SIGBUS, SI_KERNEL, 0); break;
    case EXCP10_COPR:
        signal_force(task, SIGFPE, fp_code(env->fpus & ~env->fpuc & 0x3fu), env->rip);
        break;
    case EXCP11_ALGN: signal_force(task, SIGBUS, BUS_ADRALN, 0); break;
    case EXCP13_SIMD:
        signal_force(task, SIGFPE, fp_code(env->mxcsr & ~(env->mxcsr >> 7) & 0x3fu), env->rip);
        break;
    default: // EXCP0D_GPF and what else a processor may raise
        signal_force(task, SIGSEGV, SI_KERNEL, 0);
        break;
    }
}

const GuestABI guest_abi_x86_64 = {
    .isa = &guest_isa_x86_64,
    .syscalls = SYSCALL_ABI_X86_64,
    .machine = "x86_64",
    .machine32 = "i686",
    .platform = "x86_64",
    .mmap_low = 0x10000,
    .task_size = UINT64_C(0x7ffffffff000),
    // Below where Linux puts them (0x555555554000), which is where myna itself is; guests built with
    // AddressSanitizer or ThreadSanitizer find the ranges free that they need.
    .pie_base = UINT64_C(0x550000000000),
    .min_sigstack = X86_MIN_SIGSTACK,
    .min_altstack = 2048,
    .kernel_page = VSYSCALL_PAGE,
    .hwcap = hwcap,
    .hwcap2 = hwcap2,
    .init_registers = init_registers,
    .clone_registers = clone_registers,
    .get_sp = get_sp,
    .syscall_get = syscall_get,
    .syscall_return = syscall_return,
    .syscall_restart = syscall_restart,
    .setup_frame = x86_setup_frame,
    .sigreturn = x86_sigreturn,
    .exception = exception,
    .core_regs = x86_core_regs,
    .core_notes = x86_core_notes,
};
