"""face-api.js: its files are read whole or refused, and the rebuilt models answer what plain TensorFlow does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from made_face_api import CONVOLUTIONS, MOBILENET, RESIDUALS, SMALLER, made_tensors, ready_spec, write_face_api
from PIL import Image

from indexer.errors import ModelError
from indexer.vision.preprocess import normalized
from indexer.vision.spec import read_specs
from indexer.zoo.architectures.dlib_resnet import dlib_resnet
from indexer.zoo.architectures.face_api import MANIFESTS, build, models_in
from indexer.zoo.architectures.face_api.manifest import find_manifest, manifest_files, read_manifest
from indexer.zoo.build.custom_loader import open_custom_model
from indexer.zoo.build.weights import read_weights
from indexer.zoo.readers.dlib_file import read_dlib

SSD, LANDMARKS, RECOGNITION = MANIFESTS


def built(kind: str, tensors: dict[str, np.ndarray], folder: Path, **how: Any) -> keras.Model:
    return build(kind, write_face_api(tensors, folder / MANIFESTS[kind], **how))


def answers(model: keras.Model, image: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(values) for name, values in model(image, training=False).items()}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, shape).astype(np.float32)


# What the models are, in TensorFlow's plain operations, with nothing folded or shared with the zoo.


def plain_recognition(weights: dict[str, np.ndarray], x: Any) -> dict[str, Any]:
    def convolved(name: str, x: Any, stride: int = 1) -> Any:
        y = tf.nn.conv2d(x, weights[f"{name}/conv/filters"], stride, "VALID" if stride == 2 else "SAME")
        y = y + weights[f"{name}/conv/bias"]
        return y * weights[f"{name}/scale/weights"] + weights[f"{name}/scale/biases"]

    x = tf.nn.max_pool2d(tf.nn.relu(convolved("conv32_down", x, 2)), 3, 2, "VALID")
    for name, before, after in RESIDUALS:
        halves = "down" in name
        y = convolved(f"{name}/conv2", tf.nn.relu(convolved(f"{name}/conv1", x, 2 if halves else 1)))
        if halves:
            x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
            missing = x.shape[1] - y.shape[1]
            y = tf.pad(y, [(0, 0), (0, missing), (0, missing), (0, 0)])
            x = tf.pad(x, [(0, 0), (0, 0), (0, 0), (0, after - before)])
        x = tf.nn.relu(x + y)
    return {"descriptors": tf.reduce_mean(x, (1, 2)) @ weights["fc"]}


def plain_landmarks(weights: dict[str, np.ndarray], x: Any) -> dict[str, Any]:
    def separable(name: str, x: Any, stride: int = 1) -> Any:
        depthwise, pointwise = weights[f"{name}/depthwise_filter"], weights[f"{name}/pointwise_filter"]
        return tf.nn.separable_conv2d(x, depthwise, pointwise, [1, stride, stride, 1], "SAME") + weights[f"{name}/bias"]

    for block in range(4):
        name = f"dense{block}"
        if block == 0:
            first = tf.nn.conv2d(x, weights[f"{name}/conv0/filters"], 2, "SAME") + weights[f"{name}/conv0/bias"]
        else:
            first = separable(f"{name}/conv0", x, 2)
        first = tf.nn.relu(first)
        second = separable(f"{name}/conv1", first)
        third = separable(f"{name}/conv2", tf.nn.relu(first + second))
        fourth = separable(f"{name}/conv3", tf.nn.relu(first + second + third))
        x = tf.nn.relu(first + second + third + fourth)
    x = tf.nn.avg_pool2d(x, 7, 2, "VALID")
    return {"landmarks": tf.reshape(x, (-1, 256)) @ weights["fc/weights"] + weights["fc/bias"]}


def plain_ssd(weights: dict[str, np.ndarray], x: Any) -> dict[str, Any]:
    def pointwise(name: str, x: Any, stride: int) -> Any:
        y = tf.nn.conv2d(x, weights[f"{name}_pointwise/weights"], stride, "SAME")
        return tf.clip_by_value(y + weights[f"{name}_pointwise/convolution_bn_offset"], 0, 6)

    def depthwise(name: str, x: Any, stride: int) -> Any:
        y = tf.nn.depthwise_conv2d(x, weights[f"{name}/depthwise_weights"], [1, stride, stride, 1], "SAME")
        parts = (weights[f"{name}/BatchNorm/{part}"] for part in ("moving_mean", "moving_variance", "beta", "gamma"))
        return tf.clip_by_value(tf.nn.batch_normalization(y, *parts, 0.001), 0, 6)

    def asked(number: int, part: str, x: Any, numbers: int) -> Any:
        name = f"Prediction/BoxPredictor_{number}/{part}"
        return tf.reshape(
            tf.nn.conv2d(x, weights[f"{name}/weights"], 1, "SAME") + weights[f"{name}/biases"], (-1, numbers)
        )

    x, maps = pointwise("MobilenetV1/Conv2d_0", x, 2), []
    for block in range(1, len(MOBILENET)):
        x = depthwise(f"MobilenetV1/Conv2d_{block}_depthwise", x, 2 if block in (2, 4, 6, 12) else 1)
        x = pointwise(f"MobilenetV1/Conv2d_{block}", x, 1)
        maps += [x] if block in (11, 13) else []
    for number in range(len(SMALLER)):
        x = pointwise(f"Prediction/Conv2d_{number}", x, 1 + number % 2)
        maps += [x] if number % 2 else []
    encoded = tf.concat([asked(n, "BoxEncodingPredictor", y, 4) for n, y in enumerate(maps)], 0)
    classes = tf.concat([asked(n, "ClassPredictor", y, 3) for n, y in enumerate(maps)], 0)
    anchors = weights["Output/extra_dim"][0]
    sizes = anchors[:, 2:] - anchors[:, :2]
    centers = anchors[:, :2] + sizes / 2 + encoded[:, :2] / 10 * sizes
    halves = tf.exp(encoded[:, 2:] / 5) * sizes / 2
    return {"boxes": tf.concat([centers - halves, centers + halves], 1), "scores": tf.sigmoid(classes)[:, 1]}


@pytest.mark.parametrize("quantized", [False, True])
@pytest.mark.parametrize(
    ("kind", "plain", "shape"),
    [
        (RECOGNITION, plain_recognition, (2, 150, 150, 3)),
        (LANDMARKS, plain_landmarks, (2, 112, 112, 3)),
        (SSD, plain_ssd, (1, 512, 512, 3)),
    ],
)
def test_a_rebuilt_model_answers_what_plain_tensorflow_does(
    kind: str, plain: Callable[..., dict[str, Any]], shape: tuple[int, ...], quantized: bool, tmp_path: Path
) -> None:
    model = built(kind, made_tensors(kind), tmp_path, quantized=quantized)
    image = noise(*shape)
    expected = plain(read_manifest(tmp_path / MANIFESTS[kind]), image)
    found = answers(model, image)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.std(values) > 1e-3  # numbers that vanish would prove nothing
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_ready_description_fits_its_model(kind: str, tmp_path: Path) -> None:
    spec = ready_spec(kind)
    model = built(kind, made_tensors(kind), tmp_path)
    assert (spec.name, spec.architecture) == (kind, kind)
    assert model.inputs[0].name == spec.input.name
    assert model.inputs[0].shape[1:] == (*spec.input.size[::-1], 3)
    assert model.output.keys() == spec.outputs.keys()
    for name, output in spec.outputs.items():
        sides = zip(model.output[name].shape, output.shape, strict=True)
        assert all(isinstance(wanted, str) or there == wanted for there, wanted in sides)


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_zoo_opens_a_folder_of_face_api_by_its_description(kind: str, tmp_path: Path) -> None:
    spec = ready_spec(kind)
    model = built(kind, made_tensors(kind), tmp_path)
    foreign = open_custom_model(spec, tmp_path)
    image = noise(1, *spec.input.size, 3)
    found, expected = foreign.run(image), answers(model, image)
    assert found.keys() == spec.outputs.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-6)


# The describer is dlib's network: with dlib's own weights it must give dlib's own descriptors.


@pytest.fixture(scope="module")
def of_dlib() -> dict[str, np.ndarray]:
    """dlib's weights under the names of face-api.js."""
    layers = iter(read_dlib(read_weights(read_specs()["dlib-face-resnet"])))
    tensors = {}
    for name, size, before, after in CONVOLUTIONS:
        kernel, bias = np.split(next(layers).weights, [-after])
        tensors[f"{name}/conv/filters"] = kernel.reshape(after, before, size, size).transpose(2, 3, 1, 0)
        tensors[f"{name}/conv/bias"] = bias
        tensors[f"{name}/scale/weights"], tensors[f"{name}/scale/biases"] = np.split(next(layers).weights, 2)
    return tensors | {"fc": next(layers).weights.reshape(256, 128)}


