// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls every function of QEMU's interface, of version 5, and checks what it gives; says at the end what was wrong, and how
// often it was called back. The guest (guest-work.c) gives another result: its first call of mix() is answered by the plugin.
#define QEMU_PLUGIN_VERSION 5
#include <stdio.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Board {
    uint64_t pad, blocks, last, since, stores;
} Board;

static struct qemu_plugin_scoreboard *board;
static bool arm;
static GString *wrong;
static unsigned inits, exits, idles, resumes, seen, conds, mems, answers, writes, syscalls, returns,
    differ;
static uint64_t mix_at;
static const void *time_handle;

#define FIELD(f) qemu_plugin_scoreboard_u64_in_struct(board, Board, f)
#define CHECK(e)                                                                                   \
    do {                                                                                           \
        if (!(e) && wrong->len < 2000) {                                                           \
            g_string_append_printf(wrong, "wrong: %s (line %d)\n", #e, __LINE__);                  \
        }                                                                                          \
    } while (0)

static struct qemu_plugin_register *reg(const char *name)
{
    g_autoptr(GArray) all = qemu_plugin_get_registers();
    for (guint i = 0; i < all->len; i++) {
        const qemu_plugin_reg_descriptor *d = &g_array_index(all, qemu_plugin_reg_descriptor, i);
        if (!strcmp(d->name, name)) {
            return d->handle;
        }
    }
    return NULL;
}

static uint64_t get(const char *name)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    uint64_t v = 0;
    CHECK(qemu_plugin_read_register(reg(name), buf) == 8 && buf->len == 8);
    memcpy(&v, buf->data, MIN(buf->len, 8));
    return v;
}

static void set(const char *name, uint64_t v)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    g_byte_array_append(buf, (const guint8 *)&v, 8);
    CHECK(qemu_plugin_write_register(reg(name), buf) == 8);
    CHECK(get(name) == v);
}

static void count_one(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    seen++;
}

static void on_init(qemu_plugin_id_t id, unsigned vcpu)
{
    inits++;
    g_autofree char *path = (char *)qemu_plugin_path_to_binary();
    CHECK(path && strstr(path, "guest-"));
    CHECK(qemu_plugin_num_vcpus() > (int)vcpu);
    seen = 0;
    qemu_plugin_vcpu_for_each(id, count_one);
    CHECK(seen >= 1);
    g_autoptr(GArray) all = qemu_plugin_get_registers();
    CHECK(all->len > 30);
    for (guint i = 0; i < all->len; i++) {
        const qemu_plugin_reg_descriptor *d = &g_array_index(all, qemu_plugin_reg_descriptor, i);
        CHECK(d->handle && d->name && d->feature);
    }
    CHECK(qemu_plugin_start_code() <= qemu_plugin_entry_code() &&
          qemu_plugin_entry_code() < qemu_plugin_end_code());
}
static void on_exit_vcpu(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    exits++;
}
static void on_idle(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    idles++;
}
static void on_resume(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    resumes++;
}

// Each 1000th block.
static void on_cond(unsigned vcpu, void *opaque)
{
    CHECK(opaque == &conds);
    CHECK(qemu_plugin_u64_get(FIELD(since), vcpu) == 1000);
    qemu_plugin_u64_set(FIELD(since), vcpu, 500);
    qemu_plugin_u64_add(FIELD(since), vcpu, (uint64_t)-500);
    conds++;
}

// All registers written with what they hold.
static void on_main(unsigned vcpu, void *opaque)
{
    (void)vcpu, (void)opaque;
    g_autoptr(GArray) all = qemu_plugin_get_registers();
    for (guint i = 0; i < all->len; i++) {
        const qemu_plugin_reg_descriptor *d = &g_array_index(all, qemu_plugin_reg_descriptor, i);
        g_autoptr(GByteArray) before = g_byte_array_new(), after = g_byte_array_new();
        int n = qemu_plugin_read_register(d->handle, before);
        CHECK(n > 0 && (guint)n == before->len);
        if (!strcmp(d->name, "rip") || !strcmp(d->name, "pc")) {
            continue;
        }
        if (qemu_plugin_write_register(d->handle, before) == n) {
            writes++;
        }
        CHECK(qemu_plugin_read_register(d->handle, after) == n &&
              !memcmp(before->data, after->data, before->len));
    }
}

