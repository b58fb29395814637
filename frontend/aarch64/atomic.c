// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exclusives, loads and stores with ordering, atomics (FEAT_LSE).
//
// A load-exclusive remembers address and value; a store-exclusive is a compare-and-swap against that
// value.  It succeeds where hardware would not, when another thread has changed the value and back: no
// program can rely on the difference, but lock-free ones that count on the monitor to see ABA would see
// it.
//
// All of these demand natural alignment (of the pair, for pairs), as processors without FEAT_LSE2 do.  The
// check is ops of its own, not MO_ALIGN: a branch that is never taken costs less than the engines' calls.
//
// Orderings, in terms of the host's accesses: the guest's release is a barrier before, its acquire one
// behind.  Of a release and a later acquire (but not LDAPR) the order must hold too, so there is a full
// barrier behind a store-release.

#include "frontend/aarch64/translate.h"

static TCGv_i64 temp(void) { return tcg_temp_new_i64(); }

// [Xn|SP + offset], a multiple of 1 << size: a temp.
static TCGv_i64 aligned_addr(DisasContext *s, int rn, int offset, int size, bool write)
{
    TCGv_i64 at = temp();
    tcg_gen_mov_i64(at, a64_addr_imm(s, rn, offset));
    if (size != MO_8) {
        a64_gen_align_check(s, at, 1u << size, write);
    }
    return at;
}

static void barrier_acquire(void) { tcg_gen_mb(TCG_MO_LD_LD | TCG_MO_LD_ST); }
static void barrier_release(void) { tcg_gen_mb(TCG_MO_LD_ST | TCG_MO_ST_ST); }
static void barrier_behind_release(void) { tcg_gen_mb(TCG_MO_ST_LD); }

// --- load-acquire, store-release ---------------------------------------------------------------------

bool trans_LDAR(DisasContext *s, arg_LDAR *a) // and LDLAR
{
    TCGv_i64 t = temp();
    tcg_gen_qemu_ld_i64(t, aligned_addr(s, a->rn, 0, a->sz, false), (MemOp)a->sz);
    barrier_acquire();
    tcg_gen_mov_i64(a64_xdest(a->rt), t);
    return true;
}

bool trans_STLR(DisasContext *s, arg_STLR *a) // and STLLR
{
    TCGv_i64 at = aligned_addr(s, a->rn, 0, a->sz, true);
    barrier_release();
    tcg_gen_qemu_st_i64(a64_x(a->rt), at, (MemOp)a->sz);
    barrier_behind_release();
    return true;
}

bool trans_LDAPR(DisasContext *s, arg_LDAPR *a)
{
    if (!a64_has_feature(s, ARM_FEAT_LRCPC)) {
        return false;
    }
    TCGv_i64 t = temp();
    tcg_gen_qemu_ld_i64(t, aligned_addr(s, a->rn, 0, a->sz, false), (MemOp)a->sz);
    barrier_acquire();
    tcg_gen_mov_i64(a64_xdest(a->rt), t);
    return true;
}

bool trans_LDAPUR(DisasContext *s, arg_LDAPUR *a)
{
    if (!a64_has_feature(s, ARM_FEAT_LRCPC2)) {
        return false;
    }
    TCGv_i64 t = temp();
    MemOp mop = (MemOp)(a->sz | (a->sign ? MO_SIGN : 0));
    tcg_gen_qemu_ld_i64(t, aligned_addr(s, a->rn, a->imm, a->sz, false), mop);
    barrier_acquire();
    a64_write(a->rt, !a->ext, t);
    return true;
}

bool trans_STLUR(DisasContext *s, arg_STLUR *a)
{
    if (!a64_has_feature(s, ARM_FEAT_LRCPC2)) {
        return false;
    }
    TCGv_i64 at = aligned_addr(s, a->rn, a->imm, a->sz, true);
    barrier_release();
    tcg_gen_qemu_st_i64(a64_x(a->rt), at, (MemOp)a->sz);
    barrier_behind_release();
    return true;
}

// --- exclusives --------------------------------------------------------------------------------------

static TCGv_i64 exclusive_addr(void) { return tcg_global_i64(A64_G_EXCLUSIVE_ADDR); }
static TCGv_i64 exclusive_val(void) { return tcg_global_i64(A64_G_EXCLUSIVE_VAL); }
static TCGv_i64 exclusive_high(void) { return tcg_global_i64(A64_G_EXCLUSIVE_HIGH); }

