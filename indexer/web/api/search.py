"""Searches of the library over HTTP: photos, months, words and suggestions, copies.

Near copies are opened and compared by their pixels, which takes minutes where there are 100,000 photos: until
then the response is 202, state 'working'. Photos of a burst are no copies.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from indexer.library.query.evidence import less_sure
from indexer.library.query.parser import printed
from indexer.library.report import tag_counts
from indexer.library.search.aggregates import shapes, timeline
from indexer.library.search.hints import Hint, nothing_found
from indexer.library.search.search import by_query, count_hits
from indexer.library.search.suggest import suggest
from indexer.records.alike import group_record
from indexer.records.browse import (
    DuplicatesRecord,
    HintRecord,
    SearchRecord,
    ShapesRecord,
    SuggestionRecord,
    TagsRecord,
    TimelineRecord,
    hint_record,
    month_record,
    shapes_record,
    suggestion_record,
    tag_count_record,
)
from indexer.records.search import hit_record
from indexer.values.results import DEFAULT_RESULTS
from indexer.vision.tags.wordnet import nearest
from indexer.web.advice import hint_text
from indexer.web.api.parameters import Limit, Month, Offset, QueryText, Sort, Text, asked_for, order_of, site_outputs
from indexer.web.background import BackgroundOf
from indexer.web.http import cached
from indexer.web.problems import documented
from indexer.web.site import SiteOf

router = APIRouter(prefix="/api", tags=["search"])
_PATIENCE_SECONDS = 2.0  # copies in a small library are found at once
_RETRY_SECONDS = "3"
_SortOf = Annotated[
    Sort | None,
    Query(description="Sort order; date: newest first. Default: score, or date if the query has no search terms."),
]


@router.get("/search", summary="Search for photos, best match first", responses=documented(304))
def search(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    q: QueryText = "",
    sort: _SortOf = None,
    reverse: Annotated[bool, Query(description="Reverse the sort order.")] = False,
    limit: Limit = DEFAULT_RESULTS,
    offset: Offset = 0,
    min_score: Annotated[
        float | None, Query(ge=0, le=1, description="Minimum score; a low one also finds less sure matches.")
    ] = None,
    month: Month = None,
) -> SearchRecord:
    """Return the photos that match a query, and why. `next` is the address of the next page, null on the last page."""
    away = behind.away()
    cached(request, response, behind.memory.mark(), date.today(), away, request.url.query)
    query, wanted = asked_for(site, q, month, away, min_score)
    order = order_of(sort, query)
    total = behind.memory.kept(("count", wanted), lambda: count_hits(site.library, wanted))
    hits = by_query(site.library, wanted, sort=order, reverse=reverse, limit=limit, offset=offset)
    return {
        "query": printed(query),
        "less_sure": printed(wider) if (wider := less_sure(query, site_outputs(site))) else None,
        "total": total,
        "offset": offset,
        "limit": limit,
        "next": _next(request, offset + limit) if offset + limit < total else None,
        "hits": [hit_record(hit, away=away) for hit in hits],
        "hints": []
        if total
        else list(map(_hint, nothing_found(site.library, wanted, lambda word: nearest(site.vocabulary, word)))),
    }


@router.get("/timeline", summary="Count the photos of a search by month", responses=documented(304))
def months(
    site: SiteOf, behind: BackgroundOf, request: Request, response: Response, q: QueryText = ""
) -> TimelineRecord:
    """Return the number of photos taken in each month, newest first; month null: photos without a date."""
    away = behind.away()
    cached(request, response, behind.memory.mark(), date.today(), away, request.url.query)
    _, wanted = asked_for(site, q, away=away)
    found = behind.memory.kept(("months", wanted), lambda: timeline(site.library, wanted))
    return {"total": sum(each.photos for each in found), "months": [month_record(each) for each in found]}


@router.get("/shapes", summary="Return the aspect ratios of all photos of a search", responses=documented(304))
def outlines(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    q: QueryText = "",
    sort: _SortOf = None,
) -> ShapesRecord:
    """Return the aspect ratio of every photo in the order of the search, one byte each, to lay out a whole page."""
    away = behind.away()
    cached(request, response, behind.memory.mark(), date.today(), away, request.url.query)
    query, wanted = asked_for(site, q, away=away)
    order = order_of(sort, query)
    return behind.memory.kept(("shapes", wanted, order), lambda: shapes_record(shapes(site.library, wanted, order)))


@router.get("/suggest", summary="Suggest completions of a search: tags, people, fields")
def suggestions(
    site: SiteOf,
    q: Annotated[Text, Query(description="Text of the search box so far; the last word is completed.")] = "",
    limit: Annotated[int, Query(ge=1, le=50, description="Maximum number of results.")] = 10,
) -> list[SuggestionRecord]:
    """Complete the last word of a search; `insert` is the complete new text of the search box."""
    return [suggestion_record(each) for each in suggest(site.library, q, limit)]


@router.get("/tags", summary="List the tags", responses=documented(304))
def tags(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Maximum number of results.")] = 500,
    offset: Offset = 0,
) -> TagsRecord:
    """List the tags and the number of photos with each, most frequent first."""
    cached(request, response, behind.memory.mark(), request.url.query)
    counts = behind.memory.kept("tags", lambda: tag_counts(site.library))
    return {"total": len(counts), "tags": [tag_count_record(each) for each in counts[offset : offset + limit]]}


@router.get(
    "/duplicates",
    summary="List duplicates: identical files, or files that look the same",
    responses={202: {"model": DuplicatesRecord, "description": "Search in progress; try again after Retry-After."}},
)
def duplicates(
    behind: BackgroundOf,
    response: Response,
    identical: Annotated[bool, Query(description="Only files with identical bytes.")] = False,
    limit: Limit = DEFAULT_RESULTS,
    offset: Offset = 0,
) -> DuplicatesRecord:
    """List groups of duplicates, the best file of each group first. Nothing is ever deleted.

    Photos that look the same are compared pixel by pixel, which takes minutes for 100,000 photos; until this is done,
    the response is 202 with state 'working'. Photos of a burst are not duplicates.
    """
    groups, is_fresh = (behind.twins if identical else behind.copies).ask(_PATIENCE_SECONDS)
    if groups is None or not is_fresh:
        response.headers["Retry-After"] = _RETRY_SECONDS
    if groups is None:
        response.status_code = 202
        return {"state": "working", "total": 0, "groups": []}
    shown = [group_record(each) for each in groups[offset : offset + limit]]
    return {"state": "ready" if is_fresh else "updating", "total": len(groups), "groups": shown}


def _next(request: Request, offset: int) -> str:
    url = request.url.include_query_params(offset=offset)
    return f"{url.path}?{url.query}"


def _hint(hint: Hint) -> HintRecord:
    return {**hint_record(hint), "text": hint_text(hint)}
