// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From events to PANDA's callbacks.
//
// There is one client of the core for all plugins: an instruction that one plugin's insn_translate picks is
// shown to every plugin's insn_exec.  What the core is asked for follows from what is registered.

#include <stdatomic.h>

#include "plugins/panda/face.h"

bool panda_memcb, panda_precise_pc;

static const PandaCalls none;
static _Atomic(const PandaCalls *) calls[PANDA_CB_LAST];
static EventClient *client;
static EventHook *hooks[EVENT_KINDS];

const PandaCalls *panda_calls(panda_cb_type type)
{
    const PandaCalls *c = atomic_load_explicit(&calls[type], memory_order_acquire);
    return c ? c : &none;
}

#define FOR_CALLS(c, type)                                                                         \
    for (const PandaCalls *list_ = panda_calls(type); list_; list_ = NULL)                         \
        for (const panda_cb *c = list_->cb; c < list_->cb + list_->n; c++)

// --- blocks -------------------------------------------------------------------------------------

static GMutex tb_lock;
static GHashTable *tbs; // pc -> TranslationBlock, for the process's life

TranslationBlock *panda_tb(uint64_t pc)
{
    g_mutex_lock(&tb_lock);
    TranslationBlock *tb = tbs ? g_hash_table_lookup(tbs, &pc) : NULL;
    g_mutex_unlock(&tb_lock);
    return tb;
}

static TranslationBlock *make_tb(const EventBlock *b, unsigned size)
{
    uint64_t pc = event_block_pc(b);
    g_mutex_lock(&tb_lock);
    if (!tbs) {
        tbs = g_hash_table_new(g_int64_hash, g_int64_equal);
    }
    TranslationBlock *tb = g_hash_table_lookup(tbs, &pc);
    if (!tb) {
        tb = g_new0(TranslationBlock, 1);
        tb->pc = pc;
        g_hash_table_insert(tbs, &tb->pc, tb);
    }
    tb->size = (uint16_t)size;
    tb->icount = (uint16_t)event_block_insns(b);
    g_mutex_unlock(&tb_lock);
    return tb;
}

// The block that the thread has just had dropped: it is made anew now, and not asked about again.
static _Thread_local uint64_t renewed = UINT64_MAX;

static void before_block(unsigned vcpu, void *opaque)
{
    TranslationBlock *tb = opaque;
    PandaState s;
    CPUState *env = panda_state_take(&s, vcpu, tb->pc, true);
    if (renewed != tb->pc) {
        bool renew = false;
        FOR_CALLS(c, PANDA_CB_BEFORE_BLOCK_EXEC_INVALIDATE_OPT)
        {
            renew |= c->before_block_exec_invalidate_opt(env, tb);
        }
        if (renew) {
            panda_state_give(&s);
            renewed = tb->pc;
            event_flush();
            event_set_pc(tb->pc); // does not return
        }
    }
    renewed = UINT64_MAX;
    FOR_CALLS(c, PANDA_CB_BEFORE_BLOCK_EXEC) { c->before_block_exec(env, tb); }
    panda_state_give(&s);
}

static void before_insn(unsigned vcpu, void *opaque)
{
    (void)opaque;
    PandaState s;
    uint64_t pc = event_pc();
    CPUState *env = panda_state_take(&s, vcpu, pc, true);
    FOR_CALLS(c, PANDA_CB_INSN_EXEC) { c->insn_exec(env, pc); }
    panda_state_give(&s);
}

static void at_access(unsigned vcpu, uint32_t info, uint64_t addr, void *opaque)
{
    (void)opaque;
    PandaState s;
    uint64_t pc = event_pc(), value[2];
    target_ulong size = (target_ulong)1 << (info & EVENT_MEM_SIZE);
    value[0] = event_mem_value(&value[1]);
    if ((info & EVENT_MEM_BIG) && size <= 8) {
        value[0] = GUINT64_SWAP_LE_BE(value[0]) >> (64 - 8 * size);
    }
    CPUState *env = panda_state_take(&s, vcpu, pc, panda_precise_pc);
    if (info & EVENT_MEM_STORE) {
        FOR_CALLS(c, PANDA_CB_VIRT_MEM_WRITE) { c->virt_mem_write(env, pc, addr, size, value); }
    } else {
        FOR_CALLS(c, PANDA_CB_VIRT_MEM_READ) { c->virt_mem_read(env, pc, addr, size, value); }
    }
    panda_state_give(&s);
}

