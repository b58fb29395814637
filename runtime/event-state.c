// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What callbacks may look at and change: registers, memory, pc; and the boards.
//
// Boards.  Each virtual CPU has one piece of address space, of which a board is the same part in each: so
// code reaches its CPU's element with one load (CPUState.event_base) and a constant, and a board that
// comes later, or a thread, moves nothing.  The piece of an index stays when its thread ends: sums over all
// indices stay right, and a new thread with the index counts on.

#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-memory.h"
#include "log.h"
#include "process.h"
#include "result-file.h"

// --- boards -------------------------------------------------------------------------------------

enum { MAX_VCPUS = 1 << 16, COMMIT = 1 << 16 };
#define AREA_SIZE ((size_t)256 << 20)

struct EventBoard {
    size_t offset, size;
    struct EventBoard *next; // of those that are free
};

static struct Boards {
    pthread_mutex_t lock;
    size_t used, committed;
    EventBoard *free;
    unsigned count; // of areas: indices below it
    void *areas[MAX_VCPUS];
} boards = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void commit(void *area, size_t from, size_t to)
{
    if (to > from && mprotect((char *)area + from, to - from, PROT_READ | PROT_WRITE) < 0) {
        process_fail(EXIT_INTERNAL, "out of memory for plugins' counters");
    }
}

void event_board_attach(CPUState *cs)
{
    unsigned index = cs->cpu_index;
    if (index >= MAX_VCPUS) {
        process_fail(EXIT_INTERNAL, "more than %d threads at once", MAX_VCPUS);
    }
    pthread_mutex_lock(&boards.lock);
    if (!boards.areas[index]) {
        void *p = mmap(NULL, AREA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0);
        if (p == MAP_FAILED) {
            process_fail(EXIT_INTERNAL, "no address space for plugins' counters");
        }
        commit(p, 0, boards.committed);
        boards.areas[index] = p;
        boards.count = MAX(boards.count, index + 1);
    }
    cs->event_base = boards.areas[index];
    pthread_mutex_unlock(&boards.lock);
}

EventBoard *event_board_new(size_t element_size)
{
    size_t size = (element_size + 7) & ~(size_t)7;
    if (element_size == 0 || size > AREA_SIZE) {
        return NULL;
    }
    pthread_mutex_lock(&boards.lock);
    EventBoard **p = &boards.free, *b;
    while (*p && (*p)->size != size) {
        p = &(*p)->next;
    }
    b = *p;
    if (b) {
        *p = b->next;
        for (unsigned i = 0; i < boards.count; i++) {
            if (boards.areas[i]) {
                memset((char *)boards.areas[i] + b->offset, 0, size);
            }
        }
    } else if (size <= AREA_SIZE - boards.used) {
        // No element of 64 bytes or less straddles a cache line without need.
        size_t line = size >= 64 || (boards.used & 63) + size > 64 ? 63 : 7;
        b = g_new(EventBoard, 1);
        b->offset = (boards.used + line) & ~line;
        b->size = size;
        size_t end = b->offset + size, wanted = (end + COMMIT - 1) & ~(size_t)(COMMIT - 1);
        if (wanted > boards.committed) {
            for (unsigned i = 0; i < boards.count; i++) {
                if (boards.areas[i]) {
                    commit(boards.areas[i], boards.committed, wanted);
                }
            }
            boards.committed = wanted;
        }
        boards.used = end;
    }
    if (b) {
        b->next = NULL;
    }
    pthread_mutex_unlock(&boards.lock);
    return b;
}

void event_board_free(EventBoard *b)
{
    if (b) {
        pthread_mutex_lock(&boards.lock);
        b->next = boards.free;
        boards.free = b;
        pthread_mutex_unlock(&boards.lock);
    }
}

void *event_board_at(const EventBoard *b, unsigned vcpu)
{
    return vcpu < boards.count ? (char *)boards.areas[vcpu] + b->offset : NULL;
}

size_t event_board_offset(const EventBoard *b) { return b->offset; }

// --- CPUs ---------------------------------------------------------------------------------------

int event_vcpu(void) { return current_cpu ? (int)current_cpu->cpu_index : -1; }
unsigned event_vcpu_count(void) { return cpu_list_indices(); }

typedef struct Foreach {
    void (*fn)(unsigned vcpu, void *opaque);
    void *opaque;
} Foreach;

static void call_for_cpu(CPUState *cs, void *opaque)
{
    const Foreach *f = opaque;
    f->fn(cs->cpu_index, f->opaque);
}

