// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// %rax, %rbx, %rbp and %r10 hold nothing here. A slot's jump has an aligned displacement, so that it
// changes at once for other threads; both slots' jumps share a cache line.
#include "tcg/pinned-exit.h"

#include <stdatomic.h>
#include <string.h>

#include "tcg/quick-x86.h"
#include "tcg/tcg-returns.h"

enum { DISPLACEMENT = 4, SLOW_SIZE = 53, HEAD = 40 };

// Where a slot's jump has its displacement, and where its slow way begins; bytes from the way's start.
typedef struct SlotPlace {
    unsigned displacement, slow;
} SlotPlace;

static SlotPlace place_of(PinnedKind kind, bool indirect, unsigned slot)
{
    enum { FIRST_SLOW = 16, CALL = 28, BEHIND = 36 };
    return kind != PINNED_CALL ? (SlotPlace){4 + 8 * slot, FIRST_SLOW + slot * SLOW_SIZE}
           : indirect          ? (SlotPlace){BEHIND, HEAD}
                               : (SlotPlace){slot ? BEHIND : CALL, HEAD + slot * SLOW_SIZE};
}

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

static void put_slow(uint8_t **at, const PinnedWay *way, unsigned slot, uint64_t pc)
{
    _Static_assert(offsetof(TCGCode, pinned) == 8 && offsetof(TCGCode, jmp) < 0x70,
                   "8-bit offsets");
    PUT(at, 0x49, 0xbd); // mov $code, %r13
    put64(at, (uintptr_t)way->code);
    PUT(at, 0x49, 0x8b, 0x45, offsetof(TCGCode, jmp) + 8 * slot); // mov jmp[slot](%r13), %rax
    PUT(at, 0x48, 0x85, 0xc0, 0x74, 0x07);                        // test %rax, %rax; je 1f
    PUT(at, 0x49, 0x89, 0xc5, 0x41, 0xff, 0x65, 0x08); // mov %rax, %r13; jmp *pinned(%r13)
    PUT(at, 0x49, 0x83, 0xcd, slot);                   // 1: or $slot, %r13
    PUT(at, 0x48, 0xb8);                               // mov $pc, %rax
    put64(at, pc);
    PUT(at, 0x49, 0x89, 0x84, 0x24); // mov %rax, pc(%r12)
    x86_put32(at, (int32_t)way->jump.pc_offset);
    PUT(at, 0xe9); // jmp exit
    put_relative(at, way->pinned->exit);
}

// Pushes a frame and calls `callee`, or goes to `plain` where there is no room for one; then goes on at `behind`. Both jumps have
// their displacements aligned.
static void put_call(uint8_t **at, const PinnedWay *way, const void *callee, const void *plain,
                     const void *behind)
{
    const TCGQuickJump *jump = &way->jump;
    PUT(at, 0x49, 0x3b, 0xa4, 0x24); // cmp limit(%r12), %rsp
    x86_put32(at, (int32_t)(tcg_returns_offset + (intptr_t)offsetof(TCGReturns, limit)));
    PUT(at, 0x0f, 0x82); // jb plain
    put_relative(at, plain);
    PUT(at, 0x48, 0xb8); // mov $key, %rax
    put64(at, tcg_return_key(jump->return_pc, jump->return_mode) ^ tcg_return_pinned);
    PUT(at, 0x50, 0x66, 0x90, 0xe8); // push %rax; nop; call
    put_relative(at, callee);
    PUT(at, 0x58, 0x66, 0x90, 0xe9); // pop %rax; nop; jmp
    put_relative(at, behind);
}

uint8_t *pinned_emit_slots(void *at, const PinnedWay *way, const uint64_t pc[2])
{
    uint8_t *p = at;
    const uint8_t *slow[] = {p + place_of(way->kind, false, 0).slow,
                             p + place_of(way->kind, false, 1).slow};
    if (way->kind == PINNED_CALL) {
        put_call(&p, way, slow[0], slow[0], slow[1]);
    } else {
        for (unsigned slot = 0; slot < 2; slot++) {
            PUT(&p, 0x0f, 0x1f, 0x00, 0xe9); // nop; jmp
            put_relative(&p, slow[slot]);
        }
    }
    put_slow(&p, way, 0, pc[0]);
    put_slow(&p, way, 1, way->kind == PINNED_CALL ? way->jump.return_pc : pc[1]);
    return p;
}

