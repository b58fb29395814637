// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QEMU's TCG plugin interface, as myna has it: the names, values and meanings that QEMU documents, in words of
// our own, so that a plugin written for QEMU builds and runs unchanged.
//
// A plugin is a shared object that defines
//
//     QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
//     QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
//                                                int argc, char **argv);
//
// and is loaded with `-plugin FILE.so,name=value,...`.  install gets the arguments as "name=value" strings and
// gives 0; anything else keeps the plugin, and the program, from running.
//
// This header is QEMU 10.0's (version 4).  Define QEMU_PLUGIN_VERSION before it to 5 or 6 for the functions
// that came later; version 6 changes the result of the register functions to bool.

#ifndef QEMU_QEMU_PLUGIN_H
#define QEMU_QEMU_PLUGIN_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))
#define QEMU_PLUGIN_API

#ifdef __cplusplus
extern "C" {
#endif

#ifndef QEMU_PLUGIN_VERSION
#define QEMU_PLUGIN_VERSION 4
#endif
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

typedef uint64_t qemu_plugin_id_t; // names a loaded plugin

typedef struct qemu_info_t {
    const char *target_name; // "x86_64", "aarch64"
    struct {
        int min; // the oldest version that is loaded
        int cur; // the newest that is known
    } version;
    bool system_emulation; // false
    union {
        struct { // of system emulation alone
            int smp_vcpus;
            int max_vcpus;
        } system;
    };
} qemu_info_t;

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv);

typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t id);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);
typedef void (*qemu_plugin_vcpu_simple_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);

// --- life ----------------------------------------------------------------------------------------------

// Take back everything the plugin has registered; cb is called when no callback of it can come any more,
// which may be after the function has returned.  uninstall unloads the plugin then; after reset it may
// register again.
void qemu_plugin_uninstall(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);
void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);

// A vCPU is a thread of the guest.  Its index is the lowest that no other thread has.
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
// Around system calls in which the thread may sleep.
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);

// --- translation -----------------------------------------------------------------------------------------

struct qemu_plugin_tb;   // a block, inside the translation callback
struct qemu_plugin_insn; // an instruction of it

// What a callback may do with registers.
enum qemu_plugin_cb_flags {
    QEMU_PLUGIN_CB_NO_REGS,    // nothing
    QEMU_PLUGIN_CB_R_REGS,     // read them
    QEMU_PLUGIN_CB_RW_REGS,    // read and write them
    QEMU_PLUGIN_CB_RW_REGS_PC, // and set the pc
};

enum qemu_plugin_mem_rw {
    QEMU_PLUGIN_MEM_R = 1,
    QEMU_PLUGIN_MEM_W,
    QEMU_PLUGIN_MEM_RW,
};

enum qemu_plugin_mem_value_type {
    QEMU_PLUGIN_MEM_VALUE_U8,
    QEMU_PLUGIN_MEM_VALUE_U16,
    QEMU_PLUGIN_MEM_VALUE_U32,
    QEMU_PLUGIN_MEM_VALUE_U64,
    QEMU_PLUGIN_MEM_VALUE_U128,
};

typedef struct {
    enum qemu_plugin_mem_value_type type;
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        struct {
            uint64_t low;
            uint64_t high;
        } u128;
    } data;
} qemu_plugin_mem_value;

// When a conditional callback is made: the counter, unsigned, compared with the given number.
enum qemu_plugin_cond {
    QEMU_PLUGIN_COND_NEVER,
    QEMU_PLUGIN_COND_ALWAYS,
    QEMU_PLUGIN_COND_EQ,
    QEMU_PLUGIN_COND_NE,
    QEMU_PLUGIN_COND_LT,
    QEMU_PLUGIN_COND_LE,
    QEMU_PLUGIN_COND_GT,
    QEMU_PLUGIN_COND_GE,
};

typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
// cb is called for each block that is translated; it looks at it and says what is to happen in it.
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);

// --- scoreboards: memory for each vCPU ---------------------------------------------------------------------

struct qemu_plugin_scoreboard;

// A 64-bit field of a scoreboard's elements.
typedef struct {
    struct qemu_plugin_scoreboard *score;
    size_t offset;
} qemu_plugin_u64;

enum qemu_plugin_op {
    QEMU_PLUGIN_INLINE_ADD_U64,
    QEMU_PLUGIN_INLINE_STORE_U64,
};

// Elements are zeroed, and there is one for each vCPU that will ever be.
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void qemu_plugin_scoreboard_free(struct qemu_plugin_scoreboard *score);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index);

#define qemu_plugin_scoreboard_u64(board) ((qemu_plugin_u64){(board), 0})
#define qemu_plugin_scoreboard_u64_in_struct(board, type, member)                                  \
    ((qemu_plugin_u64){(board), offsetof(type, member)})

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val);
uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry); // over all vCPUs

// --- what is to happen in a block: inside the translation callback ---------------------------------------

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb,
                                               qemu_plugin_vcpu_udata_cb_t cb,
                                               enum qemu_plugin_cb_flags flags,
                                               enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
                                               uint64_t imm, void *userdata);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
                                                       enum qemu_plugin_op op,
                                                       qemu_plugin_u64 entry, uint64_t imm);
// Before the instruction.
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            qemu_plugin_vcpu_udata_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn,
                                                 qemu_plugin_vcpu_udata_cb_t cb,
                                                 enum qemu_plugin_cb_flags flags,
                                                 enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
                                                 uint64_t imm, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
                                                         enum qemu_plugin_op op,
                                                         qemu_plugin_u64 entry, uint64_t imm);

