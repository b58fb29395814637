// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Actions on blocks: what subscribers ask for when a block is translated, kept with the block, and added to
// its ops, each time that it is translated.
//
// The ops are added behind the frontend's back, between its own: before the first op of an instruction
// (insn_start tells where), behind a guest access.  So no frontend and no engine knows of instrumentation,
// and whatever tells an engine how to compile tells it how to compile this.
//
// Additions to a counter are gathered over a stretch of straight code and made once, at its end, when
// nobody can see the difference: not where state must be precise, and not past a callback.

#include <inttypes.h>
#include <string.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "event-site.h"
#include "guest-memory.h"
#include "pass-host.h"
#include "process.h"

typedef CPUState CPUArchState;
#define HELPER_TABLE "runtime/event-helpers.h"
#include "helpers/helper-proto.h"

static TCGHelperInfo helper_rows[] = {
#include "helpers/helper-info.h"
};

_Static_assert(EVENT_INSN_CALL == (int)GUEST_INSN_CALL &&
                   EVENT_INSN_RETURN == (int)GUEST_INSN_RETURN &&
                   EVENT_INSN_SYSCALL == (int)GUEST_INSN_SYSCALL &&
                   EVENT_INSN_HYPERCALL == (int)GUEST_INSN_HYPERCALL,
               "one set of classes");

static bool has_pc_hook(uint64_t pc);

void event_block_init(void)
{
    tcg_register_helpers(helper_rows, G_N_ELEMENTS(helper_rows));
    translator_set_watch(has_pc_hook);
}

// --- what a block is ----------------------------------------------------------------------------

uint64_t event_block_pc(const EventBlock *b) { return b->pc; }
unsigned event_block_insns(const EventBlock *b) { return b->n; }
EventInsn *event_block_insn(EventBlock *b, unsigned i) { return i < b->n ? &b->insns[i] : NULL; }
uint64_t event_insn_pc(const EventInsn *insn) { return insn->pc; }
unsigned event_insn_size(const EventInsn *insn) { return insn->size; }
unsigned event_insn_class(const EventInsn *insn) { return insn->class; }

const uint8_t *event_insn_bytes(const EventInsn *insn)
{
    const EventBlock *b = insn->block;
    return b->bytes ? b->bytes + (insn->pc - b->pc) : NULL;
}

void event_insn_disassemble(const EventInsn *insn, char *buf, size_t size)
{
    const uint8_t *bytes = event_insn_bytes(insn);
    if (!bytes || !insn->block->isa->disassemble(NULL, insn->pc, bytes, insn->size, buf, size)) {
        g_strlcpy(buf, "(bad)", size);
    }
}

static EventBlock *describe(const GuestISA *isa, TCGContext *ctx, uint64_t pc, uint32_t size,
                            const uint8_t *bytes)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx) { n += op->opc == INDEX_op_insn_start; }
    EventBlock *b = g_malloc0(sizeof(EventBlock) + n * sizeof(EventInsn));
    b->isa = isa;
    b->pc = pc;
    b->bytes = bytes;
    TCG_FOREACH_OP(op, ctx)
    {
        if (op->opc == INDEX_op_insn_start) {
            b->insns[b->n++] = (EventInsn){.block = b, .pc = op->args[0]};
        }
    }
    for (unsigned i = 0; i < n; i++) {
        EventInsn *insn = &b->insns[i];
        uint64_t end = i + 1 < n ? b->insns[i + 1].pc : pc + size;
        insn->size = (uint32_t)(end - insn->pc);
        size_t ignored;
        insn->class = isa->insn_class
                          ? (uint8_t)isa->insn_class(bytes + (insn->pc - pc), insn->size, &ignored)
                          : 0;
    }
    return b;
}

// --- actions ------------------------------------------------------------------------------------

