// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small plugin interface: a function before the instructions that a plugin picks, one before the blocks
// that it picks, and a look at memory and registers.  For plugins of QEMU's instrumentation branch by ISP RAS,
// which builds them with these two headers, and for whoever wants no more.
//
//     cc -shared -fPIC -I PREFIX/include/myna/plugins/include/insn -o libx.so x.c
//     myna -plugin file=./libx.so,args="text for the plugin" -D log ./prog
//
// A plugin defines plugin_init, and of the others those that it wants.  They are called on the guest's
// threads, several at once.  cpu names the virtual CPU; it is good for the call that it was given to.

#ifndef MYNA_INSN_PLUGINS_H
#define MYNA_INSN_PLUGINS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Called once, before the guest's program is loaded; args is what args= gave, or "".  False: myna ends with
// status 64.
bool plugin_init(const char *args);

// Asked when code is translated: is plugin_before_insn to be called before each execution of the
// instruction at pc?
bool plugin_needs_before_insn(uint64_t pc, void *cpu);
// Called before each execution of such an instruction; all registers are exact.
void plugin_before_insn(uint64_t pc, void *cpu);

// Asked when a block is translated; plugin_before_tb is called at once, in the translation, when it says yes.
bool plugin_needs_before_tb(uint64_t pc, void *cpu);
void plugin_before_tb(uint64_t pc, void *cpu);

// Writes to the log (-D; standard error unless told), as printf does.
void qemulib_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Copies len bytes of guest memory to buf.  0, or nonzero when a part cannot be read.
int qemulib_read_memory(void *cpu, uint64_t addr, uint8_t *buf, int len);
// Writes the register's value to mem_buf, little-endian, and gives its size in bytes: what regnum.h says of
// it.  0 when the guest has no such register.
int qemulib_read_register(void *cpu, uint8_t *mem_buf, int reg);

#ifdef __cplusplus
}
#endif
#endif
