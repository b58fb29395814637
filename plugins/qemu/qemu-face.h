// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QEMU's plugin interface over the event core: what its files share.

#ifndef PLUGINS_QEMU_FACE_H
#define PLUGINS_QEMU_FACE_H

#define QEMU_PLUGIN_VERSION 5 // register functions give an int; see qemu_read_register's callers
#include "plugins/event.h"
#include "plugins/include/qemu-plugin.h"

enum { QEMU_VERSION_MIN = 2, QEMU_VERSION_MAX = 6 };

// What a plugin may register once; to register again replaces.
typedef enum QemuEvent {
    QEMU_EV_INIT,
    QEMU_EV_EXIT,
    QEMU_EV_IDLE,
    QEMU_EV_RESUME,
    QEMU_EV_TB_TRANS,
    QEMU_EV_FLUSH,
    QEMU_EV_ATEXIT,
    QEMU_EV_SYSCALL,
    QEMU_EV_SYSCALL_RET,
    QEMU_EV_FILTER,
    QEMU_EV_DISCON,
    QEMU_EV_COUNT,
} QemuEvent;

typedef struct QemuPlugin QemuPlugin;

typedef struct QemuSlot {
    QemuPlugin *plugin;
    EventHook *hook; // NULL: not registered
    union {
        qemu_plugin_simple_cb_t simple;
        qemu_plugin_vcpu_simple_cb_t vcpu;
        qemu_plugin_vcpu_tb_trans_cb_t tb_trans;
        qemu_plugin_udata_cb_t atexit;
        qemu_plugin_vcpu_syscall_cb_t syscall;
        qemu_plugin_vcpu_syscall_ret_cb_t syscall_ret;
        qemu_plugin_vcpu_syscall_filter_cb_t filter;
        qemu_plugin_vcpu_discon_cb_t discon;
        void (*any)(void);
    } cb;
    void *userdata;
    unsigned type; // discontinuities
} QemuSlot;

struct QemuPlugin {
    qemu_plugin_id_t id;
    char *path;
    void *handle; // dlopen's
    int version;
    EventClient *client;
    char **argv;
    QemuSlot slots[QEMU_EV_COUNT];
    qemu_plugin_simple_cb_t leave_cb;
    bool installing, leaving, unload;
    // Its leave_cb is running; what that asks for (reset, uninstall) is done behind it.
    bool in_leave_cb, asked, asked_unload;
    qemu_plugin_simple_cb_t asked_cb;
    uintptr_t text_start, text_end; // of its code
    GHashTable *no_fp; // its callbacks: function -> 2: computes no floating point, 1: may
    QemuPlugin *next;
};

// The plugin with that id; NULL: there is none.
QemuPlugin *qemu_plugin_by_id(qemu_plugin_id_t id);
// Is this the function of a plugin that does no floating point?
bool qemu_plugin_no_fp_at(const void *function);
// The same, looked up in its code; start and end are those of the plugin's code.
bool qemu_function_without_fp(uintptr_t function, uintptr_t start, uintptr_t end);
// The version of the plugin that the code at this address belongs to; the oldest when it is no plugin's.
int qemu_plugin_version_at(const void *code);

#endif
