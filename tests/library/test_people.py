"""Faces become people, and what the user says of them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from made_people import LIMITS, MODEL, add, photo_of
from made_photos import ROOT, moved
from sqlalchemy import text

from indexer.errors import IndexerError
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.people import corrections
from indexer.library.people.grouping import Grouped, group
from indexer.library.people.people import Person, face_at, faces_in, faces_of, find_person, list_people
from indexer.library.people.review import doubts
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.values.outcomes import Indexed

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


@pytest.fixture
def party(library: Library) -> Library:
    """Five photos of Alice, three of Bob, one of Carol."""
    add(
        library,
        photo_of(ROOT / "1.jpg", ALICE, BOB),
        photo_of(ROOT / "2.jpg", BOB, ALICE),
        photo_of(ROOT / "3.jpg", ALICE, CAROL, BOB),
        photo_of(ROOT / "4.jpg", ALICE),
        photo_of(ROOT / "5.jpg", ALICE),
    )
    return library


def grouped(library: Library, **how: bool) -> Grouped:
    return group(library, MODEL, **LIMITS, **how)


def whose(library: Library, name: str) -> list[int | None]:
    """Return the people of a photo's faces, from left to right."""
    return [face.person for face in faces_in(library, ROOT / name)]


def number(library: Library, name: str, place: int) -> int:
    with library.reading() as connection:
        return face_at(connection, ROOT / name, place)


def say(library: Library, what: str, *given: object, **named: object) -> object:
    with library.writing() as connection:
        return getattr(corrections, what)(connection, *given, **named)


def find(library: Library, who: str) -> Person:
    with library.reading() as connection:
        return find_person(connection, who)


def refreshed(library: Library, names: Sequence[str] = ("1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")) -> None:
    """Analyze photos again, by a model that has another name."""
    shows = {"1.jpg": (ALICE, BOB), "2.jpg": (BOB, ALICE), "3.jpg": (ALICE, CAROL, BOB)}
    add(library, *(photo_of(ROOT / name, *shows.get(name, (ALICE,)), model="describer-2") for name in names))


def test_faces_become_people_and_who_is_alone_stays_alone(party: Library) -> None:
    assert grouped(party) == Grouped(joined=0, people=2, grouped=8, left=1, unfit=0)
    alice, bob = list_people(party)
    assert (alice.faces, bob.faces) == (5, 3)
    assert whose(party, "3.jpg") == [alice.number, None, bob.number]


def test_grouping_again_changes_nothing(party: Library) -> None:
    grouped(party)
    before = list_people(party)
    assert grouped(party) == Grouped(joined=0, people=0, grouped=0, left=1, unfit=0)
    assert list_people(party) == before


def copied(photo: Indexed, path: Path, content: bytes | None = None) -> Indexed:
    """Return a copy of a photo: the same faces at the same places, with the same bytes unless others are given."""
    hashes = replace(photo.analysis.hashes, content=content or photo.analysis.hashes.content)
    return replace(photo, file=replace(photo.file, path=path), analysis=replace(photo.analysis, hashes=hashes))


@pytest.mark.parametrize("content", [None, b"encoded again".ljust(32)], ids=["same bytes", "same perceptual hash"])
def test_strangers_in_two_copies_of_a_group_photo_are_no_people(library: Library, content: bytes | None) -> None:
    group_photo = photo_of(ROOT / "group.jpg", ALICE, BOB, CAROL)
    add(library, group_photo, *(copied(group_photo, ROOT / f"{n}/group.jpg", content) for n in range(3)))
    assert grouped(library) == Grouped(joined=0, people=0, grouped=0, left=12, unfit=0)
    add(library, photo_of(ROOT / "alice.jpg", DAVE, DAVE, ALICE, seed=1))
    assert grouped(library) == Grouped(joined=0, people=1, grouped=5, left=10, unfit=0)
    assert len({whose(library, name)[0] for name in ("group.jpg", "0/group.jpg", "2/group.jpg")} - {None}) == 1


