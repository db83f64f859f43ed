"""A model that does not fit its description is refused, with the option that may help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indexer.cli.advice import sentence
from indexer.errors import ModelError
from indexer.vision.runtime import FakeModel
from indexer.vision.smoke_test import check_names, sample, try_out
from indexer.vision.spec import spec_of

SHAPES = {
    "classifier": {"probabilities": ["views", 3]},
    "object-detector": {"boxes": ["n", 4], "scores": ["n"], "classes": ["n"]},
    "face-detector": {"boxes": ["n", 4], "scores": ["n"]},
    "face-landmarks": {"landmarks": ["chips", 136]},
    "face-describer": {"descriptors": ["chips", 4]},
}
THREE = ("cat", "dog", "bird")


def told(role: str, outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a description as tables."""
    return {
        "description": "made by a test",
        "role": role,
        "weights": {"file": "a.keras", "format": "keras", "sha256": "0" * 64},
        "input": {"name": "image", "fit": "stretch", "size_px": 8, "colors": "RGB", "mean": 0, "scale": 1},
        "outputs": outputs,
    }


def tried(role: str, names: tuple[str, ...] = (), about: dict[str, Any] | None = None, **answers: Any) -> set[str]:
    outputs = {key: {"shape": shape} for key, shape in SHAPES[role].items()}
    if role == "classifier":
        outputs["probabilities"]["activation"] = "softmax"
    raw = told(role, outputs) | (about or {})
    answered = {key: np.asarray(value, np.float32) for key, value in answers.items()}
    return set(try_out(FakeModel(spec_of("mine", raw, "own"), lambda _: answered), names, sample()))


NEEDED = ("distance", "cluster_distance", "even_distance", "log_odds", "quality")
FITTING = {
    "classifier": {"names": THREE, "probabilities": [[0.2, 0.3, 0.5]]},
    "object-detector": {"names": THREE, "boxes": [[0, 0, 1, 1]], "scores": [0.9], "classes": [1]},
    "face-detector": {"boxes": np.zeros((0, 4)), "scores": []},
    "face-landmarks": {"landmarks": np.zeros((1, 136))},
    "face-describer": {"descriptors": np.ones((1, 4)), "about": {"thresholds": dict.fromkeys(NEEDED, 0.5)}},
}


@pytest.mark.parametrize("role", SHAPES)
def test_a_model_that_fits_is_taken(role: str) -> None:
    assert tried(role, **FITTING[role]) == set(SHAPES[role])


@pytest.mark.parametrize(
    ("role", "changes", "wanted"),
    [
        ("classifier", {"probabilities": [[0.2, np.nan, 0.5]]}, "no numbers (NaN or infinite)"),
        (
            "classifier",
            {"probabilities": [[-3, 2, 9]]},
            "go from -3 to 9, not from 0 to 1; raw numbers need --activation",
        ),
        ("classifier", {"probabilities": [[0.9, 0.8, 0.9]]}, "add up to 2.6 and not to 1: this is not a softmax"),
        ("classifier", {"names": ("cat", "dog")}, "3 classes, but 2 names are known; --label-offset 1"),
        ("classifier", {"names": ()}, "3 classes, but 0 names are known; pass them with --labels FILE"),
        ("object-detector", {"names": ()}, "--labels FILE"),
        ("object-detector", {"scores": [0.9, 0.8]}, "1 boxes, but 2 scores"),
        ("face-landmarks", {"landmarks": np.zeros((1, 10))}, "10 numbers, not with 68 points"),
        ("face-describer", {"about": {}}, "--threshold gives it"),
        ("face-describer", {"descriptors": [[np.inf, 1, 1, 1]]}, "no numbers"),
    ],
)
def test_one_that_does_not_is_refused(role: str, changes: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ModelError) as caught:
        tried(role, **FITTING[role] | changes)
    assert wanted in sentence(caught.value)


def test_the_sample_is_the_same_every_time_and_has_light_and_color() -> None:
    pixels = sample()
    np.testing.assert_array_equal(pixels, sample())
    assert pixels.shape == (360, 480, 3)
    assert pixels.std(axis=(0, 1)).min() > 40


@pytest.mark.parametrize(
    ("width", "names", "hint"),
    [
        (3, 2, "--label-offset 1"),
        (3, 4, "--label-offset 0"),
        (3, 0, "--labels FILE"),
        (1, 3, "a single sigmoid has two"),
    ],
)
def test_names_are_counted_before_anything_is_built(width: int, names: int, hint: str) -> None:
    spec = spec_of("mine", told("classifier", {"probabilities": {"shape": ["views", width]}}), "own")
    with pytest.raises(ModelError) as caught:
        check_names(spec, THREE[:names] if names < 4 else (*THREE, "fish"))
    assert hint in sentence(caught.value)


def test_names_that_fit_or_cannot_be_counted_yet_are_taken() -> None:
    for width, names in ((3, 3), (1, 2), ("classes", 2)):
        check_names(
            spec_of("mine", told("classifier", {"probabilities": {"shape": ["views", width]}}), "own"), THREE[:names]
        )
