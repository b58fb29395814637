// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a pass works with: reading guest operations, and putting code in.  See pass.h.
//
// Part of libmyna-llvm.so, which brings LLVM along and whose functions a pass finds in the process.
#include "passes/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <llvm-c/DebugInfo.h>

// --- arguments ------------------------------------------------------------------------------------------

// The item of "a=b,c=d" at *at; moves behind it.  Gives its length, and that of its key.
static size_t next_item(const char **at, size_t *key)
{
    size_t n = strcspn(*at, ",");
    const char *eq = memchr(*at, '=', n);
    *key = eq ? (size_t)(eq - *at) : n;
    return n;
}

char *myna_arg(const char *args, const char *key)
{
    size_t n, length;
    for (const char *at = args; *at; at += n + (at[n] == ',')) {
        n = next_item(&at, &length);
        if (strlen(key) == length && strncmp(at, key, length) == 0) {
            return length == n ? strdup("") : strndup(at + length + 1, n - length - 1);
        }
    }
    return NULL;
}

char *myna_args_check(const char *args, const char *const *keys)
{
    size_t n, length;
    for (const char *at = args; *at; at += n + (at[n] == ',')) {
        n = next_item(&at, &length);
        bool known = false;
        for (const char *const *k = keys; *k; k++) {
            known |= strlen(*k) == length && strncmp(at, *k, length) == 0;
        }
        char *text = NULL;
        if (!known && asprintf(&text, "there is no argument '%.*s'", (int)length, at) >= 0) {
            return text;
        }
    }
    return NULL;
}

// --- metadata -------------------------------------------------------------------------------------------

static unsigned md_kind(LLVMContextRef c, const char *name)
{
    return LLVMGetMDKindIDInContext(c, name, strlen(name));
}

static LLVMContextRef context_of(LLVMValueRef instruction)
{
    LLVMBasicBlockRef block = LLVMGetInstructionParent(instruction);
    return LLVMGetModuleContext(LLVMGetGlobalParent(LLVMGetBasicBlockParent(block)));
}

// The first operand of the instruction's metadata node of a kind, or NULL.
static LLVMValueRef md_operand(LLVMValueRef instruction, const char *kind)
{
    LLVMValueRef node = LLVMGetMetadata(instruction, md_kind(context_of(instruction), kind));
    if (!node || LLVMGetMDNodeNumOperands(node) < 1) {
        return NULL;
    }
    unsigned n = (unsigned)LLVMGetMDNodeNumOperands(node);
    LLVMValueRef operands[n];
    LLVMGetMDNodeOperands(node, operands);
    return operands[0];
}

static LLVMValueRef scope_list(LLVMContextRef c, const char *const *names, unsigned n)
{
    LLVMMetadataRef words = LLVMMDStringInContext2(c, "myna", 4);
    LLVMMetadataRef domain = LLVMMDNodeInContext2(c, &words, 1), nodes[4];
    for (unsigned i = 0; i < n; i++) {
        LLVMMetadataRef scope[] = {LLVMMDStringInContext2(c, names[i], strlen(names[i])), domain};
        nodes[i] = LLVMMDNodeInContext2(c, scope, 2);
    }
    return LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, nodes, n));
}

// The scopes of lower-base.c, and two more: access is of the first, and not of the n behind it.
static void set_scopes(MynaPassUnit *unit, LLVMValueRef access, const char *const *names,
                       unsigned n)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMSetMetadata(access, md_kind(c, "alias.scope"), scope_list(c, names, 1));
    LLVMSetMetadata(access, md_kind(c, "noalias"), scope_list(c, names + 1, n));
}

void myna_own_memory(MynaPassUnit *unit, LLVMValueRef access)
{
    static const char *const names[] = {"myna.pass", "myna.env", "myna.guest"};
    set_scopes(unit, access, names, 2);
}

void myna_own_buffer(MynaPassUnit *unit, LLVMValueRef access)
{
    static const char *const names[] = {"myna.buffer", "myna.env", "myna.guest", "myna.pass"};
    set_scopes(unit, access, names, 3);
}

// --- guest operations -------------------------------------------------------------------------------------

LLVMValueRef myna_function_next(LLVMModuleRef module, LLVMValueRef function)
{
    do {
        function = function ? LLVMGetNextFunction(function) : LLVMGetFirstFunction(module);
    } while (function && (LLVMIsDeclaration(function) ||
                          strncmp(LLVMGetValueName2(function, &(size_t){0}), "tb_", 3) != 0));
    return function;
}