static void on_block(Event *e, void *opaque)
{
    (void)opaque;
    EventBlock *b = e->block;
    PandaState s;
    uint64_t pc = event_block_pc(b);
    unsigned n = event_block_insns(b), size = 0;
    CPUState *env = panda_state_take(&s, e->vcpu, pc, false);
    FOR_CALLS(c, PANDA_CB_BEFORE_BLOCK_TRANSLATE) { c->before_block_translate(env, pc); }
    const EventAction exec = {.type = EVENT_ACT_CALL, .regs = EVENT_REGS_WRITE, .fn = before_insn};
    unsigned rw = (panda_calls(PANDA_CB_VIRT_MEM_READ)->n ? EVENT_READ : 0) |
                  (panda_calls(PANDA_CB_VIRT_MEM_WRITE)->n ? EVENT_WRITE : 0);
    const EventAction access = {.type = EVENT_ACT_CALL,
                                .regs = panda_precise_pc ? EVENT_REGS_WRITE : EVENT_REGS_NONE,
                                .mem_fn = at_access,
                                .before = true};
    for (unsigned i = 0; i < n; i++) {
        EventInsn *insn = event_block_insn(b, i);
        bool wanted = false;
        size += event_insn_size(insn);
        FOR_CALLS(c, PANDA_CB_INSN_TRANSLATE)
        {
            wanted |= c->insn_translate(env, event_insn_pc(insn));
        }
        if (wanted && panda_calls(PANDA_CB_INSN_EXEC)->n) {
            event_at_insn(insn, &exec);
        }
        if (rw && panda_memcb) {
            event_at_access(insn, rw, &access);
        }
    }
    TranslationBlock *tb = make_tb(b, size);
    if (panda_calls(PANDA_CB_BEFORE_BLOCK_EXEC)->n ||
        panda_calls(PANDA_CB_BEFORE_BLOCK_EXEC_INVALIDATE_OPT)->n) {
        event_at_block(b, &(EventAction){.type = EVENT_ACT_CALL,
                                         .regs = EVENT_REGS_WRITE,
                                         .fn = before_block,
                                         .opaque = tb});
    }
    FOR_CALLS(c, PANDA_CB_AFTER_BLOCK_TRANSLATE) { c->after_block_translate(env, tb); }
}

static void on_edge(Event *e, void *opaque)
{
    (void)opaque;
    TranslationBlock *tb = panda_tb(e->edge.from);
    if (!tb || !e->edge.completed) {
        return;
    }
    PandaState s;
    CPUState *env = panda_state_take(&s, e->vcpu, e->edge.to, true);
    TranslationBlock *next = panda_tb(e->edge.to);
    FOR_CALLS(c, PANDA_CB_AFTER_BLOCK_EXEC) { c->after_block_exec(env, tb, next); }
    panda_state_give(&s);
}

// --- the others ---------------------------------------------------------------------------------

static void on_hypercall(Event *e, void *opaque)
{
    (void)opaque;
    PandaState s;
    CPUState *env = panda_state_take(&s, e->vcpu, e->pc, true);
    FOR_CALLS(c, PANDA_CB_GUEST_HYPERCALL) { c->guest_hypercall(env); }
    panda_state_give(&s);
}

static void on_exception(Event *e, void *opaque)
{
    (void)opaque;
    PandaState s;
    CPUState *env = panda_state_take(&s, e->vcpu, e->pc, true);
    FOR_CALLS(c, PANDA_CB_CPU_RESTORE_STATE) { c->cb_cpu_restore_state(env, panda_tb(e->pc)); }
    panda_state_give(&s);
}

// open's flags, the guest's numbers and ours (asm-generic/fcntl.h and arch/arm64's fcntl.h).
#define SAME(mask, bits) {mask, bits, mask, bits}
#define COMMON_FLAGS                                                                               \
    SAME(3, 1), SAME(3, 2), SAME(0100, 0100), SAME(0200, 0200), SAME(0400, 0400),                  \
        SAME(01000, 01000), SAME(02000, 02000), SAME(04000, 04000), SAME(010000, 010000),          \
        SAME(020000, 020000), SAME(01000000, 01000000), SAME(02000000, 02000000),                  \
        SAME(04000000, 04000000), SAME(010000000, 010000000), SAME(020000000, 020000000)
static bitmask_transtbl same_flags[] = {
    COMMON_FLAGS,           SAME(040000, 040000),   SAME(0100000, 0100000),
    SAME(0200000, 0200000), SAME(0400000, 0400000), {0},
};
static bitmask_transtbl aarch64_flags[] = {
    COMMON_FLAGS,
    {040000, 040000, 0200000, 0200000},   // O_DIRECTORY
    {0100000, 0100000, 0400000, 0400000}, // O_NOFOLLOW
    {0200000, 0200000, 040000, 040000},   // O_DIRECT
    {0400000, 0400000, 0100000, 0100000}, // O_LARGEFILE
    {0},
};

static bitmask_transtbl *flags_table(void)
{
    return !g_strcmp0(event_guest_name(), "aarch64") ? aarch64_flags : same_flags;
}

