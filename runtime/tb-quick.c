// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the quick tier's code, and its log.  The code is apart from the blocks, which are written to all
// the time: a store beside code that runs costs the processor its pipeline.  It is near the program's text,
// so that helpers are called directly.

#include "tb-quick.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "cpu-exec.h"
#include "frontend/frontend.h"
#include "code-log.h"
#include "log.h"
#include "stats.h"
#include "tcg/quick.h"
#include "tcg2llvm/slab.h"
#include "tier-host.h"

typedef CPUState CPUArchState;
#define HELPER_TABLE "helpers/common/helper-common.h"
#include "helpers/helper-proto.h"

static const size_t DEFAULT_CODE_SIZE = (size_t)256 << 20;

// The blocks' counters, side by side: sixteen share a cache line.  In the slab, where one instruction of 6 bytes, with a
// displacement from itself, counts; at either end a page's distance from code, which they would disturb.
enum {
    COUNTERS = 16384 - 2048, // of a group, which takes 64 KiB
    DISTANCE = 4096,         // bytes
    PAGE = 4096,
};
typedef struct Counters {
    uint32_t *fresh; // those of the newest group that nobody has had
    unsigned nb_fresh;
    GPtrArray *free;
} Counters;

static struct QuickState {
    Slab *slab;
    TCGQuick *quick;
    size_t size; // of the block that is prepared
    bool count;
    GArray *relocs;       // of all blocks; NULL: not wanted
    pthread_mutex_t lock; // for what follows: the thread that frees blocks holds no tb_lock
    Counters counters;
    TranslationBlock **pages; // of the slab: the blocks under precise state whose code begins there
    uint8_t *base, *end;      // of the slab
} state;

bool tb_quick_start(size_t code_size, bool count, GError **error)
{
    state.count = count;
    if (state.slab) {
        return true;
    }
    Slab *slab = slab_new(code_size ? code_size : DEFAULT_CODE_SIZE, tb_quick_start, error);
    if (!slab) {
        return false;
    }
    slab_pack(slab); // of code that runs a few times, the least is the best
    uint8_t *base;
    size_t size;
    slab_range(slab, &base, &size);
    if (!tcg_quick_init(base, size)) {
        slab_free(slab);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "the quick tier cannot run here: it is made for x86-64 hosts, and needs memory "
                    "within 2 GiB of myna's own code");
        return false;
    }
    state.pages = slab_map_aligned((size / PAGE + 1) * sizeof(*state.pages));
    if (!state.pages) {
        slab_free(slab);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "no memory for the quick tier");
        return false;
    }
    state.slab = slab;
    state.base = base;
    state.end = base + size;
    state.quick = tcg_quick_new();
    pthread_mutex_init(&state.lock, NULL);
    state.counters.free = g_ptr_array_new();
    return true;
}

// --- places --------------------------------------------------------------------------------------------

static uint32_t *take_counter(void)
{
    Counters *c = &state.counters;
    uint32_t *counter = NULL;
    if (c->free->len) {
        counter = g_ptr_array_steal_index_fast(c->free, c->free->len - 1);
    } else {
        if (c->nb_fresh == 0) {
            SlabBlock *group = slab_alloc(state.slab, COUNTERS * sizeof(uint32_t) + 2 * DISTANCE);
            c->fresh = group ? (uint32_t *)(void *)(group->base + DISTANCE) : NULL;
            c->nb_fresh = group ? COUNTERS : 0;
        }
        if (c->nb_fresh) {
            c->nb_fresh--;
            counter = c->fresh++;
        }
    }
    return counter;
}

static TranslationBlock **page_of(const uint8_t *code)
{
    return &state.pages[(size_t)(code - state.base) / PAGE];
}

static void forget_page(TranslationBlock *tb)
{
    for (TranslationBlock **p = page_of(tb->quick->base); *p; p = &(*p)->quick_next) {
        if (*p == tb) {
            *p = tb->quick_next;
            return;
        }
    }
}

static void give_back(TranslationBlock *tb)
{
    pthread_mutex_lock(&state.lock);
    if (tb->gen_cflags & CF_PRECISE) {
        forget_page(tb);
    }
    if (tb->code.counter != &tb->own_counter) {
        g_ptr_array_add(state.counters.free, tb->code.counter);
        tb->code.counter = &tb->own_counter;
    }
    pthread_mutex_unlock(&state.lock);
    slab_release(state.slab, tb->quick);
    tb->quick = NULL;
    g_clear_pointer(&tb->notes, g_free);
}

