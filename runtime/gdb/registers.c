// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers: the target description, and values on their way.  What gdb sees is made from the guest's
// register table and its GuestGdbTarget (frontend/gdb-target.h); nothing here knows a guest.

#include <string.h>

#include "frontend/frontend.h"
#include "frontend/gdb-target.h"
#include "server.h"

// One register as gdb has it.
typedef struct View {
    const GuestReg *row;      // of the register table, or NULL
    const GuestGdbReg *extra; // or this
    const GuestGdbFeature *feature;
} View;

static const GuestGdbFeature *feature_of(const CPUState *cs, unsigned number)
{
    for (const GuestGdbFeature *f = cs->isa->gdb->features; f->name; f++) {
        if (number >= f->first && number <= f->last) {
            return !f->present || f->present(cs) ? f : NULL;
        }
    }
    return NULL;
}

static bool find_register(const CPUState *cs, unsigned number, View *view)
{
    const GuestISA *isa = cs->isa;
    *view = (View){.feature = feature_of(cs, number)};
    for (const GuestGdbReg *e = isa->gdb->extra; view->feature && e->name; e++) {
        if (e->number == number) {
            view->extra = e;
            return true;
        }
    }
    for (unsigned i = 0; view->feature && i < isa->nb_regs; i++) {
        if (isa->regs[i].gdb_number == (int)number) {
            view->row = &isa->regs[i];
            return true;
        }
    }
    return false;
}

static unsigned bits_of(const View *v)
{
    return v->extra ? v->extra->bits : 8 * (unsigned)tcg_type_size(v->row->type);
}

unsigned gdb_register_count(const CPUState *cs)
{
    unsigned n = 0;
    for (const GuestGdbFeature *f = cs->isa->gdb->features; f->name; f++) {
        n = !f->present || f->present(cs) ? f->last + 1u : n;
    }
    return n;
}

unsigned gdb_register_size(const CPUState *cs, unsigned number)
{
    View v;
    return find_register(cs, number, &v) ? bits_of(&v) / 8 : 0;
}

// --- description ------------------------------------------------------------------------------------

static const char *type_of(const GuestGdbTarget *target, const View *v, unsigned number)
{
    if (v->extra) {
        return v->extra->type;
    }
    if (number == target->pc) {
        return "code_ptr";
    }
    if (number == target->sp) {
        return "data_ptr";
    }
    switch (v->row->type) {
    case TCG_TYPE_I32: return "int32";
    case TCG_TYPE_V128: return v->feature->vector;
    default: return "int64";
    }
}

void gdb_description(const CPUState *cs, GString *xml)
{
    const GuestGdbTarget *target = cs->isa->gdb;
    g_string_append_printf(xml,
                           "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                           "<target version=\"1.0\">\n<architecture>%s</architecture>\n"
                           "<osabi>GNU/Linux</osabi>\n",
                           target->architecture);
    for (const GuestGdbFeature *f = target->features; f->name; f++) {
        if (f->present && !f->present(cs)) {
            continue;
        }
        g_string_append_printf(xml, "<feature name=\"%s\">\n%s\n", f->name,
                               f->types ? f->types : "");
        for (unsigned number = f->first; number <= f->last; number++) {
            View v;
            if (!find_register(cs, number, &v)) {
                continue;
            }
            g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"",
                                   v.extra ? v.extra->name : v.row->name, bits_of(&v),
                                   type_of(target, &v, number), number);
            if (v.extra && v.extra->group) {
                g_string_append_printf(xml, " group=\"%s\"", v.extra->group);
            }
            g_string_append(xml, "/>\n");
        }
        g_string_append(xml, "</feature>\n");
    }
    g_string_append(xml, "</target>\n");
}

// --- values -----------------------------------------------------------------------------------------

bool gdb_put_register(GString *s, const GdbThread *thread, unsigned number)
{
    const CPUState *cs = thread->task->cs;
    uint8_t bytes[GDB_REG_MAX_BYTES] = {0};
    View v;
    if (!find_register(cs, number, &v)) {
        return false;
    }
    if (v.row) {
        memcpy(bytes, (const char *)cs + v.row->offset, tcg_type_size(v.row->type));
        if (number == cs->isa->gdb->pc) {
            uint64_t pc = cs->isa->get_pc(cs);
            memcpy(bytes, &pc, sizeof(pc));
        }
    } else if (number == cs->isa->gdb->syscall) {
        memcpy(bytes, &thread->syscall, sizeof(thread->syscall));
    } else {
        cs->isa->gdb->read(cs, number, bytes);
    }
    gdb_put_hex(s, bytes, bits_of(&v) / 8);
    return true;
}

bool gdb_set_register(GdbThread *thread, unsigned number, const uint8_t *bytes)
{
    CPUState *cs = thread->task->cs;
    View v;
    if (!find_register(cs, number, &v)) {
        return false;
    }
    if (number == cs->isa->gdb->pc) {
        uint64_t pc = 0;
        memcpy(&pc, bytes, bits_of(&v) / 8);
        cs->isa->set_pc(cs, pc);
    } else if (v.row) {
        memcpy((char *)cs + v.row->offset, bytes, tcg_type_size(v.row->type));
    } else if (number !=
               cs->isa->gdb->syscall) { // that is for the kernel's restarts, which are ours
        cs->isa->gdb->write(cs, number, bytes);
    }
    return true;
}
