// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that PANDA plugins call.

#include <stdio.h>
#include <string.h>

#include "plugins/panda/face.h"
#include "plugins/panda/loader.h"

static void tell(const char *what) { fprintf(stderr, "myna: panda: %s\n", what); }

// --- callbacks ----------------------------------------------------------------------------------

// What user mode has not.
static const char *missing(panda_cb_type type)
{
#define NO_MEMORY "a user-mode guest has no physical memory: the callback will not be called"
#define NO_REPLAY "a user-mode guest has no devices to replay: the callback will not be called"
    switch (type) {
    case PANDA_CB_PHYS_MEM_READ: return "PANDA_CB_PHYS_MEM_READ: " NO_MEMORY;
    case PANDA_CB_PHYS_MEM_WRITE: return "PANDA_CB_PHYS_MEM_WRITE: " NO_MEMORY;
    case PANDA_CB_REPLAY_HD_TRANSFER: return "PANDA_CB_REPLAY_HD_TRANSFER: " NO_REPLAY;
    case PANDA_CB_REPLAY_BEFORE_CPU_PHYSICAL_MEM_RW_RAM:
        return "PANDA_CB_REPLAY_BEFORE_CPU_PHYSICAL_MEM_RW_RAM: " NO_REPLAY;
    case PANDA_CB_REPLAY_HANDLE_PACKET: return "PANDA_CB_REPLAY_HANDLE_PACKET: " NO_REPLAY;
    default: return NULL;
    }
}

void panda_register_callback(void *plugin, panda_cb_type type, panda_cb cb)
{
    if ((unsigned)type >= PANDA_CB_LAST || !cb.any) {
        tell("panda_register_callback: there is no such callback type, or no function");
        return;
    }
    if (missing(type)) {
        tell(missing(type));
        return;
    }
    const PandaCallback c = {type, cb};
    panda_lock();
    PandaPlugin *p = panda_by_handle(plugin);
    if (p) {
        g_array_append_val(p->callbacks, c);
    }
    panda_unlock();
    if (!p) {
        tell("panda_register_callback: the first argument is no plugin's handle");
        return;
    }
    panda_refresh();
}

// --- plugins ------------------------------------------------------------------------------------

void *panda_get_plugin_by_name(const char *name)
{
    void *handle = NULL;
    panda_lock();
    for (guint i = 0; panda_plugins && i < panda_plugins->len && !handle; i++) {
        const PandaPlugin *p = panda_plugins->pdata[i];
        handle = strcmp(p->name, name) ? NULL : p->handle;
    }
    panda_unlock();
    return handle;
}

bool panda_load_plugin(const char *filename)
{
    GError *error = NULL;
    g_autofree char *path = strchr(filename, '/') ? g_strdup(filename)
                                                  : g_strconcat("./", filename, NULL);
    if (panda_load_file(path, event_guest_name() ? event_guest_name() : panda_starting_guest,
                        &error)) {
        return true;
    }
    tell(error->message);
    g_error_free(error);
    return false;
}

void panda_unload_plugin(void *plugin)
{
    panda_lock();
    PandaPlugin *p = panda_by_handle(plugin);
    panda_unlock();
    if (p) {
        panda_plugin_face.unload(p);
    }
}

static void set_disabled(void *plugin, bool disabled)
{
    panda_lock();
    PandaPlugin *p = panda_by_handle(plugin);
    if (p) {
        p->disabled = disabled;
    }
    panda_unlock();
    panda_refresh();
}

void panda_disable_plugin(void *plugin) { set_disabled(plugin, true); }
void panda_enable_plugin(void *plugin) { set_disabled(plugin, false); }

// --- translation --------------------------------------------------------------------------------

void panda_do_flush_tb(void) { event_flush(); }

static void set_and_flush(bool *what, bool on)
{
    if (*what != on) {
        *what = on;
        event_flush();
    }
}

void panda_enable_memcb(void) { set_and_flush(&panda_memcb, true); }
void panda_disable_memcb(void) { set_and_flush(&panda_memcb, false); }
void panda_enable_precise_pc(void) { set_and_flush(&panda_precise_pc, true); }
void panda_disable_precise_pc(void) { set_and_flush(&panda_precise_pc, false); }
void panda_enable_tb_chaining(void) { event_set_chaining(true); }
void panda_disable_tb_chaining(void) { event_set_chaining(false); }

static void use_llvm(bool on)
{
    if (!event_use_llvm(on)) {
        tell("the engine is chosen when myna starts: it stays as it is");
    }
}

void panda_enable_llvm(void) { use_llvm(true); }
void panda_disable_llvm(void) { use_llvm(false); }
void panda_enable_llvm_helpers(void) {}
void panda_disable_llvm_helpers(void) {}

// --- memory -------------------------------------------------------------------------------------

int cpu_memory_rw_debug(CPUState *env, target_ulong addr, uint8_t *buf, int len, int is_write)
{
    (void)env;
    bool ok = len >= 0 && (is_write ? event_write_memory(addr, buf, (size_t)len)
                                    : event_read_memory(addr, buf, (size_t)len));
    return ok ? 0 : -1;
}

int panda_virtual_memory_rw(CPUState *env, target_ulong addr, uint8_t *buf, int len, int is_write)
{
    return cpu_memory_rw_debug(env, addr, buf, len, is_write);
}

int panda_physical_memory_rw(target_phys_addr_t addr, uint8_t *buf, int len, int is_write)
{
    (void)addr;
    (void)buf;
    (void)len;
    (void)is_write;
    return -1;
}

static void save_range(uint64_t start, uint64_t end, void *opaque)
{
    FILE *out = opaque;
    const uint64_t range[2] = {start, end};
    fwrite(range, sizeof(range), 1, out);
    for (uint64_t at = start; at < end; at += 4096) {
        uint8_t page[4096];
        if (!event_read_memory(at, page, sizeof(page))) {
            memset(page, 0, sizeof(page));
        }
        fwrite(page, sizeof(page), 1, out);
    }
}

void panda_memsavep(FILE *out) { event_map_foreach(save_range, out); }
