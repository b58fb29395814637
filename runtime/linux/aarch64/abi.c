// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linux on AArch64: registers at program start and at system calls, exceptions that become signals, the
// options of prctl that no other guest has.  Facts: the procedure call standard (AAPCS64), Linux's
// arch/arm64/kernel/{process,traps,debug-monitors}.c, arch/arm64/mm/fault.c.
#include "abi-aarch64.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "runtime/guest-memory.h"
#include "runtime/linux/guest-signal.h"
#include "runtime/linux/syscall.h"
#include "runtime/options.h"
#include "runtime/process.h"

// Options that arm64 alone implements (uapi/linux/prctl.h).
#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#define PR_PAC_GET_ENABLED_KEYS 61
#endif

// --- pointer authentication (arch/arm64/kernel/pointer_auth.c) -----------------------------------
// The bits of prctl's masks (PR_PAC_APIAKEY ...) are numbered as ARMPacKey is.
#define PAC_ADDRESS_KEYS (1u << ARM_PAC_IA | 1u << ARM_PAC_IB | 1u << ARM_PAC_DA | 1u << ARM_PAC_DB)
#define PAC_ALL_KEYS (PAC_ADDRESS_KEYS | 1u << ARM_PAC_GA)

static bool arm_has_pac(const CPUARMState *env)
{
    return env->model->features >> ARM_FEAT_PAUTH & 1;
}

static void reset_pac_keys(CPUARMState *env, uint32_t keys)
{
    for (unsigned i = 0; i < ARM_PAC_KEYS; i++) {
        if (keys >> i & 1 && getrandom(&env->pac_keys[i], sizeof(env->pac_keys[i]), 0) < 0) {
            env->pac_keys[i].high = 0x5a5a5a5a5a5a5a5a; // a kernel that has none: as AT_RANDOM
        }
    }
}

static int64_t pac_prctl(CPUARMState *env, const uint64_t a[6])
{
    if (!arm_has_pac(env) || a[4]) {
        return -EINVAL;
    }
    switch ((int)a[0]) {
    case PR_PAC_RESET_KEYS:
        if (a[2] || a[3] || a[1] & ~(uint64_t)PAC_ALL_KEYS) {
            return -EINVAL;
        }
        reset_pac_keys(env, a[1] ? (uint32_t)a[1] : PAC_ALL_KEYS);
        return 0;
    case PR_PAC_SET_ENABLED_KEYS:
        if (a[3] || a[1] & ~(uint64_t)PAC_ADDRESS_KEYS || a[2] & ~a[1]) {
            return -EINVAL;
        }
        env->pac_enabled = (env->pac_enabled & ~(uint32_t)a[1]) | (uint32_t)a[2];
        return 0;
    default: // PR_PAC_GET_ENABLED_KEYS
        return a[1] || a[2] || a[3] ? -EINVAL : (int64_t)(env->pac_enabled & PAC_ADDRESS_KEYS);
    }
}

// --- registers ----------------------------------------------------------------------------------
static void init_registers(CPUState *cs, uint64_t entry, uint64_t sp)
{
    CPUARMState *env = arm(cs);
    memset(env->xregs, 0, sizeof(env->xregs));
    env->xregs[A64_SP] = sp;
    env->pc = entry;
    if (arm_has_pac(env)) {
        env->pac_enabled = PAC_ADDRESS_KEYS | 1u << ARM_PAC_GA;
        reset_pac_keys(env, ~0u);
    }
#ifdef __x86_64__ // where traps are taken (runtime/fault-fp.c)
    // --verify compares all of env, and two engines need not trap equally often.
    env->fp_shortcuts = myna_options->verify ? A64_TB_FP_NO_UFC : A64_TB_FP_SHORTCUTS;
#endif
}

