// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores of SIMD&FP registers: one, pairs, literals, structures.
//
// All of an instruction's loads come before its writes of registers, so that one that faults has changed
// none.  Structures are moved in whole registers and taken apart by permutes.

#include "frontend/aarch64/simd.h"

static TCGv_i64 addr_plus(TCGv_i64 addr, unsigned n)
{
    if (!n) {
        return addr;
    }
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_addi_i64(t, addr, n);
    return t;
}

// 1 << sz bytes, zeros above; sz is MO_8 .. MO_128.
static void load_vec(TCGv_vec v, TCGv_i64 addr, unsigned sz)
{
    if (sz == MO_128) {
        tcg_gen_qemu_ld_vec(v, addr, MO_128);
    } else {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_qemu_ld_i64(t, addr, (MemOp)sz);
        tcg_gen_zext_i64_v128(v, t);
    }
}

static void store_vec(TCGv_vec v, TCGv_i64 addr, unsigned sz)
{
    if (sz == MO_128) {
        tcg_gen_qemu_st_vec(v, addr, MO_128);
    } else {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(sz, t, v, 0);
        tcg_gen_qemu_st_i64(t, addr, (MemOp)sz);
    }
}

static void load_store(int rt, TCGv_i64 addr, int sz, bool ld)
{
    (ld ? load_vec : store_vec)(a64_v((unsigned)rt), addr, (unsigned)sz);
}

// --- one register ---------------------------------------------------------------------------------------

static bool do_ldst_imm(DisasContext *s, arg_vldst_imm *a, int64_t imm)
{
    load_store(a->rt, a64_addr_imm(s, (unsigned)a->rn, a->p ? 0 : imm), a->sz, a->ld);
    if (a->w) {
        a64_writeback(s, (unsigned)a->rn, imm);
    }
    return true;
}

TRANS(VLDST_imm, do_ldst_imm, a->imm)
TRANS(VLDST_uimm, do_ldst_imm, (int64_t)a->imm << a->sz)

bool trans_VLDST_reg(DisasContext *s, arg_VLDST_reg *a)
{
    if (!(a->opt & 2)) {
        return false;
    }
    TCGv_i64 addr = a64_index((unsigned)a->rm, (unsigned)a->opt, a->s ? (unsigned)a->sz : 0);
    TCGv_i64 sum = tcg_temp_new_i64();
    a64_check_base(s, (unsigned)a->rn);
    tcg_gen_add_i64(sum, a64_xsp((unsigned)a->rn), addr);
    load_store(a->rt, a64_addr(s, sum), a->sz, a->ld);
    return true;
}

bool trans_VLD_lit(DisasContext *s, arg_VLD_lit *a)
{
    TCGv_i64 addr = tcg_constant_i64((int64_t)s->pc + (int64_t)a->imm * 4);
    load_store(a->rt, a64_addr(s, addr), a->sz, true);
    return true;
}

// --- pairs ----------------------------------------------------------------------------------------------

bool trans_VLDST_pair(DisasContext *s, arg_VLDST_pair *a)
{
    int64_t imm = (int64_t)a->imm * (1 << a->sz);
    TCGv_i64 addr = a64_addr_imm(s, (unsigned)a->rn, a->p ? 0 : imm);
    TCGv_i64 second = addr_plus(addr, 1u << a->sz);
    if (a->ld) {
        TCGv_vec x = new_vec(), y = new_vec();
        load_vec(x, addr, (unsigned)a->sz);
        load_vec(y, second, (unsigned)a->sz);
        tcg_gen_mov_vec(a64_v((unsigned)a->rt), x);
        tcg_gen_mov_vec(a64_v((unsigned)a->rt2), y);
    } else {
        load_store(a->rt, addr, a->sz, false);
        load_store(a->rt2, second, a->sz, false);
    }
    if (a->w) {
        a64_writeback(s, (unsigned)a->rn, imm);
    }
    return true;
}

// --- structures -----------------------------------------------------------------------------------------

