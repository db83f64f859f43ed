"""Guessing a description: what is proposed for well-known models, and that every proposal is a description."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_models import KINDS, Net, pictures

from indexer.errors import ModelError
from indexer.vision.spec import spec_of
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.custom.normalization import SCALINGS
from indexer.zoo.custom.spec_draft import SpecDraft, toml_lines
from indexer.zoo.inspect.inspect import look
from indexer.zoo.inspect.inspection import Inspection, Operation, TensorInfo

Made = Callable[..., Path]


def classifier(width: int | None = 10, side: int | None = 224, made_by: str = "Softmax", **told: Any) -> Inspection:
    """An inspection of a model that takes squares of three colors and gives so many numbers."""
    picture = TensorInfo("image", "float32", (None, side, side, 3))
    parts = {"path": "model.pb", "format": "graph", "inputs": (picture,)}
    return Inspection(**parts | {"outputs": (TensorInfo("answer", "float32", (None, width), made_by),)} | told)


def value(proposal: SpecDraft, key: str) -> Any:
    return {reason.key: reason.value for reason in proposal.reasons}.get(key)


def sure(proposal: SpecDraft, key: str) -> str:
    return {reason.key: reason.sure for reason in proposal.reasons}[key]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_proposal_is_a_description(made: Made, kind: str) -> None:
    proposal = guess(look(made(kind)))
    raw = tomllib.loads("\n".join(toml_lines(proposal)))
    assert raw == proposal.spec
    raw["description"] = "a model of one's own"
    raw["weights"] |= {"file": "own/model", "sha256": "0" * 64}
    spec = spec_of("own", raw, "models")
    assert (spec.role == "object-detector") == (kind == "object_detector")
    assert spec.input.layout == "NHWC"


@pytest.mark.parametrize(
    ("activation", "keys"),
    [
        ("softmax", {"activation": "softmax"}),
        ("sigmoid", {"activation": "sigmoid"}),
        ("single-sigmoid", {"activation": "sigmoid"}),
        ("logits", {"apply": "softmax"}),
    ],
)
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"object_detector"}))
def test_what_is_applied_last_is_told(made: Made, kind: str, activation: str, keys: dict[str, str]) -> None:
    told = guess(look(made(kind, activation=activation))).spec["outputs"]["probabilities"]
    assert {key: told[key] for key in ("activation", "apply") if key in told} == keys


def test_a_single_number_without_a_sigmoid_needs_one() -> None:
    proposal = guess(classifier(1, made_by="BiasAdd"))
    assert value(proposal, "outputs.probabilities.apply") == "sigmoid"


@pytest.mark.parametrize(("width", "offset"), [(1000, None), (1001, 1)])
def test_imagenet_s_classes_are_known_by_their_number(width: int, offset: int | None) -> None:
    proposal = guess(classifier(width))
    assert (value(proposal, "labels.set"), value(proposal, "labels.offset")) == ("imagenet-1k", offset)
    assert value(guess(classifier(999)), "labels.set") is None


@pytest.mark.parametrize(
    ("title", "scaling"),
    [
        ("nasnet_mobile", "-1..1"),
        ("xception", "-1..1"),
        ("mobilenetv2_1.00_224", "-1..1"),
        ("MobileNetV3Small", "0..255"),
        ("resnet50", "caffe"),
        ("resnet50v2", "-1..1"),
        ("vgg16", "caffe"),
        ("efficientnetv2-b0", "0..255"),
        ("densenet121", "mean/std"),
        ("InceptionResnetV2", "-1..1"),
        ("my_own", "0..1"),
    ],
)
def test_well_known_models_get_the_scaling_that_they_were_trained_with(title: str, scaling: str) -> None:
    wanted = SCALINGS[scaling]
    for inspection in (classifier(title=title), classifier(operations=(Operation(f"{title}/conv/Relu", "Relu"),))):
        proposal = guess(inspection)
        assert value(proposal, "input.colors") == wanted.colors
        assert np.broadcast_to(value(proposal, "input.mean"), 3).tolist() == list(wanted.mean)
        assert np.broadcast_to(value(proposal, "input.scale"), 3).tolist() == list(wanted.scale)
        assert sure(proposal, "input.mean") == ("guess" if title == "my_own" else "likely")


@pytest.mark.parametrize("name", ["resnet50", "resnet50v2", "vgg16", "densenet", "xception"])
def test_the_scalings_are_those_of_keras_applications(name: str) -> None:
    import keras

    family = {"resnet50v2": "resnet_v2"}.get(name, name)
    scaling = SCALINGS[{"resnet50": "caffe", "vgg16": "caffe", "densenet": "mean/std"}.get(name, "-1..1")]
    seen = pictures(Net(dtype="uint8")).astype(np.float32)
    theirs = getattr(keras.applications, family).preprocess_input(seen.copy())
    ours = (seen[..., ::-1] if scaling.colors == "BGR" else seen) - np.float32(scaling.mean)
    np.testing.assert_allclose(ours * np.float32(scaling.scale), theirs, atol=1e-3)


def test_a_model_that_scales_by_itself_gets_plain_pixels(made: Made) -> None:
    proposal = guess(look(made("keras_file", rescaling=True, name="xception")))
    assert (value(proposal, "input.mean"), value(proposal, "input.scale")) == (0.0, 1.0)
    assert sure(proposal, "input.scale") == "sure"
    traced = classifier(operations=(Operation("model/rescaling_1/mul", "Mul", "f"),))
    assert sure(guess(traced), "input.scale") == "likely"
    other = classifier(operations=(Operation("model/batch_normalization/add", "AddV2"),))
    assert value(guess(other), "input.scale") == pytest.approx(1 / 255)


@pytest.mark.parametrize(
    ("dtype", "quantized", "mean"), [("uint8", (1 / 127.5, 127), 127), ("int8", (1 / 127.5, -1), 127)]
)
def test_quantized_inputs_tell_their_scaling(dtype: str, quantized: tuple[float, int], mean: float) -> None:
    picture = TensorInfo("image", dtype, (1, 224, 224, 3), "", quantized)
    proposal = guess(classifier(inputs=(picture,)))
    assert (value(proposal, "input.mean"), value(proposal, "input.scale")) == (mean, quantized[0])
    assert sure(proposal, "input.scale") == "sure"


def test_bytes_go_in_as_they_are() -> None:
    proposal = guess(classifier(inputs=(TensorInfo("image", "uint8", (None, 299, 299, 3)),)))
    assert (value(proposal, "input.dtype"), value(proposal, "input.scale")) == ("uint8", 1.0)


@pytest.mark.parametrize(
    ("shape", "layout", "size"),
    [
        ((None, 224, 320, 3), "NHWC", (320, 224)),
        ((1, 3, 224, 224), "NCHW", (224, None)),
        ((None, None, None, 3), "NHWC", (224, None)),
        ((None, 1, 64, 64), "NCHW", (64, None)),
        (None, "NHWC", (224, None)),
    ],
)
def test_layout_and_size_are_told_by_the_shape(shape: Any, layout: str, size: tuple[int, int | None]) -> None:
    proposal = guess(classifier(inputs=(TensorInfo("image", "float32", shape),)))
    assert value(proposal, "input.layout") == layout
    assert (value(proposal, "input.size_px"), value(proposal, "input.height_px")) == size
    assert (value(proposal, "input.colors") == "gray") == (shape is not None and 1 in shape[1:])


def test_a_free_size_is_that_of_the_family() -> None:
    assert value(guess(classifier(side=None, title="xception")), "input.size_px") == 299


@pytest.mark.parametrize(
    ("width", "side", "made_by", "role", "align"),
    [
        (512, 112, "BatchNormalization", "face-describer", "arcface"),
        (128, 150, "Add", "face-describer", "dlib"),
        (128, 224, "Add", "classifier", None),
        (128, 150, "Softmax", "classifier", None),
        (136, 112, "BiasAdd", "face-landmarks", None),
    ],
)
def test_models_for_faces_are_known_by_their_sizes(
    width: int, side: int, made_by: str, role: str, align: str | None
) -> None:
    proposal = guess(classifier(width, side, made_by))
    assert (value(proposal, "role"), value(proposal, "align")) == (role, align)
    assert value(proposal, "input.fit") == ("center-crop" if role == "classifier" else "as-is")


def test_the_answer_is_told_from_the_embedding_beside_it() -> None:
    outputs = (
        TensorInfo("features", "float32", (None, 1280), "Mean"),
        TensorInfo("scores", "float32", (None, 5), "Softmax"),
    )
    proposal = guess(classifier(outputs=outputs))
    assert value(proposal, "outputs.probabilities.tensor") == "scores"
    assert value(proposal, "outputs.embedding.tensor") == "features"


def test_the_object_detection_api_is_known_by_its_outputs(made: Made) -> None:
    proposal = guess(look(made("object_detector")))
    assert (value(proposal, "role"), value(proposal, "labels.offset")) == ("object-detector", 1)
    assert value(proposal, "outputs.boxes.tensor") == "detection_boxes"
    assert value(proposal, "input.dtype") == "uint8"


def test_litert_s_detection_is_known_by_its_last_operation() -> None:
    names = ("P", "P:1", "P:2", "P:3")
    proposal = guess(
        classifier(
            outputs=tuple(TensorInfo(name, "float32", (1, 10)) for name in names),
            operations=(Operation("P", "TFLite_Detection_PostProcess"),),
        )
    )
    tensors = [value(proposal, f"outputs.{key}.tensor") for key in ("boxes", "classes", "scores", "count")]
    assert tensors == list(names)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (
            {"inputs": (TensorInfo("words", "int32", (None, 20)),)},
            "does not take a single picture; its inputs are: words",
        ),
        ({"outputs": ()}, "no output"),
    ],
)
def test_what_takes_no_picture_gets_no_description(told: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        guess(classifier(**told))


def faces(*outputs: TensorInfo) -> SpecDraft:
    return guess(classifier(outputs=outputs), "face-detector")


def test_the_features_beside_an_answer_are_one_list_for_a_photo() -> None:
    outputs = (
        TensorInfo("features", "float32", (None, 1280), "Mean"),
        TensorInfo("scores", "float32", (None, 5), "Softmax"),
    )
    assert value(guess(classifier(outputs=outputs)), "outputs.embedding.shape") == [1280]


def test_a_face_detector_of_the_object_detection_api_is_told_by_its_names(made: Made) -> None:
    proposal = guess(look(made("object_detector")), "face-detector")
    assert sorted(proposal.spec["outputs"]) == ["boxes", "scores"]
    assert value(proposal, "outputs.scores.tensor") == "detection_scores"
    assert value(proposal, "input.fit") == "stretch"
    assert value(proposal, "labels.offset") is None


@pytest.mark.parametrize("rows", [100, None])
@pytest.mark.parametrize("tail", [(), (1,)])
def test_a_face_detector_is_told_by_the_shapes_of_boxes_and_scores(rows: int | None, tail: tuple[int, ...]) -> None:
    boxes, scores = TensorInfo("a", "float32", (1, rows, 4)), TensorInfo("b", "float32", (1, rows, *tail))
    proposal = faces(scores, boxes)
    assert value(proposal, "outputs.boxes.tensor") == "a"
    assert value(proposal, "outputs.scores.tensor") == "b"
    named = faces(scores, boxes, TensorInfo("score", "float32", (1, rows)))
    assert value(named, "outputs.scores.tensor") == "score"


@pytest.mark.parametrize(
    "outputs",
    [
        (TensorInfo("a", "float32", (1, 10)),),
        (TensorInfo("a", "float32", (1, 9, 4)), TensorInfo("b", "float32", (1, 8))),
        (TensorInfo("a", "float32", (1, 9, 4)), TensorInfo("b", "float32", (1, 9)), TensorInfo("c", "float32", (1, 9))),
    ],
)
def test_what_has_no_boxes_and_scores_is_no_face_detector(outputs: tuple[TensorInfo, ...]) -> None:
    with pytest.raises(ModelError, match=r"with boxes and scores; its outputs: a \[1"):
        faces(*outputs)
