// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linker: an ELF relocatable object into one block of the slab.
//
// Why not ORC's layers: a unit's object has one text section, perhaps constants, and a handful of
// relocations. Measured with the same objects of one guest block each on a slab (EPYC, median of 3000):
// this linker 2 us, ORC's RuntimeDyld layer 24 us; the latter goes into symbol interning, the tables of
// a JITDylib, materialisation responsibilities and session locks that nothing here needs, since TBs find
// each other by pointers in their TCGCode, not by name, and ORC keeps them as long as the object lives.
// Here a link is two passes over the section headers and one over the relocations, several threads link
// at once, and the same function takes objects from the persistent cache.
//
// What the code generator may emit is narrow (small code model, PIC): addresses within the object or
// the slab are PC-relative. A symbol of the process is called directly when it is within 2 GiB
// (the slab lies near the program's text), else through a slot of 16 bytes in the slab:
//
//     slot:  jmp *2(%rip) ; int3 int3          the target of a far call
//     +8:    the address                       the GOT entry, as well
//
// one for each symbol in the process, kept until the end. .eh_frame is left out: nothing unwinds
// through translated code (cpu_loop_exit is a siglongjmp).
#include "tcg2llvm/link.h"

#include <dlfcn.h>
#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "tcg2llvm/jit.h"

enum {
    SLOT_SIZE = 16,
    SLOTS_PER_BLOCK = 64,
    SLOT_GOT = 8, // offset of the address in a slot
    MAX_SECTIONS = 4096,
};

#if defined(__x86_64__)
enum { HOST_MACHINE = EM_X86_64 };
#else
#error "this host's relocations are not known to the linker yet: add apply_reloc and write_slot"
#endif

struct Linker {
    pthread_mutex_t lock;
    Slab *slab;
    GHashTable *symbols; // name (interned) -> address
    GHashTable *names;   // address -> the first of its names (interned)
    GHashTable *slots;   // address -> slot
    GPtrArray *slot_blocks;
    unsigned slots_left; // in the last of slot_blocks
};

Linker *linker_new(Slab *slab)
{
    Linker *linker = g_new0(Linker, 1);
    pthread_mutex_init(&linker->lock, NULL);
    linker->slab = slab;
    linker->symbols = g_hash_table_new(g_str_hash, g_str_equal);
    linker->names = g_hash_table_new(NULL, NULL);
    linker->slots = g_hash_table_new(NULL, NULL);
    linker->slot_blocks = g_ptr_array_new();
    return linker;
}

void linker_free(Linker *linker)
{
    if (!linker) {
        return;
    }
    for (guint i = 0; i < linker->slot_blocks->len; i++) {
        slab_release(linker->slab, linker->slot_blocks->pdata[i]);
    }
    g_ptr_array_free(linker->slot_blocks, TRUE);
    g_hash_table_destroy(linker->slots);
    g_hash_table_destroy(linker->names);
    g_hash_table_destroy(linker->symbols);
    pthread_mutex_destroy(&linker->lock);
    g_free(linker);
}

static void define_locked(Linker *linker, const char *name, const void *address)
{
    const char *kept = g_intern_string(name); // names of helpers: few, and for the process's life
    g_hash_table_insert(linker->symbols, (void *)kept, (void *)address);
    if (!g_hash_table_contains(linker->names, address)) {
        g_hash_table_insert(linker->names, (void *)address, (void *)kept);
    }
}

void linker_define(Linker *linker, const char *name, const void *address)
{
    pthread_mutex_lock(&linker->lock);
    define_locked(linker, name, address);
    pthread_mutex_unlock(&linker->lock);
}

void *linker_resolve(Linker *linker, const char *name)
{
    pthread_mutex_lock(&linker->lock);
    void *address = g_hash_table_lookup(linker->symbols, name);
    if (!address) {
        address = dlsym(RTLD_DEFAULT, name);
        if (address) {
            define_locked(linker, name, address);
        }
    }
    pthread_mutex_unlock(&linker->lock);
    return address;
}

