"""Runtimes: the same answers whatever runs the network, any shape in turn, and damage that is noticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.advice import Advice
from indexer.errors import ModelError
from indexer.vision.runtime import FakeModel, LiteRtModel, Model, is_built, open_model
from indexer.vision.spec import ModelSpec, Output, read_specs

SPECS = {
    name: spec for name, spec in read_specs().items() if spec.weights.format != "onnx"
}  # run by ONNX Runtime alone
CLASSIFIER, DETECTOR, DESCRIBER = "efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet"
SHAPES = {
    "classifier": [(1, 260, 260, 3), (1, 288, 356, 3)],
    "object-detector": [(1, 300, 300, 3)],
    "face-detector": [(1, 256, 320, 3), (1, 96, 64, 3)],
    "face-describer": [(1, 150, 150, 3), (3, 150, 150, 3)],
}


def noise(spec: ModelSpec, shape: tuple[int, ...]) -> np.ndarray:
    """Values as the input's scaling makes them of random pixels."""
    pixels = np.random.default_rng(sum(shape)).integers(0, 256, shape)
    return ((pixels - np.array(spec.input.mean)) * spec.input.scale).astype(np.float32)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_litert_and_tensorflow_give_the_same_answers(spec: ModelSpec, models: Path) -> None:
    litert, tensorflow = (open_model(spec, models, runtime, threads=2) for runtime in ("litert", "tensorflow"))
    for shape in SHAPES[spec.role]:
        image = noise(spec, shape)
        one, other = litert.run(image), tensorflow.run(image)
        assert list(one) == list(other) == list(spec.outputs)
        for name in one:
            assert one[name].dtype == other[name].dtype == np.float32
            np.testing.assert_allclose(one[name], other[name], rtol=0, atol=1e-4)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_outputs_have_the_shapes_of_the_spec(spec: ModelSpec, models: Path) -> None:
    for shape in SHAPES[spec.role]:
        answers = open_model(spec, models, "litert").run(noise(spec, shape))
        for name, output in spec.outputs.items():
            sides = zip(output.shape, answers[name].shape, strict=True)
            assert all(isinstance(wanted, str) or wanted == side for wanted, side in sides)
            if output.activation == "softmax" and len(output.shape) == 2:
                np.testing.assert_allclose(answers[name].sum(axis=1), 1, atol=1e-5)


def test_shapes_may_come_in_any_order(models: Path) -> None:
    spec = SPECS[DETECTOR]
    shapes = [(1, 64, 96, 3), (1, 96, 64, 3), (1, 128, 32, 3), (1, 64, 96, 3), (1, 32, 32, 3), (1, 96, 64, 3)]
    kept = open_model(spec, models, "litert")
    for shape in shapes:
        fresh = open_model(spec, models, "litert").run(noise(spec, shape))
        for name, values in kept.run(noise(spec, shape)).items():
            np.testing.assert_array_equal(values, fresh[name])


def test_answers_are_not_overwritten_by_the_next_run(models: Path) -> None:
    model = open_model(SPECS[DESCRIBER], models, "litert")
    first = model.run(noise(model.spec, (1, 150, 150, 3)))["descriptors"]
    before = first.copy()
    model.run(np.zeros((1, 150, 150, 3), np.float32))
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize("runtime", ["litert", "tensorflow"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (CLASSIFIER, (2, 224, 224, 3)),
        (CLASSIFIER, (1, 224, 224, 1)),
        (CLASSIFIER, (224, 224, 3)),
        (DETECTOR, (1, 33, 64, 3)),
        (DETECTOR, (1, 0, 64, 3)),
        (DESCRIBER, (1, 149, 150, 3)),
        (DESCRIBER, (0, 150, 150, 3)),
    ],
)
def test_a_shape_that_the_model_does_not_take_is_refused(
    name: str, shape: tuple[int, ...], runtime: str, models: Path
) -> None:
    model = open_model(SPECS[name], models, runtime)
    with pytest.raises(ModelError, match="of shape"):
        model.run(np.zeros(shape, np.float32))
    good = SHAPES[model.spec.role][0]
    assert model.run(np.zeros(good, np.float32))  # and the model is none the worse


def test_a_model_that_is_not_built_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert not is_built(SPECS[CLASSIFIER], tmp_path)
    with pytest.raises(ModelError, match=r"model efficientnet-lite0: is not built in ") as caught:
        open_model(SPECS[CLASSIFIER], tmp_path)
    assert caught.value.advice == Advice("build-models")