def test_a_copy_of_a_photo_shows_who_is_known_in_it(library: Library) -> None:
    group_photo = photo_of(ROOT / "group.jpg", ALICE, BOB)
    add(library, group_photo)
    say(library, "give_faces", [number(library, "group.jpg", 1)], "Alice")
    (alice,) = (each.number for each in list_people(library))
    add(library, copied(group_photo, ROOT / "copy.jpg"))
    assert grouped(library).joined == 1
    assert whose(library, "copy.jpg") == [alice, None]


def test_what_the_user_said_of_two_copies_holds(library: Library) -> None:
    group_photo = photo_of(ROOT / "group.jpg", ALICE, BOB)
    add(library, group_photo, copied(group_photo, ROOT / "copy.jpg"))
    say(library, "give_faces", [number(library, "group.jpg", 1)], "Alice")
    say(library, "give_faces", [number(library, "copy.jpg", 1)], "Alicia")
    alice, alicia = whose(library, "group.jpg")[0], whose(library, "copy.jpg")[0]
    say(library, "refuse_face", number(library, "copy.jpg", 1), alicia)
    say(library, "refuse_face", number(library, "copy.jpg", 1), alice)
    grouped(library)
    assert (whose(library, "group.jpg")[0], whose(library, "copy.jpg")[0]) == (alice, None)


def test_one_face_at_two_places_of_alike_photos_is_two(library: Library) -> None:
    """Photos of one series have nearly one hash: where the face is elsewhere, it is another picture of it."""
    add(library, photo_of(ROOT / "1.jpg", ALICE, BOB), photo_of(ROOT / "2.jpg", CAROL, DAVE, ALICE))
    assert grouped(library).people == 1


def test_new_faces_join_the_people_that_are_there(party: Library) -> None:
    grouped(party)
    alice, bob = list_people(party)
    add(party, photo_of(ROOT / "6.jpg", BOB, CAROL, ALICE))
    assert grouped(party) == Grouped(joined=2, people=1, grouped=2, left=0, unfit=0)
    assert whose(party, "6.jpg") == [bob.number, whose(party, "3.jpg")[1], alice.number]


def test_a_face_of_poor_quality_is_left_alone(party: Library) -> None:
    add(party, photo_of(ROOT / "blurred.jpg", ALICE, quality=0.4))
    assert grouped(party).unfit == 1
    assert whose(party, "blurred.jpg") == [None]


def test_people_are_found_by_number_and_by_name_in_any_case(party: Library) -> None:
    grouped(party)
    alice = list_people(party)[0].number
    say(party, "name_person", alice, "  Alice   Müller ")
    assert find(party, str(alice)) == find(party, "alice mÜLLER")
    assert find(party, "Alice Müller").name == "Alice Müller"


@pytest.mark.parametrize("name", ["", "  ", "12", "a\x07b", "\udcff"])
def test_what_is_no_name_is_refused(party: Library, name: str) -> None:
    grouped(party)
    with pytest.raises(IndexerError, match="cannot be a name"):
        say(party, "name_person", 1, name)


def test_a_name_that_another_person_has_is_refused(party: Library) -> None:
    grouped(party)
    one, two = (each.number for each in list_people(party))
    say(party, "name_person", one, "Alice")
    with pytest.raises(IndexerError, match="another person"):
        say(party, "name_person", two, "ALICE")


@pytest.mark.parametrize("who", ["99", "nobody", "99999999999999999999", "²"])
def test_who_is_not_there_is_not_found(party: Library, who: str) -> None:
    with pytest.raises(IndexerError, match="no person"):
        find(party, who)


def test_a_merger_is_kept_by_later_groupings_and_by_another_model(party: Library) -> None:
    grouped(party)
    alice, bob = (each.number for each in list_people(party))
    say(party, "merge_people", alice, [bob])
    assert [(each.number, each.faces) for each in list_people(party)] == [(alice, 8)]
    refreshed(party)
    group(party, "describer-2", **LIMITS, again=True)
    assert whose(party, "1.jpg") == [alice, alice]
    add(party, photo_of(ROOT / "6.jpg", BOB, model="describer-2"))
    group(party, "describer-2", **LIMITS)
    assert whose(party, "6.jpg") == [alice]


