"""Smoke test of a custom model: a test run and its labels against its description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.advice import advice
from indexer.errors import ModelError
from indexer.vision.preprocess import resized, tensor
from indexer.vision.runtime import Model
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    Answers = Mapping[str, NDArray[np.float32]]

_SIDE = (360, 480)  # of the sample
_SUM_TOLERANCE = 0.02
_CENTER = 0.5
_NAMELESS = "its class names are unknown"


def sample() -> NDArray[np.uint8]:
    """Return a test picture uint8[360, 480, 3] with light, color and detail of every size; it shows nothing."""
    down, across = np.mgrid[0 : _SIDE[0], 0 : _SIDE[1]] / max(_SIDE)
    waves = np.stack([np.sin(2 ** (3 + color) * (across + down * (color + 1))) for color in range(3)], axis=-1)
    noise = np.random.default_rng(0).normal(0, 0.1, (*_SIDE, 3))
    return np.asarray(((waves * 0.4 + noise + _CENTER).clip(0, 1) * 255), np.uint8)


def try_out(model: Model, names: Sequence[str], pixels: NDArray[np.uint8]) -> Answers:
    """Run a model on a picture uint8[h, w, 3] and compare its outputs with its description.

    names: of its classes, those before the first label included.
    Errors: ModelError that names the mismatch, and which option may help.
    """
    spec = model.spec
    is_chip = spec.input.fit == "as-is"  # fits with a fixed size
    answers = model.run(tensor(resized(pixels, spec.input.size, "bilinear") if is_chip else pixels, spec))
    for key, values in answers.items():
        if not np.isfinite(values).all():
            raise ModelError(spec.name, f"its output '{key}' holds values that are no numbers (NaN or infinite)")
    _CHECKS[spec.role](model, answers, names)
    for key, values in answers.items():
        wanted, there = spec.outputs[key].shape[-1], values.shape[-1] if values.ndim else 1
        if isinstance(wanted, int) and there != wanted and (wanted, there) != (1, 2):  # a single sigmoid becomes two
            raise ModelError(spec.name, f"its output '{key}' has {there} numbers, and its description says {wanted}")
    return answers


def _classifier(model: Model, answers: Answers, names: Sequence[str]) -> None:
    spec, scores = model.spec, answers["probabilities"]
    if scores.min() < 0 or scores.max() > 1 + 1e-4:
        raise ModelError(
            spec.name, f"its answers go from {scores.min():.3g} to {scores.max():.3g}, not from 0 to 1"
        ).advise("activation-logits")
    output = spec.outputs["probabilities"]
    total = float(scores.sum(axis=-1).max())
    if output.activation == "softmax" and abs(total - 1) > _SUM_TOLERANCE:
        raise ModelError(spec.name, f"its scores add up to {total:.3g} and not to 1: this is not a softmax").advise(
            "activation-sigmoid"
        )
    _counted(spec, scores.shape[-1], names)


def check_names(spec: ModelSpec, names: Sequence[str]) -> None:
    """Compare the number of classes in a description with that of their names; the model need not be built.

    Errors: ModelError, as of `try_out`.
    """
    if spec.role == "object-detector" and not names:
        raise ModelError(spec.name, _NAMELESS).advise("labels")
    if spec.role == "classifier" and isinstance(width := spec.outputs["probabilities"].shape[-1], int):
        _counted(spec, max(width, 2), names)


def _counted(spec: ModelSpec, classes: int, names: Sequence[str]) -> None:
    if classes == len(names):
        return
    hint, told = "", None if names else advice("labels")
    if classes == len(names) + 1 and names:
        told = advice("label-second")
    if classes == len(names) - 1:
        told = advice("label-first")
    if spec.outputs["probabilities"].shape[-1] == 1:
        hint = ": a single sigmoid has two, first what it is where the number is 0"
    error = ModelError(spec.name, f"it answers with {classes} classes, but {len(names)} names are known{hint}")
    error.advice = told
    raise error


def _objects(model: Model, answers: Answers, names: Sequence[str]) -> None:
    spec, boxes = model.spec, answers["boxes"].reshape(-1, 4)
    if len(answers["scores"].reshape(-1)) != len(boxes):
        raise ModelError(spec.name, f"it answers with {len(boxes)} boxes, but {answers['scores'].size} scores")
    if not names:
        raise ModelError(spec.name, _NAMELESS).advise("labels")


def _faces(model: Model, answers: Answers, _: Sequence[str]) -> None:
    if not {"boxes", "scores"} <= answers.keys():
        raise ModelError(model.spec.name, "a face detector answers with boxes and scores")


def _landmarks(model: Model, answers: Answers, _: Sequence[str]) -> None:
    if answers["landmarks"].size != 136:
        raise ModelError(model.spec.name, f"it answers with {answers['landmarks'].size} numbers, not with 68 points")


def _descriptors(model: Model, answers: Answers, _: Sequence[str]) -> None:
    spec, needed = model.spec, ("distance", "cluster_distance", "even_distance", "log_odds", "quality")
    missing = [key for key in needed if key not in spec.thresholds]
    if answers["descriptors"].ndim != 2 or missing:
        raise ModelError(
            spec.name, "it needs a distance below which two faces are one person's; [thresholds] lacks "
            f"{', '.join(missing)}").advise("threshold")  # fmt: skip


_CHECKS: dict[str, Callable[[Model, Answers, Sequence[str]], None]] = {
    "classifier": _classifier,
    "object-detector": _objects,
    "face-detector": _faces,
    "face-landmarks": _landmarks,
    "face-describer": _descriptors,
}
