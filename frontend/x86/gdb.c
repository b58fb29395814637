// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x86-64 guest's registers as gdb has them: what is not in helpers/x86/regs.h.  x87 state is read and
// written as an FXSAVE image, which is the one form that has all of it.

#include <string.h>

#include "frontend/gdb-target.h"
#include "frontend/x86/isa.h"
#include "helpers/x86/cpu.h"

enum {
    EFLAGS = 17,
    CS = 18, // CS SS DS ES FS GS
    ST0 = 24,
    FCTRL = 32, // FCTRL FSTAT FTAG FISEG FIOFF FOSEG FOOFF FOP
    MXCSR = 56,
    ORIG_RAX = 57,
    YMM0H = 60,
};

typedef struct FxImage {
    uint16_t control, status;
    uint8_t tags, unused; // a set bit: in use
    uint16_t opcode;
    uint64_t insn, data;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t rest[512 - 160];
} __attribute__((aligned(16))) FxImage;
_Static_assert(sizeof(FxImage) == 512, "the processor's layout");

// A register's tag as FSTENV has it: valid, zero, special, empty.
static unsigned full_tag(const uint8_t st[16])
{
    uint64_t mantissa;
    uint16_t exponent;
    memcpy(&mantissa, st, sizeof(mantissa));
    memcpy(&exponent, st + 8, sizeof(exponent));
    exponent &= 0x7fff;
    if (exponent == 0 && mantissa == 0) {
        return 1;
    }
    return exponent == 0 || exponent == 0x7fff || !(mantissa >> 63) ? 2 : 0;
}

static uint32_t tag_word(const FxImage *fx)
{
    uint32_t word = 0;
    unsigned top = fx->status >> 11 & 7;
    for (unsigned i = 0; i < 8; i++) { // i: physical
        unsigned tag = fx->tags >> i & 1 ? full_tag(fx->st[(i - top) & 7]) : 3;
        word |= tag << (2 * i);
    }
    return word;
}

static uint32_t read_control(const FxImage *fx, unsigned n)
{
    switch (n) {
    case 0: return fx->control;
    case 1: return fx->status;
    case 2: return tag_word(fx);
    case 3: return (uint32_t)(fx->insn >> 32);
    case 4: return (uint32_t)fx->insn;
    case 5: return (uint32_t)(fx->data >> 32);
    case 6: return (uint32_t)fx->data;
    default: return fx->opcode;
    }
}

static void write_control(FxImage *fx, unsigned n, uint32_t value)
{
    switch (n) {
    case 0: fx->control = (uint16_t)value; break;
    case 1: fx->status = (uint16_t)value; break;
    case 2:
        fx->tags = 0;
        for (unsigned i = 0; i < 8; i++) {
            fx->tags |= (uint8_t)(((value >> (2 * i) & 3) != 3) << i);
        }
        break;
    case 3: fx->insn = (uint64_t)value << 32 | (uint32_t)fx->insn; break;
    case 4: fx->insn = (fx->insn & ~(uint64_t)UINT32_MAX) | value; break;
    case 5: fx->data = (uint64_t)value << 32 | (uint32_t)fx->data; break;
    case 6: fx->data = (fx->data & ~(uint64_t)UINT32_MAX) | value; break;
    default: fx->opcode = (uint16_t)value; break;
    }
}

// gdb's order of segment registers.
static const uint8_t segments[] = {R_CS, R_SS, R_DS, R_ES, R_FS, R_GS};

static void gdb_read(const CPUState *cs, unsigned number, uint8_t *bytes)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    FxImage fx;
    uint32_t word = 0;
    if (number >= YMM0H) {
        memcpy(bytes, &env->ymm[number - YMM0H].q[2], 16);
        return;
    }
    if (number >= ST0 && number < MXCSR) {
        x86_fxsave(env, &fx);
    }
    if (number >= ST0 && number < FCTRL) {
        memcpy(bytes, fx.st[number - ST0], 10);
        return;
    }
    if (number == EFLAGS) {
        word = (uint32_t)x86_eflags_get(env);
    } else if (number >= CS && number < ST0) {
        word = env->segs[segments[number - CS]];
    } else if (number >= FCTRL && number < MXCSR) {
        word = read_control(&fx, number - FCTRL);
    } else if (number == MXCSR) {
        word = env->mxcsr;
    }
    memcpy(bytes, &word, sizeof(word));
}

#define DEBUGGER_EFLAGS (X86_CC_MASK | X86_DF | X86_TF | X86_NT | X86_AC | X86_ID)

static void gdb_write(CPUState *cs, unsigned number, const uint8_t *bytes)
{
    CPUX86State *env = (CPUX86State *)cs;
    FxImage fx;
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    if (number >= YMM0H) {
        memcpy(&env->ymm[number - YMM0H].q[2], bytes, 16);
    } else if (number == EFLAGS) {
        x86_eflags_set(env, word, DEBUGGER_EFLAGS);
    } else if (number == MXCSR) {
        x86_fxsave(env, &fx);
        fx.mxcsr = word;
        x86_fxrstor(env, &fx);
    } else if (number >= ST0 && number < MXCSR) {
        x86_fxsave(env, &fx);
        if (number < FCTRL) {
            memcpy(fx.st[number - ST0], bytes, 10);
        } else {
            write_control(&fx, number - FCTRL, word);
        }
        x86_fxrstor(env, &fx);
    } // segment selectors are the kernel's to change
}

