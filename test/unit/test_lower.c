// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm myna_tcg
// TIMEOUT: 300
//
// Every op under LLVM, at O0 and O2, against the interpreter: results, guest memory, FP exception flags.
//
// A block holds many instances of one op.  Their operands are loaded from env and their results stored
// there, so that the first difference names the instance.  Operands are drawn from a list of values that
// tend to matter (zeros, extremes, NaNs, halves) and from random bits; a part of them are constants, which
// the pipeline folds.  MYNA_TEST_SEED sets the seed, MYNA_TEST_OP restricts to one op.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lower-harness.h"

enum { INSTANCES = 24, SLOT = 32, MEMORY = 4096 };

static uint64_t rng_state = 1;

static uint64_t rnd(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n) { return (unsigned)(rnd() >> 33) % n; }

// --- operands ------------------------------------------------------------------------------------------

static const uint64_t int_values[] = {0,
                                      1,
                                      2,
                                      7,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0x7fff,
                                      0x8000,
                                      0xffff,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0xffffffffffffffff,
                                      0x0123456789abcdef};
static const uint32_t f32_values[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x3fc00000, 0x40200000,
    0xbf000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f812345, 0x00000001,
    0x807fffff, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4effffff, 0x4f7fffff, 0x5f000000,
    0xdf000000, 0x5f7fffff, 0x4b000001, 0x3effffff, 0x33800000};
static const uint64_t f64_values[] = {0,
                                      0x8000000000000000,
                                      0x3ff0000000000000,
                                      0xbff0000000000000,
                                      0x3fe0000000000000,
                                      0x3ff8000000000000,
                                      0x4004000000000000,
                                      0xbfe0000000000000,
                                      0x7ff0000000000000,
                                      0xfff0000000000000,
                                      0x7ff8000000000000,
                                      0xfff8123400000000,
                                      0x7ff0000000000123,
                                      0x0000000000000001,
                                      0x800fffffffffffff,
                                      0x7fefffffffffffff,
                                      0x41dfffffffc00000,
                                      0x41e0000000000000,
                                      0xc1e0000000200000,
                                      0x41efffffffe00000,
                                      0x43e0000000000000,
                                      0xc3e0000000000000,
                                      0x43f0000000000000,
                                      0x41dfffffffe00000,
                                      0x3fdfffffffffffff,
                                      0x36a0000000000000,
                                      0x47efffffe0000000};

typedef enum Flavour { INTEGER, FLOAT32, FLOAT64 } Flavour;

static void fill_value(uint8_t *p, unsigned size, Flavour flavour)
{
    for (unsigned i = 0; i < size; i += flavour == FLOAT32 ? 4 : 8) {
        uint64_t v = rnd();
        unsigned how = below(8);
        if (flavour == FLOAT32) {
            uint32_t w = how < 5   ? f32_values[below(G_N_ELEMENTS(f32_values))]
                         : how < 7 ? (uint32_t)(0x3f000000 + (v & 0x8fffffff) % 0x12000000)
                                   : (uint32_t)v;
            memcpy(p + i, &w, 4);
            continue;
        }
        if (flavour == FLOAT64) {
            v = how < 5   ? f64_values[below(G_N_ELEMENTS(f64_values))]
                : how < 7 ? 0x3fe0000000000000 + (v & 0x80ffffffffffffff)
                          : v;
        } else if (how < 4) {
            v = int_values[below(G_N_ELEMENTS(int_values))];
        } else if (how < 5) {
            v &= 0x0f0f0f0f0f0f0f0full;
        }
        memcpy(p + i, &v, MIN(size - i, 8u));
    }
}

// --- one instance --------------------------------------------------------------------------------------

typedef struct Instance {
    TCGOpcode opc;
    TCGType type;
    unsigned vece;
    intptr_t in, out; // where operands and results are in env
    bool constants;
} Instance;

static bool has(const char *name, const char *part) { return strstr(name, part) != NULL; }

