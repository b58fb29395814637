#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""myna-static alone in a root directory with busybox and its libraries: no /proc, nothing of myna's. What busybox does there
is what it does natively, programs that it executes included; what needs a dynamic linker is refused with a line.

    static.py MYNA-STATIC
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUSYBOX = "/bin/busybox"
SCRIPT = ("b=/bin/busybox; $b ls /; $b seq 5 | $b sort -r | $b tr '\\n' ' '; $b mkdir -p /new/bin; $b cp $b /new/bin; "
          "$b cp -r /lib /lib64 /new; $b chroot /new $b sh -c \"$b ls /; exec $b sh -c 'exit 3'\"; echo $?; "
          "exec $b sh -c 'echo $0 $1; exit 5' zero one")


def make_root(root, *files):
    libraries = re.findall(r"/\S+", subprocess.run(["ldd", BUSYBOX], capture_output=True, text=True, check=True).stdout)
    for name in (BUSYBOX, *libraries):
        os.makedirs(root + os.path.dirname(name), exist_ok=True)
        shutil.copy(name, root + name)
    for name in files:
        shutil.copy(name, root)


def run(root, command):
    rights = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    done = subprocess.run([*rights, "/usr/sbin/chroot", root, *command], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=200, check=False, env={"LC_ALL": "C"})
    return done.returncode, done.stdout, done.stderr


def main():
    myna = sys.argv[1]
    inside = "/" + os.path.basename(myna)
    failures = 0
    with tempfile.TemporaryDirectory() as d:
        make_root(d, myna)
        expected = run(d, [BUSYBOX, "sh", "-c", SCRIPT])
        shutil.rmtree(d + "/new")
        assert expected[0] == 5 and expected[1].count(b"\n") > 5, expected
        for engine in ([], ["--llvm=off"], ["--tci"]):
            got = run(d, [inside, *engine, BUSYBOX, "sh", "-c", SCRIPT])
            shutil.rmtree(d + "/new", ignore_errors=True)
            if got != expected:
                print(f"{engine}:\nexpected {expected}\ngot      {got}")
                failures += 1
        for options, status in ((["--llvm=all"], 70), (["-plugin", "x.so"], 64)):
            got = run(d, [inside, *options, BUSYBOX, "true"])
            if got[0] != status or got[2].count(b"\n") != 1 or b"linked statically" not in got[2]:
                print(f"{options}: {got}")
                failures += 1
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
