#!/usr/bin/env bash
# SQLite: a trigram index silently finds nothing for a word of one or two letters that are not ASCII
#
# Package:  pysqlite3-binary 0.5.0, which is SQLite 3.40.0 (Debian 12 has 3.40.1, which does the same)
# Behavior: FTS5's trigram tokenizer serves LIKE and GLOB from its index where the pattern has three characters in a row
#           to look for, and is documented to read all rows where it has fewer. These releases count bytes instead: '港' is
#           three bytes, so the index is asked for a trigram that no text has, and nothing is found. 'é ' is three bytes,
#           too. One or two ASCII letters, and three and more of any kind, are found. A search in Chinese or Japanese,
#           where words of one and two characters are usual, loses nearly everything, without an error. A '+' before the
#           column, which keeps the index out of it, finds all. 3.42.0 (pysqlite3-binary 0.5.1) does so by itself.
# Output:   SQLite 3.40.0
#           *港*: 0 rows by the index, 2 without
#           *港区*: 0 rows by the index, 1 without
#           *é *: 0 rows by the index, 1 without
#           *to*: 1 rows by the index, 1 without
#           *afé*: 1 rows by the index, 1 without
#           *港区の*: 1 rows by the index, 1 without
# Seen:     2026-12-01
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps pysqlite3-binary==0.5.0

cat >"$folder/look.py" <<'PYTHON'
import sys

import pysqlite3

print("SQLite", pysqlite3.sqlite_version)
connection = pysqlite3.connect(":memory:")
connection.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'trigram')")
for text in ("清潔できれいな港区の", "港 2024", "café au lait", "stop"):
    connection.execute("INSERT INTO texts VALUES (?)", (text,))
found = []
for pattern in ("*港*", "*港区*", "*é *", "*to*", "*afé*", "*港区の*"):
    counts = [
        connection.execute(f"SELECT count(*) FROM texts WHERE {column} GLOB ?", (pattern,)).fetchone()[0]
        for column in ("text", "+text")
    ]
    found.append(tuple(counts))
    print(f"{pattern}: {counts[0]} rows by the index, {counts[1]} without")
sys.exit(found != [(0, 2), (0, 1), (0, 1), (1, 1), (1, 1), (1, 1)])
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