static bool has_avx(const CPUState *cs) { return ((const CPUX86State *)cs)->xcr0 & 4; }

#define FLAG(name, bit) "<field name=\"" name "\" start=\"" #bit "\" end=\"" #bit "\"/>"
#define CORE_TYPES                                                                                 \
    "<flags id=\"eflags\" size=\"4\">" FLAG("CF", 0) FLAG("", 1) FLAG("PF", 2) FLAG("AF", 4)       \
        FLAG("ZF", 6) FLAG("SF", 7) FLAG("TF", 8) FLAG("IF", 9) FLAG("DF", 10) FLAG("OF", 11)      \
            FLAG("NT", 14) FLAG("RF", 16) FLAG("VM", 17) FLAG("AC", 18) FLAG("ID", 21) "</flags>"
#define VECTOR(id, type, count) "<vector id=\"" id "\" type=\"" type "\" count=\"" #count "\"/>"
#define SSE_TYPES                                                                                  \
    VECTOR("v4f", "ieee_single", 4)                                                                \
    VECTOR("v2d", "ieee_double", 2)                                                                \
    VECTOR("v16i8", "int8", 16)                                                                    \
    VECTOR("v8i16", "int16", 8)                                                                    \
    VECTOR("v4i32", "int32", 4)                                                                    \
    VECTOR("v2i64", "int64", 2)                                                                    \
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"                                 \
    "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"            \
    "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"           \
    "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>"  \
    "<flags id=\"mxcsr\" size=\"4\">" FLAG("IE", 0) FLAG("DE", 1) FLAG("ZE", 2) FLAG("OE", 3)      \
        FLAG("UE", 4) FLAG("PE", 5) FLAG("DAZ", 6) FLAG("IM", 7) FLAG("DM", 8) FLAG("ZM", 9)       \
            FLAG("OM", 10) FLAG("UM", 11) FLAG("PM", 12) FLAG("FZ", 15) "</flags>"

static const GuestGdbFeature features[] = {
    {"org.gnu.gdb.i386.core", 0, 39, NULL, CORE_TYPES, NULL},
    {"org.gnu.gdb.i386.sse", 40, 56, "vec128", SSE_TYPES, NULL},
    {"org.gnu.gdb.i386.linux", 57, 57, NULL, NULL, NULL},
    {"org.gnu.gdb.i386.segments", 58, 59, NULL, NULL, NULL},
    {"org.gnu.gdb.i386.avx", YMM0H, YMM0H + 15, NULL, NULL, has_avx},
    {NULL, 0, 0, NULL, NULL, NULL},
};

#define ST(n) {ST0 + n, 80, "st" #n, "i387_ext", NULL}
#define CONTROL(n, name) {FCTRL + n, 32, name, "int", "float"}
#define YMMH(n) {YMM0H + n, 128, "ymm" #n "h", "uint128", NULL}
static const GuestGdbReg extra[] = {
    {EFLAGS, 32, "eflags", "eflags", NULL},
    {CS, 32, "cs", "int32", NULL},
    {CS + 1, 32, "ss", "int32", NULL},
    {CS + 2, 32, "ds", "int32", NULL},
    {CS + 3, 32, "es", "int32", NULL},
    {CS + 4, 32, "fs", "int32", NULL},
    {CS + 5, 32, "gs", "int32", NULL},
    ST(0),
    ST(1),
    ST(2),
    ST(3),
    ST(4),
    ST(5),
    ST(6),
    ST(7),
    CONTROL(0, "fctrl"),
    CONTROL(1, "fstat"),
    CONTROL(2, "ftag"),
    CONTROL(3, "fiseg"),
    CONTROL(4, "fioff"),
    CONTROL(5, "foseg"),
    CONTROL(6, "fooff"),
    CONTROL(7, "fop"),
    {MXCSR, 32, "mxcsr", "mxcsr", "vector"},
    {ORIG_RAX, 64, "orig_rax", "int64", "system"},
    YMMH(0),
    YMMH(1),
    YMMH(2),
    YMMH(3),
    YMMH(4),
    YMMH(5),
    YMMH(6),
    YMMH(7),
    YMMH(8),
    YMMH(9),
    YMMH(10),
    YMMH(11),
    YMMH(12),
    YMMH(13),
    YMMH(14),
    YMMH(15),
    {0, 0, NULL, NULL, NULL},
};

const GuestGdbTarget x86_gdb_target = {
    .architecture = "i386:x86-64",
    .features = features,
    .extra = extra,
    .pc = 16,
    .sp = 7,
    .fp = 6,
    .syscall = ORIG_RAX,
    .read = gdb_read,
    .write = gdb_write,
};
