// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files, and what else has flags and structures that differ from machine to machine: open, stat, fcntl,
// epoll, semaphores.
#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <linux/openat2.h>

#include "guest-test.h"

static char dir[] = "/tmp/myna-files-XXXXXX", name[4096];

static const char *in_dir(const char *file)
{
    snprintf(name, sizeof(name), "%s/%s", dir, file);
    return name;
}

// Whether an open succeeds, and which of these flags F_GETFL shows.
static void show_open(const char *what, const char *file, int flags)
{
    static const struct {
        int flag;
        const char *name;
    } names[] = {
        {O_RDWR, "O_RDWR"},           {O_APPEND, "O_APPEND"},     {O_NONBLOCK, "O_NONBLOCK"},
        {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_DIRECT, "O_DIRECT"},
        {O_NOATIME, "O_NOATIME"},     {O_PATH, "O_PATH"},         {O_SYNC, "O_SYNC"}};
    int fd = open(in_dir(file), flags, 0600);
    printf("%s: ", what);
    if (fd < 0) {
        printf("%s\n", strerrorname_np(errno));
        return;
    }
    int got = fcntl(fd, F_GETFL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((got & names[i].flag) == names[i].flag) {
            printf("%s ", names[i].name);
        }
    }
    printf("\n");
    close(fd);
}

static void test_open(void)
{
    show_open("plain", "file", O_RDWR | O_CREAT | O_EXCL);
    show_open("again", "file", O_RDWR | O_CREAT | O_EXCL);
    show_open("append", "file", O_WRONLY | O_APPEND | O_NONBLOCK);
    show_open("sync", "file", O_WRONLY | O_SYNC);
    show_open("file as directory", "file", O_RDONLY | O_DIRECTORY);
    show_open("directory", ".", O_RDONLY | O_DIRECTORY);
    show_open("directory for writing", ".", O_RDWR);
    CHECK(symlink("file", in_dir("link")) == 0);
    show_open("link", "link", O_RDONLY);
    show_open("link itself", "link", O_RDONLY | O_NOFOLLOW);
    show_open("link itself, path", "link", O_PATH | O_NOFOLLOW);
    show_open("without a name", ".", O_RDWR | O_TMPFILE);
    struct open_how how = {.flags = O_RDONLY | O_NOFOLLOW, .resolve = 0};
    SHOW(syscall(SYS_openat2, AT_FDCWD, in_dir("link"), &how, sizeof(how)));
    how.flags = O_RDONLY | O_DIRECTORY;
    how.resolve = RESOLVE_NO_SYMLINKS;
    SHOW(syscall(SYS_openat2, AT_FDCWD, in_dir("link"), &how, sizeof(how)));
    SHOW(syscall(SYS_openat2, AT_FDCWD, in_dir("file"), &how, sizeof(how)));
    int fd = open(in_dir("file"), O_RDONLY);
    SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    printf("set: %d\n", (fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    struct flock lock = {.l_type = F_WRLCK, .l_start = 5, .l_len = 10};
    SHOW(fcntl(fd, F_GETLK, &lock));
    printf("lock: %d\n", lock.l_type == F_UNLCK);
    lock.l_type = F_RDLCK;
    SHOW(fcntl(fd, F_SETLK, &lock));
    close(fd);
}

static void show_stat(const char *what, const struct stat *st)
{
    printf("%s: type %o mode %o links %ld size %ld blocks %ld blksize %ld mtime %ld.%09ld\n", what,
           st->st_mode & S_IFMT, st->st_mode & 07777, (long)st->st_nlink, (long)st->st_size,
           (long)st->st_blocks, (long)st->st_blksize, (long)st->st_mtim.tv_sec,
           st->st_mtim.tv_nsec);
}

static void test_stat(void)
{
    struct stat st, by_fd;
    struct statx sx;
    struct statfs fs;
    struct timespec times[2] = {{1, 2}, {1234567890, 123456789}};
    int fd = open(in_dir("file"), O_RDWR);
    CHECK(ftruncate(fd, 123456) == 0 && fchmod(fd, 0640) == 0 && futimens(fd, times) == 0);
    CHECK(fstat(fd, &by_fd) == 0);
    show_stat("fstat", &by_fd);
    CHECK(stat(in_dir("link"), &st) == 0);
    show_stat("stat", &st);
    CHECK(memcmp(&st, &by_fd, sizeof(st)) == 0);
    printf("owner: %d %d, device and inode: %d\n", st.st_uid == getuid(), st.st_gid == getegid(),
           st.st_dev != 0 && st.st_ino != 0);
    CHECK(lstat(in_dir("link"), &st) == 0);
    printf("lstat: %d %ld\n", S_ISLNK(st.st_mode), (long)st.st_size);
    CHECK(fstatat(AT_FDCWD, "/dev/null", &st, 0) == 0);
    printf("device: %d %lx\n", S_ISCHR(st.st_mode), (unsigned long)st.st_rdev);
    CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) == 0);
    printf("statx: %lu %o\n", (unsigned long)sx.stx_size, sx.stx_mode);
    SHOW(syscall(SYS_newfstatat, AT_FDCWD, "/nonexistent", (void *)8, 0));
    SHOW(syscall(SYS_fstat, fd, (void *)8));
    SHOW(stat("", &st));
    CHECK(fstatfs(fd, &fs) == 0);
    printf("file system: %d\n", fs.f_bsize >= 512 && fs.f_blocks > 0 && fs.f_namelen == 255);
    close(fd);
    DIR *d = opendir(dir);
    int entries = 0;
    for (struct dirent *e; (e = readdir(d));) {
        entries += e->d_type == DT_REG || e->d_type == DT_LNK;
    }
    closedir(d);
    printf("entries: %d\n", entries);
}

