// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_linux
//
// The ELF parser on good, damaged and lying files.  A row changes one field of a good file and names
// the words that the error must hold.
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "runtime/linux/elf-image.h"

#define PAGE 4096u
enum { FILE_SIZE = 3 * PAGE, INTERP_AT = 0x200, NB_PHDRS = 4 };

typedef struct GoodFile {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[NB_PHDRS]; // 0 text, 1 data, 2 interpreter, 3 stack
    uint8_t rest[FILE_SIZE - sizeof(Elf64_Ehdr) - NB_PHDRS * sizeof(Elf64_Phdr)];
} GoodFile;
_Static_assert(sizeof(GoodFile) == FILE_SIZE, "rows use offsets of this structure");

static void good_file(GoodFile *f)
{
    memset(f, 0, sizeof(*f));
    memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
    f->eh.e_ident[EI_CLASS] = ELFCLASS64;
    f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    f->eh.e_ident[EI_VERSION] = EV_CURRENT;
    f->eh.e_type = ET_EXEC;
    f->eh.e_machine = EM_X86_64;
    f->eh.e_entry = 0x400100;
    f->eh.e_phoff = offsetof(GoodFile, ph);
    f->eh.e_phentsize = sizeof(Elf64_Phdr);
    f->eh.e_phnum = NB_PHDRS;
    f->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                            .p_flags = PF_R | PF_X,
                            .p_vaddr = 0x400000,
                            .p_filesz = 0x1000,
                            .p_memsz = 0x1000,
                            .p_align = PAGE};
    f->ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                            .p_flags = PF_R | PF_W,
                            .p_vaddr = 0x402010,
                            .p_offset = 0x1010,
                            .p_filesz = 0x100,
                            .p_memsz = 0x3000,
                            .p_align = PAGE};
    f->ph[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = INTERP_AT, .p_filesz = 10};
    f->ph[3] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    memcpy((char *)f + INTERP_AT, "/lib/ld.so", 10);
    ((char *)f)[INTERP_AT + 9] = '\0';
}

static bool parse(const void *data, size_t len, ElfImage *image, GError **error)
{
    // A copy of the exact length, so that AddressSanitizer sees a read behind the end.
    uint8_t *copy = g_memdup2(data, len);
    ElfBytes bytes = {copy, len};
    ElfSource source = elf_source_bytes(&bytes);
    bool ok = elf_image_parse(&source, PAGE, image, error);
    g_free(copy);
    return ok;
}

static void good_file_is_read(void **state)
{
    (void)state;
    GoodFile f;
    ElfImage image;
    GError *error = NULL;
    good_file(&f);
    assert_true(parse(&f, sizeof(f), &image, &error));
    assert_null(error);
    assert_int_equal(image.machine, EM_X86_64);
    assert_false(image.is_pic);
    assert_int_equal(image.nb_segments, 2);
    assert_int_equal(image.low, 0x400000);
    assert_int_equal(image.high, 0x406000);
    assert_int_equal(image.entry, 0x400100);
    assert_int_equal(image.phdr_vaddr, 0x400000 + offsetof(GoodFile, ph));
    assert_int_equal(image.segments[1].prot, PROT_READ | PROT_WRITE);
    assert_string_equal(image.interp, "/lib/ld.s");
    assert_false(image.exec_stack);
    elf_image_clear(&image);
}

typedef struct BadRow {
    const char *name;
    size_t offset, size;
    uint64_t value;
    const char *words;
} BadRow;

#define FIELD(path) offsetof(GoodFile, path), sizeof(((GoodFile *)0)->path)

