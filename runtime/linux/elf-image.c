// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ELF parser.  It trusts nothing: each field is checked before it is used, and what Linux would
// let pass and then fault on (a segment behind the end of the file) is refused in words.  Rules that
// Linux has too are Linux's (fs/binfmt_elf.c); the others are the ELF specification's.
#include "elf-image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(elf_image_error, elf_image_error)

// Linux's limits: program headers fit in 64 KiB, an interpreter's path in PATH_MAX, a `#!` line in 256.
#define PHDRS_MAX_BYTES 65536u
#define INTERP_MAX 4096u
#define SCRIPT_LINE_MAX 256u

#define FAIL(code, ...)                                                                            \
    do {                                                                                           \
        g_set_error(error, ELF_IMAGE_ERROR, code, __VA_ARGS__);                                    \
        return false;                                                                              \
    } while (0)

// A program header of either class.
typedef struct Phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, filesz, memsz, align;
} Phdr;

static bool read_bytes(void *opaque, uint64_t offset, void *buf, size_t len)
{
    const ElfBytes *bytes = opaque;
    if (offset > bytes->len || len > bytes->len - offset) {
        return false;
    }
    memcpy(buf, bytes->data + offset, len);
    return true;
}

ElfSource elf_source_bytes(ElfBytes *bytes)
{
    return (ElfSource){.size = bytes->len, .read_at = read_bytes, .opaque = bytes};
}

