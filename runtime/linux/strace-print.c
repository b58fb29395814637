// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Printers of strace-print.h.  Structures are printed from the layout of x86-64 (syscall.h); a guest's
// whose layout differs are converted first.
#include "strace-print.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <linux/sched.h>

#include "runtime/guest-memory.h"
#include "strace-flags.h"

#define MAX_DATA 32
#define MAX_ELEMENTS 16

void print_pointer(GString *out, uint64_t addr)
{
    if (addr) {
        g_string_append_printf(out, "%#" PRIx64, addr);
    } else {
        g_string_append(out, "NULL");
    }
}

static void print_quoted(GString *out, const char *data, size_t len)
{
    static const char letters[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        const char *at = c ? strchr(letters, c) : NULL;
        if (at) {
            g_string_append_printf(out, "\\%c", names[at - letters]);
        } else if (c == '"' || c == '\\') {
            g_string_append_printf(out, "\\%c", c);
        } else if (c >= 32 && c < 127) {
            g_string_append_c(out, (char)c);
        } else {
            // As short as what follows allows.
            bool digit = i + 1 < len && data[i + 1] >= '0' && data[i + 1] <= '7';
            g_string_append_printf(out, digit ? "\\%03o" : "\\%o", c);
        }
    }
    g_string_append_c(out, '"');
}

void print_string(GString *out, uint64_t addr, int64_t len)
{
    bool is_name = len < 0;
    char data[PATH_MAX];
    if (addr == 0) {
        g_string_append(out, "NULL");
        return;
    }
    if (is_name) {
        len = guest_strlen(addr, sizeof(data) - 1);
    }
    size_t shown = len < 0 ? 0 : (size_t)(is_name ? len : MIN(len, MAX_DATA));
    if (len < 0 || !guest_read(addr, data, shown)) {
        print_pointer(out, addr);
        return;
    }
    print_quoted(out, data, shown);
    if (shown < (size_t)len) {
        g_string_append(out, "...");
    }
}

void print_string_array(GString *out, uint64_t addr)
{
    uint64_t p;
    if (addr == 0 || !guest_read(addr, &p, sizeof(p))) {
        print_pointer(out, addr);
        return;
    }
    g_string_append_c(out, '[');
    for (int i = 0; p; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        if (i == MAX_ELEMENTS) {
            g_string_append(out, "...");
            break;
        }
        print_string(out, p, -1);
        addr += sizeof(p);
        if (!guest_read(addr, &p, sizeof(p))) {
            break;
        }
    }
    g_string_append_c(out, ']');
}

void print_environ(GString *out, uint64_t addr)
{
    uint64_t p;
    unsigned n = 0;
    print_pointer(out, addr);
    if (addr) {
        while (n < 100000 && guest_read(addr + n * sizeof(p), &p, sizeof(p)) && p) {
            n++;
        }
        g_string_append_printf(out, " /* %u vars */", n);
    }
}

void print_iovec(GString *out, uint64_t addr, uint64_t count, int64_t limit)
{
    struct iovec iov;
    g_string_append_c(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        if (i == MAX_ELEMENTS || !guest_read(addr + i * sizeof(iov), &iov, sizeof(iov))) {
            g_string_append(out, "...");
            break;
        }
        int64_t len = (int64_t)iov.iov_len;
        if (limit >= 0) {
            len = MIN(len, limit);
            limit -= len;
        }
        g_string_append(out, "{iov_base=");
        print_string(out, (uint64_t)(uintptr_t)iov.iov_base, MAX(len, 0));
        g_string_append_printf(out, ", iov_len=%zu}", iov.iov_len);
    }
    g_string_append_c(out, ']');
}

// --- sockets ------------------------------------------------------------------------------------
void print_sockaddr(GString *out, uint64_t addr, uint32_t len)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } u;
    char text[INET6_ADDRSTRLEN], family[32];
    memset(&u, 0, sizeof(u));
    len = MIN(len, (uint32_t)sizeof(u));
    if (addr == 0 || len < sizeof(sa_family_t) || !guest_read(addr, &u, len)) {
        print_pointer(out, addr);
        return;
    }
    g_string_append_printf(out, "{sa_family=%s",
                           flag_enum_print(&flag_set_af, u.sa.sa_family, family, sizeof(family)));
    switch (u.sa.sa_family) {
    case AF_UNIX: {
        size_t at = offsetof(struct sockaddr_un, sun_path);
        size_t n = len > at ? len - at : 0;
        g_string_append(out, ", sun_path=");
        if (n > 0 && u.un.sun_path[0] == '\0') {
            g_string_append_c(out, '@'); // a name that is not in the file system
            print_quoted(out, u.un.sun_path + 1, n - 1);
        } else {
            print_quoted(out, u.un.sun_path, strnlen(u.un.sun_path, n));
        }
        break;
    }
    case AF_INET:
        g_string_append_printf(out, ", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")",
                               ntohs(u.in.sin_port),
                               inet_ntop(AF_INET, &u.in.sin_addr, text, sizeof(text)));
        break;
    case AF_INET6:
        g_string_append_printf(out, ", sin6_port=htons(%u), sin6_addr=\"%s\"",
                               ntohs(u.in6.sin6_port),
                               inet_ntop(AF_INET6, &u.in6.sin6_addr, text, sizeof(text)));
        break;
    default: break;
    }
    g_string_append_c(out, '}');
}

