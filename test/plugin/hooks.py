#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hooks on functions (plugins/hook.h) and the shipped plugins that stand on them, in every engine.

    hooks.py --myna MYNA --dir BUILT --plugins DIR --guest x86_64|aarch64
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ENGINES = ["--tci", "--llvm=off", "--llvm=all", "--hot=50"]
OUT = """many 10384
scale 20.5
factorial 24
first 41
skipped 65
changed 33
unhooked 10
threads 3
"""
LOG = """> many 1 2 3 4 5 6 7 8 9 10
> scale 1.5 4 0.25
< scale 10.25
> factorial 4
> factorial 3
> factorial 2
> factorial 1
< factorial 1 1
< factorial 2 2
< factorial 3 6
< factorial 4 24
> first 20
> last 40
< last 40 41
< first 20 41
""" + 2 * """> thrower 2
> thrower 1
> thrower 0
x thrower 0
x thrower 1
x thrower 2
""" + "> memcpy 61\n"
LATER = 2 * "> later 3\n< later 3 21\n"
END = "for a while 2, places 0\nthreads 3000 3000 0\n"
# For each letter of heap-GUEST: what the report says, between its first line's parts.
HEAP = {
    "o": r"invalid write of 1 bytes at 0x\w+: 0 bytes behind a block of 40 bytes\n +at write_behind\+",
    "u": r"invalid read of 4 bytes at 0x\w+: 4 bytes before a block of 40 bytes\n +at read_before\+",
    "f": r"invalid read of 8 bytes at 0x\w+: 8 bytes inside a block of 16 bytes that is freed\n +at use_after_free\+.*\n"
         r" +allocated before use_after_free\+.*\n +freed before use_after_free\+",
    "d": r"double free: 0 bytes inside a block of 8 bytes that is freed\n +at free_twice\+",
    "i": r"free of no block's start: 8 bytes inside a block of 24 bytes\n +at free_inside\+",
    # A stale copy of the last pointer may lie on the stack.
    "l": r"[45]00 bytes in [45] blocks are lost\n +allocated before lose\+",
    "r": r"invalid read of 1 bytes at 0x\w+: ",
    "a": r"invalid write of 1 bytes at 0x\w+: 0 bytes behind a block of 100 bytes\n +at aligned_end\+",
}
wrong = []


def check(name, got, expected):
    if got != expected:
        wrong.append(f"{name}:\n{got}\nexpected:\n{expected}")


def run(o, engine, plugin, *command):
    with tempfile.NamedTemporaryFile("r") as log:
        done = subprocess.run([o.myna, "--no-cache", engine, "-d", "plugin", "-D", log.name, "-plugin", plugin, *command],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=250, check=False)
        return done.returncode, done.stdout, done.stderr, log.read()


def functions(o, engine):
    program, so = f"{o.dir}/hooks-{o.guest}", f"{o.dir}/hooks.so"
    check(f"{engine} {program}", run(o, engine, so, program), (0, OUT, "", LOG + END))
    if o.guest == "x86_64":
        got = run(o, engine, so, f"{o.dir}/hooks-library", f"{o.dir}/later.so")
        check(f"{engine} a library", got, (0, OUT + 2 * "later 21\n", "", LOG + LATER + END))
    status, out, err, log = run(o, engine, f"{o.plugins}/ltrace.so,name=factorial,name=thrower,args=1", program)
    check(f"{engine} ltrace", (status, out, err), (0, OUT.replace("10384", "385").replace("20.5", "6.25").replace(
        "skipped", "this is not executed\nskipped").replace("65", "5").replace("33", "11"), ""))
    first = "".join(line + "\n" for line in log.splitlines() if line.startswith("[0]"))
    throws = [f"[0] {'  ' * (2 - n)}thrower({n})\n" for n in (2, 1, 0)]
    check(f"{engine} ltrace's lines", first, "".join(
        [f"[0] {'  ' * (4 - n)}factorial({n})\n" for n in (4, 3, 2, 1)] +
        [f"[0] {'  ' * (4 - n)}= factorial: {r}\n" for n, r in ((1, 1), (2, 2), (3, 6), (4, "0x18"))] +
        throws + [f"[0] {'  ' * (2 - n)}x thrower: left by a jump\n" for n in (0, 1, 2)] + throws))


