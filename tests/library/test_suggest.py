"""The last word of what is typed is completed by what the library has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photos import made_photo

from indexer.errors import QueryError
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.people.corrections import hide_person, move_faces, person_with
from indexer.library.people.people import faces_in
from indexer.library.query.fields import FIELDS, leaf
from indexer.library.query.parser import parse
from indexer.library.roots import add_root
from indexer.library.search.suggest import last_word, suggest
from indexer.library.store import Library
from indexer.values.outcomes import Removed

P = Path("/photos")
TODAY = date(2024, 3, 31)


@pytest.fixture
def known(library: Library) -> Library:
    """Photos of animals, taken with two cameras, that show Dora Dahl, and Didi, who is hidden."""
    words = [["dog", "animal"], ["dog", "animal", "hot dog"], ["doll", "animal"], ["great white shark"], ["wardrobe"]]
    made = [made_photo(P / str(n), n, [(word, 0.9) for word in some]) for n, some in enumerate(words)]
    taken = [None, "2023-05-03T10:00:00", "2024-05-03T10:00:00", "2024-06-01T00:00:00", "2024-06-01T00:00:00"]
    for number, (photo, time) in enumerate(zip(made, taken, strict=True)):
        seen = photo.analysis
        said = replace(seen.metadata, taken_at=time, camera_make="Nikon", camera_model="D70" if number else "F 3")
        made[number] = replace(photo, analysis=replace(seen, metadata=said))
    record_outcomes(library, made)
    for name, photo in (("Dora Dahl", "0"), ("Didi", "1")):
        with library.writing() as connection:
            person = person_with(connection, name)
        (face,) = faces_in(library, P / photo)
        with library.writing() as connection:
            move_faces(connection, [face.number], person)
            hide_person(connection, person, hidden=name == "Didi")
    return library


def inserts(library: Library, text: str, limit: int = 10) -> list[str]:
    return [each.insert for each in suggest(library, text, limit)]


@pytest.mark.parametrize(
    ("typed", "become"),
    [
        ("do", ["dog", "doll", 'person:"Dora Dahl"', '"hot dog"']),
        ("DO", ["dog", "doll", 'person:"Dora Dahl"', '"hot dog"']),
        ("cat -do", ["cat -dog", "cat -doll", 'cat -person:"Dora Dahl"', 'cat -"hot dog"']),
        ("(cat|dol", ["(cat|doll"]),
        ("ani", ["animal"]),
        ("hark", ['"great white shark"']),
        ("cat great wh", ['cat "great white shark"']),
        ("cat great wx", []),
        ('"great wh', ['"great white shark"']),
        ('cat "hot', ['cat "hot dog"']),
        ("dahl", ['person:"Dora Dahl"']),
        ("dora da", ['person:"Dora Dahl"', "dora date:"]),
        ("tag:dol", ["tag:doll"]),
        ("person:d", ['person:"Dora Dahl"']),
        ("person:(x|d", ['person:(x|"Dora Dahl"']),
        ("camera:", ['camera:"Nikon D70"', 'camera:"Nikon F 3"']),
        ("dog camera:f", ['dog camera:"Nikon F 3"']),
        ("is:p", ["is:panorama", "is:portrait"]),
        ("-is:h", ["-is:hidden", "-is:screenshot"]),
        ("date:20", ["date:2024", "date:2023"]),
        ("date:Ju", ["date:july", "date:june"]),
        ("date:last-3", ["date:last-30-days"]),
        ("rating:", ["rating:5", "rating:4+", "rating:3+", "rating:2+", "rating:1+"]),
        ("orient", ["orientation:"]),
        ("dog cam", ["dog camera:"]),
        ("2024", ["date:2024"]),
        ("dog -202", ["dog -date:2024", "dog -date:2023"]),
        ("jun", ["date:june"]),
        ("jul", []),
        ("20", []),
        ("nothing:x", []),
        ("path:x", []),
        ("xyzzy", []),
    ],
)
def test_the_last_word_is_completed(known: Library, typed: str, become: list[str]) -> None:
    found = inserts(known, typed)
    assert sorted(found) == sorted(become) if typed == "date:Ju" else found == become


def test_photos_are_counted_and_fields_explained(known: Library) -> None:
    dog = suggest(known, "do")[0]
    assert (dog.kind, dog.text, dog.photos) == ("tag", "dog", 2)
    (camera,) = suggest(known, "cam")
    assert (camera.kind, camera.text, camera.about) == ("field", "camera:", FIELDS["camera"].help)
    (person,) = suggest(known, "person:")
    assert (person.kind, person.text, person.photos) == ("person", "Dora Dahl", 1)


def test_an_empty_box_offers_some_of_everything(known: Library) -> None:
    found = suggest(known, "", 9)
    assert len(found) == 9
    assert found[0].text == "animal"
    assert {each.kind for each in found} == {"tag", "person", "field"}
    assert len(suggest(known, "", 1)) == 1


@pytest.mark.parametrize("keeps_words", [False, True])
def test_what_is_suggested_follows_the_library(known: Library, keeps_words: bool) -> None:
    if keeps_words:
        known.keep_words()
    assert inserts(known, "ward") == ["wardrobe"]
    record_outcomes(known, [Removed(P / "4")])
    assert inserts(known, "ward") == []


def test_every_field_is_explained_and_its_values_can_be_read() -> None:
    for name, field in FIELDS.items():
        assert field.name == name
        assert field.help
        assert all(leaf(name, value, TODAY) for value, _ in field.values)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('ab d"\\():|-é\n')))
def test_any_text_has_a_last_word(text: str) -> None:
    last = last_word(text)
    assert all(0 <= start <= len(text) for start in last.starts)
    assert list(last.starts) == sorted(last.starts)


@settings(max_examples=60, deadline=None)
@given(
    before=st.sampled_from(["", "cat ", "cat -", '"x y" (', "(a | "]),
    word=st.sampled_from(["d", "h", "Do", "is:", "camera:n"]),
)
def test_what_is_inserted_can_be_read(before: str, word: str) -> None:
    with Library.empty(Path("none")) as library:
        add_root(library, P)
        record_outcomes(library, [made_photo(P / "1", 2, [('d"o (g)', 0.9), ("hé d", 0.5), ("OR d", 0.5)])])
        for each in suggest(library, before + word):
            if not each.insert.endswith(":"):
                try:
                    parse(each.insert + ")" * before.count("("), today=TODAY)
                except QueryError as error:
                    pytest.fail(f"{each.insert}: {error}")
