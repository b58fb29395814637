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
// A link is in two steps, since the persistent cache keeps what lies between them: the object becomes an
// image (a quarter of its size), and an image is placed. All numbers of an image are of the host's byte
// order:
//
//     ImageHeader | ImageReloc[] | ImageExport[] | name offsets[] | strings | contents | notes
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
#include "tcg2llvm/state-notes.h"

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
    GTree *noted;        // LinkedObject * with notes, by their place
};

static int by_base(gconstpointer a, gconstpointer b) { return a < b ? -1 : a > b; }

Linker *linker_new(Slab *slab)
{
    Linker *linker = g_new0(Linker, 1);
    pthread_mutex_init(&linker->lock, NULL);
    linker->slab = slab;
    linker->symbols = g_hash_table_new(g_str_hash, g_str_equal);
    linker->names = g_hash_table_new(NULL, NULL);
    linker->slots = g_hash_table_new(NULL, NULL);
    linker->slot_blocks = g_ptr_array_new();
    linker->noted = g_tree_new(by_base);
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
    g_tree_unref(linker->noted);
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

// --- images ------------------------------------------------------------------------------------------

typedef struct ImageHeader {
    uint32_t text_size, total; // bytes of code; of code, constants and data
    uint32_t n_relocs, n_exports, n_names, strings_size;
    uint32_t notes_size, reserved; // bytes
} ImageHeader;

enum {
    RELOC_IN_OBJECT = 0xffff, // ImageReloc.name: the addend is from the image's start
    RELOC_ABSOLUTE = 0xfffe,  // the addend is all
    RELOC_WEAK = 0x8000,      // in `type`: 0 when the name is not there
};

typedef struct ImageReloc {
    uint32_t offset; // where
    uint16_t type;   // R_X86_64_*
    uint16_t name;   // number
    int64_t addend;
} ImageReloc;

typedef struct ImageExport {
    uint32_t offset, size; // bytes
    uint32_t name;         // in the strings
} ImageExport;

// An image taken apart.
typedef struct Image {
    const ImageHeader *header;
    const ImageReloc *relocs;
    const ImageExport *exports;
    const uint32_t *names; // in the strings
    const char *strings;
    const uint8_t *contents, *notes;
} Image;

static bool image_open(Image *image, const void *bytes, size_t size)
{
    const ImageHeader *h = bytes;
    if (size < sizeof(*h)) {
        return false;
    }
    uint64_t relocs = sizeof(*h), exports = relocs + (uint64_t)h->n_relocs * sizeof(ImageReloc);
    uint64_t names = exports + (uint64_t)h->n_exports * sizeof(ImageExport);
    uint64_t strings = names + (uint64_t)h->n_names * sizeof(uint32_t);
    uint64_t contents = strings + h->strings_size;
    const uint8_t *base = bytes;
    *image = (Image){
        .header = h,
        .relocs = (const ImageReloc *)(base + relocs),
        .exports = (const ImageExport *)(base + exports),
        .names = (const uint32_t *)(base + names),
        .strings = (const char *)base + strings,
        .contents = base + contents,
        .notes = base + contents + h->total,
    };
    return contents + h->total + h->notes_size == size && h->text_size <= h->total &&
           h->total < INT32_MAX && h->strings_size > 0 &&
           image->strings[h->strings_size - 1] == '\0';
}

// --- from an object to an image ------------------------------------------------------------------------

typedef struct Object {
    const char *unit;
    const uint8_t *bytes;
    size_t size;
    const Elf64_Shdr *sections;
    unsigned n_sections;
    const Elf64_Sym *symbols;
    unsigned n_symbols;
    const char *strings;
    size_t strings_size;
    uint32_t *offsets; // of each loaded section in the image; NOT_LOADED
    size_t text_size, total;
    GArray *relocs, *exports, *names; // of the image
    GByteArray *image_strings;
    GByteArray *notes; // NULL: none
    GError **error;
} Object;

static const uint32_t NOT_LOADED = UINT32_MAX;

static bool damaged_unit(GError **error, const char *unit, const char *what)
{
    g_set_error(error, JIT_ERROR, JIT_ERROR_OBJECT, "cannot link unit %s: %s", unit, what);
    return false;
}

static bool damaged(const Object *o, const char *what)
{
    return damaged_unit(o->error, o->unit, what);
}

static bool in_file(const Object *o, uint64_t offset, uint64_t size)
{
    return offset <= o->size && size <= o->size - offset;
}

static const char *symbol_name(const Object *o, const Elf64_Sym *symbol)
{
    return symbol->st_name < o->strings_size ? o->strings + symbol->st_name : "?";
}

// Headers, section table, symbol table.
static bool read_tables(Object *o)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)o->bytes;
    if (o->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_REL ||
        header->e_machine != HOST_MACHINE) {
        return damaged(o, "not a relocatable ELF object for this host");
    }
    o->n_sections = header->e_shnum;
    if (o->n_sections == 0 || o->n_sections > MAX_SECTIONS ||
        header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % 8 != 0 ||
        !in_file(o, header->e_shoff, o->n_sections * sizeof(Elf64_Shdr))) {
        return damaged(o, "damaged section table");
    }
    o->sections = (const Elf64_Shdr *)(o->bytes + header->e_shoff);
    for (unsigned i = 0; i < o->n_sections; i++) {
        const Elf64_Shdr *section = &o->sections[i];
        if (section->sh_type != SHT_NOBITS && !in_file(o, section->sh_offset, section->sh_size)) {
            return damaged(o, "a section lies outside the object");
        }
        if (section->sh_type == SHT_SYMTAB) {
            if (section->sh_link >= o->n_sections || section->sh_offset % 8 != 0) {
                return damaged(o, "damaged symbol table");
            }
            const Elf64_Shdr *strings = &o->sections[section->sh_link];
            o->symbols = (const Elf64_Sym *)(o->bytes + section->sh_offset);
            o->n_symbols = section->sh_size / sizeof(Elf64_Sym);
            o->strings = (const char *)o->bytes + strings->sh_offset;
            o->strings_size = strings->sh_size;
            if (strings->sh_type != SHT_STRTAB || strings->sh_size == 0 ||
                o->strings[strings->sh_size - 1] != '\0') {
                return damaged(o, "damaged string table");
            }
        }
    }
    return true;
}

