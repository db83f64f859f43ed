"""Words of an object detector that a classifier contradicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from indexer.geometry import Box
from indexer.values.analysis import Evidence, Object
from indexer.values.files import PixelStats
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.vocabulary import Vocabulary

PLAIN = PixelStats(0.5, 0.3, 0.2, 0.0)
LITE, COCO = "lite-00000000", "coco-22222222"
WORDS = Vocabulary.load()
FOUND = ("person", "dog", "clock", "orange", "dining table", "cup")
CLASSES = {
    LITE: replace(WORDS.model_words(WORDS.classes), is_shipped=True),
    COCO: replace(WORDS.model_words(FOUND), is_shipped=True, of_objects=True),
}


def shown(
    classes: dict[str, float], *things: tuple[str, float, float], known: Mapping[str, ModelWords] = CLASSES
) -> set[str]:
    """The tags of a photo: classes and their scores; kind, score and area of each object; the models' words."""
    scores = np.zeros((1, 1000), np.float32)
    for name, score in classes.items():
        scores[0, WORDS.classes.index(name)] = score
    objects = [Object(FOUND.index(kind), score, Box(0, 0, area, 1), COCO) for kind, score, area in things]
    given = WORDS.tags((Evidence.of(LITE, scores, 0.001),), objects, (), PLAIN, known)
    return {tag.name for tag in given}


def test_an_animal_that_a_classifier_calls_otherwise_is_only_an_animal() -> None:
    assert "dog" not in shown({"gray wolf": 0.9}, ("dog", 0.9, 0.5))
    assert {"animal", "wolf"} <= shown({"gray wolf": 0.9}, ("dog", 0.9, 0.5))


def test_an_animal_that_a_classifier_gives_some_part_is_believed() -> None:
    assert "dog" in shown({"gray wolf": 0.6, "Siberian husky": 0.2}, ("dog", 0.9, 0.5))


def test_an_animal_is_believed_where_a_classifier_sees_none() -> None:
    assert "dog" in shown({"park bench": 0.95}, ("dog", 0.9, 0.05))


def test_a_large_object_is_what_a_classifier_is_sure_of() -> None:
    assert "clock" not in shown({"iron": 0.95}, ("clock", 0.9, 0.5))


@pytest.mark.parametrize(
    ("classes", "things"),
    [
        ({"iron": 0.95}, [("clock", 0.9, 0.05)]),  # small: it stands beside it
        ({"iron": 0.6}, [("clock", 0.9, 0.5)]),  # nobody is sure
        ({"iron": 0.9, "wall clock": 0.05}, [("clock", 0.9, 0.5)]),  # it gives it some part
        ({"espresso": 0.95}, [("clock", 0.9, 0.5), ("cup", 0.8, 0.1)]),  # the cup is the espresso
    ],
)
def test_an_object_that_may_stand_beside_that_stays(
    classes: dict[str, float], things: list[tuple[str, float, float]]
) -> None:
    assert "clock" in shown(classes, *things)


def test_people_stand_beside_everything() -> None:
    assert "person" in shown({"iron": 0.95}, ("person", 0.9, 0.5))


def test_a_broader_word_stays_where_a_classifier_supports_it() -> None:
    told = shown({"lemon": 0.95}, ("orange", 0.9, 0.5))
    assert "orange" not in told
    assert {"lemon", "fruit"} <= told


@pytest.mark.parametrize("own", [LITE, COCO])
def test_models_of_one_s_own_doubt_nobody_and_are_not_doubted(own: str) -> None:
    known = {**CLASSES, own: replace(CLASSES[own], is_shipped=False)}
    assert "dog" in shown({"gray wolf": 0.9}, ("dog", 0.9, 0.5), known=known)
