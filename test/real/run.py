#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs real Debian programs natively and under myna: output, exit status and files must be equal.

    run.py [--engine E]... [--myna PATH] [-j N] [-k] [CASE...]    run these cases (all unless told)
    run.py --guest aarch64 [...] [CASE...]                         the same with that machine's programs
    run.py --list                                                  names and flags
    run.py --cmake FILE --work DIR                                 one add_test() a case and engine

The cases stand in cases.tbl, one a line: `name | flags | command`. A command that begins with `sh:`
is run by bash (so bash runs under the engine, and all that it starts); else the words are the
program and its arguments. Each case starts in a fresh directory that holds what files/ and
fixtures.py give. Flags:

    verify          also under `myna --verify`, which checks each block against the interpreter
    stress=ENGINE   also under `myna --stress`: tiered, off, all
    notci           over 60 s in the interpreter, so not run there
    t=SECONDS       time limit under an engine (120)
    mask=KIND       what differs from run to run is masked in both outputs, see MASKS
    ignore=GLOB     files whose content differs from run to run
    noerr           standard error is not compared
    ifcpu=FLAG      needs this flag in /proc/cpuinfo
    cross=no        the output tells the machine: not for guests of another one
    cross=ci        for those in CTest too, with --tci and --llvm; cross=all: with --llvm=all as well. The
                    rest is for `run.py --guest`
    cross=qemu      their reference is qemu-MACHINE: libm rounds otherwise where it has fused operations
    cross=only      only for them, compared with qemu-MACHINE: no native program is asked for
    xignore=GLOB    files whose content is the machine's (programs that were compiled)

With --guest, programs come from a Debian root of that machine (--root, made by scripts/guest-root), and
the reference is still the native run: Debian's packages are the same on each machine.
"""
import argparse
import concurrent.futures
import difflib
import fnmatch
import hashlib
import os
import re
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time

import fixtures

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"

# engine: the words before the guest's program. `native` and `qemu` check the harness itself.
ENGINES = {
    "tci": ["{myna}", "--tci"],
    "llvm": ["{myna}", "--llvm", "--hot=1000"],
    "llvm-all": ["{myna}", "--llvm=all"],
    "llvm-off": ["{myna}", "--llvm=off"],
    "verify": ["{myna}", "--verify"],
    "stress": ["{myna}", "--llvm", "--hot=1000", "--stress=20261128"],
    "stress-off": ["{myna}", "--llvm=off", "--stress=20261129"],
    "stress-all": ["{myna}", "--llvm=all", "--stress=20261130"],
    "native": [],
    "qemu": ["qemu-{guest}"],
}
# guest: Debian's name of the machine.
GUESTS = {"x86_64": "amd64", "aarch64": "arm64"}
CTEST_ENGINES = ["tci", "llvm", "llvm-all", "llvm-off", "verify", "stress", "stress-off", "stress-all"]

# What differs from run to run by its nature. (pattern, replacement) on bytes.
MASKS = {
    # `python3 -m test`: durations, load, process numbers.
    "pytest": [
        (rb"\d+:\d\d:\d\d load avg: [\d.]+ ", b""),
        (rb"\d+ min( [\d.]+ (sec|ms))?\b|[\d.]+ (sec|ms)\b", b"T"),
        (rb"(?m)^test_\w+ passed in T\n", b""), # said of slow tests alone
        (rb"in [\d.]+s", b"in T"),
        (rb"test_python_\w+", b"test_python_N"),
    ],
    # Measured speeds, and the columns that they stand in.
    "numbers": [(rb"0x[0-9a-f]+", b"X"), (rb" *[\d.]+", b" N")],
}
LIMIT = 400
SHOWN = 60


class Case:
    """One line of cases.tbl."""

    def __init__(self, name, flags, command, line):
        self.name, self.command, self.line = name, command, line
        self.flags = {}
        for word in flags.split():
            key, _, value = word.partition("=")
            if key not in ("verify", "stress", "notci", "t", "mask", "ignore", "noerr", "ifcpu",
                           "cross", "xignore"):
                sys.exit(f"cases.tbl:{line}: unknown flag '{word}'")
            self.flags.setdefault(key, []).append(value)
        for kind in self.flags.get("mask", []):
            if kind not in MASKS:
                sys.exit(f"cases.tbl:{line}: unknown mask '{kind}'")

    def argv(self):
        if self.command.startswith("sh:"):
            return ["/bin/bash", "-c", self.command[3:].strip()]
        words = shlex.split(self.command)
        program = shutil.which(words[0], path=PATH)
        return [program or f"/usr/bin/{words[0]}"] + words[1:]

    def cross(self, word):
        return word in self.flags.get("cross", [])

    def limit(self):
        return int(self.flags.get("t", [LIMIT])[0])

    def runs_in(self, engine, guest="x86_64"):
        if self.cross("only" if guest == "x86_64" else "no"):
            return False
        if engine == "verify":
            return "verify" in self.flags
        if engine.startswith("stress"):
            return (engine[7:] or "tiered") in self.flags.get("stress", [])
        return not (engine == "tci" and "notci" in self.flags)

    def lacks(self):
        """Why this machine cannot run it, or None."""
        for flag in self.flags.get("ifcpu", []):
            with open("/proc/cpuinfo", encoding="ascii") as f:
                if not re.search(rf"^flags\s*:.*\b{flag}\b", f.read(), re.M):
                    return f"the CPU has no {flag}"
        return None

    def masked(self, data):
        for kind in self.flags.get("mask", []):
            for pattern, replacement in MASKS[kind]:
                data = re.sub(pattern, replacement, data)
        return data


def load_cases():
    cases, seen, text, start = [], set(), "", 0
    with open(os.path.join(HERE, "cases.tbl"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not text:
                start = number
                if not line.strip() or line.startswith("#"):
                    continue
            if line.endswith("\\"):
                text += line[:-1].rstrip() + " "
                continue
            text += line.strip() if text else line
            fields = [field.strip() for field in text.split("|", 2)]
            text = ""
            if len(fields) != 3:
                sys.exit(f"cases.tbl:{start}: want `name | flags | command`")
            if fields[0] in seen:
                sys.exit(f"cases.tbl:{start}: second case named '{fields[0]}'")
            seen.add(fields[0])
            cases.append(Case(*fields, start))
    return cases


class Outcome:
    """What a run left: exit status in a shell's words, the two outputs, the files."""

    def __init__(self, status, out, err, files, seconds):
        self.status, self.out, self.err = status, out, err
        self.files, self.seconds = files, seconds


