"""Print what the worker processes cost, and what more of them bring: python tests/benchmarks/pool.py [--photos N]

The same code does the same photos in a bare loop in this process, in one worker, and in two, by turns; no library is
written. A ratio is of two runs that followed each other: other programs slow down both alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from photos import make_photos
from PIL import Image

from indexer.config import load
from indexer.intake.discover import stamp
from indexer.photo import PhotoFile
from indexer.pipeline.pool import Pool
from indexer.pipeline.worker import Limits, analyze_file
from indexer.vision.analyze import Analyzer, Eyes
from indexer.zoo.child import build_missing

CONFIG = load().config
EYES = Eyes(**CONFIG.eyes)
LIMITS = Limits(**CONFIG.limits)
DIFFERENT = 40  # files of 12 megapixels; they come again and again
SMALL_PX = (640, 480)


def bare(files: Sequence[PhotoFile], analyzer: Analyzer) -> float:
    """Return photos/s of a loop in this process."""
    start = time.perf_counter()
    for file in files:
        analyze_file(file, analyzer, LIMITS.pixels)
    return len(files) / (time.perf_counter() - start)


def pooled(files: Sequence[PhotoFile], pool: Pool) -> float:
    """Return photos/s of workers that have loaded their networks."""
    start = time.perf_counter()
    done = sum(map(len, pool.outcomes(files)))
    assert done == len(files)
    return done / (time.perf_counter() - start)


def _tell(what: str, first: Callable[[], float], second: Callable[[], float], rounds: int) -> None:
    """Run two things by turns; print the medians of both rates, and the median of second / first with its range."""
    rates = [(first(), second()) for _ in range(rounds)]
    ratios = [late / early for early, late in rates]
    early, late = (statistics.median(each) for each in zip(*rates, strict=True))
    ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
    print(f"| {what} | {early:.1f} and {late:.1f} photos/s: {ratio} |", flush=True)


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
    parser.add_argument("--photos", type=int, default=120, help="photos in a run")
    parser.add_argument("--rounds", type=int, default=9, help="runs of each kind")
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