static void on_syscall(Event *e, void *opaque)
{
    (void)opaque;
    PandaState s;
    const uint64_t *a = e->syscall.args;
    int num = (int)e->syscall.number;
    CPUState *env = panda_state_take(&s, e->vcpu, e->pc, true);
    if (e->kind == EVENT_SYSCALL) {
        FOR_CALLS(c, PANDA_CB_USER_BEFORE_SYSCALL)
        {
            c->user_before_syscall(env, flags_table(), num, (abi_long)a[0], (abi_long)a[1],
                                   (abi_long)a[2], (abi_long)a[3], (abi_long)a[4], (abi_long)a[5],
                                   0, 0);
        }
    } else {
        FOR_CALLS(c, PANDA_CB_USER_AFTER_SYSCALL)
        {
            c->user_after_syscall(env, flags_table(), num, (abi_long)a[0], (abi_long)a[1],
                                  (abi_long)a[2], (abi_long)a[3], (abi_long)a[4], (abi_long)a[5], 0,
                                  0, NULL, (abi_long)e->syscall.result);
        }
    }
    panda_state_give(&s);
}

static void on_module(Event *e, void *opaque)
{
    (void)opaque;
    static atomic_flag told = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&told)) {
        FOR_CALLS(c, PANDA_CB_LLVM_INIT) { c->llvm_init(NULL, NULL, e->module.module); }
    }
}

// --- what is subscribed -------------------------------------------------------------------------

// One row a callback type: the core's event that it comes from.
static const struct {
    panda_cb_type type;
    EventKind kind;
    EventFn *fn;
} sources[] = {
    {PANDA_CB_BEFORE_BLOCK_TRANSLATE, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_AFTER_BLOCK_TRANSLATE, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_BEFORE_BLOCK_EXEC_INVALIDATE_OPT, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_BEFORE_BLOCK_EXEC, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_AFTER_BLOCK_EXEC, EVENT_BLOCK_TRANSLATE, on_block}, // for the block's object
    {PANDA_CB_AFTER_BLOCK_EXEC, EVENT_EDGE, on_edge},
    {PANDA_CB_INSN_TRANSLATE, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_VIRT_MEM_READ, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_VIRT_MEM_WRITE, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_GUEST_HYPERCALL, EVENT_HYPERCALL, on_hypercall},
    {PANDA_CB_LLVM_INIT, EVENT_MODULE, on_module},
    {PANDA_CB_CPU_RESTORE_STATE, EVENT_BLOCK_TRANSLATE, on_block},
    {PANDA_CB_CPU_RESTORE_STATE, EVENT_EXCEPTION, on_exception},
    {PANDA_CB_USER_BEFORE_SYSCALL, EVENT_SYSCALL, on_syscall},
    {PANDA_CB_USER_AFTER_SYSCALL, EVENT_SYSCALL_RETURN, on_syscall},
};

// The lists that are replaced are not freed: another thread may be reading them, and it happens seldom.
static void collect(panda_cb_type type)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(panda_cb));
    for (guint i = 0; panda_plugins && i < panda_plugins->len; i++) {
        const PandaPlugin *p = panda_plugins->pdata[i];
        for (guint k = 0; !p->disabled && !p->leaving && k < p->callbacks->len; k++) {
            const PandaCallback *c = &g_array_index(p->callbacks, PandaCallback, k);
            if (c->type == type) {
                g_array_append_val(found, c->cb);
            }
        }
    }
    if (found->len == panda_calls(type)->n && found->len == 0) {
        return;
    }
    PandaCalls *list = g_malloc0(sizeof(PandaCalls) + found->len * sizeof(panda_cb));
    list->n = found->len;
    for (guint i = 0; i < found->len; i++) {
        list->cb[i] = g_array_index(found, panda_cb, i);
    }
    atomic_store_explicit(&calls[type], list, memory_order_release);
}

void panda_refresh(void)
{
    EventFn *wanted[EVENT_KINDS] = {NULL};
    panda_lock();
    if (!client) {
        client = event_client_new("panda");
    }
    for (int type = 0; type < PANDA_CB_LAST; type++) {
        collect((panda_cb_type)type);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (panda_calls(sources[i].type)->n) {
            wanted[sources[i].kind] = sources[i].fn;
        }
    }
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        if (wanted[kind] && !hooks[kind]) {
            hooks[kind] = event_subscribe(client, (EventKind)kind, wanted[kind], NULL);
        } else if (!wanted[kind] && hooks[kind]) {
            event_unsubscribe(hooks[kind]);
            hooks[kind] = NULL;
        }
    }
    panda_unlock();
    event_flush(); // what is translated follows from the lists
}
