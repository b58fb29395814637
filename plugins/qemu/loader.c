// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plugins with QEMU's interface come and go.

#include "loader.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "qemu-face.h"

static struct Loader {
    pthread_mutex_t lock;
    QemuPlugin *plugins;
    qemu_plugin_id_t next_id;
    atomic_uint generation; // counts plugins that went: another may have code where one had
} loader = {.lock = PTHREAD_MUTEX_INITIALIZER, .next_id = 1};

QemuPlugin *qemu_plugin_by_id(qemu_plugin_id_t id)
{
    pthread_mutex_lock(&loader.lock);
    QemuPlugin *p = loader.plugins;
    while (p && p->id != id) {
        p = p->next;
    }
    pthread_mutex_unlock(&loader.lock);
    return p;
}

int qemu_plugin_version_at(const void *code)
{
    int version = QEMU_VERSION_MIN;
    pthread_mutex_lock(&loader.lock);
    for (QemuPlugin *p = loader.plugins; p; p = p->next) {
        if ((uintptr_t)code >= p->text_start && (uintptr_t)code < p->text_end) {
            version = p->version;
        }
    }
    pthread_mutex_unlock(&loader.lock);
    return version;
}

// Asked for each callback that is registered: mostly about the one that was asked about before.
bool qemu_plugin_no_fp_at(const void *function)
{
    static _Thread_local const void *last;
    static _Thread_local unsigned last_generation;
    static _Thread_local bool known;
    uintptr_t at = (uintptr_t)function;
    if (function == last && last_generation == atomic_load(&loader.generation)) {
        return known;
    }
    known = false;
    pthread_mutex_lock(&loader.lock);
    for (QemuPlugin *p = loader.plugins; p; p = p->next) {
        if (at < p->text_start || at >= p->text_end) {
            continue;
        }
        guint answer = GPOINTER_TO_UINT(g_hash_table_lookup(p->no_fp, function));
        if (!answer) {
            answer = qemu_function_without_fp(at, p->text_start, p->text_end) ? 2 : 1;
            g_hash_table_insert(p->no_fp, (gpointer)at, GUINT_TO_POINTER(answer));
        }
        known = answer == 2;
    }
    last = function;
    last_generation = atomic_load(&loader.generation);
    pthread_mutex_unlock(&loader.lock);
    return known;
}

// --- arguments ----------------------------------------------------------------------------------

// What install gets of a word: a name alone is switched on; "arg=" is an old way to write any of them.
static char *argument(const char *word)
{
    const char *text = g_str_has_prefix(word, "arg=") ? word + 4 : word;
    return strchr(text, '=') ? g_strdup(text) : g_strconcat(text, "=on", NULL);
}

// --- loading ------------------------------------------------------------------------------------

static int note_text(struct dl_phdr_info *info, size_t size, void *opaque)
{
    QemuPlugin *p = opaque;
    const struct link_map *map = p->handle;
    (void)size;
    if (info->dlpi_addr != map->l_addr || strcmp(info->dlpi_name, map->l_name)) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_LOAD && (h->p_flags & PF_X)) {
            p->text_start = info->dlpi_addr + h->p_vaddr;
            p->text_end = p->text_start + h->p_memsz;
        }
    }
    return 1;
}

static void plugin_free(QemuPlugin *p)
{
    if (p->handle) {
        dlclose(p->handle);
    }
    g_hash_table_unref(p->no_fp);
    g_strfreev(p->argv);
    g_free(p->path);
    g_free(p);
}

static void unlink_plugin(QemuPlugin *p)
{
    pthread_mutex_lock(&loader.lock);
    QemuPlugin **at = &loader.plugins;
    while (*at && *at != p) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = p->next;
    }
    atomic_fetch_add(&loader.generation, 1);
    pthread_mutex_unlock(&loader.lock);
}

#define FAIL(...) (g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, __VA_ARGS__), false)