static const TCGCond conds[] = {
    [EVENT_NEVER] = TCG_COND_NEVER, [EVENT_ALWAYS] = TCG_COND_ALWAYS, [EVENT_EQ] = TCG_COND_EQ,
    [EVENT_NE] = TCG_COND_NE,       [EVENT_LT] = TCG_COND_LTU,        [EVENT_LE] = TCG_COND_LEU,
    [EVENT_GT] = TCG_COND_GTU,      [EVENT_GE] = TCG_COND_GEU,
};

static EventSite *add_site(EventBlock *b, SiteList *list, uint64_t pc, const EventAction *a)
{
    EventSite *s = g_new0(EventSite, 1);
    bool calls = a->type == EVENT_ACT_CALL || a->type == EVENT_ACT_CALL_IF;
    *s = (EventSite){
        .pc = pc,
        .type = a->type,
        .regs = calls ? a->regs : EVENT_REGS_NONE,
        .cond = conds[a->cond & 7],
        .imm = a->imm,
        .fn = a->fn,
        .mem_fn = a->mem_fn,
        .opaque = a->opaque,
        .no_fp = a->no_fp,
        .before = a->before,
    };
    if (a->type != EVENT_ACT_CALL) {
        s->counter = (intptr_t)(event_board_offset(a->counter.board) + a->counter.offset);
    }
    b->needs_state |= s->regs != EVENT_REGS_NONE;
    if (calls && s->regs == EVENT_REGS_NONE && !s->no_fp) {
        event_fp_watch();
    }
    *(list->last ? &list->last->next : &list->first) = s;
    list->last = s;
    return s;
}

void event_at_block(EventBlock *b, const EventAction *a) { add_site(b, &b->start, b->pc, a); }

void event_at_insn(EventInsn *insn, const EventAction *a)
{
    add_site(insn->block, &insn->exec, insn->pc, a);
}

void event_at_access(EventInsn *insn, unsigned rw, const EventAction *a)
{
    if (rw & (EVENT_READ | EVENT_WRITE)) {
        add_site(insn->block, &insn->mem, insn->pc, a)->rw = (uint8_t)rw;
    }
}

// A hypercall instruction: imm holds its bytes, counter its size.
static void on_hypercall(unsigned vcpu, void *opaque)
{
    CPUState *cs = current_cpu;
    EventSite *s = opaque;
    Event e = {.kind = EVENT_HYPERCALL, .vcpu = vcpu, .pc = s->pc};
    e.hypercall.number = cs->isa->hypercall_number(cs, (uint32_t)s->imm);
    e.hypercall.next = s->pc + (uint64_t)s->counter;
    event_fire(&e);
    if (e.hypercall.handled) {
        event_set_pc(e.hypercall.next);
    }
}

static void add_hypercalls(EventBlock *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        EventInsn *insn = &b->insns[i];
        if (insn->class & EVENT_INSN_HYPERCALL) {
            EventSite *s = add_site(b, &insn->exec, insn->pc,
                                    &(EventAction){.type = EVENT_ACT_CALL,
                                                   .regs = EVENT_REGS_WRITE,
                                                   .fn = on_hypercall});
            memcpy(&s->imm, event_insn_bytes(insn), MIN(insn->size, 4u));
            s->counter = (intptr_t)insn->size;
            s->opaque = s;
        }
    }
}

// Where a block begins, registers are complete but for flags that the block before has left out; no block leaves any
// out for a pc with a hook (translator_set_watch).
static void add_pc_hooks(EventBlock *b)
{
    unsigned n = event_pc_hooks(b->pc, NULL, 0);
    g_autofree EventPCHook *hooks = g_new0(EventPCHook, n);
    bool needs_state = b->needs_state;
    n = MIN(n, event_pc_hooks(b->pc, hooks, n)); // of those that come and go meanwhile
    for (unsigned i = 0; i < n; i++) {
        event_at_block(b, &(EventAction){.type = EVENT_ACT_CALL,
                                         .regs = EVENT_REGS_WRITE,
                                         .fn = hooks[i].fn,
                                         .opaque = hooks[i].opaque});
    }
    b->needs_state = needs_state;
}