static const BadRow bad_rows[] = {
    {"magic", FIELD(eh.e_ident[0]), 0x7e, "neither an ELF program nor a script"},
    {"class 0", FIELD(eh.e_ident[EI_CLASS]), 0, "class 0"},
    {"class 3", FIELD(eh.e_ident[EI_CLASS]), 3, "class 3"},
    {"class lies: 32-bit", FIELD(eh.e_ident[EI_CLASS]), ELFCLASS32, "program headers"},
    {"big endian", FIELD(eh.e_ident[EI_DATA]), ELFDATA2MSB, "big-endian"},
    {"byte order 7", FIELD(eh.e_ident[EI_DATA]), 7, "byte order 7"},
    {"object file", FIELD(eh.e_type), ET_REL, "object file"},
    {"core dump", FIELD(eh.e_type), ET_CORE, "core dump"},
    {"type 77", FIELD(eh.e_type), 77, "type 77"},
    {"phentsize", FIELD(eh.e_phentsize), 32, "program headers of 32 bytes"},
    {"no phdrs", FIELD(eh.e_phnum), 0, "no program headers"},
    {"too many phdrs", FIELD(eh.e_phnum), 65535, "65535 program headers"},
    {"more phdrs than file", FIELD(eh.e_phnum), 1000, "truncated"},
    {"phoff behind end", FIELD(eh.e_phoff), FILE_SIZE, "truncated"},
    {"phoff wraps", FIELD(eh.e_phoff), UINT64_MAX - 8, "truncated"},
    {"filesz > memsz", FIELD(ph[0].p_filesz), 0x1001, "more bytes in the file than in memory"},
    {"offset behind end", FIELD(ph[0].p_offset), 0x10000, "truncated"},
    {"offset wraps", FIELD(ph[0].p_offset), UINT64_MAX - 0xfff, "truncated"},
    {"memsz wraps", FIELD(ph[1].p_memsz), UINT64_MAX, "does not fit"},
    {"vaddr in kernel half", FIELD(ph[1].p_vaddr), UINT64_MAX - 0xfef, "does not fit"},
    {"misaligned", FIELD(ph[1].p_vaddr), 0x402000, "not aligned"},
    {"overlap", FIELD(ph[0].p_memsz), 0x3000, "overlaps"},
    {"out of order", FIELD(ph[1].p_vaddr), 0x300010, "out of order"},
    {"interp empty", FIELD(ph[2].p_filesz), 0, "interpreter's name"},
    {"interp too long", FIELD(ph[2].p_filesz), 5000, "interpreter's name"},
    {"interp without end", FIELD(ph[2].p_filesz), 9, "has no end"},
    {"interp behind end", FIELD(ph[2].p_offset), FILE_SIZE - 1, "truncated"},
    {"two interps", FIELD(ph[3].p_type), PT_INTERP, "two interpreters"},
};

static void bad_fields_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad_rows); i++) {
        const BadRow *row = &bad_rows[i];
        GoodFile f;
        ElfImage image;
        GError *error = NULL;
        good_file(&f);
        memcpy((char *)&f + row->offset, &row->value, row->size);
        if (parse(&f, sizeof(f), &image, &error)) {
            fail_msg("%s: was taken for a good file", row->name);
        }
        if (!strstr(error->message, row->words) || strchr(error->message, '\n')) {
            fail_msg("%s: the error is \"%s\", without \"%s\"", row->name, error->message,
                     row->words);
        }
        g_clear_error(&error);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    GoodFile f;
    good_file(&f);
    // The last byte that a segment needs is the data segment's.
    size_t needed = 0x1010 + 0x100;
    for (size_t len = 0; len <= sizeof(f); len += len < 1024 ? 1 : 64) {
        ElfImage image;
        GError *error = NULL;
        bool ok = parse(&f, len, &image, &error);
        if (ok != (len >= needed)) {
            fail_msg("%zu bytes: %s", len, ok ? "was taken" : error->message);
        }
        if (ok) {
            elf_image_clear(&image);
        }
        g_clear_error(&error);
    }
}

typedef struct ScriptRow {
    const char *text, *interp, *arg, *words;
} ScriptRow;

static const ScriptRow script_rows[] = {
    {"#!/bin/sh\necho\n", "/bin/sh", NULL, NULL},
    {"#! /bin/sh -e\n", "/bin/sh", "-e", NULL},
    {"#!\t/usr/bin/env  python3 -u  \n", "/usr/bin/env", "python3 -u", NULL},
    {"#!/bin/sh", "/bin/sh", NULL, NULL},
    {"#!\n", NULL, NULL, "names no interpreter"},
    {"#!   \t\n", NULL, NULL, "names no interpreter"},
};

static void script_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(script_rows); i++) {
        const ScriptRow *row = &script_rows[i];
        ElfBytes bytes = {(const uint8_t *)row->text, strlen(row->text)};
        ElfSource source = elf_source_bytes(&bytes);
        ElfScript script;
        GError *error = NULL;
        assert_true(elf_script_parse(&source, &script, &error));
        if (row->words) {
            assert_non_null(error);
            assert_non_null(strstr(error->message, row->words));
            g_clear_error(&error);
            continue;
        }
        assert_null(error);
        assert_string_equal(script.interp, row->interp);
        if (row->arg) {
            assert_string_equal(script.arg, row->arg);
        } else {
            assert_null(script.arg);
        }
        elf_script_clear(&script);
    }
}

static void overlong_script_line(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'a', sizeof(text));
    memcpy(text, "#!/", 3);
    ElfBytes bytes = {(const uint8_t *)text, sizeof(text)};
    ElfSource source = elf_source_bytes(&bytes);
    ElfScript script;
    GError *error = NULL;
    assert_true(elf_script_parse(&source, &script, &error));
    assert_non_null(error);
    assert_non_null(strstr(error->message, "longer than"));
    g_clear_error(&error);

    // The name is whole and only the argument is cut: that runs.
    memcpy(text, "#!/bin/sh ", 10);
    assert_true(elf_script_parse(&source, &script, &error));
    assert_null(error);
    assert_string_equal(script.interp, "/bin/sh");
    elf_script_clear(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_is_read),           cmocka_unit_test(bad_fields_are_named),
        cmocka_unit_test(every_truncation_is_refused), cmocka_unit_test(script_lines),
        cmocka_unit_test(overlong_script_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
