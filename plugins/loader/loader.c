// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugins that are loaded, whatever their interface.  See loader.h.

#include "plugins/loader/loader.h"

#include <dlfcn.h>
#include <string.h>

#include "plugins/event.h"
#include "plugins/insn/loader.h"
#include "plugins/panda/loader.h"
#include "plugins/qemu/loader.h"

static const PluginFace *const faces[] = {&qemu_plugin_face, &insn_plugin_face, &panda_plugin_face};

typedef struct Loaded {
    const PluginFace *face;
    char *name;
    void *handle, *plugin;
} Loaded;

static GMutex lock;
static GArray *list; // Loaded

// --- what -plugin says --------------------------------------------------------------------------

// "a,b=c,,d" into "a", "b=c,d".
static char **split_words(const char *spec)
{
    GPtrArray *words = g_ptr_array_new();
    GString *word = g_string_new(NULL);
    for (const char *c = spec; *c; c++) {
        if (*c != ',' || c[1] == ',') {
            g_string_append_c(word, *c);
            c += *c == ',';
            continue;
        }
        g_ptr_array_add(words, g_string_free(word, FALSE));
        word = g_string_new(NULL);
    }
    g_ptr_array_add(words, g_string_free(word, FALSE));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

char *plugin_path(const char *spec)
{
    g_auto(GStrv) words = split_words(spec);
    const char *file = g_str_has_prefix(words[0], "file=") ? words[0] + 5 : words[0];
    return strchr(file, '/') || !*file ? g_strdup(file) : g_strconcat("./", file, NULL);
}

char **plugin_arguments(const char *spec)
{
    g_auto(GStrv) words = split_words(spec);
    return g_strdupv(words + 1);
}

bool plugin_load(const char *spec, const char *guest, GError **error)
{
    g_autofree char *path = plugin_path(spec);
    if (!*path) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "-plugin '%s' names no file", spec);
        return false;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "plugin %s cannot be loaded: %s",
                    path, dlerror());
        return false;
    }
    const PluginFace *face = NULL;
    g_autoptr(GString) entries = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(faces) && !face; i++) {
        face = dlsym(handle, faces[i]->entry) ? faces[i] : NULL;
        g_string_append_printf(entries, "%s%s", i ? ", " : "", faces[i]->entry);
    }
    bool ok = face && face->load(spec, guest, error);
    if (!face) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "plugin %s has no entry that myna knows: none of %s", path, entries->str);
    }
    dlclose(handle); // the face has opened it once more
    return ok;
}

// --- the list -----------------------------------------------------------------------------------

void plugin_list_add(const PluginFace *face, const char *name, void *handle, void *plugin)
{
    const Loaded entry = {face, g_strdup(name), handle, plugin};
    g_mutex_lock(&lock);
    if (!list) {
        list = g_array_new(FALSE, FALSE, sizeof(Loaded));
    }
    g_array_append_val(list, entry);
    g_mutex_unlock(&lock);
}

void plugin_list_remove(void *plugin)
{
    g_mutex_lock(&lock);
    for (guint i = 0; list && i < list->len; i++) {
        if (g_array_index(list, Loaded, i).plugin == plugin) {
            g_free(g_array_index(list, Loaded, i).name);
            g_array_remove_index(list, i);
            break;
        }
    }
    g_mutex_unlock(&lock);
}

void plugin_list_print(GString *out)
{
    g_mutex_lock(&lock);
    g_string_append(out, "idx  name                 addr\n");
    for (guint i = 0; list && i < list->len; i++) {
        const Loaded *p = &g_array_index(list, Loaded, i);
        g_string_append_printf(out, "%-4u %-20s %p\n", i, p->name, p->handle);
    }
    g_mutex_unlock(&lock);
}

const char *plugin_unload(unsigned index)
{
    g_mutex_lock(&lock);
    bool found = list && index < list->len;
    Loaded p = {0};
    if (found) {
        p = g_array_index(list, Loaded, index);
    }
    g_mutex_unlock(&lock);
    if (!found) {
        return "there is no plugin with that index";
    }
    if (event_plugin_stays(dlsym(p.handle, p.face->entry))) {
        return "the guest depends on that plugin, which stays";
    }
    p.face->unload(p.plugin); // calls plugin_list_remove
    return NULL;
}

// A command's callback may unload plugins, its own too: their code goes when all have been called.
typedef struct Later {
    void (*fn)(void *plugin);
    void *plugin;
} Later;
static _Thread_local GArray *later; // NULL: no command is under way in this thread

bool plugin_after_command(void (*fn)(void *plugin), void *plugin)
{
    const Later l = {fn, plugin};
    if (later) {
        g_array_append_val(later, l);
    }
    return later;
}

unsigned plugin_command(void *mon, const char *line)
{
    unsigned n = 0;
    g_autoptr(GArray) leaving = g_array_new(FALSE, FALSE, sizeof(Later));
    g_mutex_lock(&lock);
    g_autoptr(GArray) copy = list ? g_array_copy(list) : g_array_new(FALSE, FALSE, sizeof(Loaded));
    g_mutex_unlock(&lock);
    later = leaving;
    for (guint i = 0; i < copy->len; i++) {
        const Loaded *p = &g_array_index(copy, Loaded, i);
        if (p->face->command) {
            p->face->command(p->plugin, mon, line);
            n++;
        }
    }
    later = NULL;
    for (guint i = 0; i < leaving->len; i++) {
        const Later *l = &g_array_index(leaving, Later, i);
        l->fn(l->plugin);
    }
    return n;
}
