// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A PANDA plugin that registers every callback, counts, and looks whether what it is told is so.  At the end it
// writes what it found into the file of its argument out=.

#include "config.h"
#include "qemu-common.h"
#include "cpu.h"
#include "panda_plugin.h"

static void *own;
static FILE *out;
static bool counting;
static unsigned long n[PANDA_CB_LAST], wrong, renewed;

#define COUNT(type) __atomic_fetch_add(&n[PANDA_CB_##type], 1, __ATOMIC_RELAXED)
#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(out, "does not hold: %s\n", #cond);                                            \
            wrong++;                                                                               \
        }                                                                                          \
    } while (0)

static int before_translate(CPUState *env, target_ulong pc)
{
    COUNT(BEFORE_BLOCK_TRANSLATE);
    MUST(env->panda_guest_pc == pc);
    return 0;
}
static int after_translate(CPUState *env, TranslationBlock *tb)
{
    (void)env;
    COUNT(AFTER_BLOCK_TRANSLATE);
    MUST(tb->size > 0 && tb->icount > 0);
    return 0;
}
static bool invalidate(CPUState *env, TranslationBlock *tb)
{
    (void)env;
    (void)tb;
    // Once, at the second block.
    return COUNT(BEFORE_BLOCK_EXEC_INVALIDATE_OPT) == 1 && ++renewed;
}
static int before_exec(CPUState *env, TranslationBlock *tb)
{
    COUNT(BEFORE_BLOCK_EXEC);
    MUST(env->panda_guest_pc == tb->pc);
    return 0;
}
static int after_exec(CPUState *env, TranslationBlock *tb, TranslationBlock *next)
{
    (void)tb;
    COUNT(AFTER_BLOCK_EXEC);
    MUST(!next || next->pc == env->panda_guest_pc);
    return 0;
}
static bool insn_translate(CPUState *env, target_ulong pc)
{
    unsigned char byte;
    COUNT(INSN_TRANSLATE);
    MUST(cpu_memory_rw_debug(env, pc, &byte, 1, 0) == 0);
    return true;
}
static int insn_exec(CPUState *env, target_ulong pc)
{
    COUNT(INSN_EXEC);
    MUST(env->panda_guest_pc == pc);
    return 0;
}
static unsigned long ahead, foretold;
static int mem_read(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size, void *buf)
{
    unsigned char bytes[64];
    (void)pc;
    COUNT(VIRT_MEM_READ);
    MUST(size <= 16 && panda_virtual_memory_rw(env, addr, bytes, (int)size, 0) == 0);
    // An atomic instruction has written there since: that of guest-calls.c, with `count` any program's.
    unsigned now;
    memcpy(&now, bytes, sizeof(now));
    MUST(counting || now == 0x12345678 || now == 0x9abcdef0 || !memcmp(bytes, buf, size));
    return 0;
}
static int mem_write(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size,
                     void *buf)
{
    unsigned char bytes[64];
    (void)pc;
    COUNT(VIRT_MEM_WRITE);
    MUST(size <= 16 && panda_virtual_memory_rw(env, addr, bytes, (int)size, 0) == 0);
    ahead += memcmp(bytes, buf, size) != 0; // what is written is not there yet
    if (size == 4) {
        unsigned value;
        memcpy(&value, buf, 4);
        foretold += value == 0x12345678 || value == 0x9abcdef0;
    }
    return 0;
}
static int hypercall(CPUState *env)
{
    COUNT(GUEST_HYPERCALL);
#if defined(TARGET_I386)
    if (env->regs[R_EAX] == 0x4d59abcd) {
        env->regs[9] = 0x1234;
    }
#else
    if (env->xregs[0] == 0x4d59abcd) {
        env->xregs[9] = 0x1234;
    }
#endif
    return 0;
}
static int monitor(Monitor *mon, const char *cmd)
{
    COUNT(MONITOR);
    monitor_printf(mon, "panda_all got <%s>\n", cmd);
    return 0;
}
static int llvm_init(void *engine, void *passes, void *module)
{
    COUNT(LLVM_INIT);
    MUST(!engine && !passes && module);
    return 0;
}
static int restore(CPUState *env, TranslationBlock *tb)
{
    (void)env;
    (void)tb;
    COUNT(CPU_RESTORE_STATE);
    return 0;
}
static int before_syscall(void *env, bitmask_transtbl *table, int num, abi_long a1, abi_long a2,
                          abi_long a3, abi_long a4, abi_long a5, abi_long a6, abi_long a7,
                          abi_long a8)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    COUNT(USER_BEFORE_SYSCALL);
    MUST(table[0].target_mask);