const char *linker_name_of(Linker *linker, const void *address)
{
    pthread_mutex_lock(&linker->lock);
    const char *name = g_hash_table_lookup(linker->names, address);
    pthread_mutex_unlock(&linker->lock);
    return name;
}

static void write_slot(uint8_t *slot, uint64_t address)
{
    static const uint8_t jump[SLOT_GOT] = {0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc};
    memcpy(slot, jump, sizeof(jump));
    memcpy(slot + SLOT_GOT, &address, sizeof(address));
    __builtin___clear_cache((char *)slot, (char *)slot + SLOT_SIZE);
}

// The slot of an address, made when there is none yet; NULL when the slab is full.
static uint8_t *slot_of(Linker *linker, uint64_t address)
{
    pthread_mutex_lock(&linker->lock);
    uint8_t *slot = g_hash_table_lookup(linker->slots, (void *)address);
    if (!slot) {
        if (linker->slots_left == 0) {
            SlabBlock *block = slab_alloc(linker->slab, SLOTS_PER_BLOCK * SLOT_SIZE);
            if (block) {
                g_ptr_array_add(linker->slot_blocks, block);
                linker->slots_left = SLOTS_PER_BLOCK;
            }
        }
        if (linker->slots_left > 0) {
            SlabBlock *block = linker->slot_blocks->pdata[linker->slot_blocks->len - 1];
            slot = block->base + (SLOTS_PER_BLOCK - linker->slots_left--) * SLOT_SIZE;
            write_slot(slot, address);
            g_hash_table_insert(linker->slots, (void *)address, slot);
            const char *name = g_hash_table_lookup(linker->names, (void *)address);
            if (name) {
                g_hash_table_insert(linker->names, slot, (void *)name); // in disassembly
            }
        }
    }
    pthread_mutex_unlock(&linker->lock);
    return slot;
}

// One object on its way into the slab.
typedef struct Link {
    Linker *linker;
    const char *unit;
    const uint8_t *bytes;
    size_t size;
    const Elf64_Shdr *sections;
    unsigned n_sections;
    const Elf64_Sym *symbols;
    unsigned n_symbols;
    const char *strings;
    size_t strings_size;
    uint32_t *offsets; // of each loaded section in the block; NOT_LOADED
    size_t text_size, total;
    SlabBlock *block;
    GError **error;
} Link;

static const uint32_t NOT_LOADED = UINT32_MAX;

static bool damaged(Link *link, const char *what)
{
    g_set_error(link->error, JIT_ERROR, JIT_ERROR_OBJECT, "cannot link unit %s: %s", link->unit,
                what);
    return false;
}

static bool slab_full(Link *link)
{
    SlabStats stats = slab_stats(link->linker->slab);
    g_set_error(link->error, JIT_ERROR, JIT_ERROR_FULL,
                "no room for unit %s (%zu bytes): %zu of %zu KiB for compiled code are in use",
                link->unit, link->total, stats.used >> 10, stats.reserved >> 10);
    return false;
}

static bool in_file(const Link *link, uint64_t offset, uint64_t size)
{
    return offset <= link->size && size <= link->size - offset;
}

static const char *symbol_name(const Link *link, const Elf64_Sym *symbol)
{
    return symbol->st_name < link->strings_size ? link->strings + symbol->st_name : "?";
}

