// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From blocks to machine code: lowering, dumps, passes, pipeline, code generation, entries.
#include "tcg2llvm/tier-compile.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <llvm-c/DebugInfo.h>

#include "tcg2llvm/fp-order.h"
#include "tcg2llvm/guest-ops.h"
#include "tcg2llvm/instrument.h"

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

Compiler *compiler_new(const TierCommon *common)
{
    Compiler *c = g_new0(Compiler, 1);
    c->common = common;
    c->hash = unit_hash_new();
    return c;
}

static bool need_llvm(Compiler *c, GError **error)
{
    if (!c->jit) {
        c->jit = jit_context_new(c->common->jit, error);
        c->lower = c->jit ? llvm_lower_new(c->jit) : NULL;
    } else if (jit_context_worn(c->jit)) {
        jit_context_renew(c->jit);
    }
    return c->jit != NULL;
}

JitTimes compiler_times(const Compiler *c)
{
    static const JitTimes none;
    JitTimes times = c->jit ? jit_times(c->jit) : none;
    times.link += c->ns_link;
    return times;
}

void compiler_free(Compiler *c)
{
    if (!c) {
        return;
    }
    if (c->jit) {
        llvm_lower_free(c->lower);
        jit_context_free(c->jit);
    }
    if (c->ctx) {
        tcg_context_free(c->ctx);
    }
    unit_hash_free(c->hash);
    g_free(c);
}

static bool log_wanted(const TierCommon *common, LLVMLogItem item)
{
    return common->host.log_wanted && common->host.log_wanted(common->host.opaque, item);
}

static void log_module(const TierCommon *common, LLVMLogItem item, uint64_t pc,
                       LLVMModuleRef module)
{
    FILE *out = log_wanted(common, item) ? common->host.log_begin(common->host.opaque, item, pc)
                                         : NULL;
    if (out) {
        dump_ir_print(module, &common->host, out);
        common->host.log_end(common->host.opaque, out);
    }
}

static void log_asm(const TierCommon *common, uint64_t pc, const JitObject *object)
{
    FILE *out = log_wanted(common, LLVM_LOG_ASM)
                    ? common->host.log_begin(common->host.opaque, LLVM_LOG_ASM, pc)
                    : NULL;
    if (out) {
        jit_disassemble(object, out);
        common->host.log_end(common->host.opaque, out);
    }
}

static bool verify(const TierCommon *common, LLVMModuleRef module, const char *when, GError **error)
{
#ifndef MYNA_VERIFY_IR
    if (!common->opt.verify_ir && !common->dump) {
        return true;
    }
#else
    (void)common;
#endif
    char *message;
    if (jit_verify(module, &message)) {
        return true;
    }
    size_t length;
    g_set_error(error, JIT_ERROR, JIT_ERROR_IR, "unit %s is ill-formed %s: %s",
                LLVMGetModuleIdentifier(module, &length), when, message);
    g_free(message);
    return false;
}

static void function_name(const CompileBlock *blocks, unsigned i, char *name, size_t size)
{
    snprintf(name, size, "tb_%" PRIx64, blocks[i].block.pc);
    for (unsigned k = 0; k < i; k++) {
        if (blocks[k].block.pc == blocks[i].block.pc) {
            snprintf(name, size, "tb_%" PRIx64 "_%u", blocks[i].block.pc, i);
            break;
        }
    }
}

bool tier_is_looked_at(const TierCommon *common)
{
    return common->dump || common->opt.passes || common->opt.instrument ||
           log_wanted(common, LLVM_LOG_IR);
}

// --- lowering ------------------------------------------------------------------------------------------

TCGContext *compiler_translate(Compiler *c, const TCGCode *code)
{
    const LLVMTierHost *host = &c->common->host;
    uint64_t start = now_ns();
    if (!c->ctx) {
        c->ctx = host->context_new(host->opaque);
    }
    bool ok = host->translate(host->opaque, c->ctx, code);
    c->ns_translate += now_ns() - start;
    return ok ? c->ctx : NULL;
}

