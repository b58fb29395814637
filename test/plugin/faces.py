#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The two small plugin interfaces: plugins.h (insn) and PANDA's.

    faces.py own|commands|reload|printed|bad --myna MYNA --dir BUILT --guest x86_64|aarch64 --include PLUGINS_INCLUDE
             --compiler CC [--seeds DIR] [--plugins DIR]

own: a plugin of ours uses all of PANDA's interface, in every engine.  commands: the monitor's, for
plugins.  reload: plugins are loaded and unloaded while threads compute.  printed: the examples that the two
interfaces' documents print compile as they stand and log what they say; where the documents are not at hand, the
test is skipped.  bad: what cannot be loaded.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guest"))
from monitor_client import Client  # noqa: E402

ENGINES = ["--tci", "--llvm=off", "--llvm=all", "--hot=50"]
wrong = []


def check(name, ok, detail=""):
    if not ok:
        wrong.append(f"{name}: {detail}")


def run(o, directory, *options, env=None):
    return subprocess.run([o.myna, "--no-cache", *options, os.path.join(o.dir, f"calls-{o.guest}")],
                          cwd=directory, env=dict(os.environ, **(env or {})), capture_output=True, text=True,
                          timeout=300, check=False)


def build(o, source, target, folder):
    folders = {"insn": ["insn"], "panda": [f"panda/{o.guest}", "panda"]}[folder]
    flags = [f"-I{o.include}/{f}" for f in folders]
    subprocess.run([o.compiler, "-shared", "-fPIC", "-O1", "-Werror", *flags, source, "-o", target], check=True)


def figures(text):
    return {k: int(v) for k, v in re.findall(r"^(\w+) (\d+)$", text, re.M)}


def own(o):
    # getpid three times, the hypercall, two writes, exit_group
    numbers = {"x86_64": (39, 1, 231), "aarch64": (172, 64, 94)}[o.guest]
    with tempfile.TemporaryDirectory() as directory:
        so = os.path.join(directory, "panda_all.so")
        build(o, os.path.join(os.path.dirname(__file__), "panda_all.c"), so, "panda")
        first = None
        for engine in ENGINES:
            done = run(o, directory, engine, "-panda", "all:out=log", env={"PANDA_PLUGIN_DIR": directory})
            with open(os.path.join(directory, "log"), encoding="ascii") as f:
                log = f.read()
            n = figures(log)
            where = f"{engine}: {done.returncode} {done.stdout!r} {done.stderr!r}\n{log}"
            check("status and output", (done.returncode, done.stdout) == (7, "answered\ncalls\n"), where)
            check("physical memory is said not to be", "no physical memory" in done.stderr, where)
            check("nothing wrong", n["wrong"] == 0 and n["renewed"] == 1, where)
            check("blocks", n["before_exec"] == n["after_exec"] + 1 or n["before_exec"] == n["after_exec"], where)
            check("counts", all(n[k] > 0 for k in ("before_translate", "insn_exec", "mem_read", "mem_write")), where)
            check("hypercall", n["hypercall"] == 1, where)
            check("llvm", (n["llvm_init"] == 1) == (engine == "--llvm=all") or engine == "--hot=50", where)
            calls = [int(c) for c in re.findall(r"^call (\d+)$", log, re.M)]
            check("calls", calls == [numbers[0]] * 3 + [numbers[1]] * 2 + [numbers[2]], where)
            check("results", re.findall(r"^result \d+ (\w+)$", log, re.M) == ["positive"] * 3 + ["a3"] * 2, where)
            check("writes are told ahead", n["ahead"] > 5 and n["foretold"] == 2, where)
            shape = {k: n[k] for k in ("insn_exec", "mem_read", "mem_write", "before_exec", "ahead")}
            first = first or shape
            check("engines agree", shape == first, f"{shape} {first} {where}")
        done = run(o, directory, "--tci", "-panda-plugin", so, "-panda-arg", "all:out=log2")
        check("-panda-plugin and -panda-arg", done.returncode == 7 and
              os.path.exists(os.path.join(directory, "log2")), done.stderr)


