"""A face of the library flows in, and those that are like it; a JSON object flows out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from indexer.records.look import AlikeRecord
from indexer.records.plain import BoxRecord, PhotoPathRecord, box_record, path_record, rounded

if TYPE_CHECKING:
    from indexer.library.people.people import PlacedFace
    from indexer.vision.spec import ModelSpec


class LikeFaceRecord(PhotoPathRecord):
    """A face of the library, its place from the left, whose it is, and the others that are like it, nearest first.

    poor: it is too small or blurred to be compared surely.
    """

    face: int
    place: int
    box: BoxRecord
    quality: float
    poor: bool
    person: int | None
    name: str | None
    matches: list[AlikeRecord]


def like_face_record(
    face: PlacedFace, spec: ModelSpec, names: Mapping[int | None, str], matches: list[AlikeRecord]
) -> LikeFaceRecord:
    """Return a face and those that are like it; spec: of the network that compares; names: what people are called."""
    return {
        "photo": face.photo,
        **path_record(face.path),
        "face": face.number,
        "place": face.place,
        "box": box_record(face.box),
        "quality": rounded(face.quality),
        "poor": face.quality < spec.thresholds["quality"],
        "person": face.person,
        "name": names.get(face.person),
        "matches": matches,
    }
