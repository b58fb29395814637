#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes a64-simd-cases.h, the table of test_a64_simd.c: every AdvSIMD instruction on integers in each of its
# arrangements, assembled, and what qemu-aarch64 makes of it from the states that both know how to make.
#
#   test/unit/a64-simd-cases.py > test/unit/a64-simd-cases.h
#
# It takes clang, lld and llvm-mc of LLVM 19, and qemu-aarch64; the table is kept in the tree, so that the
# test needs none of them.

import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
STATES = 2
MASK = (1 << 64) - 1

B, H, S, D = ("8b", "16b"), ("4h", "8h"), ("2s", "4s"), ("2d",)
BHS, BHSD = B + H + S, B + H + S + D
WIDER = {"8b": "8h", "16b": "8h", "4h": "4s", "8h": "4s", "2s": "2d", "4s": "2d"}
PAIRED = {"8b": "4h", "16b": "8h", "4h": "2s", "8h": "4s", "2s": "1d", "4s": "2d"}
BITS = {"b": 8, "h": 16, "s": 32, "d": 64}


def bits(arrangement):
    return BITS[arrangement[-1]]


def is_high(arrangement):
    return arrangement in ("16b", "8h", "4s")


def same(names, arrangements):
    for name in names.split():
        for t in arrangements:
            yield f"{name} v0.{t}, v1.{t}, v2.{t}"


def scalar(names, sizes, operands=3):
    for name in names.split():
        for t in sizes:
            yield f"{name} " + ", ".join(f"{t}{i}" for i in range(operands))


def one(names, arrangements, tail=""):
    for name in names.split():
        for t in arrangements:
            yield f"{name} v0.{t}, v1.{t}{tail}"


def long(names, arrangements, shape):
    for name in names.split():
        for t in arrangements:
            high, w = "2" if is_high(t) else "", WIDER[t]
            d, n, m = {"l": (w, t, t), "w": (w, w, t), "n": (t, w, w)}[shape]
            yield f"{name}{high} v0.{d}, v1.{n}, v2.{m}"


def narrow(names, tail=""):
    for name in names.split():
        for t in BHS:
            yield f"{name}{'2' if is_high(t) else ''} v0.{t}, v1.{WIDER[t]}{tail}"


def shifts(name, left):
    for t in BHSD:
        w = bits(t)
        for n in (0, w - 1) if left else (1, w):
            yield f"{name} v0.{t}, v1.{t}, #{n}"


def scalar_shifts(name, sizes, left):
    for t in sizes:
        w = BITS[t]
        for n in (0, w - 1) if left else (1, w):
            yield f"{name} {t}0, {t}1, #{n}"


def element(names, long_form=False):
    for name in names.split():
        for t, lanes in (("4h", "h"), ("8h", "h"), ("2s", "s"), ("4s", "s")):
            lane = 5 if lanes == "h" else 3
            if long_form:
                yield f"{name}{'2' if is_high(t) else ''} v0.{WIDER[t]}, v1.{t}, v2.{lanes}[{lane}]"
            else:
                yield f"{name} v0.{t}, v1.{t}, v2.{lanes}[{lane}]"


def scalar_element(names, long_form=False):
    for name in names.split():
        for t, w in (("h", "s"), ("s", "d")):
            yield f"{name} {w if long_form else t}0, {t}1, v2.{t}[1]"


