"""JSON records of months, words, suggestions and result pages."""

from __future__ import annotations

from base64 import b64encode
from math import log
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from indexer.records.alike import GroupRecord
from indexer.records.plain import PhotoPathRecord, path_record
from indexer.records.search import HitRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.library.report import TagCount
    from indexer.library.search.aggregates import MonthCount
    from indexer.library.search.hints import Hint
    from indexer.library.search.suggest import Suggestion
    from indexer.values.outcomes import Failed


class FailureRecord(PhotoPathRecord):
    """A photo that could not be indexed. stage: read, identify, metadata, decode, analyze."""

    stage: str
    reason: str


def failure_record(photo: int, failed: Failed) -> FailureRecord:
    """Return a photo that could not be indexed, and why."""
    return {"photo": photo, **path_record(failed.file.path), "stage": failed.stage, "reason": failed.reason}


class InsteadRecord(TypedDict):
    """A term that finds photos, and the query with it in place of the term that finds none."""

    text: str
    query: str


class HintRecord(TypedDict):
    """Why nothing was found, and what to search for instead."""

    text: str
    instead: list[InsteadRecord]


class SearchRecord(TypedDict):
    """A page of the results of a search.

    query: the query as understood.  less_sure: the query that also finds photos in which its words are less sure, null
    where there is none.  next: the address of the next page.  hints: if nothing was found, why.
    """

    query: str
    less_sure: str | None
    total: int
    offset: int
    limit: int
    next: str | None
    hits: list[HitRecord]
    hints: list[HintRecord]


class MonthRecord(TypedDict):
    """A month such as '2024-05' (local time; null: photos without a date) and its number of photos."""

    month: str | None
    photos: int


class TimelineRecord(TypedDict):
    """The months of the photos that a search finds, newest first."""

    total: int
    months: list[MonthRecord]


class SuggestionRecord(TypedDict):
    """A completion of a search. insert: the complete new text of the search box; photos: number of photos, if known."""

    kind: str
    text: str
    insert: str
    about: str
    photos: int | None


class TagCountRecord(TypedDict):
    """A tag and its number of photos."""

    name: str
    photos: int


class TagsRecord(TypedDict):
    """A page of the tags, most frequent first."""

    total: int
    tags: list[TagCountRecord]


class DuplicatesRecord(TypedDict):
    """A page of groups of duplicates, the best file of each first.

    state: 'ready'; 'updating': the library has changed, and a new search is running; 'working': the first search is
    running, and there are no results yet.
    """

    state: Literal["ready", "updating", "working"]
    total: int
    groups: list[GroupRecord]


class FailuresRecord(TypedDict):
    """A page of the photos that could not be indexed."""

    total: int
    failures: list[FailureRecord]


def hint_record(hint: Hint) -> HintRecord:
    """Return why nothing was found."""
    return {"text": hint.text, "instead": [{"text": text, "query": query} for text, query in hint.instead]}


def month_record(month: MonthCount) -> MonthRecord:
    """Return a month and its number of photos."""
    return {"month": month.month, "photos": month.photos}


def suggestion_record(each: Suggestion) -> SuggestionRecord:
    """Return a completion of a search."""
    return {
        "kind": each.kind,
        "text": each.text,
        "insert": each.insert,
        "about": each.about,
        "photos": each.photos,
    }


def tag_count_record(count: TagCount) -> TagCountRecord:
    """Return a word and its number of photos."""
    return {"name": count.name, "photos": count.photos}


SMALLEST, FACTOR, STEPS = 0.3, 1.04, 66  # as static/css/ratios.css and static/js/layout.js of the web
USUAL = 1.5  # where unknown


class ShapesRecord(TypedDict):
    """The aspect ratios of all photos of a search, in its order, to lay them out before they are loaded.

    steps: base64 of one byte per photo: width / height is about smallest × factor ** byte.
    """

    total: int
    smallest: float
    factor: float
    steps: str


def step(width: int | None, height: int | None) -> int:
    """Return the step that is nearest to a photo's width by height."""
    ratio = width / height if width and height else USUAL
    return min(STEPS, max(0, round(log(ratio / SMALLEST, FACTOR))))


def shapes_record(ratios: NDArray[np.float64]) -> ShapesRecord:
    """Return the shapes of photos; 0: unknown."""
    import numpy as np

    known = np.where(ratios > 0, ratios, USUAL)
    steps = np.clip(np.rint(np.log(known / SMALLEST) / log(FACTOR)), 0, STEPS).astype(np.uint8)
    told = b64encode(steps.tobytes()).decode("ascii")
    return {"total": len(steps), "smallest": SMALLEST, "factor": FACTOR, "steps": told}