def environment(home):
    env = {key: value for key, value in os.environ.items()
           if key.startswith(("MYNA_", "ASAN_", "UBSAN_", "LSAN_"))}
    env.update(PATH=PATH, HOME=home, LC_ALL="C.UTF-8", TZ="UTC", USER="guest",
               TMPDIR=home + ".tmp", XDG_CACHE_HOME=home + ".cache", PYTHONHASHSEED="0",
               PYTHONDONTWRITEBYTECODE="1", PERL_HASH_SEED="0",
               GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.org",
               GIT_COMMITTER_NAME="C", GIT_COMMITTER_EMAIL="c@example.org",
               GIT_AUTHOR_DATE="2020-01-01T00:00:00Z", GIT_COMMITTER_DATE="2020-01-01T00:00:00Z")
    return env


def snapshot(root, ignored):
    """path -> what it is: kind, permission bits, content's hash (or target of a link)."""
    found = {}
    for directory, dirs, names in os.walk(root):
        for name in dirs + names:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            info = os.lstat(path)
            mode = oct(stat.S_IMODE(info.st_mode))
            if stat.S_ISLNK(info.st_mode):
                found[relative] = f"link to {os.readlink(path)}"
            elif stat.S_ISREG(info.st_mode):
                if any(fnmatch.fnmatch(relative, glob) for glob in ignored):
                    found[relative] = f"file {mode}"
                    continue
                with open(path, "rb") as f:
                    digest = hashlib.sha256(f.read()).hexdigest()[:16]
                found[relative] = f"file {mode} {info.st_size} bytes, sha256 {digest}"
            else:
                found[relative] = f"{stat.filemode(info.st_mode)[0]} {mode}"
    return found