static void test_epoll(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), fds[3];
    struct epoll_event e, got[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = eventfd(i != 1, EFD_NONBLOCK); // the middle one is not ready
        e = (struct epoll_event){EPOLLIN, {.u64 = 0x1122334455667700u + (unsigned)i}};
        CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e) == 0);
    }
    memset(got, 0x55, sizeof(got));
    SHOW(epoll_wait(ep, got, 3, 0));
    printf("events %x %lx, %x %lx; third untouched %d\n", got[0].events,
           (unsigned long)got[0].data.u64, got[1].events, (unsigned long)got[1].data.u64,
           got[2].events == 0x55555555);
    e = (struct epoll_event){EPOLLIN | EPOLLOUT, {.u32 = 7}};
    SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, fds[1], &e));
    SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], (void *)8));
    SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], (void *)8));
    SHOW(epoll_wait(ep, got, 3, 0));
    SHOW(epoll_wait(ep, got, 0, 0));
    SHOW(epoll_wait(ep, (void *)8, 3, 0));
    SHOW(epoll_wait(ep, got, 1, 0));
}

static void test_semaphores(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct semid_ds ds;
    memset(&ds, 0x55, sizeof(ds));
    SHOW(semctl(id, 0, IPC_STAT, &ds));
    printf("semaphores: %lu, otime %ld, ctime %d, mode %o\n", (unsigned long)ds.sem_nsems,
           (long)ds.sem_otime, ds.sem_ctime > 1000000000, ds.sem_perm.mode);
    ds.sem_perm.mode = 0400;
    SHOW(semctl(id, 0, IPC_SET, &ds));
    SHOW(semctl(id, 1, SETVAL, 5));
    struct sembuf op = {1, -2, 0};
    SHOW(semop(id, &op, 1));
    SHOW(semctl(id, 1, GETVAL));
    SHOW(semctl(id, 0, IPC_STAT, &ds));
    printf("otime set %d, mode %o\n", ds.sem_otime > 1000000000, ds.sem_perm.mode);
    SHOW(semctl(id, 0, IPC_RMID));
}

int main(void)
{
    CHECK(mkdtemp(dir) != NULL);
    test_open();
    test_stat();
    test_epoll();
    test_semaphores();
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", dir);
    CHECK(system(command) == 0);
    return finish();
}