static TCGType letter_type(char letter, TCGType op_type)
{
    switch (letter) {
    case 'i': return TCG_TYPE_I32;
    case 'l': return TCG_TYPE_I64;
    case 'o': return TCG_TYPE_I128;
    case 's': return TCG_TYPE_F32;
    case 'd': return TCG_TYPE_F64;
    case 'h': return TCG_TYPE_V64;
    case 'x': return TCG_TYPE_V128;
    case 'y': return TCG_TYPE_V256;
    default: return op_type;
    }
}

// A fresh temp with the value at `at` in env.
static TCGTemp *load(TCGType type, intptr_t at, bool constant)
{
    TCGTemp *t = tcg_temp_new_type(type);
    switch (type) {
    case TCG_TYPE_I32:
        if (constant) {
            uint32_t v;
            memcpy(&v, (uint8_t *)&test_env + at, 4);
            return tcg_const_type(type, v);
        }
        tcg_gen_ld_i32((TCGv_i32)t, tcg_env(), at);
        break;
    case TCG_TYPE_I64:
        if (constant) {
            uint64_t v;
            memcpy(&v, (uint8_t *)&test_env + at, 8);
            return tcg_const_type(type, v);
        }
        tcg_gen_ld_i64((TCGv_i64)t, tcg_env(), at);
        break;
    case TCG_TYPE_F32: tcg_gen_ld_f32((TCGv_f32)t, tcg_env(), at); break;
    case TCG_TYPE_F64: tcg_gen_ld_f64((TCGv_f64)t, tcg_env(), at); break;
    case TCG_TYPE_I128: {
        TCGv_i64 lo = tcg_temp_new_i64(), hi = tcg_temp_new_i64();
        tcg_gen_ld_i64(lo, tcg_env(), at);
        tcg_gen_ld_i64(hi, tcg_env(), at + 8);
        tcg_gen_concat_i64_i128((TCGv_i128)t, lo, hi);
        break;
    }
    default:
        if (constant) {
            tcg_gen_movi_vec((TCGv_vec)t, (uint8_t *)&test_env + at);
        } else {
            tcg_gen_ld_vec((TCGv_vec)t, tcg_env(), at);
        }
    }
    return t;
}

static void store(TCGTemp *t, intptr_t at)
{
    switch (t->type) {
    case TCG_TYPE_I32: tcg_gen_st_i32((TCGv_i32)t, tcg_env(), at); break;
    case TCG_TYPE_I64: tcg_gen_st_i64((TCGv_i64)t, tcg_env(), at); break;
    case TCG_TYPE_F32: tcg_gen_st_f32((TCGv_f32)t, tcg_env(), at); break;
    case TCG_TYPE_F64: tcg_gen_st_f64((TCGv_f64)t, tcg_env(), at); break;
    case TCG_TYPE_I128: {
        TCGv_i64 half = tcg_temp_new_i64();
        tcg_gen_extrl_i128_i64(half, (TCGv_i128)t);
        tcg_gen_st_i64(half, tcg_env(), at);
        half = tcg_temp_new_i64();
        tcg_gen_extrh_i128_i64(half, (TCGv_i128)t);
        tcg_gen_st_i64(half, tcg_env(), at + 8);
        break;
    }
    default: tcg_gen_st_vec((TCGv_vec)t, tcg_env(), at);
    }
}

static unsigned op_lanes(const Instance *x) { return tcg_type_size(x->type) >> x->vece; }

static TCGArg random_round(void)
{
    static const unsigned modes[] = {TCG_ROUND_NEAREST, TCG_ROUND_DOWN,    TCG_ROUND_UP,
                                     TCG_ROUND_ZERO,    TCG_ROUND_DYNAMIC, TCG_ROUND_TIES_AWAY};
    return modes[below(6)] | (below(2) ? TCG_ROUND_NOEXC : 0);
}

static MemOp random_memop(const char *name, TCGType type)
{
    unsigned most = type == TCG_TYPE_I32 ? MO_32 : MO_64;
    switch (type) {
    case TCG_TYPE_I32:
    case TCG_TYPE_I64: {
        // An atomic's operand is not extended by every host alike below its width: the table says so
        // for the result only.
        unsigned size = below(most + 1);
        return (MemOp)(size | (below(2) ? MO_SIGN : 0) | (below(3) == 0 && size ? MO_BSWAP : 0));
    }
    case TCG_TYPE_F32: return MO_32;
    case TCG_TYPE_F64: return MO_64;
    case TCG_TYPE_I128:
        return (MemOp)(MO_128 | (below(3) == 0 && !has(name, "cmpxchg") ? MO_BSWAP : 0));
    default: return type == TCG_TYPE_V64 ? MO_64 : type == TCG_TYPE_V128 ? MO_128 : MO_256;
    }
}

