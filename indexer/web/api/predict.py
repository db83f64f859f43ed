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
    label_records,
    query_face_record,
    seen_face_record,
    seen_record,
)
from indexer.web.api.parameters import Limit
from indexer.web.api.similar import Threshold, describer, like
from indexer.web.api.upload import BODY, Upload, Uploaded
from indexer.web.background import BackgroundOf
from indexer.web.problems import Problem, documented
from indexer.web.site import SiteOf

router = APIRouter(prefix="/api", tags=["look"])
Answer = TypeVar("Answer")
_UPLOAD: dict[str, Any] = {"openapi_extra": BODY, "responses": documented(409, 413, 415, 422, 503)}

Classes: TypeAlias = Annotated[int, Query(ge=1, le=20, description="Classes of each network at most.")]


@router.post("/classify", summary="Tell what a picture shows", **_UPLOAD)
def classify(
    upload: Uploaded,
    site: SiteOf,
    details: Annotated[
        bool, Query(description="Also the tags that a scan would give without its faces, and things found.")
    ] = False,
    faces: Annotated[
        bool, Query(description="With details: look for faces, too, so that the tags are those of a scan.")
    ] = False,
    classes: Classes = 5,
) -> list[LabelRecord] | PredictionRecord:
    """Return the classes that networks see in it, surest first."""
    seen = _looked(partial(site.looker.classify, with_faces=details and faces), upload)
    if details:
        return seen_record(replace(seen, path=upload.name), classes)
    return label_records(seen, classes)


@router.post("/faces", summary="Find the faces of a picture", **_UPLOAD)
def find_faces(upload: Uploaded, site: SiteOf) -> list[DetectedFaceRecord]:
    """Return all of them, from left to right, with what describes each."""
    spec = describer(site)
    found = from_left(_looked(site.looker.faces, upload))
    return [seen_face_record(number, face, spec) for number, face in enumerate(found, 1)]


@router.post("/similar-faces", summary="Find the people of a picture", **_UPLOAD)
def similar_faces(
    upload: Uploaded, site: SiteOf, behind: BackgroundOf, limit: Limit = 50, threshold: Threshold = None
) -> list[FaceMatches]:
    """Return, for each of its faces, the faces of the library that are most alike."""
    spec, found = describer(site), _looked(site.looker.faces, upload)
    names, away = labels(site.library), behind.away()
    return [
        {
            **query_face_record(each.number, each.face, spec),
            "matches": [
                alike_record(match, spec, names, away) for match in like(site, spec, each.descriptor, limit, threshold)
            ],
        }
        for each in query_faces(upload.name, found)
    ]


def _looked(look: Callable[[Path], Answer], upload: Upload) -> Answer:
    try:
        return look(upload.file)
    except PhotoError as error:  # its path is of no use to the client
        raise Problem(422, f"The picture cannot be looked at: {error.reason}.") from error
