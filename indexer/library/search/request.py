"""The words and flags of a search flow in; one query flows out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import QueryError, printable

if TYPE_CHECKING:
    from indexer.library.query.ast import Query
    from indexer.library.query.evidence import OutputsOf
    from indexer.library.query.parser import Resolve
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What a user typed: the query, and the flags that mean the same as parts of it."""

    query: Sequence[str] = ()
    keywords: Sequence[str] = ()
    any_word: bool = False
    people: Sequence[str] = ()
    models: Sequence[str] = ()
    after: str | None = None
    before: str | None = None
    min_score: float | None = None


def resolver(library: Library, canonical: Callable[[str], str | None]) -> Resolve:
    """Return the function that says which tag a word means: one that a photo has, else what the vocabulary knows.

    canonical: what the vocabulary says of a word.
    """
    from indexer.library.search.search import known_tag

    return lambda word: known_tag(library, word) or canonical(word)


def tree(
    asked: SearchRequest,
    resolve: Resolve,
    today: date,
    away: Sequence[Path] = (),
    outputs_of: OutputsOf | None = None,
) -> Query:
    """Return what was asked for as one query; resolve, today, away: as for `parse`.

    outputs_of: the outputs of models that stand for a word, for less sure matches; None: such are not searched.
    Errors: QueryError.
    """
    from indexer.library.query.ast import And, Number
    from indexer.library.query.evidence import with_evidence
    from indexer.library.query.parser import parse

    parts: list[Query] = []
    if asked.query:
        parts.append(parse(" ".join(asked.query), today=today, resolve=resolve, away=away))
    parts += _keywords(asked, resolve)
    parts += [_leaf("person", name, today) for name in asked.people]
    parts += [_leaf("model", name, today) for name in asked.models]
    if asked.after is not None or asked.before is not None:
        parts.append(_leaf("date", f"{asked.after or ''}..{asked.before or ''}", today))
    if not parts:
        raise QueryError("", 0, "the search is empty").advise("search")
    if asked.min_score is not None:
        parts.append(Number("score", asked.min_score, None))
    query = parts[0] if len(parts) == 1 else And(tuple(parts))
    return with_evidence(query, outputs_of) if outputs_of is not None else query


def _keywords(asked: SearchRequest, resolve: Resolve) -> list[Query]:
    from indexer.library.query.ast import Or, Term

    terms: list[Query] = [Term(resolve(word) or word) for word in map(_word, asked.keywords)]
    return [Or(tuple(terms))] if asked.any_word and len(terms) > 1 else terms


def _leaf(name: str, value: str, today: date) -> Query:
    from indexer.library.query.field import InvalidValue
    from indexer.library.query.fields import leaf

    try:
        return leaf(name, _word(value), today)
    except InvalidValue as error:
        raise QueryError(value, 0, str(error)) from error


def _word(text: str) -> str:
    """Return a keyword. Errors: QueryError where it is empty or no text."""
    if not text.strip():
        raise QueryError(text, 0, "a keyword is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(printable(text), error.start, "a keyword is not valid UTF-8") from error
    return text