def instructions():
    yield from same("shadd uhadd srhadd urhadd shsub uhsub smax umax smin umin sabd uabd saba uaba mla mls "
                    "mul smaxp umaxp sminp uminp", BHS)
    yield from same("sqadd uqadd sqsub uqsub cmgt cmhi cmge cmhs cmtst cmeq sshl ushl sqshl uqshl srshl "
                    "urshl sqrshl uqrshl add sub addp", BHSD)
    yield from same("and bic orr orn eor bsl bit bif", B)
    yield from same("sqdmulh sqrdmulh sqrdmlah sqrdmlsh", H + S)
    yield from same("pmul", B)
    yield from scalar("sqadd uqadd sqsub uqsub sqshl uqshl sqrshl uqrshl", "bhsd")
    yield from scalar("cmgt cmhi cmge cmhs cmtst cmeq sshl ushl srshl urshl add sub", "d")
    yield from scalar("sqdmulh sqrdmulh sqrdmlah sqrdmlsh", "hs")
    for name in ("sdot", "udot"):
        yield f"{name} v0.2s, v1.8b, v2.8b"
        yield f"{name} v0.4s, v1.16b, v2.16b"
        yield f"{name} v0.2s, v1.8b, v2.4b[1]"
        yield f"{name} v0.4s, v1.16b, v2.4b[3]"

    yield from long("saddl uaddl ssubl usubl sabal uabal sabdl uabdl smlal umlal smlsl umlsl smull umull",
                    BHS, "l")
    yield from long("saddw uaddw ssubw usubw", BHS, "w")
    yield from long("addhn raddhn subhn rsubhn", BHS, "n")
    yield from long("sqdmlal sqdmlsl sqdmull", H + S, "l")
    yield from ("pmull v0.8h, v1.8b, v2.8b", "pmull2 v0.8h, v1.16b, v2.16b",
                "pmull v0.1q, v1.1d, v2.1d", "pmull2 v0.1q, v1.2d, v2.2d")
    for name in ("sqdmlal", "sqdmlsl", "sqdmull"):
        yield from (f"{name} s0, h1, h2", f"{name} d0, s1, s2")

    yield from one("rev64", BHS)
    yield from one("rev32", B + H)
    yield from one("rev16 cnt not rbit", B)
    for name in ("saddlp", "uaddlp", "sadalp", "uadalp"):
        for t in BHS:
            yield f"{name} v0.{PAIRED[t]}, v1.{t}"
    yield from one("suqadd usqadd sqabs sqneg abs neg", BHSD)
    yield from one("cls clz", BHS)
    yield from one("cmgt cmge cmeq cmle cmlt", BHSD, ", #0")
    yield from scalar("suqadd usqadd sqabs sqneg", "bhsd", 2)
    yield from scalar("abs neg", "d", 2)
    for name in ("cmgt", "cmge", "cmeq", "cmle", "cmlt"):
        yield f"{name} d0, d1, #0"
    yield from narrow("xtn sqxtn sqxtun uqxtn")
    for name in ("sqxtn", "sqxtun", "uqxtn"):
        yield from (f"{name} b0, h1", f"{name} h0, s1", f"{name} s0, d1")
    for t in BHS:
        yield f"shll{'2' if is_high(t) else ''} v0.{WIDER[t]}, v1.{t}, #{bits(t)}"
    for name in ("saddlv", "uaddlv", "smaxv", "umaxv", "sminv", "uminv", "addv"):
        for t in B + H + ("4s",):
            yield f"{name} {WIDER[t][-1] if name.endswith('lv') else t[-1]}0, v1.{t}"
    yield "addp d0, v1.2d"

    for t in BHSD:
        yield f"dup v0.{t}, v1.{t[-1]}[1]"
        yield f"dup v0.{t}, {'x' if t == '2d' else 'w'}1"
    for t in "bhsd":
        yield f"dup {t}0, v1.{t}[1]"
        yield f"mov v0.{t}[1], {'x' if t == 'd' else 'w'}1"
        yield f"mov v0.{t}[0], v1.{t}[1]"
        yield f"umov {'x' if t == 'd' else 'w'}0, v1.{t}[1]"
    yield from ("smov w0, v1.b[9]", "smov x0, v1.b[9]", "smov w0, v1.h[5]", "smov x0, v1.h[5]",
                "smov x0, v1.s[3]")
    yield from same("uzp1 uzp2 trn1 trn2 zip1 zip2", BHSD)
    yield from ("ext v0.8b, v1.8b, v2.8b, #3", "ext v0.16b, v1.16b, v2.16b, #11", "ext v0.8b, v1.8b, v2.8b, #0")
    for name in ("tbl", "tbx"):
        for t in B:
            for tables in (("v3",), ("v2", "v3"), ("v1", "v2", "v3"), ("v0", "v1", "v2", "v3")):
                yield f"{name} v0.{t}, {{ {', '.join(r + '.16b' for r in tables)} }}, v1.{t}"

    yield from element("mul mla mls sqdmulh sqrdmulh sqrdmlah sqrdmlsh")
    yield from element("smull umull smlal umlal smlsl umlsl sqdmull sqdmlal sqdmlsl", True)
    yield from scalar_element("sqdmulh sqrdmulh sqrdmlah sqrdmlsh")
    yield from scalar_element("sqdmull sqdmlal sqdmlsl", True)

    for name in ("movi", "mvni", "orr", "bic"):
        for t in S:
            yield f"{name} v0.{t}, #0xa5, lsl #16"
        for t in H:
            yield f"{name} v0.{t}, #0xa5, lsl #8"
    yield from ("movi v0.8b, #0xa5", "movi v0.16b, #0xa5", "movi v0.2s, #0xa5, msl #8",
                "mvni v0.4s, #0xa5, msl #16", "movi d0, #0xff00ff0000ffff00",
                "movi v0.2d, #0xff00ff0000ffff00", "fmov v0.2s, #-1.5", "fmov v0.4s, #20.0",
                "fmov v0.2d, #0.125", "fmov v0.4h, #-1.5", "fmov v0.8h, #20.0")
    for name in ("sshr", "ushr", "ssra", "usra", "srshr", "urshr", "srsra", "ursra", "sri"):
        yield from shifts(name, False)
        yield from scalar_shifts(name, "d", False)
    for name in ("shl", "sli", "sqshl", "uqshl", "sqshlu"):
        yield from shifts(name, True)
        yield from scalar_shifts(name, "d" if name in ("shl", "sli") else "bhsd", True)
    names = "sqshrn sqrshrn uqshrn uqrshrn sqshrun sqrshrun"
    yield from narrow("shrn rshrn " + names, ", #3")
    for name in names.split():
        yield from (f"{name} b0, h1, #8", f"{name} h0, s1, #1", f"{name} s0, d1, #32")
    for t in BHS:
        for n in (0, bits(t) - 1):
            for name in ("sshll", "ushll"):
                yield f"{name}{'2' if is_high(t) else ''} v0.{WIDER[t]}, v1.{t}, #{n}"

    yield from ("aese v0.16b, v1.16b", "aesd v0.16b, v1.16b", "aesmc v0.16b, v1.16b",
                "aesimc v0.16b, v1.16b", "sha1c q0, s1, v2.4s", "sha1p q0, s1, v2.4s",
                "sha1m q0, s1, v2.4s", "sha1su0 v0.4s, v1.4s, v2.4s", "sha1su1 v0.4s, v1.4s",
                "sha1h s0, s1", "sha256h q0, q1, v2.4s", "sha256h2 q0, q1, v2.4s",
                "sha256su0 v0.4s, v1.4s", "sha256su1 v0.4s, v1.4s, v2.4s", "sha512h q0, q1, v2.2d",
                "sha512h2 q0, q1, v2.2d", "sha512su0 v0.2d, v1.2d", "sha512su1 v0.2d, v1.2d, v2.2d",
                "eor3 v0.16b, v1.16b, v2.16b, v3.16b", "bcax v0.16b, v1.16b, v2.16b, v3.16b",
                "rax1 v0.2d, v1.2d, v2.2d", "xar v0.2d, v1.2d, v2.2d, #0", "xar v0.2d, v1.2d, v2.2d, #13",
                "sm3ss1 v0.4s, v1.4s, v2.4s, v3.4s", "sm3tt1a v0.4s, v1.4s, v2.s[1]",
                "sm3tt1b v0.4s, v1.4s, v2.s[0]", "sm3tt2a v0.4s, v1.4s, v2.s[3]",
                "sm3tt2b v0.4s, v1.4s, v2.s[2]", "sm3partw1 v0.4s, v1.4s, v2.4s",
                "sm3partw2 v0.4s, v1.4s, v2.4s", "sm4e v0.4s, v1.4s", "sm4ekey v0.4s, v1.4s, v2.4s")


