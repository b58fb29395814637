#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One-line instruction tests: builds the test program from the case files and runs it.

  isa.py build --out DIR --cc clang-19 --arch x86_64     case files -> DIR/isa-x86_64
  isa.py run --prog DIR/isa-x86_64 [--myna BIN --engine=--llvm=all] [--faults]

A case is a line of assembly (Intel syntax for x86), with alternatives in braces: every combination is a
case of its own.  `&&` separates instructions.  Options follow ` ; `:
  u=of,af   flags that the manual leaves undefined; u=c0,c1,c2,c3 are those of the x87 status word
  fault     may fault: run with signal handlers only, the signal and its context are compared
  mmx, fpu  registers preset for MMX, for x87 (st0 .. st3)
  cx, near  rcx below 24; rbx a bit offset, -512 .. 511
  isa=NAME  needs this CPU feature (a flag of /proc/cpuinfo)
  todo      myna is known to differ: left out, unless isa.py build --todo
Other lines:
  # ...             a comment
  @ options         options for all lines below, until the next such line
  let NAME = text   $NAME stands for the text in the lines below

rsi and rdi point into 512 bytes of memory, 256 and 208 behind the start; other registers hold anything.

The program runs natively and under myna; each line of output names a case, so a difference names the
instruction, and a second run of that case alone prints the state before, expected and got.
"""
import argparse
import itertools
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = {"cf": 0x1, "pf": 0x4, "af": 0x10, "zf": 0x40, "sf": 0x80, "of": 0x800,
         "c0": 0x100 << 16, "c1": 0x200 << 16, "c2": 0x400 << 16, "c3": 0x4000 << 16}
KINDS = {"fault": 1, "mmx": 2, "fpu": 4, "cx": 8, "near": 16}
STUCK = 60  # seconds without a line
MOST = 8  # parts of the state that are printed when they differ
DEATHS = 200  # cases that kill the program, after which we give up
AT_ONCE = 20  # and such ones in a row


def expand(text):
    """All combinations of the alternatives; braces do not nest."""
    parts = re.split(r"\{([^{}]*)\}", text)
    choices = [p.split("|") if i % 2 else [p] for i, p in enumerate(parts)]
    return ["".join(c) for c in itertools.product(*choices)]


def host_features():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("flags"):
                return set(line.split(":")[1].split())
    return set()


def read_options(where, text, have, todos):
    """Gives the undefined flags, the kind, and why the line is left out or None."""
    undefined, kind, missing, todo = 0, 0, None, False
    for option in text.split():
        if option.startswith("u="):
            for flag in option[2:].split(","):
                if flag not in FLAGS:
                    sys.exit(f"{where}: unknown flag '{flag}'")
                undefined |= FLAGS[flag]
        elif option.startswith("isa="):
            if option[4:] not in have:
                missing = f"this CPU has no {option[4:]}"
        elif option in KINDS:
            kind |= KINDS[option]
        elif option == "todo":
            todo = True
        else:
            sys.exit(f"{where}: unknown option '{option}'")
    if todo and not todos:
        missing = "myna is known to differ (todo)"
    return undefined, kind, missing


def read_file(name, path, have, missing, todos):
    names, defaults = {}, ""

    def replace(m):
        if m[1] not in names:
            sys.exit(f"{where}: ${m[1]} is not defined")
        return names[m[1]]

    with open(path) as f:
        for number, line in enumerate(f, 1):
            where = f"{name}:{number}"
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                defaults = line[1:]
                continue
            line = re.sub(r"\$(\w+)", replace, line)
            if line.startswith("let "):
                key, _, text = line[4:].partition("=")
                names[key.strip()] = text.strip()
                continue
            code, _, options = line.partition(" ; ")
            undefined, kind, lacks = read_options(where, defaults + " " + options, have, todos)
            for text in expand(code.strip()):
                if lacks:
                    missing[lacks] = missing.get(lacks, 0) + 1
                else:
                    yield where, text, undefined, kind


def read_cases(arch, todos):
    """Gives the cases, and how many were left out for each reason."""
    have, missing, cases = host_features(), {}, []
    folder = os.path.join(HERE, arch)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".isa"):
            cases += read_file(name, os.path.join(folder, name), have, missing, todos)
    return cases, missing


def build(args):
    os.makedirs(args.out, exist_ok=True)
    cases, missing = read_cases(args.arch, args.todo)
    asm = os.path.join(args.out, "cases.s")
    with open(asm, "w") as f:
        f.write(".intel_syntax noprefix\n.text\n")
        for i, (where, text, undefined, kind) in enumerate(cases):
            f.write(f"# {where}\n.balign 16\ncase{i}:\n")
            for insn in text.split("&&"):
                f.write(f"  {insn.strip()}\n")
            f.write("  ret\n")
        f.write('.section .rodata\n.globl isa_ncases\nisa_ncases: .int %d\n' % len(cases))
        for i, (where, text, undefined, kind) in enumerate(cases):
            f.write(f'text{i}: .asciz "{where}: {text}"\n')
        f.write(".data\n.balign 8\n.globl isa_cases\nisa_cases:\n")
        for i, (where, text, undefined, kind) in enumerate(cases):
            f.write(f"  .quad case{i}, text{i}\n  .int {undefined}, {kind}\n")
        f.write('.section .note.GNU-stack,"",@progbits\n')
    prog = os.path.join(args.out, f"isa-{args.arch}")
    r = subprocess.run([args.cc, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-static",
                        "-fno-pie", "-mno-red-zone", os.path.join(HERE, args.arch, "driver.c"), asm,
                        "-o", prog])
    if r.returncode:
        return 1
    print(f"{prog}: {len(cases)} cases")
    for why, n in missing.items():
        print(f"  {n} cases left out: {why}")
    return 0


def ending(status):
    if status is None:
        return f"stuck for {STUCK} s"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def run_part(command):
    """Gives the lines that came out, the exit status (None: stuck) and standard error."""
    with tempfile.TemporaryFile() as err:
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err)
        out, chunk = [], b"-"
        while chunk:
            if not select.select([p.stdout], [], [], STUCK)[0]:
                break
            chunk = os.read(p.stdout.fileno(), 1 << 16)
            out.append(chunk)
        if chunk:
            p.kill()
        p.stdout.close()
        status = None if p.wait() == -signal.SIGKILL and chunk else p.returncode
        err.seek(0)
        lines = b"".join(out).decode(errors="replace").split("\n")
        return lines[:-1], status, err.read().decode(errors="replace").strip()


def run_all(command, mode, order):
    """Runs all cases, starting again behind each that kills the program.

    Gives the hashes of each case by number, and how the program died in a case, by number."""
    hashes, died, first, row = {}, {}, 0, 0
    while len(died) < DEATHS and row < AT_ONCE:
        lines, status, err = run_part(command + [mode, str(first)])
        row = 0 if lines else row + 1
        for line in lines:
            number, *values = line.split(" ")
            hashes[int(number)] = values
        left = [c for c in order if c >= first and c not in hashes]
        if status == 0 and not left:
            break
        if not left:
            died[order[-1]] = (ending(status), err)
            break
        died[left[0]] = (ending(status), err)
        first = left[0] + 1
        if left[0] == order[-1]:
            break
    return hashes, died


def differences(want, got, code, verbose):
    """Lines that tell what differs between two printed states, and the state before it."""
    split = want.index("after:") if "after:" in want else len(want)
    before = dict(line.split(" ", 1) for line in want[2:split])
    shown, lines = [], []
    if "after:" in got:
        after = dict(line.split(" ", 1) for line in got[got.index("after:") + 1:])
        for line in want[split + 1:]:
            name, value = line.split(" ", 1)
            if after.get(name) != value:
                shown.append(name)
                lines += [f"    expected {name} {value}",
                          f"    got      {name} {after.get(name, 'nothing')}"]
        if not shown:
            lines = ["    the case alone gives no difference"]
        elif len(shown) > MOST and not verbose:
            lines[2 * MOST:] = [f"    ({len(shown) - MOST} more differ; --verbose shows them)"]
            del shown[MOST:]
    # Of the state before: what differs after, and the registers that the code may name.
    words = set(re.findall(r"[a-z]+\d*", code))
    for name, value in before.items():
        gpr = {name, name.replace("r", "e", 1), name[1:], name[1:2] + "l", name[1:2] + "h", name + "d",
               name + "w", name + "b"} if name.startswith("r") else {name}
        if verbose or name in shown or name == "flags" or gpr & words:
            lines.append(f"    before   {name} {value}")
    return lines


def report(args, under, case, inputs, how):
    """Prints one failed case: the code, and its first differing input in full."""
    want, _, _ = run_part([args.prog, str(case), str(inputs[0])])
    got, status, err = run_part(under + [args.prog, str(case), str(inputs[0])])
    print(f"FAILED {want[0]}")
    print(f"    case {case}, inputs {' '.join(map(str, inputs))}" + (f": {how[0]}" if how else ""))
    if how and how[1]:
        print("    " + how[1][-400:].replace("\n", "\n    "))
    if not how or status:
        if status != 0:
            print(f"    alone: {ending(status)} {err[-200:]}")
    for line in differences(want, got, want[0].split(": ", 1)[1], args.verbose):
        print(line)


def wrong_cases(order, want, got, died):
    """The cases whose results are not those wanted, each with the inputs that differ."""
    failed = []
    for case in order:
        values = got.get(case, [])
        inputs = [i for i, v in enumerate(want[case]) if i >= len(values) or values[i] != v]
        if inputs or case in died:
            failed.append((case, inputs or [0]))
    return failed


def run(args):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    under = [args.myna] + args.engine.split() if args.myna else []
    mode = "faults" if args.faults else "plain"
    lines, status, err = run_part([args.prog, mode])
    if status != 0:
        last = int(lines[-1].split(" ")[0]) if lines else -1
        sys.exit(f"{args.prog} fails natively behind case {last}: {ending(status)} {err}")
    want = {int(line.split(" ")[0]): line.split(" ")[1:] for line in lines}
    if not want:
        sys.exit(f"{args.prog}: no cases")
    order = sorted(want)
    got, died = run_all(under + [args.prog], mode, order)
    failed = wrong_cases(order, want, got, died)
    if failed:
        # The reference once more: a task switch between two instructions can change what the second one
        # sees (AMD's XSAVE forgets the x87's last instruction pointer), on a busy machine more often.
        again = {int(line.split(" ")[0]): line.split(" ")[1:]
                 for line in run_part([args.prog, mode])[0]}
        unstable = [case for case, _ in failed if again.get(case) != want[case]]
        for case in unstable:
            print(f"case {case} gave two results natively")
            want[case] = again.get(case, want[case])
        failed = wrong_cases(order, want, got, died)
    for case, inputs in failed[:args.show]:
        report(args, under, case, inputs, died.get(case))
    if len(failed) > args.show:
        print(f"({len(failed) - args.show} more failed; --show={len(failed)} shows them all)")
    if args.list:
        for case, inputs in failed:
            text, _, _ = run_part([args.prog, str(case), "0"])
            print(f"{case} {len(inputs)}/{len(want[case])} {text[0]}")
    if died and max(died) < order[-1] and not any(c > max(died) for c in got):
        print(f"given up after {len(died)} cases that killed the program")
    print(f"{len(order) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="what", required=True)
    b = sub.add_parser("build")
    b.add_argument("--out", required=True)
    b.add_argument("--cc", default="clang-19")
    b.add_argument("--arch", default="x86_64")
    b.add_argument("--todo", action="store_true", help="also the cases where myna is known to differ")
    r = sub.add_parser("run")
    r.add_argument("--prog", required=True)
    r.add_argument("--myna", help="what to run the program under; nothing: the program against itself")
    r.add_argument("--engine", default="", help="options for it")
    r.add_argument("--faults", action="store_true", help="all cases, with signal handlers installed")
    r.add_argument("--show", type=int, default=20, help="how many failures to show in full")
    r.add_argument("--list", action="store_true", help="one line for each failure at the end")
    r.add_argument("--verbose", action="store_true", help="show the whole state before")
    args = p.parse_args()
    return build(args) if args.what == "build" else run(args)


sys.exit(main())
