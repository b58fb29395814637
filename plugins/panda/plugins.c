// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PANDA plugins come and go, and their arguments.

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/panda/face.h"
#include "plugins/panda/loader.h"

static GRecMutex lock; // init_plugin registers callbacks, and may load another plugin
GPtrArray *panda_plugins;
const char *panda_starting_guest;

void panda_lock(void) { g_rec_mutex_lock(&lock); }
void panda_unlock(void) { g_rec_mutex_unlock(&lock); }

PandaPlugin *panda_by_handle(void *handle)
{
    for (guint i = 0; panda_plugins && i < panda_plugins->len; i++) {
        PandaPlugin *p = panda_plugins->pdata[i];
        if (p->handle == handle) {
            return p;
        }
    }
    return NULL;
}

// --- arguments ----------------------------------------------------------------------------------

typedef struct Arg {
    char *plugin, *key, *value;
} Arg;
static GArray *args; // Arg

static void add_arg(const char *plugin, const char *text)
{
    const char *eq = strchr(text, '=');
    const Arg a = {g_strdup(plugin), eq ? g_strndup(text, (gsize)(eq - text)) : g_strdup(text),
                   g_strdup(eq ? eq + 1 : "")};
    panda_lock();
    if (!args) {
        args = g_array_new(FALSE, FALSE, sizeof(Arg));
    }
    g_array_append_val(args, a);
    panda_unlock();
}

const char *panda_add_arg(const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || !colon[1] || colon[1] == '=') {
        return "it must be PLUGIN:KEY=VALUE";
    }
    g_autofree char *name = g_strndup(text, (gsize)(colon - text));
    add_arg(name, colon + 1);
    return NULL;
}

panda_arg_list *panda_get_args(const char *plugin_name)
{
    panda_arg_list *list = g_new0(panda_arg_list, 1);
    panda_lock();
    for (guint i = 0; args && i < args->len; i++) {
        const Arg *a = &g_array_index(args, Arg, i);
        if (!strcmp(a->plugin, plugin_name)) {
            list->list = g_renew(panda_arg, list->list, list->nargs + 1);
            list->list[list->nargs++] = (panda_arg){NULL, g_strdup(a->key), g_strdup(a->value)};
        }
    }
    panda_unlock();
    return list;
}

void panda_free_args(panda_arg_list *list)
{
    for (int i = 0; list && i < list->nargs; i++) {
        g_free(list->list[i].key);
        g_free(list->list[i].value);
    }
    g_free(list ? list->list : NULL);
    g_free(list);
}

// --- going --------------------------------------------------------------------------------------

static void gone(void *opaque)
{
    PandaPlugin *p = opaque;
    void (*uninit)(void *) = (void (*)(void *))dlsym(p->handle, "uninit_plugin");
    uninit(p->handle);
    dlclose(p->handle);
    g_array_free(p->callbacks, TRUE);
    g_free(p->name);
    g_free(p);
}

static void remove_client(void *plugin)
{
    PandaPlugin *p = plugin;
    event_client_remove(p->client, gone, p);
}

static void unload(void *plugin)
{
    PandaPlugin *p = plugin;
    panda_lock();
    bool first = !p->leaving && g_ptr_array_remove(panda_plugins, p);
    p->leaving = true;
    panda_unlock();
    if (first) {
        plugin_list_remove(p);
        panda_refresh();
        if (!plugin_after_command(remove_client, p)) {
            remove_client(p);
        }
    }
}

static void at_exit(Event *e, void *opaque)
{
    (void)e;
    PandaPlugin *p = opaque;
    void (*uninit)(void *) = (void (*)(void *))dlsym(p->handle, "uninit_plugin");
    if (!p->leaving) {
        uninit(p->handle);
    }
}

static void command(void *plugin, void *mon, const char *line)
{
    const PandaPlugin *p = plugin;
    for (guint k = 0; !p->disabled && !p->leaving && k < p->callbacks->len; k++) {
        const PandaCallback *c = &g_array_index(p->callbacks, PandaCallback, k);
        if (c->type == PANDA_CB_MONITOR) {
            c->cb.monitor(mon, line);
        }
    }
}

// --- loading ------------------------------------------------------------------------------------

#define FAIL(...) (g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, __VA_ARGS__), false)

static bool check(void *handle, const char *path, const char *guest, GError **error)
{
    const char *target = dlsym(handle, "panda_plugin_target");
    if (!dlsym(handle, "init_plugin") || !dlsym(handle, "uninit_plugin")) {
        return FAIL("plugin %s has no function %s", path,
                    dlsym(handle, "init_plugin") ? "uninit_plugin" : "init_plugin");
    }
    if (target && strcmp(target, guest)) {
        return FAIL("plugin %s was built for %s guests, and this one is for %s", path, target,
                    guest);
    }
    return true;
}

