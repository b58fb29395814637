// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's address space: which ranges the guest has mapped and with what rights.
//
// The map is the truth about what the guest may read, write and execute; the host's page tables are
// derived from it: never executable (guest code is only read, by the translator), and not writable where
// a page holds translated code, so that a write to it is noticed.  What is not in the map is not the
// guest's: it is free or belongs to myna, and no call here lets the guest touch the latter.
//
// All calls are thread-safe.  Those that act like system calls return the kernel's convention: a
// value, or -errno (between -4095 and -1).

#ifndef RUNTIME_GUEST_MEMORY_H
#define RUNTIME_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define GUEST_PAGE_BITS 12
#define GUEST_PAGE_SIZE ((uint64_t)1 << GUEST_PAGE_BITS)
#define GUEST_PAGE_MASK (~(GUEST_PAGE_SIZE - 1))

// Host address of guest address 0.  0 for guests of 64 bits.
extern uintptr_t guest_base;

static inline void *g2h(uint64_t addr) { return (void *)(guest_base + (uintptr_t)addr); }
static inline uint64_t h2g(const void *p) { return (uint64_t)((uintptr_t)p - guest_base); }

// A range of the map.
typedef struct GuestRegion {
    uint64_t start, end; // [start, end), whole pages
    int prot;            // the guest's rights, PROT_*
    int flags;           // MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN
    uint64_t offset;     // in the file
    const char *name;    // file's path, or "[stack]", "[heap]", or NULL; lives for ever
} GuestRegion;

// Sets the limits of guest addresses: low the lowest that mmap may choose, limit one past the highest.
void guest_memory_init(uint64_t low, uint64_t limit);

// --- system calls -------------------------------------------------------------------------------
int64_t guest_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t offset);
int64_t guest_munmap(uint64_t addr, uint64_t len);
int64_t guest_mprotect(uint64_t addr, uint64_t len, int prot);
int64_t guest_mremap(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags,
                     uint64_t new_addr);
// mlockall of what the guest has mapped, and of what it maps later; munlockall.
int64_t guest_mlockall(int flags);
int64_t guest_munlockall(void);
int64_t guest_madvise(uint64_t addr, uint64_t len, int advice);
int64_t guest_msync(uint64_t addr, uint64_t len, int flags);
int64_t guest_shmat(int shmid, uint64_t addr, int flags);
int64_t guest_shmdt(uint64_t addr);
// The heap: set its start once (the end of the program's data, any alignment), then brk as the kernel's:
// gives the new break, or the old one when it cannot be had.
void guest_brk_init(uint64_t start);
uint64_t guest_brk(uint64_t addr);

// RLIMIT_AS, RLIMIT_DATA or RLIMIT_STACK for the guest's mappings alone; UINT64_MAX (as it is at first): none.
void guest_memory_set_limit(int resource, uint64_t bytes);

// --- the stack (guest-stack.c) --------------------------------------------------------------------
// The room at the top of the address space that nothing but the stack gets, for one of so many bytes.
// Once, before anything is mapped.
void guest_stack_reserve(uint64_t size);
// Maps the stack; its lowest address, or -errno.  *top is where it ends.
int64_t guest_stack_map(uint64_t size, int prot, uint64_t *top);
// RLIMIT_STACK has changed, and the stack's thread has its pointer at sp: what lies below the new limit
// and is not in use goes, what the limit now allows comes.
void guest_stack_resize(uint64_t limit, uint64_t sp);
// A mapping made with MAP_GROWSDOWN grows to addr, as far as Linux would let it.  False when there is none.
// From the SIGSEGV handler too.
bool guest_memory_grow(uint64_t addr);

// --- map ----------------------------------------------------------------------------------------
// Gives a mapped range a name that /proc/self/maps shows ("[stack]").
void guest_memory_set_name(uint64_t start, uint64_t end, const char *name);
// The region that covers addr; false when nothing is mapped there.
bool guest_memory_find(uint64_t addr, GuestRegion *out);
// Calls fn for each region in address order, on a copy of the map taken at once.
void guest_memory_foreach(void (*fn)(const GuestRegion *r, void *opaque), void *opaque);
// Has the guest all the rights `prot` on [addr, addr + len)?  Says nothing of files that are too short.
bool guest_access_ok(uint64_t addr, uint64_t len, int prot);
// Is any byte of the range myna's own (mapped on the host, but not the guest's)?
bool guest_range_is_ours(uint64_t addr, uint64_t len);
// What /proc/self/maps shows the guest (smaps when asked for: header lines with the kernel's details).  `kernel_page`:
// one that the kernel maps for all programs at a fixed address of its own half, listed as on the host; 0: none.
void guest_memory_print_maps(FILE *out, bool smaps, uint64_t kernel_page);

// --- reading and writing ----------------------------------------------------------------------
// Copies that give false instead of a fault when a part is not accessible (what was copied before
// stays).  Writing unprotects code pages on its way.
bool guest_read(uint64_t addr, void *buf, size_t len);
bool guest_write(uint64_t addr, const void *buf, size_t len);
// Length of the string at addr without its NUL, at most max; -1 when a part is not readable.
int64_t guest_strlen(uint64_t addr, size_t max);

// The kernel gives EFAULT where guest code would have faulted into our handler: on pages that are
// writable to the guest but write-protected because of their blocks.  Before a system call that is known
// to write to a buffer:
void guest_memory_prepare_write(uint64_t addr, uint64_t len);
// After a system call gave EFAULT: lifts every protection of ours; true when there was one, and the
// system call may be tried again.
bool guest_memory_unprotect_all(void);

// --- for the runtime core ---------------------------------------------------------------------
// From the SIGSEGV handler: true when the page was write-protected by us and is writable now.
bool guest_memory_write_fault(uint64_t addr);

#endif
