"""What users say of photos: found at once, and kept over a new analysis, retag, a move and a copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_photos import made_photo, moved

from indexer.errors import LibraryError
from indexer.library.history.undo import undo
from indexer.library.indexing.outcomes import record_outcomes, retag_photos
from indexer.library.query.ast import Term
from indexer.library.report import details
from indexer.library.search.search import by_keywords, by_query
from indexer.library.store import Library
from indexer.library.user.own_tags import OwnWord, UserLayer, add_tag, hidden, hide, own_words, rate, remove_tag, said
from indexer.values.analysis import Tag
from indexer.values.files import PhotoFile

A, B, C = (Path(f"/photos/{name}") for name in ("a.jpg", "trip/b.jpg", "trip/c.jpg"))
TRIP = Path("/photos/trip")


@pytest.fixture(autouse=True)
def photos(library: Library) -> None:
    tags = [("dog", 0.9), ("beach", 0.5)]
    record_outcomes(library, [made_photo(path, seed, tags) for seed, path in enumerate((A, B, C))])


def found(library: Library, word: str) -> list[Path]:
    return [hit.path for hit in by_keywords(library, [word])]


def tags(library: Library, path: Path) -> list[Tag]:
    known = details(library, path)
    assert known is not None
    assert known.analysis is not None
    return list(known.analysis.tags)


def test_an_own_word_is_found_at_once_and_surer_than_any(library: Library) -> None:
    assert add_tag(library, "Aunt Zoë's  house", [B]) == 1
    assert by_keywords(library, ["aunt zoë's house"])[0].score == 1.0
    assert found(library, "aunt zoë's house") == [B]


def test_a_folder_stands_for_its_photos(library: Library) -> None:
    assert add_tag(library, "summer", [TRIP, B]) == 2
    assert found(library, "summer") == [B, C]


def test_a_word_in_another_case_is_the_same_word(library: Library) -> None:
    add_tag(library, "Dog", [A])
    assert [tag.name for tag in tags(library, A)] == ["beach", "dog"]
    assert by_keywords(library, ["dog"])[0].why[0].source == "own"


def test_a_word_that_is_taken_stays_away_from_a_new_analysis(library: Library) -> None:
    assert remove_tag(library, "DOG", [A]) == 1
    record_outcomes(library, [made_photo(A, 0, [("dog", 0.99)])])
    assert found(library, "dog") == [B, C]


def test_to_take_a_word_from_photos_without_it_says_nothing(library: Library) -> None:
    assert remove_tag(library, "cat", [A, B]) == 0
    assert own_words(library) == []


def test_own_words_outlast_analysis_retag_and_move(library: Library) -> None:
    add_tag(library, "mine", [A])
    remove_tag(library, "beach", [A])
    before = tags(library, A)
    record_outcomes(library, [made_photo(A, 0, [("dog", 0.9), ("beach", 0.5)])])
    assert tags(library, A) == before
    assert retag_photos(library, {A: [Tag("dog", 0.9, "class of dog"), Tag("beach", 0.5, "class of beach")]}) == 0
    elsewhere = Path("/photos/elsewhere.jpg")
    record_outcomes(library, [moved(library, PhotoFile(elsewhere, 1000, 2), A, gone=True)])
    assert tags(library, elsewhere) == before


def test_a_copy_takes_words_and_stars_along_but_is_not_hidden(library: Library) -> None:
    add_tag(library, "mine", [A])
    remove_tag(library, "beach", [A])
    rate(library, 4, [A])
    hide(library, [A])
    copy = Path("/photos/copy.jpg")
    record_outcomes(library, [moved(library, PhotoFile(copy, 1000, 2), A, gone=False)])
    assert tags(library, copy) == tags(library, A)
    assert said(library, copy) == UserLayer(("mine",), ("beach",), 4, is_hidden=False, people=())
    assert retag_photos(library, {copy: [Tag("dog", 0.9, "class of dog"), Tag("beach", 0.5, "class of beach")]}) == 0


def test_a_retag_says_how_many_changed(library: Library) -> None:
    assert retag_photos(library, {A: [Tag("cat", 0.5, "a rule")], B: tags(library, B)}) == 1


def test_hidden_photos_are_in_no_search_until_shown_again(library: Library) -> None:
    assert hide(library, [TRIP]) == 2
    assert found(library, "dog") == [A]
    assert hidden(library) == [B, C]
    hide(library, [B], hidden=False)
    assert found(library, "dog") == [A, B]


def test_no_stars_take_the_stars_away(library: Library) -> None:
    rate(library, 5, [A])
    rate(library, 0, [A])
    assert said(library, A).rating is None
    with pytest.raises(ValueError, match="stars"):
        rate(library, 6, [A])


def test_a_path_that_is_unknown_changes_nothing(library: Library) -> None:
    for unknown in (Path("/photos/none.jpg"), Path("/elsewhere/a.jpg")):
        with pytest.raises(LibraryError, match="not in the library"):
            add_tag(library, "mine", [A, unknown])
    assert own_words(library) == []


def test_words_are_counted(library: Library) -> None:
    add_tag(library, "mine", [A, B])
    remove_tag(library, "mine", [B])
    assert own_words(library) == [OwnWord("mine", 1, 1)]
    add_tag(library, "mine", [B])
    assert own_words(library) == [OwnWord("mine", 2, 0)]


def test_how_many_of_a_thing_were_found_outlasts_what_is_said_of_the_word(library: Library) -> None:
    def at_least_two() -> list[Path]:
        return [hit.path for hit in by_query(library, Term("dog", least=2))]

    made = made_photo(A, 0)
    seen = replace(made, analysis=replace(made.analysis, tags=(Tag("dog", 0.9, "3 dogs", count=3),)))
    record_outcomes(library, [seen])
    assert at_least_two() == [A]
    add_tag(library, "Dog", [A, B])
    record_outcomes(library, [seen])
    assert [(tag.source, tag.count) for tag in tags(library, A)] == [("own", 3)]
    assert at_least_two() == [A]
    remove_tag(library, "dog", [A])
    assert at_least_two() == []
    undo(library)
    assert at_least_two() == [A]
    assert retag_photos(library, {A: [Tag("dog", 0.9, "dog")]}) == 1
    assert at_least_two() == []
