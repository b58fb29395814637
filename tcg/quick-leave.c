// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ways out of a block. See quick-leave.h.
//
//     mov $pc, %eax or %rax
//     mov $code, %rcx
//     jmp leave_N
//
// leave_0 and leave_1 enter the block that the slot leads to, if it leads to one: not all blocks can be jumped to directly.

#include "quick-leave.h"

#include "interp-encode.h"
#include "quick-x86.h"
#include "tcg-returns.h"

#if defined(__x86_64__)

static uintptr_t pc_offset;
static const void *lookup_function; // const TCGCode *(void *env)
static const void *return_enter;    // TCGPinned.return_enter, or NULL

void quick_leave_set_jump(const TCGQuickJump *jump)
{
    pc_offset = (uintptr_t)jump->pc_offset;
    lookup_function = jump->lookup;
    return_enter = jump->return_enter;
}

// To cpu_exec, with the guest's pc, rax, in env (rdi).
#define RETURN(number)                                                                             \
    "movq %[pc_offset], %%rdx\n\tmovq %%rax, (%%rdi,%%rdx)\n\t"                                    \
    "leaq " number "(%%rcx), %%rax\n\t"                                                            \
    "movq tcg_returns_offset(%%rip), %%rcx\n\ttestq %%rcx, %%rcx\n\tje 2f\n\tmovq %c[base](%%rdi,%%rcx), %%rsp\n"  \
    "2:\tretq"
#define LEAVE(name, ...)                                                                           \
    __attribute__((naked, used)) static void name(void)                                            \
    {                                                                                              \
        __asm__(__VA_ARGS__                                                                        \
                :                                                                                  \
                : [pc_offset] "m"(pc_offset), [jmp0] "i"(offsetof(TCGCode, jmp[0])),               \
                  [jmp1] "i"(offsetof(TCGCode, jmp[1])), [entry] "i"(offsetof(TCGCode, entry)),    \
                  [requested] "i"(TB_EXIT_REQUESTED), [idx1] "i"(TB_EXIT_IDX1),                    \
                [base] "i"(offsetof(TCGReturns, base)));        \
    }
#define THROUGH(jmp)                                                                               \
    "movq " jmp "(%%rcx), %%rsi\n\ttestq %%rsi, %%rsi\n\tje 1f\n\tjmpq *%c[entry](%%rsi)\n1:\t"

LEAVE(leave_0, THROUGH("%c[jmp0]") RETURN("0"))
LEAVE(leave_1, THROUGH("%c[jmp1]") RETURN("%c[idx1]"))
LEAVE(leave_requested, RETURN("%c[requested]"))

static void (*const leaves[])(void) = {leave_0, leave_1, [QUICK_LEAVE_REQUESTED] = leave_requested};

enum { MOV_CODE = 10, JUMP = 5 };

static size_t mov_size(uint64_t pc) { return pc == (uint32_t)pc ? 5 : 10; }

size_t quick_leave_size(uint64_t pc) { return mov_size(pc) + MOV_CODE + JUMP; }

uint8_t *quick_leave_emit(uint8_t *to, unsigned slot, uint64_t pc, const TCGCode *code,
                          QuickLeaveHoles *holes, const void **leave)
{
    const uint8_t *start = to;
    *leave = (const void *)(uintptr_t)leaves[slot];
    if (mov_size(pc) == 5) {
        x86_put8(&to, 0xb8 + RAX);
        x86_put32(&to, (int32_t)pc);
    } else {
        x86_mov_imm64(&to, RAX, pc);
    }
    x86_mov_imm64(&to, RCX, (uintptr_t)code);
    holes->code = (uint8_t)(to - start - 8);
    x86_put8(&to, 0xe9);
    holes->jump = (uint8_t)(to - start);
    x86_put32(&to, (int32_t)((intptr_t)*leave - (intptr_t)(to + 4)));
    return to;
}

// --- indirect jumps ------------------------------------------------------------------------------------

