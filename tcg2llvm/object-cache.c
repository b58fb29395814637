// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs: reading, appending, bounding.  See object-cache.h.
//
//     PackHeader | Batch | Batch | ...
//     Batch:  BatchHeader | BatchEntry[n] | payloads, each aligned to 8
//
// A batch's table has a checksum, and each payload one of its own, looked at when it is used: a reader
// touches the tables and the units that it wants, nothing else.  A batch that does not check ends the
// pack; the next writer cuts it off there.  Writers exclude each other with flock; a reader needs no lock,
// for what it sees of a batch that is being written does not check.
#include "tcg2llvm/object-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tcg2llvm/files-aside.h"

enum {
    PACK_MAGIC = 0x6b70796d,  // "mypk"
    BATCH_MAGIC = 0x7462796d, // "mybt"
    PACK_VERSION = 1,
    FLUSH_BYTES = 1 << 20,  // what a pack gathers before it is written
    PACK_LIMIT = 256 << 20, // bytes; a pack that would grow larger is begun anew
    MAX_ENTRIES = 1 << 20,  // of a batch: more is damage
};
#define DEFAULT_LIMIT (UINT64_C(1) << 30)

typedef struct PackHeader {
    uint32_t magic, version;
    uint64_t reserved;
} PackHeader;

typedef struct BatchHeader {
    uint32_t magic, n;
    uint64_t payload_size; // bytes, a multiple of 8
    uint64_t checksum;     // of the entries and payload_size
} BatchHeader;

typedef struct BatchEntry {
    ObjectKey key;
    uint32_t offset, size; // in the payloads
    uint64_t checksum;
} BatchEntry;

// A unit in memory.
typedef struct Kept {
    ObjectKey key; // first: the table's key
    const uint8_t *bytes;
    uint32_t size;
    bool checked;
    uint64_t checksum;
} Kept;

typedef struct Pack {
    char *name;
    uint8_t *map; // NULL when there is no file
    size_t map_size;
    GHashTable *units;   // Kept
    GPtrArray *pending;  // Kept that are not on disk; bytes are owned
    size_t pending_size; // bytes
} Pack;

struct ObjectCache {
    pthread_mutex_t lock;
    char *dir;  // of the configuration
    char *root; // of all of them
    uint64_t limit;
    bool broken;       // could not be written to: do not try again
    GHashTable *packs; // name -> Pack
    GHashTable *names; // a guest file's path, by address -> name
    GPtrArray *owned;  // blocks of memory that units lie in
    ObjectCacheStats stats;
};

static guint key_hash(gconstpointer p) { return (guint)((const ObjectKey *)p)->word[0]; }

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(ObjectKey)) == 0;
}

static uint64_t batch_checksum(const BatchHeader *h, const BatchEntry *entries)
{
    return XXH3_64bits_withSeed(entries, h->n * sizeof(BatchEntry), h->payload_size);
}

static size_t align8(size_t size) { return (size + 7) & ~(size_t)7; }

// --- directories and files -----------------------------------------------------------------------------

char *object_cache_path(void) { return g_build_filename(g_get_user_cache_dir(), "myna", NULL); }

static bool set_error(GError **error, const char *what, const char *path)
{
    int e = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(e), "cannot %s '%s': %s", what, path,
                g_strerror(e));
    return false;
}

// A directory that nobody but the user can write, made when it is not there.
static bool make_private_dir(const char *path, GError **error)
{
    struct stat st;
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return set_error(error, "make the cache directory", path);
    }
    if (lstat(path, &st) < 0) {
        return set_error(error, "look at the cache directory", path);
    }
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "the cache directory '%s' is not a directory that this user alone can write",
                    path);
        return false;
    }
    return true;
}

static char *pack_path(const ObjectCache *c, const Pack *p)
{
    return g_strconcat(c->dir, "/", p->name, ".pack", NULL);
}

// -1 when the file is not there, or not ours alone.
int object_cache_open_file(const char *path, int flags, struct stat *st)
{
    int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_uid != geteuid() ||
                    (st->st_mode & 022))) {
        close(fd);
        return -1;
    }
    return fd;
}

// --- reading -------------------------------------------------------------------------------------------

static bool header_ok(const PackHeader *h)
{
    return h->magic == PACK_MAGIC && h->version == PACK_VERSION;
}

