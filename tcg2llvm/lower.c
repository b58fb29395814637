// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The lowering's driver: units, functions, where values live, and how env is made right.  lower.h tells
// the scheme.
#include "tcg2llvm/lower.h"

#include <stdio.h>
#include <string.h>
#include <llvm-c/DebugInfo.h>

#include "tcg2llvm/guest-ops.h"

// --- temps and globals ---------------------------------------------------------------------------------

static void set_add(GlobalSet *set, unsigned n) { set->w[n / 64] |= 1ull << (n % 64); }

// Is g the low one of a pair?
static bool is_pair(const LLVMUnit *u, unsigned g)
{
    return g + 1 < u->nb_globals && u->global_type[g] == TCG_TYPE_V128 &&
           u->global_type[g + 1] == TCG_TYPE_V128 && u->global_offset[g] % 32 == 0 &&
           u->global_offset[g + 1] == u->global_offset[g] + 16;
}

// A half of a home of 256 bits.
static Value pair_home(LLVMUnit *u, unsigned low, unsigned half)
{
    if (!u->pair_home[low]) {
        u->pair_home[low] = lower_alloca(u, u->l->types[TCG_TYPE_V256], 32);
    }
    Value whole = u->pair_home[low], ofs = lower_i64(u, 16);
    if (half == 0) {
        return whole;
    }
    LLVMBasicBlockRef here = LLVMGetInsertBlock(u->b);
    LLVMPositionBuilderBefore(u->b, LLVMGetNextInstruction(whole));
    Value high = LLVMBuildInBoundsGEP2(u->b, u->l->i8, whole, &ofs, 1, "");
    LLVMPositionBuilderAtEnd(u->b, here);
    return high;
}

Value lower_home(LLVMUnit *u, unsigned g)
{
    if (!u->home[g]) {
        TCGType type = u->global_type[g];
        if (is_pair(u, g)) {
            u->home[g] = pair_home(u, g, 0);
        } else if (g && is_pair(u, g - 1)) {
            u->home[g] = pair_home(u, g - 1, 1);
        } else {
            u->home[g] = lower_alloca(u, u->l->types[type], lower_type_align(type));
        }
        if (u->opt.symbolic) {
            LLVMSetValueName2(u->home[g], u->global_name[g], strlen(u->global_name[g]));
        }
        guest_ops_reg(u, u->home[g], u->global_name[g]);
    }
    return u->home[g];
}

static Value constant_of(LLVMUnit *u, const TCGTemp *t)
{
    LLVMLower *l = u->l;
    switch (t->type) {
    case TCG_TYPE_I128: return LLVMConstInt(l->i128, t->val, false);
    case TCG_TYPE_F32: return LLVMConstBitCast(LLVMConstInt(l->i32, t->val, false), l->f32);
    case TCG_TYPE_F64: return LLVMConstBitCast(LLVMConstInt(l->i64, t->val, false), l->f64);
    case TCG_TYPE_V64:
        return LLVMConstBitCast(LLVMConstInt(l->i64, t->val, false), l->types[TCG_TYPE_V64]);
    case TCG_TYPE_V128:
    case TCG_TYPE_V256: {
        Value lanes[4] = {lower_i64(u, t->val)};
        unsigned n = t->type == TCG_TYPE_V128 ? 2 : 4;
        for (unsigned i = 1; i < n; i++) {
            lanes[i] = lower_i64(u, 0);
        }
        return LLVMConstVector(lanes, n);
    }
    default: return LLVMConstInt(l->types[t->type], t->val, false);
    }
}

