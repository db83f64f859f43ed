"""Predictions for uploaded pictures over HTTP: labels and tags, faces, and similar faces of the library.

Nothing of them is stored. All work is done by worker processes; where too many pictures wait already, the response is
503.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import APIRouter, Query

from indexer.errors import PhotoError
from indexer.library.people.people import labels
from indexer.pipeline.predict.query_faces import from_left, query_faces
from indexer.records.look import (
    DetectedFaceRecord,
    FaceMatches,
    LabelRecord,
    PredictionRecord,
    alike_record,
    detected_face_record,
    label_records,
    prediction_record,
    query_face_record,
)
from indexer.values.results import DEFAULT_RESULTS
from indexer.web.api.parameters import Limit
from indexer.web.api.similar import Threshold, describer, like, likelihood
from indexer.web.api.upload import BODY, Upload, Uploaded
from indexer.web.background import BackgroundOf
from indexer.web.problems import Problem, documented
from indexer.web.site import SiteOf

router = APIRouter(prefix="/api", tags=["look"])
Answer = TypeVar("Answer")
_UPLOAD: dict[str, Any] = {"openapi_extra": BODY, "responses": documented(409, 413, 415, 422, 503)}

Classes: TypeAlias = Annotated[int, Query(ge=1, le=20, description="Maximum number of classes per model.")]


@router.post("/classify", summary="Classify a picture", **_UPLOAD)
def classify(
    upload: Uploaded,
    site: SiteOf,
    details: Annotated[
        bool, Query(description="Also return tags, as a scan would give without faces, and detected objects.")
    ] = False,
    faces: Annotated[
        bool, Query(description="With details: detect faces, too, so that the tags are exactly those of a scan.")
    ] = False,
    classes: Classes = 5,
) -> list[LabelRecord] | PredictionRecord:
    """Return the classes that the models find in a picture, best first."""
    seen = _looked(partial(site.predictions.classify, with_faces=details and faces), upload)
    if details:
        return prediction_record(replace(seen, path=upload.name), classes)
    return label_records(seen, classes)


@router.post("/faces", summary="Detect the faces in a picture", **_UPLOAD)
def find_faces(upload: Uploaded, site: SiteOf) -> list[DetectedFaceRecord]:
    """Return all faces from left to right, each with its descriptor."""
    spec = describer(site)
    found = from_left(_looked(site.predictions.faces, upload))
    return [detected_face_record(number, face, spec) for number, face in enumerate(found, 1)]


@router.post("/similar-faces", summary="Find the people in a picture", **_UPLOAD)
def similar_faces(
    upload: Uploaded, site: SiteOf, behind: BackgroundOf, limit: Limit = DEFAULT_RESULTS, threshold: Threshold = None
) -> list[FaceMatches]:
    """Return, for each face in the picture, the most similar faces of the library."""
    spec, found = describer(site), _looked(site.predictions.faces, upload)
    names, away, likely = labels(site.library), behind.away(), likelihood(site, spec)
    return [
        {
            **query_face_record(each.number, each.face, spec),
            "matches": [
                alike_record(match, likely, names, away)
                for match in like(site, spec, each.descriptor, limit, threshold)
            ],
        }
        for each in query_faces(upload.name, found)
    ]


def _looked(look: Callable[[Path], Answer], upload: Upload) -> Answer:
    try:
        return look(upload.file)
    except PhotoError as error:  # its path is of no use to whoever sent the picture
        raise Problem(422, f"The picture cannot be analyzed: {error.reason}.") from error