// The size of the batch at `at`, 0 when none checks there.
static size_t batch_size(const uint8_t *at, size_t left)
{
    const BatchHeader *h = (const BatchHeader *)at;
    if (left < sizeof(*h) || h->magic != BATCH_MAGIC || h->n == 0 || h->n > MAX_ENTRIES) {
        return 0;
    }
    size_t table = sizeof(*h) + h->n * sizeof(BatchEntry);
    if (table > left || h->payload_size > left - table || h->payload_size % 8) {
        return 0;
    }
    const BatchEntry *entries = (const BatchEntry *)(h + 1);
    if (batch_checksum(h, entries) != h->checksum) {
        return 0;
    }
    for (uint32_t i = 0; i < h->n; i++) {
        if (entries[i].offset % 8 || entries[i].offset > h->payload_size ||
            entries[i].size > h->payload_size - entries[i].offset) {
            return 0;
        }
    }
    return table + h->payload_size;
}

// Where the last good batch of a pack ends; 0 when it is no pack.
static size_t good_end(const uint8_t *map, size_t size, void (*each)(const uint8_t *, void *),
                       void *opaque)
{
    if (size < sizeof(PackHeader) || !header_ok((const PackHeader *)map)) {
        return 0;
    }
    size_t at = sizeof(PackHeader);
    for (size_t n; (n = batch_size(map + at, size - at)); at += n) {
        if (each) {
            each(map + at, opaque);
        }
    }
    return at;
}

static void add_batch(const uint8_t *batch, void *opaque)
{
    Pack *p = opaque;
    const BatchHeader *h = (const BatchHeader *)batch;
    const BatchEntry *entries = (const BatchEntry *)(h + 1);
    const uint8_t *payload = (const uint8_t *)(entries + h->n);
    for (uint32_t i = 0; i < h->n; i++) {
        Kept *k = g_new(Kept, 1);
        *k = (Kept){.key = entries[i].key,
                    .bytes = payload + entries[i].offset,
                    .size = entries[i].size,
                    .checksum = entries[i].checksum};
        g_hash_table_replace(p->units, k, k);
    }
}

static void map_file(void *opaque)
{
    CacheFile *f = opaque;
    struct stat st;
    int fd = object_cache_open_file(f->path, O_RDONLY, &st);
    f->found = fd >= 0;
    if (f->found) {
        futimens(fd, NULL); // used just now
        if (st.st_size > 0) {
            void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | f->flags, fd, 0);
            f->map = map == MAP_FAILED ? NULL : map;
        }
        f->size = (size_t)st.st_size;
        f->dev = st.st_dev;
        f->ino = st.st_ino;
        close(fd);
    }
}

CacheFile object_cache_map_file(const char *path, int flags)
{
    CacheFile f = {.path = path, .flags = flags};
    files_aside(map_file, &f);
    return f;
}

static void load_pack(ObjectCache *c, Pack *p)
{
    g_autofree char *path = pack_path(c, p);
    CacheFile f = object_cache_map_file(path, 0);
    if (!f.map) {
        return;
    }
    p->map = f.map;
    p->map_size = f.size;
    if (good_end(p->map, p->map_size, add_batch, p) != p->map_size) {
        c->stats.damaged++;
    }
}

// With the lock.
static Pack *get_pack(ObjectCache *c, const char *name)
{
    Pack *p = g_hash_table_lookup(c->packs, name);
    if (!p) {
        p = g_new0(Pack, 1);
        p->name = g_strdup(name);
        p->units = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
        p->pending = g_ptr_array_new();
        g_hash_table_insert(c->packs, p->name, p);
        load_pack(c, p);
    }
    return p;
}

static char *file_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *base = g_strndup(slash ? slash + 1 : path, 64);
    return g_strcanon(base, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-", '_');
}

static char *pack_name(const char *path)
{
    g_autofree char *base = file_stem(path);
    return g_strdup_printf("%s-%016" PRIx64, base, (uint64_t)XXH3_64bits(path, strlen(path)));
}

char *object_cache_image_path(const ObjectCache *c, const char *path, uint64_t start,
                              uint64_t offset, const char *what)
{
    g_autofree char *words = g_strdup_printf("%s:%" PRIx64 ":%" PRIx64 ":%s", path, start, offset,
                                             what);
    g_autofree char *base = file_stem(path);
    return g_strdup_printf("%s/%s-%016" PRIx64 ".blocks", c->dir, base,
                           (uint64_t)XXH3_64bits(words, strlen(words)));
}

const char *object_cache_pack(ObjectCache *c, const char *path)
{
    pthread_mutex_lock(&c->lock);
    char *name = g_hash_table_lookup(c->names, path);
    if (!name) {
        name = pack_name(path);
        g_hash_table_insert(c->names, (gpointer)path, name);
    }
    pthread_mutex_unlock(&c->lock);
    return name;
}

