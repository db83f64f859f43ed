"""Inference of a model's outputs from an Inspection, by the role of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indexer.errors import ModelError
from indexer.zoo.custom.spec_draft import GUESS, LIKELY, SURE, DraftReason
from indexer.zoo.inspect.inspection import Inspection, Shape, TensorInfo

IMAGENET = (1000, 1001)
POSTPROCESS = "TFLite_Detection_PostProcess"  # returns boxes, classes, scores and count, in this order
_DETECTION = {
    "boxes": ("detection_boxes", ["objects", 4]),
    "scores": ("detection_scores", ["objects"]),
    "classes": ("detection_classes", ["objects"]),
    "count": ("num_detections", [1]),
}
_ACTIVATIONS = {"softmax": "softmax", "sigmoid": "sigmoid", "logistic": "sigmoid", "hardsigmoid": "sigmoid"}
_RAW = ("dense", "biasadd", "matmul", "add", "addv2", "conv2d", "gemm", "fully_connected", "conv_2d")
_EMBEDDING = ("embedding", "feature", "pool")


def ends_in_postprocess(inspection: Inspection) -> bool:
    """Return whether a model has the outputs of LiteRT's own detectors."""
    has_it = any(each.kind == POSTPROCESS for each in inspection.operations)
    return has_it and len(inspection.outputs) == len(_DETECTION)


def output_reasons(inspection: Inspection, role: str) -> Iterator[DraftReason]:
    """Yield the proposed keys of the outputs, and of class names.

    Errors: ModelError for outputs that are not those of the role.
    """
    yield from _OF_ROLES[role](inspection)


def main_output(inspection: Inspection) -> TensorInfo:
    """Return the main output: one with an activation rather than one called an embedding."""
    return max(
        inspection.outputs,
        key=lambda each: (
            activation_of(each) in ("softmax", "sigmoid"),
            not any(word in each.name.lower() for word in _EMBEDDING),
        ),
    )


def width_of(output: TensorInfo) -> int:
    """Return the length of one output; 0 where it is unknown or no list of numbers."""
    sides = [side for side in (output.shape or ())[1:] if side != 1] or [1]
    return sides[0] or 0 if len(sides) == 1 and output.shape and len(output.shape) > 1 else 0


def activation_of(output: TensorInfo) -> str:
    """Return 'softmax', 'sigmoid', 'logits', or '' where that is unknown."""
    kind = output.made_by.lower()
    return "logits" if kind in _RAW else _ACTIVATIONS.get(kind, "")


def _classes(inspection: Inspection) -> Iterator[DraftReason]:
    output = main_output(inspection)
    width = width_of(output)
    key = "outputs.probabilities"
    side: int | str = width or "classes"
    yield DraftReason(f"{key}.shape", ["views", side], "its answer for one picture", SURE if width else GUESS)
    yield DraftReason(f"{key}.tensor", output.name, *_why_this(inspection))
    yield from _applied(key, activation_of(output), output.made_by, width)
    for other in inspection.outputs:
        if other is not output and any(word in other.name.lower() for word in _EMBEDDING) and width_of(other):
            yield DraftReason("outputs.embedding.shape", [width_of(other)], "as the file says", SURE)
            yield DraftReason("outputs.embedding.tensor", other.name, "called so", LIKELY)
            break
    yield from _labels(inspection, width)


def _why_this(inspection: Inspection) -> tuple[str, str]:
    count = len(inspection.outputs)
    return ("the only one", SURE) if count == 1 else (f"of {count} outputs the one that looks like it", LIKELY)


def _applied(key: str, activation: str, made_by: str, width: int) -> Iterator[DraftReason]:
    match activation:
        case "softmax" | "sigmoid":
            yield DraftReason(f"{key}.activation", activation, f"its last operation is {made_by}", SURE)
        case "logits":
            needed = "sigmoid" if width == 1 else "softmax"
            yield DraftReason(f"{key}.apply", needed, f"its last operation is {made_by}: these are logits", LIKELY)
        case _:
            yield DraftReason(f"{key}.activation", "softmax", f"unknown ({made_by or 'nothing tells'}); usual", GUESS)


