// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x87 instructions, on the host's x87 (see fpu.h), so that every result, flag and condition bit is the
// hardware's own.  Each helper works on the registers in env with a few lines of assembly: load the
// operands, one instruction, take the status word, store the result.
//
// Stack faults are found here by the tags, not by the host, whose stack holds nothing between helpers.
// A result whose invalid, denormal or divide-by-zero exception is unmasked is not written; the pending
// #MF is raised by the next waiting instruction (x87_enter).

#include "fpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

static const X86FPReg default_nan = {.mant = 0xc000000000000000, .se = 0xffff};

// The start of every waiting instruction that is not a control instruction; env->rip is its address.
static void x87_wait(CPUX86State *env)
{
    if (__builtin_expect(env->fpus & FPUS_ES, 0)) {
        env->cs.exception_index = EXCP10_COPR;
        cpu_loop_exit(&env->cs);
    }
}

static void x87_enter(CPUX86State *env)
{
    x87_wait(env);
    env->fpip = env->rip;
}

static void set_cond(CPUX86State *env, uint16_t sw, uint16_t mask)
{
    env->fpus = (uint16_t)((env->fpus & ~mask) | (sw & mask));
}

// Takes the host's status word after an operation; cond: the condition bits that it defines.  False when
// an unmasked exception keeps the result from being written.
static bool take_status(CPUX86State *env, uint16_t sw, uint16_t cond)
{
    uint16_t pending = (uint16_t)(sw & ~env->fpuc & FPUS_EXC);
    if (__builtin_expect(pending, 0)) {
        env->fpus |= FPUS_ES | FPUS_B;
        if (pending & (FPUS_IE | FPUS_DE | FPUS_ZE)) {
            // The operation was not done: what the host, all masked, found on the way to its result
            // did not happen.
            env->fpus = (uint16_t)((env->fpus & ~FPUS_C1) | (sw & (FPUS_IE | FPUS_DE | FPUS_ZE)));
            x87_host_clear();
            return false;
        }
    }
    env->fpus = (uint16_t)((env->fpus & ~cond) | (sw & (FPUS_EXC | cond)));
    return true;
}

// A stack fault; C1 tells overflow from underflow.  True when the masked response (a default NaN)
// is to be given.
static bool stack_fault(CPUX86State *env, bool overflow)
{
    env->fpus = (uint16_t)((env->fpus & ~FPUS_C1) | FPUS_IE | FPUS_SF | (overflow ? FPUS_C1 : 0));
    x87_update_summary(env);
    return env->fpuc & FPUS_IE;
}

static void reg_copy(X86FPReg *to, const X86FPReg *from)
{
    to->mant = from->mant;
    to->se = from->se;
}

static void set_st(CPUX86State *env, unsigned i, const X86FPReg *v)
{
    reg_copy(x87_st(env, i), v);
    env->fptags[(env->fpstt + i) & 7] = 0;
}

static void pop(CPUX86State *env)
{
    env->fptags[env->fpstt & 7] = 1;
    env->fpstt = (env->fpstt + 1) & 7;
}

static void push_raw(CPUX86State *env, const X86FPReg *v)
{
    env->fpstt = (env->fpstt - 1) & 7;
    set_st(env, 0, v);
}

// False, after the stack fault, when there is no room for a push.
static bool push_begin(CPUX86State *env)
{
    if (x87_is_empty(env, 7)) {
        return true;
    }
    if (stack_fault(env, true)) {
        push_raw(env, &default_nan);
    }
    return false;
}

// A push that raises nothing but a stack fault.
static void push(CPUX86State *env, const X86FPReg *v)
{
    if (push_begin(env)) {
        set_cond(env, 0, FPUS_C1);
        push_raw(env, v);
    }
}

// --- loads ---------------------------------------------------------------------------------------

