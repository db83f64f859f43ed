"""Prediction: what models find in a picture that no library knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from indexer.intake.discover import stamp
from indexer.pipeline.predict.predict import Predictor, predictions
from indexer.pipeline.workers.tasks import analyze_file
from indexer.values.files import Picture
from indexer.vision.analyze import Analyzer, scene_model
from indexer.vision.runtime import FakeModel
from indexer.vision.spec import Labels, read_specs
from indexer.vision.spec_tensors import Output
from indexer.vision.tags.vocabulary import Vocabulary

CLASSIFIER = read_specs()["efficientnet-lite0"]
GRAY = Picture(np.full((60, 80, 3), 127, np.uint8), (80, 60))


def classifier(name: str, **scores: float) -> FakeModel:
    """A classifier that always says the same: class name → score."""
    classes = Vocabulary.load().classes
    row = np.array([[scores.get(each, 0.0) for each in classes]], np.float32)
    return FakeModel(replace(CLASSIFIER, name=name), lambda _: {"probabilities": row})


def detector(folder: Path) -> FakeModel:
    """An object detector that always finds two dogs and a toy."""
    (folder / "map.txt").write_text("dog\ntoy car\n")
    outputs = {"boxes": Output(("n", 4), "none"), "scores": Output(("n",), "none"), "classes": Output(("n",), "none")}
    spec = replace(
        CLASSIFIER,
        name="finder",
        role="object-detector",
        input=replace(CLASSIFIER.input, fit="stretch"),
        outputs=outputs,
        labels=Labels(file="map.txt"),
        thresholds={},
        folder=str(folder),
    )
    answers = {
        "boxes": np.array([[0.1, 0.1, 0.5, 0.5], [0.2, 0.2, 0.6, 0.6], [0, 0, 1, 1]], np.float32),
        "scores": np.array([0.7, 0.9, 0.6], np.float32),
        "classes": np.array([0, 0, 1], np.float32),
    }
    return FakeModel(spec, lambda _: answers)


def predictor(*models: FakeModel) -> Predictor:
    return Predictor(Analyzer([scene_model(model) for model in models], Vocabulary.load()))


def test_each_model_answers_for_itself_and_the_tags_are_those_of_all(tmp_path: Path) -> None:
    models = [classifier("one", espresso=0.8), classifier("other", espresso=0.9), detector(tmp_path)]
    seen = predictor(*models).predict(Path("photo.jpg"), GRAY)
    assert [said.model.rpartition("-")[0] for said in seen.by_model] == ["one", "other", "finder"]
    one, other, finder = seen.by_model
    assert ([label.name for label in one.labels], one.word) == (["espresso"], "espresso")
    assert {tag.name: round(tag.score, 2) for tag in one.tags}["espresso"] == 0.8
    assert {tag.name: round(tag.score, 2) for tag in other.tags}["espresso"] == 0.9
    assert [(label.name, round(label.score, 2)) for label in finder.labels] == [("dog", 0.9), ("toy car", 0.6)]
    assert [name for name, _ in finder.objects] == ["dog", "dog", "toy car"]
    assert finder.word == "dog"
    tags = {tag.name: round(tag.score, 2) for tag in seen.tags}
    assert (tags["espresso"], tags["dog"], tags["black and white"]) == (0.9, 0.9, 1.0)
    assert "black and white" not in {tag.name for said in seen.by_model for tag in said.tags}


def test_a_model_that_is_sure_of_nothing_says_nothing() -> None:
    (said,) = predictor(classifier("one")).predict(Path("photo.jpg"), GRAY).by_model
    assert (said.labels, said.word, said.tags) == ((), "", ())


def test_folders_are_walked_and_only_what_promised_a_photo_is_complained_of(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("b.jpg", "a.jpg"):
        Image.new("RGB", (40, 30)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"none")
    (folder / "notes").write_text("buy film")
    wrong: list[str] = []
    paths = [folder, folder / "notes", tmp_path / "lost.jpg"]
    seen = list(predictions(predictor(classifier("one")), paths, 10**6, lambda path, _: wrong.append(path.name)))
    assert [each.path.name for each in seen] == ["a.jpg", "b.jpg"]
    assert wrong == ["broken.jpg", "notes", "lost.jpg"]


def test_a_prediction_is_what_a_scan_would_store(analyzer: Analyzer, samples: dict[str, Path]) -> None:
    for name in ("cat", "hopper"):
        stored = analyze_file(stamp(samples[name]), analyzer, 10**8)
        seen = Predictor(analyzer).predict_file(samples[name], 10**8, with_faces=True)
        assert seen.tags == stored.tags
