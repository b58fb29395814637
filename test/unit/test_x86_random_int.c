// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_test_x86_llvm myna::zydis
// TIMEOUT: 300
//
// Random sequences of integer instructions, run natively and under the interpreter and LLVM from random
// states.
// The table of one-line cases (test_x86_int.c) knows what it looks for; this finds what nobody thought
// of: odd prefixes, high registers, flags that pass through several instructions.
//
// Two arguments: how many sequences, first seed.  A failure prints the bytes.

#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <Zydis/Zydis.h>

#include "frontend/translator.h"
#include "helpers/x86/cpu.h"
#include "x86-native.h"

enum { BUF = 8192, STACK = 4096, MAX_INSNS = 5, MAX_BYTES = 16 * MAX_INSNS, ALL = 0xcd5 };

static uint8_t buf[BUF] __attribute__((aligned(4096)));
static uint8_t stack[STACK] __attribute__((aligned(64)));
static unsigned long sequences = 60000;
static uint64_t seed = 1;
static ZydisDecoder decoder;

typedef struct Sequence {
    uint8_t code[MAX_BYTES];
    size_t size;
    uint32_t undefined; // flags that hold nothing in particular at its end
    bool repeats;       // wants a small RCX
    char text[256];
} Sequence;

// --- making instructions -----------------------------------------------------------------------------

// ModRM with a register, or memory at RSI, RDI, RBP or RSP with a small displacement.
static size_t put_modrm(uint8_t *p, uint64_t r)
{
    uint8_t m = (uint8_t)r;
    if (m >> 6 == 3 || (r >> 8 & 1)) {
        p[0] = m | 0xc0;
        return 1;
    }
    static const uint8_t base[4] = {6, 7, 5, 4};
    uint8_t b = base[r >> 9 & 3];
    size_t n = 0;
    p[n++] = (uint8_t)((m & 0x38) | b | 0x40);
    if (b == 4) {
        p[n++] = 0x24;
    }
    p[n++] = (uint8_t)(r >> 16);
    return n;
}

// The address sanitizer has its shadow memory, which changes by itself, where an address cut to 32 bits may lie.
#if defined(__has_feature) && __has_feature(address_sanitizer)
enum { CUT_ADDRESSES = false };
#else
enum { CUT_ADDRESSES = true };
#endif

static void put_instruction(uint8_t *c)
{
    uint64_t r = x86_test_random(&seed), q = x86_test_random(&seed);
    size_t n = 0;
    memcpy(c + 7, &q, 8); // immediates
    if ((r & 7) == 0) {
        c[n++] = 0x66;
    }
    if ((r >> 3 & 31) == 0) {
        static const uint8_t prefix[] = {0xf2, 0xf3, 0xf0, 0x67};
        c[n] = prefix[r >> 8 & 3];
        n += c[n] != 0x67 || CUT_ADDRESSES;
    } else if ((r >> 3 & 31) == 1) {
        c[n++] = 0xf3; // POPCNT, LZCNT, TZCNT
    }
    uint64_t o = x86_test_random(&seed);
    switch (o & 15) {
    case 0: // VEX: BMI
        c[0] = 0xc4;
        c[1] = (uint8_t)((o >> 8 & 0xe0) | (o >> 16 & 1 ? 2 : 3));
        c[2] = (uint8_t)((o >> 24 & 0x83) | (o >> 32 & 0x78));
        c[3] = 0xf0 | (o >> 40 & 7);
        put_modrm(c + 4, q >> 13);
        return;
    case 1: // MOVBE, CRC32, ADX
        c[n++] = 0x40 | (o >> 8 & 15);
        c[n++] = 0x0f;
        c[n++] = 0x38;
        c[n++] = 0xf0 | (o >> 16 & 7);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        if (o >> 4 & 1) {
            c[n++] = 0x40 | (o >> 8 & 15);
        }
        c[n++] = 0x0f;
        c[n++] = o >> 5 & 1 ? 0x40 | (o >> 16 & 0x1f) : (uint8_t)(o >> 16);
        break;
    default:
        if (o >> 4 & 1) {
            c[n++] = 0x40 | (o >> 8 & 15);
        }
        // The arithmetic rows of the map more often than the rest.
        c[n++] = o >> 5 & 1 ? (uint8_t)(o >> 16) & 0x3f : (uint8_t)(o >> 16);
        break;
    }
    put_modrm(c + n, q >> 13);
}