bool object_cache_contains(ObjectCache *c, const char *pack, ObjectKey key)
{
    pthread_mutex_lock(&c->lock);
    bool found = g_hash_table_contains(get_pack(c, pack)->units, &key);
    pthread_mutex_unlock(&c->lock);
    return found;
}

const void *object_cache_find(ObjectCache *c, const char *pack, ObjectKey key, size_t *size)
{
    pthread_mutex_lock(&c->lock);
    Pack *p = get_pack(c, pack);
    Kept *k = g_hash_table_lookup(p->units, &key);
    if (k && !k->checked) {
        k->checked = XXH3_64bits(k->bytes, k->size) == k->checksum;
        if (!k->checked) {
            c->stats.damaged++;
            g_hash_table_remove(p->units, &key);
            k = NULL;
        }
    }
    const void *bytes = k ? k->bytes : NULL;
    if (k) {
        *size = k->size;
        c->stats.hits++;
        c->stats.bytes_read += k->size;
    } else {
        c->stats.misses++;
    }
    pthread_mutex_unlock(&c->lock);
    return bytes;
}

// --- writing -------------------------------------------------------------------------------------------

static bool write_all(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    while (size) {
        ssize_t n = pwrite(fd, bytes, size, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        size -= n;
        at += n;
    }
    return true;
}

static GByteArray *make_batch(const Pack *p)
{
    GByteArray *out = g_byte_array_new();
    unsigned n = p->pending->len;
    BatchHeader header = {.magic = BATCH_MAGIC, .n = n};
    g_autofree BatchEntry *entries = g_new0(BatchEntry, n);
    uint64_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        const Kept *k = p->pending->pdata[i];
        entries[i] = (BatchEntry){k->key, (uint32_t)at, k->size, k->checksum};
        at += align8(k->size);
    }
    header.payload_size = at;
    header.checksum = batch_checksum(&header, entries);
    g_byte_array_append(out, (const uint8_t *)&header, sizeof(header));
    g_byte_array_append(out, (const uint8_t *)entries, n * sizeof(BatchEntry));
    for (unsigned i = 0; i < n; i++) {
        static const uint8_t zeros[8];
        const Kept *k = p->pending->pdata[i];
        g_byte_array_append(out, k->bytes, k->size);
        g_byte_array_append(out, zeros, align8(k->size) - k->size);
    }
    return out;
}

// Where to append to the pack, after cutting off what is damaged; -1 when that cannot be done.
static off_t append_at(int fd, size_t size)
{
    size_t end = 0;
    if (size) {
        uint8_t *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            return -1;
        }
        end = good_end(map, size, NULL, NULL);
        munmap(map, size);
    }
    // A full pack is not begun anew here: somebody may have it mapped.  The next writer replaces it.
    if (end == 0) {
        static const PackHeader header = {PACK_MAGIC, PACK_VERSION, 0};
        if (ftruncate(fd, 0) < 0 || !write_all(fd, (const uint8_t *)&header, sizeof(header), 0)) {
            return -1;
        }
        return sizeof(header);
    }
    return end == size || ftruncate(fd, (off_t)end) == 0 ? (off_t)end : -1;
}

// A pack that is in the way, or full: readers of the old file keep it.
static bool must_be_replaced(const char *path)
{
    struct stat st;
    int fd = object_cache_open_file(path, O_RDONLY, &st);
    if (fd < 0) {
        return errno != ENOENT;
    }
    PackHeader header = {0};
    bool ok = read(fd, &header, sizeof(header)) == sizeof(header) && header_ok(&header) &&
              st.st_size <= PACK_LIMIT;
    close(fd);
    return !ok;
}

static bool write_batch(const char *path, const GByteArray *batch)
{
    struct stat st;
    if (must_be_replaced(path)) {
        unlink(path);
    }
    int fd = object_cache_open_file(path, O_RDWR | O_CREAT, &st);
    if (fd < 0) {
        return false;
    }
    // Nobody holds the lock for long; a process that was stopped while it did must not stop this one.
    bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    off_t at = locked && fstat(fd, &st) == 0 ? append_at(fd, st.st_size) : -1;
    bool ok = at >= 0 && write_all(fd, batch->data, batch->len, at);
    if (at >= 0 && !ok && ftruncate(fd, at) < 0) {
        ok = false; // the half batch does not check; the next writer cuts it off
    }
    close(fd);
    return ok || !locked;
}

