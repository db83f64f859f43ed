"""What is searched for, as a tree. `match` says what it means; `search` says the same in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Term:
    """Photos that have a tag of this name; the case of letters does not matter."""

    word: str


@dataclass(frozen=True, slots=True)
class And:
    """Photos that match every part; the score is that of the least sure part."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Photos that match any part; the score is that of the surest part."""

    parts: tuple[Query, ...]


Query: TypeAlias = Term | And | Or


def words(query: Query) -> list[str]:
    """Return the words of the terms, folded."""
    if isinstance(query, Term):
        return [folded(query.word)]
    return [word for part in query.parts for word in words(part)]


def match(query: Query, scores: Mapping[str, float]) -> float | None:
    """Return the score of a photo with these tags (folded name → score), None where it does not match."""
    if isinstance(query, Term):
        return scores.get(folded(query.word))
    found = [match(part, scores) for part in query.parts]
    sure = [score for score in found if score is not None]
    if isinstance(query, Or):
        return max(sure, default=None)
    return min(sure, default=None) if len(sure) == len(found) else None


def folded(word: str) -> str:
    """Return a word as tags are looked up: neither case nor the way that an accent is encoded matters."""
    return normalize("NFC", word).casefold()