// Headers, section table, symbol table.
static bool read_tables(Link *link)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)link->bytes;
    if (link->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_REL ||
        header->e_machine != HOST_MACHINE) {
        return damaged(link, "not a relocatable ELF object for this host");
    }
    link->n_sections = header->e_shnum;
    if (link->n_sections == 0 || link->n_sections > MAX_SECTIONS ||
        header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % 8 != 0 ||
        !in_file(link, header->e_shoff, link->n_sections * sizeof(Elf64_Shdr))) {
        return damaged(link, "damaged section table");
    }
    link->sections = (const Elf64_Shdr *)(link->bytes + header->e_shoff);
    for (unsigned i = 0; i < link->n_sections; i++) {
        const Elf64_Shdr *section = &link->sections[i];
        if (section->sh_type != SHT_NOBITS &&
            !in_file(link, section->sh_offset, section->sh_size)) {
            return damaged(link, "a section lies outside the object");
        }
        if (section->sh_type == SHT_SYMTAB) {
            if (section->sh_link >= link->n_sections || section->sh_offset % 8 != 0) {
                return damaged(link, "damaged symbol table");
            }
            const Elf64_Shdr *strings = &link->sections[section->sh_link];
            link->symbols = (const Elf64_Sym *)(link->bytes + section->sh_offset);
            link->n_symbols = section->sh_size / sizeof(Elf64_Sym);
            link->strings = (const char *)link->bytes + strings->sh_offset;
            link->strings_size = strings->sh_size;
            if (strings->sh_type != SHT_STRTAB || strings->sh_size == 0 ||
                link->strings[strings->sh_size - 1] != '\0') {
                return damaged(link, "damaged string table");
            }
        }
    }
    return true;
}

// Is it unwinding information, which stays out?
static bool is_unwind(const Link *link, const Elf64_Shdr *section)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)link->bytes;
    if (section->sh_type == SHT_X86_64_UNWIND) {
        return true;
    }
    if (header->e_shstrndx >= link->n_sections) {
        return false;
    }
    const Elf64_Shdr *names = &link->sections[header->e_shstrndx];
    static const char eh_frame[] = ".eh_frame";
    return section->sh_name <= names->sh_size &&
           names->sh_size - section->sh_name >= sizeof(eh_frame) &&
           memcmp(link->bytes + names->sh_offset + section->sh_name, eh_frame, sizeof(eh_frame)) ==
               0;
}

// Gives each section that is loaded its place: code, then constants, then what is written.
static bool lay_out(Link *link)
{
    size_t at = 0;
    for (unsigned i = 0; i < link->n_sections; i++) {
        link->offsets[i] = NOT_LOADED;
    }
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < link->n_sections; i++) {
            const Elf64_Shdr *section = &link->sections[i];
            int rank = section->sh_flags & SHF_EXECINSTR ? 0
                       : section->sh_flags & SHF_WRITE   ? 2
                                                         : 1;
            if (!(section->sh_flags & SHF_ALLOC) || section->sh_size == 0 || rank != round ||
                is_unwind(link, section)) {
                continue;
            }
            if (section->sh_flags & SHF_TLS) {
                return damaged(link, "it defines thread-local data");
            }
            size_t align = MAX(section->sh_addralign, 1);
            if (align > SLAB_ALIGN || (align & (align - 1))) {
                return damaged(link, "a section wants to be aligned to more than 64 bytes");
            }
            at = (at + align - 1) & -align;
            if (section->sh_size >= INT32_MAX || at + section->sh_size >= INT32_MAX) {
                return damaged(link, "it is larger than 2 GiB");
            }
            link->offsets[i] = at;
            at += section->sh_size;
        }
        if (round == 0) {
            link->text_size = at;
            // Constants off the last line of code: a line is not to be both in the instruction and in
            // the data cache.
            at = (at + SLAB_ALIGN - 1) & -(size_t)SLAB_ALIGN;
        }
    }
    link->total = MAX(at, 1);
    link->block = slab_alloc(link->linker->slab, link->total);
    return link->block ? true : slab_full(link);
}

static void copy_sections(Link *link)
{
    for (unsigned i = 0; i < link->n_sections; i++) {
        const Elf64_Shdr *section = &link->sections[i];
        if (link->offsets[i] == NOT_LOADED) {
            continue;
        }
        uint8_t *to = link->block->base + link->offsets[i];
        if (section->sh_type == SHT_NOBITS) {
            memset(to, 0, section->sh_size);
        } else {
            memcpy(to, link->bytes + section->sh_offset, section->sh_size);
        }
    }
}