static bool read_fd(void *opaque, uint64_t offset, void *buf, size_t len)
{
    const int *fd = opaque;
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t n = pread(*fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

bool elf_source_fd(int *fd, ElfSource *source, GError **error)
{
    struct stat st;
    if (fstat(*fd, &st) < 0) {
        FAIL(errno, "%s", g_strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        FAIL(EISDIR, "is a directory");
    }
    if (!S_ISREG(st.st_mode)) {
        FAIL(EACCES, "is not a regular file");
    }
    *source = (ElfSource){.size = (uint64_t)st.st_size, .read_at = read_fd, .opaque = fd};
    return true;
}

const char *elf_machine_name(uint16_t machine, char *buf, size_t size)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {
        {EM_386, "i386"},        {EM_X86_64, "x86-64"},    {EM_ARM, "ARM"},
        {EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"},     {EM_PPC64, "PowerPC 64"},
        {EM_PPC, "PowerPC"},     {EM_MIPS, "MIPS"},        {EM_S390, "S/390"},
        {EM_SPARC, "SPARC"},     {EM_SPARCV9, "SPARC 64"}, {EM_LOONGARCH, "LoongArch"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].machine == machine) {
            return names[i].name;
        }
    }
    g_snprintf(buf, size, "machine %u", machine);
    return buf;
}

// Reads the header of either class into the 64-bit form.
static bool read_header(const ElfSource *src, Elf64_Ehdr *eh, GError **error)
{
    unsigned char ident[EI_NIDENT];
    if (src->size == 0) {
        FAIL(ENOEXEC, "the file is empty");
    }
    if (src->size < EI_NIDENT || !src->read_at(src->opaque, 0, ident, EI_NIDENT) ||
        memcmp(ident, ELFMAG, SELFMAG) != 0) {
        FAIL(ENOEXEC, "is neither an ELF program nor a script that starts with #!");
    }
    if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) {
        FAIL(ENOEXEC, "the ELF header is damaged: class %u is neither 32-bit (1) nor 64-bit (2)",
             ident[EI_CLASS]);
    }
    if (ident[EI_DATA] == ELFDATA2MSB) {
        FAIL(ENOEXEC, "is a big-endian program; myna runs little-endian ones");
    }
    if (ident[EI_DATA] != ELFDATA2LSB) {
        FAIL(ENOEXEC, "the ELF header is damaged: byte order %u", ident[EI_DATA]);
    }
    if (ident[EI_CLASS] == ELFCLASS64) {
        if (!src->read_at(src->opaque, 0, eh, sizeof(*eh))) {
            FAIL(ENOEXEC, "the file ends inside its ELF header");
        }
        return true;
    }
    Elf32_Ehdr e32;
    if (!src->read_at(src->opaque, 0, &e32, sizeof(e32))) {
        FAIL(ENOEXEC, "the file ends inside its ELF header");
    }
    *eh = (Elf64_Ehdr){
        .e_type = e32.e_type,
        .e_machine = e32.e_machine,
        .e_version = e32.e_version,
        .e_entry = e32.e_entry,
        .e_phoff = e32.e_phoff,
        .e_flags = e32.e_flags,
        .e_ehsize = e32.e_ehsize,
        .e_phentsize = e32.e_phentsize,
        .e_phnum = e32.e_phnum,
    };
    memcpy(eh->e_ident, ident, EI_NIDENT);
    return true;
}

static Phdr get_phdr(const uint8_t *table, unsigned i, bool is64)
{
    if (is64) {
        Elf64_Phdr p;
        memcpy(&p, table + (size_t)i * sizeof(p), sizeof(p));
        return (Phdr){p.p_type, p.p_flags, p.p_offset, p.p_vaddr, p.p_filesz, p.p_memsz, p.p_align};
    }
    Elf32_Phdr p;
    memcpy(&p, table + (size_t)i * sizeof(p), sizeof(p));
    return (Phdr){p.p_type, p.p_flags, p.p_offset, p.p_vaddr, p.p_filesz, p.p_memsz, p.p_align};
}

static bool add_interp(const ElfSource *src, const Phdr *ph, ElfImage *image, GError **error)
{
    if (image->interp) {
        FAIL(ENOEXEC, "the file names two interpreters");
    }
    if (ph->filesz < 2 || ph->filesz > INTERP_MAX) {
        FAIL(ENOEXEC,
             "the interpreter's name has %" G_GUINT64_FORMAT " bytes; 2 to %u are possible",
             ph->filesz, INTERP_MAX);
    }
    char *name = g_malloc(ph->filesz);
    if (!src->read_at(src->opaque, ph->offset, name, ph->filesz)) {
        g_free(name);
        FAIL(ENOEXEC, "the file is truncated: its interpreter's name lies behind the end");
    }
    if (name[ph->filesz - 1] != '\0' || name[0] == '\0') {
        g_free(name);
        FAIL(ENOEXEC, "the interpreter's name is empty or has no end");
    }
    image->interp = name;
    return true;
}

static bool add_segment(const ElfSource *src, const Phdr *ph, unsigned index, uint64_t page,
                        ElfImage *image, GError **error)
{
    uint64_t limit = image->elf_class == ELFCLASS64 ? UINT64_C(1) << 63 : UINT64_C(1) << 32;
    if (ph->memsz == 0) {
        return true; // Linux maps nothing for it
    }
    if (image->nb_segments == ELF_MAX_SEGMENTS) {
        FAIL(ENOEXEC, "the file has more than %u loadable segments", ELF_MAX_SEGMENTS);
    }
    if (ph->filesz > ph->memsz) {
        FAIL(ENOEXEC, "segment %u has more bytes in the file than in memory", index);
    }
    if (ph->vaddr >= limit || ph->memsz > limit - ph->vaddr ||
        limit - ph->vaddr - ph->memsz < page) {
        FAIL(ENOEXEC, "segment %u does not fit in the address space", index);
    }
    if (ph->filesz > 0 && (ph->offset > src->size || ph->filesz > src->size - ph->offset)) {
        FAIL(ENOEXEC,
             "the file is truncated: segment %u needs bytes up to %" G_GUINT64_FORMAT
             ", the file has %" G_GUINT64_FORMAT,
             index, ph->offset + ph->filesz, src->size);
    }
    if (ph->filesz > 0 && ((ph->vaddr - ph->offset) & (page - 1)) != 0) {
        FAIL(ENOEXEC, "segment %u is not aligned to pages in the file as it is in memory", index);
    }
    if (image->nb_segments > 0) {
        const ElfSegment *last = &image->segments[image->nb_segments - 1];
        if (ph->vaddr < last->vaddr + last->memsz) {
            FAIL(ENOEXEC, "segment %u overlaps the one before it, or is out of order", index);
        }
    }
    image->segments[image->nb_segments++] = (ElfSegment){
        .vaddr = ph->vaddr,
        .memsz = ph->memsz,
        .offset = ph->offset,
        .filesz = ph->filesz,
        .prot = (ph->flags & PF_R ? PROT_READ : 0) | (ph->flags & PF_W ? PROT_WRITE : 0) |
                (ph->flags & PF_X ? PROT_EXEC : 0),
    };
    if (ph->align > image->align && (ph->align & (ph->align - 1)) == 0 &&
        ph->align <= UINT64_C(1) << 30) {
        image->align = ph->align;
    }
    return true;
}

static bool parse_phdrs(const ElfSource *src, const Elf64_Ehdr *eh, const uint8_t *table,
                        uint64_t page, ElfImage *image, GError **error)
{
    bool is64 = image->elf_class == ELFCLASS64;
    image->exec_stack = true;
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        Phdr ph = get_phdr(table, i, is64);
        switch (ph.type) {
        case PT_LOAD:
            if (!add_segment(src, &ph, i, page, image, error)) {
                return false;
            }
            break;
        case PT_INTERP:
            if (!add_interp(src, &ph, image, error)) {
                return false;
            }
            break;
        case PT_GNU_STACK: image->exec_stack = (ph.flags & PF_X) != 0; break;
        default: break;
        }
    }
    if (image->nb_segments == 0) {
        FAIL(ENOEXEC, "the file has no loadable segment");
    }
    const ElfSegment *first = &image->segments[0];
    const ElfSegment *last = &image->segments[image->nb_segments - 1];
    image->low = first->vaddr & ~(page - 1);
    image->high = (last->vaddr + last->memsz + page - 1) & ~(page - 1);
    for (unsigned i = 0; i < image->nb_segments; i++) {
        const ElfSegment *seg = &image->segments[i];
        uint64_t bytes = (uint64_t)eh->e_phnum * eh->e_phentsize;
        if (eh->e_phoff >= seg->offset && eh->e_phoff - seg->offset < seg->filesz &&
            bytes <= seg->filesz - (eh->e_phoff - seg->offset)) {
            image->phdr_vaddr = seg->vaddr + (eh->e_phoff - seg->offset);
            break;
        }
    }
    return true;
}

