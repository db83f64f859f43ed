"""What is forgotten is nowhere: not in the file, not beside it, not in a copy; and it does not come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_people import LIMITS, MODEL, add, photo_of
from made_photos import ROOT, moved
from sqlalchemy import text

from indexer.library.db.backup import backup
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.people.corrections import move_faces, person_with
from indexer.library.people.forget import (
    contents,
    forget_all,
    forget_faces,
    forget_folder,
    forget_person,
    forget_photos,
)
from indexer.library.people.grouping import group
from indexer.library.people.people import faces_in, list_people
from indexer.library.report import details
from indexer.library.roots import add_root, root_folders
from indexer.library.store import Library
from indexer.library.user.own_tags import add_tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Indexed

ALICE, BOB = 1, 2
PHOTOS = [photo_of(ROOT / "in" / "1.jpg", ALICE, BOB), photo_of(ROOT / "2.jpg", ALICE), photo_of(ROOT / "3.jpg", BOB)]


@pytest.fixture
def party(library: Library) -> Iterator[Library]:
    add(library, *PHOTOS)
    add(library, *PHOTOS)  # rows were replaced once: their old place in the file may still hold them
    with library.writing() as connection:
        move_faces(
            connection, [face(library, "in/1.jpg", 0), face(library, "2.jpg", 0)], person_with(connection, "Alice")
        )
    return library


def face(library: Library, name: str, place: int) -> int:
    return faces_in(library, ROOT / name)[place].number


def data(photo: Indexed, place: int) -> bytes:
    descriptor = photo.analysis.faces[place].descriptor
    assert descriptor is not None
    return descriptor.data


def traces(library: Library, needle: bytes, folder: Path) -> list[str]:
    """Return the names of the files that hold some bytes: the library, what is beside it, and a backup made now."""
    backup(library.path, folder / "copy.sqlite", overwrite=True)
    return [each.name for each in sorted(folder.iterdir()) if needle[100:140] in each.read_bytes()]


def described(library: Library, name: str) -> list[bool]:
    known = details(library, ROOT / name)
    assert known is not None
    assert known.analysis is not None
    return [each.descriptor is not None for each in known.analysis.faces]


def test_a_descriptor_can_be_found_in_the_bytes_at_all(party: Library, tmp_path: Path) -> None:
    assert "copy.sqlite" in traces(party, data(PHOTOS[0], 0), tmp_path)


def test_a_forgotten_person_leaves_no_trace(party: Library, tmp_path: Path) -> None:
    alice = list_people(party)[0]
    assert forget_person(party, alice.number) == 2
    assert traces(party, data(PHOTOS[0], 0), tmp_path) == traces(party, data(PHOTOS[1], 0), tmp_path) == []
    assert traces(party, data(PHOTOS[0], 1), tmp_path)
    assert list_people(party) == []


def test_all_faces_can_be_forgotten(party: Library, tmp_path: Path) -> None:
    assert forget_all(party) == 4
    for photo in PHOTOS:
        for place in range(len(photo.analysis.faces)):
            assert traces(party, data(photo, place), tmp_path) == []
    assert list_people(party) == []


def test_the_faces_below_a_folder_can_be_forgotten(party: Library, tmp_path: Path) -> None:
    assert forget_folder(party, ROOT / "in") == 2
    assert traces(party, data(PHOTOS[0], 1), tmp_path) == []
    assert described(party, "2.jpg") == [True]
    assert forget_folder(party, Path("/elsewhere")) == 0


def test_a_forgotten_face_is_never_described_again(party: Library, tmp_path: Path) -> None:
    forget_faces(party, [face(party, "in/1.jpg", 0)])
    add(party, *PHOTOS)
    assert described(party, "in/1.jpg") == [False, True]
    assert traces(party, data(PHOTOS[0], 0), tmp_path) == []


def test_a_face_that_was_not_found_for_a_while_stays_forgotten(party: Library) -> None:
    forget_faces(party, [face(party, "2.jpg", 0)])
    add(party, photo_of(ROOT / "2.jpg"))
    add(party, PHOTOS[1])
    assert described(party, "2.jpg") == [False]


def test_a_copy_of_a_photo_does_not_bring_a_forgotten_face_back(party: Library, tmp_path: Path) -> None:
    forget_faces(party, [face(party, "2.jpg", 0)])
    record_outcomes(party, [moved(party, PhotoFile(ROOT / "copy.jpg", 1000, 1), ROOT / "2.jpg", gone=False)])
    add(party, Indexed(PhotoFile(ROOT / "copy.jpg", 1000, 1), PHOTOS[1].analysis))
    assert described(party, "copy.jpg") == [False]
    assert traces(party, data(PHOTOS[1], 0), tmp_path) == []


def test_forgotten_faces_are_grouped_no_more(party: Library) -> None:
    forget_all(party)
    add(party, *PHOTOS)
    group(party, MODEL, **LIMITS)
    assert list_people(party) == []


def rows(library: Library, table: str) -> int:
    with library.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() or 0)


def test_a_root_is_forgotten_with_all_that_is_known_of_its_photos(party: Library, tmp_path: Path) -> None:
    add_tag(party, "Grandma's birthday", [ROOT / "2.jpg"])
    known = contents(party, ROOT)
    assert known is not None
    assert (known.roots, known.photos, known.words, known.named, len(known.contents)) == ((ROOT,), 3, 1, 2, 3)
    assert forget_photos(party, ROOT) == 3
    assert root_folders(party) == []
    assert contents(party, ROOT) is None
    for table in ("photos", "faces", "descriptors", "vectors", "people", "person_faces", "own_tags", "tags"):
        assert rows(party, table) == 0, table
    for photo in PHOTOS:
        for place in range(len(photo.analysis.faces)):
            assert traces(party, data(photo, place), tmp_path) == []
    for secret in (b"Grandma's birthday", b"Alice", b"2.jpg"):
        assert not [each.name for each in tmp_path.iterdir() if secret in each.read_bytes()]


def test_a_folder_in_a_root_is_forgotten_and_the_rest_stays(party: Library, tmp_path: Path) -> None:
    add(party, photo_of(ROOT / "inn.jpg", BOB))
    with party.writing() as connection:
        stranger = "INSERT INTO strangers SELECT id, CAST(? AS BLOB), 1, 1 FROM roots"
        for name in ("in/README", "README"):
            connection.exec_driver_sql(stranger, (name,))
    assert forget_photos(party, ROOT / "in") == 1
    assert root_folders(party) == [ROOT]
    assert [path.name for path in sorted(file_states(party))] == ["2.jpg", "3.jpg", "README", "inn.jpg"]
    assert traces(party, data(PHOTOS[0], 1), tmp_path) == []
    assert [person.name for person in list_people(party)] == ["Alice"]  # she is in another photo


def test_content_that_another_photo_has_is_told_from_what_goes(party: Library) -> None:
    add(party, photo_of(ROOT / "in" / "2.jpg", ALICE))
    known = contents(party, ROOT / "in")
    assert known is not None
    assert (known.roots, known.photos) == ((), 2)
    assert known.contents == {PHOTOS[0].analysis.hashes.content}


def test_photos_that_come_again_after_they_were_forgotten_are_new(party: Library) -> None:
    forget_photos(party, ROOT)
    add_root(party, ROOT)
    add(party, *PHOTOS)
    assert described(party, "in/1.jpg") == [True, True]
    assert list_people(party) == []


def test_nothing_hangs_on_what_was_forgotten(party: Library) -> None:
    forget_all(party)
    with party.reading() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        for table in ("person_faces", "face_pairs", "refusals", "people", "descriptors"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
