#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a64-base-cases.h: A64 code, one line a case, and what it does under qemu-aarch64 from each of the
states that test_a64_base.c lists.  Needs clang-19, lld-19, llvm-19 and qemu-user; run it when a line is
added:

    test/unit/a64-base-cases.py > test/unit/a64-base-cases.h

The code reads X0 to X3 and the flags; X4 points to 256 bytes of memory, X5 to the same with a tag.
"""
import itertools
import os
import struct
import subprocess
import sys
import tempfile

LINES = """
adr x0, .+4 ; sub x0, x0, x0
movz x0, #0x1234, lsl #48
movz w0, #0xffff, lsl #16
movn x0, #0x1234, lsl #16
movn w0, #0
movk x0, #0xabcd, lsl #32
movk w0, #0xabcd
add x0, x1, #0xfff
add w0, w1, #0xfff, lsl #12
add sp, x1, #16 ; mov x0, sp
sub x0, x1, #1
adds x0, x1, #1
adds w0, w1, #1
adds w0, w1, #0
subs x0, x1, #1
subs w0, w1, #0x800, lsl #12
cmp x1, #0
cmn w1, #1
and x0, x1, #0x5555555555555555
and w0, w1, #0xff00ff00
orr x0, xzr, #0x8000000000000001
eor x0, x1, #0xfffffffffffffffe
eor w0, w1, #0x0ffffff0
ands x0, x1, #0x8000000000000000
ands w0, w1, #1
tst x1, #0xff
ubfx x0, x1, #7, #13
ubfx w0, w1, #7, #13
ubfiz x0, x1, #50, #13
ubfiz w0, w1, #20, #8
lsr x0, x1, #63
lsl w0, w1, #31
sbfx x0, x1, #28, #8
sbfx w0, w1, #24, #8
sbfiz x0, x1, #4, #33
sbfiz w0, w1, #3, #9
asr w0, w1, #31
sxtb x0, w1
sxth w0, w1
sxtw x0, w1
bfi x0, x1, #60, #4
bfi w0, w1, #8, #8
bfxil x0, x1, #40, #24
bfxil w0, w1, #16, #16
bfc x0, #8, #16
extr x0, x1, x2, #1
extr w0, w1, w2, #31
ror x0, x1, #17
ror w0, w1, #17
extr x0, x1, x2, #0
and x0, x1, x2, lsl #3
bic x0, x1, x2, lsr #33
orr w0, w1, w2, asr #7
orn x0, x1, x2, ror #9
eor w0, w1, w2, ror #9
eon x0, x1, x2, asr #63
ands x0, x1, x2
ands w0, w1, w2
bics w0, w1, w2, lsl #1
mvn w0, w1
mov w0, w1
add x0, x1, x2, lsl #7
add w0, w1, w2, lsr #9
sub x0, x1, x2, asr #40
neg w0, w1, asr #31
adds x0, x1, x2
adds w0, w1, w2
subs x0, x1, x2
subs w0, w1, w2
subs x1, x1, x1
adds w0, w1, w2, asr #1
negs x0, x1
add x0, x1, w2, sxtb #4
add x0, x1, w2, uxth #3
add w0, w1, w2, sxth #1
sub x0, x1, w2, sxtw
adds x0, x1, w2, uxtw #2
subs x0, x1, x2, sxtx #1
cmp w1, w2, uxtb
adc x0, x1, x2
adc w0, w1, w2
adcs x0, x1, x2
adcs w0, w1, w2
sbc x0, x1, x2
sbcs x0, x1, x2
sbcs w0, w1, w2
ngcs w0, w1
adds x0, x1, x2 ; adcs x1, x2, x1
subs w0, w1, w2 ; sbcs w1, w2, w1
lsl x0, x1, x3
lsl w0, w1, w3
lsr x0, x1, x3
lsr w0, w1, w3
asr x0, x1, x3
asr w0, w1, w3
ror x0, x1, x3
ror w0, w1, w3
mul x0, x1, x2
mul w0, w1, w2
madd x0, x1, x2, x3
msub w0, w1, w2, w3
mneg x0, x1, x2
smaddl x0, w1, w2, x3
smsubl x0, w1, w2, x3
umaddl x0, w1, w2, x3
umsubl x0, w1, w2, x3
smull x0, w1, w2
umull x0, w1, w2
smulh x0, x1, x2
umulh x0, x1, x2
udiv x0, x1, x2
udiv w0, w1, w2
sdiv x0, x1, x2
sdiv w0, w1, w2
sdiv x0, x1, x3
sdiv w0, w3, w1
mov x3, #-1 ; sdiv x0, x1, x3
mov w3, #-1 ; sdiv w0, w2, w3
crc32b w0, w1, w2
crc32h w0, w1, w2
crc32w w0, w1, w2
crc32x w0, w1, x2
crc32cb w0, w1, w2
crc32ch w0, w1, w2
crc32cw w0, w1, w2
crc32cx w0, w1, x2
rbit x0, x1
rbit w0, w1
rev16 x0, x1
rev16 w0, w1
rev32 x0, x1
rev w0, w1
rev x0, x1
clz x0, x1
clz w0, w1
cls x0, x1
cls w0, w1
csel x0, x1, x2, eq
csel w0, w1, w2, ge
csinc x0, x1, x2, lo
csinv w0, w1, w2, vs
csneg x0, x1, x2, mi
csel x0, x1, x2, al
csel x0, x1, x2, nv
rmif x1, #3, #15
rmif x1, #61, #5
setf8 w1
setf16 w1
cfinv
axflag
xaflag
mrs x0, nzcv
msr nzcv, x1 ; mrs x0, nzcv
subs x0, x1, x2 ; mrs x0, nzcv
ldr x0, [x4]
ldr w0, [x4, #4]
ldrh w0, [x4, #6]
ldrb w0, [x4, #255]
ldrsw x0, [x4, #8]
ldrsh x0, [x4, #2]
ldrsh w0, [x4, #2]
ldrsb x0, [x4, #1]
ldrsb w0, [x4, #1]
ldr x0, [x4], #8
ldr w0, [x4, #16]!
ldur x0, [x4, #1]
ldtr x0, [x4, #8]
ldr x0, [x5, #8]
mov w3, #-8 ; add x4, x4, #64 ; ldr x0, [x4, w3, sxtw]
mov w3, #3 ; ldr x0, [x4, w3, uxtw #3]
mov x3, #5 ; ldrh w0, [x4, x3, lsl #1]
ldp x0, x1, [x4, #16]
ldp w0, w1, [x4], #8
ldpsw x0, x1, [x4, #8]!
ldnp x0, x1, [x4, #32]
str x1, [x4, #8]
str w1, [x4, #4]!
strh w1, [x4], #2
strb w1, [x5, #3]
sturh w1, [x4, #7]
sttr x1, [x4, #24]
stp x1, x2, [x4, #16]
stp w1, w2, [x4, #-8]! ; add x4, x4, #8
stnp x1, x2, [x4, #64]
prfm pldl1keep, [x4, #8]
ldar x0, [x4]
ldarb w0, [x4]
ldlarh w0, [x4]
ldapr w0, [x4]
ldapurb w0, [x4, #1]
ldapursh x0, [x4, #2]
ldapursw x0, [x4, #4]
stlr x1, [x4]
stllrb w1, [x4]
stlurh w1, [x4, #4]
ldxr x0, [x4] ; stxr w1, x2, [x4]
ldaxrb w0, [x4] ; stlxrb w1, w2, [x4]
ldxr x0, [x4] ; add x3, x4, #8 ; stxr w1, x2, [x3]
stxr w1, x2, [x4]
ldxr x0, [x4] ; clrex ; stxr w1, x2, [x4]
ldxr x0, [x4] ; str x3, [x4] ; stxr w1, x2, [x4]
ldxp x0, x1, [x4] ; stxp w1, x2, x3, [x4]
ldaxp w0, w1, [x4, #0] ; stlxp w1, w2, w3, [x4]
cas x1, x2, [x4]
ldr x1, [x4] ; casal x1, x2, [x4]
ldrb w1, [x4] ; casb w1, w2, [x4]
ldp x0, x1, [x4] ; casp x0, x1, x2, x3, [x4]
ldp w0, w1, [x4] ; caspal w0, w1, w2, w3, [x4]
swp x1, x0, [x4]
swpalh w1, w0, [x4]
ldadd x1, x0, [x4]
ldaddab w1, w0, [x4]
ldclr x1, x0, [x4]
ldeorl w1, w0, [x4]
ldset x1, x0, [x4]
ldsmax x1, x0, [x4]
ldsmaxb w1, w0, [x4]
ldsmin w1, w0, [x4]
ldsminh w1, w0, [x4]
ldumax x1, x0, [x4]
ldumin w1, w0, [x4]
staddh w1, [x4]
dmb ish ; dsb sy ; isb ; nop ; yield ; bti c ; paciasp ; autiasp ; xpaclri
mrs x0, ctr_el0 ; mov x0, #1
msr tpidr_el0, x1 ; mrs x0, tpidr_el0
cbz x1, 1f ; mov x0, #1 ; 1: add x0, x0, #1
cbnz w1, 1f ; mov x0, #1 ; 1: add x0, x0, #1
tbz x1, #63, 1f ; mov x0, #1 ; 1: add x0, x0, #1
tbnz w1, #0, 1f ; mov x0, #1 ; 1: add x0, x0, #1
b 1f ; mov x0, #1 ; 1: add x0, x0, #1
mov x3, x30 ; bl 1f ; 1: mov x30, x3
mov x0, #0 ; mov x3, #10 ; 1: add x0, x0, x3 ; subs x3, x3, #1 ; b.ne 1b
adr x3, 1f ; br x3 ; mov x0, #7 ; 1: nop
cmp x1, x2 ; b.hi 1f ; adds x0, x1, x2 ; b.vs 2f ; 1: subs x0, x0, #1 ; 2: cset x1, cs
"""
CONDS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le".split()
FLAGS = ["cmp x1, x2", "cmp w1, w2", "cmn x1, x2", "cmn w1, w2", "cmn x1, #3", "tst x1, x2", "tst w1, w2",
         "subs x0, x1, x2", "adcs x0, x1, x2", "cmp x1, x2 ; ccmp x2, x3, #4, ne",
         "cmp w1, w2 ; ccmp w3, #7, #9, lt", "cmp x1, x2 ; ccmn x2, x3, #6, ls",
         "tst x1, #1 ; ccmn w3, #2, #0, eq", "ccmp x1, x2, #15, gt", "ccmp x1, x2, #2, al"]


def lines():
    yield from (line.strip() for line in LINES.strip().split("\n"))
    for flags, cond in itertools.product(FLAGS, CONDS):
        yield f"{flags} ; cset x3, {cond} ; b.{cond} 1f ; add x3, x3, #2 ; 1: mov x0, x3"


STATES = [
    (0x0123456789ABCDEF, 0xFEDCBA9876543210, 5, 0x0),
    (0xFFFFFFFFFFFFFFFF, 1, 0x80000000, 0xF),
    (0x8000000000000000, 0x8000000080000000, 63, 0x6),
    (0x7FFFFFFF, 0xFFFFFFFF80000001, 0, 0x9),
    (0, 0, 0xFFFFFFFFFFFFFFFF, 0x2),
]
RUNNER = r"""
.globl _start
_start: adrp x28, buffer
    add x28, x28, :lo12:buffer
    add x28, x28, #64
    mov x29, sp
    mov x27, #-1
next: add x27, x27, #1
    mov x6, #NCASES*NSTATES
    cmp x27, x6
    b.eq end
    mov x6, #NSTATES
    udiv x7, x27, x6
    msub x8, x7, x6, x27
    sub x9, x28, #64
    mov x10, #0
fill: mul x11, x10, x10
    add x11, x11, x10, lsl #3
    add x11, x11, #0x91
    strb w11, [x9, x10]
    add x10, x10, #1
    cmp x10, #256
    b.ne fill
    adr x9, states
    add x9, x9, x8, lsl #5
    adrp x10, table
    add x10, x10, :lo12:table
    ldr x26, [x10, x7, lsl #3]
    ldp x1, x2, [x9]
    ldp x3, x6, [x9, #16]
    msr nzcv, x6
    movz x0, #0x4444
    movk x0, #0x3333, lsl #16
    movk x0, #0x2222, lsl #32
    movk x0, #0x1111, lsl #48
    mov x4, x28
    orr x5, x28, #0xff00000000000000
    clrex
    blr x26
    mrs x6, nzcv
    mov sp, x29
    sub x4, x4, x28
    adrp x9, result
    add x9, x9, :lo12:result
    stp x0, x1, [x9]
    stp x4, x6, [x9, #16]
    mov x8, #64
    mov x0, #1
    mov x1, x9
    mov x2, #32
    svc #0
    mov x8, #64
    mov x0, #1
    sub x1, x28, #64
    mov x2, #256
    svc #0
    b next
end: mov x0, #0
    mov x8, #93
    svc #0
.balign 8
states:
"""


def checksum(memory):
    h = 0
    for byte in memory:
        h = (h * 31 + byte) & 0xFFFFFFFF
    return h


def main():
    cases = list(lines())
    asm = [".text", f".set NCASES, {len(cases)}", f".set NSTATES, {len(STATES)}", RUNNER]
    for x1, x2, x3, nzcv in STATES:
        asm.append(f".quad {x1:#x}, {x2:#x}, {x3:#x}, {nzcv << 28:#x}")
    asm.append('.section .cases,"ax"')
    for i, line in enumerate(cases):
        asm.append(f"case{i}:")
        asm += [part.strip() for part in line.split(";")]
        asm.append("ret")
    asm += [f"case{len(cases)}:", ".data", ".balign 8", "table:"]
    asm += [f".quad case{i}" for i in range(len(cases) + 1)]
    asm += [".bss", ".balign 4096", "buffer: .skip 256", "result: .skip 32", ""]
    with tempfile.TemporaryDirectory() as tmp:
        source, program, raw = (os.path.join(tmp, n) for n in ("c.s", "c", "c.bin"))
        with open(source, "w", encoding="ascii") as f:
            f.write("\n".join(asm))
        subprocess.run(["clang-19", "--target=aarch64-linux-gnu", "-march=armv8.5-a+bti+crc", "-nostdlib",
                        "-static", "-fuse-ld=lld", source, "-o", program], check=True)
        subprocess.run(["llvm-objcopy-19", "-O", "binary", "--only-section=.cases", program, raw], check=True)
        with open(raw, "rb") as f:
            code = f.read()
        symbols = subprocess.run(["llvm-nm-19", program], check=True, capture_output=True, text=True).stdout
        at = {w[2]: int(w[0], 16) for w in (s.split() for s in symbols.split("\n")) if len(w) == 3}
        out = subprocess.run(["qemu-aarch64", "-cpu", "max,pauth=off", program], check=True,
                             capture_output=True).stdout
    print("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//\n"
          "// Written by a64-base-cases.py.  For each state: X0, X1, X4's change, NZCV, a checksum of memory.\n"
          "\n// clang-format off")
    base = at["case0"]
    for i, line in enumerate(cases):
        start, end = at[f"case{i}"] - base, at[f"case{i + 1}"] - base - 4
        words = ", ".join(f"0x{w:08x}" for w in struct.unpack(f"<{(end - start) // 4}I", code[start:end]))
        print(f'{{"{line}", {(end - start) // 4}, {{{words}}}, {{')
        for k in range(len(STATES)):
            r = out[(i * len(STATES) + k) * 288:][:288]
            x0, x1, x4, nzcv = struct.unpack("<QQQQ", r[:32])
            print(f"    {{{x0:#x}, {x1:#x}, {x4:#x}, {nzcv >> 28:#x}, {checksum(r[32:]):#x}}},")
        print("}},")
    print("// clang-format on")
    assert len(out) == len(cases) * len(STATES) * 288, "qemu's output ends early"


sys.exit(main())