Value lower_get(LLVMUnit *u, TCGArg arg)
{
    const TCGTemp *t = arg_temp(arg);
    TempState *state = &u->temps[t->index];
    switch (t->kind) {
    case TEMP_CONST: return constant_of(u, t);
    case TEMP_FIXED:
        if (!u->env_int) {
            LLVMBasicBlockRef here = LLVMGetInsertBlock(u->b);
            Value last = LLVMGetBasicBlockTerminator(u->entry);
            LLVMPositionBuilderBefore(u->b, last);
            u->env_int = LLVMBuildPtrToInt(u->b, u->env, u->l->i64, "");
            LLVMPositionBuilderAtEnd(u->b, here);
        }
        return u->env_int;
    case TEMP_GLOBAL:
        if (!state->value || state->epoch != u->global_epoch) {
            unsigned g = t->index - 1;
            state->value = u->opt.cold
                               ? lower_load_env(u, u->l->types[t->type], t->offset)
                               : LLVMBuildLoad2(u->b, u->l->types[t->type], lower_home(u, g), "");
            state->epoch = u->global_epoch;
            state->whole = NULL;
            guest_ops_reg(u, state->value, t->name);
            if (u->opt.symbolic) {
                LLVMSetValueName2(state->value, t->name, strlen(t->name));
            }
        }
        return state->value;
    default:
        if (!state->value || state->epoch != u->epoch) {
            if (!state->slot) {
                // Read before any write in this order: the verifier has seen that it is no fault.
                state->slot = lower_alloca(u, u->l->types[t->type], lower_type_align(t->type));
            }
            state->value = LLVMBuildLoad2(u->b, u->l->types[t->type], state->slot, "");
            state->epoch = u->epoch;
        }
        return state->value;
    }
}

void lower_set(LLVMUnit *u, TCGArg arg, Value v)
{
    const TCGTemp *t = arg_temp(arg);
    TempState *state = &u->temps[t->index];
    state->value = v;
    state->whole = NULL;
    if (t->kind == TEMP_GLOBAL) {
        state->epoch = u->global_epoch;
        set_add(&u->pending, t->index - 1);
        set_add(&u->written, t->index - 1);
        set_add(&u->dirty.local, t->index - 1);
        return;
    }
    state->epoch = u->epoch;
    if (state->multi) {
        if (!state->slot) {
            state->slot = lower_alloca(u, u->l->types[t->type], lower_type_align(t->type));
        }
        LLVMBuildStore(u->b, v, state->slot);
    }
}

// What g and the next global are the halves of, or NULL.
static Value known_whole(const LLVMUnit *u, unsigned g)
{
    const TempState *low = &u->temps[g + 1], *high = low + 1;
    return low->whole && low->whole == high->whole && low->epoch == u->global_epoch &&
                   high->epoch == u->global_epoch
               ? low->whole
               : NULL;
}

Value lower_get_pair(LLVMUnit *u, TCGArg low, TCGArg high)
{
    const TCGTemp *l = arg_temp(low), *h = arg_temp(high);
    unsigned g = l->index - 1;
    if (l->kind != TEMP_GLOBAL || h->kind != TEMP_GLOBAL || h->index != l->index + 1 ||
        u->opt.cold || !is_pair(u, g)) {
        return NULL;
    }
    Value whole = known_whole(u, g);
    if (whole) {
        return whole;
    }
    if (lower_set_has(&u->pending, g) || lower_set_has(&u->pending, g + 1)) {
        return NULL;
    }
    set_add(&u->wide, g);
    whole = LLVMBuildLoad2(u->b, u->l->types[TCG_TYPE_V256], lower_home(u, g), "");
    for (unsigned i = 0; i < 2; i++) {
        TempState *state = &u->temps[l->index + i];
        state->value = lower_half(u, whole, i);
        state->epoch = u->global_epoch;
        state->whole = whole;
    }
    return whole;
}

void lower_set_whole(LLVMUnit *u, TCGArg arg, Value whole, unsigned half)
{
    const TCGTemp *t = arg_temp(arg);
    if (t->kind == TEMP_GLOBAL && !u->opt.cold && t->index > half &&
        is_pair(u, t->index - 1 - half)) {
        u->temps[t->index].whole = whole;
    }
}

// Writes values that are newer than their homes; they stay known.
void lower_flush(LLVMUnit *u)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(u->pending.w); w++) {
        for (uint64_t bits = u->pending.w[w]; bits; bits &= bits - 1) {
            unsigned g = w * 64 + __builtin_ctzll(bits);
            Value v = u->temps[g + 1].value;
            if (!u->opt.cold && is_pair(u, g) && lower_set_has(&u->pending, g + 1) &&
                known_whole(u, g)) {
                set_add(&u->wide, g);
                LLVMBuildStore(u->b, known_whole(u, g), lower_home(u, g));
                u->pending.w[(g + 1) / 64] &= ~(1ull << ((g + 1) % 64));
                bits &= u->pending.w[w] | 1ull << (g % 64);
                continue;
            }
            if (u->opt.cold) {
                Value store = lower_store_env(u, v, u->global_offset[g]);
                LLVMSetVolatile(store, u->precise);
                guest_ops_reg(u, store, u->global_name[g]);
            } else {
                guest_ops_reg(u, LLVMBuildStore(u->b, v, lower_home(u, g)), u->global_name[g]);
            }
        }
        u->pending.w[w] = 0;
    }
}

