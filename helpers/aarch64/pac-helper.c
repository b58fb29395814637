// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pointer authentication (Arm ARM D8.10; AddPAC, Auth of the shared pseudocode): FEAT_PAuth with an algorithm of
// our own (FEAT_PACIMP), for Linux's 48-bit addresses with ignored top byte.  So a code has the seven bits 54 to
// 48, and bit 55 says which half of the address space a pointer is of.  Without FEAT_FPAC: what is found wrong
// comes out as an address that nothing can be at.

#include "cpu.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

#define PAC_SHIFT 48
#define PAC_MASK 0x007f000000000000u
#define HALF_BIT 0x0080000000000000u
#define ERROR_SHIFT 53

// The low half of the product, folded with the high one.
static uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t p = (__uint128_t)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

// ComputePAC, implementation defined: 64 bits that depend on every bit of pointer, modifier and key.
static uint64_t compute(const CPUARMState *env, uint64_t pointer, uint64_t modifier, ARMPacKey key)
{
    uint64_t low = env->pac_keys[key].low, high = env->pac_keys[key].high;
    uint64_t h = fold(pointer ^ low ^ 0x9e3779b97f4a7c15u, modifier ^ high ^ 0xd6e8feb86659fd93u);
    h = fold(h ^ high ^ 0xa0761d6478bd642fu, pointer + low + 0xe7037ed1a0b428dbu);
    return fold(h ^ 0x8ebc6af09c88c6e3u, modifier + low + 0x589965cc75374cc3u);
}

// The pointer with copies of bit 55 in the place of its code.
static uint64_t plain(uint64_t pointer)
{
    return pointer & HALF_BIT ? pointer | PAC_MASK : pointer & ~(uint64_t)PAC_MASK;
}

static bool enabled(const CPUARMState *env, unsigned key) { return env->pac_enabled >> key & 1; }

uint64_t helper_a64_pac_add(CPUARMState *env, uint64_t pointer, uint64_t modifier, uint32_t key)
{
    if (!enabled(env, key)) {
        return pointer;
    }
    uint64_t code = compute(env, plain(pointer), modifier, (ARMPacKey)key);
    uint64_t extension = pointer & (PAC_MASK | HALF_BIT);
    if (extension != 0 && extension != (PAC_MASK | HALF_BIT)) {
        code ^= UINT64_C(1) << 54; // it was no address: so that it does not become one
    }
    return (pointer & ~(uint64_t)PAC_MASK) | (code & PAC_MASK);
}

uint64_t arm_pac_authenticate(const CPUARMState *env, uint64_t pointer, uint64_t modifier,
                              ARMPacKey key)
{
    if (!enabled(env, key)) {
        return pointer;
    }
    uint64_t original = plain(pointer);
    if (!((compute(env, original, modifier, key) ^ pointer) & PAC_MASK)) {
        return original;
    }
    uint64_t error = key == ARM_PAC_IB || key == ARM_PAC_DB ? 2 : 1;
    return (original & ~(UINT64_C(3) << ERROR_SHIFT)) | error << ERROR_SHIFT;
}

uint64_t helper_a64_pac_auth(CPUARMState *env, uint64_t pointer, uint64_t modifier, uint32_t key)
{
    return arm_pac_authenticate(env, pointer, modifier, (ARMPacKey)key);
}

uint64_t helper_a64_pac_generic(CPUARMState *env, uint64_t value, uint64_t modifier)
{
    return compute(env, value, modifier, ARM_PAC_GA) & 0xffffffff00000000u;
}
