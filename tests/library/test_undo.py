"""Whatever users say of people can be taken back, as long as nothing else has changed it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import LIMITS, MODEL, add, photo_of
from made_photos import ROOT

from indexer.errors import IndexerError
from indexer.library.history import change_log as changelog
from indexer.library.history import entries as log_entry
from indexer.library.history.row_changes import NOTED
from indexer.library.history.undo import last as newest
from indexer.library.history.undo import undo as take_back
from indexer.library.indexing.outcomes import forget_missing, record_outcomes
from indexer.library.people import corrections
from indexer.library.people.forget import forget_faces, forget_person
from indexer.library.people.grouping import group
from indexer.library.people.people import face_at, faces_of, find_person, list_people
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.library.user.imports import ImportChanges, take_in
from indexer.values.outcomes import Removed

ALICE, BOB, CAROL = 1, 2, 3
PHOTOS = [
    photo_of(ROOT / "1.jpg", ALICE, BOB),
    photo_of(ROOT / "2.jpg", BOB, ALICE),
    photo_of(ROOT / "3.jpg", ALICE, CAROL, BOB),
    photo_of(ROOT / "4.jpg", ALICE),
]


@pytest.fixture
def party(library: Library) -> Library:
    """Alice is person 1 with four faces, Bob person 2 with three; Carol's face is nobody's."""
    add(library, *PHOTOS)
    group(library, MODEL, **LIMITS)
    return library


def rows(library: Library) -> dict[str, list[Any]]:
    """Return all rows of the tables that corrections change."""
    with library.reading() as connection:
        return {
            name: sorted(
                map(tuple, connection.exec_driver_sql(f"SELECT {', '.join(each.columns)} FROM {each.table}")), key=repr
            )
            for name, each in NOTED.items()
        }


def undo(library: Library) -> str | None:
    done = take_back(library)
    return None if done is None else done.text


def last(library: Library) -> str | None:
    entry = newest(library)
    return None if entry is None else entry.about


def say(library: Library, what: str, *given: Any, **named: Any) -> Any:
    with library.writing() as connection:
        return getattr(corrections, what)(connection, *given, **named)


def face(library: Library, name: str, place: int) -> int:
    with library.reading() as connection:
        return face_at(connection, ROOT / name, place)


people = st.integers(1, 5)
some_faces = st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True)
names = st.sampled_from(["Anna", "ANNA", "Zoë", "Eve", "2", ""])
said = st.one_of(
    st.tuples(st.just("name_person"), people, names | st.none()),
    st.tuples(st.just("add_person"), names),
    st.tuples(st.just("give_faces"), some_faces, names),
    st.tuples(st.just("merge_people"), people, st.lists(people, min_size=1, max_size=3)),
    st.tuples(st.just("split_faces"), people, some_faces),
    st.tuples(st.just("move_faces"), some_faces, people),
    st.tuples(st.just("refuse_face"), st.integers(1, 7), people),
    st.tuples(st.just("refuse_faces"), some_faces, people),
    st.tuples(st.just("hide_person"), people, st.booleans()),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(said, max_size=8))
def test_any_corrections_are_taken_back_exactly(told: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        add_root(library, ROOT)
        add(library, *PHOTOS)
        group(library, MODEL, **LIMITS)
        states = [rows(library)]
        for what, *args in told:
            named = {"hidden": args.pop()} if what == "hide_person" else {}
            try:
                say(library, what, *args, **named)
            except IndexerError:
                continue
            if rows(library) != states[-1]:
                states.append(rows(library))
        while len(states) > 1:
            states.pop()
            assert undo(library) is not None
            assert rows(library) == states[-1]
        assert last(library) is None
        assert undo(library) is None
        with library.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_sentence_says_what_would_be_undone(party: Library) -> None:
    sentences = []

    def heard(what: str, *given: Any, **named: Any) -> None:
        say(party, what, *given, **named)
        sentences.append(last(party))

    heard("name_person", 1, "Anna")
    heard("name_person", 1, "Anne")
    heard("hide_person", 1, hidden=True)
    heard("split_faces", 1, [face(party, "4.jpg", 1)])
    heard("give_faces", [face(party, "1.jpg", 1), face(party, "4.jpg", 1)], "Eve")
    heard("refuse_face", face(party, "1.jpg", 2), 2)
    heard("merge_people", 1, [2])
    heard("name_person", 1, None)
    assert sentences == [
        "Named a person without a name (1) Anna",
        "Named Anna Anne",
        "Hid Anne",
        "Split 1 face from Anne",
        "Moved 2 faces to Eve",
        f"Rejected face {face(party, '1.jpg', 2)} for a person without a name (2)",
        "Merged a person without a name (2) into Anne",
        "Removed the name of Anne",
    ]
    assert [undo(party) for _ in sentences] == sentences[::-1]


def test_what_changes_nothing_is_not_kept(party: Library) -> None:
    say(party, "hide_person", 1, hidden=False)
    say(party, "hide_person", 77, hidden=True)
    assert last(party) is None


def test_what_fails_leaves_nothing_behind(party: Library) -> None:
    say(party, "name_person", 1, "Anna")
    with pytest.raises(IndexerError):
        say(party, "give_faces", [1, 999], "Eve")
    assert last(party) == "Named a person without a name (1) Anna"
    assert [person.name for person in list_people(party)] == ["Anna", None]
    assert undo(party) == "Named a person without a name (1) Anna"


def test_what_xmp_said_is_one_correction(party: Library) -> None:
    before = rows(party)
    faces = [face(party, "1.jpg", 1), face(party, "1.jpg", 2)]
    take_in(party, [ImportChanges(1, names=((faces[0], "Anna"), (faces[1], "Ben")))])
    assert undo(party) == "Imported 2 names of 1 photo from XMP"
    assert rows(party) == before


def _is_grouped_again(library: Library) -> None:
    """The face that was refused has joined somebody meanwhile."""
    (person,) = [each for each in list_people(library, hidden=True) if each.name == "Eve"]
    with library.writing() as connection:
        free = face_at(connection, ROOT / "3.jpg", 2)
        connection.exec_driver_sql("INSERT INTO person_faces VALUES (?, ?, 0)", (free, person.number))


def _is_renamed(library: Library) -> None:
    with library.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET name = 'Bob', folded = 'bob' WHERE name = 'Eve'")


def _forget_photo(library: Library) -> None:
    record_outcomes(library, [Removed(ROOT / "4.jpg")])
    forget_missing(library)


def _is_another_face(library: Library) -> None:
    """The face was not found any more; another one in the same photo, elsewhere, has got its number."""
    known = rows(library)
    (number,) = (face(library, "4.jpg", 1),)
    with library.writing() as connection:
        connection.exec_driver_sql("UPDATE faces SET box_left = 0.7, box_top = 0.7 WHERE id = ?", (number,))
    assert rows(library) == known


@pytest.mark.parametrize("meanwhile", [_is_grouped_again, _is_renamed, _is_another_face])
def test_what_has_changed_since_is_left_as_it_is(party: Library, meanwhile: Any) -> None:
    say(party, "give_faces", [face(party, "4.jpg", 1)], "Eve")
    meanwhile(party)
    before = rows(party)
    with pytest.raises(IndexerError, match=r"can no longer be undone.*Moved 1 face to Eve"):
        undo(party)
    assert rows(party) == before
    assert last(party) == "Moved 1 face to Eve"


def test_a_face_whose_photo_was_forgotten_is_passed_over_and_told(party: Library) -> None:
    before = rows(party)
    say(party, "give_faces", [face(party, "4.jpg", 1), face(party, "1.jpg", 1)], "Eve")
    _forget_photo(party)
    assert undo(party) == "Moved 2 faces to Eve, except 1 photo that is no longer in the library"
    after = rows(party)
    gone = face_row(before, after)
    assert after["person_faces"] == [row for row in before["person_faces"] if row[0] != gone]
    assert after["people"] == before["people"]


def face_row(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> int:
    """Return the only face that is somebody's before, and not after."""
    (gone,) = {row[0] for row in before["person_faces"]} - {row[0] for row in after["person_faces"]}
    return int(gone)


