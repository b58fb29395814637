#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The gdb server at its edges: what gdb itself would not send, lines that break, bad addresses.

    protocol.py MYNA DEBUGGEE
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

MYNA, DEBUGGEE = sys.argv[1:3]


class Line:
    """A debugger's end."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        until = time.monotonic() + 30
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(60)
        self.rest = b""

    def send(self, data, checksum=None):
        data = data if isinstance(data, bytes) else data.encode()
        checksum = sum(data) & 255 if checksum is None else checksum
        self.socket.sendall(b"$" + data + b"#%02x" % checksum)

    def byte(self):
        while not self.rest:
            self.rest = self.socket.recv(65536)
            if not self.rest:
                raise EOFError
        first, self.rest = self.rest[:1], self.rest[1:]
        return first

    def answer(self):
        while self.byte() != b"$":
            pass
        data = b""
        while not data.endswith(b"#"):
            data += self.byte()
        self.byte()
        self.byte()
        try:
            self.socket.sendall(b"+")
        except BrokenPipeError:
            pass  # the answer to D is the last
        return data[:-1].decode("latin-1")

    def ask(self, data):
        self.send(data)
        return self.answer()


def run(args):
    done = subprocess.run([MYNA, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    failures = []

    def check(name, condition, detail=""):
        print(f"{'ok  ' if condition else 'FAIL'} {name}", flush=True)
        if not condition:
            failures.append(name)
            print(f"     {detail!r}")

    with tempfile.TemporaryDirectory() as d:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for name, where in [("a port in use", str(port)), ("no number", "12x"),
                                ("port 0", "0"), ("port too high", "65536"), ("no path", "unix:"),
                                ("a directory that is not there", f"unix:{d}/no/socket"),
                                ("a path too long", "unix:/" + "x" * 200),
                                ("a host that is none", "no.such.host.invalid:1234"),
                                ("a file that is no socket", f"unix:{DEBUGGEE}")]:
                status, said = run(["-g", where, DEBUGGEE])
                check(name, status == 64 and said.count("\n") == 1 and
                      said.startswith("myna: cannot wait for gdb at "), (status, said))

        path = os.path.join(d, "socket")
        with subprocess.Popen([MYNA, "-g", f"unix:{path}", DEBUGGEE, "work", "sleep", "spin"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as program:
            gdb = Line(path)
            check("a wrong checksum is told", (gdb.send("?", 0), gdb.byte())[1] == b"-")
            check("why it stands still", gdb.ask("?").startswith("T05"))
            for packet in ["", "y", "vNonsense", "qNonsense", "QNonsense", "Z9,0,0", "vMustReplyEmpty"]:
                check(f"no such packet: {packet}", gdb.ask(packet) == "")
            for packet in ["m", "m,", "mzz,4", "m0,4", "M0,4:00", "M0,1:zz", "X0,4:a", "p", "pffff", "P",
                           "P0", "P0=1", "P0=zzzzzzzzzzzzzzzz", "Pffffffffff=00", "G00", "H", "Hg",
                           "Hg99999", "Hgp", "Hgpx.1", "T99999", "Z0", "Z0,zz,1", "Z2,0,0", "vCont;",
                           "vCont;q", "vCont;C", "vCont;r1", "vCont;r1,", "vCont;s:p", "vCont;cc",
                           "qXfer:features:read:other.xml:0,10", "qXfer:auxv:read::zz,1",
                           "qXfer:auxv:read::ffff,1", "qXfer:siginfo:write::0:xx", "QCatchSyscalls:x",
                           "qThreadExtraInfo,ffffff", "vFile:open:zz", "vFile:open:2f,1,0",
                           "vFile:pread:5,0,0", "vFile:close:99"]:
                answer = gdb.ask(packet)
                check(f"refused: {packet}", answer.startswith(("E", "F-1,")), answer)
            gdb.send(b"m0," + b"0" * 100000)
            check("a packet that is too long", gdb.answer().startswith("E"))
            registers = gdb.ask("g")
            check("registers go round", gdb.ask("G" + registers) == "OK" and
                  gdb.ask("g") == registers)
            xml = gdb.ask("qXfer:features:read:target.xml:0,3fff")
            pieces, piece = "", "m"
            while piece.startswith("m"):
                piece = gdb.ask(f"qXfer:features:read:target.xml:{len(pieces):x},100")
                pieces += piece[1:]
            check("a document in pieces", xml[1:] == pieces and xml.endswith("</target>\n"))

            gdb.socket.close()  # what stood still stays so
            gdb = Line(path)
            check("another debugger comes", gdb.ask("?").startswith("T05"))
            check("nothing has run", gdb.ask("g") == registers)
            gdb.send("vCont;c")
            program.stdout.readline()
            program.stdout.readline()
            gdb.socket.close()  # and what runs runs on
            gdb = Line(path)
            check("one comes to a running program", gdb.ask("?").startswith("T05"))
            check("and is told that it was there", gdb.ask("qAttached") == "1")
            check("it leaves", gdb.ask("D") == "OK")
            check("the program goes on", program.stdout.readline() == b"sleep 0\n")
            gdb = Line(path)
            threads = gdb.ask("qfThreadInfo")
            until = time.monotonic() + 30
            while threads.count(",") < 2 and time.monotonic() < until:  # they come up meanwhile
                gdb.ask("D")
                gdb = Line(path)
                threads = gdb.ask("qfThreadInfo")
            check("threads are listed", threads.count(",") == 2, threads)
            last = threads[1:].split(",")[2]
            check("one thread is chosen", gdb.ask(f"Hg{last}") == "OK" and
                  gdb.ask("qC") == f"QC{last}")
            stop = gdb.ask(f"vCont;s:{last}")
            check("it steps alone", stop.startswith("T05") and f"thread:{last};" in stop, stop)
            gdb.send("vCont;c")
            time.sleep(0.2)
            gdb.socket.sendall(b"\x03")
            check("Ctrl-C", gdb.answer().startswith("T02"))
            check("killed", gdb.ask(f"vKill;{program.pid:x}") == "OK" and program.wait() == -9)
            check("the socket is gone", not os.path.exists(path))

        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)  # as a killed myna leaves it
        with subprocess.Popen([MYNA, "-g", f"unix:{path}", DEBUGGEE],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
            time.sleep(0.5)
            gdb = Line(path)
            gdb.send("vCont;c")
            check("a stale socket does no harm", gdb.answer() == "W03" and program.wait() == 3)
            check("the socket is gone at the end", not os.path.exists(path))
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
