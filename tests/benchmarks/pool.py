"""Print what the worker processes cost, and what more of them bring: python tests/benchmarks/pool.py [--photos N]

The same code does the same photos in a bare loop in this process, in one worker, and in two, by turns; no library is
written. A ratio is of two runs that followed each other: other programs slow down both alike. What a photo takes of
the processor, workers and parent together, hardly depends on them at all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from memory import family
from photos import make_photos
from PIL import Image

from indexer.assemble import limits, model_set
from indexer.config.config import load
from indexer.intake.discover import stamp
from indexer.pipeline.workers.photo_pool import Pool
from indexer.pipeline.workers.tasks import analyze_file
from indexer.values.files import PhotoFile
from indexer.vision.analyze import Analyzer
from indexer.zoo.build.subprocess import build_missing

CONFIG = load().config
EYES = model_set(CONFIG)
LIMITS = limits(CONFIG)
DIFFERENT = 40  # files of 12 megapixels; they come again and again
SMALL_PX = (640, 480)


@dataclass(frozen=True)
class Speed:
    """rate: photos/s.  cpu: seconds of the processor a photo."""

    rate: float
    cpu: float


def bare(files: Sequence[PhotoFile], analyzer: Analyzer) -> Speed:
    """Do photos in a loop in this process."""
    return _measured(len(files), lambda: [analyze_file(file, analyzer, LIMITS.pixels) for file in files])


def pooled(files: Sequence[PhotoFile], pool: Pool) -> Speed:
    """Do photos on workers that have loaded their models."""
    return _measured(len(files), lambda: [outcome for done in pool.outcomes(files) for outcome in done])


def _measured(photos: int, work: Callable[[], Sequence[object]]) -> Speed:
    start, cpu = time.perf_counter(), _cpu_seconds()
    assert len(work()) == photos
    return Speed(photos / (time.perf_counter() - start), (_cpu_seconds() - cpu) / photos)


def _cpu_seconds() -> float:
    """Return what this process and its workers have taken of the processor."""
    times = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in family(os.getpid()))
    return sum(int(ticks) for each in times for ticks in each) / os.sysconf("SC_CLK_TCK")


def _tell(what: str, first: Callable[[], Speed], second: Callable[[], Speed], rounds: int) -> None:
    """Run two things by turns; print the medians of both, and the median of second / first with its range."""
    pairs = [(first(), second()) for _ in range(rounds)]
    for unit in ("rate", "cpu"):
        values = [(getattr(early, unit), getattr(late, unit)) for early, late in pairs]
        early, late = (statistics.median(each) for each in zip(*values, strict=True))
        ratios = [late / early for early, late in values]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        told = (
            f"{early:.1f} and {late:.1f} photos/s" if unit == "rate" else f"{early * 1000:.1f} and {late * 1000:.1f} ms"
        )
        name = what if unit == "rate" else "the same, processor time a photo"
        print(f"| {name} | {told}: {ratio} |", flush=True)


def _photos(folder: Path) -> dict[str, list[PhotoFile]]:
    large = make_photos(folder / "photos", DIFFERENT)
    small = [folder / "small" / path.name for path in large]
    (folder / "small").mkdir(exist_ok=True)
    for source, path in zip(large, small, strict=True):
        with Image.open(source) as picture:
            picture.draft("RGB", SMALL_PX)
            picture.resize(SMALL_PX).save(path, quality=85)
    return {"12 megapixels": list(map(stamp, large)), "0.3 megapixels": list(map(stamp, small))}


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=40, help="photos in a run")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each kind")
    parser.add_argument("--workers", type=int, default=2, help="workers to be compared with one")
    parser.add_argument("--folder", type=Path, help="keep photos here between runs")
    given = parser.parse_args()
    build_missing(EYES.specs(), EYES.folder)
    analyzer = Analyzer.open(EYES, threads=1)
    with (
        tempfile.TemporaryDirectory() as temporary,
        Pool(EYES, LIMITS, 1) as one,
        Pool(EYES, LIMITS, given.workers) as more,
    ):
        print("| what | figure |\n|---|---|")
        for what, different in _photos(given.folder or Path(temporary)).items():
            files = list(islice(cycle(different), given.photos))
            loop, single, several = (
                partial(bare, files, analyzer),
                partial(pooled, files, one),
                partial(pooled, files, more),
            )
            for each in (loop, single, several):
                each()
            _tell(f"bare loop and 1 worker, {what}", loop, single, given.rounds)
            _tell(f"1 and {given.workers} workers, {what}", single, several, given.rounds)


if __name__ == "__main__":
    main()