def test_a_merger_keeps_the_name_there_is(party: Library) -> None:
    grouped(party)
    alice, bob = (each.number for each in list_people(party))
    say(party, "name_person", bob, "Bob")
    say(party, "merge_people", alice, [bob])
    assert find(party, "bob").number == alice


def test_a_split_is_kept_by_later_groupings(party: Library) -> None:
    grouped(party)
    alice = list_people(party)[0].number
    wrong = [number(party, "4.jpg", 1), number(party, "5.jpg", 1)]
    other = say(party, "split_faces", alice, wrong)
    for again in (False, True):
        grouped(party, again=again)
        assert whose(party, "4.jpg") == whose(party, "5.jpg") == [other]
        assert whose(party, "1.jpg")[0] == alice


def test_a_split_of_all_faces_or_of_those_of_others_is_refused(party: Library) -> None:
    grouped(party)
    alice, bob = list_people(party)
    everything = [face.number for face in faces_of(party, alice.number)]
    with pytest.raises(IndexerError, match="all faces"):
        say(party, "split_faces", alice.number, everything)
    with pytest.raises(IndexerError, match="does not belong to person"):
        say(party, "split_faces", bob.number, everything[:1])


def test_a_face_that_was_moved_stays_where_it_is(party: Library) -> None:
    grouped(party)
    alice, bob = (each.number for each in list_people(party))
    face = number(party, "4.jpg", 1)
    say(party, "move_faces", [face], bob)
    refreshed(party)
    for again in (False, True):
        group(party, "describer-2", **LIMITS, again=again)
        assert whose(party, "4.jpg") == [bob]
    assert whose(party, "5.jpg") == [alice]


def test_a_refused_face_never_comes_back_to_that_person(party: Library) -> None:
    grouped(party)
    alice = list_people(party)[0].number
    say(party, "refuse_face", number(party, "4.jpg", 1), alice)
    for again in (False, True):
        grouped(party, again=again)
        assert whose(party, "4.jpg") == [None]
        assert whose(party, "5.jpg") == [alice]


def test_a_face_keeps_its_person_when_the_photo_is_analyzed_again_or_moves(party: Library) -> None:
    from indexer.values.files import PhotoFile

    grouped(party)
    before = whose(party, "1.jpg")
    refreshed(party)
    record_outcomes(party, [moved(party, PhotoFile(ROOT / "new.jpg", 1000, 1), ROOT / "1.jpg", gone=True)])
    assert whose(party, "new.jpg") == before


def test_people_without_a_name_are_grouped_anew_on_request(party: Library) -> None:
    grouped(party)
    alice, bob = (each.number for each in list_people(party))
    say(party, "name_person", alice, "Alice")
    grouped(party, again=True)
    assert find(party, "Alice").number == alice
    assert bob not in {each.number for each in list_people(party)}
    assert sorted(each.faces for each in list_people(party)) == [3, 5]


def test_a_hidden_person_is_not_listed(party: Library) -> None:
    grouped(party)
    alice, bob = list_people(party)
    say(party, "hide_person", alice.number, hidden=True)
    assert list_people(party) == [bob]
    assert {each.number for each in list_people(party, hidden=True)} == {alice.number, bob.number}


def test_hidden_photos_count_for_nobody(party: Library) -> None:
    grouped(party)
    with party.writing() as connection:
        connection.execute(text("UPDATE photos SET is_hidden = 1 WHERE path_text = '4.jpg'"))
    assert list_people(party)[0].faces == 4


