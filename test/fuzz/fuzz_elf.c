// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feeds bytes to the ELF and script parsers, and checks what elf-image.h promises of an image that
// was taken: the loader computes with these numbers without looking again.
#include <stdlib.h>

#include "runtime/linux/elf-image.h"

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            __builtin_trap();                                                                      \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t page = 4096;
    ElfBytes bytes = {data, size};
    ElfSource source = elf_source_bytes(&bytes);
    GError *error = NULL;
    ElfScript script;
    if (elf_script_parse(&source, &script, &error)) {
        CHECK((script.interp != NULL) == (error == NULL));
        elf_script_clear(&script);
        g_clear_error(&error);
    }
    ElfImage *image = malloc(sizeof(*image));
    if (!elf_image_parse(&source, page, image, &error)) {
        CHECK(error && error->message[0]);
        g_clear_error(&error);
        free(image);
        return 0;
    }
    CHECK(image->nb_segments > 0 && image->nb_segments <= ELF_MAX_SEGMENTS);
    CHECK(image->low < image->high && (image->low & (page - 1)) == 0);
    CHECK((image->align & (image->align - 1)) == 0 && image->align >= page);
    uint64_t end = image->low;
    for (unsigned i = 0; i < image->nb_segments; i++) {
        const ElfSegment *seg = &image->segments[i];
        CHECK(seg->memsz > 0 && seg->filesz <= seg->memsz);
        CHECK(seg->vaddr >= end);
        CHECK(seg->filesz == 0 || (seg->offset <= size && seg->filesz <= size - seg->offset));
        CHECK(seg->filesz == 0 || (seg->vaddr & (page - 1)) == (seg->offset & (page - 1)));
        end = seg->vaddr + seg->memsz;
        CHECK(end > seg->vaddr && end <= image->high);
    }
    if (image->interp) {
        CHECK(image->interp[0] != '\0');
    }
    elf_image_clear(image);
    free(image);
    return 0;
}
