#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sessions of the real gdb with a guest under myna, in gdb's own words.

    gdb.py SUITE MYNA DEBUGGEE SYSROOT [OPTIONS...]

A session is the debuggee's arguments, gdb's commands, and what must come out, in order (regular
expressions), of gdb and of the program. OPTIONS are myna's. `interrupt-when WORD` is Ctrl-C when the
program has written the word.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

SUITE, MYNA, DEBUGGEE, SYSROOT = sys.argv[1:5]
OPTIONS = sys.argv[5:]
A64 = "aarch64" in DEBUGGEE
TIMEOUT = 120
# What is the same on both machines under different names.
RESULT, NUMBER = ("$x0", "$x8") if A64 else ("$rax", "$orig_rax")


def line_of(text):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "debuggee.c")
    with open(path, encoding="ascii") as f:
        return next(i for i, line in enumerate(f, 1) if text in line)


SESSIONS = {
    "basic": [
        ("breakpoints, backtrace, steps, registers", ["work"], """
            break work
            continue
            backtrace
            next
            next
            next
            step
            step
            step
            info args
            finish
            break add if b == 7
            continue
            print sum = 1000
            tbreak LINE(return sum;)
            continue
            print sum
            delete
            stepi
            stepi
            continue
        """, [r"Breakpoint 1, work \(n=10\)", r"#0 +work \(n=10\)", r"#1 .* main \(argc=2",
              r"for \(int i", r"sum = add", r"counter\+\+", r"^add \(a=0, b=1\)",
              r"^a = 0\nb = 1", r"Value returned is \$1 = 1", r"Breakpoint 2, add \(a=21, b=7\)", r"\$2 = 1000",
              r"Temporary breakpoint 3, add", r"\$3 = 28", r"exited with code 03"],
         [r"^work 45\n", r"^counter 10\n"]),
        ("a register is changed", ["work"], f"""
            break add
            continue
            finish
            set var {RESULT} = 100
            delete
            continue
        """, [r"Breakpoint 1, add \(a=0, b=0\)", "exited with code 03"], [r"^work 145\n"]),
        ("watchpoints tell old and new values", ["work"], """
            break work
            continue
            delete
            watch counter
            continue
            continue
            delete
            rwatch counter
            continue
            print counter
            delete
            awatch counter
            continue
            continue
            delete
            watch counter if counter == 8
            continue
            print counter
            delete
            continue
        """, [r"Hardware watchpoint 2: counter\n\nOld value = 0\nNew value = 1\n.*work",
              r"Hardware watchpoint 2: counter\n\nOld value = 1\nNew value = 2\n",
              r"Hardware read watchpoint 3: counter\n\nValue = 2\n", r"\$1 = 2",
              r"Hardware access \(read/write\) watchpoint 4: counter\n\nOld value = 2\nNew value = 3",
              r"Hardware access \(read/write\) watchpoint 4: counter\n\nValue = 3",
              r"Hardware watchpoint 5: counter\n\nOld value = 7\nNew value = 8", r"\$2 = 8",
              "exited with code 03"], [r"^counter 10\n"]),
        ("vectors and string instructions meet watchpoints", ["copy"], """
            break copy
            continue
            watch text[17]
            watch text[40]
            continue
            continue
            continue
        """, [r"Hardware watchpoint 2: text\[17\]\n\nOld value = 46 '\.'\nNew value = 111 'o'",
              r"Hardware watchpoint 3: text\[40\]\n\nOld value = 0 '\\000'\nNew value = 120 'x'",
              "exited with code 03"], []),
        ("a crash shows where and why", ["crash"], """
            continue
            backtrace
            print $_siginfo.si_signo
            print $_siginfo._sifields._sigfault.si_addr
            continue
        """, [r"received signal SIGSEGV", r"crash \(\) at .*debuggee.c:LINE(\*nowhere = 42)",
              r"#1 .* main", r"\$1 = 11", r"\$2 = \(void \*\) 0x0", r"terminated with signal SIGSEGV"],
         []),
        ("threads", ["threads"], """
            break add if b == 50
            continue
            info threads
            set scheduler-locking on
            next
            set scheduler-locking off
            thread apply all backtrace 1
            delete
            continue
        """, [r"hit Breakpoint 1, add \(a=1225, b=50\)", r"\n\* [23] +Thread .* add", r"return sum;",
              # Both threads add, without a lock.
              r"exited with code 03"], [r"^counter (1\d\d|200)\n"]),
        ("a function is called", ["work"], """
            break main
            continue
            print add(20, 22)
            print work(4)
            print counter
            continue
        """, [r"\$1 = 42", r"\$2 = 6", r"\$3 = 4", "exited with code 03"], [r"^counter 14\n"]),
    ],
    "system": [
        ("signals come to gdb first, and go on as it says", ["signal", "signal"], """
            continue
            backtrace
            signal 0
            handle SIGUSR1 nostop noprint
            continue
        """, [r"received signal SIGUSR1", r"main", r"received signal SIGUSR1", "exited with code 03"],
         [r"^handled 0\n", r"^handled 10\n"]),
        ("a step into a handler", ["signal"], """
            continue
            stepi
            backtrace 1
            continue
        """, [r"received signal SIGUSR1", r"handler \(sig=", "exited with code 03"], [r"^handled 10"]),
        ("signals that are to be passed do not stop", ["signal"], """
            handle SIGUSR1 nostop noprint pass
            continue
        """, [r"exited with code 03"], [r"^handled 10"]),
        ("Ctrl-C stops computing threads", ["spin"], """
            interrupt-when spinning
            continue
            info threads
            thread 3
            print spin
            set var go = 1
            continue
        """, [r"received signal SIGINT", r"\n  2 .*spin", r"\n  3 .*spin", r"Switching to thread 3",
              "exited with code 03"], []),
        ("Ctrl-C in a system call, which goes on", ["sleep"], """
            interrupt-when sleeping
            continue
            print add(1, 2)
            continue
        """, [r"received signal SIGINT", r"\$1 = 3", "exited with code 03"], [r"^sleep 0\n"]),
        ("system calls are caught", ["work"], f"""
            catch syscall exit_group
            continue
            print {NUMBER}
            backtrace 1
            continue
        """, [r"\(call to syscall exit_group\)", r"\$1 = " + ("94" if A64 else "231"), r"#0 .*_exit",
              "exited with code 03"], []),
        ("and their returns", ["work"], f"""
            catch syscall getpid
            break main
            continue
            print (int)syscall(SYSGETPID)
            delete 2
            continue
        """.replace("SYSGETPID", "172" if A64 else "39"),
         [r"\(call to syscall getpid\)", "(.|\n)*"], []),
        ("monitor", ["work"], """
            break add
            continue
            monitor help
            monitor info maps
            monitor no-such-command
            delete
            continue
        """, [r"Breakpoint 1, add", r"info maps", r"^[0-9a-f]+-[0-9a-f]+ r.x.*debuggee$", r"no-such-command",
              "exited with code 03"], []),
        ("a child is not the debugger's", ["fork", "vfork"], """
            break work
            continue
        """, ["exited with code 03"], [r"^child exited 7\n", r"^child exited 0\n"]),
        ("fork is caught, and the child runs free", ["fork", "work"], """
            catch fork
            break work if n == 5
            continue
            print sum_of_all
            continue
        """.replace("print sum_of_all", "print counter"),
         [r"Catchpoint 1 \(forked process \d+\)", r"\$1 = 0", "exited with code 03"],
         [r"^child exited 7\n", r"^work 45\n", r"^counter 10\n"]),
        ("the child is followed, the parent runs free", ["fork"], f"""
            set follow-fork-mode child
            break add if b == 4
            continue
            backtrace
            finish
            set var {RESULT} = 100
            print counter
            delete
            continue
        """, [r"fork to child", r"Breakpoint 1(\.\d)?, add \(a=6, b=4\)", r"#1 .* work \(n=5\)",
              r"start_child \(shared=0\)", r"Value returned is \$1 = 10", r"\$2 = 4",
              r"exited with code 07"], [r"^child exited 7\n", r"^counter 0\n"]),
        ("the program that a child executes is debugged", ["fork-exec"], """
            set follow-fork-mode child
            catch exec
            continue
            break add if b == 4
            continue
            backtrace
            delete
            continue
        """, [r"fork to child", r"executing new program: .*debuggee", r"Catchpoint 1 \(exec'd .*debuggee\)",
              r"Breakpoint 2(\.\d)?, add \(a=6, b=4\)", r"#1 .* work \(n=10\)", r"exited with code 03"],
         [r"^work 45\n", r"^program exited 3\n", r"^counter 0\n"]),
        ("a forked child is killed", ["fork"], """
            catch fork
            set detach-on-fork on
            continue
            kill
        """, [r"Catchpoint 1 \(forked process \d+\)", r"killed"], []),
        ("vfork is caught, its end and the child's exec are none of it", ["vfork", "work"], """
            catch vfork
            break work
            continue
            continue
            backtrace 1
            continue
        """, [r"Catchpoint 1 \(vforked process \d+\)", r"Breakpoint 2, work \(n=10\)",
              "exited with code 03"], [r"^child exited 0\n", r"^work 45\n"]),
        ("a child of vfork cannot be followed, and gdb is told", ["vfork"], """
            set follow-fork-mode child
            continue
            kill inferiors 1
        """, [r"vfork to child", r"one process at a time can be debugged"], []),
        ("exec is caught, and the new program is debugged", ["exec"], """
            break main
            continue
            catch exec
            continue
            info breakpoints
            continue
            break add if b == 3
            continue
            print counter
            delete
            continue
        """, [r"Breakpoint 1, main \(argc=2", r"Catchpoint 2 \(exec'd .*debuggee\)",
              r"Breakpoint 1, main \(argc=2", r"Breakpoint 3, add \(a=3, b=3\)", r"\$1 = 3",
              "exited with code 03"], [r"^work 45\n"]),
        ("what was agreed outlives exec", ["exec"], """
            handle SIGUSR1 nostop noprint pass
            catch syscall exit_group
            continue
            backtrace 1
            continue
        """, [r"executing new program: .*debuggee", r"\(call to syscall exit_group\)", r"#0 .*_exit",
              "exited with code 03"], [r"^work 45\n"]),
        ("what the target tells of itself", [], """
            info auxv
            info sharedlibrary
            info registers
            print TLS
        """.replace("TLS", "$tpidr" if A64 else "$fs_base"),
         [r"AT_ENTRY", r"Shared Object Library", r"ld-linux", r"\ncpsr " if A64 else r"\neflags ",
          r"\$1 = (\(void \*\) 0x)?0"], []),
    ],
}