// Where the jump cache has not got it.
#define LOOK_UP                                                                                    \
    "pushq %%rdi\n\tcallq *%[lookup]\n\tpopq %%rdi\n\t"                                            \
    "movq %%rax, %%rsi\n\tjmpq *%c[entry](%%rsi)"
__attribute__((naked, used)) static void look_up(void)
{
    __asm__(LOOK_UP : : [lookup] "m"(lookup_function), [entry] "i"(offsetof(TCGCode, entry)));
}

__attribute__((naked)) void quick_return_nobody(void)
{
    __asm__("subq $8, %%rsp\n\t" LOOK_UP
            :
            : [lookup] "m"(lookup_function), [entry] "i"(offsetof(TCGCode, entry)));
}

// rax: the key that was looked for. rdx: as a pinned frame has it. rcx: the next frame's key, of esi that are left.
__attribute__((naked)) void quick_return_miss(void)
{
    __asm__("movq tcg_return_pinned(%%rip), %%rdx\n\txorq %%rax, %%rdx\n\t"
            "movq tcg_returns_offset(%%rip), %%r8\n\tmovq %c[base](%%rdi,%%r8), %%r8\n\t"
            "leaq 8(%%rsp), %%rcx\n\tmovl $%c[frames], %%esi\n"
            "1:\tcmpq %%r8, %%rcx\n\tjae 4f\n\t"
            "cmpq %%rdx, (%%rcx)\n\tje 3f\n\t"
            "addq $16, %%rcx\n\tdecl %%esi\n\tje 4f\n\t"
            "cmpq %%rax, (%%rcx)\n\tjne 1b\n\t"
            "cmpq %%r8, %%rcx\n\tjae 4f\n\t"
            "leaq -8(%%rcx), %%rsp\n\tretq\n"
            "3:\tleaq -8(%%rcx), %%rsp\n\tjmpq *%[enter]\n"
            "4:\t" LOOK_UP
            :
            : [base] "i"(offsetof(TCGReturns, base)), [frames] "i"(TCG_RETURN_DEPTH),
              [enter] "m"(return_enter), [lookup] "m"(lookup_function),
              [entry] "i"(offsetof(TCGCode, entry)));
}

static uint8_t *indirect_head(uint8_t *to, int *reg, intptr_t cache_offset)
{
    enum { LOG2_ENTRY = 5 };
    _Static_assert(sizeof(TBJumpCacheEntry) == 1 << LOG2_ENTRY, "by a shift");
    const X86Mem pc = {RDI, NO_REG, 0, (int32_t)pc_offset},
                 cache = {RDI, NO_REG, 0, (int32_t)cache_offset};
    if (*reg == NO_REG) {
        *reg = RDX;
        x86_mem(&to, 0x8b | X86_W, RDX, &pc);
    }
    x86_mov(&to, true, RCX, *reg); // cpu_jump_cache_hash
    x86_shift_imm(&to, X86_SHR, true, RCX, TB_JMP_CACHE_BITS);
    x86_reg(&to, 0x33, RCX, *reg); // xor
    x86_alu_imm(&to, X86_AND, false, RCX, TB_JMP_CACHE_SIZE - 1);
    x86_shift_imm(&to, X86_SHL, false, RCX, LOG2_ENTRY);
    x86_mem(&to, 0x03 | X86_W, RCX, &cache); // add
    return to;
}