def heap(o, engine):
    program, so = f"{o.dir}/heap-{o.guest}", f"{o.plugins}/memcheck-lite.so"
    check(f"{engine} no error", run(o, engine, so, program), (0, "good 7\n", "", "memcheck: 0 errors\n"))
    check(f"{engine} small zones", run(o, engine, so + ",redzone=16,quarantine=1000,leaks=off", program),
          (0, "good 7\n", "", "memcheck: 0 errors\n"))
    status, out, err, log = run(o, engine, so, program, "".join(HEAP))
    check(f"{engine} errors", (status, out, err), (0, "good 7\n", ""))
    for letter, pattern in HEAP.items():
        if letter != "r" and not re.search("^memcheck: (" + pattern + ")", log, re.M):
            wrong.append(f"{engine} {letter}: /{pattern}/ is not in:\n{log}")
    # The old block of a realloc is given back at once: what is there is nobody's, or another's.
    if not re.search(r"^memcheck: 6 errors$", log, re.M):
        wrong.append(f"{engine}: not 6 errors:\n{log}")


def programs_without_symbols(o, engine):
    """Debian's own, whose C library does not name its string functions."""
    for command in (["/usr/bin/sqlite3", ":memory:", "create table t(a,b); insert into t values(1,'x'),(2,'y'); select group_concat(b) from t;"],
                    ["/usr/bin/perl", "-e", r'$_ = "a1b22" x 9; print join(",", /(\d+)/g), "\n"']):
        native = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        got = run(o, engine, f"{o.plugins}/memcheck-lite.so,leaks=off", *command)
        check(f"{engine} {command[0]} has no heap errors", got, (0, native, "", "memcheck: 0 errors\n"))


# Threads' events come in an order of their own.
EVENTS = """hits 50
hits 50
thread start 1
thread exit 1
map 0x660000000000 0x660000002000 1 1
map 0x660000000000 0x660000001000 0 0
map 0x660000000000 0x660000002000 -1 0
exception 0x1234 memory 1 write 1
signal 11 1
fork parent
fork child
exec path
kinds are gone
"""
EVENTS_OUT = """bad 1001
bad 2 calls 20100
out of the loop
executed
child 3
child 4
"""


def events(o, engine):
    program, so = f"{o.dir}/events-{o.guest}", f"{o.dir}/events.so"
    status, out, err, log = run(o, engine, so, program)
    check(f"{engine} events", (status, out, err, sorted(log.splitlines())), (0, EVENTS_OUT, "", sorted(EVENTS.splitlines())))


def leaving(o, engine):
    program = f"{o.dir}/leave-{o.guest}"
    check(f"{engine} leaving", run(o, engine, f"{o.dir}/events.so,mode=leave", program),
          (0, "calls 40000\n", "", "left 1, counted before 1, after 0\n"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("myna", "dir", "plugins", "guest"):
        parser.add_argument(f"--{name}", required=True)
    o = parser.parse_args()
    for engine in ENGINES:
        functions(o, engine)
        heap(o, engine)
        events(o, engine)
        leaving(o, engine)
    if o.guest == "x86_64":
        programs_without_symbols(o, "--llvm=off")
    for argument in ("redzone=x", "leaks=perhaps", "colour=red"):
        status, _, err, _ = run(o, "--tci", f"{o.plugins}/memcheck-lite.so,{argument}", "/bin/true")
        if status != 64 or f"memcheck-lite: wrong argument '{argument}'" not in err:
            wrong.append(f"{argument}: {status} {err!r}")
    print("\n".join(wrong))
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
