"""A search that found nothing flows in; why that is, and other searches that find something, flow out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.advice import Advice, advice

if TYPE_CHECKING:
    from indexer.library.query.ast import Query
    from indexer.library.store import Library

_SHORTEST = 2  # letters that are looked for in paths


@dataclass(frozen=True, slots=True)
class Hint:
    """Why nothing was found, in a sentence.

    instead: other words, each with the search that has it in its place.  advice: what to do about it; then the
    sentence is not ended yet.
    """

    text: str
    instead: tuple[tuple[str, str], ...] = ()
    advice: Advice | None = None


def nothing_found(library: Library, query: Query, meant: Callable[[str], Sequence[str]]) -> list[Hint]:
    """Say which words and names find nothing by themselves, which known ones are like them, and what is hidden.

    meant: an unknown word → the nearest words by meaning.
    """
    from indexer.library.query.ast import ALL, leaves

    told: list[Hint | None] = [_hidden(library, query)]
    if query == ALL:
        told.append(Hint("The library is empty", advice=advice("add-photos")))
    else:
        told += [_alone(library, query, leaf, meant) for leaf in dict.fromkeys(leaves(query))]
    return _each_once([hint for hint in told if hint]) or [
        Hint("No photo matches all of these terms; use fewer, or put '|' between them.")
    ]


def _hidden(library: Library, query: Query) -> Hint | None:
    """Return how many photos would be found, were they not hidden."""
    from indexer.library.query.ast import And, State, left_out
    from indexer.library.query.parser import printed
    from indexer.library.search.search import count_hits

    if "hidden" not in left_out(query):
        return None
    parts = query.parts if isinstance(query, And) else (query,)
    also = And((*parts, State("hidden")))
    count = count_hits(library, also)
    if not count:
        return None
    text = "1 hidden photo matches" if count == 1 else f"{count:,} hidden photos match"
    return Hint(f"{text}; search with is:hidden to include hidden photos.", (("hidden", printed(also)),))


def _alone(library: Library, query: Query, leaf: Query, meant: Callable[[str], Sequence[str]]) -> Hint | None:
    """Return what is to be said of a part that finds nothing by itself."""
    from indexer.library.query.ast import ANYTHING, PersonTerm, Term, Text
    from indexer.library.query.parser import printed
    from indexer.library.search.search import count_hits, known_tag, nearest_people, tagging_models

    match leaf:
        case Term(word) if known_tag(library, word) is None:
            return _unknown(
                library, query, leaf, [each for each in meant(word) if known_tag(library, each) is not None]
            )
        case Term(word) if (leaf.least > 1 or leaf.most is not None) and not count_hits(library, leaf):
            text = f"No photo shows {printed(leaf)}; where nobody counted, one is shown."
            return Hint(text, _instead(query, leaf, {word: Term(word)}))
        case PersonTerm(name) if name != ANYTHING and (people := nearest_people(library, name)) is not None:
            text = f"Nobody is named {name!r}." + _listed("Known names", people)
            return Hint(text, _instead(query, leaf, {each: PersonTerm(each) for each in people}))
        case Text("model", wanted) if not count_hits(library, leaf):
            models = [name for name in tagging_models(library) if name != wanted]
            text = f"No photo was tagged by a model {wanted!r}." + _listed("Models", models)
            return Hint(text, _instead(query, leaf, {each: Text("model", each) for each in models}))
    return None


def _unknown(library: Library, query: Query, leaf: Query, like: Sequence[str]) -> Hint:
    """Return what is to be said of a word that is no tag. like: tags near it in meaning."""
    from indexer.library.query.ast import Term
    from indexer.library.query.parser import printed
    from indexer.library.search.search import nearest_words

    assert isinstance(leaf, Term)
    near = nearest_words(library, leaf.word)
    fields = {printed(each): each for each in _fields(library, leaf.word)}
    text = f"No photo is tagged {leaf.word!r}."
    text += _listed("Similar tags", near) + _listed("Related tags", like) + _listed("Try instead", [*fields])
    return Hint(text, _instead(query, leaf, {**fields, **{each: Term(each) for each in (*near, *like)}}))


def _fields(library: Library, word: str) -> Iterator[Query]:
    """Yield what else a word may be that finds photos: a person's name or a part of one, a time, a part of a path."""
    from indexer.library.search.search import count_hits

    for each in (*_people(library, word), *_times(word), *_paths(word)):
        if count_hits(library, each):
            yield each


def _people(library: Library, word: str) -> Iterator[Query]:
    from indexer.library.query.ast import PersonTerm, folded
    from indexer.library.search.facets import facet_values

    said = folded(word)
    yield from (
        PersonTerm(each.text) for each in facet_values(library, "person") if said in (each.folded, *each.folded.split())
    )


def _times(word: str) -> Iterator[Query]:
    from datetime import date

    from indexer.library.query.field import InvalidValue
    from indexer.library.query.fields import leaf

    try:
        yield leaf("date", word, date.today())
    except InvalidValue:
        return


def _paths(word: str) -> Iterator[Query]:
    from indexer.library.query.ast import Text

    if len(word) >= _SHORTEST:
        yield Text("path", word)


def _listed(what: str, names: Sequence[str]) -> str:
    return f" {what}: {', '.join(names)}." if names else ""


def _instead(query: Query, leaf: Query, others: Mapping[str, Query]) -> tuple[tuple[str, str], ...]:
    from indexer.library.query.parser import printed

    return tuple((name, printed(_swapped(query, leaf, other))) for name, other in others.items())


def _swapped(query: Query, leaf: Query, other: Query) -> Query:
    """Return the query with another part in place of one; a person's name takes the place of all words of it."""
    from indexer.library.query.ast import And, PersonTerm, Term, folded, leaves, replaced

    swapped = replaced(query, leaf, other)
    if not isinstance(other, PersonTerm):
        return swapped
    name = folded(other.name).split()
    for each in leaves(query):
        if isinstance(each, Term) and folded(each.word) in name:
            swapped = replaced(swapped, each, other)
    if isinstance(swapped, And):
        first, *rest = dict.fromkeys(swapped.parts)
        return And((first, *rest)) if rest else first
    return swapped


def _each_once(hints: Iterable[Hint]) -> list[Hint]:
    """Return hints of which none offers a search that one before it does."""
    known: set[str] = set()
    told = []
    for hint in hints:
        told.append(replace(hint, instead=tuple(each for each in hint.instead if each[1] not in known)))
        known.update(search for _, search in hint.instead)
    return told