static bool has_pc_hook(uint64_t pc) { return event_pc_hooks(pc, NULL, 0) != 0; }

EventBlock *event_block_new(const GuestISA *isa, TCGContext *ctx, uint64_t pc, uint32_t size,
                            const uint8_t *bytes)
{
    EventBlock *b = describe(isa, ctx, pc, size, bytes);
    add_pc_hooks(b);
    if (event_wanted(EVENT_BLOCK_TRANSLATE)) {
        Event e = {.kind = EVENT_BLOCK_TRANSLATE, .pc = pc, .block = b};
        event_fire(&e);
    }
    if (event_wanted(EVENT_HYPERCALL)) {
        add_hypercalls(b);
    }
    unsigned last = b->n ? b->insns[b->n - 1].class : 0;
    b->check_edge = event_edges_wanted();
    b->report_edge = event_wanted(EVENT_EDGE) ||
                     (event_calls_wanted() && (last & (EVENT_INSN_CALL | EVENT_INSN_RETURN)));
    bool any = b->start.first || b->check_edge;
    for (unsigned i = 0; i < b->n; i++) {
        any |= b->insns[i].exec.first || b->insns[i].mem.first;
    }
    if (!any) {
        event_block_free(b);
        return NULL;
    }
    return b;
}

unsigned event_first_hooked_insn(TCGContext *ctx)
{
    unsigned n = 0;
    if (!event_pc_hooks_wanted()) {
        return 0;
    }
    TCG_FOREACH_OP(op, ctx)
    {
        if (op->opc == INDEX_op_insn_start && n++ && event_pc_hooks(op->args[0], NULL, 0)) {
            return n - 1;
        }
    }
    return 0;
}

bool event_block_needs_state(const EventBlock *b) { return b->needs_state; }
void event_block_seal(EventBlock *b) { b->bytes = NULL; }

static void free_sites(SiteList *list)
{
    for (EventSite *next, *s = list->first; s; s = next) {
        next = s->next;
        g_free(s);
    }
}

void event_block_free(EventBlock *b)
{
    if (b) {
        free_sites(&b->start);
        for (unsigned i = 0; i < b->n; i++) {
            free_sites(&b->insns[i].exec);
            free_sites(&b->insns[i].mem);
        }
        g_free(b);
    }
}

// --- helpers ------------------------------------------------------------------------------------

// The callback computes under the host's own rounding, and its exception flags are not the guest's.  To read the
// control register costs 6 ns on an EPYC, to write what it holds already half of one; so it is read at the first callback
// after guest code may have changed it (event-fp.c).
static inline void fp_save(CPUState *cs)
{
#if defined(__x86_64__)
    if (!cs->fp_known) {
        cs->fp_saved = _mm_getcsr();
        cs->fp_known = 1;
    }
    if (__builtin_expect((cs->fp_saved & ~0x3fu) != 0x1f80, 0)) {
        _mm_setcsr(0x1f80);
    }
#else
    cs->isa->fp_leave(cs);
#endif
}

static inline void fp_restore(CPUState *cs)
{
#if defined(__x86_64__)
    _mm_setcsr(cs->fp_saved);
#else
    cpu_fp_enter(cs);
#endif
}

void HELPER(event_call)(CPUArchState *cs, void *p)
{
    const EventSite *s = p;
    fp_save(cs);
    cs->event_site = s;
    s->fn(cs->cpu_index, s->opaque);
    fp_restore(cs);
}

void HELPER(event_mem)(CPUArchState *cs, void *p, uint32_t info, uint64_t addr, uint64_t value)
{
    const EventSite *s = p;
    fp_save(cs);
    cs->event_site = s;
    cs->event_value[0] = value;
    s->mem_fn(cs->cpu_index, info, addr, s->opaque);
    fp_restore(cs);
}

