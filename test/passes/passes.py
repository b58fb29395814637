#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of instrumentation passes, on small guest programs whose counts are known, and on real ones.

    passes.py [--myna PATH] [--work DIR] [TEST...]
    passes.py --list
"""
import argparse
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
LLVM = "/usr/lib/llvm-19"
INSNS, CALLS = 280008, 20000  # of count-*.S
TESTS = {}


class Wrong(Exception):
    pass


def test(function):
    TESTS[function.__name__.replace("_", "-")] = function
    return function


def check(what, got, expected):
    if got != expected:
        raise Wrong(f"{what}: {got!r}, expected {expected!r}")


def matches(what, text, pattern):
    if not re.search(pattern, text):
        raise Wrong(f"{what}: {text!r} does not match /{pattern}/")


class Rig:
    """A directory with what the tests build, and runs of myna in it."""

    def __init__(self, myna, work):
        self.myna, self.work = os.path.abspath(myna), os.path.abspath(work)
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        os.environ.pop("MYNA_CACHE_DIR", None)

    def path(self, name):
        return os.path.join(self.work, name)

    def build(self, argv):
        subprocess.run(argv, check=True, cwd=self.work)

    def made(self, name, argv):
        """Builds once."""
        if not os.path.exists(self.path(name)):
            self.build(argv + ["-o", name])
        return self.path(name)

    def guests(self):
        """(guest, program) of count-*.S, AArch64 where there is a compiler."""
        yield "x86_64", self.made("count-x86_64", [
            "gcc", "-nostdlib", "-static", f"{HERE}/count-x86_64.S"])
        if shutil.which("aarch64-linux-gnu-gcc"):
            yield "aarch64", self.made("count-aarch64", [
                "aarch64-linux-gnu-gcc", "-nostdlib", "-static", f"{HERE}/count-aarch64.S"])

    def a_pass(self, name, *flags, source=None):
        return self.made(f"{name}.so", ["clang-19", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror",
                                        "-D_GNU_SOURCE", f"-I{TOP}", f"-I{LLVM}/include", *flags,
                                        f"{HERE}/{source or name}.c"])

    def plugin(self):
        return self.made("plugin.so", ["clang++-19", "-shared", "-fPIC", "-std=c++17", "-fno-rtti", "-O1",
                                       f"-I{LLVM}/include", f"{HERE}/plugin.cpp"])

    def library(self):
        return self.made("hooks.bc", ["clang-19", "-O2", "-emit-llvm", "-c", f"{HERE}/hooks.c"])

    def run(self, *options, program=(), status=0, env=None, cache=False, cwd=None):
        argv = [self.myna, *([] if cache else ["--no-cache"]), *options, *program]
        run = subprocess.run(argv, cwd=cwd or self.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, errors="backslashreplace", timeout=600, check=False,
                             env={**os.environ, **(env or {})})
        if status is not None and run.returncode != status:
            raise Wrong(f"{' '.join(argv)}: status {run.returncode}, expected {status}\n{run.stderr[:2000]}")
        return run

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()


@test
def icount_is_exact(rig):
    """In cold units, and in hot ones that take over in the midst of the loop."""
    expected = {"insns": INSNS, "memory": None, "blocks": None}
    for guest, program in rig.guests():
        expected["memory"] = CALLS * (4 if guest == "x86_64" else 2)
        for what in ("insns", "memory"):
            for hot in ("1000000", "50"):
                run = rig.run("--hot", hot, f"--pass=icount:count={what}", program=[program], status=7)
                got = int(re.search(r"icount: (\d+) ", run.stderr).group(1))
                check(f"{guest} {what} --hot {hot}", got, expected[what])


@test
def counters_that_others_look_at(rig):
    """Several in a thread's block: functions that are called find them right, also where LLVM holds them in registers."""
    so = rig.a_pass("counters")
    for guest, program in rig.guests():
        accesses = CALLS * (2 if guest == "x86_64" else 1)
        for hot in ("1000000", "50"):
            run = rig.run("--hot", hot, f"--pass={so}", program=[program], status=7)
            check(f"{guest} --hot {hot}", run.stderr, f"insns={INSNS} loads={accesses} stores={accesses} calls={CALLS} "
                                                      f"returns={CALLS} hooked={CALLS} wrong=0\n")


@test
def pipelines_as_a_whole(rig):
    """Pipelines with an inliner's wrapper, which runs but once, over many units."""
    for pipeline in ("default<O1>", "function(instcombine<no-verify-fixpoint>,gvn),globaldce"):
        for guest, program in rig.guests():
            run = rig.run("--hot=50", f"--passes={pipeline}", program=[program], status=7)
            check(f"{guest} {pipeline}", run.stderr, "")


