// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cryptographic extensions, and PMULL.  What is vector arithmetic is TCG ops; rounds and S-boxes are
// pure helpers (helpers/aarch64/crypto-*.c), where the host has the instruction those that use it: the
// choice is made when a block is translated.

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "frontend/aarch64/helpers.h"
#include "frontend/aarch64/simd.h"

typedef struct HostCrypto {
    bool known, aes, pclmul, sha;
} HostCrypto;

static const HostCrypto *host_crypto(void)
{
    static _Thread_local HostCrypto host;
    if (!host.known) {
        host.known = true;
#ifdef __x86_64__
        unsigned a, b, c, d;
        if (__get_cpuid(1, &a, &b, &c, &d)) {
            host.aes = c & bit_AES;
            host.pclmul = c & bit_PCLMUL;
        }
        if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
            host.sha = b & bit_SHA;
        }
#endif
    }
    return &host;
}

typedef void Fn1(TCGv_vec r, TCGv_vec a);
typedef void Fn2(TCGv_vec r, TCGv_vec a, TCGv_vec b);
typedef void Fn3(TCGv_vec r, TCGv_vec a, TCGv_vec b, TCGv_vec c);

// --- AES, PMULL, SM4 --------------------------------------------------------------------------------------

// AESE, AESD: the key is added first.
static bool do_aes_key(DisasContext *s, arg_crr *a, bool decrypt)
{
    static Fn1 *const fn[2][2] = {{gen_helper_a64_aese, gen_helper_a64_aesd},
                                  {gen_helper_a64_aese_hw, gen_helper_a64_aesd_hw}};
    TCGv_vec x = new_vec();
    tcg_gen_xor_vec(MO_64, x, a64_v(a->rd), a64_v(a->rn));
    fn[host_crypto()->aes][decrypt](a64_v(a->rd), x);
    s->aes.pc = s->pc;
    s->aes.rd = a->rd;
    s->aes.decrypt = decrypt;
    s->aes.input = x;
    return true;
}

// AESMC, AESIMC.  Behind an AESE or AESD of the same register, as programs have it, the two are one
// instruction of the host, whose operand is the former's; what the former gives is then dead.
static bool do_aes_mix(DisasContext *s, arg_crr *a, bool decrypt)
{
    static Fn1 *const fn[2][2] = {{gen_helper_a64_aesmc, gen_helper_a64_aesimc},
                                  {gen_helper_a64_aesmc_hw, gen_helper_a64_aesimc_hw}};
    bool follows = s->aes.pc && s->aes.pc + 4 == s->pc && s->aes.rd == a->rn &&
                   s->aes.decrypt == decrypt;
    if (follows && host_crypto()->aes) {
        (decrypt ? gen_helper_a64_aesd_imc_hw : gen_helper_a64_aese_mc_hw)(a64_v(a->rd),
                                                                           s->aes.input);
    } else {
        fn[host_crypto()->aes][decrypt](a64_v(a->rd), a64_v(a->rn));
    }
    return true;
}

TRANS_FEAT(AESE, AES, do_aes_key, false)
TRANS_FEAT(AESD, AES, do_aes_key, true)
TRANS_FEAT(AESMC, AES, do_aes_mix, false)
TRANS_FEAT(AESIMC, AES, do_aes_mix, true)

bool trans_PMULL_v(DisasContext *s, arg_PMULL_v *a)
{
    if (a->esz == MO_8) {
        TCGv_vec x = new_vec(), y = new_vec();
        gen_widen(MO_8, x, a64_v(a->rn), false, a->q);
        gen_widen(MO_8, y, a64_v(a->rm), false, a->q);
        gen_pmul(MO_16, a64_v(a->rd), x, y);
        return true;
    }
    if (a->esz != MO_64 || !a64_has_feature(s, ARM_FEAT_PMULL)) {
        return false;
    }
    TCGv_i64 x = tcg_temp_new_i64(), y = tcg_temp_new_i64();
    unsigned lane = a->q == FORM_128;
    tcg_gen_extract_vec_i64(MO_64, x, a64_v(a->rn), lane);
    tcg_gen_extract_vec_i64(MO_64, y, a64_v(a->rm), lane);
    (host_crypto()->pclmul ? gen_helper_a64_pmull_hw : gen_helper_a64_pmull)(a64_v(a->rd), x, y);
    return true;
}

