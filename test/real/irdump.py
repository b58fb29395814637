#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The dump that `--dump-ir=DIR` writes is what LLVM's own tools read: of a python3 run, 20 units
spread over all are given to `opt-19 -passes=verify` and `llc-19`, which must take them as they stand.
The index must name every file, and the guest's disassembly must stand in it.

    irdump.py [--myna PATH] [--keep DIR]
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = 20


def tool(name):
    for path in (shutil.which(f"{name}-19"), f"/usr/lib/llvm-19/bin/{name}"):
        if path and os.access(path, os.X_OK):
            return path
    sys.exit(f"{name}-19 not found (Debian: llvm-19)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--myna", default=os.environ.get("MYNA", os.path.join(TOP, "build/myna")))
    parser.add_argument("--keep", metavar="DIR", help="dump here, and leave it there")
    options = parser.parse_args()
    opt, llc = tool("opt"), tool("llc")

    with tempfile.TemporaryDirectory(prefix="myna-ir.") as scratch:
        directory = options.keep or os.path.join(scratch, "ir")
        argv = [options.myna, f"--dump-ir={directory}", "/usr/bin/python3", "-I", "-S", "-c",
                "import math; print(sum(math.sin(i) for i in range(100)))"]
        print("$ " + " ".join(argv), flush=True)
        run = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False, timeout=600)
        native = subprocess.run(argv[2:], stdout=subprocess.PIPE, text=True, check=True)
        if run.returncode != 0 or run.stdout != native.stdout:
            print(f"the run itself failed: status {run.returncode}, output {run.stdout!r}, natively "
                  f"{native.stdout!r}")
            return 1

        names = sorted(os.listdir(directory))
        units = [name for name in names if name.endswith(".ll")]
        rest = [name for name in names if not name.endswith(".ll")]
        index = [name for name in rest if name.startswith("index")]
        failed = 0
        if len(units) < UNITS:
            print(f"{len(units)} units in {directory}, expected at least {UNITS}")
            return 1
        if len(index) != 1:
            print(f"no index file among {rest}")
            failed += 1
        else:
            with open(os.path.join(directory, index[0]), encoding="utf-8") as f:
                text = f.read()
            lost = [name for name in units if name not in text]
            if lost:
                print(f"{len(lost)} units are not in {index[0]}: {lost[:5]}")
                failed += 1
        print(f"{len(units)} units; every {len(units) // UNITS}th is checked")
        for name in units[:: len(units) // UNITS][:UNITS]:
            path = os.path.join(directory, name)
            for command in ([opt, "-passes=verify", "-disable-output", path],
                            [llc, "-filetype=obj", "-o", os.devnull, path]):
                check = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
                if check.returncode != 0:
                    failed += 1
                    print(f"FAILED: {' '.join(command)}\n{check.stderr[:2000]}")
            with open(path, encoding="utf-8") as f:
                text = f.read()
            if "define " not in text or "\n;" not in "\n" + text:
                failed += 1
                print(f"FAILED: {name} has no function, or no comment with the guest's disassembly")
    print(f"{UNITS} units checked, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