static SyncPoint *add_sync(LLVMUnit *u)
{
    SyncPoint point = {.block = u->block, .dirty = u->dirty};
    g_array_append_val(u->syncs, point);
    return &g_array_index(u->syncs, SyncPoint, u->syncs->len - 1);
}

static const Dirty clean;

void lower_dirty_leave(const LLVMUnit *u, Dirty *dirty)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(u->pinned.w); w++) {
        dirty->local.w[w] &= u->pinned.w[w];
        dirty->pass.w[w] &= u->pinned.w[w];
    }
}

void lower_dirty_through(const LLVMUnit *u, Dirty *dirty)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(u->pinned.w); w++) {
        dirty->local.w[w] &= ~u->opt.hidden_globals[w];
        dirty->pass.w[w] &= ~u->opt.hidden_globals[w];
    }
}

void lower_sync_begin(LLVMUnit *u) { lower_flush(u); }

void lower_sync_before(LLVMUnit *u, Value at, bool precise)
{
    if (!u->opt.cold) {
        SyncPoint *point = add_sync(u);
        point->at = at;
        point->precise = precise;
    }
    u->dirty = clean;
}

void lower_sync_leaving(LLVMUnit *u, Value at)
{
    Dirty dirty = u->dirty;
    lower_sync_before(u, at, false);
    if (!u->opt.cold) {
        g_array_index(u->syncs, SyncPoint, u->syncs->len - 1).leaves = true;
    }
    lower_dirty_leave(u, &dirty);
    u->dirty = dirty;
}

void lower_sync_through(LLVMUnit *u, Value at)
{
    Dirty dirty = u->dirty;
    lower_sync_before(u, at, false);
    g_array_index(u->syncs, SyncPoint, u->syncs->len - 1).through = true;
    lower_dirty_through(u, &dirty);
    u->dirty = dirty;
}

void lower_sync_unrun(LLVMUnit *u, Value at)
{
    lower_sync_leaving(u, at);
    if (!u->opt.cold) {
        g_array_index(u->syncs, SyncPoint, u->syncs->len - 1).killed = u->killed;
    }
}

void lower_reload_after(LLVMUnit *u, Value at)
{
    if (!u->opt.cold) {
        SyncPoint *point = add_sync(u);
        point->at = at;
        point->reload = true;
    }
    u->global_epoch++;
}

void lower_before_guest_access(LLVMUnit *u, const TCGOp *op)
{
    if (!u->precise) {
        return;
    }
    lower_sync_begin(u);
    if (lower_is_noted(u, op)) {
        lower_note_begin(u);
        return;
    }
    Value pc = lower_i64(u, u->pc);
    Value store = lower_store_env(u, pc, u->s->pc_offset);
    LLVMSetVolatile(store, true);
    lower_sync_before(u, store, true);
}

void lower_behind_guest_access(LLVMUnit *u, const TCGOp *op)
{
    if (lower_is_noted(u, op)) {
        lower_note_end(u);
    }
}

// --- flow of dirtiness between blocks ------------------------------------------------------------------

static bool set_join(GlobalSet *into, const GlobalSet *from)
{
    bool grown = false;
    for (unsigned w = 0; w < G_N_ELEMENTS(into->w); w++) {
        uint64_t all = into->w[w] | from->w[w];
        grown |= all != into->w[w];
        into->w[w] = all;
    }
    return grown;
}

bool lower_dirty_join(Dirty *into, const Dirty *from)
{
    bool grown = set_join(&into->pass, &from->pass);
    return set_join(&into->local, &from->local) || grown;
}

