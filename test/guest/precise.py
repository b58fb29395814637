#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Blocks under precise state: an indirect jump's look-up stands directly before the jump, where the engines know the two
together (apart from each other every return is a call of the helper); and flags are kept as operands, not computed,
before accesses; and LLVM compiles little of a program that calculates with integers, but what does with floating-point numbers.

    precise.py MYNA PROGRAM
"""
import os
import re
import subprocess
import sys
import tempfile


def requests(myna, *program):
    """Hot blocks that LLVM was asked to compile."""
    stats = subprocess.run([myna, "--llvm", "--precise", "--no-cache", "--stats", *program], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=100, check=True).stderr
    return int(re.search(r"^ *(\d+)  hot blocks handed to LLVM$", stats, re.M)[1])


def main():
    myna, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as d:
        log = os.path.join(d, "log")
        subprocess.run([myna, "--precise", "--tci", "-d", "op_opt", "-D", log, program],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=True)
        with open(log, encoding="utf-8", errors="replace") as f:
            ops = [line.strip() for line in f]
    jumps = [i for i, op in enumerate(ops) if op.startswith("goto_ptr")]
    apart = [ops[i - 1:i + 1] for i in jumps if not ops[i - 1].startswith("call lookup_tb_ptr")]
    blocks = len([op for op in ops if op.startswith("OP after")])
    # cc_o is the flag that hardly anybody reads: of all blocks few compute it.
    overflow = len([op for op in ops if re.match(r"\w+ cc_o,", op)])
    kept = len([op for op in ops if re.match(r"\w+ cc_op,", op)])
    print(f"{blocks} blocks, {len(jumps)} indirect jumps, {len(apart)} apart from their look-up: {apart[:2]}")
    print(f"OF computed {overflow} times, operands of flags kept {kept} times")
    integer = requests(myna, "/bin/bash", "-c", "for ((i = 0; i < 100000; i++)); do ((i & 1)); done; true")
    floating = requests(myna, "/usr/bin/mawk", "BEGIN { for (i = 0; i < 600000; i++) s += i * 0.5; print s }")
    print(f"hot blocks handed to LLVM: integers {integer}, floating point {floating}")  # 635 and 234 before
    ok = integer < 200 and floating > 0
    ok = ok and blocks > 100 and len(jumps) > 20 and not apart and overflow < blocks // 2 and kept > blocks // 4
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
