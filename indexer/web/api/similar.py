"""Similar faces over HTTP: those that resemble a face or a person of the library.

`probability` takes one of the library's faces for the person's, and all others for strangers: the more
faces there are, the nearer one must be. Of a `poor` face it says little.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query

from indexer.assemble import model_set
from indexer.errors import IndexerError
from indexer.library.people.people import find_person, labels
from indexer.library.people.similar_faces import Likelihood, SimilarFace, descriptor_of, faces_like, like_person
from indexer.records.look import SimilarToFaceRecord, SimilarToPersonRecord, alike_record, like_face_record
from indexer.values.analysis import Descriptor
from indexer.values.results import DEFAULT_RESULTS
from indexer.vision.spec import ModelSpec
from indexer.web.api.media import known_face
from indexer.web.api.parameters import Limit, Number
from indexer.web.background import BackgroundOf
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["people"])
Threshold: TypeAlias = Annotated[
    float | None, Query(ge=0, le=100, allow_inf_nan=False, description="Maximum distance; default: set by the model.")
]


@router.get(
    "/faces/{face}/similar", summary="Find faces similar to a face in the library", responses=documented(404, 409)
)
def similar(
    face: Number, site: SiteOf, behind: BackgroundOf, limit: Limit = DEFAULT_RESULTS, threshold: Threshold = None
) -> SimilarToFaceRecord:
    """Return the other faces of the library that are most similar.

    `probability` is the chance that two faces show the same person, if one of the faces in this library does. For a
    `poor` face it means little.
    """
    spec, known, names = describer(site), known_face(site, face), labels(site.library)
    descriptor = descriptor_of(site.library, face, spec.id)
    found = [] if descriptor is None else like(site, spec, descriptor, limit + 1, threshold)
    others = [match for match in found if match.face.number != face][:limit]
    away, likely = behind.away(), likelihood(site, spec)
    return like_face_record(known, spec, names, [alike_record(match, likely, names, away) for match in others])


@router.get(
    "/people/{person}/similar", summary="Find faces that may belong to a person", responses=documented(404, 409)
)
def similar_to_person(
    person: Number, site: SiteOf, behind: BackgroundOf, limit: Limit = DEFAULT_RESULTS, threshold: Threshold = None
) -> SimilarToPersonRecord:
    """Return the most similar faces that are unassigned or assigned to others, except those that you rejected."""
    spec = describer(site)
    with site.library.reading() as connection:
        try:
            known = find_person(connection, str(person))
        except IndexerError as error:
            raise Problem(404, f"There is no person {person}.") from error
    _, found = like_person(
        site.library,
        person,
        spec.id,
        threshold=_largest(spec, threshold),
        limit=limit,
        min_quality=spec.thresholds["quality"],
    )
    names, away, likely = labels(site.library), behind.away(), likelihood(site, spec)
    return {
        "person": known.number,
        "name": known.name,
        "matches": [alike_record(match, likely, names, away) for match in found],
    }


def like(site: Site, spec: ModelSpec, descriptor: Descriptor, limit: int, threshold: float | None) -> list[SimilarFace]:
    """Return the faces of the library that resemble one, nearest first."""
    return faces_like(
        site.library,
        [descriptor],
        threshold=_largest(spec, threshold),
        limit=limit,
        min_quality=spec.thresholds["quality"],
    )


def describer(site: Site) -> ModelSpec:
    """Return the model whose descriptors are compared. Errors: Problem (409) where faces are switched off."""
    if not site.config.faces:
        raise Problem(409, "Face recognition is off; set 'faces = true' in the settings to use it.")
    return model_set(site.config).specs()[-1]


def likelihood(site: Site, spec: ModelSpec) -> Likelihood:
    """Return how likely two faces of the library are one person's, by their distance."""
    return Likelihood.of(site.library, spec.id, spec.thresholds)


def _largest(spec: ModelSpec, threshold: float | None) -> float:
    return spec.thresholds["distance"] if threshold is None else threshold
