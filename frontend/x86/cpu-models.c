// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPU models and the feature table.  A feature is one row: its number, its name, and where CPUID shows
// it.  The CPUID words of a model are made from its features, so what is shown and what is decoded
// cannot differ.

#include "frontend/x86/cpu-models.h"

#include <glib.h>
#include <string.h>

#include "frontend/x86/translate.h"

typedef enum CpuidWord { W_1C, W_7B, W_7C, W_71A, W_E1C, W_E1D, W_D1A, W_COUNT } CpuidWord;

typedef struct FeatureRow {
    X86Feature feature;
    const char *name;
    CpuidWord word;
    uint8_t bit;
} FeatureRow;

// Bits: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E.
// clang-format off
static const FeatureRow features[] = {
    {X86_FEAT_SSE3,          "sse3",          W_1C,  0},
    {X86_FEAT_PCLMUL,        "pclmulqdq",     W_1C,  1},
    {X86_FEAT_SSSE3,         "ssse3",         W_1C,  9},
    {X86_FEAT_FMA,           "fma",           W_1C,  12},
    {X86_FEAT_CX16,          "cx16",          W_1C,  13},
    {X86_FEAT_SSE41,         "sse4.1",        W_1C,  19},
    {X86_FEAT_SSE42,         "sse4.2",        W_1C,  20},
    {X86_FEAT_MOVBE,         "movbe",         W_1C,  22},
    {X86_FEAT_POPCNT,        "popcnt",        W_1C,  23},
    {X86_FEAT_AES,           "aes",           W_1C,  25},
    {X86_FEAT_XSAVE,         "xsave",         W_1C,  26},
    {X86_FEAT_AVX,           "avx",           W_1C,  28},
    {X86_FEAT_F16C,          "f16c",          W_1C,  29},
    {X86_FEAT_RDRAND,        "rdrand",        W_1C,  30},
    {X86_FEAT_FSGSBASE,      "fsgsbase",      W_7B,  0},
    {X86_FEAT_BMI1,          "bmi1",          W_7B,  3},
    {X86_FEAT_AVX2,          "avx2",          W_7B,  5},
    {X86_FEAT_BMI2,          "bmi2",          W_7B,  8},
    {X86_FEAT_ERMS,          "erms",          W_7B,  9},
    {X86_FEAT_RDSEED,        "rdseed",        W_7B,  18},
    {X86_FEAT_ADX,           "adx",           W_7B,  19},
    {X86_FEAT_CLFLUSHOPT,    "clflushopt",    W_7B,  23},
    {X86_FEAT_CLWB,          "clwb",          W_7B,  24},
    {X86_FEAT_SHA,           "sha-ni",        W_7B,  29},
    {X86_FEAT_VAES,          "vaes",          W_7C,  9},
    {X86_FEAT_VPCLMULQDQ,    "vpclmulqdq",    W_7C,  10},
    {X86_FEAT_RDPID,         "rdpid",         W_7C,  22},
    {X86_FEAT_LAHF,          "lahf-lm",       W_E1C, 0},
    {X86_FEAT_LZCNT,         "lzcnt",         W_E1C, 5},
    {X86_FEAT_SSE4A,         "sse4a",         W_E1C, 6},
    {X86_FEAT_3DNOWPREFETCH, "3dnowprefetch", W_E1C, 8},
    {X86_FEAT_RDTSCP,        "rdtscp",        W_E1D, 27},
    {X86_FEAT_XSAVEOPT,      "xsaveopt",      W_D1A, 0},
    {X86_FEAT_XSAVEC,        "xsavec",        W_D1A, 1},
};
// clang-format on

#define F(name) (1ull << X86_FEAT_##name)
#define FEATURES_QEMU64 (F(SSE3) | F(CX16) | F(LAHF) | F(SSE4A))
#define FEATURES_V2 (F(SSE3) | F(SSSE3) | F(SSE41) | F(SSE42) | F(POPCNT) | F(CX16) | F(LAHF))
#define FEATURES_V3                                                                                \
    (FEATURES_V2 | F(AVX) | F(AVX2) | F(BMI1) | F(BMI2) | F(F16C) | F(FMA) | F(LZCNT) | F(MOVBE) | \
     F(XSAVE))
