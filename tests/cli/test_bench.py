"""`indexer models bench`: what a model takes, each line measured in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer.errors import ModelError
from indexer.pipeline.models.bench import BenchSetup, measure, run_here, runtimes
from indexer.vision.spec import read_specs

if TYPE_CHECKING:
    from tests.cli.conftest import Program

CLASSIFIER = read_specs()["efficientnet-lite0"]
DETECTOR = read_specs()["retinaface-mobilenet025"]
DESCRIBER = read_specs()["dlib-face-resnet"]


def test_a_model_is_measured_by_every_runtime_that_it_is_built_for(models: Path) -> None:
    assert runtimes(CLASSIFIER, models) == ("litert", "tensorflow")
    with pytest.raises(ModelError, match="is not built"):
        runtimes(CLASSIFIER, models / "none")


def test_times_and_memory_are_those_of_a_process_of_its_own(models: Path) -> None:
    found = measure(DESCRIBER, models, BenchSetup("litert", 1, 2))
    assert found.shape == (2, 150, 150, 3)
    assert found.later > 0
    assert found.first > 0
    assert found.load > 0
    assert 20e6 < found.peak_bytes < 1e9


def test_a_detector_is_shown_a_photo_and_no_batch_that_it_does_not_take(models: Path) -> None:
    assert run_here(DETECTOR, models, BenchSetup("litert", 1, 1)).shape == (1, 576, 768, 3)
    with pytest.raises(ModelError, match="takes 1 at once, not 4"):
        measure(DETECTOR, models, BenchSetup("litert", 1, 4))


def test_what_a_model_takes_is_told_as_table_and_as_json(program: Program) -> None:
    asked = ("models", "bench", "dlib-face-resnet", "--runtime", "litert", "--threads", "1")
    lines = program(*asked, "--batch", "1", "--batch", "2").stdout.splitlines()
    assert lines[0].split()[:5] == ["runtime", "threads", "batch", "load", "first"]
    assert [line.split()[:3] for line in lines[1:]] == [["litert", "1", "1"], ["litert", "1", "2"]]
    (record,) = program.record(*asked, "--batch", "4")
    assert record["shape"] == [4, 150, 150, 3]
    assert record["later_seconds"] > 0


def test_a_runtime_or_batch_that_is_not_there_is_told(program: Program) -> None:
    assert "not available for onnx, only for litert, tensorflow" in (
        program("models", "bench", "dlib-face-resnet", "--runtime", "onnx", code=4).stderr
    )
    assert "takes 1 at once" in (
        program("models", "bench", DETECTOR.name, "--runtime", "litert", "--batch", "3", code=4).stderr
    )