// The constants of an op, by what the op is.  first: the first constant.
static TCGArg constant_arg(const Instance *x, const char *name, char letter, unsigned nth,
                           TCGArg first, TCGType value_type)
{
    unsigned width = has(name, "_i32") ? 32 : 64;
    if (letter == 'm') {
        return random_memop(name, value_type);
    }
    if (letter == 'P') {
        uint8_t *bytes = tcg_malloc(32);
        if (x->opc == INDEX_op_movi_vec) {
            fill_value(bytes, 32, INTEGER);
        } else {
            unsigned n = op_lanes(x), kind = below(4);
            for (unsigned i = 0; i < n; i++) {
                bytes[i] = below(5) == 0 && kind != 1 ? 0xff : below(kind == 2 ? n : 2 * n);
                bytes[i] += kind == 3 && bytes[i] < n ? n : 0;
            }
        }
        return (TCGArg)bytes;
    }
    if (has(name, "fsetcond") || has(name, "fcmp")) {
        return below(16) | (below(2) ? TCG_FCOND_SIGNALING : 0);
    }
    if (has(name, "cond") || x->opc == INDEX_op_cmp_vec) {
        return below(TCG_COND_COUNT);
    }
    if (has(name, "fround") || has(name, "fcvt")) {
        return random_round();
    }
    if (has(name, "deposit") || (has(name, "extract_i") && !has(name, "vec")) ||
        has(name, "sextract")) {
        return nth == 0 ? below(width) : 1 + below(width - (unsigned)first);
    }
    if (has(name, "extract2")) {
        return below(width + 1);
    }
    if (has(name, "shli") || has(name, "shri") || has(name, "sari")) {
        return below(8u << x->vece);
    }
    if (has(name, "vec_f32")) {
        return below(tcg_type_size(x->type) / 4);
    }
    if (has(name, "vec_f64")) {
        return below(tcg_type_size(x->type) / 8);
    }
    return below(op_lanes(x)); // a lane
}

static bool is_shift(const char *name)
{
    return g_str_has_prefix(name, "sh") || g_str_has_prefix(name, "sar") ||
           g_str_has_prefix(name, "rot");
}

// Operand nth of an integer op whose values are restricted.
static TCGTemp *restrict_operand(const Instance *x, const char *name, unsigned nth, TCGTemp *t)
{
    bool is_32 = t->type == TCG_TYPE_I32;
    unsigned width = is_32 ? 32 : 64;
    if (!(tcg_op_defs[x->opc].flags & TCG_OPF_VECTOR) && is_shift(name) && nth == 1) {
        TCGTemp *r = tcg_temp_new_type(t->type);
        if (is_32) {
            tcg_gen_andi_i32((TCGv_i32)r, (TCGv_i32)t, width - 1);
        } else {
            tcg_gen_andi_i64((TCGv_i64)r, (TCGv_i64)t, width - 1);
        }
        return r;
    }
    if (has(name, "_vec") && nth == 1 &&
        (has(name, "shls") || has(name, "shrs") || has(name, "sars"))) {
        TCGv_i64 r = tcg_temp_new_i64();
        tcg_gen_andi_i64(r, (TCGv_i64)t, 127);
        return below(3) ? (TCGTemp *)r : t;
    }
    return t;
}