// Which ways out the block has, of its ops.
static void note_ways(const TierCommon *common, CompileBlock *b, const TCGContext *ctx)
{
    b->ways = 0;
    TCG_FOREACH_OP(op, ctx)
    {
        uint64_t pc;
        if (llvm_unit_is_indirect(op)) {
            b->ways |= 1u << LLVM_UNIT_WAY_INDIRECT;
        } else if (llvm_unit_plain_slot(op, common->host.pc_global, &pc)) {
            b->ways |= 1u << op->args[0];
            b->way_pc[op->args[0]] = pc;
        }
    }
}

static bool lower_block(Compiler *c, LLVMUnit *unit, unsigned i, CompileBlock *b, GError **error)
{
    TCGContext *ctx = b->ctx ? b->ctx : compiler_translate(c, b->block.code);
    if (!ctx) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_IR,
                    "the block at 0x%" PRIx64 " can be translated no more", b->block.pc);
        return false;
    }
    note_ways(c->common, b, ctx);
    uint64_t start = now_ns();
    llvm_unit_block(unit, i, ctx);
    c->ns_lower += now_ns() - start;
    return true;
}

static bool lower_region(Compiler *c, LLVMUnit *unit, CompileBlock *blocks, unsigned n,
                         GError **error)
{
    g_autofree LLVMUnitBlock *members = g_new(LLVMUnitBlock, n);
    bool several = false;
    char name[64];
    g_autofree char(*entries)[sizeof(name)] = g_malloc(n * sizeof(*entries));
    for (unsigned i = 0; i < n; i++) {
        members[i] = blocks[i].block;
        several |= blocks[i].enter && i > 0;
    }
    for (unsigned i = 0; i < n; i++) {
        if (several && (i == 0 || blocks[i].enter)) {
            function_name(blocks, i, entries[i], sizeof(name));
            members[i].entry = entries[i];
        }
    }
    function_name(blocks, 0, name, sizeof(name));
    if (several) { // that is the name of the way in
        name[0] = 'r';
    }
    llvm_unit_begin(unit, name, members, n);
    bool ok = true;
    for (unsigned i = 0; i < n && ok; i++) {
        ok = lower_block(c, unit, i, &blocks[i], error);
    }
    llvm_unit_end(unit);
    return ok;
}

static bool lower_batch(Compiler *c, LLVMUnit *unit, CompileBlock *blocks, unsigned n,
                        GError **error)
{
    bool ok = true;
    for (unsigned i = 0; i < n && ok; i++) {
        char name[64];
        function_name(blocks, i, name, sizeof(name));
        llvm_unit_begin(unit, name, &blocks[i].block, 1);
        ok = lower_block(c, unit, 0, &blocks[i], error);
        llvm_unit_end(unit);
    }
    return ok;
}

// The module as lowered, looked at by whoever wants to; guest operations are plain IR afterwards.
static LLVMModuleRef show_and_finish(Compiler *c, LLVMUnit *unit, CompileShape shape,
                                     LLVMLevel level, const CompileBlock *blocks, unsigned n,
                                     GError **error)
{
    const TierCommon *common = c->common;
    LLVMModuleRef module = llvm_unit_module(unit);
    bool ok = verify(common, module, "as lowered", error);
    log_module(common, LLVM_LOG_IR, blocks[0].block.pc, module);
    if (ok && common->dump) {
        g_autofree LLVMBlockInfo *infos = g_new(LLVMBlockInfo, n);
        for (unsigned i = 0; i < n; i++) {
            infos[i] = blocks[i].info;
        }
        dump_ir_unit(common->dump, module, infos, n,
                     shape == COMPILE_REGION && n > 1 ? "region" : "block");
    }
    if (ok && common->opt.passes) {
        ok = jit_run_passes(c->jit, module, common->opt.passes, error) &&
             verify(common, module, "after the user's passes", error);
    }
    if (ok && common->opt.instrument) {
        ok = instrument_run(common->opt.instrument, c->jit, module, blocks[0].block.pc,
                            level == LLVM_HOT, error);
        if (ok && common->dump) {
            dump_ir_passes(common->dump, module);
        }
    }
    guest_ops_lower(unit);
    llvm_unit_resolve(unit);
    LLVMStripModuleDebugInfo(module);
    llvm_unit_finish(unit);
    if (!ok) {
        LLVMDisposeModule(module);
        return NULL;
    }
    return module;
}

