"""An unknown noun leads to the nearest words of the vocabulary; a tag is explained by the evidence that made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.geometry import Box
from indexer.resources import packaged
from indexer.values.analysis import Analysis, Evidence, Face, Object, Tag
from indexer.values.files import Hashes, Metadata, PixelStats
from indexer.vision.tags.explain import reasons
from indexer.vision.tags.vocabulary import Vocabulary
from indexer.vision.tags.wordnet import nearest

VOCABULARY = Vocabulary.load()


@pytest.mark.parametrize(
    ("word", "expected"),
    [("nurse", ["person"]), ("Kayaks", ["canoe"]), ("dog", []), ("puppies", []), ("qwertz", []), ("", [])],
)
def test_a_noun_leads_to_the_nearest_word(word: str, expected: list[str]) -> None:
    assert nearest(VOCABULARY, word) == expected


def test_every_noun_leads_to_a_word_that_can_be_searched() -> None:
    file = packaged("models") / "labels" / "nouns.txt"
    assert file.stat().st_size < 1_000_000
    for line in file.read_text("utf-8").splitlines()[2:]:
        words, nouns = line.split("\t")
        assert nouns
        for word in words.split("; "):
            assert VOCABULARY.canonical(word) is not None, word


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nouns\.txt cannot be read"):
        nearest(VOCABULARY, "nurse", tmp_path)


def test_a_tag_is_explained_by_the_classes_of_the_view_that_decided() -> None:
    dogs = [index for index, words in enumerate(VOCABULARY.words) if "dog" in words][:3]
    scores = np.zeros((2, 1000), np.float32)
    scores[0, dogs[0]] = 0.2
    scores[1, dogs] = 0.1, 0.5, 0.3
    evidence = Evidence.of("eyes", scores, 0.01)
    look = PixelStats(0.5, 0.5, 0.2, 0.1)
    classes = {"eyes": VOCABULARY.model_words(VOCABULARY.classes)}
    tags = (*VOCABULARY.tags((evidence,), (), (), look, classes), Tag("holiday", 1.0, "own"))
    seen = Analysis(Metadata("JPEG", 1, 1), Hashes(b"", b""), look, (evidence,), tags, (), b"", ("eyes",))
    dog, own = reasons(VOCABULARY, seen, ("dog", "holiday"), classes)
    names = [VOCABULARY.classes[index] for index in (dogs[1], dogs[2], dogs[0])]
    assert [name for name, _ in dog.classes] == names
    assert sum(score for _, score in dog.classes) == pytest.approx(dog.tag.score)
    assert (dog.view, dog.threshold, dog.renamed) == (1, VOCABULARY.rules.alone_threshold, None)
    assert dog.model == "eyes"
    assert own.model is None
    assert f"{names[0]} 0.50 + {names[1]} 0.30" in str(dog)
    assert str(own) == "holiday 1.00 ← own"


def test_an_object_and_a_class_of_one_s_own_are_explained_by_their_model() -> None:
    look = PixelStats(0.5, 0.5, 0.2, 0.1)
    xray = Evidence.of("xray-11111111", np.array([[0.2, 0.9]], np.float32), 0.01)
    found = tuple(Object(1, score, Box(0.1, 0.1, 0.2, 0.2), "coco-22222222") for score in (0.6, 0.8))
    classes = {
        "xray-11111111": VOCABULARY.model_words(("NoFinding", "Atelectasis"), 0.7),
        "coco-22222222": VOCABULARY.model_words(("person", "dog")),
    }
    tags = VOCABULARY.tags((Evidence("lite", b""), xray), found, (), look, classes)
    seen = Analysis(Metadata("JPEG", 1, 1), Hashes(b"", b""), look, (Evidence("lite", b""), xray), tags, (), b"", ())
    lung, dog = reasons(VOCABULARY, replace(seen, objects=found), ("atelectasis", "dog"), classes)
    assert str(lung) == "atelectasis 0.90 ← Atelectasis 0.90 in view 0 (xray); minimum score 0.7"
    assert str(dog) == "dog 0.80 ← dog 0.80, dog 0.60 (coco); minimum score 0.5"
    assert (dog.view, dog.tag.source, dog.model) == (None, "2 dogs (coco)", "coco-22222222")


def test_a_tag_that_faces_decided_is_explained_by_them() -> None:
    look = PixelStats(0.5, 0.5, 0.2, 0.1)
    face = Face(Box(0.4, 0.4, 0.1, 0.1), 0.99, 0.5, (), None)
    person = Object(0, 0.8, Box(0.3, 0.3, 0.3, 0.7), "coco-22222222")
    classes = {"coco-22222222": VOCABULARY.model_words(("person",))}
    tags = VOCABULARY.tags((), (person,), (face,), look, classes)
    seen = Analysis(Metadata("JPEG", 1, 1), Hashes(b"", b""), look, (), tags, (face,), b"", (), (person,))
    (why,) = reasons(VOCABULARY, seen, ("person",), classes)
    assert str(why) == "person 0.99 ← 1 person; minimum score 0.4"
