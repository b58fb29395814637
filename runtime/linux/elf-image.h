// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an ELF file says about itself, read and checked, with nothing mapped: the loader maps from an
// ElfImage, the fuzzer feeds the parser bytes.  After elf_image_parse() has said yes, every number in
// the image is safe to compute with: sums do not wrap, file ranges lie inside the file, segments are
// in order and apart.

#ifndef RUNTIME_LINUX_ELF_IMAGE_H
#define RUNTIME_LINUX_ELF_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Why a program cannot be run; the codes are errno values, as execve(2) would give them.
#define ELF_IMAGE_ERROR elf_image_error_quark()
GQuark elf_image_error_quark(void);

// Where the bytes come from.  read_at gives false when fewer than len bytes could be read.
typedef struct ElfSource {
    uint64_t size;
    bool (*read_at)(void *opaque, uint64_t offset, void *buf, size_t len);
    void *opaque;
} ElfSource;

#define ELF_MAX_SEGMENTS 256u

typedef struct ElfSegment {
    uint64_t vaddr, memsz;   // memsz > 0
    uint64_t offset, filesz; // filesz <= memsz; offset is congruent to vaddr modulo the page size
    int prot;                // PROT_*
} ElfSegment;

typedef struct ElfImage {
    uint8_t elf_class; // ELFCLASS32, ELFCLASS64
    uint16_t machine;  // EM_*
    bool is_pic;       // ET_DYN: loads anywhere
    uint32_t e_flags;
    uint64_t entry;     // as linked; not checked to lie in a segment (a lie is the guest's fault)
    uint64_t low, high; // page-aligned span of the segments
    uint64_t align;     // largest p_align that is a power of two, at least a page
    uint64_t
        phdr_vaddr; // where the program headers will be in memory, 0 when no segment holds them
    uint16_t phentsize, phnum;
    bool exec_stack; // no PT_GNU_STACK, or one with PF_X
    char *interp;    // PT_INTERP, NULL when there is none; owned by the image
    unsigned nb_segments;
    ElfSegment segments[ELF_MAX_SEGMENTS];
} ElfImage;

// Reads `source` into `image`.  On false, `error` holds one line without the file's name, and the image
// nothing to free.  `page_size` is the guest's, a power of two.
bool elf_image_parse(const ElfSource *source, uint64_t page_size, ElfImage *image, GError **error);
void elf_image_clear(ElfImage *image);

// A source over bytes in memory.
typedef struct ElfBytes {
    const uint8_t *data;
    size_t len;
} ElfBytes;
ElfSource elf_source_bytes(ElfBytes *bytes);
// A source over an open file; the caller keeps `*fd` open and in place while it is used.
bool elf_source_fd(int *fd, ElfSource *source, GError **error);

// "x86-64", "AArch64", ... for messages; "machine N" when it has no name here (static buffer per call).
const char *elf_machine_name(uint16_t machine, char *buf, size_t size);

// The first line of a script: "#!interp [arg]".
typedef struct ElfScript {
    char *interp;
    char *arg; // NULL when there is none; blanks inside are kept, as Linux does
} ElfScript;
// True when the file starts with "#!"; then either *script is filled or *error set (and interp NULL).
bool elf_script_parse(const ElfSource *source, ElfScript *script, GError **error);
void elf_script_clear(ElfScript *script);

#endif
