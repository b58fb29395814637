#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which blocks LLVM compiles together: in a loop that has just got hot, one that is executed every fourth time is there, though
it is not hot itself; one of every 64th time is not.

    regions.py MYNA CC
"""
import os
import re
import subprocess
import sys
import tempfile

# The loop ends soon after it is hot, and the program waits: so long as LLVM takes, nothing more gets hot.
PROGRAM = """
    .globl _start
_start:
    mov $1100, %ecx
1:  inc %eax
    test $MASK, %eax
    jnz 2f
    inc %ebx
    jmp 2f
    int3
2:  dec %ecx
    jnz 1b
    mov $35, %eax
    lea wait(%rip), %rdi
    xor %esi, %esi
    syscall
    mov $60, %eax
    xor %edi, %edi
    syscall
    .balign 8
wait: .quad SECONDS, 0
"""


def blocks(myna, cc, mask):
    """How many there are in the loop's region."""
    with tempfile.TemporaryDirectory() as d:
        for seconds in 1, 5, 25:
            source, program = os.path.join(d, "loop.S"), os.path.join(d, "loop")
            with open(source, "w", encoding="ascii") as f:
                f.write(PROGRAM)
            subprocess.run([cc, "-nostdlib", "-static", f"-DMASK={mask}", f"-DSECONDS={seconds}", source, "-o", program], check=True)
            stats = subprocess.run([myna, "--llvm", "--hot=1000", "--no-cache", "--stats", program], capture_output=True,
                                   text=True, timeout=100, check=True).stderr
            found = re.search(r"^ *(\d+)  LLVM: blocks in them$", stats, re.M)
            if found and int(found[1]):
                return int(found[1])
    return 0


def main():
    myna, cc = sys.argv[1:]
    often, seldom = blocks(myna, cc, 3), blocks(myna, cc, 63)
    print(f"blocks of the region: {often} and {seldom}, expected 3 and 2")
    return 0 if (often, seldom) == (3, 2) else 1


if __name__ == "__main__":
    sys.exit(main())
