"""Query parameters of several routes, as a search query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from fastapi import Path as PathParameter
from fastapi import Query as Parameter

from indexer.errors import QueryError
from indexer.library.query.ast import ALL, And, Near, Not, Query, Taken, is_ranked, leaves
from indexer.library.query.evidence import OutputsOf
from indexer.library.search.request import SearchRequest, resolver, tree
from indexer.pipeline.less_sure import outputs_of
from indexer.web.problems import Problem
from indexer.web.site import Site

LARGEST = 2**63 - 1  # SQLite's maximum
_FARTHEST = 2**31 - 1

Number: TypeAlias = Annotated[int, PathParameter(ge=1, le=LARGEST)]
"""The number of a photo, face or person, in the address."""
Offset: TypeAlias = Annotated[int, Parameter(ge=0, le=_FARTHEST, description="Number of results to skip.")]
Limit: TypeAlias = Annotated[int, Parameter(ge=1, le=500, description="Maximum number of results.")]
Text: TypeAlias = Annotated[str, Parameter(max_length=2000)]


Sort: TypeAlias = Literal["score", "date", "path", "distance"]
QueryText: TypeAlias = Annotated[
    Text,
    Parameter(
        description="Search query, as docs/searching.md describes; empty: all photos.",
        examples=["dog (beach | snow) -cat date:2023-05..2023-09"],
    ),
]
Month: TypeAlias = Annotated[
    str | None,
    Parameter(
        pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])|none)$",
        description="Only photos taken in this month (2024-05), or 'none' for photos without a date.",
    ),
]


def asked_for(
    site: Site, text: str, month: str | None = None, away: Sequence[Path] = (), min_score: float | None = None
) -> tuple[Query, Query]:
    """Return the query of a text, and the same with a month as a further condition. Errors: QueryError.

    away: the meaning of 'is:away'.  min_score: of less sure matches, too, where it is below the words' thresholds.
    """
    resolve, today = resolver(site.library, site.vocabulary.canonical), date.today()
    wish = SearchRequest(query=[text] if text.strip() else [], min_score=min_score)
    query = tree(wish, resolve, today, away, site_outputs(site)) if text.strip() else ALL
    if month is None:
        return query, query
    if month == "none":
        return query, And((query, Not(Taken(None, None))))
    return query, And((query, tree(SearchRequest(after=month, before=month), resolve, today)))


def site_outputs(site: Site) -> OutputsOf:
    """Return the function that says which outputs of models stand for a word."""
    return outputs_of(site.library, site.vocabulary, site.config.own_models_path)


def order_of(sort: Sort | None, query: Query) -> Sort:
    """Return the sort order of photos; by default score, or date where all scores are equal. Errors: Problem."""
    if sort == "distance" and not any(isinstance(leaf, Near) for leaf in leaves(query)):
        raise Problem(400, "Sorting by distance needs a place in the search: near:LATITUDE,LONGITUDE,KM")
    return sort or ("score" if is_ranked(query) else "date")


def order_of_text(site: Site, sort: Sort | None, text: str) -> Sort:
    """Return the sort order for the text of a search, valid or not."""
    try:
        return sort or order_of(None, asked_for(site, text)[0])
    except QueryError:
        return "score"
