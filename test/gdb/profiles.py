#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""perf shows guest functions (-perfmap, -jitdump), and so does gdb on myna itself (--gdb-jit).

    profiles.py MYNA DEBUGGEE
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

MYNA, DEBUGGEE = map(os.path.abspath, sys.argv[1:3])
NAME = r"\b(work|add)(\+0x[0-9a-f]+)?\.(quick|llvm)\b"


def run(args, directory):
    done = subprocess.run(args, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    return done.stdout.decode(errors="replace")


def main():
    failures = []

    def check(name, condition, detail):
        print(f"{'ok  ' if condition else 'FAIL'} {name}", flush=True)
        if not condition:
            failures.append(name)
            print(detail)

    with tempfile.TemporaryDirectory() as d:
        record = ["perf", "record", "-q", "-e", "cpu-clock", "-k", "mono", "-o", "data"]
        for engine in ("--llvm=off", "--llvm", "--llvm=all"):
            said = run([*record, MYNA, engine, "-perfmap", DEBUGGEE, "burn"], d)
            report = run(["perf", "report", "-i", "data", "--stdio", "--sort", "sym"], d)
            check(f"-perfmap {engine}", re.search(NAME, report), said + report)
        said = run([*record, MYNA, "-jitdump", DEBUGGEE, "burn"], d)
        said += run(["perf", "inject", "--jit", "-i", "data", "-o", "data.jit"], d)
        report = run(["perf", "report", "-i", "data.jit", "--stdio", "--sort", "dso,sym"], d)
        check("-jitdump", re.search(r"jitted-\d+-\d+\.so.*" + NAME, report), said + report)
        for path in glob.glob("/tmp/perf-*.map"):
            pid = re.search(r"\d+", os.path.basename(path))[0]
            if not os.path.exists(f"/proc/{pid}"):
                with open(path, encoding="utf-8") as f:
                    ours = "burn" in f.read()
                if ours:
                    os.unlink(path)

        output = os.path.join(d, "output")
        with open(output, "wb") as f, subprocess.Popen(
                [MYNA, "--gdb-jit", DEBUGGEE, "spin"], stdin=subprocess.DEVNULL, stdout=f) as program:
            until = time.monotonic() + 60
            while not os.path.getsize(output) and time.monotonic() < until:
                time.sleep(0.1)
            time.sleep(0.5)
            said = run(["gdb", "-nx", "-batch", "-p", str(program.pid), "-ex",
                        "thread apply all backtrace 2"], d)
            program.kill()
        check("--gdb-jit", re.search(r"#0 .* in spin(\+0x[0-9a-f]+)?[.[](quick|llvm)", said), said)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
