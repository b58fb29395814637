# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What bench/run runs: the kernels, Debian's programs with the files that they work on, and what is only started.

A row of PROGRAMS names the size at scale 1, whether the interpreter runs a smaller one, and a function from a
directory and a size to the command; the function makes the files that it names, the same ones in each run.
"""
import os
import random
import re
import subprocess

# kernel: size that takes two seconds or more natively
KERNELS = {
    "integer": 5000000,
    "hash": 13000,
    "sort": 500,
    "nbody": 24000000,
    "simd": 10000,
    "matrix": 900,
    "string": 250000,
    "fib": 12000,
    "virtual": 180000,
    "switch": 3000,
    "goto": 3300,
    "latency": 4500,
    "mix": 400000,
}

# What is only started: command, what it prints.
STARTS = {
    "hello": (["{dir}/hello"], b"hello\n"),
    "hello-dynamic": (["{dir}/hello-dynamic"], b"hello\n"),
    "bash": (["/bin/bash", "-c", "echo hello"], b"hello\n"),
    "python3": (["/usr/bin/python3", "-c", "pass"], b""),
}


def write(path, make):
    if not os.path.exists(path):
        content = make()
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
    return path


def text_of(megabytes):
    """Text that compresses about as prose does: words of Zipf's distribution, numbers now and then."""
    rng = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    words = ["".join(rng.choices(letters, weights=range(26, 0, -1), k=rng.randint(2, 10))) for _ in range(5000)]
    weights = [1 / (rank + 2) for rank in range(len(words))]
    out, size = [], 0
    while size < megabytes * 1000000:
        line = " ".join(rng.choices(words, weights, k=12))
        if rng.random() < 0.2:
            line += f" {rng.randrange(10 ** 8)}"
        out.append(line)
        size += len(line) + 1
    return "\n".join(out) + "\n"


def text(directory, megabytes):
    return write(f"{directory}/text-{megabytes}", lambda: text_of(megabytes))


def c_source(lines):
    """A C file: functions with loops, switches and structures that call each other."""
    rng = random.Random(2)
    out = ["typedef struct Item { struct Item *next; unsigned key, count; double weight; } Item;",
           "unsigned state; Item *items; unsigned table[256];"]
    number = 0
    while len(out) < lines:
        callee = f"f{rng.randrange(number)}(item, x + {rng.randrange(9)})" if number else "x"
        out += [f"unsigned f{number}(Item *item, unsigned x)", "{", f"    unsigned sum = {rng.randrange(1000)};",
                f"    for (unsigned i = 0; i < (x & {rng.choice([15, 31, 63])}); i++) {{",
                f"        table[(i * {rng.randrange(3, 99, 2)} + x) & 255] += sum ^ i >> {rng.randrange(1, 7)};",
                f"        sum += table[i & 255] * {rng.randrange(3, 9999)} % ({rng.randrange(5, 99)} + (x & 7));", "    }",
                f"    switch (x % {rng.randrange(4, 9)}) {{"]
        for case in range(rng.randrange(2, 5)):
            out.append(f"    case {case}: sum {rng.choice(['+=', '^=', '-='])} item->key * {rng.randrange(2, 50)}; break;")
        out += ["    default: item->count++; break;", "    }", "    while (item && item->key > sum) {",
                f"        item->weight = item->weight * {rng.randrange(1, 9)}.5 + sum;", "        item = item->next;", "    }",
                f"    return item && sum & 1 ? {callee} : sum + state;", "}"]
        number += 1
    return "\n".join(out) + "\n"


PYSTONE = """
# Records, globals, string comparisons, arrays and calls, in the proportions of the old pystone.
import sys
class Record:
    def __init__(self, next=None, kind=0, value=0, text=''):
        self.next, self.kind, self.value, self.text = next, kind, value, text
    def copy(self):
        return Record(self.next, self.kind, self.value, self.text)
FLAG, CHAR, one, two = False, 'A', [0] * 51, [[0] * 51 for _ in range(51)]
def step(record):
    record.next = record.copy()
    after = record.next
    record.value = 5
    after.value = record.value
    after.next = record.next
    if after.kind == 0:
        after.value = 6
        after.kind = turn(record.kind)
    return record.next
def turn(kind):
    return 1 if kind == 0 else 2 if kind == 2 and FLAG else 0
def arrays(i, j):
    k = i + 5
    one[k] = j
    one[k + 1] = one[k]
    one[k + 30] = k
    for n in range(k, k + 2):
        two[k][n] = k
    two[k][k - 1] += 1
    two[k + 20][k] = one[k]
def alike(a, b):
    i, char = 1, 'A'
    while i <= 1:
        if a[i] != b[i + 1]:
            char = 'A'
            i += 1
        else:
            i += 2
    return a > b if char != 'R' else True
total = 0
record = Record(None, 0, 40, 'DHRYSTONE PROGRAM, SOME STRING')
for n in range(int(sys.argv[1])):
    x, y = 2, 3
    if not alike("DHRYSTONE PROGRAM, 1'ST STRING", "DHRYSTONE PROGRAM, 2'ND STRING"):
        while x < y:
            z = 5 * x - y
            x += 1
        arrays(x, z)
    record = step(record)
    record.next = None
    for char in 'ABC':
        total = (total + ord(char) * y + record.value) % 1000003
    y = y * x; x = y // 3; y = 7 * (y - x) - x
print(total, two[8][7], one[8])
"""

JSON = """
import json, sys
data = [{'id': i, 'name': f'item {i}', 'tags': ['a', 'b\\u20ac', str(i)], 'price': i / 7, 'more': {'x': None, 'y': True}}
        for i in range(400)]
size = 0
for n in range(int(sys.argv[1])):
    text = json.dumps(data, sort_keys=bool(n & 1))
    data = json.loads(text)
    size += len(text)
print(size, data[7])
"""

