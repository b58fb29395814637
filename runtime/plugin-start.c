// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plugins at the start, and the monitor's commands for them.  A part of the executable, as main.c: the plugin
// interfaces stand beside the runtime, not in it.

#include "plugin-start.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "monitor/monitor.h"
#include "plugins/event.h"
#include "plugins/loader/loader.h"
#include "plugins/panda/loader.h"
#include "process.h"

static const char *list_plugins(Monitor *mon, const char *args)
{
    (void)args;
    plugin_list_print(mon->out);
    return NULL;
}

static const char *load_plugin(Monitor *mon, const char *args)
{
    GError *error = NULL;
    if (!*args) {
        return "it needs FILE[,NAME=VALUE]...";
    }
    if (!plugin_load(args, event_guest_name(), &error)) {
        monitor_printf(mon, "error: %s\n", error->message);
        g_error_free(error);
    }
    return NULL;
}

static const char *unload_plugin(Monitor *mon, const char *args)
{
    char *end;
    unsigned long index = strtoul(args, &end, 10);
    (void)mon;
    if (end == args || *end || *args == '-') {
        return "it needs the index that list_plugins shows";
    }
    return plugin_unload((unsigned)index);
}

static const char *plugin_cmd(Monitor *mon, const char *args)
{
    g_autofree char *line = g_strdup(args);
    size_t n = strlen(line);
    char *text = line;
    // The line may stand in quotes.
    if (n >= 2 && line[0] == '"' && line[n - 1] == '"') {
        line[n - 1] = 0;
        text++;
    }
    return plugin_command(mon, text) ? NULL : "no plugin listens to it";
}

// clang-format off
static const MonitorRow rows[] = {
    {"list_plugins", "", list_plugins, "the plugins that are loaded: index, name, handle"},
    {"load_plugin", "FILE[,NAME=VALUE]...", load_plugin, "load a plugin, as -plugin does"},
    {"unload_plugin", "INDEX", unload_plugin, "take out the plugin with that index"},
    {"plugin_cmd", "TEXT", plugin_cmd, "give the text to every plugin that listens"},
};
// clang-format on

bool plugin_start(const char *guest, GError **error)
{
    const MynaOptions *o = myna_options;
    monitor_add_rows(rows, G_N_ELEMENTS(rows));
    if ((o->plugins->len || o->panda) && !log_open(error)) { // while there is a standard error
        return false;
    }
    for (unsigned i = 0; i < o->panda_args->len; i++) {
        panda_add_arg(o->panda_args->pdata[i]);
    }
    for (unsigned i = 0; i < o->plugins->len; i++) {
        if (!plugin_load(o->plugins->pdata[i], guest, error)) {
            return false;
        }
    }
    return !o->panda || panda_load_list(o->panda, guest, error);
}
