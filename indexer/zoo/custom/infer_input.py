"""Inference of a model's input from an Inspection: size, fit, colors, scaling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from indexer.zoo.custom.normalization import FAMILIES, SCALINGS, Scaling
from indexer.zoo.custom.spec_draft import GUESS, LIKELY, SURE, DraftReason
from indexer.zoo.inspect.inspection import Inspection, TensorInfo

_COLORS = (1, 3)


def input_reasons(inspection: Inspection, picture: TensorInfo, role: str) -> Iterator[DraftReason]:
    """Yield the proposed keys of the input."""
    yield DraftReason("input.name", "image", "what built files call it", SURE)
    yield DraftReason("input.tensor", picture.name, "the only picture that goes in", SURE)
    layout = _layout(inspection, picture)
    yield layout
    if picture.dtype not in ("", "float32") and not picture.quantized:  # LiteRT does the rest of quantized ones
        yield DraftReason("input.dtype", picture.dtype, "as the file says", SURE)
    yield from _size(inspection, picture, role)
    yield _fit(role)
    yield from _values(inspection, picture, str(layout.value))


def _layout(inspection: Inspection, picture: TensorInfo) -> DraftReason:
    shape = picture.shape or (None,) * 4
    if shape[3] in _COLORS and shape[1] not in _COLORS:
        return DraftReason("input.layout", "NHWC", f"the last side is {shape[3]}: the colors", SURE)
    if shape[1] in _COLORS and shape[3] not in _COLORS:
        return DraftReason("input.layout", "NCHW", f"the second side is {shape[1]}: the colors", SURE)
    usual = "NCHW" if inspection.format == "onnx" else "NHWC"
    return DraftReason("input.layout", usual, f"usual in files of the form {inspection.format}", GUESS)


def sides_of(picture: TensorInfo) -> tuple[int | None, int | None]:
    """Return (height, width), None for a variable one."""
    shape = picture.shape or (None,) * 4
    is_planes = shape[1] in _COLORS and shape[3] not in _COLORS
    return (shape[2], shape[3]) if is_planes else (shape[1], shape[2])


def _size(inspection: Inspection, picture: TensorInfo, role: str) -> Iterator[DraftReason]:
    height, width = sides_of(picture)
    if width and height:
        yield DraftReason("input.size_px", width, "the input has this size", SURE)
        if height != width:
            yield DraftReason("input.height_px", height, "the input has this size", SURE)
        return
    if role in ("object-detector", "face-detector"):
        yield DraftReason("input.size_px", 640, "any size goes in; this one is usual", GUESS)
        return
    family = _family(inspection)
    size = family[1].size_px if family else 224
    yield DraftReason(
        "input.size_px", size, f"any size goes in; usual for {family[0] if family else 'classifiers'}", GUESS
    )


def _fit(role: str) -> DraftReason:
    match role:
        case "classifier":
            return DraftReason("input.fit", "center-crop", "most are measured so", GUESS)
        case "object-detector" | "face-detector":
            return DraftReason(
                "input.fit", "stretch", "most are trained so; boxes are told in parts of the picture", GUESS
            )
        case _:
            return DraftReason("input.fit", "as-is", "chips of faces have this size", SURE)


def _values(inspection: Inspection, picture: TensorInfo, layout: str) -> Iterator[DraftReason]:
    shape = picture.shape or (None,) * 4
    gray = (shape[1] if layout == "NCHW" else shape[3]) == 1
    scaling, why, sure = _scaling(inspection, picture, layout)
    if gray:
        yield DraftReason("input.colors", "gray", "one color goes in", SURE)
    else:
        usual = scaling.colors == "RGB"
        yield DraftReason("input.colors", scaling.colors, "usual" if usual else why, LIKELY if usual else sure)
    mean, scale = list(scaling.mean), list(scaling.scale)
    yield DraftReason("input.mean", mean[0] if len(set(mean)) == 1 else mean, why, sure)
    yield DraftReason("input.scale", scale[0] if len(set(scale)) == 1 else scale, why, sure)


def _scaling(inspection: Inspection, picture: TensorInfo, layout: str) -> tuple[Scaling, str, str]:
    if picture.normalized:
        means, deviations = picture.normalized
        told = Scaling(_triple(means), _triple([1 / each for each in deviations]))
        return told, "its metadata says so", SURE
    if picture.quantized:
        scale, zero = picture.quantized
        mean = zero + (128 if picture.dtype == "int8" else 0)
        told = Scaling((float(mean),) * 3, (scale,) * 3)
        return told, "its numbers are quantized so: what it computes with is (pixel − mean) × scale", SURE
    if picture.dtype in ("uint8", "int8"):
        return SCALINGS["0..255"], "bytes go in", SURE
    inner = next((each for each in inspection.operations if _is_scaling(each.name, each.kind)), None)
    if inner:
        sure = SURE if inner.kind in ("Rescaling", "Normalization") else LIKELY
        return SCALINGS["0..255"], f"it scales by itself, in '{inner.name}'", sure
    family = _family(inspection)
    if family:
        return SCALINGS[family[1].scaling], f"{family[0]} is trained so ({family[1].scaling})", LIKELY
    if inspection.format == "onnx" or layout == "NCHW":
        return SCALINGS["mean/std"], "usual for models from PyTorch", GUESS
    return SCALINGS["0..1"], "usual, and nothing says otherwise", GUESS


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values if len(values) == 3 else [values[0]] * 3
    return red, green, blue


def _is_scaling(name: str, kind: str) -> bool:
    """Return whether a layer, or an operation in its scope, is one of Keras's that scale pixels."""
    scopes = {part.rstrip("_0123456789") for part in name.lower().split("/")}
    return kind in ("Rescaling", "Normalization") or bool(scopes & {"rescaling", "normalization"})


def _family(inspection: Inspection) -> tuple[str, Any] | None:
    """Return (name, family) of the model whose name stands in the file's title, its name or those of operations."""
    scopes = (part for each in inspection.operations for part in each.name.split("/")[:2])
    told = [inspection.title, Path(inspection.path).stem, *dict.fromkeys(scopes)]
    for text in told:
        plain = "".join(letter for letter in text.lower() if letter.isalnum())
        for family in FAMILIES:
            if family.word in plain:
                return text, family
    return None