@pytest.fixture(scope="module")
def chips(samples: dict[str, Path]) -> np.ndarray:
    images = (Image.open(samples[name]).convert("RGB") for name in ("astronaut", "hopper", "cat"))
    return np.stack([np.asarray(image.crop((130, 20, 330, 220)).resize((150, 150))) for image in images])


@pytest.mark.parametrize(("quantized", "apart"), [(False, 1e-5), (True, 0.1)])
def test_with_dlibs_weights_the_describer_gives_dlibs_descriptors(
    quantized: bool, apart: float, of_dlib: dict[str, np.ndarray], chips: np.ndarray, tmp_path: Path
) -> None:
    spec = read_specs()["dlib-face-resnet"]
    image = normalized(chips, spec.input)
    expected = answers(dlib_resnet(read_dlib(read_weights(spec))), image)["descriptors"]
    found = answers(built(RECOGNITION, of_dlib, tmp_path, quantized=quantized), image)["descriptors"]
    assert np.linalg.norm(found - expected, axis=1).max() <= apart


# The files.


TENSORS = {
    "a": np.linspace(-3, 5, 24, dtype=np.float32).reshape(2, 3, 4),
    "b": np.array([7, 7, 7], np.float32),
    "c/d": np.array(0.25, np.float32),
    "none": np.zeros((0, 4), np.float32),
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_face_api(TENSORS, tmp_path / "net-weights_manifest.json", shards=3)


def edited(manifest: Path, **weight: Any) -> Path:
    """Change the first tensor of a manifest."""
    groups = json.loads(manifest.read_text())
    groups[0]["weights"][0] |= weight
    manifest.write_text(json.dumps(groups))
    return manifest


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_tensors_are_read_as_they_were_written(shards: int, tmp_path: Path) -> None:
    found = read_manifest(write_face_api(TENSORS, tmp_path / "net-weights_manifest.json", shards=shards))
    assert found.keys() == TENSORS.keys()
    for name, values in TENSORS.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values)


