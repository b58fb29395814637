// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QEMU's plugin interface: registration of callbacks.

#include <string.h>

#include "qemu-face.h"

// --- once a plugin --------------------------------------------------------------------------------

// Callbacks of a plugin that is leaving: the slots have been emptied, but a thread may be on its way here.
#define CALL(s, field, ...)                                                                        \
    do {                                                                                           \
        __auto_type call_fn = (s)->cb.field;                                                       \
        if (call_fn) {                                                                             \
            call_fn(__VA_ARGS__);                                                                  \
        }                                                                                          \
    } while (0)

static void set_slot(qemu_plugin_id_t id, QemuEvent event, EventKind kind, EventFn *fn,
                     void (*cb)(void), void *userdata, unsigned type)
{
    QemuPlugin *p = qemu_plugin_by_id(id);
    if (!p || p->leaving) {
        return;
    }
    QemuSlot *s = &p->slots[event];
    s->plugin = p;
    s->cb.any = cb;
    s->userdata = userdata;
    s->type = type;
    if (!s->hook && cb) {
        s->hook = event_subscribe(p->client, kind, fn, s);
    } else if (s->hook && !cb) {
        event_unsubscribe(s->hook);
        s->hook = NULL;
    }
}
#define SET(event, kind, fn) set_slot(id, event, kind, fn, (void (*)(void))cb, NULL, 0)

static void on_vcpu(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    CALL(s, vcpu, s->plugin->id, e->vcpu);
}

static void on_simple(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    (void)e;
    CALL(s, simple, s->plugin->id);
}

static void on_tb_trans(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    CALL(s, tb_trans, s->plugin->id, (struct qemu_plugin_tb *)e->block);
}

static void on_end(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    (void)e;
    CALL(s, atexit, s->plugin->id, s->userdata);
}

static void on_syscall(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    const uint64_t *a = e->syscall.args;
    CALL(s, syscall, s->plugin->id, e->vcpu, (int64_t)e->syscall.number, a[0], a[1], a[2], a[3],
         a[4], a[5], 0, 0);
}

static void on_syscall_ret(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    CALL(s, syscall_ret, s->plugin->id, e->vcpu, (int64_t)e->syscall.number, e->syscall.result);
}

static void on_filter(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    const uint64_t *a = e->syscall.args;
    uint64_t result = 0;
    qemu_plugin_vcpu_syscall_filter_cb_t fn = s->cb.filter;
    if (fn && !e->syscall.skip &&
        fn(s->plugin->id, e->vcpu, (int64_t)e->syscall.number, a[0], a[1], a[2], a[3], a[4], a[5],
           0, 0, &result)) {
        e->syscall.skip = true;
        e->syscall.result = (int64_t)result;
    }
}

static void on_signal(Event *e, void *opaque)
{
    QemuSlot *s = opaque;
    enum qemu_plugin_discon_type type = e->signal.synchronous ? QEMU_PLUGIN_DISCON_EXCEPTION
                                                              : QEMU_PLUGIN_DISCON_INTERRUPT;
    if (s->type & (unsigned)type) {
        CALL(s, discon, s->plugin->id, e->vcpu, type, e->pc, e->signal.handler);
    }
}

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    SET(QEMU_EV_INIT, EVENT_THREAD_START, on_vcpu);
}
void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    SET(QEMU_EV_EXIT, EVENT_THREAD_EXIT, on_vcpu);
}
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    SET(QEMU_EV_IDLE, EVENT_THREAD_WAIT, on_vcpu);
}
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    SET(QEMU_EV_RESUME, EVENT_THREAD_RESUME, on_vcpu);
}
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb)
{
    SET(QEMU_EV_TB_TRANS, EVENT_BLOCK_TRANSLATE, on_tb_trans);
}
void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb)
{
    SET(QEMU_EV_FLUSH, EVENT_FLUSH, on_simple);
}
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata)
{
    set_slot(id, QEMU_EV_ATEXIT, EVENT_EXIT, on_end, (void (*)(void))cb, userdata, 0);
}
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t cb)
{
    SET(QEMU_EV_SYSCALL, EVENT_SYSCALL, on_syscall);
}
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id,
                                              qemu_plugin_vcpu_syscall_ret_cb_t cb)
{
    SET(QEMU_EV_SYSCALL_RET, EVENT_SYSCALL_RETURN, on_syscall_ret);
}
void qemu_plugin_register_vcpu_syscall_filter_cb(qemu_plugin_id_t id,
                                                 qemu_plugin_vcpu_syscall_filter_cb_t cb)
{
    SET(QEMU_EV_FILTER, EVENT_SYSCALL, on_filter);
}
void qemu_plugin_register_vcpu_discon_cb(qemu_plugin_id_t id, enum qemu_plugin_discon_type type,
                                         qemu_plugin_vcpu_discon_cb_t cb)
{
    set_slot(id, QEMU_EV_DISCON, EVENT_SIGNAL, on_signal, (void (*)(void))cb, NULL, (unsigned)type);
}