// All that there is.
#define FEATURES_MAX                                                                               \
    (FEATURES_V3 | F(ADX) | F(AES) | F(PCLMUL) | F(VAES) | F(VPCLMULQDQ) | F(SHA) | F(RDRAND) |    \
     F(RDSEED) | F(FSGSBASE) | F(CLFLUSHOPT) | F(CLWB) | F(RDPID) | F(RDTSCP) | F(3DNOWPREFETCH) | \
     F(SSE4A) | F(XSAVEOPT) | F(XSAVEC) | F(ERMS))

#define MAX_MODELS 64

// Vendor AMD, as `qemu64` has it: Intel's would promise legacy details that differ.
#define IDENTITY(fam, mod) .vendor = "AuthenticAMD", .family = (fam), .model = (mod), .stepping = 1

static const X86CPUModel builtin_models[] = {
    {.name = "max",
     .description = "x86-64-v3 and every other extension that myna has (the default, but for AVX "
                    "when the host has no AVX2)",
     .brand = "myna virtual CPU",
     IDENTITY(15, 107),
     .features = FEATURES_MAX},
    {.name = "x86-64-v3",
     .description = "the psABI's level 3: AVX2, FMA, BMI, F16C, MOVBE",
     .brand = "myna virtual CPU, x86-64-v3",
     IDENTITY(15, 107),
     .features = FEATURES_V3},
    {.name = "x86-64-v2",
     .description = "the psABI's level 2: SSE4.2, POPCNT, CMPXCHG16B, LAHF",
     .brand = "myna virtual CPU, x86-64-v2",
     IDENTITY(15, 107),
     .features = FEATURES_V2},
    {.name = "x86-64-v1",
     .description = "the psABI's baseline: SSE2",
     .brand = "myna virtual CPU, x86-64-v1",
     IDENTITY(15, 107),
     .features = 0},
    {.name = "qemu64",
     .description = "QEMU's model of this name",
     .brand = "QEMU Virtual CPU version 2.5+",
     IDENTITY(15, 107),
     .features = FEATURES_QEMU64},
};

// Read without the lock: entries are complete before `count` covers them, and are never changed.
static struct {
    GMutex lock;
    unsigned count; // atomic
    X86CPUModel models[MAX_MODELS];
    ZydisDecoder decoders[MAX_MODELS][2];
} registry;

// Leaf 1 EDX: FPU, DE, PSE, TSC, MSR, PAE, MCE, CX8, APIC, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE36,
// CLFSH, MMX, FXSR, SSE, SSE2: what every x86-64 has.
#define LEAF1_EDX_BASE 0x078bfbfdu
// Leaf 0x80000001 EDX repeats most of them and adds SYSCALL, NX and LM.
#define EXT1_EDX_BASE 0x2193fbfdu

static void make_cpuid_words(X86CPUModel *m)
{
    uint32_t words[W_COUNT] = {0};
    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        if (m->features >> features[i].feature & 1) {
            words[features[i].word] |= 1u << features[i].bit;
        }
    }
    if (m->features & F(XSAVE)) {
        words[W_1C] |= 1u << 27; // OSXSAVE: the system has enabled it
        words[W_D1A] |= 1u << 2; // XGETBV with ECX = 1
    }
    words[W_1C] |= 1u << 31; // hypervisor: programs that measure the CPU should know
    m->leaf1_ecx = words[W_1C];
    m->leaf1_edx = LEAF1_EDX_BASE;
    m->leaf7_ebx = words[W_7B];
    m->leaf7_ecx = words[W_7C];
    m->leaf71_eax = words[W_71A];
    m->ext1_ecx = words[W_E1C];
    m->ext1_edx = EXT1_EDX_BASE | words[W_E1D];
    m->leafd1_eax = words[W_D1A];
}

static void init_decoders(unsigned index)
{
    const X86CPUModel *m = &registry.models[index];
    for (unsigned code64 = 0; code64 < 2; code64++) {
        ZydisDecoder *d = &registry.decoders[index][code64];
        if (code64) {
            ZydisDecoderInit(d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        } else {
            ZydisDecoderInit(d, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
        }
        // What a CPU without the extension takes these encodings for.
        ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
        ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_LZCNT, !!(m->features & F(LZCNT)));
        ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_TZCNT, !!(m->features & F(BMI1)));
    }
}