static const struct {
    const char *prefix;
    MynaOpKind kind;
    int address, value, expected, target; // operand numbers; -1: none
} op_rows[] = {
    {"block", MYNA_OP_BLOCK, -1, 2, -1, -1},
    {"insn", MYNA_OP_INSN, -1, -1, -1, -1},
    {"ld.", MYNA_OP_LD, 1, -1, -1, -1},
    {"st.", MYNA_OP_ST, 2, 1, -1, -1},
    {"atomic.cmpxchg.", MYNA_OP_CMPXCHG, 1, 3, 2, -1},
    {"atomic.", MYNA_OP_RMW, 1, 2, -1, -1},
    {"syscall", MYNA_OP_SYSCALL, -1, -1, -1, -1},
    {"call", MYNA_OP_CALL, -1, 2, -1, 1},
    {"ret", MYNA_OP_RET, -1, -1, -1, 1},
};

static LLVMValueRef operand(LLVMValueRef call, int n)
{
    return n >= 0 ? LLVMGetOperand(call, (unsigned)n) : NULL;
}

// The bytes of an access, by the type that ends the operation's name.
static unsigned access_size(const char *name)
{
    const char *type = strrchr(name, '.');
    return type && type[1] ? (unsigned)atoi(type + 2) / 8 : 0;
}

bool myna_op_decode(LLVMValueRef instruction, MynaOp *op)
{
    LLVMValueRef callee = LLVMIsACallInst(instruction) ? LLVMGetCalledValue(instruction) : NULL;
    const char *name = callee && LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &(size_t){0})
                                                         : "";
    if (strncmp(name, "guest.", 6) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(op_rows) / sizeof(op_rows[0]); i++) {
        if (strncmp(name + 6, op_rows[i].prefix, strlen(op_rows[i].prefix)) != 0) {
            continue;
        }
        LLVMValueRef pc = md_operand(instruction, "guest.pc"),
                     value = operand(instruction, op_rows[i].value);
        *op = (MynaOp){
            .kind = op_rows[i].kind,
            .call = instruction,
            .pc = pc ? LLVMConstIntGetZExtValue(pc) : 0,
            .address = operand(instruction, op_rows[i].address),
            .value = value,
            .expected = operand(instruction, op_rows[i].expected),
            .target = operand(instruction, op_rows[i].target),
        };
        if (op->address) {
            op->size = access_size(name);
        }
        switch (op->kind) {
        case MYNA_OP_LD: op->value = instruction; break;
        case MYNA_OP_BLOCK:
            op->insns = (unsigned)LLVMConstIntGetZExtValue(value);
            op->value = NULL;
            break;
        case MYNA_OP_CALL:
            op->return_pc = value;
            op->value = NULL;
            break;
        default: break;
        }
        return true;
    }
    return false;
}

bool myna_op_next(LLVMValueRef function, MynaOp *op)
{
    LLVMBasicBlockRef block = op->call ? LLVMGetInstructionParent(op->call)
                                       : LLVMGetFirstBasicBlock(function);
    LLVMValueRef at = op->call ? LLVMGetNextInstruction(op->call)
                      : block  ? LLVMGetFirstInstruction(block)
                               : NULL;
    for (;;) {
        for (; at; at = LLVMGetNextInstruction(at)) {
            if (myna_op_decode(at, op)) {
                return true;
            }
        }
        block = block ? LLVMGetNextBasicBlock(block) : NULL;
        if (!block) {
            return false;
        }
        at = LLVMGetFirstInstruction(block);
    }
}

// --- building ---------------------------------------------------------------------------------------------

static LLVMBuilderRef builder_for(LLVMValueRef instruction)
{
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context_of(instruction));
    LLVMMetadataRef where = LLVMInstructionGetDebugLoc(instruction);
    if (where) {
        LLVMSetCurrentDebugLocation2(b, where);
    }
    return b;
}

LLVMBuilderRef myna_builder_before(LLVMValueRef instruction)
{
    LLVMBuilderRef b = builder_for(instruction);
    // A pass that ran before may have loaded the thread's block in front of what was the first instruction.
    unsigned kind = md_kind(context_of(instruction), "myna.block");
    while (LLVMGetMetadata(instruction, kind)) {
        instruction = LLVMGetNextInstruction(instruction);
    }
    LLVMPositionBuilderBefore(b, instruction);
    return b;
}

