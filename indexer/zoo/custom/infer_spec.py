"""Inference of a model's description from an Inspection, with the reason for every key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indexer.errors import ModelError
from indexer.zoo.custom.infer_input import input_reasons, sides_of
from indexer.zoo.custom.infer_outputs import (
    IMAGENET,
    POSTPROCESS,
    activation_of,
    ends_in_postprocess,
    main_output,
    output_reasons,
    width_of,
)
from indexer.zoo.custom.spec_draft import GUESS, LIKELY, SURE, DraftReason, SpecDraft
from indexer.zoo.inspect.inspection import Inspection, TensorInfo

_DESCRIPTORS = (128, 256, 512)
_CHIPS = {112: "arcface", 150: "dlib", 160: "dlib"}  # px of a face describer's input → how chips are cut


def guess(inspection: Inspection, role: str | None = None) -> SpecDraft:
    """Return a draft description.

    role: the purpose of the model, where known.
    Errors: ModelError where the file does not have one picture as input, or has no outputs.
    """
    picture = _picture(inspection)
    played = DraftReason("role", role, "option role", "given") if role else _role(inspection, picture)
    reasons = [played]
    if played.value == "face-describer":
        side = sides_of(picture)[0] or 0
        reasons.append(DraftReason("align", _CHIPS.get(side, "dlib"), f"chips of {side} px are mostly cut so", GUESS))
    reasons += _weights(inspection)
    reasons += input_reasons(inspection, picture, played.value)
    reasons += output_reasons(inspection, played.value)
    return SpecDraft(tuple(reasons))


def _picture(inspection: Inspection) -> TensorInfo:
    name = Path(inspection.path).name
    pictures = [each for each in inspection.inputs if each.shape is None or len(each.shape) == 4]
    if len(pictures) != 1:
        there = "; ".join(f"{each.name} {list(each.shape or ())}" for each in inspection.inputs) or "none"
        raise ModelError(name, f"does not take a single picture; its inputs are: {there}")
    if not inspection.outputs:
        raise ModelError(name, "has no output that depends on the picture")
    return pictures[0]


def _role(inspection: Inspection, picture: TensorInfo) -> DraftReason:
    names = {each.name for each in inspection.outputs}
    if names >= {"detection_boxes", "detection_scores", "detection_classes"}:
        return DraftReason(
            "role", "object-detector", "its outputs are those of TensorFlow's Object Detection API", SURE
        )
    if ends_in_postprocess(inspection):
        return DraftReason("role", "object-detector", f"its last operation is {POSTPROCESS}", SURE)
    output = main_output(inspection)
    width, side = width_of(output), sides_of(picture)[0]
    raw = activation_of(output) not in ("softmax", "sigmoid")
    long = f"its answer has the length {width}"
    if width == 136 and raw:
        return DraftReason("role", "face-landmarks", f"{long}: 68 points", LIKELY)
    if width in _DESCRIPTORS and side in _CHIPS and raw:
        return DraftReason("role", "face-describer", f"{long}, from {side} px, and is no softmax", LIKELY)
    if width in IMAGENET:
        return DraftReason("role", "classifier", f"{long}: ImageNet's classes", LIKELY)
    if width and not raw:
        return DraftReason("role", "classifier", f"{long} and comes out of a {activation_of(output)}", LIKELY)
    return DraftReason("role", "classifier", "nothing says otherwise", GUESS)


def _weights(inspection: Inspection) -> Iterator[DraftReason]:
    yield DraftReason("weights.format", inspection.format, "told by its first bytes or its name", SURE)
    if inspection.tags and inspection.tags != ("serve",):
        yield DraftReason("weights.tags", list(inspection.tags), "the graph is saved under them", SURE)
    if inspection.signature and inspection.format == "saved-model":
        others = len(inspection.signatures) - 1
        why = f"{others} more there" if others else "the only one"
        yield DraftReason("weights.signature", inspection.signature, why, LIKELY if others else SURE)
