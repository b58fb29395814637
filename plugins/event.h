// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The event core: what happens in the guest, for whoever wants to know.  The plugin interfaces
// (qemu-plugin.h and the others) are thin faces over this; the runtime implements it (runtime/event*.c).
//
//     EventClient *c = event_client_new("counter");
//     event_subscribe(c, EVENT_BLOCK_TRANSLATE, on_block, NULL);
//
//     static void on_block(Event *e, void *opaque)      // decides, once a block
//     {
//         for (unsigned i = 0; i < event_block_insns(e->block); i++) {
//             EventInsn *insn = event_block_insn(e->block, i);
//             event_at_insn(insn, &(EventAction){.type = EVENT_ADD, .counter = insns, .imm = 1});
//             event_at_access(insn, EVENT_READ | EVENT_WRITE,
//                             &(EventAction){.type = EVENT_CALL, .mem_fn = on_access});
//         }
//     }
//
// Two kinds of events.  Those that guest code itself makes (block, instruction, memory access) are decided
// when a block is translated: the actions become TCG ops of the block, so every engine has them, and a
// block that nobody asked for costs nothing.  The others (system calls, threads, ...) are calls of
// subscribed functions.
//
// Rules.
//  * Everything may be called from any callback.  Subscriptions and removals take effect on code that is
//    translated already at each CPU's next block boundary (the block cache is flushed).
//  * A callback knows the exact pc (event_pc).  It sees registers only when its action asked for them
//    (EVENT_REGS_READ, EVENT_REGS_WRITE): to keep them up to date costs time.  Callbacks of subscribed
//    functions may always read and write them, but for EVENT_BLOCK_TRANSLATE, EVENT_FLUSH and
//    EVENT_MODULE, which belong to no place in the guest.
//  * Callbacks run on the guest's threads, several at once.  A client guards its own data.
//  * EVENT_BLOCK_TRANSLATE runs under the block cache's lock: it must not wait for another guest thread.

#ifndef PLUGINS_EVENT_H
#define PLUGINS_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct EventClient EventClient;
typedef struct EventHook EventHook;
typedef struct EventBlock EventBlock;
typedef struct EventInsn EventInsn;
typedef struct EventBoard EventBoard;

// --- clients -------------------------------------------------------------------------------------------

// A client is whoever subscribes, and what is removed together.
EventClient *event_client_new(const char *name);
const char *event_client_name(const EventClient *c);
// What a layer above keeps for the client (one does: hook.h).  destroy(data) is called when the client is reset or
// removed, before done.
void *event_client_data(const EventClient *c); // NULL: nothing
void event_client_set_data(EventClient *c, void *data, void (*destroy)(void *data));
// Takes back all of the client's subscriptions, hooks and actions.  When no callback of it can run any
// more, done(opaque) is called: before this returns when the caller is outside guest code and callbacks (a
// monitor's thread), else later, by the next guest thread that comes by.  The client stays and may
// subscribe again (from done on).
void event_client_reset(EventClient *c, void (*done)(void *opaque), void *opaque);
// The client is a plugin's, that of the object with the code: whatever clients the object's code makes by event_client_new
// are removed with this one, before it.
void event_client_stand_for(EventClient *c, const void *code);
// The guest depends on the client from now on: the plugin that made it cannot be unloaded.
void event_client_stay(EventClient *c);
// Is there such a client of the object with the code?
bool event_plugin_stays(const void *code);
// The same as event_client_reset, and the client itself goes after done.
void event_client_remove(EventClient *c, void (*done)(void *opaque), void *opaque);

// --- subscribed functions -----------------------------------------------------------------------------

