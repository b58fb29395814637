// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a function in an ELF file to IR.  No guest is started: code is read out of the file, and blocks are
// found by static control flow from the function's start.  A call goes on behind itself; where a jump leads
// out of the function, or nobody can tell where, the IR leaves through the ordinary exits of a unit.
#include "lift.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "elf-image.h"
#include "frontend/translator.h"
#include "runtime/guest-disas.h"
#include "runtime/cpu-exec.h"
#include "runtime/process.h"
#include "tcg2llvm/tier-lift.h"

enum { MAX_BLOCKS = 2000 };

typedef struct LiftBlock {
    TCGCode code; // what the ops name the block by
    uint64_t pc;
    uint64_t size;
} LiftBlock;

typedef struct Lift {
    const char *path;
    char *data;
    gsize size;
    ElfImage image;
    const GuestISA *isa;
    uint32_t flags;      // of every block's key
    uint64_t start, end; // of the function; end UINT64_MAX: not known
    GPtrArray *blocks;   // LiftBlock, in the order in which they were found
    LLVMUnitBlock units[MAX_BLOCKS];
} Lift;

// --- the file -----------------------------------------------------------------------------------

// FetchFn: what the file has at a linked address.
static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    const Lift *l = opaque;
    for (unsigned i = 0; i < l->image.nb_segments; i++) {
        const ElfSegment *s = &l->image.segments[i];
        if (pc >= s->vaddr && pc - s->vaddr < s->filesz) {
            uint64_t left = s->filesz - (pc - s->vaddr);
            len = len < left ? len : left;
            memcpy(buf, l->data + s->offset + (pc - s->vaddr), len);
            return len;
        }
    }
    return 0;
}

typedef struct Section {
    uint32_t type, link;
    uint64_t offset, size, entry;
} Section;

static const void *bytes_at(const Lift *l, uint64_t offset, uint64_t len)
{
    return offset <= l->size && len <= l->size - offset ? l->data + offset : NULL;
}

static bool read_section(const Lift *l, unsigned n, Section *out)
{
    if (l->image.elf_class == ELFCLASS64) {
        const Elf64_Ehdr *head = bytes_at(l, 0, sizeof(*head));
        Elf64_Shdr s;
        const void *at = head && n < head->e_shnum && head->e_shentsize == sizeof(s)
                             ? bytes_at(l, head->e_shoff + n * sizeof(s), sizeof(s))
                             : NULL;
        if (at) {
            memcpy(&s, at, sizeof(s));
            *out = (Section){s.sh_type, s.sh_link, s.sh_offset, s.sh_size, sizeof(Elf64_Sym)};
        }
        return at;
    }
    const Elf32_Ehdr *head = bytes_at(l, 0, sizeof(*head));
    Elf32_Shdr s;
    const void *at = head && n < head->e_shnum && head->e_shentsize == sizeof(s)
                         ? bytes_at(l, head->e_shoff + n * sizeof(s), sizeof(s))
                         : NULL;
    if (at) {
        memcpy(&s, at, sizeof(s));
        *out = (Section){s.sh_type, s.sh_link, s.sh_offset, s.sh_size, sizeof(Elf32_Sym)};
    }
    return at;
}

typedef struct Symbol {
    uint64_t addr, size;
    uint32_t name;
    bool defined;
} Symbol;

static Symbol read_symbol(const Lift *l, const void *at)
{
    if (l->image.elf_class == ELFCLASS64) {
        Elf64_Sym s;
        memcpy(&s, at, sizeof(s));
        return (Symbol){s.st_value, s.st_size, s.st_name, s.st_shndx != SHN_UNDEF};
    }
    Elf32_Sym s;
    memcpy(&s, at, sizeof(s));
    return (Symbol){s.st_value, s.st_size, s.st_name, s.st_shndx != SHN_UNDEF};
}