static bool is_named(const Object *o, const Elf64_Shdr *section, const char *name)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)o->bytes;
    if (header->e_shstrndx >= o->n_sections) {
        return false;
    }
    const Elf64_Shdr *names = &o->sections[header->e_shstrndx];
    size_t size = strlen(name) + 1;
    return section->sh_name <= names->sh_size && names->sh_size - section->sh_name >= size &&
           memcmp(o->bytes + names->sh_offset + section->sh_name, name, size) == 0;
}

static bool is_stack_maps(const Object *o, const Elf64_Shdr *section)
{
    return is_named(o, section, ".llvm_stackmaps");
}

// Is it unwinding information or what notes are made of, which stay out?
static bool stays_out(const Object *o, const Elf64_Shdr *section)
{
    return section->sh_type == SHT_X86_64_UNWIND || is_named(o, section, ".eh_frame") ||
           is_stack_maps(o, section);
}

// Gives each section that is loaded its place: code, then constants, then what is written.
static bool lay_out(Object *o)
{
    size_t at = 0;
    for (unsigned i = 0; i < o->n_sections; i++) {
        o->offsets[i] = NOT_LOADED;
    }
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < o->n_sections; i++) {
            const Elf64_Shdr *section = &o->sections[i];
            int rank = section->sh_flags & SHF_EXECINSTR ? 0
                       : section->sh_flags & SHF_WRITE   ? 2
                                                         : 1;
            if (!(section->sh_flags & SHF_ALLOC) || section->sh_size == 0 || rank != round ||
                stays_out(o, section)) {
                continue;
            }
            if (section->sh_flags & SHF_TLS) {
                return damaged(o, "it defines thread-local data");
            }
            size_t align = MAX(section->sh_addralign, 1);
            if (align > SLAB_ALIGN || (align & (align - 1))) {
                return damaged(o, "a section wants to be aligned to more than 64 bytes");
            }
            at = (at + align - 1) & -align;
            if (section->sh_size >= INT32_MAX || at + section->sh_size >= INT32_MAX) {
                return damaged(o, "it is larger than 2 GiB");
            }
            o->offsets[i] = at;
            at += section->sh_size;
        }
        if (round == 0) {
            o->text_size = at;
            // Constants off the last line of code: a line is not to be both in the instruction and in
            // the data cache.
            at = (at + SLAB_ALIGN - 1) & -(size_t)SLAB_ALIGN;
        }
    }
    o->total = 1;
    for (unsigned i = 0; i < o->n_sections; i++) {
        if (o->offsets[i] != NOT_LOADED) {
            o->total = MAX(o->total, o->offsets[i] + o->sections[i].sh_size);
        }
    }
    return true;
}