// --- what is taken -----------------------------------------------------------------------------------

static bool is_integer(const ZydisDecodedInstruction *i)
{
    switch (i->meta.category) {
    case ZYDIS_CATEGORY_SYSTEM: // the host's own state, or nothing that two runs have in common
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SEGOP:
    case ZYDIS_CATEGORY_RDWRFSGS: return false;
    default: break;
    }
    switch (i->mnemonic) {
    case ZYDIS_MNEMONIC_POPCNT:
    case ZYDIS_MNEMONIC_CRC32: return true;
    case ZYDIS_MNEMONIC_POPF: // TF, and AC
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_PUSHF: // the host shows bits of its own
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_LAR: // the host's descriptor table
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_UD0: // reserved: what else they do differs from CPU to CPU
    case ZYDIS_MNEMONIC_UD1: return false;
    case ZYDIS_MNEMONIC_NOP:
        if (i->opcode == 0x0d) { // PREFETCHW of a register: undefined to AMD
            return false;
        }
        break;
    default: break;
    }
    if (i->attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS)) {
        return false; // the bases are the test program's own
    }
    switch (i->meta.isa_ext) {
    case ZYDIS_ISA_EXT_BASE:
    case ZYDIS_ISA_EXT_LONGMODE:
    case ZYDIS_ISA_EXT_BMI1:
    case ZYDIS_ISA_EXT_BMI2:
    case ZYDIS_ISA_EXT_ADOX_ADCX:
    case ZYDIS_ISA_EXT_MOVBE:
    case ZYDIS_ISA_EXT_LZCNT: return i->meta.branch_type == ZYDIS_BRANCH_TYPE_NONE;
    default: return false;
    }
}

typedef struct Effects {
    bool moves_pointers; // RSI, RDI, RBP or RSP
    bool writes_rcx;
    bool bit_string; // memory and a bit offset in a register: may reach anywhere
    bool segment;
    bool wild; // accesses memory that may be anywhere, or depends on where the code is
} Effects;

// Where a register that holds anything may point to.  Without a sanitizer that is almost always nowhere,
// so both runs fault; with one it is the shadow memory, which changes from run to run.
static bool reaches_shadow(ZydisRegister base)
{
#if __has_feature(address_sanitizer)
    ZydisRegister r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, base);
    return r != ZYDIS_REGISTER_RSI && r != ZYDIS_REGISTER_RDI && r != ZYDIS_REGISTER_RBP &&
           r != ZYDIS_REGISTER_RSP;
#else
    (void)base;
    return false;
#endif
}

