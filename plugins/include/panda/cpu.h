// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The virtual CPU as PANDA plugins see it; see panda_plugin.h.
//
// A CPUState is a picture of the guest thread's registers, taken for the callback that it is given to.  What a
// callback changes in `regs` and their kin is written back to the guest when it returns, where the
// callback's description says that registers are current; the pc is not (it is for reading).

#ifndef MYNA_PANDA_CPU_H
#define MYNA_PANDA_CPU_H

#include "qemu-common.h"

typedef uint64_t target_ulong;
typedef int64_t target_long;
typedef int64_t abi_long;
typedef uint64_t abi_ulong;
typedef uint64_t target_phys_addr_t;
#define TARGET_FMT_lx "%016" PRIx64
#define TARGET_FMT_ld "%" PRId64
#define TARGET_FMT_lu "%" PRIu64

#if defined(TARGET_I386)
enum {
    R_EAX = 0,
    R_ECX,
    R_EDX,
    R_EBX,
    R_ESP,
    R_EBP,
    R_ESI,
    R_EDI,
};
enum { CPU_NB_REGS = 16 };

typedef struct CPUX86State {
    target_ulong panda_guest_pc; // of the instruction that the callback belongs to
    int cpu_index;
    target_ulong regs[CPU_NB_REGS]; // R_EAX ...; 8 to 15: R8 to R15
    target_ulong eip;               // as panda_guest_pc
    target_ulong eflags;
    target_ulong fs_base, gs_base;
} CPUX86State;
typedef CPUX86State CPUState;

#elif defined(TARGET_AARCH64)
typedef struct CPUARMState {
    target_ulong panda_guest_pc;
    int cpu_index;
    target_ulong xregs[32]; // X0 to X30, SP
    target_ulong pc;        // as panda_guest_pc
    target_ulong pstate;
} CPUARMState;
typedef CPUARMState CPUState;

#else
#error "put the include folder of the guest (x86_64 or aarch64) before this one"
#endif
typedef CPUState CPUArchState;

// A translation block: a straight run of guest instructions.  One object stands for a block at a pc as long as
// the process lives.
typedef struct TranslationBlock {
    target_ulong pc;
    uint16_t size;   // bytes of guest code
    uint16_t icount; // instructions
} TranslationBlock;

#ifdef __cplusplus
extern "C" {
#endif
// Copies len bytes between guest memory at addr and buf.  0, or -1 when a part cannot be accessed.
int cpu_memory_rw_debug(CPUState *env, target_ulong addr, uint8_t *buf, int len, int is_write);
#ifdef __cplusplus
}
#endif
#endif
