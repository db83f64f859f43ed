"""Photos are counted by the month in which they were taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_oracle import Subject, match
from made_photos import made_photo
from made_queries import queries, recorded, subjects

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.query.ast import ALL, Not, Query, Taken, Term
from indexer.library.search.aggregates import MonthCount, timeline
from indexer.library.search.search import count_hits
from indexer.library.store import Library
from indexer.values.outcomes import Indexed, Removed

P = Path("/photos")


def photo(name: str, number: int, taken_at: str | None, *tags: tuple[str, float]) -> Indexed:
    made = made_photo(P / name, number, list(tags))
    return replace(made, analysis=replace(made.analysis, metadata=replace(made.analysis.metadata, taken_at=taken_at)))


@pytest.mark.parametrize("keeps_words", [False, True])
def test_months_come_newest_first_and_those_without_a_date_last(library: Library, keeps_words: bool) -> None:
    if keeps_words:
        library.keep_words()
    record_outcomes(
        library,
        [
            photo("a", 1, "2024-05-03T10:00:00", ("dog", 0.5)),
            photo("b", 2, None, ("dog", 0.5)),
            photo("c", 3, "2024-05-31T23:59:59+02:00"),
            photo("d", 4, "2023-12-01T00:00:00", ("dog", 0.5)),
            photo("e", 5, "2025-01-01T00:00:00"),
        ],
    )
    assert timeline(library, Term("dog")) == [MonthCount("2024-05", 1), MonthCount("2023-12", 1), MonthCount(None, 1)]
    assert [each.photos for each in timeline(library, ALL)] == [1, 2, 1, 1]
    assert timeline(library, Not(Taken(None, None))) == [MonthCount(None, 1)]
    record_outcomes(library, [Removed(P / "e")])
    assert timeline(library, ALL)[0] == MonthCount("2024-05", 2)
    assert timeline(library, Term("nothing")) == []


def test_an_empty_library_has_no_months(library: Library) -> None:
    assert timeline(library, ALL) == []


@settings(max_examples=25, deadline=None)
@given(st.lists(subjects, max_size=6), st.lists(queries, min_size=1, max_size=5))
def test_a_timeline_counts_what_a_search_finds(photos: list[Subject], asked: list[Query]) -> None:
    with Library.empty(Path("none")) as library:
        photos = recorded(library, photos)
        library.keep_words()
        for query in asked:
            taken = [each.metadata.taken_at for each in photos if each.metadata and match(query, each) is not None]
            months = [time and time[:7] for time in taken]
            told = timeline(library, query)
            assert {each.month: each.photos for each in told} == {each: months.count(each) for each in months}
            assert sum(each.photos for each in told) == count_hits(library, query)
