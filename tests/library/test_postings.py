"""What a long-lived process keeps in memory follows every change of the library, whoever makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_photos import made_photo
from sqlalchemy import Connection

from indexer.library.db.engine import Changes
from indexer.library.indexing.outcomes import forget_missing, record_outcomes
from indexer.library.query import postings
from indexer.library.query.ast import And, Not, Query, Term
from indexer.library.search.aggregates import shapes
from indexer.library.search.search import by_query, count_hits
from indexer.library.store import Library
from indexer.values.outcomes import Removed

P = Path("/photos")
DOG, CAT = Term("dog"), Term("cat")


def names(library: Library, query: Query) -> list[str]:
    return [hit.path.name for hit in by_query(library, query, limit=9)]


@pytest.fixture
def kept(library: Library) -> Library:
    """A library with three photos of dogs, which has answered one search."""
    record_outcomes(library, [made_photo(P / name, n, [("dog", 0.9 - n / 10)]) for n, name in enumerate("abc")])
    library.keep_words()
    assert names(library, DOG) == ["a", "b", "c"]
    return library


def test_what_the_process_itself_writes_is_found(kept: Library) -> None:
    record_outcomes(kept, [made_photo(P / "b", 1, [("cat", 0.5)]), Removed(P / "c")])
    assert names(kept, DOG) == ["a"]
    assert names(kept, CAT) == ["b"]


def test_what_another_process_writes_is_found(kept: Library) -> None:
    with Library.open(kept.path) as other:
        record_outcomes(other, [made_photo(P / "d", 7, [("dog", 1.0)])])
    assert names(kept, DOG) == ["d", "a", "b", "c"]


def test_rows_of_forgotten_photos_match_nothing(kept: Library) -> None:
    record_outcomes(kept, [Removed(P / "b")])
    forget_missing(kept)
    assert names(kept, DOG) == ["a", "c"]
    assert sorted(names(kept, Not(CAT))) == ["a", "c"]
    assert count_hits(kept, Not(CAT)) == 2


def test_two_connections_that_take_turns_both_see_what_is_new(kept: Library) -> None:
    with kept.reading():  # holds the first connection: the next ones are others
        assert names(kept, DOG) == ["a", "b", "c"]
        with Library.open(kept.path) as other:
            record_outcomes(other, [made_photo(P / "a", 0, [("cat", 1.0)])])
        assert names(kept, DOG) == ["b", "c"]
    assert names(kept, DOG) == ["b", "c"]
    assert names(kept, And((DOG, Not(CAT)))) == ["b", "c"]


def test_what_is_written_while_a_search_begins_is_found_wholly_or_not_at_all(
    kept: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = made_photo(P / "d", 7, [("dog", 0.5), ("cat", 1.0)])
    mark, coming = Changes.mark, [both]

    def mark_and_write(self: Changes) -> tuple[int, int]:
        found = mark(self)
        if coming:
            with Library.open(kept.path) as other:
                record_outcomes(other, [coming.pop()])
        return found

    monkeypatch.setattr(Changes, "mark", mark_and_write)
    assert names(kept, And((DOG, CAT))) == ["d"]
    assert names(kept, DOG) == ["a", "b", "c", "d"]


def test_memory_is_limited(kept: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "_MOST_BYTES", 30)
    for _ in range(2):
        assert names(kept, And((DOG, Not(CAT)))) == ["a", "b", "c"]


def test_what_is_written_between_two_reads_of_a_search_is_not_taken_for_kept(
    kept: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = postings.Postings.ordered
    coming = [made_photo(P / "d", 7, [("dog", 1.0)])]

    def ordered_and_write(self: postings.Postings, *asked: Any) -> Any:
        found = ordered(self, *asked)
        if coming:
            with Library.open(kept.path) as other:
                record_outcomes(other, [coming.pop()])
        return found

    monkeypatch.setattr(postings.Postings, "ordered", ordered_and_write)
    assert len(shapes(kept, DOG)) == 3
    assert len(shapes(kept, DOG)) == 4


def test_the_tags_of_a_query_are_looked_up_once(kept: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    run = Connection.exec_driver_sql

    def noted(self: Connection, statement: str, *values: Any) -> Any:
        asked.append(statement)
        return run(self, statement, *values)

    monkeypatch.setattr(Connection, "exec_driver_sql", noted)
    for in_memory in (True, False):
        if not in_memory:
            monkeypatch.setattr(kept, "postings", None)
        asked.clear()
        assert names(kept, And((DOG, Not(CAT)))) == ["a", "b", "c"]
        assert sum("FROM tags" in each for each in asked) == 1