def expand(text):
    return re.sub(r"LINE\((.*?)\)$|LINE\((\\\*nowhere = 42)\)",
                  lambda m: str(line_of((m[1] or m[2]).replace("\\", ""))), text, flags=re.M)


def start(directory, arguments):
    path = os.path.join(directory, "socket")
    output = os.path.join(directory, "output")
    with open(output, "wb") as f:
        program = subprocess.Popen(  # pylint: disable=consider-using-with
            [MYNA, "-g", f"unix:{path}", *OPTIONS, DEBUGGEE, *arguments],
            stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT)
    until = time.monotonic() + 30
    while not os.path.exists(path) and program.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    return program, path, output


def in_order(what, text, patterns):
    """The first pattern that is not found behind the ones before it, in words."""
    at = 0
    for pattern in patterns:
        match = re.compile(expand(pattern), re.M).search(text, at)
        if not match:
            return f"{what}: no '{expand(pattern)}' in the rest:\n{text[at:]}"
        at = match.end()
    return None


def interrupt(gdb, output, word):
    """Ctrl-C, when the program has come to where it says the word."""
    until = time.monotonic() + TIMEOUT
    while gdb.poll() is None and time.monotonic() < until:
        with open(output, encoding="utf-8", errors="replace") as f:
            if word in f.read():
                time.sleep(0.5)
                gdb.send_signal(signal.SIGINT)
                return
        time.sleep(0.1)