bool trans_SM4E(DisasContext *s, arg_SM4E *a)
{
    if (!a64_has_feature(s, ARM_FEAT_SM4)) {
        return false;
    }
    gen_helper_a64_sm4e(a64_v(a->rd), a64_v(a->rd), a64_v(a->rn));
    return true;
}

bool trans_SM4EKEY(DisasContext *s, arg_SM4EKEY *a)
{
    if (!a64_has_feature(s, ARM_FEAT_SM4)) {
        return false;
    }
    gen_helper_a64_sm4ekey(a64_v(a->rd), a64_v(a->rn), a64_v(a->rm));
    return true;
}

// --- SHA --------------------------------------------------------------------------------------------------

static bool do_sha3(DisasContext *s, arg_crrr *a, Fn3 *portable, Fn3 *hw)
{
    (void)s;
    TCGv_vec d = a64_v(a->rd);
    (hw && host_crypto()->sha ? hw : portable)(d, d, a64_v(a->rn), a64_v(a->rm));
    return true;
}

#define SHA3(NAME, FEAT, fn)                                                                       \
    TRANS_FEAT(NAME, FEAT, do_sha3, gen_helper_a64_##fn, gen_helper_a64_##fn##_hw)
SHA3(SHA1C, SHA1, sha1c)
SHA3(SHA1P, SHA1, sha1p)
SHA3(SHA1M, SHA1, sha1m)
SHA3(SHA256H, SHA256, sha256h)
SHA3(SHA256H2, SHA256, sha256h2)
TRANS_FEAT(SM3PARTW1, SM3, do_sha3, gen_helper_a64_sm3partw1, NULL)
TRANS_FEAT(SM3PARTW2, SM3, do_sha3, gen_helper_a64_sm3partw2, NULL)

static void gen_rol(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    TCGv_vec x = new_vec(), y = new_vec();
    unsigned w = 8u << vece;
    tcg_gen_shli_vec(vece, x, a, n);
    tcg_gen_shri_vec(vece, y, a, w - n);
    tcg_gen_or_vec(vece, r, x, y);
}

static bool do_sha1h(DisasContext *s, arg_crr *a)
{
    (void)s;
    TCGv_vec x = new_vec();
    gen_rol(MO_32, x, a64_v(a->rn), 30);
    simd_write(a->rd, x, 4);
    return true;
}

// Words 2 and 3 of d, 0 and 1 of n, added to d and m.
static bool do_sha1su0(DisasContext *s, arg_crrr *a)
{
    (void)s;
    static const uint8_t index[2] = {1, 2};
    TCGv_vec x = new_vec(), d = a64_v(a->rd);
    tcg_gen_shuffle_vec(MO_64, x, d, a64_v(a->rn), index);
    tcg_gen_xor_vec(MO_64, x, x, d);
    tcg_gen_xor_vec(MO_64, d, x, a64_v(a->rm));
    return true;
}

// The last word depends on the first of the new ones.
static bool do_sha1su1(DisasContext *s, arg_crr *a)
{
    (void)s;
    static const uint8_t down[4] = {1, 2, 3, 0xff}, last[4] = {0xff, 0xff, 0xff, 0};
    TCGv_vec t = new_vec(), x = new_vec(), d = a64_v(a->rd);
    tcg_gen_shuffle_vec(MO_32, t, a64_v(a->rn), a64_v(a->rn), down);
    tcg_gen_xor_vec(MO_32, t, t, d);
    gen_rol(MO_32, x, t, 2);
    tcg_gen_shuffle_vec(MO_32, x, x, x, last);
    gen_rol(MO_32, t, t, 1);
    tcg_gen_xor_vec(MO_32, d, t, x);
    return true;
}

static bool do_sha256su0(DisasContext *s, arg_crr *a)
{
    (void)s;
    TCGv_vec d = a64_v(a->rd);
    (host_crypto()->sha ? gen_helper_a64_sha256su0_hw : gen_helper_a64_sha256su0)(d, d,
                                                                                  a64_v(a->rn));
    return true;
}

static bool do_sha256su1(DisasContext *s, arg_crrr *a)
{
    (void)s;
    static const uint8_t index[4] = {1, 2, 3, 4};
    TCGv_vec x = new_vec(), d = a64_v(a->rd), m = a64_v(a->rm);
    tcg_gen_shuffle_vec(MO_32, x, a64_v(a->rn), m, index);
    tcg_gen_add_vec(MO_32, x, x, d);
    (host_crypto()->sha ? gen_helper_a64_sha256su1_hw : gen_helper_a64_sha256su1)(d, x, m);
    return true;
}

// The sums of FIPS 180-4, 4.1.3.
static TCGv_i64 sum512(TCGv_i64 a, unsigned ror1, unsigned ror2, unsigned ror3)
{
    TCGv_i64 x = tcg_temp_new_i64(), y = tcg_temp_new_i64();
    tcg_gen_rotri_i64(x, a, ror1);
    tcg_gen_rotri_i64(y, a, ror2);
    tcg_gen_xor_i64(x, x, y);
    tcg_gen_rotri_i64(y, a, ror3);
    tcg_gen_xor_i64(x, x, y);
    return x;
}

// x ? y : z, a bit
static TCGv_i64 choose(TCGv_i64 x, TCGv_i64 y, TCGv_i64 z)
{
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_xor_i64(r, y, z);
    tcg_gen_and_i64(r, r, x);
    tcg_gen_xor_i64(r, r, z);
    return r;
}

static TCGv_i64 majority(TCGv_i64 x, TCGv_i64 y, TCGv_i64 z)
{
    TCGv_i64 r = tcg_temp_new_i64(), both = tcg_temp_new_i64();
    tcg_gen_or_i64(r, x, y);
    tcg_gen_and_i64(r, r, z);
    tcg_gen_and_i64(both, x, y);
    tcg_gen_or_i64(r, r, both);
    return r;
}

// Two rounds: the second is the same step again, on what the first gave.  SHA512H2 is about Maj and the
// other sum.
static bool do_sha512h(DisasContext *s, arg_crrr *a, bool second)
{
    (void)s;
    TCGv_i64 d[2], x[2], y[2], t = tcg_temp_new_i64();
    for (unsigned i = 0; i < 2; i++) {
        tcg_gen_extract_vec_i64(MO_64, d[i] = tcg_temp_new_i64(), a64_v(a->rd), i);
        tcg_gen_extract_vec_i64(MO_64, x[i] = tcg_temp_new_i64(), a64_v(a->rn), i);
        tcg_gen_extract_vec_i64(MO_64, y[i] = tcg_temp_new_i64(), a64_v(a->rm), i);
    }
    TCGv_i64 f = second ? majority(x[0], y[1], y[0]) : choose(y[1], x[0], x[1]);
    tcg_gen_add_i64(d[1], d[1], f);
    tcg_gen_add_i64(d[1], d[1], second ? sum512(y[0], 28, 34, 39) : sum512(y[1], 14, 18, 41));
    if (second) {
        tcg_gen_mov_i64(t, d[1]);
    } else {
        tcg_gen_add_i64(t, d[1], y[0]);
    }
    f = second ? majority(t, y[0], y[1]) : choose(t, y[1], x[0]);
    tcg_gen_add_i64(d[0], d[0], f);
    tcg_gen_add_i64(d[0], d[0], second ? sum512(t, 28, 34, 39) : sum512(t, 14, 18, 41));
    TCGv_vec r = new_vec();
    tcg_gen_zext_i64_v128(r, d[0]);
    tcg_gen_insert_vec_i64(MO_64, a64_v(a->rd), r, d[1], 1);
    return true;
}

TRANS_FEAT(SHA512H, SHA512, do_sha512h, false)
TRANS_FEAT(SHA512H2, SHA512, do_sha512h, true)

static void sigma512(TCGv_vec r, TCGv_vec a, unsigned ror1, unsigned ror2, unsigned shr)
{
    TCGv_vec x = new_vec(), y = new_vec();
    gen_rol(MO_64, x, a, 64 - ror1);
    gen_rol(MO_64, y, a, 64 - ror2);
    tcg_gen_xor_vec(MO_64, x, x, y);
    tcg_gen_shri_vec(MO_64, y, a, shr);
    tcg_gen_xor_vec(MO_64, r, x, y);
}

static bool do_sha512su0(DisasContext *s, arg_crr *a)
{
    (void)s;
    static const uint8_t index[2] = {1, 2};
    TCGv_vec x = new_vec(), d = a64_v(a->rd);
    tcg_gen_shuffle_vec(MO_64, x, d, a64_v(a->rn), index);
    sigma512(x, x, 1, 8, 7);
    tcg_gen_add_vec(MO_64, d, d, x);
    return true;
}

static bool do_sha512su1(DisasContext *s, arg_crrr *a)
{
    (void)s;
    TCGv_vec x = new_vec(), d = a64_v(a->rd);
    sigma512(x, a64_v(a->rn), 19, 61, 6);
    tcg_gen_add_vec(MO_64, x, x, a64_v(a->rm));
    tcg_gen_add_vec(MO_64, d, d, x);
    return true;
}

TRANS_FEAT(SHA1H, SHA1, do_sha1h)
TRANS_FEAT(SHA1SU0, SHA1, do_sha1su0)
TRANS_FEAT(SHA1SU1, SHA1, do_sha1su1)
TRANS_FEAT(SHA256SU0, SHA256, do_sha256su0)
TRANS_FEAT(SHA256SU1, SHA256, do_sha256su1)
TRANS_FEAT(SHA512SU0, SHA512, do_sha512su0)
TRANS_FEAT(SHA512SU1, SHA512, do_sha512su1)

// --- SHA-3 ------------------------------------------------------------------------------------------------

static bool do_rax1(DisasContext *s, arg_crrr *a)
{
    (void)s;
    TCGv_vec x = new_vec();
    gen_rol(MO_64, x, a64_v(a->rm), 1);
    tcg_gen_xor_vec(MO_64, a64_v(a->rd), a64_v(a->rn), x);
    return true;
}

static bool do_xar(DisasContext *s, arg_crrri *a)
{
    (void)s;
    TCGv_vec x = new_vec();
    tcg_gen_xor_vec(MO_64, x, a64_v(a->rn), a64_v(a->rm));
    if (a->imm) {
        gen_rol(MO_64, x, x, 64 - (unsigned)a->imm);
    }
    tcg_gen_mov_vec(a64_v(a->rd), x);
    return true;
}

static bool do_eor3(DisasContext *s, arg_crrrr *a)
{
    (void)s;
    TCGv_vec x = new_vec();
    tcg_gen_xor_vec(MO_64, x, a64_v(a->rn), a64_v(a->rm));
    tcg_gen_xor_vec(MO_64, a64_v(a->rd), x, a64_v(a->ra));
    return true;
}

static bool do_bcax(DisasContext *s, arg_crrrr *a)
{
    (void)s;
    TCGv_vec x = new_vec();
    tcg_gen_andc_vec(MO_64, x, a64_v(a->rm), a64_v(a->ra));
    tcg_gen_xor_vec(MO_64, a64_v(a->rd), a64_v(a->rn), x);
    return true;
}

TRANS_FEAT(RAX1, SHA3, do_rax1)
TRANS_FEAT(XAR, SHA3, do_xar)
TRANS_FEAT(EOR3, SHA3, do_eor3)
TRANS_FEAT(BCAX, SHA3, do_bcax)

// --- SM3 --------------------------------------------------------------------------------------------------

// Word 3 alone.
static bool do_sm3ss1(DisasContext *s, arg_crrrr *a)
{
    (void)s;
    static const uint8_t last[4] = {0xff, 0xff, 0xff, 3};
    TCGv_vec x = new_vec();
    gen_rol(MO_32, x, a64_v(a->rn), 12);
    tcg_gen_add_vec(MO_32, x, x, a64_v(a->rm));
    tcg_gen_add_vec(MO_32, x, x, a64_v(a->ra));
    gen_rol(MO_32, x, x, 7);
    tcg_gen_shuffle_vec(MO_32, a64_v(a->rd), x, x, last);
    return true;
}

static bool do_sm3tt(DisasContext *s, arg_crrri *a, bool second, int b)
{
    (void)s;
    TCGv_i64 x = tcg_temp_new_i64();
    TCGv_i32 w = tcg_temp_new_i32();
    TCGv_vec d = a64_v(a->rd);
    tcg_gen_extract_vec_i64(MO_32, x, a64_v(a->rm), (unsigned)a->imm);
    tcg_gen_extrl_i64_i32(w, x);
    (second ? gen_helper_a64_sm3tt2 : gen_helper_a64_sm3tt1)(d, d, a64_v(a->rn), w,
                                                             tcg_constant_i32(b));
    return true;
}

TRANS_FEAT(SM3SS1, SM3, do_sm3ss1)
TRANS_FEAT(SM3TT1A, SM3, do_sm3tt, false, 0)
TRANS_FEAT(SM3TT1B, SM3, do_sm3tt, false, 1)
TRANS_FEAT(SM3TT2A, SM3, do_sm3tt, true, 0)
TRANS_FEAT(SM3TT2B, SM3, do_sm3tt, true, 1)
