// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// %rax, %rbx, %rbp and %r10 hold nothing here. A slot's first instruction is a jump whose displacement is aligned, so that it
// changes at once for other threads; both slots' jumps share a cache line.
#include "tcg/pinned-exit.h"

#include <stdatomic.h>
#include <string.h>

#include "tcg/quick-x86.h"

enum { JUMP_SIZE = 8, DISPLACEMENT = 4, SLOW_SIZE = 53 };

static void put(uint8_t **at, const void *bytes, size_t n)
{
    memcpy(*at, bytes, n);
    *at += n;
}
#define PUT(at, ...)                                                                               \
    put((at), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void put64(uint8_t **at, uint64_t v) { put(at, &v, sizeof(v)); }

static void put_relative(uint8_t **at, const void *to)
{
    x86_put32(at, (int32_t)((intptr_t)to - (intptr_t)(*at + 4)));
}

static uint8_t *slow_way(void *at, unsigned slot)
{
    return (uint8_t *)at + 2 * JUMP_SIZE + slot * SLOW_SIZE;
}

void pinned_emit_slots(void *at, const TCGPinned *pinned, const TCGCode *code, intptr_t pc_offset,
                       const uint64_t pc[2])
{
    _Static_assert(offsetof(TCGCode, pinned) == 8 && offsetof(TCGCode, jmp) < 0x70,
                   "8-bit offsets");
    _Static_assert(2 * (JUMP_SIZE + SLOW_SIZE) <= PINNED_SLOTS_SIZE, "the slots' ways fit");
    for (unsigned slot = 0; slot < 2; slot++) {
        uint8_t *p = (uint8_t *)at + JUMP_SIZE * slot;
        PUT(&p, 0x0f, 0x1f, 0x00, 0xe9); // nop; jmp slow
        put_relative(&p, slow_way(at, slot));
        p = slow_way(at, slot);
        PUT(&p, 0x49, 0xbd); // mov $code, %r13
        put64(&p, (uintptr_t)code);
        PUT(&p, 0x49, 0x8b, 0x45, offsetof(TCGCode, jmp) + 8 * slot); // mov jmp[slot](%r13), %rax
        PUT(&p, 0x48, 0x85, 0xc0, 0x74, 0x07);                        // test %rax, %rax; je 1f
        PUT(&p, 0x49, 0x89, 0xc5, 0x41, 0xff, 0x65, 0x08); // mov %rax, %r13; jmp *pinned(%r13)
        PUT(&p, 0x49, 0x83, 0xcd, slot);                   // 1: or $slot, %r13
        PUT(&p, 0x48, 0xb8);                               // mov $pc, %rax
        put64(&p, pc[slot]);
        PUT(&p, 0x49, 0x89, 0x84, 0x24); // mov %rax, pc(%r12)
        x86_put32(&p, (int32_t)pc_offset);
        PUT(&p, 0xe9); // jmp exit
        put_relative(&p, pinned->exit);
    }
}

void pinned_set_jump(void *at, unsigned slot, const void *to)
{
    uint8_t *hole = (uint8_t *)at + JUMP_SIZE * slot + DISPLACEMENT;
    const void *target = to ? to : slow_way(at, slot);
    atomic_store_explicit((_Atomic(int32_t) *)(void *)hole,
                          (int32_t)((intptr_t)target - (intptr_t)(hole + 4)), memory_order_release);
}

void pinned_emit_indirect(void *at, const TCGPinned *pinned, const TCGQuickJump *jump)
{
    _Static_assert(sizeof(TBJumpCacheEntry) == 32 && offsetof(TBJumpCacheEntry, key) == 0 &&
                       offsetof(TBJumpCacheEntry, code) == 8 &&
                       offsetof(TBJumpCacheEntry, pinned) == 24,
                   "what is computed here");
    uint8_t *p = at;
    PUT(&p, 0x4d, 0x89, 0xea);                    // mov %r13, %r10: cpu_jump_cache_hash
    PUT(&p, 0x49, 0xc1, 0xea, TB_JMP_CACHE_BITS); // shr $bits, %r10
    PUT(&p, 0x45, 0x31, 0xea);                    // xor %r13d, %r10d
    PUT(&p, 0x41, 0x81, 0xe2);                    // and $(size - 1), %r10d
    x86_put32(&p, TB_JMP_CACHE_SIZE - 1);
    PUT(&p, 0x49, 0xc1, 0xe2, 5);    // shl $5, %r10
    PUT(&p, 0x4d, 0x03, 0x94, 0x24); // add cache(%r12), %r10
    x86_put32(&p, (int32_t)jump->cache_offset);
    PUT(&p, 0x48, 0xb8); // mov $tag, %rax
    put64(&p, tb_jump_tag(jump->mode));
    PUT(&p, 0x4c, 0x31, 0xe8);          // xor %r13, %rax
    PUT(&p, 0x49, 0x39, 0x02, 0x75, 8); // cmp %rax, (%r10); jne miss
    PUT(&p, 0x4d, 0x8b, 0x6a, 0x08);    // mov 8(%r10), %r13
    PUT(&p, 0x41, 0xff, 0x62, 0x18);    // jmp *24(%r10)
    PUT(&p, 0x48, 0xb8);                // miss: mov $lookup, %rax
    put64(&p, (uintptr_t)jump->lookup);
    PUT(&p, 0xe9); // jmp lookup
    put_relative(&p, pinned->lookup);
}
