// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From high to low, as Linux has it (fs/exec.c, fs/binfmt_elf.c):
//
//   end of stack, one NULL pointer
//   the program's name, the environment's strings, the arguments' strings
//   platform string, 16 random bytes
//   auxiliary vector, NULL, environment pointers, NULL, argument pointers, argument count  <- sp
#include "elf-stack.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "elf-image.h"
#include "runtime/guest-memory.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define STACK_MIN_SIZE (UINT64_C(64) << 10)

// Bytes that go to the stack, from the top down.
typedef struct Writer {
    uint64_t sp, low;
    unsigned word; // bytes of a pointer
    bool full;
} Writer;

static void push_bytes(Writer *w, const void *data, size_t len)
{
    if (w->full || w->sp - w->low < len || !guest_write(w->sp - len, data, len)) {
        w->full = true;
        return;
    }
    w->sp -= len;
}

static uint64_t push_string(Writer *w, const char *text)
{
    push_bytes(w, text, strlen(text) + 1);
    return w->sp;
}

static void put_word(GByteArray *block, unsigned word, uint64_t value)
{
    g_byte_array_append(block, (const uint8_t *)&value, word); // little-endian guests
}

static void put_auxv(const StackInfo *info, uint64_t platform, uint64_t random, uint64_t execfn,
                     GByteArray *out)
{
    const GuestABI *abi = info->abi;
    const struct {
        uint64_t type, value;
    } rows[] = {
        {AT_MINSIGSTKSZ, abi->min_sigstack},
        {AT_HWCAP, abi->hwcap(info->cs)},
        {AT_PAGESZ, GUEST_PAGE_SIZE},
        {AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK)},
        {AT_PHDR, info->phdr},
        {AT_PHENT, info->phent},
        {AT_PHNUM, info->phdr ? info->phnum : 0},
        {AT_BASE, info->interp_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, info->entry},
        {AT_UID, getuid()},
        {AT_EUID, geteuid()},
        {AT_GID, getgid()},
        {AT_EGID, getegid()},
        // Set-user-ID bits have no effect on a guest, so nothing it loads is to be trusted less.
        {AT_SECURE, getauxval(AT_SECURE)},
        {AT_RANDOM, random},
        {AT_HWCAP2, abi->hwcap2(info->cs)},
        {AT_EXECFN, execfn},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    unsigned word = abi->isa->pointer_bits / 8;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        put_word(out, word, rows[i].type);
        put_word(out, word, rows[i].value);
    }
}

static bool map_stack(const StackInfo *info, uint64_t *low, uint64_t *top, GError **error)
{
    uint64_t size = MAX(info->size, STACK_MIN_SIZE);
    int prot = PROT_READ | PROT_WRITE | (info->executable ? PROT_EXEC : 0);
    int64_t at = size < info->abi->task_size ? guest_stack_map(size, prot, top) : -ENOMEM;
    if (at < 0) {
        g_set_error(error, ELF_IMAGE_ERROR, ENOMEM,
                    "cannot have a stack of 0x%" G_GINT64_MODIFIER "x bytes (-s sets its size): %s",
                    size, g_strerror((int)-at));
        return false;
    }
    *low = (uint64_t)at;
    guest_memory_set_name(*low, *top, "[stack]");
    return true;
}

bool stack_build(const StackInfo *info, uint64_t *sp, StackStrings *strings, GByteArray *auxv,
                 GError **error)
{
    unsigned word = info->abi->isa->pointer_bits / 8;
    uint64_t low, top, zero = 0;
    uint8_t random[16];
    if (!map_stack(info, &low, &top, error)) {
        return false;
    }
    Writer w = {.sp = top, .low = low, .word = word};
    push_bytes(&w, &zero, word);
    uint64_t execfn = push_string(&w, info->exec_path);
    strings->end = w.sp;

    // Strings in order, their addresses into the vectors.
    guint envc = g_strv_length((char **)info->envp);
    g_autofree uint64_t *env = g_new(uint64_t, envc + 1);
    for (guint i = envc; i-- > 0;) {
        env[i] = push_string(&w, info->envp[i]);
    }
    strings->env = w.sp;
    guint argc = info->argv->len;
    g_autofree uint64_t *arg = g_new(uint64_t, argc + 1);
    for (guint i = argc; i-- > 0;) {
        arg[i] = push_string(&w, info->argv->pdata[i]);
    }
    strings->args = w.sp;
    w.sp &= ~UINT64_C(15);
    uint64_t platform = push_string(&w, info->abi->platform);
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        memset(random, 0x5a, sizeof(random));
    }
    push_bytes(&w, random, sizeof(random));
    uint64_t random_at = w.sp;

    put_auxv(info, platform, random_at, execfn, auxv);
    g_autoptr(GByteArray) block = g_byte_array_new();
    put_word(block, word, argc);
    for (guint i = 0; i < argc; i++) {
        put_word(block, word, arg[i]);
    }
    put_word(block, word, 0);
    for (guint i = 0; i < envc; i++) {
        put_word(block, word, env[i]);
    }
    put_word(block, word, 0);
    g_byte_array_append(block, auxv->data, auxv->len);
    w.sp &= ~UINT64_C(15);
    // The stack pointer is a multiple of 16.
    uint64_t rest = block->len % 16;
    w.sp -= rest ? 16 - rest : 0;
    if (!w.full && w.sp - w.low > block->len + STACK_MIN_SIZE / 2) {
        push_bytes(&w, block->data, block->len);
    } else {
        w.full = true;
    }
    if (w.full) {
        g_set_error(error, ELF_IMAGE_ERROR, E2BIG,
                    "the arguments and the environment do not fit on the stack (-s sets its size)");
        return false;
    }
    *sp = w.sp;
    return true;
}
