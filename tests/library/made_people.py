"""Photos whose faces are of known people."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from made_photos import made_analysis

from indexer.geometry import Box
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.store import Library
from indexer.values.analysis import Descriptor, Face
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Indexed

MODEL = "describer-33333333"
LIMITS = {"distance": 0.4, "min_quality": 0.5}


def photo_of(path: Path, *people: int, seed: int = 0, quality: float = 0.9, model: str = MODEL) -> Indexed:
    """Return a photo that shows people, from left to right; the same seed gives the same bytes of it."""
    name = f"{path.name} {seed}"
    faces = tuple(_face(person, number, name, quality, model) for number, person in enumerate(people))
    analysis = made_analysis(seed, faces=0)
    content = hashlib.sha256(name.encode()).digest()
    hashes = replace(analysis.hashes, content=content)
    return Indexed(PhotoFile(path, 1000, seed + 1), replace(analysis, faces=faces, hashes=hashes))


def add(library: Library, *photos: Indexed) -> None:
    """Store photos."""
    record_outcomes(library, photos)


def _face(person: int, number: int, name: str, quality: float, model: str) -> Face:
    (face,) = made_analysis(1, faces=1).faces
    seed = int.from_bytes(hashlib.sha256(f"{name} {number}".encode()).digest()[:4])
    center = np.random.default_rng(person).normal(0, 0.1, 128)
    vector = center + np.random.default_rng(seed).normal(0, 0.02, 128)
    return replace(face, box=Box(number / 10, 0.2, 0.08, 0.1), quality=quality, descriptor=Descriptor.of(model, vector))