#define LOAD(insn, value)                                                                          \
    X86FPReg r;                                                                                    \
    uint16_t sw;                                                                                   \
    x87_enter(env);                                                                                \
    if (!push_begin(env)) {                                                                        \
        return;                                                                                    \
    }                                                                                              \
    __asm__ volatile(insn " %2\n\tfnstsw %0\n\tfstpt %1" : "=a"(sw), "=m"(r) : "m"(value));        \
    if (take_status(env, (uint16_t)(sw & ~FPUS_C1), FPUS_C1)) {                                    \
        push_raw(env, &r);                                                                         \
    }

void HELPER(x86_fld_f32)(CPUX86State *env, uint32_t v) { LOAD("flds", v) }
void HELPER(x86_fld_f64)(CPUX86State *env, uint64_t v) { LOAD("fldl", v) }
void HELPER(x86_fild)(CPUX86State *env, uint64_t v) { LOAD("fildll", v) }

void HELPER(x86_fld_f80)(CPUX86State *env, uint64_t mant, uint32_t se)
{
    X86FPReg v = {.mant = mant, .se = (uint16_t)se};
    x87_enter(env);
    push(env, &v);
}

void HELPER(x86_fbld)(CPUX86State *env, uint64_t low, uint32_t high)
{
    X86FPReg v = {.mant = low, .se = (uint16_t)high};
    LOAD("fbld", v)
}

void HELPER(x86_fld_st)(CPUX86State *env, uint32_t i)
{
    x87_enter(env);
    if (x87_is_empty(env, i)) {
        if (stack_fault(env, false)) {
            push_raw(env, &default_nan);
        }
        return;
    }
    X86FPReg v = *x87_st(env, i);
    push(env, &v);
}

// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ by the low bits of their encoding.
void HELPER(x86_fld_const)(CPUX86State *env, uint32_t which)
{
    X86FPReg r;
    x87_enter(env);
    switch (which) {
#define CONST(n, insn)                                                                             \
    case n: __asm__ volatile(insn "\n\tfstpt %0" : "=m"(r)); break;
        CONST(0, "fld1")
        CONST(1, "fldl2t")
        CONST(2, "fldl2e")
        CONST(3, "fldpi")
        CONST(4, "fldlg2")
        CONST(5, "fldln2")
    default: CONST(6, "fldz")
#undef CONST
    }
    push(env, &r);
}

// --- stores --------------------------------------------------------------------------------------
// The value is returned for the block to store, so that a page fault leaves the stack as it was; the
// pop is a helper of its own.

#define STORE(insn, type, indefinite)                                                              \
    type r;                                                                                        \
    uint16_t sw;                                                                                   \
    x87_enter(env);                                                                                \
    if (x87_is_empty(env, 0)) {                                                                    \
        stack_fault(env, false);                                                                   \
        return indefinite;                                                                         \
    }                                                                                              \
    __asm__ volatile("fldt %2\n\t" insn " %1\n\tfnstsw %0"                                         \
                     : "=a"(sw), "=m"(r)                                                           \
                     : "m"(*x87_st(env, 0)));                                                      \
    take_status(env, sw, FPUS_C1);                                                                 \
    return r

