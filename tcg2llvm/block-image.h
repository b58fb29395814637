// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Block images: code of the quick tier on disk, a file for each executable mapping of a guest file.
//
//     ImageHeader | ImagePage[n] | index | records
//
// The index is a hash table of record numbers by the blocks' key, read where it lies: to open an image is to map
// it and to check what stands in front of the records.  A record has a checksum of its own, looked at when it is
// used.  An image is never changed: a writer makes a new one and gives it the old one's name, so that a reader
// keeps what it has mapped, and of two writers the last wins.
//
// What blocks were made of are guest pages; an image names them by address and a hash of what they held.  Whether a
// page still does is the caller's to find out.
#ifndef MYNA_TCG2LLVM_BLOCK_IMAGE_H
#define MYNA_TCG2LLVM_BLOCK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcg/quick.h"

enum { BLOCK_IMAGE_PAGES = 4 }; // of a block, at most

typedef struct BlockImage BlockImage;

// A block as it stands in the file; relocs, code and its notes (tcg/quick.h) follow.
typedef struct BlockRecord {
    uint64_t checksum; // of the rest
    uint64_t pc;
    uint32_t flags, cflags;
    uint32_t size;      // of the record, bytes, a multiple of 16
    uint32_t code_size; // bytes
    uint32_t guest_size;
    uint16_t num_insns, nb_relocs;
    uint8_t jump_kind, indirect, nb_pages, heavy;
    uint32_t pages[BLOCK_IMAGE_PAGES]; // numbers of the image's pages
    uint64_t succ_pc[2];               // of the blocks that its jumps were linked to; 0: none
    uint32_t succ[2];                  // their records, with the same flags and cflags; 0: not here
    uint32_t notes_size;               // bytes
} BlockRecord;

typedef struct BlockPage {
    uint64_t addr, hash;
} BlockPage;

// NULL when there is no such file, or none that can be used; *damaged is set when it is one that has been harmed.
BlockImage *block_image_open(const char *path, bool *damaged);
void block_image_close(BlockImage *im); // NULL is allowed
// Is this the file that path names now?
bool block_image_is_current(const BlockImage *im, const char *path);
size_t block_image_bytes(const BlockImage *im);
unsigned block_image_records(const BlockImage *im);
unsigned block_image_pages(const BlockImage *im);

// The first record with this key, or, with `after`, the next.  NULL: there is none (more).
const BlockRecord *block_image_find(const BlockImage *im, uint64_t pc, uint32_t flags,
                                    uint32_t cflags, const BlockRecord *after);
// The record that `succ` names, which may be any word; NULL when it is none.
const BlockRecord *block_image_successor(const BlockImage *im, uint32_t succ);
// Everything about the record makes sense, and it is as it was written.
bool block_image_check(const BlockImage *im, const BlockRecord *r);
// Of a record that was checked.
BlockPage block_image_page(const BlockImage *im, unsigned number);
const TCGQuickReloc *block_record_relocs(const BlockRecord *r);
const uint8_t *block_record_code(const BlockRecord *r);
const uint8_t *block_record_notes(const BlockRecord *r);

uint64_t block_image_hash(const void *bytes, size_t size);

// --- writing -------------------------------------------------------------------------------------------
typedef struct BlockWriter BlockWriter;
// `expected`: bytes of records, about.
BlockWriter *block_writer_new(size_t expected);
void block_writer_free(BlockWriter *w);
// All records that check, but those on pages for which `stale` (a byte a page of im) is set.
void block_writer_add_image(BlockWriter *w, const BlockImage *im, const uint8_t *stale);
// Fills in checksum, size, pages and succ.  Gives the place for code and notes, until the next call.
uint8_t *block_writer_add(BlockWriter *w, const BlockRecord *r, const BlockPage *pages,
                          const TCGQuickReloc *relocs);
// Bytes that such a record takes.
size_t block_record_size(size_t code_size, size_t notes_size, unsigned nb_relocs);
unsigned block_writer_records(const BlockWriter *w);
// Bytes of the file; 0 when it could not be written.
size_t block_writer_write(BlockWriter *w, const char *path);

#endif
