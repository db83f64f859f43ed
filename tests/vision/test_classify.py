"""The classifier: what it keeps, and that tags come out the same from what was kept."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.values.files import Picture, PixelStats
from indexer.vision.classify import Classifier
from indexer.vision.runtime import FakeModel, open_model
from indexer.vision.spec import read_specs
from indexer.vision.tags.vocabulary import Vocabulary

SPEC = read_specs()["efficientnet-lite0"]
PLAIN = PixelStats(0.5, 0.3, 0.2, 0.0)
VOCABULARY = Vocabulary.load()
CLASSES = {SPEC.id: VOCABULARY.model_words(VOCABULARY.classes)}


def picture(path: Path) -> Picture:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]))


@pytest.fixture(scope="module")
def classifier(models: Path) -> Classifier:
    return Classifier(open_model(SPEC, models, "litert"))


@pytest.mark.parametrize(
    ("sample", "words", "not_there"),
    [
        ("cat", {"cat", "animal", "pet"}, {"dog", "big cat"}),
        ("coffee", {"cup", "drink", "coffee"}, {"animal"}),
        ("temple", {"building"}, {"animal", "food"}),
        ("flower", set(), {"dog", "vehicle"}),
        ("astronaut", set(), {"animal", "food"}),
    ],
)
def test_a_real_photo_gets_its_words(
    sample: str, words: set[str], not_there: set[str], classifier: Classifier, samples: dict[str, Path]
) -> None:
    evidence, _ = classifier.classify(picture(samples[sample]))
    found = {tag.name for tag in VOCABULARY.tags((evidence,), (), (), PLAIN, CLASSES)}
    assert words <= found
    assert not not_there & found


def test_tags_of_stored_evidence_are_those_of_the_scan(classifier: Classifier, samples: dict[str, Path]) -> None:
    for path in samples.values():
        evidence, _ = classifier.classify(picture(path))
        stored = pickle.loads(pickle.dumps(evidence))
        assert VOCABULARY.tags((stored,), (), (), PLAIN, CLASSES) == VOCABULARY.tags(
            (evidence,), (), (), PLAIN, CLASSES
        )


def test_evidence_is_small_and_names_its_model(classifier: Classifier, samples: dict[str, Path]) -> None:
    kept = [classifier.classify(picture(path))[0] for path in samples.values()]
    assert {evidence.model for evidence in kept} == {SPEC.id}
    assert sum(len(evidence.data) for evidence in kept) / len(kept) <= 1024


def test_the_vector_has_the_features_of_the_whole_picture(classifier: Classifier, samples: dict[str, Path]) -> None:
    _, vector = classifier.classify(picture(samples["cat"]))
    assert vector.shape == (1280,)
    assert np.isfinite(vector.astype(np.float16)).all()


def test_scores_below_the_least_are_not_kept() -> None:
    scores = np.full((2, 1000), 1e-6, np.float32)
    scores[0, 5], scores[1, 7] = 0.6, 0.3
    spec = replace(SPEC, thresholds={"least": 0.01})
    outputs = {"probabilities": scores, "embedding": np.zeros(1280, np.float32)}
    seen = Picture(np.zeros((60, 80, 3), np.uint8), (80, 60))
    evidence, _ = Classifier(FakeModel(spec, lambda _: outputs)).classify(seen)
    assert [(view, label) for view, label, _ in evidence.entries()] == [(0, 5), (1, 7)]
    assert evidence.best(1) == [(5, pytest.approx(0.6, abs=1e-5))]


def test_a_picture_of_any_shape_is_classified(classifier: Classifier) -> None:
    for height, width in ((1, 1), (3, 900), (900, 3), (256, 256), (300, 1200)):
        evidence, vector = classifier.classify(Picture(np.full((height, width, 3), 127, np.uint8), (width, height)))
        assert len(vector) == 1280
        assert evidence.model == SPEC.id