LLVMBuilderRef myna_builder_after(LLVMValueRef instruction)
{
    LLVMBuilderRef b = builder_for(instruction);
    LLVMPositionBuilderBefore(b, LLVMGetNextInstruction(instruction));
    return b;
}

LLVMValueRef myna_i32(MynaPassUnit *unit, uint32_t value)
{
    return LLVMConstInt(LLVMInt32TypeInContext(LLVMGetModuleContext(unit->module)), value, false);
}

LLVMValueRef myna_i64(MynaPassUnit *unit, uint64_t value)
{
    return LLVMConstInt(LLVMInt64TypeInContext(LLVMGetModuleContext(unit->module)), value, false);
}

LLVMValueRef myna_env(LLVMBuilderRef b)
{
    return LLVMGetParam(LLVMGetBasicBlockParent(LLVMGetInsertBlock(b)), 0);
}

static LLVMValueRef byte_offset(MynaPassUnit *unit, LLVMBuilderRef b, LLVMValueRef base, size_t n)
{
    LLVMValueRef index = myna_i64(unit, n);
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(unit->module));
    return n ? LLVMBuildInBoundsGEP2(b, byte, base, &index, 1, "") : base;
}

// The thread's block: loaded once, where the function starts.
LLVMValueRef myna_thread_ptr(MynaPassUnit *unit, LLVMBuilderRef b, size_t offset)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    unsigned kind = md_kind(c, "myna.block");
    LLVMValueRef fn = LLVMGetBasicBlockParent(LLVMGetInsertBlock(b)), block = NULL;
    LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn));
    for (LLVMValueRef at = first; at && !block; at = LLVMGetNextInstruction(at)) {
        block = LLVMGetMetadata(at, kind) && LLVMIsALoadInst(at) ? at : NULL;
    }
    if (!block) {
        LLVMBuilderRef entry = LLVMCreateBuilderInContext(c);
        LLVMPositionBuilderBefore(entry, first);
        LLVMTypeRef ptr = LLVMPointerTypeInContext(c, 0);
        LLVMValueRef at = byte_offset(unit, entry, LLVMGetParam(fn, 0),
                                      unit->host->thread_block_at);
        block = LLVMBuildLoad2(entry, ptr, at, "");
        LLVMValueRef none = LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, NULL, 0));
        LLVMSetMetadata(block, kind, none);
        if (LLVMIsAInstruction(at)) {
            LLVMSetMetadata(at, kind, none);
        }
        LLVMSetMetadata(block, md_kind(c, "invariant.load"), none);
        LLVMSetAlignment(block, 8);
        LLVMDisposeBuilder(entry);
    }
    return byte_offset(unit, b, block, offset);
}

void myna_add(MynaPassUnit *unit, LLVMBuilderRef b, LLVMValueRef ptr, LLVMValueRef n)
{
    LLVMValueRef old = LLVMBuildLoad2(b, LLVMTypeOf(n), ptr, "");
    LLVMValueRef store = LLVMBuildStore(b, LLVMBuildAdd(b, old, n, ""), ptr);
    LLVMSetAlignment(old, 8);
    LLVMSetAlignment(store, 8);
    myna_own_memory(unit, old);
    myna_own_memory(unit, store);
}

LLVMValueRef myna_call(MynaPassUnit *unit, LLVMBuilderRef b, const char *name, LLVMTypeRef result,
                       LLVMValueRef *args, unsigned n)
{
    LLVMTypeRef params[n + 1];
    for (unsigned i = 0; i < n; i++) {
        params[i] = LLVMTypeOf(args[i]);
    }
    LLVMTypeRef type = LLVMFunctionType(result, params, n, false);
    LLVMValueRef fn = LLVMGetNamedFunction(unit->module, name);
    if (!fn) {
        fn = LLVMAddFunction(unit->module, name, type);
        unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
        LLVMContextRef c = LLVMGetModuleContext(unit->module);
        LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                                LLVMCreateEnumAttribute(c, nounwind, 0));
    }
    return LLVMBuildCall2(b, type, fn, args, n, "");
}

LLVMValueRef myna_extern(MynaPassUnit *unit, const char *name)
{
    LLVMValueRef global = LLVMGetNamedGlobal(unit->module, name);
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(unit->module));
    return global ? global : LLVMAddGlobal(unit->module, byte, name);
}

// --- helpers ----------------------------------------------------------------------------------------------

