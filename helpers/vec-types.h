// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector values in memory, lane by lane.  Lane 0 is the least significant.

#ifndef HELPERS_VEC_TYPES_H
#define HELPERS_VEC_TYPES_H

#include <stdint.h>

#define VEC_LANES(bytes)                                                                           \
    uint8_t b[bytes];                                                                              \
    int8_t sb[bytes];                                                                              \
    uint16_t w[(bytes) / 2];                                                                       \
    int16_t sw[(bytes) / 2];                                                                       \
    uint32_t l[(bytes) / 4];                                                                       \
    int32_t sl[(bytes) / 4];                                                                       \
    uint64_t q[(bytes) / 8];                                                                       \
    int64_t sq[(bytes) / 8];                                                                       \
    float s[(bytes) / 4];                                                                          \
    double d[(bytes) / 8];

typedef union V64 {
    VEC_LANES(8)
} V64;
typedef union V128 {
    VEC_LANES(16)
} __attribute__((aligned(16))) V128;
typedef union V256 {
    VEC_LANES(32)
} __attribute__((aligned(32))) V256;

#endif
