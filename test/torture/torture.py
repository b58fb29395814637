#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GCC's own execution tests: what ends well under the reference must end well under myna.

    torture.py --work DIR --myna MYNA [--arch x86_64] [--engine=--tci ...] [--every N] [-j N] [WORDS...]

The sources are those of Debian's gcc-12-source.  For AArch64: gcc.c-torture/execute and the AdvSIMD
intrinsics, cross-compiled, beside qemu-aarch64.  For x86-64: the tests of gcc.target/i386 for the extensions up
to x86-64-v3, beside the processor.  They are unpacked and compiled into DIR once.  With --every N each
N-th test runs alone; WORDS choose tests whose path holds one of them.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import tarfile

ARCHIVE = "/usr/src/gcc-12/gcc-12.*-dfsg.tar.xz"
LIMIT = 60  # seconds for one test
Arch = collections.namedtuple("Arch", "suites files gcc reference own flags not_ours")
ARCHES = {
    "aarch64": Arch(
        suites=("gcc/testsuite/gcc.c-torture/execute/", "gcc/testsuite/gcc.target/aarch64/advsimd-intrinsics/"),
        files=re.compile(r""),
        gcc="aarch64-linux-gnu-gcc",
        reference=["qemu-aarch64", "-cpu", "max"],
        own="aarch64/",
        flags=["-march=armv8.2-a+fp16+dotprod+crypto+fp16fml"],
        # Of architecture versions behind Armv8.2-A that are not part of the guest: BF16 and I8MM.
        not_ours=re.compile(r"\+(bf16|i8mm|sve)|bf16|bfdot|bfml|vusdot|vsudot|mmla"),
    ),
    "x86_64": Arch(
        suites=("gcc/testsuite/gcc.target/i386/",),
        files=re.compile(r"/(avx2?-|fma|l_fma|bmi|f16c|vec?perm|sse|pr|v[a-z]+-|aes|pclmul)[^/]*\.c$"),
        gcc="gcc",
        reference=[],
        own="i386/",
        flags=[],
        not_ours=re.compile(r"avx512|-mavxvnni|-mxop|-mfma4|-mtbm|-m3dnow|ia32|-m32|-mx32|amx|-mlwp|_xbegin"),
    ),
}


def unpack(work, suites):
    done = os.path.join(work, "unpacked")
    if os.path.exists(done):
        return
    archives = glob.glob(ARCHIVE)
    if not archives:
        sys.exit("there is no GCC source here: apt-get install gcc-12-source")
    with tarfile.open(archives[0]) as tar:
        for member in tar:
            _, _, path = member.name.partition("/")
            if path.startswith(suites) and member.isfile():
                member.name = path.replace("gcc/testsuite/", "", 1)
                tar.extract(member, work, filter="data") if hasattr(tarfile, "data_filter") else \
                    tar.extract(member, work)
    with open(done, "w", encoding="ascii"):
        pass


def options(text):
    """What the test's own head asks for."""
    found = []
    for words in re.findall(r"dg-(?:additional-)?options\s+\"([^\"]*)\"(?!.*target (?!\s*aarch64))", text):
        found += words.split()
    return [w for w in found if not w.startswith(("-fdump", "-Wno-error", "-flto"))]


def includes(source, text):
    """The text of the headers beside a test: main is often there."""
    found = ""
    for name in re.findall(r'#\s*include\s+"([^"]+)"', text):
        try:
            with open(os.path.join(os.path.dirname(source), name), encoding="latin-1") as f:
                found += f.read()
        except FileNotFoundError:
            pass
    return found


def compile_test(arch, work, path):
    """The program; None when this compiler does not take the test."""
    program = os.path.join(work, "bin", path[:-2].replace("/", "-"))
    if os.path.exists(program):
        return program
    if os.path.exists(program + ".refused"):
        return None
    source = os.path.join(work, path)
    with open(source, encoding="latin-1") as f:
        text = f.read()
    command = [arch.gcc, "-O2", "-w", "-static", "-o", program, source, "-lm"]
    wanted = not re.search(r"dg-do\s+(compile|assemble|link|preprocess)", text)
    if arch.own in path:
        wanted = wanted and "main" in text + includes(source, text) and not arch.not_ours.search(text)
        command += arch.flags
    command += options(text)
    try:
        ok = wanted and subprocess.run(command, capture_output=True, timeout=120, cwd=work,
                                        check=False).returncode == 0
    except subprocess.TimeoutExpired:
        ok = False
    if not ok:
        with open(program + ".refused", "w", encoding="ascii"):
            pass
        return None
    return program


def run(command, work):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, cwd=work, check=False)
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT} s", b""
    return done.returncode, re.sub(rb"0x[0-9a-f]{6,}", b"ADDRESS", done.stdout)


def one(args, path):
    """(path, what became of it, one line for each engine that differs)."""
    arch = ARCHES[args.arch]
    program = compile_test(arch, args.work, path)
    if not program:
        return path, "not compiled", []
    want = run(arch.reference + [program], args.work)
    if want[0] != 0:
        return path, "fails under the reference", []
    wrong = []
    for engine in args.engine:
        got = run([args.myna] + engine.split() + [program], args.work)
        if got != want:
            last = got[1].decode(errors="replace").strip().splitlines()[-1:]
            wrong.append(f"{engine}: {got[0]} {' '.join(last)}")
    return path, "wrong" if wrong else "passed", wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", required=True)
    p.add_argument("--myna", required=True)
    p.add_argument("--arch", default="aarch64", choices=ARCHES)
    p.add_argument("--engine", action="append", default=[])
    p.add_argument("--every", type=int, default=1)
    p.add_argument("-j", type=int, default=2)
    p.add_argument("words", nargs="*")
    args = p.parse_args()
    args.engine = args.engine or ["--llvm"]
    args.work, args.myna = os.path.abspath(args.work), os.path.abspath(args.myna)
    os.makedirs(os.path.join(args.work, "bin"), exist_ok=True)
    arch = ARCHES[args.arch]
    unpack(args.work, arch.suites)
    tests = sorted(os.path.relpath(f, args.work)
                   for suite in arch.suites
                   for f in glob.glob(os.path.join(args.work, suite.replace("gcc/testsuite/", "", 1), "**/*.c"),
                                      recursive=True))
    tests = [t for t in tests if arch.files.search(t)]
    tests = [t for t in tests if not args.words or any(w in t for w in args.words)][::args.every]
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        for path, result, wrong in pool.map(lambda t: one(args, t), tests):
            counts[result] = counts.get(result, 0) + 1
            for line in wrong:
                print(f"{path}: {line}", flush=True)
    print(", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    if not counts.get("passed"):
        print("nothing passed")
        return 1
    return 1 if counts.get("wrong") else 0


if __name__ == "__main__":
    sys.exit(main())
