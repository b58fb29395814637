// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface of plugins/include/insn/plugins.h over the event core.

#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

#include "plugins/event.h"
#include "plugins/include/insn/plugins.h"
#include "plugins/include/insn/regnum.h"
#include "plugins/insn/loader.h"

typedef bool NeedsFn(uint64_t pc, void *cpu);
typedef void BeforeFn(uint64_t pc, void *cpu);

typedef struct InsnPlugin {
    char *path;
    void *handle;
    EventClient *client;
    NeedsFn *needs_insn, *needs_tb;
    BeforeFn *before_insn, *before_tb;
} InsnPlugin;

// What plugins get as cpu: a value that tells the virtual CPUs apart, never NULL.
static void *cpu_word(unsigned vcpu) { return (void *)((uintptr_t)vcpu + 1); }

static void call_before_insn(unsigned vcpu, void *opaque)
{
    const InsnPlugin *p = opaque;
    p->before_insn(event_pc(), cpu_word(vcpu));
}

static void on_block(Event *e, void *opaque)
{
    InsnPlugin *p = opaque;
    void *cpu = cpu_word(e->vcpu);
    uint64_t pc = event_block_pc(e->block);
    if (p->needs_tb && p->before_tb && p->needs_tb(pc, cpu)) {
        p->before_tb(pc, cpu);
    }
    const EventAction call = {
        .type = EVENT_ACT_CALL, .regs = EVENT_REGS_READ, .fn = call_before_insn, .opaque = p};
    for (unsigned i = 0; p->needs_insn && p->before_insn && i < event_block_insns(e->block); i++) {
        EventInsn *insn = event_block_insn(e->block, i);
        if (p->needs_insn(event_insn_pc(insn), cpu)) {
            event_at_insn(insn, &call);
        }
    }
}

// --- loading ------------------------------------------------------------------------------------

static void plugin_free(void *opaque)
{
    InsnPlugin *p = opaque;
    plugin_list_remove(p);
    dlclose(p->handle);
    g_free(p->path);
    g_free(p);
}

static void insn_unload(void *plugin)
{
    InsnPlugin *p = plugin;
    event_client_remove(p->client, plugin_free, p);
}

// What args= says; NULL and an error when another argument stands there.
static char *take_args(const char *spec, const char *path, GError **error)
{
    g_auto(GStrv) words = plugin_arguments(spec);
    char *args = g_strdup("");
    for (char **w = words; *w; w++) {
        if (!g_str_has_prefix(*w, "args=")) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "plugin %s takes args=TEXT alone (a comma in it is written ,,), not '%s'",
                        path, *w);
            g_free(args);
            return NULL;
        }
        g_free(args);
        args = g_strdup(*w + strlen("args="));
    }
    return args;
}

static bool insn_load(const char *spec, const char *guest, GError **error)
{
    (void)guest;
    g_autofree char *path = plugin_path(spec);
    g_autofree char *args = take_args(spec, path, error);
    if (!args) {
        return false;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL); // it was open a moment ago
    bool (*init)(const char *) = (bool (*)(const char *))dlsym(handle, "plugin_init");
    InsnPlugin *p = g_new0(InsnPlugin, 1);
    *p = (InsnPlugin){
        .path = g_steal_pointer(&path),
        .handle = handle,
        .needs_insn = (NeedsFn *)dlsym(handle, "plugin_needs_before_insn"),
        .before_insn = (BeforeFn *)dlsym(handle, "plugin_before_insn"),
        .needs_tb = (NeedsFn *)dlsym(handle, "plugin_needs_before_tb"),
        .before_tb = (BeforeFn *)dlsym(handle, "plugin_before_tb"),
    };
    if (!init(args)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "plugin %s refuses to start (plugin_init gave false)", p->path);
        dlclose(handle);
        g_free(p->path);
        g_free(p);
        return false;
    }
    g_autofree char *name = g_path_get_basename(p->path);
    p->client = event_client_new(name);
    event_client_stand_for(p->client, (const void *)init);
    plugin_list_add(&insn_plugin_face, name, handle, p);
    event_subscribe(p->client, EVENT_BLOCK_TRANSLATE, on_block, p);
    return true;
}

const PluginFace insn_plugin_face = {
    .name = "insn",
    .entry = "plugin_init",
    .load = insn_load,
    .unload = insn_unload,
};

// --- what plugins call ----------------------------------------------------------------------------

void qemulib_log(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    event_log_always(text);
}

int qemulib_read_memory(void *cpu, uint64_t addr, uint8_t *buf, int len)
{
    (void)cpu;
    return len < 0 || !event_read_memory(addr, buf, (size_t)len) ? -1 : 0;
}

// The register's name in the guest's own table, and how much of it the number stands for.
static const char *register_name(int reg, unsigned *size)
{
    static const char *const i386[] = {"eax", "ecx", "edx", "ebx", "esp",
                                       "ebp", "esi", "edi", "eip", "eflags"};
    static const char *const low_halves[] = {"rax", "rcx", "rdx", "rbx", "rsp",
                                             "rbp", "rsi", "rdi", "rip", "eflags"};
    static const char *const amd64[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi",
                                        "rbp", "rsp", "r8",  "r9",  "r10", "r11",
                                        "r12", "r13", "r14", "r15", "rip", "eflags"};
    static const char *const aarch64[] = {
        "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10", "x11",
        "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
        "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",  "cpsr"};
    const char *guest = event_guest_name();
    if (!guest) {
        return NULL;
    }
    bool x86_64 = !strcmp(guest, "x86_64");
    *size = 8;
    if (reg >= 0 && reg < I386_NUM_REGS) {
        *size = 4;
        return x86_64 ? low_halves[reg] : !strcmp(guest, "i386") ? i386[reg] : NULL;
    }
    if (reg >= AMD64_RAX_REGNUM && reg < AMD64_NUM_REGS && x86_64) {
        *size = reg == AMD64_EFLAGS_REGNUM ? 4 : 8;
        return amd64[reg - AMD64_RAX_REGNUM];
    }
    if (reg >= AARCH64_X0_REGNUM && reg < AARCH64_NUM_REGS && !strcmp(guest, "aarch64")) {
        *size = reg == AARCH64_PSTATE_REGNUM ? 4 : 8;
        return aarch64[reg - AARCH64_X0_REGNUM];
    }
    return NULL;
}

int qemulib_read_register(void *cpu, uint8_t *mem_buf, int reg)
{
    (void)cpu;
    unsigned size;
    const char *name = register_name(reg, &size);
    int number = name ? event_reg_find(name) : -1;
    uint8_t value[64];
    if (number < 0 || event_read_reg((unsigned)number, value) < size) {
        return 0;
    }
    memcpy(mem_buf, value, size);
    return (int)size;
}