void pinned_set_jump(void *at, PinnedKind kind, bool indirect, unsigned slot, const void *to)
{
    const SlotPlace place = place_of(kind, indirect, slot);
    uint8_t *hole = (uint8_t *)at + place.displacement;
    const void *target = to ? to : (uint8_t *)at + place.slow;
    atomic_store_explicit((_Atomic(int32_t) *)(void *)hole,
                          (int32_t)((intptr_t)target - (intptr_t)(hole + DISPLACEMENT)),
                          memory_order_release);
}

static void put_by_cache(uint8_t **at, const PinnedWay *way)
{
    _Static_assert(sizeof(TBJumpCacheEntry) == 32 && offsetof(TBJumpCacheEntry, key) == 0 &&
                       offsetof(TBJumpCacheEntry, code) == 8 &&
                       offsetof(TBJumpCacheEntry, pinned) == 24,
                   "what is computed here");
    PUT(at, 0x4d, 0x89, 0xea);                    // mov %r13, %r10: cpu_jump_cache_hash
    PUT(at, 0x49, 0xc1, 0xea, TB_JMP_CACHE_BITS); // shr $bits, %r10
    PUT(at, 0x45, 0x31, 0xea);                    // xor %r13d, %r10d
    PUT(at, 0x41, 0x81, 0xe2);                    // and $(size - 1), %r10d
    x86_put32(at, TB_JMP_CACHE_SIZE - 1);
    PUT(at, 0x49, 0xc1, 0xe2, 5);    // shl $5, %r10
    PUT(at, 0x4d, 0x03, 0x94, 0x24); // add cache(%r12), %r10
    x86_put32(at, (int32_t)way->jump.cache_offset);
    PUT(at, 0x48, 0xb8); // mov $tag, %rax
    put64(at, tb_jump_tag(way->jump.mode));
    PUT(at, 0x4c, 0x31, 0xe8);          // xor %r13, %rax
    PUT(at, 0x49, 0x39, 0x02, 0x75, 8); // cmp %rax, (%r10); jne miss
    PUT(at, 0x4d, 0x8b, 0x6a, 0x08);    // mov 8(%r10), %r13
    PUT(at, 0x41, 0xff, 0x62, 0x18);    // jmp *24(%r10)
    PUT(at, 0x48, 0xb8);                // miss: mov $lookup, %rax
    put64(at, (uintptr_t)way->jump.lookup);
    PUT(at, 0xe9); // jmp lookup
    put_relative(at, way->pinned->lookup);
}

// The rest is in pinned->unwind, which goes on behind this.
static void put_return(uint8_t **at, const PinnedWay *way)
{
    enum { JUMP_SIZE = 5 };
    PUT(at, 0x48, 0xb8); // mov $key, %rax
    put64(at, tcg_return_key(0, way->jump.return_mode) ^ tcg_return_pinned);
    PUT(at, 0x4c, 0x31, 0xe8);                               // xor %r13, %rax
    PUT(at, 0x48, 0x39, 0x44, 0x24, 0x08, 0x75, 0x01, 0xc3); // cmp %rax, 8(%rsp); jne 1f; ret
    PUT(at, 0x4c, 0x8d, 0x15, JUMP_SIZE, 0, 0, 0, 0xe9);     // 1: lea 2f(%rip), %r10; jmp unwind
    put_relative(at, way->pinned->unwind);
}

uint8_t *pinned_emit_indirect(void *at, const PinnedWay *way)
{
    uint8_t *p = at;
    switch (way->kind) {
    case PINNED_CALL: {
        const SlotPlace behind = place_of(way->kind, true, 1);
        const uint8_t *by_cache = p + behind.slow + SLOW_SIZE;
        put_call(&p, way, by_cache, by_cache, p + behind.slow);
        put_slow(&p, way, 1, way->jump.return_pc);
        break;
    }
    case PINNED_RETURN: put_return(&p, way); break;
    case PINNED_JUMP: break;
    }
    put_by_cache(&p, way); // 2:
    return p;
}