typedef enum EventKind {
    EVENT_BLOCK_TRANSLATE, // block: a block was translated; actions may be put on it
    EVENT_EDGE,            // edge: a block was left, for the block (or place) at edge.to
    EVENT_CALL,            // edge: by a call instruction; edge.to is the function
    EVENT_RETURN,          // edge: by a return instruction
    EVENT_HYPERCALL,       // hypercall: the guest has something to say (see event_hypercall below)
    EVENT_SYSCALL,         // syscall: before the call
    EVENT_SYSCALL_RETURN,  // syscall: after it
    EVENT_THREAD_START,    // a guest thread is about to run (the first one too), in that thread
    EVENT_THREAD_EXIT,     // it has ended, in that thread
    EVENT_THREAD_WAIT,     // it is about to wait in a system call that may sleep
    EVENT_THREAD_RESUME,   // it goes on after that
    EVENT_FORK,            // fork: after fork, in the parent (child: its pid) and in the child (0)
    EVENT_EXEC,            // exec: this process is about to become another program
    EVENT_SIGNAL,          // signal: about to be delivered to a handler of the guest's
    EVENT_MAP,             // map: memory was mapped, unmapped or protected anew
    EVENT_EXCEPTION,       // exception: a fault or trap of guest code, before it becomes a signal
    EVENT_FLUSH,           // the block cache was emptied
    EVENT_MODULE,          // module: an LLVM module with guest code is ready for code generation
    EVENT_EXIT,            // exit: the process ends; all other guest threads have stopped
    EVENT_KINDS,
} EventKind;

enum {
    EVENT_INSN_CALL = 1,
    EVENT_INSN_RETURN = 2,
    EVENT_INSN_SYSCALL = 4,
    EVENT_INSN_HYPERCALL = 8
};

typedef struct Event {
    EventKind kind;
    unsigned vcpu; // index of the thread's virtual CPU
    uint64_t pc;   // of the instruction; system calls: of the call instruction
    union {
        EventBlock *block;
        struct EventEdge {
            uint64_t from, last; // the block, its last instruction
            uint64_t to;         // where the guest goes on
            uint64_t return_to;  // after the last instruction
            bool completed;      // false: an exception cut the block short
        } edge;
        struct EventHypercall {
            uint64_t number; // x86: EAX; AArch64: the hint's number
            uint64_t next;   // the pc after the instruction
            bool handled;    // set by a subscriber: the instruction itself is not executed
        } hypercall;
        struct EventSyscall {
            const char *name; // NULL when the number is not known
            uint64_t number;  // the guest ABI's
            unsigned nb_args; // that the call has; 6 when it is not known
            uint64_t args[6]; // before the call: may be changed
            // What they are: "int", "fd", "path" (the address of a file's name), "string", "buffer", "struct",
            // "flags", "address", ...; NULL: not known.
            const char *kinds[6];
            int64_t result; // value or -errno; after the call: may be changed
            bool skip;      // set before the call: it is not made, `result` is its result
            bool moved;     // somebody has set the pc (event_set_pc): there is no result
        } syscall;
        struct {
            int child;
        } fork;
        struct {
            const char *path;
        } exec;
        struct {
            int number;       // the host's, which is the guest's
            bool synchronous; // a fault of the thread\'s own
            uint64_t handler;
        } signal;
        struct {
            uint64_t start, end;
            int prot;         // PROT_*; -1: unmapped
            const char *name; // of the file; NULL: none
            uint64_t offset;
            bool is_new; // mapped; false: protected anew or unmapped
        } map;
        struct {
            int number;    // a guest vector, or EXCP_* (helpers/cpu-state.h)
            uint64_t addr; // memory faults: the address
            bool is_memory, write;
        } exception;
        struct {
            void *module; // LLVMModuleRef
        } module;
        struct {
            int status; // as exit gives it, 128 + signal
        } exit;
    };
} Event;

typedef void EventFn(Event *e, void *opaque);

// Functions of one kind are called in the order of their subscription.  The hook is the client's: it goes
// with it, or with event_unsubscribe.
EventHook *event_subscribe(EventClient *c, EventKind kind, EventFn *fn, void *opaque);
void event_unsubscribe(EventHook *hook);
// A subscription that rests is not called (and what it put on blocks stays away from new ones).
void event_hook_enable(EventHook *hook, bool on);

