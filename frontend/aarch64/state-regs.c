// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AArch64 registers as a debugger or a plugin knows them: names and order of GDB's description.

#include "helpers/aarch64/cpu.h"

#include <string.h>

#include "frontend/aarch64/isa.h"

enum { SP = 31, PC, CPSR, V, FPSR = V + 32, FPCR, TPIDR };

#define X(n) {"x" #n, "org.gnu.gdb.aarch64.core", 8}
#define VREG(n) {"v" #n, "org.gnu.gdb.aarch64.fpu", 16}
// clang-format off
const GuestStateReg a64_state_regs[A64_NB_STATE_REGS] = {
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
    X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
    {"sp", "org.gnu.gdb.aarch64.core", 8},
    {"pc", "org.gnu.gdb.aarch64.core", 8},
    {"cpsr", "org.gnu.gdb.aarch64.core", 4},
    VREG(0), VREG(1), VREG(2), VREG(3), VREG(4), VREG(5), VREG(6), VREG(7),
    VREG(8), VREG(9), VREG(10), VREG(11), VREG(12), VREG(13), VREG(14), VREG(15),
    VREG(16), VREG(17), VREG(18), VREG(19), VREG(20), VREG(21), VREG(22), VREG(23),
    VREG(24), VREG(25), VREG(26), VREG(27), VREG(28), VREG(29), VREG(30), VREG(31),
    {"fpsr", "org.gnu.gdb.aarch64.fpu", 4},
    {"fpcr", "org.gnu.gdb.aarch64.fpu", 4},
    {"tpidr", "org.gnu.gdb.aarch64.tls", 8},
};
// clang-format on

void a64_state_get(const CPUState *cs, unsigned n, void *buf)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    uint64_t v;
    if (n <= SP) {
        v = env->xregs[n];
    } else if (n == PC) {
        v = env->pc;
    } else if (n == CPSR) {
        v = arm_pstate_get(env);
    } else if (n < FPSR) {
        memcpy(buf, &env->vregs[n - V], 16);
        return;
    } else {
        v = n == FPSR ? arm_fpsr_get(env) : n == FPCR ? arm_fpcr_get(env) : env->tpidr_el0;
    }
    memcpy(buf, &v, a64_state_regs[n].size);
}

bool a64_state_set(CPUState *cs, unsigned n, const void *buf)
{
    CPUARMState *env = (CPUARMState *)cs;
    uint64_t v = 0;
    unsigned size = a64_state_regs[n].size;
    memcpy(&v, buf, size < sizeof(v) ? size : sizeof(v));
    if (n <= SP) {
        env->xregs[n] = v;
    } else if (n == PC) {
        env->pc = v;
    } else if (n == CPSR) {
        arm_pstate_set(env, (uint32_t)v);
    } else if (n < FPSR) {
        memcpy(&env->vregs[n - V], buf, 16);
    } else if (n == FPSR) {
        arm_fpsr_set(env, (uint32_t)v);
    } else if (n == FPCR) {
        arm_fpcr_set(env, (uint32_t)v);
    } else {
        env->tpidr_el0 = v;
    }
    return true;
}
