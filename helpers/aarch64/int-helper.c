// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer helpers: CRC32.

#include "cpu.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

// Bit-reflected, as the instructions have it: the polynomial reversed, data from the low bit on.
static uint64_t crc(uint32_t acc, uint64_t data, uint32_t bytes, uint32_t poly)
{
    for (uint32_t i = 0; i < bytes; i++) {
        acc ^= (uint8_t)(data >> (8 * i));
        for (unsigned bit = 0; bit < 8; bit++) {
            acc = acc >> 1 ^ (poly & -(acc & 1));
        }
    }
    return acc;
}

uint64_t helper_a64_crc32(uint64_t acc, uint64_t data, uint32_t bytes)
{
    return crc((uint32_t)acc, data, bytes, 0xedb88320);
}

uint64_t helper_a64_crc32c(uint64_t acc, uint64_t data, uint32_t bytes)
{
#if defined(__x86_64__) && defined(__SSE4_2__)
    switch (bytes) {
    case 1: return __builtin_ia32_crc32qi((uint32_t)acc, (uint8_t)data);
    case 2: return __builtin_ia32_crc32hi((uint32_t)acc, (uint16_t)data);
    case 4: return __builtin_ia32_crc32si((uint32_t)acc, (uint32_t)data);
    default: return __builtin_ia32_crc32di((uint32_t)acc, data);
    }
#else
    return crc((uint32_t)acc, data, bytes, 0x82f63b78);
#endif
}
