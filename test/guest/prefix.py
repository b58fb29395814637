#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""-L: the guest's interpreter, libraries and files are looked for under a prefix first, also by what
it executes, and what is not there is taken from the host. Variables for the guest's dynamic linker
reach the guest and not the host's.

    prefix.py MYNA
"""
import os
import shutil
import subprocess
import sys
import tempfile

MYNA = sys.argv[1]
LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
INTERP = "/lib64/ld-linux-x86-64.so.2"


def run(args, env=None):
    done = subprocess.run([MYNA, "--tci", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, env=env, check=False)
    return done.stdout.decode(errors="replace")


def main():
    failures = []

    def check(name, condition, output):
        print(f"{'ok  ' if condition else 'FAIL'} {name}")
        if not condition:
            failures.append(name)
            print(output)

    with tempfile.TemporaryDirectory() as d:
        for path in (LIBC, INTERP):
            os.makedirs(d + os.path.dirname(path), exist_ok=True)
            shutil.copy(os.path.realpath(path), d + path)
        os.makedirs(d + "/etc")
        with open(d + "/etc/only-here", "w", encoding="ascii") as f:
            f.write("from the prefix\n")

        out = run(["-L", d, "/bin/cat", "/proc/self/maps"])
        check("interpreter from the prefix", d + INTERP in out, out)
        check("library from the prefix", d + LIBC in out, out)
        out = run(["/bin/cat", "/proc/self/maps"])
        check("without -L from the host", d not in out and "libc.so.6" in out, out)
        out = run(["-L", d, "/bin/cat", "/etc/only-here"])
        check("file from the prefix", out == "from the prefix\n", out)
        out = run(["-L", d, "/bin/sh", "-c", "/bin/cat /proc/self/maps; cat /etc/only-here"])
        check("executed program, too", d + LIBC in out and "from the prefix" in out, out)
        out = run(["-L", d, "/bin/cat", "/proc/version"])
        check("other files from the host", "Linux version" in out, out)
        out = run(["-L", d + "/nowhere", "/bin/echo", "runs"])
        check("prefix that is not there", out == "runs\n", out)

        # The host's linker would complain of a library that is not there.
        script = "LD_PRELOAD=/nonexistent.so /bin/echo done"
        out = run(["/bin/sh", "-c", script])
        check("LD_PRELOAD is the guest's alone", out.count("cannot be preloaded") == 1 and
              "done" in out, out)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
