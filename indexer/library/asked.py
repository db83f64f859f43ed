"""The words and flags of a search flow in; one query flows out, and what to say where it finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def nothing_found(library: Library, query: Query, meant: Callable[[str], Sequence[str]]) -> Iterator[str]:
    """Say which words and names find nothing by themselves, and which known ones are like them.

    meant: an unknown word → the nearest words by meaning.
    """
    from indexer.library.query import ALL, ANYTHING, Person, Term, Text, leaves
    from indexer.library.search import count_hits, known_tag, nearest_people, nearest_words, tagging_models

    if query == ALL:
        yield "The library shows no photo; 'indexer scan FOLDER' takes some in."
        return
    said = False
    for leaf in dict.fromkeys(leaves(query)):
        if isinstance(leaf, Term) and known_tag(library, leaf.word) is None:
            said = True
            near = nearest_words(library, leaf.word)
            like = [word for word in meant(leaf.word) if known_tag(library, word) is not None]
            yield (
                f"No photo is tagged {leaf.word!r}."
                + (f" Near it: {', '.join(near)}." if near else "")
                + (f" Near it in meaning: {', '.join(like)}." if like else "")
            )
        elif isinstance(leaf, Person) and leaf.name != ANYTHING:
            people = nearest_people(library, leaf.name)
            if people is not None:
                said = True
                yield f"Nobody is named {leaf.name!r}." + (f" There are: {', '.join(people)}." if people else "")
        elif isinstance(leaf, Text) and leaf.field == "model" and not count_hits(library, leaf):
            said = True
            models = ", ".join(name for name in tagging_models(library) if name != leaf.wanted)
            yield f"No network {leaf.wanted!r} gave a photo a tag." + (f" There are: {models}." if models else "")
    if not said:
        yield "No photo meets all of this; fewer words, '|' between them (--any) or a lower --min-score find more."
