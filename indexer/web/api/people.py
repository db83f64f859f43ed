"""People over HTTP: list and search, names and corrections (`history` undoes them)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import IndexerError
from indexer.library.people import corrections
from indexer.library.people.people import (
    Person,
    Reading,
    check_faces,
    covers,
    faces_of,
    find_person,
    is_number,
    list_people,
    namesake,
)
from indexer.pipeline.library_calls import group_faces
from indexer.records.people import (
    GroupedRecord,
    PeopleRecord,
    PersonRecord,
    WholePersonRecord,
    covered_person_record,
    grouped_record,
    person_record,
    whole_person_record,
)
from indexer.web.advice import sentence
from indexer.web.api.parameters import LARGEST, Limit, Number, Offset
from indexer.web.api.similar import describer
from indexer.web.background import BackgroundOf
from indexer.web.http import cached
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["people"])
_MOST = 10_000  # faces or people in one request
_LONGEST_NAME = 200
_RETRY_SECONDS = 10
_Ids = Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(max_length=_MOST)]
_Name = Annotated[str, Field(max_length=_LONGEST_NAME)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NameWanted(_Body):
    """The new name, '' to remove it. merge: if another person has this name, merge the two."""

    name: _Name = Field(examples=["Alice"])
    merge: bool = False


class HideWanted(_Body):
    """Whether a person is hidden from lists and reviews."""

    hidden: bool


class FacesWanted(_Body):
    """Faces by their ids."""

    faces: _Ids = Field(min_length=1, examples=[[3, 5]])


class MoveWanted(FacesWanted):
    """Faces, and the person to assign them to: a number, a name, or a new name."""

    to: _Name = Field(examples=["Alice"])


class MergeWanted(_Body):
    """People to merge; the first keeps its number and name."""

    people: _Ids = Field(min_length=2, examples=[[1, 12]])


@router.get("/people", summary="List people", responses=documented(304))
def everybody(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    hidden: Annotated[bool, Query(description="Include hidden people.")] = False,
    named: Annotated[bool, Query(description="Only people with a name.")] = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> PeopleRecord:
    """List people, those with the most faces first."""
    cached(request, response, behind.memory.mark(), "people", hidden, named, limit, offset)
    everyone = behind.memory.kept(("people", hidden), lambda: list_people(site.library, hidden=hidden))
    found = [each for each in everyone if each.name is not None or not named]
    shown = found[offset : offset + limit]
    numbers = tuple(each.number for each in shown)
    best = behind.memory.kept(("covers", numbers), lambda: _covers(site, numbers))
    people = [covered_person_record(each, best.get(each.number)) for each in shown]
    return {"total": len(found), "people": people}


@router.post("/people/merge", summary="Merge people", responses=documented(404))
def merge(site: SiteOf, wanted: MergeWanted) -> PersonRecord:
    """Merge people into one: the first keeps its number and its name, or takes the first name among the others."""
    first, *rest = wanted.people
    with site.library.writing() as connection:
        for number in wanted.people:
            _known(connection, number)
        corrections.merge_people(connection, first, rest)
        return person_record(_known(connection, first))


@router.post("/people/cluster", summary="Cluster unassigned faces", responses=documented(409))
def cluster(site: SiteOf, behind: BackgroundOf) -> GroupedRecord:
    """Assign them to existing people, or make new people of similar faces. Your own names and corrections are kept."""
    spec = describer(site)
    if not behind.grouping.acquire(blocking=False):
        raise Problem(503, "Faces are already being clustered.", headers={"Retry-After": str(_RETRY_SECONDS)})
    try:
        limits = spec.thresholds["cluster_distance"], spec.thresholds["quality"]
        return grouped_record(group_faces(site.library.path, spec.id, *limits, behind.calls))
    finally:
        behind.grouping.release()


@router.get("/people/{person}", summary="Show a person and their faces", responses=documented(304, 404))
def show(
    person: Number,
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    limit: Limit = 100,
    offset: Offset = 0,
) -> WholePersonRecord:
    """Return one page of the faces, ordered by path."""
    cached(request, response, behind.memory.mark(), "person", person, limit, offset)
    with site.library.reading() as connection:
        known = _known(connection, person)
        cover = covers(connection, [person]).get(person)
    faces = faces_of(site.library, person, limit=limit, offset=offset)
    return whole_person_record(known, cover, faces)


@router.post("/people/{person}/name", summary="Name a person", responses=documented(404, 409))
def name(person: Number, site: SiteOf, wanted: NameWanted) -> PersonRecord:
    """Set the name. If another person has it, this fails (409), or with `merge` the two are merged."""
    said = wanted.name.strip()
    with site.library.writing() as connection:
        _known(connection, person)
        other = namesake(connection, said) if said else None
        if other in (None, person):
            corrections.name_person(connection, person, said or None)
            return person_record(_known(connection, person))
        if not wanted.merge:
            raise Problem(
                409, f"Person {other} already has this name; use merge if they are the same person.", person=other
            )
        corrections.merge_people(connection, other, [person])
        return person_record(_known(connection, other))


@router.post("/people/{person}/split", summary="Split faces off a person", responses=documented(404))
def split(person: Number, site: SiteOf, wanted: FacesWanted) -> PersonRecord:
    """Make a new person of some of a person's faces and return the new person."""
    with site.library.writing() as connection:
        _known(connection, person)
        _known_faces(connection, wanted.faces)
        return person_record(_known(connection, corrections.split_faces(connection, person, wanted.faces)))


@router.post("/people/{person}/refuse", summary="Reject faces for a person", responses=documented(404))
def refuse(person: Number, site: SiteOf, wanted: FacesWanted) -> PersonRecord:
    """Record that faces are not this person: they are no longer suggested for, nor clustered with, the person."""
    with site.library.writing() as connection:
        _known(connection, person)
        _known_faces(connection, wanted.faces)
        corrections.refuse_faces(connection, wanted.faces, person)
        return person_record(_known(connection, person))


@router.post("/people/{person}/hide", summary="Hide a person, or show a hidden person again", responses=documented(404))
def hide(person: Number, site: SiteOf, wanted: HideWanted) -> PersonRecord:
    """Hide a person from lists and reviews; searches still find the photos."""
    with site.library.writing() as connection:
        _known(connection, person)
        corrections.hide_person(connection, person, hidden=wanted.hidden)
        return person_record(_known(connection, person))


@router.post("/faces/move", summary="Assign faces to a person", responses=documented(404))
def move(site: SiteOf, wanted: MoveWanted) -> PersonRecord:
    """Assign faces to an existing or new person and return that person."""
    with site.library.writing() as connection:
        _known_faces(connection, wanted.faces)
        if is_number(wanted.to):
            _known(connection, int(wanted.to))
        return person_record(_known(connection, corrections.give_faces(connection, wanted.faces, wanted.to)))


def _covers(site: Site, numbers: Sequence[int]) -> dict[int, int]:
    with site.library.reading() as connection:
        return covers(connection, numbers)


def _known(connection: Reading, number: int) -> Person:
    """Return the person with a number. Errors: Problem (404)."""
    with _refused(404, f"There is no person {number}."):
        return find_person(connection, str(number))


def _known_faces(connection: Reading, numbers: Sequence[int]) -> None:
    with _refused(404, "There is no face with one of these numbers."):
        check_faces(connection, numbers)


@contextmanager
def _refused(status: int, detail: str = "") -> Iterator[None]:
    """Convert an IndexerError of no more special kind to a problem of this status."""
    try:
        yield
    except IndexerError as error:
        if type(error) is not IndexerError:
            raise
        raise Problem(status, detail or sentence(error)) from error
