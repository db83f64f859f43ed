"""How many of a thing a photo must show: `dog>=2`, read, written and as SQL."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from indexer.library.query.ast import Not, Query, Term
from indexer.library.query.clause import Sql
from indexer.library.query.field import InvalidValue, SearchField

COUNT = re.compile(r"(?P<sign>[<>]=?|=)(?P<number>\d{1,6})(?![^\s()|])")
_COUNT_OF_ROW = (
    "ifnull((SELECT count FROM tag_counts WHERE tag_counts.photo_id = photo_tags.photo_id "
    "AND tag_counts.tag_id = photo_tags.tag_id), 1)"
)
PEOPLE = (  # SQL for how many people a photo shows
    "ifnull((SELECT max(ifnull(tag_counts.count, 1)) FROM photo_tags JOIN tags ON tags.id = photo_tags.tag_id "
    "LEFT JOIN tag_counts ON tag_counts.photo_id = photo_tags.photo_id AND tag_counts.tag_id = photo_tags.tag_id "
    "WHERE photo_tags.photo_id = photos.id AND tags.folded = 'person'), 0)"
)


def split_count(text: str) -> tuple[str, str]:
    """Return the word of 'dog>=2', and '>=2'; '' where there is no count."""
    found = COUNT.search(text)
    return (text[: found.start()], found[0]) if found and found.end() == len(text) else (text, "")


def parse_count(field: SearchField, value: str, _: date) -> Query:
    """Return what 'dog>=2' means. Raises InvalidValue."""
    word, count = split_count(value)
    if not word.strip() or not count:
        raise InvalidValue(f"{value!r} is not a count; {field.example}")
    return with_count(Term(word.strip()), count)


def with_count(term: Term, count: str) -> Query:
    """Return a word with the count behind it, such as '>=2', '': none; no such thing at all is its opposite.

    Raises InvalidValue for a count that every photo has, or none.
    """
    found = COUNT.fullmatch(count)
    if found is None:
        return term
    sign, number = found["sign"], int(found["number"])
    least = {">": number + 1, ">=": number, "=": number}.get(sign, 1)
    most = {"<": number - 1, "<=": number, "=": number}.get(sign)
    if most == 0:
        return Not(term)
    if least < 1 or (most is not None and most < least):
        raise InvalidValue(f"'{term.word}{count}' is no count of things; write {term.word}>=1 or {term.word}=0")
    return replace(term, least=least, most=most)


def count_text(term: Term) -> str:
    """Return the count of a word as it is typed, '' for one that needs none."""
    if term.most is None:
        return f">={term.least}" if term.least > 1 else ""
    return f"={term.least}" if term.most == term.least else f"<={term.most}"


def count_condition(term: Term) -> Sql:
    """Return the condition, after others, that a row of `photo_tags` has the count that a word needs."""
    ends = [(">=", term.least if term.least > 1 else None), ("<=", term.most)]
    given = [(sign, end) for sign, end in ends if end is not None]
    return Sql("".join(f" AND {_COUNT_OF_ROW} {sign} ?" for sign, _ in given), tuple(end for _, end in given))