def _labels(inspection: Inspection, width: int) -> Iterator[DraftReason]:
    if inspection.labels_inside:
        count = len(inspection.labels_inside)
        yield DraftReason("labels.file", "labels.txt", f"the file brings {count} names along", SURE)
    elif width in IMAGENET:
        yield DraftReason("labels.set", "imagenet-1k", f"{width} classes", LIKELY)
        if width == 1001:
            yield DraftReason("labels.offset", 1, "the first of 1001 is 'background'", LIKELY)


def _objects(inspection: Inspection) -> Iterator[DraftReason]:
    names = {each.name for each in inspection.outputs}
    if "detection_boxes" in names:
        for key, (name, shape) in _DETECTION.items():
            if name in names:
                yield DraftReason(f"outputs.{key}.shape", shape, "for one picture", SURE)
                yield DraftReason(f"outputs.{key}.tensor", name, "called so", SURE)
        yield DraftReason("labels.offset", 1, "classes are counted from 1 in the Object Detection API", LIKELY)
        return
    if len(inspection.outputs) != len(_DETECTION):
        there = ", ".join(each.name for each in inspection.outputs)
        raise ModelError(Path(inspection.path).name, f"is not an object detector of a known kind; its outputs: {there}")
    for key, output in zip(("boxes", "classes", "scores", "count"), inspection.outputs, strict=True):
        yield DraftReason(f"outputs.{key}.shape", _DETECTION[key][1], "for one picture", SURE)
        yield DraftReason(f"outputs.{key}.tensor", output.name, f"the order of {POSTPROCESS}", LIKELY)


def _faces(inspection: Inspection) -> Iterator[DraftReason]:
    """Propose boxes and scores: by the names of the Object Detection API, its order in LiteRT, or by their shapes."""
    names = {each.name for each in inspection.outputs}
    if {"detection_boxes", "detection_scores"} <= names or ends_in_postprocess(inspection):
        yield from (each for each in _objects(inspection) if each.key.split(".")[1] in ("boxes", "scores"))
        return
    boxes = _only(inspection, [each for each in inspection.outputs if _rows_of(each)[-1:] == (4,)], "box")
    rows = _rows_of(boxes)[:-1]
    scores = _only(
        inspection,
        [each for each in inspection.outputs if each != boxes and _rows_of(each) in (rows, (*rows, 1))],
        "score",
    )
    for key, output, why in (("boxes", boxes, "four numbers each"), ("scores", scores, "a number for each box")):
        yield DraftReason(f"outputs.{key}.shape", _DETECTION[key][1], why, LIKELY)
        yield DraftReason(f"outputs.{key}.tensor", output.name, "its shape fits", LIKELY)


def _only(inspection: Inspection, outputs: Sequence[TensorInfo], word: str) -> TensorInfo:
    """Return the only one, or the only one with this name. Errors: ModelError."""
    called = [each for each in outputs if word in each.name.lower()]
    for found in (called, outputs):
        if len(found) == 1:
            return found[0]
    there = "; ".join(f"{each.name} {list(each.shape or ())}" for each in inspection.outputs)
    raise ModelError(
        Path(inspection.path).name,
        f"is not a face detector of a known kind, with boxes and scores; its outputs: {there}",
    )


def _rows_of(output: TensorInfo) -> Shape:
    """Return the shape of one picture's output; () where that is unknown or no list."""
    shape = output.shape or ()
    return shape[1:] if len(shape) > 1 else ()


def _descriptors(inspection: Inspection) -> Iterator[DraftReason]:
    output = main_output(inspection)
    yield DraftReason("outputs.descriptors.shape", ["chips", width_of(output)], "for one face", SURE)
    yield DraftReason("outputs.descriptors.tensor", output.name, *_why_this(inspection))
    if output.made_by.lower() != "unit":
        yield DraftReason("outputs.descriptors.apply", "unit", "most are compared at length 1", LIKELY)


def _landmarks(inspection: Inspection) -> Iterator[DraftReason]:
    output = main_output(inspection)
    yield DraftReason("outputs.landmarks.shape", ["chips", 136], "68 points of one face", SURE)
    yield DraftReason("outputs.landmarks.tensor", output.name, *_why_this(inspection))


_OF_ROLES: dict[str, Callable[[Inspection], Iterator[DraftReason]]] = {
    "classifier": _classes,
    "object-detector": _objects,
    "face-detector": _faces,
    "face-describer": _descriptors,
    "face-landmarks": _landmarks,
}
