#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests of several machines under one myna: a program of one starts a program of another, directly and
as a script's interpreter, and each gets a CPU of its own machine.

    mixed.py MYNA AARCH64-ROOT AARCH64-PROGRAMS    (the directory with test/guest's programs)
"""
import os
import subprocess
import sys
import tempfile

MYNA, ROOT, PROGRAMS = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
OTHER = f"{PROGRAMS}/exec"  # --exit: status 33; --child: prints its arguments


def run(args):
    done = subprocess.run([MYNA, "--tci", "-L", ROOT, *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    failures = []

    def check(name, condition, outcome):
        print(f"{'ok  ' if condition else 'FAIL'} {name}")
        if not condition:
            failures.append(name)
            print(*outcome)

    got = run([OTHER, "--exit"])
    check("a program of the other machine", got == (33, ""), got)
    got = run(["/bin/sh", "-c", f"{OTHER} --exit; echo $?; uname -m"])
    check("started by a shell", got == (0, "33\nx86_64\n"), got)
    with tempfile.TemporaryDirectory() as d:
        script = f"{d}/script"
        with open(script, "w", encoding="ascii") as f:
            f.write(f"#!{OTHER} --child\n")
        os.chmod(script, 0o755)
        got = run([script])
        check("as a script's interpreter", got[0] == 12 and "argc 3" in got[1], got)
        got = run(["/bin/sh", "-c", f"{script} more"])
        check("the same from a shell", got[0] == 12 and "argc 4" in got[1], got)
    got = run([f"{PROGRAMS}/proc"])
    check("its own name of the machine", "Linux aarch64" in got[1], got)

    got = run(["-cpu", "x86-64-v1", "/bin/sh", "-c", f"{OTHER} --exit"])
    check("-cpu holds for one machine, the other has its default", got == (33, ""), got)
    got = run(["-cpu", "x86-64-v1:max", OTHER, "--exit"])
    check("-cpu with a model for each", got == (33, ""), got)
    got = run(["-cpu", "x86-64-v1", OTHER, "--exit"])
    check("-cpu with none for the program", got[0] == 64 and "aarch64" in got[1], got)
    got = run(["-cpu", "help"])
    check("-cpu help", got[0] == 0 and "x86_64:" in got[1] and "aarch64:" in got[1], got)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
