"""Prediction tasks that run in a server's worker processes.

The first task that needs models loads them, once a process; thumbnails need none. slot: where a task notes its
stage, in case it crashes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from indexer.errors import IndexerError, ModelError
from indexer.geometry import Box
from indexer.intake import thumbnail
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.pipeline.predict.predict import Prediction, Predictor
from indexer.pipeline.workers.tasks import Limits, enter, hold_memory, read_faces
from indexer.values.analysis import Face
from indexer.vision.faces.reader import FaceReader
from indexer.vision.model_set import SCENE, ModelSet
from indexer.vision.runtime import open_model
from indexer.vision.tags.vocabulary import Vocabulary

Loaded = TypeVar("Loaded")


def classify(model_set: ModelSet, limits: Limits, file: Path, with_faces: bool, slot: int) -> Prediction:
    """Return the predictions of classifiers and object detectors. Errors: PhotoError, MemoryError, ModelError.

    with_faces: detect faces, too, for the tags that they give.
    """
    found = faces(model_set, limits, file, slot) if with_faces else ()
    predictor = _predictor(model_set, limits.memory_bytes)
    enter(slot, "decode")
    with open_original(stamp(file), limits.pixels) as original:
        picture = original.picture(predictor.long_side_px)
    enter(slot, "analyze")
    return predictor.see(file, picture, found)


def vector(model_set: ModelSet, limits: Limits, file: Path, slot: int) -> bytes:
    """Return the embedding of a picture. Errors: as of `classify`."""
    predictor = _predictor(model_set, limits.memory_bytes)
    enter(slot, "decode")
    with open_original(stamp(file), limits.pixels) as original:
        picture = original.picture(predictor.long_side_px)
    enter(slot, "analyze")
    return predictor.vector(picture)


def faces(model_set: ModelSet, limits: Limits, file: Path, slot: int) -> tuple[Face, ...]:
    """Detect and describe the faces. Errors: as of `classify`."""
    reader = _face_reader(model_set, limits.memory_bytes)
    enter(slot, "analyze")
    return read_faces(file, reader, limits.pixels)


def small(limits: Limits, file: Path, side_px: int, content: bytes | None, slot: int) -> bytes:
    """Make a thumbnail. Errors: PhotoError, MemoryError."""
    _hold_memory(limits.memory_bytes)
    enter(slot, "decode")
    return thumbnail.thumbnail(file, side_px, limits.pixels, content)


def face(limits: Limits, file: Path, box: Box, side_px: int, content: bytes | None, slot: int) -> bytes:
    """Make a thumbnail of a face. Errors: PhotoError, MemoryError."""
    _hold_memory(limits.memory_bytes)
    enter(slot, "decode")
    return thumbnail.face_chip(file, box, side_px, limits.pixels, content)


@lru_cache(maxsize=1)
def _hold_memory(memory_bytes: int) -> None:
    hold_memory(memory_bytes)


@lru_cache(maxsize=1)
def _predictor(model_set: ModelSet, memory_bytes: int) -> Predictor:
    def load() -> Predictor:
        specs = [spec for spec in model_set.specs() if spec.role in SCENE]
        vocabulary = Vocabulary.load(rules=model_set.rules)
        return Predictor(
            [open_model(spec, model_set.folder, model_set.runtime, 1) for spec in specs], lambda: vocabulary
        )

    return _loaded(load, model_set.classifier, memory_bytes)


@lru_cache(maxsize=1)
def _face_reader(model_set: ModelSet, memory_bytes: int) -> FaceReader:
    return _loaded(lambda: FaceReader.open(model_set), model_set.detector or "", memory_bytes)


def _loaded(load: Callable[[], Loaded], name: str, memory_bytes: int) -> Loaded:
    """Load models, whatever memory they take. Errors: ModelError."""
    hold_memory(None)
    try:
        return load()
    except IndexerError:
        raise
    except Exception as error:  # whatever a runtime raises
        raise ModelError(name, f"cannot be loaded: {error}") from error
    finally:
        hold_memory(memory_bytes)
        _hold_memory(memory_bytes)
