#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The persistent cache seen from outside: a second run compiles nothing, damage and strangers' files do no
harm, `myna cache` tells and clears.

    cache.py MYNA
"""

import os
import re
import stat
import subprocess
import sys
import tempfile

MYNA = sys.argv[1]
# No block gets hot: which regions a run forms depends on its timing.
ALL = ["--llvm=all", "--hot=100000000"]
PROGRAM = ["/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo $i; /bin/true"]
failures = 0


def environment(home):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYNA_")}
    env.update(XDG_CACHE_HOME=home, LC_ALL="C")
    return env


def run(home, *options, program=PROGRAM):
    return subprocess.run([MYNA, *options, *program], env=environment(home), capture_output=True,
                          text=True, timeout=300, check=False)


def counters(result):
    """What --stats says of the first program that prints it, by the words behind the number."""
    return {words: int(n) for n, words in re.findall(r"^ *(\d+)  (?:LLVM: )?(.+)$", result.stderr, re.M)}


def check(name, ok, detail=""):
    global failures
    print("ok  " if ok else "FAIL", name, "" if ok else detail)
    failures += not ok


def packs(home):
    found = []
    for where, _, files in os.walk(home):
        found += [os.path.join(where, f) for f in files if f.endswith(".pack")]
    return found


def main():
    with tempfile.TemporaryDirectory() as home:
        first = run(home, *ALL, "--stats")
        check("first run", first.stdout == "300\n", first.stdout + first.stderr)
        check("packs are private", packs(home) and all(
            stat.S_IMODE(os.stat(p).st_mode) == 0o600 for p in packs(home)), str(packs(home)))
        second = run(home, *ALL, "--stats")
        seen = counters(second)
        check("second run finds what it needs",
              second.stdout == "300\n" and seen.get("units found in the persistent cache", 0) > 100 and
              seen.get("units not found there") == 0 and seen.get("ns of generating code") == 0,
              second.stderr)
        off = counters(run(home, *ALL, "--stats", "--no-cache"))
        check("--no-cache", off.get("units found in the persistent cache") == 0, str(off))

        for path in packs(home):
            with open(path, "r+b") as f:
                data = bytearray(f.read())
                for at in range(200, len(data), 1000):
                    data[at] ^= 0xff
                f.seek(0)
                f.write(data)
        damaged = run(home, *ALL, "--stats")
        seen = counters(damaged)
        check("damage is left aside", damaged.stdout == "300\n" and
              seen.get("damaged parts of it, left aside", 0) > 0, damaged.stderr)
        healed = counters(run(home, *ALL, "--stats"))
        check("and healed", healed.get("units not found there") == 0, str(healed))

        status = run(home, "cache", "status", program=[])
        check("cache status", status.returncode == 0 and "files" in status.stdout, status.stdout)
        path = run(home, "cache", "path", program=[])
        check("cache path", path.stdout == os.path.join(home, "myna") + "\n", path.stdout)
        clear = run(home, "cache", "clear", program=[])
        check("cache clear", "freed" in clear.stdout and not packs(home), clear.stdout + clear.stderr)

        many = [subprocess.Popen([MYNA, *ALL, *PROGRAM], stdout=subprocess.PIPE, text=True,
                                 env=environment(home)) for _ in range(3)]
        check("several at once", all(p.communicate()[0] == "300\n" for p in many))

    with tempfile.TemporaryDirectory() as home:
        program = ["/bin/sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo $i"]
        compiled = counters(run(home, "--llvm", "--stats", program=program))
        check("hot code is kept", compiled.get("units compiled", 0) > 0 and packs(home),
              str(compiled))
        again = run(home, "--llvm", "--stats", program=program)
        check("the regions of an earlier run are taken over", again.stdout == "60000\n" and
              counters(again).get("units found in the persistent cache", 0) > 1, again.stderr)

    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o500)
        check("a directory that cannot be written", run(home, *ALL).stdout == "300\n")
        os.chmod(home, 0o700)
        os.makedirs(os.path.join(home, "myna"), exist_ok=True)
        run(home, "cache", "clear", program=[])  # root can write anywhere
        os.chmod(os.path.join(home, "myna"), 0o777)
        check("a directory that all can write is not used",
              run(home, *ALL).stdout == "300\n" and not packs(home))
    print(f"{failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
