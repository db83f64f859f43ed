"""The shapes of all photos of a search come in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_oracle import Subject
from made_photos import made_photo
from made_queries import queries, recorded, subjects

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.query.ast import ALL, Query, Term
from indexer.library.query.plan import Sort
from indexer.library.search.aggregates import shapes
from indexer.library.search.search import by_query
from indexer.library.store import Library
from indexer.values.outcomes import Indexed, Removed

P = Path("/photos")
SORTS: Sequence[Sort] = ("score", "date", "path", "distance")


def photo(name: str, number: int, sides: tuple[int | None, int | None], sure: float) -> Indexed:
    made = made_photo(P / name, number, [("dog", sure)])
    metadata = replace(made.analysis.metadata, width=sides[0], height=sides[1], taken_at=f"2024-05-0{number}T10:00:00")
    return replace(made, analysis=replace(made.analysis, metadata=metadata))


@pytest.mark.parametrize("keeps_words", [False, True])
def test_shapes_are_width_by_height_in_the_order_of_the_search(library: Library, keeps_words: bool) -> None:
    if keeps_words:
        library.keep_words()
    record_outcomes(
        library,
        [
            photo("b", 1, (300, 200), 0.5),
            photo("a", 2, (200, 400), 0.9),
            photo("c", 3, (None, None), 0.7),
            photo("d", 4, (100, 100), 0.1),
        ],
    )
    assert shapes(library, ALL, "date").tolist() == [1.0, 0.0, 0.5, 1.5]
    assert shapes(library, ALL, "path").tolist() == [0.5, 1.5, 0.0, 1.0]
    assert shapes(library, Term("dog"), "score").tolist() == [0.5, 0.0, 1.5, 1.0]
    record_outcomes(library, [Removed(P / "d"), photo("e", 5, (800, 400), 0.2)])
    assert shapes(library, ALL, "date").tolist() == [2.0, 0.0, 0.5, 1.5]
    assert shapes(library, Term("nothing")).tolist() == []


def test_an_empty_library_has_no_shapes(library: Library) -> None:
    assert shapes(library, ALL).tolist() == []


@settings(max_examples=25, deadline=None)
@given(st.lists(subjects, max_size=6), st.lists(queries, min_size=1, max_size=5))
def test_shapes_are_those_that_sql_tells_of_the_photos_that_a_search_finds(
    photos: list[Subject], asked: list[Query]
) -> None:
    with Library.empty(Path("none")) as library:
        recorded(library, photos)
        with library.reading() as connection:
            rows = connection.exec_driver_sql("SELECT id, width, height FROM photos").all()
        known = {row: width / height if width and height else 0.0 for row, width, height in rows}
        found = {(query, sort): by_query(library, query, sort=sort) for query in asked for sort in SORTS}  # by SQL
        library.keep_words()
        for (query, sort), hits in found.items():
            assert shapes(library, query, sort).tolist() == [known[hit.number] for hit in hits]