static void set_at(GlobalSet *out, const Dirty *dirty, const GlobalSet *block_in,
                   const GlobalSet *killed)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(out->w); w++) {
        out->w[w] = dirty->local.w[w] | (block_in->w[w] & dirty->pass.w[w] & ~killed->w[w]);
    }
}

// Which globals may differ from env when each block is entered.
static GlobalSet *solve_blocks(LLVMUnit *u)
{
    GlobalSet *in = g_new0(GlobalSet, u->n_blocks);
    for (unsigned i = 0; i < u->n_blocks; i++) {
        for (unsigned w = 0; w < G_N_ELEMENTS(u->pinned.w) && (i == 0 || u->blocks[i].entry); w++) {
            in[i].w[w] = u->pinned.w[w] & ~u->stored.w[w];
        }
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (unsigned i = 0; i < u->edges->len; i++) {
            const Edge *e = &g_array_index(u->edges, Edge, i);
            GlobalSet out;
            set_at(&out, &e->dirty, &in[e->from], &(GlobalSet){0});
            changed |= set_join(&in[e->to], &out);
        }
    }
    return in;
}

// A global of the function's, or with it the next one, moved between home and env.  Gives the last instruction.
static Value move_home(LLVMUnit *u, unsigned g, bool whole, bool to_env)
{
    Type t = u->l->types[whole ? TCG_TYPE_V256 : u->global_type[g]];
    if (to_env) {
        Value v = LLVMBuildLoad2(u->b, t, lower_home(u, g), "");
        return lower_store_env(u, v, u->global_offset[g]);
    }
    return LLVMBuildStore(u->b, lower_load_env(u, t, u->global_offset[g]), u->home[g]);
}

static void load_homes(LLVMUnit *u, const GlobalSet *but)
{
    for (unsigned g = 0; g < u->nb_globals; g++) {
        bool whole = lower_set_has(&u->wide, g);
        if (u->home[g] && !lower_set_has(but, g)) {
            move_home(u, g, whole, false);
            g += whole;
        }
    }
}

// Pinned globals that the function never writes: with notes of several accesses env gets them at once, on entry, and no note
// has to keep them in a place.
static void store_unchanged(LLVMUnit *u)
{
    enum { SEVERAL = 3 };
    if (u->notes->len < SEVERAL || !u->opt.pinned) {
        return;
    }
    LLVMBasicBlockRef here = LLVMGetInsertBlock(u->b);
    LLVMPositionBuilderBefore(u->b, LLVMGetBasicBlockTerminator(u->entry));
    for (unsigned i = 0; i < TCG_NB_PINNED; i++) {
        unsigned g = u->pinned_global[i];
        if (!lower_set_has(&u->written, g)) {
            lower_store_env(u, LLVMGetParam(u->fn, 2 + i), u->global_offset[g]);
            set_add(&u->stored, g);
        }
    }
    LLVMPositionBuilderAtEnd(u->b, here);
}

// Puts in the stores and loads that were left out, now that all is known.
static void place_syncs(LLVMUnit *u)
{
    g_autofree GlobalSet *in = solve_blocks(u);
    for (unsigned i = 0; i < u->syncs->len; i++) {
        const SyncPoint *point = &g_array_index(u->syncs, SyncPoint, i);
        if (point->reload) {
            continue;
        }
        GlobalSet set;
        set_at(&set, &point->dirty, &in[point->block], &point->killed);
        for (unsigned w = 0; point->leaves && w < G_N_ELEMENTS(set.w); w++) {
            set.w[w] &= ~u->pinned.w[w];
        }
        for (unsigned w = 0; point->through && w < G_N_ELEMENTS(set.w); w++) {
            set.w[w] &= u->opt.hidden_globals[w];
        }
        LLVMPositionBuilderBefore(u->b, point->at);
        for (unsigned g = 0; g < u->nb_globals; g++) {
            if (lower_set_has(&set, g)) {
                bool whole = lower_set_has(&u->wide, g) && lower_set_has(&set, g + 1);
                lower_home(u, g); // made here, it moves the builder
                LLVMPositionBuilderBefore(u->b, point->at);
                LLVMSetVolatile(move_home(u, g, whole, true), point->precise);
                g += whole;
            }
        }
    }
    for (unsigned i = 0; i < u->notes->len; i++) {
        const NotePoint *point = &g_array_index(u->notes, NotePoint, i);
        GlobalSet set;
        set_at(&set, &point->dirty, &in[point->block], &(GlobalSet){0});
        lower_note_place(u, point, &set);
    }
    // After the stores and the notes: they may have made homes.
    for (unsigned i = 0; i < u->syncs->len; i++) {
        const SyncPoint *point = &g_array_index(u->syncs, SyncPoint, i);
        if (!point->reload) {
            continue;
        }
        LLVMPositionBuilderBefore(u->b, LLVMGetNextInstruction(point->at));
        load_homes(u, &(GlobalSet){0});
    }
}

