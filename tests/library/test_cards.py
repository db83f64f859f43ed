"""A photo is found by its number, and its number by its path."""

from __future__ import annotations

from pathlib import Path

from made_photos import made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.photo_summary import numbers_of, photo_of
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Removed

P = Path("/photos")


def test_a_photo_is_found_by_the_number_that_a_search_tells(library: Library) -> None:
    made = made_photo(P / "a", 1, [("dog", 0.9)])
    record_outcomes(library, [made])
    (hit,) = by_keywords(library, ["dog"])
    assert numbers_of(library, [P / "a", P / "none", Path("/elsewhere")]) == {P / "a": hit.number}
    card = photo_of(library, hit.number)
    assert card is not None
    said = made.analysis.metadata
    assert (card.path, card.width, card.height, card.taken_at) == (P / "a", said.width, said.height, said.taken_at)
    assert (hit.width, hit.height) == (said.width, said.height)
    assert card.content_hash == made.analysis.hashes.content
    assert (card.missing, card.failed) == (False, False)


def test_what_is_missing_or_failed_says_so(library: Library) -> None:
    record_outcomes(library, [made_photo(P / "a", 1), Failed(PhotoFile(P / "b", 1, 1), "decode", "it is broken")])
    record_outcomes(library, [Removed(P / "a")])
    numbers = numbers_of(library, [P / "a", P / "b"])
    states = [(card.missing, card.failed) for path in numbers if (card := photo_of(library, numbers[path]))]
    assert states == [(True, False), (False, True)]


def test_unknown_numbers_are_nobody(library: Library) -> None:
    assert [photo_of(library, number) for number in (0, -1, 7, 2**63, 2**200)] == [None] * 5
