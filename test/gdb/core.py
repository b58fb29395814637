#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Core files of the guest, as the real gdb reads them.

    core.py MYNA DEBUGGEE SYSROOT [OPTIONS...]

Needs a core_pattern that a process can follow by itself: status 77 where it is another.
"""
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

MYNA, DEBUGGEE = map(os.path.abspath, sys.argv[1:3])
SYSROOT = sys.argv[3]
OPTIONS = sys.argv[4:]
UNLIMITED = resource.RLIM_INFINITY


def run(directory, words, limit=UNLIMITED):
    def prepare():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (limit if hard == UNLIMITED else min(limit, hard), hard))
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
    done = subprocess.run([MYNA, *OPTIONS, DEBUGGEE, *words], cwd=directory, preexec_fn=prepare,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=False)
    files = [name for name in os.listdir(directory) if name.startswith("core")]
    return done.returncode, files


def ask(directory, name, *commands):
    words = [f"-ex={command}" for command in ("set width 0", f"set sysroot {SYSROOT}",
             f"core-file {os.path.join(directory, name)}", *commands)]
    return subprocess.run(["gdb-multiarch", "-nx", "-batch", *words, DEBUGGEE], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False).stdout.decode(errors="replace")


def main():
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as f:
        if not f.read().startswith("core"):
            print("core_pattern names another place: nothing can be tested")
            return 77
    failures = []

    def check(name, text, *patterns):
        at = 0
        for pattern in patterns:
            match = re.compile(pattern, re.M).search(text, at)
            if not match:
                print(f"FAIL {name}: no '{pattern}' in\n{text}")
                failures.append(name)
                return
            at = match.end()
        print(f"ok   {name}", flush=True)

    def same(name, got, expected):
        check(name, f"{got}", f"^{re.escape(str(expected))}$")

    with tempfile.TemporaryDirectory() as d:
        status, files = run(d, ["work", "crash"])
        same("it dies by the signal", status, -signal.SIGSEGV)
        same("there is one core file", len(files), 1)
        if files:
            said = ask(d, files[0], "backtrace", "print counter", "print text", "info sharedlibrary",
                       "print $_siginfo.si_signo", "print $_siginfo._sifields._sigfault.si_addr",
                       "info auxv", "x/i $pc", "info proc mappings")
            check("gdb reads it", said, r"terminated with signal SIGSEGV", r"^#0 .* crash \(\)",
                  r"^#1 .* main", r"\$1 = 10", r"\$2 = '.' <repeats 32 times>", r"libc\.so\.6", r"\$3 = 11",
                  r"\$4 = \(void \*\) 0x0", r"AT_ENTRY", r"^=> .*crash", r"debuggee")
        status, files = run(d, ["spin-crash"])
        if not files:
            check("threads", "", "a core file")
        else:
            said = ask(d, files[0], "info threads", "thread apply all backtrace 2")
            check("each thread is in it", said, r"^\* 1 .*crash", r"^  2 .*spin", r"^  3 .*spin")
        same("a limit of 0: none", run(d, ["crash"], 0), (-signal.SIGSEGV, []))
        same("SIGTERM: none", run(d, ["terminate"]), (-signal.SIGTERM, []))
        status, files = run(d, ["crash"], 20000)
        size = os.path.getsize(os.path.join(d, files[0])) if files else None
        same("a small limit cuts it", size, 20000)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