static uint32_t add_string(Object *o, const char *text)
{
    uint32_t at = o->image_strings->len;
    g_byte_array_append(o->image_strings, (const uint8_t *)text, strlen(text) + 1);
    return at;
}

// The number of a name among the image's; RELOC_ABSOLUTE when there are too many.
static uint16_t name_number(Object *o, const char *name)
{
    for (unsigned i = 0; i < o->names->len; i++) {
        uint32_t at = g_array_index(o->names, uint32_t, i);
        if (strcmp((const char *)o->image_strings->data + at, name) == 0) {
            return i;
        }
    }
    if (o->names->len >= RELOC_ABSOLUTE) {
        return RELOC_ABSOLUTE;
    }
    uint32_t at = add_string(o, name);
    g_array_append_val(o->names, at);
    return o->names->len - 1;
}

// One relocation as the image has it.
static bool take_reloc(Object *o, const Elf64_Rela *reloc, uint32_t base)
{
    unsigned index = ELF64_R_SYM(reloc->r_info), type = ELF64_R_TYPE(reloc->r_info);
    if (index >= o->n_symbols) {
        return damaged(o, "a relocation names a symbol that is not there");
    }
    if (type >= RELOC_WEAK) {
        return damaged(o, "a relocation of a type that does not exist");
    }
    const Elf64_Sym *symbol = &o->symbols[index];
    ImageReloc r = {.offset = base + reloc->r_offset, .type = type, .addend = reloc->r_addend};
    if (!index || symbol->st_shndx == SHN_ABS) {
        r.name = RELOC_ABSOLUTE;
        r.addend += index ? symbol->st_value : 0;
    } else if (symbol->st_shndx == SHN_UNDEF) {
        r.name = name_number(o, symbol_name(o, symbol));
        r.type |= ELF64_ST_BIND(symbol->st_info) == STB_WEAK ? RELOC_WEAK : 0;
        if (r.name == RELOC_ABSOLUTE) {
            return damaged(o, "it names too much");
        }
    } else if (symbol->st_shndx < o->n_sections && o->offsets[symbol->st_shndx] != NOT_LOADED) {
        r.name = RELOC_IN_OBJECT;
        r.addend += o->offsets[symbol->st_shndx] + symbol->st_value;
    } else {
        return damaged(o, "a symbol lies in a section that is not loaded");
    }
    g_array_append_val(o->relocs, r);
    return true;
}

