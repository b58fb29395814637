// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system calls of Linux 6.1.  No include guard: it is included with SYSCALL defined as needed.
//
//   SYSCALL(name, x86_64, i386, aarch64, arm, action, result, arguments...)
//
// The four columns are the call's number in each guest ABI, NA where that has none (the kernel's
// syscall.tbl files and asm-generic/unistd.h).
//
// action:
//   PASS                   handed to the host's kernel as it stands
//   AS(name)               handed to the host's kernel as another call, with the same arguments
//   DO(function)           done by us (prototype SyscallFn), perhaps with the host's call inside
//   NOSYS("reason")        ENOSYS, and why
//   REFUSE(errno,"reason") that error, and why
// result: INT, HEX (an address or bits), OCT, NONE (does not return).
// arguments, at most six:
//   INT UINT LONG SIZE OFF HEX PTR FD DIRFD MODE SIG
//   PATH STR       string; PATH is a file's name
//   STRS ENVS      arrays of strings with a NULL at the end (ENVS is printed as a count)
//   FLAGS(set) ENUM(set)   names from strace-flags.h
//   IBUF(n) OBUF(n)        bytes that the kernel reads, writes; argument n is their number (what was
//                          written is the result's number)
//   OSTR(n) ODATA(n)       as OBUF: a string without end; bytes that are not shown
//   IIOV(n) OIOV(n)        array of n struct iovec that the kernel reads from, writes to
//   SOCKADDR(n)            socket address of n bytes; OSOCKADDR(n): to be written, n the address of
//                          its length
//   IN(t) OUT(t) INOUT(t)  pointer to a structure that the kernel reads, writes, both
//   IN_N(t, n) ...         array of so many; OUT_RET(t, n): the result says how many were written
//   FCNTLARG(n) SEMCTLARG(n)  what it is depends on argument n, a command of fcntl, of semctl
//
// 32-bit guests use the columns i386 and arm; what needs their structures converted is NOSYS(TO_COME)
// or, when x86-64 has it too, gets its conversion with them.

// clang-format off

// Files
SYSCALL(read,                 0,    3,   63,    3, PASS, INT, FD, OBUF(2), SIZE)
SYSCALL(write,                1,    4,   64,    4, PASS, INT, FD, IBUF(2), SIZE)
SYSCALL(open,                 2,    5,   NA,    5, DO(sys_open), INT, PATH, FLAGS(open), MODE)
SYSCALL(close,                3,    6,   57,    6, PASS, INT, FD)
SYSCALL(stat,                 4,  106,   NA,  106, DO(sys_stat), INT, PATH, OUT(STAT))
SYSCALL(fstat,                5,  108,   80,  108, PASS, INT, FD, OUT(STAT))
SYSCALL(lstat,                6,  107,   NA,  107, DO(sys_lstat), INT, PATH, OUT(STAT))
SYSCALL(poll,                 7,  168,   NA,  168, PASS, INT, INOUT_N(POLLFD, 1), UINT, INT)
SYSCALL(lseek,                8,   19,   62,   19, PASS, INT, FD, OFF, ENUM(lseek))
SYSCALL(mmap,                 9,   90,  222,   NA, DO(sys_mmap), HEX, PTR, SIZE, FLAGS(prot),
        FLAGS(mmap), FD, HEX)
SYSCALL(mprotect,            10,  125,  226,  125, DO(sys_mprotect), INT, PTR, SIZE, FLAGS(prot))
SYSCALL(munmap,              11,   91,  215,   91, DO(sys_munmap), INT, PTR, SIZE)
SYSCALL(brk,                 12,   45,  214,   45, DO(sys_brk), HEX, PTR)
SYSCALL(rt_sigaction,        13,  174,  134,  174, DO(sys_rt_sigaction), INT, SIG, IN(SIGACTION),
        OUT(SIGACTION), SIZE)
SYSCALL(rt_sigprocmask,      14,  175,  135,  175, DO(sys_rt_sigprocmask), INT, ENUM(sigmask),
        IN(SIGSET), OUT(SIGSET), SIZE)
SYSCALL(rt_sigreturn,        15,  173,  139,  173, DO(sys_rt_sigreturn), HEX)
SYSCALL(ioctl,               16,   54,   29,   54, PASS, INT, FD, ENUM(ioctl), PTR)
SYSCALL(pread64,             17,  180,   67,  180, PASS, INT, FD, OBUF(2), SIZE, OFF)
SYSCALL(pwrite64,            18,  181,   68,  181, PASS, INT, FD, IBUF(2), SIZE, OFF)
SYSCALL(readv,               19,  145,   65,  145, PASS, INT, FD, OIOV(2), INT)
SYSCALL(writev,              20,  146,   66,  146, PASS, INT, FD, IIOV(2), INT)
SYSCALL(access,              21,   33,   NA,   33, DO(sys_access), INT, PATH, FLAGS(access))
SYSCALL(pipe,                22,   42,   NA,   42, PASS, INT, OUT(FDPAIR))
SYSCALL(select,              23,   82,   NA,   NA, PASS, INT, INT, INOUT(FDSET), INOUT(FDSET),
        INOUT(FDSET), INOUT(TIMEVAL))
SYSCALL(sched_yield,         24,  158,  124,  158, PASS, INT)
SYSCALL(mremap,              25,  163,  216,  163, DO(sys_mremap), HEX, PTR, SIZE, SIZE,
        FLAGS(mremap), PTR)
SYSCALL(msync,               26,  144,  227,  144, DO(sys_msync), INT, PTR, SIZE, FLAGS(msync))
SYSCALL(mincore,             27,  218,  232,  219, PASS, INT, PTR, SIZE, PTR)
SYSCALL(madvise,             28,  219,  233,  220, DO(sys_madvise), INT, PTR, SIZE, ENUM(madvise))
SYSCALL(shmget,              29,  395,  194,  307, PASS, INT, HEX, SIZE, HEX)
SYSCALL(shmat,               30,  397,  196,  305, DO(sys_shmat), HEX, INT, PTR, FLAGS(shm))
SYSCALL(shmctl,              31,  396,  195,  308, PASS, INT, INT, ENUM(ipc), PTR)
SYSCALL(dup,                 32,   41,   23,   41, PASS, INT, FD)
SYSCALL(dup2,                33,   63,   NA,   63, PASS, INT, FD, FD)
SYSCALL(pause,               34,   29,   NA,   29, PASS, INT)
SYSCALL(nanosleep,           35,  162,  101,  162, PASS, INT, IN(TIMESPEC), OUT(TIMESPEC))
SYSCALL(getitimer,           36,  105,  102,  105, PASS, INT, ENUM(itimer), OUT(ITIMERVAL))
SYSCALL(alarm,               37,   27,   NA,   NA, PASS, INT, UINT)
SYSCALL(setitimer,           38,  104,  103,  104, PASS, INT, ENUM(itimer), IN(ITIMERVAL),
        OUT(ITIMERVAL))
SYSCALL(getpid,              39,   20,  172,   20, PASS, INT)
SYSCALL(sendfile,            40,  187,   71,  187, PASS, INT, FD, FD, INOUT(LONG), SIZE)

// Sockets
SYSCALL(socket,              41,  359,  198,  281, PASS, INT, ENUM(af), FLAGS(sock), INT)
SYSCALL(connect,             42,  362,  203,  283, PASS, INT, FD, SOCKADDR(2), INT)
SYSCALL(accept,              43,   NA,  202,  285, PASS, INT, FD, OSOCKADDR(2), INOUT(INT))
SYSCALL(sendto,              44,  369,  206,  290, PASS, INT, FD, IBUF(2), SIZE, FLAGS(msg),
        SOCKADDR(5), INT)