// With registers, the FP control registers among them, which are the host's while guest code runs.
static void call_with_state(CPUState *cs, const EventSite *s)
{
    cs->isa->fp_leave(cs);
    cpu_private(cs)->fp_loaded = false;
    cs->event_site = s;
    s->fn(cs->cpu_index, s->opaque);
    cpu_fp_enter(cs);
    cpu_private(cs)->fp_loaded = true;
}

void HELPER(event_call_r)(CPUArchState *cs, void *p) { call_with_state(cs, p); }
void HELPER(event_call_rw)(CPUArchState *cs, void *p) { call_with_state(cs, p); }

static void mem_with_state(CPUState *cs, const EventSite *s, uint32_t info, uint64_t addr,
                           uint64_t value)
{
    cs->isa->fp_leave(cs);
    cpu_private(cs)->fp_loaded = false;
    cs->event_site = s;
    cs->event_value[0] = value;
    s->mem_fn(cs->cpu_index, info, addr, s->opaque);
    cpu_fp_enter(cs);
    cpu_private(cs)->fp_loaded = true;
}

void HELPER(event_mem_r)(CPUArchState *cs, void *p, uint32_t info, uint64_t addr, uint64_t value)
{
    mem_with_state(cs, p, info, addr, value);
}
void HELPER(event_mem_rw)(CPUArchState *cs, void *p, uint32_t info, uint64_t addr, uint64_t value)
{
    mem_with_state(cs, p, info, addr, value);
}

static void add_to(CPUState *cs, const EventSite *s, uint64_t times)
{
    uint64_t *counter = (uint64_t *)(void *)((char *)cs->event_base + s->counter);
    *counter = s->type == EVENT_ACT_STORE ? s->imm : *counter + s->imm * times;
}

static bool holds(CPUState *cs, const EventSite *s)
{
    uint64_t v = *(const uint64_t *)(const void *)((const char *)cs->event_base + s->counter);
    switch (s->cond) {
    case TCG_COND_ALWAYS: return true;
    case TCG_COND_EQ: return v == s->imm;
    case TCG_COND_NE: return v != s->imm;
    case TCG_COND_LTU: return v < s->imm;
    case TCG_COND_LEU: return v <= s->imm;
    case TCG_COND_GTU: return v > s->imm;
    case TCG_COND_GEU: return v >= s->imm;
    default: return false;
    }
}

// A piece of 1, 2, 4, 8 or 16 bytes that a helper has accessed; the value is what stands there now.
static void tell_piece(CPUState *cs, const EventInsn *insn, uint64_t addr, unsigned shift,
                       bool write)
{
    uint64_t value[2] = {0, 0};
    memcpy(value, g2h(addr), 1u << shift);
    for (const EventSite *s = insn->mem.first; s; s = s->next) {
        if (!(s->rw & (write ? EVENT_WRITE : EVENT_READ))) {
            continue;
        }
        if (s->type == EVENT_ACT_ADD || s->type == EVENT_ACT_STORE) {
            add_to(cs, s, 1);
        } else if (s->type == EVENT_ACT_CALL || holds(cs, s)) {
            cs->event_value[1] = value[1];
            mem_with_state(cs, s, shift | (write ? EVENT_MEM_STORE : 0u), addr, value[0]);
        }
    }
}

// The pieces of n accesses, for those who only count them: a string instruction may have tens of thousands.
static bool count_pieces(CPUState *cs, const EventInsn *insn, uint32_t size, uint64_t n, bool write)
{
    unsigned rw = write ? EVENT_WRITE : EVENT_READ;
    for (const EventSite *s = insn->mem.first; s; s = s->next) {
        if ((s->rw & rw) && s->type != EVENT_ACT_ADD) {
            return false;
        }
    }
    for (const EventSite *s = insn->mem.first; s; s = s->next) {
        if (s->rw & rw) {
            add_to(cs, s, n * (size / 16 + (unsigned)__builtin_popcount(size % 16)));
        }
    }
    return true;
}

