#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that cannot be run: one clear line on standard error, nothing on standard output, and the
exit status a shell would give.

    bad_input.py MYNA GUEST_PROGRAM
"""
import os
import struct
import subprocess
import sys
import tempfile

MYNA, GOOD = sys.argv[1], os.path.abspath(sys.argv[2])


def elf(data, offset, fmt, value):
    out = bytearray(data)
    struct.pack_into(fmt, out, offset, value)
    return bytes(out)


def phdr(data, kind):
    """Offset of the first program header of a type."""
    phoff, = struct.unpack_from("<Q", data, 32)
    phnum, = struct.unpack_from("<H", data, 56)
    for i in range(phnum):
        at = phoff + i * 56
        if struct.unpack_from("<I", data, at)[0] == kind:
            return at
    raise ValueError(f"no program header of type {kind}")


def interp(data, name):
    at, = struct.unpack_from("<Q", data, phdr(data, 3) + 8)
    out = bytearray(data)
    out[at:at + len(name) + 1] = name.encode() + b"\0"
    out[phdr(data, 3) + 32:phdr(data, 3) + 40] = struct.pack("<Q", len(name) + 1)
    return bytes(out)


def main():
    with open(GOOD, "rb") as f:
        good = f.read()
    load = phdr(good, 1)
    # name, contents, mode, exit status, words of the message
    rows = [
        ("empty", b"", 0o755, 126, "empty"),
        ("text", b"hello\n", 0o755, 126, "neither an ELF program nor a script"),
        ("not-executable", good, 0o644, 126, "not executable"),
        ("truncated-header", good[:40], 0o755, 126, "ends inside its ELF header"),
        ("truncated-phdrs", good[:100], 0o755, 126, "truncated"),
        ("truncated-data", good[:5000], 0o755, 126, "truncated"),
        ("wrong-class", elf(good, 4, "B", 7), 0o755, 126, "class 7"),
        ("big-endian", elf(good, 5, "B", 2), 0o755, 126, "big-endian"),
        ("wrong-machine", elf(good, 18, "<H", 243), 0o755, 126, "RISC-V"),
        ("object-file", elf(good, 16, "<H", 1), 0o755, 126, "object file"),
        ("no-phdrs", elf(good, 56, "<H", 0), 0o755, 126, "no program headers"),
        ("lying-size", elf(good, load + 32, "<Q", 1 << 40), 0o755, 126, "segment"),
        ("lying-offset", elf(good, load + 8, "<Q", 1 << 40), 0o755, 126, "truncated"),
        ("huge-memory", elf(good, load + 40, "<Q", (1 << 63) - 1), 0o755, 126, "segment"),
        ("missing-interpreter", interp(good, "/nonexistent/ld.so"), 0o755, 127,
         "needs the interpreter /nonexistent/ld.so"),
        ("text-interpreter", interp(good, "/etc/passwd"), 0o755, 126, "interpreter /etc/passwd"),
        ("script-missing-interp", b"#!/nonexistent/sh\n", 0o755, 127,
         "script-missing-interp: needs the interpreter /nonexistent/sh"),
        ("script-no-interp", b"#!\n", 0o755, 126, "names no interpreter"),
        ("script-long", b"#!/" + b"a" * 400 + b"\n", 0o755, 126, "longer than"),
    ]
    failures = 0

    def check(name, args, status, words, env=None):
        nonlocal failures
        done = subprocess.run([MYNA, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, env=env, check=False)
        err = done.stderr.decode(errors="replace")
        wrong = []
        if done.returncode != status:
            wrong.append(f"exit status {done.returncode}, not {status}")
        if words not in err:
            wrong.append(f"the message has not {words!r}")
        if err.count("\n") != 1 or not err.startswith("myna: "):
            wrong.append("the message is not one line that starts with 'myna: '")
        if done.stdout:
            wrong.append("something is on standard output")
        if wrong:
            failures += 1
        print(f"{'FAIL' if wrong else 'ok  '} {name}: {'; '.join(wrong) or err.strip()}")
        if wrong:
            print(f"     {err!r}")

    with tempfile.TemporaryDirectory() as d:
        for name, data, mode, status, words in rows:
            path = os.path.join(d, name)
            with open(path, "wb") as f:
                f.write(data)
            os.chmod(path, mode)
            check(name, [path], status, words)
        loop = os.path.join(d, "loop")
        with open(loop, "w", encoding="ascii") as f:
            f.write(f"#!{loop}\n")
        os.chmod(loop, 0o755)
        check("script-loop", [loop], 126, "#! lines")
        check("missing", [os.path.join(d, "missing")], 127, "No such file or directory")
        check("missing-without-slash", ["no-such-program-anywhere"], 127, "No such file")
        check("file-as-directory", [os.path.join(loop, "x")], 126, "Not a directory")
        check("directory", [d], 126, "is a directory")
        check("device", ["/dev/null"], 126, "not a regular file")
        check("small-stack", ["-s", "65536", GOOD, "x" * 100000], 126, "do not fit on the stack")
        if os.geteuid() != 0:
            secret = os.path.join(d, "secret")
            with open(secret, "wb") as f:
                f.write(good)
            os.chmod(secret, 0o111)
            check("unreadable", [secret], 126, "Permission denied")
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