SYSCALL(recvfrom,            45,  371,  207,  292, PASS, INT, FD, OBUF(2), SIZE, FLAGS(msg),
        OSOCKADDR(5), INOUT(INT))
SYSCALL(sendmsg,             46,  370,  211,  296, PASS, INT, FD, IN(MSGHDR), FLAGS(msg))
SYSCALL(recvmsg,             47,  372,  212,  297, PASS, INT, FD, INOUT(MSGHDR), FLAGS(msg))
SYSCALL(shutdown,            48,  373,  210,  293, PASS, INT, FD, ENUM(shutdown))
SYSCALL(bind,                49,  361,  200,  282, PASS, INT, FD, SOCKADDR(2), INT)
SYSCALL(listen,              50,  363,  201,  284, PASS, INT, FD, INT)
SYSCALL(getsockname,         51,  367,  204,  286, PASS, INT, FD, OSOCKADDR(2), INOUT(INT))
SYSCALL(getpeername,         52,  368,  205,  287, PASS, INT, FD, OSOCKADDR(2), INOUT(INT))
SYSCALL(socketpair,          53,  360,  199,  288, PASS, INT, ENUM(af), FLAGS(sock), INT,
        OUT(FDPAIR))
SYSCALL(setsockopt,          54,  366,  208,  294, PASS, INT, FD, ENUM(sol), INT, IBUF(4), INT)
SYSCALL(getsockopt,          55,  365,  209,  295, PASS, INT, FD, ENUM(sol), INT, PTR, INOUT(INT))

// Processes
SYSCALL(clone,               56,  120,  220,  120, DO(sys_clone), INT, FLAGS(clone), PTR, PTR, PTR,
        PTR)
SYSCALL(fork,                57,    2,   NA,    2, DO(sys_fork), INT)
SYSCALL(vfork,               58,  190,   NA,  190, DO(sys_vfork), INT)
SYSCALL(execve,              59,   11,  221,   11, DO(sys_execve), INT, PATH, STRS, ENVS)
SYSCALL(exit,                60,    1,   93,    1, DO(sys_exit), NONE, INT)
SYSCALL(wait4,               61,  114,  260,  114, PASS, INT, INT, OUT(WSTATUS), FLAGS(wait),
        OUT(RUSAGE))
SYSCALL(kill,                62,   37,  129,   37, PASS, INT, INT, SIG)
SYSCALL(uname,               63,  122,  160,  122, DO(sys_uname), INT, OUT(UTSNAME))
SYSCALL(semget,              64,  393,  190,  299, PASS, INT, HEX, INT, HEX)
SYSCALL(semop,               65,   NA,  193,  298, PASS, INT, INT, PTR, SIZE)
SYSCALL(semctl,              66,  394,  191,  300, PASS, INT, INT, INT, ENUM(ipc), SEMCTLARG(2))
SYSCALL(shmdt,               67,  398,  197,  306, DO(sys_shmdt), INT, PTR)
SYSCALL(msgget,              68,  399,  186,  303, PASS, INT, HEX, HEX)
SYSCALL(msgsnd,              69,  400,  189,  301, PASS, INT, INT, PTR, SIZE, HEX)
SYSCALL(msgrcv,              70,  401,  188,  302, PASS, INT, INT, PTR, SIZE, LONG, HEX)
SYSCALL(msgctl,              71,  402,  187,  304, PASS, INT, INT, ENUM(ipc), PTR)
SYSCALL(fcntl,               72,   55,   25,   55, PASS, INT, FD, ENUM(fcntl), FCNTLARG(1))
SYSCALL(flock,               73,  143,   32,  143, PASS, INT, FD, FLAGS(flock))
SYSCALL(fsync,               74,  118,   82,  118, PASS, INT, FD)
SYSCALL(fdatasync,           75,  148,   83,  148, PASS, INT, FD)
SYSCALL(truncate,            76,   92,   45,   92, PASS, INT, PATH, OFF)
SYSCALL(ftruncate,           77,   93,   46,   93, PASS, INT, FD, OFF)
SYSCALL(getdents,            78,  141,   NA,  141, DO(sys_getdents), INT, FD, ODATA(2), SIZE)
SYSCALL(getcwd,              79,  183,   17,  183, PASS, INT, OSTR(1), SIZE)
SYSCALL(chdir,               80,   12,   49,   12, PASS, INT, PATH)
SYSCALL(fchdir,              81,  133,   50,  133, PASS, INT, FD)
SYSCALL(rename,              82,   38,   NA,   38, PASS, INT, PATH, PATH)
SYSCALL(mkdir,               83,   39,   NA,   39, PASS, INT, PATH, MODE)
SYSCALL(rmdir,               84,   40,   NA,   40, PASS, INT, PATH)
SYSCALL(creat,               85,    8,   NA,    8, DO(sys_creat), INT, PATH, MODE)
SYSCALL(link,                86,    9,   NA,    9, PASS, INT, PATH, PATH)
SYSCALL(unlink,              87,   10,   NA,   10, PASS, INT, PATH)
SYSCALL(symlink,             88,   83,   NA,   83, PASS, INT, STR, PATH)
SYSCALL(readlink,            89,   85,   NA,   85, DO(sys_readlink), INT, PATH, OSTR(2), SIZE)
SYSCALL(chmod,               90,   15,   NA,   15, PASS, INT, PATH, MODE)
SYSCALL(fchmod,              91,   94,   52,   94, PASS, INT, FD, MODE)
SYSCALL(chown,               92,  182,   NA,  182, PASS, INT, PATH, INT, INT)
SYSCALL(fchown,              93,   95,   55,   95, PASS, INT, FD, INT, INT)
SYSCALL(lchown,              94,   16,   NA,   16, PASS, INT, PATH, INT, INT)
SYSCALL(umask,               95,   60,  166,   60, PASS, OCT, MODE)
SYSCALL(gettimeofday,        96,   78,  169,   78, PASS, INT, OUT(TIMEVAL), PTR)
SYSCALL(getrlimit,           97,   76,  163,   NA, DO(sys_getrlimit), INT, ENUM(rlimit),
        OUT(RLIMIT))
SYSCALL(getrusage,           98,   77,  165,   77, PASS, INT, ENUM(rusage), OUT(RUSAGE))
SYSCALL(sysinfo,             99,  116,  179,  116, PASS, INT, OUT(SYSINFO))
SYSCALL(times,              100,   43,  153,   43, PASS, INT, OUT(TMS))
SYSCALL(ptrace,             101,   26,  117,   26,
        REFUSE(EPERM, "would show the emulator, not the guest"), INT, INT, INT, PTR, PTR)
