// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hooks on functions of the guest: called when one is entered and when it returns, with its arguments and its
// result, which may be changed.  A layer over event.h.
//
//     static void on_malloc(MynaCall *call, void *opaque) { call->data = (void *)myna_call_arg(call, 0); }
//     static void malloc_done(MynaCall *call, void *opaque)
//     {
//         printf("%zu bytes at 0x%lx\n", (size_t)call->data, (long)myna_call_result(call));
//     }
//     ...
//     EventClient *c = event_client_new("mine");
//     myna_hook_function(c, &(MynaFunction){.symbol = "malloc", .enter = on_malloc, .leave = malloc_done});
//
// A symbol is looked for in the symbol tables of every file that is mapped, now or later (.symtab, or .dynsym of a
// stripped file): the program, its libraries, what dlopen brings.  A function that is chosen at run time
// (STT_GNU_IFUNC: memcpy and its kin) is hooked as soon as the program has chosen it.
//
// Entry and return are hooks on an address (event_hook_pc): code in between runs as it always does.  A return is
// noticed where the call comes back to, with the stack pointer it was made with; so recursion and tail calls are
// told apart, and a call that longjmp or an exception has left never returns: it is `lost`, which is noticed at the
// thread's next hooked call or return.  Stacks are told apart by the mappings they lie in: of two
// coroutines whose stacks share one mapping, the one whose stack lies higher takes the other's calls for lost.
//
// Callbacks run in the guest's thread, several at once, and may use everything in event.h.

#ifndef PLUGINS_HOOK_H
#define PLUGINS_HOOK_H

#include "plugins/event.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MynaFunctionHook MynaFunctionHook;

// A call of a hooked function.
typedef struct MynaCall {
    unsigned vcpu;
    uint64_t function;  // where it was entered
    uint64_t return_to; // where it comes back to
    uint64_t sp;        // the stack pointer at its entry
    void *data;         // the hook's own, from enter to leave; NULL at first
} MynaCall;

typedef void MynaCallFn(MynaCall *call, void *opaque);

typedef struct MynaFunction {
    const char *symbol; // copied; NULL: the function at `address`
    const char *file;   // only in this file: a path, or the last part of one; NULL: in any
    uint64_t address;
    // Any may be NULL.
    MynaCallFn *enter; // before the function's first instruction
    MynaCallFn *leave; // it has returned: before the instruction behind the call
    MynaCallFn *lost;  // it will not return; no registers of it are left to be looked at
    void *opaque;
} MynaFunction;

// The hook is the client's and goes with it (event_client_reset, event_client_remove).  NULL when neither a symbol
// nor an address is given.  That no file has such a symbol is no error: one may come.
MynaFunctionHook *myna_hook_function(EventClient *c, const MynaFunction *function);
// Calls that are under way are not told of any more.
void myna_unhook_function(MynaFunctionHook *hook);
// How many places the hook is at now: 0 while no mapped file has the symbol.
unsigned myna_hook_places(const MynaFunctionHook *hook);

// In enter: the n-th argument (from 0) that is an integer or a pointer, by the guest's calling convention (x86-64:
// System V; AArch64: AAPCS64), in a register or on the stack; and the n-th that is a double (a float: myna_call_bits),
// of the first eight.  The setters give false where that cannot be written.
uint64_t myna_call_arg(const MynaCall *call, unsigned n);
bool myna_call_set_arg(MynaCall *call, unsigned n, uint64_t value);
double myna_call_fp_arg(const MynaCall *call, unsigned n);
bool myna_call_set_fp_arg(MynaCall *call, unsigned n, double value);
uint64_t myna_call_bits(const MynaCall *call, unsigned n); // of the n-th FP register, as they are
// In leave: the result.
uint64_t myna_call_result(const MynaCall *call);
void myna_call_set_result(MynaCall *call, uint64_t value);
double myna_call_fp_result(const MynaCall *call);
void myna_call_set_fp_result(MynaCall *call, double value);
// In enter: the function is not executed; its caller goes on at once, with this result (the FP result stays what the
// first FP argument was, or was set to).  Does not return.  `leave` is not called.
void myna_call_return(MynaCall *call, uint64_t result);

#ifdef __cplusplus
}
#endif

#endif
