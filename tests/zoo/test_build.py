"""Building: once, in a process of its own, whole or not at all, whoever else builds, dies or damages."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.vision.model_store import check, is_built, is_whole
from indexer.vision.runtime import TensorFlowModel, open_model
from indexer.vision.spec import ModelSpec, read_specs
from indexer.zoo.build.build import build, keras_forms
from indexer.zoo.build.convert import difference
from indexer.zoo.build.subprocess import build_missing
from indexer.zoo.build.weights import read_weights

SPEC = read_specs()["retinaface-mobilenet025"]  # the smallest
STEPS = [f"{SPEC.name}: {step}" for step in (f"building from {SPEC.weights.package}", "converting", "built")]
BUILDER = """
import sys
from pathlib import Path
from indexer.vision.spec import read_specs
from indexer.zoo.build.subprocess import build_missing

build_missing([read_specs()[sys.argv[1]]], Path(sys.argv[2]), lambda text: print(text, flush=True))
assert not {"tensorflow", "keras"} & set(sys.modules), "the parent loaded TensorFlow"
"""


@pytest.fixture(scope="module")
def twice_built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder that two processes built at the same time, and what both reported."""
    folder = tmp_path_factory.mktemp("twice") / "not there yet"
    command = [sys.executable, "-c", BUILDER, SPEC.name, str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    builders = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    answers = [builder.communicate() for builder in builders]
    assert [(builder.returncode, answer[1]) for builder, answer in zip(builders, answers, strict=True)] == [(0, "")] * 2
    return folder, [line for answer in answers for line in answer[0].splitlines()]


@pytest.fixture
def folder(twice_built: tuple[Path, list[str]], tmp_path: Path) -> Path:
    """A copy of a built folder that a test may damage."""
    return shutil.copytree(twice_built[0], tmp_path / "models")


def remains(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != SPEC.id and path.suffix != ".lock"]


def test_two_processes_at_once_build_once(twice_built: tuple[Path, list[str]]) -> None:
    folder, reports = twice_built
    assert reports == STEPS
    assert remains(folder) == []
    check(SPEC, folder)


def test_the_record_tells_what_was_built(folder: Path) -> None:
    told = json.loads((folder / SPEC.id / "build.json").read_text())
    assert told["id"] == SPEC.id
    assert told["files"]["model.tflite"]["size"] == (folder / SPEC.id / "model.tflite").stat().st_size
    assert {"tensorflow", "keras", SPEC.weights.package} <= set(told["versions"])


def test_what_is_built_is_not_built_again(folder: Path) -> None:
    before = (folder / SPEC.id).stat().st_ino
    reports: list[str] = []
    build_missing([SPEC], folder, reports.append)
    build(SPEC, folder, reports.append)
    assert reports == []
    assert (folder / SPEC.id).stat().st_ino == before


def test_a_damaged_model_is_built_again(folder: Path) -> None:
    file = folder / SPEC.id / "model.tflite"
    data = bytearray(file.read_bytes())
    data[-1000] ^= 1
    file.write_bytes(data)
    assert not is_whole(SPEC, folder)
    build(SPEC, folder)
    check(SPEC, folder)
    assert open_model(SPEC, folder, "litert").run(np.zeros((1, 32, 32, 3), np.float32))


def test_a_built_model_answers_many_pictures_at_once_as_it_answers_each(folder: Path) -> None:
    model = TensorFlowModel(SPEC, folder / SPEC.id / "saved_model")
    for shape in ((1, 64, 96, 3), (1, 32, 32, 3)):
        assert model.joins(shape)
        images = [np.random.default_rng(number).uniform(-100, 100, shape).astype(np.float32) for number in range(3)]
        for image, answers in zip(images, model.run_joined(images), strict=True):
            for name, values in model.run(image).items():
                np.testing.assert_allclose(answers[name], values, rtol=0, atol=1e-4)
    assert not model.joins((2, 32, 32, 3))


def test_a_folder_without_its_record_is_not_taken_for_a_model(folder: Path) -> None:
    (folder / SPEC.id / "build.json").unlink()
    assert not is_built(SPEC, folder)
    assert not is_whole(SPEC, folder)


def test_a_kill_leaves_no_half_model_and_no_lasting_remains(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "indexer.zoo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps({"folder": {"$path": str(tmp_path)}, "specs": [asdict(SPEC)]}))
    child.stdin.close()
    assert [json.loads(child.stdout.readline())["report"] for _ in range(2)] == STEPS[:2]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not is_built(SPEC, tmp_path)
    assert len(remains(tmp_path)) == 1
    build(SPEC, tmp_path)
    check(SPEC, tmp_path)
    assert remains(tmp_path) == []


def test_a_model_that_is_not_the_converted_one_is_noticed(folder: Path) -> None:
    model = keras_forms(SPEC, read_weights(SPEC)).one
    file = folder / SPEC.id / "model.tflite"
    assert difference(model, file, "serving_default") <= 1e-4
    model.weights[-1].assign(model.weights[-1] + 0.001)
    assert difference(model, file, "serving_default") > 1e-4


def test_a_wrong_conversion_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.zoo.build.build._TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"its conversion by TensorFlow .* is wrong by"):
        build(SPEC, tmp_path)
    assert not is_built(SPEC, tmp_path)
    assert remains(tmp_path) == []


def wrong(spec: ModelSpec) -> ModelSpec:
    return replace(spec, weights=replace(spec.weights, sha256="0" * 64))


def test_weights_with_the_wrong_sha256_are_refused_across_the_process_border(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"retinaface-mobilenet025: its weights .* \(wrong sha256\)") as caught:
        build_missing([wrong(SPEC)], tmp_path)
    assert caught.value.name == SPEC.name
    assert not is_built(wrong(SPEC), tmp_path)
    assert remains(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match=r"cannot be built in .*file/models"):
        build_missing([SPEC], tmp_path / "file/models")


def test_a_child_that_dies_is_reported_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\ncat > /dev/null\necho first >&2\necho 'Illegal instruction' >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match="ended with code 3: Illegal instruction"):
        build_missing([SPEC], tmp_path / "models")


def test_a_child_that_dies_before_it_reads_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -9 $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    many = [replace(SPEC, description="x" * 100_000)] * 3  # more than a pipe holds
    with pytest.raises(ModelError, match="ended with code -9: it was killed"):
        build_missing(many, tmp_path / "models")