static bool take_relocs(Object *o)
{
    for (unsigned i = 0; i < o->n_sections; i++) {
        const Elf64_Shdr *section = &o->sections[i];
        if (section->sh_type != SHT_RELA) {
            continue;
        }
        if (section->sh_info >= o->n_sections || section->sh_offset % 8 != 0) {
            return damaged(o, "damaged relocation section");
        }
        if (o->offsets[section->sh_info] == NOT_LOADED) {
            continue; // of .eh_frame, stack maps or debug information
        }
        size_t size = o->sections[section->sh_info].sh_size;
        const Elf64_Rela *reloc = (const Elf64_Rela *)(o->bytes + section->sh_offset);
        const Elf64_Rela *end = reloc + section->sh_size / sizeof(*reloc);
        for (; reloc < end; reloc++) {
            if (reloc->r_offset > size) {
                return damaged(o, "a relocation lies outside its section");
            }
            if (!take_reloc(o, reloc, o->offsets[section->sh_info])) {
                return false;
            }
        }
    }
    return true;
}

// Where each function is that the section of stack maps names, by its relocations.
static bool find_functions(const Object *o, const Elf64_Shdr *section, uint32_t *functions,
                           unsigned n)
{
    unsigned found = 0;
    for (unsigned i = 0; i < o->n_sections; i++) {
        const Elf64_Shdr *relocs = &o->sections[i];
        if (relocs->sh_type != SHT_RELA ||
            &o->sections[relocs->sh_info % o->n_sections] != section ||
            relocs->sh_offset % 8 != 0) {
            continue;
        }
        const Elf64_Rela *reloc = (const Elf64_Rela *)(o->bytes + relocs->sh_offset);
        const Elf64_Rela *end = reloc + relocs->sh_size / sizeof(*reloc);
        for (; reloc < end; reloc++) {
            unsigned symbol = ELF64_R_SYM(reloc->r_info);
            uint64_t f = (reloc->r_offset - STATE_NOTE_FIRST_FUNCTION) / STATE_NOTE_FUNCTION_SIZE;
            if (symbol >= o->n_symbols || f >= n || o->symbols[symbol].st_shndx >= o->n_sections ||
                o->offsets[o->symbols[symbol].st_shndx] == NOT_LOADED) {
                return false;
            }
            functions[f] = (uint32_t)(o->offsets[o->symbols[symbol].st_shndx] +
                                      o->symbols[symbol].st_value + (uint64_t)reloc->r_addend);
            found++;
        }
    }
    return found == n;
}

static void copy_contents(const Object *o, uint8_t *to)
{
    for (unsigned i = 0; i < o->n_sections; i++) {
        const Elf64_Shdr *section = &o->sections[i];
        if (o->offsets[i] != NOT_LOADED && section->sh_type != SHT_NOBITS) {
            memcpy(to + o->offsets[i], o->bytes + section->sh_offset, section->sh_size);
        }
    }
}

static bool take_notes(Object *o)
{
    for (unsigned i = 0; i < o->n_sections; i++) {
        const Elf64_Shdr *section = &o->sections[i];
        if (!is_stack_maps(o, section)) {
            continue;
        }
        const uint8_t *bytes = o->bytes + section->sh_offset;
        unsigned n = state_notes_functions(bytes, section->sh_size);
        g_autofree uint32_t *functions = g_new0(uint32_t, n + 1);
        if (n == 0 || section->sh_offset % 8 != 0 || !find_functions(o, section, functions, n)) {
            return damaged(o, "damaged stack maps");
        }
        g_autofree uint8_t *code = g_malloc0(o->total);
        copy_contents(o, code);
        const StackMaps maps = {bytes, section->sh_size, functions, n, code};
        const char *why;
        o->notes = state_notes_new(&maps, &why);
        if (!o->notes) {
            g_set_error(o->error, JIT_ERROR, JIT_ERROR_NOTES, "no notes for unit %s: %s", o->unit,
                        why);
            return false;
        }
    }
    return true;
}

