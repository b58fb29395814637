// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPU models: everything that is implemented, and a few processors with less.
//
// A feature shows in two places, AT_HWCAP and the ID registers; both are derived from one table.

#include "frontend/aarch64/cpu-models.h"

#include <glib.h>
#include <string.h>

// Linux's arch/arm64/include/uapi/asm/hwcap.h; an unconditional capability has ARM_FEAT_NONE.
typedef struct FeatureRow {
    ARMFeature feature;
    uint64_t hwcap, hwcap2;
    // Field of an ID register: CRm, op2, shift, value.
    uint8_t crm, op2, shift, value;
} FeatureRow;

#define HWCAP(n) (1ull << (n)), 0
#define HWCAP2(n) 0, (1ull << (n))
#define NO_CAP 0, 0
#define PFR0 4, 0
#define ISAR0 6, 0
#define ISAR1 6, 1
#define MMFR2 7, 2

// clang-format off
static const FeatureRow rows[] = {
    {ARM_FEAT_NONE,    HWCAP(0),   PFR0, 16, 0},  // fp
    {ARM_FEAT_NONE,    HWCAP(1),   PFR0, 20, 0},  // asimd
    {ARM_FEAT_NONE,    HWCAP(11),  PFR0, 0,  1},  // cpuid; EL0 in AArch64
    {ARM_FEAT_FP16,    HWCAP(9),   PFR0, 16, 1},  // fphp
    {ARM_FEAT_FP16,    HWCAP(10),  PFR0, 20, 1},  // asimdhp
    {ARM_FEAT_AES,     HWCAP(3),   ISAR0, 4, 1},
    {ARM_FEAT_PMULL,   HWCAP(4),   ISAR0, 4, 2},
    {ARM_FEAT_SHA1,    HWCAP(5),   ISAR0, 8, 1},
    {ARM_FEAT_SHA256,  HWCAP(6),   ISAR0, 12, 1},
    {ARM_FEAT_SHA512,  HWCAP(21),  ISAR0, 12, 2},
    {ARM_FEAT_CRC32,   HWCAP(7),   ISAR0, 16, 1},
    {ARM_FEAT_LSE,     HWCAP(8),   ISAR0, 20, 2}, // atomics
    {ARM_FEAT_RDM,     HWCAP(12),  ISAR0, 28, 1}, // asimdrdm
    {ARM_FEAT_SHA3,    HWCAP(17),  ISAR0, 32, 1},
    {ARM_FEAT_SM3,     HWCAP(18),  ISAR0, 36, 1},
    {ARM_FEAT_SM4,     HWCAP(19),  ISAR0, 40, 1},
    {ARM_FEAT_DOTPROD, HWCAP(20),  ISAR0, 44, 1}, // asimddp
    {ARM_FEAT_FHM,     HWCAP(23),  ISAR0, 48, 1}, // asimdfhm
    {ARM_FEAT_FLAGM,   HWCAP(27),  ISAR0, 52, 1},
    {ARM_FEAT_FLAGM2,  HWCAP2(7),  ISAR0, 52, 2},
    {ARM_FEAT_DPB,     HWCAP(16),  ISAR1, 0, 1},  // dcpop
    {ARM_FEAT_PAUTH,   HWCAP(30),  ISAR1, 8, 1},  // paca: API
    {ARM_FEAT_PAUTH,   HWCAP(31),  ISAR1, 28, 1}, // pacg: GPI
    {ARM_FEAT_JSCVT,   HWCAP(13),  ISAR1, 12, 1},
    {ARM_FEAT_FCMA,    HWCAP(14),  ISAR1, 16, 1},
    {ARM_FEAT_LRCPC,   HWCAP(15),  ISAR1, 20, 1},
    {ARM_FEAT_LRCPC2,  HWCAP(26),  ISAR1, 20, 2}, // ilrcpc
    {ARM_FEAT_FRINTTS, HWCAP2(8),  ISAR1, 32, 1},
    {ARM_FEAT_SB,      HWCAP(29),  ISAR1, 36, 1},
    {ARM_FEAT_LSE2,    HWCAP(25),  MMFR2, 32, 1}, // uscat
};
// clang-format on

#define F(n) (1ull << ARM_FEAT_##n)
#define FEATURES_MAX                                                                               \
    (F(FP16) | F(AES) | F(PMULL) | F(SHA1) | F(SHA256) | F(SHA512) | F(SHA3) | F(SM3) | F(SM4) |   \
     F(CRC32) | F(LSE) | F(RDM) | F(DOTPROD) | F(FCMA) | F(FHM) | F(JSCVT) | F(LRCPC) |            \
     F(LRCPC2) | F(DPB) | F(FLAGM) | F(FLAGM2) | F(SB) | F(FRINTTS) | F(PAUTH))

#define FEATURES_V8_0 (F(AES) | F(PMULL) | F(SHA1) | F(SHA256) | F(CRC32))
#define FEATURES_N1 (FEATURES_V8_0 | F(LSE) | F(RDM) | F(FP16) | F(DPB) | F(DOTPROD) | F(LRCPC))

// The first is the default.
static ARMCPUModel models[] = {
    // MIDR: implementer 0, "reserved for software use"; architecture by ID registers.
    {.name = "max",
     .description = "everything that is implemented: Armv8.2-A and later extensions",
     .features = FEATURES_MAX,
     .midr = 0x000f0510},
    {.name = "cortex-a53",
     .description = "Armv8.0-A",
     .features = FEATURES_V8_0,
     .midr = 0x410fd034},
    {.name = "cortex-a72",
     .description = "Armv8.0-A",
     .features = FEATURES_V8_0,
     .midr = 0x410fd083},
    {.name = "neoverse-n1",
     .description = "Armv8.2-A with FP16, DotProd, RCPC",
     .features = FEATURES_N1,
     .midr = 0x414fd0c1},
};

static void derive(void)
{
    static gsize done;
    if (!g_once_init_enter(&done)) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        ARMCPUModel *m = &models[i];
        m->index = (uint8_t)i;
        for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
            if (rows[k].feature == ARM_FEAT_NONE || (m->features >> rows[k].feature & 1)) {
                m->hwcap |= rows[k].hwcap;
                m->hwcap2 |= rows[k].hwcap2;
            }
        }
    }
    g_once_init_leave(&done, 1);
}

const ARMCPUModel *arm_model_find(const char *name)
{
    derive();
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        if (!name || !strcmp(name, models[i].name)) {
            return &models[i];
        }
    }
    return NULL;
}

const ARMCPUModel *arm_model_by_index(unsigned index)
{
    derive();
    return &models[index < G_N_ELEMENTS(models) ? index : 0];
}

void arm_model_list(FILE *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        fprintf(f, "  %-16s %s\n", models[i].name, models[i].description);
    }
}

bool arm_model_id_reg(const ARMCPUModel *m, unsigned crm, unsigned op2, uint64_t *value)
{
    *value = 0;
    if (crm == 0) { // MIDR, MPIDR, REVIDR
        *value = op2 == 0 ? m->midr : op2 == 5 ? 1u << 31 : 0;
        return op2 == 0 || op2 == 5 || op2 == 6;
    }
    if (crm < 4 || crm > 7) {
        return false;
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
        const FeatureRow *r = &rows[k];
        bool has = r->feature == ARM_FEAT_NONE || (m->features >> r->feature & 1);
        uint64_t old = *value >> r->shift & 15;
        if (has && r->crm == crm && r->op2 == op2 && r->value > old) {
            *value = (*value & ~(15ull << r->shift)) | (uint64_t)r->value << r->shift;
        }
    }
    return true;
}
