"""The rebuilt models against the originals: dlib, ONNX Runtime, and pictures whose content is known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import dlib
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from indexer.errors import ModelError
from indexer.geometry import Box
from indexer.values.files import Picture
from indexer.vision.objects import ObjectDetector
from indexer.vision.preprocess import normalized, resized, tensor
from indexer.vision.runtime import open_model
from indexer.vision.spec import ModelSpec, read_specs
from indexer.zoo.build.build import keras_forms
from indexer.zoo.build.weights import read_weights
from indexer.zoo.readers.torch_file import read_torch

SPECS = {name: spec for name, spec in read_specs().items() if spec.architecture != "file"}
PICTURE_NETWORKS = [name for name, spec in SPECS.items() if spec.input.fit != "as-is"]
TRAINED_PX = {"efficientnet-lite0": 224, "efficientnet-lite2": 260}
CLASSIFIERS = [name for name, spec in SPECS.items() if spec.role == "classifier"]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def chips(samples: dict[str, Path]) -> np.ndarray:
    """Return uint8[n, 150, 150, 3]: two faces as they come, a cat, noise, black and white."""
    astronaut, hopper, cat = (pixels(samples[name]) for name in ("astronaut", "hopper", "cat"))
    parts = [astronaut[60:210, 150:300], resized(hopper, (150, 150), "bicubic"), cat[50:200, 100:250]]
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    return np.stack([*parts, noise, np.zeros_like(noise), np.full_like(noise, 255)])


def test_descriptors_equal_those_of_dlib(models: Path, samples: dict[str, Path]) -> None:
    spec = SPECS["dlib-face-resnet"]
    file = distribution(spec.weights.package).locate_file(spec.weights.file)
    referee = dlib.face_recognition_model_v1(str(file))
    expected = np.array([referee.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips(samples)])
    found = open_model(spec, models, "litert").run(normalized(chips(samples), spec.input))["descriptors"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def referee() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(read_weights(SPECS["retinaface-mobilenet025"]))


@pytest.mark.parametrize(("width", "height"), [(32, 32), (64, 480), (320, 256), (640, 448), (512, 768)])
def test_detections_equal_those_of_onnx_runtime(
    width: int, height: int, referee: onnxruntime.InferenceSession, models: Path, samples: dict[str, Path]
) -> None:
    spec = SPECS["retinaface-mobilenet025"]
    image = tensor(resized(pixels(samples["astronaut"]), (width, height), "bilinear"), spec)
    assert image.shape == (1, height, width, 3)
    boxes, scores, landmarks = referee.run(None, {"input": image.transpose(0, 3, 1, 2)})
    found = open_model(spec, models, "litert").run(image)
    np.testing.assert_allclose(found["boxes"], boxes[0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found["scores"], scores[0, :, 1], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found["landmarks"], landmarks[0], rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def graph() -> Callable[[str, np.ndarray, Sequence[str]], list[np.ndarray]]:
    """TensorFlow itself on the frozen graph of the object detector: (input, its values, outputs) → their values."""
    import tensorflow as tf

    frozen = tf.compat.v1.GraphDef.FromString(read_weights(SPECS["ssd-mobilenetv2-coco"]))
    with tf.Graph().as_default() as whole:
        tf.import_graph_def(frozen, name="")

    def run(name: str, values: np.ndarray, wanted: Sequence[str]) -> list[np.ndarray]:
        with tf.compat.v1.Session(graph=whole) as session:
            found: list[np.ndarray] = session.run([f"{each}:0" for each in wanted], {f"{name}:0": values})
            return found

    return run


@pytest.mark.parametrize("name", ["astronaut", "cat", "coffee", "temple"])
def test_offsets_and_logits_of_objects_equal_those_of_the_graph(
    name: str, graph: Callable[..., list[np.ndarray]], models: Path, samples: dict[str, Path]
) -> None:
    spec = SPECS["ssd-mobilenetv2-coco"]
    image = tensor(pixels(samples[name]), spec)
    offsets, logits = graph("Preprocessor/sub", image, ["concat", "concat_1"])
    found = open_model(spec, models, "litert").run(image)
    np.testing.assert_allclose(found["offsets"], offsets[0, :, 0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found["logits"], logits[0], rtol=1e-5, atol=1e-4)  # they go down to -40


@pytest.mark.parametrize("name", ["astronaut", "cat", "coffee"])
def test_objects_equal_those_that_the_graph_itself_keeps(
    name: str, graph: Callable[..., list[np.ndarray]], models: Path, samples: dict[str, Path]
) -> None:
    spec = SPECS["ssd-mobilenetv2-coco"]
    small = resized(pixels(samples[name]), (300, 300), "bilinear")
    wanted = ["detection_boxes", "detection_scores", "detection_classes"]
    boxes, scores, classes = (each[0] for each in graph("image_tensor", small[np.newaxis], wanted))
    sure = scores >= 0.3  # the graph keeps no others
    assert sure.any()
    detected, _ = ObjectDetector(open_model(spec, models, "litert")).detect(Picture(small, (300, 300)))
    found = [each for each in detected if each.score >= 0.3]
    assert [each.label + spec.labels.offset for each in found] == classes[sure].astype(int).tolist()
    np.testing.assert_allclose([each.score for each in found], scores[sure], rtol=0, atol=1e-4)
    mine = [(each.box.top, each.box.left, *_end(each.box)) for each in found]
    np.testing.assert_allclose(mine, boxes[sure], rtol=0, atol=1e-4)


def _end(box: Box) -> tuple[float, float]:
    return box.top + box.height, box.left + box.width


class Judge:
    """A classifier as it was published: one answer for the middle of a picture, whatever windows the spec asks for."""

    def __init__(self, spec: ModelSpec, models: Path) -> None:
        weights = read_torch(read_weights(spec))
        self.kernel, self.bias = weights["_fc.weight"].astype(np.float64), weights["_fc.bias"]
        self.model = open_model(spec, models, "litert", threads=2)
        size = TRAINED_PX[spec.name]
        usual = replace(spec.input, fit="center-crop", size_px=size, crop=size / (size + 32))
        self.usual = replace(spec, input=usual)

    def probabilities(self, embedding: np.ndarray) -> np.ndarray:
        """Return float64[1000] of the pooled features float32[1280]."""
        logits = self.kernel @ embedding + self.bias
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()

    def ranked(self, picture: np.ndarray) -> list[int]:
        """Return the classes of the middle of a picture, best first."""
        embedding = self.model.run(tensor(picture, self.usual))["embedding"]
        return self.probabilities(embedding).argsort()[::-1].tolist()


@pytest.fixture(scope="module", params=CLASSIFIERS)
def judge(request: pytest.FixtureRequest, models: Path) -> Judge:
    return Judge(SPECS[request.param], models)


@pytest.mark.parametrize(
    ("sample", "classes", "rank"),
    [
        ("cat", {281, 282, 285}, 1),  # tabby, tiger cat, Egyptian cat
        ("coffee", {967}, 1),  # espresso
        ("temple", {698}, 1),  # palace
        ("hopper", {652}, 3),  # military uniform
    ],
)
def test_a_known_picture_is_known(
    judge: Judge, sample: str, classes: set[int], rank: int, samples: dict[str, Path]
) -> None:
    assert classes & set(judge.ranked(pixels(samples[sample]))[:rank])


def labelled(data: Path) -> Iterator[tuple[np.ndarray, int]]:
    with (data / "imagenet_samples/labels.csv").open(encoding="utf-8") as stream:
        for row in list(csv.DictReader(stream))[::4]:
            yield pixels(data / "imagenet_samples" / row["file"]), int(row["class_index"])


def test_labelled_pictures_get_their_labels(judge: Judge, data: Path) -> None:
    ranks = np.array([judge.ranked(picture).index(label) for picture, label in labelled(data)])
    assert (ranks < 1).mean() >= 0.82
    assert (ranks < 5).mean() >= 0.95


def test_a_window_is_judged_by_the_last_layer(judge: Judge, samples: dict[str, Path]) -> None:
    spec = judge.model.spec
    side = int(32 * spec.network["window"])
    picture = resized(pixels(samples["coffee"]), (side, side), "bicubic")
    answers = judge.model.run(normalized(picture[np.newaxis], spec.input))
    assert answers["probabilities"].shape == (1, 1000)
    np.testing.assert_allclose(
        answers["probabilities"][0], judge.probabilities(answers["embedding"]), rtol=0, atol=1e-5
    )


def test_a_larger_picture_is_judged_window_by_window(judge: Judge, samples: dict[str, Path]) -> None:
    spec = judge.model.spec
    side, stride = int(32 * spec.network["window"]), int(spec.network["stride"])
    picture = resized(pixels(samples["coffee"]), (side + 96, side + 32), "bicubic")
    probabilities = judge.model.run(normalized(picture[np.newaxis], spec.input))["probabilities"]
    assert len(probabilities) == (1 // stride + 1) * (3 // stride + 1)
    assert 967 in probabilities.argmax(axis=1)


@pytest.mark.parametrize("name", SPECS)
def test_weights_of_another_model_are_refused(name: str) -> None:
    other = {"torch": "dlib", "dlib": "torch"}.get(SPECS[name].weights.format, "torch")
    wrong = next(spec for spec in SPECS.values() if spec.weights.format == other)
    with pytest.raises(ModelError, match="its weights cannot be used"):
        keras_forms(SPECS[name], read_weights(wrong))


def test_weights_of_another_size_are_refused() -> None:
    lite0, lite2 = SPECS["efficientnet-lite0"], SPECS["efficientnet-lite2"]
    with pytest.raises(ModelError, match="its weights cannot be used"):
        keras_forms(lite0, read_weights(lite2))
    with pytest.raises(ModelError, match="its weights cannot be used"):
        keras_forms(lite2, read_weights(lite0))


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ModelError, match="its architecture 'alexnet' is not known"):
        keras_forms(replace(SPECS["efficientnet-lite0"], architecture="alexnet"), b"")


@pytest.mark.parametrize("name", PICTURE_NETWORKS)
def test_many_pictures_at_once_get_the_answers_that_each_gets(name: str) -> None:
    both = keras_forms(SPECS[name], read_weights(SPECS[name]))
    assert both.many is not None
    width, height = SPECS[name].input.size if SPECS[name].input.fit == "stretch" else (320, 288)
    images = np.random.default_rng(1).uniform(-1, 1, (3, height, width, 3)).astype(np.float32)
    together = both.many(images, training=False)
    for place in range(3):
        for key, values in both.one(images[place : place + 1], training=False).items():
            np.testing.assert_allclose(np.asarray(together[key])[place], np.asarray(values), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", PICTURE_NETWORKS)
def test_both_forms_hold_the_same_weights(name: str) -> None:
    both = keras_forms(SPECS[name], read_weights(SPECS[name]))
    assert both.many is not None
    assert {id(each) for each in both.many.variables} == {id(each) for each in both.one.variables}
