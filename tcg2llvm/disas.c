// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly through LLVM-C. A disassembler is made once a triple and kept.

#include "tcg2llvm/disas.h"

#include <pthread.h>

#include <glib.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include "tcg2llvm/llvm-shim/load.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *disassemblers; // triple -> LLVMDisasmContextRef; NULL: there is none

static LLVMDisasmContextRef create(const char *triple, const char *features)
{
    if (!llvm_load(NULL)) {
        return NULL;
    }
    if (g_str_has_prefix(triple, "aarch64")) {
        LLVMInitializeAArch64TargetInfo();
        LLVMInitializeAArch64TargetMC();
        LLVMInitializeAArch64Disassembler();
    } else if (g_str_has_prefix(triple, "arm") || g_str_has_prefix(triple, "thumb")) {
        LLVMInitializeARMTargetInfo();
        LLVMInitializeARMTargetMC();
        LLVMInitializeARMDisassembler();
    } else {
        return NULL;
    }
    LLVMDisasmContextRef d = LLVMCreateDisasmCPUFeatures(triple, "", features, NULL, 0, NULL, NULL);
    if (d) {
        LLVMSetDisasmOptions(d, LLVMDisassembler_Option_PrintImmHex);
    }
    return d;
}

size_t llvm_disassemble(const char *triple, const char *features, uint64_t pc, const uint8_t *bytes,
                        size_t len, char *buf, size_t size)
{
    LLVMDisasmContextRef d;
    size_t n = 0;
    pthread_mutex_lock(&lock);
    if (!disassemblers) {
        disassemblers = g_hash_table_new(g_str_hash, g_str_equal);
    }
    if (!g_hash_table_lookup_extended(disassemblers, triple, NULL, (void **)&d)) {
        d = create(triple, features);
        g_hash_table_insert(disassemblers, g_strdup(triple), d);
    }
    if (d) {
        n = LLVMDisasmInstruction(d, (uint8_t *)bytes, len, pc, buf, size);
    }
    pthread_mutex_unlock(&lock);
    if (n) {
        g_strdelimit(buf, "\t", ' ');
        g_strstrip(buf);
    }
    return n;
}
