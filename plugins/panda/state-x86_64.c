// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the registers of an x86-64 guest are in PANDA's CPUState.

#include "plugins/panda/face.h"

#define REG(name, field) {name, offsetof(CPUX86State, field), sizeof(((CPUX86State *)0)->field)}
static const PandaReg regs[] = {
    REG("rax", regs[0]),   REG("rcx", regs[1]),     REG("rdx", regs[2]),     REG("rbx", regs[3]),
    REG("rsp", regs[4]),   REG("rbp", regs[5]),     REG("rsi", regs[6]),     REG("rdi", regs[7]),
    REG("r8", regs[8]),    REG("r9", regs[9]),      REG("r10", regs[10]),    REG("r11", regs[11]),
    REG("r12", regs[12]),  REG("r13", regs[13]),    REG("r14", regs[14]),    REG("r15", regs[15]),
    REG("eflags", eflags), REG("fs_base", fs_base), REG("gs_base", gs_base),
};

const PandaTarget panda_target_x86_64 = {
    .name = "x86_64",
    .size = sizeof(CPUX86State),
    .pc = {offsetof(CPUX86State, panda_guest_pc), offsetof(CPUX86State, eip)},
    .nb_pcs = 2,
    .index = offsetof(CPUX86State, cpu_index),
    .regs = regs,
    .nb_regs = G_N_ELEMENTS(regs),
};
_Static_assert(sizeof(CPUX86State) <= PANDA_STATE_MAX, "a PandaState has room for it");
