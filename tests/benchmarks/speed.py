"""Print docs/measurements/performance.md for this machine: python tests/benchmarks/speed.py [--folder KEEP] [PART …]

Everything is measured as a user meets it: whole processes of the installed program, on photos of 12 megapixels and a
library of 100,000. Without --folder all is made anew in a temporary folder (about 1 GB, some minutes).
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import distribution
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from library import CLASSIFIER, DESCRIBER, DETECTOR, ROOT, make_library
from memory import peak_bytes
from parts import TablePart, add_table_arguments, print_table
from photos import make_photos, sample
from PIL import Image

from indexer.assemble import model_set
from indexer.config.config import load
from indexer.vision.preprocess import tensor
from indexer.vision.runtime import Model, open_model
from indexer.zoo.build.subprocess import build_missing

CONFIG = load().config
EYES = model_set(CONFIG)
DECODED_PX = 1000  # the long side that a scan asks for: a quarter of 4000
Figures = Iterator[tuple[str, str]]


def scan(folder: Path, given: argparse.Namespace) -> Figures:
    """Scan new photos with all three models, beside decoding them and nothing else, in one run."""
    paths = make_photos(folder / "photos", given.photos)
    workers = given.workers or CONFIG.worker_count
    floor = _decode_rate(paths, workers)
    library = _fresh(folder / "scan.sqlite")
    arguments = ("scan", folder / "photos", "--json", "--workers", workers)
    process = subprocess.Popen(_command(library, *arguments), stdout=subprocess.PIPE, text=True)
    peak = peak_bytes(process)
    told = json.loads(process.communicate()[0].splitlines()[-1])
    rate = told["indexed"] / told["seconds"]
    yield (
        f"decode only: {len(paths)} photos of 12 megapixels at 1/4 scale, {workers} processes",
        f"{floor:.1f} photos/s",
    )
    yield f"scan, all three models, {workers} workers", f"{rate:.1f} photos/s"
    yield "scan / decode only", f"{rate / floor:.2f}"
    yield "peak memory of the whole scan", f"{peak / 1e6:.0f} MB"


def search(folder: Path, given: argparse.Namespace) -> Figures:
    """Ask a library of many photos, as whole processes."""
    library = large_library(folder, given.known)
    face = sample("astronaut")
    yield f"search --keyword dog, {given.known:,} photos", _process(library, "search", "--keyword", "dog")
    yield f"similar-faces face.jpg, {given.known:,} faces", _process(library, "similar-faces", face)


def rescan(folder: Path, given: argparse.Namespace) -> Figures:
    """Scan a large library again when nothing has changed."""
    library = large_library(folder, given.known)
    files = folder / "known"
    if not files.exists():
        make_files(files, given.known)
    subprocess.run(_command(library, "relocate", ROOT, files), capture_output=True, check=False)
    told = json.loads(subprocess.check_output(_command(library, "scan", files, "--json")))
    assert told["unchanged"] == given.known, told
    yield f"scan again, nothing changed, {given.known:,} photos", _process(library, "scan", files, "--json")


def descriptors(_folder: Path, _given: argparse.Namespace) -> Figures:
    """Describe a face with our network in LiteRT and with dlib's own library, in one process."""
    import dlib

    weights = distribution("face-recognition-models").locate_file(
        "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
    )
    theirs, spec = dlib.face_recognition_model_v1(str(weights)), EYES.specs()[2]
    chip = np.asarray(Image.open(sample("astronaut")).convert("RGB").crop((165, 50, 285, 170)).resize((150, 150)))
    slow = _seconds(lambda: theirs.compute_face_descriptor(chip))
    time.sleep(1)  # the threads of dlib's matrix library look for work for a while
    yield "descriptor of a face, dlib's own library", f"{slow * 1000:.1f} ms"
    for threads in sorted({1, CONFIG.worker_count}):
        fast = _seconds(partial(_describe, open_model(spec, EYES.folder, "litert", threads), chip))
        yield f"the same, ours on {threads} cores", f"{fast * 1000:.1f} ms: {slow / fast:.1f} times faster"


PARTS: dict[str, TablePart] = {each.__name__: each for each in (scan, search, rescan, descriptors)}


def _describe(model: Model, chip: np.ndarray) -> None:
    model.run(tensor(chip, model.spec))


def _command(library: Path, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "indexer", *map(str, arguments), "--library", str(library)]


def _process(library: Path, *arguments: object, rounds: int = 7) -> str:
    """Run a command several times; return the median of its time, and the range."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(_command(library, *arguments), capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return f"{statistics.median(times):.2f} s ({min(times):.2f}–{max(times):.2f})"


def _seconds(work: Callable[[], object], rounds: int = 15) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _decode_rate(paths: list[Path], workers: int) -> float:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(_decode, paths[: workers * 2]))  # the processes are there before the clock runs
        start = time.perf_counter()
        list(pool.map(_decode, paths))
        return len(paths) / (time.perf_counter() - start)


def _decode(path: Path) -> None:
    with Image.open(path) as image:
        image.draft("RGB", (DECODED_PX, DECODED_PX * 3 // 4))
        image.load()


def _fresh(library: Path) -> Path:
    for old in library.parent.glob(f"{library.name}*"):
        old.unlink()
    return library


def large_library(folder: Path, photos: int) -> Path:
    """Make a library of made-up photos as if the default models had seen them."""
    library = folder / f"known-{photos}.sqlite"
    if not library.exists():
        make_library(library, photos)
        names = dict(zip((CLASSIFIER, DETECTOR, DESCRIBER), (spec.id for spec in EYES.specs()), strict=True))
        with sqlite3.connect(library) as database:
            for old, new in names.items():
                database.execute("UPDATE models SET name = ? WHERE name = ?", (new, old))
                database.execute("UPDATE model_sets SET name = replace(name, ?, ?)", (old, new))
        database.close()
    return library


def make_files(folder: Path, photos: int) -> None:
    """Make files with the stamps of the made-up photos; they hold nothing but holes."""
    for number in range(photos):
        path = folder / f"{2000 + number // 5000}" / f"IMG_{number:07}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.truncate(path, 2_000_000 + number)
        os.utime(path, ns=(number * 10**9, number * 10**9))


def main() -> None:
    """Measure all parts, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=300, help="photos to scan")
    parser.add_argument("--known", type=int, default=100_000, help="photos in the large library")
    parser.add_argument("--workers", type=int, default=0, help="worker processes; 0: one a core")
    add_table_arguments(parser, PARTS)
    given = parser.parse_args()
    build_missing(EYES.specs(), EYES.folder)
    print_table(given, PARTS)


if __name__ == "__main__":
    main()
