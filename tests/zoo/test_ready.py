"""The well-known models: what is known of each goes with its own kind of file, made here with made-up weights."""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_face_api import made_tensors, write_face_api

from indexer.advice import Advice
from indexer.errors import ModelError
from indexer.values.files import Picture
from indexer.vision.objects import ObjectDetector
from indexer.vision.preprocess import normalized, tensor
from indexer.vision.runtime import Model, open_model
from indexer.vision.smoke_test import sample, try_out
from indexer.vision.spec import ModelSpec, spec_of
from indexer.vision.tags.labels import class_names, read_labels
from indexer.vision.tags.vocabulary import Vocabulary
from indexer.zoo.architectures.face_api import MANIFESTS
from indexer.zoo.build.subprocess import build_missing
from indexer.zoo.custom.catalog import AddRequest, CatalogEntry, catalog_description, catalog_names, found
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.custom.install import installed
from indexer.zoo.custom.keras_applications import _makers, applications
from indexer.zoo.custom.overrides import Overrides, wished
from indexer.zoo.inspect.inspection import Inspection, TensorInfo

Made = Callable[..., Path]
NETWORKS = ("NASNetMobile", "EfficientNetV2B0", "ResNet50", "Xception", "MobileNetV3Small", "NASNetLarge")


def find(path: str, **asked: Any) -> CatalogEntry:
    """Find a model whose file stays where it is."""
    with found(AddRequest(path, **asked), lambda _: None) as network:
        return network


@contextmanager
def added(folder: Path, path: str, wishes: Overrides | None = None, **asked: Any) -> Iterator[ModelSpec]:
    """Do what `indexer models add` does, up to the description."""
    with found(AddRequest(path, **asked), lambda _: None) as network:
        proposal = wished(network.proposal, wishes or Overrides(), network.inspection, "mine")
        names = read_labels(network.labels) if network.labels else ()
        with installed("mine", network.source, proposal, names, network.about, folder / "own") as spec:
            yield spec


def opened(spec: ModelSpec, folder: Path) -> Model:
    """Build a model, in a process of its own, and try it as `indexer models add` does."""
    build_missing([spec], folder / "built")
    model = open_model(spec, folder / "built", "litert")
    try_out(model, class_names(spec, Vocabulary.load()), sample())
    return model


def hub_module(path: Path, side: int) -> Path:
    """A classifier of TensorFlow Hub in the form of TensorFlow 2: inputs → logits."""
    import tensorflow as tf

    module = tf.Module()
    module.kept = tf.Variable(kernel())
    module.run = tf.function(
        lambda inputs: {"logits": tf.reduce_mean(inputs, (1, 2)) @ module.kept},
        input_signature=[tf.TensorSpec((None, side, side, 3), name="inputs")],
    )
    tf.saved_model.save(module, str(path), {"serving_default": module.run})
    return path


def old_hub_module(path: Path, side: int) -> Path:
    """The same in the form of TensorFlow 1: a graph to train under 'train', one without tags, three signatures."""
    import tensorflow as tf

    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(path))
    for tags in (["train"], []):
        with tf.Graph().as_default(), v1.Session() as session:
            images = v1.placeholder(tf.float32, (None, side, side, 3), name="module/images")
            features = tf.reduce_mean(images, (1, 2)) * (0.5 if tags else 1)
            logits = features @ v1.Variable(kernel(), use_resource=True, name="module/weights")
            session.run(v1.global_variables_initializer())
            tell = v1.saved_model.predict_signature_def
            signatures = {
                "default": tell({"images": images}, {"default": logits}),
                "image_classification": tell({"images": images}, {"default": logits, "Features": features}),
                "image_feature_vector": tell({"images": images}, {"default": features}),
            }
            if tags:
                builder.add_meta_graph_and_variables(session, tags, signatures)
            else:
                builder.add_meta_graph(tags, signatures)
    builder.save()
    return path


