#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`myna binfmt`: what it says, and in a user namespace, which has a binfmt_misc of its own, what it does.

    binfmt.py MYNA AARCH64-GCC
"""
import os
import re
import subprocess
import sys
import tempfile

MYNA = os.path.abspath(sys.argv[1])
GCC = sys.argv[2]
MOUNT = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"
SOURCE = """
#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        printf("[%s]", argv[i]);
    }
    putchar('\\n');
    return 5;
}
"""


def run(*args):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    failures = []

    def check(name, got, status, pattern):
        ok = got[0] == status and re.search(pattern, got[1], re.M)
        print(f"{'ok  ' if ok else 'FAIL'} {name}", flush=True)
        if not ok:
            failures.append(name)
            print(f"     {got!r}, not {status} {pattern!r}")

    check("no verb", run(MYNA, "binfmt"), 64, r"^myna: usage: myna binfmt ")
    check("no such verb", run(MYNA, "binfmt", "paint"), 64, r"^myna: usage: myna binfmt ")
    check("no such guest", run(MYNA, "binfmt", "print", "vax"), 64, r"there is no guest 'vax'")
    check("the host's own programs", run(MYNA, "binfmt", "print", "x86_64"), 64, r"itself")
    magic = r"\x7f\x45\x4c\x46\x02\x01\x01" + 9 * r"\x00" + r"\x02\x00\xb7\x00"
    mask = 7 * r"\xff" + 9 * r"\x00" + r"\xfe\xff\xff\xff"
    line = f":myna-aarch64:M::{magic}:{mask}:{os.path.realpath(MYNA)}:PF"
    check("print", run(MYNA, "binfmt", "print", "aarch64"), 0, "^" + re.escape(line) + "$")
    if not os.path.exists("/proc/sys/fs/binfmt_misc/register"):
        for verb in ("install", "remove", "status"):
            check(f"{verb}, not mounted", run(MYNA, "binfmt", verb), 126,
                  r"^myna: binfmt_misc is not mounted; as root: mount -t binfmt_misc")

    inside = ["unshare", "-Urm", "sh", "-ec"]
    if run(*inside, MOUNT)[0] != 0:
        print("no binfmt_misc in a user namespace here: the rest cannot be tested")
        return 1 if failures else 0
    with tempfile.TemporaryDirectory() as d:
        source, program = os.path.join(d, "args.c"), os.path.join(d, "args")
        with open(source, "w", encoding="ascii") as f:
            f.write(SOURCE)
        subprocess.run([GCC, "-static", source, "-o", program], check=True)

        def both(*commands):
            return run(*inside, "; ".join([MOUNT, *commands]))

        install = f"{MYNA} binfmt install aarch64"
        check("before", both(f"{MYNA} binfmt status aarch64"), 0, r"^aarch64: not registered$")
        check("install", both(install), 0, r"^aarch64: programs are started with .*myna$")
        check("status", both(install, f"{MYNA} binfmt status aarch64"), 0,
              r"^aarch64: registered, with .*myna, flags PF$")
        check("twice", both(install, install, f"{MYNA} binfmt status"), 0, r"aarch64: registered")
        check("a program starts", both(install, f"{program} one -x '' --tci"), 5,
              re.escape(f"[{program}][one][-x][][--tci]"))
        check("with its own argv[0]", both(install, f"exec bash -c 'exec -a fancy {program} two'"), 5,
              r"^\[fancy\]\[two\]$")
        check("options come from the environment", both(install, f"MYNA_STRACE=1 {program}"), 5,
              r"exit_group\(5\)")
        check("remove", both(install, f"{MYNA} binfmt remove aarch64", f"{program}"), 126,
              r"^aarch64: removed\n(.|\n)*(Exec format error|not found)")
        check("remove what is not there", both(f"{MYNA} binfmt remove aarch64"), 0,
              r"^aarch64: was not registered$")
        line = "echo -1 > /proc/sys/fs/binfmt_misc/register || true"
        check("no rights", both("chmod 0 /proc/sys/fs/binfmt_misc/register",
                                line, f"setpriv --inh-caps=-all --bounding-set=-all {install}"),
              126, r"^myna: cannot register programs for aarch64: .*\(it needs root's rights\)")
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