def fresh(directory):
    for extra in ("", ".tmp"):
        shutil.rmtree(directory + extra, ignore_errors=True)
        os.makedirs(directory + extra)
    os.makedirs(directory + ".cache", exist_ok=True)
    fixtures.fill(directory, os.path.join(HERE, "files"))


def run(argv, directory, limit, ignored):
    """Runs argv in `directory` and waits, at most `limit` seconds; then its whole group ends."""
    started = time.monotonic()

    def before_exec():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.umask(0o022)

    with open(directory + ".out", "w+b") as out, open(directory + ".err", "w+b") as err:
        try:
            child = subprocess.Popen(argv, cwd=directory, env=environment(directory), stdout=out,
                                     stderr=err, stdin=subprocess.DEVNULL, start_new_session=True,
                                     preexec_fn=before_exec)
        except OSError as error:
            return Outcome(f"not started: {error}", b"", b"", {}, 0)
        try:
            code = child.wait(timeout=limit)
            status = f"exit {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        except subprocess.TimeoutExpired:
            status = f"still running after {limit} s"
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        out.seek(0)
        err.seek(0)
        return Outcome(status, out.read(), err.read(), snapshot(directory, ignored),
                       time.monotonic() - started)


def text_of(data):
    text = data.decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda m: f"\\x{ord(m.group()):02x}", text)


