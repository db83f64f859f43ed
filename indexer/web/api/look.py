"""A picture that somebody sends flows in; what it shows, its faces, and who of the library they are like flow out.

Nothing of it is kept. All work is done by worker processes; where too many pictures wait already, the answer is 503.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import APIRouter, Query

from indexer.errors import PhotoError
from indexer.library.faces_like import Alike, descriptor_of, faces_like
from indexer.library.people import labels
from indexer.photo import Descriptor
from indexer.pipeline.query_faces import from_left, query_faces
from indexer.records.faces import LikeFaceRecord, like_face_record
from indexer.records.look import (
    FaceMatches,
    LabelRecord,
    SeenFaceRecord,
    SeenRecord,
    alike_record,
    label_records,
    query_face_record,
    seen_face_record,
    seen_record,
)
from indexer.vision.eyes import Eyes
from indexer.vision.spec import ModelSpec
from indexer.web.api.media import known_face
from indexer.web.api.parameters import Limit, Number
from indexer.web.api.uploaded import BODY, Upload, Uploaded
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["look"])
Answer = TypeVar("Answer")
_UPLOAD: dict[str, Any] = {"openapi_extra": BODY, "responses": documented(409, 413, 415, 422, 503)}

Classes: TypeAlias = Annotated[int, Query(ge=1, le=20, description="Classes of each network at most.")]
Threshold: TypeAlias = Annotated[
    float | None, Query(ge=0, le=100, allow_inf_nan=False, description="Largest distance; none: the network's own.")
]


@router.post("/classify", summary="Tell what a picture shows", **_UPLOAD)
def classify(
    upload: Uploaded,
    site: SiteOf,
    details: Annotated[bool, Query(description="Also the tags that a scan would give, and things found.")] = False,
    classes: Classes = 5,
) -> list[LabelRecord] | SeenRecord:
    """Return the classes that networks see in it, surest first."""
    seen = _looked(site.looker.classify, upload)
    if details:
        return seen_record(replace(seen, path=upload.name), classes)
    return label_records(seen, classes)


@router.post("/faces", summary="Find the faces of a picture", **_UPLOAD)
def find_faces(upload: Uploaded, site: SiteOf) -> list[SeenFaceRecord]:
    """Return all of them, from left to right, with what describes each."""
    describer(site)
    found = from_left(_looked(site.looker.faces, upload))
    return [seen_face_record(number, face) for number, face in enumerate(found, 1)]


@router.post("/similar-faces", summary="Find the people of a picture", **_UPLOAD)
def similar_faces(upload: Uploaded, site: SiteOf, limit: Limit = 50, threshold: Threshold = None) -> list[FaceMatches]:
    """Return, for each of its faces, the faces of the library that are most alike."""
    spec, found = describer(site), _looked(site.looker.faces, upload)
    names = labels(site.library)
    return [
        {
            **query_face_record(each.number, each.face),
            "matches": [
                alike_record(match, spec, names) for match in _like(site, spec, each.descriptor, limit, threshold)
            ],
        }
        for each in query_faces(upload.name, found)
    ]


@router.get("/faces/{face}/similar", summary="Find faces like one of the library", responses=documented(404, 409))
def similar(face: Number, site: SiteOf, limit: Limit = 50, threshold: Threshold = None) -> LikeFaceRecord:
    """Return the other faces of the library that are most alike."""
    spec, known, names = describer(site), known_face(site, face), labels(site.library)
    descriptor = descriptor_of(site.library, face, spec.id)
    found = [] if descriptor is None else _like(site, spec, descriptor, limit + 1, threshold)
    others = [match for match in found if match.face.number != face][:limit]
    return like_face_record(known, names, [alike_record(match, spec, names) for match in others])


def _like(site: Site, spec: ModelSpec, descriptor: Descriptor, limit: int, threshold: float | None) -> list[Alike]:
    return faces_like(
        site.library,
        [descriptor],
        threshold=spec.thresholds["distance"] if threshold is None else threshold,
        limit=limit,
        min_quality=spec.thresholds["quality"],
    )


def describer(site: Site) -> ModelSpec:
    """Return the network whose descriptors are compared. Errors: Problem (409) where faces are switched off."""
    if not site.config.faces:
        raise Problem(409, "Faces are switched off (faces in the settings): they are neither found nor described.")
    return Eyes(**site.config.eyes).specs()[-1]


def _looked(look: Callable[[Path], Answer], upload: Upload) -> Answer:
    try:
        return look(upload.file)
    except PhotoError as error:  # its path is of no use to whoever sent the picture
        raise Problem(422, f"The picture cannot be looked at: {error.reason}.") from error