// The symbol of a name, or, with NULL, the function that begins at l->start: fills start and end.
static bool find_symbol(Lift *l, const char *name)
{
    Section table, strings;
    for (unsigned n = 0; read_section(l, n, &table); n++) {
        if ((table.type != SHT_SYMTAB && table.type != SHT_DYNSYM) ||
            !read_section(l, table.link, &strings)) {
            continue;
        }
        const char *rows = bytes_at(l, table.offset, table.size),
                   *names = bytes_at(l, strings.offset, strings.size);
        if (!rows || !names || !strings.size || names[strings.size - 1]) {
            continue;
        }
        for (uint64_t i = 0; i + table.entry <= table.size; i += table.entry) {
            Symbol s = read_symbol(l, rows + i);
            if (!s.defined || s.name >= strings.size || (!name && !s.size)) {
                continue;
            }
            if (name ? strcmp(names + s.name, name) == 0 : s.addr == l->start) {
                l->start = s.addr;
                l->end = s.size ? s.addr + s.size : UINT64_MAX;
                return true;
            }
        }
    }
    return false;
}

// --- blocks -------------------------------------------------------------------------------------

static bool translate(void *opaque, TCGContext *ctx, const TCGCode *code)
{
    Lift *l = opaque;
    LiftBlock *b = (LiftBlock *)code; // its first member
    TBKey key = {b->pc, l->flags};
    ctx->guest_base = 0;
    TranslationResult r = translator_loop(ctx, l->isa, &b->code, key, 0, fetch, l);
    if (ctx->error || r.fetch_fault) {
        return false;
    }
    b->size = r.size;
    tcg_optimize(ctx);
    tcg_liveness(ctx);
    return true;
}

static int block_at(Lift *l, uint64_t pc)
{
    for (guint i = 0; i < l->blocks->len; i++) {
        if (((LiftBlock *)l->blocks->pdata[i])->pc == pc) {
            return (int)i;
        }
    }
    if (pc < l->start || pc >= l->end || l->blocks->len == MAX_BLOCKS) {
        return -1;
    }
    LiftBlock *b = g_new0(LiftBlock, 1);
    b->pc = pc;
    g_ptr_array_add(l->blocks, b);
    return (int)l->blocks->len - 1;
}

static LLVMFlow flow(void *opaque, uint64_t pc, uint64_t *next)
{
    Lift *l = opaque;
    uint8_t bytes[16];
    return guest_flow(l->isa, pc, bytes, fetch(l, pc, bytes, l->isa->max_insn_size), next);
}

static size_t disassemble(void *opaque, uint64_t pc, char *buf, size_t size)
{
    Lift *l = opaque;
    uint8_t bytes[16];
    size_t len = fetch(l, pc, bytes, l->isa->max_insn_size);
    return len ? l->isa->disassemble(NULL, pc, bytes, len, buf, size) : 0;
}

// Where a goto_tb leads: the constant that the pc gets before its exit_tb.
static bool slot_target(const Lift *l, const TCGOp *op, uint64_t *pc)
{
    for (op = op->next; op->opc == INDEX_op_mov_i64 || op->opc == INDEX_op_mov_i32; op = op->next) {
        const TCGTemp *out = arg_temp(op->args[0]), *in = arg_temp(op->args[1]);
        if (out->kind == TEMP_GLOBAL && (int)out->index - 1 == l->isa->pc_reg &&
            in->kind == TEMP_CONST) {
            *pc = (uint64_t)in->val;
            return true;
        }
    }
    return false;
}

// Translates block i and finds those that it leads to.
static bool explore(Lift *l, TCGContext *ctx, unsigned i)
{
    LiftBlock *b = l->blocks->pdata[i];
    l->units[i] = (LLVMUnitBlock){.code = &b->code, .pc = b->pc, .succ = {-1, -1}};
    if (!translate(l, ctx, &b->code)) {
        return false;
    }
    uint64_t last = b->pc, next;
    bool system = false;
    TCG_FOREACH_OP(op, ctx)
    {
        last = op->opc == INDEX_op_insn_start ? op->args[0] : last;
        system |= llvm_unit_is_syscall(op);
    }
    if (flow(l, last, &next) == LLVM_FLOW_CALL || system) {
        l->units[i].after_call = (unsigned)(block_at(l, next) + 1);
        return true;
    }
    TCG_FOREACH_OP(op, ctx)
    {
        uint64_t pc;
        if (op->opc == INDEX_op_goto_tb && slot_target(l, op, &pc)) {
            l->units[i].succ[op->args[0]] = block_at(l, pc);
        }
    }
    return true;
}

// --- the command --------------------------------------------------------------------------------

