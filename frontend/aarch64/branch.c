// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Branches, exceptions, hints (Arm ARM C4.1.3).

#include "frontend/aarch64/translate.h"

enum { X_LR = 30 };

static void link(const DisasContext *s)
{
    tcg_gen_movi_i64(a64_xdest(X_LR), (int64_t)(s->pc + 4));
    tcg_ctx->jump_kind = TCG_JUMP_CALL;
}

bool trans_B(DisasContext *s, arg_B *a)
{
    a64_gen_jump(s, 0, s->pc + (int64_t)a->imm);
    return true;
}

bool trans_BL(DisasContext *s, arg_BL *a)
{
    link(s);
    a64_gen_jump(s, 0, s->pc + (int64_t)a->imm);
    return true;
}

// The block's two ends: `taken` has been branched to when the condition holds.
static void gen_two_ends(DisasContext *s, TCGLabel *taken, int64_t offset)
{
    A64PendingFlags saved = s->flags; // what one end computes, the other has not
    a64_gen_jump(s, 0, s->pc + 4);
    gen_set_label(taken);
    s->flags = saved;
    a64_gen_jump(s, 1, s->pc + offset);
}

bool trans_CBZ(DisasContext *s, arg_CBZ *a)
{
    TCGLabel *taken = gen_new_label();
    tcg_gen_brcondi_i64(a->nz ? TCG_COND_NE : TCG_COND_EQ, a64_read_zx(a->rt, a->sf), 0, taken);
    gen_two_ends(s, taken, a->imm);
    return true;
}

bool trans_TBZ(DisasContext *s, arg_TBZ *a)
{
    TCGLabel *taken = gen_new_label();
    tcg_gen_brcondi_i64(a->nz ? TCG_COND_TSTNE : TCG_COND_TSTEQ, a64_x(a->rt),
                        (int64_t)(1ull << a->bit), taken);
    gen_two_ends(s, taken, a->imm);
    return true;
}

bool trans_B_cond(DisasContext *s, arg_B_cond *a)
{
    if (a->cond >> 1 == 7) { // AL and NV
        a64_gen_jump(s, 0, s->pc + (int64_t)a->imm);
        return true;
    }
    TCGLabel *taken = gen_new_label();
    A64Cond c = a64_flags_cond(s, a->cond);
    tcg_gen_brcond_i64(c.cond, c.a, c.b, taken);
    gen_two_ends(s, taken, a->imm);
    return true;
}

bool trans_BR(DisasContext *s, arg_BR *a)
{
    a64_gen_indirect(s, a64_x(a->rn));
    return true;
}

bool trans_RET(DisasContext *s, arg_RET *a)
{
    tcg_ctx->jump_kind = TCG_JUMP_RETURN;
    a64_gen_indirect(s, a64_x(a->rn));
    return true;
}

bool trans_BLR(DisasContext *s, arg_BLR *a)
{
    a64_gen_indirect(s, a64_x(a->rn)); // before the link: it may be X30
    link(s);
    return true;
}

// --- exceptions --------------------------------------------------------------------------------------

bool trans_SVC(DisasContext *s, arg_SVC *a)
{
    a64_gen_exception_error(s, EXCP_SYSCALL, s->pc + 4, a->imm);
    return true;
}

bool trans_BRK(DisasContext *s, arg_BRK *a)
{
    a64_gen_exception_error(s, EXCP_BKPT, s->pc, a->imm);
    return true;
}

// --- hints, barriers ---------------------------------------------------------------------------------

bool trans_HINT(DisasContext *s, arg_HINT *a)
{
    (void)s;
    (void)a;
    return true;
}

bool trans_CLREX(DisasContext *s, arg_CLREX *a)
{
    (void)s;
    (void)a;
    tcg_gen_movi_i64(tcg_global_i64(A64_G_EXCLUSIVE_ADDR), (int64_t)ARM_EXCLUSIVE_NONE);
    return true;
}

// types: 1 orders loads before everything, 2 stores before stores, else all.
static bool barrier(int types)
{
    tcg_gen_mb(types == 1 ? TCG_MO_LD_LD | TCG_MO_LD_ST : types == 2 ? TCG_MO_ST_ST : TCG_MO_ALL);
    return true;
}

bool trans_DSB(DisasContext *s, arg_DSB *a)
{
    (void)s;
    return barrier(a->types);
}

bool trans_DMB(DisasContext *s, arg_DMB *a)
{
    (void)s;
    return barrier(a->types);
}

// What comes after is fetched anew: by another block, for this one may just have been overwritten.
bool trans_ISB(DisasContext *s, arg_ISB *a)
{
    (void)a;
    s->base.is_jmp = DISAS_TOO_MANY;
    return true;
}

bool trans_SB(DisasContext *s, arg_SB *a)
{
    (void)a;
    if (!a64_has_feature(s, ARM_FEAT_SB)) {
        return false;
    }
    tcg_gen_mb(TCG_MO_ALL);
    return true;
}