static void clone_registers(CPUState *child, uint64_t stack, bool set_tls, uint64_t tls)
{
    CPUARMState *env = arm(child);
    env->xregs[0] = 0;
    if (stack) {
        env->xregs[A64_SP] = stack;
    }
    if (set_tls) {
        env->tpidr_el0 = tls;
    }
    env->exclusive_addr = ARM_EXCLUSIVE_NONE;
}

static uint64_t get_sp(const CPUState *cs) { return ((const CPUARMState *)cs)->xregs[A64_SP]; }

static uint64_t hwcap(CPUState *cs) { return arm(cs)->model->hwcap; }
static uint64_t hwcap2(CPUState *cs) { return arm(cs)->model->hwcap2; }

// --- system calls -------------------------------------------------------------------------------
// The tagged address ABI (Documentation/arm64/tagged-address-abi.rst): once a process has asked for it, the
// top byte of a pointer to a system call is ignored; but for addresses that become part of the map.
static bool takes_tags(const SyscallRow *row, unsigned arg)
{
    static const char *const mapping[] = {"mmap", "mremap", "brk", "shmat", "shmdt"};
    for (unsigned i = 0; i < G_N_ELEMENTS(mapping); i++) {
        if (strcmp(row->name, mapping[i]) == 0) {
            return strcmp(row->name, "mremap") == 0 && arg == 0;
        }
    }
    return true;
}

static bool is_pointer(SyscallArgKind kind)
{
    switch (kind) {
    case ARG_PTR:
    case ARG_PATH:
    case ARG_STR:
    case ARG_STRS:
    case ARG_ENVS:
    case ARG_BUF:
    case ARG_OSTR:
    case ARG_ODATA:
    case ARG_IOV:
    case ARG_SOCKADDR:
    case ARG_FCNTLARG: // or a small number
    case ARG_SEMCTLARG:
    case ARG_STRUCT: return true;
    default: return false;
    }
}

static void untag_arguments(const SyscallRow *row, uint64_t args[6])
{
    for (unsigned i = 0; row && i < 6 && row->args[i].kind != ARG_NONE; i++) {
        if (is_pointer(row->args[i].kind) && takes_tags(row, i)) {
            args[i] = (uint64_t)((int64_t)(args[i] << 8) >> 8);
        }
    }
}

static void syscall_get(CPUState *cs, uint64_t *number, uint64_t args[6])
{
    CPUARMState *env = arm(cs);
    *number = (uint32_t)env->xregs[8]; // the kernel reads w8
    memcpy(args, env->xregs, 6 * sizeof(args[0]));
    if (env->tagged_addresses) {
        untag_arguments(syscall_find(SYSCALL_ABI_AARCH64, *number), args);
    }
}

static void syscall_return(CPUState *cs, int64_t result) { arm(cs)->xregs[0] = (uint64_t)result; }

static void syscall_restart(CPUState *cs)
{
    arm(cs)->pc -= 4; // SVC; x0 still holds the first argument
}

static bool own_prctl(GuestTask *task, const uint64_t a[6], int64_t *result)
{
    CPUARMState *env = arm(task->cs);
    switch ((int)a[0]) {
    case PR_SVE_SET_VL: // the virtual CPUs have no SVE
    case PR_SVE_GET_VL: *result = -EINVAL; return true;
    case PR_PAC_RESET_KEYS:
    case PR_PAC_SET_ENABLED_KEYS:
    case PR_PAC_GET_ENABLED_KEYS: *result = pac_prctl(env, a); return true;
    case PR_SET_TAGGED_ADDR_CTRL: // without MTE this is its one flag
        *result = a[1] & ~(uint64_t)PR_TAGGED_ADDR_ENABLE || a[2] || a[3] || a[4] ? -EINVAL : 0;
        if (*result == 0) {
            env->tagged_addresses = a[1];
        }
        return true;
    case PR_GET_TAGGED_ADDR_CTRL:
        *result = a[1] || a[2] || a[3] || a[4] ? -EINVAL
                  : env->tagged_addresses      ? PR_TAGGED_ADDR_ENABLE
                                               : 0;
        return true;
    default: return false;
    }
}

