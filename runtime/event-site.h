// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Actions as they are kept with a block: filled by event-block.c, made into ops by event-inject.c.

#ifndef RUNTIME_EVENT_SITE_H
#define RUNTIME_EVENT_SITE_H

#include "event-internal.h"

// An action where it stands.  Its address is in the block's code; it lives as long as the block.
typedef struct EventSite {
    struct EventSite *next;
    uint64_t pc;
    EventActionType type;
    EventRegs regs;
    TCGCond cond;
    uint8_t rw;
    bool no_fp, before;
    intptr_t counter; // from CPUState.event_base
    uint64_t imm;
    EventExecFn *fn;
    EventMemFn *mem_fn;
    void *opaque;
} EventSite;

typedef struct SiteList {
    EventSite *first, *last;
} SiteList;

struct EventInsn {
    EventBlock *block;
    uint64_t pc;
    uint32_t size;
    uint8_t class;
    SiteList exec, mem;
};

struct EventBlock {
    const GuestISA *isa;
    uint64_t pc;
    const uint8_t *bytes; // NULL when sealed
    unsigned n;
    bool needs_state, check_edge, report_edge;
    SiteList start;
    EventInsn insns[];
};

size_t event_board_offset(const EventBoard *b); // from CPUState.event_base

#endif
