// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm
//
// Where a value is while a piece of machine code runs (tcg2llvm/value-moves.h).

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tcg2llvm/value-moves.h"

static const ValuePlace rax = {PLACE_GENERAL, 0, 0}, rcx = {PLACE_GENERAL, 1, 0},
                        rsi = {PLACE_GENERAL, 6, 0}, xmm1 = {PLACE_VECTOR, 1, 0},
                        slot16 = {PLACE_STACK, 5, -16}, slot24 = {PLACE_STACK, 5, -24};

static void assert_step(const ValueStep *step, size_t until, const ValuePlace *place)
{
    assert_int_equal(step->until, until);
    assert_int_equal(step->place.kind, place->kind);
    assert_int_equal(step->place.reg, place->reg);
    assert_int_equal(step->place.offset, place->offset);
}

static void test_stays(void **state)
{
    (void)state;
    ValueStep steps[VALUE_MAX_STEPS];
    static const uint8_t load[] = {0x48, 0x8b, 0x08}; // mov (%rax), %rcx
    assert_int_equal(value_trace(load, 0, sizeof(load), 8, &rax, &rax, steps), 1);
    assert_step(&steps[0], 3, &rax);
    // What the access itself overwrites was there in front of it.
    assert_int_equal(value_trace(load, 0, sizeof(load), 8, &rcx, NULL, steps), 1);
    assert_step(&steps[0], 3, &rcx);
}

static void test_moves(void **state)
{
    (void)state;
    ValueStep steps[VALUE_MAX_STEPS];
    static const uint8_t spill[] = {
        0x48, 0x89, 0x45, 0xf0, // mov %rax, -16(%rbp)
        0x48, 0x8b, 0x06,       // mov (%rsi), %rax
        0x48, 0x8b, 0x4d, 0xf0, // mov -16(%rbp), %rcx
    };
    assert_int_equal(value_trace(spill, 0, sizeof(spill), 8, &rax, &rcx, steps), 2);
    assert_step(&steps[0], 7, &rax);
    assert_step(&steps[1], 11, &slot16);
    assert_int_equal(value_trace(spill, 0, sizeof(spill), 8, &rax, NULL, steps), 2);
    assert_step(&steps[1], 11, &slot16);
    static const uint8_t vector[] = {
        0xc5, 0xf8, 0x28, 0xd1, // vmovaps %xmm1, %xmm2
        0xc5, 0xf1, 0xef, 0xc9, // vpxor %xmm1, %xmm1, %xmm1
        0x48, 0x8b, 0x06,       // mov (%rsi), %rax
    };
    const ValuePlace xmm2 = {PLACE_VECTOR, 2, 0};
    assert_int_equal(value_trace(vector, 0, sizeof(vector), 16, &xmm1, &xmm2, steps), 2);
    assert_step(&steps[1], 11, &xmm2);
    // A copy of 16 bytes is none of 32.
    assert_int_equal(value_trace(vector, 0, sizeof(vector), 32, &xmm1, NULL, steps), 0);
}

// It was put there before the piece begins.
static void test_was_there(void **state)
{
    (void)state;
    ValueStep steps[VALUE_MAX_STEPS];
    static const uint8_t code[] = {
        0x31, 0xc0,             // xor %eax, %eax
        0x48, 0x89, 0x4d, 0xe8, // mov %rcx, -24(%rbp)
        0x48, 0x8b, 0x0e,       // mov (%rsi), %rcx
        0x48, 0x8b, 0x45, 0xf0, // mov -16(%rbp), %rax
    };
    assert_int_equal(value_trace(code, 0, sizeof(code), 8, &rax, &rax, steps), 2);
    assert_step(&steps[0], 2, &rax);
    assert_step(&steps[1], 13, &slot16);
    assert_int_equal(value_trace(code, 0, sizeof(code), 8, &rax, &slot16, steps), 2);
    // If it comes to this slot, %rcx had it as well.
    assert_int_equal(value_trace(code, 0, sizeof(code), 8, &rax, &slot24, steps), 3);
    assert_step(&steps[1], 6, &rcx);
    assert_step(&steps[2], 13, &slot24);
}

static void test_lost(void **state)
{
    (void)state;
    ValueStep steps[VALUE_MAX_STEPS];
    static const uint8_t before[] = {0x31, 0xc0, 0x48, 0x8b,
                                     0x0e}; // xor %eax, %eax; mov (%rsi), %rcx
    assert_int_equal(value_trace(before, 0, sizeof(before), 8, &rax, NULL, steps), 0);
    static const uint8_t behind[] = {0x48, 0x8b, 0x0e, 0x31, 0xc0, 0x90}; // mov; xor; nop
    assert_int_equal(value_trace(behind, 0, sizeof(behind), 8, &rax, NULL, steps), 1);
    assert_step(&steps[0], 5, &rax);
    // 4 of 8 bytes; and what is no code.
    static const uint8_t narrow[] = {0x89, 0xc6, 0x31, 0xc0,
                                     0x48, 0x8b, 0x09}; // mov %eax, %esi; ...
    assert_int_equal(value_trace(narrow, 0, sizeof(narrow), 8, &rax, NULL, steps), 0);
    assert_int_equal(value_trace(narrow, 0, sizeof(narrow), 4, &rax, NULL, steps), 2);
    assert_step(&steps[1], 7, &rsi);
    static const uint8_t none[] = {0x06, 0x06};
    assert_int_equal(value_trace(none, 0, sizeof(none), 8, &rax, NULL, steps), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stays),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_was_there),
        cmocka_unit_test(test_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
