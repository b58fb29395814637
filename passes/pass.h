// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interface of instrumentation passes (`myna --pass=FILE.so[:arguments]`).
//
// A pass is a shared object that defines `const MynaPass myna_pass`.  myna calls its functions; `run` gets each
// unit of guest code as an LLVM module before guest operations are lowered, and changes it with LLVM-C and
// with the functions at the end of this file.  docs/writing-a-pass.md has an example and the table of guest
// operations.  Built with
//
//     clang-19 -shared -fPIC -I PREFIX/include/myna -I $(llvm-config-19 --includedir) -o my.so my.c
//
// and linked with nothing: myna has LLVM, and the functions below, in the process.
//
// Threads: init, end, fork_child, thread_start and thread_end are called by guest threads; run by guest
// threads and by the compiler's thread, but never two calls of run at once.  What generated code calls may run in any
// number of guest threads at the same time.
#ifndef MYNA_PASSES_PASS_H
#define MYNA_PASSES_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <llvm-c/Core.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MYNA_PASS_VERSION 2

// A guest register: a row of the guest's table.
typedef struct MynaRegister {
    const char *name;
    size_t offset; // in env
    size_t size;   // bytes
    bool hidden;   // no register of the architecture (flag parts and the like)
} MynaRegister;

// What the pass may ask of myna; valid for the process's life.
typedef struct MynaPassHost MynaPassHost;
struct MynaPassHost {
    const char *guest; // "x86_64", "aarch64", ...
    unsigned n_registers;
    const MynaRegister *registers;
    size_t env_size;
    size_t thread_block_at; // env + this holds the pointer to the thread's block

    // In init only: so many bytes, zeroed, for each guest thread.  Gives their offset in the thread's block.
    size_t (*thread_alloc)(MynaPassHost *host, size_t size, size_t align);
    // Makes an address known to generated code under a name.  What cacheable units name is defined in init.
    void (*define)(MynaPassHost *host, const char *name, const void *address);
    // The guest's function that holds pc, and pc's offset in it; NULL when unknown.
    const char *(*symbol)(MynaPassHost *host, uint64_t pc, uint64_t *offset);
    // A line of disassembly into buf; the instruction's length, 0 when there is none.
    size_t (*disassemble)(MynaPassHost *host, uint64_t pc, char *buf, size_t size);
    // The file of the guest's that pc is mapped from; NULL when there is none.
    const char *(*file)(MynaPassHost *host, uint64_t pc);
    // Calls fn for the block of each guest thread that is there, and holds their coming and going meanwhile.
    void (*each_thread)(MynaPassHost *host, void (*fn)(void *opaque, void *block), void *opaque);
    // Opens a file for writing results, out of the guest's reach; a descriptor, or -1 and *error (to be
    // freed).  path: as `output` gives it.
    int (*open)(MynaPassHost *host, const char *path, char **error);
    void (*close)(MynaPassHost *host, int fd);
    // An argument's file name as an absolute path, to be freed: %p becomes the process id; in a child by fork a
    // name without %p gets ".PID" behind it. Relative to where the run was started, wherever the guest is now.
    char *(*output)(MynaPassHost *host, const char *name);
    // Copies guest memory; false when some of it is not mapped.
    bool (*read_memory)(MynaPassHost *host, uint64_t addr, void *buf, size_t size);
    bool (*write_memory)(MynaPassHost *host, uint64_t addr, const void *buf, size_t size);
    void *opaque;
    size_t helper_insn_at; // myna_watch_helpers
    // In init only.  A file without a name that all processes of the run share: this one, its children by fork, and
    // the programs that they execute.  `pass` tells passes apart, 31 characters at most without ',' and ':'.  A
    // descriptor out of the guest's reach, or -1; *first when nobody has written to it yet.
    int (*shared_file)(MynaPassHost *host, const char *pass, bool *first);
    // In init, for a file that is opened at the end: NULL, or why the file of this name (as `output` takes it; NULL: none)
    // could not be written, to be freed. It is made if it is not there, and is not cut.
    char *(*check_output)(MynaPassHost *host, const char *name);
};

