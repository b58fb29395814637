#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Limits that were set before myna was started are the guest's, and myna itself does not starve: the program does what it
does natively.

    outer_limits.py MYNA
"""
import os
import resource
import subprocess
import sys
import tempfile

MB = 1 << 20
SHOW = ["/bin/bash", "-c", "ulimit -Sv; ulimit -Sd; ulimit -Sf; exec perl -e 'print \"executed\\n\"'"]
ALLOCATE = ["/usr/bin/perl", "-e", "print STDERR 'begin '; my $x = 'a' x (200 << 20); print 'allocated'"]
# What is compiled is written in some engines only.
CASES = [
    ("--llvm", SHOW, {resource.RLIMIT_AS: 100 * MB}),
    ("--tci", ALLOCATE, {resource.RLIMIT_AS: 100 * MB}),
    ("--llvm=off", ALLOCATE, {resource.RLIMIT_AS: 1000 * MB}),
    ("--tci", SHOW, {resource.RLIMIT_DATA: 4 * MB}),
    ("--llvm=off", ALLOCATE, {resource.RLIMIT_DATA: 40 * MB}),
    ("--tci", SHOW, {resource.RLIMIT_DATA: 30 * MB, resource.RLIMIT_AS: 60 * MB}),
    ("--llvm", SHOW, {resource.RLIMIT_FSIZE: 0}),
]


def calls_without_returns():
    """A program: a million calls that nothing returns from, then exit(7). The host's stack is not to grow with them."""
    code = bytes.fromhex("b940420f00" "e800000000" "5a" "ffc9" "75f6" "bf07000000" "b83c000000" "0f05")
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0\x01\0\0\0" + (0x400078).to_bytes(8, "little") + \
        (64).to_bytes(8, "little") + bytes(12) + b"\x40\0\x38\0\x01\0\0\0\0\0\0\0"
    segment = b"\x01\0\0\0\x05\0\0\0" + bytes(8) + (0x400000).to_bytes(8, "little") * 2 + \
        (120 + len(code)).to_bytes(8, "little") * 2 + (4096).to_bytes(8, "little")
    return header + segment + code


def run(command, limits):
    def set_limits():
        for which, value in limits.items():
            resource.setrlimit(which, (value, resource.getrlimit(which)[1]))
    with tempfile.TemporaryDirectory() as cache:  # what is compiled is to be written
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "MYNA_CACHE_DIR": cache},
                              preexec_fn=set_limits)
    return done.returncode, done.stdout, done.stderr


def main():
    failures = 0
    home = tempfile.TemporaryDirectory()
    calls = home.name + "/calls"
    with open(calls, "wb") as f:
        f.write(calls_without_returns())
    os.chmod(calls, 0o755)
    small = {resource.RLIMIT_STACK: 100 << 10}
    for engine, command, limits in [*CASES, ("--llvm=off", [calls], small), ("--llvm", [calls], small)]:
        expected = run(command, limits)
        got = run([sys.argv[1], engine, *command], limits)
        if got != expected:
            print(f"{engine} {command} with {limits}:\nexpected {expected}\ngot      {got}")
            failures += 1
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
