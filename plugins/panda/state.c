// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The picture of a virtual CPU that callbacks get as env.

#include <string.h>

#include "plugins/panda/face.h"

static const PandaTarget *target(void)
{
    const char *guest = event_guest_name();
    return guest && !strcmp(guest, "aarch64") ? &panda_target_aarch64 : &panda_target_x86_64;
}

// The core's number of each row's register.
static const int *numbers(const PandaTarget *t)
{
    static int found[64];
    static gsize done;
    if (g_once_init_enter(&done)) {
        for (unsigned i = 0; i < t->nb_regs; i++) {
            found[i] = event_reg_find(t->regs[i].name);
        }
        g_once_init_leave(&done, 1);
    }
    return found;
}

CPUState *panda_state_take(PandaState *s, unsigned vcpu, uint64_t pc, bool registers)
{
    const PandaTarget *t = target();
    memset(s->env, 0, t->size);
    s->current = registers;
    if (registers) {
        const int *number = numbers(t);
        for (unsigned i = 0; i < t->nb_regs; i++) {
            unsigned char value[64];
            unsigned size = number[i] < 0 ? 0 : event_read_reg((unsigned)number[i], value);
            memcpy(s->env + t->regs[i].offset, value, MIN(size, t->regs[i].size));
        }
    }
    for (unsigned i = 0; i < t->nb_pcs; i++) {
        memcpy(s->env + t->pc[i], &pc, sizeof(pc));
    }
    int index = (int)vcpu;
    memcpy(s->env + t->index, &index, sizeof(index));
    memcpy(s->before, s->env, t->size);
    return (CPUState *)s->env;
}

void panda_state_give(const PandaState *s)
{
    const PandaTarget *t = target();
    if (!s->current || !memcmp(s->before, s->env, t->size)) {
        return;
    }
    const int *number = numbers(t);
    for (unsigned i = 0; i < t->nb_regs; i++) {
        const unsigned char *now = s->env + t->regs[i].offset;
        if (number[i] >= 0 && memcmp(now, s->before + t->regs[i].offset, t->regs[i].size)) {
            event_write_reg((unsigned)number[i], now, t->regs[i].size);
        }
    }
}