// div, rem: the divisor is made odd and positive, above 1, so that nothing overflows.  div2: the high half
// is made small enough.
static void restrict_division(const char *name, TCGTemp **in)
{
    bool two = has(name, "2_");
    unsigned d = two ? 2 : 1;
    if (in[d]->type == TCG_TYPE_I32) {
        TCGv_i32 r = tcg_temp_new_i32();
        tcg_gen_shri_i32(r, (TCGv_i32)in[d], 1);
        tcg_gen_ori_i32(r, r, 3);
        in[d] = (TCGTemp *)r;
        if (two) {
            TCGv_i32 hi = tcg_temp_new_i32();
            if (below(2)) {
                tcg_gen_movi_i32(hi, 0); // |quotient| may be at its limit: keep the low half small
                TCGv_i32 lo = tcg_temp_new_i32();
                tcg_gen_shri_i32(lo, (TCGv_i32)in[0], 1);
                in[0] = (TCGTemp *)lo;
            } else {
                tcg_gen_sari_i32(hi, (TCGv_i32)in[0], 31);
                if (has(name, "divu2")) {
                    tcg_gen_shri_i32(hi, r, 1);
                }
            }
            in[1] = (TCGTemp *)hi;
        }
    } else {
        TCGv_i64 r = tcg_temp_new_i64();
        tcg_gen_shri_i64(r, (TCGv_i64)in[d], 1);
        tcg_gen_ori_i64(r, r, 3);
        in[d] = (TCGTemp *)r;
        if (two) {
            TCGv_i64 hi = tcg_temp_new_i64();
            if (has(name, "divu2")) {
                tcg_gen_shri_i64(hi, r, 1);
            } else if (below(2)) {
                tcg_gen_sari_i64(hi, (TCGv_i64)in[0], 63);
            } else {
                tcg_gen_shri_i64(hi, r, 2); // below half the divisor
            }
            in[1] = (TCGTemp *)hi;
        }
    }
}

// The address operand of a guest access, in the test's memory; one line of it for each instance.
static TCGTemp *guest_address(const Instance *x, bool atomic)
{
    uint64_t at = (x->out / SLOT % (MEMORY / 64)) * 64;
    at += atomic ? 16 : below(24);
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_movi_i64(t, (int64_t)(uintptr_t)(test_memory + at));
    return (TCGTemp *)t;
}

static void emit_instance(const Instance *x)
{
    const TCGOpDef *def = &tcg_op_defs[x->opc];
    TCGArg args[8];
    TCGTemp *in[6], *out[2];
    unsigned nout = 0, nin = 0, n = 0, nconst = 0;
    const char *p = def->sig;
    TCGType value_type = TCG_TYPE_I64;
    for (; *p != ':'; p++) {
        value_type = letter_type(*p, x->type);
        out[nout++] = tcg_temp_new_type(value_type);
    }
    bool guest = def->flags & TCG_OPF_GUEST_MEM;
    for (p++; *p && !strchr("cmP", *p); p++, nin++) {
        TCGType type = letter_type(*p, x->type);
        bool address = guest && *p == 'l' && (nin == 0 ? nout > 0 : nout == 0);
        if (guest && !address && nout == 0) {
            value_type = type;
        }
        in[nin] = address ? guest_address(x, has(def->name, "atomic"))
                          : restrict_operand(x, def->name, nin,
                                             load(type, x->in + nin * SLOT, x->constants));
    }
    if (has(def->name, "div") || has(def->name, "rem")) {
        if (!(def->flags & TCG_OPF_FP)) {
            restrict_division(def->name, in);
        }
    }
    for (unsigned i = 0; i < nout; i++) {
        args[n++] = (TCGArg)out[i];
    }
    for (unsigned i = 0; i < nin; i++) {
        args[n++] = (TCGArg)in[i];
    }
    TCGArg first = 0;
    for (; *p; p++, nconst++) {
        TCGArg c = constant_arg(x, def->name, *p, nconst, first, value_type);
        first = nconst ? first : c;
        args[n++] = c;
    }
    tcg_emitv(x->opc, x->type, x->vece, n, args);
    for (unsigned i = 0; i < nout; i++) {
        store(out[i], x->out + i * SLOT);
    }
}

// --- which ops, types, lanes ---------------------------------------------------------------------------

static bool is_value_op(TCGOpcode opc)
{
    const TCGOpDef *def = &tcg_op_defs[opc];
    unsigned control = TCG_OPF_BB_START | TCG_OPF_BB_END | TCG_OPF_BB_EXIT | TCG_OPF_CALL;
    if (def->flags & control || opc == INDEX_op_mb || opc == INDEX_op_insn_start ||
        opc == INDEX_op_discard || opc == INDEX_op_count) {
        return false;
    }
    // Accesses to env are what every test is made of.
    return !g_str_has_prefix(def->name, "ld") && !g_str_has_prefix(def->name, "st");
}