bool trans_LDXR(DisasContext *s, arg_LDXR *a)
{
    TCGv_i64 t = temp(), at = aligned_addr(s, a->rn, 0, a->sz, false);
    tcg_gen_qemu_ld_i64(t, at, (MemOp)a->sz);
    if (a->acq) {
        barrier_acquire();
    }
    tcg_gen_mov_i64(exclusive_addr(), at);
    tcg_gen_mov_i64(exclusive_val(), t);
    tcg_gen_mov_i64(a64_xdest(a->rt), t);
    return true;
}

bool trans_LDXP(DisasContext *s, arg_LDXP *a)
{
    TCGv_i64 at = aligned_addr(s, a->rn, 0, a->sz + 1, false), x = temp(), y = temp();
    if (a->sz == MO_32) { // one access of 64 bits
        TCGv_i64 t = temp();
        tcg_gen_qemu_ld_i64(t, at, MO_64);
        tcg_gen_mov_i64(exclusive_val(), t);
        tcg_gen_ext32u_i64(x, t);
        tcg_gen_shri_i64(y, t, 32);
    } else {
        TCGv_i128 t = tcg_temp_new_i128();
        tcg_gen_qemu_ld_i128(t, at, MO_128);
        tcg_gen_extrl_i128_i64(x, t);
        tcg_gen_extrh_i128_i64(y, t);
        tcg_gen_mov_i64(exclusive_val(), x);
        tcg_gen_mov_i64(exclusive_high(), y);
    }
    if (a->acq) {
        barrier_acquire();
    }
    tcg_gen_mov_i64(exclusive_addr(), at);
    tcg_gen_mov_i64(a64_xdest(a->rt), x);
    tcg_gen_mov_i64(a64_xdest(a->rt2), y);
    return true;
}

// Whether a store-exclusive that fails may fault as well is the implementation's choice: here it does not,
// and its alignment is looked at where it makes an access.
static void check_stx(DisasContext *s, TCGv_i64 at, int size)
{
    if (size != MO_8) {
        a64_gen_align_check(s, at, 1u << size, true);
    }
}

// Sets fail to 0 when what was read by the load is still there and has been replaced.
static void gen_stx(TCGv_i64 fail, TCGv_i64 at, TCGv_i64 v, MemOp mop)
{
    TCGv_i64 old = temp();
    tcg_gen_atomic_cmpxchg_i64(old, at, exclusive_val(), v, mop);
    tcg_gen_setcond_i64(TCG_COND_NE, fail, old, exclusive_val());
}

static void gen_stxp(TCGv_i64 fail, TCGv_i64 at, TCGv_i64 x, TCGv_i64 y)
{
    TCGv_i128 old = tcg_temp_new_i128(), expect = tcg_temp_new_i128(), v = tcg_temp_new_i128();
    TCGv_i64 t = temp(), u = temp();
    tcg_gen_concat_i64_i128(expect, exclusive_val(), exclusive_high());
    tcg_gen_concat_i64_i128(v, x, y);
    tcg_gen_atomic_cmpxchg_i128(old, at, expect, v, MO_128);
    tcg_gen_extrl_i128_i64(t, old);
    tcg_gen_extrh_i128_i64(u, old);
    tcg_gen_xor_i64(t, t, exclusive_val());
    tcg_gen_xor_i64(u, u, exclusive_high());
    tcg_gen_or_i64(t, t, u);
    tcg_gen_setcondi_i64(TCG_COND_NE, fail, t, 0);
}

bool trans_STXR(DisasContext *s, arg_STXR *a)
{
    TCGLabel *done = gen_new_label();
    TCGv_i64 fail = temp(), at = temp();
    tcg_gen_mov_i64(at, a64_addr_imm(s, a->rn, 0));
    tcg_gen_movi_i64(fail, 1);
    tcg_gen_brcond_i64(TCG_COND_NE, at, exclusive_addr(), done);
    check_stx(s, at, a->sz);
    gen_stx(fail, at, a64_x(a->rt), (MemOp)a->sz);
    gen_set_label(done);
    tcg_gen_movi_i64(exclusive_addr(), (int64_t)ARM_EXCLUSIVE_NONE);
    tcg_gen_mov_i64(a64_xdest(a->rs), fail);
    return true;
}

