#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What myna says to files that are no programs, and to wrong command lines: exactly one line on
standard error that names the thing, nothing on standard output, and the right exit status: 127 when
there is nothing to run, 126 when it cannot be run (as a shell), 64 for a wrong command line.

    badinput.py [--myna PATH] [CASE...]
    badinput.py --cmake FILE

A case is a row of CASES; a damaged ELF file is a row of DAMAGE: what is changed in a good program.
"""
import argparse
import fnmatch
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# Offsets into the ELF64 header and a program header (elf(5)).
E_CLASS, E_DATA, E_TYPE, E_MACHINE, E_PHOFF, E_PHENTSIZE, E_PHNUM = 4, 5, 16, 18, 32, 54, 56
P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ = 8, 16, 32, 40
PT_LOAD, PT_INTERP = 1, 3


class Elf:
    """A good program's bytes, and the places that the rows of DAMAGE write to."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.phoff, = struct.unpack_from("<Q", self.data, E_PHOFF)
        self.phnum, = struct.unpack_from("<H", self.data, E_PHNUM)

    def put(self, offset, form, value):
        struct.pack_into("<" + form, self.data, offset, value)
        return self

    def header(self, kind, which=0):
        """The file offset of the which-th program header of this kind."""
        for i in range(self.phnum):
            at = self.phoff + 56 * i
            if struct.unpack_from("<I", self.data, at)[0] == kind:
                if which == 0:
                    return at
                which -= 1
        raise ValueError(f"no program header of type {kind}")

    def load(self, which, field, value):
        return self.put(self.header(PT_LOAD, which) + field, "Q", value)

    def interp(self, path):
        offset, = struct.unpack_from("<Q", self.data, self.header(PT_INTERP) + P_OFFSET)
        size, = struct.unpack_from("<Q", self.data, self.header(PT_INTERP) + P_FILESZ)
        self.data[offset:offset + size] = path.ljust(size, b"\0")[:size]
        return self


