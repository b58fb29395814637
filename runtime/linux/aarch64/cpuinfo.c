// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// /proc/cpuinfo of the virtual CPUs, as arch/arm64/kernel/cpuinfo.c prints it: names for the bits of
// AT_HWCAP and AT_HWCAP2, and the fields of MIDR_EL1.
#include <unistd.h>

#include "abi-aarch64.h"

// By bit; arch/arm64/include/uapi/asm/hwcap.h.
static const char *const hwcap_names[] = {
    "fp",      "asimd", "evtstrm", "aes",   "pmull",    "sha1",   "sha2", "crc32",
    "atomics", "fphp",  "asimdhp", "cpuid", "asimdrdm", "jscvt",  "fcma", "lrcpc",
    "dcpop",   "sha3",  "sm3",     "sm4",   "asimddp",  "sha512", "sve",  "asimdfhm",
    "dit",     "uscat", "ilrcpc",  "flagm", "ssbs",     "sb",     "paca", "pacg",
};
static const char *const hwcap2_names[] = {
    "dcpodp", "sve2",    "sveaes",   "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2",
    "frint",  "svei8mm", "svef32mm", "svef64mm", "svebf16",    "i8mm",    "bf16",   "dgh",
    "rng",    "bti",     "mte",      "ecv",      "afp",        "rpres",   "mte3",
};

static void print_names(uint64_t bits, const char *const *names, unsigned count, FILE *f)
{
    for (unsigned i = 0; i < count; i++) {
        if (bits >> i & 1) {
            fprintf(f, " %s", names[i]);
        }
    }
}

void a64_print_cpuinfo(CPUState *cs, FILE *f)
{
    const ARMCPUModel *model = arm(cs)->model;
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < (count > 0 ? count : 1); i++) {
        fprintf(f, "processor\t: %ld\nBogoMIPS\t: 100.00\nFeatures\t:", i);
        print_names(model->hwcap, hwcap_names, G_N_ELEMENTS(hwcap_names), f);
        print_names(model->hwcap2, hwcap2_names, G_N_ELEMENTS(hwcap2_names), f);
        fprintf(f,
                "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                model->midr >> 24, model->midr >> 20 & 0xf, model->midr >> 4 & 0xfff,
                model->midr & 0xf);
    }
}