static uint8_t *by_cache(uint8_t *to, const QuickIndirect *jump, unsigned *hole)
{
    _Static_assert(offsetof(TBJumpCacheEntry, key) == 0, "(%rcx)");
    const X86Mem key = {RCX, NO_REG, 0, 0},
                 code = {RCX, NO_REG, 0, offsetof(TBJumpCacheEntry, code)},
                 entry = {RCX, NO_REG, 0, offsetof(TBJumpCacheEntry, entry)};
    enum { CALL_SIZE = 5, SHORT_JUMP = 2, MOV = 4, CALL_ENTRY = 3 };
    const uint8_t *start = to;
    bool call = jump->kind == QUICK_BY_CACHE_CALL;
    int reg = jump->reg;
    to = indirect_head(to, &reg, jump->cache_offset);
    x86_mov_imm64(&to, RAX, jump->word);
    x86_reg(&to, 0x33 | X86_W, RAX, reg);  // xor: tb_jump_key
    x86_mem(&to, 0x3b | X86_W, RAX, &key); // cmp
    if (call) {
        x86_put8(&to, 0x74); // je, over the call and the jump
        x86_put8(&to, CALL_SIZE + SHORT_JUMP);
        x86_put8(&to, 0xe8);
    } else {
        x86_put8(&to, 0x0f); // jne
        x86_put8(&to, 0x85);
    }
    *hole = (unsigned)(to - start);
    x86_put32(&to, (int32_t)((intptr_t)look_up - (intptr_t)(to + 4)));
    if (call) {
        x86_put8(&to, 0xeb); // jmp
        x86_put8(&to, MOV + CALL_ENTRY);
    }
    x86_mem(&to, 0x8b | X86_W, RSI, &code);
    x86_mem(&to, 0xff, call ? 2 : 4, &entry); // call or jmp
    return to;
}

static uint8_t *by_return(uint8_t *to, const QuickIndirect *jump, unsigned *hole)
{
    const X86Mem key = {RSP, NO_REG, 0, 8}, pc = {RDI, NO_REG, 0, (int32_t)pc_offset};
    const uint8_t *start = to;
    if (jump->word) {
        x86_mov_imm64(&to, RAX, jump->word);
        jump->reg == NO_REG ? x86_mem(&to, 0x33 | X86_W, RAX, &pc)
                            : x86_reg(&to, 0x33 | X86_W, RAX, jump->reg); // xor
    } else if (jump->reg == NO_REG) {
        x86_mem(&to, 0x8b | X86_W, RAX, &pc);
    } else {
        x86_mov(&to, true, RAX, jump->reg);
    }
    x86_mem(&to, 0x3b | X86_W, RAX, &key); // cmp
    x86_put8(&to, 0x0f);                   // jne
    x86_put8(&to, 0x85);
    *hole = (unsigned)(to - start);
    x86_put32(&to, (int32_t)((intptr_t)quick_return_miss - (intptr_t)(to + 4)));
    x86_put8(&to, 0xc3); // ret
    return to;
}

static uint8_t *indirect(uint8_t *to, const QuickIndirect *jump, unsigned *hole)
{
    return jump->kind == QUICK_BY_RETURN ? by_return(to, jump, hole) : by_cache(to, jump, hole);
}

size_t quick_indirect_size(const QuickIndirect *jump)
{
    uint8_t code[128];
    unsigned hole;
    return (size_t)(indirect(code, jump, &hole) - code);
}

uint8_t *quick_indirect_emit(uint8_t *to, const QuickIndirect *jump, unsigned *hole,
                             const void **leads_to)
{
    bool returns = jump->kind == QUICK_BY_RETURN;
    *leads_to = (const void *)(uintptr_t)(returns ? quick_return_miss : look_up);
    return indirect(to, jump, hole);
}

// --- encoding ------------------------------------------------------------------------------------------

static int pc_register(const Encoder *e)
{
    for (int r = 0; r < NATIVE_REGS; r++) {
        const TCGTemp *t = e->native.temp[r];
        if (t && t->kind == TEMP_GLOBAL && t->offset == e->quick->jump->pc_offset) {
            return r;
        }
    }
    return NO_REG;
}

static void emit_leave(Encoder *e, unsigned slot, bool call, uint64_t pc)
{
    uint64_t *ip = emit(e, IOP_QUICK_LEAVE, 0);
    put_imm32(ip, 0, slot);
    put_imm32(ip, 1, call);
    ip[2] = pc;
}