@test
def hooks(rig):
    for guest, program in rig.guests():
        for hot in ("1000000", "50"):
            run = rig.run("--hot", hot, f"--instrument-lib={rig.library()}", program=[program], status=7)
            accesses = CALLS * (2 if guest == "x86_64" else 1)
            matches(f"{guest} --hot {hot}", run.stderr,
                    rf"^{guest} insns={INSNS} block_insns={INSNS} loads={accesses} stores={1000 + accesses} "
                    rf"syscalls=1 calls={CALLS} returns={CALLS} sum=\S+ threads=1$")
            if guest == "aarch64":
                matches("values", run.stderr, f"sum={CALLS << 32 | CALLS:#x} ")


@test
def objects_of_a_library(rig):
    """Constructors run once, in front of on_start; destructors at the end; those of a thread's objects in the thread."""
    for level in ("-O0", "-O2"):
        library = rig.made(f"objects{level}.bc", ["clang++-19", level, "-std=c++17", "-emit-llvm", "-c", f"{HERE}/objects.cpp"])
        for guest, program in rig.guests():
            for hot in ("1000000", "50"):
                run = rig.run("--hot", hot, f"--instrument-lib={library}", program=[program], status=7)
                check(f"{guest} {level} --hot {hot}", run.stderr.split("\n"), [
                    "function first", "made one", "made two", f"start {guest}", "made of a thread", "made late",
                    "call of a thread, late", f"end insns={INSNS} calls={CALLS} targets=2", "destroyed of a thread",
                    "destroyed late", "function atexit", "destroyed two", "destroyed one", "function last", ""])


@test
def registers(rig):
    """A pass that reads one register and writes another in front of the system call, exit_group."""
    so = rig.a_pass("patch")
    for guest, program in rig.guests():
        first, second = {"x86_64": ("rdi", "rbx"), "aarch64": ("x0", "x20")}[guest]
        run = rig.run(f"--pass={so}:reg={first},value=42,watch={second}", program=[program], status=42)
        check(guest, run.stderr, f"patch: was {CALLS}\n")
    run = rig.run(f"--pass={so}:reg=nosuch,watch=rax", program=[program], status=70)
    matches("an unknown register", run.stderr, r"^myna: pass 'patch' gives up at the unit at 0x[0-9a-f]+( \(\S+\))?: there is "
                                               r"no register nosuch or rax\n$")


@test
def several_in_order(rig):
    """Two counters, a library and a pipeline at once."""
    _, program = next(rig.guests())
    run = rig.run("--pass=icount", "--passes=function(dce)", f"--instrument-lib={rig.library()}",
                  "--pass=icount:count=memory", program=[program], status=7)
    matches("results", run.stderr, rf"icount: {INSNS} instructions\nicount: {CALLS * 4} memory accesses\nx86_64 insns={INSNS} ")
    shipped = [f"{name}:out=/dev/null" for name in ("icount", "memtrace", "syscalls", "coverage", "callgraph")]
    for names in (shipped + ["taint:file=*"], ["taint:file=*"] + shipped):
        run = rig.run("--hot=50", *[f"--pass={name}" for name in names], program=[program], status=7)
        check("all that come along", run.stderr, "taint: 0 bytes written, 0 of them tainted\n")


@test
def the_cache_keeps_instrumented_units(rig):
    _, program = next(rig.guests())
    cache = f"--cache-dir={rig.path('cache')}"

    def hits(*options):
        run = rig.run(cache, "--stats", *options, program=[program], status=7, cache=True)
        return int(re.search(r"(\d+)  LLVM: units found", run.stderr).group(1)), run.stderr

    check("the first run's hits", hits("--pass=icount")[0], 0)
    found, text = hits("--pass=icount")
    if not found:
        raise Wrong("nothing was found in the cache")
    matches("count with kept units", text, f"icount: {INSNS} ")
    check("hits with other arguments", hits("--pass=icount:count=memory")[0], 0)
    check("hits without the pass", hits("--llvm=all")[0], 0)
    hits(f"--instrument-lib={rig.library()}")
    found, text = hits(f"--instrument-lib={rig.library()}")
    if not found:
        raise Wrong("nothing with the library was found in the cache")
    matches("hooks with kept units", text, f"insns={INSNS} .* calls={CALLS} ")


