#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a guest program natively and under myna, and compares what they print and how they end.

    run.py [--guest PROGRAM] NATIVE -- MYNA [OPTIONS...]

Each runs with standard input from /dev/null, in the program's directory, under its plain name. A guest
for another machine prints the same as the native program, but for the machine's name; where there is
no native one ("-"), it checks its facts itself.
"""
import difflib
import os
import re
import subprocess
import sys

TIMEOUT = 600  # seconds; natively they take less than two, on an idle machine under myna less than 30


def run(command, directory, myna):
    env = dict(os.environ, GUEST_TEST="1", LC_ALL="C")
    if not myna:  # its options, which a guest does not see
        env = {name: value for name, value in env.items() if not name.startswith("MYNA_")}
    try:
        done = subprocess.run(command, cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT,
                              check=False)
    except subprocess.TimeoutExpired as e:
        return f"no end within {TIMEOUT} s", (e.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def without_machine(outcome, directory):
    return outcome[0], re.sub(r"\b(x86_64|aarch64)\b", "MACHINE",
                              outcome[1].replace(directory + "/", ""))


def main():
    split = sys.argv.index("--")
    arguments, myna = sys.argv[1:split], sys.argv[split + 1:]
    native = guest = arguments.pop()
    if arguments:
        guest = arguments.pop()
    directory, name = os.path.split(os.path.abspath(guest))
    got = run([*myna, f"./{name}"], directory, True)
    if native == "-":
        print(got[1], end="")
        print(f"exit status {got[0]}")
        return 0 if got[0] == 0 and got[1].splitlines()[-1:] == ["0 failures"] else 1
    native_directory = os.path.dirname(os.path.abspath(native))
    expected = run([f"./{name}"], native_directory, False)
    if native != guest:
        expected = without_machine(expected, native_directory)
        got = without_machine(got, directory)
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
