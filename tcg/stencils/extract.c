// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Build tool: reads objects that were compiled as stencils (stencil-insn.h) and writes the tables of stencil.h,
// as C.
//
//     extract OUT.inc a.o b.o ...
//
// A function op_NAME in a section of its own becomes the stencil NAME.  Its relocations become holes, its last
// jump to hole_next goes.  A function is left out, and named in a comment, when it cannot be copied:
//   - it names a symbol that is no hole, no constant of its object and no tcg_quick_ function
//   - it is longer than MAX_STENCIL, so that a call of the one copy is the better bargain
//
// Object format: System V ABI, chapter 4; relocations: its x86-64 supplement, 4.4.

#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stencil.h"

enum { MAX_STENCIL = 256, MAX_HOLES = 64, MAX_EXTERNS = 16, RODATA_ALIGN = 64 };

typedef struct Object {
    const char *path;
    uint8_t *bytes;
    const Elf64_Shdr *sections;
    const Elf64_Sym *symbols;
    const char *strings, *section_names;
    unsigned nb_sections, nb_symbols;
    uint32_t *rodata_at; // by section: where its bytes stand in stencil_rodata; 0: not there
} Object;

typedef struct Found {
    Stencil s;
    const char *name;
    uint8_t code[MAX_STENCIL];
    StencilHole holes[MAX_HOLES];
} Found;

static Found *found;
static unsigned nb_found, cap_found;
static uint8_t *rodata;
static size_t nb_rodata = RODATA_ALIGN; // so that no section stands at 0
static const char *externs[MAX_EXTERNS];
static unsigned nb_externs;
static FILE *out;

static _Noreturn void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("extract: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    exit(1);
}

static void *grow(void *p, size_t n)
{
    p = realloc(p, n);
    return p ? p : (die("out of memory"), NULL);
}

static Object object_read(const char *path)
{
    Object o = {.path = path};
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) < 0) {
        die("cannot read '%s'", path);
    }
    long size = ftell(f);
    rewind(f);
    o.bytes = grow(NULL, size > 0 ? (size_t)size : 1);
    if (fread(o.bytes, 1, (size_t)size, f) != (size_t)size || size < (long)sizeof(Elf64_Ehdr)) {
        die("cannot read '%s'", path);
    }
    fclose(f);
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)o.bytes;
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_type != ET_REL || h->e_machine != EM_X86_64) {
        die("'%s' is no x86-64 object file", path);
    }
    o.sections = (const Elf64_Shdr *)(o.bytes + h->e_shoff);
    o.nb_sections = h->e_shnum;
    o.section_names = (const char *)o.bytes + o.sections[h->e_shstrndx].sh_offset;
    o.rodata_at = calloc(o.nb_sections, sizeof(*o.rodata_at));
    for (unsigned i = 0; i < o.nb_sections; i++) {
        if (o.sections[i].sh_type == SHT_SYMTAB) {
            o.symbols = (const Elf64_Sym *)(o.bytes + o.sections[i].sh_offset);
            o.nb_symbols = (unsigned)(o.sections[i].sh_size / sizeof(Elf64_Sym));
            o.strings = (const char *)o.bytes + o.sections[o.sections[i].sh_link].sh_offset;
        }
    }
    if (!o.symbols) {
        die("'%s' has no symbols", path);
    }
    return o;
}

static const char *section_name(const Object *o, unsigned i)
{
    return o->section_names + o->sections[i].sh_name;
}

static const Elf64_Shdr *relocations_of(const Object *o, unsigned section)
{
    for (unsigned i = 0; i < o->nb_sections; i++) {
        if (o->sections[i].sh_type == SHT_RELA && o->sections[i].sh_info == section) {
            return &o->sections[i];
        }
    }
    return NULL;
}

// Where the constants of a section stand in stencil_rodata; 0 when they are not constants alone.
static uint32_t rodata_of(const Object *o, unsigned section)
{
    const Elf64_Shdr *s = &o->sections[section];
    if (strncmp(section_name(o, section), ".rodata", 7) || (s->sh_flags & SHF_WRITE) ||
        s->sh_type != SHT_PROGBITS || s->sh_addralign > RODATA_ALIGN ||
        relocations_of(o, section)) {
        return 0;
    }
    if (!o->rodata_at[section]) {
        size_t end = (nb_rodata + s->sh_size + RODATA_ALIGN - 1) & ~(size_t)(RODATA_ALIGN - 1);
        rodata = grow(rodata, end);
        memset(rodata + nb_rodata, 0, end - nb_rodata);
        memcpy(rodata + nb_rodata, o->bytes + s->sh_offset, s->sh_size);
        o->rodata_at[section] = (uint32_t)nb_rodata;
        nb_rodata = end;
    }
    return o->rodata_at[section];
}

