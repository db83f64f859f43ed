"""Print what a daemon costs and how fast it is: python tests/benchmarks/daemon.py [--folder KEEP] [PART …]

The installed program runs as `indexer watch`, with the default settings but for what the part is about; it is looked
at from outside, through the system's tables and the library file (Linux).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from library import ROOT
from memory import family, memory_bytes
from parts import TablePart, add_table_arguments, print_table
from photos import SOURCES, sample
from PIL import Image
from speed import CONFIG, EYES, Figures, large_library, make_files

from indexer.zoo.build.subprocess import build_missing

POLL_SECONDS = 0.005
PATIENCE_SECONDS = 1800.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Daemon:
    """`indexer watch` on a folder, until the end of the `with` statement."""

    def __init__(self, library: Path, folder: Path, **settings: object) -> None:
        self._library = library
        given = {f"INDEXER_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "indexer", "watch", str(folder), "--library", str(library)]
        self._process = subprocess.Popen(command, env={**os.environ, **given}, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        wait_until(lambda: self.told().get("phase") == "watching")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def told(self) -> dict[str, object]:
        """Return what it says of itself."""
        try:
            told = json.loads(self._library.with_name(f"{self._library.name}.watch.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return told if told["pid"] == self._process.pid else {}

    def indexed(self) -> int:
        """Return how many photos it has analyzed; it says so once a second."""
        time.sleep(2)
        wait_until(lambda: self.told()["phase"] == "watching")
        return int(str(self.told()["indexed"]))

    def family(self) -> list[int]:
        """Return it and the processes that it started."""
        return family(self._process.pid)

    def has_workers(self) -> bool:
        """Tell whether workers are there."""
        return any("spawn_main" in Path(f"/proc/{pid}/cmdline").read_text() for pid in self.family()[1:])

    def cpu_seconds(self) -> float:
        """Return the time of the processor that it has taken."""
        times = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in self.family())
        return sum(int(ticks) for each in times for ticks in each) / TICKS_A_SECOND

    def wakes(self) -> int:
        """Return how often one of its threads went to sleep."""
        states = (state for pid in self.family() for state in Path(f"/proc/{pid}/task").glob("*/status"))
        lines = (line for state in states for line in state.read_text().splitlines())
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


def rest(folder: Path, given: argparse.Namespace) -> Figures:
    """What a daemon takes that has nothing to do, after it had."""
    yield from _rest(fresh(folder / "rest.sqlite"), fill(folder / "rest", 50), "50 photos", given)
    library, files = large_library(folder, given.known), folder / "known"
    if not files.exists():
        make_files(files, given.known)
    command = [sys.executable, "-m", "indexer", "relocate", str(ROOT), str(files), "--library", str(library)]
    subprocess.run(command, capture_output=True, check=False)
    yield from _rest(library, files, f"{given.known:,} photos", given)


def latency(folder: Path, given: argparse.Namespace) -> Figures:
    """From a file that is closed to a photo that is found."""
    photos = fill(folder / "latency", 1)
    for what, idle_seconds in (("cold: no worker there", 1), ("warm: models loaded", 600)):
        library = fresh(folder / "latency.sqlite")
        with Daemon(library, photos, idle_seconds=idle_seconds) as daemon:
            pictures = Pictures(given.seed + idle_seconds)
            _found(library, pictures.write(photos / f"{idle_seconds}-first.jpg"))
            times = []
            for number in range(given.photos):
                if idle_seconds == 1:
                    wait_until(lambda: not daemon.has_workers())
                    time.sleep(1)
                times.append(_found(library, pictures.write(photos / f"{idle_seconds}-{number}.jpg")))
        over = [seconds - CONFIG.settle_seconds for seconds in times]
        yield (
            f"from closed to searchable, on top of the {CONFIG.settle_seconds:g} s of settling, {given.photos} "
            f"photos, {what}",
            f"median {statistics.median(over):.2f} s, worst {max(over):.2f} s",
        )


def burst(folder: Path, given: argparse.Namespace) -> Figures:
    """Many files at once, beside a plain scan of the same; then the folder is renamed."""
    source, photos = fill(folder / "many", given.burst), folder / "burst"
    shutil.rmtree(photos, ignore_errors=True)
    photos.mkdir()
    library = fresh(folder / "burst.sqlite")
    with Daemon(library, photos, niceness=0) as daemon:  # as a scan
        start = time.perf_counter()
        (photos / "come").mkdir()
        for path in source.iterdir():
            (photos / "come" / path.name).write_bytes(path.read_bytes())
        there = time.perf_counter() - start
        wait_until(lambda: _count(library) == given.burst, 0.5)
        seconds = time.perf_counter() - start
        analyzed = daemon.indexed()
        start = time.perf_counter()
        (photos / "come").rename(photos / "renamed")
        wait_until(lambda: _count(library, "renamed/") == given.burst, 0.05)
        renamed = time.perf_counter() - start
        again = daemon.indexed() - analyzed
    scanned = fresh(folder / "scanned.sqlite")
    start = time.perf_counter()
    command = [sys.executable, "-m", "indexer", "scan", str(photos), "--library", str(scanned), "--json"]
    told = json.loads(subprocess.check_output(command))
    plain = time.perf_counter() - start
    assert told["indexed"] == given.burst, told
    yield f"{given.burst:,} small files at once (written in {there:.1f} s) until all are indexed", f"{seconds:.1f} s"
    yield "a plain scan of the same", f"{plain:.1f} s"
    yield f"a folder of {given.burst:,} photos is renamed", f"{renamed:.1f} s, {again} analyzed"


PARTS: dict[str, TablePart] = {each.__name__: each for each in (rest, latency, burst)}


class Pictures:
    """Small photos, no two alike."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._sources = [Image.open(sample(name)).convert("RGB") for name in SOURCES]

    def write(self, path: Path) -> Path:
        """Write one."""
        source, side = self._random.choice(self._sources), self._random.randint(96, 200)
        part = self._random.uniform(0.5, 1) * min(source.size)
        left, top = (self._random.uniform(0, length - part) for length in source.size)
        stream = io.BytesIO()
        source.resize((side, side), box=(left, top, left + part, top + part)).save(stream, "JPEG", quality=85)
        path.write_bytes(stream.getvalue() + self._random.randbytes(16))
        return path