// The lock is held.  Gives the model that has m's name, added if it is new; NULL when there are too many.
static const X86CPUModel *add_model(const X86CPUModel *m)
{
    unsigned n = registry.count;
    for (unsigned i = 0; i < n; i++) {
        if (!strcmp(registry.models[i].name, m->name)) {
            return &registry.models[i];
        }
    }
    if (n == MAX_MODELS) {
        return NULL;
    }
    registry.models[n] = *m;
    registry.models[n].index = (uint8_t)n;
    make_cpuid_words(&registry.models[n]);
    init_decoders(n);
    g_atomic_int_set(&registry.count, n + 1);
    return &registry.models[n];
}

static void add_builtin_models(void)
{
    if (!registry.count) {
        for (unsigned i = 0; i < G_N_ELEMENTS(builtin_models); i++) {
            add_model(&builtin_models[i]);
        }
    }
}

static const FeatureRow *find_feature(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        if (!g_ascii_strcasecmp(features[i].name, name)) {
            return &features[i];
        }
    }
    return NULL;
}

// What a feature cannot be without; who needs another's need stands behind it.
static const struct {
    X86Feature feature, needs;
} needs[] = {
    {X86_FEAT_XSAVEOPT, X86_FEAT_XSAVE}, {X86_FEAT_XSAVEC, X86_FEAT_XSAVE},
    {X86_FEAT_AVX, X86_FEAT_XSAVE},      {X86_FEAT_AVX2, X86_FEAT_AVX},
    {X86_FEAT_FMA, X86_FEAT_AVX},        {X86_FEAT_F16C, X86_FEAT_AVX},
    {X86_FEAT_VAES, X86_FEAT_AVX2},      {X86_FEAT_VPCLMULQDQ, X86_FEAT_AVX2},
};

// Adding a feature adds what it needs, taking one away takes what needs it.
static bool apply_word(X86CPUModel *m, const char *word)
{
    const FeatureRow *f = find_feature(word + 1);
    if (!f || (*word != '+' && *word != '-')) {
        return false;
    }
    if (*word == '+') {
        m->features |= 1ull << f->feature;
        for (unsigned i = G_N_ELEMENTS(needs); i-- > 0;) {
            if (m->features >> needs[i].feature & 1) {
                m->features |= 1ull << needs[i].needs;
            }
        }
    } else {
        m->features &= ~(1ull << f->feature);
        for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++) {
            if (!(m->features >> needs[i].needs & 1)) {
                m->features &= ~(1ull << needs[i].feature);
            }
        }
    }
    return true;
}

static const X86CPUModel *find_locked(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    const X86CPUModel *base = NULL;
    for (unsigned i = 0; words[0] && i < G_N_ELEMENTS(builtin_models); i++) {
        if (!strcmp(words[0], builtin_models[i].name)) {
            base = &registry.models[i];
        }
    }
    if (!base || !words[1]) {
        return base;
    }
    X86CPUModel m = *base;
    for (unsigned i = 1; words[i]; i++) {
        if (!apply_word(&m, words[i])) {
            return NULL;
        }
    }
    m.name = g_intern_string(text);
    return add_model(&m);
}

// A guest that finds AVX uses it, which pays where the host has it too.
static const char *default_model(void)
{
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("f16c")) {
        return "max,-avx";
    }
#endif
    return "max";
}

const X86CPUModel *x86_model_find(const char *text)
{
    g_mutex_lock(&registry.lock);
    add_builtin_models();
    const X86CPUModel *m = find_locked(text ? text : default_model());
    g_mutex_unlock(&registry.lock);
    return m;
}

const X86CPUModel *x86_model_by_index(unsigned index)
{
    unsigned n = (unsigned)g_atomic_int_get(&registry.count);
    return index < n ? &registry.models[index] : x86_model_find(NULL);
}

const ZydisDecoder *x86_model_decoder(const X86CPUModel *model, bool code64)
{
    return &registry.decoders[model->index][code64];
}

void x86_model_list(FILE *f)
{
    fprintf(f, "Available CPUs:\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(builtin_models); i++) {
        fprintf(f, "  %-12s %s\n", builtin_models[i].name, builtin_models[i].description);
    }
    fprintf(f, "\nA feature is added or taken away behind a comma (max,-sha-ni):\n ");
    for (unsigned i = 0; i < G_N_ELEMENTS(features); i++) {
        fprintf(f, " %s", features[i].name);
    }
    fprintf(f, "\n");
}
