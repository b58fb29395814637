// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The AArch64 guest's registers as gdb has them: what is not in helpers/aarch64/regs.h.

#include <string.h>

#include "frontend/aarch64/isa.h"
#include "frontend/gdb-target.h"
#include "helpers/aarch64/cpu.h"

enum { CPSR = 33, FPSR = 66, FPCR = 67, TPIDR = 68 };

static void gdb_read(const CPUState *cs, unsigned number, uint8_t *bytes)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    uint32_t word = 0;
    switch (number) {
    case CPSR: word = arm_pstate_get(env); break;
    case FPSR: word = arm_fpsr_get(env); break;
    case FPCR: word = arm_fpcr_get(env); break;
    default: memcpy(bytes, &env->tpidr_el0, sizeof(env->tpidr_el0)); return;
    }
    memcpy(bytes, &word, sizeof(word));
}

static void gdb_write(CPUState *cs, unsigned number, const uint8_t *bytes)
{
    CPUARMState *env = (CPUARMState *)cs;
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    switch (number) {
    case CPSR: arm_pstate_set(env, word); break;
    case FPSR: arm_fpsr_set(env, word); break;
    case FPCR: arm_fpcr_set(env, word); break;
    default: memcpy(&env->tpidr_el0, bytes, sizeof(env->tpidr_el0)); break;
    }
}

#define FLAG(name, bit) "<field name=\"" name "\" start=\"" #bit "\" end=\"" #bit "\"/>"
#define CORE_TYPES                                                                                 \
    "<flags id=\"cpsr_flags\" size=\"4\">" FLAG("SP", 0) FLAG("F", 6) FLAG("I", 7) FLAG("A", 8)    \
        FLAG("D", 9) FLAG("SS", 21) FLAG("V", 28) FLAG("C", 29) FLAG("Z", 30)                      \
            FLAG("N", 31) "</flags>"
#define VECTOR(id, type, count) "<vector id=\"" id "\" type=\"" type "\" count=\"" #count "\"/>"
#define FIELD(name, type) "<field name=\"" name "\" type=\"" type "\"/>"
// clang-format off
#define FPU_TYPES                                                                                  \
    VECTOR("v2d", "ieee_double", 2) VECTOR("v2u", "uint64", 2) VECTOR("v2i", "int64", 2)           \
    VECTOR("v4f", "ieee_single", 4) VECTOR("v4u", "uint32", 4) VECTOR("v4i", "int32", 4)           \
    VECTOR("v8f", "ieee_half", 8) VECTOR("v8u", "uint16", 8) VECTOR("v8i", "int16", 8)             \
    VECTOR("v16u", "uint8", 16) VECTOR("v16i", "int8", 16)                                         \
    VECTOR("v1u", "uint128", 1) VECTOR("v1i", "int128", 1)                                         \
    "<union id=\"vnd\">" FIELD("f", "v2d") FIELD("u", "v2u") FIELD("s", "v2i") "</union>"          \
    "<union id=\"vns\">" FIELD("f", "v4f") FIELD("u", "v4u") FIELD("s", "v4i") "</union>"          \
    "<union id=\"vnh\">" FIELD("f", "v8f") FIELD("u", "v8u") FIELD("s", "v8i") "</union>"          \
    "<union id=\"vnb\">" FIELD("u", "v16u") FIELD("s", "v16i") "</union>"                          \
    "<union id=\"vnq\">" FIELD("u", "v1u") FIELD("s", "v1i") "</union>"                            \
    "<union id=\"aarch64v\">" FIELD("d", "vnd") FIELD("s", "vns") FIELD("h", "vnh")                \
        FIELD("b", "vnb") FIELD("q", "vnq") "</union>"
// clang-format on

static const GuestGdbFeature features[] = {
    {"org.gnu.gdb.aarch64.core", 0, 33, NULL, CORE_TYPES, NULL},
    {"org.gnu.gdb.aarch64.fpu", 34, 67, "aarch64v", FPU_TYPES, NULL},
    {"org.gnu.gdb.aarch64.tls", 68, 68, NULL, NULL, NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const GuestGdbReg extra[] = {
    {CPSR, 32, "cpsr", "cpsr_flags", NULL},
    {FPSR, 32, "fpsr", "int", "float"},
    {FPCR, 32, "fpcr", "int", "float"},
    {TPIDR, 64, "tpidr", "data_ptr", "system"},
    {0, 0, NULL, NULL, NULL},
};

const GuestGdbTarget a64_gdb_target = {
    .architecture = "aarch64",
    .features = features,
    .extra = extra,
    .pc = 32,
    .sp = 31,
    .fp = 29,
    .syscall = GDB_NO_REG,
    .read = gdb_read,
    .write = gdb_write,
};
