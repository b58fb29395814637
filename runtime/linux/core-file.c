// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The core file: an ELF file with the guest's memory as segments and its threads as notes, in the layout
// of the guest's 64-bit Linux (fs/binfmt_elf.c, uapi/linux/elfcore.h).  What of memory is written follows
// the process's coredump_filter, as far as the guest's map tells kinds of memory apart.
#include "core-file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"

// --- whether and where --------------------------------------------------------------------------------
static char *read_setting(const char *path)
{
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    return g_strchomp(text);
}

bool core_file_is_wanted(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur == 0) {
        return false;
    }
    g_autofree char *pattern = read_setting("/proc/sys/kernel/core_pattern");
    return pattern && pattern[0] && pattern[0] != '|';
}

static bool leaves_core(int sig)
{
    switch (sig) {
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS: return true;
    default: return false;
    }
}

// As the kernel: a regular file of ours with one name, emptied.
static int open_file(const GuestTask *task, int sig)
{
    struct rlimit limit = {0};
    struct utsname host;
    struct stat st;
    char comm[16] = "";
    getrlimit(RLIMIT_CORE, &limit);
    uname(&host);
    prctl(PR_GET_NAME, comm);
    g_autofree char *pattern = read_setting("/proc/sys/kernel/core_pattern");
    g_autofree char *uses_pid = read_setting("/proc/sys/kernel/core_uses_pid");
    g_autofree char *name = core_file_name(&(CoreNaming){
        .pattern = pattern,
        .uses_pid = uses_pid && strcmp(uses_pid, "0") != 0,
        .pid = getpid(),
        .tid = task->tid,
        .sig = sig,
        .uid = getuid(),
        .gid = getgid(),
        .limit = limit.rlim_cur,
        .time = (int64_t)time(NULL),
        .host = host.nodename,
        .comm = comm,
        .exe = task->process->exe_path,
    });
    int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() ||
        ftruncate(fd, 0) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// --- memory -------------------------------------------------------------------------------------------
enum {
    FILTER_ANON_PRIVATE = 1,
    FILTER_ANON_SHARED = 2,
    FILTER_FILE_PRIVATE = 4,
    FILTER_FILE_SHARED = 8,
    FILTER_ELF_HEADERS = 16,
};

typedef struct CoreMemory {
    GArray *regions; // GuestRegion
    GArray *sizes;   // uint64_t: bytes that are written of each
    unsigned filter;
    int pagemap;
} CoreMemory;

// Has the process written to its copy of a file?  (Documentation/admin-guide/mm/pagemap.rst)
static bool was_written(const CoreMemory *m, const GuestRegion *r)
{
    uint64_t entries[512];
    const uint64_t present = UINT64_C(3) << 62, of_file = UINT64_C(1) << 61;
    for (uint64_t at = r->start; at < r->end;) {
        size_t n = MIN(G_N_ELEMENTS(entries), (r->end - at) / GUEST_PAGE_SIZE);
        uint64_t host = (uint64_t)(uintptr_t)g2h(at) / GUEST_PAGE_SIZE;
        if (pread(m->pagemap, entries, n * 8, (off_t)(host * 8)) != (ssize_t)(n * 8)) {
            return true; // who cannot know writes it
        }
        for (size_t i = 0; i < n; i++) {
            if ((entries[i] & present) && !(entries[i] & of_file)) {
                return true;
            }
        }
        at += n * GUEST_PAGE_SIZE;
    }
    return false;
}

static bool begins_elf(const GuestRegion *r)
{
    char magic[SELFMAG];
    return r->offset == 0 && guest_read(r->start, magic, sizeof(magic)) &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

// vma_dump_size of Linux.
static uint64_t dump_size(const CoreMemory *m, const GuestRegion *r)
{
    bool shared = r->flags & MAP_SHARED, of_file = r->name && r->name[0] == '/';
    unsigned bit = of_file ? (shared ? FILTER_FILE_SHARED : FILTER_FILE_PRIVATE)
                           : (shared ? FILTER_ANON_SHARED : FILTER_ANON_PRIVATE);
    uint64_t all = r->end - r->start;
    if (!(r->prot & (PROT_READ | PROT_WRITE))) {
        return 0;
    }
    if (m->filter & bit) {
        return all;
    }
    if (of_file && !shared) {
        if ((m->filter & FILTER_ANON_PRIVATE) && was_written(m, r)) {
            return all;
        }
        if ((m->filter & FILTER_ELF_HEADERS) && begins_elf(r)) {
            return GUEST_PAGE_SIZE;
        }
    }
    return 0;
}

static void add_region(const GuestRegion *r, void *opaque)
{
    CoreMemory *m = opaque;
    if (m->regions->len < PN_XNUM - 2) {
        uint64_t size = dump_size(m, r);
        g_array_append_val(m->regions, *r);
        g_array_append_val(m->sizes, size);
    }
}

static unsigned read_filter(void)
{
    g_autofree char *text = read_setting("/proc/self/coredump_filter");
    return text ? (unsigned)strtoul(text, NULL, 16) : 0x33;
}

// --- notes --------------------------------------------------------------------------------------------
struct CoreNotes {
    GByteArray *bytes;
};

static void pad(GByteArray *bytes, guint to)
{
    static const uint8_t zeros[4096];
    while (bytes->len % to) {
        g_byte_array_append(bytes, zeros, MIN(to - bytes->len % to, (guint)sizeof(zeros)));
    }
}

void core_add_note(CoreNotes *notes, const char *owner, uint32_t type, const void *data, size_t len)
{
    Elf64_Nhdr head = {(uint32_t)strlen(owner) + 1, (uint32_t)len, type};
    g_byte_array_append(notes->bytes, (const uint8_t *)&head, sizeof(head));
    g_byte_array_append(notes->bytes, (const uint8_t *)owner, head.n_namesz);
    pad(notes->bytes, 4);
    g_byte_array_append(notes->bytes, data, (guint)len);
    pad(notes->bytes, 4);
}

// struct elf_prstatus of a 64-bit guest, up to the registers.
typedef struct CoreStatus {
    int32_t signo, code, error;
    int16_t cursig, pad;
    uint64_t pending, held;
    int32_t pid, ppid, pgrp, sid;
    int64_t times[8];
} CoreStatus;
_Static_assert(sizeof(CoreStatus) == 112, "the kernel's layout");

typedef struct CoreProcessInfo {
    char state, sname, zombie, nice;
    uint32_t pad;
    uint64_t flags;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char fname[16], psargs[80];
} CoreProcessInfo;
_Static_assert(sizeof(CoreProcessInfo) == 136, "the kernel's layout");

enum { MAX_CORE_REGS = 512 };

static void add_status(CoreNotes *notes, const GuestTask *task, int sig)
{
    uint8_t note[sizeof(CoreStatus) + MAX_CORE_REGS + 8] = {0};
    CoreStatus status = {
        .signo = sig,
        .cursig = (int16_t)sig,
        .pending = atomic_load(&task->captured),
        .held = task->blocked,
        .pid = task->tid,
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
    };
    memcpy(note, &status, sizeof(status));
    size_t n = task->process->abi->core_regs(task->cs, note + sizeof(status));
    size_t at = sizeof(status) + n;
    note[at] = 1; // pr_fpvalid
    core_add_note(notes, "CORE", NT_PRSTATUS, note, at + 8);
}

static void add_process_info(CoreNotes *notes, const GuestTask *task)
{
    const GuestProcess *process = task->process;
    CoreProcessInfo info = {
        .sname = 'R',
        .uid = getuid(),
        .gid = getgid(),
        .pid = getpid(),
        .ppid = getppid(),
        .pgrp = getpgrp(),
        .sid = getsid(0),
    };
    prctl(PR_GET_NAME, info.fname);
    GString *args = g_string_new(NULL);
    for (guint i = 0; i < process->argv->len && process->argv->pdata[i]; i++) {
        g_string_append_printf(args, "%s%s", i ? " " : "", (char *)process->argv->pdata[i]);
    }
    memcpy(info.psargs, args->str, MIN(args->len, sizeof(info.psargs) - 1));
    g_string_free(args, TRUE);
    core_add_note(notes, "CORE", NT_PRPSINFO, &info, sizeof(info));
}

static void add_files(CoreNotes *notes, const CoreMemory *m)
{
    GByteArray *rows = g_byte_array_new();
    GString *names = g_string_new(NULL);
    uint64_t head[2] = {0, GUEST_PAGE_SIZE};
    g_byte_array_append(rows, (const uint8_t *)head, sizeof(head));
    for (guint i = 0; i < m->regions->len; i++) {
        const GuestRegion *r = &g_array_index(m->regions, GuestRegion, i);
        if (r->name && r->name[0] == '/') {
            uint64_t row[3] = {r->start, r->end, r->offset / GUEST_PAGE_SIZE};
            g_byte_array_append(rows, (const uint8_t *)row, sizeof(row));
            g_string_append_len(names, r->name, (gssize)strlen(r->name) + 1);
            head[0]++;
        }
    }
    memcpy(rows->data, head, sizeof(head));
    g_byte_array_append(rows, (const uint8_t *)names->str, (guint)names->len);
    core_add_note(notes, "CORE", NT_FILE, rows->data, rows->len);
    g_byte_array_unref(rows);
    g_string_free(names, TRUE);
}

typedef struct ThreadNotes {
    CoreNotes *notes;
    const GuestTask *first;
} ThreadNotes;

static void add_thread(CPUState *cs, void *opaque)
{
    const ThreadNotes *t = opaque;
    GuestTask *task = cs->thread;
    if (task && task != t->first && !task->is_vfork_child) {
        add_status(t->notes, task, 0);
        task->process->abi->core_notes(cs, t->notes);
    }
}

// The thread that dies comes first, with what is the process's between its two notes, as Linux has it.
static void add_notes(CoreNotes *notes, GuestTask *task, int sig, const siginfo_t *info,
                      const CoreMemory *m)
{
    const GuestProcess *process = task->process;
    siginfo_t shown = {.si_signo = sig};
    if (info) {
        shown = *info;
    }
    add_status(notes, task, sig);
    add_process_info(notes, task);
    core_add_note(notes, "CORE", NT_SIGINFO, &shown, sizeof(shown));
    core_add_note(notes, "CORE", NT_AUXV, process->auxv->data, process->auxv->len);
    add_files(notes, m);
    process->abi->core_notes(task->cs, notes);
    cpu_list_foreach(add_thread, &(ThreadNotes){notes, task});
}

// --- the file -----------------------------------------------------------------------------------------
typedef struct CoreOutput {
    int fd;
    uint64_t at, limit;
    bool ok;
} CoreOutput;

static void put(CoreOutput *out, const void *bytes, size_t len)
{
    const char *p = bytes;
    len = MIN(len, out->limit - out->at); // cut, as Linux does
    while (out->ok && len) {
        ssize_t n = write(out->fd, p, len);
        if (n <= 0) {
            out->ok = n < 0 && errno == EINTR;
            continue;
        }
        p += n;
        len -= (size_t)n;
        out->at += (uint64_t)n;
    }
}

// Pages that are zero, or cannot be read, are holes.
static void put_memory(CoreOutput *out, uint64_t addr, uint64_t size)
{
    static const uint8_t zeros[GUEST_PAGE_SIZE];
    uint8_t page[GUEST_PAGE_SIZE];
    for (uint64_t end = addr + size; addr < end && out->ok; addr += sizeof(page)) {
        bool hole = !guest_read(addr, page, sizeof(page)) || !memcmp(page, zeros, sizeof(page));
        if (!hole || out->at + sizeof(page) > out->limit) {
            put(out, page, sizeof(page));
        } else if (lseek(out->fd, sizeof(page), SEEK_CUR) < 0) {
            out->ok = false;
        } else {
            out->at += sizeof(page);
        }
    }
}

static uint32_t segment_flags(int prot)
{
    return (prot & PROT_READ ? PF_R : 0u) | (prot & PROT_WRITE ? PF_W : 0u) |
           (prot & PROT_EXEC ? PF_X : 0u);
}

static void write_file(int fd, const GuestTask *task, const CoreMemory *m, const CoreNotes *notes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    CoreOutput out = {.fd = fd, .limit = limit.rlim_cur, .ok = true};
    guint count = m->regions->len + 1;
    const GuestISA *isa = task->process->abi->isa;
    Elf64_Ehdr head = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = isa->elf_machine,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)count,
    };
    GByteArray *top = g_byte_array_new();
    g_byte_array_append(top, (const uint8_t *)&head, sizeof(head));
    Elf64_Phdr note = {
        .p_type = PT_NOTE,
        .p_offset = sizeof(head) + count * sizeof(Elf64_Phdr),
        .p_filesz = notes->bytes->len,
        .p_align = 4,
    };
    g_byte_array_append(top, (const uint8_t *)&note, sizeof(note));
    uint64_t at = (note.p_offset + note.p_filesz + GUEST_PAGE_SIZE - 1) & GUEST_PAGE_MASK;
    for (guint i = 0; i < m->regions->len; i++) {
        const GuestRegion *r = &g_array_index(m->regions, GuestRegion, i);
        Elf64_Phdr load = {
            .p_type = PT_LOAD,
            .p_flags = segment_flags(r->prot),
            .p_offset = at,
            .p_vaddr = r->start,
            .p_filesz = g_array_index(m->sizes, uint64_t, i),
            .p_memsz = r->end - r->start,
            .p_align = GUEST_PAGE_SIZE,
        };
        g_byte_array_append(top, (const uint8_t *)&load, sizeof(load));
        at += load.p_filesz;
    }
    g_byte_array_append(top, notes->bytes->data, notes->bytes->len);
    pad(top, GUEST_PAGE_SIZE);
    put(&out, top->data, top->len);
    g_byte_array_unref(top);
    for (guint i = 0; i < m->regions->len; i++) {
        put_memory(&out, g_array_index(m->regions, GuestRegion, i).start,
                   g_array_index(m->sizes, uint64_t, i));
    }
    if (ftruncate(fd, (off_t)out.at) < 0 || !out.ok) {
        log_printf("core file: %s\n", g_strerror(errno));
    }
}

void core_file_write(GuestTask *task, int sig, const siginfo_t *info)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    const GuestABI *abi = task->process->abi;
    if (!leaves_core(sig)) {
        return;
    }
    bool wanted = core_file_is_wanted() && prctl(PR_GET_DUMPABLE) == 1 && abi->core_regs &&
                  !task->is_vfork_child;
    if (wanted) {
        // The first to die writes it, and never comes back here.
        cpu_away_begin(task->cs);
        pthread_mutex_lock(&once);
        cpus_stop();
        int fd = open_file(task, sig);
        if (fd >= 0) {
            CoreMemory m = {
                .regions = g_array_new(FALSE, FALSE, sizeof(GuestRegion)),
                .sizes = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
                .filter = read_filter(),
                .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
            };
            CoreNotes notes = {g_byte_array_new()};
            guest_memory_foreach(add_region, &m);
            add_notes(&notes, task, sig, info, &m);
            write_file(fd, task, &m, &notes);
            close(fd);
        }
    }
    prctl(PR_SET_DUMPABLE, 0); // else the kernel would write one of myna
}