def run_gdb(script, output, word):
    with subprocess.Popen(["gdb-multiarch", "-nx", "-batch", "-x", script, DEBUGGEE],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as gdb:
        if word:
            threading.Thread(target=interrupt, args=(gdb, output, word)).start()
        try:
            return gdb.communicate(timeout=TIMEOUT)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            gdb.kill()
            said = gdb.communicate()[0].decode(errors="replace")
            return f"{said}\n(no end within {TIMEOUT} s)"


def session(arguments, commands, patterns, output_patterns):
    with tempfile.TemporaryDirectory() as directory:
        program, path, output = start(directory, arguments)
        script = os.path.join(directory, "script")
        lines = ["set pagination off", "set confirm off", "set width 0", "set debuginfod enabled off",
                 "set print frame-arguments all", f"set sysroot {SYSROOT}", f"target remote {path}"]
        lines += [expand(line.strip()) for line in commands.splitlines() if line.strip()]
        words = [line.split()[1] for line in lines if line.startswith("interrupt-when ")]
        with open(script, "w", encoding="ascii") as f:
            f.writelines(f"{line}\n" for line in lines if not line.startswith("interrupt-when "))
        try:
            said = run_gdb(script, output, words[0] if words else None)
            program.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            said += "\n(the program did not end)"
        finally:
            program.kill()
            program.wait()
        with open(output, encoding="utf-8", errors="replace") as f:
            wrote = f.read()
        wrong = in_order("gdb", said, patterns) or in_order("program", wrote, output_patterns)
        return wrong and f"{wrong}\n--- gdb said:\n{said}\n--- the program wrote:\n{wrote}"


def main():
    failures = 0
    for name, arguments, commands, patterns, output_patterns in SESSIONS[SUITE]:
        wrong = session(arguments, commands, patterns, output_patterns)
        print(f"{'FAIL' if wrong else 'ok  '} {name}", flush=True)
        if wrong:
            failures += 1
            print(wrong)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