def test_a_quantized_tensor_is_wrong_by_half_a_step_at_most(tmp_path: Path) -> None:
    tensors = {"a": TENSORS["a"], "b": TENSORS["b"]}
    found = read_manifest(write_face_api(tensors, tmp_path / "net-weights_manifest.json", quantized=True))
    np.testing.assert_allclose(found["a"], TENSORS["a"], rtol=0, atol=8 / 255 / 2 + 1e-6)
    np.testing.assert_array_equal(found["b"], TENSORS["b"])


def test_each_group_has_files_of_its_own(tmp_path: Path) -> None:
    groups = []
    for number, value in enumerate((1.5, -2.0)):
        (tmp_path / f"part{number}").write_bytes(np.array([value], "<f4").tobytes())
        weight = {"name": f"w{number}", "shape": [1], "dtype": "float32"}
        groups.append({"paths": [f"part{number}"], "weights": [weight]})
    manifest = tmp_path / "two-weights_manifest.json"
    manifest.write_text(json.dumps(groups))
    assert {name: values.tolist() for name, values in read_manifest(manifest).items()} == {"w0": [1.5], "w1": [-2.0]}
    assert manifest_files(manifest) == [manifest, tmp_path / "part0", tmp_path / "part1"]


def test_whole_numbers_are_read_between_the_others(manifest: Path) -> None:
    numbers = np.arange(24, dtype="<i4")
    shards = sorted(manifest.parent.glob("net-shard*"))
    data = numbers.tobytes() + b"".join(shard.read_bytes() for shard in shards)[numbers.nbytes :]
    for shard in shards:
        size = shard.stat().st_size
        shard.write_bytes(data[:size])
        data = data[size:]
    found = read_manifest(edited(manifest, dtype="int32"))
    np.testing.assert_array_equal(found["a"].ravel(), numbers)
    np.testing.assert_array_equal(found["b"], TENSORS["b"])


def test_a_folder_stands_for_the_only_manifest_in_it(manifest: Path) -> None:
    assert find_manifest(manifest.parent) == find_manifest(manifest) == manifest
    write_face_api(TENSORS, manifest.with_name("other-weights_manifest.json"))
    with pytest.raises(ModelError, match="holds 2 files"):
        build(RECOGNITION, manifest.parent)


def test_the_models_of_a_folder_are_found_with_their_files(tmp_path: Path) -> None:
    for kind in (RECOGNITION, LANDMARKS):
        write_face_api(TENSORS, tmp_path / MANIFESTS[kind], shards=1)
    (tmp_path / "age_gender_model-weights_manifest.json").write_text("[]")
    found = models_in(tmp_path)
    assert found == {
        LANDMARKS: [tmp_path / MANIFESTS[LANDMARKS], tmp_path / "face_landmark_68_model-shard1"],
        RECOGNITION: [tmp_path / MANIFESTS[RECOGNITION], tmp_path / "face_recognition_model-shard1"],
    }
    (tmp_path / MANIFESTS[SSD]).write_text("{}")
    with pytest.raises(ModelError, match="is not a manifest"):
        models_in(tmp_path)