@test
def plugin_live_as_in_opt(rig):
    """The same plugin on dumped IR through opt-19, and live: the same IR."""
    program = ["/bin/busybox", "echo", "hello"]
    run = rig.run(f"--load-pass-plugin={rig.plugin()}", "--passes=freeze-stores", "--dump-ir=ir", program=program)
    check("output", run.stdout, "hello\n")
    opt = shutil.which("opt-19") or f"{LLVM}/bin/opt"

    def canonical(path, *options):
        text = subprocess.run([opt, "-S", *options, path], stdout=subprocess.PIPE, text=True, check=True).stdout
        lines = [line.split(" ; preds")[0].rstrip() for line in text.split("\n")]
        return [line for line in lines if line and not line.startswith((";", "source_filename"))]

    units = sorted(name for name in os.listdir(rig.path("ir")) if name.endswith(".passes.ll"))
    if len(units) < 1000:
        raise Wrong(f"{len(units)} units in the dump")
    frozen = 0
    for name in units[::len(units) // 20]:
        live = rig.path(f"ir/{name}")
        before = live.replace(".passes.ll", ".ll")
        by_opt = canonical(before, f"--load-pass-plugin={rig.plugin()}", "-passes=freeze-stores")
        for got, expected in zip(canonical(live, "-passes=verify"), by_opt, strict=True):
            check(name, got, expected)
        frozen += sum(" = freeze " in line for line in by_opt)
    if not frozen:
        raise Wrong("no unit that was compared has a store")


@test
def plugin_calls_its_own_function(rig):
    for guest, program in rig.guests():
        stores = CALLS * (2 if guest == "x86_64" else 1)
        for hot in ("1000000", "50"):
            run = rig.run("--hot", hot, f"--load-pass-plugin={rig.plugin()}", "--passes=tell-stores", program=[program], status=7)
            check(f"{guest} --hot {hot}", run.stderr.splitlines(),
                  [f"{n} stores, the last to somewhere" for n in range(10000, stores + 1, 10000)] +
                  [f"{stores} stores at the end"])


@test
def names_are_those_of_the_table(rig):
    """What is called guest.* in dumps of programs is a row of guest-op-table.h, with its arguments."""
    with open(f"{TOP}/tcg2llvm/guest-op-table.h", encoding="utf-8") as f:
        rows = re.findall(r'^GUEST_OP\("(\S+)", "(\S+)", "(.*?)", ', f.read(), re.M)
    types = "i8|i16|i32|i64|i128|f32|f64|v64|v128|v256"
    llvm = {"f32": "float", "f64": "double", "v64": "<8 x i8>", "v128": "<2 x i64>", "v256": "<4 x i64>"}
    seen = set()
    program = rig.made("vectors", ["gcc", "-O2", "-static", f"{HERE}/vectors.c", "-lm"])
    rig.run("--dump-ir=names", program=[program])
    for name in os.listdir(rig.path("names")):
        if name.endswith(".ll"):
            seen.update(re.findall(r"^declare (.*) @(guest\.\S+?)\((.*?)\)", rig.read(f"names/{name}"), re.M))
    for result, name, args in seen:
        for pattern, row_result, row_args in reversed(rows):  # cmpxchg is an <op> otherwise
            at = re.fullmatch(re.escape(pattern).replace("<t>", f"(?P<t>{types})").replace("<op>", "[a-z]+"), name)
            if at:
                t = at.groupdict().get("t", "")
                t = llvm.get(t, t)
                wanted = ", ".join(["ptr"] + [word.split()[0] if not word.startswith("<t>") else t
                                              for word in row_args.split(", ")[1:]])
                check(name, (result, args), (row_result.replace("<t>", t), wanted))
                break
        else:
            raise Wrong(f"{name} is in no row of the table")
    kinds = {re.sub(rf"\.({types})$", "", name) for _, name, _ in seen}
    for kind in ("guest.block", "guest.insn", "guest.ld", "guest.st", "guest.syscall", "guest.call", "guest.ret",
                 "guest.atomic.add", "guest.atomic.xchg", "guest.atomic.cmpxchg"):
        if kind not in kinds:
            raise Wrong(f"{kind} was not met: {sorted(kinds)}")
    for name in ("guest.ld.v128", "guest.st.v128", "guest.ld.f64"):
        if name not in {name for _, name, _ in seen}:
            raise Wrong(f"{name} was not met")


@test
def bad_passes(rig):
    """Each a line that names what is wrong, and the documented status."""
    bad, old = rig.a_pass("bad"), rig.a_pass("old", "-DOLD", source="bad")
    cut = rig.path("cut.bc")
    with open(rig.library(), "rb") as f, open(cut, "wb") as g:
        g.write(f.read()[:600])
    with open(rig.path("nohook.c"), "w", encoding="utf-8") as f:
        f.write("int unrelated(void) { return 1; }\n")
    rig.made("nohook.bc", ["clang-19", "-emit-llvm", "-c", "nohook.c"])
    with open(rig.path("type.c"), "w", encoding="utf-8") as f:
        f.write("void on_insn(int pc) { (void)pc; }\n")
    rig.made("type.bc", ["clang-19", "-emit-llvm", "-c", "type.c"])
    unit = r"the unit at 0x[0-9a-f]+( \(\S+\))?: "
    rows = [
        (64, ["--pass=nosuch"], "cannot load pass '.*/nosuch.so': No such file"),
        (64, ["--pass=/no/such.so"], "cannot load pass '/no/such.so': No such file"),
        (64, ["--pass="], "--pass .*: it must be a file or the name"),
        (64, ["--pass=/etc/passwd"], "cannot load pass '/etc/passwd': .*"),
        (64, ["--pass=/lib/x86_64-linux-gnu/libm.so.6"], "cannot load pass .*: it has no `myna_pass`"),
        (64, [f"--pass={old}"], "cannot load pass .*: it was built for version 0 .* this is version 2"),
        (64, [f"--pass={bad}"], "pass 'bad' refuses to start: say what to do wrong"),
        (64, ["--pass=icount:what=1"], "pass 'icount' refuses to start: there is no argument 'what'"),
        (64, ["--pass=icount:count=1"], "pass 'icount' refuses to start: count must be"),
        (64, ["--pass=memtrace"], "pass 'memtrace' refuses to start: it needs out=FILE"),
        (64, ["--pass=memtrace:out=/no/such/file"], "pass 'memtrace' refuses to start: cannot write '/no/such/file': "),
        *[(64, [f"--pass={name}=/no/such/file"], f"pass '{name.split(':')[0]}' refuses to start: cannot write '/no/such/file': ")
          for name in ("icount:out", "callgraph:out", "syscalls:out", "coverage:out", "coverage:map", "taint:file=*,out")],
        *[(64, [f"--pass={name}:colour=red"], f"pass '{name}' refuses to start: there is no argument 'colour'")
          for name in ("icount", "memtrace", "syscalls", "coverage", "callgraph", "taint")],
        (64, ["--pass=taint"], "pass 'taint' refuses to start: it needs a source"),
        (64, ["--pass=taint:fd=x"], "pass 'taint' refuses to start: fd=x is not understood"),
        (64, ["--tci", "--pass=icount"], "passes need LLVM, which --tci is without"),
        (64, ["--passes=no-such-pass"], "cannot run passes 'no-such-pass': unknown pass name"),
        (64, ["--load-pass-plugin=/no/such.so"], "cannot load pass plugin '/no/such.so': No such file"),
        (64, ["--load-pass-plugin=/etc/passwd"], "cannot load pass plugin '/etc/passwd': "),
        (64, ["--load-pass-plugin=/lib/x86_64-linux-gnu/libm.so.6"], "cannot load pass plugin .*entry point not found"),
        (64, ["--instrument-lib=/no/such.bc"], "cannot use bitcode library '/no/such.bc': No such file"),
        (64, ["--instrument-lib=/etc/passwd"], "cannot use bitcode library '/etc/passwd': "),
        (64, [f"--instrument-lib={cut}"], "cannot use bitcode library '.*/cut.bc': "),
        (64, [f"--instrument-lib={rig.path('nohook.bc')}"], "it defines none of the hooks on_block, on_insn"),
        (64, [f"--instrument-lib={rig.path('type.bc')}"], r"on_insn must be void on_insn\(uint64_t pc\)"),
        (70, [f"--pass={bad}:terminator"], f"pass 'bad' made ill-formed IR of {unit}.*terminator.*"),
        (70, [f"--pass={bad}:refuse"], f"pass 'bad' gives up at {unit}not this one"),
        (70, [f"--pass={bad}:call"], f"pass 'bad' made ill-formed IR of {unit}it calls 'bad.nowhere', and there is no such"),
        (70, [f"--pass={bad}:operation"], f"pass 'bad' made ill-formed IR of {unit}'guest.ld.i24' is no guest operation"),
        (70, [f"--pass={bad}:delete"], f"pass 'bad' made ill-formed IR of {unit}the function 'tb_[0-9a-f]+' is gone"),
        (70, [f"--load-pass-plugin={rig.plugin()}", "--passes=give-up"],
         r"pipeline 'give-up', the unit at 0x[0-9a-f]+: LLVM gave up: this is too much"),
        (70, [f"--load-pass-plugin={rig.plugin()}", "--passes=break-stores"],
         f"pipeline 'break-stores' made ill-formed IR of {unit}.*does not dominate.*"),
    ]
    for status, options, pattern in rows:
        run = rig.run(*options, program=["/bin/busybox", "true"], status=status)
        matches(" ".join(options), run.stderr, rf"\Amyna: .*{pattern}.*\n\Z")
        check(" ".join(options) + ": standard output", run.stdout, "")


@test
def memtrace(rig):
    """Every access in order, in cold and in hot code."""
    for guest, program in rig.guests():
        for hot in ("1000000", "50"):
            rig.run("--hot", hot, f"--pass=memtrace:out={rig.path('trace')}", program=[program], status=7)
            text = subprocess.run([f"{TOP}/passes/memtrace-print", rig.path("trace")], stdout=subprocess.PIPE,
                                  text=True, check=True).stdout
            rows = [line.split() for line in text.split("\n") if line]
            kinds = "wrwr" if guest == "x86_64" else "wr"
            check(f"{guest} --hot {hot}: accesses", "".join(row[2] for row in rows), kinds * CALLS)
            check("bytes", {row[3] for row in rows}, {"8"})
            check("threads", len({row[0] for row in rows}), 1)
            places = [(row[1], row[4]) for row in rows]
            check("addresses", set(places), set(places[:len(kinds)] + places[len(kinds):2 * len(kinds)]))
            check("the same address", rows[0][4], rows[1][4])
            if guest == "x86_64":
                check("the stack's", rows[2][4], rows[3][4])


@test
def accesses_of_helpers(rig):
    """String instructions and saved state, piece by piece, with their own pc, as memtrace, icount and a library see them."""
    library = rig.made("accesses.bc", ["clang-19", "-O2", "-emit-llvm", "-c", f"{HERE}/accesses.c"])
    program = rig.made("helpers-x86_64", ["gcc", "-nostdlib", "-static", f"{HERE}/helpers-x86_64.S"])
    symbols = {name: int(at, 16) for at, name in re.findall(r"^(\w+) \w (\w+)$", subprocess.run(
        ["nm", program], stdout=subprocess.PIPE, text=True, check=True).stdout, re.M)}
    expected = []
    for i in range(20):
        expected += [(symbols["moves"], "r", "8", symbols["from"] + 8 * i), (symbols["moves"], "w", "8", symbols["to"] + 8 * i)]
    expected += [(symbols["fills"], "w", "1", symbols["to"] + i) for i in range(30)]
    expected += [(symbols["saves"], "w", "16", symbols["area"] + 16 * i) for i in range(416 // 16)]
    for hot in ("1000000", "50"):
        rig.run("--hot", hot, f"--pass=memtrace:out={rig.path('trace')}", program=[program], status=7)
        text = subprocess.run([f"{TOP}/passes/memtrace-print", rig.path("trace")], stdout=subprocess.PIPE,
                              text=True, check=True).stdout
        rows = [line.split() for line in text.split("\n") if line]
        got = [(int(row[1], 16), row[2], row[3], int(row[4], 16)) for row in rows]
        check(f"--hot {hot}: accesses", len(got), 200 * len(expected))
        check(f"--hot {hot}: the first", got[:len(expected)], expected)
        check(f"--hot {hot}: all", got == 200 * expected, True)
        run = rig.run("--hot", hot, "--pass=icount:count=memory", f"--instrument-lib={library}", program=[program],
                      status=7)
        matches(f"--hot {hot}: icount", run.stderr, rf"icount: {200 * len(expected)} memory accesses\n")
        loads, stores = "0 0 0 4000 0", "6000 0 0 4000 5200"
        matches(f"--hot {hot}: a library's hooks", run.stderr,
                f"{loads} {stores} {loads} {stores} 0 0 {4000 * 7} {6000 * 9 + 4000 * 7}\n")


@test
def runs_of_accesses(rig):
    """A string instruction is one call for a pass that can take it."""
    program = rig.made("helpers-x86_64", ["gcc", "-nostdlib", "-static", f"{HERE}/helpers-x86_64.S"])
    for hot in ("1000000", "50"):
        run = rig.run("--hot", hot, f"--pass={rig.a_pass('runs')}", program=[program], status=7)
        check(f"--hot {hot}", run.stderr, "copies=200 of 32000 fills=200 of 6000 others=1 wrong=0\n")


@test
def coverage(rig):
    """Edges' counts add up to blocks; the function is entered once a call."""
    for guest, program in rig.guests():
        symbol = subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True, check=True).stdout
        inner = int(re.search(r"^(\w+) . inner$", symbol, re.M).group(1), 16)
        for hot in ("1000000", "50"):
            run = rig.run("--hot", hot, f"--pass=coverage:out={rig.path('edges')},map={rig.path('map')}",
                          "--pass=icount:count=blocks", program=[program], status=7)
            blocks = int(re.search(r"icount: (\d+) blocks", run.stderr).group(1))
            edges = [(int(a, 16), int(b, 16), int(n)) for a, b, n in
                     (line.split() for line in rig.read("edges").split("\n") if line)]
            check(f"{guest} --hot {hot}: sum of edges", sum(n for _, _, n in edges), blocks)
            check("entries of the function", sum(n for _, to, n in edges if to == inner), CALLS)
            check("the first edge", [n for a, _, n in edges if a == 0], [1])
            with open(rig.path("map"), "rb") as f:
                classes = f.read()
            check("size of the map", len(classes), 65536)
            if not 0 < sum(c != 0 for c in classes) <= len(edges) or set(classes) - {0, 1, 2, 4, 8, 16, 32, 64, 128}:
                raise Wrong(f"map: {sum(c != 0 for c in classes)} places, {set(classes)}")


@test
def callgraph(rig):
    for guest, program in rig.guests():
        for hot in ("1000000", "50"):
            rig.run("--hot", hot, f"--pass=callgraph:out={rig.path('dot')}", program=[program], status=7)
            check(f"{guest} --hot {hot}", rig.read("dot"),
                  f'digraph calls {{\n  "_start" -> "inner" [label={CALLS}];\n}}\n')


@test
def syscalls(rig):
    run = rig.run("--pass=syscalls", program=["/bin/busybox", "echo", "hello"])
    check("output", run.stdout, "hello\n")
    matches("write", run.stderr, r"(?m)^(\d+) \1 write\(0x1, 0x[0-9a-f]+, 0x6, .*\) = 6$")
    matches("the end", run.stderr, r"(?m)^(\d+) \1 exit_group\(0x0, .*\) = \?\n\Z")
    run = rig.run("--pass=syscalls:count", program=["/bin/busybox", "cat", "/no/such"], status=1)
    matches("counts", run.stderr, r"(?m)^[1-9]\d* 1 openat$")


@test
def real_programs(rig):
    """All passes at once; the guests' output is what it is natively."""
    out = [f"--pass={name}:out={rig.path(name)}" for name in ("icount", "coverage", "callgraph", "syscalls", "memtrace")]
    script = "s=0; for i in {1..200}; do s=$((s + i * i)); done; echo $s; (echo child); /bin/busybox seq 3; false || kill -9 $BASHPID"
    for program in (["/bin/bash", "-c", script], ["/usr/bin/perl", "-e", "print join(',', map { $_ ** 2 } 1..50), qq(\\n)"]):
        native = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=False)
        run = rig.run(*out, "--hot", "1000", program=program, status=native.returncode)
        check(program[0], run.stdout, native.stdout)
        check("standard error", run.stderr, "")
    root = os.path.expanduser("~/.cache/myna-roots/arm64")
    if os.path.exists(f"{root}/.complete"):
        run = rig.run(*out, "--hot", "1000", "-L", root, program=[f"{root}/bin/bash", "-c", "echo $((6 * 7)); (echo child)"])
        check("aarch64 bash", (run.stdout, run.stderr), ("42\nchild\n", ""))


@test
def forks_and_programs(rig):
    """Results of the first program, of children and of what they execute, each in a file of its own."""
    rig.run(f"--pass=icount:out={rig.path('f')}", program=["/bin/bash", "-c", "(:); /bin/busybox true; :"])
    names = [name for name in os.listdir(rig.work) if name == "f" or name.startswith("f.")]
    if len(names) < 3 or "f" not in names:
        raise Wrong(f"result files: {names}")
    counts = [int(re.fullmatch(r"icount: (\d+) instructions\n", rig.read(name)).group(1)) for name in names]
    if min(counts) < 1 or counts[names.index("f")] != max(counts):
        raise Wrong(f"counts: {dict(zip(names, counts))}")


@test
def results_lie_where_the_run_started(rig):
    """Wherever the guest has gone, its children and what they execute."""
    os.mkdir(rig.path("sub"))
    rig.run("--pass=icount:out=here", "--pass=callgraph:out=sub/%p.dot",
            program=["/bin/busybox", "sh", "-c", "cd sub; (cd /; /bin/busybox true; :); /bin/busybox true; :"], cwd=rig.work)
    names = sorted(os.listdir(rig.work))
    check("counts", [re.sub(r"\d+", "N", name) for name in names], ["here"] + ["here.N"] * (len(names) - 2) + ["sub"])
    check("graphs", {re.sub(r"\d+", "N", name) for name in os.listdir(rig.path("sub"))}, {"N.dot"})
    check("as many of both", len(os.listdir(rig.path("sub"))), len(names) - 1)
    check("programs", len(names) > 3, True)


@test
def results_without_a_standard_error(rig):
    """Programs close it before they end; a child that stays behind does not hold on to it."""
    shipped = os.path.join(os.path.dirname(rig.myna), "plugins")
    with open(rig.path("says.c"), "w", encoding="ascii") as f:
        f.write('#include <stdio.h>\nvoid on_end(void) { fprintf(stderr, "ended\\n"); }\n')
    rig.made("says.bc", ["clang-19", "-emit-llvm", "-c", "says.c"])
    closes = ["/bin/busybox", "sh", "-c", "exec 2>&-"]
    for options, pattern in [
            (["--pass=icount"], r"\Aicount: \d+ instructions\n\Z"),
            (["--pass=syscalls:count"], r"\A\d+ \d+ \w+\n"),
            (["--instrument-lib=says.bc"], r"\Aended\n\Z"),
            (["--pass=taint:file=*"], r"\Ataint: 0 bytes written, "),
            (["--llvm=off", "-plugin", f"{shipped}/hotblocks.so", "-d", "plugin"], r"\A\d+ blocks, "),
            (["--llvm=off", "-plugin", f"{shipped}/memcheck-lite.so"], r"memcheck: ")]:
        if "-plugin" not in options or os.path.exists(shipped + "/hotblocks.so"):
            matches(" ".join(options), rig.run(*options, program=closes).stderr, pattern)
    os.mkfifo(rig.path("fifo"))
    rig.run("--pass=icount:out=count", program=[
        "/bin/busybox", "sh", "-c", "(exec >/dev/null 2>&1; read x <fifo; echo $x >answer) & :"])
    with open(rig.path("fifo"), "w", encoding="ascii") as f:  # not before the output has ended
        f.write("go on\n")
    for _ in range(600):
        if os.path.exists(rig.path("answer")) and rig.read("answer"):
            break
        time.sleep(0.1)
    check("the child's answer", rig.read("answer"), "go on\n")


@test
def results_under_a_limit_on_files(rig):
    """What passes write is not the guest's to die of, and taint follows what it can."""
    shipped = os.path.join(os.path.dirname(rig.myna), "plugins")
    with open(rig.path("in"), "w", encoding="ascii") as f:
        f.write("secret\n")

    def run(options, program, *before):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
        done = subprocess.run([*before, rig.myna, "--no-cache", *options, *program], cwd=rig.work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
                              preexec_fn=limit)
        check(f"{options}: status", (done.returncode, done.stdout), (0, "secret\n"))
        return done.stderr

    for name in ("memtrace", "coverage", "callgraph", "syscalls"):
        matches(name, run([f"--pass={name}:out={rig.path('out')}"], ["/bin/busybox", "cat", "in"]),
                rf"\A{name}: cannot write '\S+out': File too large\n\Z" if name != "syscalls" else r"\A\Z")
    if os.path.exists(shipped + "/drcov.so"):
        run(["--llvm=off", "-plugin", f"{shipped}/drcov.so,filename=cov"], ["/bin/busybox", "cat", "in"])
    # A user's processes stay under a hard limit; root's need not.
    taint, pipe = ["--pass=taint:file=in,sink=fd:1"], ["/bin/busybox", "sh", "-c", "/bin/busybox cat in | /bin/busybox cat"]
    if os.geteuid() == 0:
        matches("root", run(taint, pipe), r"(?m)^taint: \w+\(1 .*, 7 bytes\): 0-6:in\ntaint: 7 bytes written, 7 of them tainted$")
    less = ["setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource"] if os.geteuid() == 0 else []
    text = run(taint, ["/bin/busybox", "cat", "in"], *less)
    matches("a user", text, r"\Ataint: under this limit .*\ntaint: \w+\(1 .*, 7 bytes\): 0-6:in\ntaint: 7 bytes written, 7 of")
    run(taint, pipe, *less)


@test
def lift(rig):
    """IR of functions that are not run, as opt and llc take it."""
    tools = [(shutil.which(f"{name}-19") or f"{LLVM}/bin/{name}", options)
             for name, options in (("opt", ["-passes=verify", "-disable-output"]), ("llc", ["-filetype=obj", "-o", "/dev/null"]))]

    def lifted(*words):
        run = subprocess.run([rig.myna, "lift", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             check=False, cwd=rig.work)
        check(f"lift {' '.join(words)}: status and messages", (run.returncode, run.stderr), (0, ""))
        for tool, options in tools:
            subprocess.run([tool, *options], input=run.stdout, text=True, check=True)
        return run.stdout

    programs = list(rig.guests())
    for guest, program in programs:
        for level in ("0", "2"):
            text = lifted(program, "_start", "-O", level)
            matches(f"{guest} _start -O {level}", text, r"(?m)^define .*i64 @_start\(ptr")
            counts = [text.count(f"call void @guest.{name}(") for name in ("insn", "call", "syscall", "st.i64")]
            if level == "0":
                # The loop's head stands in the function's first block as well: 9 instructions, then 5, 4 and 3.
                check(f"{guest}: instructions, calls, system calls, stores", counts,
                      [21, 2, 1, 4 if guest == "x86_64" else 2])
            elif min(counts) < 1:
                raise Wrong(f"{guest} -O {level}: {counts}")
        address = re.search(r"^(\w+) . inner$", subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True,
                                                               check=True).stdout, re.M).group(1)
        text = lifted(program, f"0x{address}")
        check(f"{guest} inner: instructions and returns",
              (text.count("call void @guest.insn("), text.count("call void @guest.ret(")), (8, 2))
    lifted(rig.made("vectors", ["gcc", "-O2", "-static", f"{HERE}/vectors.c", "-lm"]), "main", "-O1")
    program = programs[0][1]
    for words, status, pattern in (
            (["/no/such", "main"], 127, "cannot lift from '/no/such': it cannot be read"),
            (["/etc/passwd", "main"], 126, "cannot lift from '/etc/passwd': "),
            ([program, "nosuch"], 64, "it has no symbol of this name"),
            ([program, ""], 64, "it has no symbol of this name"),
            ([program, "0x10"], 64, "there is no code at this address"),
            ([program], 64, "usage: myna lift FILE"),
            ([program, "_start", "-O", "7"], 64, "usage: myna lift FILE")):
        run = subprocess.run([rig.myna, "lift", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        check(f"lift {words}", (run.returncode, run.stdout), (status, ""))
        matches(f"lift {words}", run.stderr, rf"\Amyna: .*{pattern}.*\n\Z")


def served(run_client):
    """What a client gets through to a socket: starts a listener, gives its port to run_client."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(280)
        received = []

        def serve():
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65536):
                    received.append(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        result = run_client(listener.getsockname()[1])
        thread.join(10)
        return result, b"".join(received)


@test
def taint_is_byte_precise(rig):
    """A program that moves bytes of a file in many ways: each output byte has the sources that it should."""
    with open(rig.path("secret"), "wb") as f:
        f.write(bytes(range(65, 65 + 16)))
    with open(rig.path("other"), "wb") as f:
        f.write(b"0123456789abcdef")
    compilers = [("x86_64", "gcc"), ("aarch64", "aarch64-linux-gnu-gcc")]
    for guest, cc in compilers:
        if not shutil.which(cc):
            continue
        for level in ("-O0", "-O2"):
            program = rig.made(f"moves-{guest}{level}", [cc, level, "-static", f"{HERE}/moves.c"])
            for hot in ("1000000", "30"):
                run = rig.run("--hot", hot, "--pass=taint:file=secret,file=other,sink=fd:1", program=[program])
                lines = [line for line in run.stderr.split("\n") if line.startswith("taint: write")]
                expected = re.findall(r"^expected .*$", run.stdout, re.M)
                got = [re.sub(r"^.* bytes\):", "expected", line) for line in lines]
                check(f"{guest} {level} --hot {hot}", got, expected)


@test
def taint_sees_what_is_done_in_c(rig):
    """String instructions, saved state, x87, what the kernel moves."""
    with open(rig.path("secret"), "wb") as f:
        f.write(bytes(i * 7 % 256 for i in range(2048)))
    with open("/proc/cpuinfo", encoding="ascii") as f:
        avx = ["-mavx"] if " avx " in f.read() else []
    for guest, cc, flags in (("x86_64", "gcc", avx), ("aarch64", "aarch64-linux-gnu-gcc", [])):
        if not shutil.which(cc):
            continue
        program = rig.made(f"moves-in-c-{guest}", [cc, "-O1", "-static", *flags, f"{HERE}/moves-in-c.c"])
        for hot in ("1000000", "30"):
            run = rig.run("--hot", hot, "--pass=taint:file=secret,sink=fd:1", program=[program])
            got = re.findall(r"^taint: \S+ .* bytes\): (.*)$", run.stderr, re.M)
            check(f"{guest} --hot {hot}", got, re.findall(r"expected (.*)$", run.stdout, re.M))


@test
def taint_follows_what_leaves_memory(rig):
    """Through pipes, sockets, files and shared memory of the program's own, its threads, its children and what they execute."""
    for name, text in (("secret", b"SECRETsecretABCD"), ("other", b"otherOTHER012345")):
        with open(rig.path(name), "wb") as f:
            f.write(text)
    for guest, cc in (("x86_64", "gcc"), ("aarch64", "aarch64-linux-gnu-gcc")):
        if not shutil.which(cc):
            continue
        program = rig.made(f"flow-{guest}", [cc, "-O1", "-static", "-pthread", f"{HERE}/flow.c"])
        run = rig.run("--pass=taint:file=secret,file=other,sink=fd:1", program=[program])
        check(f"{guest}: status", run.returncode, 0)
        got = re.findall(r"^taint: write\(1 .* bytes\): (.*)$", run.stderr, re.M)
        check(guest, got, re.findall(r"expected (.*)$", run.stdout, re.M))
        check(f"{guest}: all of them", len(got) > 45, True)


@test
def taint_through_json_and_sha256(rig):
    """From a file through python3's json to a socket, and through openssl's SHA-256."""
    with open(rig.path("in.json"), "w", encoding="utf-8") as f:
        f.write('{"name": "abcdefgh", "n": 1}')
    code = ("import json, socket; d = json.load(open('in.json')); s = socket.create_connection(('127.0.0.1', PORT)); "
            "s.sendall(b'clean: ' + json.dumps({'copy': d['name'] * 2}).encode())")
    run, got = served(lambda port: rig.run("--pass=taint:file=in.json,sink=socket", program=[
        "/usr/bin/python3", "-I", "-S", "-c", code.replace("PORT", str(port))]))
    check("what was sent", got, b'clean: {"copy": "abcdefghabcdefgh"}')
    matches("json", run.stderr, r"(?m)^taint: sendto\(\d+ <socket:\[\d+\]>, 35 bytes\): 17-32:in.json$")
    script = f"exec 3<>/dev/tcp/127.0.0.1/PORT; exec /usr/bin/openssl dgst -sha256 -binary in.json >&3"
    native = subprocess.run(["/usr/bin/openssl", "dgst", "-sha256", "-binary", "in.json"], cwd=rig.work, stdout=subprocess.PIPE,
                            check=True).stdout
    run, got = served(lambda port: rig.run("--pass=taint:file=in.json,sink=socket", program=[
        "/bin/bash", "-c", script.replace("PORT", str(port))]))
    check("the digest", got, native)
    matches("sha256", run.stderr, r"(?m)^taint: write\(\d+ <socket:\[\d+\]>, 32 bytes\): 0-31:in.json$")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", metavar="TEST")
    parser.add_argument("--myna", default=os.environ.get("MYNA", os.path.join(TOP, "build/myna")))
    parser.add_argument("--work", default=os.path.join(TOP, "build/test-passes"))
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(TESTS))
        return 0
    failed = 0
    for name in options.tests or TESTS:
        try:
            TESTS[name](Rig(options.myna, f"{options.work}/{name}"))
            print(f"{name}: ok", flush=True)
        except (Wrong, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"{name}: FAILED: {error}", flush=True)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