static void drop_pending(Pack *p)
{
    g_ptr_array_set_size(p->pending, 0);
    p->pending_size = 0;
}

typedef struct Append {
    const char *path;
    const GByteArray *batch;
    bool ok;
} Append;

static void do_append(void *opaque)
{
    Append *a = opaque;
    a->ok = write_batch(a->path, a->batch);
}

bool object_cache_make_dirs(const ObjectCache *c)
{
    return make_private_dir(c->root, NULL) && make_private_dir(c->dir, NULL);
}

static void flush_pack(ObjectCache *c, Pack *p)
{
    if (p->pending->len && !c->broken) {
        g_autofree char *path = pack_path(c, p);
        GByteArray *batch = make_batch(p);
        Append append = {.path = path, .batch = batch};
        if (object_cache_make_dirs(c)) {
            files_aside(do_append, &append);
        }
        if (append.ok) {
            c->stats.bytes_written += batch->len;
        } else {
            c->broken = true;
        }
        g_byte_array_free(batch, TRUE);
    }
    drop_pending(p);
}

void object_cache_add(ObjectCache *c, const char *pack, ObjectKey key, const void *bytes,
                      size_t size)
{
    if (size > UINT32_MAX / 2) {
        return;
    }
    pthread_mutex_lock(&c->lock);
    Pack *p = get_pack(c, pack);
    if (!c->broken && !g_hash_table_contains(p->units, &key)) {
        void *copy = g_memdup2(bytes, size);
        g_ptr_array_add(c->owned, copy);
        Kept *k = g_new(Kept, 1);
        *k = (Kept){.key = key,
                    .bytes = copy,
                    .size = (uint32_t)size,
                    .checked = true,
                    .checksum = XXH3_64bits(bytes, size)};
        g_hash_table_replace(p->units, k, k);
        g_ptr_array_add(p->pending, k);
        p->pending_size += size;
        c->stats.added++;
        if (p->pending_size >= FLUSH_BYTES) {
            flush_pack(c, p);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

// --- the bound -----------------------------------------------------------------------------------------

typedef struct PackFile {
    char *path;
    uint64_t size;
    time_t used;
} PackFile;

static void pack_file_free(gpointer p)
{
    g_free(((PackFile *)p)->path);
    g_free(p);
}

static void list_dir(const char *dir, GPtrArray *files, uint64_t *total)
{
    GDir *d = g_dir_open(dir, 0, NULL);
    for (const char *name; d && (name = g_dir_read_name(d));) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        struct stat st;
        bool ours = g_str_has_suffix(name, ".pack") || g_str_has_suffix(name, ".blocks") ||
                    g_str_has_suffix(name, ".new"); // a writer that was killed
        if (ours && lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            PackFile *f = g_new(PackFile, 1);
            *f = (PackFile){g_steal_pointer(&path), (uint64_t)st.st_size, st.st_mtime};
            *total += f->size;
            g_ptr_array_add(files, f);
        }
    }
    if (d) {
        g_dir_close(d);
    }
}

// All packs of all configurations.
static GPtrArray *list_packs(const char *root, uint64_t *total)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(pack_file_free);
    *total = 0;
    GDir *d = g_dir_open(root, 0, NULL);
    for (const char *name; d && (name = g_dir_read_name(d));) {
        g_autofree char *dir = g_build_filename(root, name, NULL);
        list_dir(dir, files, total);
    }
    if (d) {
        g_dir_close(d);
    }
    return files;
}

static gint by_use(gconstpointer a, gconstpointer b)
{
    const PackFile *x = *(PackFile *const *)a, *y = *(PackFile *const *)b;
    return (x->used > y->used) - (x->used < y->used);
}

// Deletes what was used longest ago until the rest fits.  A reader keeps what it has mapped.
static void keep_in_bounds(void *opaque)
{
    const ObjectCache *c = opaque;
    uint64_t total;
    GPtrArray *files = list_packs(c->root, &total);
    g_ptr_array_sort(files, by_use);
    for (unsigned i = 0; i < files->len && total > c->limit; i++) {
        const PackFile *f = files->pdata[i];
        if (unlink(f->path) == 0) {
            total -= f->size;
        }
    }
    g_ptr_array_free(files, TRUE);
}

void object_cache_keep_in_bounds(const ObjectCache *c) { files_aside(keep_in_bounds, (void *)c); }

void object_cache_flush(ObjectCache *c)
{
    pthread_mutex_lock(&c->lock);
    uint64_t written = c->stats.bytes_written;
    GHashTableIter at;
    gpointer pack;
    g_hash_table_iter_init(&at, c->packs);
    while (g_hash_table_iter_next(&at, NULL, &pack)) {
        flush_pack(c, pack);
    }
    if (c->stats.bytes_written != written) {
        object_cache_keep_in_bounds(c);
    }
    pthread_mutex_unlock(&c->lock);
}

// --- life ----------------------------------------------------------------------------------------------

static void pack_free(gpointer opaque)
{
    Pack *p = opaque;
    g_hash_table_destroy(p->units);
    g_ptr_array_free(p->pending, TRUE);
    if (p->map) {
        munmap(p->map, p->map_size);
    }
    g_free(p->name);
    g_free(p);
}

ObjectCache *object_cache_open(const char *dir, const char *configuration, uint64_t limit,
                               GError **error)
{
    g_autofree char *root = dir ? g_strdup(dir) : object_cache_path();
    g_autofree char *parent = g_path_get_dirname(root);
    // ~/.cache may not be there yet; its rights are not ours to judge.
    if (g_mkdir_with_parents(parent, 0700) < 0) {
        set_error(error, "make the directory", parent);
        return NULL;
    }
    if (!make_private_dir(root, error)) {
        return NULL;
    }
    ObjectCache *c = g_new0(ObjectCache, 1);
    pthread_mutex_init(&c->lock, NULL);
    c->dir = g_build_filename(root, configuration, NULL);
    c->root = g_steal_pointer(&root);
    c->limit = limit ? limit : DEFAULT_LIMIT;
    c->packs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pack_free);
    c->names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    c->owned = g_ptr_array_new_with_free_func(g_free);
    return c;
}