static void take_exports(Object *o)
{
    for (unsigned i = 0; i < o->n_symbols; i++) {
        const Elf64_Sym *symbol = &o->symbols[i];
        if (ELF64_ST_BIND(symbol->st_info) != STB_LOCAL && symbol->st_shndx != SHN_UNDEF &&
            symbol->st_shndx < o->n_sections && o->offsets[symbol->st_shndx] != NOT_LOADED) {
            ImageExport e = {.offset = o->offsets[symbol->st_shndx] + symbol->st_value,
                             .size = symbol->st_size,
                             .name = add_string(o, symbol_name(o, symbol))};
            g_array_append_val(o->exports, e);
        }
    }
}

// An empty array's data may be NULL, which mempcpy must not be given.
static uint8_t *append(uint8_t *at, const void *from, size_t n)
{
    return n ? mempcpy(at, from, n) : at;
}

static GBytes *write_image(const Object *o)
{
    // The contents are copied from where they stand, which nothing aligns; the numbers before are of 4
    // and 8 bytes.
    ImageHeader header = {.text_size = o->text_size,
                          .total = o->total,
                          .n_relocs = o->relocs->len,
                          .n_exports = o->exports->len,
                          .n_names = o->names->len,
                          .strings_size = o->image_strings->len,
                          .notes_size = o->notes ? o->notes->len : 0};
    size_t size = sizeof(header) + o->relocs->len * sizeof(ImageReloc) +
                  o->exports->len * sizeof(ImageExport) + o->names->len * sizeof(uint32_t) +
                  o->image_strings->len + o->total + header.notes_size;
    uint8_t *image = g_malloc0(size), *at = image;
    at = append(at, &header, sizeof(header));
    at = append(at, o->relocs->data, o->relocs->len * sizeof(ImageReloc));
    at = append(at, o->exports->data, o->exports->len * sizeof(ImageExport));
    at = append(at, o->names->data, o->names->len * sizeof(uint32_t));
    at = append(at, o->image_strings->data, o->image_strings->len);
    copy_contents(o, at);
    append(at + o->total, o->notes ? o->notes->data : NULL, header.notes_size);
    return g_bytes_new_take(image, size);
}

GBytes *linker_image(const char *unit, const void *bytes, size_t size, GError **error)
{
    Object o = {.unit = unit, .bytes = bytes, .size = size, .error = error};
    if (!read_tables(&o)) {
        return NULL;
    }
    o.offsets = g_new(uint32_t, o.n_sections);
    o.relocs = g_array_new(false, false, sizeof(ImageReloc));
    o.exports = g_array_new(false, false, sizeof(ImageExport));
    o.names = g_array_new(false, false, sizeof(uint32_t));
    o.image_strings = g_byte_array_new();
    add_string(&o, "");
    GBytes *image = NULL;
    if (lay_out(&o) && take_relocs(&o) && take_notes(&o)) {
        take_exports(&o);
        image = write_image(&o);
    }
    g_free(o.offsets);
    g_array_free(o.relocs, true);
    g_array_free(o.exports, true);
    g_array_free(o.names, true);
    g_byte_array_free(o.image_strings, true);
    if (o.notes) {
        g_byte_array_free(o.notes, true);
    }
    return image;
}

// --- from an image into the slab -----------------------------------------------------------------------

// One image on its way into the slab.
typedef struct Link {
    Linker *linker;
    const char *unit;
    Image image;
    uint64_t *addresses; // of each name
    SlabBlock *block;
    GError **error;
} Link;

static bool slab_full(const Link *link)
{
    SlabStats stats = slab_stats(link->linker->slab);
    g_set_error(link->error, JIT_ERROR, JIT_ERROR_FULL,
                "no room for unit %s (%u bytes): %zu of %zu KiB for compiled code are in use",
                link->unit, link->image.header->total, stats.used >> 10, stats.reserved >> 10);
    return false;
}