// The first call: 77 without running it.
static void on_mix(unsigned vcpu, void *opaque)
{
    (void)vcpu, (void)opaque;
    uint64_t back;
    CHECK(get(arm ? "pc" : "rip") == mix_at);
    if (answers++) {
        return;
    }
    set(arm ? "x0" : "rax", 77);
    if (arm) {
        back = get("x30");
    } else {
        uint64_t sp = get("rsp");
        g_autoptr(GByteArray) word = g_byte_array_new();
        CHECK(qemu_plugin_read_memory_vaddr(sp, word, 8) && word->len == 8);
        memcpy(&back, word->data, 8);
        CHECK(qemu_plugin_write_memory_vaddr(sp, word));
        set("rsp", sp + 8);
    }
    qemu_plugin_set_pc(back);
}

static void on_mem(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *opaque)
{
    (void)opaque;
    static const enum qemu_plugin_mem_value_type types[] = {
        QEMU_PLUGIN_MEM_VALUE_U8, QEMU_PLUGIN_MEM_VALUE_U16, QEMU_PLUGIN_MEM_VALUE_U32,
        QEMU_PLUGIN_MEM_VALUE_U64, QEMU_PLUGIN_MEM_VALUE_U128};
    unsigned shift = qemu_plugin_mem_size_shift(info);
    qemu_plugin_mem_value v = qemu_plugin_mem_get_value(info);
    struct qemu_plugin_hwaddr *hw = qemu_plugin_get_hwaddr(info, vaddr);
    uint64_t hwaddr;
    mems++;
    CHECK(shift <= 4 && v.type == types[shift]);
    CHECK(!qemu_plugin_mem_is_big_endian(info));
    CHECK(!qemu_plugin_mem_is_sign_extended(info) || !qemu_plugin_mem_is_store(info));
    CHECK(!hw && !qemu_plugin_hwaddr_is_io(hw) && !qemu_plugin_hwaddr_phys_addr(hw));
    CHECK(!strcmp(qemu_plugin_hwaddr_device_name(hw), "Invalid"));
    CHECK(!qemu_plugin_translate_vaddr(vaddr, &hwaddr));
    g_autoptr(GByteArray) now = g_byte_array_new();
    CHECK(qemu_plugin_read_memory_vaddr(vaddr, now, 1u << shift));
    CHECK(now->len == 1u << shift);
    differ += memcmp(now->data, &v.data, now->len) != 0;
    CHECK(qemu_plugin_read_memory_hwaddr(vaddr, now, 1) == QEMU_PLUGIN_HWADDR_OPERATION_ERROR);
    CHECK(qemu_plugin_write_memory_hwaddr(vaddr, now) == QEMU_PLUGIN_HWADDR_OPERATION_ERROR);
    if (qemu_plugin_mem_is_store(info)) {
        CHECK(qemu_plugin_u64_get(FIELD(stores), vcpu) == 4242);
    }
}

static void look_at(struct qemu_plugin_insn *insn)
{
    uint8_t bytes[16] = {0};
    size_t n = qemu_plugin_insn_size(insn);
    uint64_t pc = qemu_plugin_insn_vaddr(insn);
    g_autofree char *text = qemu_plugin_insn_disas(insn);
    g_autoptr(GByteArray) memory = g_byte_array_new();
    CHECK(n >= 1 && n <= 15 && qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) == n);
    CHECK(qemu_plugin_insn_data(insn, bytes, 1) == 1);
    CHECK(qemu_plugin_insn_haddr(insn) && !memcmp(qemu_plugin_insn_haddr(insn), bytes, n));
    CHECK(text && *text);
    CHECK(qemu_plugin_read_memory_vaddr(pc, memory, n) && !memcmp(memory->data, bytes, n));
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    uint64_t pc = qemu_plugin_tb_vaddr(tb);
    bool at_main = false;
    CHECK(n > 0 && !qemu_plugin_tb_get_insn(tb, n));
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *symbol = qemu_plugin_insn_symbol(insn);
        CHECK(qemu_plugin_insn_vaddr(insn) == pc);
        pc += qemu_plugin_insn_size(insn);
        look_at(insn);
        if (i == 0 && symbol && !strcmp(symbol, "mix") &&
            (!mix_at || mix_at == qemu_plugin_tb_vaddr(tb))) {
            mix_at = qemu_plugin_tb_vaddr(tb);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mix, QEMU_PLUGIN_CB_RW_REGS_PC, NULL);
        }
        at_main |= symbol && !strcmp(symbol, "main");
        if (at_main) {
            // Stores set a field before they are told.
            qemu_plugin_register_vcpu_mem_inline_per_vcpu(
                insn, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_INLINE_STORE_U64, FIELD(stores), 4242);
            qemu_plugin_register_vcpu_mem_cb(insn, on_mem, QEMU_PLUGIN_CB_R_REGS,
                                             QEMU_PLUGIN_MEM_RW, NULL);
        }
    }
    if (at_main) {
        qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, on_main, QEMU_PLUGIN_CB_RW_REGS,
                                                  QEMU_PLUGIN_COND_LT, FIELD(last), 3, NULL);
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                                          FIELD(last), 1);
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, FIELD(blocks),
                                                      1);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, FIELD(since),
                                                      1);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, on_cond, QEMU_PLUGIN_CB_NO_REGS,
                                              QEMU_PLUGIN_COND_EQ, FIELD(since), 1000, &conds);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, on_cond, QEMU_PLUGIN_CB_NO_REGS,
                                              QEMU_PLUGIN_COND_NEVER, FIELD(since), 0, NULL);
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t num, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)num, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6,
        (void)a7, (void)a8;
    syscalls++;
    CHECK(get(arm ? "pc" : "rip") != 0);
}

