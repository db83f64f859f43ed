"""A folder that moved is the same folder: its photos become one with those that are known at the new place."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_people import MODEL, photo_of
from made_photos import dump, faults, made_photo

from indexer.library.history.change_log import history
from indexer.library.history.undo import undo
from indexer.library.indexing.files import file_states, missing_photos
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.indexing.relocate import Elsewhere
from indexer.library.people.corrections import give_faces
from indexer.library.people.people import face_at
from indexer.library.report import details, status
from indexer.library.roots import add_root, found_elsewhere, relocate_folder, root_folders
from indexer.library.store import Library
from indexer.library.user.own_tags import UserLayer, add_tag, hide, rate, remove_tag, said
from indexer.values.outcomes import Removed

OLD, NEW = Path("/photos"), Path("/mnt/photos")


@pytest.fixture
def twice(library: Library) -> Library:
    """Three photos in the old folder, of which the first two were scanned at the new place, too."""
    add_root(library, NEW)
    record_outcomes(
        library, [made_photo(OLD / name, seed, faces=0) for seed, name in enumerate(("a.jpg", "x/b.jpg", "c.jpg"))]
    )
    record_outcomes(
        library, [made_photo(NEW / name, seed, faces=0) for seed, name in enumerate(("a.jpg", "x/renamed.jpg"))]
    )
    return library


def test_photos_that_are_known_at_both_places_become_one_and_keep_what_was_said_of_either(twice: Library) -> None:
    number = details(twice, OLD / "a.jpg").number  # type: ignore[union-attr]
    add_tag(twice, "then", [OLD / "a.jpg"])
    add_tag(twice, "both", [OLD / "a.jpg"])
    rate(twice, 2, [OLD / "a.jpg"])
    add_tag(twice, "since", [NEW / "a.jpg"])
    remove_tag(twice, "both", [NEW / "a.jpg"])
    rate(twice, 5, [NEW / "a.jpg"])
    assert relocate_folder(twice, OLD, NEW) == 3
    assert root_folders(twice) == [NEW]
    assert said(twice, NEW / "a.jpg") == UserLayer(("both", "since", "then"), (), 5, is_hidden=False, people=())
    assert details(twice, NEW / "a.jpg").number == number  # type: ignore[union-attr]
    assert faults(twice.path) == []


def test_what_was_said_at_either_place_can_be_undone_after_the_move(twice: Library) -> None:
    add_tag(twice, "then", [OLD / "a.jpg"])
    rate(twice, 2, [OLD / "a.jpg"])
    add_tag(twice, "since", [NEW / "a.jpg", NEW / "x" / "renamed.jpg"])
    rate(twice, 5, [NEW])
    relocate_folder(twice, OLD, NEW)
    for stars, words in ((None, ("since", "then")), (None, ("then",))):
        done = undo(twice)
        assert done is not None
        assert done.photos_gone == 0
        assert (said(twice, NEW / "a.jpg").rating, said(twice, NEW / "a.jpg").given) == (stars, words)
    assert said(twice, NEW / "x" / "renamed.jpg").given == ()


def test_a_photo_that_has_another_name_at_the_new_place_is_found_by_its_bytes(twice: Library) -> None:
    add_tag(twice, "sea", [OLD / "x" / "b.jpg"])
    hide(twice, [OLD / "x" / "b.jpg"])
    relocate_folder(twice, OLD, NEW)
    assert sorted(file_states(twice)) == [NEW / "a.jpg", NEW / "c.jpg", NEW / "x" / "renamed.jpg"]
    assert said(twice, NEW / "x" / "renamed.jpg") == UserLayer(("sea",), (), None, is_hidden=True, people=())


def test_another_photo_under_the_same_path_at_the_new_place_keeps_it(library: Library) -> None:
    add_root(library, NEW)
    record_outcomes(library, [made_photo(OLD / "a.jpg", 1), made_photo(NEW / "a.jpg", 2)])
    add_tag(library, "old", [OLD / "a.jpg"])
    add_tag(library, "new", [NEW / "a.jpg"])
    assert relocate_folder(library, OLD, NEW) == 0
    assert said(library, NEW / "a.jpg").given == ("new",)
    assert (status(library).photos, missing_photos(library)) == (2, [NEW / "a.jpg"])
    (entry,) = history(library, kind="identity")
    undo(library, entry.number)
    assert said(library, NEW / "a.jpg").given == ("new", "old")


def test_people_come_along(library: Library) -> None:
    add_root(library, NEW)
    record_outcomes(library, [photo_of(OLD / "1.jpg", 1, 2), photo_of(NEW / "1.jpg", 1, 2)])
    with library.writing() as connection:
        give_faces(connection, [face_at(connection, OLD / "1.jpg", 1)], "Ann")
        give_faces(connection, [face_at(connection, NEW / "1.jpg", 2)], "Bob")
    relocate_folder(library, OLD, NEW)
    assert said(library, NEW / "1.jpg").people == ("Ann", "Bob")
    assert MODEL


def test_where_the_photos_of_a_folder_that_is_away_were_found_is_told_from_half_of_them_on(twice: Library) -> None:
    assert found_elsewhere(twice, OLD, [NEW]) is None  # one of three has its old name there
    record_outcomes(twice, [made_photo(NEW / "c.jpg", 2, faces=0)])
    assert found_elsewhere(twice, OLD, [NEW]) == Elsewhere(NEW, 2, 3)
    assert found_elsewhere(twice, OLD, []) is None
    record_outcomes(twice, [Removed(NEW / "a.jpg")])
    assert found_elsewhere(twice, OLD, [NEW]) is None


def test_a_folder_inside_the_new_root_is_told_where_the_photos_lie_deeper(library: Library) -> None:
    add_root(library, NEW)
    record_outcomes(library, [made_photo(OLD / "a.jpg", 1), made_photo(NEW / "from the old disk" / "a.jpg", 1)])
    found = found_elsewhere(library, OLD, [NEW])
    assert found == Elsewhere(NEW / "from the old disk", 1, 1)
    assert relocate_folder(library, OLD, found.folder) == 1
    assert list(dump(library)) == [NEW / "from the old disk" / "a.jpg"]