static TCGv_vec reg_behind(int rt, unsigned n) { return a64_v(((unsigned)rt + n) & 31); }

static void post_index(DisasContext *s, int rn, int rm, unsigned total)
{
    if (rm == 31) {
        a64_writeback(s, (unsigned)rn, total);
    } else {
        a64_sp_written(s, (unsigned)rn);
        tcg_gen_add_i64(a64_xsp((unsigned)rn), a64_xsp((unsigned)rn), a64_x((unsigned)rm));
    }
}

// Lane i of r = lane lane[i] of part[part[i]], for n lanes of three parts; zeros above.
static void join3(unsigned vece, TCGv_vec r, TCGv_vec const *part, unsigned n, const uint8_t *which,
                  const uint8_t *lane)
{
    uint8_t first[16], second[16];
    unsigned all = 16u >> vece;
    for (unsigned i = 0; i < all; i++) {
        first[i] = i < n && which[i] < 2 ? (uint8_t)(lane[i] + (which[i] ? all : 0)) : 0xff;
        second[i] = i >= n ? 0xff : (uint8_t)(which[i] == 2 ? all + lane[i] : i);
    }
    TCGv_vec x = new_vec();
    tcg_gen_shuffle_vec(vece, x, part[0], part[1], first);
    tcg_gen_shuffle_vec(vece, r, x, part[2], second);
}

// Memory's order to registers': lane i of register e stands at i * n + e.
static void take_apart(unsigned vece, TCGv_vec *v, unsigned n, int q)
{
    TCGv_vec r[4] = {new_vec(), new_vec(), new_vec(), new_vec()};
    unsigned lanes = (q == FORM_128 ? 16u : 8u) >> vece;
    if (n == 2) {
        gen_permute(UZP1, vece, r[0], v[0], v[1], q);
        gen_permute(UZP2, vece, r[1], v[0], v[1], q);
    } else if (n == 3) {
        for (unsigned e = 0; e < 3; e++) {
            uint8_t which[16], lane[16];
            for (unsigned i = 0; i < lanes; i++) {
                which[i] = (uint8_t)((3 * i + e) / lanes);
                lane[i] = (uint8_t)((3 * i + e) % lanes);
            }
            join3(vece, r[e], v, lanes, which, lane);
        }
    } else if (n == 4) {
        TCGv_vec x[4] = {new_vec(), new_vec(), new_vec(), new_vec()};
        for (unsigned i = 0; i < 2; i++) {
            gen_permute(UZP1, vece, x[i], v[2 * i], v[2 * i + 1], q); // registers 0 and 2
            gen_permute(UZP2, vece, x[i + 2], v[2 * i], v[2 * i + 1], q);
        }
        for (unsigned i = 0; i < 2; i++) {
            gen_permute(UZP1, vece, r[i], x[2 * i], x[2 * i + 1], q);
            gen_permute(UZP2, vece, r[i + 2], x[2 * i], x[2 * i + 1], q);
        }
    }
    for (unsigned i = 0; n > 1 && i < n; i++) {
        v[i] = r[i];
    }
}

// And back.
static void interleave(unsigned vece, TCGv_vec *v, unsigned n, int q)
{
    TCGv_vec r[4] = {new_vec(), new_vec(), new_vec(), new_vec()};
    unsigned lanes = (q == FORM_128 ? 16u : 8u) >> vece;
    if (n == 2) {
        gen_permute(ZIP1, vece, r[0], v[0], v[1], q);
        gen_permute(ZIP2, vece, r[1], v[0], v[1], q);
    } else if (n == 3) {
        for (unsigned e = 0; e < 3; e++) {
            uint8_t which[16], lane[16];
            for (unsigned i = 0; i < lanes; i++) {
                which[i] = (uint8_t)((e * lanes + i) % 3);
                lane[i] = (uint8_t)((e * lanes + i) / 3);
            }
            join3(vece, r[e], v, lanes, which, lane);
        }
    } else if (n == 4) {
        TCGv_vec x[4] = {new_vec(), new_vec(), new_vec(), new_vec()};
        for (unsigned i = 0; i < 2; i++) {
            gen_permute(ZIP1, vece, x[i], v[i], v[i + 2], q); // 0 2 0 2 .., 1 3 1 3 ..
            gen_permute(ZIP2, vece, x[i + 2], v[i], v[i + 2], q);
        }
        for (unsigned i = 0; i < 2; i++) {
            gen_permute(ZIP1, vece, r[2 * i], x[2 * i], x[2 * i + 1], q);
            gen_permute(ZIP2, vece, r[2 * i + 1], x[2 * i], x[2 * i + 1], q);
        }
    }
    for (unsigned i = 0; n > 1 && i < n; i++) {
        v[i] = r[i];
    }
}