// Calls fn(vcpu, opaque) whenever the guest is about to execute the instruction at pc: with registers to be
// read and written, and event_set_pc.  Blocks end before that pc.  Other code stays as it is, and as fast.
typedef void EventExecFn(unsigned vcpu, void *opaque);
EventHook *event_hook_pc(EventClient *c, uint64_t pc, EventExecFn *fn, void *opaque);

// Hypercalls.  x86: every CPUID instruction (number: EAX, so that a client takes the leaves it knows and
// leaves the rest unhandled; 0x4d590000 and up are free for it).  AArch64: HINT #0x70 .. #0x7f, which
// does nothing where nobody listens.  ARM: none.

// --- actions on a block (EVENT_BLOCK_TRANSLATE) --------------------------------------------------------

// A 64-bit counter for each virtual CPU: a field of a board.
typedef struct EventCounter {
    EventBoard *board;
    size_t offset; // in the board's element
} EventCounter;

typedef enum EventActionType {
    EVENT_ACT_CALL,    // call the function
    EVENT_ACT_CALL_IF, // call it when counter `cond` imm
    EVENT_ACT_ADD,     // counter += imm
    EVENT_ACT_STORE,   // counter = imm
} EventActionType;

typedef enum EventRegs { EVENT_REGS_NONE, EVENT_REGS_READ, EVENT_REGS_WRITE } EventRegs;

// Unsigned comparisons.
typedef enum EventCond {
    EVENT_NEVER,
    EVENT_ALWAYS,
    EVENT_EQ,
    EVENT_NE,
    EVENT_LT,
    EVENT_LE,
    EVENT_GT,
    EVENT_GE,
} EventCond;

enum { EVENT_READ = 1, EVENT_WRITE = 2 };

// What a memory callback is told of the access in `info`.
enum {
    EVENT_MEM_SIZE = 0xf,    // log2 of the bytes, 4 at most: 32-byte accesses are two of 16
    EVENT_MEM_SIGNED = 0x10, // a load that was sign-extended
    EVENT_MEM_BIG = 0x20,    // big-endian
    EVENT_MEM_STORE = 0x40,
};
// After the access, which did not fault; with EventAction.before, in front of the store.  A read-modify-write
// instruction that is atomic makes two events, load and store.
typedef void EventMemFn(unsigned vcpu, uint32_t info, uint64_t addr, void *opaque);

typedef struct EventAction {
    EventActionType type;
    EventRegs regs;
    EventCond cond;
    EventCounter counter;
    uint64_t imm;
    EventExecFn *fn;    // at blocks and instructions
    EventMemFn *mem_fn; // at accesses
    void *opaque;
    bool
        before; // at stores: called in front of them, and the store may still fault.  What an atomic instruction
    // will store is foretold from what memory holds then; what helpers store is told afterwards.
    bool
        no_fp; // the function does no floating point: the guest's FP unit need not be put aside for it
} EventAction;

uint64_t event_block_pc(const EventBlock *b);
unsigned event_block_insns(const EventBlock *b);
EventInsn *event_block_insn(EventBlock *b, unsigned i); // valid inside the callback
uint64_t event_insn_pc(const EventInsn *insn);
unsigned event_insn_size(const EventInsn *insn);
const uint8_t *event_insn_bytes(const EventInsn *insn);
unsigned event_insn_class(const EventInsn *insn); // EVENT_INSN_* bits
// One line of disassembly into buf; an undefined instruction gives "(bad)".
void event_insn_disassemble(const EventInsn *insn, char *buf, size_t size);

void event_at_block(EventBlock *b, const EventAction *a);  // before its first instruction
void event_at_insn(EventInsn *insn, const EventAction *a); // before the instruction
void event_at_access(EventInsn *insn, unsigned rw,
                     const EventAction *a); // EVENT_READ | EVENT_WRITE

