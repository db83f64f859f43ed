"""JSON records of predictions for a picture, and of similar faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from indexer.records.plain import (
    BoxRecord,
    PathRecord,
    PhotoPathRecord,
    PointRecord,
    box_record,
    is_in,
    path_record,
    point_record,
    rounded,
)

if TYPE_CHECKING:
    from indexer.library.people.people import PlacedFace
    from indexer.library.people.similar_faces import Likelihood, SimilarFace
    from indexer.pipeline.predict.predict import Prediction
    from indexer.values.analysis import Face
    from indexer.vision.spec import ModelSpec


class PredictedTag(TypedDict):
    """A tag that a scan would give the picture."""

    name: str
    score: float
    source: str


class PredictedLabel(TypedDict):
    """A class that a model found in the picture."""

    name: str
    score: float
    model: str


class PredictedObject(PredictedLabel):
    """An object that an object detector found."""

    box: BoxRecord


class PredictionRecord(PathRecord):
    """What the models find in a picture."""

    tags: list[PredictedTag]
    labels: list[PredictedLabel]
    objects: list[PredictedObject]


class LabelRecord(TypedDict):
    """A class that a model found in the picture."""

    label: str
    score: float
    model: str


class QueryFaceRecord(TypedDict):
    """A face in a picture, numbered from 1 from the left; poor: too small or blurred for a reliable comparison."""

    face: int
    box: BoxRecord
    score: float
    quality: float
    poor: bool


class DetectedFaceRecord(QueryFaceRecord):
    """A face with its landmarks (eyes, nose, corners of the mouth) and its descriptor."""

    landmarks: list[PointRecord]
    descriptor: list[float]
    model: str | None


class SimilarFaceRecord(PhotoPathRecord):
    """A similar face of the library and its person. away: the folder of its photo is not available."""

    face: int
    box: BoxRecord
    away: bool
    distance: float
    probability: float
    person: int | None
    name: str | None


class FaceMatches(QueryFaceRecord):
    """A face in a picture, and similar faces of the library, most similar first."""

    matches: list[SimilarFaceRecord]


class SimilarToPersonRecord(TypedDict):
    """A person, and similar faces that are unassigned or assigned to others, most similar first."""

    person: int
    name: str | None
    matches: list[SimilarFaceRecord]


def prediction_record(seen: Prediction, classes: int) -> PredictionRecord:
    """Return the predictions; classes: maximum number of each model."""
    return {
        **path_record(seen.path),
        "tags": [{"name": tag.name, "score": rounded(tag.score), "source": tag.source} for tag in seen.tags],
        "labels": [
            {"name": label.name, "score": rounded(label.score), "model": label.model}
            for each in seen.by_model
            for label in each.labels[:classes]
        ],
        "objects": [
            {"name": name, "score": rounded(thing.score), "model": thing.model, "box": box_record(thing.box)}
            for each in seen.by_model
            for name, thing in each.objects
        ],
    }


def label_records(seen: Prediction, classes: int) -> list[LabelRecord]:
    """Return the predicted classes, best first; classes: maximum number of each model."""
    return sorted(_labels(seen, classes), key=lambda each: -each["score"])


def _labels(seen: Prediction, classes: int) -> Iterator[LabelRecord]:
    for each in seen.by_model:
        for label in each.labels[:classes]:
            yield {"label": label.name, "score": rounded(label.score), "model": label.model}


def query_face_record(number: int, face: Face, spec: ModelSpec) -> QueryFaceRecord:
    """Return a face of a picture; number: counted from 1 from left to right; spec: of the describer."""
    return {
        "face": number,
        "box": box_record(face.box),
        "score": rounded(face.score),
        "quality": rounded(face.quality),
        "poor": face.quality < spec.thresholds["quality"],
    }


def detected_face_record(number: int, face: Face, spec: ModelSpec) -> DetectedFaceRecord:
    """Return a face with all model outputs."""
    told = face.descriptor
    return {
        **query_face_record(number, face, spec),
        "landmarks": [point_record(point) for point in face.landmarks],
        "descriptor": [] if told is None else [round(float(each), 6) for each in told.vector],
        "model": None if told is None else told.model,
    }


def alike_record(
    match: SimilarFace, likely: Likelihood, names: Mapping[int | None, str], away: Sequence[Path] = ()
) -> SimilarFaceRecord:
    """Return a similar face.

    likely: in this library.  names: labels of people.  away: folders that are not available now.
    """
    return {
        "photo": match.face.photo,
        **path_record(match.face.path),
        "face": match.face.number,
        "box": box_record(match.face.box),
        "away": is_in(match.face.path, away),
        "distance": rounded(match.distance),
        "probability": rounded(likely.probability(match.distance)),
        "person": match.face.person,
        "name": names.get(match.face.person),
    }


class SimilarToFaceRecord(PhotoPathRecord):
    """A face of the library, its position from the left, its person, and similar faces, most similar first.

    poor: too small or blurred for a reliable comparison.
    """

    face: int
    place: int
    box: BoxRecord
    quality: float
    poor: bool
    person: int | None
    name: str | None
    matches: list[SimilarFaceRecord]


def like_face_record(
    face: PlacedFace, spec: ModelSpec, names: Mapping[int | None, str], matches: list[SimilarFaceRecord]
) -> SimilarToFaceRecord:
    """Return a face and the similar ones; spec: of the describer; names: labels of people."""
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