bool elf_image_parse(const ElfSource *src, uint64_t page_size, ElfImage *image, GError **error)
{
    Elf64_Ehdr eh;
    memset(image, 0, sizeof(*image));
    if (!read_header(src, &eh, error)) {
        return false;
    }
    bool is64 = eh.e_ident[EI_CLASS] == ELFCLASS64;
    size_t phentsize = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    image->elf_class = eh.e_ident[EI_CLASS];
    image->machine = eh.e_machine;
    image->e_flags = eh.e_flags;
    image->entry = eh.e_entry;
    image->align = page_size;
    switch (eh.e_type) {
    case ET_EXEC: break;
    case ET_DYN: image->is_pic = true; break;
    case ET_REL: FAIL(ENOEXEC, "is an object file, not a program; link it first");
    case ET_CORE: FAIL(ENOEXEC, "is a core dump, not a program");
    default: FAIL(ENOEXEC, "the ELF header is damaged: type %u", eh.e_type);
    }
    if (eh.e_phentsize != phentsize) {
        FAIL(ENOEXEC, "the ELF header is damaged: program headers of %u bytes, not %zu",
             eh.e_phentsize, phentsize);
    }
    if (eh.e_phnum == 0) {
        FAIL(ENOEXEC, "the file has no program headers");
    }
    size_t bytes = phentsize * eh.e_phnum;
    if (bytes > PHDRS_MAX_BYTES) {
        FAIL(ENOEXEC, "the file has %u program headers; %zu are possible", eh.e_phnum,
             PHDRS_MAX_BYTES / phentsize);
    }
    if (eh.e_phoff > src->size || bytes > src->size - eh.e_phoff) {
        FAIL(ENOEXEC, "the file is truncated: its program headers lie behind the end");
    }
    image->phentsize = eh.e_phentsize;
    image->phnum = eh.e_phnum;

    g_autofree uint8_t *table = g_malloc(bytes);
    if (!src->read_at(src->opaque, eh.e_phoff, table, bytes)) {
        FAIL(EIO, "the program headers cannot be read");
    }
    if (!parse_phdrs(src, &eh, table, page_size, image, error)) {
        elf_image_clear(image);
        return false;
    }
    return true;
}

void elf_image_clear(ElfImage *image)
{
    g_free(image->interp);
    image->interp = NULL;
}

bool elf_script_parse(const ElfSource *src, ElfScript *script, GError **error)
{
    char line[SCRIPT_LINE_MAX + 1];
    size_t len = MIN(src->size, SCRIPT_LINE_MAX);
    *script = (ElfScript){0};
    if (len < 2 || !src->read_at(src->opaque, 0, line, len) || line[0] != '#' || line[1] != '!') {
        return false;
    }
    line[len] = '\0';
    char *end = memchr(line, '\n', len);
    bool whole = end != NULL || src->size <= SCRIPT_LINE_MAX;
    if (!end) {
        end = line + len;
    }
    while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = '\0';
    char *name = line + 2 + strspn(line + 2, " \t");
    char *name_end = name + strcspn(name, " \t");
    if (name == name_end) {
        g_set_error(error, ELF_IMAGE_ERROR, ENOEXEC, "the #! line names no interpreter");
        return true;
    }
    // A cut line is harmless as long as the interpreter's name is whole (Linux since 5.1).
    if (!whole && *name_end == '\0') {
        g_set_error(error, ELF_IMAGE_ERROR, ENOEXEC, "the #! line is longer than %u bytes",
                    SCRIPT_LINE_MAX);
        return true;
    }
    script->interp = g_strndup(name, (gsize)(name_end - name));
    char *arg = name_end + strspn(name_end, " \t");
    if (*arg) {
        script->arg = g_strdup(arg);
    }
    return true;
}

void elf_script_clear(ElfScript *script)
{
    g_free(script->interp);
    g_free(script->arg);
    *script = (ElfScript){0};
}
