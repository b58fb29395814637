#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The plugins of plugins/: what they say is the same in each engine, and what it must be.

    shipped.py --myna MYNA --plugins DIR --guest PROGRAM
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

ENGINES = ["--tci", "--llvm=off", "--llvm=all", "--hot=50"]
# plugin: arguments that it must refuse; each is told on a line of its own.
REFUSED = {
    "hotblocks": ["limit=x", "limit=", "limit=-5", "limit=5x", "limit=99999999999"], "howvec": ["limit=x"],
    "execlog": ["from=x", "to="], "cache": ["limit=x", "i=1:2", "d=3:5:7", "l2=64:8:64", "i=x"],
    "callstack": ["depth=x", "at="], "stringsearch": ["", "find="], "drcov": ["filename=/no/such/file", "filename="],
    "strace": ["json=maybe", "filename=/no/such/file"], "ltrace": ["", "name=", "name=f,args=x", "name=f,args=17"],
    "memcheck-lite": ["redzone=x", "redzone=99999999", "quarantine=-1", "leaks=perhaps", "limit="],
}


class Wrong(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Wrong(what)


def check_drcov(data, guest):
    """A strict parser of the format: header, module table, block table, and nothing behind it."""
    head = re.match(rb"DRCOV VERSION: 2\nDRCOV FLAVOR: [\w-]+\nModule Table: version 2, count (\d+)\n"
                    rb"Columns: id, base, end, entry, path\n", data)
    expect(head, f"drcov: header {data[:80]!r}")
    at, modules = head.end(), []
    for i in range(int(head.group(1))):
        row = re.match(rb" *(\d+), 0x([0-9a-f]+), 0x([0-9a-f]+), 0x([0-9a-f]+), (/[^\n]*)\n", data[at:])
        expect(row and int(row.group(1)) == i, f"drcov: module row {i}: {data[at:at + 80]!r}")
        base, end, entry = (int(row.group(n), 16) for n in (2, 3, 4))
        expect(base < end and (entry == 0 or base <= entry < end), f"drcov: module {row.group(0)!r}")
        modules.append((base, end, entry, row.group(5).decode()))
        at += row.end()
    expect(os.path.realpath(guest) in [os.path.realpath(m[3]) for m in modules], f"drcov: no {guest} in {modules}")
    table = re.match(rb"BB Table: (\d+) bbs\n", data[at:])
    expect(table, "drcov: no block table")
    at, n = at + table.end(), int(table.group(1))
    expect(len(data) == at + 8 * n and n > 100, f"drcov: {n} blocks in {len(data) - at} bytes")
    seen = set()
    for i in range(n):
        start, size, module = struct.unpack_from("<IHH", data, at + 8 * i)
        expect(module < len(modules) and size > 0, f"drcov: block {i}: {start:#x} {size} {module}")
        base, end = modules[module][:2]
        expect(base + start + size <= end, f"drcov: block {i} lies outside its module")
        seen.add((module, start, size))
    expect(len(seen) == n, "drcov: a block twice")
    expect(any(modules[m][0] + s == modules[m][2] for m, s, _ in seen), "drcov: the entry was not executed")


def check_hotblocks(text):
    rows = re.findall(r"^0x[0-9a-f]{16} +(\d+) +(\d+)", text, re.M)
    expect(len(rows) == 5, f"hotblocks: {text!r}")
    counts = [int(n) for _, n in rows]
    expect(counts == sorted(counts, reverse=True) and counts[0] >= 4096, f"hotblocks: {counts}")
    return int(re.search(r"times, (\d+) instructions", text).group(1))


def check_strace(text, number_of_write):
    calls = [json.loads(line) for line in text.splitlines()]
    writes = [c for c in calls if c["call"] == "write"]
    expect(len(writes) == 1 and writes[0]["number"] == number_of_write and writes[0]["args"][0] == "0x1" and
           writes[0]["result"] == int(writes[0]["args"][2], 16), f"strace: {writes}")
    expect(calls[-1]["call"] == "exit_group" and calls[-1]["result"] is None, f"strace: {calls[-1]}")


def bad_arguments(o):
    for name, rows in REFUSED.items():
        for args in [*rows, "colour=red"]:
            done = subprocess.run([o.myna, "--tci", "-plugin", f"{o.plugins}/{name}.so" + (args and "," + args), o.guest],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
            said = re.fullmatch(rf"{name}: [^\n]+\nmyna: plugin \S+ refuses to start \([^\n]+\)\n", done.stderr)
            expect(done.returncode == 64 and not done.stdout and said,
                   f"{name},{args}: status {done.returncode}, {done.stdout!r} {done.stderr!r}")


def files_of_processes(o):
    """Each process has its own, where the run was started, and the guest does not see them."""
    script = "cd /; /bin/busybox true; exec /bin/busybox ls /proc/self/fd"
    with tempfile.TemporaryDirectory() as d:
        done = subprocess.run([o.myna, "--llvm=off", "-plugin", f"{o.plugins}/drcov.so,filename=cov", "-plugin",
                               f"{o.plugins}/strace.so,filename=calls", "/bin/bash", "-c", script], cwd=d, close_fds=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200,
                              check=False)
        names = sorted(re.sub(r"\d+", "N", name) for name in os.listdir(d))
        expect(names == ["calls", "calls.N", "calls.N", "cov", "cov.N", "cov.N"] and not done.stderr, f"{names} {done.stderr!r}")
        low = [fd for fd in done.stdout.split() if int(fd) < 100]
        expect(low == ["0", "1", "2", "3"], f"the guest's descriptors: {done.stdout.split()}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("myna", "plugins", "guest"):
        parser.add_argument(f"--{name}", required=True)
    o = parser.parse_args()
    number = 64 if "aarch64" in o.guest else 1
    wrong, first = [], {}
    for check in [bad_arguments] + ([files_of_processes] if "x86_64" in o.guest else []):
        try:
            check(o)
        except Wrong as e:
            wrong.append(str(e))

    def run(engine, name, args, out):
        log = f"{out}/log"
        spec = ",".join([f"{o.plugins}/{name}.so", *args])
        done = subprocess.run([o.myna, "--no-cache", engine, "-d", "plugin", "-D", log, "-plugin", spec, o.guest],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=250, check=False)
        expect(done.returncode == 7 and not done.stderr, f"{name}: status {done.returncode}, {done.stderr!r}")
        with open(log, encoding="utf-8") as f:
            return f.read()

    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as out:
            try:
                said = {"hotblocks": run(engine, "hotblocks", ["limit=5"], out)}
                insns = check_hotblocks(said["hotblocks"])
                said["howvec"] = run(engine, "howvec", [], out)
                total = int(said["howvec"].split()[0])
                expect(total == insns, f"howvec counts {total} instructions, hotblocks {insns}")
                rows = sum(int(n) for n in re.findall(r"^ +(\d+) +[\d.]+%", said["howvec"], re.M))
                expect(rows == total, f"howvec: rows add up to {rows}, not {total}")
                said["cache"] = run(engine, "cache", ["l2=262144:8:64", "limit=3"], out)
                fetched = int(re.search(r"^i .*: +(\d+) accesses", said["cache"], re.M).group(1))
                expect(fetched == total, f"cache: {fetched} instructions, not {total}")
                said["execlog"] = run(engine, "execlog", [], out)
                expect(said["execlog"].count("\n") == total, "execlog: not a line an instruction")
                # Values may be process numbers or random bytes; everything else is the program's.
                said["execlog"] = re.sub(r" = 0x[0-9a-f]+", "", said["execlog"])
                said["callstack"] = run(engine, "callstack", ["at=mix"], out)
                stacks = re.findall(r"#0 mix, called at main\+0x[0-9a-f]+\n    #1 (?:__wrap_)?main, ", said["callstack"])
                expect(len(stacks) == 3 * 4096, f"callstack: {len(stacks)} stacks with mix under main")
                said["stringsearch"] = run(engine, "stringsearch", ["find=needle", "find=no such thing"], out)
                expect("'needle' loaded at 0x" in said["stringsearch"] and "'needle' stored at 0x" in
                       said["stringsearch"] and "no such" not in said["stringsearch"],
                       f"stringsearch: {said['stringsearch']!r}")
                said["drcov"] = run(engine, "drcov", [f"filename={out}/cov"], out)
                with open(f"{out}/cov", "rb") as f:
                    data = f.read()
                check_drcov(data, o.guest)
                said["drcov"] += data.hex()
                check_strace(run(engine, "strace", ["json=on"], out), number)
                expect(re.search(r"^0 write\(1, 0x", run(engine, "strace", [], out), re.M), "strace: no write(1, ...)")
            except Wrong as e:
                wrong.append(f"{engine}: {e}")
                continue
            for name, text in said.items():
                if text != first.setdefault(name, text):
                    wrong.append(f"{engine}: {name} says something else than {ENGINES[0]}")
    for line in wrong:
        print(line)
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