static void on_return(qemu_plugin_id_t id, unsigned vcpu, int64_t num, int64_t ret)
{
    (void)id, (void)vcpu;
    returns++;
    CHECK(num != 0x4d59 || ret == -38);
}

static void on_flush(qemu_plugin_id_t id) { (void)id; }

static void on_end(qemu_plugin_id_t id, void *opaque)
{
    (void)id;
    Board *first = qemu_plugin_scoreboard_find(board, 0);
    CHECK(opaque == &answers);
    CHECK(first->blocks == qemu_plugin_u64_sum(FIELD(blocks)) && first->pad == 0);
    CHECK(qemu_plugin_u64_get(FIELD(blocks), 0) == first->blocks);
    CHECK(conds == first->blocks / 1000 && conds);
    CHECK(answers == 3 * 4096);
    CHECK(mems > 10000 && writes > 50 && inits == 1 && syscalls > returns && returns > 3);
    CHECK(idles == resumes);
    CHECK(differ == (arm ? 0 : 6)); // the loads of two atomics: told when memory has the new value
    g_autofree char *text = g_strdup_printf(
        "%sblocks %" PRIu64
        " conds %u mems %u writes %u syscalls %u returns %u idles %u exits %u\n",
        wrong->str, first->blocks, conds, mems, writes, syscalls, returns, idles, exits);
    qemu_plugin_outs(text);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    bool on = false, off = true;
    wrong = g_string_new(NULL);
    arm = !strcmp(info->target_name, "aarch64");
    CHECK(arm || !strcmp(info->target_name, "x86_64"));
    CHECK(!info->system_emulation && info->version.min <= 4 && info->version.cur >= 5);
    CHECK(argc == 2 && !strcmp(argv[0], "a=1,2") && !strcmp(argv[1], "b=off"));
    CHECK(qemu_plugin_bool_parse("x", "on", &on) && on);
    CHECK(qemu_plugin_bool_parse("x", "off", &off) && !off);
    CHECK(!qemu_plugin_bool_parse("x", "maybe", &on) && on &&
          !qemu_plugin_bool_parse("x", NULL, &on));
    time_handle = qemu_plugin_request_time_control();
    CHECK(time_handle && !qemu_plugin_request_time_control());
    qemu_plugin_update_ns(time_handle, 1000);
    struct qemu_plugin_scoreboard *gone = qemu_plugin_scoreboard_new(100);
    qemu_plugin_scoreboard_free(gone);
    board = qemu_plugin_scoreboard_new(sizeof(Board));
    qemu_plugin_register_vcpu_init_cb(id, on_init);
    qemu_plugin_register_vcpu_exit_cb(id, on_exit_vcpu);
    qemu_plugin_register_vcpu_idle_cb(id, on_idle);
    qemu_plugin_register_vcpu_resume_cb(id, on_resume);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
    qemu_plugin_register_flush_cb(id, on_flush);
    qemu_plugin_register_atexit_cb(id, on_end, &answers);
    return 0;
}