# A plugin that the monitor tells to take out itself, or the other.
GOES = """
#include "config.h"
#include "qemu-common.h"
#include "cpu.h"
#include "panda_plugin.h"
static void *self_;
static int monitor(Monitor *mon, const char *cmd)
{
    monitor_printf(mon, "NAME hears %s\\n", cmd);
    if (!strcmp(cmd, "NAME goes")) {
        panda_unload_plugin(self_);
    } else if (!strcmp(cmd, "other goes")) {
        panda_unload_plugin(panda_get_plugin_by_name("panda_OTHER.so"));
    }
    monitor_printf(mon, "NAME has heard\\n");
    return 0;
}
bool init_plugin(void *self)
{
    panda_cb cb = {.monitor = monitor};
    self_ = self;
    panda_register_callback(self, PANDA_CB_MONITOR, cb);
    return true;
}
void uninit_plugin(void *self) { (void)self; }
"""


def leave_by_command(o, m, d):
    """Plugins that unload each other, and themselves, in their own callback."""
    for name, other in (("one", "two"), ("two", "one")):
        with open(f"{d}/{name}.c", "w", encoding="ascii") as f:
            f.write(GOES.replace("NAME", name).replace("OTHER", other))
        build(o, f"{d}/{name}.c", f"{d}/panda_{name}.so", "panda")
    for line, says, left in (("one goes", "one hears one goes\none has heard\ntwo hears one goes\ntwo has heard\n", {"two"}),
                             ("two goes", "one hears two goes\none has heard\ntwo hears two goes\ntwo has heard\n", {"one"}),
                             ("other goes", "one hears other goes\none has heard\n", {"one"})):
        for name in ("one", "two"):
            m.ask(f"load_plugin {d}/panda_{name}.so")
        got = m.ask(f'plugin_cmd "{line}"')
        check(f"{line}: what is said", got == says, repr(got))
        there = set(re.findall(r"panda_(one|two)", m.ask("list_plugins")))
        check(f"{line}: who is left", there == left, repr(there))
        for _ in left:
            m.ask("unload_plugin 0")


