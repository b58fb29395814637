// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// binfmt_misc entries (Documentation/admin-guide/binfmt-misc.rst of Linux), one a guest, `myna-<guest>`.
//
// Their flags are P, so that a program gets the argv[0] that it was started with, and F, so that the kernel
// opens myna once, when it is registered, and finds it in chroots and containers too.  Neither O nor C: the
// first is for files that may not be read, which the loader would have to get by descriptor; the second
// would give set-user-ID programs their rights, and with them whoever controls MYNA_* variables.
#include "binfmt.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process.h"

#define BINFMT_DIR "/proc/sys/fs/binfmt_misc"
#define FLAGS "PF"
#define AT_FLAGS_PRESERVE_ARGV0 1 // linux/binfmts.h

#if defined(__x86_64__)
static bool host_runs(const GuestISA *isa)
{
    return isa->elf_machine == EM_X86_64 || isa->elf_machine == EM_386;
}
#else
static bool host_runs(const GuestISA *isa)
{
    return isa->elf_machine == EM_AARCH64 || isa->elf_machine == EM_ARM;
}
#endif

// --- lines --------------------------------------------------------------------------------------------

// An ELF header's first 20 bytes: executable or shared object, of this machine and class, little-endian;
// who made it (OSABI, behind it padding) does not matter.
static void make_magic(const GuestISA *isa, uint8_t magic[20], uint8_t mask[20])
{
    memset(magic, 0, 20);
    memset(mask, 0, 20);
    memcpy(magic, ELFMAG, SELFMAG);
    magic[EI_CLASS] = isa->elf_class;
    magic[EI_DATA] = ELFDATA2LSB;
    magic[EI_VERSION] = EV_CURRENT;
    memset(mask, 0xff, EI_VERSION + 1);
    magic[16] = ET_EXEC;
    mask[16] = 0xfe; // ET_EXEC is 2, ET_DYN 3
    mask[17] = 0xff;
    magic[18] = (uint8_t)isa->elf_machine;
    magic[19] = (uint8_t)(isa->elf_machine >> 8);
    mask[18] = mask[19] = 0xff;
}

static void put_bytes(GString *s, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 20; i++) {
        g_string_append_printf(s, "\\x%02x", bytes[i]);
    }
}

char *binfmt_line(const GuestABI *abi, const char *interpreter)
{
    uint8_t magic[20], mask[20];
    GString *s = g_string_new(NULL);
    make_magic(abi->isa, magic, mask);
    g_string_printf(s, ":myna-%s:M::", abi->isa->name);
    put_bytes(s, magic);
    g_string_append_c(s, ':');
    put_bytes(s, mask);
    g_string_append_printf(s, ":%s:" FLAGS, interpreter);
    return g_string_free(s, FALSE);
}

static char *own_path(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n <= 0) {
        process_fail(EXIT_CANNOT_RUN, "cannot find out where myna is: %s", g_strerror(errno));
    }
    path[n] = '\0';
    // The kernel's line has fields of one character between and no quotes; 127 is what old ones take.
    if (strchr(path, ':') || n > 127) {
        process_fail(EXIT_CANNOT_RUN, "binfmt_misc cannot name '%s': %s", path,
                     n > 127 ? "more than 127 characters" : "it has a colon");
    }
    return g_strdup(path);
}

// --- the kernel's files -------------------------------------------------------------------------------

static void check_mounted(void)
{
    struct stat st;
    if (stat(BINFMT_DIR "/register", &st) == 0) {
        return;
    }
    if (stat(BINFMT_DIR, &st) < 0) {
        process_fail(EXIT_CANNOT_RUN, "this kernel has no binfmt_misc (is its module loaded?)");
    }
    process_fail(EXIT_CANNOT_RUN, "binfmt_misc is not mounted; as root: "
                                  "mount -t binfmt_misc binfmt_misc " BINFMT_DIR);
}

static void write_file(const char *path, const char *text, const char *what)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    int err = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        bool rights = err == EACCES || err == EPERM;
        process_fail(EXIT_CANNOT_RUN, "cannot %s: %s%s", what, g_strerror(err),
                     rights ? " (it needs root's rights)" : "");
    }
}

