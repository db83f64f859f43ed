"""What stands in the box of a search so far flows in; what its last word may become flows out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, TypeAlias

from indexer.library.query.ast import folded
from indexer.library.query.field import FacetValue, quoted
from indexer.library.query.fields import FIELDS
from indexer.library.search.facets import facet_values, months_of_any_year

if TYPE_CHECKING:
    from indexer.library.store import Library

_PIECE = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<sign>[()|])
  | (?P<minus>-)
  | (?:(?P<field>[A-Za-z]+):)?(?:"(?P<inside>(?:[^"\\]|\\.)*)"?|(?P<word>[^\s()|"]*))
    """,
    re.VERBOSE | re.DOTALL,
)
_MOST_WORDS = 5  # that are one tag, as in `parse`
_OPERATORS = ("AND", "OR", "NOT")
_SHORTEST_DATE = 3  # characters of a year or month
_FEW = 3  # of the fields, where others are suggested, too


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the last word may become.

    kind: the values of fields are 'field', too, but for words and people.
    text: what to show.  insert: the whole new text of the box.  about: a few words about it, or none.
    photos: how many a search shows that have it, None where nobody counted.
    """

    kind: Literal["tag", "person", "field"]
    text: str
    insert: str
    about: str
    photos: int | None


_Ranked: TypeAlias = tuple[int, int, str, Suggestion]  # 0 where it begins so, else 1; minus its photos; its text


@dataclass(frozen=True, slots=True)
class Last:
    """What is being typed: the last word of a text.

    starts: where it begins; before that, where plain words before it begin, which may be one tag together with it.
    field: the name of the field that it is a value of, or ''.
    """

    starts: tuple[int, ...]
    field: str
    word: str


def suggest(library: Library, text: str, limit: int = 10) -> list[Suggestion]:
    """Return what the last word of a query may become: what begins with it first, then what has it inside.

    Words and people of whom most photos are come first; people who are hidden are left out.
    """
    last = last_word(text)
    if last.field:
        return _best(_values(library, text, last), limit)
    fields = [*_dates(library, text, last), *_fields(text, last)][: _FEW if last.word else limit]
    words = [*_words(library, text, last), *_people(library, text, last)]
    return [*_best(words, max(limit - min(len(fields), _FEW), 0)), *fields][:limit]


def last_word(text: str) -> Last:
    """Return what of a query is being typed."""
    row: list[int] = []
    group = field = word = ""
    at = start = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        assert found is not None
        start, at, opened = at, found.end(), field
        field = found["field"] or ""
        word = found["word"] or _bare(found["inside"] or "")
        if found["sign"]:
            group = opened if found["sign"] == "(" else group if found["sign"] == "|" else ""
        if found["word"] is None or field or word in _OPERATORS:
            row, start = ([*row] if found["space"] else []), _begin(found, start)
        else:
            row = [*row[1 - _MOST_WORDS :], start]
    if not row or row[-1] != start:
        row = [start]
    return Last(tuple(row), (field or group).lower(), word)


def _begin(piece: re.Match[str], start: int) -> int:
    """Return where a word begins in a piece, or behind it."""
    if piece["field"]:
        return start + len(piece["field"]) + 1
    return start if piece["inside"] is not None or piece["word"] else piece.end()


def _bare(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _best(found: Iterable[_Ranked], limit: int) -> list[Suggestion]:
    best: dict[str, Suggestion] = {}
    for *_, each in nsmallest(limit + _MOST_WORDS, found, key=lambda each: each[:3]):
        best.setdefault(each.text, each)
    return list(best.values())[:limit]


def _words(library: Library, text: str, last: Last) -> Iterator[_Ranked]:
    for fit, start, each in _fitting(facet_values(library, "tag"), text, last):
        made = Suggestion("tag", each.text, text[:start] + quoted(each.text), "", each.photos)
        yield fit, -(each.photos or 0), each.folded, made


def _people(library: Library, text: str, last: Last) -> Iterator[_Ranked]:
    before = "" if last.field else "person:"
    for fit, start, each in _fitting(facet_values(library, "person"), text, last):
        made = Suggestion("person", each.text, f"{text[:start]}{before}{quoted(each.text)}", "", each.photos)
        yield fit, -(each.photos or 0), each.folded, made


def _fields(text: str, last: Last) -> Iterator[Suggestion]:
    for name, field in FIELDS.items():
        if name.startswith(last.word.lower()):
            yield Suggestion("field", f"{name}:", f"{text[: last.starts[-1]]}{name}:", field.help, None)


def _dates(library: Library, text: str, last: Last) -> Iterator[Suggestion]:
    """Yield years and months that photos are of, where a word begins like one."""
    typed = folded(last.word)
    if len(typed) < _SHORTEST_DATE:
        return
    for times, about in ((facet_values(library, "date"), ""), (months_of_any_year(library), "of any year")):
        for each in times:
            if each.folded.startswith(typed):
                said = f"date:{each.text}"
                yield Suggestion("field", said, f"{text[: last.starts[-1]]}{said}", about, each.photos)


def _values(library: Library, text: str, last: Last) -> Iterator[_Ranked]:
    """Yield the values of a field, in their own order those that have one."""
    if last.field == "tag":
        yield from _words(library, text, last)
        return
    if last.field == "person":
        yield from _people(library, text, last)
        return
    fixed = FIELDS[last.field].values if last.field in FIELDS else ()
    abouts = dict(fixed)
    given = (*facet_values(library, last.field), *(FacetValue(name, name, None) for name, _ in fixed))
    for place, (fit, start, each) in enumerate(_fitting(given, text, last)):
        said = quoted(each.text)
        made = Suggestion("field", f"{last.field}:{said}", text[:start] + said, abouts.get(each.text, ""), each.photos)
        yield fit, place, each.folded, made


def _fitting(given: Sequence[FacetValue], text: str, last: Last) -> Iterator[tuple[int, int, FacetValue]]:
    """Yield (0 where it begins with what is typed, 1 where that is inside; where that begins; choice)."""
    *before, start = last.starts
    for begin in before:
        row = folded(" ".join(text[begin:].split()))
        yield from ((0, begin, each) for each in given if each.folded.startswith(row))
    typed = folded(last.word)
    for each in given:
        if typed in each.folded:
            yield int(not each.folded.startswith(typed)), start, each
