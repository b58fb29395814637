#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a guest program natively and under myna, and compares what they print and how they end.

    run.py PROGRAM -- MYNA [OPTIONS...]

Each runs with standard input from /dev/null, in the program's directory, under its plain name.
"""
import difflib
import os
import subprocess
import sys

TIMEOUT = 600  # seconds; natively they take less than two, on an idle machine under myna less than 30


def run(command, directory):
    env = dict(os.environ, GUEST_TEST="1", LC_ALL="C")
    try:
        done = subprocess.run(command, cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT,
                              check=False)
    except subprocess.TimeoutExpired as e:
        return f"no end within {TIMEOUT} s", (e.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    split = sys.argv.index("--")
    program, myna = os.path.abspath(sys.argv[1]), sys.argv[split + 1:]
    directory, name = os.path.split(program)
    expected = run([f"./{name}"], directory)
    got = run([*myna, f"./{name}"], directory)
    if not expected[1]:
        print(f"{name} printed nothing when run natively: there is nothing to compare")
        return 1
    for line in difflib.unified_diff(expected[1].splitlines(), got[1].splitlines(), "native",
                                     " ".join(myna), lineterm="", n=2):
        print(line)
    if expected[0] != got[0]:
        print(f"exit status: native {expected[0]}, under myna {got[0]}")
    same = expected == got
    print(f"{name}: {len(expected[1].splitlines())} lines, {'equal' if same else 'different'}")
    # A fact that is wrong natively as well is a fault of the test, or of the machine.
    if "does not hold" in expected[1]:
        print("natively, too, something does not hold; see the output:")
        print(expected[1])
        return 1
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