static bool lanes_allowed(const char *name, TCGType type, unsigned vece)
{
    bool v64 = type == TCG_TYPE_V64;
    if (has(name, "fwiden") || has(name, "fnarrow")) {
        return (vece == MO_16 || vece == MO_32) && (8u << (vece + 1)) <= tcg_type_size(type) * 8;
    }
    if (name[0] == 'f' && has(name, "_vec")) {
        return vece == MO_32 || vece == MO_64;
    }
    if (g_str_has_prefix(name, "cvt")) {
        return vece == MO_32 || vece == MO_64;
    }
    if (has(name, "_vec_f")) {
        return vece == (has(name, "f32") ? MO_32 : MO_64);
    }
    if (has(name, "tbl_vec") || has(name, "sadu8") || has(name, "mov")) {
        return vece == MO_8;
    }
    if (has(name, "narrow")) {
        return vece >= MO_16;
    }
    if (has(name, "widen") || has(name, "pmadd")) {
        return vece <= (has(name, "pmaddus") ? MO_16 : MO_32);
    }
    if (has(name, "bswap")) {
        return vece >= MO_16;
    }
    return !(v64 && vece == MO_64 && has(name, "shuffle"));
}

static Flavour flavour_of(const char *name, unsigned vece)
{
    if (has(name, "_f32") || (name[0] == 'f' && has(name, "_vec") && vece == MO_32) ||
        has(name, "fwiden")) {
        return FLOAT32;
    }
    if (has(name, "_f64") || (name[0] == 'f' && has(name, "_vec"))) {
        return FLOAT64;
    }
    return INTEGER;
}

static void print_bytes(const char *what, const uint8_t *p, unsigned n)
{
    fprintf(stderr, "  %-8s", what);
    for (unsigned i = n; i-- > 0;) {
        fprintf(stderr, "%02x%s", p[i], i && i % 8 == 0 ? "_" : "");
    }
    fputc('\n', stderr);
}

static unsigned failures;

static bool flags_matter(const char *name)
{
    // Of an unsigned saturating conversion LLVM's form raises other flags (lower-fp.c).
    return !g_str_has_prefix(name, "fcvtu") && !has(name, "fcvts") && !has(name, "fcvt_");
}

// Which of several NaNs a fused multiply-add keeps is the host's choice of instruction form.
static void canonical_nans(const Instance *x, uint8_t *p)
{
    bool f32 = flavour_of(tcg_op_defs[x->opc].name, x->vece) == FLOAT32;
    for (unsigned i = 0; i < SLOT; i += f32 ? 4 : 8) {
        float s;
        double d;
        memcpy(&s, p + i, 4);
        memcpy(&d, p + i, 8);
        if (f32 ? s != s : d != d) {
            memset(p + i, 0xff, f32 ? 4 : 8);
        }
    }
}

static bool same_run(const Instance *xs, TestRun *want, TestRun *got, const char *engine)
{
    const TCGOpDef *def = &tcg_op_defs[xs[0].opc];
    char where[80];
    snprintf(where, sizeof(where), "%s %s vece %u under %s", def->name, tcg_type_name(xs[0].type),
             xs[0].vece, engine);
    for (unsigned i = 0; i < INSTANCES; i++) {
        const Instance *x = &xs[i];
        size_t at = x->out - offsetof(TestEnv, out);
        if (has(def->name, "fma_")) {
            canonical_nans(x, want->out + at);
            canonical_nans(x, got->out + at);
        }
        if (memcmp(want->out + at, got->out + at, 2 * SLOT) != 0) {
            fprintf(stderr, "%s, instance %u%s:\n", where, i, x->constants ? " (constants)" : "");
            for (unsigned k = 0; k < 4; k++) {
                print_bytes("operand", (const uint8_t *)&test_env + x->in + k * SLOT, SLOT);
            }
            print_bytes("expected", want->out + at, SLOT);
            print_bytes("got", got->out + at, SLOT);
            if (memcmp(want->out + at + SLOT, got->out + at + SLOT, SLOT) != 0) {
                print_bytes("exp. 2", want->out + at + SLOT, SLOT);
                print_bytes("got 2", got->out + at + SLOT, SLOT);
            }
            return false;
        }
    }
    if (memcmp(want->memory, got->memory, MEMORY) != 0) {
        fprintf(stderr, "%s: guest memory differs\n", where);
        return false;
    }
    unsigned want_flags = def->flags & TCG_OPF_FP ? want->fp_flags : 0;
    if (has(def->name, "fmin") || has(def->name, "fmax")) {
        // LLVM folds the comparison of two constants, and knows nothing of the denormal flag.
        want_flags &= got->fp_flags | ~2u;
    }
    if (want_flags != got->fp_flags && flags_matter(def->name)) {
        fprintf(stderr, "%s: FP flags 0x%x, expected 0x%x\n", where, got->fp_flags, want_flags);
        return false;
    }
    return true;
}

