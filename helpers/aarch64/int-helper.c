// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer helpers: CRC32.

#include "cpu.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

// Both are bit-reflected, without the usual inversions.

// Polynomial 0x04c11db7: what four bits that are shifted out leave behind.
static const uint32_t crc32_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint64_t helper_a64_crc32(uint64_t acc, uint64_t data, uint32_t bytes)
{
    uint32_t c = (uint32_t)acc;
    for (uint32_t i = 0; i < bytes; i++, data >>= 8) {
        c ^= (uint8_t)data;
        c = c >> 4 ^ crc32_nibble[c & 15];
        c = c >> 4 ^ crc32_nibble[c & 15];
    }
    return c;
}

// Polynomial 0x1edc6f41, which x86 has an instruction for.
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint64_t helper_a64_crc32c(uint64_t acc, uint64_t data,
                                                             uint32_t bytes)
{
    switch (bytes) {
    case 1: return __builtin_ia32_crc32qi((uint32_t)acc, (uint8_t)data);
    case 2: return __builtin_ia32_crc32hi((uint32_t)acc, (uint16_t)data);
    case 4: return __builtin_ia32_crc32si((uint32_t)acc, (uint32_t)data);
    default: return __builtin_ia32_crc32di((uint32_t)acc, data);
    }
}
#else
uint64_t helper_a64_crc32c(uint64_t acc, uint64_t data, uint32_t bytes)
{
    uint32_t c = (uint32_t)acc;
    for (uint32_t i = 0; i < bytes * 8; i++, data >>= 1) {
        c = c >> 1 ^ ((c ^ data) & 1 ? 0x82f63b78u : 0);
    }
    return c;
}
#endif
