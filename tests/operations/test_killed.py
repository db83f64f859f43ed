"""kill -9 at any moment costs a few seconds of work: never the library, never a photo, never a process left behind.

The long form is 100 rounds: pytest -n 0 -m long -s tests/operations/test_killed.py
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from contents import content, failed, faults, stored
from crops import Crops
from opened import Opened
from running import Program, Running, is_alive, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PHOTOS = 240
WAYS = ("whole group", "parent alone", "a worker alone")
REDONE_SECONDS = 6.0  # a batch waits for two, and is stored after the photos that were under way
LEFT_SECONDS = 5.0
ROUNDS = [pytest.param(2, id="short"), pytest.param(50, id="long", marks=pytest.mark.long)]


@dataclass
class Toll:
    """What kills have cost."""

    ways: Counter[str] = field(default_factory=Counter)
    photos: list[int] = field(default_factory=list)  # opened, but not stored when the kill came
    seconds: list[float] = field(default_factory=list)  # since the first of them was opened
    failed: int = 0

    @property
    def rounds(self) -> int:
        return self.ways.total()

    @property
    def next_way(self) -> str:
        return WAYS[self.rounds % len(WAYS)]

    def add(self, way: str, opened: dict[Path, float], library: Path, killed_at: float) -> None:
        self.ways[way] += 1
        if way == WAYS[2]:
            return
        known = stored(library)
        lost = [opened[path] for path in opened if path.exists() and known.get(path) != _stamp(path)]
        self.photos.append(len(lost))
        self.seconds.append(max(0.0, killed_at - min(lost, default=killed_at)))
        assert self.seconds[-1] < REDONE_SECONDS, f"{len(lost)} photos of {self.seconds[-1]:.1f} s are lost"

    def lose(self, photos: int) -> None:
        """Take in that so many photos failed more than before a worker was killed."""
        assert photos <= 1
        self.failed += max(0, photos)

    def __str__(self) -> str:
        ways = ", ".join(f"{way} {number}" for way, number in sorted(self.ways.items()))
        photos, seconds = self.photos, self.seconds
        return (
            f"{self.rounds} kills ({ways}); work done again after a kill: photos {statistics.median(photos):g} "
            f"(at most {max(photos)}), seconds {statistics.median(seconds):.1f} (at most {max(seconds):.1f}); "
            f"photos that failed with a worker: {self.failed}"
        )


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_scan_that_is_killed_again_and_again_ends_as_if_nothing_had_happened(
    rounds: int, crops: Crops, models: Path, tmp_path: Path
) -> None:
    random = _random()
    photos = tmp_path / "photos"
    crops.fill(photos, PHOTOS, random)
    Program(tmp_path, models, tmp_path / "undisturbed.sqlite").scan(photos)
    undisturbed = content(tmp_path / "undisturbed.sqlite")
    assert len(undisturbed) == PHOTOS
    toll, laps = Toll(), 0
    while toll.rounds < rounds:
        laps += 1
        program = Program(tmp_path, models, tmp_path / f"{laps}.sqlite")
        while toll.rounds < rounds and len(stored(program.library)) < PHOTOS:
            _kill_scan(random, program, photos, toll)
        program.scan(photos, "--retry-failed")
        assert content(program.library) == undisturbed
    print(f"\nscan: {toll}; {laps} libraries of {PHOTOS} photos, each equal to an undisturbed one")


@pytest.mark.long
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_daemon_that_is_killed_again_and_again_ends_with_the_library_of_a_fresh_scan(
    rounds: int, crops: Crops, models: Path, tmp_path: Path
) -> None:
    random = _random()
    program = Program(tmp_path, models, tmp_path / "library.sqlite")
    folder = Busy(tmp_path / "photos", crops, random)
    folder.grow(80)
    toll = Toll()
    while toll.rounds < rounds:
        _kill_daemon(random, program, folder, toll)
    with program.running("watch", folder.path, settle_seconds=0.5) as daemon:
        assert wait_until(lambda: daemon.is_watching(program.library) and stored(program.library) == folder.stamps())
        assert daemon.stop() == 0
    assert failed(program.library) <= toll.failed
    program.scan(folder.path, "--retry-failed")
    assert faults(program.library) == []
    fresh = Program(tmp_path, models, tmp_path / "fresh.sqlite")
    fresh.scan(folder.path)
    assert content(program.library) == content(fresh.library)
    print(f"\ndaemon: {toll}; {folder.done} files added, moved or deleted; {len(folder.stamps())} photos at the end")


class Busy:
    """A folder of photos in which something happens all the time."""

    def __init__(self, path: Path, crops: Crops, random: Random) -> None:
        self.path = path
        self.done = 0
        self._crops, self._random = crops, random
        self._folders = [path / name for name in ("2023", "2024", "2024/trip", "from phone")]
        for each in self._folders:
            each.mkdir(parents=True)

    def grow(self, count: int) -> None:
        """Add photos: some appear at once, some are still being written for a moment."""
        for _ in range(count):
            self.done += 1
            path = self._random.choice(self._folders) / f"{self.done:05}.jpg"
            path.write_bytes(self._crops.jpeg(self._random))

    def shift(self, count: int) -> None:
        """Move or delete photos."""
        for path in self._random.sample(sorted(self.stamps()), count):
            self.done += 1
            if self._random.random() < 0.4:
                path.unlink()
            else:
                path.rename(self._random.choice(self._folders) / f"{self.done:05}.jpg")

    def stamps(self) -> dict[Path, tuple[int, int]]:
        """Return the stamps of all photos."""
        return {path: _stamp(path) for path in self.path.rglob("*.jpg")}


def _kill_scan(random: Random, program: Program, photos: Path, toll: Toll) -> None:
    """Begin a scan and kill it, or a worker, at a random moment; nothing counts where it was over before."""
    way, before = toll.next_way, failed(program.library)
    with Opened(photos) as opened, program.running("scan", photos) as scan:
        if wait_until(scan.has_ended, random.uniform(0.1, 3)):
            return
        killed_at = _kill(random, way, scan)
        if killed_at is None:
            return
        if way == WAYS[2]:
            assert scan.wait() in (0, 7)
            toll.lose(failed(program.library) - before)
    _check(program, way, dict(opened.times), killed_at, toll)


def _kill_daemon(random: Random, program: Program, folder: Busy, toll: Toll) -> None:
    """Let a daemon follow a folder in which something happens, and kill it, or a worker, at a random moment."""
    way, before = toll.next_way, failed(program.library)
    with Opened(folder.path) as opened, program.running("watch", folder.path, settle_seconds=0.5) as daemon:
        end = time.monotonic() + random.uniform(0.5, 6)
        while time.monotonic() < end:
            folder.grow(random.randint(0, 12))
            folder.shift(random.randint(0, 4))
            assert not wait_until(daemon.has_ended, random.uniform(0, 0.4))
        if way == WAYS[2] and not wait_until(lambda: bool(daemon.workers()), 5):
            return
        killed_at = _kill(random, way, daemon)
        if killed_at is None:
            return
        if way == WAYS[2]:
            assert wait_until(lambda: stored(program.library) == folder.stamps())
            assert daemon.stop() == 0
            toll.lose(failed(program.library) - before)
    _check(program, way, dict(opened.times), killed_at, toll)


def _kill(random: Random, way: str, running: Running) -> float | None:
    """Kill; return when, None where there was nothing to kill."""
    family = running.family()
    if way == WAYS[0]:
        running.kill()
    elif way == WAYS[1]:
        running.kill_parent()
    elif workers := running.workers():
        os.kill(random.choice(workers), signal.SIGKILL)
        return time.monotonic()
    else:
        return None
    killed_at = time.monotonic()
    assert wait_until(lambda: not any(map(is_alive, family)), LEFT_SECONDS), "a process is left behind"
    return killed_at


def _check(program: Program, way: str, opened: dict[Path, float], killed_at: float, toll: Toll) -> None:
    if not program.library.exists():
        return
    assert faults(program.library) == []
    toll.add(way, opened, program.library, killed_at)


def _random() -> Random:
    seed = int(os.environ.get("INDEXER_TEST_SEED", "3"))
    print(f"\nINDEXER_TEST_SEED={seed}")
    return Random(seed)


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