static void check_op(TCGOpcode opc, TCGType type, unsigned vece)
{
    const TCGOpDef *def = &tcg_op_defs[opc];
    Instance xs[INSTANCES];
    Flavour flavour = flavour_of(def->name, vece);
    memset(test_env.in, 0, sizeof(test_env.in));
    for (size_t i = 0; i < sizeof(test_env.in); i += SLOT) {
        bool to_fp = g_str_has_prefix(def->name, "cvt");
        fill_value(test_env.in + i, SLOT, to_fp ? INTEGER : flavour);
    }
    for (unsigned i = 0; i < INSTANCES; i++) {
        xs[i] = (Instance){.opc = opc,
                           .type = type,
                           .vece = vece,
                           .in = offsetof(TestEnv, in) + i * 4 * SLOT,
                           .out = offsetof(TestEnv, out) + i * 2 * SLOT,
                           .constants = i % 4 == 3};
    }
    test_begin();
    for (unsigned i = 0; i < INSTANCES; i++) {
        emit_instance(&xs[i]);
    }
    tcg_gen_exit_tb(0);
    test_end();
    static const unsigned roundings[] = {0, 1, 2, 3};
    bool fp = def->flags & TCG_OPF_FP;
    TestCompiled *cold = test_compile(LLVM_COLD), *hot = test_compile(LLVM_HOT);
    for (unsigned r = 0; r < (fp ? G_N_ELEMENTS(roundings) : 1); r++) {
        TestRun want, got;
        test_run_interp(roundings[r], &want);
        test_run_compiled(cold, roundings[r], &got);
        failures += !same_run(xs, &want, &got, "LLVM O0");
        test_run_compiled(hot, roundings[r], &got);
        failures += !same_run(xs, &want, &got, "LLVM O2");
    }
    test_compiled_free(cold);
    test_compiled_free(hot);
}

static void test_ops(void **state)
{
    (void)state;
    const char *only = getenv("MYNA_TEST_OP");
    unsigned from = failures;
    for (TCGOpcode opc = (TCGOpcode)0; opc < TCG_OP_COUNT; opc++) {
        const TCGOpDef *def = &tcg_op_defs[opc];
        if (!is_value_op(opc) || (only && strcmp(only, def->name) != 0)) {
            continue;
        }
        bool vector = strchr(def->sig, 'v') != NULL;
        for (TCGType type = TCG_TYPE_V64; type <= (vector ? TCG_TYPE_V256 : TCG_TYPE_V64); type++) {
            for (unsigned vece = MO_8; vece <= (vector ? MO_64 : MO_8); vece++) {
                if (!vector || lanes_allowed(def->name, type, vece)) {
                    check_op(opc, vector ? type : TCG_TYPE_I64, vece);
                }
            }
        }
    }
    assert_int_equal(failures, from);
}

int main(void)
{
    const char *seed = getenv("MYNA_TEST_SEED");
    rng_state = seed ? strtoull(seed, NULL, 0) | 1 : 0x9e3779b97f4a7c15ull;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops),
    };
    return cmocka_run_group_tests_name("lower", tests, test_setup, test_teardown);
}
