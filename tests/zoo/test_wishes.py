"""What the user says of a model goes before what was guessed; what cannot be meant is refused with what could be."""

from __future__ import annotations

from typing import Any

import pytest

from indexer.errors import ModelError
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.custom.overrides import Overrides, scaling_of, wished
from indexer.zoo.inspect.inspection import Inspection, Operation, TensorInfo

GRAPH = Inspection(
    path="net.pb",
    format="graph",
    inputs=(TensorInfo("input_1", "float32", (None, 96, 96, 3)),),
    outputs=(TensorInfo("predictions/Softmax", "float32", (None, 1001), "Softmax"),),
    operations=(
        Operation("input_1", "Placeholder", "", "float32", (None, 96, 96, 3)),
        Operation("pool/Mean", "Mean", "", "float32", (None, 320)),
        Operation("logits/BiasAdd", "BiasAdd", "", "float32", (None, 1001)),
        Operation("predictions/Softmax", "Softmax", "", "float32", (None, 1001)),
    ),
)


def said(**wishes: Any) -> dict[str, Any]:
    return wished(guess(GRAPH), Overrides(**wishes), GRAPH, "mine").spec


def test_without_wishes_the_guess_counts() -> None:
    assert said() == guess(GRAPH).spec


@pytest.mark.parametrize(
    ("wishes", "table", "key", "value"),
    [
        ({"input": "input_1:0"}, "input", "tensor", "input_1:0"),
        ({"scaling": "-1..1"}, "input", "mean", [127.5] * 3),
        ({"scaling": "caffe"}, "input", "colors", "BGR"),
        ({"scaling": "caffe", "colors": "RGB"}, "input", "colors", "RGB"),
        ({"scaling": "127, 0.5"}, "input", "scale", [0.5] * 3),
        ({"size": "320x240"}, "input", "height_px", 240),
        ({"size": "128"}, "input", "height_px", 128),
        ({"fit": "three-crops"}, "input", "fit", "three-crops"),
        ({"crop": 0.875}, "input", "crop", 0.875),
        ({"layout": "NCHW"}, "input", "layout", "NCHW"),
        ({"label_offset": 0}, "labels", "offset", 0),
        ({"threshold": 0.7}, "thresholds", "score", 0.7),
    ],
)
def test_a_wish_goes_before_the_guess(wishes: dict[str, Any], table: str, key: str, value: Any) -> None:
    assert said(**wishes)[table][key] == value


@pytest.mark.parametrize(
    ("activation", "told"),
    [
        ("softmax", {"activation": "softmax", "apply": "none"}),
        ("sigmoid", {"activation": "sigmoid", "apply": "none"}),
        ("logits", {"activation": "none", "apply": "softmax"}),
        ("sigmoid-logits", {"activation": "none", "apply": "sigmoid"}),
    ],
)
def test_an_activation_says_what_was_applied_and_what_is_to_be(activation: str, told: dict[str, str]) -> None:
    wishes = {"output": "logits/BiasAdd", "activation": activation}
    answer = said(**wishes)["outputs"]["probabilities"]
    assert answer == {"shape": ["views", 1001], "tensor": "logits/BiasAdd", **told}


def test_features_may_come_out_of_any_operation() -> None:
    assert said(embedding="pool/Mean")["outputs"]["embedding"] == {"tensor": "pool/Mean", "shape": [320]}


def test_the_tables_of_a_description_stay_together() -> None:
    told = wished(guess(GRAPH), Overrides(embedding="pool/Mean", crop=0.9, threshold=0.4), GRAPH, "mine")
    tables = [reason.key.rpartition(".")[0] for reason in told.reasons]
    assert len(list(dict.fromkeys(tables))) == sum(
        one != other for one, other in zip(tables, [None, *tables], strict=False)
    )
    assert tables[0] == ""


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"output": "prediction/Softmax"}, "has no operation 'prediction/Softmax'; similar names: predictions/Softmax"),
        ({"input": "image"}, "has no operation 'image'; similar names:"),
        ({"scaling": "0-1"}, "scaling '0-1' is none of 0..255, 0..1, -1..1, caffe, mean/std, nor numbers"),
        ({"size": "big"}, "size 'big' is neither '224' nor '320x240'"),
    ],
)
def test_what_cannot_be_meant_is_refused(wishes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        said(**wishes)
    assert sentence in caught.value.reason


def test_three_numbers_may_be_given_for_each_color() -> None:
    scaling = scaling_of("123.7 116.8 103.9, 0.017 0.018 0.019", "mine")
    assert scaling.mean == (123.7, 116.8, 103.9)
    assert scaling.scale == (0.017, 0.018, 0.019)
