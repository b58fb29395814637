#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""QEMU 10's own public plugins, unchanged, built against our header and run in several engines.

    qemu_plugins.py --myna MYNA --dir BUILT --include DIR --compiler CC

They come from Debian's source package of QEMU 10 (trixie, or bookworm-backports), fetched now, with an apt
state of its own, from the mirror that the machine's apt sources name. Where that cannot be done the test is
skipped with the reason (77). What a plugin says depends on the guest's code alone, so each engine must make it say
the same.
"""
import argparse
import glob
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile

# plugin: its arguments; a further file that it writes, or None.
CASES = [
    ("bb", "inline=true", None), ("bb", "", None), ("bbv", "interval=1000,outfile=OUT", "OUT.0.bb"),
    ("cache", "", None), ("cflow", "", None), ("drcov", "filename=OUT", "OUT"), ("empty", "", None),
    ("execlog", "", None), ("execlog", "reg=*sp", None), ("hotblocks", "inline=true", None), ("hotblocks", "", None),
    ("hotpages", "", None), ("howvec", "inline=true", None), ("howvec", "count=individual", None),
    ("inline", "", None), ("insn", "inline=true", None), ("insn", "sizes=true", None), ("mem", "callback=true", None),
    ("mem", "inline=true", None), ("ips", "ips=1000000000", None), ("reset", "", None), ("syscall", "", None),
    ("stoptrigger", "icount=5000:3", None),
]
SILENT = {"bbv", "drcov", "empty", "ips"}  # say nothing in the log
ENGINES = {"x86_64": ["--tci", "--llvm=off", "--llvm=all", "--hot=50"], "aarch64": ["--tci", "--llvm=all"]}
PARTS = re.compile(r"/(contrib/plugins/\w+\.c|tests/tcg/plugins/\w+\.c|include/qemu/(compiler|bswap)\.h)$")


# Debian 12's first Python has no filters yet.
SAFE = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def mirrors():
    """(mirror, keyring option) of the machine's own apt sources."""
    found = []
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        try:
            with open(path, encoding="utf-8") as f:
                text = f.read()
        except OSError:
            continue
        for line in text.splitlines():
            words = re.match(r"(?:URIs:|deb(?:-src)?(?:\s+\[[^]]*\])?)\s+(\S+)", line.strip())
            if words and "security" not in words.group(1) and words.group(1) not in found:
                found.append(words.group(1).rstrip("/"))
    return found


def fetch(work):
    have = glob.glob(f"{work}/qemu_1*.orig.tar.xz")
    if have:
        return have[0]
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    if not mirrors() or not os.path.exists(keyring):
        skip("the machine's apt sources name no Debian mirror")
    for sub in ("lists/partial", "cache/archives/partial"):
        os.makedirs(f"{work}/{sub}", exist_ok=True)
    why = ""
    for mirror in mirrors():
        for suite in ("trixie", "bookworm-backports"):
            with open(f"{work}/sources.list", "w", encoding="utf-8") as f:
                f.write(f"deb-src [signed-by={keyring}] {mirror} {suite} main\n")
            apt = ["apt-get", "-q", "-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::Cache={work}/cache",
                   "-o", f"Dir::Etc::sourcelist={work}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
                   "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"]
            for step in (["update"], ["source", "--download-only", "--only-source", "qemu"]):
                done = subprocess.run([*apt, *step], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, timeout=600, check=False)
                why = done.stdout.strip().splitlines()[-1:] or [""]
                if done.returncode:
                    break
            have = glob.glob(f"{work}/qemu_1*.orig.tar.xz")
            if have:
                return have[0]
    skip(f"QEMU's source package cannot be fetched: {why[0]}")
    return None


def build(o, work, archive):
    """Plugins built, and what went wrong."""
    source = os.path.join(work, "source")
    if not os.path.isdir(source):
        with tarfile.open(archive) as tar:
            for member in tar:
                if PARTS.search(member.name):
                    member.name = member.name.split("/", 1)[1]
                    tar.extract(member, source, **SAFE)
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    wrong = []
    for path in sorted(glob.glob(f"{source}/*/plugins/*.c") + glob.glob(f"{source}/tests/tcg/plugins/*.c")):
        name = os.path.basename(path)[:-2]
        if name == "win32_linker":
            continue
        done = subprocess.run([o.compiler, "-shared", "-fPIC", "-O2", "-w", f"-I{o.include}",
                               f"-I{source}/include/qemu", f"-I{source}/include", *flags, path, "-o",
                               f"{work}/{name}.so"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode:
            wrong.append(f"{name} does not build: {done.stdout[:500]}")
    return wrong


def outcome(o, work, engine, name, args, extra, guest):
    with tempfile.TemporaryDirectory() as out:
        spec = ",".join([f"{work}/{name}.so", *([args.replace("OUT", f"{out}/OUT")] if args else [])])
        log = f"{out}/log"
        done = subprocess.run([o.myna, "--no-cache", engine, "-d", "plugin", "-D", log, "-plugin", spec, guest],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200, check=False)
        said = b""
        for path in [log, *([f"{out}/{extra}"] if extra else [])]:
            if os.path.exists(path):
                with open(path, "rb") as f:
                    said += f.read()
        return done.returncode, done.stdout, done.stderr, said


def main():
    parser = argparse.ArgumentParser()
    for name in ("myna", "dir", "include", "compiler"):
        parser.add_argument(f"--{name}", required=True)
    o = parser.parse_args()
    work = os.path.join(o.dir, "qemu10")
    os.makedirs(work, exist_ok=True)
    wrong = build(o, work, fetch(work))
    for machine, engines in ENGINES.items():
        guest = os.path.join(o.dir, f"guest-{machine}")
        if not os.path.exists(guest):
            continue
        for name, args, extra in CASES:
            first = None
            for engine in engines:
                got = outcome(o, work, engine, name, args, extra, guest)
                label = f"{machine} {name} {args} {engine}"
                if got[0] not in (3 if name == "stoptrigger" else 7,) or "myna:" in got[2]:
                    wrong.append(f"{label}: status {got[0]}, {got[2][:300]}")
                if not got[3] and name not in SILENT - {"drcov", "bbv"}:
                    wrong.append(f"{label}: it says nothing")
                first = first or got
                if got != first:
                    wrong.append(f"{label}: differs from {engines[0]}: "
                                 f"{hashlib.md5(got[3]).hexdigest()} {hashlib.md5(first[3]).hexdigest()}")
    for line in wrong:
        print(line)
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