typedef uint32_t qemu_plugin_meminfo_t; // about an access
// After the access.
typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu_index, qemu_plugin_meminfo_t info,
                                          uint64_t vaddr, void *userdata);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                      void *userdata);
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn,
                                                   enum qemu_plugin_mem_rw rw,
                                                   enum qemu_plugin_op op, qemu_plugin_u64 entry,
                                                   uint64_t imm);

// --- looking at blocks and instructions ---------------------------------------------------------------------

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
// Copies at most len bytes; gives how many.
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);        // in myna's own memory
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);        // g_free it
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn); // NULL: unknown

// --- looking at accesses: inside a memory callback -----------------------------------------------------------

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info); // log2 of the bytes
bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info);

// Of system emulation: here there is no other address than the guest's.
struct qemu_plugin_hwaddr;
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info,
                                                  uint64_t vaddr);              // NULL
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);          // false
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);  // 0
const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *h); // "Invalid"

// --- system calls ---------------------------------------------------------------------------------------------

typedef void (*qemu_plugin_vcpu_syscall_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index,
                                              int64_t num, uint64_t a1, uint64_t a2, uint64_t a3,
                                              uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                                              uint64_t a8);
typedef void (*qemu_plugin_vcpu_syscall_ret_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_idx,
                                                  int64_t num, int64_t ret);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t cb);
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id,
                                              qemu_plugin_vcpu_syscall_ret_cb_t cb);

// --- other events -----------------------------------------------------------------------------------------------

void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);
// Before myna ends; no other callback comes then.
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

int qemu_plugin_num_vcpus(void); // indices that were ever in use

// --- output, arguments, the program -------------------------------------------------------------------------------

void qemu_plugin_outs(const char *string); // into the log, with -d plugin
// val is one of "on", "yes", "true", "y", "off", "no", "false", "n"; else, or when one is NULL: false, *ret stays.
bool qemu_plugin_bool_parse(const char *name, const char *val, bool *ret);
const char *qemu_plugin_path_to_binary(void); // the caller frees it with g_free
uint64_t qemu_plugin_start_code(void);
uint64_t qemu_plugin_end_code(void);
uint64_t qemu_plugin_entry_code(void);

// --- registers and memory -------------------------------------------------------------------------------------------

struct qemu_plugin_register; // a register's handle

typedef struct {
    struct qemu_plugin_register *handle;
    const char *name;    // as GDB calls it
    const char *feature; // GDB's feature
} qemu_plugin_reg_descriptor;

// Of the current vCPU; an array of descriptors, g_array_free it.
GArray *qemu_plugin_get_registers(void);
// Guest memory, appended to nothing: data gets len bytes.  False when it cannot be read.
bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len);
// Appends the register's bytes to buf.
#if QEMU_PLUGIN_VERSION >= 6
bool qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);
bool qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf);
#else
int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf); // -1: no
int qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf);
#endif

// --- time ---------------------------------------------------------------------------------------------------------

// The guest's time is the host's here: the one plugin that gets the handle can slow the guest down by sleeping,
// and update_ns does nothing.
const void *qemu_plugin_request_time_control(void); // NULL: another has it
void qemu_plugin_update_ns(const void *handle, int64_t time);

// --- later than version 4 -------------------------------------------------------------------------------------------

bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray *data);

enum qemu_plugin_hwaddr_operation_result {
    QEMU_PLUGIN_HWADDR_OPERATION_OK,
    QEMU_PLUGIN_HWADDR_OPERATION_ERROR,
    QEMU_PLUGIN_HWADDR_OPERATION_DEVICE_ERROR,
    QEMU_PLUGIN_HWADDR_OPERATION_ACCESS_DENIED,
    QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS,
    QEMU_PLUGIN_HWADDR_OPERATION_INVALID_ADDRESS_SPACE,
};
// Of system emulation: QEMU_PLUGIN_HWADDR_OPERATION_ERROR, false.
enum qemu_plugin_hwaddr_operation_result
qemu_plugin_read_memory_hwaddr(uint64_t addr, GByteArray *data, size_t len);
enum qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr,
                                                                         GByteArray *data);
bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr);

// Goes on at vaddr, at once: does not return.  In callbacks with QEMU_PLUGIN_CB_RW_REGS_PC, and of the
// system-call filter.
void qemu_plugin_set_pc(uint64_t vaddr);

// A vCPU goes on elsewhere than its code says: a signal's handler, a fault.
enum qemu_plugin_discon_type {
    QEMU_PLUGIN_DISCON_INTERRUPT = 1 << 0, // an asynchronous signal
    QEMU_PLUGIN_DISCON_EXCEPTION = 1 << 1, // a fault of its own
    QEMU_PLUGIN_DISCON_HOSTCALL = 1 << 2,
    QEMU_PLUGIN_DISCON_ALL = -1,
};
typedef void (*qemu_plugin_vcpu_discon_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index,
                                             enum qemu_plugin_discon_type type, uint64_t from_pc,
                                             uint64_t to_pc);
void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, enum qemu_plugin_discon_type type,
                                         qemu_plugin_vcpu_discon_cb_t cb);

// True: the call is not made, and *sysret is its result.
typedef bool (*qemu_plugin_vcpu_syscall_filter_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index,
                                                     int64_t num, uint64_t a1, uint64_t a2,
                                                     uint64_t a3, uint64_t a4, uint64_t a5,
                                                     uint64_t a6, uint64_t a7, uint64_t a8,
                                                     uint64_t *sysret);
void qemu_plugin_register_vcpu_syscall_filter_cb(qemu_plugin_id_t id,
                                                 qemu_plugin_vcpu_syscall_filter_cb_t cb);

#ifdef __cplusplus
}
#endif

#endif