void event_vcpu_foreach(void (*fn)(unsigned vcpu, void *opaque), void *opaque)
{
    Foreach f = {fn, opaque};
    cpu_list_foreach(call_for_cpu, &f);
}

// --- registers and memory ---------------------------------------------------------------------------

// The information that the interface gives is the table's own row.
_Static_assert(offsetof(EventRegInfo, name) == offsetof(GuestStateReg, name) &&
                   offsetof(EventRegInfo, feature) == offsetof(GuestStateReg, feature) &&
                   offsetof(EventRegInfo, size) == offsetof(GuestStateReg, size) &&
                   sizeof(EventRegInfo) == sizeof(GuestStateReg),
               "EventRegInfo is a GuestStateReg");

unsigned event_reg_count(void) { return cpu_isa() ? cpu_isa()->nb_state_regs : 0; }

const EventRegInfo *event_reg_info(unsigned reg)
{
    return reg < event_reg_count() ? (const EventRegInfo *)&cpu_isa()->state_regs[reg] : NULL;
}

int event_reg_find(const char *name)
{
    for (unsigned i = 0; i < event_reg_count(); i++) {
        if (!strcmp(cpu_isa()->state_regs[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_pc(const GuestStateReg *r)
{
    return !strcmp(r->name, "rip") || !strcmp(r->name, "eip") || !strcmp(r->name, "pc");
}

unsigned event_read_reg(unsigned reg, void *buf)
{
    const CPUState *cs = current_cpu;
    if (!cs || reg >= event_reg_count()) {
        return 0;
    }
    const GuestStateReg *r = &cs->isa->state_regs[reg];
    if (is_pc(r)) { // in the midst of a block, env's is not kept up to date
        uint64_t pc = event_pc();
        memcpy(buf, &pc, r->size);
    } else {
        cs->isa->state_get(cs, reg, buf);
    }
    return r->size;
}

bool event_write_reg(unsigned reg, const void *buf, unsigned size)
{
    CPUState *cs = current_cpu;
    if (!cs || reg >= event_reg_count() || size < cs->isa->state_regs[reg].size) {
        return false;
    }
    if (is_pc(&cs->isa->state_regs[reg])) {
        return false; // event_set_pc
    }
    return cs->isa->state_set(cs, reg, buf);
}

bool event_read_memory(uint64_t addr, void *buf, size_t len) { return guest_read(addr, buf, len); }

void *event_host_address(uint64_t addr) { return g2h(addr); }

bool event_write_memory(uint64_t addr, const void *buf, size_t len)
{
    return guest_access_ok(addr, len, PROT_WRITE) && guest_write(addr, buf, len);
}

void event_set_pc(uint64_t pc)
{
    CPUState *cs = current_cpu;
    if (!cs) {
        return;
    }
    cs->isa->set_pc(cs, pc);
    event_escape();
    if (cs->jmp_env && cs->event_site) { // in the midst of a block
        cs->event_site = NULL;
        cs->event_edge = NULL;
        cs->exception_index = EXCP_NONE;
        cpu_loop_exit(cs);
    }
}

// --- the program --------------------------------------------------------------------------------

const char *event_guest_name(void) { return cpu_isa() ? cpu_isa()->name : NULL; }
unsigned event_pointer_bytes(void) { return cpu_isa() ? cpu_isa()->pointer_bits / 8 : 8; }
const char *event_symbol(uint64_t pc, uint64_t *offset) { return guest_symbol(pc, offset); }
void event_symbol_foreach(const char *name, const char *file,
                          void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque)
{
    guest_symbol_foreach(name, file, fn, opaque);
}
static struct ProgramInfo {
    char *path;
    uint64_t start, end, entry;
} program;

void event_set_program(const char *path, uint64_t start, uint64_t end, uint64_t entry)
{
    program.path = g_strdup(path);
    program.start = start;
    program.end = end;
    program.entry = entry;
}

const char *event_program_path(void) { return program.path; }

char *event_result_path(const char *name) { return result_file_path(name); }

int event_own_fd(int fd) { return process_own_fd(fd); }

void event_program_code(uint64_t *start, uint64_t *end, uint64_t *entry)
{
    *start = program.start;
    *end = program.end;
    *entry = program.entry;
}

bool event_log_enabled(void) { return log_enabled(LOG_PLUGIN); }

void event_log(const char *text)
{
    if (log_enabled(LOG_PLUGIN)) {
        log_printf("%s", text);
    }
}

void event_flush(void) { cpu_request_flush(); }
