// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// vFile: gdb reads the program's files through us ("target:" as its sysroot, the default), so that it finds
// symbols without being told where anything is.  Names are looked for under -L first, as the guest's are.
// Reading alone: nothing is written, removed or made.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/linux/paths.h"
#include "runtime/process.h"
#include "server.h"

enum { MAX_FILES = 16 };
static int files[MAX_FILES]; // descriptor + 1

// gdb's numbers of errors (include/gdb/fileio.h); the common ones are Unix's.
static void put_error(GString *reply, int err)
{
    static const int same[] = {EPERM,  ENOENT, EINTR,  EBADF,   EACCES, EFAULT,
                               EBUSY,  EEXIST, ENODEV, ENOTDIR, EISDIR, EINVAL,
                               ENFILE, EMFILE, EFBIG,  ENOSPC,  EROFS};
    int number = err == ENAMETOOLONG ? 91 : 9999;
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        number = err == same[i] ? err : number;
    }
    g_string_printf(reply, "F-1,%x", number);
}

static char *parse_path(const char *text, size_t len)
{
    char path[PATH_MAX];
    const char *comma = memchr(text, ',', len);
    size_t n = (comma ? (size_t)(comma - text) : len) / 2;
    if (n >= sizeof(path) || !gdb_get_hex(text, len, (uint8_t *)path, n)) {
        return NULL;
    }
    path[n] = '\0';
    return path[0] == '/' ? path_in_prefix(path) : g_strdup(path);
}

static void file_open(const char *text, size_t len, GString *reply)
{
    g_autofree char *path = parse_path(text, len);
    const char *p = memchr(text, ',', len);
    uint64_t flags;
    if (!path || !p || (p++, !gdb_parse_number(&p, &flags)) || (flags & 3) != 0) {
        put_error(reply, path ? EACCES : ENAMETOOLONG);
        return;
    }
    unsigned i = 0;
    while (i < MAX_FILES && files[i]) {
        i++;
    }
    if (i == MAX_FILES) {
        put_error(reply, EMFILE);
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int own = fd < 0 ? -1 : process_own_fd(fd);
    if (own < 0) {
        put_error(reply, errno);
        return;
    }
    files[i] = own + 1;
    g_string_printf(reply, "F%x", i);
}

// The descriptor at *text, or -1 with an error in the answer.
static int take_fd(const char **text, unsigned *slot, GString *reply)
{
    uint64_t n;
    if (!gdb_parse_number(text, &n) || n >= MAX_FILES || !files[n]) {
        put_error(reply, EBADF);
        return -1;
    }
    *slot = (unsigned)n;
    return files[n] - 1;
}

static void file_close(const char *text, size_t len, GString *reply)
{
    (void)len;
    unsigned slot;
    int fd = take_fd(&text, &slot, reply);
    if (fd >= 0) {
        process_close_own_fd(fd);
        files[slot] = 0;
        g_string_assign(reply, "F0");
    }
}

static void file_pread(const char *text, size_t len, GString *reply)
{
    (void)len;
    unsigned slot;
    uint64_t count, offset;
    char buf[GDB_PACKET_SIZE / 2 - 64];
    int fd = take_fd(&text, &slot, reply);
    if (fd < 0) {
        return;
    }
    if (*text++ != ',' || !gdb_parse_number(&text, &count) || *text++ != ',' ||
        !gdb_parse_number(&text, &offset)) {
        put_error(reply, EINVAL);
        return;
    }
    ssize_t n = pread(fd, buf, MIN(count, sizeof(buf)), (off_t)offset);
    if (n < 0) {
        put_error(reply, errno);
        return;
    }
    g_string_printf(reply, "F%zx;", (size_t)n);
    gdb_put_binary(reply, buf, (size_t)n);
}

// struct stat as the protocol has it, big-endian (GDB manual, "struct stat").
static void put_stat(GString *reply, const struct stat *st)
{
    uint8_t out[64] = {0};
    const struct {
        unsigned at, size;
        uint64_t value;
    } fields[] = {
        {0, 4, st->st_dev},
        {4, 4, st->st_ino},
        {8, 4, st->st_mode},
        {12, 4, st->st_nlink},
        {16, 4, st->st_uid},
        {20, 4, st->st_gid},
        {24, 4, st->st_rdev},
        {28, 8, (uint64_t)st->st_size},
        {36, 8, (uint64_t)st->st_blksize},
        {44, 8, (uint64_t)st->st_blocks},
        {52, 4, (uint64_t)st->st_atime},
        {56, 4, (uint64_t)st->st_mtime},
        {60, 4, (uint64_t)st->st_ctime},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (unsigned b = 0; b < fields[i].size; b++) {
            out[fields[i].at + b] = (uint8_t)(fields[i].value >> 8 * (fields[i].size - 1 - b));
        }
    }
    g_string_printf(reply, "F%zx;", sizeof(out));
    gdb_put_binary(reply, out, sizeof(out));
}

static void file_fstat(const char *text, size_t len, GString *reply)
{
    (void)len;
    unsigned slot;
    struct stat st;
    int fd = take_fd(&text, &slot, reply);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) < 0) {
        put_error(reply, errno);
        return;
    }
    put_stat(reply, &st);
}

static void file_readlink(const char *text, size_t len, GString *reply)
{
    g_autofree char *path = parse_path(text, len);
    char target[PATH_MAX];
    ssize_t n = path ? readlink(path, target, sizeof(target)) : -1;
    if (n < 0) {
        put_error(reply, path ? errno : ENAMETOOLONG);
        return;
    }
    g_string_printf(reply, "F%zx;", (size_t)n);
    gdb_put_binary(reply, target, (size_t)n);
}

static void file_setfs(const char *text, size_t len, GString *reply)
{
    (void)text; // whose file system: there is one
    (void)len;
    g_string_assign(reply, "F0");
}

void gdb_file_close_all(void)
{
    for (unsigned i = 0; i < MAX_FILES; i++) {
        if (files[i]) {
            process_close_own_fd(files[i] - 1);
            files[i] = 0;
        }
    }
}

void gdb_file(const char *text, size_t len, GString *reply)
{
    static const struct {
        const char *name;
        void (*fn)(const char *text, size_t len, GString *reply);
    } calls[] = {
        {"open:", file_open},   {"close:", file_close},       {"pread:", file_pread},
        {"fstat:", file_fstat}, {"readlink:", file_readlink}, {"setfs:", file_setfs},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        size_t n = strlen(calls[i].name);
        if (len >= n && memcmp(text, calls[i].name, n) == 0) {
            calls[i].fn(text + n, len - n, reply);
            return;
        }
    }
}