// The address of a symbol, in the object or in the process.
static bool symbol_address(Link *link, unsigned index, uint64_t *address, bool *is_local)
{
    if (index >= link->n_symbols) {
        return damaged(link, "a relocation names a symbol that is not there");
    }
    const Elf64_Sym *symbol = &link->symbols[index];
    *is_local = true;
    if (symbol->st_shndx == SHN_ABS) {
        *address = symbol->st_value;
        return true;
    }
    if (symbol->st_shndx == SHN_UNDEF) {
        *is_local = false;
        const char *name = symbol_name(link, symbol);
        *address = index ? (uintptr_t)linker_resolve(link->linker, name) : 0;
        if (!*address && index && ELF64_ST_BIND(symbol->st_info) != STB_WEAK) {
            g_set_error(link->error, JIT_ERROR, JIT_ERROR_SYMBOL,
                        "cannot link unit %s: there is no '%s' in the program (a helper that is "
                        "declared, but not defined or not exported?)",
                        link->unit, name);
            return false;
        }
        return true;
    }
    if (symbol->st_shndx >= link->n_sections || link->offsets[symbol->st_shndx] == NOT_LOADED) {
        return damaged(link, "a symbol lies in a section that is not loaded");
    }
    *address = (uintptr_t)link->block->base + link->offsets[symbol->st_shndx] + symbol->st_value;
    return true;
}

static bool fits32(int64_t value) { return value == (int32_t)value; }

#if defined(__x86_64__)
// Applies one relocation at `place` (System V ABI, AMD64 supplement, table 4.9; GOTPCRELX: section
// B.2). `room` bytes may be written there, `before` bytes of the section precede it.
static bool apply_reloc(Link *link, const Elf64_Rela *reloc, uint8_t *place, size_t room,
                        size_t before)
{
    unsigned type = ELF64_R_TYPE(reloc->r_info);
    if (type == R_X86_64_NONE) {
        return true;
    }
    size_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
    if (room < width) {
        return damaged(link, "a relocation lies outside its section");
    }
    uint64_t symbol;
    bool is_local;
    if (!symbol_address(link, ELF64_R_SYM(reloc->r_info), &symbol, &is_local)) {
        return false;
    }
    int64_t value = symbol + reloc->r_addend;
    uint8_t *slot;
    switch (type) {
    case R_X86_64_64: memcpy(place, &value, 8); return true;
    case R_X86_64_PC64:
        value -= (uintptr_t)place;
        memcpy(place, &value, 8);
        return true;
    case R_X86_64_PLT32:
    case R_X86_64_PC32:
        value -= (uintptr_t)place;
        if (!fits32(value) && type == R_X86_64_PLT32 && !is_local) {
            slot = slot_of(link->linker, symbol);
            if (!slot) {
                return slab_full(link);
            }
            value = (uintptr_t)slot + reloc->r_addend - (uintptr_t)place;
        }
        break;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
        value -= (uintptr_t)place;
        if (type != R_X86_64_GOTPCREL && before >= 2 && place[-2] == 0x8b && fits32(value)) {
            place[-2] = 0x8d; // mov from the GOT -> lea
            break;
        }
        slot = slot_of(link->linker, symbol);
        if (!slot) {
            return slab_full(link);
        }
        value = (uintptr_t)slot + SLOT_GOT + reloc->r_addend - (uintptr_t)place;
        break;
    default:
        g_set_error(link->error, JIT_ERROR, JIT_ERROR_OBJECT,
                    "cannot link unit %s: relocation type %u (against '%s') is not known",
                    link->unit, type,
                    symbol_name(link, &link->symbols[ELF64_R_SYM(reloc->r_info)]));
        return false;
    }
    if (!fits32(value)) {
        g_set_error(
            link->error, JIT_ERROR, JIT_ERROR_OBJECT,
            "cannot link unit %s: '%s' is out of reach (external data must not be dso_local)",
            link->unit, symbol_name(link, &link->symbols[ELF64_R_SYM(reloc->r_info)]));
        return false;
    }
    int32_t narrow = value;
    memcpy(place, &narrow, 4);
    return true;
}
#endif