#if defined(TARGET_I386)
    MUST((int)((CPUState *)env)->regs[R_EAX] == num &&
         (abi_long)((CPUState *)env)->regs[R_EDI] == a1);
#else
    MUST((int)((CPUState *)env)->xregs[8] == num && (abi_long)((CPUState *)env)->xregs[0] == a1);
#endif
    fprintf(out, "call %d\n", num);
    return 0;
}
static int after_syscall(void *env, bitmask_transtbl *table, int num, abi_long a1, abi_long a2,
                         abi_long a3, abi_long a4, abi_long a5, abi_long a6, abi_long a7,
                         abi_long a8, void *p, abi_long ret)
{
    (void)env, (void)table, (void)a1, (void)a2, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    COUNT(USER_AFTER_SYSCALL);
    MUST(!p);
    fprintf(out, "result %d %s\n", num, ret == a3 ? "a3" : ret > 0 ? "positive" : "other");
    return 0;
}
static int never(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size, void *buf)
{
    (void)env, (void)pc, (void)addr, (void)size, (void)buf;
    MUST(!"a callback of whole machines");
    return 0;
}

#define REGISTER(type, field, fn)                                                                  \
    do {                                                                                           \
        panda_cb cb_ = {.field = fn};                                                              \
        panda_register_callback(self, PANDA_CB_##type, cb_);                                       \
    } while (0)

bool init_plugin(void *self)
{
    own = self;
    panda_arg_list *args = panda_get_args("all");
    const char *path = NULL;
    for (int i = 0; i < args->nargs; i++) {
        if (!strcmp(args->list[i].key, "out")) {
            path = args->list[i].value;
        } else if (!strcmp(args->list[i].key, "count")) {
            counting = true; // the counts alone: nothing that changes them
        }
    }
    out = path ? fopen(path, "w") : NULL;
    panda_free_args(args);
    if (!out) {
        return false;
    }
    REGISTER(BEFORE_BLOCK_TRANSLATE, before_block_translate, before_translate);
    REGISTER(AFTER_BLOCK_TRANSLATE, after_block_translate, after_translate);
    if (!counting) {
        REGISTER(BEFORE_BLOCK_EXEC_INVALIDATE_OPT, before_block_exec_invalidate_opt, invalidate);
    }
    REGISTER(BEFORE_BLOCK_EXEC, before_block_exec, before_exec);
    REGISTER(AFTER_BLOCK_EXEC, after_block_exec, after_exec);
    REGISTER(INSN_TRANSLATE, insn_translate, insn_translate);
    REGISTER(INSN_EXEC, insn_exec, insn_exec);
    REGISTER(VIRT_MEM_READ, virt_mem_read, mem_read);
    REGISTER(VIRT_MEM_WRITE, virt_mem_write, mem_write);
    REGISTER(GUEST_HYPERCALL, guest_hypercall, hypercall);
    REGISTER(MONITOR, monitor, monitor);
    REGISTER(LLVM_INIT, llvm_init, llvm_init);
    REGISTER(CPU_RESTORE_STATE, cb_cpu_restore_state, restore);
    REGISTER(USER_BEFORE_SYSCALL, user_before_syscall, before_syscall);
    REGISTER(USER_AFTER_SYSCALL, user_after_syscall, after_syscall);
    if (!counting) {
        REGISTER(PHYS_MEM_READ, phys_mem_read, never);
    }
    panda_enable_memcb();
    MUST(panda_get_plugin_by_name("panda_all.so") == self);
    MUST(!panda_get_plugin_by_name("panda_none.so"));
    MUST(panda_physical_memory_rw(0, NULL, 0, 0) < 0);
    return true;
}

void uninit_plugin(void *self)
{
    MUST(self == own);
    static const char *const names[] = {
        "before_translate", "after_translate", "invalidate", "before_exec", "after_exec",
        "insn_translate",   "insn_exec",       "mem_read",   "mem_write",   "phys_read",
        "phys_write",       "hypercall",       "monitor",    "llvm_init",   "restore",
        "before_syscall",   "after_syscall",
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fprintf(out, "%s %lu\n", names[i], n[i]);
    }
    fprintf(out, "ahead %lu\nforetold %lu\n", ahead, foretold);
    fprintf(out, "renewed %lu\nwrong %lu\n", renewed, wrong);
    fclose(out);
}