void print_fcntl_arg(GString *out, int cmd, uint64_t value)
{
    char buf[256];
    switch (cmd) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS: g_string_truncate(out, out->len - 2); break; // has no argument: no comma
    case F_SETFD: g_string_append(out, value & FD_CLOEXEC ? "FD_CLOEXEC" : "0"); break;
    case F_SETFL:
        g_string_append(out, flag_set_print(&flag_set_open, value, buf, sizeof(buf)));
        break;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: g_string_append_printf(out, "%d", (int)value); break;
    default: g_string_append_printf(out, "%#" PRIx64, value); break;
    }
}

// --- signals ------------------------------------------------------------------------------------
static void print_sigset_bits(GString *out, uint64_t set)
{
    char name[32];
    bool inverted = __builtin_popcountll(set) > 32;
    uint64_t shown = inverted ? ~set : set;
    const char *space = "";
    g_string_append(out, inverted ? "~[" : "[");
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (shown & sig_bit(sig)) {
            const char *text = strace_signal_name(sig, name, sizeof(name));
            g_string_append_printf(out, "%s%s", space,
                                   g_str_has_prefix(text, "SIG") ? text + 3 : text);
            space = " ";
        }
    }
    g_string_append_c(out, ']');
}

static void print_handler(GString *out, uint64_t handler)
{
    if (handler == (uintptr_t)SIG_DFL) {
        g_string_append(out, "SIG_DFL");
    } else if (handler == (uintptr_t)SIG_IGN) {
        g_string_append(out, "SIG_IGN");
    } else {
        print_pointer(out, handler);
    }
}

// Names of si_code: those of any signal (sig 0), and those that depend on it.
static const char *code_name(const siginfo_t *info)
{
#define C(sig, code) {sig, code, #code}
    static const struct {
        int sig, code;
        const char *name;
    } codes[] = {
        C(0, SI_USER),           C(0, SI_KERNEL),
        C(0, SI_QUEUE),          C(0, SI_TIMER),
        C(0, SI_TKILL),          C(0, SI_MESGQ),
        C(0, SI_ASYNCIO),        C(0, SI_SIGIO),
        C(SIGSEGV, SEGV_MAPERR), C(SIGSEGV, SEGV_ACCERR),
        C(SIGBUS, BUS_ADRALN),   C(SIGBUS, BUS_ADRERR),
        C(SIGFPE, FPE_INTDIV),   C(SIGFPE, FPE_FLTDIV),
        C(SIGFPE, FPE_FLTOVF),   C(SIGFPE, FPE_FLTUND),
        C(SIGFPE, FPE_FLTRES),   C(SIGFPE, FPE_FLTINV),
        C(SIGILL, ILL_ILLOPC),   C(SIGILL, ILL_ILLOPN),
        C(SIGTRAP, TRAP_BRKPT),  C(SIGTRAP, TRAP_TRACE),
        C(SIGCHLD, CLD_EXITED),  C(SIGCHLD, CLD_KILLED),
        C(SIGCHLD, CLD_DUMPED),  C(SIGCHLD, CLD_STOPPED),
        C(SIGCHLD, CLD_TRAPPED), C(SIGCHLD, CLD_CONTINUED),
    };
#undef C
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i].code == info->si_code &&
            (codes[i].sig == 0 || codes[i].sig == info->si_signo)) {
            return codes[i].name;
        }
    }
    return NULL;
}

void print_siginfo(GString *out, const siginfo_t *info)
{
    char name[32];
    const char *code = code_name(info);
    g_string_append_printf(out, "{si_signo=%s",
                           strace_signal_name(info->si_signo, name, sizeof(name)));
    if (code) {
        g_string_append_printf(out, ", si_code=%s", code);
    } else {
        g_string_append_printf(out, ", si_code=%d", info->si_code);
    }
    bool fault = info->si_signo == SIGSEGV || info->si_signo == SIGBUS ||
                 info->si_signo == SIGFPE || info->si_signo == SIGILL || info->si_signo == SIGTRAP;
    if (fault && info->si_code > 0) {
        g_string_append(out, ", si_addr=");
        print_pointer(out, (uint64_t)(uintptr_t)info->si_addr);
    } else if (info->si_signo == SIGCHLD && info->si_code > 0) {
        g_string_append_printf(out, ", si_pid=%d, si_uid=%d, si_status=%d", (int)info->si_pid,
                               (int)info->si_uid, info->si_status);
    } else if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE) {
        g_string_append_printf(out, ", si_pid=%d, si_uid=%d", (int)info->si_pid, (int)info->si_uid);
    }
    g_string_append_c(out, '}');
}

