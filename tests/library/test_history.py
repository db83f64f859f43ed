"""The change log: whatever a user says is one entry, which can be undone and done again, out of order, too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import LIMITS, MODEL, add, photo_of
from made_photos import EYES, made_photo, moved

from indexer.errors import IndexerError, LibraryError
from indexer.library.history.change_json import packed
from indexer.library.history.change_log import Entry, history, log_change
from indexer.library.history.row_changes import NOTED, RowChange, grouped
from indexer.library.history.undo import Undone, last, undo
from indexer.library.indexing.outcomes import forget_missing, record_outcomes, retag_photos
from indexer.library.people import corrections
from indexer.library.people.forget import forget_all
from indexer.library.people.grouping import group
from indexer.library.people.people import face_at, faces_of
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.library.report import details
from indexer.library.roots import add_root
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
from indexer.library.user.imports import ImportChanges, take_in
from indexer.library.user.own_tags import add_tag, change_words, hide, rate, remove_tag, said
from indexer.library.user.taught_words import forget, taught_words, teach
from indexer.values.analysis import Tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Indexed, Removed

ROOT = Path("/photos")
A, B, C = (ROOT / name for name in ("a.jpg", "trip/b.jpg", "trip/c.jpg"))
SAIL, TREE = np.array([3.0, 1.0, 0, 0]), np.array([0, 1.0, 3.0, 0])
HEAD = LinearProbe("sailing", EYES[0], np.array([4, 0, -4, 0, -1], "<f4").tobytes())
OTHER_HEAD = replace(HEAD, weights=np.array([-4, 0, 4, 0, -1], "<f4").tobytes())
ABOUT = {"examples": 5, "precision": 0.9, "recall": 0.8, "folder": "/examples", "not": ""}
DOG, BEACH = ("dog", 0.9), ("beach", 0.5)
NOW = "2026-01-02T03:04:05+00:00"


def photo(path: Path, seed: int, vector: Any = TREE, tags: Any = (DOG, BEACH)) -> Indexed:
    return seen_as(made_photo(path, seed, tags, faces=0), vector)


def seen_as(made: Indexed, vector: Any) -> Indexed:
    return Indexed(made.file, replace(made.analysis, vector=vector.astype("<f2").tobytes()))


@pytest.fixture
def album(library: Library) -> Library:
    """Three photos with two tags each; A shows a sail. There are faces of two people in a fourth and fifth."""
    fill(library)
    return library


def fill(library: Library) -> None:
    analyze(library)
    group(library, MODEL, **LIMITS)


def analyze(library: Library) -> None:
    record_outcomes(library, [photo(A, 1, SAIL), photo(B, 2), photo(C, 3)])
    faces = photo_of(ROOT / "1.jpg", 1, 2), photo_of(ROOT / "2.jpg", 2, 1), photo_of(ROOT / "3.jpg", 1)
    add(library, *(seen_as(each, np.zeros(4)) for each in faces))


def state(library: Library) -> dict[str, Any]:
    """Return what users said, and the tags of all photos."""
    with library.reading() as connection:
        kept = {
            name: sorted(
                map(tuple, connection.exec_driver_sql(f"SELECT {', '.join(each.columns)} FROM {each.table}")), key=repr
            )
            for name, each in NOTED.items()
        }
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    return kept


def face(library: Library, name: str, place: int = 1) -> int:
    with library.reading() as connection:
        return face_at(connection, ROOT / name, place)


def say(library: Library, what: str, *args: Any, **named: Any) -> None:
    with library.writing() as connection:
        getattr(corrections, what)(connection, *args, **named)


def found(library: Library, word: str) -> list[Path]:
    return [hit.path for hit in by_keywords(library, [word])]


def tags(library: Library, path: Path) -> list[Tag]:
    known = details(library, path)
    assert known is not None
    assert known.analysis is not None
    return list(known.analysis.tags)


def undone(library: Library, number: int | None = None, **more: Any) -> Undone:
    done = undo(library, number, **more)
    assert done is not None
    return done


ACTS: dict[str, tuple[Callable[[Library], Any], str, str, int | None]] = {
    "a word": (lambda it: add_tag(it, "holiday", [A, B]), "words", "Tagged 2 photos 'holiday'", 2),
    "a word of one photo": (lambda it: add_tag(it, "Aunt Zoë", [B]), "words", "Tagged b.jpg 'Aunt Zoë'", 1),
    "a word that was a machine's": (lambda it: add_tag(it, "dog", [A, B]), "words", "Tagged 2 photos 'dog'", 2),
    "a word taken": (lambda it: remove_tag(it, "Dog", [A, B, C]), "words", "Removed 'Dog' from 3 photos", 3),
    "words at once": (
        lambda it: change_words(it, A, ["x", "y"], ["dog"]),
        "words",
        "Tagged a.jpg 'x', 'y' and removed 'dog'",
        1,
    ),
    "stars": (lambda it: rate(it, 4, [A, B]), "rating", "Rated 2 photos 4 stars", 2),
    "one star": (lambda it: rate(it, 1, [A]), "rating", "Rated a.jpg 1 star", 1),
    "hiding": (lambda it: hide(it, [ROOT / "trip"]), "hidden", "Hid 2 photos", 2),
    "a name": (lambda it: say(it, "name_person", 1, "Anna"), "people", "Named a person without a name (1) Anna", None),
    "a face": (lambda it: say(it, "give_faces", [face(it, "3.jpg")], "Eve"), "people", "Moved 1 face to Eve", 1),
    "an import": (
        lambda it: take_in(
            it, [ImportChanges(1, ("dog", "sea"), 3), ImportChanges(4, names=((face(it, "1.jpg"), "Eve"),))]
        ),
        "xmp",
        "Imported 2 words, 1 rating and 1 name of 2 photos from XMP",
        2,
    ),
    "a taught word": (lambda it: teach(it, HEAD, ABOUT), "taught", "Taught 'sailing'", 1),
    "a taught word that was a machine's": (
        lambda it: teach(it, replace(HEAD, name="dog"), ABOUT),
        "taught",
        "Taught 'dog'",
        1,
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_one_entry_undone_and_done_again(album: Library, act: str) -> None:
    do, kind, about, photos = ACTS[act]
    before = state(album)
    do(album)
    after = state(album)
    assert after != before
    assert history(album) == [Entry(1, NOW, kind, about, photos)]
    assert undone(album) == Undone(about, entry=2)
    assert state(album) == before
    assert undo(album) is None, "an undo is no candidate for the next"
    assert undone(album, 2) == Undone(about, is_again=True, entry=3)
    assert state(album) == after
    assert undone(album) == Undone(about, entry=4)
    assert state(album) == before
    assert [(each.about.split(":")[0], each.undoes, bool(each.undone_at)) for each in history(album)] == [
        ("Undid", 1, False),
        ("Redid", 2, False),
        ("Undid", 1, True),
        (about, None, True),
    ]


def test_what_takes_away_is_undone_too(album: Library) -> None:
    rate(album, 4, [A])
    hide(album, [A])
    add_tag(album, "mine", [A])
    teach(album, HEAD, ABOUT)
    states = [state(album)]
    for act in (
        lambda: rate(album, 0, [A]),
        lambda: hide(album, [A], hidden=False),
        lambda: remove_tag(album, "mine", [A]),
        lambda: teach(album, OTHER_HEAD, ABOUT),
        lambda: forget(album, "sailing"),
    ):
        act()
        states.append(state(album))
    sentences = [
        "Removed the taught tag 'sailing'",
        "Taught 'sailing'",
        "Removed 'mine' from a.jpg",
        "Showed a.jpg again",
        "Removed the rating of a.jpg",
    ]
    for sentence in sentences:
        states.pop()
        assert undone(album).about == sentence
        assert state(album) == states[-1]


def test_what_says_nothing_new_is_no_entry(album: Library) -> None:
    rate(album, 0, [A])
    hide(album, [A], hidden=False)
    remove_tag(album, "cat", [A])
    take_in(album, [ImportChanges(1)])
    change_words(album, A, [], [])
    assert history(album) == []
    add_tag(album, "mine", [A])
    add_tag(album, "mine", [A, B])
    assert history(album)[0].about == "Tagged b.jpg 'mine'"


def test_what_fails_is_no_entry(album: Library) -> None:
    with pytest.raises(LibraryError):
        add_tag(album, "mine", [A, ROOT / "none.jpg"])
    assert history(album) == []


def test_a_scan_is_no_entry_and_no_trigger_stays(album: Library) -> None:
    add_tag(album, "mine", [A])
    record_outcomes(album, [photo(A, 1), moved(album, PhotoFile(ROOT / "copy.jpg", 1, 1), A, gone=False)])
    retag_photos(album, {A: [Tag("cat", 0.9, "class of cat")]})
    assert len(history(album)) == 1
    with album.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM temp.sqlite_schema").all() == []


def test_an_older_entry_is_undone_past_later_ones_that_say_something_else(album: Library) -> None:
    rate(album, 4, [A])
    hide(album, [A])
    add_tag(album, "mine", [A])
    say(album, "name_person", 1, "Anna")
    assert undone(album, 1).about == "Rated a.jpg 4 stars"
    assert undone(album, 3).about == "Tagged a.jpg 'mine'"
    assert (said(album, A).rating, said(album, A).is_hidden, said(album, A).given) == (None, True, ())
    assert undone(album).about == "Named a person without a name (1) Anna"
    assert undone(album).about == "Hid a.jpg"


def test_an_entry_is_refused_where_a_later_one_changed_the_same_and_that_is_named(album: Library) -> None:
    rate(album, 1, [A, B])
    rate(album, 5, [B])
    add_tag(album, "mine", [A])
    before = state(album)
    for dry_run in (True, False):
        with pytest.raises(IndexerError) as refused:
            undo(album, 1, dry_run=dry_run)
        assert str(refused.value) == (
            "entry 1 can no longer be undone (Rated 2 photos 1 star): "
            "entry 2 changed the same since (Rated b.jpg 5 stars); undo that first"
        )
    assert state(album) == before
    undone(album, 2)
    undone(album, 1)
    assert said(album, B).rating is None
    with pytest.raises(IndexerError, match=r"entry 4 can no longer be undone .*: entry 5 changed the same since"):
        undo(album, 4)  # to give the five stars again, over none
    undone(album, 5)
    undone(album, 4)
    assert said(album, B).rating == 5


def test_what_is_undone_or_unknown_is_refused(album: Library) -> None:
    rate(album, 1, [A])
    undone(album)
    with pytest.raises(IndexerError, match=r"entry 1 is already undone by entry 2 \(Rated a.jpg 1 star\)"):
        undo(album, 1)
    with pytest.raises(IndexerError, match="the history has no entry 77"):
        undo(album, 77)


def test_what_was_done_again_is_undone_by_any_of_its_numbers(album: Library) -> None:
    rate(album, 1, [A])
    undone(album)
    undone(album, 2)
    assert undone(album, 3) == Undone("Rated a.jpg 1 star", entry=4)
    assert said(album, A).rating is None
    assert undone(album, 4).is_again
    assert said(album, A).rating == 1


def test_a_dry_run_changes_nothing_even_in_a_library_that_may_only_be_read(album: Library) -> None:
    rate(album, 1, [A])
    before = state(album), history(album)
    with Library.open(album.path, read_only=True) as readable:
        assert undone(readable, dry_run=True) == Undone("Rated a.jpg 1 star")
    assert (state(album), history(album)) == before


def test_kinds_are_told_apart(album: Library) -> None:
    say(album, "name_person", 1, "Anna")
    rate(album, 1, [A])
    assert [each.kind for each in history(album, kind="people")] == ["people"]
    assert last(album, "people") == history(album, kind="people")[0]
    assert undone(album, kind="people").about == "Named a person without a name (1) Anna"
    assert undo(album, kind="people") is None
    assert said(album, A).rating == 1


def test_numbers_are_never_given_again(album: Library) -> None:
    rate(album, 1, [A])
    with album.writing() as connection:
        connection.exec_driver_sql("DELETE FROM changes")
    rate(album, 2, [A])
    assert [each.number for each in history(album)] == [2]


def test_a_photo_that_was_moved_and_analyzed_again_keeps_what_can_be_undone(album: Library) -> None:
    add_tag(album, "dog", [A])
    remove_tag(album, "beach", [A])
    rate(album, 3, [A])
    new = ROOT / "elsewhere.jpg"
    record_outcomes(album, [moved(album, PhotoFile(new, 1000, 2), A, gone=True)])
    record_outcomes(album, [photo(new, 1, tags=[("dog", 0.7), ("boat", 0.6)])])
    for _ in range(3):
        undone(album)
    assert said(album, new).rating is None
    assert {(tag.name, tag.score, tag.source) for tag in tags(album, new)} == {
        ("dog", 0.9, "class of dog"),
        ("beach", 0.5, "class of beach"),
        ("boat", 0.6, "class of boat"),
    }


def test_what_an_analysis_wrote_since_stays_below_the_users_word(album: Library) -> None:
    add_tag(album, "sea", [A])
    undone(album)
    record_outcomes(album, [photo(A, 1, SAIL, tags=[("sea", 0.6)])])
    undone(album, 2)
    assert tags(album, A)[0] == Tag("sea", 1.0, "own")
    undone(album)
    assert [(tag.name, tag.score) for tag in tags(album, A)] == [("sea", 0.6)]
    remove_tag(album, "sea", [A])
    undone(album)
    record_outcomes(album, [photo(A, 1, SAIL, tags=[("sea", 0.8)])])
    undone(album, history(album)[0].number)
    assert tags(album, A) == []


def test_a_photo_that_was_forgotten_is_passed_over_and_told(album: Library) -> None:
    add_tag(album, "mine", [A, B, C])
    rate(album, 2, [A])
    record_outcomes(album, [Removed(A)])
    forget_missing(album)
    assert undone(album).text == "Rated a.jpg 2 stars, except 1 photo that is no longer in the library"
    assert undone(album).text == "Tagged 3 photos 'mine', except 1 photo that is no longer in the library"
    assert found(album, "mine") == []


def test_a_word_that_is_taken_back_gives_way_to_the_same_word_taught_since(album: Library) -> None:
    add_tag(album, "sailing", [A, B])
    assert teach(album, HEAD, ABOUT) == 0
    undone(album, 1)
    assert [(hit.path, hit.why[0].source) for hit in by_keywords(album, ["sailing"])] == [(A, "taught")]
    undone(album)
    assert found(album, "sailing") == []


def test_a_taught_word_that_comes_back_is_given_to_photos_that_came_meanwhile(album: Library) -> None:
    teach(album, HEAD, ABOUT)
    forget(album, "sailing")
    new = ROOT / "new.jpg"
    record_outcomes(album, [photo(new, 8, SAIL)])
    remove_tag(album, "sailing", [A])
    undone(album, 2)
    assert found(album, "sailing") == [A, new]
    assert [word.name for word in taught_words(album)] == ["sailing"]
    undone(album, 1)
    assert (found(album, "sailing"), taught_words(album)) == ([], [])


def test_forgetting_faces_forgets_what_tells_of_people_alone(album: Library) -> None:
    rate(album, 2, [A])
    say(album, "name_person", 1, "Anna")
    take_in(album, [ImportChanges(4, names=((face(album, "1.jpg"), "Eve"),))])
    undone(album)
    forget_all(album)
    assert [each.kind for each in history(album)] == ["rating"]


def test_an_entry_without_rows_is_undone_by_the_function_of_its_kind(album: Library) -> None:
    """As where another photo came under a name: what was said of the old one is handed over."""
    rate(album, 3, [A])
    add_tag(album, "mine", [A])
    before = state(album)
    with album.writing() as connection:
        log_change(connection, "special", "b.jpg holds another photo now", {"from": 1, "to": 2}, NOW, photos=1)

    def hand_over(connection: Any, changes: dict[str, Any]) -> str | None:
        if changes["from"] == changes["to"]:
            return "they are one"
        connection.exec_driver_sql("UPDATE photos SET rating = 3 WHERE id = ?", (changes["to"],))
        connection.exec_driver_sql("UPDATE own_tags SET photo_id = ?", (changes["to"],))
        return None

    assert history(album)[0] == Entry(3, NOW, "special", "b.jpg holds another photo now", 1)
    with pytest.raises(IndexerError, match="entry 3 cannot be undone"):
        undo(album, 3)
    undone(album, 3, undoers={"special": hand_over})
    assert (said(album, B).rating, said(album, B).given) == (3, ("mine",))
    undone(album, 4)
    assert state(album) == before
    with album.writing() as connection:
        log_change(connection, "special", "c.jpg holds itself", {"from": 1, "to": 1}, NOW)
    with pytest.raises(IndexerError, match=r"entry 6 can no longer be undone.*: they are one"):
        undo(album, undoers={"special": hand_over})


def test_many_photos_with_one_word_take_little_room() -> None:
    changes = [RowChange("own_tags", (photo, 7), None, (photo, 7, 1)) for photo in range(10_000)]
    assert packed(grouped(changes), []) == {"rows": [["own_tags", None, [7, 1], list(range(10_000))]], "faces": []}


PATHS = st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=3, unique=True)
WORDS = st.sampled_from(["dog", "Dog", "mine", "sailing"])
PEOPLE = st.integers(1, 4)
FACES = st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True)
NAMES = st.sampled_from(["Anna", "ANNA", "Eve", ""])
DONE = st.one_of(
    st.tuples(st.just(add_tag), WORDS, PATHS),
    st.tuples(st.just(remove_tag), WORDS, PATHS),
    st.tuples(st.just(change_words), st.sampled_from([A, B]), st.lists(WORDS, max_size=2), st.lists(WORDS, max_size=2)),
    st.tuples(st.just(rate), st.integers(0, 5), PATHS),
    st.tuples(st.just(lambda it, paths, hidden: hide(it, paths, hidden=hidden)), PATHS, st.booleans()),
    st.tuples(st.just(lambda it, *args: say(it, "give_faces", *args)), FACES, NAMES),
    st.tuples(st.just(lambda it, *args: say(it, "merge_people", *args)), PEOPLE, st.lists(PEOPLE, min_size=1)),
    st.tuples(st.just(lambda it, *args: say(it, "refuse_face", *args)), st.integers(1, 5), PEOPLE),
    st.tuples(
        st.just(lambda it, words, rating, name: take_in(it, [ImportChanges(2, words, rating, ((1, name),))])),
        st.lists(WORDS, max_size=2, unique_by=str.lower).map(tuple),
        st.integers(1, 5) | st.none(),
        st.sampled_from(["Anna", "Eve"]),
    ),
    st.tuples(st.just(lambda it, head: teach(it, head, ABOUT)), st.sampled_from([HEAD, OTHER_HEAD])),
    st.tuples(st.just(forget), st.just("sailing")),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(DONE, max_size=7), st.data())
def test_any_acts_are_undone_newest_first_and_done_again(acts: list[tuple[Any, ...]], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        add_root(library, ROOT)
        fill(library)
        states = [state(library)]
        for act, *args in acts:
            try:
                act(library, *args)
            except IndexerError:
                continue
            if state(library) != states[-1]:
                states.append(state(library))
        end, undos = states[-1], []
        while len(states) > 1:
            states.pop()
            undos.append(undone(library).entry)
            assert state(library) == states[-1]
        assert undo(library) is None
        for number in reversed(undos):
            undone(library, number)
        assert state(library) == end
        numbers = [each.number for each in history(library)]
        for number in data.draw(st.lists(st.sampled_from(numbers), max_size=4) if numbers else st.just([])):
            before = state(library)
            try:
                done = undone(library, number)
            except IndexerError:
                assert state(library) == before
                continue
            assert done.entry is not None
            undone(library, done.entry)
            assert state(library) == before
        for number in data.draw(st.lists(st.sampled_from(numbers), max_size=3) if numbers else st.just([])):
            with suppress(IndexerError):
                undo(library, number)
        before = state(library)
        analyze(library)
        assert state(library) == before, "a new analysis of the same photos leaves them as the undo did"


def test_the_clock_is_the_librarys(tmp_path: Path) -> None:
    noon = datetime(2030, 5, 6, 12, tzinfo=UTC)
    with Library.open(tmp_path / "library.sqlite", clock=lambda: noon) as library:
        add_root(library, ROOT)
        fill(library)
        say(library, "name_person", 1, "Anna")
        assert faces_of(library, 1)
        assert history(library)[0].at == "2030-05-06T12:00:00+00:00"
