// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hashing a unit's ops.  See unit-key.h.
#include "tcg2llvm/unit-key.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>

#include "tcg2llvm/llvm-shim/load.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { WORDS = 512 };

struct UnitHash {
    XXH3_state_t state;
    unsigned n; // of words not hashed yet
    uint64_t words[WORDS];
};

UnitHash *unit_hash_new(void)
{
    // XXH3's state wants more alignment than malloc gives.
    UnitHash *h = aligned_alloc(64, (sizeof(*h) + 63) & ~(size_t)63);
    if (!h) {
        g_error("out of memory");
    }
    XXH3_INITSTATE(&h->state);
    return h;
}

void unit_hash_free(UnitHash *h) { free(h); }

static void drain(UnitHash *h)
{
    XXH3_128bits_update(&h->state, h->words, h->n * sizeof(h->words[0]));
    h->n = 0;
}

static void put(UnitHash *h, uint64_t word)
{
    if (h->n == WORDS) {
        drain(h);
    }
    h->words[h->n++] = word;
}

static void put_text(UnitHash *h, const char *text)
{
    size_t size = strlen(text);
    put(h, size);
    drain(h);
    XXH3_128bits_update(&h->state, text, size);
}

void unit_hash_begin(UnitHash *h, const uint32_t *shape, unsigned n)
{
    XXH3_128bits_reset(&h->state);
    h->n = 0;
    put(h, n);
    for (unsigned i = 0; i < n; i++) {
        put(h, shape[i]);
    }
}

static void put_temp(UnitHash *h, const TCGTemp *t)
{
    put(h,
        (uint64_t)t->kind << 40 | (uint64_t)t->type << 32 | (t->kind == TEMP_CONST ? 0 : t->index));
    if (t->kind == TEMP_CONST) {
        put(h, t->val);
    }
}

// The constants of an op: labels by number; the block's own address, which differs from run to run, by
// what it is.
static void put_constant(UnitHash *h, const TCGOp *op, char letter, TCGArg arg, const TCGCode *code)
{
    if (letter == 'L') {
        put(h, arg_label(arg)->id);
    } else if (op->opc == INDEX_op_exit_tb && (arg & ~(TCGArg)TB_EXIT_MASK) == (uintptr_t)code) {
        put(h, 1);
        put(h, arg & TB_EXIT_MASK);
    } else if (letter == 'P') {
        drain(h);
        XXH3_128bits_update(&h->state, (const void *)arg, tcg_op_pointer_size(op));
    } else {
        put(h, 0);
        put(h, arg);
    }
}

static void put_op(UnitHash *h, const TCGOp *op, const TCGCode *code)
{
    unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
    put(h, (uint64_t)op->opc << 48 | (uint64_t)op->type << 40 | (uint64_t)op->vece << 32 |
               (uint64_t)nout << 16 | (uint64_t)nin << 8 | op->nargs);
    put(h, op->life);
    for (unsigned i = 0; i < nout + nin; i++) {
        put_temp(h, arg_temp(op->args[i]));
    }
    if (op->opc == INDEX_op_call) {
        put_text(h, op->call_info->name);
        return;
    }
    if (op->opc == INDEX_op_discard) { // neither reads nor writes the temp
        put_temp(h, arg_temp(op->args[0]));
        return;
    }
    const char *letters = strchr(tcg_op_defs[op->opc].sig, ':');
    for (unsigned i = nout + nin; i < op->nargs && letters; i++) {
        put_constant(h, op, letters[1 + i - nout], op->args[i], code);
    }
}

void unit_hash_block(UnitHash *h, const LLVMUnitBlock *block, bool enter, const TCGContext *ctx)
{
    put(h, block->pc);
    put(h, (uint64_t)(uint32_t)block->succ[0] << 32 | (uint32_t)block->succ[1]);
    put(h, block->jump_mode);
    put(h, (uint64_t)enter << 8 | (uint64_t)block->jump_kind << 3 | (uint64_t)block->guess << 2 |
               (uint64_t)ctx->ordered << 1 | ctx->precise);
    put(h, block->n_targets);
    for (unsigned i = 0; i < block->n_targets; i++) {
        put(h, block->targets[i]);
    }
    put(h, (uint64_t)ctx->pc_offset);
    put(h, ctx->guest_base);
    put(h, ctx->nb_temps);
    TCG_FOREACH_OP(op, ctx) { put_op(h, op, block->code); }
}

ObjectKey unit_hash_end(UnitHash *h)
{
    drain(h);
    XXH128_hash_t hash = XXH3_128bits_digest(&h->state);
    return (ObjectKey){{hash.low64, hash.high64}};
}

ObjectKey region_key(uint64_t pc, uint64_t mode)
{
    const uint64_t words[] = {0x6e6f69676572, pc, mode}; // no unit's words begin like that
    XXH128_hash_t hash = XXH3_128bits(words, sizeof(words));
    return (ObjectKey){{hash.low64, hash.high64}};
}

// --- configuration -------------------------------------------------------------------------------------

// A file that is replaced gets another inode or another time.
static bool put_file(UnitHash *h, const char *path)
{
    struct stat st;
    if (!path || stat(path, &st) < 0) {
        return false;
    }
    put(h, (uint64_t)st.st_dev);
    put(h, (uint64_t)st.st_ino);
    put(h, (uint64_t)st.st_size);
    put(h, (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec);
    return true;
}

static void put_cpu(UnitHash *h)
{
#if defined(__x86_64__)
    static const unsigned leaves[][2] = {{0, 0}, {1, 0}, {7, 0}, {7, 1}, {0xd, 1}, {0x80000001, 0}};
    for (unsigned i = 0; i < G_N_ELEMENTS(leaves); i++) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        __get_cpuid_count(leaves[i][0], leaves[i][1], &a, &b, &c, &d);
        if (leaves[i][0] == 1) {
            b = 0; // which of the CPUs we are on
        }
        put(h, (uint64_t)a << 32 | b);
        put(h, (uint64_t)c << 32 | d);
    }
#else
#error "say here what tells this host's CPUs apart"
#endif
}

char *unit_configuration(const char *guest, const char *instrument)
{
    UnitHash *h = unit_hash_new();
    unit_hash_begin(h, NULL, 0);
    g_autofree char *module = llvm_module_path();
    bool ok = put_file(h, "/proc/self/exe") && put_file(h, module);
    put_cpu(h);
    put_text(h, LLVM_VERSION_STRING);
    put_text(h, guest);
    put_text(h, instrument);
    ObjectKey key = unit_hash_end(h);
    unit_hash_free(h);
    return ok ? g_strdup_printf("%s-%016" PRIx64, guest, key.word[0]) : NULL;
}