// For the block's code and its counter; false: the slab is full.
static bool take_place(TranslationBlock *tb, size_t size)
{
    tb->quick = slab_alloc(state.slab, size);
    if (!tb->quick) {
        return false;
    }
    tb->quick_size = (uint32_t)size;
    pthread_mutex_lock(&state.lock);
    uint32_t *counter = state.count ? take_counter() : NULL;
    if (counter) {
        *counter = *tb->code.counter;
        tb->code.counter = counter;
    }
    if (tb->gen_cflags & CF_PRECISE) {
        TranslationBlock **page = page_of(tb->quick->base);
        tb->quick_next = *page;
        *page = tb;
    }
    pthread_mutex_unlock(&state.lock);
    if (state.count && !counter) {
        give_back(tb);
    }
    return tb->quick != NULL;
}

void tb_quick_set_isa(const GuestISA *isa)
{
    const TranslationBlock any = {0};
    if (isa->pc_reg >= 0) {
        const TCGQuickJump jump = tb_quick_jump(isa, &any);
        tcg_quick_set_lookup(&jump);
    }
}

// Frames hold what they say as long as nothing changes by which blocks are found but what flush them all; a block that is precise
// alone leaves more behind than others know of (GuestISA.settle).
static int return_mode(const GuestISA *isa, const TranslationBlock *tb)
{
    bool plain = !(tb->cflags & ~(uint32_t)CF_PRECISE) &&
                 !((tb->cflags ^ tb->gen_cflags) & CF_PRECISE);
    return plain && tb_has_frames() ? isa->return_mode(tb->flags) : -1;
}

TCGQuickJump tb_quick_jump(const GuestISA *isa, const TranslationBlock *tb)
{
    int mode = return_mode(isa, tb);
    return (TCGQuickJump){
        .lookup = HELPER(lookup_tb_ptr),
        .pc_offset = isa->pc_reg < 0 ? 0 : isa->regs[isa->pc_reg].offset,
        .cache_offset = offsetof(CPUState, jump_cache),
        .mode = tb->flags | (uint64_t)tb->cflags << 32,
        .frames = mode >= 0,
        .return_mode = mode < 0 ? 0 : (unsigned)mode,
        .return_pc = tb->pc + tb->size,
        .return_enter = isa->pinned ? isa->pinned->return_enter : NULL,
        .request_offset = offsetof(CPUState, exit_request),
    };
}

bool tb_quick_prepare(TCGContext *ctx, const GuestISA *isa, TranslationBlock *tb)
{
    const TCGQuickJump jump = tb_quick_jump(isa, tb);
    bool log_writes = ctx->log_writes;
    ctx->log_writes = false; // the interpreter's log
    ctx->keep_dead = log_writes;
    state.size = tcg_quick_prepare(state.quick, ctx, &tb->code,
                                   state.count ? tier_host_count_from(tb) : TCG_QUICK_UNCOUNTED,
                                   isa->pc_reg < 0 ? NULL : &jump);
    tb->heavy = (uint8_t)MIN(tcg_quick_heavy_ops(state.quick), UINT8_MAX);
    ctx->log_writes = log_writes;
    return state.size != 0;
}

// In the host's assembly, by the guest frontend that knows it.
static void log_code(const TranslationBlock *tb, size_t data)
{
    FILE *f = log_lock();
    const uint8_t *code = tb->quick->base;
    size_t size = state.size - data;
    fprintf(f, "OUT: [size=%zu] quick code of 0x%" PRIx64 "\n", state.size, tb->pc);
#if defined(__x86_64__)
    for (size_t at = 0; at < size;) {
        char text[160];
        size_t n = guest_isa_x86_64.disassemble(NULL, (uintptr_t)code + at, code + at, size - at,
                                                text, sizeof(text));
        fprintf(f, "%p:  %s\n", (const void *)(code + at), n ? text : "(bad)");
        at += n ? n : 1;
    }
#endif
    for (size_t at = size; at < state.size; at += 8) {
        uint64_t word;
        memcpy(&word, code + at, sizeof(word));
        fprintf(f, "%p:  .quad 0x%016" PRIx64 "\n", (const void *)(code + at), word);
    }
    fputc('\n', f);
    log_unlock(f);
}

// --- for other processes --------------------------------------------------------------------------

enum { MOST_RELOCS = 4 << 20 }; // 16 MiB; what is translated later is not kept

void tb_quick_remember(void)
{
    if (!state.relocs) {
        state.relocs = g_array_new(FALSE, FALSE, sizeof(TCGQuickReloc));
    }
}

