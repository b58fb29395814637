// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The list of a decoder's patterns, as decodetree's --table writes it: for generators of random
// instructions, which thereby know every row of the decode tables.

#ifndef DECODETREE_PATTERN_TABLE_H
#define DECODETREE_PATTERN_TABLE_H

#include <stdint.h>

typedef struct DecodeSubfield {
    uint8_t pos, len;
} DecodeSubfield;

typedef struct DecodeField {
    const char *name; // of the argument that it gives
    uint8_t nb_subs;
    DecodeSubfield subs[6]; // most significant first
} DecodeField;

typedef struct DecodePattern {
    const char *name;
    const char *file;
    unsigned line;
    uint8_t width; // bits; 16-bit patterns of a mixed table stand in the upper half
    uint32_t fixedbits, fixedmask;
    const DecodeField *fields;
    unsigned nb_fields;
} DecodePattern;

#endif