def test_a_doubtful_face_is_asked_for_until_it_is_answered(party: Library) -> None:
    grouped(party)
    alice, bob = (each.number for each in list_people(party))
    face = number(party, "4.jpg", 1)
    with party.writing() as connection:
        connection.execute(text(f"UPDATE person_faces SET person_id = {bob} WHERE face_id = {face}"))
    found = doubts(party, MODEL, **LIMITS)
    assert (found[0].face.number, found[0].person) == (face, bob)
    assert doubts(party, MODEL, **LIMITS, person=alice) == []
    say(party, "refuse_face", face, bob)
    assert [(each.face.number, each.person) for each in doubts(party, MODEL, **LIMITS)] == [(face, alice)]
    say(party, "move_faces", [face], alice)
    assert doubts(party, MODEL, **LIMITS) == []


def test_what_changes_while_faces_are_compared_stays_as_it_is(party: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from indexer.library.people import grouping as module

    bob = say(party, "add_person", "Bob")
    compare = module.cluster

    def meanwhile(*given: object) -> object:
        say(party, "move_faces", [number(party, "4.jpg", 1)], bob)
        record_outcomes(party, [photo_of(ROOT / "5.jpg", DAVE)])
        return compare(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "cluster", meanwhile)
    grouped(party)
    assert whose(party, "4.jpg") == [bob]
    assert whose(party, "5.jpg") == [None]


def test_faces_are_counted_from_left_to_right(party: Library) -> None:
    assert [face.place for face in faces_in(party, ROOT / "3.jpg")] == [1, 2, 3]
    assert [face.box.left for face in faces_in(party, ROOT / "3.jpg")] == [0, 0.1, 0.2]
    with pytest.raises(IndexerError, match="no face 4"):
        number(party, "3.jpg", 4)
    with pytest.raises(IndexerError, match="not in the library"):
        faces_in(party, Path("/photos/none.jpg"))


def test_a_photo_shows_nobody_twice(library: Library) -> None:
    add(library, photo_of(ROOT / "class.jpg", ALICE, ALICE, ALICE), photo_of(ROOT / "1.jpg", ALICE))
    grouped(library)
    owners = whose(library, "class.jpg")
    assert [owner for owner in owners if owner] == whose(library, "1.jpg")
    assert owners.count(None) == 2


def test_nobody_joins_a_person_who_is_in_the_photo_already(party: Library) -> None:
    grouped(party)
    alice = whose(party, "1.jpg")[0]
    add(party, photo_of(ROOT / "6.jpg", ALICE, seed=6), photo_of(ROOT / "7.jpg", ALICE, ALICE, seed=7))
    say(party, "move_faces", [number(party, "7.jpg", 1)], alice)
    grouped(party)
    assert whose(party, "6.jpg") == [alice]
    assert whose(party, "7.jpg") == [alice, None]


def test_the_user_may_say_that_a_photo_shows_somebody_twice(library: Library) -> None:
    add(library, photo_of(ROOT / "mirror.jpg", ALICE, ALICE), photo_of(ROOT / "1.jpg", ALICE))
    grouped(library)
    alice = whose(library, "1.jpg")[0]
    say(library, "move_faces", [number(library, "mirror.jpg", place) for place in (1, 2)], alice)
    grouped(library)
    assert whose(library, "mirror.jpg") == [alice, alice]


def test_the_faces_of_a_person_come_a_page_at_a_time(party: Library) -> None:
    grouped(party)
    add_root(party, ROOT.parent / "another")
    add(party, photo_of(ROOT.parent / "another" / "0.jpg", ALICE, ALICE))
    add(party, photo_of(ROOT / "5.jpg", ALICE, ALICE, seed=1))
    with party.writing() as connection:
        free = connection.exec_driver_sql("SELECT id FROM faces WHERE id NOT IN (SELECT face_id FROM person_faces)")
        corrections.move_faces(connection, free.scalars().all(), 1)
    whole = faces_of(party, 1)
    assert [(face.path, face.place) for face in whole] == sorted((face.path, face.place) for face in whole)
    assert len(whole) == find(party, "1").faces
    pages = [face for start in range(0, len(whole), 2) for face in faces_of(party, 1, limit=2, offset=start)]
    assert pages == whole