// The guest's pinned registers, when units of this kind have any. A pass sees all registers in env between two units.
static const TCGPinned *unit_pinned(const TierCommon *common, CompileShape shape, LLVMLevel level)
{
    return level == LLVM_COLD || shape != COMPILE_REGION || tier_is_looked_at(common)
               ? NULL
               : common->host.pinned;
}

static LLVMModuleRef build_module(Compiler *c, CompileShape shape, LLVMLevel level,
                                  CompileBlock *blocks, unsigned n, GError **error)
{
    const TierCommon *common = c->common;
    Instrument *instrument = common->opt.instrument;
    bool passes = common->opt.passes || instrument;
    bool looked_at = tier_is_looked_at(common);
    LLVMUnitOptions options = {
        .cold = level == LLVM_COLD,
        .symbolic = looked_at,
        .table_code = instrument && !common->dump,
        .guest_ops = looked_at,
        .debug_lines = common->dump || passes,
        .insn_homes = instrument && instrument_wants_registers(instrument),
        .pc_global = common->host.pc_global,
        .pinned = c->pinned,
        .frames = common->host.frames,
        .exits = c->pinned && common->host.ways,
        .notes = c->notes,
        .hidden_globals = common->host.hidden_globals,
        .disassemble = common->host.disassemble,
        .flow = common->host.flow,
        .opaque = common->host.opaque,
    };
    char name[64];
    function_name(blocks, 0, name, sizeof(name));
    LLVMUnit *unit = llvm_unit_new(c->lower, name, &options);
    bool ok = shape == COMPILE_REGION ? lower_region(c, unit, blocks, n, error)
                                      : lower_batch(c, unit, blocks, n, error);
    if (!ok) {
        LLVMDisposeModule(llvm_unit_finish(unit));
        return NULL;
    }
    if (looked_at) {
        return show_and_finish(c, unit, shape, level, blocks, n, error);
    }
    LLVMModuleRef module = llvm_unit_finish(unit);
    if (!verify(common, module, "as lowered", error)) {
        LLVMDisposeModule(module);
        return NULL;
    }
    return module;
}

// --- code ----------------------------------------------------------------------------------------------

static LLVMCode *make_code(const TierCommon *common, const TCGPinned *pinned, JitObject *object,
                           CompileShape shape, const CompileBlock *blocks, unsigned n)
{
    const void *leave = common->host.pinned ? common->host.pinned->leave : NULL;
    LLVMCode *code = g_new0(LLVMCode, 1);
    code->object = object;
    code->n_members = n;
    code->members = g_new(const TCGCode *, n);
    code->region = shape == COMPILE_REGION;
    code->entries = g_new(LLVMEntry, n);
    for (unsigned i = 0; i < n; i++) {
        code->members[i] = blocks[i].block.code;
        code->guest_insns += blocks[i].info.num_insns;
    }
    for (unsigned i = 0; i < n; i++) {
        if (i == 0 || !code->region || blocks[i].enter) {
            char name[64];
            function_name(blocks, i, name, sizeof(name));
            const void *at = jit_lookup(object, name);
            code->entries[code->n_entries++] = (LLVMEntry){
                .code = blocks[i].block.code,
                .entry = pinned ? pinned->enter : (TCGEntry *)(uintptr_t)at,
                .pinned = pinned ? at : leave};
        }
    }
    jit_object_code(object, &code->host_bytes);
    return code;
}

