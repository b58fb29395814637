// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AES, PCLMULQDQ and SHA, through pure helpers.  Where the host has the instruction, the helper that
// uses it is called instead of the portable one (helpers/x86/crypto-helper.c): the choice is made when
// a block is translated.

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "helpers.h"
#include "vec.h"

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

// r = f(d, operand); arg: index into fn2.
// clang-format off
#define FN2(X)                                                                                     \
    X(aesenc, aes) X(aesenclast, aes) X(aesdec, aes) X(aesdeclast, aes) X(sha1msg1, sha)           \
    X(sha1msg2, sha) X(sha1nexte, sha) X(sha256msg1, sha) X(sha256msg2, sha)
// clang-format on
enum {
#define X(name, feature) FN2_##name,
    FN2(X)
#undef X
};

static bool trans_fn2(DisasContext *s, int which)
{
    static const struct {
        Fn2 *portable, *hw;
        size_t feature;
    } fn2[] = {
#define X(name, feature)                                                                           \
    {gen_helper_x86_##name, gen_helper_x86_##name##_hw, offsetof(HostCrypto, feature)},
        FN2(X)
#undef X
    };
    TCGv_vec a = x86_vec_src(s, 0), b, r = x86_vec_dest(s);
    if (fn2[which].feature == offsetof(HostCrypto, sha)) {
        b = x86_vec_load_unaligned(s, 1,
                                   0); // Zen takes any address, and no program counts on a #GP
    } else {
        b = x86_vec_src(s, 1);
    }
    bool hw = *((const bool *)host_crypto() + fn2[which].feature);
    x86_vec_by_halves2(hw ? fn2[which].hw : fn2[which].portable, r, a, b);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_aesimc(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    Fn1 *fn = host_crypto()->aes ? gen_helper_x86_aesimc_hw : gen_helper_x86_aesimc;
    fn(r, b);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_aeskeygenassist(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    TCGv_i32 rcon = tcg_constant_i32((int32_t)x86_imm8(s, 2));
    (host_crypto()->aes ? gen_helper_x86_aeskeygenassist_hw : gen_helper_x86_aeskeygenassist)(r, b,
                                                                                              rcon);
    x86_vec_commit(s, r);
    return true;
}

static void gen_pclmul(TCGv_vec r, TCGv_vec a, TCGv_vec b, unsigned imm)
{
    TCGv_i64 x = tcg_temp_new_i64(), y = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(MO_64, x, a, imm & 1);
    tcg_gen_extract_vec_i64(MO_64, y, b, imm >> 4 & 1);
    (host_crypto()->pclmul ? gen_helper_x86_pclmul_hw : gen_helper_x86_pclmul)(r, x, y);
}

// Bit 0 of the immediate chooses a half of the first source, bit 4 one of the second.
static bool trans_pclmulqdq(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    unsigned imm = x86_vec_imm8(s, 2);
    if (x86_is_256(s)) {
        TCGv_vec half[2];
        for (unsigned i = 0; i < 2; i++) {
            half[i] = tcg_temp_new_v128();
            gen_pclmul(half[i], x86_vec_half(a, i), x86_vec_half(b, i), imm);
        }
        tcg_gen_concat_v128_v256(r, half[0], half[1]);
    } else {
        gen_pclmul(r, a, b, imm);
    }
    x86_vec_commit(s, r);
    return true;
}

static bool trans_sha1rnds4(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec d = x86_vec_reg(s, 0), b = x86_vec_load_unaligned(s, 1, 0);
    TCGv_i32 imm = tcg_constant_i32((int32_t)(x86_imm8(s, 2) & 3));
    (host_crypto()->sha ? gen_helper_x86_sha1rnds4_hw : gen_helper_x86_sha1rnds4)(d, d, b, imm);
    return true;
}

static bool trans_sha256rnds2(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec d = x86_vec_reg(s, 0), b = x86_vec_load_unaligned(s, 1, 0), wk = x86_xmm(0);
    (host_crypto()->sha ? gen_helper_x86_sha256rnds2_hw : gen_helper_x86_sha256rnds2)(d, d, b, wk);
    return true;
}

// clang-format off
#define ROW X86_ROW
#define ROW_V(m, fn, arg, feat)                                                                    \
    ROW(m, fn, arg, feat),                                                                         \
    {ZYDIS_MNEMONIC_V##m, trans_##fn, arg,                                                         \
     X86_FEAT_##feat | X86_FEAT_256(X86_FEAT_WIDE_##feat) | X86_FEAT_ALSO(X86_FEAT_AVX)}
#define X86_FEAT_WIDE_AES X86_FEAT_VAES
#define X86_FEAT_WIDE_PCLMUL X86_FEAT_VPCLMULQDQ
const X86Row x86_rows_crypto[] = {
    ROW_V(AESENC, fn2, FN2_aesenc, AES), ROW_V(AESENCLAST, fn2, FN2_aesenclast, AES),
    ROW_V(AESDEC, fn2, FN2_aesdec, AES), ROW_V(AESDECLAST, fn2, FN2_aesdeclast, AES),
    ROW_V(AESIMC, aesimc, 0, AES), ROW_V(AESKEYGENASSIST, aeskeygenassist, 0, AES),
    ROW_V(PCLMULQDQ, pclmulqdq, 0, PCLMUL),
    ROW(SHA1MSG1, fn2, FN2_sha1msg1, SHA), ROW(SHA1MSG2, fn2, FN2_sha1msg2, SHA),
    ROW(SHA1NEXTE, fn2, FN2_sha1nexte, SHA), ROW(SHA1RNDS4, sha1rnds4, 0, SHA),
    ROW(SHA256MSG1, fn2, FN2_sha256msg1, SHA), ROW(SHA256MSG2, fn2, FN2_sha256msg2, SHA),
    ROW(SHA256RNDS2, sha256rnds2, 0, SHA),
};
// clang-format on
const size_t x86_rows_crypto_count = sizeof x86_rows_crypto / sizeof *x86_rows_crypto;