// --- debug locations: file "guest", line and column a pc's low 32 and next 16 bits ----------------------

static void debug_begin(LLVMUnit *u)
{
    u->di = LLVMCreateDIBuilder(u->m);
    u->di_file = LLVMDIBuilderCreateFile(u->di, "guest", 5, "", 0);
    LLVMDIBuilderCreateCompileUnit(u->di, LLVMDWARFSourceLanguageC, u->di_file, "myna", 4, false,
                                   "", 0, 0, "", 0, LLVMDWARFEmissionLineTablesOnly, 0, false,
                                   false, "", 0, "", 0);
    Value version = LLVMConstInt(u->l->i32, LLVMDebugMetadataVersion(), false);
    LLVMAddModuleFlag(u->m, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
                      LLVMValueAsMetadata(version));
}

static void debug_function(LLVMUnit *u, const char *name, uint64_t pc)
{
    LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(u->di, u->di_file, NULL, 0, 0);
    u->di_scope = LLVMDIBuilderCreateFunction(u->di, u->di_file, name, strlen(name), name,
                                              strlen(name), u->di_file, (unsigned)pc, type, false,
                                              true, (unsigned)pc, 0, false);
    LLVMSetSubprogram(u->fn, u->di_scope);
    lower_set_line(u, pc);
}

void lower_set_line(LLVMUnit *u, uint64_t pc)
{
    LLVMSetCurrentDebugLocation2(u->b, LLVMDIBuilderCreateDebugLocation(u->l->c, (unsigned)pc,
                                                                        (uint16_t)(pc >> 32),
                                                                        u->di_scope, NULL));
}

// --- units and functions -------------------------------------------------------------------------------

LLVMUnit *llvm_unit_new(LLVMLower *l, const char *name, const LLVMUnitOptions *options)
{
    lower_refresh(l);
    LLVMUnit *u = g_new0(LLVMUnit, 1);
    u->l = l;
    u->opt = *options;
    u->m = jit_module_new(l->jit, name);
    u->b = LLVMCreateBuilderInContext(l->c);
    u->syncs = g_array_new(false, false, sizeof(SyncPoint));
    u->edges = g_array_new(false, false, sizeof(Edge));
    u->notes = g_array_new(false, false, sizeof(NotePoint));
    u->symbols = g_array_new(false, false, sizeof(LowerSymbol));
    lower_count_new(u);
    if (options->debug_lines) {
        debug_begin(u);
    }
    return u;
}

LLVMModuleRef llvm_unit_module(LLVMUnit *u) { return u->m; }

static void fn_attr(LLVMUnit *u, unsigned index, unsigned kind, uint64_t value)
{
    LLVMAddAttributeAtIndex(u->fn, index, LLVMCreateEnumAttribute(u->l->c, kind, value));
}

// LLVM-C has no names for conventions beyond C's.
enum { PRESERVE_NONE = 21 };

static unsigned entry_convention(const LLVMUnit *u)
{
    return u->opt.pinned ? PRESERVE_NONE : LLVMCCallConv;
}

unsigned lower_entry_args(LLVMUnit *u, Value second, Value *args)
{
    unsigned n = 0;
    args[n++] = u->env;
    args[n++] = second;
    for (unsigned i = 0; i < TCG_NB_PINNED && u->opt.pinned; i++) {
        args[n++] = LLVMBuildLoad2(u->b, u->l->i64, lower_home(u, u->pinned_global[i]), "");
    }
    return n;
}

