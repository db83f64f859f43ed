"""Pages of people: the list, and each person."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from indexer.library.people.people import covers, list_people
from indexer.records.people import covered_person_record
from indexer.web.api import people
from indexer.web.api.parameters import Number, Offset
from indexer.web.background import BackgroundOf
from indexer.web.rendering import page
from indexer.web.site import SiteOf

router = APIRouter(include_in_schema=False)
_PEOPLE = 60
_FACES = 120


@router.get("/people")
def everybody(
    site: SiteOf, behind: BackgroundOf, request: Request, hidden: bool = False, offset: Offset = 0
) -> Response:
    """Show the people: those with a name first, then those with most faces."""
    everyone = behind.memory.kept(("people", hidden), lambda: list_people(site.library, hidden=hidden))
    shown = sorted(everyone, key=lambda each: each.name is None)[offset : offset + _PEOPLE]
    with site.library.reading() as connection:
        best = covers(connection, [each.number for each in shown])
    found: dict[str, Any] = {
        "total": len(everyone),
        "people": [covered_person_record(each, best.get(each.number)) for each in shown],
    }
    return page(request, "people.html", found=found, hidden=hidden, limit=_PEOPLE, offset=offset)


@router.get("/people/{person}")
def one_person(person: Number, site: SiteOf, behind: BackgroundOf, request: Request, offset: Offset = 0) -> Response:
    """Show a person and the faces."""
    known = people.show(person, site, behind, request, Response(), limit=_FACES, offset=offset)
    return page(request, "person.html", person=known, limit=_FACES, offset=offset)
