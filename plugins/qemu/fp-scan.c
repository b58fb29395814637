// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does a plugin's code do floating point?  While guest code runs, the host's FP unit is the guest's: its rounding, its
// exception flags.  A callback that computes must find the host's own there and must not leave flags behind, and
// to see to that costs more than the callback itself.  Most callbacks never touch a floating-point value; who follows
// their instructions once, when they are registered, knows.
//
// Followed is what the callback reaches inside its plugin, through its PLT into myna's own functions, which compute
// nothing in floating point, and into some of the C library's and GLib's.  A jump or call to an address that is not
// in the code, or to any other function, is taken for floating point.  Moves and logic on vector registers raise
// nothing and round nothing.

#include <dlfcn.h>
#include <string.h>

#include "qemu-face.h"

#if defined(__x86_64__)
#include <Zydis/Zydis.h>

// Functions of other libraries that callbacks use and that have no floating point.
static const char *const harmless[] = {
    "g_mutex_lock",
    "g_mutex_unlock",
    "g_rw_lock_reader_lock",
    "g_rw_lock_reader_unlock",
    "g_rw_lock_writer_lock",
    "g_rw_lock_writer_unlock",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "strcmp",
    "strlen",
    "abort",
    "__stack_chk_fail",
    "g_assertion_message",
    "g_assertion_message_expr",
    "g_assertion_message_cmpnum",
    "__assert_fail",
    "pthread_mutex_trylock",
    "pthread_spin_lock",
    "pthread_spin_unlock",
    "pthread_self",
    "pthread_getspecific",
    "g_mutex_trylock",
    "g_private_get",
    "memchr",
    "strchr",
    "strncmp",
    "malloc",
    "calloc",
    "realloc",
    "free",
    "fputs",
    "fputc",
    "fwrite",
    "write",
    "g_array_append_vals",
    "g_array_set_size",
    "g_ptr_array_add",
    "g_ptr_array_set_size",
    "g_string_append",
    "g_string_append_c",
    "g_string_append_len",
    "g_string_insert_c",
    "g_string_truncate",
    "g_strdup",
    "g_str_equal",
    "g_str_hash",
    "g_direct_hash",
    "g_direct_equal",
    "g_int64_hash",
    "g_int64_equal",
    "g_realloc",
    "g_get_monotonic_time",
    "g_byte_array_append",
    "g_byte_array_new",
    "g_byte_array_set_size",
    "g_byte_array_free",
    "g_byte_array_unref",
    "g_free",
    "g_malloc",
    "g_malloc0",
};

static bool is_fp(const ZydisDecodedInstruction *insn)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_X87_ALU:
    case ZYDIS_CATEGORY_CONVERT:
    case ZYDIS_CATEGORY_VFMA:
    case ZYDIS_CATEGORY_SSE:
    case ZYDIS_CATEGORY_AVX: return true;
    default: break;
    }
    switch (insn->mnemonic) { // loads of one number: it is for something
    case ZYDIS_MNEMONIC_MOVSS:
    case ZYDIS_MNEMONIC_MOVSD:
        return insn->meta.isa_ext == ZYDIS_ISA_EXT_SSE || insn->meta.isa_ext == ZYDIS_ISA_EXT_SSE2;
    case ZYDIS_MNEMONIC_VMOVSS:
    case ZYDIS_MNEMONIC_VMOVSD:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR: return true;
    default: return false;
    }
}

static bool is_harmless(const void *function)
{
    static GHashTable *known; // addresses
    static gsize made;
    Dl_info its, ours;
    if (g_once_init_enter(&made)) {
        known = g_hash_table_new(NULL, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(harmless); i++) {
            void *at = dlsym(RTLD_DEFAULT, harmless[i]);
            if (at) {
                g_hash_table_add(known, at);
            }
        }
        g_once_init_leave(&made, 1);
    }
    return g_hash_table_contains(known, function) ||
           (dladdr(function, &its) && dladdr((const void *)&is_harmless, &ours) &&
            its.dli_fbase == ours.dli_fbase);
}

// A walk over a callback's code.
typedef struct Walk {
    uintptr_t start, end; // of the plugin's code
    GHashTable *seen;     // instructions
    GArray *todo;         // uintptr_t: where to go on
} Walk;

// False when what is there cannot be followed, or is another function that may compute.
static bool go_to(Walk *w, uintptr_t at)
{
    if (at < w->start || at >= w->end) {
        return is_harmless((const void *)at);
    }
    g_array_append_val(w->todo, at);
    return true;
}

// A jump or call: the place is in the instruction, or in a word that the dynamic linker has filled.
static bool follow(Walk *w, uintptr_t at, const ZydisDecodedInstruction *insn,
                   const ZydisDecodedOperand *op)
{
    ZyanU64 target;
    if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op->imm.is_relative) {
        return ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(insn, op, at, &target)) && go_to(w, target);
    }
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.base == ZYDIS_REGISTER_RIP &&
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(insn, op, at, &target))) {
        return go_to(w, *(const uintptr_t *)(uintptr_t)target);
    }
    return false;
}

// Follows straight code from `at`.
static bool walk_from(Walk *w, const ZydisDecoder *decoder, uintptr_t at)
{
    enum { MOST = 20000 };
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    while (at >= w->start && at < w->end && g_hash_table_add(w->seen, (gpointer)at)) {
        if (g_hash_table_size(w->seen) > MOST ||
            !ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(decoder, (const void *)at, w->end - at, &insn, operands)) ||
            is_fp(&insn)) {
            return false;
        }
        bool jumps = insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
        if ((jumps || insn.meta.category == ZYDIS_CATEGORY_COND_BR ||
             insn.meta.category == ZYDIS_CATEGORY_CALL) &&
            !follow(w, at, &insn, &operands[0])) {
            return false;
        }
        if (jumps || insn.meta.category == ZYDIS_CATEGORY_RET ||
            insn.mnemonic == ZYDIS_MNEMONIC_UD2 || insn.mnemonic == ZYDIS_MNEMONIC_HLT) {
            return true;
        }
        at += insn.length;
    }
    return true;
}

bool qemu_function_without_fp(uintptr_t function, uintptr_t start, uintptr_t end)
{
    ZydisDecoder decoder;
    Walk w = {start, end, g_hash_table_new(NULL, NULL),
              g_array_new(FALSE, FALSE, sizeof(uintptr_t))};
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    bool ok = go_to(&w, function);
    while (ok && w.todo->len) {
        uintptr_t at = g_array_index(w.todo, uintptr_t, w.todo->len - 1);
        g_array_set_size(w.todo, w.todo->len - 1);
        ok = walk_from(&w, &decoder, at);
    }
    g_hash_table_unref(w.seen);
    g_array_unref(w.todo);
    return ok;
}
#else
bool qemu_function_without_fp(uintptr_t function, uintptr_t start, uintptr_t end)
{
    (void)function, (void)start, (void)end;
    return false;
}
#endif
