// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QEMU's plugin interface: what a plugin may ask and change.

#include <stdio.h>
#include <string.h>

#include "qemu-face.h"

static EventBlock *block(const struct qemu_plugin_tb *tb) { return (EventBlock *)tb; }
static EventInsn *instruction(const struct qemu_plugin_insn *insn) { return (EventInsn *)insn; }

// --- blocks and instructions ------------------------------------------------------------------------

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
    return event_block_insns(block(tb));
}
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb) { return event_block_pc(block(tb)); }

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx)
{
    return (struct qemu_plugin_insn *)event_block_insn(block(tb), (unsigned)idx);
}

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len)
{
    const uint8_t *bytes = event_insn_bytes(instruction(insn));
    size_t n = MIN(len, event_insn_size(instruction(insn)));
    if (!bytes) {
        return 0;
    }
    memcpy(dest, bytes, n);
    return n;
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
    return event_insn_size(instruction(insn));
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
    return event_insn_pc(instruction(insn));
}

void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn)
{
    return event_host_address(event_insn_pc(instruction(insn)));
}

char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn)
{
    char text[160];
    event_insn_disassemble(instruction(insn), text, sizeof(text));
    return g_strdup(text);
}

const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn)
{
    const char *name = event_symbol(event_insn_pc(instruction(insn)), NULL);
    return name && *name ? name : NULL;
}

// --- accesses -----------------------------------------------------------------------------------

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info)
{
    return info & EVENT_MEM_SIZE;
}
bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info)
{
    return info & EVENT_MEM_SIGNED;
}
bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info) { return info & EVENT_MEM_BIG; }
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info) { return info & EVENT_MEM_STORE; }

qemu_plugin_mem_value qemu_plugin_mem_get_value(qemu_plugin_meminfo_t info)
{
    qemu_plugin_mem_value v = {.type = (enum qemu_plugin_mem_value_type)(info & EVENT_MEM_SIZE)};
    uint64_t high, low = event_mem_value(&high);
    switch (v.type) {
    case QEMU_PLUGIN_MEM_VALUE_U8: v.data.u8 = (uint8_t)low; break;
    case QEMU_PLUGIN_MEM_VALUE_U16: v.data.u16 = (uint16_t)low; break;
    case QEMU_PLUGIN_MEM_VALUE_U32: v.data.u32 = (uint32_t)low; break;
    case QEMU_PLUGIN_MEM_VALUE_U64: v.data.u64 = low; break;
    default:
        v.data.u128.low = low;
        v.data.u128.high = high;
        break;
    }
    return v;
}

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr)
{
    (void)info;
    (void)vaddr;
    return NULL;
}
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr)
{
    (void)haddr;
    return false;
}
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr)
{
    (void)haddr;
    return 0;
}
const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *h)
{
    (void)h;
    return g_intern_static_string("Invalid");
}

// --- scoreboards --------------------------------------------------------------------------------

static EventBoard *board(const struct qemu_plugin_scoreboard *s) { return (EventBoard *)s; }

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size)
{
    EventBoard *b = event_board_new(element_size);
    if (!b) {
        g_error("a plugin's scoreboard of %zu bytes an element finds no room", element_size);
    }
    return (struct qemu_plugin_scoreboard *)b;
}

void qemu_plugin_scoreboard_free(struct qemu_plugin_scoreboard *score)
{
    event_board_free(board(score));
}

void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index)
{
    return event_board_at(board(score), vcpu_index);
}

static uint64_t *field(qemu_plugin_u64 entry, unsigned vcpu)
{
    char *element = event_board_at(board(entry.score), vcpu);
    return element ? (uint64_t *)(void *)(element + entry.offset) : NULL;
}

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added)
{
    uint64_t *p = field(entry, vcpu_index);
    if (p) {
        *p += added;
    }
}

uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index)
{
    const uint64_t *p = field(entry, vcpu_index);
    return p ? *p : 0;
}

void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val)
{
    uint64_t *p = field(entry, vcpu_index);
    if (p) {
        *p = val;
    }
}

uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry)
{
    uint64_t sum = 0;
    for (unsigned i = 0, n = event_vcpu_count(); i < n; i++) {
        sum += qemu_plugin_u64_get(entry, i);
    }
    return sum;
}

// --- registers ----------------------------------------------------------------------------------

// A handle is the register's number and one, as a pointer.
GArray *qemu_plugin_get_registers(void)
{
    GArray *a = g_array_new(false, false, sizeof(qemu_plugin_reg_descriptor));
    for (unsigned i = 0; i < event_reg_count(); i++) {
        const EventRegInfo *r = event_reg_info(i);
        qemu_plugin_reg_descriptor d = {(struct qemu_plugin_register *)(uintptr_t)(i + 1),
                                        g_intern_string(r->name), g_intern_string(r->feature)};
        g_array_append_val(a, d);
    }
    return a;
}