static uint8_t extern_index(const char *name)
{
    for (unsigned i = 0; i < nb_externs; i++) {
        if (!strcmp(externs[i], name)) {
            return (uint8_t)i;
        }
    }
    if (nb_externs == MAX_EXTERNS) {
        die("more than %d tcg_quick_ functions", MAX_EXTERNS);
    }
    externs[nb_externs] = name;
    return (uint8_t)nb_externs++;
}

// The symbols of stencil-insn.h: kind, and what its relocations look like.
static const struct HoleName {
    const char *prefix;
    HoleKind kind;
    bool numbered;
    uint8_t width; // bytes; a displacement has 4
} hole_names[] = {
    {"hole_addr_", HOLE_ADDR, true, 4},     {"hole_slot_", HOLE_SLOT, true, 4},
    {"hole_s32_", HOLE_S32, true, 4},       {"hole_imm64_", HOLE_IMM64, true, 8},
    {"hole_next", HOLE_NEXT_REL, false, 0}, {"hole_jump", HOLE_JUMP_REL, false, 0},
    {"hole_call", HOLE_CALL_REL, false, 0}, {"hole_data", HOLE_DATA_REL, false, 0},
};

// Fills *hole; gives NULL, or why there is none.
static const char *make_hole(const Object *o, const Elf64_Rela *r, StencilHole *hole)
{
    static char why[256];
    const Elf64_Sym *sym = &o->symbols[ELF64_R_SYM(r->r_info)];
    unsigned type = (unsigned)ELF64_R_TYPE(r->r_info);
    const char *name = o->strings + sym->st_name;
    bool relative = type == R_X86_64_PC32 || type == R_X86_64_PLT32;
    unsigned width = type == R_X86_64_32 || type == R_X86_64_32S ? 4 : type == R_X86_64_64 ? 8 : 0;

    *hole = (StencilHole){.at = (uint16_t)r->r_offset, .addend = (int32_t)r->r_addend};
    if (!relative && !width) {
        snprintf(why, sizeof(why), "relocation %u of %s", type, name);
        return why;
    }
    if (relative) {
        hole->addend += 4; // from the hole's end
    }
    if (sym->st_shndx != SHN_UNDEF && sym->st_shndx < o->nb_sections) {
        uint32_t at = relative ? rodata_of(o, sym->st_shndx) : 0;
        if (!at) {
            snprintf(why, sizeof(why), "names %s", *name ? name : section_name(o, sym->st_shndx));
            return why;
        }
        hole->kind = HOLE_RODATA_REL;
        hole->addend += (int32_t)(at + sym->st_value);
        return NULL;
    }
    if (!strncmp(name, "tcg_quick_", 10) && relative) {
        hole->kind = HOLE_EXTERN_REL;
        hole->index = extern_index(name);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(hole_names) / sizeof(hole_names[0]); i++) {
        const struct HoleName *h = &hole_names[i];
        size_t n = strlen(h->prefix);
        if (strncmp(name, h->prefix, n)) {
            continue;
        }
        if (h->width != width) {
            snprintf(why, sizeof(why), "relocation %u of %s", type, name);
            return why;
        }
        hole->kind = (uint8_t)h->kind;
        hole->index = h->numbered ? (uint8_t)atoi(name + n) : 0;
        return NULL;
    }
    snprintf(why, sizeof(why), "names %s", name);
    return why;
}

// --- the last jump -----------------------------------------------------------------------------------

static int by_place(const void *a, const void *b)
{
    return ((const StencilHole *)a)->at - ((const StencilHole *)b)->at;
}

// Is the last hole the target of the jump that ends the code, and is it of this kind?
static bool ends_in_jump(const Found *f, HoleKind kind)
{
    const StencilHole *last = &f->holes[f->s.nb_holes - 1];
    return f->s.nb_holes && last->kind == kind && last->addend == 0 && f->s.size >= 5 &&
           last->at == f->s.size - 4 && f->code[f->s.size - 5] == 0xe9;
}

static void drop_last_jump(Found *f)
{
    if (ends_in_jump(f, HOLE_NEXT_REL)) {
        f->s.size -= 5;
        f->s.nb_holes--;
        return;
    }
    // jcc next; jmp jump: the other way round.
    if (f->s.nb_holes >= 2 && ends_in_jump(f, HOLE_JUMP_REL)) {
        StencilHole *jcc = &f->holes[f->s.nb_holes - 2];
        unsigned at = f->s.size - 5;
        if (jcc->kind == HOLE_NEXT_REL && jcc->at == at - 4 && f->code[at - 6] == 0x0f &&
            (f->code[at - 5] & 0xf0) == 0x80) {
            f->code[at - 5] ^= 1;
            jcc->kind = HOLE_JUMP_REL;
            f->s.size -= 5;
            f->s.nb_holes--;
        }
    }
}

// --- functions ---------------------------------------------------------------------------------------

