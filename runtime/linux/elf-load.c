// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds and maps programs.  The parser (elf-image.c) has checked the file; what can still go wrong
// here is the address space and the file changing under us.
#include "elf-load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"
#include "runtime/event-internal.h"
#include "runtime/guest-memory.h"

#define MAX_SCRIPTS 4

#define FAIL(code, ...)                                                                            \
    do {                                                                                           \
        g_set_error(error, ELF_IMAGE_ERROR, code, __VA_ARGS__);                                    \
        return false;                                                                              \
    } while (0)

const GuestABI *const guest_abis[] = {&guest_abi_x86_64, &guest_abi_aarch64, NULL};

const GuestABI *guest_abi_find(uint16_t machine, uint8_t elf_class)
{
    for (const GuestABI *const *abi = guest_abis; *abi; abi++) {
        if ((*abi)->isa->elf_machine == machine && (*abi)->isa->elf_class == elf_class) {
            return *abi;
        }
    }
    return NULL;
}

// "x86-64, AArch64"
static char *known_machines(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    char name[32];
    for (const GuestABI *const *abi = guest_abis; *abi; abi++) {
        g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                               elf_machine_name((*abi)->isa->elf_machine, name, sizeof(name)));
    }
    return g_strdup(names->str);
}

// --- opening ------------------------------------------------------------------------------------
static void prefix_path(GError **error, const char *path)
{
    if (error && *error) {
        g_prefix_error(error, "%s: ", path);
    }
}

// Opens what is to be mapped.  Nothing but a regular file is opened at all: a FIFO would wait for its writer, a
// socket gives ENXIO, and Linux says EACCES of both.  A directory is left to elf_source_fd.  On failure errno, and words.
static int open_image(const char *path, const char **why)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        errno = EACCES;
        *why = "is not a regular file";
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *why = fd < 0 ? g_strerror(errno) : NULL;
    return fd;
}

