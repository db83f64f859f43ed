"""People over HTTP: list and search, names and corrections (`history` undoes them)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import IndexerError
from indexer.library.people import corrections
from indexer.library.people.grouping import group_in
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
    """The new name, '' for none; merge: where another person has it, merge the two."""

    name: _Name = Field(examples=["Alice"])
    merge: bool = False


class HideWanted(_Body):
    """Whether a person is left out of lists and questions."""

    hidden: bool


class FacesWanted(_Body):
    """Faces by their ids."""

    faces: _Ids = Field(min_length=1, examples=[[3, 5]])


class MoveWanted(FacesWanted):
    """The person of the faces: a number, a name, or a new name."""

    to: _Name = Field(examples=["Alice"])


class MergeWanted(_Body):
    """People to merge: the first keeps number and name."""

    people: _Ids = Field(min_length=2, examples=[[1, 12]])


@router.get("/people", summary="List the people", responses=documented(304))
def everybody(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    hidden: Annotated[bool, Query(description="Also those that are hidden.")] = False,
    named: Annotated[bool, Query(description="Only those with a name.")] = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> PeopleRecord:
    """List those with most faces first."""
    cached(request, response, behind.memory.mark(), "people", hidden, named, limit, offset)
    everyone = behind.memory.kept(("people", hidden), lambda: list_people(site.library, hidden=hidden))
    found = [each for each in everyone if each.name is not None or not named]
    shown = found[offset : offset + limit]
    numbers = tuple(each.number for each in shown)
    best = behind.memory.kept(("covers", numbers), lambda: _covers(site, numbers))
    people = [covered_person_record(each, best.get(each.number)) for each in shown]
    return {"total": len(found), "people": people}


@router.post("/people/merge", summary="Say that people are one", responses=documented(404))
def merge(site: SiteOf, wanted: MergeWanted) -> PersonRecord:
    """Say that people are one: the first keeps its number and name, or takes the first name that there is."""
    first, *rest = wanted.people
    with site.library.writing() as connection:
        for number in wanted.people:
            _known(connection, number)
        corrections.merge_people(connection, first, rest)
        return person_record(_known(connection, first))


@router.post("/people/cluster", summary="Group the faces that are nobody's", responses=documented(409))
def cluster(site: SiteOf, behind: BackgroundOf) -> GroupedRecord:
    """Group them: they join the people that are there, or become people of their own. What you said stays."""
    spec = describer(site)
    if not behind.grouping.acquire(blocking=False):
        raise Problem(503, "Faces are being grouped already.", headers={"Retry-After": str(_RETRY_SECONDS)})
    try:
        limits = spec.thresholds["cluster_distance"], spec.thresholds["quality"]
        return grouped_record(behind.apart.do(group_in, site.library.path, spec.id, *limits))
    finally:
        behind.grouping.release()


@router.get("/people/{person}", summary="Show a person and the faces", responses=documented(304, 404))
def show(
    person: Number,
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    limit: Limit = 100,
    offset: Offset = 0,
) -> WholePersonRecord:
    """Show a page of the faces, by path."""
    cached(request, response, behind.memory.mark(), "person", person, limit, offset)
    with site.library.reading() as connection:
        known = _known(connection, person)
        cover = covers(connection, [person]).get(person)
    faces = faces_of(site.library, person, limit=limit, offset=offset)
    return whole_person_record(known, cover, faces)


@router.post("/people/{person}/name", summary="Name a person", responses=documented(404, 409))
def name(person: Number, site: SiteOf, wanted: NameWanted) -> PersonRecord:
    """Give a name; where another person has it, that is refused (409), or with merge they become one."""
    said = wanted.name.strip()
    with site.library.writing() as connection:
        _known(connection, person)
        other = namesake(connection, said) if said else None
        if other in (None, person):
            corrections.name_person(connection, person, said or None)
            return person_record(_known(connection, person))
        if not wanted.merge:
            raise Problem(409, f"Person {other} has this name already; merge says that they are one.", person=other)
        corrections.merge_people(connection, other, [person])
        return person_record(_known(connection, other))


@router.post("/people/{person}/split", summary="Say that faces are someone else's", responses=documented(404))
def split(person: Number, site: SiteOf, wanted: FacesWanted) -> PersonRecord:
    """Say that some faces of a person are not: together they become a new person, who is the answer."""
    with site.library.writing() as connection:
        _known(connection, person)
        _known_faces(connection, wanted.faces)
        return person_record(_known(connection, corrections.split_faces(connection, person, wanted.faces)))


@router.post("/people/{person}/refuse", summary="Say that faces are not a person's", responses=documented(404))
def refuse(person: Number, site: SiteOf, wanted: FacesWanted) -> PersonRecord:
    """Say that faces are not this person, whoever else they are: they are not offered, nor grouped with the person."""
    with site.library.writing() as connection:
        _known(connection, person)
        _known_faces(connection, wanted.faces)
        corrections.refuse_faces(connection, wanted.faces, person)
        return person_record(_known(connection, person))


@router.post("/people/{person}/hide", summary="Hide a person, or show one again", responses=documented(404))
def hide(person: Number, site: SiteOf, wanted: HideWanted) -> PersonRecord:
    """Leave a person out of lists and questions; photos are found as before."""
    with site.library.writing() as connection:
        _known(connection, person)
        corrections.hide_person(connection, person, hidden=wanted.hidden)
        return person_record(_known(connection, person))


@router.post("/faces/move", summary="Say whose faces are", responses=documented(404))
def move(site: SiteOf, wanted: MoveWanted) -> PersonRecord:
    """Say whose they are; the answer is that person, perhaps a new one."""
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
        raise Problem(status, detail or str(error)) from error
