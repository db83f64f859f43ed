"""Many threads share one library while one of them writes, as in a server: nobody sees a half, or what is gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from made_photos import made_photo

from indexer.library.indexing.outcomes import forget_missing, record_outcomes
from indexer.library.people.people import list_people
from indexer.library.people.similar_faces import similar_faces
from indexer.library.query.ast import ALL, And, Not, Or, Term
from indexer.library.search.aggregates import timeline
from indexer.library.search.search import by_query, count_hits
from indexer.library.search.suggest import suggest
from indexer.library.store import Library
from indexer.values.outcomes import Removed

P = Path("/photos")
DOG, CAT = Term("dog"), Term("cat")
EITHER = And((Or((DOG, CAT)), Not(And((DOG, CAT)))))  # each photo has one of both, now this and now that
READERS = 12


@pytest.fixture
def shared(library: Library) -> Library:
    library.keep_words()
    record_outcomes(library, [made_photo(P / str(number), number, [("dog", 0.5)]) for number in range(30)])
    return library


def writes(library: Library) -> None:
    """Turn all dogs into cats and back, forget photos, and add others."""
    for turn in range(20):
        word = "cat" if turn % 2 else "dog"
        record_outcomes(library, [made_photo(P / str(number), number, [(word, 0.5)]) for number in range(30)])
        record_outcomes(library, [made_photo(P / f"new {turn}", 40, [(word, 0.5)])])
        record_outcomes(library, [Removed(P / f"new {turn}")])
        forget_missing(library)


def test_readers_see_one_state_of_the_library_each(shared: Library) -> None:
    face = made_photo(P / "x", 3).analysis.faces[0].descriptor
    assert face is not None

    def finds_one_kind() -> None:
        found = by_query(shared, Or((DOG, CAT)), limit=100)
        kinds = {why.tag for hit in found for why in hit.why if hit.path.name.isdigit()}
        assert len(kinds) == 1, kinds

    def counts() -> None:
        assert count_hits(shared, EITHER) in (30, 31)
        assert count_hits(shared, And((DOG, CAT))) == 0
        assert sum(each.photos for each in timeline(shared, ALL)) in (30, 31)

    def lists() -> None:
        assert len(by_query(shared, ALL, sort="date", limit=50)) in (30, 31)
        assert len(suggest(shared, "do")) + len(suggest(shared, "ca")) >= 1
        assert len(similar_faces(shared, face, threshold=9.0)) in (30, 31)
        assert list_people(shared) == []

    done = Event()

    def reads(check: Callable[[], None]) -> int:
        times = 0
        while not done.is_set():
            check()
            times += 1
        return times

    checks = [finds_one_kind, counts, lists]
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(reads, checks[number % len(checks)]) for number in range(READERS)]
        try:
            writes(shared)
        finally:
            done.set()
        assert min(reader.result() for reader in readers) >= 1


def test_several_threads_write_one_after_the_other(shared: Library) -> None:
    def write(name: int) -> None:
        record_outcomes(shared, [made_photo(P / f"{name} {turn}", turn) for turn in range(5)])

    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(write, range(READERS)))
    assert count_hits(shared, ALL) == 30 + 5 * READERS


def test_more_threads_than_connections_that_stay_open_do_not_wait_for_each_other(shared: Library) -> None:
    def nested(depth: int) -> int:
        if not depth:
            return count_hits(shared, ALL)
        with shared.reading() as connection:
            connection.exec_driver_sql("SELECT 1 FROM photos").first()
            return nested(depth - 1)

    with ThreadPoolExecutor(READERS) as pool:
        assert set(pool.map(nested, [4] * READERS)) == {30}
