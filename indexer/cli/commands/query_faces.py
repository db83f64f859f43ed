"""Pictures anywhere on the disk flow in; the faces that are looked for flow out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cli.session import Session
from indexer.errors import PhotoError

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.pipeline.predict.query_faces import QueryFace
    from indexer.vision.faces.reader import FaceReader


def query_faces(session: Session, files: Sequence[Path]) -> list[list[QueryFace]]:
    """Return the faces of each picture, from left to right. Errors: PhotoError where one has none."""
    config = session.settings().config
    reader = _face_reader(session, config)
    return [_faces(reader, file, config) for file in files]


def _face_reader(session: Session, config: Config) -> FaceReader:
    from indexer.cli.ensure import ensure_built
    from indexer.vision.faces.reader import FaceReader
    from indexer.vision.model_set import Eyes

    eyes = Eyes(**config.eyes)
    ensure_built(session, config, eyes.specs()[1:])
    return FaceReader.open(eyes, threads=config.worker_count)


def _faces(reader: FaceReader, file: Path, config: Config) -> list[QueryFace]:
    from indexer.pipeline.predict import query_faces
    from indexer.pipeline.workers.tasks import read_faces

    found = read_faces(file, reader, config.max_pixels)
    if not found:
        raise PhotoError(file, "detect", "no face was found in it")
    return query_faces.query_faces(file, found)
