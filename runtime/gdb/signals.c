// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gdb's numbers of signals, which no system has: include/gdb/signals.def of binutils-gdb.  The first rows
// are Linux's by number; the real-time ones come in three pieces.

#include <signal.h>

#include "server.h"

static const uint8_t from_linux[32] = {
    [SIGHUP] = 1,   [SIGINT] = 2,    [SIGQUIT] = 3,  [SIGILL] = 4,   [SIGTRAP] = 5,
    [SIGABRT] = 6,  [SIGFPE] = 8,    [SIGKILL] = 9,  [SIGBUS] = 10,  [SIGSEGV] = 11,
    [SIGSYS] = 12,  [SIGPIPE] = 13,  [SIGALRM] = 14, [SIGTERM] = 15, [SIGURG] = 16,
    [SIGSTOP] = 17, [SIGTSTP] = 18,  [SIGCONT] = 19, [SIGCHLD] = 20, [SIGTTIN] = 21,
    [SIGTTOU] = 22, [SIGIO] = 23,    [SIGXCPU] = 24, [SIGXFSZ] = 25, [SIGVTALRM] = 26,
    [SIGPROF] = 27, [SIGWINCH] = 28, [SIGUSR1] = 30, [SIGUSR2] = 31, [SIGPWR] = 32,
};

enum {
    GDB_REALTIME_33 = 45, // to 63
    GDB_REALTIME_32 = 77,
    GDB_REALTIME_64 = 78,
    GDB_UNKNOWN = 143,
};

int gdb_signal_from_host(int sig)
{
    if (sig > 0 && sig < 32) {
        return from_linux[sig] ? from_linux[sig] : GDB_UNKNOWN;
    }
    if (sig == 32) {
        return GDB_REALTIME_32;
    }
    return sig == 64 ? GDB_REALTIME_64 : sig > 0 ? GDB_REALTIME_33 + sig - 33 : 0;
}

int gdb_signal_to_host(int number)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        int known = gdb_signal_from_host(sig);
        if (known == number && known != GDB_UNKNOWN) {
            return sig;
        }
    }
    return 0;
}
