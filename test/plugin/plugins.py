#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plugins in every engine, and plugins that cannot be loaded.

    plugins.py engines|bad --myna MYNA --dir BUILT --guest x86_64|aarch64

count.so counts each event by an inline operation and by a callback: the two must agree, and the figures be
the same in each engine.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

ENGINES = ["--tci", "--llvm=off", "--llvm=all", "--hot=50"]


def run(options, *command):
    with tempfile.NamedTemporaryFile("r") as log:
        done = subprocess.run([options.myna, "--no-cache", "-d", "plugin", "-D", log.name, *command],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr, log.read()


def engines(o):
    guest = os.path.join(o.dir, f"guest-{o.guest}")
    so = {name: os.path.join(o.dir, f"{name}.so") for name in ("count", "v6", "every", "again", "leaves")}
    plain = run(o, "--tci", guest)
    wrong = [] if plain[0] == 7 else [f"the guest itself gives {plain[0]}: {plain[2]}"]
    known = {}
    for engine in ENGINES:
        for name, args in (("count", ""), ("count", ",regs=on")):
            status, out, err, log = run(o, engine, "-plugin", so[name] + args, guest)
            if (status, out) != plain[:2]:
                wrong.append(f"{engine} {name}{args}: the guest ends with {status}, {out!r} {err!r}")
            # Values and stack pointers depend on where the kernel puts things.
            fixed = re.sub(r"values .*\n|regs .*\n", "", log)
            figures = dict(re.findall(r"^(\w+) (\d+ \d+)$", fixed, re.M))
            for what, pair in figures.items():
                if len(set(pair.split())) != 1:
                    wrong.append(f"{engine} {name}{args}: {what}: inline and callbacks differ: {pair}")
            if set(figures) != {"blocks", "insns", "loads", "stores"} or "0 0" in figures.values():
                wrong.append(f"{engine} {name}{args}: log {log!r}")
            first = known.setdefault(name, (engine, fixed))
            if fixed != first[1]:
                wrong.append(f"{engine} {name}{args} differs from {first[0]}:\n{fixed}{first[1]}")
        # Every function, which the plugin checks itself.
        status, out, err, log = run(o, engine, "-plugin", so["every"] + ",a=1,,2,b=off", guest)
        first = known.setdefault("every", (engine, (status, out, log)))
        if status != 7 or not log.startswith("blocks ") or (status, out, log) != first[1] or out == plain[1]:
            wrong.append(f"{engine} every: {status} {out!r} {err!r} {log!r}; {first}")
        # One that resets itself and takes itself out where its reset is told.
        status, out, err, log = run(o, engine, "-plugin", so["again"], guest)
        if (status, out, err) != (*plain[:2], "gone after 4 resets, 0 late\n"):
            wrong.append(f"{engine} again: {status} {out!r} {err!r}")
        # In a callback of each kind.
        for kind in ("trans", "block", "insn", "mem", "syscall", "return", "vcpu"):
            status, out, err, log = run(o, engine, "-plugin", so["leaves"] + ",at=" + kind, guest)
            if (status, out) != plain[:2] or not re.fullmatch(rf"gone in {kind}, \d+ late\n", err):
                wrong.append(f"{engine} leaves {kind}: {status} {out!r} {err!r}")
        # Callbacks that compute: the guest's flags and rounding are its own.
        for where in ("blocks", "insns"):
            status, out, err, log = run(o, engine, "-plugin", f"{o.dir}/fp.so,at={where}", f"{o.dir}/fp-{o.guest}")
            if status != 7:
                wrong.append(f"{engine} fp {where}: {status} {out!r} {err!r}")
        # Two at once: the later interface, beside the counts.
        status, out, err, log = run(o, engine, "-plugin", so["v6"], "-plugin", so["count"], guest)
        if status != 42 or out != plain[1].upper() or "interrupts 1 resets 1\n" not in log:
            wrong.append(f"{engine} v6: {status} {out!r} {err!r} {log!r}")
    return wrong


def bad(o):
    guest = os.path.join(o.dir, f"guest-{o.guest}")

    def so(name):
        return os.path.join(o.dir, f"{name}.so")
    text = os.path.join(o.dir, "text.so")
    with open(text, "w", encoding="ascii") as f:
        f.write("not an object\n")
    cases = [
        ("missing file", "/nonexistent/x.so", r"plugin /nonexistent/x\.so cannot be loaded: .*No such file"),
        ("no object", text, r"plugin \S*text\.so cannot be loaded: "),
        ("no entry", so("noentry"), r"plugin \S+ has no entry that myna knows: none of qemu_plugin_install, plugin_init, init_plugin"),
        ("future version", so("future"), r"plugin \S+ is for version 99 of the interface, and myna has 2 to 6"),
        ("past version", so("past"), r"plugin \S+ is for version 1 of the interface, and myna has 2 to 6"),
        ("no version", so("noversion"), r"plugin \S+ does not say which version of the interface it is for"),
        ("install refuses", so("refuse"), r"plugin \S+ refuses to start \(qemu_plugin_install gave 3\)"),
        ("uninstalls itself", so("refuse") + ",gone=on", r"plugin \S+ takes itself out while it is being installed"),
        ("unknown argument", so("count") + ",colour=red", r"plugin \S+ refuses to start"),
        ("empty argument", so("count") + ",,=x,=y", r"plugin .* (is not a list of NAME=VALUE|cannot be loaded)"),
        ("no name", ",a=b", r"names no file"),
    ]
    wrong = []
    for name, spec, pattern in cases:
        status, out, err, _ = run(o, "--tci", "-plugin", spec, guest)
        lines = [line for line in err.splitlines() if line.startswith("myna: ")]
        if status != 64 or out or len(lines) != 1 or not re.search(pattern, lines[0]):
            wrong.append(f"{name}: status {status} (expected 64), {err!r} (expected {pattern})")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["engines", "bad"])
    for name in ("myna", "dir", "guest"):
        parser.add_argument(f"--{name}", required=True)
    o = parser.parse_args()
    wrong = engines(o) if o.what == "engines" else bad(o)
    for line in wrong:
        print(line)
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