# name, base program (s: static, d: dynamic), change, exit status, pattern of the message
DAMAGE = [
    ("magic-only", "s", lambda e: e.data[:4], 126, "truncated|too short|neither an ELF|ends inside"),
    ("half-header", "s", lambda e: e.data[:40], 126, "truncated|too short|neither an ELF|ends inside"),
    ("header-only", "s", lambda e: e.data[:64], 126, "program header"),
    ("half-phdrs", "s", lambda e: e.data[:64 + 56 * 2 + 11], 126, "program header"),
    ("truncated", "s", lambda e: e.data[:len(e.data) // 3], 126, "segment"),
    ("class-32", "s", lambda e: e.put(E_CLASS, "B", 1).data, 126, "class|32-bit|ELFCLASS32"),
    ("class-99", "s", lambda e: e.put(E_CLASS, "B", 99).data, 126, "class"),
    ("big-endian", "s", lambda e: e.put(E_DATA, "B", 2).data, 126, "endian|byte order"),
    ("machine-sparc", "s", lambda e: e.put(E_MACHINE, "H", 43).data, 126, "machine"),
    ("machine-none", "s", lambda e: e.put(E_MACHINE, "H", 0).data, 126, "machine"),
    ("type-rel", "s", lambda e: e.put(E_TYPE, "H", 1).data, 126, "type|relocatable|not an executable"),
    ("type-core", "s", lambda e: e.put(E_TYPE, "H", 4).data, 126, "type|core|not an executable"),
    ("phentsize", "s", lambda e: e.put(E_PHENTSIZE, "H", 32).data, 126, "program header"),
    ("phnum-0", "s", lambda e: e.put(E_PHNUM, "H", 0).data, 126, "program header|segment"),
    ("phnum-65535", "s", lambda e: e.put(E_PHNUM, "H", 65535).data, 126, "program header"),
    ("phoff-huge", "s", lambda e: e.put(E_PHOFF, "Q", 1 << 62).data, 126, "program header"),
    ("phoff-wraps", "s", lambda e: e.put(E_PHOFF, "Q", (1 << 64) - 8).data, 126, "program header"),
    ("no-load", "s", lambda e: [e.put(e.header(PT_LOAD), "I", 0)
                                for _ in range(count_loads(e))] and e.data, 126, "segment"),
    ("offset-past-end", "s", lambda e: e.load(1, P_OFFSET, (1 << 40) | 0x1000).data, 126, "segment"),
    ("offset-wraps", "s", lambda e: e.load(1, P_OFFSET, (1 << 64) - 4096).data, 126, "segment"),
    ("filesz-over-memsz", "s", lambda e: e.load(1, P_MEMSZ, 1).data, 126, "segment"),
    ("filesz-past-end", "s", lambda e: e.load(1, P_FILESZ, 1 << 33).load(1, P_MEMSZ, 1 << 33).data,
     126, "segment"),
    ("memsz-huge", "s", lambda e: e.load(1, P_MEMSZ, 1 << 60).data, 126, "segment|memory"),
    ("memsz-wraps", "s", lambda e: e.load(1, P_MEMSZ, (1 << 64) - 1).data, 126, "segment|memory"),
    ("vaddr-kernel", "s", lambda e: e.load(1, P_VADDR, 0xffffffff80000000).data, 126, "segment|address"),
    ("vaddr-not-congruent", "s", lambda e: e.load(1, P_OFFSET, 123).data, 126, "segment|align"),
    ("interp-missing", "d", lambda e: e.interp(b"/lib64/no-such.so").data, 127, "no-such.so"),
    ("interp-directory", "d", lambda e: e.interp(b"/usr/lib").data, 126, "/usr/lib"),
    ("interp-text", "d", lambda e: e.interp(b"/etc/passwd").data, 126, "/etc/passwd"),
    ("interp-empty", "d", lambda e: e.interp(b"").data, 126, "interpreter"),
    ("interp-unterminated", "d", lambda e: e.interp(b"/" + b"x" * 100).data, 126, "interpreter"),
    ("interp-size-huge", "d", lambda e: e.put(e.header(PT_INTERP) + P_FILESZ, "Q", 1 << 40).data, 126,
     "interpreter"),
    ("interp-past-end", "d", lambda e: e.put(e.header(PT_INTERP) + P_OFFSET, "Q", 1 << 40).data, 126,
     "interpreter"),
]


def count_loads(elf):
    count = 0
    while True:
        try:
            elf.header(PT_LOAD, count)
        except ValueError:
            return count
        count += 1


# name, arguments of myna ({d}: the scratch directory, see prepare()), exit status, pattern.
CASES = [
    ("no-program", [], 64, "program"),
    ("unknown-option", ["--no-such-option", "{d}/good"], 64, "no-such-option"),
    ("unknown-engine", ["--llvm=turbo", "{d}/good"], 64, "turbo"),
    ("unknown-log-item", ["-d", "in_asm,nonsense", "{d}/good"], 64, "nonsense"),
    ("unknown-cpu", ["-cpu", "z80", "{d}/good"], 64, "z80"),
    ("missing-argument", ["-L"], 64, "-L needs an argument"),
    ("stack-not-a-number", ["-s", "much", "{d}/good"], 64, "much"),
    ("dfilter-nonsense", ["-dfilter", "x..y", "{d}/good"], 64, "x..y"),
    ("log-unwritable", ["-d", "in_asm", "-D", "{d}/none/log", "{d}/good"], 64, "none/log"),
    ("log-is-directory", ["-d", "in_asm", "-D", "{d}", "{d}/good"], 64, "directory"),
    ("dump-ir-unwritable", ["--dump-ir=/proc/none/x", "{d}/good"], 64, "/proc/none"),
    ("dump-ir-is-file", ["--dump-ir={d}/text", "{d}/good"], 64, "text"),
    ("missing", ["{d}/missing"], 127, "missing.*No such file"),
    ("missing-directory", ["{d}/none/missing"], 127, "missing.*No such file"),
    ("not-in-path", ["no-such-program-anywhere"], 127, "no-such-program-anywhere"),
    ("under-a-file", ["{d}/text/x"], 126, "Not a directory"),
    ("name-too-long", ["{d}/" + "n" * 300], 126, "too long"),
    ("symlink-loop", ["{d}/loop"], 126, "symbolic link"),
    ("directory", ["{d}"], 126, "directory"),
    ("empty-file", ["{d}/empty"], 126, "empty"),
    ("text", ["{d}/text"], 126, "text"),
    ("not-executable", ["{d}/noexec"], 126, "noexec.*not executable"),
    ("unreadable", ["{d}/unreadable"], 126, "unreadable.*Permission denied"),
    ("device", ["/dev/null"], 126, "/dev/null"),
    ("script-missing", ["{d}/script-missing"], 127, "no-such-shell"),
    ("script-no-name", ["{d}/script-no-name"], 126, "script-no-name"),
    ("script-loop", ["{d}/script-loop"], 126, "script-loop"),
    ("script-long", ["{d}/script-long"], 126, "script-long"),
    ("arguments-too-long", ["-s", "131072", "{d}/good"] + ["x" * 1000] * 200, 126, "rgument"),
]
# Runs that must succeed: the table's other half, so that a myna that refuses all does not pass.
GOOD = [
    ("good-static", ["{d}/good", "a"], 3),
    ("good-dynamic", ["{d}/dynamic", "a"], 3),
    ("good-script", ["{d}/script", "a"], 3),
    ("good-nested-script", ["{d}/nested", "a"], 3),
    ("good-long-arguments", ["{d}/good"] + ["x" * 1000] * 1500, 3),
]


def write(path, data, mode=0o755):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def prepare(directory):
    """The files that CASES name."""
    source = os.path.join(HERE, "files/hello.c")
    for name, flag in (("good", "-static"), ("dynamic", "-O1")):
        subprocess.run(["gcc", "-O1", flag, "-o", f"{directory}/{name}", source], check=True)
    write(f"{directory}/text", b"just a line of text\n")
    write(f"{directory}/empty", b"")
    write(f"{directory}/noexec", b"\x7fELF", 0o644)
    shutil.copy(f"{directory}/good", f"{directory}/unreadable")
    os.chmod(f"{directory}/unreadable", 0o300)
    os.symlink("loop", f"{directory}/loop")
    write(f"{directory}/script", f"#! {directory}/good one\n".encode())
    write(f"{directory}/nested", f"#!{directory}/script\n".encode())
    write(f"{directory}/script-missing", b"#!/no-such-shell -x\n")
    write(f"{directory}/script-no-name", b"#!   \n")
    write(f"{directory}/script-loop", f"#!{directory}/script-loop\n".encode())
    write(f"{directory}/script-long", b"#!/" + b"x" * 5000 + b"\n")
    for name, base, change, _, _ in DAMAGE:
        with open(f"{directory}/{'good' if base == 's' else 'dynamic'}", "rb") as f:
            write(f"{directory}/elf-{name}", change(Elf(f.read())))


def all_cases():
    """(name, arguments, exit status, pattern or None)"""
    rows = list(CASES)
    rows += [("elf-" + name, [f"{{d}}/elf-{name}"], status, pattern)
             for name, _, _, status, pattern in DAMAGE]
    rows += [(name, args, status, None) for name, args, status in GOOD]
    return rows


def become_nobody():
    """Root reads and writes everything; the rules that are tested here are other people's."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def check(myna, directory, name, args, status, pattern):
    """The lines that say what is wrong; none when all is right."""
    argv = [myna] + [word.replace("{d}", directory) for word in args]
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": directory}
    env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_"))})
    try:
        run = subprocess.run(argv, env=env, cwd="/", stdin=subprocess.DEVNULL, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                             preexec_fn=become_nobody)
    except subprocess.TimeoutExpired:
        return [f"{name}: still running after 60 s"]
    err = run.stderr.decode(errors="backslashreplace")
    wrong = []
    if run.returncode != status:
        wrong.append(f"exit status {run.returncode}, expected {status}")
    if pattern is None:
        if not run.stdout.startswith(b"hello from"):
            wrong.append(f"the program did not run, its output is {run.stdout[:200]!r}")
    else:
        if run.stdout:
            wrong.append(f"standard output is not empty: {run.stdout[:200]!r}")
        if err.count("\n") != 1 or not err.endswith("\n"):
            wrong.append(f"{err.count(chr(10))} lines on standard error, expected 1")
        if not err.startswith("myna: "):
            wrong.append("the message does not begin with `myna: `")
        if not re.search(pattern, err):
            wrong.append(f"the message does not match /{pattern}/")
    if not wrong:
        return []
    command = " ".join(shlex.quote(w if len(w) < 200 else w[:20] + "...") for w in argv[:8])
    return [f"{name}: {line}" for line in wrong] + [f"  {command}"] + \
        ["  stderr: " + line[:300] for line in err.split("\n")[:10] if line]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names or globs; all unless told")
    parser.add_argument("--myna", default=os.environ.get("MYNA", os.path.join(TOP, "build/myna")))
    parser.add_argument("--cmake", metavar="FILE", help="write one add_test() a case")
    options = parser.parse_args()

    rows = all_cases()
    if options.cmake:
        with open(options.cmake, "w", encoding="utf-8") as f:
            for name, *_ in rows:
                f.write(f"add_test(bad.{name} /usr/bin/python3 [[{HERE}/badinput.py]] "
                        f"--myna ${{MYNA_BINARY}} {name})\n"
                        f"set_tests_properties(bad.{name} PROPERTIES LABELS bad TIMEOUT 120)\n")
        return 0
    rows = [row for row in rows if not options.cases or
            any(fnmatch.fnmatch(row[0], glob) for glob in options.cases)]
    if not rows:
        sys.exit(f"no case matches {' '.join(options.cases)}")

    failed = 0
    with tempfile.TemporaryDirectory(prefix="myna-bad.") as directory:
        # Where user nobody comes: the build tree may stand under root's home.
        os.chmod(directory, 0o755)
        myna = shutil.copy(options.myna, f"{directory}/myna")
        prepare(directory)
        for row in rows:
            wrong = check(myna, directory, *row)
            failed += bool(wrong)
            for line in wrong:
                print(line, flush=True)
    print(f"{len(rows) - failed} of {len(rows)} cases right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