// --- structures ---------------------------------------------------------------------------------
static void print_time(GString *out, const char *fraction, const uint64_t v[2])
{
    g_string_append_printf(out, "{tv_sec=%" PRId64 ", tv_%s=%" PRId64 "}", (int64_t)v[0], fraction,
                           (int64_t)v[1]);
}

static void print_wstatus(GString *out, int status)
{
    char name[32];
    if (WIFEXITED(status)) {
        g_string_append_printf(out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
                               WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        g_string_append_printf(out, "[{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}]",
                               strace_signal_name(WTERMSIG(status), name, sizeof(name)),
                               WCOREDUMP(status) ? " && WCOREDUMP(s)" : "");
    } else if (WIFSTOPPED(status)) {
        g_string_append_printf(out, "[{WIFSTOPPED(s) && WSTOPSIG(s) == %s}]",
                               strace_signal_name(WSTOPSIG(status), name, sizeof(name)));
    } else {
        g_string_append_printf(out, "[%#x]", (unsigned)status);
    }
}

static void print_msghdr(GString *out, const uint64_t m[7])
{
    char flags[128];
    g_string_append(out, "{msg_name=");
    print_sockaddr(out, m[0], (uint32_t)m[1]);
    g_string_append_printf(out, ", msg_namelen=%u, msg_iov=", (uint32_t)m[1]);
    print_iovec(out, m[2], m[3], -1);
    g_string_append_printf(
        out, ", msg_iovlen=%" PRIu64 ", msg_controllen=%" PRIu64 ", msg_flags=%s}", m[3], m[5],
        flag_set_print(&flag_set_msg, (uint32_t)m[6], flags, sizeof(flags)));
}

static void print_stat(GString *out, const struct stat *st)
{
    char mode[64], perm[16];
    g_snprintf(perm, sizeof(perm), "|%#o", st->st_mode & 0777);
    g_string_append_printf(out, "{st_mode=%s%s, ",
                           flag_set_print(&flag_set_mode, st->st_mode & ~0777u, mode, sizeof(mode)),
                           perm);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        g_string_append_printf(out, "st_rdev=%#" PRIx64 ", ...}", (uint64_t)st->st_rdev);
    } else {
        g_string_append_printf(out, "st_size=%" PRId64 ", ...}", (int64_t)st->st_size);
    }
}

static void print_clone_args(GString *out, const struct clone_args *c)
{
    char flags[512], sig[32];
    g_string_append_printf(out,
                           "{flags=%s, exit_signal=%s, stack=%#" PRIx64 ", stack_size=%#" PRIx64
                           ", tls=%#" PRIx64 "}",
                           flag_set_print(&flag_set_clone, c->flags, flags, sizeof(flags)),
                           strace_signal_name((int)c->exit_signal, sig, sizeof(sig)),
                           (uint64_t)c->stack, (uint64_t)c->stack_size, (uint64_t)c->tls);
}

