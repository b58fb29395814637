// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Symbols are only for people to read: a file that cannot be read, or whose tables lie, has none, and
// nobody is told.  An address is turned into a place in a file by the guest's memory map, the place into
// a linked address by the file's PT_LOAD headers, and that is looked up in .symtab, or .dynsym when the
// file was stripped.  A name's functions are found the other way round.
#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/guest-memory.h"
#include "tcg2llvm/files-aside.h"

typedef struct Symbol {
    uint64_t addr, size;
    const char *name;
    bool chosen; // STT_GNU_IFUNC
} Symbol;

typedef struct SymbolFile {
    GArray *loads;      // Elf64_Phdr, PT_LOAD
    GArray *symbols;    // Symbol, by address: code
    GHashTable *values; // name -> linked address (a uint64_t, owned): code and data
    GStringChunk *names;
} SymbolFile;

// The file's bytes, for as long as it is read.
typedef struct View {
    const uint8_t *data;
    uint64_t size;
} View;

static const void *view_at(const View *v, uint64_t offset, uint64_t len)
{
    return offset <= v->size && len <= v->size - offset ? v->data + offset : NULL;
}

static void add_symbols(SymbolFile *file, const View *v, const Elf64_Shdr *table,
                        const Elf64_Shdr *strings)
{
    const char *names = view_at(v, strings->sh_offset, strings->sh_size);
    uint64_t count = table->sh_size / sizeof(Elf64_Sym);
    const uint8_t *rows = view_at(v, table->sh_offset, count * sizeof(Elf64_Sym));
    if (!names || !rows || strings->sh_size == 0 || names[strings->sh_size - 1] != '\0') {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Sym sym;
        memcpy(&sym, rows + i * sizeof(sym), sizeof(sym));
        unsigned type = ELF64_ST_TYPE(sym.st_info);
        bool code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
        if ((!code && type != STT_OBJECT) || sym.st_shndx == SHN_UNDEF ||
            sym.st_shndx >= SHN_LORESERVE || sym.st_name >= strings->sh_size ||
            names[sym.st_name] == '\0') {
            continue;
        }
        Symbol s = {sym.st_value, sym.st_size,
                    g_string_chunk_insert(file->names, names + sym.st_name), type == STT_GNU_IFUNC};
        if (code) {
            g_array_append_val(file->symbols, s);
        }
        // A global name wins over a local one of another translation unit.
        if (ELF64_ST_BIND(sym.st_info) != STB_LOCAL || !g_hash_table_lookup(file->values, s.name)) {
            g_hash_table_replace(file->values, (char *)s.name, g_memdup2(&s.addr, sizeof(s.addr)));
        }
    }
}

static int compare_symbols(const void *a, const void *b)
{
    const Symbol *x = a, *y = b;
    if (x->addr != y->addr) {
        return x->addr < y->addr ? -1 : 1;
    }
    // Of several names for one place the sized one is told, being a function's.
    return x->size != y->size ? (x->size > y->size ? -1 : 1) : strcmp(x->name, y->name);
}

static void read_elf(SymbolFile *file, const View *v)
{
    const Elf64_Ehdr *eh = view_at(v, 0, sizeof(*eh));
    if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 || eh->e_ident[EI_CLASS] != ELFCLASS64 ||
        eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_shentsize != sizeof(Elf64_Shdr)) {
        return;
    }
    const uint8_t *ph = view_at(v, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr));
    const uint8_t *sh = view_at(v, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr));
    if (!ph || !sh) {
        return;
    }
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, ph + i * sizeof(p), sizeof(p));
        if (p.p_type == PT_LOAD) {
            g_array_append_val(file->loads, p);
        }
    }
    static const uint32_t types[] = {SHT_SYMTAB, SHT_DYNSYM};
    for (size_t t = 0; t < G_N_ELEMENTS(types) && file->symbols->len == 0; t++) {
        for (unsigned i = 0; i < eh->e_shnum; i++) {
            Elf64_Shdr table, strings;
            memcpy(&table, sh + i * sizeof(table), sizeof(table));
            if (table.sh_type == types[t] && table.sh_link < eh->e_shnum) {
                memcpy(&strings, sh + table.sh_link * sizeof(strings), sizeof(strings));
                add_symbols(file, v, &table, &strings);
            }
        }
    }
    qsort(file->symbols->data, file->symbols->len, sizeof(Symbol), compare_symbols);
}

typedef struct Reading {
    const char *path;
    SymbolFile *file;
} Reading;

static void read_aside(void *opaque)
{
    const Reading *r = opaque;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        // Read, not mapped: a file that shrinks meanwhile must not kill us.
        uint8_t *data = g_try_malloc((gsize)st.st_size);
        ssize_t n = data ? pread(fd, data, (size_t)st.st_size, 0) : 0;
        if (n > 0) {
            View v = {data, (uint64_t)n};
            read_elf(r->file, &v);
        }
        g_free(data);
    }
    close(fd);
}

static SymbolFile *read_file(const char *path)
{
    SymbolFile *file = g_new0(SymbolFile, 1);
    file->loads = g_array_new(FALSE, FALSE, sizeof(Elf64_Phdr));
    file->symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
    file->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    file->names = g_string_chunk_new(4096);
    Reading reading = {path, file};
    files_aside(read_aside, &reading);
    return file;
}