// A unit: what `run` gets.
typedef struct MynaPassUnit {
    LLVMModuleRef module;
    MynaPassHost *host;
    uint64_t pc; // of the unit's first block
    bool hot;    // compiled for speed; the same blocks may have been in a cold unit before
} MynaPassUnit;

// A system call that is about to be made, or has been.
typedef struct MynaSyscall {
    const char *name; // NULL when myna does not know it
    uint64_t number, args[6];
    int64_t result; // after it: the value, or -errno
    uint64_t pc;    // behind the instruction
} MynaSyscall;

// Accesses of a string instruction: n of `size` bytes, each `step` behind the one before.
typedef struct MynaAccessRun {
    uint64_t addr, from, n;
    int64_t step;
    uint32_t size;
    bool copy; // each a load, from `from` on, and then a store; else stores alone
} MynaAccessRun;

typedef enum MynaPassEnd {
    MYNA_PASS_EXIT,   // the process ends: exit_group, last thread, or a fatal signal
    MYNA_PASS_EXEC,   // it executes another program; when that fails, it goes on
    MYNA_PASS_DETACH, // never called today
} MynaPassEnd;

enum {
    // The machine code of a unit may be kept on disk and used in another run with the same pass file and
    // arguments, without a call of run: nothing that run notes down is needed, and no address of this process is in
    // the code (what is named was given to `define`).
    MYNA_PASS_CACHEABLE = 1,
    // The pass reads or writes guest registers (myna_reg_read, myna_reg_write).
    MYNA_PASS_REGISTERS = 2,
    // Helpers are inlined before the passes run, as far as their bodies are not too large.
    MYNA_PASS_HELPERS = 4,
    // The pass has `access_run`.
    MYNA_PASS_ACCESS_RUNS = 8,
};

typedef struct MynaPass {
    uint32_t version; // MYNA_PASS_VERSION
    uint32_t flags;
    const char *name;
    // All functions but run may be NULL.
    //
    // Once, before guest code runs.  args is what stood behind the file's name, "" when nothing did.  Gives what the
    // other functions get as `self`; NULL and *error (malloc'd) when the arguments are wrong.
    void *(*init)(MynaPassHost *host, const char *args, char **error);
    // Changes a unit.  False and *error (malloc'd) when it cannot: the run stops.
    bool (*run)(void *self, MynaPassUnit *unit, char **error);
    // A guest thread starts (block is zeroed) or ends.
    void (*thread_start)(void *self, void *block);
    void (*thread_end)(void *self, void *block);
    // In a child by fork, which has one thread: what has been counted is the parent's.
    void (*fork_child)(void *self, void *block);
    // Around each system call, in the guest's thread; env is right, and may be changed.
    void (*syscall)(void *self, void *env, void *block, const MynaSyscall *call, bool after);
    // A helper has accessed guest memory, in a unit that was given to myna_watch_helpers; in the guest's thread, in the
    // midst of its code.  size: any number of bytes.
    void (*access)(void *self, void *env, void *block, uint64_t pc, uint64_t addr, uint64_t size,
                   bool write);
    // Results are due.  Other guest threads may still be running.
    void (*end)(void *self, MynaPassEnd why);
    // With MYNA_PASS_ACCESS_RUNS, in place of `access`, for a string instruction of more than a few elements.
    void (*access_run)(void *self, void *env, void *block, uint64_t pc, const MynaAccessRun *run);
} MynaPass;

extern const MynaPass myna_pass; // each pass defines it

// --- arguments ------------------------------------------------------------------------------------------

// The value of `key` in "key=value,key=value" ("" for a key alone), malloc'd; NULL when it is not there.
char *myna_arg(const char *args, const char *key);
// NULL when every key of args is in the list, which ends with NULL; else a malloc'd complaint.
char *myna_args_check(const char *args, const char *const *keys);

// --- looking at a unit ------------------------------------------------------------------------------------

