// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest's Linux has other numbers and layouts for, from the tables of its GuestABI: flags on their
// way into a call, structures on their way in and out.  The sys-*.c files and the host's kernel see the
// host's alone.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sem.h>

#include "abi.h"
#include "runtime/guest-memory.h"
#include "strace-flags.h"

#define MAX_ELEMENTS 65536u

// --- flags --------------------------------------------------------------------------------------
static const FlagConversion *find_flags(const GuestABI *abi, const FlagSet *set)
{
    for (const FlagConversion *c = abi->flags; c && c->set; c++) {
        if (c->set == set) {
            return c;
        }
    }
    return NULL;
}

uint64_t abi_flags_to_host(const GuestABI *abi, const FlagSet *set, uint64_t value)
{
    const FlagConversion *c = find_flags(abi, set);
    uint64_t out = value;
    for (unsigned i = 0; c && i < c->nb_pairs; i++) {
        out &= ~c->pairs[i].guest;
    }
    for (unsigned i = 0; c && i < c->nb_pairs; i++) {
        out |= value & c->pairs[i].guest ? c->pairs[i].host : 0;
    }
    return out;
}

uint64_t abi_flags_to_guest(const GuestABI *abi, const FlagSet *set, uint64_t value)
{
    const FlagConversion *c = find_flags(abi, set);
    uint64_t out = value;
    for (unsigned i = 0; c && i < c->nb_pairs; i++) {
        out &= ~c->pairs[i].host;
    }
    for (unsigned i = 0; c && i < c->nb_pairs; i++) {
        out |= value & c->pairs[i].host ? c->pairs[i].guest : 0;
    }
    return out;
}

void abi_values_to_host(const GuestABI *abi, const SyscallRow *row, uint64_t args[6])
{
    for (unsigned i = 0; abi->flags && i < 6 && row->args[i].kind != ARG_NONE; i++) {
        const SyscallArg *arg = &row->args[i];
        if (arg->kind == ARG_FLAGS) {
            args[i] = abi_flags_to_host(abi, arg->set, args[i]);
        } else if (arg->kind == ARG_FCNTLARG && (int)args[arg->count - 1] == F_SETFL) {
            args[i] = abi_flags_to_host(abi, &flag_set_open, args[i]);
        }
    }
}

// --- structures ---------------------------------------------------------------------------------
const StructConversion *abi_struct(const GuestABI *abi, SyscallStruct type)
{
    for (const StructConversion *c = abi->structs; c && c->size; c++) {
        if (c->type == type) {
            return c;
        }
    }
    return NULL;
}

uint64_t abi_struct_size(const GuestABI *abi, SyscallStruct type)
{
    const StructConversion *c = abi_struct(abi, type);
    return c ? c->size : syscall_struct_size(type);
}

// What a semctl command takes: a structure semid_ds, or something that is no matter for conversion.
static uint8_t semctl_dir(int command)
{
    switch (command) {
    case IPC_SET: return DIR_IN;
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY: return DIR_OUT;
    default: return 0;
    }
}

// Which structure an argument points to; false when to none that is converted.
static bool find_struct(const GuestABI *abi, const SyscallArg *arg, const uint64_t args[6],
                        struct ConvertedArg *out)
{
    SyscallStruct type = arg->type;
    out->dir = arg->dir;
    if (arg->kind == ARG_SEMCTLARG) {
        type = STRUCT_SEMIDDS;
        out->dir = semctl_dir((int)args[arg->count - 1]);
    } else if (arg->kind != ARG_STRUCT) {
        return false;
    }
    out->how = out->dir ? abi_struct(abi, type) : NULL;
    out->elements = 1;
    if (arg->kind == ARG_STRUCT && arg->count) {
        out->elements = (uint32_t)args[arg->count - 1];
    }
    return out->how && (int32_t)out->elements > 0;
}

void abi_structs_to_host(const GuestABI *abi, const SyscallRow *row, uint64_t args[6],
                         ConvertedArgs *converted)
{
    converted->count = 0;
    for (unsigned i = 0; abi->structs && i < 6 && row->args[i].kind != ARG_NONE; i++) {
        struct ConvertedArg *c = &converted->args[converted->count];
        c->arg = &row->args[i];
        c->guest = args[i];
        if (c->guest == 0 || !find_struct(abi, c->arg, args, c)) {
            continue;
        }
        if (c->elements > MAX_ELEMENTS && (c->dir & DIR_OUT)) {
            c->elements = MAX_ELEMENTS; // fewer than asked for is what such calls may give
            args[c->arg->count - 1] = MAX_ELEMENTS;
        }
        size_t size = syscall_struct_size(c->how->type);
        c->host = g_malloc0_n(c->elements, size);
        if (c->dir & DIR_IN) {
            g_autofree uint8_t *copy = g_malloc_n(c->elements, c->how->size);
            if (!guest_read(c->guest, copy, (size_t)c->elements * c->how->size)) {
                g_free(c->host);
                continue;
            }
            for (uint32_t n = 0; n < c->elements; n++) {
                c->how->to_host((uint8_t *)c->host + n * size, copy + n * c->how->size);
            }
        }
        args[i] = (uint64_t)(uintptr_t)c->host;
        converted->count++;
    }
}

static bool write_back(const struct ConvertedArg *c, int64_t result)
{
    size_t size = syscall_struct_size(c->how->type);
    uint32_t n = c->arg->count_is_result ? (uint32_t)MIN(result, c->elements) : c->elements;
    g_autofree uint8_t *copy = g_malloc0_n(n, c->how->size);
    for (uint32_t i = 0; i < n; i++) {
        c->how->to_guest(copy + i * c->how->size, (uint8_t *)c->host + i * size);
    }
    return guest_write(c->guest, copy, (size_t)n * c->how->size);
}

int64_t abi_structs_to_guest(const GuestABI *abi, const SyscallRow *row, const uint64_t args[6],
                             ConvertedArgs *converted, int64_t result)
{
    for (unsigned i = 0; i < converted->count; i++) {
        struct ConvertedArg *c = &converted->args[i];
        if (result >= 0 && (c->dir & DIR_OUT) && !write_back(c, result)) {
            result = -EFAULT;
        }
        g_free(c->host);
    }
    for (unsigned i = 0; abi->flags && i < 6 && row->args[i].kind != ARG_NONE; i++) {
        const SyscallArg *arg = &row->args[i];
        if (arg->kind == ARG_FCNTLARG && (int)args[arg->count - 1] == F_GETFL && result >= 0) {
            result = (int64_t)abi_flags_to_guest(abi, &flag_set_open, (uint64_t)result);
        }
    }
    return result;
}
