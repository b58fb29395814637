// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where Linux on AArch64 and on x86-64 differ in numbers and layouts.  AArch64 has the generic ones
// (include/uapi/asm-generic/), and x86-64 nearly all of them too; what is here is what the two
// architectures' own headers (arch/*/include/uapi/asm/) make different.
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/stat.h>

#include "abi-aarch64.h"
#include "runtime/linux/strace-flags.h"

// --- flags --------------------------------------------------------------------------------------
// arch/arm64/include/uapi/asm/fcntl.h.  O_TMPFILE is a bit of its own and O_DIRECTORY.
static const FlagPair open_pairs[] = {
    {040000, O_DIRECTORY},
    {0100000, O_NOFOLLOW},
    {0200000, O_DIRECT},
    {0400000, 0100000}, // O_LARGEFILE, which libc defines as 0
};
// x86 alone has MAP_32BIT; to others the bit says nothing.
static const FlagPair mmap_pairs[] = {{MAP_32BIT, 0}};

#define FLAGS(s, p) {.set = &flag_set_##s, .pairs = (p), .nb_pairs = sizeof(p) / sizeof((p)[0])}
const FlagConversion a64_flags[] = {
    FLAGS(open, open_pairs),
    FLAGS(mmap, mmap_pairs),
    {0},
};

// --- structures ---------------------------------------------------------------------------------
// asm-generic/stat.h
typedef struct Stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    int64_t atime;
    uint64_t atime_nsec;
    int64_t mtime;
    uint64_t mtime_nsec;
    int64_t ctime;
    uint64_t ctime_nsec;
    uint32_t unused[2];
} Stat;
_Static_assert(sizeof(Stat) == 128, "asm-generic/stat.h");

static void stat_to_guest(void *guest, const void *host)
{
    const struct stat *st = host;
    *(Stat *)guest = (Stat){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .mode = st->st_mode,
        .nlink = (uint32_t)st->st_nlink,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .rdev = st->st_rdev,
        .size = st->st_size,
        .blksize = (int32_t)st->st_blksize,
        .blocks = st->st_blocks,
        .atime = st->st_atim.tv_sec,
        .atime_nsec = (uint64_t)st->st_atim.tv_nsec,
        .mtime = st->st_mtim.tv_sec,
        .mtime_nsec = (uint64_t)st->st_mtim.tv_nsec,
        .ctime = st->st_ctim.tv_sec,
        .ctime_nsec = (uint64_t)st->st_ctim.tv_nsec,
    };
}

static void stat_to_host(void *host, const void *guest)
{
    const Stat *st = guest;
    *(struct stat *)host = (struct stat){
        .st_dev = st->dev,
        .st_ino = st->ino,
        .st_mode = st->mode,
        .st_nlink = st->nlink,
        .st_uid = st->uid,
        .st_gid = st->gid,
        .st_rdev = st->rdev,
        .st_size = st->size,
        .st_blksize = st->blksize,
        .st_blocks = st->blocks,
        .st_atim = {st->atime, (int64_t)st->atime_nsec},
        .st_mtim = {st->mtime, (int64_t)st->mtime_nsec},
        .st_ctim = {st->ctime, (int64_t)st->ctime_nsec},
    };
}

// Packed on x86-64 alone (EPOLL_PACKED).
typedef struct EpollEvent {
    uint32_t events, pad;
    uint64_t data;
} EpollEvent;

static void epoll_event_to_guest(void *guest, const void *host)
{
    const struct epoll_event *e = host;
    *(EpollEvent *)guest = (EpollEvent){.events = e->events, .data = e->data.u64};
}

static void epoll_event_to_host(void *host, const void *guest)
{
    const EpollEvent *e = guest;
    *(struct epoll_event *)host = (struct epoll_event){.events = e->events, .data.u64 = e->data};
}

// asm-generic/sembuf.h; x86-64 has a word behind each time.  struct ipc64_perm is the same.
typedef struct SemidDs {
    uint8_t perm[48];
    uint64_t otime, ctime, nsems, unused[2];
} SemidDs;
typedef struct HostSemidDs {
    uint8_t perm[48];
    uint64_t otime, unused1, ctime, unused2, nsems, unused[2];
} HostSemidDs;

static void semid_ds_to_guest(void *guest, const void *host)
{
    const HostSemidDs *from = host;
    SemidDs *to = guest;
    *to = (SemidDs){.otime = from->otime, .ctime = from->ctime, .nsems = from->nsems};
    memcpy(to->perm, from->perm, sizeof(to->perm));
}

static void semid_ds_to_host(void *host, const void *guest)
{
    const SemidDs *from = guest;
    HostSemidDs *to = host;
    *to = (HostSemidDs){.otime = from->otime, .ctime = from->ctime, .nsems = from->nsems};
    memcpy(to->perm, from->perm, sizeof(to->perm));
}

const StructConversion a64_structs[] = {
    {STRUCT_STAT, sizeof(Stat), stat_to_host, stat_to_guest},
    {STRUCT_EPOLLEVENT, sizeof(EpollEvent), epoll_event_to_host, epoll_event_to_guest},
    {STRUCT_SEMIDDS, sizeof(SemidDs), semid_ds_to_host, semid_ds_to_guest},
    {0},
};