static void add_name(GArray *names, char *name, const void *address)
{
    JitSymbol symbol = {name, address};
    g_array_append_val(names, symbol);
}

static bool add_ways(const TierCommon *common, GArray *names, const CompileBlock *b, unsigned n)
{
    const void *slots[2], *indirect;
    const uint8_t slot_ways = (1u << LLVM_UNIT_WAY_INDIRECT) - 1, other = (uint8_t)~slot_ways;
    if (b->ways && !common->host.ways(common->host.opaque, b->block.code,
                                      b->ways & slot_ways ? b->way_pc : NULL, slots,
                                      b->ways & other ? &indirect : NULL)) {
        return false;
    }
    for (unsigned way = 0; way < LLVM_UNIT_WAYS; way++) {
        if (b->ways >> way & 1) {
            add_name(names, g_strdup_printf(LLVM_UNIT_WAY_NAME, n, way),
                     way == LLVM_UNIT_WAY_INDIRECT ? indirect : slots[way]);
        }
    }
    return true;
}

// What a unit's code asks for by names of its own: the blocks of a region, their ways out, the way to cpu_exec.
static bool unit_names(const TierCommon *common, CompileShape shape, const TCGPinned *pinned,
                       const CompileBlock *blocks, unsigned n, GArray *names)
{
    bool ok = true;
    for (unsigned i = 0; i < n && shape == COMPILE_REGION && ok; i++) {
        add_name(names, g_strdup_printf(LLVM_UNIT_CODE_NAME, i), blocks[i].block.code);
        ok = !pinned || !common->host.ways || add_ways(common, names, &blocks[i], i);
    }
    if (pinned) {
        add_name(names, g_strdup(LLVM_UNIT_EXIT_NAME), pinned->exit);
    }
    return ok;
}

static LLVMCode *place(Compiler *c, CompileShape shape, const CompileBlock *blocks, unsigned n,
                       const void *image, size_t size, GError **error)
{
    char unit[64];
    function_name(blocks, 0, unit, sizeof(unit));
    GArray *names = g_array_new(false, false, sizeof(JitSymbol));
    JitObject *object = NULL;
    uint64_t start = now_ns();
    if (unit_names(c->common, shape, c->pinned, blocks, n, names)) {
        object = jit_place(c->common->jit, unit, image, size, (JitSymbol *)names->data, names->len,
                           error);
    } else {
        g_set_error(error, JIT_ERROR, JIT_ERROR_FULL, "no room for the ways out of %s", unit);
    }
    c->ns_link += now_ns() - start;
    for (unsigned i = 0; i < names->len; i++) {
        g_free((char *)g_array_index(names, JitSymbol, i).name);
    }
    g_array_unref(names);
    if (!object) {
        return NULL;
    }
    log_asm(c->common, blocks[0].block.pc, object);
    return make_code(c->common, c->pinned, object, shape, blocks, n);
}

static GBytes *generate_once(Compiler *c, CompileShape shape, LLVMLevel level, CompileBlock *blocks,
                             unsigned n, GError **error)
{
    if (!need_llvm(c, error)) {
        return NULL;
    }
    LLVMModuleRef module = build_module(c, shape, level, blocks, n, error);
    if (!module) {
        return NULL;
    }
    if (c->common->host.module) {
        c->common->host.module(c->common->host.opaque, module, blocks[0].block.pc);
    }
    JitLevel jit_level = level == LLVM_COLD ? JIT_O0 : JIT_O2;
    // Cold code calls helpers natively: inlining them costs more than it gains there.
    bool ok = level == LLVM_COLD || jit_link_helpers(c->jit, module, error);
    ok = ok && jit_optimise(c->jit, module, jit_level, error) &&
         verify(c->common, module, "after the pipeline", error);
    if (!ok) {
        LLVMDisposeModule(module);
        return NULL;
    }
    fp_order_fix(module);
    log_module(c->common, LLVM_LOG_IR_OPT, blocks[0].block.pc, module);
    return jit_compile_image(c->jit, module, jit_level, error);
}

