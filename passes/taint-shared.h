// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What taint's processes share: a file of their own, which children by fork and executed programs have too. Its first TiB
// is a heap, mapped as far as it is used, with what is on the way between processes; behind it each file of the guest's
// whose bytes have sources has a TiB of its own, in which a byte's sources stand where the byte stands. So shadow memory
// of a shared mapping is a shared mapping.
#ifndef MYNA_PASSES_TAINT_SHARED_H
#define MYNA_PASSES_TAINT_SHARED_H

#include <stdbool.h>
#include <stdint.h>

// A place in the heap; 0: none.
typedef uint64_t Ref;

enum { SHARED_BUCKETS = 256 };

// The heap's head. What hangs on it is taint-flow.c's.
typedef struct Shared Shared;
struct Shared {
    uint64_t ready, top, allocated;
    Ref free[32]; // by the power of two
    Ref queues[SHARED_BUCKETS];
    uint64_t n_queues, clock, numbers;
};

// False: no memory. Where the limit on the size of files does not let it be (it says so), there is a heap alone, and children by
// fork alone have it.
bool taint_shared_init(void);
// The lock of all processes. One that dies with it leaves it to the next.
Shared *taint_shared_lock(void);
void taint_shared_unlock(void);
// With the lock: zeroed memory; 0: there is no more.
Ref taint_shared_alloc(uint64_t size);
void taint_shared_free(Ref ref, uint64_t size);
void *taint_shared_at(Ref ref); // NULL for 0

// Where in the shared file a guest's file, or what else has two such numbers, has its sources; 0: nowhere, or too many have.
uint64_t taint_slot(uint64_t dev, uint64_t ino, bool make);
// labels NULL: clean. read: false when nothing is known; size: of the guest's file, what stands behind its end is forgotten.
void taint_slot_write(uint64_t slot, uint64_t offset, const uint8_t *labels, uint64_t n);
bool taint_slot_read(uint64_t slot, uint64_t offset, uint8_t *labels, uint64_t n, uint64_t size);

// The range of guest memory is a mapping of the slot's file from the offset on: its shadow becomes one, too. False: cannot.
bool taint_map_shared(uint64_t addr, uint64_t size, uint64_t slot, uint64_t offset);
// It is not, any more, as far as it was: its shadow is its own, and clean.
void taint_unmap_shared(uint64_t addr, uint64_t size);
// The mapping that starts at addr; false: there is none.
bool taint_find_shared(uint64_t addr, uint64_t *slot, uint64_t *offset);
void taint_shared_fork_child(void);

#endif