// One element; `data` holds all its bytes.  False: this structure is only ever shown as an address.
static bool print_element(GString *out, SyscallStruct type, const void *data)
{
    const uint64_t *q = data;
    const uint32_t *d = data;
    char buf[256];
    switch (type) {
    case STRUCT_INT: g_string_append_printf(out, "%d", (int)d[0]); break;
    case STRUCT_LONG: g_string_append_printf(out, "%" PRId64, (int64_t)q[0]); break;
    case STRUCT_FDPAIR: g_string_append_printf(out, "%d, %d", (int)d[0], (int)d[1]); break;
    case STRUCT_WSTATUS: print_wstatus(out, (int)d[0]); break;
    case STRUCT_TIMESPEC: print_time(out, "nsec", q); break;
    case STRUCT_TIMEVAL: print_time(out, "usec", q); break;
    case STRUCT_TIMESPEC2:
        g_string_append_c(out, '[');
        print_time(out, "nsec", q);
        g_string_append(out, ", ");
        print_time(out, "nsec", q + 2);
        g_string_append_c(out, ']');
        break;
    case STRUCT_ITIMERVAL:
    case STRUCT_ITIMERSPEC: {
        const char *fraction = type == STRUCT_ITIMERVAL ? "usec" : "nsec";
        g_string_append(out, "{it_interval=");
        print_time(out, fraction, q);
        g_string_append(out, ", it_value=");
        print_time(out, fraction, q + 2);
        g_string_append_c(out, '}');
        break;
    }
    case STRUCT_RLIMIT:
        for (int i = 0; i < 2; i++) {
            g_string_append(out, i ? ", rlim_max=" : "{rlim_cur=");
            if (q[i] == UINT64_MAX) {
                g_string_append(out, "RLIM64_INFINITY");
            } else {
                g_string_append_printf(out, "%" PRIu64, q[i]);
            }
        }
        g_string_append_c(out, '}');
        break;
    case STRUCT_SIGSET: print_sigset_bits(out, q[0]); break;
    case STRUCT_SIGACTION:
        g_string_append(out, "{sa_handler=");
        print_handler(out, q[0]);
        g_string_append(out, ", sa_mask=");
        print_sigset_bits(out, q[3]);
        g_string_append_printf(out, ", sa_flags=%s}",
                               flag_set_print(&flag_set_sa, q[1], buf, sizeof(buf)));
        break;
    case STRUCT_SIGINFO: print_siginfo(out, data); break;
    case STRUCT_STACK:
        g_string_append_printf(out, "{ss_sp=%#" PRIx64 ", ss_flags=%s, ss_size=%" PRIu64 "}", q[0],
                               d[2] == SS_DISABLE   ? "SS_DISABLE"
                               : d[2] == SS_ONSTACK ? "SS_ONSTACK"
                                                    : "0",
                               q[2]);
        break;
    case STRUCT_STAT: print_stat(out, data); break;
    case STRUCT_UTSNAME: {
        const struct utsname *u = data;
        g_string_append_printf(out, "{sysname=\"%s\", nodename=\"%s\", ...}", u->sysname,
                               u->nodename);
        break;
    }
    case STRUCT_MSGHDR: print_msghdr(out, q); break;
    case STRUCT_POLLFD: {
        const struct pollfd *p = data;
        g_string_append_printf(
            out, "{fd=%d, events=%s", p->fd,
            flag_set_print(&flag_set_poll_events, (uint16_t)p->events, buf, sizeof(buf)));
        if (p->revents) {
            g_string_append_printf(
                out, ", revents=%s",
                flag_set_print(&flag_set_poll_events, (uint16_t)p->revents, buf, sizeof(buf)));
        }
        g_string_append_c(out, '}');
        break;
    }
    case STRUCT_EPOLLEVENT: {
        uint64_t value;
        memcpy(&value, d + 1, sizeof(value)); // packed
        g_string_append_printf(out, "{events=%s, data=%#" PRIx64 "}",
                               flag_set_print(&flag_set_epoll_events, d[0], buf, sizeof(buf)),
                               value);
        break;
    }
    case STRUCT_CLONEARGS: print_clone_args(out, data); break;
    default: return false;
    }
    return true;
}

// The largest structure that is printed has 390 bytes.
#define MAX_STRUCT 512

static bool read_element(SyscallStruct type, const StructConversion *how, uint64_t addr, void *data)
{
    uint64_t guest[MAX_STRUCT / 8];
    if (!how) {
        return guest_read(addr, data, syscall_struct_size(type));
    }
    if (how->size > sizeof(guest) || !guest_read(addr, guest, how->size)) {
        return false;
    }
    memset(data, 0, syscall_struct_size(type));
    how->to_host(data, guest);
    return true;
}

static void print_structs(GString *out, SyscallStruct type, const StructConversion *how,
                          uint64_t addr, int64_t count)
{
    uint64_t data[MAX_STRUCT / 8];
    size_t size = how ? how->size : syscall_struct_size(type);
    gsize start = out->len;
    bool is_array = count >= 0 || type == STRUCT_INT || type == STRUCT_LONG ||
                    type == STRUCT_FDPAIR;
    int64_t n = count < 0 ? 1 : count;
    if (addr == 0 || syscall_struct_size(type) > sizeof(data)) {
        print_pointer(out, addr);
        return;
    }
    if (is_array) {
        g_string_append_c(out, '[');
    }
    for (int64_t i = 0; i < n; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        if (i == MAX_ELEMENTS) {
            g_string_append(out, "...");
            break;
        }
        if (!read_element(type, how, addr + (uint64_t)i * size, data) ||
            !print_element(out, type, data)) {
            g_string_truncate(out, start);
            print_pointer(out, addr);
            return;
        }
    }
    if (is_array) {
        g_string_append_c(out, ']');
    }
}

void print_struct(GString *out, SyscallStruct type, uint64_t addr, int64_t count)
{
    print_structs(out, type, NULL, addr, count);
}

void print_converted_struct(GString *out, const StructConversion *how, uint64_t addr, int64_t count)
{
    print_structs(out, how->type, how, addr, count);
}
