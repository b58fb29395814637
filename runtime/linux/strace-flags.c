// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of flags and constants.  F is a flag of one or more bits, V a value under a mask, E a constant of
// an enumeration.  The values are the host's, which are also those of an x86-64 guest; a guest whose
// values differ has them converted before they are printed.
#include "strace-flags.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>

#define F(x) {(uint64_t)(x), (uint64_t)(x), #x}
#define V(m, x) {(uint64_t)(m), (uint64_t)(x), #x}
#define E(x) {~UINT64_C(0), (uint64_t)(x), #x}
#define N(value, name) {~UINT64_C(0), (uint64_t)(value), name}

// clang-format off
static const FlagName open_names[] = {
    V(O_ACCMODE, O_RDONLY), V(O_ACCMODE, O_WRONLY), V(O_ACCMODE, O_RDWR), F(O_CREAT), F(O_EXCL),
    F(O_NOCTTY), F(O_TRUNC), F(O_APPEND), F(O_NONBLOCK), F(O_SYNC), F(O_DSYNC), F(O_ASYNC),
    F(O_DIRECT), {0100000, 0100000, "O_LARGEFILE"}, F(O_TMPFILE), F(O_DIRECTORY), F(O_NOFOLLOW),
    F(O_NOATIME), F(O_CLOEXEC), F(O_PATH),
};
static const FlagName at_names[] = {
    F(AT_SYMLINK_NOFOLLOW), F(AT_EACCESS), F(AT_SYMLINK_FOLLOW), F(AT_NO_AUTOMOUNT),
    F(AT_EMPTY_PATH), V(AT_STATX_SYNC_TYPE, AT_STATX_FORCE_SYNC),
    V(AT_STATX_SYNC_TYPE, AT_STATX_DONT_SYNC),
};
static const FlagName unlinkat_names[] = {F(AT_REMOVEDIR)};
static const FlagName prot_names[] = {
    F(PROT_READ), F(PROT_WRITE), F(PROT_EXEC), F(PROT_GROWSDOWN), F(PROT_GROWSUP),
};
static const FlagName mmap_names[] = {
    V(MAP_TYPE, MAP_SHARED), V(MAP_TYPE, MAP_PRIVATE), V(MAP_TYPE, MAP_SHARED_VALIDATE),
    F(MAP_FIXED), F(MAP_FIXED_NOREPLACE), F(MAP_ANONYMOUS), F(MAP_32BIT), F(MAP_GROWSDOWN),
    F(MAP_DENYWRITE), F(MAP_EXECUTABLE), F(MAP_LOCKED), F(MAP_NORESERVE), F(MAP_POPULATE),
    F(MAP_NONBLOCK), F(MAP_STACK), F(MAP_HUGETLB), F(MAP_SYNC),
};
static const FlagName msync_names[] = {F(MS_ASYNC), F(MS_INVALIDATE), F(MS_SYNC)};
static const FlagName mremap_names[] = {
    F(MREMAP_MAYMOVE), F(MREMAP_FIXED), F(MREMAP_DONTUNMAP),
};
static const FlagName madvise_names[] = {
    E(MADV_NORMAL), E(MADV_RANDOM), E(MADV_SEQUENTIAL), E(MADV_WILLNEED), E(MADV_DONTNEED),
    E(MADV_FREE), E(MADV_REMOVE), E(MADV_DONTFORK), E(MADV_DOFORK), E(MADV_MERGEABLE),
    E(MADV_UNMERGEABLE), E(MADV_HUGEPAGE), E(MADV_NOHUGEPAGE), E(MADV_DONTDUMP), E(MADV_DODUMP),
    E(MADV_WIPEONFORK), E(MADV_KEEPONFORK), E(MADV_COLD), E(MADV_PAGEOUT),
    E(MADV_POPULATE_READ), E(MADV_POPULATE_WRITE),
};
static const FlagName clone_names[] = {
    F(CLONE_VM), F(CLONE_FS), F(CLONE_FILES), F(CLONE_SIGHAND), F(CLONE_PIDFD), F(CLONE_PTRACE),
    F(CLONE_VFORK), F(CLONE_PARENT), F(CLONE_THREAD), F(CLONE_NEWNS), F(CLONE_SYSVSEM),
    F(CLONE_SETTLS), F(CLONE_PARENT_SETTID), F(CLONE_CHILD_CLEARTID), F(CLONE_DETACHED),
    F(CLONE_UNTRACED), F(CLONE_CHILD_SETTID), F(CLONE_NEWCGROUP), F(CLONE_NEWUTS),
    F(CLONE_NEWIPC), F(CLONE_NEWUSER), F(CLONE_NEWPID), F(CLONE_NEWNET), F(CLONE_IO),
    V(0xff, SIGCHLD),
};
static const FlagName wait_names[] = {
    F(WNOHANG), F(WUNTRACED), F(WEXITED), F(WCONTINUED), F(WNOWAIT), F(__WNOTHREAD), F(__WALL),
    F(__WCLONE),
};
static const FlagName waitid_names[] = {E(P_ALL), E(P_PID), E(P_PGID), E(P_PIDFD)};
static const FlagName access_names[] = {F(R_OK), F(W_OK), F(X_OK)};
static const FlagName af_names[] = {
    E(AF_UNSPEC), E(AF_UNIX), E(AF_INET), E(AF_INET6), E(AF_NETLINK), E(AF_PACKET), E(AF_ALG),
    E(AF_VSOCK), E(AF_BLUETOOTH), E(AF_CAN),
};
static const FlagName sock_names[] = {
    V(0xf, SOCK_STREAM), V(0xf, SOCK_DGRAM), V(0xf, SOCK_RAW), V(0xf, SOCK_RDM),
    V(0xf, SOCK_SEQPACKET), F(SOCK_CLOEXEC), F(SOCK_NONBLOCK),
};
static const FlagName sock_only_names[] = {F(SOCK_CLOEXEC), F(SOCK_NONBLOCK)};
static const FlagName msg_names[] = {
    F(MSG_OOB), F(MSG_PEEK), F(MSG_DONTROUTE), F(MSG_CTRUNC), F(MSG_TRUNC), F(MSG_DONTWAIT),
    F(MSG_EOR), F(MSG_WAITALL), F(MSG_CONFIRM), F(MSG_ERRQUEUE), F(MSG_NOSIGNAL), F(MSG_MORE),
    F(MSG_WAITFORONE), F(MSG_CMSG_CLOEXEC),
};
static const FlagName shutdown_names[] = {E(SHUT_RD), E(SHUT_WR), E(SHUT_RDWR)};
static const FlagName fcntl_names[] = {
    E(F_DUPFD), E(F_GETFD), E(F_SETFD), E(F_GETFL), E(F_SETFL), E(F_GETLK), E(F_SETLK),
    E(F_SETLKW), E(F_SETOWN), E(F_GETOWN), E(F_SETSIG), E(F_GETSIG), E(F_SETOWN_EX),
    E(F_GETOWN_EX), E(F_OFD_GETLK), E(F_OFD_SETLK), E(F_OFD_SETLKW), E(F_SETLEASE),
    E(F_GETLEASE), E(F_NOTIFY), E(F_DUPFD_CLOEXEC), E(F_SETPIPE_SZ), E(F_GETPIPE_SZ),
    E(F_ADD_SEALS), E(F_GET_SEALS), E(F_GET_RW_HINT), E(F_SET_RW_HINT),
};
static const FlagName lseek_names[] = {
    E(SEEK_SET), E(SEEK_CUR), E(SEEK_END), E(SEEK_DATA), E(SEEK_HOLE),
};
static const FlagName epoll_ctl_names[] = {E(EPOLL_CTL_ADD), E(EPOLL_CTL_DEL), E(EPOLL_CTL_MOD)};
static const FlagName epoll_create_names[] = {F(EPOLL_CLOEXEC)};
static const FlagName epoll_events_names[] = {
    F(EPOLLIN), F(EPOLLPRI), F(EPOLLOUT), F(EPOLLRDNORM), F(EPOLLRDBAND), F(EPOLLWRNORM),
    F(EPOLLWRBAND), F(EPOLLMSG), F(EPOLLERR), F(EPOLLHUP), F(EPOLLRDHUP), F(EPOLLEXCLUSIVE),
    F(EPOLLWAKEUP), F(EPOLLONESHOT), F(EPOLLET),
};
static const FlagName poll_events_names[] = {
    F(POLLIN), F(POLLPRI), F(POLLOUT), F(POLLERR), F(POLLHUP), F(POLLNVAL), F(POLLRDNORM),
    F(POLLRDBAND), F(POLLWRNORM), F(POLLWRBAND), F(POLLRDHUP),
};
static const FlagName eventfd_names[] = {F(EFD_SEMAPHORE), F(EFD_CLOEXEC), F(EFD_NONBLOCK)};
static const FlagName timerfd_names[] = {F(TFD_CLOEXEC), F(TFD_NONBLOCK)};
static const FlagName signalfd_names[] = {F(SFD_CLOEXEC), F(SFD_NONBLOCK)};
static const FlagName rlimit_names[] = {
    E(RLIMIT_CPU), E(RLIMIT_FSIZE), E(RLIMIT_DATA), E(RLIMIT_STACK), E(RLIMIT_CORE), E(RLIMIT_RSS),
    E(RLIMIT_NPROC), E(RLIMIT_NOFILE), E(RLIMIT_MEMLOCK), E(RLIMIT_AS), E(RLIMIT_LOCKS),
    E(RLIMIT_SIGPENDING), E(RLIMIT_MSGQUEUE), E(RLIMIT_NICE), E(RLIMIT_RTPRIO), E(RLIMIT_RTTIME),
};
static const FlagName rusage_names[] = {E(RUSAGE_SELF), E(RUSAGE_CHILDREN), E(RUSAGE_THREAD)};
static const FlagName itimer_names[] = {E(ITIMER_REAL), E(ITIMER_VIRTUAL), E(ITIMER_PROF)};
static const FlagName clock_names[] = {
    E(CLOCK_REALTIME), E(CLOCK_MONOTONIC), E(CLOCK_PROCESS_CPUTIME_ID), E(CLOCK_THREAD_CPUTIME_ID),
    E(CLOCK_MONOTONIC_RAW), E(CLOCK_REALTIME_COARSE), E(CLOCK_MONOTONIC_COARSE), E(CLOCK_BOOTTIME),
    E(CLOCK_REALTIME_ALARM), E(CLOCK_BOOTTIME_ALARM), E(CLOCK_TAI),
};
static const FlagName timer_names[] = {F(TIMER_ABSTIME)};
static const FlagName sigmask_names[] = {E(SIG_BLOCK), E(SIG_UNBLOCK), E(SIG_SETMASK)};
static const FlagName sa_names[] = {
    F(SA_NOCLDSTOP), F(SA_NOCLDWAIT), F(SA_SIGINFO), {0x04000000, 0x04000000, "SA_RESTORER"},
    F(SA_ONSTACK), F(SA_RESTART), F(SA_NODEFER), F(SA_RESETHAND),
};
static const FlagName flock_names[] = {F(LOCK_SH), F(LOCK_EX), F(LOCK_NB), F(LOCK_UN)};
#define FUTEX(x) {~UINT64_C(0), x, #x}, {~UINT64_C(0), (x) | FUTEX_PRIVATE_FLAG, #x "_PRIVATE"}
static const FlagName futex_names[] = {
    FUTEX(FUTEX_WAIT), FUTEX(FUTEX_WAKE), E(FUTEX_FD), FUTEX(FUTEX_REQUEUE),
    FUTEX(FUTEX_CMP_REQUEUE), FUTEX(FUTEX_WAKE_OP), FUTEX(FUTEX_LOCK_PI), FUTEX(FUTEX_UNLOCK_PI),
    FUTEX(FUTEX_TRYLOCK_PI), FUTEX(FUTEX_WAIT_BITSET), FUTEX(FUTEX_WAKE_BITSET),
    N(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME,
      "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"),
    N(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME"),
};
static const FlagName prctl_names[] = {
    E(PR_SET_PDEATHSIG), E(PR_GET_PDEATHSIG), E(PR_GET_DUMPABLE), E(PR_SET_DUMPABLE),
    E(PR_GET_KEEPCAPS), E(PR_SET_KEEPCAPS), E(PR_SET_NAME), E(PR_GET_NAME), E(PR_GET_SECCOMP),
    E(PR_SET_SECCOMP), E(PR_CAPBSET_READ), E(PR_CAPBSET_DROP), E(PR_GET_TSC), E(PR_SET_TSC),
    E(PR_GET_SECUREBITS), E(PR_SET_SECUREBITS), E(PR_SET_TIMERSLACK), E(PR_GET_TIMERSLACK),
    E(PR_SET_MM), E(PR_SET_CHILD_SUBREAPER), E(PR_GET_CHILD_SUBREAPER), E(PR_SET_NO_NEW_PRIVS),
    E(PR_GET_NO_NEW_PRIVS), E(PR_GET_TID_ADDRESS), E(PR_SET_THP_DISABLE), E(PR_GET_THP_DISABLE),
    E(PR_CAP_AMBIENT), E(PR_SET_PTRACER), E(PR_GET_SPECULATION_CTRL), E(PR_SET_SPECULATION_CTRL),
    E(PR_SET_SYSCALL_USER_DISPATCH), E(PR_SET_VMA),
};
static const FlagName arch_prctl_names[] = {
    E(ARCH_SET_GS), E(ARCH_SET_FS), E(ARCH_GET_FS), E(ARCH_GET_GS), E(ARCH_GET_CPUID),
    E(ARCH_SET_CPUID), N(0x3001, "ARCH_CET_STATUS"), N(0x1021, "ARCH_GET_XCOMP_SUPP"),
    N(0x1022, "ARCH_GET_XCOMP_PERM"), N(0x1023, "ARCH_REQ_XCOMP_PERM"),
};
static const FlagName splice_names[] = {
    F(SPLICE_F_MOVE), F(SPLICE_F_NONBLOCK), F(SPLICE_F_MORE), F(SPLICE_F_GIFT),
};
static const FlagName memfd_names[] = {F(MFD_CLOEXEC), F(MFD_ALLOW_SEALING), F(MFD_HUGETLB)};
static const FlagName getrandom_names[] = {
    F(GRND_NONBLOCK), F(GRND_RANDOM), {4, 4, "GRND_INSECURE"},
};
static const FlagName mount_names[] = {
    F(MS_RDONLY), F(MS_NOSUID), F(MS_NODEV), F(MS_NOEXEC), F(MS_SYNCHRONOUS), F(MS_REMOUNT),
    F(MS_MANDLOCK), F(MS_DIRSYNC), F(MS_NOATIME), F(MS_NODIRATIME), F(MS_BIND), F(MS_MOVE),
    F(MS_REC), F(MS_SILENT), F(MS_UNBINDABLE), F(MS_PRIVATE), F(MS_SLAVE), F(MS_SHARED),
    F(MS_RELATIME),
};
static const FlagName umount_names[] = {
    F(MNT_FORCE), F(MNT_DETACH), F(MNT_EXPIRE), F(UMOUNT_NOFOLLOW),
};
static const FlagName membarrier_names[] = {
    E(MEMBARRIER_CMD_QUERY), E(MEMBARRIER_CMD_GLOBAL), E(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
    E(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), E(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
    E(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
};
static const FlagName fadvise_names[] = {
    E(POSIX_FADV_NORMAL), E(POSIX_FADV_RANDOM), E(POSIX_FADV_SEQUENTIAL), E(POSIX_FADV_WILLNEED),
    E(POSIX_FADV_DONTNEED), E(POSIX_FADV_NOREUSE),
};
static const FlagName fallocate_names[] = {
    F(FALLOC_FL_KEEP_SIZE), F(FALLOC_FL_PUNCH_HOLE), F(FALLOC_FL_COLLAPSE_RANGE),
    F(FALLOC_FL_ZERO_RANGE), F(FALLOC_FL_INSERT_RANGE), F(FALLOC_FL_UNSHARE_RANGE),
};
static const FlagName sched_names[] = {
    E(SCHED_OTHER), E(SCHED_FIFO), E(SCHED_RR), E(SCHED_BATCH), E(SCHED_IDLE), E(SCHED_DEADLINE),
};
static const FlagName prio_names[] = {E(PRIO_PROCESS), E(PRIO_PGRP), E(PRIO_USER)};
static const FlagName ipc_names[] = {
    E(IPC_RMID), E(IPC_SET), E(IPC_STAT), E(IPC_INFO), N(11, "GETPID"), N(12, "GETVAL"),
    N(13, "GETALL"), N(14, "GETNCNT"), N(15, "GETZCNT"), N(16, "SETVAL"), N(17, "SETALL"),
};
static const FlagName shm_names[] = {F(SHM_RDONLY), F(SHM_RND), F(SHM_REMAP), F(SHM_EXEC)};
static const FlagName sol_names[] = {
    E(SOL_SOCKET), E(IPPROTO_IP), E(IPPROTO_TCP), E(IPPROTO_UDP), E(IPPROTO_IPV6), E(IPPROTO_ICMP),
    N(270, "SOL_NETLINK"),
};
static const FlagName renameat_names[] = {
    F(RENAME_NOREPLACE), F(RENAME_EXCHANGE), F(RENAME_WHITEOUT),
};
static const FlagName ioctl_names[] = {
    E(TCGETS), E(TCSETS), E(TCSETSW), E(TCSETSF), E(TIOCGWINSZ), E(TIOCSWINSZ), E(TIOCGPGRP),
    E(TIOCSPGRP), E(TIOCSCTTY), E(TIOCNOTTY), E(TIOCGPTN), E(TIOCSPTLCK), E(TIOCGSID), E(TCSBRK),
    E(TCXONC), E(TCFLSH), E(FIONREAD), E(FIONBIO), E(FIOCLEX), E(FIONCLEX), E(FIOASYNC),
    E(SIOCGIFCONF), E(SIOCGIFFLAGS), E(SIOCGIFADDR), E(SIOCGIFINDEX), N(0x40049409, "FICLONE"),
};
static const FlagName mode_names[] = {
    V(S_IFMT, S_IFREG), V(S_IFMT, S_IFDIR), V(S_IFMT, S_IFLNK), V(S_IFMT, S_IFCHR),
    V(S_IFMT, S_IFBLK), V(S_IFMT, S_IFIFO), V(S_IFMT, S_IFSOCK), F(S_ISUID), F(S_ISGID), F(S_ISVTX),
};
// clang-format on

// The third word: how 0 is written where it has a name of its own.
#define SET(set, zero)                                                                             \
    const FlagSet flag_set_##set = {set##_names, G_N_ELEMENTS(set##_names), zero};
#define PLAIN(set) SET(set, NULL)
SET(prot, "PROT_NONE")
SET(access, "F_OK")
// clang-format off
PLAIN(open) PLAIN(at) PLAIN(mmap) PLAIN(msync) PLAIN(mremap) PLAIN(madvise) PLAIN(clone) PLAIN(wait)
PLAIN(af) PLAIN(sock) PLAIN(sock_only) PLAIN(msg) PLAIN(shutdown) PLAIN(fcntl) PLAIN(lseek)
PLAIN(epoll_ctl) PLAIN(epoll_create) PLAIN(eventfd) PLAIN(timerfd) PLAIN(signalfd) PLAIN(rlimit)
PLAIN(rusage) PLAIN(itimer) PLAIN(clock) PLAIN(timer) PLAIN(sigmask) PLAIN(flock) PLAIN(futex)
PLAIN(prctl) PLAIN(arch_prctl) PLAIN(splice) PLAIN(memfd) PLAIN(getrandom) PLAIN(mount)
PLAIN(umount) PLAIN(membarrier) PLAIN(fadvise) PLAIN(fallocate) PLAIN(sched) PLAIN(prio)
PLAIN(waitid) PLAIN(ipc) PLAIN(shm) PLAIN(sol) PLAIN(renameat) PLAIN(unlinkat) PLAIN(ioctl)
PLAIN(sa) PLAIN(poll_events) PLAIN(epoll_events) PLAIN(mode)
    // clang-format on

    static void append(char *buf, size_t size, const char *text)
{
    size_t len = strlen(buf);
    g_snprintf(buf + len, size - len, "%s%s", len ? "|" : "", text);
}

const char *flag_set_print(const FlagSet *set, uint64_t value, char *buf, size_t size)
{
    uint64_t rest = value;
    buf[0] = '\0';
    for (size_t i = 0; i < set->count; i++) {
        const FlagName *n = &set->names[i];
        // A flag of several bits (O_SYNC) stands before those it contains, and takes them along.
        bool is_flag = n->mask == n->value && n->mask != 0;
        if (is_flag ? (rest & n->mask) == n->mask : (value & n->mask) == n->value) {
            append(buf, size, n->name);
            rest &= ~n->mask;
        }
    }
    if (rest != 0) {
        char hex[24];
        g_snprintf(hex, sizeof(hex), "0x%" G_GINT64_MODIFIER "x", rest);
        append(buf, size, hex);
    }
    if (buf[0] == '\0') {
        g_strlcpy(buf, set->zero ? set->zero : "0", size);
    }
    return buf;
}

const char *flag_enum_print(const FlagSet *set, uint64_t value, char *buf, size_t size)
{
    // Arguments of type int come with anything in their upper half.
    uint64_t low = (uint32_t)value;
    for (size_t i = 0; i < set->count; i++) {
        if ((uint32_t)set->names[i].value == low) {
            return set->names[i].name;
        }
    }
    g_snprintf(buf, size, low < 4096 ? "%" G_GINT64_MODIFIER "u" : "0x%" G_GINT64_MODIFIER "x",
               low);
    return buf;
}