Value lower_entry_extern(LLVMUnit *u, const char *name)
{
    Value fn = lower_extern(u, name, u->opt.pinned ? u->l->pinned_type : u->l->entry_type);
    LLVMSetFunctionCallConv(fn, entry_convention(u));
    return fn;
}

void lower_tail_call(LLVMUnit *u, Value fn, Value *args)
{
    Type type = u->opt.pinned ? u->l->pinned_type : u->l->entry_type;
    Value call = LLVMBuildCall2(u->b, type, fn, args, LLVMCountParamTypes(type), "");
    LLVMSetInstructionCallConv(call, entry_convention(u));
    LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
    lower_call_attr(u, call, u->l->attr_strictfp, 0);
    LLVMBuildRet(u->b, call);
}

static void make_function(LLVMUnit *u, const char *name)
{
    LLVMLower *l = u->l;
    u->fn = LLVMAddFunction(u->m, name, u->opt.pinned ? l->pinned_type : l->entry_type);
    LLVMSetFunctionCallConv(u->fn, entry_convention(u));
    // A block's way out brings none.
    u->code = u->opt.exits ? NULL : LLVMGetParam(u->fn, 1);
    LLVMSetValueName2(LLVMGetParam(u->fn, 1), "code", 4);
    fn_attr(u, LLVMAttributeFunctionIndex, l->attr_nounwind, 0);
    fn_attr(u, LLVMAttributeFunctionIndex, l->attr_strictfp, 0);
    // The guest may access address 0, and must get its SIGSEGV: to LLVM it would be unreachable code.
    fn_attr(u, LLVMAttributeFunctionIndex, l->attr_null_valid, 0);
    fn_attr(u, 1, l->attr_nonnull, 0);
    fn_attr(u, 1, l->attr_align, 64);
    fn_attr(u, 2, l->attr_nonnull, 0); // also where it is a number: see make_entries
    u->env = LLVMGetParam(u->fn, 0);
    LLVMSetValueName2(u->env, "env", 3);
}

// A function that is entered at several blocks is entered through small ones, which put the block's number, from 1 on,
// where a TCGEntry has the TCGCode: the prototype must stay, for the sake of tail calls.
static void make_entries(LLVMUnit *u)
{
    LLVMLower *l = u->l;
    Value region = u->fn, number = LLVMBuildPtrToInt(u->b, LLVMGetParam(u->fn, 1), l->i64, "");
    LLVMBasicBlockRef none = lower_new_bb(u, "");
    Value dispatch = LLVMBuildSwitch(u->b, number, none, u->n_blocks);
    LLVMPositionBuilderAtEnd(u->b, none);
    LLVMBuildUnreachable(u->b);
    for (unsigned i = 0; i < u->n_blocks; i++) {
        if (u->blocks[i].entry) {
            make_function(u, u->blocks[i].entry);
            Value which = lower_i64(u, i + 1);
            Value args[LOWER_MAX_ENTRY_ARGS];
            LLVMGetParams(u->fn, args);
            args[1] = LLVMConstIntToPtr(which, l->ptr);
            LLVMPositionBuilderAtEnd(u->b, LLVMAppendBasicBlockInContext(l->c, u->fn, ""));
            lower_tail_call(u, region, args);
            u->enter_bb[i] = LLVMAppendBasicBlockInContext(l->c, region, "enter");
            LLVMAddCase(dispatch, which, u->enter_bb[i]);
        }
    }
    LLVMSetLinkage(region, LLVMInternalLinkage);
    u->fn = region;
    u->env = LLVMGetParam(region, 0);
    u->code = NULL; // each block's is in the unit's table
}

static bool has_entries(const LLVMUnit *u)
{
    for (unsigned i = 1; i < u->n_blocks; i++) {
        if (u->blocks[i].entry) {
            return true;
        }
    }
    return false;
}

