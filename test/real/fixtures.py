# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The files that each case of cases.tbl finds in its directory: those of files/, and the larger
ones that are made here, the same at each run.

    words.txt    5000 words, some more often than others, one a line
    prose.txt    1500 lines of text, 8 words or so a line
    table.csv    2000 rows: id,name,amount,date
    data.bin     256 KiB, half of it random, half repeating
    tree.json    a nested document
"""
import datetime
import functools
import json
import os
import random
import shutil


def _words(rng):
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    stock = ["".join(rng.choices(letters, range(26, 0, -1), k=rng.randint(2, 9)))
             for _ in range(700)]
    return rng.choices(stock, [1 / (i + 1) for i in range(700)], k=5000)


def _tree(rng, depth):
    if depth == 0:
        return rng.choice([rng.randint(-10**12, 10**12), rng.uniform(-1e6, 1e6), None, True,
                           "\u00fcber \"x\" \n", rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300)])
    if rng.random() < 0.5:
        return [_tree(rng, depth - 1) for _ in range(4)]
    return {f"key{i}": _tree(rng, depth - 1) for i in range(4)}


@functools.lru_cache(maxsize=None)
def _made():
    """name -> content. Two threads may both make it at first, and make the same."""
    rng = random.Random(20240601)
    words = _words(rng)
    day = datetime.date(2001, 1, 1)
    rows = ["id,name,amount,date"]
    for i in range(2000):
        rows.append(f"{i},{words[i]},{rng.randint(-99999, 99999) / 100:.2f},"
                    f"{day + datetime.timedelta(days=rng.randint(0, 7000))}")
    prose, at = [], 0
    for _ in range(1500):
        count = rng.randint(3, 13)
        prose.append(" ".join(words[(at + i) % 5000] for i in range(count)).capitalize() + ".")
        at += count
    data = rng.randbytes(1 << 17) + b"".join(
        b"%08d the same again " % (i // 7) for i in range((1 << 17) // 24))
    return {
        "words.txt": ("\n".join(words) + "\n").encode(),
        "prose.txt": ("\n".join(prose) + "\n").encode(),
        "table.csv": ("\n".join(rows) + "\n").encode(),
        "data.bin": data,
        "tree.json": json.dumps(_tree(rng, 6)).encode(),
    }


def fill(directory, files):
    """Puts the fixtures into `directory`, with modes and times that do not depend on the clone."""
    for name, data in _made().items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)
    shutil.copytree(files, directory, dirs_exist_ok=True)
    for root, dirs, names in os.walk(directory):
        for name in dirs + names:
            path = os.path.join(root, name)
            os.chmod(path, 0o755 if name in dirs or name.endswith(".sh") else 0o644)
            os.utime(path, (1577836800, 1577836800))