@pytest.fixture
def built(models: Path, tmp_path: Path) -> Path:
    """A copy of the detector that a test may damage."""
    shutil.copytree(models / SPECS[DETECTOR].id, tmp_path / SPECS[DETECTOR].id)
    return tmp_path


def damage_content(home: Path) -> None:
    for file in ("model.tflite", "saved_model/saved_model.pb"):
        data = bytearray((home / file).read_bytes())
        data[len(data) // 2] ^= 1
        (home / file).write_bytes(data)


def cut(home: Path) -> None:
    for file in ("model.tflite", "saved_model/saved_model.pb"):
        (home / file).write_bytes((home / file).read_bytes()[:-1])


def remove(home: Path) -> None:
    (home / "model.tflite").unlink()
    shutil.rmtree(home / "saved_model")


def forget(home: Path) -> None:
    (home / "build.json").unlink()


def write_nonsense(home: Path) -> None:
    (home / "build.json").write_text("[1, 2]")


def cut_record(home: Path) -> None:
    (home / "build.json").write_text((home / "build.json").read_text()[:100])


def record_nothing(home: Path) -> None:
    told = json.loads((home / "build.json").read_text())
    (home / "build.json").write_text(json.dumps(told | {"files": {}}))


@pytest.mark.parametrize("runtime", ["litert", "tensorflow"])
@pytest.mark.parametrize("harm", [damage_content, cut, remove, forget, write_nonsense, cut_record, record_nothing])
def test_damage_is_noticed_before_anything_runs(harm: Any, runtime: str, built: Path) -> None:
    spec = SPECS[DETECTOR]
    assert is_built(spec, built)
    harm(built / spec.id)
    assert is_built(spec, built) == (harm is damage_content)  # a glance does not see a changed byte
    with pytest.raises(ModelError, match=r"model retinaface-mobilenet025: ") as caught:
        open_model(spec, built, runtime)
    assert caught.value.advice in (Advice("build-models"), Advice("rebuild-models"))


@pytest.mark.parametrize("runtime", ["litert", "tensorflow"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": {"faces": Output(("anchors", 4), "none")}}, "it has no output 'faces'; it has"),
        ({"outputs": {"boxes": Output(("anchors", 5), "none")}}, "its output 'boxes' has the shape"),
        ({"outputs": {"boxes": Output((4,), "none")}}, "its output 'boxes' has the shape"),
        ({"input": replace(SPECS[DETECTOR].input, name="picture")}, "its inputs are image, not 'picture'"),
    ],
)
def test_a_model_that_is_not_as_its_spec_says_is_refused(
    change: dict[str, Any], message: str, runtime: str, models: Path, tmp_path: Path
) -> None:
    spec = replace(SPECS[DETECTOR], **change)
    (tmp_path / spec.id).symlink_to(models / SPECS[DETECTOR].id)
    with pytest.raises(ModelError, match=message):
        open_model(spec, tmp_path, runtime)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"not a model" * 100)
    with pytest.raises(ModelError, match="does not load in LiteRT"):
        LiteRtModel(SPECS[DETECTOR], tmp_path / "model.tflite")


def test_litert_says_nothing_and_loads_no_tensorflow(models: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from indexer.vision.runtime import open_model; from indexer.vision.spec import read_specs\n"
        f"model = open_model(read_specs()['{DETECTOR}'], Path(sys.argv[1]), 'litert', threads=2)\n"
        "model.run(np.zeros((1, 64, 64, 3), np.float32)); model.run(np.zeros((1, 32, 64, 3), np.float32))\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(models)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_tensorflow_says_nothing(models: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from indexer.vision.runtime import open_model; from indexer.vision.spec import read_specs\n"
        f"model = open_model(read_specs()['{DETECTOR}'], Path(sys.argv[1]), 'tensorflow')\n"
        "model.run(np.zeros((1, 64, 64, 3), np.float32))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(models)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_auto_is_litert_where_there_is_no_gpu(models: Path) -> None:
    if any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg")):
        pytest.skip("this machine shows a GPU")
    assert isinstance(open_model(SPECS[DETECTOR], models), LiteRtModel)


def test_a_fake_model_answers_as_told() -> None:
    model: Model = FakeModel(SPECS[CLASSIFIER], lambda image: {"probabilities": image.sum(axis=(1, 2))})
    assert model.run(np.ones((1, 2, 2, 3), np.float32))["probabilities"].tolist() == [[4, 4, 4]]
