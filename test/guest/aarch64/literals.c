// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads of what stands beside the code.

#include "../guest-test.h"

__asm__(".text\n.balign 16\n"
        "words: .quad 0x8182838485868788, 0x0102030405060708\n"
        ".globl load_words\nload_words:\n"
        " ldr w1, words\n ldr x2, words\n ldrsw x3, words + 4\n prfm pldl1keep, words\n"
        " movi v0.16b, #255\n movi v1.16b, #255\n movi v2.16b, #255\n"
        " ldr s0, words + 4\n ldr d1, behind\n ldr q2, words\n"
        " stp x1, x2, [x0]\n str x3, [x0, #16]\n"
        " stp q0, q1, [x0, #32]\n str q2, [x0, #64]\n ret\n"
        " .balign 8\nbehind: .quad 0x1112131415161718\n");
void load_words(uint64_t *to);

int main(void)
{
    uint64_t v[10] = {0};
    for (int i = 0; i < 3000; i++) {
        load_words(v);
    }
    CHECK(v[0] == 0x85868788 && v[1] == 0x8182838485868788 && v[2] == 0xffffffff81828384);
    CHECK(v[4] == 0x81828384 && v[5] == 0);         // ldr s0
    CHECK(v[6] == 0x1112131415161718 && v[7] == 0); // ldr d1
    CHECK(v[8] == 0x8182838485868788 && v[9] == 0x0102030405060708);
    return finish();
}
