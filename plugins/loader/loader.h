// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugins that are loaded, whatever their interface.
//
// An interface is a PluginFace; which of them a shared object wants is told by the entry function that it
// has.  `-plugin` and the monitor's load_plugin take any.

#ifndef PLUGINS_LOADER_H
#define PLUGINS_LOADER_H

#include <stdbool.h>

#include <glib.h>

typedef struct PluginFace {
    const char *name;  // "qemu", "insn", "panda"
    const char *entry; // a function that its plugins have, and the others' do not
    // Loads what `-plugin` was given: "[file=]FILE[,NAME=VALUE]...", with ,, for a comma in a value.  guest is the
    // guest's name ("x86_64").  On success it has called plugin_list_add.  False and a line that names the
    // file otherwise.
    bool (*load)(const char *spec, const char *guest, GError **error);
    // Takes the plugin out; any thread that runs no guest code.
    void (*unload)(void *plugin);
    // A line of the monitor's plugin_cmd, for each plugin; mon is the monitor's.  NULL: none listens.
    void (*command)(void *plugin, void *mon, const char *line);
} PluginFace;

// False and a line that names the file when it cannot be loaded.
bool plugin_load(const char *spec, const char *guest, GError **error);

// The file that spec names, as dlopen takes it: a name without a slash is a file here.
char *plugin_path(const char *spec);
// The words behind the file's name, NULL-terminated; g_strfreev them.
char **plugin_arguments(const char *spec);

// The list.  plugin is the face's own; handle is dlopen's; name is copied.
void plugin_list_add(const PluginFace *face, const char *name, void *handle, void *plugin);
void plugin_list_remove(void *plugin);
// One line a plugin: index, name, handle.
void plugin_list_print(GString *out);
// NULL, or why not.
const char *plugin_unload(unsigned index);
// Gives the line to each plugin that listens; how many there were.
unsigned plugin_command(void *mon, const char *line);
// In a plugin_command of this thread: fn(plugin) is called at its end.  False, and nothing else, when there is none.
bool plugin_after_command(void (*fn)(void *plugin), void *plugin);

#endif