// Faults where a store of so many bytes would, and changes nothing.  An exchange of a byte with itself,
// because compilers know that adding 0 is no write; unchecked, for it is the guest's memory.
__attribute__((no_sanitize("address"))) static void probe_byte(uint64_t addr)
{
    uint8_t *p = (uint8_t *)(uintptr_t)addr, v = __atomic_load_n(p, __ATOMIC_RELAXED);
    __atomic_compare_exchange_n(p, &v, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void HELPER(x86_probe_store)(CPUX86State *env, uint64_t addr, uint32_t bytes)
{
    uint64_t second = (addr + bytes - 1) & ~UINT64_C(4095);
    x87_enter(env);                    // a pending exception goes first
    if (second == UINT64_C(1) << 47) { // no canonical address: #GP comes before a page fault
        probe_byte(second);
    }
    probe_byte(addr);
    if (second > addr) {
        probe_byte(second);
    }
}

uint32_t HELPER(x86_fst_f32)(CPUX86State *env) { STORE("fstps", uint32_t, 0xffc00000); }
uint64_t HELPER(x86_fst_f64)(CPUX86State *env) { STORE("fstpl", uint64_t, 0xfff8000000000000); }
uint32_t HELPER(x86_fist16)(CPUX86State *env) { STORE("fistps", uint16_t, 0x8000); }
uint32_t HELPER(x86_fist32)(CPUX86State *env) { STORE("fistpl", uint32_t, 0x80000000); }
uint64_t HELPER(x86_fist64)(CPUX86State *env) { STORE("fistpll", uint64_t, 0x8000000000000000); }
uint32_t HELPER(x86_fistt16)(CPUX86State *env) { STORE("fisttps", uint16_t, 0x8000); }
uint32_t HELPER(x86_fistt32)(CPUX86State *env) { STORE("fisttpl", uint32_t, 0x80000000); }
uint64_t HELPER(x86_fistt64)(CPUX86State *env) { STORE("fisttpll", uint64_t, 0x8000000000000000); }

// Ten bytes travel in the low part of a vector.
void HELPER(x86_fst_f80)(V128 *out, CPUX86State *env)
{
    x87_enter(env);
    const X86FPReg *v = x87_st(env, 0);
    if (x87_is_empty(env, 0)) {
        stack_fault(env, false);
        v = &default_nan;
    } else {
        set_cond(env, 0, FPUS_C1);
    }
    out->q[0] = v->mant;
    out->q[1] = v->se;
}

void HELPER(x86_fbst)(V128 *out, CPUX86State *env)
{
    uint16_t sw;
    out->q[0] = 0xc000000000000000; // the BCD indefinite
    out->q[1] = 0xffff;
    x87_enter(env);
    if (x87_is_empty(env, 0)) {
        stack_fault(env, false);
        return;
    }
    __asm__ volatile("fldt %2\n\tfbstp %1\n\tfnstsw %0"
                     : "=a"(sw), "+m"(*out)
                     : "m"(*x87_st(env, 0)));
    take_status(env, sw, FPUS_C1);
}

// The pop after a store: not when the store's own exception is unmasked (precision aside).
void HELPER(x86_fpop_store)(CPUX86State *env)
{
    if (!(env->fpus & ~env->fpuc & (FPUS_EXC & ~FPUS_PE))) {
        pop(env);
    }
}

// FST st(i) and FSTP st(i); flags bit 1: pop, bit 2: an empty register raises nothing, and what it
// leaves in ST(i) is anything (FSTPNCE, undocumented).
void HELPER(x86_fst_st)(CPUX86State *env, uint32_t i, uint32_t flags)
{
    x87_enter(env);
    if (x87_is_empty(env, 0) && (flags & 4)) {
        // Nothing to copy.
    } else if (x87_is_empty(env, 0)) {
        if (!stack_fault(env, false)) {
            return;
        }
        set_st(env, i, &default_nan);
    } else {
        set_cond(env, 0, FPUS_C1);
        set_st(env, i, x87_st(env, 0));
    }
    if (flags & 2) {
        pop(env);
    }
}

// --- arithmetic ----------------------------------------------------------------------------------
// op is the reg field of the encoding.

enum { OP_ADD, OP_MUL, OP_COM, OP_COMP, OP_SUB, OP_SUBR, OP_DIV, OP_DIVR };

static void compare_result(CPUX86State *env, uint16_t sw, bool pops)
{
    // C1 is cleared; C0, C2, C3 tell, even when an unmasked exception keeps the operands in place.
    set_cond(env, (uint16_t)(sw & ~FPUS_C1), FPUS_COND);
    if (take_status(env, sw, 0) && pops) {
        pop(env);
    }
}

static void compare_empty(CPUX86State *env, bool pops)
{
    set_cond(env, FPUS_C0 | FPUS_C2 | FPUS_C3, FPUS_COND);
    if (stack_fault(env, false) && pops) {
        pop(env);
    }
}

// ST(0) op= a memory operand; suffix is the assembler's.
#define ARITH_MEM(name, ctype, prefix, suffix)                                                     \
    void HELPER(name)(CPUX86State * env, uint32_t op, ctype arg)                                   \
    {                                                                                              \
        X86FPReg r;                                                                                \
        uint16_t sw;                                                                               \
        x87_enter(env);                                                                            \
        if (x87_is_empty(env, 0)) {                                                                \
            if (op == OP_COM || op == OP_COMP) {                                                   \
                compare_empty(env, op == OP_COMP);                                                 \
            } else if (stack_fault(env, false)) {                                                  \
                set_st(env, 0, &default_nan);                                                      \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        const X86FPReg *a = x87_st(env, 0);                                                        \
        switch (op) {                                                                              \
            ARITH_MEM_CASE(OP_ADD, prefix "add" suffix)                                            \
            ARITH_MEM_CASE(OP_MUL, prefix "mul" suffix)                                            \
            ARITH_MEM_CASE(OP_SUB, prefix "sub" suffix)                                            \
            ARITH_MEM_CASE(OP_SUBR, prefix "subr" suffix)                                          \
            ARITH_MEM_CASE(OP_DIV, prefix "div" suffix)                                            \
            ARITH_MEM_CASE(OP_DIVR, prefix "divr" suffix)                                          \
        default:                                                                                   \
            __asm__ volatile("fldt %1\n\t" prefix "com" suffix " %2\n\tfnstsw %0\n\tfstp %%st(0)"  \
                             : "=a"(sw)                                                            \
                             : "m"(*a), "m"(arg));                                                 \
            compare_result(env, sw, op == OP_COMP);                                                \
            return;                                                                                \
        }                                                                                          \
        if (take_status(env, sw, FPUS_C1)) {                                                       \
            reg_copy(x87_st(env, 0), &r);                                                          \
        }                                                                                          \
    }
#define ARITH_MEM_CASE(op, insn)                                                                   \
    case op:                                                                                       \
        __asm__ volatile("fldt %2\n\t" insn " %3\n\tfnstsw %0\n\tfstpt %1"                         \
                         : "=a"(sw), "=m"(r)                                                       \
                         : "m"(*a), "m"(arg));                                                     \
        break;

ARITH_MEM(x86_farith_f32, uint32_t, "f", "s")
ARITH_MEM(x86_farith_f64, uint64_t, "f", "l")
ARITH_MEM(x86_farith_i16, uint32_t, "fi", "s")
ARITH_MEM(x86_farith_i32, uint32_t, "fi", "l")

// ST(d) = ST(d) op ST(s), one of them ST(0); flags bit 0: d is i (else 0), bit 1: pop.
void HELPER(x86_farith_st)(CPUX86State *env, uint32_t op, uint32_t i, uint32_t flags)
{
    X86FPReg r;
    uint16_t sw;
    unsigned d = flags & 1 ? i : 0, src = flags & 1 ? 0 : i;
    x87_enter(env);
    if (x87_is_empty(env, 0) || x87_is_empty(env, i)) {
        if (stack_fault(env, false)) {
            set_st(env, d, &default_nan);
            if (flags & 2) {
                pop(env);
            }
        }
        return;
    }
    const X86FPReg *a = x87_st(env, d), *b = x87_st(env, src);
    switch (op) {
#define CASE(op, insn)                                                                             \
    case op:                                                                                       \
        __asm__ volatile("fldt %3\n\tfldt %2\n\t" insn " %%st(1),%%st\n\tfnstsw %0\n\tfstpt %1"    \
                         "\n\tfstp %%st(0)"                                                        \
                         : "=a"(sw), "=m"(r)                                                       \
                         : "m"(*a), "m"(*b));                                                      \
        break;
        CASE(OP_ADD, "fadd")
        CASE(OP_MUL, "fmul")
        CASE(OP_SUB, "fsub")
        CASE(OP_SUBR, "fsubr")
        CASE(OP_DIV, "fdiv")
    default: CASE(OP_DIVR, "fdivr")
#undef CASE
    }
    if (take_status(env, sw, FPUS_C1)) {
        reg_copy(x87_st(env, d), &r);
        if (flags & 2) {
            pop(env);
        }
    }
}

// --- comparisons ---------------------------------------------------------------------------------

enum { COM_QUIET = 1, COM_POP = 2, COM_POP2 = 4 };

static uint16_t compare_host(CPUX86State *env, uint32_t i, bool quiet)
{
    uint16_t sw;
    if (quiet) {
        __asm__ volatile("fldt %2\n\tfldt %1\n\tfucompp\n\tfnstsw %0"
                         : "=a"(sw)
                         : "m"(*x87_st(env, 0)), "m"(*x87_st(env, i)));
    } else {
        __asm__ volatile("fldt %2\n\tfldt %1\n\tfcompp\n\tfnstsw %0"
                         : "=a"(sw)
                         : "m"(*x87_st(env, 0)), "m"(*x87_st(env, i)));
    }
    return sw;
}

// ST(0) with ST(i); flags COM_*.
void HELPER(x86_fcom_st)(CPUX86State *env, uint32_t i, uint32_t flags)
{
    x87_enter(env);
    uint32_t top = env->fpstt;
    if (x87_is_empty(env, 0) || x87_is_empty(env, i)) {
        compare_empty(env, flags & (COM_POP | COM_POP2));
    } else {
        compare_result(env, compare_host(env, i, flags & COM_QUIET), flags & (COM_POP | COM_POP2));
    }
    if ((flags & COM_POP2) && env->fpstt != top) {
        pop(env);
    }
}

// FCOMI and its like: the outcome in C0, C2 and C3, which the status word's own do not follow.
uint64_t HELPER(x86_fcomi)(CPUX86State *env, uint32_t i, uint32_t flags)
{
    uint16_t sw = FPUS_C0 | FPUS_C2 | FPUS_C3;
    bool done;
    x87_enter(env);
    if (x87_is_empty(env, 0) || x87_is_empty(env, i)) {
        done = stack_fault(env, false);
    } else {
        sw = compare_host(env, i, flags & COM_QUIET);
        done = take_status(env, sw, 0);
    }
    if (done && (flags & COM_POP)) {
        pop(env);
    }
    return sw;
}

void HELPER(x86_ftst)(CPUX86State *env)
{
    uint16_t sw;
    x87_enter(env);
    if (x87_is_empty(env, 0)) {
        compare_empty(env, false);
        return;
    }
    __asm__ volatile("fldt %1\n\tftst\n\tfnstsw %0\n\tfstp %%st(0)"
                     : "=a"(sw)
                     : "m"(*x87_st(env, 0)));
    compare_result(env, sw, false);
}

void HELPER(x86_fxam)(CPUX86State *env)
{
    uint16_t sw;
    x87_enter(env);
    __asm__ volatile("fldt %1\n\tfxam\n\tfnstsw %0\n\tfstp %%st(0)"
                     : "=a"(sw)
                     : "m"(*x87_st(env, 0)));
    if (x87_is_empty(env, 0)) {
        sw = (sw & FPUS_C1) | FPUS_C3 | FPUS_C0;
    }
    set_cond(env, sw, FPUS_COND);
}

// --- one operand ---------------------------------------------------------------------------------

// ST(0) = insn(ST(0)); cond: the condition bits that the instruction defines.
#define UNARY(name, insn, cond)                                                                    \
    void HELPER(name)(CPUX86State * env)                                                           \
    {                                                                                              \
        X86FPReg r;                                                                                \
        uint16_t sw;                                                                               \
        x87_enter(env);                                                                            \
        if (x87_is_empty(env, 0)) {                                                                \
            set_cond(env, 0, (cond) & FPUS_C2);                                                    \
            if (stack_fault(env, false)) {                                                         \
                set_st(env, 0, &default_nan);                                                      \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("fldt %2\n\t" insn "\n\tfnstsw %0\n\tfstpt %1"                            \
                         : "=a"(sw), "=m"(r)                                                       \
                         : "m"(*x87_st(env, 0)));                                                  \
        if (take_status(env, sw, cond)) {                                                          \
            reg_copy(x87_st(env, 0), &r);                                                          \
        }                                                                                          \
    }

UNARY(x86_fabs, "fabs", FPUS_C1)
UNARY(x86_fchs, "fchs", FPUS_C1)
UNARY(x86_fsqrt, "fsqrt", FPUS_C1)
UNARY(x86_frndint, "frndint", FPUS_C1)
UNARY(x86_f2xm1, "f2xm1", FPUS_C1)
UNARY(x86_fsin, "fsin", FPUS_C1 | FPUS_C2)
UNARY(x86_fcos, "fcos", FPUS_C1 | FPUS_C2)

// One operand, two results: ST(0) replaced by the first, the second pushed.  An operand out of range
// (C2) leaves all as it was; the host has pushed nothing then, so the assembly does.
#define UNARY2(name, insn, cond)                                                                   \
    void HELPER(name)(CPUX86State * env)                                                           \
    {                                                                                              \
        X86FPReg first, second;                                                                    \
        uint16_t sw;                                                                               \
        x87_enter(env);                                                                            \
        if (x87_is_empty(env, 0) || !x87_is_empty(env, 7)) {                                       \
            set_cond(env, 0, (cond) & FPUS_C2);                                                    \
            if (stack_fault(env, !x87_is_empty(env, 0))) {                                         \
                set_st(env, 0, &default_nan);                                                      \
                push_raw(env, &default_nan);                                                       \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("fldt %3\n\t" insn "\n\tfnstsw %0\n\t"                                    \
                         "testl %4,%%eax\n\tjz 1f\n\tfld %%st(0)\n"                                \
                         "1:\tfstpt %2\n\tfstpt %1"                                                \
                         : "=a"(sw), "=m"(first), "=m"(second)                                     \
                         : "m"(*x87_st(env, 0)), "i"((cond) & FPUS_C2)                             \
                         : "cc");                                                                  \
        if (take_status(env, sw, cond) && !(sw & (cond) & FPUS_C2)) {                              \
            set_st(env, 0, &first);                                                                \
            push_raw(env, &second);                                                                \
        }                                                                                          \
    }

UNARY2(x86_fptan, "fptan", FPUS_C1 | FPUS_C2)
UNARY2(x86_fsincos, "fsincos", FPUS_C1 | FPUS_C2)
UNARY2(x86_fxtract, "fxtract", FPUS_C1)

// --- ST(0) and ST(1) -----------------------------------------------------------------------------

// Operands without a remainder, for which FPREM leaves C0 and C3, two bits of the quotient, alone.
static bool is_special(const X86FPReg *a, const X86FPReg *b)
{
    const X86FPReg *v[] = {a, b};
    for (unsigned i = 0; i < 2; i++) {
        unsigned exp = v[i]->se & 0x7fff;
        bool inf = exp == 0x7fff && v[i]->mant == 1ull << 63;
        if ((exp == 0x7fff && !(inf && i == 1)) || (exp && !(v[i]->mant >> 63))) {
            return true;
        }
    }
    return !(b->se & 0x7fff) && !b->mant;
}

// ST(0) = insn(ST(0), ST(1)).
#define BINARY0(name, insn, cond_)                                                                 \
    void HELPER(name)(CPUX86State * env)                                                           \
    {                                                                                              \
        X86FPReg r;                                                                                \
        uint16_t sw, cond = (cond_);                                                               \
        x87_enter(env);                                                                            \
        if (x87_is_empty(env, 0) || x87_is_empty(env, 1)) {                                        \
            set_cond(env, 0, cond &FPUS_C2);                                                       \
            if (stack_fault(env, false)) {                                                         \
                set_st(env, 0, &default_nan);                                                      \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("fldt %3\n\tfldt %2\n\t" insn "\n\tfnstsw %0\n\tfstpt %1\n\t"             \
                         "fstp %%st(0)"                                                            \
                         : "=a"(sw), "=m"(r)                                                       \
                         : "m"(*x87_st(env, 0)), "m"(*x87_st(env, 1)));                            \
        if ((cond & FPUS_C0) && is_special(x87_st(env, 0), x87_st(env, 1))) {                      \
            cond = FPUS_C1 | FPUS_C2;                                                              \
        }                                                                                          \
        if (take_status(env, sw, cond)) {                                                          \
            reg_copy(x87_st(env, 0), &r);                                                          \
        }                                                                                          \
    }

BINARY0(x86_fscale, "fscale", FPUS_C1)
BINARY0(x86_fprem, "fprem", FPUS_COND)
BINARY0(x86_fprem1, "fprem1", FPUS_COND)

// ST(1) = insn(ST(1), ST(0)), then a pop.
#define BINARY1(name, insn)                                                                        \
    void HELPER(name)(CPUX86State * env)                                                           \
    {                                                                                              \
        X86FPReg r;                                                                                \
        uint16_t sw;                                                                               \
        x87_enter(env);                                                                            \
        if (x87_is_empty(env, 0) || x87_is_empty(env, 1)) {                                        \
            if (stack_fault(env, false)) {                                                         \
                set_st(env, 1, &default_nan);                                                      \
                pop(env);                                                                          \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        __asm__ volatile("fldt %3\n\tfldt %2\n\t" insn "\n\tfnstsw %0\n\tfstpt %1"                 \
                         : "=a"(sw), "=m"(r)                                                       \
                         : "m"(*x87_st(env, 0)), "m"(*x87_st(env, 1)));                            \
        if (take_status(env, sw, FPUS_C1)) {                                                       \
            reg_copy(x87_st(env, 1), &r);                                                          \
            pop(env);                                                                              \
        }                                                                                          \
    }

BINARY1(x86_fyl2x, "fyl2x")
BINARY1(x86_fyl2xp1, "fyl2xp1")
BINARY1(x86_fpatan, "fpatan")

// --- moves between registers, the stack ----------------------------------------------------------

void HELPER(x86_fxch)(CPUX86State *env, uint32_t i)
{
    x87_enter(env);
    if (x87_is_empty(env, 0) || x87_is_empty(env, i)) {
        if (!stack_fault(env, false)) {
            return;
        }
        if (x87_is_empty(env, 0)) {
            set_st(env, 0, &default_nan);
        }
        if (x87_is_empty(env, i)) {
            set_st(env, i, &default_nan);
        }
    } else {
        set_cond(env, 0, FPUS_C1);
    }
    X86FPReg t = *x87_st(env, 0);
    reg_copy(x87_st(env, 0), x87_st(env, i));
    reg_copy(x87_st(env, i), &t);
}

void HELPER(x86_fcmov)(CPUX86State *env, uint32_t i, uint32_t cond)
{
    x87_enter(env);
    if (x87_is_empty(env, 0) || x87_is_empty(env, i)) {
        // Whatever the condition says.
        if (stack_fault(env, false)) {
            set_st(env, 0, &default_nan);
        }
    } else if (cond) {
        reg_copy(x87_st(env, 0), x87_st(env, i));
    }
}

// FFREE; flags bit 1: pop (FFREEP).
void HELPER(x86_ffree)(CPUX86State *env, uint32_t i, uint32_t flags)
{
    x87_enter(env);
    set_cond(env, 0, FPUS_C1);
    env->fptags[(env->fpstt + i) & 7] = 1;
    if (flags & 2) {
        pop(env);
    }
}

void HELPER(x86_fincstp)(CPUX86State *env, uint32_t delta)
{
    x87_enter(env);
    env->fpstt = (env->fpstt + delta) & 7;
    set_cond(env, 0, FPUS_C1);
}

// FWAIT, and FNOP.
void HELPER(x86_fwait)(CPUX86State *env) { x87_wait(env); }