static void tell_pieces(CPUState *cs, const EventInsn *insn, uint64_t addr, uint32_t size,
                        bool write)
{
    for (uint32_t done = 0; done < size;) {
        unsigned shift = 4;
        while ((1u << shift) > size - done) {
            shift--;
        }
        tell_piece(cs, insn, addr + done, shift, write);
        done += 1u << shift;
    }
}

void event_helper_access(CPUState *cs, uint64_t addr, uint32_t size, bool write)
{
    const EventInsn *insn = cs->event_insn;
    if (cs->pass_insn) {
        pass_host_access(cs, cs->pass_insn & INT64_MAX, addr, size, write);
    }
    if (insn && !count_pieces(cs, insn, size, 1, write)) {
        tell_pieces(cs, insn, addr, size, write);
    }
}

// Each element's load in front of its store, as the instruction is defined, for who wants more than a count.
void event_helper_access_run(CPUState *cs, const CPUAccessRun *run)
{
    const EventInsn *insn = cs->event_insn;
    if (cs->pass_insn) {
        pass_host_access_run(cs, cs->pass_insn & INT64_MAX, run);
    }
    if (!insn) {
        return;
    }
    bool loads = run->copy && !count_pieces(cs, insn, run->size, run->n, false);
    bool stores = !count_pieces(cs, insn, run->size, run->n, true);
    uint64_t at = 0;
    for (uint64_t i = 0; i < run->n && (loads || stores); i++, at += (uint64_t)run->step) {
        if (loads) {
            tell_pieces(cs, insn, run->from + at, run->size, false);
        }
        if (stores) {
            tell_pieces(cs, insn, run->addr + at, run->size, true);
        }
    }
}

static void fire_edge(CPUState *cs, uint64_t to, bool completed)
{
    const EventBlock *b = cs->event_edge;
    const EventInsn *last = &b->insns[b->n - 1];
    cs->event_edge = NULL;
    Event e = {.kind = EVENT_EDGE, .pc = last->pc};
    e.edge = (struct EventEdge){.from = b->pc,
                                .last = last->pc,
                                .to = to,
                                .return_to = last->pc + last->size,
                                .completed = completed};
    if (event_wanted(EVENT_EDGE)) {
        event_fire(&e);
    }
    if (completed && (last->class & EVENT_INSN_CALL) && event_wanted(EVENT_CALL)) {
        e.kind = EVENT_CALL;
        event_fire(&e);
    }
    if (completed && (last->class & EVENT_INSN_RETURN) && event_wanted(EVENT_RETURN)) {
        e.kind = EVENT_RETURN;
        event_fire(&e);
    }
}

void HELPER(event_edge)(CPUArchState *cs, void *p)
{
    static const EventSite nowhere;
    const EventBlock *b = p;
    cs->isa->fp_leave(cs);
    cpu_private(cs)->fp_loaded = false;
    cs->event_site = &nowhere;
    cs->isa->set_pc(cs, b->pc);
    fire_edge(cs, b->pc, true);
    cs->event_site = NULL;
    cpu_fp_enter(cs);
    cpu_private(cs)->fp_loaded = true;
}

void event_edge_leave(CPUState *cs, bool completed)
{
    if (cs->event_edge) {
        fire_edge(cs, cs->isa->get_pc(cs), completed);
    }
}

uint64_t event_pc(void)
{
    const CPUState *cs = current_cpu;
    const EventSite *s = cs ? cs->event_site : NULL;
    return s && cs->jmp_env ? s->pc : cs ? cs->isa->get_pc(cs) : 0;
}

uint64_t event_mem_value(uint64_t *high)
{
    if (high) {
        *high = current_cpu ? current_cpu->event_value[1] : 0;
    }
    return current_cpu ? current_cpu->event_value[0] : 0;
}
