"""An unknown noun leads to the nearest words of the vocabulary; a tag is explained by the evidence that made it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.photo import Analysis, Evidence, Hashes, Look, Metadata, Tag
from indexer.resources import packaged
from indexer.vision.explain import reasons
from indexer.vision.meaning import nearest
from indexer.vision.vocabulary import Vocabulary

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
    look = Look(0.5, 0.5, 0.2, 0.1)
    tags = (*VOCABULARY.tags(evidence, (), look), Tag("holiday", 1.0, "own"))
    seen = Analysis(Metadata("JPEG", 1, 1), Hashes(b"", b""), look, (evidence,), tags, (), b"", ("eyes",))
    dog, own = reasons(VOCABULARY, seen, ("dog", "holiday"))
    names = [VOCABULARY.classes[index] for index in (dogs[1], dogs[2], dogs[0])]
    assert [name for name, _ in dog.classes] == names
    assert sum(score for _, score in dog.classes) == pytest.approx(dog.tag.score)
    assert (dog.view, dog.threshold, dog.renamed) == (1, VOCABULARY.rules.threshold, None)
    assert f"{names[0]} 0.50 + {names[1]} 0.30" in str(dog)
    assert str(own) == "holiday 1.00 ← own"
