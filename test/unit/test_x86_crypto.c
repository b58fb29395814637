// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_helpers
//
// The portable AES, PCLMUL and SHA helpers against known answers (FIPS 197, FIPS 180-4) and against the
// host's own instructions, where it has them.

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "helpers/x86/cpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

static uint64_t seed = 1;

static uint64_t rnd(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static V128 random_v128(void) { return (V128){.q = {rnd(), rnd()}}; }

static bool host_has(const char *isa)
{
#ifdef __x86_64__
    unsigned a, b, c, d;
    if (!strcmp(isa, "sha")) {
        return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
    }
    return __get_cpuid(1, &a, &b, &c, &d) && (c & (strcmp(isa, "aes") ? bit_PCLMUL : bit_AES));
#else
    (void)isa;
    return false;
#endif
}

// FIPS 197, appendix B: the first round of the example, and its key expansion.
static void test_aes_known(void **state)
{
    (void)state;
    static const V128 start = {.b = {0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b, 0x9a, 0xc6,
                                     0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08}};
    static const V128 key1 = {.b = {0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1, 0x23, 0xa3,
                                    0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05}};
    static const V128 round2 = {.b = {0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b, 0x6b, 0x5b,
                                      0xea, 0x43, 0x02, 0x6a, 0x50, 0x49}};
    V128 r;
    helper_x86_aesenc(&r, &start, &key1);
    assert_memory_equal(&r, &round2, 16);

    static const V128 key = {.b = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15,
                                   0x88, 0x09, 0xcf, 0x4f, 0x3c}};
    helper_x86_aeskeygenassist(&r, &key, 1);
    assert_int_equal(r.l[3] ^ key.l[0], key1.l[0]);
}

// SHA-256 and SHA-1 of "abc" by the instructions' round functions.
static void test_sha256_known(void **state)
{
    (void)state;
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    static const uint32_t h0[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    V128 w[16] = {{.l = {0x61626380}}, {.l = {0}}, {.l = {0}}, {.l = {0, 0, 0, 24}}};
    for (unsigned i = 4; i < 16; i++) {
        V128 t, seven = {.l = {w[i - 2].l[1], w[i - 2].l[2], w[i - 2].l[3], w[i - 1].l[0]}};
        helper_x86_sha256msg1(&t, &w[i - 4], &w[i - 3]);
        for (unsigned j = 0; j < 4; j++) {
            t.l[j] += seven.l[j];
        }
        helper_x86_sha256msg2(&w[i], &t, &w[i - 1]);
    }
    V128 abef = {.l = {h0[5], h0[4], h0[1], h0[0]}}, cdgh = {.l = {h0[7], h0[6], h0[3], h0[2]}};
    for (unsigned i = 0; i < 64; i += 2) {
        V128 wk = {.l = {w[i / 4].l[i % 4] + k[i], w[i / 4].l[i % 4 + 1] + k[i + 1]}}, next;
        helper_x86_sha256rnds2(&next, &cdgh, &abef, &wk);
        cdgh = abef;
        abef = next;
    }
    assert_int_equal(abef.l[3] + h0[0], 0xba7816bf);
    assert_int_equal(abef.l[2] + h0[1], 0x8f01cfea);
    assert_int_equal(cdgh.l[3] + h0[2], 0x414140de);
    assert_int_equal(cdgh.l[2] + h0[3], 0x5dae2223);
    assert_int_equal(abef.l[1] + h0[4], 0xb00361a3);
    assert_int_equal(abef.l[0] + h0[5], 0x96177a9c);
    assert_int_equal(cdgh.l[1] + h0[6], 0xb410ff61);
    assert_int_equal(cdgh.l[0] + h0[7], 0xf20015ad);
}

typedef void Fn2(V128 *r, const V128 *a, const V128 *b);
typedef void Fn1(V128 *r, const V128 *a);

static void test_against_host(void **state)
{
    static const struct {
        const char *name, *isa;
        Fn2 *portable, *hw;
    } two[] = {
#define TWO(name, isa) {#name, isa, helper_x86_##name, helper_x86_##name##_hw}
        TWO(aesenc, "aes"),     TWO(aesenclast, "aes"), TWO(aesdec, "aes"),
        TWO(aesdeclast, "aes"), TWO(sha1msg1, "sha"),   TWO(sha1msg2, "sha"),
        TWO(sha1nexte, "sha"),  TWO(sha256msg1, "sha"), TWO(sha256msg2, "sha"),
    };
    (void)state;
    for (unsigned run = 0; run < 1000; run++) {
        V128 a = random_v128(), b = random_v128(), c = random_v128(), x, y;
        for (unsigned i = 0; i < sizeof two / sizeof *two; i++) {
            if (host_has(two[i].isa)) {
                two[i].portable(&x, &a, &b);
                two[i].hw(&y, &a, &b);
                if (memcmp(&x, &y, 16)) {
                    fail_msg("%s differs from the host's", two[i].name);
                }
            }
        }
        if (host_has("aes")) {
            helper_x86_aesimc(&x, &a);
            helper_x86_aesimc_hw(&y, &a);
            assert_memory_equal(&x, &y, 16);
            helper_x86_aeskeygenassist(&x, &a, run & 0xff);
            helper_x86_aeskeygenassist_hw(&y, &a, run & 0xff);
            assert_memory_equal(&x, &y, 16);
        }
        if (host_has("pclmul")) {
            helper_x86_pclmul(&x, a.q[0], b.q[1]);
            helper_x86_pclmul_hw(&y, a.q[0], b.q[1]);
            assert_memory_equal(&x, &y, 16);
        }
        if (host_has("sha")) {
            helper_x86_sha1rnds4(&x, &a, &b, run & 3);
            helper_x86_sha1rnds4_hw(&y, &a, &b, run & 3);
            assert_memory_equal(&x, &y, 16);
            helper_x86_sha256rnds2(&x, &a, &b, &c);
            helper_x86_sha256rnds2_hw(&y, &a, &b, &c);
            assert_memory_equal(&x, &y, 16);
        }
    }
}

// (x^63 + 1) * (x + 1) and the all-ones square, by hand.
static void test_pclmul_known(void **state)
{
    (void)state;
    V128 r;
    helper_x86_pclmul(&r, 0x8000000000000001, 3);
    assert_int_equal(r.q[0], 0x8000000000000003);
    assert_int_equal(r.q[1], 1);
    helper_x86_pclmul(&r, ~0ull, ~0ull);
    assert_int_equal(r.q[0], 0x5555555555555555);
    assert_int_equal(r.q[1], 0x5555555555555555);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes_known),
        cmocka_unit_test(test_sha256_known),
        cmocka_unit_test(test_pclmul_known),
        cmocka_unit_test(test_against_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
