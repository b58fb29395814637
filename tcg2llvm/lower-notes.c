// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Notes of precise state: stack maps around the accesses that may fault.  See state-notes.h.
//
// They are put in when all blocks are lowered, for only then it is known which registers env has not got; until then each is a call that
// does nothing.  An intrinsic that may read and write any memory keeps stores to env and other accesses where they are.
#include "tcg2llvm/lower.h"

#include "tcg2llvm/guest-ops.h"
#include "tcg2llvm/state-notes.h"

bool lower_is_noted(const LLVMUnit *u, const TCGOp *op)
{
    return u->opt.notes && u->precise && guest_ops_is_plain(op);
}

bool lower_saves_pc(const LLVMUnit *u)
{
    static const uint64_t none = UINT64_MAX; // what takes a saved pc back
    TCG_FOREACH_OP(op, u->s)
    {
        bool access = tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM;
        bool save = op->opc == INDEX_op_st_i64 && arg_temp(op->args[1])->kind == TEMP_FIXED &&
                    (intptr_t)op->args[2] == u->s->pc_offset &&
                    !(arg_temp(op->args[0])->kind == TEMP_CONST &&
                      arg_temp(op->args[0])->val == none);
        if (save || (access && !lower_is_noted(u, op))) {
            return true;
        }
    }
    return false;
}

// Stands where a stack map will be.
static Value marker(LLVMUnit *u) { return lower_intrinsic(u, "llvm.donothing", NULL, 0, NULL, 0); }

void lower_note_begin(LLVMUnit *u)
{
    Value before = marker(u);
    lower_sync_through(u, before);
    NotePoint point = {.before = before, .block = u->block, .dirty = u->dirty, .pc = u->pc};
    g_array_append_val(u->notes, point);
}

void lower_note_end(LLVMUnit *u)
{
    g_array_index(u->notes, NotePoint, u->notes->len - 1).behind = marker(u);
}

static void stack_map(LLVMUnit *u, uint64_t pc, GArray *values, Value at)
{
    g_array_index(values, Value, 0) = lower_i64(u, pc);
    g_array_index(values, Value, 1) = lower_i32(u, 0); // no room for a patch
    LLVMPositionBuilderBefore(u->b, at);
    Value map = lower_intrinsic(u, "llvm.experimental.stackmap", NULL, 0, (Value *)values->data,
                                values->len);
    lower_call_attr(u, map, u->l->attr_nounwind, 0);
    LLVMInstructionEraseFromParent(at);
}

void lower_note_place(LLVMUnit *u, const NotePoint *point, const GlobalSet *set)
{
    GArray *before = g_array_new(false, true, sizeof(Value)),
           *behind = g_array_new(false, true, sizeof(Value));
    GArray *values = g_array_new(false, false, sizeof(Value));
    g_array_set_size(before, 3);
    g_array_set_size(behind, 2);
    for (unsigned g = 0; g < u->nb_globals; g++) {
        if (!lower_set_has(set, g) || (int)g == u->opt.pc_global) {
            continue; // the note has the pc itself
        }
        bool whole = u->l->host_avx && lower_set_has(&u->wide, g) && lower_set_has(set, g + 1);
        TCGType type = whole ? TCG_TYPE_V256 : u->global_type[g];
        lower_home(u, g); // made here, it moves the builder
        LLVMPositionBuilderBefore(u->b, point->before);
        Value v = LLVMBuildLoad2(u->b, u->l->types[type], lower_home(u, g), "");
        Value word = lower_i32(u,
                               state_note_word((size_t)u->global_offset[g], tcg_type_size(type)));
        g_array_append_val(before, word);
        g_array_append_val(values, v);
        g += whole;
    }
    g_array_index(before, Value, 2) = lower_i32(u, values->len + 1);
    Value end = lower_i32(u, STATE_NOTE_END);
    g_array_append_val(behind, end);
    if (values->len) {
        g_array_append_vals(before, values->data, values->len);
    }
    if (values->len && u->opt.notes == LLVM_NOTES_BOTH) {
        g_array_append_vals(behind, values->data, values->len);
    }
    stack_map(u, point->pc, before, point->before);
    stack_map(u, point->pc, behind, point->behind);
    g_array_unref(before);
    g_array_unref(behind);
    g_array_unref(values);
}