// Which block leads to which.
static void find_reach(LLVMUnit *u)
{
    unsigned n = u->n_blocks;
    u->reach = g_new0(uint8_t, (size_t)n *n);
    for (unsigned i = 0; i < n; i++) {
        const LLVMUnitBlock *b = &u->blocks[i];
        for (unsigned k = 0; k < 2; k++) {
            if (b->succ[k] >= 0) {
                u->reach[i * n + (unsigned)b->succ[k]] = 1;
            }
        }
        if (b->after_call) {
            u->reach[i * n + b->after_call - 1] = 1;
        }
        for (unsigned k = 0; k < b->n_targets; k++) {
            u->reach[i * n + b->targets[k]] = 1;
        }
        for (unsigned j = 0; j < n && b->jump_kind == TCG_JUMP_RETURN; j++) {
            u->reach[i * n + j] |= u->blocks[j].guess;
        }
    }
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = 0; i < n; i++) {
            for (unsigned j = 0; j < n && u->reach[i * n + k]; j++) {
                u->reach[i * n + j] |= u->reach[k * n + j];
            }
        }
    }
}

void llvm_unit_begin(LLVMUnit *u, const char *function, const LLVMUnitBlock *blocks, unsigned n)
{
    g_free(u->name);
    u->name = g_strdup(function);
    make_function(u, function);
    u->env_int = NULL;
    u->jump_bb = NULL;
    memset(u->home, 0, sizeof(u->home));
    memset(u->pair_home, 0, sizeof(u->pair_home));
    memset(&u->wide, 0, sizeof(u->wide));
    memset(&u->pinned, 0, sizeof(u->pinned));
    memset(&u->written, 0, sizeof(u->written));
    memset(&u->stored, 0, sizeof(u->stored));
    memset(u->scratch, 0, sizeof(u->scratch));
    g_array_set_size(u->syncs, 0);
    g_array_set_size(u->edges, 0);
    g_array_set_size(u->notes, 0);
    u->nb_globals = 0;

    u->n_blocks = n;
    u->blocks = g_memdup2(blocks, n * sizeof(*blocks));
    u->check_bb = g_new0(LLVMBasicBlockRef, n);
    u->enter_bb = g_new0(LLVMBasicBlockRef, n);
    u->body_bb = g_new0(LLVMBasicBlockRef, n);
    u->back_bb = g_new0(LLVMBasicBlockRef, n);
    u->entry = lower_new_bb(u, "entry");
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "tb.%" PRIx64, blocks[i].pc);
        u->check_bb[i] = lower_new_bb(u, name);
        for (unsigned k = 0; k < 3; k++) {
            int to = k < 2 ? blocks[i].succ[k] : (int)blocks[i].after_call - 1;
            if (to >= 0 && !u->body_bb[to]) {
                snprintf(name, sizeof(name), "body.%" PRIx64, blocks[to].pc);
                u->body_bb[to] = lower_new_bb(u, name);
            }
        }
        if (blocks[i].guess && !u->body_bb[i]) {
            u->body_bb[i] = lower_new_bb(u, "body");
        }
        for (unsigned k = 0; k < blocks[i].n_targets; k++) {
            unsigned to = blocks[i].targets[k];
            if (!u->body_bb[to]) {
                u->body_bb[to] = lower_new_bb(u, "body");
            }
        }
    }
    find_reach(u);
    if (u->di) {
        debug_function(u, function, blocks[0].pc);
    }
    LLVMPositionBuilderAtEnd(u->b, u->entry);
    if (has_entries(u)) {
        make_entries(u);
    } else {
        LLVMBuildBr(u->b, u->check_bb[0]);
    }
}

// Each cycle has an edge that does not go forward, and there the exit request is looked at.
LLVMBasicBlockRef lower_edge_target(LLVMUnit *u, unsigned to)
{
    return to <= u->block ? lower_count_way_back(u, to) : u->body_bb[to];
}

void lower_edge(LLVMUnit *u, unsigned to)
{
    Edge edge = {.from = u->block, .to = to, .dirty = u->dirty};
    g_array_append_val(u->edges, edge);
}

