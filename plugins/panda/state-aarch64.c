// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the registers of an AArch64 guest are in PANDA's CPUState.

#include "plugins/include/panda/aarch64/config.h" // first: which CPUState it is

#include "plugins/panda/face.h"

#define REG(name, field) {name, offsetof(CPUARMState, field), sizeof(((CPUARMState *)0)->field)}
#define X(n) REG("x" #n, xregs[n])
static const PandaReg regs[] = {
    X(0),
    X(1),
    X(2),
    X(3),
    X(4),
    X(5),
    X(6),
    X(7),
    X(8),
    X(9),
    X(10),
    X(11),
    X(12),
    X(13),
    X(14),
    X(15),
    X(16),
    X(17),
    X(18),
    X(19),
    X(20),
    X(21),
    X(22),
    X(23),
    X(24),
    X(25),
    X(26),
    X(27),
    X(28),
    X(29),
    X(30),
    REG("sp", xregs[31]),
    REG("cpsr", pstate),
};

const PandaTarget panda_target_aarch64 = {
    .name = "aarch64",
    .size = sizeof(CPUARMState),
    .pc = {offsetof(CPUARMState, panda_guest_pc), offsetof(CPUARMState, pc)},
    .nb_pcs = 2,
    .index = offsetof(CPUARMState, cpu_index),
    .regs = regs,
    .nb_regs = G_N_ELEMENTS(regs),
};
_Static_assert(sizeof(CPUARMState) <= PANDA_STATE_MAX, "a PandaState has room for it");