bool panda_load_file(const char *path, const char *guest, GError **error)
{
    panda_starting_guest = guest;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        return FAIL("plugin %s cannot be loaded: %s", path, dlerror());
    }
    panda_lock();
    bool again = panda_by_handle(handle);
    panda_unlock();
    if (again || !check(handle, path, guest, error)) {
        dlclose(handle);
        return again ? FAIL("plugin %s is loaded already", path) : false;
    }
    PandaPlugin *p = g_new0(PandaPlugin, 1);
    p->name = g_path_get_basename(path);
    p->handle = handle;
    p->client = event_client_new(p->name);
    event_client_stand_for(p->client, dlsym(handle, "init_plugin"));
    p->callbacks = g_array_new(FALSE, FALSE, sizeof(PandaCallback));
    panda_lock();
    if (!panda_plugins) {
        panda_plugins = g_ptr_array_new();
    }
    g_ptr_array_add(panda_plugins, p);
    panda_unlock();
    bool (*init)(void *) = (bool (*)(void *))dlsym(handle, "init_plugin");
    if (!init(handle)) {
        FAIL("plugin %s refuses to start (init_plugin gave false)", path);
        panda_lock();
        g_ptr_array_remove(panda_plugins, p);
        p->leaving = true;
        panda_unlock();
        panda_refresh();
        event_client_remove(p->client, NULL, NULL); // its code stays: it may have started something
        return false;
    }
    event_subscribe(p->client, EVENT_EXIT, at_exit, p);
    plugin_list_add(&panda_plugin_face, p->name, handle, p);
    return true;
}

static bool load(const char *spec, const char *guest, GError **error)
{
    g_autofree char *path = plugin_path(spec);
    g_auto(GStrv) words = plugin_arguments(spec);
    g_autofree char *base = g_path_get_basename(path);
    // panda_x.so is called x
    const char *name = g_str_has_prefix(base, "panda_") ? base + 6 : base;
    g_autofree char *plain = g_strndup(name, strcspn(name, "."));
    for (char **w = words; *w; w++) {
        add_arg(plain, *w);
    }
    return panda_load_file(path, guest, error);
}

// A plugin's file by its name; NULL when it is nowhere.
static char *find_file(const char *name, GString *looked_at)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = 0;
    g_autofree char *here = g_path_get_dirname(exe);
    g_autofree char *beside = g_build_filename(here, "panda_plugins", NULL);
    g_autofree char *file = g_strdup_printf("panda_%s.so", name);
    const char *folders[] = {g_getenv("PANDA_PLUGIN_DIR"), beside, here};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (!folders[i] || !*folders[i]) {
            continue;
        }
        g_autofree char *path = g_build_filename(folders[i], file, NULL);
        if (access(path, F_OK) == 0) {
            return g_canonicalize_filename(path, NULL);
        }
        g_string_append_printf(looked_at, "%s%s", looked_at->len ? ", " : "", folders[i]);
    }
    return NULL;
}

bool panda_load_list(const char *list, const char *guest, GError **error)
{
    g_auto(GStrv) items = g_strsplit(list, ";", -1);
    if (!items[0]) {
        return FAIL("-panda '': a plugin's name is missing");
    }
    for (char **item = items; *item; item++) {
        g_auto(GStrv) halves = g_strsplit(*item, ":", 2);
        if (!halves[0] || !*halves[0]) {
            return FAIL("-panda '%s': a plugin's name is missing", list);
        }
        g_auto(GStrv) words = g_strsplit(halves[1] ? halves[1] : "", ",", -1);
        for (char **w = words; *w; w++) {
            if (!**w || **w == '=') {
                return FAIL("-panda '%s': '%s' is not KEY=VALUE", list, *w);
            }
            add_arg(halves[0], *w);
        }
        g_autoptr(GString) looked_at = g_string_new(NULL);
        g_autofree char *path = find_file(halves[0], looked_at);
        if (!path) {
            return FAIL("-panda: there is no panda_%s.so in %s", halves[0], looked_at->str);
        }
        if (!panda_load_file(path, guest, error)) {
            return false;
        }
    }
    return true;
}

const PluginFace panda_plugin_face = {
    .name = "panda",
    .entry = "init_plugin",
    .load = load,
    .unload = unload,
    .command = command,
};