static int fail(int status, const char *path, const char *why)
{
    fprintf(stderr, "myna: cannot lift from '%s': %s\n", path, why);
    return status;
}

static TCGContext *context_new(void *opaque) { return frontend_context_new(((Lift *)opaque)->isa); }

static int print(Lift *l, const char *name, unsigned level)
{
    GError *error = NULL;
    CPUState *cs = cpu_create(l->isa, NULL, &error);
    if (!cs) {
        return fail(EXIT_CANNOT_RUN, l->path, error->message);
    }
    l->isa->set_pc(cs, l->start);
    TBKey key = l->isa->get_tb_key(cs);
    l->flags = key.flags;
    l->blocks = g_ptr_array_new();
    block_at(l, l->start);
    TCGContext *ctx = context_new(l);
    for (unsigned i = 0; i < l->blocks->len; i++) {
        if (!explore(l, ctx, i)) {
            g_autofree char *why = g_strdup_printf("there is no code at 0x%" PRIx64,
                                                   ((LiftBlock *)l->blocks->pdata[i])->pc);
            return fail(EXIT_CANNOT_RUN, l->path, why);
        }
    }
    tcg_context_free(ctx);
    const LLVMTierHost host = {
        .opaque = l,
        .pc_global = l->isa->pc_reg,
        .context_new = context_new,
        .translate = translate,
        .disassemble = disassemble,
        .flow = flow,
    };
    if (!tier_lift(&host, name, l->units, l->blocks->len, level, stdout, &error)) {
        return fail(EXIT_INTERNAL, l->path, error->message);
    }
    return fflush(stdout) ? fail(EXIT_INTERNAL, "standard output", strerror(errno)) : 0;
}

static int lift(Lift *l, const char *where, unsigned level)
{
    GError *error = NULL;
    if (!g_file_get_contents(l->path, &l->data, &l->size, &error)) {
        return fail(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? EXIT_NOT_FOUND
                                                                             : EXIT_CANNOT_RUN,
                    l->path, "it cannot be read");
    }
    ElfBytes bytes = {(const uint8_t *)l->data, l->size};
    ElfSource source = elf_source_bytes(&bytes);
    if (!elf_image_parse(&source, 4096, &l->image, &error)) {
        return fail(EXIT_CANNOT_RUN, l->path, error->message);
    }
    const GuestABI *abi = guest_abi_find(l->image.machine, l->image.elf_class);
    if (!abi) {
        return fail(EXIT_CANNOT_RUN, l->path, "it is for a machine that myna does not know");
    }
    l->isa = abi->isa;
    char *rest;
    l->start = strtoull(where, &rest, 0);
    l->end = UINT64_MAX;
    g_autofree char *name = NULL;
    if (*where >= '0' && *where <= '9' && !*rest) {
        uint8_t byte;
        if (!fetch(l, l->start, &byte, 1)) {
            return fail(EXIT_USAGE, l->path, "there is no code at this address");
        }
        find_symbol(l, NULL);
        name = g_strdup_printf("lift_%" PRIx64, l->start);
    } else if (*where && find_symbol(l, where)) {
        name = g_strdup(where);
    } else {
        return fail(EXIT_USAGE, l->path, "it has no symbol of this name");
    }
    return print(l, name, level);
}

int lift_command(int argc, char **argv)
{
    static Lift l;
    const char *words[2] = {NULL, NULL};
    unsigned n = 0, level = 0;
    bool ok = true;
    for (int i = 0; i < argc; i++) {
        const char *number = !strcmp(argv[i], "-O") && i + 1 < argc ? argv[++i]
                             : !strncmp(argv[i], "-O", 2)           ? argv[i] + 2
                                                                    : NULL;
        if (number) {
            ok &= *number >= '0' && *number <= '3' && !number[1];
            level = (unsigned)(*number - '0');
        } else if (n < 2) {
            words[n++] = argv[i];
        } else {
            ok = false;
        }
    }
    if (!ok || n != 2) {
        fprintf(stderr, "myna: usage: myna lift FILE ADDRESS|SYMBOL [-O 0..3] (see myna -h)\n");
        return EXIT_USAGE;
    }
    l.path = words[0];
    return lift(&l, words[1], level);
}