def diff_of(what, expected, got):
    lines = list(difflib.unified_diff(text_of(expected).split("\n"), text_of(got).split("\n"),
                                      f"{what} natively", f"{what} here", n=1, lineterm=""))
    shown = [line[:240] for line in lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(f"... {len(lines) - SHOWN} more lines differ")
    return shown


def compare(case, native, got):
    """Lines that say what differs; none when the runs are equal."""
    lines = []
    if got.status != native.status:
        lines.append(f"exit status: natively {native.status}, here {got.status}")
    if case.masked(got.out) != case.masked(native.out):
        lines += diff_of("stdout", case.masked(native.out), case.masked(got.out))
    if "noerr" not in case.flags and case.masked(got.err) != case.masked(native.err):
        lines += diff_of("stderr", case.masked(native.err), case.masked(got.err))
    elif lines and got.err:
        lines += ["stderr here:"] + text_of(got.err).split("\n")[-20:]
    for path in sorted(set(native.files) | set(got.files)):
        left, right = native.files.get(path, "absent"), got.files.get(path, "absent")
        if left != right:
            lines.append(f"file {path}: natively {left}, here {right}")
    return lines


def run_case(case, engine, options):
    """(ok, skipped, report) of one case under one engine."""
    lacks = case.lacks()
    if lacks:
        return True, True, f"{case.name}.{engine}: skipped, {lacks}"
    directory = os.path.join(options.work, f"{case.name}.{engine}")
    os.makedirs(options.work, exist_ok=True)
    ignored = list(case.flags.get("ignore", []))
    argv = case.argv()
    words = ENGINES[engine] + (shlex.split(options.more) if ENGINES[engine] else [])
    prefix = [word.format(myna=options.myna, guest=options.guest, out=options.work + "/out") for word in words]
    reference = argv
    if options.guest != "x86_64":
        ignored += case.flags.get("xignore", [])
        in_root = ["-L", options.root, "-0", argv[0], options.root + argv[0]] + argv[1:]
        if case.cross("only") or case.cross("qemu"):
            reference = [f"qemu-{options.guest}"] + in_root
        argv = in_root

    fresh(directory)
    native = run(reference, directory, LIMIT, ignored)
    if native.status.startswith(("still", "not", "signal")) and "kill" not in case.name:
        return False, False, (f"{case.name}.{engine}: the native run is broken: {native.status}\n"
                              f"{text_of(native.err)}")
    fresh(directory)
    got = run(prefix + argv, directory, case.limit(), ignored)
    lines = compare(case, native, got)
    if not lines:
        for path in (directory, directory + ".tmp", directory + ".cache"):
            shutil.rmtree(path, ignore_errors=True)
        for path in (directory + ".out", directory + ".err"):
            os.unlink(path)
        return True, False, (f"{case.name}.{engine}: ok, {native.seconds:.2f} s natively, "
                             f"{got.seconds:.2f} s here")
    command = " ".join(shlex.quote(word) for word in prefix + argv)
    head = [f"{case.name}.{engine}: FAILED (cases.tbl:{case.line}, {got.seconds:.1f} s)",
            f"  cd {directory} && {command}"]
    return False, False, "\n".join(head + ["  " + line for line in lines])


def write_cmake(path, options, cases):
    """One test a case and engine. The limit here is above the runner's own, which tells more."""
    with open(path, "w", encoding="utf-8") as f:
        for case in cases:
            for engine in CTEST_ENGINES:
                if not case.runs_in(engine, options.guest):
                    continue
                name, label, more = f"real.{case.name}.{engine}", "real", ""
                if options.guest != "x86_64":
                    engines = ["tci", "llvm"] if case.cross("ci") else []
                    if engine not in (CTEST_ENGINES[:3] if case.cross("all") else engines):
                        continue
                    name = f"real-{options.guest}.{case.name}.{engine}"
                    label = f"real-{options.guest}"
                    more = f"--guest {options.guest} --root [[{options.root}]] "
                f.write(f"add_test({name} /usr/bin/python3 [[{HERE}/run.py]] --ctest {more}"
                        f"--myna ${{MYNA_BINARY}} --work [[{options.work}]] --engine {engine} "
                        f"{case.name})\n"
                        f"set_tests_properties({name} PROPERTIES LABELS \"{label};{engine}\" "
                        f"SKIP_RETURN_CODE 77 TIMEOUT {case.limit() + LIMIT + 30})\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names or globs; all unless told")
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--with", dest="more", default="", metavar="WORDS",
                        help="more options for myna; {out} in them is a file's name beside the cases' directories")
    parser.add_argument("--myna", default=os.environ.get("MYNA", os.path.join(TOP, "build/myna")))
    parser.add_argument("--work", default=os.path.join(TOP, "build/test-real"))
    parser.add_argument("--guest", default="x86_64", choices=list(GUESTS))
    parser.add_argument("--root", metavar="DIRECTORY")
    parser.add_argument("-j", type=int, default=1, metavar="N", help="cases at a time")
    parser.add_argument("-k", action="store_true", help="failures alone")
    parser.add_argument("--ctest", action="store_true", help="exit 77 when the case is skipped")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--cmake", metavar="FILE")
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    if options.guest != "x86_64":
        options.work += "-" + options.guest
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        options.root = os.path.abspath(options.root or
                                       f"{cache}/myna-roots/{GUESTS[options.guest]}")
        if not (options.cmake or options.list) and not os.path.exists(options.root + "/.complete"):
            sys.exit(f"there is no root in {options.root}: scripts/guest-root makes one")

    cases = load_cases()
    if options.list:
        for case in cases:
            engines = [engine for engine in CTEST_ENGINES if case.runs_in(engine, options.guest)]
            print(f"{case.name:24} {','.join(engines)}")
        return 0
    if options.cmake:
        write_cmake(options.cmake, options, cases)
        return 0
    chosen = [case for case in cases if not options.cases or
              any(fnmatch.fnmatch(case.name, glob) for glob in options.cases)]
    if not chosen:
        sys.exit(f"no case matches {' '.join(options.cases)}; see --list")
    engines = options.engine or ["tci", "llvm", "llvm-all", "llvm-off"]
    jobs = [(case, engine) for engine in engines for case in chosen
            if case.runs_in(engine, options.guest) or
            (options.cases and not case.cross("only") and not case.cross("no"))]
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        for ok, skip, report in pool.map(lambda job: run_case(*job, options), jobs):
            failed += not ok
            skipped += skip
            if not ok or not options.k:
                print(report, flush=True)
    print(f"{len(jobs) - failed - skipped} of {len(jobs)} equal to native, {failed} failed, "
          f"{skipped} skipped")
    if failed:
        return 1
    return 77 if options.ctest and skipped else 0


if __name__ == "__main__":
    sys.exit(main())
