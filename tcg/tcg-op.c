// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builder functions that are more than one emission.

#include "tcg-op.h"

#include <string.h>

void tcg_emit2(TCGOpcode o, TCGArg a, TCGArg b)
{
    TCGOp *op = tcg_emit_op(o, 2);
    op->args[0] = a;
    op->args[1] = b;
}

void tcg_emit3(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c)
{
    TCGOp *op = tcg_emit_op(o, 3);
    op->args[0] = a;
    op->args[1] = b;
    op->args[2] = c;
}

void tcg_emit4(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d)
{
    TCGOp *op = tcg_emit_op(o, 4);
    op->args[0] = a;
    op->args[1] = b;
    op->args[2] = c;
    op->args[3] = d;
}

void tcg_emit5(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d, TCGArg e)
{
    TCGOp *op = tcg_emit_op(o, 5);
    op->args[0] = a;
    op->args[1] = b;
    op->args[2] = c;
    op->args[3] = d;
    op->args[4] = e;
}

void tcg_emit6(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d, TCGArg e, TCGArg f)
{
    TCGOp *op = tcg_emit_op(o, 6);
    op->args[0] = a;
    op->args[1] = b;
    op->args[2] = c;
    op->args[3] = d;
    op->args[4] = e;
    op->args[5] = f;
}

void tcg_emitv(TCGOpcode o, TCGType type, unsigned vece, unsigned n, const TCGArg *args)
{
    TCGOp *op = tcg_emit_op(o, n);
    op->type = (uint8_t)type;
    op->vece = (uint8_t)vece;
    memcpy(op->args, args, n * sizeof(*args));
}

// --- bit fields --------------------------------------------------------------------------------------

void tcg_gen_deposit_i32(TCGv_i32 r, TCGv_i32 a, TCGv_i32 b, unsigned ofs, unsigned len)
{
    if (len == 32) {
        tcg_gen_mov_i32(r, b);
    } else {
        tcg_emit5(INDEX_op_deposit_i32, (TCGArg)r, (TCGArg)a, (TCGArg)b, ofs, len);
    }
}

void tcg_gen_deposit_i64(TCGv_i64 r, TCGv_i64 a, TCGv_i64 b, unsigned ofs, unsigned len)
{
    if (len == 64) {
        tcg_gen_mov_i64(r, b);
    } else {
        tcg_emit5(INDEX_op_deposit_i64, (TCGArg)r, (TCGArg)a, (TCGArg)b, ofs, len);
    }
}

// --- control flow ------------------------------------------------------------------------------------

TCGLabel *gen_new_label(void)
{
    TCGLabel *l = tcg_malloc(sizeof(*l));
    l->id = tcg_ctx->nb_labels++;
    return l;
}

void gen_set_label(TCGLabel *l)
{
    TCGOp *op = tcg_emit_op(INDEX_op_set_label, 1);
    op->args[0] = (TCGArg)l;
    l->op = op;
}

void tcg_gen_br(TCGLabel *l)
{
    l->refs++;
    tcg_emit1(INDEX_op_br, (TCGArg)l);
}

static void gen_brcond(TCGOpcode opc, TCGCond c, TCGArg a, TCGArg b, TCGLabel *l)
{
    if (c == TCG_COND_NEVER) {
        return;
    }
    if (c == TCG_COND_ALWAYS) {
        tcg_gen_br(l);
        return;
    }
    l->refs++;
    tcg_emit4(opc, a, b, c, (TCGArg)l);
}

void tcg_gen_brcond_i32(TCGCond c, TCGv_i32 a, TCGv_i32 b, TCGLabel *l)
{
    gen_brcond(INDEX_op_brcond_i32, c, (TCGArg)a, (TCGArg)b, l);
}

void tcg_gen_brcond_i64(TCGCond c, TCGv_i64 a, TCGv_i64 b, TCGLabel *l)
{
    gen_brcond(INDEX_op_brcond_i64, c, (TCGArg)a, (TCGArg)b, l);
}

// --- vectors -----------------------------------------------------------------------------------------

static MemOp vec_memop(TCGv_vec v, MemOp mop)
{
    unsigned size = tcg_type_size(tcgv_vec_type(v));
    return (MemOp)((mop & ~MO_SIZE) | (unsigned)__builtin_ctz(size));
}

void tcg_gen_qemu_ld_vec(TCGv_vec r, TCGv_i64 addr, MemOp mop)
{
    tcg_emitv(INDEX_op_qemu_ld_vec, tcgv_vec_type(r), 0, 3,
              (TCGArg[]){(TCGArg)r, (TCGArg)addr, vec_memop(r, mop)});
}

void tcg_gen_qemu_st_vec(TCGv_vec v, TCGv_i64 addr, MemOp mop)
{
    tcg_emitv(INDEX_op_qemu_st_vec, tcgv_vec_type(v), 0, 3,
              (TCGArg[]){(TCGArg)v, (TCGArg)addr, vec_memop(v, mop)});
}

void tcg_gen_movi_vec(TCGv_vec r, const void *bytes)
{
    TCGType type = tcgv_vec_type(r);
    void *copy = tcg_malloc(32);
    memcpy(copy, bytes, tcg_type_size(type));
    tcg_emitv(INDEX_op_movi_vec, type, 0, 2, (TCGArg[]){(TCGArg)r, (TCGArg)copy});
}

void tcg_gen_dupi_vec(unsigned vece, TCGv_vec r, uint64_t lane)
{
    uint8_t bytes[32];
    unsigned width = 1u << vece;
    for (unsigned i = 0; i < sizeof(bytes); i += width) {
        memcpy(bytes + i, &lane, width);
    }
    tcg_gen_movi_vec(r, bytes);
}

void tcg_gen_shuffle_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, const uint8_t *index)
{
    TCGType type = tcgv_vec_type(r);
    void *copy = tcg_malloc(32);
    memcpy(copy, index, tcg_type_size(type) >> vece);
    tcg_emitv(INDEX_op_shuffle_vec, type, vece, 4,
              (TCGArg[]){(TCGArg)r, (TCGArg)a, (TCGArg)b, (TCGArg)copy});
}
