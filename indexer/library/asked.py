"""The words and flags of a search flow in; one query flows out, and what to say where it finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from indexer.errors import QueryError, printable

if TYPE_CHECKING:
    from indexer.library.parse import Resolve
    from indexer.library.query import Query
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user typed: the query, and the flags that mean the same as parts of it."""

    query: Sequence[str] = ()
    keywords: Sequence[str] = ()
    any_word: bool = False
    people: Sequence[str] = ()
    models: Sequence[str] = ()
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """Why nothing was found, in a sentence.  instead: other words, each with the search that has it in its place."""

    text: str
    instead: tuple[tuple[str, str], ...] = ()


def resolver(library: Library, canonical: Callable[[str], str | None]) -> Resolve:
    """Return the function that says which tag a word means: one that a photo has, else what the vocabulary knows.

    canonical: what the vocabulary says of a word.
    """
    from indexer.library.search import known_tag

    return lambda word: known_tag(library, word) or canonical(word)


def tree(asked: Asked, resolve: Resolve, today: date) -> Query:
    """Return what was asked for as one query. Errors: QueryError."""
    from indexer.library.parse import parse
    from indexer.library.query import And

    parts: list[Query] = []
    if asked.query:
        parts.append(parse(" ".join(asked.query), today=today, resolve=resolve))
    parts += _keywords(asked, resolve)
    parts += [_leaf("person", name, today) for name in asked.people]
    parts += [_leaf("model", name, today) for name in asked.models]
    if asked.after is not None or asked.before is not None:
        parts.append(_leaf("date", f"{asked.after or ''}..{asked.before or ''}", today))
    if not parts:
        raise QueryError("", 0, "nothing is searched for; 'indexer search dog' finds dogs")
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _keywords(asked: Asked, resolve: Resolve) -> list[Query]:
    from indexer.library.query import Or, Term

    terms: list[Query] = [Term(resolve(word) or word) for word in map(_word, asked.keywords)]
    return [Or(tuple(terms))] if asked.any_word and len(terms) > 1 else terms


def _leaf(name: str, value: str, today: date) -> Query:
    from indexer.library.values import Unclear, leaf

    try:
        return leaf(name, _word(value), today)
    except Unclear as error:
        raise QueryError(value, 0, str(error)) from error


def _word(text: str) -> str:
    """Return a keyword. Errors: QueryError where it is empty or no text."""
    if not text.strip():
        raise QueryError(text, 0, "a keyword is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(printable(text), error.start, "a keyword is not text in UTF-8") from error
    return text


def nothing_found(library: Library, query: Query, meant: Callable[[str], Sequence[str]]) -> list[Hint]:
    """Say which words and names find nothing by themselves, and which known ones are like them.

    meant: an unknown word → the nearest words by meaning.
    """
    from indexer.library.query import ALL, leaves

    if query == ALL:
        return [Hint("The library shows no photo; 'indexer scan FOLDER' takes some in.")]
    told = [_alone(library, query, leaf, meant) for leaf in dict.fromkeys(leaves(query))]
    return [hint for hint in told if hint] or [
        Hint("No photo meets all of this; fewer words, or '|' between them, find more.")
    ]


def _alone(library: Library, query: Query, leaf: Query, meant: Callable[[str], Sequence[str]]) -> Hint | None:
    """Return what is to be said of a part that finds nothing by itself."""
    from indexer.library.query import ANYTHING, Person, Term, Text
    from indexer.library.search import count_hits, known_tag, nearest_people, nearest_words, tagging_models

    match leaf:
        case Term(word) if known_tag(library, word) is None:
            near = nearest_words(library, word)
            like = [each for each in meant(word) if known_tag(library, each) is not None]
            text = f"No photo is tagged {word!r}." + _listed("Near it", near) + _listed("Near it in meaning", like)
            return Hint(text, _instead(query, leaf, {each: Term(each) for each in (*near, *like)}))
        case Person(name) if name != ANYTHING and (people := nearest_people(library, name)) is not None:
            text = f"Nobody is named {name!r}." + _listed("There are", people)
            return Hint(text, _instead(query, leaf, {each: Person(each) for each in people}))
        case Text("model", wanted) if not count_hits(library, leaf):
            models = [name for name in tagging_models(library) if name != wanted]
            text = f"No network {wanted!r} gave a photo a tag." + _listed("There are", models)
            return Hint(text, _instead(query, leaf, {each: Text("model", each) for each in models}))
    return None


def _listed(what: str, names: Sequence[str]) -> str:
    return f" {what}: {', '.join(names)}." if names else ""


def _instead(query: Query, leaf: Query, others: Mapping[str, Query]) -> tuple[tuple[str, str], ...]:
    from indexer.library.parse import printed
    from indexer.library.query import replaced

    return tuple((name, printed(replaced(query, leaf, other))) for name, other in others.items())