def assemble(lines):
    out = subprocess.run(["llvm-mc-19", "--triple=aarch64", "--mattr=+all", "--show-encoding"],
                         input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout
    words = []
    for line in out.splitlines():
        if "encoding: [" in line:
            text = line.split("encoding: [")[1].split("]")[0]
            words.append(int.from_bytes(bytes(int(b, 16) for b in text.split(",")), "little"))
    assert len(words) == len(lines)
    return words


# --- states: as make_state in test_a64_simd.c --------------------------------------------------------


class Numbers:
    def __init__(self, seed):
        self.x = seed

    def next(self):
        self.x = (self.x + 0x9E3779B97F4A7C15) & MASK
        z = self.x
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    # Half the time a lane is one of the values where saturation and shifts begin.
    def value(self):
        kind = self.next() & 3
        if kind == 3:
            return self.next()
        width, v = 8 << kind, 0
        for at in range(0, 64, width):
            r = self.next()
            top = 1 << (width - 1)
            edges = (0, 1, top - 1, top, 2 * top - 1, width, (-width) & (2 * top - 1), top + 1)
            v |= (edges[r >> 1 & 7] if r & 1 else r >> 8 & (2 * top - 1)) << at
        return v


def state(insn, k):
    n = Numbers(insn * STATES + k)
    return [n.value() for _ in range(9)]  # V0 .. V3, X1


def expected(words):
    with tempfile.TemporaryDirectory() as directory:
        server = os.path.join(directory, "server")
        subprocess.run(["clang-19", "--target=aarch64-linux-gnu", "-O1", "-ffreestanding", "-nostdlib",
                        "-static", "-fuse-ld=lld", os.path.join(HERE, "a64-server.c"), "-o", server],
                       check=True)
        requests = b""
        for insn in words:
            requests += struct.pack("<II", insn, STATES)
            for k in range(STATES):
                requests += struct.pack("<9QII", *state(insn, k), 0, 0)
        out = subprocess.run(["qemu-aarch64", "-cpu", "max", server], input=requests,
                             capture_output=True, check=True).stdout
    size = struct.calcsize("<QQQIIQ")
    assert len(out) == size * STATES * len(words)
    return [struct.unpack_from("<QQQIIQ", out, size * i) for i in range(STATES * len(words))]


def main():
    lines = list(instructions())
    words = assemble(lines)
    results = expected(words)
    print("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//")
    print("// Written by a64-simd-cases.py: what it is and how to make it again is said there.")
    print("//")
    print("//   CASE(instruction, text, {result from each state: V0 low, high, X0, FPSR.QC}, ...)\n")
    print("// clang-format off")
    for i, (line, word) in enumerate(zip(lines, words)):
        rows = []
        for v0, v1, x0, fpsr, _, undefined in results[STATES * i:STATES * (i + 1)]:
            if undefined or fpsr & ~(1 << 27):
                sys.exit(f"{line}: undefined {undefined}, FPSR {fpsr:x}")
            rows.append(f"{{0x{v0:x}, 0x{v1:x}, 0x{x0:x}, {fpsr >> 27}}}")
        print(f'CASE(0x{word:08x}, "{line}", {", ".join(rows)})')


main()