SYSCALL(getuid,             102,   24,  174,   24, PASS, INT)
SYSCALL(syslog,             103,  103,  116,  103, PASS, INT, INT, OBUF(2), INT)
SYSCALL(getgid,             104,   47,  176,   47, PASS, INT)
SYSCALL(setuid,             105,   23,  146,   23, PASS, INT, INT)
SYSCALL(setgid,             106,   46,  144,   46, PASS, INT, INT)
SYSCALL(geteuid,            107,   49,  175,   49, PASS, INT)
SYSCALL(getegid,            108,   50,  177,   50, PASS, INT)
SYSCALL(setpgid,            109,   57,  154,   57, PASS, INT, INT, INT)
SYSCALL(getppid,            110,   64,  173,   64, PASS, INT)
SYSCALL(getpgrp,            111,   65,   NA,   65, PASS, INT)
SYSCALL(setsid,             112,   66,  157,   66, PASS, INT)
SYSCALL(setreuid,           113,   70,  145,   70, PASS, INT, INT, INT)
SYSCALL(setregid,           114,   71,  143,   71, PASS, INT, INT, INT)
SYSCALL(getgroups,          115,   80,  158,   80, PASS, INT, INT, OUT_N(INT, 0))
SYSCALL(setgroups,          116,   81,  159,   81, PASS, INT, INT, IN_N(INT, 0))
SYSCALL(setresuid,          117,  164,  147,  164, PASS, INT, INT, INT, INT)
SYSCALL(getresuid,          118,  165,  148,  165, PASS, INT, OUT(INT), OUT(INT), OUT(INT))
SYSCALL(setresgid,          119,  170,  149,  170, PASS, INT, INT, INT, INT)
SYSCALL(getresgid,          120,  171,  150,  171, PASS, INT, OUT(INT), OUT(INT), OUT(INT))
SYSCALL(getpgid,            121,  132,  155,  132, PASS, INT, INT)
SYSCALL(setfsuid,           122,  138,  151,  138, PASS, INT, INT)
SYSCALL(setfsgid,           123,  139,  152,  139, PASS, INT, INT)
SYSCALL(getsid,             124,  147,  156,  147, PASS, INT, INT)
SYSCALL(capget,             125,  184,   90,  184, PASS, INT, PTR, PTR)
SYSCALL(capset,             126,  185,   91,  185, PASS, INT, PTR, PTR)
SYSCALL(rt_sigpending,      127,  176,  136,  176, DO(sys_rt_sigpending), INT, OUT(SIGSET), SIZE)
SYSCALL(rt_sigtimedwait,    128,  177,  137,  177, DO(sys_rt_sigtimedwait), INT, IN(SIGSET),
        OUT(SIGINFO), IN(TIMESPEC), SIZE)
SYSCALL(rt_sigqueueinfo,    129,  178,  138,  178, PASS, INT, INT, SIG, IN(SIGINFO))
SYSCALL(rt_sigsuspend,      130,  179,  133,  179, DO(sys_rt_sigsuspend), INT, IN(SIGSET), SIZE)
SYSCALL(sigaltstack,        131,  186,  132,  186, DO(sys_sigaltstack), INT, IN(STACK), OUT(STACK))
SYSCALL(utime,              132,   30,   NA,   NA, PASS, INT, PATH, PTR)
SYSCALL(mknod,              133,   14,   NA,   14, PASS, INT, PATH, MODE, HEX)
SYSCALL(uselib,             134,   86,   NA,   86,
        NOSYS("a.out libraries are gone from Linux"), INT, PATH)
SYSCALL(personality,        135,  136,   92,  136, PASS, HEX, HEX)
SYSCALL(ustat,              136,   62,   NA,   62, PASS, INT, HEX, PTR)
SYSCALL(statfs,             137,   99,   43,   99, PASS, INT, PATH, OUT(STATFS))
SYSCALL(fstatfs,            138,  100,   44,  100, PASS, INT, FD, OUT(STATFS))
SYSCALL(sysfs,              139,  135,   NA,  135, PASS, INT, INT, PTR, PTR)
SYSCALL(getpriority,        140,   96,  141,   96, PASS, INT, ENUM(prio), INT)
SYSCALL(setpriority,        141,   97,  140,   97, PASS, INT, ENUM(prio), INT, INT)
SYSCALL(sched_setparam,     142,  154,  118,  154, PASS, INT, INT, IN(INT))
SYSCALL(sched_getparam,     143,  155,  121,  155, PASS, INT, INT, OUT(INT))
SYSCALL(sched_setscheduler,  144,  156,  119,  156, PASS, INT, INT, ENUM(sched), IN(INT))
SYSCALL(sched_getscheduler,  145,  157,  120,  157, PASS, INT, INT)
SYSCALL(sched_get_priority_max,  146,  159,  125,  159, PASS, INT, ENUM(sched))
SYSCALL(sched_get_priority_min,  147,  160,  126,  160, PASS, INT, ENUM(sched))
SYSCALL(sched_rr_get_interval,  148,  161,  127,  161, PASS, INT, INT, OUT(TIMESPEC))
SYSCALL(mlock,              149,  150,  228,  150, PASS, INT, PTR, SIZE)
SYSCALL(munlock,            150,  151,  229,  151, PASS, INT, PTR, SIZE)
SYSCALL(mlockall,           151,  152,  230,  152, DO(sys_mlockall), INT, HEX)
SYSCALL(munlockall,         152,  153,  231,  153, DO(sys_munlockall), INT)
SYSCALL(vhangup,            153,  111,   58,  111, PASS, INT)
SYSCALL(modify_ldt,         154,  123,   NA,   NA, DO(sys_modify_ldt), INT, INT, PTR, SIZE)
SYSCALL(pivot_root,         155,  217,   41,  218, DO(sys_pivot_root), INT, PATH, PATH)
SYSCALL(_sysctl,            156,  149,   NA,  149, NOSYS("removed in Linux 5.5"), INT, PTR)
SYSCALL(prctl,              157,  172,  167,  172, DO(sys_prctl), INT, ENUM(prctl), HEX, HEX, HEX,
        HEX)
SYSCALL(arch_prctl,         158,  384,   NA,   NA, DO(sys_arch_prctl), INT, ENUM(arch_prctl), PTR)
SYSCALL(adjtimex,           159,  124,  171,  124, PASS, INT, PTR)
SYSCALL(setrlimit,          160,   75,  164,   75, DO(sys_setrlimit), INT, ENUM(rlimit), IN(RLIMIT))
SYSCALL(chroot,             161,   61,   51,   61, DO(sys_chroot), INT, PATH)
SYSCALL(sync,               162,   36,   81,   36, PASS, INT)
SYSCALL(acct,               163,   51,   89,   51, PASS, INT, PATH)
SYSCALL(settimeofday,       164,   79,  170,   79, PASS, INT, IN(TIMEVAL), PTR)
SYSCALL(mount,              165,   21,   40,   21, PASS, INT, PATH, PATH, STR, FLAGS(mount), PTR)
SYSCALL(umount2,            166,   52,   39,   52, PASS, INT, PATH, FLAGS(umount))
SYSCALL(swapon,             167,   87,  224,   87, PASS, INT, PATH, HEX)
SYSCALL(swapoff,            168,  115,  225,  115, PASS, INT, PATH)
SYSCALL(reboot,             169,   88,  142,   88, PASS, INT, HEX, HEX, HEX, PTR)
SYSCALL(sethostname,        170,   74,  161,   74, PASS, INT, STR, SIZE)
SYSCALL(setdomainname,      171,  121,  162,  121, PASS, INT, STR, SIZE)
SYSCALL(iopl,               172,  110,   NA,   NA,
        REFUSE(EPERM, "port instructions would run on the host's ports"), INT, INT)
SYSCALL(ioperm,             173,  101,   NA,   NA,
        REFUSE(EPERM, "port instructions would run on the host's ports"), INT, LONG, LONG, INT)
