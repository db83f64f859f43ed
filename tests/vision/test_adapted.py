"""A network in its own terms answers in ours: layout, type, a fixed batch, ranks, and what is still to be applied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indexer.vision.runtime.adapter import Adapted
from indexer.vision.spec import ModelSpec, spec_of


class Recorder:
    """A made-up network: remembers what it is fed, and answers with what it was given, a row for each picture."""

    def __init__(self, spec: ModelSpec, sides: tuple[Any, ...], **answers: Any) -> None:
        self.spec, self.sides = spec, sides
        self.fed: list[np.ndarray] = []
        self._answers = answers

    def run(self, image: np.ndarray) -> dict[str, np.ndarray]:
        self.fed.append(image)
        return {key: np.stack([np.asarray(answer)] * len(image)) for key, answer in self._answers.items()}


def described(outputs: dict[str, dict[str, Any]], role: str = "classifier", **input_: Any) -> ModelSpec:
    raw = {
        "description": "made by a test",
        "role": role,
        "weights": {"file": "a.keras", "format": "keras", "sha256": "0" * 64},
        "input": {"name": "image", "fit": "stretch", "size_px": 2, "colors": "RGB", "mean": 0, "scale": 1, **input_},
        "outputs": outputs,
    }
    return spec_of("mine", raw, "own")


def pictures(count: int) -> np.ndarray:
    return np.arange(count * 12, dtype=np.float32).reshape(count, 2, 2, 3)


SCORES = {"probabilities": {"shape": ["views", 3]}}


@pytest.mark.parametrize(
    ("input_", "dtype", "shape"),
    [
        ({}, np.float32, (1, 2, 2, 3)),
        ({"layout": "NCHW"}, np.float32, (1, 3, 2, 2)),
        ({"dtype": "float16"}, np.float16, (1, 2, 2, 3)),
        ({"dtype": "uint8"}, np.uint8, (1, 2, 2, 3)),
        ({"dtype": "int8", "layout": "NCHW"}, np.int8, (1, 3, 2, 2)),
    ],
)
def test_it_is_fed_in_its_own_layout_and_type(input_: dict[str, str], dtype: Any, shape: tuple[int, ...]) -> None:
    network = Recorder(described(SCORES, **input_), (-1, *shape[1:]), probabilities=[0.2, 0.3, 0.5])
    Adapted(network).run(pictures(1))
    (fed,) = network.fed
    assert (fed.dtype, fed.shape) == (dtype, shape)
    assert fed.flags["C_CONTIGUOUS"]
    back = fed.transpose(0, 2, 3, 1) if input_.get("layout") == "NCHW" else fed
    np.testing.assert_array_equal(back.astype(np.float32), pictures(1))


def test_what_a_whole_number_cannot_hold_is_its_nearest_one() -> None:
    network = Recorder(described(SCORES, dtype="int8"), (1, 2, 2, 3), probabilities=[0.2, 0.3, 0.5])
    Adapted(network).run(np.full((1, 2, 2, 3), 300.6, np.float32))
    assert (network.fed[0] == 127).all()


def test_a_fixed_batch_is_filled_up_and_only_what_was_asked_is_answered() -> None:
    network = Recorder(described(SCORES), (4, 2, 2, 3), probabilities=[0.2, 0.3, 0.5])
    assert Adapted(network).run(pictures(6))["probabilities"].shape == (6, 3)
    assert [len(fed) for fed in network.fed] == [4, 4]
    assert not network.fed[1][2:].any()


def test_a_detector_with_a_fixed_batch_finds_nothing_in_what_fills_it_up() -> None:
    outputs = {"boxes": {"shape": ["n", 4]}, "scores": {"shape": ["n"]}, "classes": {"shape": ["n"]}}
    spec = described(outputs, "object-detector")
    network = Recorder(spec, (2, 2, 2, 3), boxes=[[0, 0, 1, 1]], scores=[0.9], classes=[1])
    found = Adapted(network).run(pictures(1))
    assert {key: values.shape for key, values in found.items()} == {"boxes": (1, 4), "scores": (1,), "classes": (1,)}


@pytest.mark.parametrize(
    ("output", "answer", "expected"),
    [
        ({"shape": ["views", 2], "apply": "softmax"}, [0.0, np.log(3)], [0.25, 0.75]),
        ({"shape": ["views", 2], "apply": "softmax"}, [1000.0, 1000.0], [0.5, 0.5]),
        ({"shape": ["views", 2], "apply": "sigmoid"}, [0.0, 1000.0], [0.5, 1.0]),
        ({"shape": ["views", 1], "activation": "sigmoid"}, [0.8], [0.2, 0.8]),
        ({"shape": ["views", 1], "apply": "sigmoid"}, [np.log(4)], [0.2, 0.8]),
        ({"shape": ["views", 2]}, [[[0.4, 0.6]]], [0.4, 0.6]),  # MobileNet's heads answer with a map of 1 × 1
    ],
)
def test_scores_are_what_they_should_be(output: dict[str, Any], answer: Any, expected: list[float]) -> None:
    network = Recorder(described({"probabilities": output}), (-1, 2, 2, 3), probabilities=answer)
    np.testing.assert_allclose(Adapted(network).run(pictures(1))["probabilities"], [expected], atol=1e-6)


def test_descriptors_are_brought_to_length_1_and_features_of_views_to_one_vector() -> None:
    faces = described({"descriptors": {"shape": ["chips", 2], "apply": "unit"}}, "face-describer")
    told = Adapted(Recorder(faces, (-1, 2, 2, 3), descriptors=[3.0, 4.0])).run(pictures(2))["descriptors"]
    np.testing.assert_allclose(told, [[0.6, 0.8]] * 2)
    both = described({**SCORES, "embedding": {"shape": [2]}})
    network = Recorder(both, (-1, 2, 2, 3), probabilities=[0.2, 0.3, 0.5], embedding=[3.0, 4.0])
    assert Adapted(network).run(pictures(3))["embedding"].tolist() == [3.0, 4.0]
