"""What a query means for a photo, in plain Python: the oracle to which SQL and the arrays of `postings` are held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexer.library.query.ast import (
    And,
    Away,
    Everything,
    Fact,
    MonthOfYear,
    Near,
    Not,
    Number,
    Or,
    PersonTerm,
    Query,
    Shape,
    State,
    Taken,
    Term,
    Text,
    bound,
    folded,
    left_out,
    split_scores,
)
from indexer.library.query.fields import FIELDS
from indexer.library.query.places import distance_km
from indexer.values.files import Metadata, PixelStats

ABOUT = {"f": 0.0005, "focal": 0.0005}  # fractions in the file: 2.8 may be 2.79999


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo as a query sees it.

    tags: folded name → score.  counts: folded name → how many things.
    models: folded name → the ids of the models that gave the tag.  people: folded names.
    text: in the picture, folded.  known: somebody in it has a name and is not hidden.  states: which of STATES it has.
    """

    path: str
    tags: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    known: bool = False
    faces: int = 0
    rating: int | None = None
    metadata: Metadata | None = None
    look: PixelStats | None = None
    states: frozenset[str] = frozenset()
    text: str = ""


def match(query: Query, photo: Subject) -> float | None:
    """Return the score of a photo, None where it does not match."""
    return None if photo.states & left_out(query) else _score(bound(query), photo)


def _score(query: Query, photo: Subject) -> float | None:
    match query:
        case Term():
            word = folded(query.word)
            given = all(any(_is_like(each, _ids(photo.models.get(word))) for each in some) for some in query.models)
            count = FIELDS["count"].value(photo).get(word, 1)
            is_counted = count >= query.least and (query.most is None or count <= query.most)
            return FIELDS["tag"].value(photo).get(word) if given and is_counted else None
        case And():
            return _all(query, photo)
        case Or():
            found = (_score(part, photo) for part in query.parts)
            return max((score for score in found if score is not None), default=None)
        case Not():
            return 1.0 if _score(query.part, photo) is None else None
    return 1.0 if _holds(query, photo) else None


def _all(query: And, photo: Subject) -> float | None:
    sought, limits = split_scores(query)
    found = [_score(part, photo) for part in sought]
    sure = [score for score in found if score is not None]
    if not query.parts or len(sure) < len(found):
        return None
    score = min(sure, default=1.0)
    return score if all(_within(limit, score) for limit in limits) else None


def _holds(fact: Fact | Everything, photo: Subject) -> bool:
    if isinstance(fact, Everything):
        return True
    if isinstance(fact, Away):
        return any(Path(photo.path).is_relative_to(root) for root in fact.roots)
    value = FIELDS[fact.field].value(photo)
    return value is not None and _meets(fact, value)


def _meets(fact: Fact, value: Any) -> bool:
    match fact:
        case PersonTerm(name):
            return folded(name) in value
        case Text():
            return any(_is_like(fact, text) for text in ([value] if isinstance(value, str) else value))
        case Number():
            return _within(fact, value)
        case Taken(since, before):
            return (since is None or value >= since) and (before is None or value < before)
        case MonthOfYear(number):
            return str(value)[5:7] == f"{number:02}"
        case Near(latitude, longitude, km):
            there: tuple[float, float] = value
            away = distance_km(there[0], there[1], latitude, longitude)
            return away is not None and away <= km
        case Shape(name) | State(name):
            return name in value
    raise TypeError(f"not a fact: {fact!r}")


def _within(limit: Number, number: float) -> bool:
    about = ABOUT.get(limit.field, 0.0)
    return (limit.low is None or number >= limit.low - about) and (limit.high is None or number <= limit.high + about)


def _is_like(fact: Text, text: str) -> bool:
    globs = FIELDS[fact.field].globs
    assert globs is not None
    return bool(text) and any(re.fullmatch(_regex(each), text, re.DOTALL) for each in globs(fact.wanted))


def _regex(glob: str) -> str:
    """Return what a pattern means, for Python: only '*' and sets of letters are special in it."""
    pieces = re.findall(r"\[(?:\[|[^\[\]]+)\]|\*|.", glob, re.DOTALL)
    return "".join(
        ".*" if each == "*" else f"[{re.escape(each[1:-1])}]" if len(each) > 1 else re.escape(each) for each in pieces
    )


def _ids(models: Iterable[str] | None) -> str:
    return f" {' '.join(sorted(models))} " if models else ""