typedef enum MynaOpKind {
    MYNA_OP_NONE,
    MYNA_OP_BLOCK,
    MYNA_OP_INSN,
    MYNA_OP_LD,
    MYNA_OP_ST,
    MYNA_OP_RMW,
    MYNA_OP_CMPXCHG,
    MYNA_OP_SYSCALL,
    MYNA_OP_CALL,
    MYNA_OP_RET,
} MynaOpKind;

typedef struct MynaOp {
    MynaOpKind kind;
    LLVMValueRef call;              // the operation itself
    uint64_t pc;                    // of its instruction
    LLVMValueRef address;           // of accesses
    LLVMValueRef value;             // ST, RMW, CMPXCHG: what is stored; LD: the call
    LLVMValueRef expected;          // CMPXCHG
    unsigned size;                  // bytes of the access
    unsigned insns;                 // BLOCK
    LLVMValueRef target, return_pc; // CALL, RET; return_pc: CALL
} MynaOp;

// The functions of guest code in the module, one after the other; NULL: from the first, and at the end.
LLVMValueRef myna_function_next(LLVMModuleRef module, LLVMValueRef function);
// Is the instruction a guest operation?
bool myna_op_decode(LLVMValueRef instruction, MynaOp *op);
// The next guest operation of the function; op->call NULL: the first.  False at the end.  Code may be put
// in before and behind an operation on the way, and the operation's block be split.
bool myna_op_next(LLVMValueRef function, MynaOp *op);

// --- changing it ------------------------------------------------------------------------------------------

// A builder in front of, or behind, an instruction, with its debug location.  LLVMDisposeBuilder it.
LLVMBuilderRef myna_builder_before(LLVMValueRef instruction);
LLVMBuilderRef myna_builder_after(LLVMValueRef instruction);
LLVMValueRef myna_i32(MynaPassUnit *unit, uint32_t value);
LLVMValueRef myna_i64(MynaPassUnit *unit, uint64_t value);
// env, the CPU state, in the function where the builder stands.
LLVMValueRef myna_env(LLVMBuilderRef b);
// A pointer to `offset` in the thread's block.
LLVMValueRef myna_thread_ptr(MynaPassUnit *unit, LLVMBuilderRef b, size_t offset);
// Tells the optimiser that a load or store touches the pass's own memory alone, no guest memory and no register.
void myna_own_memory(MynaPassUnit *unit, LLVMValueRef access);
// The same for memory that the pass reaches through pointers: it is not where those are kept.
void myna_own_buffer(MynaPassUnit *unit, LLVMValueRef access);
// A counter of 64 bits at ptr, plus n; not atomic.
void myna_add(MynaPassUnit *unit, LLVMBuilderRef b, LLVMValueRef ptr, LLVMValueRef n);
// Calls a C function, which the module knows by this name.  `result` may be void.
LLVMValueRef myna_call(MynaPassUnit *unit, LLVMBuilderRef b, const char *name, LLVMTypeRef result,
                       LLVMValueRef *args, unsigned n);
// A variable that the module knows by this name.
LLVMValueRef myna_extern(MynaPassUnit *unit, const char *name);
// Splits the code at the builder: what is built next happens only when cond, an i1, is true, which is `likely` or
// not.  The builder stands in the new block; at its end is a jump back, which is returned.
LLVMValueRef myna_if(LLVMBuilderRef b, LLVMValueRef cond, bool likely);
// Has `access` called for what this unit's helpers do to guest memory beside its guest operations: string
// instructions, x87 and vector state.
void myna_watch_helpers(MynaPassUnit *unit);
// Guest registers by the table's names, between guest.insn and what the instruction does; MYNA_PASS_REGISTERS.
// NULL, or false, when there is none of the name.  Values have the register's own type; those written may be
// any type of that size.
LLVMValueRef myna_reg_read(MynaPassUnit *unit, LLVMBuilderRef b, const char *name);
bool myna_reg_write(MynaPassUnit *unit, LLVMBuilderRef b, const char *name, LLVMValueRef value);

#ifdef __cplusplus
}
#endif
#endif
