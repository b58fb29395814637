// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See breakpoint.h.

#include "breakpoint.h"

#include <stddef.h>
#include <string.h>

#include <glib.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "guest-memory.h"
#include "tb.h"
#include "tcg/tcg-op.h"

typedef CPUState CPUArchState;
#define HELPER_TABLE "runtime/runtime-helpers.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"

enum { MAX_WATCHPOINTS = 64 };

static struct Breakpoints {
    GArray *pcs; // uint64_t, sorted; under tb_lock
    _Atomic unsigned count;
    // Changed while every CPU stands still, read by all.
    unsigned nb_watch;
    struct Watchpoint {
        uint64_t addr, len;
        WatchKind kind;
    } watch[MAX_WATCHPOINTS];
} points;

// --- breakpoints ------------------------------------------------------------------------------------

// Index of the first that is not below pc.
static guint lower_bound(uint64_t pc)
{
    guint low = 0, high = points.pcs ? points.pcs->len : 0;
    while (low < high) {
        guint mid = low + (high - low) / 2;
        if (g_array_index(points.pcs, uint64_t, mid) < pc) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool breakpoint_find(uint64_t start, uint64_t end, uint64_t *pc)
{
    if (!atomic_load_explicit(&points.count, memory_order_relaxed)) {
        return false;
    }
    guint i = lower_bound(start);
    if (i == points.pcs->len || g_array_index(points.pcs, uint64_t, i) >= end) {
        return false;
    }
    *pc = g_array_index(points.pcs, uint64_t, i);
    return true;
}

static bool has(uint64_t pc)
{
    uint64_t found;
    return breakpoint_find(pc, pc + 1, &found);
}

void breakpoint_insert(uint64_t pc)
{
    tb_lock();
    if (!has(pc)) {
        if (!points.pcs) {
            points.pcs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        }
        g_array_insert_val(points.pcs, lower_bound(pc), pc);
        atomic_store(&points.count, points.pcs->len);
        tb_invalidate_range_locked(pc, pc + 1);
    }
    tb_unlock();
}

void breakpoint_remove(uint64_t pc)
{
    tb_lock();
    if (has(pc)) {
        g_array_remove_index(points.pcs, lower_bound(pc));
        atomic_store(&points.count, points.pcs->len);
        tb_invalidate_range_locked(pc, pc + 1);
    }
    tb_unlock();
}

bool breakpoint_hit(const CPUState *cs)
{
    if (cpu_private(cs)->own_cflags & CF_NO_BREAK) {
        return false;
    }
    tb_lock();
    bool is = has(cs->isa->get_pc(cs));
    tb_unlock();
    return is;
}

// --- watchpoints ------------------------------------------------------------------------------------

static void update_watching(void)
{
    cpu_change_cflags(points.nb_watch ? CF_WATCH | CF_PRECISE : 0, points.nb_watch ? 0 : CF_WATCH);
}

bool watchpoint_insert(uint64_t addr, uint64_t len, WatchKind kind)
{
    if (points.nb_watch == MAX_WATCHPOINTS || len == 0 || addr + len - 1 < addr) {
        return false;
    }
    points.watch[points.nb_watch++] = (struct Watchpoint){addr, len, kind};
    update_watching();
    return true;
}

bool watchpoint_remove(uint64_t addr, uint64_t len, WatchKind kind)
{
    for (unsigned i = 0; i < points.nb_watch; i++) {
        struct Watchpoint *w = &points.watch[i];
        if (w->addr == addr && w->len == len && w->kind == kind) {
            *w = points.watch[--points.nb_watch];
            update_watching();
            return true;
        }
    }
    return false;
}

bool watchpoint_take_hit(CPUState *cs, uint64_t *addr, WatchKind *kind)
{
    CPUPrivate *p = cpu_private(cs);
    *addr = p->watch_addr;
    *kind = (WatchKind)p->watch_kind;
    p->watch_kind = 0;
    return *kind != 0;
}

void breakpoint_clear_all(void)
{
    points.nb_watch = 0;
    update_watching();
    tb_lock();
    while (points.pcs && points.pcs->len) {
        uint64_t pc = g_array_index(points.pcs, uint64_t, points.pcs->len - 1);
        g_array_set_size(points.pcs, points.pcs->len - 1);
        atomic_store(&points.count, points.pcs->len);
        tb_invalidate_range_locked(pc, pc + 1);
    }
    tb_unlock();
}

static const struct Watchpoint *find_watchpoint(uint64_t addr, uint64_t size, unsigned kinds)
{
    for (unsigned i = 0; i < points.nb_watch; i++) {
        const struct Watchpoint *w = &points.watch[i];
        if (addr - w->addr < w->len || w->addr - addr < size) {
            if (w->kind & kinds) {
                return w;
            }
        }
    }
    return NULL;
}

// What is read at the address has been put into a word: size in bytes, and behind it the kinds.
enum { CHECK_KIND_SHIFT = 16 };

// Leaves the block when the access is watched.  When the instruction is made again to be reported behind
// it, the access goes through, and a string instruction ends after this round.
static void look_at_access(CPUState *cs, uint64_t addr, uint64_t size, unsigned kinds)
{
    CPUPrivate *p = cpu_private(cs);
    if (cs->isa->tag_bits) {
        addr = (uint64_t)((int64_t)(addr << cs->isa->tag_bits) >> cs->isa->tag_bits);
    }
    const struct Watchpoint *w = find_watchpoint(addr, size, kinds);
    if (!w || (p->own_cflags & CF_NO_BREAK)) {
        return;
    }
    if (p->watch_kind) {
        cpu_request_exit(cs);
        return;
    }
    p->watch_kind = (uint8_t)w->kind;
    p->watch_addr = addr < w->addr ? w->addr : addr;
    if (cs->insn_pc != INSN_PC_NONE) {
        cs->isa->set_pc(cs, cs->insn_pc);
    }
    if (cs->isa->watch_before) {
        cs->exception_index = EXCP_DEBUG;
    } else {
        cs->exception_index = EXCP_NONE;
        p->once_cflags = CF_SINGLE_STEP | CF_NO_BREAK | CF_NO_GOTO_TB | CF_NO_GOTO_PTR;
    }
    cpu_loop_exit(cs);
}

void HELPER(watch_access)(CPUArchState *env, uint64_t addr, uint32_t what)
{
    look_at_access(env, addr, what & ((1u << CHECK_KIND_SHIFT) - 1), what >> CHECK_KIND_SHIFT);
}

// A helper is about to write through a host address (CPUState.mem_write_hook).
static void look_at_helper_write(CPUState *cs, uint64_t addr, uint32_t size)
{
    look_at_access(cs, addr, size, WATCH_WRITE);
}

void watchpoint_arm_cpu(CPUState *cs)
{
    if (cs->mem_write_hook == NULL || cs->mem_write_hook == look_at_helper_write) {
        cs->mem_write_hook = points.nb_watch ? look_at_helper_write : NULL;
    }
}

static unsigned access_kinds(TCGOpcode opc)
{
    unsigned flags = tcg_op_defs[opc].flags;
    if (!(flags & TCG_OPF_SIDE_EFFECTS)) {
        return WATCH_READ;
    }
    // An atomic reads and writes: it has a result.
    return tcg_op_defs[opc].nb_oargs ? WATCH_ACCESS : WATCH_WRITE;
}

// Of a guest access: the address is the first 64-bit argument behind results, or before the memop for
// plain stores, whose value comes first.
static TCGTemp *access_address(const TCGOp *op)
{
    bool is_plain = tcg_op_defs[op->opc].nb_oargs == 0 ||
                    !(tcg_op_defs[op->opc].flags & TCG_OPF_SIDE_EFFECTS);
    return arg_temp(op->args[is_plain ? op->nargs - 2 : 1]);
}

void watchpoint_add_checks(TCGContext *ctx)
{
    uint64_t pc = 0;
    TCG_FOREACH_OP(op, ctx)
    {
        if (op->opc == INDEX_op_insn_start) {
            pc = op->args[0];
        }
        if (!(tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM)) {
            continue;
        }
        MemOp mop = (MemOp)op->args[op->nargs - 1];
        uint32_t what = 1u << (mop & MO_SIZE) | access_kinds(op->opc) << CHECK_KIND_SHIFT;
        ctx->emit_before = op;
        tcg_gen_st_i64(tcg_constant_i64((int64_t)pc), tcg_env(), ctx->pc_offset);
        gen_helper_watch_access(tcg_env(), (TCGv_i64)(TCGArg)access_address(op),
                                tcg_constant_i32((int32_t)what));
    }
    ctx->emit_before = &ctx->ops;
}