static char *entry_path(const GuestABI *abi)
{
    return g_strdup_printf(BINFMT_DIR "/myna-%s", abi->isa->name);
}

static bool is_registered(const GuestABI *abi)
{
    g_autofree char *path = entry_path(abi);
    return access(path, F_OK) == 0;
}

// --- verbs --------------------------------------------------------------------------------------------

static void remove_entry(const GuestABI *abi)
{
    if (is_registered(abi)) {
        g_autofree char *path = entry_path(abi);
        g_autofree char *what = g_strdup_printf("remove the entry for %s", abi->isa->name);
        write_file(path, "-1", what);
    }
}

static void verb_install(const GuestABI *abi)
{
    g_autofree char *self = own_path();
    g_autofree char *line = binfmt_line(abi, self);
    g_autofree char *what = g_strdup_printf("register programs for %s", abi->isa->name);
    check_mounted();
    remove_entry(abi); // an entry cannot be changed
    write_file(BINFMT_DIR "/register", line, what);
    printf("%s: programs are started with %s\n", abi->isa->name, self);
}

static void verb_remove(const GuestABI *abi)
{
    check_mounted();
    bool was = is_registered(abi);
    remove_entry(abi);
    printf("%s: %s\n", abi->isa->name, was ? "removed" : "was not registered");
}

static const char *value_of(char **lines, const char *name)
{
    for (; *lines; lines++) {
        if (g_str_has_prefix(*lines, name)) {
            return *lines + strlen(name);
        }
    }
    return "";
}

static void verb_status(const GuestABI *abi)
{
    check_mounted();
    g_autofree char *path = entry_path(abi);
    g_autofree char *text = NULL;
    g_autofree char *self = own_path();
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        printf("%s: not registered\n", abi->isa->name);
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *interpreter = value_of(lines, "interpreter ");
    g_autofree char *switched = NULL;
    g_file_get_contents(BINFMT_DIR "/status", &switched, NULL, NULL);
    bool on = !strcmp(lines[0], "enabled") && switched && g_str_has_prefix(switched, "enabled");
    printf("%s: %s, with %s%s, flags %s\n", abi->isa->name, on ? "registered" : "switched off",
           interpreter, strcmp(interpreter, self) ? " (another myna than this)" : "",
           value_of(lines, "flags: "));
}

static void verb_print(const GuestABI *abi)
{
    g_autofree char *self = own_path();
    g_autofree char *line = binfmt_line(abi, self);
    puts(line);
}

static const struct {
    const char *name;
    void (*fn)(const GuestABI *abi);
} verbs[] = {
    {"install", verb_install},
    {"remove", verb_remove},
    {"status", verb_status},
    {"print", verb_print},
};

static const GuestABI *find_guest(const char *name)
{
    for (const GuestABI *const *abi = guest_abis; *abi; abi++) {
        if (!strcmp((*abi)->isa->name, name)) {
            if (host_runs((*abi)->isa)) {
                process_fail(EXIT_USAGE,
                             "binfmt: this machine runs programs for %s itself, myna among them",
                             name);
            }
            return *abi;
        }
    }
    process_fail(EXIT_USAGE, "binfmt: there is no guest '%s'", name);
}

int binfmt_command(int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(argv[0], verbs[i].name) != 0) {
            continue;
        }
        for (int n = 1; n < argc; n++) {
            find_guest(argv[n]); // all of them before the first is changed
        }
        for (int n = 1; n < argc; n++) {
            verbs[i].fn(find_guest(argv[n]));
        }
        for (const GuestABI *const *abi = guest_abis; argc == 1 && *abi; abi++) {
            if (!host_runs((*abi)->isa)) {
                verbs[i].fn(*abi);
            }
        }
        return 0;
    }
    process_fail(EXIT_USAGE, "usage: myna binfmt install|remove|status|print [GUEST...]");
}

bool binfmt_started_us(void) { return getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0; }
