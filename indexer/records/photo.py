"""JSON records of one photo: everything that the library knows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from typing_extensions import TypedDict

from indexer.records.plain import (
    BoxRecord,
    PhotoPathRecord,
    PointRecord,
    box_record,
    path_record,
    point_record,
    rounded,
)
from indexer.records.search import ReasonRecord, reason_record

if TYPE_CHECKING:
    from indexer.library.people.people import PlacedFace
    from indexer.library.report import Details
    from indexer.library.user.own_tags import UserLayer
    from indexer.values.analysis import Analysis, Face, Tag
    from indexer.values.files import Metadata
    from indexer.vision.tags.explain import TagReason


class FailedRecord(TypedDict):
    """The failure of the last attempt to index a photo: stage and reason."""

    stage: str
    reason: str


class GpsRecord(TypedDict):
    """The position where a photo was taken: degrees, north and east positive."""

    latitude: float
    longitude: float | None
    altitude_m: float | None


class PixelStatsRecord(TypedDict):
    """Pixel statistics, 0..1 each."""

    brightness: float
    colorfulness: float
    contrast: float
    flatness: float


class TagRecord(TypedDict):
    """A tag of a photo, its score and its source; models: the models that gave it; count: how many things it names."""

    name: str
    score: float
    source: str
    models: list[str]
    count: int


class PhotoLabel(TypedDict):
    """A class that a model found in a photo."""

    name: str
    score: float
    model: str


class ObjectRecord(PhotoLabel):
    """An object that an object detector found in a photo."""

    box: BoxRecord


class FaceRecord(TypedDict):
    """A face in a photo. score: confidence of the detector; quality: suitability for comparison; both 0..1."""

    box: BoxRecord
    score: float
    quality: float


class KnownFaceRecord(FaceRecord):
    """A face in a photo, with its number, its position from the left, its landmarks and its person."""

    face: int
    place: int
    landmarks: list[PointRecord]
    person: int | None
    name: str | None


class UserLayerRecord(TypedDict):
    """The tags, rating and hiding that users gave a photo."""

    people: list[str]
    rating: int | None
    hidden: bool
    own_tags: list[str]
    removed_tags: list[str]


class MetadataRecord(TypedDict):
    """The metadata of a photo; null where the file has none that is plausible."""

    format: str | None
    width: int | None
    height: int | None
    taken_at: str | None
    taken_from: str | None
    camera: str | None
    lens: str | None
    iso: int | None
    f_number: float | None
    exposure_seconds: float | None
    focal_length_mm: float | None
    software: str | None
    gps: GpsRecord | None


class TextRecord(TypedDict):
    """A line of text in a photo, with the upright box around it."""

    text: str
    score: float
    box: BoxRecord


class AnalysisRecord(MetadataRecord):
    """The analysis of a photo, except its faces; null or empty before the first analysis."""

    look: PixelStatsRecord | None
    content_sha256: str | None
    perceptual_hash: str | None
    models: list[str]
    tags: list[TagRecord]


class DetailsRecord(PhotoPathRecord, AnalysisRecord, UserLayerRecord):
    """Everything that is known about a photo, except its faces. Times of the index: UTC, ISO 8601.

    replaced: the photo is missing, and another photo has its path now.
    """

    bytes: int
    indexed_at: str | None
    missing_since: str | None
    replaced: bool
    failed: FailedRecord | None
    labels: list[PhotoLabel]
    objects: list[ObjectRecord]
    text: list[TextRecord]


class ShownRecord(DetailsRecord):
    """Everything that is known about a photo, as the command line shows it."""

    faces: list[FaceRecord]


class PhotoRecord(DetailsRecord):
    """Everything that is known about a photo; explanation: why it has each of its tags."""

    faces: list[KnownFaceRecord]
    explanation: list[ReasonRecord]


def shown_record(known: Details, said: UserLayer) -> ShownRecord:
    """Return everything known of a photo."""
    faces = known.analysis.faces if known.analysis else ()
    failure = known.failure
    return {
        "photo": known.number,
        **path_record(known.file.path),
        "bytes": known.file.size,
        "indexed_at": known.indexed_at,
        "missing_since": known.missing_since,
        "replaced": known.replaced,
        "failed": {"stage": failure.stage, "reason": failure.reason} if failure else None,
        **_analysis_record(known.analysis),
        "faces": [_face_record(face) for face in faces],
        "labels": [{"name": each.name, "score": rounded(each.score), "model": each.model} for each in known.labels],
        "objects": [
            {"name": each.name, "score": rounded(each.score), "model": each.model, "box": box_record(each.box)}
            for each in known.objects
        ],
        "text": [
            {"text": each.text, "score": rounded(each.score), "box": box_record(each.box)}
            for each in (known.analysis.lines if known.analysis else ())
        ],
        **_said_record(said),
    }


def photo_record(
    known: Details,
    said: UserLayer,
    faces: Sequence[PlacedFace],
    names: Mapping[int | None, str],
    reasons: Sequence[TagReason],
) -> PhotoRecord:
    """Return everything known of a photo, the people of its faces, and why it has its tags.

    names: the labels of people, by number.
    """
    shown = shown_record(known, said)
    seen = {face.box: face for face in (known.analysis.faces if known.analysis else ())}
    told = [_known_face_record(face, seen[face.box], names) for face in faces if face.box in seen]
    return {**shown, "faces": told, "explanation": [reason_record(each) for each in reasons]}


_METADATA = ("format", "width", "height", "taken_at", "taken_from")
_EXPOSURE = ("lens", "iso", "f_number", "exposure_seconds", "focal_length_mm", "software")


def _analysis_record(analysis: Analysis | None) -> AnalysisRecord:
    """Return an analysis; before the first success every field is there, too: null, or empty."""
    look = {key: rounded(value) for key, value in asdict(analysis.look).items()} if analysis else None
    return {
        **_metadata_record(analysis.metadata if analysis else None),
        "look": cast("PixelStatsRecord | None", look),
        "content_sha256": analysis.hashes.content.hex() if analysis else None,
        "perceptual_hash": analysis.hashes.perceptual.hex() if analysis else None,
        "models": list(analysis.models) if analysis else [],
        "tags": [_tag_record(tag) for tag in (analysis.tags if analysis else ())],
    }


def _metadata_record(meta: Metadata | None) -> MetadataRecord:
    told = {
        **{name: getattr(meta, name, None) for name in _METADATA},
        "camera": _camera(meta) if meta else None,
        **{name: getattr(meta, name, None) for name in _EXPOSURE},
        "gps": _gps(meta) if meta else None,
    }
    return cast("MetadataRecord", told)


def _tag_record(tag: Tag) -> TagRecord:
    return {
        "name": tag.name,
        "score": rounded(tag.score),
        "source": tag.source,
        "models": list(tag.models),
        "count": tag.count,
    }


def _camera(meta: Metadata) -> str | None:
    return " ".join(part for part in (meta.camera_make, meta.camera_model) if part) or None


def _gps(meta: Metadata) -> GpsRecord | None:
    if meta.latitude is None:
        return None
    return {"latitude": meta.latitude, "longitude": meta.longitude, "altitude_m": meta.altitude_m}


def _face_record(face: Face) -> FaceRecord:
    return {"box": box_record(face.box), "score": rounded(face.score), "quality": rounded(face.quality)}


def _known_face_record(placed: PlacedFace, face: Face, names: Mapping[int | None, str]) -> KnownFaceRecord:
    return {
        **_face_record(face),
        "face": placed.number,
        "place": placed.place,
        "landmarks": [point_record(point) for point in face.landmarks],
        "person": placed.person,
        "name": names.get(placed.person),
    }


def _said_record(said: UserLayer) -> UserLayerRecord:
    return {
        "people": list(said.people),
        "rating": said.rating,
        "hidden": said.is_hidden,
        "own_tags": list(said.given),
        "removed_tags": list(said.taken),
    }
