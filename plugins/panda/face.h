// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PANDA's interface over the event core: what its files share.

#ifndef PLUGINS_PANDA_FACE_H
#define PLUGINS_PANDA_FACE_H

#include <glib.h>

#include "plugins/event.h"

// The callbacks' types are the same for each guest but for what a CPUState is, which stays closed here.
#define MYNA_PANDA_FACE 1
#include "plugins/include/panda/x86_64/config.h"
#include "plugins/include/panda/panda_plugin.h"

typedef struct PandaPlugin {
    char *name; // of its file: "panda_x.so"
    void *handle;
    EventClient *client; // has no hooks: what is waited for when the plugin goes
    GArray *callbacks;   // PandaCallback, in the order of registration
    bool disabled, leaving;
} PandaPlugin;

typedef struct PandaCallback {
    panda_cb_type type;
    panda_cb cb;
} PandaCallback;

// The callbacks of one type that are to be called: replaced as a whole, never changed, so that it is read
// without a lock.
typedef struct PandaCalls {
    unsigned n;
    panda_cb cb[];
} PandaCalls;

const PandaCalls *panda_calls(panda_cb_type type); // never NULL
// Makes the lists and the core's subscriptions anew from what is registered.
void panda_refresh(void);
// All plugins that are loaded; under panda_lock.
extern GPtrArray *panda_plugins;
void panda_lock(void);
void panda_unlock(void);
PandaPlugin *panda_by_handle(void *handle); // under the lock; NULL: none
// The guest's name, known before its first virtual CPU is.
extern const char *panda_starting_guest;
bool panda_load_file(const char *path, const char *guest, GError **error);

// --- the CPU's picture (state.c) ------------------------------------------------------------------
typedef struct PandaReg {
    const char *name; // the core's
    unsigned short offset, size;
} PandaReg;

typedef struct PandaTarget {
    const char *name;
    unsigned size;          // of its CPUState
    unsigned pc[2], nb_pcs; // offsets of what holds the pc
    unsigned index;         // offset of cpu_index
    const PandaReg *regs;
    unsigned nb_regs;
} PandaTarget;
extern const PandaTarget panda_target_x86_64, panda_target_aarch64;

enum { PANDA_STATE_MAX = 512 };
typedef struct PandaState {
    _Alignas(16) unsigned char env[PANDA_STATE_MAX], before[PANDA_STATE_MAX];
    bool current; // registers were read
} PandaState;
// The picture for a callback; without registers, they are 0.
CPUState *panda_state_take(PandaState *s, unsigned vcpu, uint64_t pc, bool registers);
// Writes back what the callback changed.
void panda_state_give(const PandaState *s);

// The object that stands for the block at pc; NULL when none was translated there.
TranslationBlock *panda_tb(uint64_t pc);

extern bool panda_memcb, panda_precise_pc;

#endif
