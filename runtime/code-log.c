// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See code-log.h.  Formats: tools/perf/Documentation/jit-interface.txt and jitdump-specification.txt of Linux,
// the GDB manual's "JIT Compilation Interface".
//
//   -perfmap   /tmp/perf-PID.map: a line of text a piece of code
//   -jitdump   jit-PID.dump in the current directory, with the code itself; one page of it is mapped executable,
//              which is how perf record learns of the file.  Times are CLOCK_MONOTONIC: perf record -k mono.
//              Code whose place is given to other code needs no record: the later one counts from its time on.
//   --gdb-jit  an ELF file in memory for each piece, with one symbol

#include "code-log.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#include "process.h"

typedef struct CodePiece {
    const void *host;
    size_t size;
    char *name;
    struct JitCodeEntry *gdb;
} CodePiece;

static struct CodeLog {
    bool on, perfmap, jitdump, gdb;
    pthread_mutex_t lock;
    GHashTable *pieces; // host -> CodePiece, what is alive
    FILE *map;
    int dump; // descriptor, -1
    void *marker;
    uint64_t next_index;
} code = {.lock = PTHREAD_MUTEX_INITIALIZER, .dump = -1};

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#else
#define HOST_MACHINE EM_AARCH64
#endif

// --- perf-PID.map -------------------------------------------------------------------------------------

static FILE *own_stream(int fd)
{
    int own = process_own_fd(fd);
    return own < 0 ? NULL : fdopen(own, "w");
}

static void open_map(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    code.map = fd < 0 ? NULL : own_stream(fd);
    if (!code.map) {
        process_fail(EXIT_USAGE, "-perfmap: cannot write '%s': %s", path, strerror(errno));
    }
}

static void map_piece(const CodePiece *p)
{
    fprintf(code.map, "%" PRIxPTR " %zx %s\n", (uintptr_t)p->host, p->size, p->name);
    fflush(code.map); // the process may end by a signal
}

// --- jit-PID.dump -------------------------------------------------------------------------------------

typedef struct DumpHeader {
    uint32_t magic, version, size, machine, pad, pid;
    uint64_t time, flags;
} DumpHeader;

typedef struct DumpLoad {
    uint32_t id, size;
    uint64_t time;
    uint32_t pid, tid;
    uint64_t vma, address, code_size, index;
} DumpLoad;
_Static_assert(sizeof(DumpHeader) == 40 && sizeof(DumpLoad) == 56, "the format's layout");

enum { DUMP_MAGIC = 0x4a695444, DUMP_LOAD = 0, DUMP_CLOSE = 3 };

static uint64_t dump_time(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void dump_bytes(const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = write(code.dump, p, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; // a full disk: the rest is missing
        }
        p += n;
        len -= (size_t)n;
    }
}

static void open_dump(void)
{
    char path[64];
    snprintf(path, sizeof(path), "jit-%d.dump", (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    code.dump = fd < 0 ? -1 : process_own_fd(fd);
    if (code.dump < 0) {
        process_fail(EXIT_USAGE, "-jitdump: cannot write '%s': %s", path, strerror(errno));
    }
    DumpHeader head = {DUMP_MAGIC,  1, sizeof(head), HOST_MACHINE, 0, (uint32_t)getpid(),
                       dump_time(), 0};
    dump_bytes(&head, sizeof(head));
    code.marker = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, code.dump, 0);
}

static void dump_piece(const CodePiece *p)
{
    size_t name = strlen(p->name) + 1;
    DumpLoad load = {
        .id = DUMP_LOAD,
        .size = (uint32_t)(sizeof(load) + name + p->size),
        .time = dump_time(),
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)syscall(SYS_gettid),
        .vma = (uintptr_t)p->host,
        .address = (uintptr_t)p->host,
        .code_size = p->size,
        .index = code.next_index++,
    };
    dump_bytes(&load, sizeof(load));
    dump_bytes(p->name, name);
    dump_bytes(p->host, p->size);
}

// --- gdb ----------------------------------------------------------------------------------------------
// Names and layout are gdb's: it looks them up in the process.

typedef struct JitCodeEntry {
    struct JitCodeEntry *next, *prev;
    const char *symfile;
    uint64_t size;
} JitCodeEntry;

struct jit_descriptor {
    uint32_t version, action; // 0: nothing, 1: relevant has come, 2: it goes
    JitCodeEntry *relevant, *first;
};

void __jit_debug_register_code(void);
extern struct jit_descriptor __jit_debug_descriptor;

struct jit_descriptor __jit_debug_descriptor = {.version = 1};

