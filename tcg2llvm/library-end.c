// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The destructors of bitcode libraries.  See library-end.h.
#include "tcg2llvm/library-end.h"

#include <stdatomic.h>
#include <stdlib.h>

extern __thread void *myna_pass_block __attribute__((tls_model("initial-exec")));

// The one of the object that was made last is called first.
typedef struct Ending {
    struct Ending *next;
    void (*call)(void *object);
    void *object;
} Ending;

static struct Ends {
    _Atomic(Ending *) process;
    size_t at; // of a thread's list, in its block
    bool known;
} ends;

static Ending **list_of(const void *block) { return (Ending **)((char *)block + ends.at); }

static Ending *new_ending(void (*call)(void *object), void *object)
{
    Ending *e = malloc(sizeof(*e));
    if (e) {
        *e = (Ending){NULL, call, object};
    }
    return e;
}

// As __cxa_atexit: a library is never unloaded, so it does not matter whose `dso` it is.  No lock, which a child
// by fork might find taken.
static int at_process_end(void (*call)(void *object), void *object, void *dso)
{
    (void)dso;
    Ending *e = new_ending(call, object);
    if (!e) {
        return -1;
    }
    e->next = ends.process;
    while (!atomic_compare_exchange_weak(&ends.process, &e->next, e)) {
    }
    return 0;
}

// As atexit: a function that takes no notice of its argument.
static int at_exit(void (*call)(void *object)) { return at_process_end(call, NULL, NULL); }

// As __cxa_thread_atexit.
static int at_thread_end(void (*call)(void *object), void *object, void *dso)
{
    (void)dso;
    Ending *e = new_ending(call, object), **list = list_of(myna_pass_block);
    if (!e) {
        return -1;
    }
    e->next = *list;
    *list = e;
    return 0;
}

void library_end_start(Jit *jit, size_t at)
{
    ends.at = at;
    ends.known = true;
    jit_define(jit, "myna.cxa_atexit", (const void *)at_process_end);
    jit_define(jit, "myna.atexit", (const void *)at_exit);
    jit_define(jit, "myna.thread_atexit", (const void *)at_thread_end);
}

bool library_end_waits(const void *block)
{
    return ends.known && (ends.process || (block && *list_of(block)));
}

// A destructor may ask for another one.
void library_end_thread(void *block)
{
    Ending **list = ends.known && block ? list_of(block) : NULL;
    for (Ending *e; list && (e = *list) != NULL; free(e)) {
        *list = e->next;
        e->call(e->object);
    }
}

void library_end_process(void)
{
    for (Ending *e = ends.process; e; e = ends.process) {
        if (atomic_compare_exchange_strong(&ends.process, &e, e->next)) {
            e->call(e->object);
            free(e);
        }
    }
}