def test_a_named_face_that_an_analysis_no_longer_finds_is_undone_too(party: Library) -> None:
    say(party, "give_faces", [face(party, "4.jpg", 1), face(party, "1.jpg", 1)], "Eve")
    add(party, photo_of(ROOT / "4.jpg"))
    assert undo(party) == "Moved 2 faces to Eve"


def test_a_face_that_an_analysis_draws_a_little_differently_is_the_same(party: Library) -> None:
    before = rows(party)
    say(party, "give_faces", [face(party, "4.jpg", 1)], "Eve")
    with party.writing() as connection:
        connection.exec_driver_sql("UPDATE faces SET box_left = box_left + 0.01")
        connection.exec_driver_sql("UPDATE photos SET content_hash = randomblob(32)")  # edited since
    assert undo(party) == "Moved 1 face to Eve"
    assert rows(party) == before


def test_a_name_that_somebody_else_has_now_is_not_given_back(party: Library) -> None:
    say(party, "name_person", 1, "Anna")
    say(party, "name_person", 1, "Eve")
    with party.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET name = 'anna', folded = 'anna' WHERE id = 2")
    with pytest.raises(IndexerError):
        undo(party)
    assert [person.name for person in list_people(party)] == ["Eve", "anna"]


def test_a_person_who_was_dissolved_gets_no_face_back(party: Library) -> None:
    (bobs, *_) = faces_of(party, 2)
    say(party, "give_faces", [bobs.number], "Eve")
    with party.writing() as connection:
        connection.exec_driver_sql("DELETE FROM people WHERE id = 2")
    with pytest.raises(IndexerError):
        undo(party)


