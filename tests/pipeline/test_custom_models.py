"""Models of the user's own beside the program's: only what has not seen a photo looks at it, and nothing is lost."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.intake.discover import stamp
from indexer.library import report
from indexer.library.indexing.files import stale_photos
from indexer.library.store import Library
from indexer.pipeline.retag import learn_names, retag
from indexer.pipeline.workers.tasks import analyze_file
from indexer.values.analysis import Analysis, ModelIds
from indexer.vision.analyze import Analyzer
from indexer.vision.classify import Classifier
from indexer.vision.runtime import FakeModel
from indexer.vision.spec import ModelSpec, spec_of


def described(name: str, folder: Path) -> ModelSpec:
    """Return the description of a made-up classifier of two classes, with features."""
    (folder / "labels.txt").write_text("wooden\nwoolen\n")
    raw = {
        "description": "made by a test",
        "role": "classifier",
        "weights": {"file": "a.keras", "format": "keras", "sha256": "0" * 64},
        "input": {"name": "image", "fit": "stretch", "size_px": 8, "colors": "RGB", "mean": 0, "scale": 1},
        "outputs": {"probabilities": {"shape": ["views", 2]}, "embedding": {"shape": [4]}},
        "labels": {"file": "labels.txt"},
    }
    return spec_of(name, raw, str(folder))


class Counting:
    """A made-up classifier that counts what it sees."""

    def __init__(self, spec: ModelSpec) -> None:
        self.seen = 0
        self.classifier = Classifier(FakeModel(spec, self._answer))

    def _answer(self, _: np.ndarray) -> dict[str, np.ndarray]:
        self.seen += 1
        return {"probabilities": np.float32([[0.9, 0.1]]), "embedding": np.float32([1, 2, 3, 4])}


@pytest.fixture
def mine(tmp_path: Path) -> Counting:
    folder = tmp_path / "own"
    folder.mkdir()
    return Counting(described("mine", folder))


@pytest.fixture
def people(small: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with a photo of one face."""
    folder = tmp_path / "people"
    folder.mkdir()
    shutil.copy(small["astronaut"], folder)
    return folder


def with_mine(analyzer: Analyzer, mine: Counting, *, first: bool = False, faces: bool = True) -> Analyzer:
    """Return the analyzer with one more classifier, as the default one or not."""
    both = (mine.classifier, *analyzer.scene) if first else (*analyzer.scene, mine.classifier)
    return Analyzer(both, analyzer.vocabulary, analyzer.face_reader if faces else None)


def known(library: Library, photo: Path) -> Analysis:
    details = report.details(library, photo)
    assert details is not None
    assert details.analysis is not None
    return details.analysis


@pytest.mark.parametrize("faces", [True, False])
def test_a_new_classifier_alone_looks_and_faces_stay(scanner, mine: Counting, people: Path, faces: bool) -> None:
    scanner(people)
    (photo,) = people.iterdir()
    before = known(scanner.library, photo)
    scanner.analyzer = with_mine(scanner.analyzer, mine, faces=faces)
    learn_names(scanner.library, [mine.classifier.model.spec], scanner.analyzer.vocabulary)
    scanner(people)
    after = known(scanner.library, photo)
    assert mine.seen == 1
    assert before.faces
    assert after.faces == before.faces
    assert after.evidence[0] == before.evidence[0]
    assert after.vector == before.vector
    assert "wooden" in {tag.name for tag in after.tags}
    assert set(before.models) < set(after.models)
    scanner(people)
    assert scanner.seen == []


def test_another_default_classifier_brings_its_own_vectors(scanner, mine: Counting, people: Path) -> None:
    plain = scanner.analyzer
    scanner.analyzer = with_mine(plain, mine)
    scanner(people)
    (photo,) = people.iterdir()
    before = known(scanner.library, photo)
    scanner.analyzer = with_mine(plain, mine, first=True)
    assert stale_photos(scanner.library, scanner.analyzer.model_ids) == [photo]
    scanner(people)
    after = known(scanner.library, photo)
    assert np.frombuffer(after.vector, "<f2").tolist() == [1, 2, 3, 4]
    assert after.evidence == before.evidence[::-1]
    assert stale_photos(scanner.library, scanner.analyzer.model_ids) == []


def test_what_a_model_saw_is_kept_while_it_is_not_in_use_and_gives_no_words(
    scanner, mine: Counting, people: Path, tmp_path: Path
) -> None:
    plain = scanner.analyzer
    scanner.analyzer = with_mine(plain, mine)
    scanner(people)
    (photo,) = people.iterdir()
    (tmp_path / "other").mkdir()
    other = Counting(described("other", tmp_path / "other"))
    scanner.analyzer = with_mine(plain, other)
    scanner(people)
    after = known(scanner.library, photo)
    assert [each.model.rpartition("-")[0] for each in after.evidence] == ["efficientnet-lite0", "other", "mine"]
    assert {model for tag in after.tags for model in tag.models if model.startswith("mine")} == set()
    scanner.analyzer = with_mine(plain, mine)
    scanner(people)
    assert (mine.seen, other.seen, scanner.seen) == (1, 1, [])


def test_retag_takes_the_words_of_models_that_are_not_in_use(scanner, mine: Counting, people: Path) -> None:
    plain = scanner.analyzer
    scanner.analyzer = with_mine(plain, mine)
    learn_names(scanner.library, [each.model.spec for each in scanner.analyzer.scene], plain.vocabulary)
    scanner(people)
    (photo,) = people.iterdir()
    assert "wooden" in {tag.name for tag in known(scanner.library, photo).tags}
    words = scanner.analyzer.words
    assert retag(scanner.library, plain.vocabulary, words, plain.model_ids) == (1, 1)
    assert "wooden" not in {tag.name for tag in known(scanner.library, photo).tags}
    assert retag(scanner.library, plain.vocabulary, words, ModelIds(("unseen-00000000",))) == (1, 1)
    assert "wooden" in {tag.name for tag in known(scanner.library, photo).tags}


def test_a_classifier_whose_evidence_is_not_there_analyzes_the_photo_again(
    scanner, mine: Counting, people: Path
) -> None:
    analyzer = with_mine(scanner.analyzer, mine)
    (photo,) = people.iterdir()
    whole = analyze_file(stamp(photo), analyzer, 10**8)
    again = analyze_file(stamp(photo), analyzer, 10**8, known=replace(whole, evidence=whole.evidence[:1]))
    assert (again.evidence, again.tags) == (whole.evidence, whole.tags)
    assert mine.seen == 2


def test_a_photo_with_other_bytes_is_looked_at_by_all(scanner, mine: Counting, people: Path, small) -> None:
    scanner.analyzer = with_mine(scanner.analyzer, mine)
    scanner(people)
    (photo,) = people.iterdir()
    shutil.copy(small["cat"], photo)
    scanner(people)
    assert mine.seen == 2
    assert known(scanner.library, photo).faces == ()


def test_what_decides_the_answers_is_part_of_the_id(tmp_path: Path) -> None:
    spec = described("mine", tmp_path)
    assert replace(spec, weights=replace(spec.weights, signature="other")).id != spec.id
    assert replace(spec, thresholds={"least": 0.05}).id != spec.id
    assert replace(spec, thresholds={"score": 0.7}).id == spec.id
    finder = replace(spec, role="object-detector")
    assert replace(finder, labels=replace(spec.labels, offset=1)).id != finder.id
    assert replace(finder, thresholds={"score": 0.7}).id == finder.id
    assert replace(finder, thresholds={"score": 0.1}).id != finder.id
