// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dump_ir ADDRESS: the IR of the block that holds the address, as a pass would see it; when the block is a part of a
// compiled unit, of the whole unit.

#include <inttypes.h>

#include "runtime/cpu-list.h"
#include "runtime/guest-disas.h"
#include "runtime/monitor/monitor.h"
#include "runtime/process.h"
#include "runtime/tb.h"
#include "runtime/tier-host.h"
#include "tcg2llvm/tier-lift.h"

enum { MAX_BLOCKS = 256 };

static TCGContext *context_new(void *opaque) { return frontend_context_new(opaque); }

static bool translate(void *opaque, TCGContext *ctx, const TCGCode *code)
{
    return tb_translate_again(ctx, opaque, tb_of(code));
}

static const char *symbol(void *opaque, uint64_t pc, uint64_t *offset)
{
    (void)opaque;
    return guest_symbol(pc, offset);
}

static size_t disassemble(void *opaque, uint64_t pc, char *buf, size_t size)
{
    return guest_disassemble(opaque, pc, buf, size);
}

typedef struct Search {
    uint64_t address;
    TranslationBlock *best; // which begins nearest to it
} Search;

static void search_block(TranslationBlock *tb, void *opaque)
{
    Search *s = opaque;
    if (s->address >= tb->pc && s->address - tb->pc < tb->size &&
        (!s->best || tb->pc > s->best->pc)) {
        s->best = tb;
    }
}

// The blocks of the unit that tb leads into, or tb alone.
static unsigned unit_blocks(TranslationBlock *tb, LLVMUnitBlock *blocks)
{
    const TCGCode *alone = &tb->code, *const *members = &alone;
    unsigned n = tier_host_unit_of(tb, &members);
    if (!n || n > MAX_BLOCKS) {
        members = &alone;
        n = 1;
    }
    for (unsigned i = 0; i < n; i++) {
        const TranslationBlock *b = tb_of(members[i]);
        blocks[i] = (LLVMUnitBlock){.code = members[i], .pc = b->pc, .succ = {-1, -1}};
        for (unsigned slot = 0; slot < 2; slot++) {
            for (unsigned k = 0; k < n; k++) {
                if (atomic_load(&members[i]->jmp[slot]) == members[k]) {
                    blocks[i].succ[slot] = (int)k;
                }
            }
        }
    }
    return n;
}

static void take_isa(CPUState *cs, void *opaque) { *(const GuestISA **)opaque = cs->isa; }

const char *monitor_dump_ir(Monitor *mon, const char *args)
{
    const GuestISA *isa = NULL;
    Search search = {0};
    if (!monitor_parse_address(args, &search.address)) {
        return "it needs an address or a symbol";
    }
    cpu_list_foreach(take_isa, &isa);
    char *text = NULL;
    size_t size = 0;
    GError *error = NULL;
    FILE *out = open_memstream(&text, &size);
    tb_lock(); // so that the blocks stay
    tb_foreach(search_block, &search);
    if (search.best && isa) {
        static LLVMUnitBlock blocks[MAX_BLOCKS];
        const LLVMTierHost host = {
            .opaque = (void *)isa,
            .pc_global = isa->pc_reg,
            .context_new = context_new,
            .translate = translate,
            .symbol = symbol,
            .disassemble = disassemble,
        };
        unsigned n = unit_blocks(search.best, blocks);
        g_autofree char *name = g_strdup_printf("tb_%" PRIx64, blocks[0].pc);
        tier_lift(&host, name, blocks, n, 0, out, &error);
    }
    tb_unlock();
    fclose(out);
    g_string_append_len(mon->out, text, (gssize)size);
    free(text);
    if (error) {
        monitor_printf(mon, "error: dump_ir: %s\n", error->message);
        g_error_free(error);
    }
    return search.best ? NULL : "no block that is translated now holds that address";
}
