"""Words that faces, shape and colors tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from indexer.geometry import Box
from indexer.values.analysis import Face, Tag
from indexer.values.files import PixelStats
from indexer.vision.tags.candidates import heuristic_tags
from indexer.vision.tags.vocabulary import Vocabulary

COLORFUL = PixelStats(0.5, 0.3, 0.2, 0.0)


def face(score: float = 0.9, side: float = 0.1) -> Face:
    return Face(Box(0.2, 0.2, side, side), score, 0.5, (), None)


def names(faces: Sequence[Face] = (), look: PixelStats = COLORFUL) -> set[str]:
    return {tag.name for tag in heuristic_tags(faces, look)}


def test_a_photo_of_nothing_special_has_no_facts() -> None:
    assert names() == set()


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, {"person"}), (2, {"person", "people"}), (3, {"person", "people"}), (4, {"person", "people", "group"})],
)
def test_faces_tell_how_many_people_there_are(count: int, words: set[str]) -> None:
    assert names([face()] * count) == words


def test_one_large_face_is_a_portrait() -> None:
    assert names([face(side=0.4)]) == {"person", "portrait"}
    assert names([face(side=0.4), face()]) == {"person", "people"}


def test_a_word_is_as_sure_as_the_face_that_decides() -> None:
    told = {tag.name: tag for tag in heuristic_tags([face(0.7), face(0.95), face(0.8)], COLORFUL)}
    assert told["person"] == Tag("person", 0.95, "3 faces")
    assert told["people"] == Tag("people", 0.8, "3 faces")


def test_a_photo_without_colors_is_black_and_white() -> None:
    assert names(look=PixelStats(0.5, 0.0, 0.2, 0.0)) == {"black and white"}


def test_every_fact_is_a_word_that_can_be_searched() -> None:
    vocabulary = Vocabulary.load()
    told = names([face()] * 4, PixelStats(0.5, 0.0, 0.2, 0.0)) | names([face(side=0.5)])
    assert {vocabulary.canonical(word) for word in told} == told


def test_facts_join_what_the_classifier_saw() -> None:
    tags = Vocabulary.load().tags((), (), [face(0.9)], COLORFUL, {})
    assert tags == (Tag("person", 0.9, "1 face"),)
