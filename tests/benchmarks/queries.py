"""Measure queries on this machine: python tests/benchmarks/queries.py [--photos 1000000] [--file FILE] [--rounds 20]

A library of made-up photos (8 tags of 1,000 words, a date in ten years, a camera) is written by SQL alone, then asked a
mix of queries in SQL and in memory, and by whole processes. Prints p50 and p99, and the plan of the slowest statement.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

import numpy as np

from indexer.library.query.ast import folded
from indexer.library.query.compiled import compile_query
from indexer.library.query.parser import parse
from indexer.library.query.plan import Order, statement
from indexer.library.roots import add_root
from indexer.library.search.search import by_query, count_hits
from indexer.library.store import Library

WORDS = ["animal", "dog", "terrier", "beach", *(f"word{number}" for number in range(996))]
SHARES = 1 / np.arange(3, len(WORDS) + 3)  # a few words are on many photos, most on few
SHARES /= SHARES.sum()
TAGS = 8
BATCH = 50_000
QUERIES = [
    "dog",
    "word500",
    "dog beach",
    "animal dog terrier",
    "dog word500",
    "word300 word500",
    "word900 word901",
    "dog | terrier",
    "dog (beach | word3)",
    "dog -animal",
    "-animal word7",
    "dog beach -terrier -word3",
    "word10 word20",
    "(word100 | word200) (word300 | word400)",
    "dog score:0.9+",
    "dog date:2023-05..2023-09",
    "beach date:july",
    "dog iso:100..400",
    "terrier camera:nikon",
]
FACTS = ["date:2023-05", "date:july", "camera:nikon iso:800+", "-animal", "near:48.86,2.29,5", "type:png"]


def make_library(path: Path, photos: int, seed: int = 0) -> None:
    """Write a library of made-up photos."""
    with Library.open(path) as library:
        add_root(library, Path("/made-up"))
    random = np.random.default_rng(seed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        words = [(number, word, folded(word)) for number, word in enumerate(WORDS, 1)]
        connection.executemany("INSERT INTO tags (id, name, folded) VALUES (?, ?, ?)", words)
        connection.execute("INSERT INTO sources (id, name) VALUES (1, 'class')")
        connection.execute("DROP INDEX ix_photo_tags_best")
        for first in range(1, photos + 1, BATCH):
            _write(connection, first, min(BATCH, photos + 1 - first), random)
        connection.execute("CREATE INDEX ix_photo_tags_best ON photo_tags (tag_id, score DESC, photo_id)")
        connection.commit()


def _write(connection: sqlite3.Connection, first: int, count: int, random: np.random.Generator) -> None:
    ids = range(first, first + count)
    taken = np.datetime64("2015-01-01T00:00:00") + random.integers(0, 10 * 365 * 86400, count).astype("timedelta64[s]")
    iso = random.choice([100, 200, 400, 800, 1600], count).tolist()
    north, east = random.uniform(-60, 70, count).tolist(), random.uniform(-180, 180, count).tolist()
    rows = [
        (number, f"{number // 5000}/IMG_{number:07}.jpg", 1000 + number, f"{when}", speed, latitude, longitude)
        for number, when, speed, latitude, longitude in zip(ids, taken.astype(str), iso, north, east, strict=True)
    ]
    connection.executemany(
        "INSERT INTO photos (id, root_id, path, path_text, size, mtime_ns, taken_at, iso, latitude, longitude,"
        " format, width, height, camera_make, camera_model, content_hash, indexed_at)"
        " VALUES (?1, 1, CAST(?2 AS BLOB), ?2, ?3, 0, ?4, ?5, ?6, ?7, 'JPEG', 4000, 3000,"
        " iif(?1 % 3, 'Canon', 'Nikon'), 'D70', randomblob(32), '2026-01-01T00:00:00+00:00')",
        rows,
    )
    # The first eight of a random order with these weights: the largest of log(u) / weight.
    keys = np.log(1 - random.random((count, len(WORDS)), np.float32)) / SHARES.astype(np.float32)
    chosen = np.sort(np.argpartition(keys, -TAGS, axis=1)[:, -TAGS:], axis=1) + 1
    scores = random.uniform(0.3, 1, chosen.shape)
    marks = zip(
        np.repeat(np.arange(first, first + count), TAGS).tolist(),
        chosen.ravel().tolist(),
        scores.ravel().tolist(),
        strict=True,
    )
    connection.executemany("INSERT INTO photo_tags VALUES (?, ?, 0, ?, 1)", marks)


def measure(path: Path, rounds: int, in_memory: bool) -> dict[str, list[float]]:
    """Return the seconds that each query took, the first time first."""
    times: dict[str, list[float]] = {text: [] for text in [*QUERIES, *FACTS]}
    with Library.open(path, read_only=True) as library:
        if in_memory:
            library.keep_words()
        for _ in range(rounds):
            for text, taken in times.items():
                query = parse(text, today=date(2026, 1, 1))
                start = perf_counter()
                by_query(library, query, limit=50)
                taken.append(perf_counter() - start)
        start = perf_counter()
        count_hits(library, parse("dog -animal", today=date(2026, 1, 1)))
        print(f"{'count of dog -animal':42} {1000 * (perf_counter() - start):8.1f} ms")
    return times


def report(name: str, times: dict[str, list[float]]) -> str:
    """Print p50 and p99 of all and the median of each; return the slowest query."""
    for title, texts in (("words", QUERIES), ("facts alone", FACTS)):
        warm = np.array([each for text in texts for each in times[text][1:]]) * 1000
        print(f"{name}, {title}: p50 {np.percentile(warm, 50):.1f} ms, p99 {np.percentile(warm, 99):.1f} ms")
    medians = {text: float(np.median(taken[1:])) for text, taken in times.items()}
    for text, median in medians.items():
        print(f"    {text:38} {median * 1000:8.1f} ms   first {times[text][0] * 1000:8.1f} ms")
    return max(QUERIES, key=medians.__getitem__)


def plan(path: Path, text: str) -> None:
    """Print how SQLite answers a query when it is asked about all photos."""
    with Library.open(path, read_only=True) as library, library.reading() as connection:
        query = compile_query(connection, parse(text, today=date(2026, 1, 1)))
        sql = statement(query, Order(limit=50), None)
        print(f"plan of the slowest, {text!r}:")
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql.text}", sql.values):
            print(f"    {row[3]}")


def processes(path: Path, rounds: int = 5) -> None:
    """Print how long whole processes take."""
    for text in ("dog", "dog beach", "dog -animal", "word300 word500", "dog date:2023-05..2023-09", "date:july"):
        command = [sys.executable, "-m", "indexer", "search", text, "--library", str(path), "--quiet"]
        times, cpu = [], []
        for _ in range(rounds):
            start, used = perf_counter(), _cpu_seconds()
            subprocess.run(command, check=True, capture_output=True)
            times.append(perf_counter() - start)
            cpu.append(_cpu_seconds() - used)
        took = f"{np.median(times):.2f} s ({min(times):.2f}–{max(times):.2f}), of the processor {np.median(cpu):.2f} s"
        print(f"whole process, {text:38} {took}")


def _cpu_seconds() -> float:
    """Return what ended child processes have used: it hardly depends on what else the machine does."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Make the library where it is not there, and ask it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="keep the library here, and use it again")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder) / "library.sqlite"
        if not path.exists():
            start = perf_counter()
            make_library(path, arguments.photos)
            print(f"written in {perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
        slowest = report("SQL", measure(path, max(2, arguments.rounds // 4), in_memory=False))
        report("in memory", measure(path, arguments.rounds, in_memory=True))
        plan(path, slowest)
        processes(path)


if __name__ == "__main__":
    main()
