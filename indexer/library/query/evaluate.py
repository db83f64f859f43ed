"""A query and a photo, as a plain value, flow in; the score that the photo has flows out.

This says what a query means: tests hold the SQL of `where` and the arrays of `postings` to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from indexer.library.query.ast import (
    ANYTHING,
    NUMBERS,
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
    within,
)
from indexer.library.query.fields import distance_km, globs, regex
from indexer.photo import Metadata


@dataclass(frozen=True, slots=True)
class Subject:
    """A photo as a query sees it.

    tags: folded name → score.  models: folded name → the ids of the networks that gave the tag.  people: folded names.
    known: somebody in it has a name and is not hidden.  states: which of STATES it has.
    """

    path: str
    tags: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    known: bool = False
    faces: int = 0
    rating: int | None = None
    metadata: Metadata | None = None
    states: frozenset[str] = frozenset()


def match(query: Query, photo: Subject) -> float | None:
    """Return the score of a photo, None where it does not match."""
    return None if photo.states & left_out(query) else _score(bound(query), photo)


def _score(query: Query, photo: Subject) -> float | None:
    match query:
        case Term():
            word = folded(query.word)
            given = all(any(_is_like(each, _ids(photo.models.get(word))) for each in some) for some in query.models)
            return photo.tags.get(word) if given else None
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
    return score if all(within(limit, score) for limit in limits) else None


def _holds(fact: Fact, photo: Subject) -> bool:
    match fact:
        case PersonTerm(name):
            return photo.known if name == ANYTHING else folded(name) in photo.people
        case Text():
            return any(_is_like(fact, text) for text in _texts(fact.field, photo))
        case State(name):
            return name in photo.states
        case Away(roots):
            return any(Path(photo.path).is_relative_to(root) for root in roots)
        case Everything():
            return True
        case Number("faces" | "rating" | "score"):
            return within(fact, {"faces": photo.faces, "rating": photo.rating, "score": 1.0}[fact.field])
    return photo.metadata is not None and _says(fact, photo.metadata)


def _says(fact: Fact, said: Metadata) -> bool:
    match fact:
        case Taken(since, before):
            taken = said.taken_at
            return taken is not None and (since is None or taken >= since) and (before is None or taken < before)
        case MonthOfYear(number):
            return said.taken_at is not None and said.taken_at[5:7] == f"{number:02}"
        case Near(latitude, longitude, km):
            away = distance_km(said.latitude, said.longitude, latitude, longitude)
            return away is not None and away <= km
        case Number():
            return within(fact, getattr(said, NUMBERS[fact.field]))
        case Shape(name):
            sides = sorted((said.width, said.height))
            return {
                "landscape": said.width > said.height,
                "portrait": said.width < said.height,
                "square": said.width == said.height,
                "panorama": sides[1] >= 2 * sides[0],
            }[name]
    return False


def _is_like(fact: Text, text: str) -> bool:
    patterns = map(regex, globs(fact.field, fact.wanted))
    return bool(text) and any(re.fullmatch(each, text, re.DOTALL) for each in patterns)


def _texts(name: str, photo: Subject) -> list[str]:
    if name == "model":
        return [_ids(models) for models in photo.models.values()]
    if name in ("path", "folder", "type"):
        return [photo.path]
    said = photo.metadata
    if said is None:
        return []
    if name == "camera":
        return [" ".join(part for part in (said.camera_make, said.camera_model) if part)]
    return [getattr(said, name) or ""]


def _ids(models: Iterable[str] | None) -> str:
    return f" {' '.join(sorted(models))} " if models else ""