static Effects effects(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op)
{
    Effects e = {0};
    for (unsigned k = 0; k < i->operand_count; k++) {
        if (op[k].type == ZYDIS_OPERAND_TYPE_MEMORY && op[k].mem.type == ZYDIS_MEMOP_TYPE_MEM) {
            // Index registers hold anything; and the code stands elsewhere in the native run.
            e.wild |= op[k].mem.index != ZYDIS_REGISTER_NONE ||
                      op[k].mem.base == ZYDIS_REGISTER_RIP || reaches_shadow(op[k].mem.base);
        }
        if (op[k].type != ZYDIS_OPERAND_TYPE_REGISTER) {
            continue;
        }
        ZydisRegister r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
                                                           op[k].reg.value);
        e.segment |= ZydisRegisterGetClass(op[k].reg.value) == ZYDIS_REGCLASS_SEGMENT ||
                     ZydisRegisterGetClass(op[k].reg.value) == ZYDIS_REGCLASS_CONTROL ||
                     ZydisRegisterGetClass(op[k].reg.value) == ZYDIS_REGCLASS_DEBUG;
        if (!(op[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
            continue;
        }
        e.moves_pointers |= r == ZYDIS_REGISTER_RSI || r == ZYDIS_REGISTER_RDI ||
                            r == ZYDIS_REGISTER_RBP || r == ZYDIS_REGISTER_RSP;
        e.writes_rcx |= r == ZYDIS_REGISTER_RCX;
    }
    bool bt = i->mnemonic == ZYDIS_MNEMONIC_BT || i->mnemonic == ZYDIS_MNEMONIC_BTS ||
              i->mnemonic == ZYDIS_MNEMONIC_BTR || i->mnemonic == ZYDIS_MNEMONIC_BTC;
    e.bit_string = bt && op[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                   op[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    return e;
}

// The flags that an instruction leaves undefined.
static uint32_t undefined_flags(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op)
{
    uint32_t u = i->cpu_flags ? i->cpu_flags->undefined : 0;
    bool by_one = i->operand_count_visible >= 2 && op[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                  op[1].imm.value.u == 1;
    switch (i->mnemonic) {
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
        u |= X86_CC_A;
        if (!by_one) {
            u |= X86_CC_O | (op[0].size < 32 ? X86_CC_C : 0);
        }
        break;
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR: u = by_one ? 0 : X86_CC_O; break;
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD:
        u |= X86_CC_A | X86_CC_O;
        if (op[0].size == 16) { // and the result, for counts above 16
            u = ALL;
        }
        break;
    case ZYDIS_MNEMONIC_BSF:
    case ZYDIS_MNEMONIC_BSR: u = ALL & ~(X86_CC_Z | X86_DF); break;
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC: u = X86_CC_O | X86_CC_S | X86_CC_A | X86_CC_P; break;
    case ZYDIS_MNEMONIC_MUL:
    case ZYDIS_MNEMONIC_IMUL: u = X86_CC_S | X86_CC_Z | X86_CC_A | X86_CC_P; break;
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV: u = X86_CC_MASK; break;
    case ZYDIS_MNEMONIC_TZCNT:
    case ZYDIS_MNEMONIC_LZCNT: u = X86_CC_O | X86_CC_S | X86_CC_A | X86_CC_P; break;
    case ZYDIS_MNEMONIC_ANDN:
    case ZYDIS_MNEMONIC_BZHI:
    case ZYDIS_MNEMONIC_BLSI:
    case ZYDIS_MNEMONIC_BLSR:
    case ZYDIS_MNEMONIC_BLSMSK: u = X86_CC_A | X86_CC_P; break;
    case ZYDIS_MNEMONIC_BEXTR: u = X86_CC_A | X86_CC_P | X86_CC_S; break;
    default: break;
    }
    return u & ALL;
}

static bool is_16bit_double_shift(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *op)
{
    return (i->mnemonic == ZYDIS_MNEMONIC_SHLD || i->mnemonic == ZYDIS_MNEMONIC_SHRD) &&
           op[0].size == 16;
}

static void make_sequence(Sequence *s)
{
    unsigned want = 1 + x86_test_random(&seed) % MAX_INSNS;
    bool rcx_written = false;
    memset(s, 0, sizeof *s);
    for (unsigned tries = 0, n = 0; n < want && tries < 60; tries++) {
        ZydisDecodedInstruction i;
        ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
        uint8_t c[32] = {0};
        put_instruction(c);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, c, 16, &i, op)) || !is_integer(&i) ||
            is_16bit_double_shift(&i, op)) {
            continue;
        }
        Effects e = effects(&i, op);
        bool rep = i.attributes &
                   (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
        uint32_t tested = i.cpu_flags ? i.cpu_flags->tested & ALL : 0;
        if (e.bit_string || e.segment || e.wild || (rep && rcx_written) ||
            (tested & s->undefined)) {
            continue;
        }
        uint32_t undefined = undefined_flags(&i, op);
        uint32_t written = i.cpu_flags
                               ? i.cpu_flags->modified | i.cpu_flags->set_0 | i.cpu_flags->set_1
                               : 0;
        bool maybe = i.meta.category == ZYDIS_CATEGORY_SHIFT ||
                     i.meta.category == ZYDIS_CATEGORY_ROTATE || rep;
        s->undefined = (s->undefined & ~(maybe ? 0 : written)) | undefined;
        memcpy(s->code + s->size, c, i.length);
        s->size += i.length;
        s->repeats |= rep;
        rcx_written |= e.writes_rcx;
        g_strlcat(s->text, ZydisMnemonicGetString(i.mnemonic), sizeof s->text);
        g_strlcat(s->text, "; ", sizeof s->text);
        n++;
        if (e.moves_pointers) {
            break; // nothing after it knows where it would write
        }
    }
}

// --- running them ------------------------------------------------------------------------------------

static uint64_t pick(void)
{
    uint64_t r = x86_test_random(&seed);
    switch (r & 3) {
    case 0: return 1ull << (r >> 8 & 63);
    case 1: return (1ull << (r >> 8 & 63)) - 1;
    case 2: return x86_test_random(&seed) >> (r >> 8 & 63);
    default: return ~0ull << (r >> 8 & 63);
    }
}

static void fill_memory(uint64_t from)
{
    for (unsigned i = 0; i < BUF; i += 8) {
        uint64_t v = x86_test_random(&from);
        memcpy(buf + i, &v, 8);
    }
    for (unsigned i = 0; i < STACK; i += 8) {
        uint64_t v = x86_test_random(&from);
        memcpy(stack + i, &v, 8);
    }
}

static void random_state(X86TestState *st, bool small_rcx)
{
    x86_test_state_init(st);
    for (unsigned i = 0; i < 16; i++) {
        st->gpr[i] = pick();
    }
    st->gpr[R_ESI] = (uint64_t)(uintptr_t)buf + 2048;
    st->gpr[R_EDI] = (uint64_t)(uintptr_t)buf + 4096 + 1024;
    st->gpr[R_EBP] = (uint64_t)(uintptr_t)buf + 3072;
    st->gpr[R_ESP] = (uint64_t)(uintptr_t)stack + STACK / 2;
    st->rflags = 0x202 | (x86_test_random(&seed) & X86_CC_MASK);
    if (small_rcx) {
        st->gpr[R_ECX] %= 24;
    }
}

typedef int Engine(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags);

static int run_cold(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags)
{
    return x86_llvm_run(code, size, st, cflags, false);
}

static int run_hot(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags)
{
    return x86_llvm_run(code, size, st, cflags, true);
}

static int run_sequence(Engine *engine, const Sequence *s, const uint8_t *code)
{
    static uint8_t native_buf[BUF], native_stack[STACK];
    X86TestState before, native, got;
    char text[512];
    int n = snprintf(text, sizeof text, "%s", s->text);
    for (unsigned i = 0; i < s->size; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, " %02x", s->code[i]);
    }
    uint64_t from = x86_test_random(&seed);
    random_state(&before, s->repeats);
    native = got = before;
    fill_memory(from);
    int sig = x86_native_run(code, s->size, &native);
    memcpy(native_buf, buf, BUF);
    memcpy(native_stack, stack, STACK);
    fill_memory(from);
    // Registers at a fault are exact under CF_PRECISE alone.
    int got_sig = engine(code, s->size, &got, sig || (seed & 1) ? CF_PRECISE : 0);
    if (sig == SIGBUS && got_sig == SIGSEGV) {
        got_sig =
            SIGBUS; // #SS of the host is #GP by another register; the Linux layer tells them apart
    }
    if (sig != got_sig) {
        fprintf(stderr, "%s: expected signal %d, got %d\n", text, sig, got_sig);
        return 1;
    }
    if (memcmp(native_buf, buf, BUF) || memcmp(native_stack, stack, STACK)) {
        fprintf(stderr, "%s: memory differs\n", text);
        return 1;
    }
    return x86_test_diff(text, &before, &native, &got, sig ? 0 : ALL & ~s->undefined) != 0;
}

static void run_random(Engine *engine, unsigned long sequences)
{
    // Every sequence has an address of its own for ever, as the harness asks.
    size_t size = (size_t)sequences * MAX_BYTES;
    uint8_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    unsigned long ran = 0, bad = 0;
    for (unsigned long i = 0; i < sequences; i++) {
        uint8_t *code = area + i * MAX_BYTES;
        Sequence s;
        make_sequence(&s);
        if (!s.size) {
            continue;
        }
        memcpy(code, s.code, s.size);
        bad += (unsigned)run_sequence(engine, &s, code);
        ran++;
    }
    printf("%lu sequences run, %lu differ\n", ran, bad);
    assert_true(ran > sequences / 2);
    assert_int_equal(bad, 0);
}

static void test_interp(void **state)
{
    (void)state;
    run_random(x86_interp_run, sequences);
}

static void test_quick(void **state)
{
    (void)state;
    run_random(x86_quick_run, sequences / 2);
}

static void test_llvm_cold(void **state)
{
    (void)state;
    run_random(run_cold, sequences / 30);
}

static void test_llvm_hot(void **state)
{
    (void)state;
    run_random(run_hot, sequences / 30);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        sequences = strtoul(argv[1], NULL, 0);
    }
    if (argc > 2) {
        seed = strtoull(argv[2], NULL, 0);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interp), cmocka_unit_test(test_quick),
                                       cmocka_unit_test(test_llvm_cold),
                                       cmocka_unit_test(test_llvm_hot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