def fill(folder: Path, count: int) -> Path:
    """Make a folder of small photos."""
    if not folder.exists():
        folder.mkdir(parents=True)
        pictures = Pictures(count)
        for number in range(count):
            pictures.write(folder / f"{number:05}.jpg")
    return folder


def fresh(library: Path) -> Path:
    """Take away a library of an earlier run."""
    for old in library.parent.glob(f"{library.name}*"):
        old.unlink()
    return library


def wait_until(is_so: Callable[[], bool], every_seconds: float = 0.1) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(every_seconds)


def _rest(library: Path, photos: Path, what: str, given: argparse.Namespace) -> Figures:
    with Daemon(library, photos, idle_seconds=2) as daemon:
        new = Pictures(given.seed).write(photos / f"new-{time.time_ns()}.jpg")
        _found(library, new)
        new.unlink()
        wait_until(lambda: not daemon.has_workers())
        time.sleep(5)
        cpu, wakes = daemon.cpu_seconds(), daemon.wakes()
        time.sleep(given.seconds)
        cpu, wakes = daemon.cpu_seconds() - cpu, daemon.wakes() - wakes
        sizes = {
            kind: sum(memory_bytes(pid, kind) for pid in daemon.family()) / 1e6 for kind in ("Rss", "Pss", "Private")
        }
        yield f"memory at rest, {what}: RSS, PSS, USS", "{Rss:.0f}, {Pss:.0f}, {Private:.0f} MB".format_map(sizes)
        yield f"processor at rest, {what}, {given.seconds:.0f} s", f"{100 * cpu / given.seconds:.2f} % of a core"
        yield f"wakes at rest, {what}", f"{wakes / given.seconds:.1f} a second"


def _found(library: Path, path: Path) -> float:
    """Wait until a photo is in the library; return the seconds from now."""
    start = time.perf_counter()
    query = "SELECT 1 FROM photos WHERE path_text LIKE ? AND indexed_at IS NOT NULL"
    with closing(sqlite3.connect(library)) as database:
        wait_until(lambda: bool(database.execute(query, (f"%{path.name}",)).fetchone()), POLL_SECONDS)
    return time.perf_counter() - start


def _count(library: Path, begin: str = "") -> int:
    with closing(sqlite3.connect(library)) as database:
        query = "SELECT count(*) FROM photos WHERE missing_since IS NULL AND path_text LIKE ?"
        count: int = database.execute(query, (f"{begin}%",)).fetchone()[0]
    return count


def main() -> None:
    """Measure all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20, help="photos that come one by one")
    parser.add_argument("--burst", type=int, default=10_000, help="photos that come at once")
    parser.add_argument("--known", type=int, default=100_000, help="photos in the large library")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the rest is watched")
    parser.add_argument("--seed", type=int, default=1)
    add_table_arguments(parser, PARTS)
    given = parser.parse_args()
    build_missing(EYES.specs(), EYES.folder)
    print_table(given, PARTS)


if __name__ == "__main__":
    main()