def commands(o):
    """The monitor's commands for plugins, while /bin/cat waits for its input."""
    with tempfile.TemporaryDirectory() as d:
        so = os.path.join(d, "panda_all.so")
        build(o, os.path.join(os.path.dirname(__file__), "panda_all.c"), so, "panda")
        with subprocess.Popen([o.myna, "--no-cache", "--llvm=off", "-monitor", f"unix:{d}/m", "-panda-plugin", so,
                               "-panda-arg", f"all:out={d}/log", "-panda-arg", "all:count=1", "/bin/cat"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            m = Client(f"{d}/m")
            rows = [
                ("list_plugins", r"^idx +name +addr\n0 +panda_all\.so +0x[0-9a-f]+\n$"),
                ('plugin_cmd "hello there"', r"^panda_all got <hello there>\n$"),
                (f"load_plugin {so}", r"^error: plugin \S+ is loaded already\n$"),
                ("load_plugin", r"^error: load_plugin: it needs FILE"),
                ("load_plugin /nonexistent.so", r"^error: plugin /nonexistent.so cannot be loaded: "),
                (f"load_plugin {o.dir}/count.so", r"^$"),
                ("list_plugins", r"\n1 +count\.so +0x"),
                ("unload_plugin 7", r"^error: unload_plugin: there is no plugin with that index"),
                ("unload_plugin x", r"^error: unload_plugin: it needs the index"),
            ]
            for line, pattern in rows:
                got = m.ask(line)
                check(line, re.search(pattern, got), repr(got))
            p.stdin.write(b"through cat\n")
            p.stdin.flush()
            check("the guest goes on", p.stdout.readline() == b"through cat\n")
            check("unload", m.ask("unload_plugin 0") == "")
            p.stdin.write(b"once more\n")
            p.stdin.flush()
            check("the guest goes on after it", p.stdout.readline() == b"once more\n")
            check("the list", "panda_all" not in m.ask("list_plugins"))
            m.ask("unload_plugin 0")
            leave_by_command(o, m, d)
            p.stdin.write(b"and on\n")
            p.stdin.flush()
            check("the guest goes on to the end", p.stdout.readline() == b"and on\n")
            p.stdin.close()
            check("its status", p.wait(60) == 0)
        with open(f"{d}/log", encoding="ascii") as f:
            n = figures(f.read())
        check("what it saw", n.get("wrong") == 0 and n["monitor"] == 1 and n["insn_exec"] > 1000, str(n))


def reload(o):
    """Plugins come and go while threads compute."""
    shipped = ["callstack", "ltrace", "hotblocks", "strace", "cache", "callstack", "howvec"]
    arguments = {"ltrace": ",name=malloc,name=free", "strace": ",filename=/dev/null"}
    for engine in ("--llvm", "--llvm=off", "--tci"):
        with tempfile.TemporaryDirectory() as d:
            guest = f"{d}/busy"
            subprocess.run([o.compiler, "-O2", "-static", "-pthread", "-o", guest,
                            os.path.join(os.path.dirname(__file__), "guest-busy.c")], check=True)
            with subprocess.Popen([o.myna, "--no-cache", engine, "--hot=1000", "-monitor", f"unix:{d}/m", "-D", "/dev/null",
                                   guest], stdin=subprocess.PIPE) as p:
                m = Client(f"{d}/m")
                for name in shipped:
                    got = m.ask(f"load_plugin {o.plugins}/{name}.so{arguments.get(name, '')}")
                    check(f"{engine}: load {name}", got == "", repr(got))
                    m.ask(f"load_plugin {o.dir}/count.so")
                    time.sleep(0.05)
                    for index in (1, 0):
                        got = m.ask(f"unload_plugin {index}")
                        check(f"{engine}: unload {name}", got == "", repr(got))
                    check(f"{engine}: the list is empty", m.ask("list_plugins").count("\n") == 1)
                # One that the guest depends on.
                m.ask(f"load_plugin {o.plugins}/memcheck-lite.so")
                got = m.ask("unload_plugin 0")
                check(f"{engine}: memcheck-lite", got.startswith("error: unload_plugin: the guest depends on"), repr(got))
                p.stdin.close()
                check(f"{engine}: the guest computed the same", p.wait(120) == 0, p.returncode)


def code_blocks(text):
    """The C programs in a document: each begins with a run of #include lines and ends with the last line before
    the next that is a closing brace alone."""
    starts = [m.start() for m in re.finditer(r"(?m)^(#include [^\n]*\n)+", text)] + [len(text)]
    parts = [text[i:k] for i, k in zip(starts, starts[1:])]
    return [p[:p.rindex("\n}") + 2] + "\n" for p in parts if "\n}" in p]


def document(o, word):
    for path in sorted(glob.glob(os.path.join(o.seeds or "/nonexistent", "*.txt"))):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if word in text:
            return code_blocks(text)
    print(f"skipped: no document with {word}")
    sys.exit(77)


def make(o, directory, name, text, folder):
    source = os.path.join(directory, f"{name}.c")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    target = os.path.join(directory, f"panda_{name}.so" if folder == "panda" else f"{name}.so")
    build(o, source, target, folder)
    return target


def as_syscall(text):
    """The example that looks for sysenter (0f 34), made to look for syscall (0f 05)."""
    return text.replace("0x34", "0x05")


def printed(o):
    numbers = ["27"] * 3 + ["1"] * 2 + ["e7"]
    insn_examples, panda_examples = document(o, "qemulib_log"), document(o, "panda_register_callback")
    check("the documents print their examples", len(insn_examples) == 2 and panda_examples, str(len(insn_examples)))
    with tempfile.TemporaryDirectory() as d:
        every = make(o, d, "every", insn_examples[0], "insn")
        sysenter = make(o, d, "sysenter", insn_examples[1], "insn")
        syscall = make(o, d, "syscall", as_syscall(insn_examples[1]), "insn")
        make(o, d, "syscalls", panda_examples[-1], "panda")
        make(o, d, "extended", as_syscall(panda_examples[-1]), "panda")
        entry = subprocess.run(["readelf", "-h", os.path.join(o.dir, f"calls-{o.guest}")], capture_output=True,
                               text=True, check=True, env=dict(os.environ, LC_ALL="C")).stdout
        entry = int(re.search(r"Entry point address:\s+0x(\w+)", entry).group(1), 16)
        first = None
        for engine in ENGINES:
            done = run(o, d, engine, "-D", "log", "-plugin", f"file={every},args=some text")
            with open(os.path.join(d, "log"), encoding="ascii") as f:
                log = f.read()
            first = first or log
            check("each instruction", done.returncode == 7 and log == first and
                  re.match(rf"executing instruction at {entry:x}\n(executing instruction at [0-9a-f]+\n){{30,}}$", log),
                  f"{engine}: {done.stderr} {log[:300]}")
            for so, expected in ((sysenter, []), (syscall, numbers if o.guest == "x86_64" else [])):
                done = run(o, d, engine, "-D", "log", "-plugin", f"file={so}")
                with open(os.path.join(d, "log"), encoding="ascii") as f:
                    log = re.findall(r"^sysenter (\w+)$", f.read(), re.M)
                # Without its answer the guest writes one line less.
                answered = [e for e in expected if e != "1"][:3] + ["1"] + ["e7"] if expected else []
                check("system calls", done.returncode == 7 and log == answered, f"{engine} {so}: {log} {done.stderr}")
            for name in ("syscalls", "extended"):
                done = run(o, d, engine, "-panda", name, env={"PANDA_PLUGIN_DIR": d})
                with open(os.path.join(d, "syscalls.txt"), encoding="ascii") as f:
                    log = re.findall(r"^PC=[0-9a-f]{16}, SYSCALL=([0-9a-f]{16})$", f.read(), re.M)
                expected = [39, 39, 39, 1, 231] if name == "extended" and o.guest == "x86_64" else []
                check("PANDA's monitor", done.returncode == 7 and [int(n, 16) for n in log] == expected,
                      f"{engine} {name}: {log} {done.stderr}")


def bad(o):
    sources = {
        "refuses": ("insn", "#include \"plugins.h\"\nbool plugin_init(const char *args) { return !args; }\n"),
        "panda_refuses": ("panda", "#include \"config.h\"\n#include \"panda_plugin.h\"\n"
                          "bool init_plugin(void *s) { return !s; }\nvoid uninit_plugin(void *s) { (void)s; }\n"),
        "panda_half": ("panda", "#include \"config.h\"\n#include \"panda_plugin.h\"\n"
                       "bool init_plugin(void *s) { return s; }\n"),
    }
    with tempfile.TemporaryDirectory() as d:
        so = {}
        for name, (folder, text) in sources.items():
            with open(f"{d}/{name}.c", "w", encoding="ascii") as f:
                f.write(text)
            so[name] = f"{d}/{name}.so"
            build(o, f"{d}/{name}.c", so[name], folder)
        other = argparse.Namespace(**{**vars(o), "guest": "aarch64" if o.guest == "x86_64" else "x86_64"})
        build(other, f"{d}/panda_half.c", f"{d}/panda_other.so", "panda")
        with open(f"{d}/good.c", "w", encoding="ascii") as f:
            f.write(sources["panda_half"][1] + "void uninit_plugin(void *s) { (void)s; }\n")
        build(other, f"{d}/good.c", f"{d}/panda_other.so", "panda")
        cases = [
            (["-plugin", so["refuses"]], r"plugin \S+ refuses to start \(plugin_init gave false\)"),
            (["-plugin", so["refuses"] + ",colour=red"], r"plugin \S+ takes args=TEXT alone"),
            (["-panda-plugin", so["panda_refuses"]], r"plugin \S+ refuses to start \(init_plugin gave false\)"),
            (["-panda-plugin", so["panda_half"]], r"plugin \S+ has no function uninit_plugin"),
            (["-panda", "other"], rf"plugin \S+ was built for {other.guest} guests, and this one is for {o.guest}"),
            (["-panda", "nowhere"], r"there is no panda_nowhere.so in \S+"),
            (["-panda", ""], r"a plugin's name is missing"),
            (["-panda", "refuses;;"], r"refuses to start"),
            (["-panda", "half:=x"], r"'=x' is not KEY=VALUE"),
            (["-panda-arg", "nothing"], r"it must be PLUGIN:KEY=VALUE"),
            (["-panda-plugin", "/nonexistent.so"], r"plugin /nonexistent.so cannot be loaded: "),
        ]
        for options, pattern in cases:
            done = run(o, d, "--tci", *options, env={"PANDA_PLUGIN_DIR": d})
            lines = [line for line in done.stderr.splitlines() if line.startswith("myna: ")]
            check(" ".join(options), done.returncode == 64 and not done.stdout and len(lines) == 1 and
                  re.search(pattern, lines[0]), f"status {done.returncode} {done.stderr!r}, expected {pattern}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["own", "commands", "reload", "printed", "bad"])
    for name in ("myna", "dir", "guest", "include", "compiler", "seeds", "plugins"):
        parser.add_argument(f"--{name}")
    o = parser.parse_args()
    {"own": own, "commands": commands, "reload": reload, "printed": printed, "bad": bad}[o.what](o)
    print("\n".join(wrong))
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