// The first block tells what the guest's registers are.
static void take_globals(LLVMUnit *u, TCGContext *s)
{
    if (u->nb_globals) {
        g_assert(u->nb_globals == s->nb_globals - 1);
        return;
    }
    g_assert(s->nb_globals - 1 <= LOWER_MAX_GLOBALS);
    u->nb_globals = s->nb_globals - 1;
    for (unsigned g = 0; g < u->nb_globals; g++) {
        const TCGTemp *t = s->temps[g + 1];
        u->global_type[g] = t->type;
        u->global_offset[g] = t->offset;
        u->global_name[g] = t->name;
    }
    for (unsigned i = 0; i < TCG_NB_PINNED && u->opt.pinned; i++) {
        unsigned g = 0;
        while (u->global_offset[g] != u->opt.pinned->offset[i]) {
            g++;
            g_assert(g < u->nb_globals);
        }
        u->pinned_global[i] = g;
        set_add(&u->pinned, g);
    }
    if (s->frame_start > 0) {
        fn_attr(u, 1, u->l->attr_dereferenceable, s->frame_start);
    }
}

void llvm_unit_block(LLVMUnit *u, unsigned i, TCGContext *s)
{
    u->s = s;
    u->precise = s->precise;
    u->guest_base = s->guest_base;
    u->block = i;
    take_globals(u, s);
    u->temps = g_new0(TempState, s->nb_temps);
    u->labels = g_new0(LabelState, s->nb_labels);
    u->epoch = u->global_epoch = 1;
    memset(&u->pending, 0, sizeof(u->pending));
    u->dirty = clean;
    memset(&u->dirty.pass, 0xff, sizeof(u->dirty.pass));
    u->dead = u->begun = u->flow_told = false;
    u->flow = LLVM_FLOW_NONE;
    u->pc = u->next_pc = u->blocks[i].pc;
    LLVMPositionBuilderAtEnd(u->b, u->check_bb[i]);
    lower_block_ops(u);
    g_free(u->temps);
    g_free(u->labels);
    u->temps = NULL;
    u->labels = NULL;
}

void llvm_unit_end(LLVMUnit *u)
{
    lower_count_end(u);
    if (!u->opt.cold) {
        store_unchanged(u);
        place_syncs(u);
    }
    // Homes are filled on entry, where there are several ways in on each; SROA and DCE drop what is not read.
    if (has_entries(u)) {
        for (unsigned i = 0; i < u->n_blocks; i++) {
            if (u->enter_bb[i]) {
                LLVMPositionBuilderAtEnd(u->b, u->enter_bb[i]);
                load_homes(u, &u->pinned);
                LLVMBuildBr(u->b, u->check_bb[i]);
            }
        }
    }
    LLVMPositionBuilderBefore(u->b, LLVMGetBasicBlockTerminator(u->entry));
    if (!has_entries(u)) {
        load_homes(u, &u->pinned);
    }
    for (unsigned i = 0; i < TCG_NB_PINNED && u->opt.pinned; i++) {
        if (u->home[u->pinned_global[i]]) {
            LLVMBuildStore(u->b, LLVMGetParam(u->fn, 2 + i), u->home[u->pinned_global[i]]);
        }
    }
    if (u->di) {
        LLVMDIBuilderFinalize(u->di);
        LLVMSetCurrentDebugLocation2(u->b, NULL);
    }
    g_free(u->blocks);
    g_free(u->check_bb);
    g_free(u->enter_bb);
    g_free(u->body_bb);
    g_free(u->back_bb);
    g_free(u->reach);
    u->blocks = NULL;
    u->s = NULL;
}

void llvm_unit_resolve(LLVMUnit *u)
{
    for (unsigned i = 0; i < u->symbols->len; i++) {
        const LowerSymbol *symbol = &g_array_index(u->symbols, LowerSymbol, i);
        Value address = LLVMConstInt(u->l->i64, (uintptr_t)symbol->address, false);
        LLVMReplaceAllUsesWith(symbol->global, LLVMConstIntToPtr(address, u->l->ptr));
        LLVMDeleteGlobal(symbol->global);
    }
    g_array_set_size(u->symbols, 0);
}

LLVMModuleRef llvm_unit_finish(LLVMUnit *u)
{
    LLVMModuleRef m = u->m;
    if (u->di) {
        LLVMDisposeDIBuilder(u->di);
    }
    g_array_free(u->symbols, true);
    LLVMDisposeBuilder(u->b);
    g_array_free(u->syncs, true);
    g_array_free(u->edges, true);
    g_array_free(u->notes, true);
    lower_count_free(u);
    g_free(u->name);
    g_free(u);
    return m;
}
