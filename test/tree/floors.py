#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that no #include runs up the floors (docs/design.md), and that each source file says what
it is: the licence line first, then a comment.

    test/tree/floors.py [ROOT]
    test/tree/floors.py --self-test

A lower part that must call a higher one takes a function pointer; it does not include its header.
"""
import os
import re
import subprocess
import sys
import tempfile

# part: what its files may include, besides its own.
FLOORS = {
    "tcg": [],
    "helpers": ["tcg"],  # for the rows of the helper table
    "frontend": ["tcg", "helpers"],
    "passes": [],
    "tcg2llvm": ["tcg", "helpers", "passes"],
    "plugins": ["passes"],
    "runtime": ["tcg", "helpers", "frontend", "passes", "tcg2llvm", "plugins"],
}
# Headers any part may include: types alone, and nothing of ours included.
OPEN = {"tcg/tcg-code.h"}
# The rows of a helper table are the builder's to read: these files, not helpers' bodies, see its types.
ROWS = re.compile(r"^helpers/\w+/helper-rows\.c$")
LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
SOURCE = re.compile(r"\.(c|h|cpp|inc|def)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def part_of(path):
    part = path.split("/", 1)[0]
    return part if part in FLOORS else None


def problems(root, files):
    for path in files:
        part = part_of(path)
        if not SOURCE.search(path) or not os.path.isfile(os.path.join(root, path)):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as f:
            lines = f.read().split("\n")
        if LICENCE not in lines[0]:
            yield f"{path}:1: the first line is not `// {LICENCE}`"
        if part is None:
            continue
        if path.endswith(".cpp") and not path.startswith("tcg2llvm/llvm-shim/"):
            yield f"{path}: C++ stands in tcg2llvm/llvm-shim/ alone"
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match.group(1)
            target = part_of(name)
            if target is None or target == part or name in OPEN:
                continue
            if target == "tcg" and ROWS.match(path):
                continue
            if target not in FLOORS[part]:
                yield (f"{path}:{number}: {part}/ includes \"{name}\", but {part}/ may stand on "
                       f"{', '.join(FLOORS[part]) or 'nothing of ours'} only")


def self_test():
    """One file for each rule, each broken once: the check finds all, and nothing in the good one."""
    good = f"// {LICENCE}\n#include \"tcg/tcg.h\"\n"
    tree = {
        "runtime/good.c": good,
        "tcg/up.c": f"// {LICENCE}\n#include \"runtime/tb.h\"\n",
        "helpers/side.c": good.replace("tcg/tcg.h", "frontend/frontend.h"),
        "tcg/bare.c": "int x;\n",
        "frontend/x86/plus.cpp": f"// {LICENCE}\n",
    }
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        found = sorted(line.split(":")[0] for line in problems(root, tree))
    expected = ["frontend/x86/plus.cpp", "helpers/side.c", "tcg/bare.c", "tcg/up.c"]
    print(f"self-test: found {found}, expected {expected}")
    return 0 if found == expected else 1


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                             stdout=subprocess.PIPE, check=False, text=True)
    if listing.returncode == 0:
        files = listing.stdout.split("\n")
    else:  # an unpacked archive has no git
        files = [os.path.relpath(os.path.join(d, n), root)
                 for d, _, names in os.walk(root) for n in names
                 if not os.path.relpath(d, root).startswith("build")]
    found = list(problems(root, [f for f in files if f]))
    for line in found:
        print(line)
    count = sum(1 for f in files if SOURCE.search(f))
    if count == 0:
        print(f"no source files found under {root}: nothing was checked")
        return 1
    print(f"{count} files, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