static const char *name_text(const Link *link, unsigned number)
{
    uint32_t at = link->image.names[number];
    return at < link->image.header->strings_size ? link->image.strings + at : "?";
}

static void resolve_names(Link *link, const JitSymbol *locals, size_t n_locals)
{
    for (unsigned i = 0; i < link->image.header->n_names; i++) {
        const char *name = name_text(link, i);
        for (size_t k = 0; k < n_locals && !link->addresses[i]; k++) {
            if (strcmp(locals[k].name, name) == 0) {
                link->addresses[i] = (uintptr_t)locals[k].address;
            }
        }
        if (!link->addresses[i]) {
            link->addresses[i] = (uintptr_t)linker_resolve(link->linker, name);
        }
    }
}

// The address that a relocation asks for, without its addend.
static bool reloc_symbol(const Link *link, const ImageReloc *reloc, uint64_t *address)
{
    switch (reloc->name) {
    case RELOC_IN_OBJECT: *address = (uintptr_t)link->block->base; return true;
    case RELOC_ABSOLUTE: *address = 0; return true;
    default: break;
    }
    if (reloc->name >= link->image.header->n_names) {
        return damaged_unit(link->error, link->unit, "a relocation names what is not there");
    }
    *address = link->addresses[reloc->name];
    if (!*address && !(reloc->type & RELOC_WEAK)) {
        g_set_error(link->error, JIT_ERROR, JIT_ERROR_SYMBOL,
                    "cannot link unit %s: there is no '%s' in the program (a helper that is "
                    "declared, but not defined or not exported?)",
                    link->unit, name_text(link, reloc->name));
        return false;
    }
    return true;
}

static bool fits32(int64_t value) { return value == (int32_t)value; }

#if defined(__x86_64__)
// Applies one relocation (System V ABI, AMD64 supplement, table 4.9; GOTPCRELX: section B.2).
static bool apply_reloc(const Link *link, const ImageReloc *reloc)
{
    unsigned type = reloc->type & ~RELOC_WEAK;
    if (type == R_X86_64_NONE) {
        return true;
    }
    size_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
    if (reloc->offset > link->image.header->total ||
        link->image.header->total - reloc->offset < width) {
        return damaged_unit(link->error, link->unit, "a relocation lies outside its section");
    }
    uint8_t *place = link->block->base + reloc->offset;
    bool in_object = reloc->name >= RELOC_ABSOLUTE;
    uint64_t symbol;
    if (!reloc_symbol(link, reloc, &symbol)) {
        return false;
    }
    int64_t value = symbol + reloc->addend;
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
        if (!fits32(value) && type == R_X86_64_PLT32 && !in_object) {
            slot = slot_of(link->linker, symbol);
            if (!slot) {
                return slab_full(link);
            }
            value = (uintptr_t)slot + reloc->addend - (uintptr_t)place;
        }
        break;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
        value -= (uintptr_t)place;
        if (type != R_X86_64_GOTPCREL && reloc->offset >= 2 && place[-2] == 0x8b && fits32(value)) {
            place[-2] = 0x8d; // mov from the GOT -> lea
            break;
        }
        if (in_object) {
            return damaged_unit(link->error, link->unit, "a GOT entry for a symbol of its own");
        }
        slot = slot_of(link->linker, symbol);
        if (!slot) {
            return slab_full(link);
        }
        value = (uintptr_t)slot + SLOT_GOT + reloc->addend - (uintptr_t)place;
        break;
    default:
        g_set_error(link->error, JIT_ERROR, JIT_ERROR_OBJECT,
                    "cannot link unit %s: relocation type %u (against '%s') is not known",
                    link->unit, type, in_object ? "itself" : name_text(link, reloc->name));
        return false;
    }
    if (!fits32(value)) {
        g_set_error(
            link->error, JIT_ERROR, JIT_ERROR_OBJECT,
            "cannot link unit %s: '%s' is out of reach (external data must not be dso_local)",
            link->unit, in_object ? "itself" : name_text(link, reloc->name));
        return false;
    }
    int32_t narrow = value;
    memcpy(place, &narrow, 4);
    return true;
}
#endif