bool trans_STXP(DisasContext *s, arg_STXP *a)
{
    TCGLabel *done = gen_new_label();
    TCGv_i64 fail = temp(), at = temp(), both = temp();
    tcg_gen_mov_i64(at, a64_addr_imm(s, a->rn, 0));
    tcg_gen_movi_i64(fail, 1);
    tcg_gen_brcond_i64(TCG_COND_NE, at, exclusive_addr(), done);
    check_stx(s, at, a->sz + 1);
    if (a->sz == MO_32) {
        tcg_gen_deposit_i64(both, a64_x(a->rt), a64_x(a->rt2), 32, 32);
        gen_stx(fail, at, both, MO_64);
    } else {
        gen_stxp(fail, at, a64_x(a->rt), a64_x(a->rt2));
    }
    gen_set_label(done);
    tcg_gen_movi_i64(exclusive_addr(), (int64_t)ARM_EXCLUSIVE_NONE);
    tcg_gen_mov_i64(a64_xdest(a->rs), fail);
    return true;
}

// --- compare and swap --------------------------------------------------------------------------------

bool trans_CAS(DisasContext *s, arg_CAS *a)
{
    if (!a64_has_feature(s, ARM_FEAT_LSE)) {
        return false;
    }
    TCGv_i64 old = temp();
    tcg_gen_atomic_cmpxchg_i64(old, aligned_addr(s, a->rn, 0, a->sz, true), a64_x(a->rs),
                               a64_x(a->rt), (MemOp)a->sz);
    tcg_gen_mov_i64(a64_xdest(a->rs), old);
    return true;
}

bool trans_CASP(DisasContext *s, arg_CASP *a)
{
    if (!a64_has_feature(s, ARM_FEAT_LSE) || a->rs & 1 || a->rt & 1) {
        return false;
    }
    TCGv_i64 at = aligned_addr(s, a->rn, 0, a->sz + 1, true);
    // The second of a pair that begins at 30 is XZR.
    if (a->sz == MO_32) {
        TCGv_i64 expect = temp(), v = temp(), old = temp();
        tcg_gen_deposit_i64(expect, a64_x(a->rs), a64_x(a->rs + 1), 32, 32);
        tcg_gen_deposit_i64(v, a64_x(a->rt), a64_x(a->rt + 1), 32, 32);
        tcg_gen_atomic_cmpxchg_i64(old, at, expect, v, MO_64);
        tcg_gen_ext32u_i64(a64_xdest(a->rs), old);
        tcg_gen_shri_i64(a64_xdest(a->rs + 1), old, 32);
    } else {
        TCGv_i128 expect = tcg_temp_new_i128(), v = tcg_temp_new_i128(), old = tcg_temp_new_i128();
        tcg_gen_concat_i64_i128(expect, a64_x(a->rs), a64_x(a->rs + 1));
        tcg_gen_concat_i64_i128(v, a64_x(a->rt), a64_x(a->rt + 1));
        tcg_gen_atomic_cmpxchg_i128(old, at, expect, v, MO_128);
        tcg_gen_extrl_i128_i64(a64_xdest(a->rs), old);
        tcg_gen_extrh_i128_i64(a64_xdest(a->rs + 1), old);
    }
    return true;
}

// --- fetch and operate -------------------------------------------------------------------------------

typedef void AtomicFn(TCGv_i64 r, TCGv_i64 addr, TCGv_i64 v, MemOp mop);

static bool fetch(DisasContext *s, arg_atomic *a, AtomicFn *fn, bool invert)
{
    if (!a64_has_feature(s, ARM_FEAT_LSE)) {
        return false;
    }
    TCGv_i64 v = a64_x(a->rs), old = temp();
    if (invert) {
        TCGv_i64 t = temp();
        tcg_gen_not_i64(t, v);
        v = t;
    }
    fn(old, aligned_addr(s, a->rn, 0, a->sz, true), v, (MemOp)a->sz);
    tcg_gen_mov_i64(a64_xdest(a->rt), old);
    return true;
}

A64_TRANS(LDADD, fetch, tcg_gen_atomic_fetch_add_i64, false)
A64_TRANS(LDCLR, fetch, tcg_gen_atomic_fetch_and_i64, true)
A64_TRANS(LDEOR, fetch, tcg_gen_atomic_fetch_xor_i64, false)
A64_TRANS(LDSET, fetch, tcg_gen_atomic_fetch_or_i64, false)
A64_TRANS(LDSMAX, fetch, tcg_gen_atomic_fetch_smax_i64, false)
A64_TRANS(LDSMIN, fetch, tcg_gen_atomic_fetch_smin_i64, false)
A64_TRANS(LDUMAX, fetch, tcg_gen_atomic_fetch_umax_i64, false)
A64_TRANS(LDUMIN, fetch, tcg_gen_atomic_fetch_umin_i64, false)
A64_TRANS(SWP, fetch, tcg_gen_atomic_xchg_i64, false)