// gdb has a breakpoint here.
__attribute__((noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory");
}

typedef struct SymbolFile {
    Elf64_Ehdr head;
    Elf64_Shdr sections[5]; // none, .text, .symtab, .strtab, .shstrtab
    Elf64_Sym symbols[2];
    char section_names[40];
    char names[]; // "", the symbol's
} SymbolFile;

static void gdb_register(CodePiece *p)
{
    static const char section_names[] = "\0.text\0.symtab\0.strtab\0.shstrtab";
    size_t name = strlen(p->name) + 1, size = sizeof(SymbolFile) + 1 + name;
    JitCodeEntry *entry = g_malloc0(sizeof(JitCodeEntry) + size);
    SymbolFile *f = (SymbolFile *)(entry + 1);
    f->head = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC, // addresses are final
        .e_machine = HOST_MACHINE,
        .e_version = EV_CURRENT,
        .e_shoff = offsetof(SymbolFile, sections),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = G_N_ELEMENTS(f->sections),
        .e_shstrndx = 4,
    };
    memcpy(f->section_names, section_names, sizeof(section_names));
    memcpy(f->names + 1, p->name, name);
    f->sections[1] = (Elf64_Shdr){.sh_name = 1,
                                  .sh_type = SHT_NOBITS,
                                  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                  .sh_addr = (uintptr_t)p->host,
                                  .sh_size = p->size,
                                  .sh_addralign = 1};
    f->sections[2] = (Elf64_Shdr){.sh_name = 7,
                                  .sh_type = SHT_SYMTAB,
                                  .sh_offset = offsetof(SymbolFile, symbols),
                                  .sh_size = sizeof(f->symbols),
                                  .sh_link = 3,
                                  .sh_info = 1,
                                  .sh_addralign = 8,
                                  .sh_entsize = sizeof(Elf64_Sym)};
    f->sections[3] = (Elf64_Shdr){.sh_name = 15,
                                  .sh_type = SHT_STRTAB,
                                  .sh_offset = offsetof(SymbolFile, names),
                                  .sh_size = 1 + name,
                                  .sh_addralign = 1};
    f->sections[4] = (Elf64_Shdr){.sh_name = 23,
                                  .sh_type = SHT_STRTAB,
                                  .sh_offset = offsetof(SymbolFile, section_names),
                                  .sh_size = sizeof(section_names),
                                  .sh_addralign = 1};
    f->symbols[1] = (Elf64_Sym){.st_name = 1,
                                .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                .st_shndx = 1,
                                .st_value = (uintptr_t)p->host,
                                .st_size = p->size};
    entry->symfile = (const char *)f;
    entry->size = size;
    entry->next = __jit_debug_descriptor.first;
    if (entry->next) {
        entry->next->prev = entry;
    }
    __jit_debug_descriptor.first = entry;
    __jit_debug_descriptor.relevant = entry;
    __jit_debug_descriptor.action = 1;
    __jit_debug_register_code();
    p->gdb = entry;
}

static void gdb_unregister(JitCodeEntry *entry)
{
    if (entry->next) {
        entry->next->prev = entry->prev;
    }
    *(entry->prev ? &entry->prev->next : &__jit_debug_descriptor.first) = entry->next;
    __jit_debug_descriptor.relevant = entry;
    __jit_debug_descriptor.action = 2;
    __jit_debug_register_code();
    g_free(entry);
}

// --- pieces -------------------------------------------------------------------------------------------

static void free_piece(void *opaque)
{
    CodePiece *p = opaque;
    if (p->gdb) {
        gdb_unregister(p->gdb);
    }
    g_free(p->name);
    g_free(p);
}

static void tell_perf(const CodePiece *p)
{
    if (code.map) {
        map_piece(p);
    }
    if (code.dump >= 0) {
        dump_piece(p);
    }
}

void code_log_init(const MynaOptions *opts)
{
    code.perfmap = opts->perfmap;
    code.jitdump = opts->jitdump;
    code.gdb = opts->gdb_jit;
    code.on = code.perfmap || code.jitdump || code.gdb;
    if (code.on) {
        code.pieces = g_hash_table_new_full(NULL, NULL, NULL, free_piece);
    }
    if (code.perfmap) {
        open_map();
    }
    if (code.jitdump) {
        open_dump();
    }
}

void code_log_add(const void *host, size_t size, uint64_t pc, const char *tier)
{
    if (!code.on) {
        return;
    }
    uint64_t offset = 0;
    const char *symbol = guest_symbol(pc, &offset);
    CodePiece *p = g_new0(CodePiece, 1);
    p->host = host;
    p->size = size;
    p->name = !symbol  ? g_strdup_printf("guest_0x%" PRIx64 ".%s", pc, tier)
              : offset ? g_strdup_printf("%s+0x%" PRIx64 ".%s", symbol, offset, tier)
                       : g_strdup_printf("%s.%s", symbol, tier);
    pthread_mutex_lock(&code.lock);
    tell_perf(p);
    if (code.gdb) {
        gdb_register(p);
    }
    g_hash_table_replace(code.pieces, (gpointer)host, p);
    pthread_mutex_unlock(&code.lock);
}

void code_log_remove(const void *host)
{
    if (code.on) {
        pthread_mutex_lock(&code.lock);
        g_hash_table_remove(code.pieces, host);
        pthread_mutex_unlock(&code.lock);
    }
}

void code_log_finish(void)
{
    if (code.dump >= 0) {
        struct {
            uint32_t id, size;
            uint64_t time;
        } end = {DUMP_CLOSE, sizeof(end), dump_time()};
        dump_bytes(&end, sizeof(end));
    }
}

void code_log_fork_prepare(void) { pthread_mutex_lock(&code.lock); }
void code_log_fork_parent(void) { pthread_mutex_unlock(&code.lock); }

void code_log_fork_child(void)
{
    GHashTableIter iter;
    gpointer piece;
    if (code.map) {
        process_close_own_fd(fileno(code.map)); // nothing is buffered
        open_map();
    }
    if (code.dump >= 0) {
        munmap(code.marker, 4096);
        process_close_own_fd(code.dump);
        open_dump();
    }
    if (code.map || code.dump >= 0) {
        g_hash_table_iter_init(&iter, code.pieces);
        while (g_hash_table_iter_next(&iter, NULL, &piece)) {
            tell_perf(piece);
        }
    }
    pthread_mutex_unlock(&code.lock);
}