bool trans_VLDST_mult(DisasContext *s, arg_VLDST_mult *a)
{
    if (a->sz == MO_64 && a->q == FORM_64 && a->selem > 1) {
        return false;
    }
    unsigned n = (unsigned)(a->rpt * a->selem), size = a->q == FORM_128 ? MO_128 : MO_64;
    TCGv_i64 addr = a64_addr_imm(s, (unsigned)a->rn, 0);
    TCGv_vec v[4];
    for (unsigned i = 0; i < n; i++) {
        v[i] = a->ld ? new_vec() : reg_behind(a->rt, i);
    }
    if (a->ld) {
        for (unsigned i = 0; i < n; i++) {
            load_vec(v[i], addr_plus(addr, i << size), size);
        }
        take_apart((unsigned)a->sz, v, (unsigned)a->selem, a->q);
        for (unsigned i = 0; i < n; i++) {
            tcg_gen_mov_vec(reg_behind(a->rt, i), v[i]);
        }
    } else {
        interleave((unsigned)a->sz, v, (unsigned)a->selem, a->q);
        for (unsigned i = 0; i < n; i++) {
            store_vec(v[i], addr_plus(addr, i << size), size);
        }
    }
    if (a->p) {
        post_index(s, a->rn, a->rm, n << size);
    }
    return true;
}

bool trans_VLDST_sing(DisasContext *s, arg_VLDST_sing *a)
{
    unsigned n = (unsigned)a->selem_1 + 1, sz = (unsigned)a->sz;
    TCGv_i64 addr = a64_addr_imm(s, (unsigned)a->rn, 0), t[4];
    for (unsigned i = 0; i < n; i++) {
        TCGv_i64 at = addr_plus(addr, i << sz);
        t[i] = tcg_temp_new_i64();
        if (a->ld) {
            tcg_gen_qemu_ld_i64(t[i], at, (MemOp)sz);
        } else {
            tcg_gen_extract_vec_i64(sz, t[i], reg_behind(a->rt, i), (unsigned)a->idx);
            tcg_gen_qemu_st_i64(t[i], at, (MemOp)sz);
        }
    }
    for (unsigned i = 0; a->ld && i < n; i++) {
        TCGv_vec v = reg_behind(a->rt, i);
        tcg_gen_insert_vec_i64(sz, v, v, t[i], (unsigned)a->idx);
    }
    if (a->p) {
        post_index(s, a->rn, a->rm, n << sz);
    }
    return true;
}

bool trans_VLD_dup(DisasContext *s, arg_VLD_dup *a)
{
    unsigned n = (unsigned)a->selem_1 + 1, sz = (unsigned)a->sz, bytes = a->q == FORM_128 ? 16 : 8;
    TCGv_i64 addr = a64_addr_imm(s, (unsigned)a->rn, 0), t[4];
    for (unsigned i = 0; i < n; i++) {
        tcg_gen_qemu_ld_i64(t[i] = tcg_temp_new_i64(), addr_plus(addr, i << sz), (MemOp)sz);
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned rd = ((unsigned)a->rt + i) & 31;
        TCGv_vec r = simd_dest(rd, bytes);
        tcg_gen_dup_vec(sz, r, t[i]);
        simd_write(rd, r, bytes);
    }
    if (a->p) {
        post_index(s, a->rn, a->rm, n << sz);
    }
    return true;
}
