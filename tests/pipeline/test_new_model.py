"""A library of the release before, which had no object detector: only that is run, and what the user said stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.library import report
from indexer.library.indexing.files import stale_photos
from indexer.library.people.corrections import give_faces
from indexer.library.user import own_tags as own
from indexer.pipeline.retag import learn_names
from indexer.pipeline.scan.plan import plan
from indexer.values.analysis import Analysis
from indexer.vision.analyze import Analyzer
from indexer.vision.classify import Classifier
from indexer.vision.model_set import ModelSet


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("it was run again")


@pytest.fixture(scope="session")
def all_four(models: Path) -> Analyzer:
    """The default models of this release; those of the one before refuse to look again."""
    names = ("efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet")
    found = Analyzer.open(ModelSet(models, *names, "litert", object_detector="ssd-mobilenetv2-coco"))
    classifier, reader = found.scene[0], found.face_reader
    assert isinstance(classifier, Classifier)
    assert reader is not None
    classifier.classify = refuse  # type: ignore[assignment]
    reader.read = refuse  # type: ignore[assignment]
    return found


@pytest.fixture
def photo(scanner: Any, photos: Path, small: dict[str, Path]) -> Iterator[Path]:
    """A photo with a face, in a library of the release before, of which the user has said much."""
    person = photos / "eileen.jpg"
    person.write_bytes(small["astronaut"].read_bytes())
    scanner(photos)
    learn_names(scanner.library, [each.model.spec for each in scanner.analyzer.scene], scanner.analyzer.vocabulary)
    own.add_tag(scanner.library, "holiday", [person])
    own.rate(scanner.library, 4, [person])
    own.remove_tag(scanner.library, "person", [person])
    with scanner.library.writing() as connection:
        give_faces(connection, [1], "Eileen")
    return person


def known(scanner: Any, photo: Path) -> Analysis:
    details = report.details(scanner.library, photo)
    assert details is not None
    assert details.analysis is not None
    return details.analysis


def test_only_the_new_model_runs_and_the_user_s_words_stay(
    scanner: Any, all_four: Analyzer, photo: Path, photos: Path
) -> None:
    before, said = known(scanner, photo), own.said(scanner.library, photo)
    scanner.analyzer = all_four
    assert len(stale_photos(scanner.library, all_four.model_ids)) == 4
    scanner(photos)
    assert scanner.troubles == []
    after = known(scanner, photo)
    assert (after.evidence, after.faces, after.vector) == (before.evidence, before.faces, before.vector)
    assert {each.label for each in after.objects} >= {0}
    names = {tag.name for tag in after.tags}
    assert "holiday" in names
    assert "person" not in names
    assert own.said(scanner.library, photo) == said
    details = report.details(scanner.library, photo)
    assert details is not None
    assert stale_photos(scanner.library, all_four.model_ids) == []
    scanner(photos)
    assert scanner.seen == []


def test_a_plan_says_how_many_photos_lack_which_model(
    scanner: Any, all_four: Analyzer, photo: Path, photos: Path
) -> None:
    planned = plan(scanner.library, [photos], all_four.model_ids, on_error=pytest.fail)
    assert (planned.earlier, len(planned.stale)) == (4, 4)
    assert planned.lacking == {all_four.scene[1].model.spec.id}


def test_they_may_be_left_for_another_time(
    scanner: Any, all_four: Analyzer, photo: Path, photos: Path, small: dict[str, Path]
) -> None:
    (photos / "new.jpg").write_bytes(small["hopper"].read_bytes())
    planned = plan(scanner.library, [photos], all_four.model_ids, later=True, on_error=pytest.fail)
    assert (planned.earlier, planned.work_count, len(planned.unchanged)) == (4, 1, 4)
    assert [file.path.name for file in planned.work] == ["new.jpg"]
    planned = plan(scanner.library, [photos], all_four.model_ids, on_error=pytest.fail)
    assert planned.work_count == 5
