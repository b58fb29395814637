#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Blocks of the quick tier kept from run to run: a second run translates next to nothing; what has changed since is
translated and nothing wrong is taken; damage, concurrent writers and processes that fork do no harm.

    images.py MYNA DIRECTORY        DIRECTORY: where the guest programs are (test/guest)
"""

import os
import re
import subprocess
import sys
import tempfile

MYNA, PROGRAMS = sys.argv[1], sys.argv[2]
SHELL = ["/bin/sh", "-c", "i=0; while [ $i -lt 50 ]; do i=$((i+1)); done; echo $i; (echo child); /bin/echo end"]
SAYS = "50\nchild\nend\n"
failures = 0


def check(name, ok, detail=""):
    global failures
    print("ok  " if ok else "FAIL", name, "" if ok else detail)
    failures += not ok


def run(cache, *options, program=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MYNA_")}
    return subprocess.run([MYNA, f"--cache-dir={cache}", "--stats", *options, *(program or SHELL)],
                          env={**env, "LC_ALL": "C"}, capture_output=True, text=True, timeout=100, check=False)


def counters(result):
    """What --stats says, summed over the programs that print it."""
    sums = {}
    for n, words in re.findall(r"^ *(\d+)  (.+)$", result.stderr, re.M):
        sums[words] = sums.get(words, 0) + int(n)
    return sums


TRANSLATED = "blocks translated"
TAKEN = "blocks of the quick tier taken from earlier runs"
KEPT = "blocks kept for later runs"
DAMAGED = "damaged blocks and files, left aside"


def images(cache):
    found = []
    for where, _, files in os.walk(cache):
        found += [os.path.join(where, f) for f in files]
    return found


def first_and_second(name, *options):
    with tempfile.TemporaryDirectory() as home:
        cache = home + "/cache"
        first = run(cache, *options)
        a = counters(first)
        check(f"{name}: first run", first.stdout == SAYS and a[TRANSLATED] > 1000 and a[TAKEN] < a[TRANSLATED] and a[KEPT] > 1000,
              first.stdout + first.stderr)
        run(cache, *options)  # what the children of forks left to do
        second = run(cache, *options)
        b = counters(second)
        check(f"{name}: a later run takes what it needs", second.stdout == SAYS and b[TAKEN] > 1000 and
              b[TRANSLATED] * 10 < a[TRANSLATED] and b[DAMAGED] == 0, f"{a} {second.stderr}")
        check(f"{name}: files are private, and whole", images(cache) and all(
            os.stat(p).st_mode & 0o777 == 0o600 and p.endswith((".blocks", ".pack")) for p in images(cache)),
              str(images(cache)))


def not_taken():
    """Options that want to see a translation, or another one, get it."""
    with tempfile.TemporaryDirectory() as home:
        cache = home + "/cache"
        run(cache)
        run(cache)
        for options in (["--no-cache"], ["-d", "in_asm", "-D", home + "/log"], ["--tci"],
                        ["-cpu", "x86-64-v2"], ["--verify", "--llvm=off"]):
            result = run(cache, *options)
            seen = counters(result)
            check(f"nothing is taken with {' '.join(options)[:20]}",
                  result.stdout == SAYS and seen[TAKEN] == 0 and seen[TRANSLATED] > 1000, result.stderr)
        result = run(cache, "--stress=5")
        check("--stress over blocks that are taken", result.stdout == SAYS and counters(result)[TAKEN] > 100, result.stderr)


def damage():
    with tempfile.TemporaryDirectory() as home:
        cache = home + "/cache"
        run(cache)
        for path in images(cache):
            with open(path, "r+b") as f:
                data = bytearray(f.read())
                for at in range(len(data) // 2, len(data), 5000):
                    data[at] ^= 0xff
                f.seek(0)
                f.write(data)
        result = run(cache)
        seen = counters(result)
        check("damage is left aside", result.stdout == SAYS and seen[DAMAGED] > 0 and seen[TAKEN] > 0, result.stderr)
        run(cache)
        seen = counters(run(cache))
        check("and healed", seen[DAMAGED] == 0 and seen[TRANSLATED] < 200, str(seen))
        for path in images(cache):
            os.truncate(path, os.stat(path).st_size // 2)
        result = run(cache)
        check("half a file", result.stdout == SAYS and counters(result)[DAMAGED] > 0, result.stderr)


def exits_with(status):
    """A program of its own: mov edi, status; mov eax, 60; syscall."""
    code = b"\xbf" + status.to_bytes(4, "little") + b"\xb8\x3c\0\0\0\x0f\x05"
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0\x01\0\0\0" + (0x400078).to_bytes(8, "little") + \
        (64).to_bytes(8, "little") + bytes(12) + b"\x40\0\x38\0\x01\0\0\0\0\0\0\0"
    segment = b"\x01\0\0\0\x05\0\0\0" + bytes(8) + (0x400000).to_bytes(8, "little") * 2 + \
        (120 + len(code)).to_bytes(8, "little") * 2 + (4096).to_bytes(8, "little")
    return header + segment + code


def changed_file():
    with tempfile.TemporaryDirectory() as home:
        path = home + "/program"
        taken = []
        for status in (1, 1, 2, 2, 2, 1, 7, 7):
            with open(path, "wb") as f:
                f.write(exits_with(status))
            os.chmod(path, 0o755)
            result = run(home + "/cache", program=[path])
            taken.append(counters(result).get(TAKEN))
            check(f"the file says {status}", result.returncode == status, f"{result.returncode} {result.stderr}")
        check("what had not changed was taken", taken[0] == 0 and taken[1] > 0 and taken[2] == 0, str(taken))
        check("and what is new is kept", taken[4] > 0, str(taken))


def at_once():
    with tempfile.TemporaryDirectory() as home:
        cache = home + "/cache"
        many = [subprocess.Popen([MYNA, f"--cache-dir={cache}", *SHELL], stdout=subprocess.PIPE, text=True)
                for _ in range(6)]
        check("several at once", all(p.communicate()[0] == SAYS for p in many))
        run(cache)
        seen = counters(run(cache))
        check("and nothing is lost", seen[TRANSLATED] < 200 and seen[DAMAGED] == 0, str(seen))
        check("nor left over", all(p.endswith((".blocks", ".pack")) for p in images(cache)), str(images(cache)))


def programs():
    """Signals, faults, code that changes, threads and processes, once with nothing and twice with what is there."""
    for name in ("signals", "faults", "memory", "fork", "threads"):
        with tempfile.TemporaryDirectory() as home:
            for turn in ("first", "second", "third"):
                result = subprocess.run(["/usr/bin/python3", os.path.dirname(os.path.abspath(__file__)) + "/run.py",
                                         f"{PROGRAMS}/{name}", "--", MYNA, f"--cache-dir={home}/cache"],
                                        capture_output=True, text=True, timeout=300, check=False)
                check(f"{name}, {turn} run", result.returncode == 0, result.stdout + result.stderr)


def precise():
    """Blocks under precise state bring their notes of where registers are: what a fault's handler sees in a process that has
    translated next to nothing itself is what it sees natively."""
    program = [f"{PROGRAMS}/faults"]
    native = subprocess.run(program, capture_output=True, text=True, timeout=100, check=True, env={**os.environ, "LC_ALL": "C"})
    for options in (["--llvm=off", "--precise"], ["--llvm=off"]): # the second: from the first handler on
        with tempfile.TemporaryDirectory() as home:
            turns = [run(home + "/cache", *options, program=program) for _ in range(3)]
            a, b = counters(turns[0]), counters(turns[2])
            check(f"{options}: faults in blocks that are taken", b[TAKEN] > 500 and
                  b[TRANSLATED] * 10 < a[TRANSLATED], f"{a} {b}")
            for turn, result in enumerate(turns):
                check(f"{options}: run {turn} is the native one", result.stdout == native.stdout and
                      result.returncode == native.returncode, result.stdout + result.stderr)


def large_files():
    """What is mapped where the guest does not care is at the same place in each run, so that kept code is where it was;
    a large file as well, which some kernels would rather have elsewhere."""
    script = "import ctypes, os, sys; libc = ctypes.CDLL(None); libc.mmap.restype = ctypes.c_void_p; " \
             "fd = os.open(sys.argv[1], os.O_RDONLY); " \
             "print([hex(libc.mmap(None, ctypes.c_size_t(n), 1, 2, fd, ctypes.c_long(0))) for n in (3 << 20, 5 << 20, 4096)])"
    with tempfile.TemporaryDirectory(dir=PROGRAMS) as home:
        with open(home + "/large", "wb") as f:
            f.truncate(5 << 20)
        turns = [run(home + "/cache", program=["/usr/bin/python3", "-c", script, home + "/large"]).stdout for _ in range(2)]
        check("large files are mapped where they were", turns[0] == turns[1] and turns[0].count("0x") == 3, str(turns))


def stats():
    """What --stats counts hangs together."""
    with tempfile.TemporaryDirectory() as home:
        loop = ["/bin/sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $i"]
        result = run(home + "/cache", "--hot=100", "--compile-threads=2", program=loop)
        seen = counters(result)
        check("blocks are those of the quick tier", result.stdout == "30000\n" and seen[TRANSLATED] > 1000 and
              seen["blocks compiled by the quick tier"] == seen[TRANSLATED] and
              seen["bytes of their code"] > 50 * seen[TRANSLATED] and
              seen["guest instructions translated"] > seen[TRANSLATED], result.stderr)
        times = [seen[words] for words in seen if words.startswith("ns of CPU time")]
        check("times are there, and less than the run's", len(times) == 2 and all(0 < ns < 100e9 for ns in times),
              result.stderr)
        check("LLVM's units and times", seen["LLVM: units compiled"] >= seen["LLVM units installed"] > 0 and
              seen["LLVM: bytes of machine code"] > 0 and seen["LLVM: ns of generating code"] > 0, result.stderr)
        check("memory", 4000 < seen["KiB of resident memory, at most"] < 1000000, result.stderr)
        closes = run(home + "/cache", program=["/bin/sh", "-c", "exec 2>&-; echo x"])
        check("a guest that closes its standard error", closes.stdout == "x\n" and
              counters(closes).get(TRANSLATED, 0) > 0, closes.stderr)
        plain = subprocess.run([MYNA, f"--cache-dir={home}/cache", *loop], capture_output=True, text=True, timeout=100,
                               check=False)
        check("nothing without the option", plain.stdout == "30000\n" and not plain.stderr, plain.stderr)


def main():
    stats()
    first_and_second("--llvm")
    first_and_second("--llvm=off", "--llvm=off")
    not_taken()
    damage()
    changed_file()
    at_once()
    programs()
    precise()
    large_files()
    with tempfile.TemporaryDirectory() as home:
        os.makedirs(home + "/cache")
        os.chmod(home + "/cache", 0o777)
        check("a directory that all can write is not used",
              run(home + "/cache").stdout == SAYS and not images(home + "/cache"))
    print(f"{failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
