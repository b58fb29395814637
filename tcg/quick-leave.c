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

#if defined(__x86_64__)

static uintptr_t pc_offset;

void quick_leave_set_pc_offset(intptr_t offset) { pc_offset = (uintptr_t)offset; }

// To cpu_exec, with the guest's pc, rax, in env (rdi).
#define RETURN(number)                                                                             \
    "movq %[pc_offset], %%rdx\n\tmovq %%rax, (%%rdi,%%rdx)\n\t"                                    \
    "leaq " number "(%%rcx), %%rax\n\tretq"
#define LEAVE(name, ...)                                                                           \
    __attribute__((naked, used)) static void name(void)                                            \
    {                                                                                              \
        __asm__(__VA_ARGS__                                                                        \
                :                                                                                  \
                : [pc_offset] "m"(pc_offset), [jmp0] "i"(offsetof(TCGCode, jmp[0])),               \
                  [jmp1] "i"(offsetof(TCGCode, jmp[1])), [entry] "i"(offsetof(TCGCode, entry)),    \
                  [requested] "i"(TB_EXIT_REQUESTED), [idx1] "i"(TB_EXIT_IDX1));                   \
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
    } else {
        return NULL;
    }
    native_settle(e);
    uint64_t *ip = emit(e, IOP_QUICK_LEAVE, 0);
    put_imm32(ip, 0, slot);
    ip[2] = pc;
    return set->next;
}

#else

const TCGOp *encode_quick_leave(Encoder *e, const TCGOp *op)
{
    (void)e, (void)op;
    return NULL;
}

#endif