static void remember_relocs(TranslationBlock *tb)
{
    const TCGQuickReloc *relocs;
    unsigned n;
    tb->relocs = state.relocs->len;
    if (tcg_quick_relocs(state.quick, &relocs, &n) && n && state.relocs->len < MOST_RELOCS) {
        g_array_append_vals(state.relocs, relocs, n);
        tb->nb_relocs = (uint16_t)n;
    }
}

// No code is without: its exits name the block.
bool tb_quick_relocs(const TranslationBlock *tb, const TCGQuickReloc **relocs, unsigned *n)
{
    *n = tb->nb_relocs;
    *relocs = *n ? &g_array_index(state.relocs, TCGQuickReloc, tb->relocs) : NULL;
    return *n != 0;
}

void tb_quick_forget_relocs(void)
{
    if (state.relocs) {
        g_array_set_size(state.relocs, 0);
    }
}

bool tb_quick_restore(TranslationBlock *tb, const uint8_t *code, size_t size, const void *notes,
                      size_t notes_size, const TCGQuickReloc *relocs, unsigned n)
{
    tb->notes = notes_size ? g_memdup2(notes, notes_size) : NULL;
    tb->notes_size = (uint32_t)notes_size;
    if (!take_place(tb, size)) {
        g_clear_pointer(&tb->notes, g_free);
        return false;
    }
    memcpy(tb->quick->base, code, size);
    if (!tcg_quick_bind(tb->quick->base, size, &tb->code, relocs, n)) {
        give_back(tb);
        return false;
    }
    tb->jumps = tcg_quick_jumps_of(relocs, n);
    stats.quick_bytes += size;
    code_log_add(tb->quick->base, size, tb->pc, "quick");
    return true;
}

// --- emission -------------------------------------------------------------------------------------

bool tb_quick_emit(TranslationBlock *tb)
{
    if (!take_place(tb, state.size)) {
        return false;
    }
    tcg_quick_emit(state.quick, tb->quick->base);
    tb->notes_size = (uint32_t)tcg_quick_notes_size(state.quick);
    if (tb->notes_size) {
        tb->notes = g_malloc(tb->notes_size);
        tcg_quick_notes(state.quick, tb->notes);
    }
    tb->jumps = tcg_quick_jumps(state.quick);
    if (state.relocs) {
        remember_relocs(tb);
    }
    stats.quick_bytes += state.size;
    stats.quick_blocks++;
    code_log_add(tb->quick->base, state.size - tcg_quick_data_size(state.quick), tb->pc, "quick");
    if (log_enabled(LOG_OUT_ASM) && log_in_range(tb->pc)) {
        log_code(tb, tcg_quick_data_size(state.quick));
    }
    return true;
}

TCGEntry *tb_quick_entry(const TranslationBlock *tb)
{
    return (TCGEntry *)(uintptr_t)tb->quick->base;
}

void tb_quick_chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to)
{
    if (from->quick && from->jumps.at[slot]) {
        bool direct = to && to->quick && atomic_load(&to->code.entry) == tb_quick_entry(to);
        tcg_quick_set_jump(from->quick->base, &from->jumps, slot, direct ? to->quick->base : NULL);
    }
}

void tb_quick_free(TranslationBlock *tb)
{
    if (tb->quick) {
        code_log_remove(tb->quick->base);
        give_back(tb);
    }
}

// --- faults ---------------------------------------------------------------------------------------

// Under state.lock.  Code may begin pages before.
static const TranslationBlock *find(const uint8_t *at)
{
    for (ptrdiff_t page = (at - state.base) / PAGE; page >= 0; page--) {
        for (const TranslationBlock *tb = state.pages[page]; tb; tb = tb->quick_next) {
            if ((size_t)(at - tb->quick->base) < tb->quick_size) {
                return tb;
            }
        }
    }
    return NULL;
}

bool tb_quick_recover(void *env, uint64_t host_pc, const uint64_t *regs, uint64_t *pc)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)host_pc;
    if (!state.slab || at < state.base || at >= state.end) {
        return false;
    }
    pthread_mutex_lock(&state.lock);
    const TranslationBlock *tb = find(at);
    bool found = tb && tcg_quick_recover(tb->notes, tb->notes_size, (size_t)(at - tb->quick->base),
                                         regs, env, pc);
    pthread_mutex_unlock(&state.lock);
    return found;
}

void tb_quick_fork_prepare(void)
{
    if (state.slab) {
        pthread_mutex_lock(&state.lock);
        slab_lock(state.slab);
    }
}

void tb_quick_fork_done(void)
{
    if (state.slab) {
        slab_unlock(state.slab);
        pthread_mutex_unlock(&state.lock);
    }
}