def test_only_the_last_ones_are_kept(party: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_entry, "_MOST", 3)
    for name in "ABCDE":
        say(party, "name_person", 1, name)
    assert [each.about for each in changelog.history(party)] == ["Named D E", "Named C D", "Named B C"]
    assert undo(party) == "Named D E"
    assert [each.about for each in changelog.history(party)] == ["Undid: Named D E", "Named D E", "Named C D"]


def test_large_ones_make_room_but_for_the_newest(party: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_entry, "_MOST_CHARACTERS", 10)
    say(party, "name_person", 1, "Anna")
    say(party, "merge_people", 1, [2])
    assert undo(party) == "Merged a person without a name (2) into Anna"
    assert undo(party) is None


def test_what_is_to_be_forgotten_cannot_come_back(party: Library, tmp_path: Path) -> None:
    say(party, "name_person", 2, "Xaviera")
    say(party, "merge_people", 1, [2])
    forget_person(party, 1)
    assert last(party) is None
    assert all(b"Xaviera" not in each.read_bytes() for each in tmp_path.iterdir())


def test_forgetting_one_face_forgets_what_was_said_before(party: Library) -> None:
    say(party, "name_person", 2, "Ben")
    forget_faces(party, [face(party, "4.jpg", 1)])
    assert undo(party) is None
    with party.reading() as connection:
        assert find_person(connection, "ben").number == 2


def test_no_trigger_of_the_log_is_left(party: Library) -> None:
    say(party, "name_person", 2, "Ben")
    with party.reading() as connection:
        assert connection.exec_driver_sql("SELECT name FROM temp.sqlite_schema").all() == []
    with closing(sqlite3.connect(party.path)) as plain:
        assert plain.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall() == [
            ("text_lines_deleted",)
        ]


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "7",
        '{"rows": 7, "faces": []}',
        '{"rows": [["people", ["Ben"], null, [1]]], "faces": []}',
        '{"rows": [["roots", ["x", "y"], null, [1]]], "faces": []}',
        '{"rows": [["people"]], "faces": []}',
        '{"rows": [["refusals", ["1); DROP TABLE people; --"], null, [1]]], "faces": []}',
        '{"rows": [["refusals", null, [1], ["1"]]], "faces": []}',
        '{"rows": [["people", null, [["Ben"], "ben", 0], [2]]], "faces": []}',
        '{"rows": [], "faces": [1]}',
    ],
)
def test_what_is_damaged_is_not_put_back(party: Library, kept: str) -> None:
    say(party, "name_person", 2, "Ben")
    before = rows(party)
    with party.writing() as connection:
        connection.exec_driver_sql("UPDATE changes SET changes = ?", (kept,))
    with pytest.raises(IndexerError, match="damaged"):
        undo(party)
    assert rows(party) == before