// --- exceptions ---------------------------------------------------------------------------------
// Where Linux's half of the address space begins, of whose map user mode learns nothing.
#define TASK_SIZE (UINT64_C(1) << 48)

static void abort_signal(GuestTask *task, int sig, int code, uint64_t addr, uint64_t esr)
{
    task->trap.addr = addr;
    task->trap.error = esr;
    signal_force(task, sig, code, addr);
}

static uint64_t bits(uint32_t insn, unsigned low, unsigned count)
{
    return insn >> low & ((1u << count) - 1);
}

static int64_t signed_bits(uint32_t insn, unsigned low, unsigned count)
{
    return (int64_t)(bits(insn, low, count) << (64 - count)) >> (64 - count);
}

// Register offset: option and S of the encoding.
static uint64_t extended(const CPUARMState *env, uint32_t insn, unsigned scale)
{
    unsigned rm = (unsigned)bits(insn, 16, 5);
    uint64_t value = rm == 31 ? 0 : env->xregs[rm];
    switch (bits(insn, 13, 3)) {
    case 2: value = (uint32_t)value; break;
    case 6: value = (uint64_t)(int32_t)value; break;
    default: break;
    }
    return insn & 1u << 12 ? value << scale : value;
}

// The address that the load or store at pc names.  An x86-64 host keeps an address to itself that is none
// of its own two halves' (bits 63 to 47 unlike), so it is found out from the instruction (Arm ARM C4.1,
// loads and stores).
static uint64_t named_address(const CPUARMState *env)
{
    uint32_t insn = 0;
    guest_read(env->pc, &insn, sizeof(insn));
    uint64_t base = env->xregs[bits(insn, 5, 5)]; // 31 is SP here
    bool vector = insn & 1u << 26;
    unsigned scale = (unsigned)bits(insn, 30, 2) | (vector && insn & 1u << 23 ? 4 : 0);
    bool post = false;
    if ((insn & 0xff200400) == 0xf8200400) { // LDRAA, LDRAB
        ARMPacKey key = insn & 1u << 23 ? ARM_PAC_DB : ARM_PAC_DA;
        uint64_t offset = ((uint64_t)signed_bits(insn, 22, 1) << 9 | bits(insn, 12, 9)) << 3;
        base = arm_pac_authenticate(env, base, 0, key) + offset;
        return (uint64_t)((int64_t)(base << 8) >> 8);
    }
    switch (bits(insn, 27, 3)) {
    case 5: // pairs
        scale = (unsigned)bits(insn, 30, 2);
        scale = vector ? scale + 2 : scale & 2 ? 3 : 2;
        post = bits(insn, 23, 2) == 1;
        base += post ? 0 : (uint64_t)signed_bits(insn, 15, 7) << scale;
        break;
    case 7:
        if (insn & 1u << 24) {
            base += bits(insn, 10, 12) << scale;
        } else if (!(insn & 1u << 21)) {
            post = bits(insn, 10, 2) == 1;
            base += post ? 0 : (uint64_t)signed_bits(insn, 12, 9);
        } else if (bits(insn, 10, 2) == 2) {
            base += extended(env, insn, scale);
        }
        break;
    default: break; // exclusives, structures: the base alone
    }
    return (uint64_t)((int64_t)(base << 8) >> 8); // the top byte is ignored
}