static const char *take(const Object *o, const Elf64_Sym *sym, Found *f)
{
    unsigned section = sym->st_shndx;
    const Elf64_Shdr *s = &o->sections[section], *rel = relocations_of(o, section);
    if (sym->st_value != 0 || sym->st_size != s->sh_size) {
        return "does not have its section to itself";
    }
    if (sym->st_size > MAX_STENCIL) {
        return "too long";
    }
    memcpy(f->code, o->bytes + s->sh_offset, sym->st_size);
    f->s.size = (uint16_t)sym->st_size;
    size_t n = rel ? rel->sh_size / sizeof(Elf64_Rela) : 0;
    if (n > MAX_HOLES) {
        return "too many holes";
    }
    for (size_t i = 0; i < n; i++) {
        const Elf64_Rela *r = (const Elf64_Rela *)(o->bytes + rel->sh_offset) + i;
        const char *why = make_hole(o, r, &f->holes[i]);
        if (why) {
            return why;
        }
        f->s.has_data |= f->holes[i].kind == HOLE_DATA_REL;
    }
    f->s.nb_holes = (uint8_t)n;
    qsort(f->holes, n, sizeof(f->holes[0]), by_place);
    drop_last_jump(f);
    return NULL;
}

static void object_scan(const Object *o)
{
    for (unsigned i = 0; i < o->nb_symbols; i++) {
        const Elf64_Sym *sym = &o->symbols[i];
        const char *name = o->strings + sym->st_name;
        if (ELF64_ST_TYPE(sym->st_info) != STT_FUNC || strncmp(name, "op_", 3)) {
            continue;
        }
        if (nb_found == cap_found) {
            cap_found = cap_found ? cap_found * 2 : 1024;
            found = grow(found, cap_found * sizeof(*found));
        }
        Found *f = &found[nb_found];
        *f = (Found){.name = name + 3};
        const char *why = take(o, sym, f);
        if (why) {
            fprintf(out, "// %s: %s\n", name + 3, why);
        } else {
            nb_found++;
        }
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Found *)a)->name, ((const Found *)b)->name);
}

static void write_bytes(const char *name, const char *attributes, const uint8_t *bytes, size_t n)
{
    fprintf(out, "static const uint8_t %s[]%s = {", name, attributes);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%u,", i % 24 ? "" : "\n", bytes[i]);
    }
    fprintf(out, "\n};\n");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        die("usage: extract OUT OBJECT...");
    }
    out = fopen(argv[1], "w");
    if (!out) {
        die("cannot write '%s'", argv[1]);
    }
    rodata = calloc(1, RODATA_ALIGN);
    fprintf(out, "// Made by tcg/stencils/extract.c.  What is called instead of copied:\n");
    for (int i = 2; i < argc; i++) {
        Object o = object_read(argv[i]);
        object_scan(&o);
    }
    qsort(found, nb_found, sizeof(*found), by_name);

    fprintf(out, "static const uint8_t stencil_code[] = {\n");
    uint32_t at = 0;
    for (unsigned i = 0; i < nb_found; i++) {
        Found *f = &found[i];
        f->s.code = at;
        at += f->s.size;
        for (unsigned b = 0; b < f->s.size; b++) {
            fprintf(out, "%u,", f->code[b]);
        }
        fprintf(out, " // %s\n", f->name);
    }
    fprintf(out, "};\nstatic const StencilHole stencil_holes[] = {\n");
    at = 0;
    for (unsigned i = 0; i < nb_found; i++) {
        Found *f = &found[i];
        f->s.holes = at;
        at += f->s.nb_holes;
        for (unsigned h = 0; h < f->s.nb_holes; h++) {
            const StencilHole *hole = &f->holes[h];
            fprintf(out, "{%u,%u,%u,%d},", hole->at, hole->kind, hole->index, hole->addend);
        }
        fputc('\n', out);
    }
    fprintf(out,
            "{0},\n};\nstatic const char stencil_names[] =\n"); // no pointers: nothing to relocate
    at = 0;
    for (unsigned i = 0; i < nb_found; i++) {
        found[i].s.name = at;
        at += (uint32_t)strlen(found[i].name) + 1;
        fprintf(out, "\"%s\\0\"\n", found[i].name);
    }
    fprintf(out, ";\nstatic const Stencil stencils[] = {\n"); // sorted by name
    for (unsigned i = 0; i < nb_found; i++) {
        const Stencil *s = &found[i].s;
        fprintf(out, "{%u,%u,%u,%u,%u,%u},\n", s->name, s->code, s->holes, s->size, s->nb_holes,
                s->has_data);
    }
    fprintf(out, "};\n");
    write_bytes("stencil_rodata", " __attribute__((aligned(64)))", rodata, nb_rodata);
    fprintf(out, "static void *const stencil_externs[] = {\n");
    for (unsigned i = 0; i < nb_externs; i++) {
        fprintf(out, "(void *)%s,\n", externs[i]);
    }
    fprintf(out, "};\n");
    return fclose(out) ? 1 : 0;
}
