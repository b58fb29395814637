// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints a decoder's patterns, one a line, for random.py:
//
//   name fixedbits fixedmask field=pos:len,pos:len ...

#include <inttypes.h>
#include <stdio.h>

#include "frontend/decodetree/pattern-table.h"

extern const DecodePattern decode_a64_patterns[];
extern const unsigned decode_a64_nb_patterns;

int main(void)
{
    for (unsigned i = 0; i < decode_a64_nb_patterns; i++) {
        const DecodePattern *p = &decode_a64_patterns[i];
        printf("%s %08" PRIx32 " %08" PRIx32, p->name, p->fixedbits, p->fixedmask);
        for (unsigned f = 0; f < p->nb_fields; f++) {
            printf(" %s=", p->fields[f].name);
            for (unsigned s = 0; s < p->fields[f].nb_subs; s++) {
                printf("%s%u:%u", s ? "," : "", p->fields[f].subs[s].pos, p->fields[f].subs[s].len);
            }
        }
        putchar('\n');
    }
    return 0;
}