typedef int InstallFn(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

// Opens the file and looks what it is.
static bool open_plugin(QemuPlugin *p, InstallFn **install, GError **error)
{
    p->handle = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
    if (!p->handle) {
        return FAIL("plugin %s cannot be loaded: %s", p->path, dlerror());
    }
    const int *version = dlsym(p->handle, "qemu_plugin_version");
    *install = (InstallFn *)dlsym(p->handle, "qemu_plugin_install");
    if (!*install) {
        return FAIL("plugin %s has no function qemu_plugin_install", p->path);
    }
    if (!version) {
        return FAIL("plugin %s does not say which version of the interface it is for "
                    "(qemu_plugin_version)",
                    p->path);
    }
    p->version = *version;
    if (p->version < QEMU_VERSION_MIN || p->version > QEMU_VERSION_MAX) {
        return FAIL("plugin %s is for version %d of the interface, and myna has %d to %d", p->path,
                    p->version, QEMU_VERSION_MIN, QEMU_VERSION_MAX);
    }
    dl_iterate_phdr(note_text, p);
    return true;
}

static void remove_silently(QemuPlugin *p)
{
    if (p->client) {
        event_client_remove(p->client, NULL, NULL);
    }
    unlink_plugin(p);
}

static bool qemu_plugin_load(const char *spec, const char *guest, GError **error)
{
    g_autofree char *path = plugin_path(spec);
    g_auto(GStrv) words = plugin_arguments(spec);
    int n = (int)g_strv_length(words);
    QemuPlugin *p = g_new0(QemuPlugin, 1);
    InstallFn *install = NULL;
    p->no_fp = g_hash_table_new(NULL, NULL);
    p->path = g_strdup(path);
    p->argv = g_new0(char *, (gsize)n + 1);
    for (int i = 0; i < n; i++) {
        if (!*words[i] || *words[i] == '=') {
            FAIL("plugin %s: '%s' is not a list of NAME=VALUE", path, spec);
            plugin_free(p);
            return false;
        }
        p->argv[i] = argument(words[i]);
    }
    if (!open_plugin(p, &install, error)) {
        plugin_free(p);
        return false;
    }
    const qemu_info_t info = {
        .target_name = guest,
        .version = {QEMU_VERSION_MIN, QEMU_VERSION_MAX},
        .system_emulation = false,
    };
    g_autofree char *base = g_path_get_basename(p->path);
    p->client = event_client_new(base);
    event_client_stand_for(p->client, (const void *)install);
    pthread_mutex_lock(&loader.lock);
    p->id = loader.next_id++;
    p->next = loader.plugins;
    loader.plugins = p;
    pthread_mutex_unlock(&loader.lock);
    p->installing = true;
    int result = install(p->id, &info, n, p->argv);
    p->installing = false;
    if (result != 0) {
        remove_silently(p); // its code stays: a thread of its own may run
        return FAIL("plugin %s refuses to start (qemu_plugin_install gave %d)", p->path, result);
    }
    if (p->leaving) {
        remove_silently(p);
        return FAIL("plugin %s takes itself out while it is being installed", p->path);
    }
    plugin_list_add(&qemu_plugin_face, base, p->handle, p);
    return true;
}

// --- going --------------------------------------------------------------------------------------

static void leave(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb, bool unload);

static void left(void *opaque)
{
    QemuPlugin *p = opaque;
    qemu_plugin_simple_cb_t cb = p->leave_cb;
    p->leaving = false;
    if (cb) {
        p->in_leave_cb = true;
        cb(p->id);
        p->in_leave_cb = false;
    }
    if (p->asked && !p->unload) {
        p->asked = false;
        leave(p->id, p->asked_cb, p->asked_unload);
    } else if (p->unload) {
        plugin_list_remove(p);
        unlink_plugin(p);
        plugin_free(p);
    }
}

static void leave(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb, bool unload)
{
    QemuPlugin *p = qemu_plugin_by_id(id);
    if (!p || p->leaving) {
        return; // it is on its way
    }
    if (p->in_leave_cb) { // its code is running, and must not go before it has returned
        p->asked = true;
        p->asked_unload |= unload;
        p->asked_cb = cb;
        return;
    }
    p->leaving = true;
    if (p->installing) {
        return; // its own code runs: qemu_plugin_load sees to it
    }
    p->unload = unload;
    p->leave_cb = cb;
    // The core takes the hooks back; another thread may be on its way through a slot, which keeps its plugin.
    for (size_t i = 0; i < G_N_ELEMENTS(p->slots); i++) {
        p->slots[i].hook = NULL;
        p->slots[i].cb.any = NULL;
    }
    if (unload) {
        event_client_remove(p->client, left, p);
    } else {
        event_client_reset(p->client, left, p);
    }
}

void qemu_plugin_uninstall(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb) { leave(id, cb, true); }
void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb) { leave(id, cb, false); }

static void qemu_unload(void *plugin)
{
    const QemuPlugin *p = plugin;
    qemu_plugin_uninstall(p->id, NULL);
}

const PluginFace qemu_plugin_face = {
    .name = "qemu",
    .entry = "qemu_plugin_install",
    .load = qemu_plugin_load,
    .unload = qemu_unload,
};