SYSCALL(create_module,      174,  127,   NA,   NA, NOSYS("removed in Linux 2.6"), INT, PTR)
SYSCALL(init_module,        175,  128,  105,  128, PASS, INT, PTR, SIZE, STR)
SYSCALL(delete_module,      176,  129,  106,  129, PASS, INT, STR, HEX)
SYSCALL(get_kernel_syms,    177,  130,   NA,   NA, NOSYS("removed in Linux 2.6"), INT, PTR)
SYSCALL(query_module,       178,  167,   NA,   NA, NOSYS("removed in Linux 2.6"), INT, PTR)
SYSCALL(quotactl,           179,  131,   60,  131, PASS, INT, HEX, PATH, INT, PTR)
SYSCALL(nfsservctl,         180,  169,   42,  169, NOSYS("removed in Linux 3.1"), INT, PTR)
SYSCALL(getpmsg,            181,  188,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(putpmsg,            182,  189,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(afs_syscall,        183,  137,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(tuxcall,            184,   NA,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(security,           185,   NA,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(gettid,             186,  224,  178,  224, PASS, INT)
SYSCALL(readahead,          187,  225,  213,  225, PASS, INT, FD, OFF, SIZE)
SYSCALL(setxattr,           188,  226,    5,  226, PASS, INT, PATH, STR, IBUF(3), SIZE, HEX)
SYSCALL(lsetxattr,          189,  227,    6,  227, PASS, INT, PATH, STR, IBUF(3), SIZE, HEX)
SYSCALL(fsetxattr,          190,  228,    7,  228, PASS, INT, FD, STR, IBUF(3), SIZE, HEX)
SYSCALL(getxattr,           191,  229,    8,  229, PASS, INT, PATH, STR, OBUF(3), SIZE)
SYSCALL(lgetxattr,          192,  230,    9,  230, PASS, INT, PATH, STR, OBUF(3), SIZE)
SYSCALL(fgetxattr,          193,  231,   10,  231, PASS, INT, FD, STR, OBUF(3), SIZE)
SYSCALL(listxattr,          194,  232,   11,  232, PASS, INT, PATH, OBUF(2), SIZE)
SYSCALL(llistxattr,         195,  233,   12,  233, PASS, INT, PATH, OBUF(2), SIZE)
SYSCALL(flistxattr,         196,  234,   13,  234, PASS, INT, FD, OBUF(2), SIZE)
SYSCALL(removexattr,        197,  235,   14,  235, PASS, INT, PATH, STR)
SYSCALL(lremovexattr,       198,  236,   15,  236, PASS, INT, PATH, STR)
SYSCALL(fremovexattr,       199,  237,   16,  237, PASS, INT, FD, STR)
SYSCALL(tkill,              200,  238,  130,  238, PASS, INT, INT, SIG)
SYSCALL(time,               201,   13,   NA,   NA, PASS, INT, OUT(LONG))
SYSCALL(futex,              202,  240,   98,  240, PASS, INT, PTR, ENUM(futex), INT, PTR, PTR, INT)
SYSCALL(sched_setaffinity,  203,  241,  122,  241, PASS, INT, INT, SIZE, IBUF(1))
SYSCALL(sched_getaffinity,  204,  242,  123,  242, PASS, INT, INT, SIZE, ODATA(1))
SYSCALL(set_thread_area,    205,  243,   NA,   NA, NOSYS("a call of 32-bit programs"), INT, PTR)
SYSCALL(io_setup,           206,  245,    0,  243, PASS, INT, INT, OUT(LONG))
SYSCALL(io_destroy,         207,  246,    1,  244, PASS, INT, HEX)
SYSCALL(io_getevents,       208,  247,    4,  245, PASS, INT, HEX, LONG, LONG, PTR, IN(TIMESPEC))
SYSCALL(io_submit,          209,  248,    2,  246, PASS, INT, HEX, LONG, PTR)
SYSCALL(io_cancel,          210,  249,    3,  247, PASS, INT, HEX, PTR, PTR)
SYSCALL(get_thread_area,    211,  244,   NA,   NA, NOSYS("a call of 32-bit programs"), INT, PTR)
SYSCALL(lookup_dcookie,     212,  253,   18,  249,
        NOSYS("of use to a profiler of the host alone"), INT, LONG, PTR, SIZE)
SYSCALL(epoll_create,       213,  254,   NA,  250, PASS, INT, INT)
SYSCALL(epoll_ctl_old,      214,   NA,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(epoll_wait_old,     215,   NA,   NA,   NA, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(remap_file_pages,   216,  257,  234,  253,
        NOSYS("deprecated; would move pages behind the memory map's back"), INT,
        PTR, SIZE, FLAGS(prot), SIZE, HEX)
SYSCALL(getdents64,         217,  220,   61,  217, DO(sys_getdents64), INT, FD, ODATA(2), SIZE)
SYSCALL(set_tid_address,    218,  258,   96,  256, DO(sys_set_tid_address), INT, PTR)
SYSCALL(restart_syscall,    219,    0,  128,    0, PASS, INT)
SYSCALL(semtimedop,         220,   NA,  192,  312, PASS, INT, INT, PTR, SIZE, IN(TIMESPEC))
SYSCALL(fadvise64,          221,  250,  223,   NA, PASS, INT, FD, OFF, OFF, ENUM(fadvise))
SYSCALL(timer_create,       222,  259,  107,  257, PASS, INT, ENUM(clock),
        IN(SIGEVENT), OUT(INT))
SYSCALL(timer_settime,      223,  260,  110,  258, PASS, INT, INT, FLAGS(timer), IN(ITIMERSPEC),
        OUT(ITIMERSPEC))
SYSCALL(timer_gettime,      224,  261,  108,  259, PASS, INT, INT, OUT(ITIMERSPEC))
SYSCALL(timer_getoverrun,   225,  262,  109,  260, PASS, INT, INT)
SYSCALL(timer_delete,       226,  263,  111,  261, PASS, INT, INT)
SYSCALL(clock_settime,      227,  264,  112,  262, PASS, INT, ENUM(clock), IN(TIMESPEC))
SYSCALL(clock_gettime,      228,  265,  113,  263, PASS, INT, ENUM(clock), OUT(TIMESPEC))
SYSCALL(clock_getres,       229,  266,  114,  264, PASS, INT, ENUM(clock), OUT(TIMESPEC))
SYSCALL(clock_nanosleep,    230,  267,  115,  265, PASS, INT, ENUM(clock), FLAGS(timer),
        IN(TIMESPEC), OUT(TIMESPEC))
SYSCALL(exit_group,         231,  252,   94,  248, DO(sys_exit_group), NONE, INT)
SYSCALL(epoll_wait,         232,  256,   NA,  252, PASS, INT, FD, OUT_RET(EPOLLEVENT, 2), INT, INT)
SYSCALL(epoll_ctl,          233,  255,   21,  251, PASS, INT, FD, ENUM(epoll_ctl), FD,
        IN(EPOLLEVENT))
SYSCALL(tgkill,             234,  270,  131,  268, PASS, INT, INT, INT, SIG)
SYSCALL(utimes,             235,  271,   NA,  269, PASS, INT, PATH, PTR)
SYSCALL(vserver,            236,  273,   NA,  313, NOSYS("never implemented in Linux"), INT, PTR)
SYSCALL(mbind,              237,  274,  235,  319, PASS, INT, PTR, SIZE, INT, PTR, SIZE, HEX)
SYSCALL(set_mempolicy,      238,  276,  237,  321, PASS, INT, INT, PTR, SIZE)
SYSCALL(get_mempolicy,      239,  275,  236,  320, PASS, INT, OUT(INT), PTR, SIZE, PTR, HEX)
SYSCALL(mq_open,            240,  277,  180,  274, PASS, INT, STR, FLAGS(open), MODE, PTR)
SYSCALL(mq_unlink,          241,  278,  181,  275, PASS, INT, STR)
SYSCALL(mq_timedsend,       242,  279,  182,  276, PASS, INT, INT, IBUF(2), SIZE, UINT,
        IN(TIMESPEC))
SYSCALL(mq_timedreceive,    243,  280,  183,  277, PASS, INT, INT, OBUF(2), SIZE, OUT(INT),
        IN(TIMESPEC))
SYSCALL(mq_notify,          244,  281,  184,  278, PASS, INT, INT, IN(SIGEVENT))
SYSCALL(mq_getsetattr,      245,  282,  185,  279, PASS, INT, INT, PTR, PTR)
SYSCALL(kexec_load,         246,  283,  104,  347,
        REFUSE(EPERM, "would replace the host's kernel"), INT, HEX, SIZE, PTR, HEX)
SYSCALL(waitid,             247,  284,   95,  280, PASS, INT, ENUM(waitid), INT, OUT(SIGINFO),
        FLAGS(wait), OUT(RUSAGE))
SYSCALL(add_key,            248,  286,  217,  309, PASS, INT, STR, STR, IBUF(3), SIZE, INT)
SYSCALL(request_key,        249,  287,  218,  310, PASS, INT, STR, STR, STR, INT)
SYSCALL(keyctl,             250,  288,  219,  311, PASS, INT, INT, HEX, HEX, HEX, HEX)
SYSCALL(ioprio_set,         251,  289,   30,  314, PASS, INT, INT, INT, HEX)
SYSCALL(ioprio_get,         252,  290,   31,  315, PASS, INT, INT, INT)
SYSCALL(inotify_init,       253,  291,   NA,  316, PASS, INT)
SYSCALL(inotify_add_watch,  254,  292,   27,  317, PASS, INT, FD, PATH, HEX)
SYSCALL(inotify_rm_watch,   255,  293,   28,  318, PASS, INT, FD, INT)
SYSCALL(migrate_pages,      256,  294,  238,  400,
        NOSYS("would move the emulator's pages too"), INT, INT, SIZE, PTR, PTR)
SYSCALL(openat,             257,  295,   56,  322, DO(sys_openat), INT, DIRFD, PATH, FLAGS(open),
        MODE)
SYSCALL(mkdirat,            258,  296,   34,  323, PASS, INT, DIRFD, PATH, MODE)
SYSCALL(mknodat,            259,  297,   33,  324, PASS, INT, DIRFD, PATH, MODE, HEX)
SYSCALL(fchownat,           260,  298,   54,  325, PASS, INT, DIRFD, PATH, INT, INT, FLAGS(at))
SYSCALL(futimesat,          261,  299,   NA,  326, PASS, INT, DIRFD, PATH, PTR)
SYSCALL(newfstatat,         262,   NA,   79,   NA, DO(sys_newfstatat), INT, DIRFD, PATH, OUT(STAT),
        FLAGS(at))
SYSCALL(unlinkat,           263,  301,   35,  328, PASS, INT, DIRFD, PATH, FLAGS(unlinkat))
SYSCALL(renameat,           264,  302,   38,  329, PASS, INT, DIRFD, PATH, DIRFD, PATH)
SYSCALL(linkat,             265,  303,   37,  330, PASS, INT, DIRFD, PATH, DIRFD, PATH, FLAGS(at))
SYSCALL(symlinkat,          266,  304,   36,  331, PASS, INT, STR, DIRFD, PATH)
SYSCALL(readlinkat,         267,  305,   78,  332, DO(sys_readlinkat), INT, DIRFD, PATH, OSTR(3),
        SIZE)
SYSCALL(fchmodat,           268,  306,   53,  333, PASS, INT, DIRFD, PATH, MODE)
SYSCALL(faccessat,          269,  307,   48,  334, DO(sys_faccessat), INT, DIRFD, PATH,
        FLAGS(access))
SYSCALL(pselect6,           270,  308,   72,  335, DO(sys_pselect6), INT, INT, INOUT(FDSET),
        INOUT(FDSET), INOUT(FDSET), INOUT(TIMESPEC), PTR)
SYSCALL(ppoll,              271,  309,   73,  336, DO(sys_ppoll), INT, INOUT_N(POLLFD, 1), UINT,
        INOUT(TIMESPEC), IN(SIGSET), SIZE)
SYSCALL(unshare,            272,  310,   97,  337, DO(sys_unshare), INT, FLAGS(clone))
SYSCALL(set_robust_list,    273,  311,   99,  338, PASS, INT, PTR, SIZE)
SYSCALL(get_robust_list,    274,  312,  100,  339, PASS, INT, INT, OUT(LONG), OUT(LONG))
SYSCALL(splice,             275,  313,   76,  340, PASS, INT, FD, INOUT(LONG), FD, INOUT(LONG),
        SIZE, FLAGS(splice))
SYSCALL(tee,                276,  315,   77,  342, PASS, INT, FD, FD, SIZE, FLAGS(splice))
SYSCALL(sync_file_range,    277,  314,   84,   NA, PASS, INT, FD, OFF, OFF, HEX)
SYSCALL(vmsplice,           278,  316,   75,  343, PASS, INT, FD, IIOV(2), SIZE, FLAGS(splice))
SYSCALL(move_pages,         279,  317,  239,  344,
        NOSYS("would move the emulator's pages too"), INT, INT, SIZE, PTR, PTR, PTR, HEX)
SYSCALL(utimensat,          280,  320,   88,  348, PASS, INT, DIRFD, PATH, IN(TIMESPEC2), FLAGS(at))
SYSCALL(epoll_pwait,        281,  319,   22,  346, DO(sys_epoll_pwait), INT, FD,
        OUT_RET(EPOLLEVENT, 2), INT, INT, IN(SIGSET), SIZE)
SYSCALL(signalfd,           282,  321,   NA,  349, PASS, INT, FD, IN(SIGSET), SIZE)
SYSCALL(timerfd_create,     283,  322,   85,  350, PASS, INT, ENUM(clock), FLAGS(timerfd))
SYSCALL(eventfd,            284,  323,   NA,  351, PASS, INT, UINT)
SYSCALL(fallocate,          285,  324,   47,  352, PASS, INT, FD, FLAGS(fallocate), OFF, OFF)
SYSCALL(timerfd_settime,    286,  325,   86,  353, PASS, INT, FD, FLAGS(timer), IN(ITIMERSPEC),
        OUT(ITIMERSPEC))
SYSCALL(timerfd_gettime,    287,  326,   87,  354, PASS, INT, FD, OUT(ITIMERSPEC))
SYSCALL(accept4,            288,  364,  242,  366, PASS, INT, FD, OSOCKADDR(2), INOUT(INT),
        FLAGS(sock_only))
SYSCALL(signalfd4,          289,  327,   74,  355, PASS, INT, FD, IN(SIGSET), SIZE,
        FLAGS(signalfd))
SYSCALL(eventfd2,           290,  328,   19,  356, PASS, INT, UINT, FLAGS(eventfd))
SYSCALL(epoll_create1,      291,  329,   20,  357, PASS, INT, FLAGS(epoll_create))
SYSCALL(dup3,               292,  330,   24,  358, PASS, INT, FD, FD, FLAGS(open))
SYSCALL(pipe2,              293,  331,   59,  359, PASS, INT, OUT(FDPAIR), FLAGS(open))
SYSCALL(inotify_init1,      294,  332,   26,  360, PASS, INT, FLAGS(open))
SYSCALL(preadv,             295,  333,   69,  361, PASS, INT, FD, OIOV(2), INT, OFF, HEX)
SYSCALL(pwritev,            296,  334,   70,  362, PASS, INT, FD, IIOV(2), INT, OFF, HEX)
SYSCALL(rt_tgsigqueueinfo,  297,  335,  240,  363, PASS, INT, INT, INT, SIG, IN(SIGINFO))
SYSCALL(perf_event_open,    298,  336,  241,  364, NOSYS("would count the emulator's work"), INT,
        PTR, INT, INT, FD, HEX)
SYSCALL(recvmmsg,           299,  337,  243,  365, PASS, INT, FD, PTR, UINT, FLAGS(msg),
        INOUT(TIMESPEC))
SYSCALL(fanotify_init,      300,  338,  262,  367, PASS, INT, HEX, FLAGS(open))
SYSCALL(fanotify_mark,      301,  339,  263,  368, PASS, INT, FD, HEX, HEX, DIRFD, PATH)
SYSCALL(prlimit64,          302,  340,  261,  369, DO(sys_prlimit64), INT, INT, ENUM(rlimit),
        IN(RLIMIT), OUT(RLIMIT))
SYSCALL(name_to_handle_at,  303,  341,  264,  370, PASS, INT, DIRFD, PATH, PTR, PTR, FLAGS(at))
SYSCALL(open_by_handle_at,  304,  342,  265,  371, PASS, INT, FD, PTR, FLAGS(open))
SYSCALL(clock_adjtime,      305,  343,  266,  372, PASS, INT, ENUM(clock), PTR)
SYSCALL(syncfs,             306,  344,  267,  373, PASS, INT, FD)
SYSCALL(sendmmsg,           307,  345,  269,  374, PASS, INT, FD, PTR, UINT, FLAGS(msg))
SYSCALL(setns,              308,  346,  268,  375, DO(sys_setns), INT, FD, FLAGS(clone))
SYSCALL(getcpu,             309,  318,  168,  345, PASS, INT, OUT(INT), OUT(INT), PTR)
SYSCALL(process_vm_readv,   310,  347,  270,  376, PASS, INT, INT, IIOV(2), SIZE, PTR,
        SIZE, HEX)
SYSCALL(process_vm_writev,  311,  348,  271,  377, DO(sys_process_vm_writev), INT, INT, IIOV(2), SIZE,
        PTR, SIZE, HEX)
SYSCALL(kcmp,               312,  349,  272,  378, PASS, INT, INT, INT, INT, HEX, HEX)
SYSCALL(finit_module,       313,  350,  273,  379, PASS, INT, FD, STR, HEX)
SYSCALL(sched_setattr,      314,  351,  274,  380, PASS, INT, INT, PTR, HEX)
SYSCALL(sched_getattr,      315,  352,  275,  381, PASS, INT, INT, ODATA(2), SIZE, HEX)
SYSCALL(renameat2,          316,  353,  276,  382, PASS, INT, DIRFD, PATH, DIRFD, PATH,
        FLAGS(renameat))
SYSCALL(seccomp,            317,  354,  277,  383,
        REFUSE(EINVAL, "a filter would act on the emulator's own calls"), INT, INT, HEX, PTR)
SYSCALL(getrandom,          318,  355,  278,  384, PASS, INT, OBUF(1), SIZE, FLAGS(getrandom))
SYSCALL(memfd_create,       319,  356,  279,  385, PASS, INT, STR, FLAGS(memfd))
SYSCALL(kexec_file_load,    320,   NA,  294,  401,
        REFUSE(EPERM, "would replace the host's kernel"), INT, FD, FD, SIZE, STR, HEX)
SYSCALL(bpf,                321,  357,  280,  386,
        REFUSE(EPERM, "programs would see the emulator's registers"), INT, INT, PTR, SIZE)
SYSCALL(execveat,           322,  358,  281,  387, DO(sys_execveat), INT, DIRFD, PATH, STRS, ENVS,
        FLAGS(at))
SYSCALL(userfaultfd,        323,  374,  282,  388,
        NOSYS("faults on guest memory are the emulator's to take"), INT, FLAGS(open))
SYSCALL(membarrier,         324,  375,  283,  389, DO(sys_membarrier), INT, ENUM(membarrier), HEX, INT)
SYSCALL(mlock2,             325,  376,  284,  390, PASS, INT, PTR, SIZE, HEX)
SYSCALL(copy_file_range,    326,  377,  285,  391, PASS, INT, FD, INOUT(LONG), FD, INOUT(LONG),
        SIZE, HEX)
SYSCALL(preadv2,            327,  378,  286,  392, PASS, INT, FD, OIOV(2), INT, OFF, HEX, HEX)
SYSCALL(pwritev2,           328,  379,  287,  393, PASS, INT, FD, IIOV(2), INT, OFF, HEX, HEX)
SYSCALL(pkey_mprotect,      329,  380,  288,  394, DO(sys_pkey_mprotect), INT, PTR, SIZE,
        FLAGS(prot), INT)
SYSCALL(pkey_alloc,         330,  381,  289,  395,
        REFUSE(ENOSPC, "the virtual CPUs have no protection keys"), INT, HEX, HEX)
SYSCALL(pkey_free,          331,  382,  290,  396,
        REFUSE(EINVAL, "the virtual CPUs have no protection keys"), INT, INT)
SYSCALL(statx,              332,  383,  291,  397, DO(sys_statx), INT, DIRFD, PATH, FLAGS(at), HEX,
        OUT(STATX))
SYSCALL(io_pgetevents,      333,  385,  292,  399,
        NOSYS("its signal mask is not emulated; io_getevents works"), INT,
        HEX, LONG, LONG, PTR, IN(TIMESPEC), PTR)
SYSCALL(rseq,               334,  386,  293,  398,
        NOSYS("restartable sequences need the guest's own instruction addresses; libc does without"), INT,
        PTR, UINT, HEX, HEX)
SYSCALL(pidfd_send_signal,  424,  424,  424,  424, PASS, INT, FD, SIG, IN(SIGINFO), HEX)
SYSCALL(io_uring_setup,     425,  425,  425,  425,
        NOSYS("its rings would reach guest memory behind the memory map's back"), INT, UINT, PTR)
SYSCALL(io_uring_enter,     426,  426,  426,  426,
        NOSYS("its rings would reach guest memory behind the memory map's back"), INT,
        FD, UINT, UINT, HEX, PTR, SIZE)
SYSCALL(io_uring_register,  427,  427,  427,  427,
        NOSYS("its rings would reach guest memory behind the memory map's back"), INT,
        FD, UINT, PTR, UINT)
SYSCALL(open_tree,          428,  428,  428,  428, PASS, INT, DIRFD, PATH, HEX)
SYSCALL(move_mount,         429,  429,  429,  429, PASS, INT, DIRFD, PATH, DIRFD, PATH, HEX)
SYSCALL(fsopen,             430,  430,  430,  430, PASS, INT, STR, HEX)
SYSCALL(fsconfig,           431,  431,  431,  431, PASS, INT, FD, UINT, STR, PTR, INT)
SYSCALL(fsmount,            432,  432,  432,  432, PASS, INT, FD, HEX, HEX)
SYSCALL(fspick,             433,  433,  433,  433, PASS, INT, DIRFD, PATH, HEX)
SYSCALL(pidfd_open,         434,  434,  434,  434, PASS, INT, INT, HEX)
SYSCALL(clone3,             435,  435,  435,  435, DO(sys_clone3), INT, IN(CLONEARGS), SIZE)
SYSCALL(close_range,        436,  436,  436,  436, DO(sys_close_range), INT, UINT, UINT, HEX)
SYSCALL(openat2,            437,  437,  437,  437, DO(sys_openat2), INT, DIRFD, PATH, PTR, SIZE)
SYSCALL(pidfd_getfd,        438,  438,  438,  438, PASS, INT, FD, FD, HEX)
SYSCALL(faccessat2,         439,  439,  439,  439, DO(sys_faccessat2), INT, DIRFD, PATH,
        FLAGS(access), FLAGS(at))
SYSCALL(process_madvise,    440,  440,  440,  440, PASS, INT, FD, IIOV(2), SIZE, ENUM(madvise), HEX)
SYSCALL(epoll_pwait2,       441,  441,  441,  441, DO(sys_epoll_pwait2), INT, FD,
        OUT_RET(EPOLLEVENT, 2), INT, IN(TIMESPEC), IN(SIGSET), SIZE)
SYSCALL(mount_setattr,      442,  442,  442,  442, PASS, INT, DIRFD, PATH, HEX, PTR, SIZE)
SYSCALL(quotactl_fd,        443,  443,  443,  443, PASS, INT, FD, HEX, INT, PTR)
SYSCALL(landlock_create_ruleset,  444,  444,  444,  444,
        REFUSE(EOPNOTSUPP, "its rules would bind the emulator too"), INT, PTR, SIZE, HEX)
SYSCALL(landlock_add_rule,  445,  445,  445,  445,
        REFUSE(EOPNOTSUPP, "its rules would bind the emulator too"), INT, FD, INT, PTR, HEX)
SYSCALL(landlock_restrict_self,  446,  446,  446,  446,
        REFUSE(EOPNOTSUPP, "its rules would bind the emulator too"), INT, FD, HEX)
SYSCALL(memfd_secret,       447,  447,  447,   NA,
        NOSYS("its pages cannot be read for the translator"), INT, HEX)
SYSCALL(process_mrelease,   448,  448,  448,  448, PASS, INT, FD, HEX)
SYSCALL(futex_waitv,        449,  449,  449,  449, PASS, INT, PTR, UINT, HEX, IN(TIMESPEC),
        ENUM(clock))
SYSCALL(set_mempolicy_home_node,  450,  450,  450,  450, PASS, INT, PTR, SIZE, INT, HEX)

// Calls that x86-64 has not: AArch64's, and those of 32-bit guests
SYSCALL(arm_sync_file_range,   NA,   NA,   NA,  341, NOSYS(TO_COME), INT, FD, HEX, OFF, OFF)
SYSCALL(arm_fadvise64_64,    NA,   NA,   NA,  270, NOSYS(TO_COME), INT, FD, ENUM(fadvise), OFF, OFF)
SYSCALL(fadvise64_64,        NA,  272,   NA,   NA, NOSYS(TO_COME), INT, FD, OFF, OFF, ENUM(fadvise))
SYSCALL(waitpid,             NA,    7,   NA,   NA, NOSYS(TO_COME), INT, INT, OUT(WSTATUS),
        FLAGS(wait))
SYSCALL(oldstat,             NA,   18,   NA,   NA, NOSYS(TO_COME), INT, PATH, PTR)
SYSCALL(oldfstat,            NA,   28,   NA,   NA, NOSYS(TO_COME), INT, FD, PTR)
SYSCALL(oldlstat,            NA,   84,   NA,   NA, NOSYS(TO_COME), INT, PATH, PTR)
SYSCALL(umount,              NA,   22,   NA,   NA, NOSYS(TO_COME), INT, PATH)
SYSCALL(stime,               NA,   25,   NA,   NA, NOSYS(TO_COME), INT, PTR)
SYSCALL(nice,                NA,   34,   NA,   34, NOSYS(TO_COME), INT, INT)
SYSCALL(signal,              NA,   48,   NA,   NA, NOSYS(TO_COME), HEX, SIG, PTR)
SYSCALL(sigaction,           NA,   67,   NA,   67, NOSYS(TO_COME), INT, SIG, PTR, PTR)
SYSCALL(sgetmask,            NA,   68,   NA,   NA, NOSYS(TO_COME), HEX)
SYSCALL(ssetmask,            NA,   69,   NA,   NA, NOSYS(TO_COME), HEX, HEX)
SYSCALL(sigsuspend,          NA,   72,   NA,   72, NOSYS(TO_COME), INT, HEX)
SYSCALL(sigpending,          NA,   73,   NA,   73, NOSYS(TO_COME), INT, PTR)
SYSCALL(sigreturn,           NA,  119,   NA,  119, NOSYS(TO_COME), HEX)
SYSCALL(sigprocmask,         NA,  126,   NA,  126, NOSYS(TO_COME), INT, ENUM(sigmask), PTR, PTR)
SYSCALL(oldolduname,         NA,   59,   NA,   NA, NOSYS(TO_COME), INT, PTR)
SYSCALL(olduname,            NA,  109,   NA,   NA, NOSYS(TO_COME), INT, PTR)
SYSCALL(readdir,             NA,   89,   NA,   NA, NOSYS(TO_COME), INT, FD, PTR, UINT)
SYSCALL(socketcall,          NA,  102,   NA,   NA, NOSYS(TO_COME), INT, INT, PTR)
SYSCALL(ipc,                 NA,  117,   NA,   NA, NOSYS(TO_COME), INT, UINT, INT, INT, INT, PTR,
        LONG)
SYSCALL(bdflush,             NA,  134,   NA,  134, NOSYS("removed in Linux 5.15"), INT, INT, LONG)
SYSCALL(_llseek,             NA,  140,   NA,  140, NOSYS(TO_COME), INT, FD, HEX, HEX, PTR,
        ENUM(lseek))
SYSCALL(_newselect,          NA,  142,   NA,  142, NOSYS(TO_COME), INT, INT, PTR, PTR, PTR, PTR)
SYSCALL(vm86,                NA,  166,   NA,   NA, NOSYS("16-bit code is no guest of myna"), INT,
        PTR)
SYSCALL(vm86old,             NA,  113,   NA,   NA, NOSYS("16-bit code is no guest of myna"), INT,
        PTR)
SYSCALL(ugetrlimit,          NA,  191,   NA,  191, NOSYS(TO_COME), INT, ENUM(rlimit), PTR)
SYSCALL(mmap2,               NA,  192,   NA,  192, NOSYS(TO_COME), HEX, PTR, SIZE, FLAGS(prot),
        FLAGS(mmap), FD, HEX)
SYSCALL(truncate64,          NA,  193,   NA,  193, NOSYS(TO_COME), INT, PATH, HEX, HEX)
SYSCALL(ftruncate64,         NA,  194,   NA,  194, NOSYS(TO_COME), INT, FD, HEX, HEX)
SYSCALL(stat64,              NA,  195,   NA,  195, NOSYS(TO_COME), INT, PATH, PTR)
SYSCALL(lstat64,             NA,  196,   NA,  196, NOSYS(TO_COME), INT, PATH, PTR)
SYSCALL(fstat64,             NA,  197,   NA,  197, NOSYS(TO_COME), INT, FD, PTR)
SYSCALL(fstatat64,           NA,  300,   NA,  327, NOSYS(TO_COME), INT, DIRFD, PATH, PTR, FLAGS(at))
SYSCALL(lchown32,            NA,  198,   NA,  198, AS(lchown), INT, PATH, INT, INT)
SYSCALL(getuid32,            NA,  199,   NA,  199, AS(getuid), INT)
SYSCALL(getgid32,            NA,  200,   NA,  200, AS(getgid), INT)
SYSCALL(geteuid32,           NA,  201,   NA,  201, AS(geteuid), INT)
SYSCALL(getegid32,           NA,  202,   NA,  202, AS(getegid), INT)
SYSCALL(setreuid32,          NA,  203,   NA,  203, AS(setreuid), INT, INT, INT)
SYSCALL(setregid32,          NA,  204,   NA,  204, AS(setregid), INT, INT, INT)
SYSCALL(getgroups32,         NA,  205,   NA,  205, AS(getgroups), INT, INT, OUT_N(INT, 0))
SYSCALL(setgroups32,         NA,  206,   NA,  206, AS(setgroups), INT, INT, IN_N(INT, 0))
SYSCALL(fchown32,            NA,  207,   NA,  207, AS(fchown), INT, FD, INT, INT)
SYSCALL(setresuid32,         NA,  208,   NA,  208, AS(setresuid), INT, INT, INT, INT)
SYSCALL(getresuid32,         NA,  209,   NA,  209, AS(getresuid), INT, OUT(INT), OUT(INT), OUT(INT))
SYSCALL(setresgid32,         NA,  210,   NA,  210, AS(setresgid), INT, INT, INT, INT)
SYSCALL(getresgid32,         NA,  211,   NA,  211, AS(getresgid), INT, OUT(INT), OUT(INT), OUT(INT))
SYSCALL(chown32,             NA,  212,   NA,  212, AS(chown), INT, PATH, INT, INT)
SYSCALL(setuid32,            NA,  213,   NA,  213, AS(setuid), INT, INT)
SYSCALL(setgid32,            NA,  214,   NA,  214, AS(setgid), INT, INT)
SYSCALL(setfsuid32,          NA,  215,   NA,  215, AS(setfsuid), INT, INT)
SYSCALL(setfsgid32,          NA,  216,   NA,  216, AS(setfsgid), INT, INT)
SYSCALL(fcntl64,             NA,  221,   NA,  221, NOSYS(TO_COME), INT, FD, ENUM(fcntl),
        FCNTLARG(1))
SYSCALL(sendfile64,          NA,  239,   NA,  239, NOSYS(TO_COME), INT, FD, FD, PTR, SIZE)
SYSCALL(statfs64,            NA,  268,   NA,  266, NOSYS(TO_COME), INT, PATH, SIZE, PTR)
SYSCALL(fstatfs64,           NA,  269,   NA,  267, NOSYS(TO_COME), INT, FD, SIZE, PTR)
SYSCALL(send,                NA,   NA,   NA,  289, NOSYS(TO_COME), INT, FD, IBUF(2), SIZE,
        FLAGS(msg))
SYSCALL(recv,                NA,   NA,   NA,  291, NOSYS(TO_COME), INT, FD, OBUF(2), SIZE,
        FLAGS(msg))
SYSCALL(pciconfig_iobase,    NA,   NA,   NA,  271, NOSYS("a call of one ARM board"), INT, INT, HEX,
        HEX)
SYSCALL(pciconfig_read,      NA,   NA,   NA,  272, NOSYS("a call of one ARM board"), INT, HEX, HEX,
        HEX, HEX, PTR)
SYSCALL(pciconfig_write,     NA,   NA,   NA,  273, NOSYS("a call of one ARM board"), INT, HEX, HEX,
        HEX, HEX, PTR)
SYSCALL(clock_gettime64,     NA,  403,   NA,  403, AS(clock_gettime), INT, ENUM(clock),
        OUT(TIMESPEC))
SYSCALL(clock_settime64,     NA,  404,   NA,  404, AS(clock_settime), INT, ENUM(clock),
        IN(TIMESPEC))
SYSCALL(clock_adjtime64,     NA,  405,   NA,  405, NOSYS(TO_COME), INT, ENUM(clock), PTR)
SYSCALL(clock_getres_time64,   NA,  406,   NA,  406, AS(clock_getres), INT, ENUM(clock),
        OUT(TIMESPEC))
SYSCALL(clock_nanosleep_time64,   NA,  407,   NA,  407, AS(clock_nanosleep), INT, ENUM(clock),
        FLAGS(timer), IN(TIMESPEC), OUT(TIMESPEC))
SYSCALL(timer_gettime64,     NA,  408,   NA,  408, AS(timer_gettime), INT, INT, OUT(ITIMERSPEC))
SYSCALL(timer_settime64,     NA,  409,   NA,  409, AS(timer_settime), INT, INT, FLAGS(timer),
        IN(ITIMERSPEC), OUT(ITIMERSPEC))
SYSCALL(timerfd_gettime64,   NA,  410,   NA,  410, AS(timerfd_gettime), INT, FD, OUT(ITIMERSPEC))
SYSCALL(timerfd_settime64,   NA,  411,   NA,  411, AS(timerfd_settime), INT, FD, FLAGS(timer),
        IN(ITIMERSPEC), OUT(ITIMERSPEC))
SYSCALL(utimensat_time64,    NA,  412,   NA,  412, AS(utimensat), INT, DIRFD, PATH, IN(TIMESPEC2),
        FLAGS(at))
SYSCALL(pselect6_time64,     NA,  413,   NA,  413, NOSYS(TO_COME), INT, INT, PTR, PTR, PTR,
        INOUT(TIMESPEC), PTR)
SYSCALL(ppoll_time64,        NA,  414,   NA,  414, AS(ppoll), INT, INOUT_N(POLLFD, 1), UINT,
        INOUT(TIMESPEC), IN(SIGSET), SIZE)
SYSCALL(io_pgetevents_time64,   NA,  416,   NA,  416, NOSYS(TO_COME), INT, HEX, LONG, LONG, PTR,
        IN(TIMESPEC), PTR)
SYSCALL(recvmmsg_time64,     NA,  417,   NA,  417, NOSYS(TO_COME), INT, FD, PTR, UINT, FLAGS(msg),
        INOUT(TIMESPEC))
SYSCALL(mq_timedsend_time64,   NA,  418,   NA,  418, AS(mq_timedsend), INT, INT, IBUF(2), SIZE,
        UINT, IN(TIMESPEC))
SYSCALL(mq_timedreceive_time64,   NA,  419,   NA,  419, AS(mq_timedreceive), INT, INT, OBUF(2),
        SIZE, OUT(INT), IN(TIMESPEC))
SYSCALL(semtimedop_time64,   NA,  420,   NA,  420, AS(semtimedop), INT, INT, PTR, SIZE,
        IN(TIMESPEC))
SYSCALL(rt_sigtimedwait_time64,   NA,  421,   NA,  421, AS(rt_sigtimedwait), INT, IN(SIGSET),
        OUT(SIGINFO), IN(TIMESPEC), SIZE)
SYSCALL(futex_time64,        NA,  422,   NA,  422, AS(futex), INT, PTR, ENUM(futex), INT, PTR, PTR,
        INT)
SYSCALL(sched_rr_get_interval_time64,   NA,  423,   NA,  423, AS(sched_rr_get_interval), INT, INT,
        OUT(TIMESPEC))
SYSCALL(break,               NA,   17,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(stty,                NA,   31,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(gtty,                NA,   32,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(ftime,               NA,   35,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(prof,                NA,   44,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(lock,                NA,   53,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(mpx,                 NA,   56,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(ulimit,              NA,   58,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(profil,              NA,   98,   NA,   NA, NOSYS("never implemented in Linux"), INT)
SYSCALL(idle,                NA,  112,   NA,   NA, NOSYS("never implemented in Linux"), INT)
// clang-format on

#undef SYSCALL
