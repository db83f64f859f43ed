"""Prediction tasks that run in a server's worker processes.

The first task that needs models loads them, once a process; thumbnails need none. slot: where a task notes its
stage, in case it crashes.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from indexer.geometry import Box
from indexer.intake import thumbnail
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.pipeline.predict.predict import Prediction, Predictor
from indexer.pipeline.workers.tasks import Limits, enter, hold_memory, load_models, read_faces
from indexer.values.analysis import Face
from indexer.vision.analyze import run_model
from indexer.vision.model_set import ModelSet


def classify(model_set: ModelSet, limits: Limits, file: Path, with_faces: bool, slot: int) -> Prediction:
    """Return the predictions of classifiers and object detectors. Errors: PhotoError, MemoryError, ModelError.

    with_faces: detect faces, too, for the tags that they give.
    """
    predictor = Predictor(load_models(model_set, limits))
    return predictor.predict_file(file, limits.pixels, partial(enter, slot), with_faces=with_faces)


def vector(model_set: ModelSet, limits: Limits, file: Path, slot: int) -> bytes:
    """Return the embedding of a picture by the default classifier. Errors: as of `classify`."""
    analyzer = load_models(model_set, limits)
    enter(slot, "decode")
    with open_original(stamp(file), limits.pixels) as original:
        picture = original.picture(analyzer.long_side_px)
    enter(slot, "analyze")
    return run_model(analyzer.scene[0], picture).embedding


def faces(model_set: ModelSet, limits: Limits, file: Path, slot: int) -> tuple[Face, ...]:
    """Detect and describe the faces. Errors: as of `classify`."""
    reader = load_models(model_set, limits).face_reader
    assert reader is not None
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