// A helper's call that may access memory: not one that is known to read none, nor one that ends the unit.
static bool may_access(LLVMValueRef at)
{
    LLVMValueRef callee = LLVMIsACallInst(at) ? LLVMGetCalledValue(at) : NULL;
    const char *name = callee && LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &(size_t){0})
                                                         : "";
    unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6);
    return strncmp(name, "helper_", 7) == 0 && strcmp(name, "helper_lookup_tb_ptr") != 0 &&
           !LLVMGetCallSiteEnumAttribute(at, LLVMAttributeFunctionIndex, memory) &&
           LLVMGetInstructionOpcode(LLVMGetNextInstruction(at)) != LLVMUnreachable;
}

static void store_insn(MynaPassUnit *unit, LLVMBuilderRef b, uint64_t insn)
{
    LLVMValueRef to = byte_offset(unit, b, myna_env(b), unit->host->helper_insn_at);
    LLVMSetAlignment(LLVMBuildStore(b, myna_i64(unit, insn), to), 8);
    LLVMDisposeBuilder(b);
}

// The pc is in the call's debug location.
static void watch_call(MynaPassUnit *unit, LLVMValueRef call)
{
    uint64_t pc = LLVMGetDebugLocLine(call) | (uint64_t)LLVMGetDebugLocColumn(call) << 32;
    store_insn(unit, myna_builder_before(call), pc | UINT64_C(1) << 63);
    store_insn(unit, myna_builder_after(call), 0);
}

void myna_watch_helpers(MynaPassUnit *unit)
{
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(fn); block;
             block = LLVMGetNextBasicBlock(block)) {
            for (LLVMValueRef at = LLVMGetFirstInstruction(block); at;
                 at = LLVMGetNextInstruction(at)) {
                if (may_access(at)) {
                    watch_call(unit, at);
                }
            }
        }
    }
}

// --- registers --------------------------------------------------------------------------------------------

static const MynaRegister *find_register(const MynaPassUnit *unit, const char *name)
{
    for (unsigned i = 0; i < unit->host->n_registers; i++) {
        if (strcmp(unit->host->registers[i].name, name) == 0) {
            return &unit->host->registers[i];
        }
    }
    return NULL;
}

// The function's own copy of a register, or NULL: allocas stand at the entry's start.
static LLVMValueRef register_copy(LLVMBuilderRef b, const char *name)
{
    LLVMValueRef fn = LLVMGetBasicBlockParent(LLVMGetInsertBlock(b));
    LLVMValueRef at = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn));
    for (; at; at = LLVMGetNextInstruction(at)) {
        // Half of a pair of registers is a part of a variable.
        bool place = LLVMIsAAllocaInst(at) || LLVMIsAGetElementPtrInst(at);
        LLVMValueRef of = place ? md_operand(at, "guest.reg") : NULL;
        unsigned length;
        const char *text = of ? LLVMGetMDString(of, &length) : NULL;
        if (text && strlen(name) == length && strncmp(text, name, length) == 0) {
            return at;
        }
    }
    return NULL;
}

static LLVMTypeRef register_type(MynaPassUnit *unit, const MynaRegister *reg)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    return reg->size <= 8 ? LLVMIntTypeInContext(c, (unsigned)reg->size * 8)
                          : LLVMVectorType(LLVMInt64TypeInContext(c), (unsigned)reg->size / 8);
}

LLVMValueRef myna_reg_read(MynaPassUnit *unit, LLVMBuilderRef b, const char *name)
{
    const MynaRegister *reg = find_register(unit, name);
    if (!reg) {
        return NULL;
    }
    LLVMValueRef copy = register_copy(b, name);
    LLVMValueRef from = copy ? copy : byte_offset(unit, b, myna_env(b), reg->offset);
    LLVMValueRef load = LLVMBuildLoad2(b, register_type(unit, reg), from, "");
    LLVMSetAlignment(load, reg->size < 8 ? (unsigned)reg->size : 8);
    return load;
}

// To both places: the unit stores to env only what its own code has changed.
bool myna_reg_write(MynaPassUnit *unit, LLVMBuilderRef b, const char *name, LLVMValueRef value)
{
    const MynaRegister *reg = find_register(unit, name);
    if (!reg) {
        return false;
    }
    unsigned align = reg->size < 8 ? (unsigned)reg->size : 8;
    LLVMValueRef copy = register_copy(b, name);
    if (copy) {
        LLVMSetAlignment(LLVMBuildStore(b, value, copy), align);
    }
    LLVMValueRef to = byte_offset(unit, b, myna_env(b), reg->offset);
    LLVMSetAlignment(LLVMBuildStore(b, value, to), align);
    return true;
}