// --- inside callbacks ----------------------------------------------------------------------------------

int event_vcpu(void);            // index of the calling thread's virtual CPU; -1: it has none
unsigned event_vcpu_count(void); // indices that were ever used: 0 .. count - 1
void event_vcpu_foreach(void (*fn)(unsigned vcpu, void *opaque), void *opaque); // those that live
uint64_t event_pc(void); // of the instruction that the event belongs to
// In a memory callback: the value that was loaded or stored, zero-extended; high: the upper 8 of 16 bytes.
uint64_t event_mem_value(uint64_t *high);

// Guest memory.  False when a part cannot be accessed.  Pages that the guest itself may not write cannot
// be written; translated code is written as the guest would.
bool event_read_memory(uint64_t addr, void *buf, size_t len);
bool event_write_memory(uint64_t addr, const void *buf, size_t len);

// Registers of the calling thread, by number: the names are GDB's.  Sizes in bytes, little-endian.
typedef struct EventRegInfo {
    const char *name;
    const char *feature; // of GDB's target description
    uint8_t size;
} EventRegInfo;
unsigned event_reg_count(void);
const EventRegInfo *event_reg_info(unsigned reg);
int event_reg_find(const char *name);             // -1: there is none
unsigned event_read_reg(unsigned reg, void *buf); // gives the size; buf has 64 bytes
bool event_write_reg(unsigned reg, const void *buf, unsigned size);
// Goes on at pc, now: does not return when called from a callback inside guest code (EVENT_REGS_WRITE, a PC
// hook) or from one of EVENT_SYSCALL; from the others it returns, and the thread goes on there.
void event_set_pc(uint64_t pc);

// --- boards: memory for each virtual CPU -----------------------------------------------------------------

// An element of so many bytes for each virtual CPU there is and will be, zeroed.  NULL when there is no
// room.
EventBoard *event_board_new(size_t element_size);
void event_board_free(EventBoard *b);
void *event_board_at(const EventBoard *b, unsigned vcpu);

// --- the guest's program ---------------------------------------------------------------------------------

const char *event_program_path(void);
void event_program_code(uint64_t *start, uint64_t *end, uint64_t *entry);
void *event_host_address(uint64_t addr); // where guest memory lies in myna's own address space
const char *event_guest_name(void);      // "x86_64", "aarch64"
const char *event_symbol(uint64_t pc, uint64_t *offset); // NULL: unknown
// Calls fn for each function of that name in the files that are mapped now, in the order of addresses.  file: only in
// files of that path or last name; NULL: in all.  chosen: the address is that of code which chooses the function and
// gives its address (STT_GNU_IFUNC).
void event_symbol_foreach(const char *name, const char *file,
                          void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque);
// Does the thread's guest code run in 64-bit mode (pointers of 8 bytes)?
unsigned event_pointer_bytes(void);
// A result file's name as an absolute path, to be freed: %p becomes the process id; without it, the names of children by
// fork and of programs that are executed get ".PID" behind them. Relative to where the run was started.
char *event_result_path(const char *name);
// Moves a descriptor out of the guest's reach, which would see it, and close it, and get other numbers for its own; gives
// the new one, or -1. It is closed when the process executes another program.
int event_own_fd(int fd);
// `-d plugin` and the log.
void event_log(const char *text);
bool event_log_enabled(void);
// The log, whatever -d says.
void event_log_always(const char *text);
// Empties the block cache at the next block boundary.
void event_flush(void);
// Direct jumps from block to block (on at first).
void event_set_chaining(bool on);
// The engine: every block by LLVM from its first execution, or none by LLVM.  False once there are blocks.
bool event_use_llvm(bool on);
// The guest's mapped ranges, in the order of addresses.
void event_map_foreach(void (*fn)(uint64_t start, uint64_t end, void *opaque), void *opaque);
// The mapping that holds the address; false when there is none.
bool event_map_find(uint64_t addr, uint64_t *start, uint64_t *end);

#endif
