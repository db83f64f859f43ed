"""Made-up outcomes and a canonical dump, for the tests of this room and the processes that they start."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from indexer.geometry import Box, Point
from indexer.library.indexing.files import file_states
from indexer.library.report import details
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Descriptor, Evidence, Face, Object, Tag
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed, Moved

ROOT = Path("/photos")
EYES = ("classifier-11111111", "detector-22222222", "describer-33333333")


def made_analysis(
    seed: int, tags: Iterable[tuple[str, float]] = (), faces: int = 1, model_set: tuple[str, ...] = EYES
) -> Analysis:
    """Return an analysis that only the arguments determine."""
    random = np.random.default_rng(seed)
    return Analysis(
        metadata=Metadata("JPEG", 40 + seed, 30, camera_make=None if seed % 2 else "Nikon", latitude=seed / 7),
        hashes=Hashes(hashlib.sha256(str(seed).encode()).digest(), random.bytes(8)),
        look=PixelStats(*random.uniform(0, 1, 4)),
        evidence=(Evidence.of(model_set[0], random.uniform(0, 1, (2, 5)).astype(np.float32), 0.2),),
        tags=tuple(Tag(name, score, f"class of {name}") for name, score in tags),
        faces=tuple(_face(random, model_set[-1], left=number / faces) for number in range(faces)),
        vector=random.bytes(16),
        models=model_set,
        objects=tuple(_object(seed, number) for number in range(seed % 3)),
        object_scores=tuple(_object_scores(seed, number) for number in range(seed % 3)),
    )


def made_photo(path: Path, seed: int = 0, tags: Iterable[tuple[str, float]] = (), faces: int = 1) -> Indexed:
    """Return the outcome of a photo whose stamp and analysis only the arguments determine."""
    return Indexed(PhotoFile(path, 1000 + seed, seed * 10**9 + 1), made_analysis(seed, tags, faces))


def moved(library: Library, file: PhotoFile, old_path: Path, *, gone: bool) -> Moved:
    """Return the outcome of a file that has the bytes of a photo of the library; of none where it knows none."""
    known = details(library, old_path)
    return Moved(file, old_path, known.number if known else 0, gone)


def dump(library: Library) -> dict[Path, Any]:
    """Return everything that the library holds but row ids and times, by path."""
    return {
        path: (seen.file, seen.analysis, seen.failure, seen.missing_since is not None)
        for path in sorted(file_states(library))
        if (seen := details(library, path)) is not None
    }


def faults(path: Path) -> list[Any]:
    """Return what SQLite finds wrong with a library file, and rows that hang on nothing."""
    with closing(sqlite3.connect(path)) as connection:
        integrity = [row for row in connection.execute("PRAGMA integrity_check") if row != ("ok",)]
        return integrity + connection.execute("PRAGMA foreign_key_check").fetchall()


def _object(seed: int, number: int) -> Object:
    return Object(number, 0.9 - number / 4, Box(0.1, 0.2, 0.3, 0.01 * (1 + seed % 50)), f"finder-4444444{number}")


def _object_scores(seed: int, number: int) -> Evidence:
    scores = np.random.default_rng([seed, number]).uniform(0, 1, (1, 5)).astype(np.float32)
    return Evidence.of(f"finder-4444444{number}", scores, 0.2)


def _face(random: np.random.Generator, model: str, left: float) -> Face:
    top, score, quality = random.uniform(0, 1, 3)
    points = tuple(Point(x, y) for x, y in random.uniform(0, 1, (5, 2)).tolist())
    vector = random.normal(0, 0.09, 128)
    return Face(Box(left, top, 0.01, 0.02), score, quality, points, Descriptor.of(model, vector))