// Version 6 has bool where the earlier ones have the size, or -1.
static int result_for(const void *caller, int size)
{
    return qemu_plugin_version_at(caller) >= 6 ? size > 0 : size > 0 ? size : -1;
}

int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf)
{
    uint8_t bytes[64];
    unsigned size = event_read_reg((unsigned)(uintptr_t)handle - 1, bytes);
    g_byte_array_append(buf, bytes, size);
    return result_for(__builtin_return_address(0), (int)size);
}

int qemu_plugin_write_register(struct qemu_plugin_register *handle, GByteArray *buf)
{
    unsigned reg = (unsigned)(uintptr_t)handle - 1;
    const EventRegInfo *r = event_reg_info(reg);
    bool ok = r && event_write_reg(reg, buf->data, buf->len);
    return result_for(__builtin_return_address(0), ok ? r->size : 0);
}

void qemu_plugin_set_pc(uint64_t vaddr) { event_set_pc(vaddr); }

// --- memory -------------------------------------------------------------------------------------

bool qemu_plugin_read_memory_vaddr(uint64_t addr, GByteArray *data, size_t len)
{
    if (len == 0) {
        return false;
    }
    g_byte_array_set_size(data, (guint)len);
    return event_read_memory(addr, data->data, len);
}

bool qemu_plugin_write_memory_vaddr(uint64_t addr, GByteArray *data)
{
    return data->len > 0 && event_write_memory(addr, data->data, data->len);
}

enum qemu_plugin_hwaddr_operation_result
qemu_plugin_read_memory_hwaddr(uint64_t addr, GByteArray *data, size_t len)
{
    (void)addr;
    (void)data;
    (void)len;
    return QEMU_PLUGIN_HWADDR_OPERATION_ERROR;
}
enum qemu_plugin_hwaddr_operation_result qemu_plugin_write_memory_hwaddr(uint64_t addr,
                                                                         GByteArray *data)
{
    (void)addr;
    (void)data;
    return QEMU_PLUGIN_HWADDR_OPERATION_ERROR;
}
bool qemu_plugin_translate_vaddr(uint64_t vaddr, uint64_t *hwaddr)
{
    (void)vaddr;
    (void)hwaddr;
    return false;
}

// --- the rest -----------------------------------------------------------------------------------

typedef struct ForEach {
    qemu_plugin_id_t id;
    qemu_plugin_vcpu_simple_cb_t cb;
} ForEach;

static void call_for_vcpu(unsigned vcpu, void *opaque)
{
    const ForEach *f = opaque;
    f->cb(f->id, vcpu);
}

void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    ForEach f = {id, cb};
    if (cb) {
        event_vcpu_foreach(call_for_vcpu, &f);
    }
}

int qemu_plugin_num_vcpus(void) { return (int)event_vcpu_count(); }
void qemu_plugin_outs(const char *string) { event_log(string); }

bool qemu_plugin_bool_parse(const char *name, const char *val, bool *ret)
{
    static const char *const yes[] = {"on", "yes", "true", "y"}, *const no[] = {"off", "no",
                                                                                "false", "n"};
    for (unsigned i = 0; name && val && i < G_N_ELEMENTS(yes); i++) {
        if (!g_ascii_strcasecmp(val, yes[i]) || !g_ascii_strcasecmp(val, no[i])) {
            *ret = !g_ascii_strcasecmp(val, yes[i]);
            return true;
        }
    }
    return false;
}

const char *qemu_plugin_path_to_binary(void) { return g_strdup(event_program_path()); }

uint64_t qemu_plugin_start_code(void)
{
    uint64_t start, end, entry;
    event_program_code(&start, &end, &entry);
    return start;
}
uint64_t qemu_plugin_end_code(void)
{
    uint64_t start, end, entry;
    event_program_code(&start, &end, &entry);
    return end;
}
uint64_t qemu_plugin_entry_code(void)
{
    uint64_t start, end, entry;
    event_program_code(&start, &end, &entry);
    return entry;
}

// Who asks first gets a handle: a plugin that slows the guest down by sleeping needs no more than that.
const void *qemu_plugin_request_time_control(void)
{
    static char handle;
    static bool taken;
    bool free = !__atomic_exchange_n(&taken, true, __ATOMIC_RELAXED);
    return free ? &handle : NULL;
}
void qemu_plugin_update_ns(const void *handle, int64_t time)
{
    (void)handle;
    (void)time;
}
