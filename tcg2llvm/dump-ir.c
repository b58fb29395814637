// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units as text files, for people and for pass writers.  See dump-ir.h.
#include "tcg2llvm/dump-ir.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcg2llvm/files-aside.h"

struct DumpIR {
    char *dir;
    const LLVMTierHost *host;
    pthread_mutex_t lock;
    char *index;       // the path of the list
    GHashTable *names; // base name -> how many files have it
    pid_t pid;         // a child's files have its process id in their names
    bool failed;
};

// --- files --------------------------------------------------------------------------------------------
// No file stays open: the guest may close what it likes, and counts on the lowest number.

typedef struct Text {
    const char *path, *mode, *bytes;
    size_t size;
    int error; // errno
} Text;

static void write_aside(void *opaque)
{
    Text *t = opaque;
    FILE *f = fopen(t->path, t->mode);
    bool ok = f && fwrite(t->bytes, 1, t->size, f) == t->size;
    t->error = ok ? 0 : errno;
    if (f && fclose(f) != 0 && ok) {
        t->error = errno;
    }
}

// False and errno when it cannot be written as a whole.
static bool write_text(const char *path, const char *mode, const char *bytes, size_t size)
{
    Text t = {path, mode, bytes, size, 0};
    files_aside(write_aside, &t);
    errno = t.error;
    return t.error == 0;
}

// --- the dump -----------------------------------------------------------------------------------------

DumpIR *dump_ir_open(const char *dir, const LLVMTierHost *host, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "index.tsv", NULL);
    static const char head[] = "file\tpc\tsize\tsymbol\tblocks\tinsns\tkind\n";
    if (!write_text(path, "we", head, strlen(head))) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot write '%s': %s",
                    path, g_strerror(errno));
        return NULL;
    }
    DumpIR *dump = g_new0(DumpIR, 1);
    dump->dir = g_strdup(dir);
    dump->host = host;
    dump->index = g_steal_pointer(&path);
    dump->pid = getpid();
    dump->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pthread_mutex_init(&dump->lock, NULL);
    return dump;
}

void dump_ir_close(DumpIR *dump)
{
    if (!dump) {
        return;
    }
    g_free(dump->index);
    g_hash_table_destroy(dump->names);
    pthread_mutex_destroy(&dump->lock);
    g_free(dump->dir);
    g_free(dump);
}

void dump_ir_lock(DumpIR *dump)
{
    if (dump) {
        pthread_mutex_lock(&dump->lock);
    }
}

void dump_ir_unlock(DumpIR *dump)
{
    if (dump) {
        pthread_mutex_unlock(&dump->lock);
    }
}

// The guest pc that a line's guest.insn call names.
static bool insn_line(const char *line, size_t length, uint64_t *pc)
{
    static const char call[] = "call void @guest.insn(ptr %";
    const char *at = memmem(line, length, call, sizeof(call) - 1);
    at = at ? memmem(at, line + length - at, ", i64 ", 6) : NULL;
    if (!at) {
        return false;
    }
    *pc = (uint64_t)strtoll(at + 6, NULL, 10);
    return true;
}

static void print_disassembly(const LLVMTierHost *host, uint64_t pc, const char *indent, FILE *out)
{
    char text[128];
    if (host->disassemble && host->disassemble(host->opaque, pc, text, sizeof(text))) {
        fprintf(out, "%s; 0x%" PRIx64 ": %s\n", indent, pc, text);
    }
}

void dump_ir_print(LLVMModuleRef module, const LLVMTierHost *host, FILE *out)
{
    char *text = LLVMPrintModuleToString(module);
    for (const char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        uint64_t pc;
        if (insn_line(line, end - line, &pc)) {
            fputc('\n', out);
            print_disassembly(host, pc, "  ", out);
        }
        fwrite(line, 1, end - line, out);
    }
    LLVMDisposeMessage(text);
}

