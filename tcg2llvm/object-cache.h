// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The persistent cache: compiled units on disk, from one run to the next.
//
//     $XDG_CACHE_HOME/myna/<configuration>/<pack>.pack     (default: ~/.cache/myna)
//                                          <image>.blocks  (block-image.h)
//
// A configuration is everything that decides what machine code a unit becomes: this build of myna, LLVM,
// the host's CPU, the guest.  A pack holds the units of one guest file.  Packs are only ever appended to,
// so that a reader's view of one stays right; whatever is damaged, of another's making or of another
// form is left aside and written anew.  What is here is never needed: each function may find or keep
// nothing, and the units are then compiled.
//
// All functions may be called from any thread.
#ifndef MYNA_TCG2LLVM_OBJECT_CACHE_H
#define MYNA_TCG2LLVM_OBJECT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <glib.h>

typedef struct ObjectCache ObjectCache;

typedef struct ObjectKey {
    uint64_t word[2];
} ObjectKey;

typedef struct ObjectCacheStats {
    uint64_t hits, misses, added; // units
    uint64_t damaged;             // units and batches of units that were left aside
    uint64_t bytes_read, bytes_written;
} ObjectCacheStats;

// dir: NULL for the default.  limit: bytes that all packs together may take, 0 for the default of
// 1 GiB.  Makes no file yet.  NULL and an error when there is no directory that only the user can write.
ObjectCache *object_cache_open(const char *dir, const char *configuration, uint64_t limit,
                               GError **error);
// Does not flush.  NULL is allowed.
void object_cache_free(ObjectCache *cache);

// The name of the pack for what belongs to a guest file; stays until object_cache_free.  `path` is a
// string that stays as well, and is known by its address.
const char *object_cache_pack(ObjectCache *cache, const char *path);
// Is there something under this key?  Counts nothing.
bool object_cache_contains(ObjectCache *cache, const char *pack, ObjectKey key);
// A unit, or NULL; the bytes stay until object_cache_free, aligned to 8.
const void *object_cache_find(ObjectCache *cache, const char *pack, ObjectKey key, size_t *size);
// Keeps a unit (copied), on disk when enough have come together.
void object_cache_add(ObjectCache *cache, const char *pack, ObjectKey key, const void *bytes,
                      size_t size);
// Writes what is not on disk yet: before the process ends or becomes another.
void object_cache_flush(ObjectCache *cache);
ObjectCacheStats object_cache_stats(ObjectCache *cache);

// --- for block images, which lie beside the packs (block-image.h) ---
// The name of a file for an executable mapping of a guest file; what: whatever else tells images apart.  g_free it.
char *object_cache_image_path(const ObjectCache *cache, const char *path, uint64_t start,
                              uint64_t offset, const char *what);
// Opens a file of the cache, mode 0600.  -1 when it is not there, or not this user's alone.
int object_cache_open_file(const char *path, int flags, struct stat *st);
// Maps such a file for reading, with more flags of mmap, and marks it as used just now.
typedef struct CacheFile {
    const char *path;
    int flags;
    bool found;
    void *map; // NULL: empty, or it cannot be mapped
    size_t size;
    dev_t dev;
    ino_t ino;
} CacheFile;
CacheFile object_cache_map_file(const char *path, int flags);
// Makes the directories, where they are not there.
bool object_cache_make_dirs(const ObjectCache *cache);
// Deletes what was used longest ago until the rest fits into the limit.
void object_cache_keep_in_bounds(const ObjectCache *cache);

// Around fork(): prepare before it; afterwards done in the parent and in the child, which leaves what is
// not on disk yet to its parent.
void object_cache_fork_prepare(ObjectCache *cache);
void object_cache_fork_done(ObjectCache *cache, bool in_child);

// --- for `myna cache` ---
// The default directory; g_free it.
char *object_cache_path(void);
// The packs in a directory and what they take.  False and an error when it cannot be read.
bool object_cache_print_status(const char *dir, FILE *out, GError **error);
// Deletes all packs in it; *bytes is what that frees.
bool object_cache_clear(const char *dir, uint64_t *bytes, GError **error);

#endif