def kernel() -> np.ndarray:
    return np.random.default_rng(3).normal(0, 2, (3, 1001)).astype(np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "make", "side"),
    [
        pytest.param("pnasnet-large", hub_module, 331, marks=pytest.mark.long),
        ("mobilenet-v2-100-224", old_hub_module, 224),
    ],
)
def test_a_classifier_of_tensorflow_hub_answers_with_probabilities(
    name: str, make: Made, side: int, tmp_path: Path
) -> None:
    module = make(tmp_path / "module", side)
    with added(tmp_path, f"{name}:{module}") as spec:
        assert (spec.input.size, spec.labels.set, spec.labels.offset) == ((side, side), "imagenet-1k", 1)
        assert spec.license == "Apache-2.0"
        pixels = np.full((300, 400, 3), (255, 51, 0), np.uint8)
        told = opened(spec, tmp_path).run(tensor(pixels, spec))["probabilities"]
    np.testing.assert_allclose(told, softmax(np.array([[1, 0.2, 0]]) @ kernel()), atol=1e-4)  # a mean of 331² numbers


def test_a_size_that_the_file_fixes_counts(tmp_path: Path) -> None:
    network = find(f"mobilenet-v2-100-224:{hub_module(tmp_path / 'module', 96)}")
    assert network.proposal.spec["input"]["size_px"] == 96


def test_options_go_before_what_is_known(tmp_path: Path) -> None:
    module = hub_module(tmp_path / "module", 224)
    with added(tmp_path, f"mobilenet-v2-100-224:{module}", Overrides(scaling="-1..1", fit="three-crops")) as spec:
        assert (spec.input.mean[0], spec.input.fit) == (127.5, "three-crops")


def test_mask_r_cnn_finds_what_coco_knows(made: Made, tmp_path: Path) -> None:
    file = made("object_detector", found=((0.1, 0.2, 0.5, 0.6, 18, 0.9), (0, 0, 1, 1, 90, 0.8), (0, 0, 1, 1, 1, 0.1)))
    with added(tmp_path, f"mask-rcnn:{file}") as spec:
        names = class_names(spec, Vocabulary.load())
        detector = ObjectDetector(opened(spec, tmp_path))
        things, _ = detector.detect(Picture(np.zeros((600, 800, 3), np.uint8), (800, 600)))
    assert len(names) == 90
    assert [names[thing.label] for thing in things] == ["dog", "toothbrush"]


def test_a_graph_of_the_object_detection_api_will_do(tmp_path: Path) -> None:
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        seen = tf.reduce_max(tf.cast(tf.compat.v1.placeholder(tf.uint8, (1, None, None, 3), "image_tensor"), "float32"))
        for name, shape in (("boxes", (1, 5, 4)), ("scores", (1, 5)), ("classes", (1, 5)), ("masks", (1, 5, 9, 9))):
            tf.multiply(seen, tf.ones(shape), name=f"detection_{name}")
        tf.multiply(seen, tf.ones((1,)), name="num_detections")
    (tmp_path / "frozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    told = find(f"mask-rcnn:{tmp_path / 'frozen.pb'}").proposal.spec
    assert told["outputs"]["boxes"]["tensor"] == "detection_boxes"
    assert told["input"] | {"tensor": "image_tensor", "dtype": "uint8", "fit": "long-side"} == told["input"]


def test_arcface_describes_faces_by_vectors_of_length_1(made: Made, tmp_path: Path) -> None:
    file = made("onnx_file", classes=512, activation="logits", layout="NCHW", size=112)
    with added(tmp_path, f"arcface:{file}") as spec:
        assert (spec.role, spec.align, spec.input.layout, spec.input.size_px) == (
            *("face-describer", "arcface", "NCHW"),
            112,
        )
        chips = np.full((2, 112, 112, 3), (0, 127, 255), np.uint8)
        assert normalized(chips, spec.input)[0, 0, 0].tolist() == pytest.approx([-1, 0, 1], abs=0.01)
        told = opened(spec, tmp_path).run(normalized(chips, spec.input))["descriptors"]
    np.testing.assert_allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)
    assert told.shape == (2, 512)
    assert spec.thresholds["distance"] == pytest.approx(np.sqrt(2 - 2 * 0.28))


