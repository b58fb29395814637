#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real programs under every shipped pass and plugin: they do what they do natively.

    instrumented.py --myna MYNA --build DIR [--only NAME]... [CASE...]

Cases are run.py's; a few small ones unless told, `'*'` is all of them (hours). Plugins run under --llvm, --tci and
--llvm=all in turns, one of them each (all three with --all-engines); passes under --llvm=all.
"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {"llvm-all": ["busybox-seq"], "llvm": ["busybox-sed", "bash-getopts", "perl-sort", "sqlite-transaction"],
         "tci": ["busybox-sed", "bash-getopts"]}
LARGER = {"callgraph": ["perl-sort"], "taint": ["perl-sort"]}  # under --llvm=all as well
PASSES = ["icount:out={out}.%p", "memtrace:out={out}.%p", "syscalls:out={out}.%p", "coverage:out={out}.%p",
          "callgraph:out={out}.%p", "taint:file=*,out={out}.%p"]
PLUGINS = {
    "hotblocks": "", "howvec": "", "execlog": "", "cache": "", "callstack": "", "stringsearch": ",find=needle",
    "drcov": ",filename={out}.drcov", "strace": ",filename={out}.strace", "ltrace": ",name=malloc,name=strlen,args=1",
    "memcheck-lite": "",
}
ENGINES = ["llvm", "tci", "llvm-all"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--myna", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", action="append")
    parser.add_argument("--all-engines", action="store_true")
    parser.add_argument("-j", default="1")
    o = parser.parse_args()
    o.myna, o.build = os.path.abspath(o.myna), os.path.abspath(o.build)
    shipped = {name[:-3] for name in os.listdir(f"{o.build}/plugins") if name.endswith(".so")}
    if shipped != set(PLUGINS):
        sys.exit(f"plugins that this test does not know, or that are not there: {shipped ^ set(PLUGINS)}")
    jobs = [(name.split(":")[0], f"--pass={name}", "llvm-all") for name in PASSES]
    for i, (name, args) in enumerate(PLUGINS.items()):
        for engine in ENGINES if o.all_engines else [ENGINES[i % len(ENGINES)]]:
            jobs.append((name, f"-plugin {o.build}/plugins/{name}.so{args} -d plugin -D {{out}}.log", engine))
    failed = 0
    for name, words, engine in jobs:
        if o.only and name not in o.only:
            continue
        work = f"{o.build}/test-instrumented/{name}.{engine}"
        done = subprocess.run([f"{HERE}/run.py", "-k", "-j", o.j, "--myna", o.myna, "--work", work, "--engine", engine,
                               "--with=" + words, *(o.cases or CASES[engine] + LARGER.get(name, []))], stdout=subprocess.PIPE, text=True, check=False)
        print(f"{name} {engine}: {done.stdout.splitlines()[-1]}", flush=True)
        if done.returncode:
            print(done.stdout)
            failed += 1
        else:
            subprocess.run(["rm", "-rf", work], check=True)
    print(f"{failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
