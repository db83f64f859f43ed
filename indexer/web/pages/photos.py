"""Pages of photos: gallery, search and single photos, rendered from the API handlers' results."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from indexer.errors import QueryError
from indexer.records.browse import SearchRecord
from indexer.web.api import photos, search, state
from indexer.web.api.parameters import Number, Offset, QueryText, Sort, order_of_text
from indexer.web.background import Background, BackgroundOf
from indexer.web.filters import query_string
from indexer.web.problems import Problem
from indexer.web.rendering import page
from indexer.web.site import Site, SiteOf

router = APIRouter(include_in_schema=False)
_WORTH_A_HEADING = 8  # photos a month; where months have fewer, years have headings
_FIRST_PHOTOS = 60  # fill a large screen; scripts fetch the rest
_TAGS = 500
_GROUPS = 30
_NOBODY: dict[str, Any] = {"before": None, "after": None, "total": 0}  # is before or after a photo outside of a search
_SortOf = Annotated[Sort | None, Query()]


@router.get("/")
def gallery(
    site: SiteOf, behind: BackgroundOf, request: Request, q: QueryText = "", sort: _SortOf = None, offset: Offset = 0
) -> Response:
    """Show the photos of a search, the first of them at once."""
    text = q.strip()
    order: Sort = order_of_text(site, sort, text)
    values: dict[str, Any] = {"query": text, "sort": order, "yearly": False, "scrubbed": False, "hidden": 0}
    try:
        found = _found(site, behind, request, text, order, offset, _FIRST_PHOTOS)
        if order == "date" and found["total"]:
            months = search.months(site, behind, request, Response(), q=text)["months"]
            values["yearly"] = found["total"] < _WORTH_A_HEADING * len(months)
            values["scrubbed"] = found["total"] > _FIRST_PHOTOS and len(months) > 1  # room for the dates at the right
        if not found["total"]:
            values["hidden"] = state.status(behind)["hidden"]
    except (QueryError, Problem) as error:
        return page(request, "grid.html", 400, found=None, problem=str(error), **values)
    return page(request, "grid.html", found=found, problem="", **values)


@router.get("/photos/{photo}")
def one_photo(
    photo: Number,
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    q: QueryText = "",
    sort: _SortOf = None,
    at: Annotated[int | None, Query(ge=0, le=2**31 - 2)] = None,
) -> Response:
    """Show a photo and what is known of it; at: its place in the order of a search, for its neighbors."""
    known = photos.show(photo, site, behind, request, Response())
    order: Sort = order_of_text(site, sort, q)
    around = _around(site, behind, request, q.strip(), order, at) if at is not None else _NOBODY
    values = {"query": q.strip(), "sort": order, "at": at, **around}
    return page(request, "photo.html", photo=known, **values)


@router.get("/tags")
def all_tags(site: SiteOf, behind: BackgroundOf, request: Request, offset: Offset = 0) -> Response:
    """Show the words that photos are found by."""
    found = search.tags(site, behind, request, Response(), limit=_TAGS, offset=offset)
    return page(request, "tags.html", found=found, limit=_TAGS, offset=offset)


@router.get("/duplicates")
def copies(behind: BackgroundOf, request: Request, identical: bool = False, offset: Offset = 0) -> Response:
    """Show copies of one picture side by side."""
    found = search.duplicates(behind, Response(), identical=identical, limit=_GROUPS, offset=offset)
    return page(request, "duplicates.html", found=found, identical=identical, limit=_GROUPS, offset=offset)


@router.get("/status")
def how_it_is(behind: BackgroundOf, request: Request) -> Response:
    """Show what the library holds, and what works on it."""
    return page(request, "status.html", status=state.status(behind))


@router.get("/look")
def look(request: Request) -> Response:
    """Show the page on which a picture that somebody brings is looked at."""
    return page(request, "look.html")


def _found(
    site: Site, behind: Background, request: Request, text: str, order: Sort, offset: int, limit: int
) -> SearchRecord:
    return search.search(site, behind, request, Response(), q=text, sort=order, limit=limit, offset=offset)


def _around(site: Site, behind: Background, request: Request, text: str, order: Sort, at: int) -> dict[str, Any]:
    """Return id and address of the photos before and after a position in a search, and the number of photos in it."""
    try:
        first = max(0, at - 1)
        found = _found(site, behind, request, text, order, first, at - first + 2)
    except (QueryError, Problem):
        return _NOBODY
    hits = {first + place: hit["photo"] for place, hit in enumerate(found["hits"])}
    links = {
        name: {
            "photo": hits[place],
            "address": f"/photos/{hits[place]}?{query_string({'q': text, 'sort': order, 'at': place})}",
        }
        for name, place in (("before", at - 1), ("after", at + 1))
        if place in hits
    }
    return {**_NOBODY, **links, "total": found["total"] if at in hits else 0}
