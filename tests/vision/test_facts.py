"""Words that people, faces and colors tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from indexer.geometry import Box
from indexer.values.analysis import Face, Object, Tag
from indexer.values.files import PixelStats
from indexer.vision.tags.people import Beings, heuristic_tags
from indexer.vision.tags.vocabulary import Vocabulary

COLORFUL = PixelStats(0.5, 0.3, 0.2, 0.0)
COCO = "coco-22222222"
WORDS = Vocabulary.load()
CLASSES = {COCO: WORDS.model_words(("person", "horse"))}
PERSON, HORSE = 0, 1


def face(score: float = 0.9, side: float = 0.1, left: float = 0.2) -> Face:
    return Face(Box(left, 0.2, side, side), score, 0.5, (), None)


def thing(kind: int, left: float = 0.2, score: float = 0.8, width: float = 0.2) -> Object:
    return Object(kind, score, Box(left, 0.1, width, 0.8), COCO)


def told(faces: Sequence[Face] = (), things: Sequence[Object] = ()) -> dict[str, Tag]:
    return {tag.name: tag for tag in WORDS.tags((), things, faces, COLORFUL, CLASSES)}


def names(faces: Sequence[Face] = (), look: PixelStats = COLORFUL) -> set[str]:
    return {tag.name for tag in heuristic_tags(faces, look)}


def test_a_photo_of_nothing_special_has_no_facts() -> None:
    assert names() == set()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, {"person"}),
        (2, {"person", "people"}),
        (3, {"person", "people"}),
        (4, {"person", "people", "group"}),
        (10, {"person", "people", "group", "crowd"}),
    ],
)
def test_faces_tell_how_many_people_there_are(count: int, words: set[str]) -> None:
    assert names([face()] * count) == words


def test_one_large_face_is_a_portrait() -> None:
    assert names([face(side=0.4)]) == {"person", "portrait"}
    assert names([face(side=0.4), face()]) == {"person", "people"}


def test_a_word_is_as_sure_as_the_face_that_decides() -> None:
    found = {tag.name: tag for tag in heuristic_tags([face(0.7), face(0.95), face(0.8)], COLORFUL)}
    assert found["person"] == Tag("person", 0.95, "3 faces", (), 3)
    assert found["people"] == Tag("people", 0.8, "3 faces", (), 3)


def test_a_face_and_the_box_around_it_are_one_person() -> None:
    found = told([face(0.9)], [thing(PERSON)])
    assert found.keys() == {"person"}
    assert found["person"] == Tag("person", 0.9, "1 person", (COCO,), 1)


def test_people_seen_from_behind_count_beside_faces() -> None:
    found = told([face(0.9)], [thing(PERSON), thing(PERSON, left=0.6, score=0.7)])
    assert (found["people"].count, found["people"].score) == (2, 0.7)


def test_faces_in_one_box_are_as_many_people() -> None:
    crowd = [face(left=0.1 + 0.05 * place, side=0.04) for place in range(6)]
    assert told(crowd, [thing(PERSON, left=0.0, width=0.9)])["people"].count == 6


def test_every_box_has_one_face_where_there_are_as_many() -> None:
    two = [face(left=0.2), face(left=0.5)]
    boxes = [thing(PERSON, left=0.1, width=0.6), thing(PERSON, left=0.15, width=0.2)]
    assert told(two, boxes)["people"].count == 2


def test_a_person_who_is_not_sure_enough_is_nobody() -> None:
    assert "people" not in told([face()], [thing(PERSON, left=0.6, score=0.3)])


def test_a_face_in_an_animal_that_no_person_supports_is_the_animal_s() -> None:
    assert "person" not in told([face(0.9, side=0.4)], [thing(HORSE, width=0.6)])
    assert "portrait" not in told([face(0.9, side=0.4)], [thing(HORSE, width=0.6)])


def test_a_child_on_a_pony_stays() -> None:
    assert "person" in told([face(0.9)], [thing(HORSE, width=0.6), thing(PERSON)])
    assert "person" in told([face(0.99)], [thing(HORSE, width=0.6)])
    assert "person" in told([face(0.9, left=0.9)], [thing(HORSE, width=0.6)])


def test_animals_and_people_alone_are_doubted_by_nobody() -> None:
    assert names([face(0.7)]) == {"person"}
    assert Beings() == Beings((), ())


def test_objects_are_counted_and_broader_words_count_all_below() -> None:
    found = told((), [thing(HORSE), thing(HORSE, left=0.5), thing(HORSE, left=0.7, score=0.3)])
    assert (found["horse"].count, found["animal"].count) == (2, 2)


def test_a_photo_without_colors_is_black_and_white() -> None:
    assert names(look=PixelStats(0.5, 0.0, 0.2, 0.0)) == {"black and white"}


def test_every_fact_is_a_word_that_can_be_searched() -> None:
    found = names([face()] * 12, PixelStats(0.5, 0.0, 0.2, 0.0)) | names([face(side=0.5)])
    assert {WORDS.canonical(word) for word in found} == found


def test_facts_join_what_the_classifier_saw() -> None:
    tags = WORDS.tags((), (), [face(0.9)], COLORFUL, {})
    assert tags == (Tag("person", 0.9, "1 face", (), 1),)