static void memory_abort(GuestTask *task, bool is_bus)
{
    const CPUARMState *env = arm(task->cs);
    const CPUState *cs = task->cs;
    uint64_t addr = cs->fault_code == SI_KERNEL ? named_address(env) : cs->fault_addr;
    int code = cs->fault_code;
    bool fetch = addr == env->pc;
    uint64_t esr = ESR_EC(fetch ? ESR_EC_INSN_ABORT : ESR_EC_DATA_ABORT);
    if (cs->fault_write) {
        esr |= ESR_WNR;
    }
    if (is_bus) {
        esr |= code == BUS_ADRALN ? ESR_FSC_ALIGNMENT : ESR_FSC_EXTERNAL;
        abort_signal(task, SIGBUS, code, addr, esr);
        return;
    }
    if (addr >= TASK_SIZE) {
        code = SEGV_MAPERR; // nothing there for user mode, whatever it is
        esr |= ESR_FSC_TRANSLATION_0;
    } else {
        if (code != SEGV_ACCERR) {
            code = SEGV_MAPERR; // the host's own words for an address that it cannot have
        }
        esr |= code == SEGV_MAPERR ? ESR_FSC_TRANSLATION_3 : ESR_FSC_PERMISSION_3;
    }
    abort_signal(task, SIGSEGV, code, addr, esr);
}

static void exception(GuestTask *task, int excp)
{
    CPUARMState *env = arm(task->cs);
    task->trap.number = (uint64_t)excp;
    switch (excp) {
    case EXCP_SEGV: memory_abort(task, false); break;
    case EXCP_BUS: memory_abort(task, true); break;
    case EXCP_UNALIGNED:
        abort_signal(task, SIGBUS, BUS_ADRALN, task->cs->fault_addr,
                     ESR_EC(ESR_EC_DATA_ABORT) | ESR_FSC_ALIGNMENT |
                         (task->cs->fault_write ? ESR_WNR : 0));
        break;
    case EXCP_PC_ALIGNMENT:
        abort_signal(task, SIGBUS, BUS_ADRALN, env->pc, ESR_EC(ESR_EC_PC_ALIGNMENT));
        break;
    case EXCP_SP_ALIGNMENT:
        abort_signal(task, SIGBUS, BUS_ADRALN, env->xregs[A64_SP], ESR_EC(ESR_EC_SP_ALIGNMENT));
        break;
    case EXCP_BKPT: signal_force(task, SIGTRAP, TRAP_BRKPT, env->pc); break;
    case EXCP_DEBUG: signal_force(task, SIGTRAP, TRAP_TRACE, env->pc); break;
    default: // EXCP_UDEF and what else is no instruction to Linux's user mode
        task->trap.addr = task->trap.error = 0;
        signal_force(task, SIGILL, ILL_ILLOPC, env->pc);
        break;
    }
}

// mov x8, #139 (rt_sigreturn); svc #0.  Unwinders look for just these.
static const uint32_t sigreturn_code[] = {0xd2801168, 0xd4000001};

const GuestABI guest_abi_aarch64 = {
    .isa = &guest_isa_aarch64,
    .syscalls = SYSCALL_ABI_AARCH64,
    .machine = "aarch64",
    .machine32 = "armv8l",
    .platform = "aarch64",
    .mmap_low = 0x10000,
    .task_size = TASK_SIZE, // of which an x86-64 host has the lower half
    // As for x86-64: out of the way of what the host and the sanitizers' guests put elsewhere.
    .pie_base = UINT64_C(0x550000000000),
    .min_sigstack = A64_MIN_SIGSTACK,
    .min_altstack = 5120,
    .clone_backwards = true,
    .flags = a64_flags,
    .structs = a64_structs,
    .sigpage = sigreturn_code,
    .sigpage_size = sizeof(sigreturn_code),
    .hwcap = hwcap,
    .hwcap2 = hwcap2,
    .init_registers = init_registers,
    .clone_registers = clone_registers,
    .get_sp = get_sp,
    .syscall_get = syscall_get,
    .syscall_return = syscall_return,
    .syscall_restart = syscall_restart,
    .setup_frame = a64_setup_frame,
    .sigreturn = a64_sigreturn,
    .exception = exception,
    .print_cpuinfo = a64_print_cpuinfo,
    .prctl = own_prctl,
};