static bool relocate(Link *link)
{
    for (unsigned i = 0; i < link->n_sections; i++) {
        const Elf64_Shdr *section = &link->sections[i];
        if (section->sh_type != SHT_RELA) {
            continue;
        }
        if (section->sh_info >= link->n_sections || section->sh_offset % 8 != 0) {
            return damaged(link, "damaged relocation section");
        }
        if (link->offsets[section->sh_info] == NOT_LOADED) {
            continue; // of .eh_frame or debug information
        }
        uint8_t *base = link->block->base + link->offsets[section->sh_info];
        size_t size = link->sections[section->sh_info].sh_size;
        const Elf64_Rela *reloc = (const Elf64_Rela *)(link->bytes + section->sh_offset);
        const Elf64_Rela *end = reloc + section->sh_size / sizeof(*reloc);
        for (; reloc < end; reloc++) {
            if (reloc->r_offset > size) {
                return damaged(link, "a relocation lies outside its section");
            }
            if (!apply_reloc(link, reloc, base + reloc->r_offset, size - reloc->r_offset,
                             reloc->r_offset)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_exported(const Link *link, const Elf64_Sym *symbol)
{
    return ELF64_ST_BIND(symbol->st_info) != STB_LOCAL && symbol->st_shndx != SHN_UNDEF &&
           symbol->st_shndx < link->n_sections && link->offsets[symbol->st_shndx] != NOT_LOADED;
}

// The result, with the symbols that the object defines.
static LinkedObject *finish(const Link *link)
{
    size_t count = 0, names = 0;
    for (unsigned i = 0; i < link->n_symbols; i++) {
        if (is_exported(link, &link->symbols[i])) {
            count++;
            names += strlen(symbol_name(link, &link->symbols[i])) + 1;
        }
    }
    LinkedObject *object = g_malloc(sizeof(*object) + count * sizeof(LinkedSymbol) + names);
    object->block = link->block;
    object->text_size = link->text_size;
    object->n_symbols = count;
    char *name = (char *)&object->symbols[count];
    LinkedSymbol *out = object->symbols;
    for (unsigned i = 0; i < link->n_symbols; i++) {
        const Elf64_Sym *symbol = &link->symbols[i];
        if (is_exported(link, symbol)) {
            size_t length = strlen(symbol_name(link, symbol)) + 1;
            memcpy(name, symbol_name(link, symbol), length);
            *out++ = (LinkedSymbol){
                .name = name,
                .address = link->block->base + link->offsets[symbol->st_shndx] + symbol->st_value,
                .size = symbol->st_size,
            };
            name += length;
        }
    }
    __builtin___clear_cache((char *)link->block->base,
                            (char *)link->block->base + link->block->size);
    return object;
}

LinkedObject *linker_link(Linker *linker, const char *unit, const void *bytes, size_t size,
                          GError **error)
{
    Link link = {.linker = linker, .unit = unit, .bytes = bytes, .size = size, .error = error};
    LinkedObject *object = NULL;
    if (!read_tables(&link)) {
        return NULL;
    }
    link.offsets = g_new(uint32_t, link.n_sections);
    if (lay_out(&link)) {
        copy_sections(&link);
        if (relocate(&link)) {
            object = finish(&link);
        } else {
            slab_release(linker->slab, link.block);
        }
    }
    g_free(link.offsets);
    return object;
}

void linker_unlink(Linker *linker, LinkedObject *object)
{
    if (object) {
        slab_release(linker->slab, object->block);
        g_free(object);
    }
}

void linker_lock(Linker *linker)
{
    pthread_mutex_lock(&linker->lock);
    slab_lock(linker->slab);
}

void linker_unlock(Linker *linker)
{
    slab_unlock(linker->slab);
    pthread_mutex_unlock(&linker->lock);
}
