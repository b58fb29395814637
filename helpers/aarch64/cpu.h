// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of an Arm virtual CPU (A64; A32 and T32 use the same struct).  Generated code, helpers and the
// runtime share it.

#ifndef HELPERS_AARCH64_CPU_H
#define HELPERS_AARCH64_CPU_H

#include <stddef.h>

#include "helpers/cpu-state.h"
#include "helpers/vec-types.h"

// Exceptions (a system call is EXCP_SYSCALL, a fault of a guest access EXCP_SEGV or EXCP_BUS).  pc is that
// of the instruction; exception_error is the syndrome's ISS where Linux shows one.
enum {
    EXCP_UDEF = 1, // undefined instruction
    EXCP_BKPT,     // BRK, A32's BKPT; exception_error is the comment field
    EXCP_PC_ALIGNMENT,
    EXCP_SP_ALIGNMENT, // an access through SP that is no multiple of 16
};

// PSTATE's condition flags as SPSR and NZCV have them.
#define ARM_CC_N 0x80000000u
#define ARM_CC_Z 0x40000000u
#define ARM_CC_C 0x20000000u
#define ARM_CC_V 0x10000000u
#define ARM_CC_MASK 0xf0000000u

// FPCR and FPSR (Arm ARM C5.2.8, C5.2.9).
#define FPCR_NEP 0x00000004u
#define FPCR_FZ16 0x00080000u
#define FPCR_RMODE 0x00c00000u
#define FPCR_RMODE_SHIFT 22 // 0 nearest, 1 towards +inf, 2 towards -inf, 3 towards zero
#define FPCR_FZ 0x01000000u
#define FPCR_DN 0x02000000u
#define FPCR_AHP 0x04000000u
// What stays when it is written: no trapped exceptions are implemented.
#define FPCR_WRITABLE (FPCR_FZ16 | FPCR_RMODE | FPCR_FZ | FPCR_DN | FPCR_AHP)
#define FPSR_IOC 0x01u
#define FPSR_DZC 0x02u
#define FPSR_OFC 0x04u
#define FPSR_UFC 0x08u
#define FPSR_IXC 0x10u
#define FPSR_IDC 0x80u
#define FPSR_QC 0x08000000u
#define FPSR_WRITABLE (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC | FPSR_QC)

// Flags of a block's TBKey.
#define A64_TB_STEP 1u // reserved
#define A64_TB_FZ 2u   // FPCR.FZ
#define A64_TB_FZ16 4u // FPCR.FZ16
#define A64_TB_DN 8u   // FPCR.DN
#define A64_TB_AHP 16u // FPCR.AHP
#define A64_TB_FPCR (A64_TB_FZ | A64_TB_FZ16 | A64_TB_DN | A64_TB_AHP)
#define A64_TB_EXACT_FP 128u          // tests: all floating point by the exact helpers
#define A64_TB_BTYPE_SHIFT 5          // 2 bits; nonzero on guarded pages alone
#define A64_TB_MODEL_SHIFT 8          // index of the CPU model, 8 bits
#define A64_TB_SP_MISALIGNED 0x40000u // SP is no multiple of 16: accesses through it fault
// What is left out of floating point (frontend/aarch64/fp.h), from CPUARMState.fp_shortcuts.
#define A64_TB_FP_TRAPS 0x10000u  // tests for NaN: what is invalid traps on the host
#define A64_TB_FP_NO_UFC 0x20000u // tests for results that are tiny before rounding alone
#define A64_TB_FP_SHORTCUTS (A64_TB_FP_TRAPS | A64_TB_FP_NO_UFC)

// What a CPU model has (frontend/aarch64/cpu-models.c): bits of ARMCPUModel.features.
typedef enum ARMFeature {
    ARM_FEAT_NONE, // always there
    ARM_FEAT_FP16,
    ARM_FEAT_AES,
    ARM_FEAT_PMULL,
    ARM_FEAT_SHA1,
    ARM_FEAT_SHA256,
    ARM_FEAT_SHA512,
    ARM_FEAT_SHA3,
    ARM_FEAT_SM3,
    ARM_FEAT_SM4,
    ARM_FEAT_CRC32,
    ARM_FEAT_LSE,
    ARM_FEAT_RDM,
    ARM_FEAT_DOTPROD,
    ARM_FEAT_FCMA,
    ARM_FEAT_FHM,
    ARM_FEAT_JSCVT,
    ARM_FEAT_LRCPC,
    ARM_FEAT_LRCPC2,
    ARM_FEAT_DPB,
    ARM_FEAT_FLAGM,
    ARM_FEAT_FLAGM2,
    ARM_FEAT_SB,
    ARM_FEAT_LSE2,
    ARM_FEAT_FRINTTS,
    ARM_FEAT_PAUTH,
    ARM_FEAT_COUNT
} ARMFeature;