// Once more with other notes, and at last without, when the code generator has overwritten a value before memory is accessed.
static GBytes *generate(Compiler *c, CompileShape shape, LLVMLevel level, CompileBlock *blocks,
                        unsigned n, GError **error)
{
    static const LLVMNotes next[] = {
        [LLVM_NOTES_BEFORE] = LLVM_NOTES_BOTH, [LLVM_NOTES_BOTH] = LLVM_NOTES_NONE};
    bool possible = level != LLVM_COLD && !tier_is_looked_at(c->common);
    c->notes = possible ? LLVM_NOTES_BEFORE : LLVM_NOTES_NONE;
    for (;;) {
        GError *why = NULL;
        GBytes *image = generate_once(c, shape, level, blocks, n, &why);
        if (image || !c->notes || !g_error_matches(why, JIT_ERROR, JIT_ERROR_NOTES)) {
            if (why) {
                g_propagate_error(error, why);
            }
            return image;
        }
        g_clear_error(&why);
        c->renoted++;
        c->notes = next[c->notes];
        c->unnoted += !c->notes;
    }
}

// --- the persistent cache ------------------------------------------------------------------------------

// The unit's name in the cache; NULL when it is not to be looked for: then it is wanted as IR.
static const char *cache_key(Compiler *c, CompileShape shape, LLVMLevel level, CompileBlock *blocks,
                             unsigned n, ObjectKey *key)
{
    const TierCommon *common = c->common;
    if (!common->cache || common->dump || common->opt.passes || log_wanted(common, LLVM_LOG_IR) ||
        log_wanted(common, LLVM_LOG_IR_OPT)) {
        return NULL;
    }
    const char *pack = tier_pack(common, blocks[0].block.pc);
    if (!pack) {
        return NULL;
    }
    const uint32_t words[] = {shape, level, n, common->host.frames};
    unit_hash_begin(c->hash, words, G_N_ELEMENTS(words));
    for (unsigned i = 0; i < n; i++) {
        const TCGContext *ctx = blocks[i].ctx;
        ctx = ctx ? ctx : compiler_translate(c, blocks[i].block.code);
        if (!ctx || ctx->bound) {
            return NULL;
        }
        note_ways(common, &blocks[i], ctx);
        unit_hash_block(c->hash, &blocks[i].block, blocks[i].enter, ctx);
    }
    *key = unit_hash_end(c->hash);
    return pack;
}

LLVMCode *compiler_run(Compiler *c, CompileShape shape, LLVMLevel level, CompileBlock *blocks,
                       unsigned n, GError **error)
{
    ObjectCache *cache = c->common->cache;
    ObjectKey key;
    c->pinned = unit_pinned(c->common, shape, level); // once: a log may be asked for meanwhile
    for (unsigned i = 0; i < n; i++) { // who looks at IR knows a region as one function
        blocks[i].enter &= !tier_is_looked_at(c->common);
    }
    const char *pack = cache_key(c, shape, level, blocks, n, &key);
    size_t size;
    const void *kept = pack ? object_cache_find(cache, pack, key, &size) : NULL;
    if (kept) {
        LLVMCode *code = place(c, shape, blocks, n, kept, size, error);
        if (code || g_error_matches(*error, JIT_ERROR, JIT_ERROR_FULL)) {
            return code;
        }
        g_clear_error(error); // made by a build that knew other names
    }
    GBytes *image = generate(c, shape, level, blocks, n, error);
    if (!image) {
        return NULL;
    }
    const void *bytes = g_bytes_get_data(image, &size);
    if (pack) {
        object_cache_add(cache, pack, key, bytes, size);
    }
    LLVMCode *code = place(c, shape, blocks, n, bytes, size, error);
    g_bytes_unref(image);
    return code;
}

void llvm_code_free(LLVMCode *unit)
{
    if (unit) {
        jit_object_free(unit->object);
        g_free(unit->entries);
        g_free(unit->members);
        g_free(unit);
    }
}
