#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The monitor: its commands over a socket and on standard input, and what it says to rubbish.

    monitor.py MYNA
"""
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from monitor_client import LIMIT, Client  # noqa: E402

MYNA = sys.argv[1]
# The guest: prints when it is up, computes, ends when its input ends.
GUEST = ["/bin/sh", "-c", "echo up; while read -r line; do echo \"got $line\"; done; echo ended"]
failures = 0


def check(name, text, pattern):
    global failures
    if not re.search(pattern, text, re.S):
        failures += 1
        print(f"FAIL {name}: /{pattern}/ is not in:\n{text}")


def start(options):
    p = subprocess.Popen([MYNA, *options, *GUEST], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"up\n"
    return p


def over_socket(path, engine):
    p = start([engine, "-monitor", f"unix:{path}"])
    c = Client(path)
    check("help", c.ask("help"), r"info maps.*x/FORMAT.*quit")
    check("help of one", c.ask("help info"), r"^info blocks")
    maps = c.ask("info maps")
    check("maps", maps, r"\[stack\]")
    text = re.search(r"^([0-9a-f]+)-\S+ r-xp .*sh$", maps, re.M).group(1)
    check("bytes", c.ask(f"x/4xb 0x{text}"), r"^0x0*" + text + r":( 0x[0-9a-f]{2}){4}\n$")
    check("decimal", c.ask(f"x/dw 0x{text}"), r": -?\d+\n$")
    check("code", c.ask(f"x/2i 0x{text}"), r"^(0x[0-9a-f]+.*: \w+.*\n){2}$")
    head = re.search(r"^([0-9a-f]+)-\S+ r--p 0+ .*sh$", maps, re.M).group(1)
    check("characters", c.ask(f"x/4c 0x{head}"), r"'\\177' 'E' 'L' 'F'")
    check("strings", c.ask(f"x/s 0x{head}"), r'"\\177ELF')
    check("a symbol", c.ask("x/2i read"), r"<\w*read\+0>")
    check("nothing there", c.ask("x/4xw 0x10"), r"cannot be read")
    check("blocks", c.ask("info blocks"), r"\d+ insns.*\n[1-9]\d* blocks, ")
    check("stats", c.ask("info stats"), r"blocks translated")
    check("flush", c.ask("flush"), r"flush requested")
    check("flush with more", c.ask("flush now"), r"^error: flush: it takes no arguments")
    registers = c.ask("info registers")
    check("registers", registers, r"^CPU 0\nrax +0x[0-9a-f]{16}\n.*\nrip +0x[0-9a-f]{16}\n")
    check("one CPU's", c.ask("info registers 0"), "^" + re.escape(registers.split("rax")[0]) + "rax")
    check("no such CPU", c.ask("info registers 7"), r"^error: info registers: there is no CPU")
    check("no index", c.ask("info registers rax"), r"^error: info registers: the argument must be")
    check("IR of nothing", c.ask("dump_ir 0x10"), r"^error: dump_ir: no block that is translated")
    check("stop", c.ask("stop"), r"^stopped\n$")
    p.stdin.write(b"stopped\n")
    p.stdin.flush()
    before = c.ask("info registers")
    time.sleep(0.2)
    check("it stands", str(before == c.ask("info registers") and
                           not select.select([p.stdout], [], [], 0.2)[0]), "True")
    check("stop again", c.ask("stop"), r"^stopped\n$")
    check("cont", c.ask("cont"), r"^running\n$")
    check("it goes on", p.stdout.readline().decode(), r"^got stopped$")
    check("cont again", c.ask("cont"), r"^it was running\n$")
    block = int(re.search(r"^(0x[0-9a-f]+) +\d+ bytes +([2-9]) insns", c.ask("info blocks"), re.M).group(1), 16)
    ir = c.ask(f"dump_ir {block:#x}")
    check("IR", ir, rf"define .*@tb_{block:x}\(.*call void @guest\.block\(.*call void @guest\.insn\(")
    check("IR by a later address", c.ask(f"dump_ir {block + 1:#x}"), rf"@tb_{block:x}\(")
    second = Client(path)
    check("two clients", second.ask("info maps"), r"\[stack\]")
    # The guest goes on, flushed cache and all.
    p.stdin.write(b"hello\n")
    p.stdin.flush()
    check("the guest", p.stdout.readline().decode(), r"^got hello$")

    for name, line, words in [
            ("unknown command", "frobnicate 3", r"^error: there is no command 'frobnicate 3' \(see `help`\)\n$"),
            ("unknown help", "help frobnicate", r"^error: help: there is no such command"),
            ("bad format", "x/5q main", r"^error: x: the format must be"),
            ("huge count", "x/99999 0", r"^error: x: the format must be"),
            ("no address", "x/4", r"^error: x: it needs an address or a symbol"),
            ("no symbol", "x/4 no_such_symbol", r"^error: x: it needs an address or a symbol"),
            ("negative", "x -1", r"^error: x: it needs an address"),
            ("control bytes", b"\x01\x02\n", r"^error: this is no text: byte 0x01"),
            ("NUL", b"help\0\n", r"^error: this is no text: byte 0x00"),
            ("not UTF-8", b"\xff\xfe\n", r"^error: there is no command '"),
            ("long line", b"a" * 100000 + b"\n", r"^error: a line has at most 4096 bytes\n$"),
            ("empty line", "", r"^$")]:
        check(name, c.ask(line), words)
    second.s.close()
    check("after all that", c.ask("info maps"), r"\[stack\]")

    taken = subprocess.run([MYNA, "-monitor", f"unix:{path}", "/bin/true"], capture_output=True,
                           timeout=LIMIT, check=False)
    check("the path is taken", f"{taken.returncode} {taken.stderr.decode()}",
          r"^64 myna: cannot open the monitor at \S+: Address already in use\n$")
    c.s.sendall(b"quit\n")
    check("quit", str(p.wait(LIMIT)), r"^0$")
    check("the socket is gone", str(os.path.exists(path)), "False")


def after_kill(path):
    p = start(["-monitor", f"unix:{path}"])
    Client(path).s.close()
    p.send_signal(signal.SIGKILL)
    p.wait(LIMIT)
    p = start(["-monitor", f"unix:{path}"])
    check("a dead process's socket", Client(path).ask("help"), "quit")
    p.stdin.close()
    check("the guest ends", str(p.wait(LIMIT)), r"^0$")


def across_exec(directory):
    p = subprocess.Popen([MYNA, "-monitor", f"unix:{directory}/m.%d", "/bin/sh", "-c",
                          "exec /bin/sh -c 'echo up; read -r line'"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdout.readline()
    check("%d and execve", Client(f"{directory}/m.{p.pid}").ask("info maps"), r"\[stack\]")
    p.stdin.close()
    p.wait(LIMIT)


def on_stdio():
    done = subprocess.run([MYNA, "-monitor", "stdio", "/bin/sh", "-c", "sleep 20; echo late"],
                          input=b"info maps\nnonsense\nquit", capture_output=True, timeout=LIMIT,
                          check=False)
    check("stdio", f"{done.returncode} {done.stdout.decode()}",
          r"^0 \(myna\) .*\[stack\].*error: there is no command 'nonsense'")
    done = subprocess.run([MYNA, "-monitor", "stdio", "/bin/cat"], input=b"help\n",
                          capture_output=True, timeout=LIMIT, check=False)
    check("the guest's own input is empty", str(done.returncode), r"^0$")


def main():
    for where, words in [("nowhere", "it must be 'stdio' or 'unix:PATH'"),
                         ("unix:", "a socket's path has 1 to"),
                         ("unix:/no/such/directory/x", "No such file or directory"),
                         ("unix:/" + "x" * 200, "a socket's path has 1 to")]:
        done = subprocess.run([MYNA, "-monitor", where, "/bin/true"], capture_output=True,
                              timeout=LIMIT, check=False)
        check(where[:20], f"{done.returncode} {done.stderr.decode()}",
              rf"^64 myna: [^\n]*{words}[^\n]*\n$")
    with tempfile.TemporaryDirectory() as directory:
        for engine in ["--tci", "--llvm=off", "--llvm", "--llvm=all"]:
            over_socket(f"{directory}/monitor", engine)
        after_kill(f"{directory}/monitor")
        across_exec(directory)
    on_stdio()
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