PERL = r"""
my ($file, $rounds) = @ARGV;
open(my $f, '<', $file) or die;
my @lines = <$f>;
my ($words, $pairs, $numbers, $changed, %seen) = (0, 0, 0, 0);
for my $round (1 .. $rounds) {
    for my $line (@lines) {
        $words++ while $line =~ /\b[a-m]\w*[^aeiou\s]\b/g;
        $pairs++ if $line =~ /(\w)\1.*(\w)\2/;
        $numbers += $1 if $line =~ /(\d+)$/;
        (my $copy = $line) =~ s/(\w+) (\w+)/$2 $1/g;
        $changed += length $copy;
        $seen{$1}++ if $line =~ /^(\w{3,5}) /;
    }
}
print "$words $pairs $numbers $changed ", scalar(keys %seen), "\n";
"""

LUA = """
local n = tonumber(arg[1])
local Queue = {}
Queue.__index = Queue
function Queue.new() return setmetatable({first = 1, last = 0}, Queue) end
function Queue:push(x) self.last = self.last + 1; self[self.last] = x end
function Queue:pop() local x = self[self.first]; self[self.first] = nil; self.first = self.first + 1; return x end
local function queens(row, size, columns, down, up)
  if row > size then return 1 end
  local count = 0
  for c = 1, size do
    if not (columns[c] or down[row + c] or up[row - c + size]) then
      columns[c], down[row + c], up[row - c + size] = true, true, true
      count = count + queens(row + 1, size, columns, down, up)
      columns[c], down[row + c], up[row - c + size] = false, false, false
    end
  end
  return count
end
local total, words = 0, {}
for i = 1, n do
  total = total + queens(1, 7, {}, {}, {})
  local q = Queue.new()
  for k = 1, 2000 do q:push(k * 1.5); if k % 3 == 0 then total = total + q:pop() end end
  for k = 1, 300 do
    local w = string.format("%d-%s", k % 50, ("x"):rep(k % 7))
    words[w] = (words[w] or 0) + #w:gsub("x", "yz")
  end
end
local keys = {}
for k, v in pairs(words) do keys[#keys + 1] = k .. "=" .. v end
table.sort(keys)
print(total, #keys, keys[1], keys[#keys])
"""


def sql_of(rows):
    return f"""
CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, name TEXT, x REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO t SELECT i, (i * 7919) % 10007, 'name ' || (i % 997), i / 3.0 FROM n;
CREATE INDEX by_k ON t(k);
SELECT count(*), sum(k), max(name), round(avg(x), 3) FROM t;
SELECT k, count(*), round(sum(x), 2) FROM t GROUP BY k ORDER BY 2 DESC, 1 LIMIT 5;
SELECT count(*) FROM t a JOIN t b ON b.id = a.k WHERE a.name LIKE '%7%';
UPDATE t SET x = x + 1 WHERE k % 5 = 0;
DELETE FROM t WHERE k BETWEEN 100 AND 900;
SELECT count(*), round(sum(x), 1) FROM t;
"""


def cc1():
    """The compiler itself: what gcc executes would run natively under qemu."""
    return subprocess.run(["/usr/bin/gcc", "-print-prog-name=cc1"], capture_output=True, text=True,
                          check=True).stdout.strip()


def script(path, interpreter, body):
    return lambda directory, size: [interpreter, write(f"{directory}/{path}", lambda: body), str(size)]


# At scale 1 the interpreters take about five seconds natively.
# name: (size at scale 1, unit, does --tci run a part, command)
PROGRAMS = {
    "pystone": (4500000, "loops", True, script("pystone.py", "/usr/bin/python3", PYSTONE)),
    "json": (6000, "rounds", True, script("json-rounds.py", "/usr/bin/python3", JSON)),
    "perl": (70, "rounds", True, lambda d, n: ["/usr/bin/perl", write(f"{d}/regex.pl", lambda: PERL), text(d, 1), str(n)]),
    "gzip": (20, "MB", True, lambda d, n: ["/usr/bin/gzip", "-9nc", text(d, n)]),
    "xz": (20, "MB", True, lambda d, n: ["/usr/bin/xz", "-T1", "-4c", text(d, n)]),
    "zstd": (20, "MB", True, lambda d, n: ["/usr/bin/zstd", "-q", "--single-thread", "-13", "-c", text(d, n)]),
    "sqlite3": (1000000, "rows", True,
                lambda d, n: ["/usr/bin/sqlite3", ":memory:", f".read {write(f'{d}/rows-{n}.sql', lambda: sql_of(n))}"]),
    "lua": (13000, "rounds", True, script("rounds.lua", "/usr/bin/lua5.4", LUA)),
    "gcc": (5000, "lines", True,
            lambda d, n: [cc1(), "-quiet", "-O2", "-w", write(f"{d}/lines-{n}.c", lambda: c_source(n)), "-o", "-"]),
    "openssl": (1, "s each", False,
                lambda d, n: ["/usr/bin/openssl", "speed", "-mr", "-seconds", str(n), "-bytes", "8192", "sha256",
                              "sha512", "aes-128-cbc", "camellia-128-cbc", "md5"]),
}


def openssl_rates(out):
    """openssl speed runs for a time, not a size: what it names, and the seconds for 100 MB with each algorithm
    in turn."""
    names, seconds = [], 0.0
    for line in out.decode().splitlines():
        if match := re.match(r"\+F:\d+:([\w-]+):([\d.]+)", line):
            names.append(match[1])
            seconds += 1e8 / max(1.0, float(match[2]))
    return " ".join(names).encode(), seconds


# Programs whose time is not that of their run: from the output, what is compared and the seconds.
RATED = {"openssl": openssl_rates}
