// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The event core at run time: hooks on a pc that come while the code runs, set the pc, and go again; events of the
// process; a client that is reset, and one that takes itself out.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/event.h"
#include "qemu-plugin.h"
#include "say.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t self;
static EventClient *client, *kinds;
static EventHook *counted_hook, *bad_hook;
static atomic_uint hits, insns, insns_after;
static unsigned turn;
static bool leave_early;

static void take_address(uint64_t addr, bool chosen, void *opaque)
{
    (void)chosen;
    *(uint64_t *)opaque = addr;
}

static uint64_t address_of(const char *name)
{
    uint64_t addr = 0;
    event_symbol_foreach(name, NULL, take_address, &addr);
    return addr;
}

static void on_counted(unsigned vcpu, void *opaque)
{
    (void)vcpu;
    uint64_t pc = 0;
    int reg = event_reg_find("rip") >= 0 ? event_reg_find("rip") : event_reg_find("pc");
    event_read_reg((unsigned)reg, &pc);
    if (pc == (uint64_t)(uintptr_t)opaque && event_pc() == pc) {
        atomic_fetch_add(&hits, 1);
    }
}

static void on_bad(unsigned vcpu, void *opaque)
{
    (void)vcpu, (void)opaque;
    event_set_pc(address_of("good"));
    say("event_set_pc came back\n");
}

static void on_spin(unsigned vcpu, void *opaque)
{
    const uint64_t zero = 0;
    (void)vcpu;
    if (!event_write_memory((uint64_t)(uintptr_t)opaque, &zero, sizeof(zero))) {
        say("the loop's word cannot be written\n");
    }
}

static uint64_t word; // of the guest's loop

static void *hook_spin(void *unused)
{
    usleep(100000); // the loop is compiled by now, where that is done
    event_hook_pc(client, address_of("spin"), on_spin, (void *)(uintptr_t)word);
    return unused;
}

static void on_event(Event *e, void *unused)
{
    (void)unused;
    switch (e->kind) {
    case EVENT_THREAD_START: say("thread start %u\n", e->vcpu); break;
    case EVENT_THREAD_EXIT: say("thread exit %u\n", e->vcpu); break;
    case EVENT_FORK: say("fork %s\n", e->fork.child ? "parent" : "child"); break;
    case EVENT_EXEC: say("exec %s\n", strrchr(e->exec.path, '/') ? "path" : e->exec.path); break;
    case EVENT_SIGNAL: say("signal %d %d\n", e->signal.number, e->signal.synchronous); break;
    case EVENT_EXCEPTION:
        say("exception 0x%" PRIx64 " memory %d write %d\n", e->exception.addr,
            e->exception.is_memory, e->exception.write);
        break;
    case EVENT_MAP:
        if (e->map.start >> 40 == 0x66) {
            say("map 0x%" PRIx64 " 0x%" PRIx64 " %d %d\n", e->map.start, e->map.end, e->map.prot,
                e->map.is_new);
        }
        break;
    default: break;
    }
}

static void gone(void *unused)
{
    (void)unused;
    say("kinds are gone\n");
}

static void next_turn(void)
{
    static const EventKind all[] = {EVENT_THREAD_START, EVENT_THREAD_EXIT, EVENT_FORK, EVENT_EXEC,
                                    EVENT_SIGNAL,       EVENT_EXCEPTION,   EVENT_MAP};
    pthread_t thread;
    uint64_t at;
    switch (++turn) {
    case 1:
        at = address_of("counted");
        counted_hook = event_hook_pc(client, at, on_counted, (void *)(uintptr_t)at);
        bad_hook = event_hook_pc(client, address_of("bad"), on_bad, NULL);
        break;
    case 2:
        event_unsubscribe(counted_hook);
        event_hook_enable(bad_hook, false);
        say("hits %u\n", hits);
        break;
    case 3:
        pthread_create(&thread, NULL, hook_spin, NULL);
        pthread_detach(thread);
        break;
    case 4:
        say("hits %u\n", hits);
        kinds = event_client_new("kinds");
        for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
            event_subscribe(kinds, all[i], on_event, NULL);
        }
        break;
    case 5: event_client_reset(kinds, gone, NULL); break;
    default: break;
    }
}

// The guest gives the address of its word as getppid's first argument, which the call does not look at.
static void on_syscall(Event *e, void *unused)
{
    (void)unused;
    if (e->syscall.name && !strcmp(e->syscall.name, "getppid")) {
        word = e->syscall.args[0];
        next_turn();
    }
}

// --- mode=leave: the plugin takes itself out --------------------------------------------------------------

static void on_insn(unsigned vcpu, void *unused)
{
    (void)vcpu, (void)unused;
    atomic_fetch_add(leave_early ? &insns_after : &insns, 1);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), on_insn,
                                               QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
}

static void left(qemu_plugin_id_t id)
{
    say("left %d, counted before %d, after %u\n", id == self, insns > 100000, insns_after);
}

static void on_leave_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1,
                             uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                             uint64_t a7, uint64_t a8)
{
    (void)vcpu, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == 110 || number == 173) { // getppid, x86-64 and AArch64
        qemu_plugin_uninstall(id, left);
        leave_early = true;
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    self = id;
    if (argc && !strcmp(argv[0], "mode=leave")) {
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
        qemu_plugin_register_vcpu_syscall_cb(id, on_leave_syscall);
        return 0;
    }
    client = event_client_new("events");
    event_subscribe(client, EVENT_SYSCALL, on_syscall, NULL);
    return 0;
}
