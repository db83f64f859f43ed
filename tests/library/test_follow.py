"""Photos follow their bytes: whatever names files exchange, each photo keeps what is known and was said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photos import ROOT, dump, faults, made_photo, moved

from indexer.errors import IndexerError
from indexer.library.history.change_log import history
from indexer.library.history.undo import undo
from indexer.library.indexing.files import file_states, missing_photos, photos_by_content
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.people.corrections import give_faces
from indexer.library.people.people import faces_in
from indexer.library.report import details, status
from indexer.library.roots import add_root
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
from indexer.library.user.own_tags import UserLayer, add_tag, hidden, hide, rate, said
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Moved, Replaced

NAMES = [ROOT / f"p{number}.jpg" for number in range(6)]


def filled(library: Library, count: int) -> None:
    """Index photos, each with a word of its own and a number of stars."""
    add_root(library, ROOT)
    record_outcomes(
        library, [made_photo(NAMES[number], number, [(f"tag {number}", 0.9)], faces=2) for number in range(count)]
    )
    for number in range(count):
        add_tag(library, f"word {number}", [NAMES[number]])
        rate(library, number % 5 + 1, [NAMES[number]])


def word(library: Library, path: Path) -> tuple[str, ...]:
    return said(library, path).given


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6).flatmap(lambda count: st.tuples(st.just(count), st.permutations(range(6)))))
def test_any_exchange_of_names_takes_all_along(drawn: tuple[int, list[int]]) -> None:
    """Photo n gets the n-th name of a permutation: chains, swaps, rotations, and names that were free."""
    count, names = drawn
    with Library.empty(Path("none")) as library:
        filled(library, count)
        before = dump(library)
        files = [PhotoFile(NAMES[names[number]], 1000 + number, 7) for number in range(count)]
        moves = [moved(library, file, NAMES[number], gone=True) for number, file in enumerate(files)]
        assert record_outcomes(library, moves) == []
        assert {path: each[1] for path, each in dump(library).items()} == {
            NAMES[names[number]]: before[NAMES[number]][1] for number in range(count)
        }
        for number in range(count):
            assert word(library, NAMES[names[number]]) == (f"word {number}",)


def test_a_chain_that_ends_on_another_photo_keeps_that_one_with_its_words(library: Library) -> None:
    filled(library, 3)
    chain = [moved(library, PhotoFile(NAMES[n + 1], 1000 + n, 7), NAMES[n], gone=True) for n in range(2)]
    number = details(library, NAMES[2]).number  # type: ignore[union-attr]
    assert record_outcomes(library, chain) == [Replaced(NAMES[2], number)]
    assert [word(library, NAMES[n]) for n in (1, 2)] == [("word 0",), ("word 1",)]
    assert missing_photos(library) == [NAMES[2]]
    back = Moved(PhotoFile(NAMES[0], 1002, 9), NAMES[2], number, gone=True)
    assert record_outcomes(library, [back]) == []
    assert word(library, NAMES[0]) == ("word 2",)
    assert missing_photos(library) == []


def test_what_nobody_said_anything_of_gives_way(library: Library) -> None:
    record_outcomes(library, [made_photo(NAMES[0], 0), made_photo(NAMES[1], 1)])
    assert record_outcomes(library, [moved(library, PhotoFile(NAMES[1], 1000, 7), NAMES[0], gone=True)]) == []
    assert status(library).photos == 1


def test_a_photo_that_was_edited_keeps_its_words(library: Library) -> None:
    filled(library, 1)
    number = details(library, NAMES[0]).number  # type: ignore[union-attr]
    again = made_photo(NAMES[0], 0, faces=2)
    assert record_outcomes(library, [_with(again, content=b"1" * 32)]) == []
    assert word(library, NAMES[0]) == ("word 0",)
    assert details(library, NAMES[0]).number == number  # type: ignore[union-attr]


def test_another_photo_under_an_old_name_gets_nothing_of_what_was_said_of_the_old_one(library: Library) -> None:
    filled(library, 1)
    hide(library, [NAMES[0]])
    old = details(library, NAMES[0]).number  # type: ignore[union-attr]
    assert record_outcomes(library, [made_photo(NAMES[0], 4)]) == [Replaced(NAMES[0], old)]
    assert said(library, NAMES[0]) == UserLayer((), (), None, is_hidden=False, people=())
    assert (status(library).photos, status(library).missing) == (2, 1)
    content = made_photo(NAMES[0], 0).analysis.hashes.content
    (known,) = photos_by_content(library, [content])[content]
    record_outcomes(library, [Moved(PhotoFile(NAMES[3], 1000, 8), known.path, known.number, gone=True)])
    assert said(library, NAMES[3]) == UserLayer(("word 0",), (), 1, is_hidden=True, people=())


def test_numbers_of_photos_are_never_given_again(library: Library) -> None:
    filled(library, 2)
    last = details(library, NAMES[1]).number  # type: ignore[union-attr]
    with library.writing() as connection:
        connection.exec_driver_sql("DELETE FROM photos WHERE id = ?", (last,))
    record_outcomes(library, [made_photo(NAMES[2], 2)])
    assert details(library, NAMES[2]).number == last + 1  # type: ignore[union-attr]


@pytest.mark.parametrize("gone", [True, False])
def test_a_photo_that_is_not_known_any_more_is_passed_over(library: Library, gone: bool) -> None:
    record_outcomes(library, [Moved(PhotoFile(NAMES[1], 1, 2), NAMES[0], 99, gone)])
    assert file_states(library) == {}


def test_nothing_hangs_loose_after_all_that(library: Library) -> None:
    filled(library, 5)
    ring = [moved(library, PhotoFile(NAMES[(n + 1) % 5], 1000 + n, 7), NAMES[n], gone=True) for n in range(5)]
    record_outcomes(library, [*ring, moved(library, PhotoFile(NAMES[5], 1000, 7), NAMES[0], gone=False)])
    record_outcomes(library, [made_photo(NAMES[0], 17)])
    assert faults(library.path) == []


def _with(photo: object, content: bytes) -> object:
    from dataclasses import replace

    analysis = photo.analysis  # type: ignore[attr-defined]
    return replace(photo, analysis=replace(analysis, hashes=replace(analysis.hashes, content=content)))  # type: ignore[type-var]


def test_who_knows_better_hands_over_what_was_said_of_the_photo_before(library: Library) -> None:
    filled(library, 1)
    number = details(library, NAMES[0]).number  # type: ignore[union-attr]
    record_outcomes(library, [made_photo(NAMES[0], 4, [("dog", 0.9)])])
    add_tag(library, "since then", [NAMES[0]])
    assert undo(library, dry_run=True).about == "Tagged p0.jpg 'since then'"  # type: ignore[union-attr]
    (entry,) = history(library, kind="identity")
    assert entry.about == (
        "/photos/p0.jpg is another photo now; your changes ('word 0', 1 star) stay with the earlier one"
    )
    assert undo(library, entry.number) is not None
    assert said(library, NAMES[0]) == UserLayer(("since then", "word 0"), (), 1, is_hidden=False, people=())
    after = details(library, NAMES[0])
    assert after is not None
    assert after.number == number
    assert after.analysis is not None
    assert after.analysis.hashes == made_photo(NAMES[0], 4).analysis.hashes
    assert [hit.path for hit in by_keywords(library, ["dog"])] == [NAMES[0]]
    assert (status(library).photos, status(library).missing) == (1, 0)
    assert faults(library.path) == []
    with pytest.raises(IndexerError, match="the photos were joined"):
        undo(library, history(library)[0].number)


def test_what_was_said_of_either_photo_can_be_undone_after_a_hand_over(library: Library) -> None:
    filled(library, 1)
    record_outcomes(library, [made_photo(NAMES[0], 4, faces=2)])
    add_tag(library, "since then", [NAMES[0]])
    face = faces_in(library, NAMES[0])[1].number
    with library.writing() as connection:
        give_faces(connection, [face], "Ann")
    (entry,) = history(library, kind="identity")
    undo(library, entry.number)
    assert said(library, NAMES[0]) == UserLayer(("since then", "word 0"), (), 1, is_hidden=False, people=("Ann",))
    for left in (
        UserLayer(("since then", "word 0"), (), 1, is_hidden=False, people=()),
        UserLayer(("word 0",), (), 1, is_hidden=False, people=()),
        UserLayer(("word 0",), (), None, is_hidden=False, people=()),
        UserLayer((), (), None, is_hidden=False, people=()),
    ):
        done = undo(library)
        assert done is not None
        assert (done.photos_gone, done.faces_gone) == (0, 0)
        assert said(library, NAMES[0]) == left
    assert faults(library.path) == []


def test_a_photo_whose_path_another_one_has_is_known_by_its_number(library: Library) -> None:
    filled(library, 1)
    number = details(library, NAMES[0]).number  # type: ignore[union-attr]
    record_outcomes(library, [made_photo(NAMES[0], 4)])
    newer = details(library, NAMES[0]).number  # type: ignore[union-attr]
    add_tag(library, "old", [number])
    rate(library, 4, [number])
    hide(library, [number])
    assert said(library, number) == UserLayer(("old", "word 0"), (), 4, is_hidden=True, people=())
    assert said(library, NAMES[0]) == said(library, newer) == UserLayer((), (), None, is_hidden=False, people=())
    assert [details(library, each).replaced for each in (number, newer)] == [True, False]  # type: ignore[union-attr]
    assert hidden(library) == []
    with pytest.raises(IndexerError, match="the library has no photo 99"):
        said(library, 99)


def test_what_is_there_again_cannot_be_handed_over(library: Library) -> None:
    filled(library, 1)
    number = details(library, NAMES[0]).number  # type: ignore[union-attr]
    record_outcomes(library, [made_photo(NAMES[0], 4)])
    (entry,) = history(library, kind="identity")
    record_outcomes(library, [Moved(PhotoFile(NAMES[1], 1000, 7), NAMES[0], number, gone=True)])
    with pytest.raises(IndexerError, match="the earlier photo exists again"):
        undo(library, entry.number)
