// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables that stencils/extract.c makes at build time and quick.c reads.

#ifndef TCG_STENCIL_H
#define TCG_STENCIL_H

#include <stdint.h>

// What a hole wants.  The _REL kinds are displacements from the hole's end.
typedef enum HoleKind {
    HOLE_ADDR,       // 32 bits: 4 * slot `index` + addend
    HOLE_SLOT,       // 32 bits: slot `index`
    HOLE_S32,        // 32 bits: 32-bit immediate `index`
    HOLE_IMM64,      // 64 bits: word `index`
    HOLE_NEXT_REL,   // what follows the stencil
    HOLE_JUMP_REL,   // where the instruction branches to
    HOLE_CALL_REL,   // the function in word 2
    HOLE_DATA_REL,   // the instruction's bytecode + addend
    HOLE_RODATA_REL, // stencil_rodata + addend
    HOLE_EXTERN_REL, // stencil_externs[index]
} HoleKind;

typedef struct StencilHole {
    uint16_t at;
    uint8_t kind;
    uint8_t index;
    int32_t addend;
} StencilHole;

typedef struct Stencil {
    uint32_t name;  // of the form, without op_: index in stencil_names
    uint32_t code;  // index in stencil_code
    uint32_t holes; // index in stencil_holes
    uint16_t size;  // bytes; control leaves at the end, by hole_next inside, or for good
    uint8_t nb_holes;
    uint8_t has_data; // some hole is HOLE_DATA_REL
} Stencil;

#endif