static void print_head(const DumpIR *dump, const LLVMBlockInfo *blocks, unsigned n, FILE *out)
{
    const LLVMTierHost *host = dump->host;
    for (unsigned i = 0; i < n; i++) {
        const LLVMBlockInfo *b = &blocks[i];
        uint64_t offset = 0;
        const char *symbol = host->symbol ? host->symbol(host->opaque, b->pc, &offset) : NULL;
        fprintf(out, "; guest block 0x%" PRIx64, b->pc);
        if (symbol) {
            fprintf(out, offset ? " %s+0x%" PRIx64 : " %s", symbol, offset);
        }
        fprintf(out, ": %u bytes, %u instructions\n", b->size, b->num_insns);
        for (uint64_t pc = b->pc; pc < b->pc + b->size;) {
            char text[128];
            size_t length = host->disassemble
                                ? host->disassemble(host->opaque, pc, text, sizeof(text))
                                : 0;
            if (!length) {
                break;
            }
            fprintf(out, ";   0x%" PRIx64 ": %s\n", pc, text);
            pc += length;
        }
    }
    fputc('\n', out);
}

// A file name's part: what is not a plain character becomes '_'.
static char *plain_name(const char *symbol)
{
    char *name = g_strndup(symbol, 64);
    for (char *c = name; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("_.$", *c)) {
            *c = '_';
        }
    }
    return name;
}

static void report(DumpIR *dump, const char *path)
{
    if (!dump->failed) {
        dump->failed = true;
        fprintf(stderr, "myna: cannot write '%s': %s; no more units are dumped\n", path,
                g_strerror(errno));
    }
}

static __thread char *last_path; // of the unit that this thread dumped

void dump_ir_unit(DumpIR *dump, LLVMModuleRef module, const LLVMBlockInfo *blocks, unsigned n,
                  const char *kind)
{
    const LLVMTierHost *host = dump->host;
    uint64_t offset = 0;
    const char *symbol = host->symbol ? host->symbol(host->opaque, blocks[0].pc, &offset) : NULL;
    g_autofree char *name = symbol ? plain_name(symbol) : NULL;
    GString *base = g_string_new(NULL);
    g_string_printf(base, "%016" PRIx64, blocks[0].pc);
    if (symbol) {
        g_string_append_printf(base, "-%s", name);
        if (offset) {
            g_string_append_printf(base, "+0x%" PRIx64, offset);
        }
    }
    if (getpid() != dump->pid) {
        g_string_append_printf(base, "-pid%d", (int)getpid());
    }
    pthread_mutex_lock(&dump->lock);
    unsigned times = GPOINTER_TO_UINT(g_hash_table_lookup(dump->names, base->str)) + 1;
    g_hash_table_replace(dump->names, g_strdup(base->str), GUINT_TO_POINTER(times));
    if (times > 1) {
        g_string_append_printf(base, "-%u", times);
    }
    g_string_append(base, ".ll");
    char *path = g_build_filename(dump->dir, base->str, NULL);
    g_free(last_path);
    last_path = path;
    char *text = NULL;
    size_t size = 0;
    FILE *out = dump->failed ? NULL : open_memstream(&text, &size);
    if (out) {
        uint64_t bytes = 0, insns = 0;
        for (unsigned i = 0; i < n; i++) {
            bytes += blocks[i].size;
            insns += blocks[i].num_insns;
        }
        print_head(dump, blocks, n, out);
        dump_ir_print(module, host, out);
        g_autofree char *place = symbol && offset ? g_strdup_printf("%s+0x%" PRIx64, symbol, offset)
                                                  : g_strdup(symbol ? symbol : "");
        g_autofree char *line = g_strdup_printf(
            "%s\t0x%" PRIx64 "\t%" PRIu64 "\t%s\t%u\t%" PRIu64 "\t%s\n", base->str, blocks[0].pc,
            bytes, place, n, insns, kind);
        // The list at once: the guest may end the process at any time, and a child appends to it, too.
        if (fclose(out) != 0 || !write_text(path, "we", text, size)) {
            report(dump, path);
        } else if (!write_text(dump->index, "ae", line, strlen(line))) {
            report(dump, dump->index);
        }
        free(text);
    } else {
        report(dump, path);
    }
    pthread_mutex_unlock(&dump->lock);
    g_string_free(base, true);
}

void dump_ir_passes(DumpIR *dump, LLVMModuleRef module)
{
    pthread_mutex_lock(&dump->lock);
    if (!dump->failed && last_path) {
        g_autofree char *base = g_strndup(last_path, strlen(last_path) - strlen(".ll"));
        g_autofree char *path = g_strconcat(base, ".passes.ll", NULL);
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        if (out) {
            dump_ir_print(module, dump->host, out);
        }
        if (!out || fclose(out) != 0 || !write_text(path, "we", text, size)) {
            report(dump, path);
        }
        free(text);
    }
    pthread_mutex_unlock(&dump->lock);
}