// The frame of a guest call that the block ends in, in front of its host call; and what follows that.
static bool begin_call(Encoder *e)
{
    const TCGQuickJump *jump = e->quick->jump;
    if (!jump->frames || e->s->jump_kind != TCG_JUMP_CALL || e->called) {
        return false;
    }
    e->called = true; // slot 1 is there once
    native_push(e, tcg_return_key(jump->return_pc, jump->return_mode));
    return true;
}
static void end_call(Encoder *e)
{
    native_pop(e);
    emit_leave(e, 1, false, e->quick->jump->return_pc);
}

// lookup_tb_ptr and goto_ptr together.
static const TCGOp *encode_indirect(Encoder *e, const TCGOp *op)
{
    const TCGQuickJump *jump = e->quick->jump;
    const TCGOp *next = op->next;
    bool returns = jump->frames && e->s->jump_kind == TCG_JUMP_RETURN;
    if (op->call_info->func != jump->lookup || next == &e->s->ops ||
        next->opc != INDEX_op_goto_ptr || next->args[0] != op->args[0]) {
        return NULL;
    }
    int reg = pc_register(e);
    native_settle(e);
    if (e->quick->record && e->s->jump_kind != TCG_JUMP_RETURN) {
        uint64_t *ip = emit(e, IOP_QUICK_RECORD, 0);
        put_imm32(ip, 0, jump->pc_offset);
        ip[2] = (uint64_t)(uintptr_t)&e->code->noting;
        reg = NO_REG;
    }
    bool call = begin_call(e);
    uint64_t *ip = emit(e, IOP_QUICK_INDIRECT, 0);
    put_slot(ip, 0, returns ? QUICK_BY_RETURN : call ? QUICK_BY_CACHE_CALL : QUICK_BY_CACHE);
    put_slot(ip, 1, (uint16_t)reg);
    put_imm32(ip, 1, jump->cache_offset);
    ip[2] = returns ? tcg_return_key(0, jump->return_mode) : tb_jump_tag(jump->mode);
    if (call) {
        end_call(e);
    }
    return next;
}

// pc = constant; exit_tb(code | number)
static bool says_where(Encoder *e, const TCGOp *set, uintptr_t number, uint64_t *pc)
{
    const TCGOp *leave = set->next;
    if (set == &e->s->ops || set->opc != INDEX_op_mov_i64 || leave == &e->s->ops ||
        leave->opc != INDEX_op_exit_tb || leave->args[0] != ((uintptr_t)e->code | number)) {
        return false;
    }
    const TCGTemp *out = arg_temp(set->args[0]), *in = arg_temp(set->args[1]);
    *pc = in->val;
    return out->kind == TEMP_GLOBAL && out->offset == e->quick->jump->pc_offset &&
           in->kind == TEMP_CONST;
}

const TCGOp *encode_quick_leave(Encoder *e, const TCGOp *op)
{
    uint64_t pc;
    unsigned slot;
    const TCGOp *set = op;
    if (!e->native.on || !e->quick->jump || e->quick->jump->pc_offset == 0) {
        return NULL;
    }
    if (op->opc == INDEX_op_goto_tb && says_where(e, op->next, op->args[0], &pc)) {
        slot = (unsigned)op->args[0];
        set = op->next;
    } else if (says_where(e, op, TB_EXIT_REQUESTED, &pc)) {
        slot = QUICK_LEAVE_REQUESTED;
    } else if (op->opc == INDEX_op_call) {
        return encode_indirect(e, op);
    } else {
        return NULL;
    }
    native_settle(e);
    bool call = slot == 0 && begin_call(e);
    emit_leave(e, slot, call, pc);
    if (call) {
        end_call(e);
    }
    return set->next;
}

#else

const TCGOp *encode_quick_leave(Encoder *e, const TCGOp *op)
{
    (void)e, (void)op;
    return NULL;
}

#endif
