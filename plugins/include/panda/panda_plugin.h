// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugin interface of PANDA (its first version), for user-mode guests: the names, values and meanings that
// it documents, in words of our own.
//
//     cc -shared -fPIC -I INC/panda/x86_64 -I INC/panda -o panda_x.so x.c
//     PANDA_PLUGIN_DIR=. myna -panda 'x:key=value' ./prog
//
// INC is PREFIX/include/myna/plugins/include; the first folder says which guest the plugin is for.
//
// A plugin defines init_plugin and uninit_plugin.  Callbacks run on the guest's threads, several at once.  The
// `env` of a callback is good until it returns.  Where no other is told, registers in it are current and may be
// changed; what callbacks return is not used.

#ifndef MYNA_PANDA_PLUGIN_H
#define MYNA_PANDA_PLUGIN_H

#include "cpu.h"

#ifdef __cplusplus
extern "C" {
#endif

// Called when the plugin is loaded; self is its handle, which dlsym takes.  False: it is unloaded, and when
// myna is starting, myna ends with status 64.
bool init_plugin(void *self);
// Called when it is unloaded, and at the end of the process.
void uninit_plugin(void *self);

typedef enum panda_cb_type {
    PANDA_CB_BEFORE_BLOCK_TRANSLATE,
    PANDA_CB_AFTER_BLOCK_TRANSLATE,
    PANDA_CB_BEFORE_BLOCK_EXEC_INVALIDATE_OPT,
    PANDA_CB_BEFORE_BLOCK_EXEC,
    PANDA_CB_AFTER_BLOCK_EXEC,
    PANDA_CB_INSN_TRANSLATE,
    PANDA_CB_INSN_EXEC,
    PANDA_CB_VIRT_MEM_READ,
    PANDA_CB_VIRT_MEM_WRITE,
    PANDA_CB_PHYS_MEM_READ,
    PANDA_CB_PHYS_MEM_WRITE,
    PANDA_CB_GUEST_HYPERCALL,
    PANDA_CB_MONITOR,
    PANDA_CB_LLVM_INIT,
    PANDA_CB_CPU_RESTORE_STATE,
    PANDA_CB_USER_BEFORE_SYSCALL,
    PANDA_CB_USER_AFTER_SYSCALL,
    PANDA_CB_REPLAY_HD_TRANSFER,
    PANDA_CB_REPLAY_BEFORE_CPU_PHYSICAL_MEM_RW_RAM,
    PANDA_CB_REPLAY_HANDLE_PACKET,
    PANDA_CB_LAST,
} panda_cb_type;

// A row of a table that translates flags: (value & target_mask) == target_bits in the guest's numbers is
// (value & alpha_mask) == alpha_bits in the host's.  A row of zeros ends it.
typedef struct bitmask_transtbl {
    unsigned target_mask, target_bits, alpha_mask, alpha_bits;
} bitmask_transtbl;

typedef union panda_cb {
    // Before a block is executed; true: its translation is dropped and made anew first.
    bool (*before_block_exec_invalidate_opt)(CPUState *env, TranslationBlock *tb);
    int (*before_block_exec)(CPUState *env, TranslationBlock *tb);
    // After a block; next_tb is NULL when the block that follows is not translated yet.
    int (*after_block_exec)(CPUState *env, TranslationBlock *tb, TranslationBlock *next_tb);
    // Around the translation of a block; registers are not current, the pc of `env` is the block's.  Before it
    // means: before its instructions are shown to insn_translate.
    int (*before_block_translate)(CPUState *env, target_ulong pc);
    int (*after_block_translate)(CPUState *env, TranslationBlock *tb);
    // True: insn_exec is to be called before each execution of the instruction (of every plugin's).
    bool (*insn_translate)(CPUState *env, target_ulong pc);
    int (*insn_exec)(CPUState *env, target_ulong pc);
    // With panda_enable_memcb.  A read is told after it; a write in front of it, so memory holds the old value (but for
    // writes of helpers, REP MOVS and its kin, FXSAVE, which are told afterwards).  buf holds what was read or is written, in
    // guest memory's order of bytes.  Registers are current with panda_enable_precise_pc.
    int (*virt_mem_read)(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size,
                         void *buf);
    int (*virt_mem_write)(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size,
                          void *buf);
    // Of whole machines: registering it is said to have no effect in a line on standard error.
    int (*phys_mem_read)(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size,
                         void *buf);
    int (*phys_mem_write)(CPUState *env, target_ulong pc, target_ulong addr, target_ulong size,
                          void *buf);
    // x86: before every CPUID.  AArch64: at HINT #0x70 to #0x7f, which do nothing else.
    int (*guest_hypercall)(CPUState *env);
    // For every line of the monitor's plugin_cmd.
    int (*monitor)(Monitor *mon, const char *cmd);
    // When the first LLVM module is ready for code generation: NULL, NULL, the LLVMModuleRef.
    int (*llvm_init)(void *exec_engine, void *pass_manager, void *module);
    // When guest code faults or traps, before it becomes a signal.
    int (*cb_cpu_restore_state)(CPUState *env, TranslationBlock *tb);
    int (*user_before_syscall)(void *cpu_env, bitmask_transtbl *fcntl_flags_tbl, int num,
                               abi_long arg1, abi_long arg2, abi_long arg3, abi_long arg4,
                               abi_long arg5, abi_long arg6, abi_long arg7, abi_long arg8);
    // p is NULL; ret is a value or -errno.
    int (*user_after_syscall)(void *cpu_env, bitmask_transtbl *fcntl_flags_tbl, int num,
                              abi_long arg1, abi_long arg2, abi_long arg3, abi_long arg4,
                              abi_long arg5, abi_long arg6, abi_long arg7, abi_long arg8, void *p,
                              abi_long ret);
    // Of replays of whole machines: as phys_mem_read.
    int (*replay_hd_transfer)(CPUState *env, uint32_t type, uint64_t src_addr, uint64_t dest_addr,
                              uint32_t num_bytes);
    int (*replay_before_cpu_physical_mem_rw_ram)(CPUState *env, uint32_t is_write,
                                                 uint64_t src_addr, uint64_t dest_addr,
                                                 uint32_t num_bytes);
    int (*replay_handle_packet)(CPUState *env, uint8_t *buf, int size, uint8_t direction,
                                uint64_t old_buf_addr);
    void (*any)(void);
} panda_cb;

void panda_register_callback(void *plugin, panda_cb_type type, panda_cb cb);

// The handle of a plugin by its file's name ("panda_test.so"); NULL when it is not loaded.
void *panda_get_plugin_by_name(const char *name);
// Loads the file; no folder is searched.
bool panda_load_plugin(const char *filename);
void panda_unload_plugin(void *plugin);
// A disabled plugin's callbacks are not called until it is enabled.
void panda_disable_plugin(void *plugin);
void panda_enable_plugin(void *plugin);

typedef struct panda_arg {
    char *argptr; // internal
    char *key, *value;
} panda_arg;
typedef struct panda_arg_list {
    int nargs;
    panda_arg *list;
} panda_arg_list;
// The arguments that the command line has for the plugin of this name ("x" of panda_x.so); free the list with
// panda_free_args.  A key without a value has "".
panda_arg_list *panda_get_args(const char *plugin_name);
void panda_free_args(panda_arg_list *args);

// Drops all translated code, at the next block boundary.
void panda_do_flush_tb(void);
// Memory callbacks; they are off at first.
void panda_enable_memcb(void);
void panda_disable_memcb(void);
// Direct jumps from block to block; on at first.
void panda_enable_tb_chaining(void);
void panda_disable_tb_chaining(void);
// panda_guest_pc is always exact; with this, memory callbacks see current registers too.
void panda_enable_precise_pc(void);
void panda_disable_precise_pc(void);

// There is no physical memory in user mode: -1.
int panda_physical_memory_rw(target_phys_addr_t addr, uint8_t *buf, int len, int is_write);
// 0, or -1 when a part cannot be accessed.
int panda_virtual_memory_rw(CPUState *env, target_ulong addr, uint8_t *buf, int len, int is_write);

// In init_plugin at the start: every block by LLVM from its first execution (as --llvm=all), or none by LLVM (as
// --llvm=off).  Later they say on standard error that they have no effect.
void panda_enable_llvm(void);
void panda_disable_llvm(void);
// Helpers are always part of what LLVM compiles: these do nothing.
void panda_enable_llvm_helpers(void);
void panda_disable_llvm_helpers(void);

// Writes the guest's memory to out: for each mapped range, in the order of addresses, its first address and the one
// behind its end (two 64-bit words of the host's), then its bytes; what cannot be read is zeros.
void panda_memsavep(FILE *out);

#ifdef __cplusplus
}
#endif

#ifndef MYNA_PANDA_FACE
// Which guest the plugin is for; myna looks at it when it loads the plugin.
extern const char panda_plugin_target[];
__attribute__((weak, visibility("default"))) const char panda_plugin_target[] = MYNA_PANDA_TARGET;
#endif

#endif