// The result, with the symbols that the object defines.
static LinkedObject *finish(const Link *link)
{
    const Image *image = &link->image;
    size_t count = image->header->n_exports, names = 0;
    for (unsigned i = 0; i < count; i++) {
        const ImageExport *e = &image->exports[i];
        if (e->offset > image->header->total || e->name >= image->header->strings_size) {
            damaged_unit(link->error, link->unit, "it exports what it has not");
            return NULL;
        }
        names += strlen(image->strings + e->name) + 1;
    }
    LinkedObject *object = g_malloc(sizeof(*object) + count * sizeof(LinkedSymbol) + names);
    object->block = link->block;
    object->text_size = image->header->text_size;
    object->n_symbols = count;
    object->notes_size = image->header->notes_size;
    object->notes = g_memdup2(image->notes, object->notes_size);
    char *name = (char *)&object->symbols[count];
    for (unsigned i = 0; i < count; i++) {
        const ImageExport *e = &image->exports[i];
        object->symbols[i] = (LinkedSymbol){
            .name = name, .address = link->block->base + e->offset, .size = e->size};
        name = (char *)mempcpy(name, image->strings + e->name,
                               strlen(image->strings + e->name) + 1);
    }
    __builtin___clear_cache((char *)link->block->base,
                            (char *)link->block->base + link->block->size);
    return object;
}

static LinkedObject *place(Link *link)
{
    for (unsigned i = 0; i < link->image.header->n_relocs; i++) {
        if (!apply_reloc(link, &link->image.relocs[i])) {
            return NULL;
        }
    }
    return finish(link);
}

LinkedObject *linker_place(Linker *linker, const char *unit, const void *bytes, size_t size,
                           const JitSymbol *locals, size_t n_locals, GError **error)
{
    Link link = {.linker = linker, .unit = unit, .error = error};
    if (!image_open(&link.image, bytes, size)) {
        damaged_unit(error, unit, "a damaged image");
        return NULL;
    }
    link.block = slab_alloc(linker->slab, link.image.header->total);
    if (!link.block) {
        slab_full(&link);
        return NULL;
    }
    memcpy(link.block->base, link.image.contents, link.image.header->total);
    link.addresses = g_new0(uint64_t, link.image.header->n_names);
    resolve_names(&link, locals, n_locals);
    LinkedObject *object = place(&link);
    if (!object) {
        slab_release(linker->slab, link.block);
    }
    g_free(link.addresses);
    if (object && object->notes) {
        pthread_mutex_lock(&linker->lock);
        g_tree_insert(linker->noted, object->block->base, object);
        pthread_mutex_unlock(&linker->lock);
    }
    return object;
}

bool linker_recover(Linker *linker, const void *at, const StateRegs *regs, void *env, uint64_t *pc)
{
    pthread_mutex_lock(&linker->lock);
    GTreeNode *behind = g_tree_upper_bound(linker->noted, at);
    GTreeNode *node = behind ? g_tree_node_previous(behind) : g_tree_node_last(linker->noted);
    const LinkedObject *object = node ? g_tree_node_value(node) : NULL;
    size_t offset = object ? (size_t)((const uint8_t *)at - object->block->base) : 0;
    bool found = object && offset < object->text_size &&
                 state_notes_recover(object->notes, object->notes_size, offset, regs, env, pc);
    pthread_mutex_unlock(&linker->lock);
    return found;
}

void linker_unlink(Linker *linker, LinkedObject *object)
{
    if (object) {
        if (object->notes) {
            pthread_mutex_lock(&linker->lock);
            g_tree_remove(linker->noted, object->block->base);
            pthread_mutex_unlock(&linker->lock);
            g_free(object->notes);
        }
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
