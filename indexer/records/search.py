"""JSON records of search results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, cast

from typing_extensions import TypedDict

from indexer.records.plain import PhotoPathRecord, is_in, path_record, rounded

if TYPE_CHECKING:
    from indexer.values.results import Hit, Why
    from indexer.vision.tags.explain import TagReason


class WhyRecord(TypedDict):
    """A word that was searched for, its score and its source."""

    tag: str
    score: float
    source: str


class MatchRecord(WhyRecord):
    """Why a photo matches. less_sure: it does not have the tag, as its score is below the threshold of the word."""

    less_sure: bool


class ClassRecord(TypedDict):
    """A class of a model and its score."""

    name: str
    score: float


class ReasonRecord(WhyRecord):
    """Why a photo has a tag: the best of the classes that were summed, and the rules that were applied."""

    classes: list[ClassRecord]
    other_classes: int
    view: int | None
    threshold: float | None
    renamed_from: str | None
    model: str | None


class HitRecord(PhotoPathRecord):
    """A photo that a search found. taken_at: local time; width, height: pixels of the upright photo.

    away: its folder is not available (a disk that is not mounted, a folder that was renamed).
    replaced: the photo is missing, and another photo has its path now.
    """

    score: float
    away: bool
    replaced: bool
    taken_at: str | None
    width: int | None
    height: int | None
    distance_km: NotRequired[float]
    why: list[MatchRecord]
    explanation: NotRequired[list[ReasonRecord]]


def hit_record(hit: Hit, reasons: Sequence[TagReason] | None = None, away: Sequence[Path] = ()) -> HitRecord:
    """Return a photo in a search result.

    reasons: why it has the tags that were searched for, None where not requested.  away: folders that are not
    available now.
    """
    told: dict[str, Any] = {
        "photo": hit.number,
        **path_record(hit.path),
        "score": rounded(hit.score),
        "away": is_in(hit.path, away),
        "replaced": hit.replaced,
        "taken_at": hit.taken_at,
        "width": hit.width,
        "height": hit.height,
        **({"distance_km": round(hit.distance_km, 3)} if hit.distance_km is not None else {}),
        "why": [_why(why) for why in hit.why],
        **({"explanation": [reason_record(each) for each in reasons]} if reasons is not None else {}),
    }
    return cast("HitRecord", told)


def reason_record(reason: TagReason) -> ReasonRecord:
    """Return why a photo has a tag."""
    return {
        "tag": reason.tag.name,
        "score": rounded(reason.tag.score),
        "source": reason.tag.source,
        "classes": [{"name": name, "score": rounded(score)} for name, score in reason.classes],
        "other_classes": reason.others,
        "view": reason.view,
        "threshold": reason.threshold,
        "renamed_from": reason.renamed,
        "model": reason.model,
    }


def _why(why: Why) -> MatchRecord:
    return {"tag": why.tag, "score": rounded(why.score), "source": why.source, "less_sure": not why.is_sure}