void object_cache_free(ObjectCache *c)
{
    if (c) {
        g_hash_table_destroy(c->packs);
        g_hash_table_destroy(c->names);
        g_ptr_array_free(c->owned, TRUE);
        pthread_mutex_destroy(&c->lock);
        g_free(c->dir);
        g_free(c->root);
        g_free(c);
    }
}

ObjectCacheStats object_cache_stats(ObjectCache *c)
{
    pthread_mutex_lock(&c->lock);
    ObjectCacheStats stats = c->stats;
    pthread_mutex_unlock(&c->lock);
    return stats;
}

void object_cache_fork_prepare(ObjectCache *c) { pthread_mutex_lock(&c->lock); }

void object_cache_fork_done(ObjectCache *c, bool in_child)
{
    GHashTableIter at;
    gpointer pack;
    g_hash_table_iter_init(&at, c->packs);
    while (in_child && g_hash_table_iter_next(&at, NULL, &pack)) {
        drop_pending(pack);
    }
    pthread_mutex_unlock(&c->lock);
}

// --- `myna cache` --------------------------------------------------------------------------------------

bool object_cache_print_status(const char *root, FILE *out, GError **error)
{
    uint64_t total;
    if (g_file_test(root, G_FILE_TEST_EXISTS) && access(root, R_OK | X_OK) < 0) {
        return set_error(error, "read the cache directory", root);
    }
    GPtrArray *files = list_packs(root, &total);
    g_ptr_array_sort(files, by_use);
    fprintf(out, "%s: %u files, %.1f MiB of at most %.0f\n", root, files->len,
            (double)total / (1 << 20), (double)DEFAULT_LIMIT / (1 << 20));
    for (unsigned i = files->len; i-- > 0;) {
        const PackFile *f = files->pdata[i];
        char used[32];
        struct tm tm;
        strftime(used, sizeof(used), "%Y-%m-%d %H:%M", localtime_r(&f->used, &tm));
        fprintf(out, "%9.1f KiB  %s  %s\n", (double)f->size / 1024, used,
                f->path + strlen(root) + 1);
    }
    g_ptr_array_free(files, TRUE);
    return true;
}

bool object_cache_clear(const char *root, uint64_t *bytes, GError **error)
{
    uint64_t total;
    GPtrArray *files = list_packs(root, &total);
    bool ok = true;
    *bytes = 0;
    for (unsigned i = 0; i < files->len && ok; i++) {
        const PackFile *f = files->pdata[i];
        ok = unlink(f->path) == 0 || errno == ENOENT || set_error(error, "delete", f->path);
        *bytes += ok ? f->size : 0;
        g_autofree char *dir = g_path_get_dirname(f->path);
        rmdir(dir); // when it was the last one there
    }
    g_ptr_array_free(files, TRUE);
    return ok;
}