// Opens a file that is to be executed; the error has its name already.
static int open_executable(const char *path, ElfSource *source, int *fd_place, GError **error)
{
    const char *why;
    int fd = open_image(path, &why);
    if (fd < 0) {
        g_set_error(error, ELF_IMAGE_ERROR, errno, "%s: %s", path, why);
        return -1;
    }
    *fd_place = fd;
    if (!elf_source_fd(fd_place, source, error)) {
        prefix_path(error, path);
    } else if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
        g_set_error(error, ELF_IMAGE_ERROR, EACCES,
                    "%s: is not executable (chmod +x would make it so)", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static bool take_elf(Program *program, const ElfSource *source, GError **error)
{
    char name[32];
    if (!elf_image_parse(source, GUEST_PAGE_SIZE, &program->image, error)) {
        return false;
    }
    program->abi = guest_abi_find(program->image.machine, program->image.elf_class);
    if (program->abi) {
        return true;
    }
    g_autofree char *known = known_machines();
    g_set_error(error, ELF_IMAGE_ERROR, ENOEXEC, "is a program for %s%s; this myna runs %s",
                elf_machine_name(program->image.machine, name, sizeof(name)),
                program->image.elf_class == ELFCLASS32 ? " (32-bit)" : "", known);
    elf_image_clear(&program->image);
    return false;
}

// argv becomes "interp [arg] script args..."; the script's own argv[0] goes.
static void push_script(GPtrArray *argv, const ElfScript *script, const char *path)
{
    if (argv->len > 0) {
        g_free(argv->pdata[0]);
        argv->pdata[0] = g_strdup(path);
    } else {
        g_ptr_array_add(argv, g_strdup(path));
    }
    if (script->arg) {
        g_ptr_array_insert(argv, 0, g_strdup(script->arg));
    }
    g_ptr_array_insert(argv, 0, g_strdup(script->interp));
}

bool program_open(const char *path, char *const *argv, Program *program, GError **error)
{
    memset(program, 0, sizeof(*program));
    program->fd = -1;
    program->path = g_strdup(path);
    program->exec_path = g_strdup(path);
    // No free function: push_script shuffles the strings by hand.
    program->argv = g_ptr_array_new();
    for (int i = 0; argv[i]; i++) {
        g_ptr_array_add(program->argv, g_strdup(argv[i]));
    }
    for (int depth = 0; depth <= MAX_SCRIPTS; depth++) {
        ElfSource source;
        ElfScript script;
        GError *script_error = NULL;
        // The interpreter of a script is a program of the guest's: -L holds for it too.
        g_autofree char *host_path = depth ? path_in_prefix(program->path)
                                           : g_strdup(program->path);
        if (open_executable(host_path, &source, &program->fd, error) < 0) {
            program->fd = -1;
            if (depth) {
                g_prefix_error(error, "%s: needs the interpreter ", path);
            }
            program_close(program);
            return false;
        }
        if (!elf_script_parse(&source, &script, &script_error)) {
            if (take_elf(program, &source, error)) {
                return true;
            }
            prefix_path(error, program->path);
            program_close(program);
            return false;
        }
        if (script_error) {
            g_propagate_prefixed_error(error, script_error, "%s: ", program->path);
            program_close(program);
            return false;
        }
        push_script(program->argv, &script, program->path);
        close(program->fd);
        program->fd = -1;
        g_free(program->path);
        program->path = g_strdup(script.interp);
        elf_script_clear(&script);
    }
    g_set_error(error, ELF_IMAGE_ERROR, ELOOP, "%s: more than %d #! lines lead to one another",
                path, MAX_SCRIPTS);
    program_close(program);
    return false;
}

void program_close(Program *program)
{
    if (program->fd >= 0) {
        close(program->fd);
    }
    g_free(program->path);
    g_free(program->exec_path);
    if (program->argv) {
        g_ptr_array_set_free_func(program->argv, g_free);
        g_ptr_array_unref(program->argv);
    }
    elf_image_clear(&program->image);
    memset(program, 0, sizeof(*program));
    program->fd = -1;
}

// --- mapping ------------------------------------------------------------------------------------
static uint64_t page_down(uint64_t addr) { return addr & GUEST_PAGE_MASK; }
static uint64_t page_up(uint64_t addr) { return page_down(addr + GUEST_PAGE_SIZE - 1); }

static bool map_at(uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t offset,
                   GError **error)
{
    int64_t result = guest_mmap(addr, len, prot, flags | MAP_PRIVATE | MAP_FIXED, fd, offset);
    if (result < 0) {
        FAIL(result == -ENOMEM ? ENOMEM : ENOEXEC,
             "cannot map 0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER "x: %s", len,
             addr, g_strerror((int)-result));
    }
    return true;
}

// The part of the last file page behind the segment's bytes is zero; it may be in a page that the
// guest may not write.
static bool zero_tail(uint64_t start, uint64_t end, int prot, GError **error)
{
    static const uint8_t zeros[4096];
    if (start == end) {
        return true;
    }
    uint64_t page = page_down(start);
    bool lift = !(prot & PROT_WRITE);
    if (lift && guest_mprotect(page, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE) < 0) {
        FAIL(ENOMEM, "cannot write to the page at 0x%" G_GINT64_MODIFIER "x", page);
    }
    bool ok = guest_write(start, zeros, end - start);
    if (lift) {
        guest_mprotect(page, GUEST_PAGE_SIZE, prot);
    }
    if (!ok) {
        FAIL(EIO, "the file was cut while it was being loaded");
    }
    return true;
}

static bool map_segment(const ElfSegment *seg, uint64_t bias, int fd, GError **error)
{
    uint64_t start = bias + seg->vaddr;
    uint64_t file_end = start + seg->filesz;
    uint64_t end = start + seg->memsz;
    uint64_t mapped = page_down(start);
    if (seg->filesz > 0) {
        uint64_t len = page_up(file_end) - mapped;
        if (!map_at(mapped, len, seg->prot, 0, fd, page_down(seg->offset), error)) {
            return false;
        }
        mapped += len;
        if (end > file_end && !zero_tail(file_end, MIN(mapped, page_up(end)), seg->prot, error)) {
            return false;
        }
    }
    if (page_up(end) > mapped) {
        return map_at(mapped, page_up(end) - mapped, seg->prot, MAP_ANONYMOUS, -1, 0, error);
    }
    return true;
}

// Takes the whole span at once, so that nothing else comes between the segments; gives where it begins.
static bool reserve(const ElfImage *image, uint64_t hint, uint64_t *base, GError **error)
{
    uint64_t span = image->high - image->low;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (!image->is_pic) {
        int64_t at = guest_mmap(image->low, span, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
        if (at != (int64_t)image->low) {
            FAIL(ENOMEM,
                 "needs the addresses 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
                 "x, which cannot be had: %s",
                 image->low, image->high, g_strerror(at < 0 ? (int)-at : EEXIST));
        }
        *base = image->low;
        return true;
    }
    uint64_t slack = image->align - GUEST_PAGE_SIZE;
    if (span > UINT64_MAX / 4 || hint % image->align != 0) {
        hint = 0;
    }
    int64_t at = guest_mmap(hint, span + slack, PROT_NONE, flags, -1, 0);
    if (at < 0) {
        FAIL(ENOMEM, "cannot have 0x%" G_GINT64_MODIFIER "x bytes of address space: %s",
             span + slack, g_strerror((int)-at));
    }
    *base = ((uint64_t)at + slack) & ~(image->align - 1);
    if (*base > (uint64_t)at) {
        guest_munmap((uint64_t)at, *base - (uint64_t)at);
    }
    uint64_t end = (uint64_t)at + span + slack;
    if (end > *base + span) {
        guest_munmap(*base + span, end - *base - span);
    }
    return true;
}

// Maps an image; *bias is what is added to its addresses.
static bool map_image(const ElfImage *image, int fd, uint64_t hint, uint64_t *bias, GError **error)
{
    uint64_t base;
    if (!reserve(image, hint, &base, error)) {
        return false;
    }
    *bias = base - image->low;
    for (unsigned i = 0; i < image->nb_segments; i++) {
        const ElfSegment *seg = &image->segments[i];
        if (i > 0) {
            const ElfSegment *last = &image->segments[i - 1];
            uint64_t gap = page_up(*bias + last->vaddr + last->memsz);
            uint64_t gap_end = page_down(*bias + seg->vaddr);
            if (gap_end > gap) {
                guest_munmap(gap, gap_end - gap);
            }
        }
        if (!map_segment(seg, *bias, fd, error)) {
            return false;
        }
    }
    return true;
}

// The interpreter must be for the same machine, and need none itself.
// The program's own code, for those who instrument it: from the first executable segment to the last.
static void tell_program(const Program *program, uint64_t bias)
{
    const ElfImage *image = &program->image;
    uint64_t start = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < image->nb_segments; i++) {
        const ElfSegment *seg = &image->segments[i];
        if (seg->prot & PROT_EXEC) {
            start = MIN(start, bias + seg->vaddr);
            end = MAX(end, bias + seg->vaddr + seg->memsz);
        }
    }
    event_set_program(program->path, start, end, bias + image->entry);
}

static bool load_interp(const Program *program, uint64_t *base, uint64_t *entry, GError **error)
{
    g_autofree char *path = path_in_prefix(program->image.interp);
    ElfSource source;
    g_autofree ElfImage *image = g_new(ElfImage, 1);
    char name[32];
    const char *why;
    int fd = open_image(path, &why);
    if (fd < 0) {
        FAIL(errno, "%s: needs the interpreter %s: %s%s", program->path, path, why,
             errno == ENOENT ? " (-L tells where the guest's libraries are)" : "");
    }
    bool ok = elf_source_fd(&fd, &source, error) &&
              elf_image_parse(&source, GUEST_PAGE_SIZE, image, error);
    if (ok && (image->machine != program->image.machine ||
               image->elf_class != program->image.elf_class)) {
        g_set_error(error, ELF_IMAGE_ERROR, ELIBBAD, "is for %s, the program is not",
                    elf_machine_name(image->machine, name, sizeof(name)));
        elf_image_clear(image);
        ok = false;
    }
    if (!ok) {
        close(fd);
        g_prefix_error(error, "%s: its interpreter %s: ", program->path, path);
        return false;
    }
    ok = map_image(image, fd, 0, base, error);
    *entry = *base + image->entry;
    *base += image->low;
    elf_image_clear(image);
    close(fd);
    if (!ok) {
        g_prefix_error(error, "%s: its interpreter %s: ", program->path, path);
    }
    return ok;
}

// The page with the ABI's own code.
static bool map_sigpage(const GuestABI *abi, uint64_t *addr, GError **error)
{
    *addr = 0;
    if (!abi->sigpage) {
        return true;
    }
    int64_t at = guest_mmap(0, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            -1, 0);
    if (at < 0 || !guest_write((uint64_t)at, abi->sigpage, abi->sigpage_size) ||
        guest_mprotect((uint64_t)at, GUEST_PAGE_SIZE, PROT_READ | PROT_EXEC) < 0) {
        FAIL(ENOMEM, "cannot have a page for the signal trampoline");
    }
    *addr = (uint64_t)at;
    guest_memory_set_name(*addr, *addr + GUEST_PAGE_SIZE, "[sigpage]");
    return true;
}

bool program_load(const Program *program, CPUState *cs, char *const *envp, uint64_t stack_size,
                  LoadedProgram *loaded, GError **error)
{
    const ElfImage *image = &program->image;
    const GuestABI *abi = program->abi;
    uint64_t bias;
    if (image->high > abi->task_size || (!image->is_pic && image->low < abi->mmap_low)) {
        FAIL(ENOEXEC,
             "%s: is linked for the addresses 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
             "x, which no program may have",
             program->path, image->low, image->high);
    }
    guest_stack_reserve(stack_size);
    if (!map_image(image, program->fd, abi->pie_base, &bias, error)) {
        prefix_path(error, program->path);
        return false;
    }
    const ElfSegment *last = &image->segments[image->nb_segments - 1];
    guest_brk_init(page_up(bias + last->vaddr + last->memsz));

    StackInfo info = {
        .abi = abi,
        .cs = cs,
        .argv = program->argv,
        .envp = envp,
        .exec_path = program->exec_path,
        .phdr = image->phdr_vaddr ? bias + image->phdr_vaddr : 0,
        .phent = image->phentsize,
        .phnum = image->phnum,
        .entry = bias + image->entry,
        .size = stack_size,
        .executable = image->exec_stack,
    };
    loaded->entry = info.entry;
    tell_program(program, bias);
    if (image->interp && !load_interp(program, &info.interp_base, &loaded->entry, error)) {
        return false;
    }
    loaded->auxv = g_byte_array_new();
    if (!stack_build(&info, &loaded->sp, &loaded->strings, loaded->auxv, error) ||
        !map_sigpage(abi, &loaded->sigpage, error)) {
        prefix_path(error, program->path);
        g_byte_array_unref(loaded->auxv);
        return false;
    }
    return true;
}
