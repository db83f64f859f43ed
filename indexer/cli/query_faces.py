"""Pictures anywhere on the disk flow in; the faces that are looked for flow out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cli.session import Session
from indexer.errors import PhotoError
from indexer.photo import Descriptor, Face

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.vision.face_reader import FaceReader


@dataclass(frozen=True, slots=True)
class QueryFace:
    """A face of a query picture, counted from 1 from left to right."""

    path: Path
    number: int
    face: Face
    descriptor: Descriptor


def query_faces(session: Session, files: Sequence[Path]) -> list[list[QueryFace]]:
    """Return the faces of each picture, from left to right. Errors: PhotoError where one has none."""
    config = session.settings().config
    reader = _face_reader(session, config)
    return [_faces(reader, file, config) for file in files]


def of_one_person(pictures: Sequence[Sequence[QueryFace]]) -> list[QueryFace]:
    """Return from each picture the face that is most alike to the faces of the others.

    The first picture with the fewest faces leads: its face whose likenesses in all others are nearest is the person.
    """
    leading = min(pictures, key=len)
    chosen = [[_nearest(leader, faces) for faces in pictures] for leader in leading]
    return min(chosen, key=_spread)


def _nearest(leader: QueryFace, faces: Sequence[QueryFace]) -> QueryFace:
    return min(faces, key=lambda face: _distance(leader, face))


def _spread(faces: Sequence[QueryFace]) -> float:
    """Return the sum of all distances between faces."""
    return sum(_distance(one, two) for one in faces for two in faces)


def _distance(one: QueryFace, two: QueryFace) -> float:
    import numpy as np

    return float(np.linalg.norm(one.descriptor.vector - two.descriptor.vector))


def _face_reader(session: Session, config: Config) -> FaceReader:
    from indexer.cli.ensure import ensure_built
    from indexer.vision.eyes import Eyes
    from indexer.vision.face_reader import FaceReader

    eyes = Eyes(**config.eyes)
    ensure_built(session, config, eyes.specs()[1:])
    return FaceReader.open(eyes, threads=config.worker_count)


def _faces(reader: FaceReader, file: Path, config: Config) -> list[QueryFace]:
    from indexer.pipeline.worker import read_faces

    found = sorted(read_faces(file, reader, config.max_pixels), key=lambda each: (each.box.left, each.box.top))
    if not found:
        raise PhotoError(file, "detect", "no face was found in it")
    return [QueryFace(file, number, face, face.descriptor) for number, face in enumerate(found, 1) if face.descriptor]