// The last symbol that begins at or before addr and, when it has a size, covers it.
static const Symbol *find(const SymbolFile *file, uint64_t addr)
{
    const Symbol *symbols = &g_array_index(file->symbols, Symbol, 0);
    guint low = 0, high = file->symbols->len;
    while (low < high) {
        guint mid = low + (high - low) / 2;
        if (symbols[mid].addr <= addr) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const Symbol *s = &symbols[low - 1];
    while (s > symbols && s[-1].addr == s->addr) {
        s--;
    }
    return s->size == 0 || addr - s->addr < s->size ? s : NULL;
}

static bool linked_address(const SymbolFile *file, uint64_t offset, uint64_t *addr)
{
    for (guint i = 0; i < file->loads->len; i++) {
        const Elf64_Phdr *p = &g_array_index(file->loads, Elf64_Phdr, i);
        uint64_t start = p->p_offset & ~UINT64_C(4095);
        uint64_t end = p->p_offset + p->p_filesz;
        // Executable segments first in mind: a page at a border is in two.
        if ((p->p_flags & PF_X) && offset >= start && offset < end) {
            *addr = p->p_vaddr - p->p_offset + offset;
            return true;
        }
    }
    return false;
}

static GMutex files_lock;
static GHashTable *files; // path -> SymbolFile, never dropped: the names are handed out

// Under files_lock.
static SymbolFile *get_file(const char *path)
{
    if (!files) {
        files = g_hash_table_new(g_str_hash, g_str_equal);
    }
    SymbolFile *file = g_hash_table_lookup(files, path);
    if (!file) {
        file = read_file(path);
        g_hash_table_insert(files, g_strdup(path), file);
    }
    return file;
}

const char *symbols_lookup(uint64_t addr, uint64_t *offset)
{
    GuestRegion region;
    if (!guest_memory_find(addr, &region) || !region.name || region.name[0] != '/') {
        return NULL;
    }
    g_mutex_lock(&files_lock);
    SymbolFile *file = get_file(region.name);
    uint64_t linked;
    const Symbol *s = NULL;
    if (linked_address(file, addr - region.start + region.offset, &linked)) {
        s = find(file, linked);
        if (s) {
            *offset = linked - s->addr;
        }
    }
    g_mutex_unlock(&files_lock);
    return s ? s->name : NULL;
}

typedef struct NameSearch {
    const char *name;
    uint64_t addr;
    bool found;
} NameSearch;

static void search_region(const GuestRegion *r, void *opaque)
{
    NameSearch *search = opaque;
    if (search->found || !r->name || r->name[0] != '/' || !(r->prot & PROT_EXEC)) {
        return;
    }
    g_mutex_lock(&files_lock);
    const SymbolFile *file = get_file(r->name);
    const uint64_t *value = g_hash_table_lookup(file->values, search->name);
    uint64_t linked;
    if (value && linked_address(file, r->offset, &linked)) {
        search->addr = *value + (r->start - linked);
        search->found = true;
    }
    g_mutex_unlock(&files_lock);
}

bool symbols_address(const char *name, uint64_t *addr)
{
    NameSearch search = {.name = name};
    guest_memory_foreach(search_region, &search);
    *addr = search.addr;
    return search.found;
}

// --- every function of a name -----------------------------------------------------------------------

typedef struct EachSearch {
    const char *name, *file;
    GArray *found; // Symbol, addresses where they are mapped
} EachSearch;

static bool is_file(const char *path, const char *wanted)
{
    const char *last = strrchr(path, '/');
    return !wanted || !strcmp(path, wanted) || (last && !strcmp(last + 1, wanted));
}

static void search_each(const GuestRegion *r, void *opaque)
{
    EachSearch *search = opaque;
    if (!r->name || r->name[0] != '/' || !(r->prot & PROT_EXEC) ||
        !is_file(r->name, search->file)) {
        return;
    }
    g_mutex_lock(&files_lock);
    const SymbolFile *file = get_file(r->name);
    uint64_t linked;
    bool mapped = linked_address(file, r->offset, &linked);
    for (guint i = 0; mapped && i < file->symbols->len; i++) {
        Symbol s = g_array_index(file->symbols, Symbol, i);
        if (s.addr >= linked && s.addr - linked < r->end - r->start &&
            !strcmp(s.name, search->name)) {
            s.addr += r->start - linked;
            g_array_append_val(search->found, s);
        }
    }
    g_mutex_unlock(&files_lock);
}

void symbols_foreach(const char *name, const char *file,
                     void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque)
{
    EachSearch search = {name, file, g_array_new(FALSE, FALSE, sizeof(Symbol))};
    guest_memory_foreach(search_each, &search); // holds the map's lock: fn is called behind it
    uint64_t last = 0;
    for (guint i = 0; i < search.found->len; i++) {
        const Symbol *s = &g_array_index(search.found, Symbol, i);
        if (i == 0 || s->addr != last) { // versions of a name
            fn(s->addr, s->chosen, opaque);
        }
        last = s->addr;
    }
    g_array_unref(search.found);
}