// --- in blocks ----------------------------------------------------------------------------------

static EventRegs regs_of(enum qemu_plugin_cb_flags flags)
{
    return flags == QEMU_PLUGIN_CB_NO_REGS  ? EVENT_REGS_NONE
           : flags == QEMU_PLUGIN_CB_R_REGS ? EVENT_REGS_READ
                                            : EVENT_REGS_WRITE;
}

static EventAction call_action(qemu_plugin_vcpu_udata_cb_t cb, enum qemu_plugin_cb_flags flags,
                               void *userdata)
{
    return (EventAction){.type = EVENT_ACT_CALL,
                         .regs = regs_of(flags),
                         .fn = cb,
                         .opaque = userdata,
                         .no_fp = qemu_plugin_no_fp_at((const void *)cb)};
}

static EventAction cond_action(qemu_plugin_vcpu_udata_cb_t cb, enum qemu_plugin_cb_flags flags,
                               enum qemu_plugin_cond cond, qemu_plugin_u64 entry, uint64_t imm,
                               void *userdata)
{
    EventAction a = call_action(cb, flags, userdata);
    a.type = EVENT_ACT_CALL_IF;
    a.cond = (EventCond)cond;
    a.counter = (EventCounter){(EventBoard *)entry.score, entry.offset};
    a.imm = imm;
    return a;
}

static EventAction inline_action(enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm)
{
    return (EventAction){.type = op == QEMU_PLUGIN_INLINE_ADD_U64 ? EVENT_ACT_ADD : EVENT_ACT_STORE,
                         .counter = {(EventBoard *)entry.score, entry.offset},
                         .imm = imm};
}

static EventBlock *block(const struct qemu_plugin_tb *tb) { return (EventBlock *)tb; }
static EventInsn *instruction(const struct qemu_plugin_insn *insn) { return (EventInsn *)insn; }

// The three ways of each interface function, at a block and at an instruction.
#define DEF_EXEC(what, arg, where, at)                                                             \
    void qemu_plugin_register_vcpu_##what##_exec_cb(                                               \
        struct qemu_plugin_##arg *arg, qemu_plugin_vcpu_udata_cb_t cb,                             \
        enum qemu_plugin_cb_flags flags, void *userdata)                                           \
    {                                                                                              \
        EventAction a = call_action(cb, flags, userdata);                                          \
        at(where(arg), &a);                                                                        \
    }                                                                                              \
    void qemu_plugin_register_vcpu_##what##_exec_cond_cb(                                          \
        struct qemu_plugin_##arg *arg, qemu_plugin_vcpu_udata_cb_t cb,                             \
        enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond, qemu_plugin_u64 entry,        \
        uint64_t imm, void *userdata)                                                              \
    {                                                                                              \
        EventAction a = cond_action(cb, flags, cond, entry, imm, userdata);                        \
        at(where(arg), &a);                                                                        \
    }                                                                                              \
    void qemu_plugin_register_vcpu_##what##_exec_inline_per_vcpu(                                  \
        struct qemu_plugin_##arg *arg, enum qemu_plugin_op op, qemu_plugin_u64 entry,              \
        uint64_t imm)                                                                              \
    {                                                                                              \
        EventAction a = inline_action(op, entry, imm);                                             \
        at(where(arg), &a);                                                                        \
    }
DEF_EXEC(tb, tb, block, event_at_block)
DEF_EXEC(insn, insn, instruction, event_at_insn)

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                      void *userdata)
{
    EventAction a = {.type = EVENT_ACT_CALL,
                     .regs = regs_of(flags),
                     .mem_fn = cb,
                     .opaque = userdata,
                     .no_fp = qemu_plugin_no_fp_at((const void *)cb)};
    event_at_access(instruction(insn), rw, &a);
}

void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn,
                                                   enum qemu_plugin_mem_rw rw,
                                                   enum qemu_plugin_op op, qemu_plugin_u64 entry,
                                                   uint64_t imm)
{
    EventAction a = inline_action(op, entry, imm);
    event_at_access(instruction(insn), rw, &a);
}