def test_a_missing_shard_is_named(manifest: Path) -> None:
    (manifest.parent / "net-shard2").unlink()
    with pytest.raises(ModelError, match="net-shard2 cannot be read: No such file"):
        build(RECOGNITION, manifest)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.json cannot be read: No such file"):
        build(RECOGNITION, tmp_path / "gone.json")


@pytest.mark.parametrize(("change", "reason"), [(-1, "end before the numbers"), (1, "hold 1 bytes more")])
def test_shards_of_a_wrong_length_are_refused(change: int, reason: str, manifest: Path) -> None:
    shard = manifest.parent / "net-shard3"
    data = shard.read_bytes()
    shard.write_bytes(data[:change] if change < 0 else data + b"\0")
    with pytest.raises(ModelError, match=reason):
        build(RECOGNITION, manifest)


@pytest.mark.parametrize(
    ("weight", "reason"),
    [
        ({"dtype": "complex64"}, "stored in a way that is not known"),
        ({"dtype": None}, "stored in a way that is not known"),
        ({"dtype": ["float32"]}, "stored in a way that is not known"),
        ({"quantization": {"dtype": "uint4", "scale": 1, "min": 0}}, "stored in a way that is not known"),
        ({"quantization": "uint8"}, "stored in a way that is not known"),
        ({"quantization": {"dtype": "float32", "scale": "1"}}, "no scale and min"),
        ({"quantization": {"dtype": "float32", "scale": float("nan"), "min": 0}}, "no scale and min"),
        ({"quantization": {"dtype": "float32", "scale": 10**400, "min": 0}}, "no scale and min"),
        ({"quantization": {"dtype": "float32", "scale": 1e38, "min": 1e38}}, "not finite"),
        ({"shape": None}, "has no shape"),
        ({"shape": [2, -3]}, "has no shape"),
        ({"shape": [2.0, 3]}, "has no shape"),
        ({"shape": [True]}, "has no shape"),
        ({"shape": [2**30, 2**30]}, "end before the numbers"),
        ({"shape": [0, 2**70]}, "has no shape"),
        ({"name": 5}, "not a manifest of weights"),
    ],
)
def test_a_tensor_that_is_told_wrongly_is_refused(weight: dict[str, Any], reason: str, manifest: Path) -> None:
    with pytest.raises(ModelError, match=reason):
        build(RECOGNITION, edited(manifest, **weight))


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "..", "", "sub/shard", "..\\secret", "C:secret", "a\0b"]
)
def test_a_shard_lies_beside_its_manifest(name: str, manifest: Path) -> None:
    (manifest.parent.parent / "secret").write_bytes(b"\0" * 400)
    groups = json.loads(manifest.read_text())
    groups[0]["paths"] = [name]
    manifest.write_text(json.dumps(groups))
    with pytest.raises(ModelError, match="does not lie beside it"):
        build(RECOGNITION, manifest)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[" * 100_000, "5", "{}", "[5]", "\udc80", '[{"weights": []}]', '[{"paths": []}]'),
        *('[{"paths": "x", "weights": []}]', '[{"paths": [5], "weights": []}]'),
        *('[{"paths": [], "weights": {}}]', '[{"paths": [], "weights": [5]}]'),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, tmp_path: Path) -> None:
    manifest = tmp_path / "net-weights_manifest.json"
    manifest.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"is no JSON|is not a manifest"):
        build(RECOGNITION, manifest)


@pytest.mark.parametrize("kind", MANIFESTS)
def test_weights_of_another_model_are_refused(kind: str, manifest: Path) -> None:
    with pytest.raises(ModelError, match="those of another model: they contain no"):
        build(kind, manifest)


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_tensor_of_another_size_is_refused(kind: str, tmp_path: Path) -> None:
    tensors = made_tensors(kind)
    name = next(name for name in reversed(tensors) if tensors[name].ndim > 1)
    with pytest.raises(ModelError, match="its weights cannot be used"):
        built(kind, tensors | {name: tensors[name][..., :-1]}, tmp_path)


def test_a_model_that_face_api_does_not_have_is_named(manifest: Path) -> None:
    with pytest.raises(ModelError, match="'face-api-age' is none of face-api-ssd-mobilenet-v1, face-api-landmarks-68"):
        build("face-api-age", manifest)
