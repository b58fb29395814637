#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random A64 instructions, run under qemu-aarch64 and under myna's engines.

    random-aarch64.py --patterns PROGRAM --rig PROGRAM --myna MYNA [--engine=--tci ...] [-n N] [--seed S]

Sequences of one to six instructions are made from the decode tables themselves, so each row of them is
met: what a row fixes stays, the rest is random, but that addresses lead into a buffer, branches stay
inside, and nothing is executed whose result no two runs share.  rig-aarch64 runs them from random states.
Where qemu and myna leave different registers, flags, memory or signals, the sequence is made as short as
it goes and shown; --seed repeats a run.

With --undefined the words are random wholly, and what counts is whether they are undefined.
"""

import argparse
import collections
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile

NOP = 0xd503201f
BASE, INDEX, SP = 26, 27, 31
WORDS = 7  # in a sequence's record; the last stays empty

# Rows that are not made: what they do is not the same in two runs, or leaves the sequence.
LEFT_OUT = {
    "SVC", "MRS", "MSR", "MSR_i", "BRK", "BR", "BLR", "RET", "HINT", "PRFM_lit", "LDR_lit", "VLDR_lit",
    "BRA", "RETA", "LDRA", "PAC", "PAC_hint", "XPAC", "XPACLRI", "PACGA",  # keys are random; see guest.aarch64.pac
    "DC_ZVA",  # 512 bytes in qemu's largest CPU, as its DCZID_EL0 says; 64 here
}
# Words that are not made, as (bits, mask), because qemu 7.2 does not do what the manual says.
EXPLAINED = [
    # FCVTZS and FCVTZU to fixed point of a half-precision scalar: the result's sign goes on in bits 16 to 31.
    (0x5f10fc00, 0xdff0fc00),
    # FJCVTZS of a positive denormal that FPCR.FZ flushes: FPToFixedJS has Z = 0 then.
    (0x1e7e0000, 0xfffffc00),
    # DC CVAP is undefined in qemu's user mode, though its ID registers have it.
    (0xd50b7c20, 0xffffffe0),
]
# What qemu's largest CPU has and ours has not (so undefined here, and rightly): mnemonics.
NEWER = ("bf", "smmla", "ummla", "usmmla", "usdot", "sudot", "irg", "gmi", "addg", "subg", "subp", "stg", "st2g",
         "stz", "ldg", "ldraa", "ldrab", "pac", "aut", "xpac", "frint32", "frint64", "wfet", "wfit", "cpy", "set",
         "ld64b", "st64b", "rprs", "rev64b", "stgp", "ldgm", "stgm", "stzgm", "ldapur", "stlur")
# Words that qemu 7.2 takes for instructions and that are none: modified immediates with bit 11 set exist
# as FMOV of half precision alone.
NONE = [(0x2f000c00, 0xbff80c00)]
QEMU = ["qemu-aarch64", "-cpu", "max,sve=off,sme=off,pauth=off"]

Pattern = collections.namedtuple("Pattern", "name bits mask fields")


def read_patterns(program):
    rows = []
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        name, bits, mask, *fields = line.split()
        parsed = {}
        for field in fields:
            key, places = field.split("=")
            parsed[key] = [tuple(map(int, p.split(":"))) for p in places.split(",") if p]
        if name not in LEFT_OUT:
            rows.append(Pattern(name, int(bits, 16), int(mask, 16), parsed))
    return rows


def put(word, places, value):
    for pos, length in reversed(places):
        mask = (1 << length) - 1
        word = word & ~(mask << pos) | (value & mask) << pos
        value >>= length
    return word


def get(word, places):
    value = 0
    for pos, length in places:
        value = value << length | word >> pos & ((1 << length) - 1)
    return value


def is_memory(word):
    return word >> 25 & 0b0101 == 0b0100


def is_branch(word):
    return word >> 26 & 7 == 0b101


def make(row, rng, left):
    """One instruction of a row; `left` follow it in its sequence."""
    word = row.bits | rng.getrandbits(32) & ~row.mask
    if is_branch(word) and "imm" in row.fields:
        return put(word, row.fields["imm"], 2 if left else 1)
    if is_memory(word):
        if "rn" in row.fields:
            word = put(word, row.fields["rn"], rng.choice((BASE, BASE, SP)))
        if "rm" in row.fields:
            word = put(word, row.fields["rm"], INDEX)
        places = row.fields.get("imm")
        if places and sum(length for _, length in places) >= 12:
            word = put(word, places, get(word, places) & 15)
    if row.name.startswith(("DC_", "IC_")):
        return word & ~31 | BASE
    # The base and the index stay what they are.
    for name in ("rd", "rt", "rt2", "rs"):
        places = row.fields.get(name)
        if places and get(word, places) in (BASE, INDEX):
            word = put(word, places, 25)
    return word


def make_sequences(rows, n, rng):
    names = collections.defaultdict(list)
    for row in rows:
        names[row.name].append(row)
    by_name = list(names.values())
    made = []
    for _ in range(n):
        length = rng.choice((1, 1, 2, 3, 4, 6))
        chosen = [rng.choice(rng.choice(by_name)) if rng.random() < 0.5 else rng.choice(rows)
                  for _ in range(length)]
        words = [make(row, rng, length - 1 - i) for i, row in enumerate(chosen)]
        words = [NOP if any(w & mask == bits for bits, mask in EXPLAINED) else w for w in words]
        made.append((rng.getrandbits(64), words))
    return made


def make_undefined(rows, n, rng):
    """Single words that no row has, none of them a branch or a system instruction."""
    made = []
    while len(made) < n:
        word = rng.getrandbits(32)
        if is_branch(word) or any(word & row.mask == row.bits for row in rows):
            continue
        if any(word & mask == bits for bits, mask in NONE):
            continue
        if is_memory(word):
            word = word & ~(31 << 5) | BASE << 5
        made.append((rng.getrandbits(64), [word]))
    return made


def differences(want, got):
    """Numbers of the sequences that differ.  An acquire or release at an unaligned address faults, as before
    Armv8.4, and so does an access through a stack pointer that is no multiple of 16; qemu 7.2 does not look."""
    return [i for i, (w, g) in enumerate(zip(want, got))
            if w != g and not (g[1] == signal.SIGBUS and (w[1] != signal.SIGBUS or g[2] < w[2]))]


class Runner:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory

    def command(self, engine):
        return QEMU if engine == "qemu" else [self.args.myna] + engine.split()

    def run(self, engine, sequences, number=None):
        """The results, or the printed state of one sequence."""
        path, results = (os.path.join(self.directory, f) for f in ("sequences", "results"))
        with open(path, "wb") as f:
            for seed, words in sequences:
                padded = words + [0] * (WORDS - len(words))
                f.write(struct.pack(f"<QI{WORDS}I", seed, len(words), *padded))
        done = subprocess.run(self.command(engine) + [self.args.rig, path, results] +
                              ([] if number is None else [str(number)]),
                              capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{engine}: the rig ended with {done.returncode}: {done.stderr[-2000:]}")
        if number is not None:
            return done.stdout.splitlines()
        with open(results, "rb") as f:
            return list(struct.iter_unpack("<QII", f.read()))

    def differ(self, engine, sequences):
        return differences(self.run("qemu", sequences), self.run(engine, sequences))

    def shrink(self, engine, sequence):
        """The shortest sequence of the same state that still differs: all ways to drop one at a time."""
        seed, words = sequence
        while True:
            fewer = [(seed, words[:i] + [NOP] + words[i + 1:]) for i in range(len(words))
                     if words[i] != NOP]
            bad = self.differ(engine, fewer) if fewer else []
            if not bad:
                break
            words = fewer[bad[0]][1]
        return seed, [w for w in words if w != NOP] or words

    def disassemble(self, words):
        path = os.path.join(self.directory, "words")
        with open(path, "wb") as f:
            f.write(struct.pack(f"<{len(words)}I", *words))
        done = subprocess.run(["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", path],
                              capture_output=True, text=True, check=False)
        return ["\t".join(line.split("\t")[2:]) for line in done.stdout.splitlines() if ":\t" in line]

    def show(self, engine, sequence):
        seed, words = self.shrink(engine, sequence)
        if not self.differ(engine, [(seed, words)]):  # only with the NOPs
            seed, words = sequence
        print(f"{engine}: state {seed:#x}, " + " ".join(f"{w:08x}" for w in words))
        for text in self.disassemble(words):
            print("    " + text)
        want = self.run("qemu", [(seed, words)], 0)
        got = self.run(engine, [(seed, words)], 0)
        before = {line.split()[1]: line for line in want if line.startswith("before")}
        other = set(got)
        for line in want:
            if line not in other:
                key = line.split()[1]
                print(f"    qemu  {line}\n    myna  " +
                      next((g for g in got if g.split()[:2] == line.split()[:2]), "nothing"))
        text = " ".join(self.disassemble(words)).replace(",", " ").replace(".", " ").split()
        for name in sorted({w[0].replace("w", "x") + w[1:] if w[0] == "w" else "v" + w[1:] if w[0] in "bhsdqv"
                            else w for w in text if w[1:].isdigit() and w[0] in "wxbhsdqv"} | {"fpcr", "nzcv"}):
            if name in before:
                print("    " + before[name])
        return self.disassemble(words)


def run_defined(args, runner, rows):
    rng = random.Random(args.seed)
    sequences = make_sequences(rows, args.number, rng)
    failed = 0
    want = runner.run("qemu", sequences)
    for engine in args.engine:
        part = sequences[:args.few] if engine in args.slow else sequences
        got = runner.run(engine, part)
        bad = differences(want, got)
        print(f"{engine}: {len(part)} sequences, {len(bad)} differ")
        for i in bad[:args.show]:
            runner.show(engine, sequences[i])
        failed += len(bad)
    return failed


def run_undefined(args, runner, rows):
    rng = random.Random(args.seed)
    sequences = make_undefined(rows, args.number, rng)
    failed = 0
    want = runner.run("qemu", sequences)
    ill = signal.SIGILL
    print(f"qemu: {sum(w[1] == ill for w in want)} of {len(want)} words are undefined")
    for engine in args.engine:
        got = runner.run(engine, sequences)
        bad = []
        for i, (w, g) in enumerate(zip(want, got)):
            if (w[1] == ill) != (g[1] == ill):
                text = runner.disassemble(sequences[i][1])[0]
                if not (g[1] == ill and text.split()[0].startswith(NEWER)):
                    bad.append((i, text))
        print(f"{engine}: {len(sequences)} words, {len(bad)} differ in being undefined")
        for i, text in bad[:args.show]:
            print(f"    {sequences[i][1][0]:08x} {text}: signal {want[i][1]} under qemu, {got[i][1]} here")
        failed += len(bad)
    return failed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--patterns", required=True, help="program that prints the decode tables' rows")
    p.add_argument("--rig", required=True, help="rig-aarch64, for AArch64")
    p.add_argument("--myna", required=True)
    p.add_argument("--engine", action="append", default=[], help="options for myna; may be given again")
    p.add_argument("--slow", action="append", default=[], help="an engine that gets --few sequences")
    p.add_argument("-n", "--number", type=int, default=10000)
    p.add_argument("--few", type=int, default=2000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--show", type=int, default=10)
    p.add_argument("--only", default="", help="rows whose name begins like this")
    p.add_argument("--undefined", action="store_true")
    args = p.parse_args()
    args.engine = args.engine or ["--tci"]
    rows = read_patterns(args.patterns)
    with tempfile.TemporaryDirectory() as directory:
        runner = Runner(args, directory)
        if args.undefined:
            failed = run_undefined(args, runner, rows)
        else:
            failed = run_defined(args, runner, [r for r in rows if r.name.startswith(args.only)])
    print(f"seed {args.seed}: {failed} differences")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
