"""Measure the library on this machine: python tests/benchmarks/library.py [--photos 100000] [--file FILE]

A library of made-up photos (8 tags, one face each, 1280 pooled features) is written through the real store,
then asked. Prints one line a figure.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from indexer.geometry import Box, Point
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes, store_classes
from indexer.library.people.similar_faces import similar_faces
from indexer.library.query.ast import And, Number, Term
from indexer.library.query.evidence import with_evidence
from indexer.library.report import status, tag_counts
from indexer.library.roots import add_root
from indexer.library.search.search import by_keywords, by_query, nearest_words
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Descriptor, Evidence, Face, Tag
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed
from indexer.values.outputs import Doubt, ModelOutputs

CLASSIFIER, DETECTOR, DESCRIBER = (
    "made-up-classifier-00000000",
    "made-up-detector-00000000",
    "made-up-describer-00000000",
)
FINDER = "made-up-finder-00000000"
WORDS = ["animal", "dog", "terrier", *(f"word {number}" for number in range(997))]
SHARES = 1 / np.arange(3, len(WORDS) + 3)  # a few words are on many photos, most on few
SHARES /= SHARES.sum()
TAGS = 8
BATCH = 64
ROOT = Path("/made-up/photos")


def make_library(path: Path, photos: int, seed: int = 0) -> float:
    """Write a library of made-up photos; return the seconds that it took."""
    random = np.random.default_rng(seed)
    outcomes = (_photo(number, random) for number in range(photos))
    with Library.open(path) as library:
        add_root(library, ROOT)
        store_classes(library, CLASSIFIER, [f"class {number}" for number in range(1000)])
        seconds = 0.0
        while batch := list(islice(outcomes, BATCH)):
            start = perf_counter()
            record_outcomes(library, batch)
            seconds += perf_counter() - start
    return seconds


def _photo(number: int, random: np.random.Generator) -> Indexed:
    file = PhotoFile(ROOT / f"{2000 + number // 5000}" / f"IMG_{number:07}.jpg", 2_000_000 + number, number * 10**9)
    scores = np.sort(random.uniform(0.3, 1, TAGS))[::-1]
    evidence = random.integers(0, 65536, (30, 3), np.uint16) % np.array([9, 1000, 65535], np.uint16)
    things = random.integers(0, 65536, (22, 3), np.uint16) % np.array([1, 80, 65535], np.uint16)
    left, top, x, y = random.uniform(0, 0.8, 4)
    face = Face(
        box=Box(left, top, 0.1, 0.15),
        score=0.98,
        quality=float(random.uniform(0, 1)),
        landmarks=tuple(Point(x + step / 100, y) for step in range(5)),
        descriptor=Descriptor.of(DESCRIBER, random.normal(0, 0.09, 128)),
    )
    return Indexed(
        file,
        Analysis(
            metadata=Metadata("JPEG", 4000, 3000, taken_at=_taken_at(number), taken_from="exif:DateTimeOriginal"),
            hashes=Hashes(hashlib.sha256(str(number).encode()).digest(), random.bytes(8)),
            look=PixelStats(*random.uniform(0, 1, 4)),
            evidence=(Evidence(CLASSIFIER, evidence.astype("<u2").tobytes()),),
            tags=tuple(
                Tag(WORDS[word], float(score), f"class {word}")
                for word, score in zip(random.choice(len(WORDS), TAGS, False, SHARES), scores, strict=True)
            ),
            faces=(face,),
            vector=random.bytes(2560),
            models=(CLASSIFIER, FINDER, DETECTOR, DESCRIBER),
            object_scores=(Evidence(FINDER, things.astype("<u2").tobytes()),),
        ),
    )


def _taken_at(number: int) -> str:
    """Return a moment in one of twenty years, 5,000 photos a year."""
    return (datetime(2000, 1, 1) + timedelta(minutes=105 * number)).isoformat()


def measure(path: Path) -> Iterator[tuple[str, str]]:
    """Ask the library; yield (what, figure)."""
    with Library.open(path, read_only=True) as library:
        counts = status(library)
        yield "photos / faces / words", f"{counts.photos:,} / {counts.faces:,} / {counts.tags:,}"
        yield "file", f"{counts.file_bytes / 1e6:,.0f} MB, {counts.file_bytes / counts.photos:,.0f} bytes a photo"
        yield "known stamps of all photos", _ms(lambda: file_states(library, [ROOT]))
        for words in (["dog"], ["animal", "dog"], ["word 500"]):
            yield f"search {' + '.join(words)}, 50 best", _ms(partial(by_keywords, library, words, limit=50))
        yield (
            "search dog or terrier, 50 best",
            _ms(lambda: by_keywords(library, ["dog", "terrier"], any_word=True, limit=50)),
        )
        yield "search dog, all", _ms(lambda: by_keywords(library, ["dog"]))
        yield "less sure matches, a word of a classifier", _ms(partial(_less_sure, library, (_SAID,)))
        yield "less sure matches, an animal of both models", _ms(partial(_less_sure, library, (_SAID, _SEEN)))
        yield "nearest words", _ms(lambda: nearest_words(library, "terier"))
        yield "words and counts", _ms(lambda: tag_counts(library))
        yield "status", _ms(lambda: status(library))
        yield "similar faces, matrix in memory", _ms(lambda: similar_faces(library, _face(), limit=50))
    yield "similar faces, first time", _ms(lambda: _first_faces(path))
    yield "whole process: Python, import, search dog", _ms(lambda: _process(path, _SEARCH))
    yield "whole process: Python, import, similar faces", _ms(lambda: _process(path, _FACES))


_DOUBT = Doubt(CLASSIFIER, frozenset(range(120)), frozenset(range(398)), True, 0.5, 0.1)
_SAID = ModelOutputs(CLASSIFIER, frozenset(range(120)), 0.5)  # as many classes as dogs have
_SEEN = ModelOutputs(FINDER, frozenset([16]), 0.5, False, of_objects=True, doubts=(_DOUBT,))


def _less_sure(library: Library, outputs: tuple[ModelOutputs, ...]) -> None:
    query = with_evidence(And((Term("dog"), Number("score", 0.0, None))), lambda _: outputs)
    assert len(by_query(library, query, limit=50)) == 50


def _first_faces(path: Path) -> None:
    with Library.open(path, read_only=True) as library:
        similar_faces(library, _face(), limit=50)


def _face() -> Descriptor:
    return Descriptor.of(DESCRIBER, np.random.default_rng(7).normal(0, 0.045, 128))


_SEARCH = """
from indexer.library.store import Library
from indexer.library.search.search import by_keywords
with Library.open(path, read_only=True) as library:
    assert by_keywords(library, ["dog"], limit=50)
"""
_FACES = f"""
from indexer.library.store import Library
from indexer.library.people.similar_faces import similar_faces
from indexer.values.analysis import Descriptor
with Library.open(path, read_only=True) as library:
    similar_faces(library, Descriptor("{DESCRIBER}", bytes(512)), limit=50, threshold=0.9)
"""


def _process(path: Path, script: str) -> None:
    start = "import sys; from pathlib import Path; path = Path(sys.argv[1])\n"
    subprocess.run([sys.executable, "-c", start + script, path], check=True)


def _ms(work: Callable[[], object], rounds: int = 5) -> str:
    work()
    times = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return f"{median(times) * 1000:.1f} ms"


def main() -> None:
    """Make the library where it is not there, and print what it does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--file", type=Path, help="keep the library here, and use it again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder) / "library.sqlite"
        if not path.exists():
            seconds = make_library(path, arguments.photos)
            print(f"{'written in batches of 64':45} {arguments.photos / seconds:,.0f} photos/s")
        for what, figure in measure(path):
            print(f"{what:45} {figure}")


if __name__ == "__main__":
    main()