def test_face_api_is_told_by_its_manifest_or_by_its_role(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    kinds = ("face-api-landmarks-68", "face-api-recognition")
    for kind in kinds:
        write_face_api(made_tensors(kind), folder / MANIFESTS[kind])
    with pytest.raises(ModelError, match=r"landmarks-68 \(face-landmarks\)") as raised:
        find(f"face-api:{folder}")
    assert raised.value.advice == Advice("choose-role", ("face-landmarks, face-describer",))
    for asked in (
        AddRequest(f"face-api:{folder}", role="face-describer"),
        AddRequest(f"face-api-recognition:{folder}"),
    ):
        with added(tmp_path, asked.path, role=asked.role) as spec:
            assert (spec.architecture, spec.weights.format) == ("face-api-recognition", "face-api")
            assert len(list(spec.path(spec.weights.file).iterdir())) == 3
    (folder / MANIFESTS[kinds[1]]).unlink()
    with added(tmp_path, f"face-api:{folder}") as spec:
        assert spec.role == "face-landmarks"
        assert opened(spec, tmp_path).run(np.zeros((1, 112, 112, 3), np.float32))["landmarks"].shape == (1, 136)
    (folder / "face_landmark_68_model-shard2").unlink()
    with pytest.raises(ModelError, match=r"shard2 cannot be read"):
        find(f"face-api:{folder}")


@pytest.mark.parametrize(
    ("path", "asked", "reason"),
    [
        ("resnet:photos", {}, "a well-known model; the well-known models are arcface:"),
        ("arcface:none.onnx", {}, "cannot be read"),
        ("face-api:nowhere", {}, "contains no model of face-api"),
        ("arcface:net.onnx", {"weights": Path("w.h5")}, "only those of keras:NAME are given apart"),
        ("keras:MobileNetV2", {"weights": Path("none.h5")}, "do not exist"),
        ("keras:MobileNetV2", {"link": True}, "cannot be linked"),
        ("keras:MobileNetV2", {"role": "face-describer"}, "is a classifier, not a face-describer"),
    ],
)
def test_what_cannot_be_meant_is_refused(path: str, asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        find(path, **asked)


def test_a_file_of_another_model_is_refused(made: Made) -> None:
    with pytest.raises(ModelError, match="not an object detector"):
        find(f"mask-rcnn:{made('saved_model')}")
    with pytest.raises(ModelError, match=r"no output logits or default.*; its outputs: probabilities"):
        find(f"pnasnet-large:{made('saved_model')}")


def test_coco_names_80_kinds_of_things_by_90_numbers() -> None:
    from indexer.resources import packaged

    names = read_labels(packaged("models") / catalog_description("mask-rcnn")["labels"]["file"])
    assert len(names) == 90
    assert len(set(names) - {"???"}) == 80
    assert (names[0], names[17], names[89]) == ("person", "dog", "toothbrush")


def test_every_description_says_whose_model_it_is() -> None:
    for name in catalog_names():
        known = catalog_description(name)
        assert {"description", "role", "license", "source", "input", "outputs"} <= known.keys()


@pytest.fixture(scope="module")
def makers() -> dict[str, Callable[..., Any]]:
    return _makers()


def test_keras_is_asked_for_its_classifiers(makers: dict[str, Callable[..., Any]]) -> None:
    assert applications() == tuple(makers)
    assert {*NETWORKS, "MobileNetV2", "ResNet152V2", "VGG19", "ConvNeXtTiny"} <= makers.keys()


def test_pixels_are_scaled_as_keras_scales_them(makers: dict[str, Callable[..., Any]]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    for name, maker in makers.items():
        picture = TensorInfo("image", "float32", (None, None, None, 3))
        answer = TensorInfo("predictions", "float32", (None, 1000), "softmax")
        told = guess(Inspection(f"{name}.keras", "keras", inputs=(picture,), outputs=(answer,))).spec
        whole = told | {"description": name, "weights": told["weights"] | {"file": name, "sha256": "0" * 64}}
        wanted = spec_of("mine", whole, "own").input
        preprocess = sys.modules[inspect.unwrap(maker).__module__].preprocess_input
        expected = preprocess(pixels.astype(np.float32))
        np.testing.assert_allclose(normalized(pixels, wanted), expected, rtol=1e-4, atol=1e-4, err_msg=name)


def made_weights(model: Any, file: Path) -> Path:
    """Write weights in the older form, in which Keras publishes them; or in the newer one (.weights.h5)."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    if file.name.endswith(".weights.h5"):
        model.save_weights(file)
    else:
        with h5py.File(file, "w") as group:
            save_weights_to_hdf5_group(group, model)
    return file


def last_layer(model: Any) -> Any:
    return next(layer for layer in reversed(model.layers) if layer.weights)


def with_features(model: Any) -> Any:
    """Return the model with two outputs: its own, and what its last layer sees."""
    import keras

    return keras.Model(model.input, [model.output, last_layer(model).input])


def check_application(name: str, file: Path, makers: dict[str, Callable[..., Any]]) -> None:
    """Add a model of Keras with made weights, and compare what it answers with what Keras says it answers."""
    model = makers[name](weights=None)
    kernel, *bias = last_layer(model).get_weights()
    side = model.input_shape[1] or 224
    features = np.asarray(with_features(model)(np.ones((1, side, side, 3)), training=False)[1])
    last_layer(model).set_weights([kernel * 3 / (np.linalg.norm(features) * kernel.std()), *bias])  # no even answers
    made_weights(model, file)
    with added(file.parent, f"keras:{name}", weights=file) as spec:
        seen = tensor(sample(), spec)
        told = opened(spec, file.parent).run(seen)
    scores, features = (np.asarray(each) for each in with_features(model)(seen, training=False))
    assert spec.description.startswith(f"{name} of keras.applications")
    assert scores.max() > 0.002
    np.testing.assert_allclose(told["probabilities"], scores, atol=1e-4)
    np.testing.assert_allclose(told["embedding"], features.ravel(), atol=1e-3 * np.abs(features).max())


def test_a_classifier_of_keras_answers_as_it_does_there(makers: dict[str, Callable[..., Any]], tmp_path: Path) -> None:
    check_application("MobileNetV2", tmp_path / "made.h5", makers)


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_the_others_do_so_too(name: str, makers: dict[str, Callable[..., Any]], tmp_path: Path) -> None:
    check_application(name, tmp_path / "made.weights.h5", makers)


def test_weights_of_another_model_are_refused(makers: dict[str, Callable[..., Any]], tmp_path: Path) -> None:
    file = made_weights(makers["MobileNetV2"](weights=None, include_top=False), tmp_path / "notop.h5")
    with pytest.raises(ModelError, match="does not hold its weights"):
        find("keras:MobileNetV2", weights=file)
    with pytest.raises(ModelError, match="similar names: MobileNetV2"):
        find("keras:MobilNetV2", weights=file)


@pytest.mark.parametrize(
    "path",
    [
        "saved",
        "..",
        *(pytest.param(path, marks=pytest.mark.long) for path in ("saved/saved_model.pb", ".", "saved_model.pb")),
    ],
)
def test_a_saved_model_is_its_folder_wherever_the_user_stands(
    path: str, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made("saved_model"), tmp_path / "saved")
    stands = {"saved": ".", "..": "saved/variables"}.get(path.partition("/")[0], "saved")
    monkeypatch.chdir(tmp_path / stands)
    assert find(path).source == tmp_path / "saved"


def test_a_well_known_saved_model_is_its_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hub_module(tmp_path / "module", 96))
    assert find("mobilenet-v2-100-224:saved_model.pb").source == tmp_path / "module"