typedef struct ARMCPUModel {
    const char *name, *description;
    uint64_t features;      // bits numbered by ARMFeature
    uint64_t hwcap, hwcap2; // AT_HWCAP and AT_HWCAP2, as Linux derives them from the features
    uint32_t midr;
    uint8_t index; // in the frontend's list; part of a block's key
} ARMCPUModel;

typedef enum ARMPacKey {
    ARM_PAC_IA,
    ARM_PAC_IB,
    ARM_PAC_DA,
    ARM_PAC_DB,
    ARM_PAC_GA,
    ARM_PAC_KEYS
} ARMPacKey;

#define ARM_EXCLUSIVE_NONE (~(uint64_t)0)

typedef struct CPUARMState {
    union {
        CPUState cs;
        uint64_t xregs[CPU_FRONT]; // X0 .. X30, SP; in cs.front
    };
    uint64_t pc;

    // The condition flags, each alone; see arm_pstate_get.
    uint64_t nf; // N = bit 63
    uint64_t zf; // Z = (zf == 0)
    uint64_t cf; // C, 0 or 1
    uint64_t vf; // V = bit 63

    V128 vregs[32];
    uint32_t fpcr, fpsr; // fpsr without QC, and without what the host's FP unit has gathered since
    // A64_TB_FP_TRAPS and A64_TB_FP_NO_UFC, each as long as it holds.  0 after a reset: set by who has a handler
    // for the host's SIGFPE.
    uint32_t fp_shortcuts;
    uint32_t fp_traps;   // taken so far
    uint32_t frame_fpsr; // what the last signal frame showed
    V128 qc; // FPSR.QC is set when nonzero: saturated lanes gather here, in a vector register

    uint64_t tpidr_el0, tpidrro_el0;

    // The exclusive monitor: the address of the last load-exclusive and what it read.
    uint64_t exclusive_addr; // ARM_EXCLUSIVE_NONE: open
    uint64_t exclusive_val, exclusive_high;

    uint64_t btype;
    const ARMCPUModel *model;

    // Pointer authentication: keys and which are in use, bits numbered by ARMPacKey.
    struct {
        uint64_t low, high;
    } pac_keys[ARM_PAC_KEYS];
    uint32_t pac_enabled;
    bool tagged_addresses; // PR_SET_TAGGED_ADDR_CTRL
} CPUARMState;

// N, Z, C, V as SPSR has them (ARM_CC_*), and back.
uint32_t arm_pstate_get(const CPUARMState *env);
void arm_pstate_set(CPUARMState *env, uint32_t pstate);

// AUTDA and its kin (pac-helper.c): the pointer without its code, or one that faults when it is wrong.
uint64_t arm_pac_authenticate(const CPUARMState *env, uint64_t pointer, uint64_t modifier,
                              ARMPacKey key);

// Floating point (fp-env.c).  The first two are GuestISA's fp_enter and fp_leave.
void arm_fp_enter(CPUARMState *env);
void arm_fp_leave(CPUARMState *env);
// Does invalid trap on the host now (GuestISA.fp_trap)?  Where FPCR makes every NaN the default one, or
// flushes, results are tested anyway.
static inline bool arm_fp_traps(const CPUARMState *env)
{
    return (env->fp_shortcuts & A64_TB_FP_TRAPS) && !(env->fpcr & (FPCR_DN | FPCR_FZ));
}
// One has.  True when it was the last: blocks with A64_TB_FP_TRAPS are not to be run any more.
bool arm_fp_trap(CPUARMState *env);
// The NaN that an operation on a and b gives (MO_32 or MO_64 bits wide) when it is invalid or one is a NaN.
uint64_t arm_fp_nan(unsigned size, uint64_t a, uint64_t b);
// FPCR and FPSR for signal frames and debuggers, outside guest code.  The setters drop what is not
// writable.
uint32_t arm_fpcr_get(const CPUARMState *env);
uint32_t arm_fpsr_get(const CPUARMState *env);
void arm_fpcr_set(CPUARMState *env, uint32_t fpcr);
void arm_fpsr_set(CPUARMState *env, uint32_t fpsr);

#endif
