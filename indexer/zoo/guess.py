"""An Inspection flows in; the description that its network probably wants flows out, with the reason for every key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.zoo.inspection import Inspection, Shape, Tensor
from indexer.zoo.scaling import FAMILIES, SCALINGS, Scaling

SURE, LIKELY, GUESS = "sure", "likely", "guess"
_COLORS = (1, 3)
_IMAGENET = (1000, 1001)
_DESCRIPTORS = (128, 256, 512)
_CHIPS = {112: "arcface", 150: "dlib", 160: "dlib"}  # px of a face describer's input → how chips are cut
_DETECTION = {
    "boxes": ("detection_boxes", ["objects", 4]),
    "scores": ("detection_scores", ["objects"]),
    "classes": ("detection_classes", ["objects"]),
    "count": ("num_detections", [1]),
}
_POSTPROCESS = "TFLite_Detection_PostProcess"  # answers boxes, classes, scores and count, in this order
_ACTIVATIONS = {"softmax": "softmax", "sigmoid": "sigmoid", "logistic": "sigmoid", "hardsigmoid": "sigmoid"}
_RAW = ("dense", "biasadd", "matmul", "add", "addv2", "conv2d", "gemm", "fully_connected", "conv_2d")
_EMBEDDING = ("embedding", "feature", "pool")


@dataclass(frozen=True, slots=True)
class Reason:
    """A key of the description, with dots between tables ('input.size_px'): its value, why, and how sure that is."""

    key: str
    value: Any
    why: str
    sure: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A description in the making: reasons in the order of the file, and as tables what they say."""

    reasons: tuple[Reason, ...]

    @property
    def spec(self) -> dict[str, Any]:
        """The tables of a description; name, text and checksum are still to come."""
        tables: dict[str, Any] = {}
        for reason in self.reasons:
            *path, key = reason.key.split(".")
            table = tables
            for each in path:
                table = table.setdefault(each, {})
            table[key] = reason.value
        return tables


def guess(inspection: Inspection, role: str | None = None) -> Proposal:
    """Propose a description.

    role: what the network is for, where that is known.
    Errors: ModelError where the file has not one picture going in, or nothing coming out.
    """
    picture = _picture(inspection)
    played = Reason("role", role, "--role", "given") if role else _role(inspection, picture)
    reasons = [played]
    if played.value == "face-describer":
        side = _sides(picture)[0] or 0
        reasons.append(Reason("align", _CHIPS.get(side, "dlib"), f"chips of {side} px are mostly cut so", GUESS))
    reasons += _weights(inspection)
    reasons += _input(inspection, picture, played.value)
    reasons += _OUTPUTS[played.value](inspection)
    return Proposal(tuple(reasons))


def _picture(inspection: Inspection) -> Tensor:
    name = Path(inspection.path).name
    pictures = [each for each in inspection.inputs if each.shape is None or len(each.shape) == 4]
    if len(pictures) != 1:
        there = "; ".join(f"{each.name} {list(each.shape or ())}" for each in inspection.inputs) or "none"
        raise ModelError(name, f"takes no single picture; its inputs are: {there}")
    if not inspection.outputs:
        raise ModelError(name, "has no output that depends on the picture")
    return pictures[0]


def _role(inspection: Inspection, picture: Tensor) -> Reason:
    names = {each.name for each in inspection.outputs}
    if names >= {"detection_boxes", "detection_scores", "detection_classes"}:
        return Reason("role", "object-detector", "its outputs are those of TensorFlow's Object Detection API", SURE)
    if _ends_in_postprocess(inspection):
        return Reason("role", "object-detector", f"its last operation is {_POSTPROCESS}", SURE)
    output = _main_output(inspection)
    width, side = _width(output), _sides(picture)[0]
    raw = _activation(output) not in ("softmax", "sigmoid")
    long = f"its answer has the length {width}"
    if width == 136 and raw:
        return Reason("role", "face-landmarks", f"{long}: 68 points", LIKELY)
    if width in _DESCRIPTORS and side in _CHIPS and raw:
        return Reason("role", "face-describer", f"{long}, from {side} px, and is no softmax", LIKELY)
    if width in _IMAGENET:
        return Reason("role", "classifier", f"{long}: ImageNet's classes", LIKELY)
    if width and not raw:
        return Reason("role", "classifier", f"{long} and comes out of a {_activation(output)}", LIKELY)
    return Reason("role", "classifier", "nothing says otherwise", GUESS)


def _ends_in_postprocess(inspection: Inspection) -> bool:
    has_it = any(each.kind == _POSTPROCESS for each in inspection.operations)
    return has_it and len(inspection.outputs) == len(_DETECTION)


def _weights(inspection: Inspection) -> Iterator[Reason]:
    yield Reason("weights.format", inspection.format, "told by its first bytes or its name", SURE)
    if inspection.tags and inspection.tags != ("serve",):
        yield Reason("weights.tags", list(inspection.tags), "the graph is saved under them", SURE)
    if inspection.signature and inspection.format == "saved-model":
        others = len(inspection.signatures) - 1
        why = f"{others} more there" if others else "the only one"
        yield Reason("weights.signature", inspection.signature, why, LIKELY if others else SURE)


def _input(inspection: Inspection, picture: Tensor, role: str) -> Iterator[Reason]:
    yield Reason("input.name", "image", "what built files call it", SURE)
    yield Reason("input.tensor", picture.name, "the only picture that goes in", SURE)
    layout = _layout(inspection, picture)
    yield layout
    if picture.dtype not in ("", "float32") and not picture.quantized:  # LiteRT does the rest of quantized ones
        yield Reason("input.dtype", picture.dtype, "as the file says", SURE)
    yield from _size(inspection, picture, role)
    yield _fit(role)
    yield from _values(inspection, picture, str(layout.value))


def _layout(inspection: Inspection, picture: Tensor) -> Reason:
    shape = picture.shape or (None,) * 4
    if shape[3] in _COLORS and shape[1] not in _COLORS:
        return Reason("input.layout", "NHWC", f"the last side is {shape[3]}: the colors", SURE)
    if shape[1] in _COLORS and shape[3] not in _COLORS:
        return Reason("input.layout", "NCHW", f"the second side is {shape[1]}: the colors", SURE)
    usual = "NCHW" if inspection.format == "onnx" else "NHWC"
    return Reason("input.layout", usual, f"usual in files of the form {inspection.format}", GUESS)


def _sides(picture: Tensor) -> tuple[int | None, int | None]:
    """Return (height, width), None for one that is free."""
    shape = picture.shape or (None,) * 4
    is_planes = shape[1] in _COLORS and shape[3] not in _COLORS
    return (shape[2], shape[3]) if is_planes else (shape[1], shape[2])


def _size(inspection: Inspection, picture: Tensor, role: str) -> Iterator[Reason]:
    height, width = _sides(picture)
    if width and height:
        yield Reason("input.size_px", width, "the input has this size", SURE)
        if height != width:
            yield Reason("input.height_px", height, "the input has this size", SURE)
        return
    if role in ("object-detector", "face-detector"):
        yield Reason("input.size_px", 640, "any size goes in; this one is usual", GUESS)
        return
    family = _family(inspection)
    size = family[1].size_px if family else 224
    yield Reason("input.size_px", size, f"any size goes in; usual for {family[0] if family else 'classifiers'}", GUESS)


def _fit(role: str) -> Reason:
    match role:
        case "classifier":
            return Reason("input.fit", "center-crop", "most are measured so", GUESS)
        case "object-detector" | "face-detector":
            return Reason("input.fit", "stretch", "most are trained so; boxes are told in parts of the picture", GUESS)
        case _:
            return Reason("input.fit", "as-is", "chips of faces have this size", SURE)


def _values(inspection: Inspection, picture: Tensor, layout: str) -> Iterator[Reason]:
    shape = picture.shape or (None,) * 4
    gray = (shape[1] if layout == "NCHW" else shape[3]) == 1
    scaling, why, sure = _scaling(inspection, picture, layout)
    if gray:
        yield Reason("input.colors", "gray", "one color goes in", SURE)
    else:
        usual = scaling.colors == "RGB"
        yield Reason("input.colors", scaling.colors, "usual" if usual else why, LIKELY if usual else sure)
    mean, scale = list(scaling.mean), list(scaling.scale)
    yield Reason("input.mean", mean[0] if len(set(mean)) == 1 else mean, why, sure)
    yield Reason("input.scale", scale[0] if len(set(scale)) == 1 else scale, why, sure)


def _scaling(inspection: Inspection, picture: Tensor, layout: str) -> tuple[Scaling, str, str]:
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
        return SCALINGS["mean/std"], "usual for networks that come from PyTorch", GUESS
    return SCALINGS["0..1"], "usual, and nothing says otherwise", GUESS


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values if len(values) == 3 else [values[0]] * 3
    return red, green, blue


def _is_scaling(name: str, kind: str) -> bool:
    """Tell whether a layer, or an operation in its scope, is one of Keras's that scale pixels."""
    scopes = {part.rstrip("_0123456789") for part in name.lower().split("/")}
    return kind in ("Rescaling", "Normalization") or bool(scopes & {"rescaling", "normalization"})


def _family(inspection: Inspection) -> tuple[str, Any] | None:
    """Return (name, family) of the network whose name stands in the file's title, its name or those of operations."""
    scopes = (part for each in inspection.operations for part in each.name.split("/")[:2])
    told = [inspection.title, Path(inspection.path).stem, *dict.fromkeys(scopes)]
    for text in told:
        plain = "".join(letter for letter in text.lower() if letter.isalnum())
        for family in FAMILIES:
            if family.word in plain:
                return text, family
    return None


def _main_output(inspection: Inspection) -> Tensor:
    """Return the output that answers: one with an activation rather than one called an embedding."""
    return max(
        inspection.outputs,
        key=lambda each: (
            _activation(each) in ("softmax", "sigmoid"),
            not any(word in each.name.lower() for word in _EMBEDDING),
        ),
    )


def _width(output: Tensor) -> int:
    """Return the length of one answer; 0 where it is unknown or no list of numbers."""
    sides = [side for side in (output.shape or ())[1:] if side != 1] or [1]
    return sides[0] or 0 if len(sides) == 1 and output.shape and len(output.shape) > 1 else 0


def _activation(output: Tensor) -> str:
    """Return 'softmax', 'sigmoid', 'logits', or '' where that is unknown."""
    kind = output.made_by.lower()
    return "logits" if kind in _RAW else _ACTIVATIONS.get(kind, "")


def _classes(inspection: Inspection) -> Iterator[Reason]:
    output = _main_output(inspection)
    width = _width(output)
    key = "outputs.probabilities"
    side: int | str = width or "classes"
    yield Reason(f"{key}.shape", ["views", side], "its answer for one picture", SURE if width else GUESS)
    yield Reason(f"{key}.tensor", output.name, *_why_this(inspection))
    yield from _applied(key, _activation(output), output.made_by, width)
    for other in inspection.outputs:
        if other is not output and any(word in other.name.lower() for word in _EMBEDDING) and _width(other):
            yield Reason("outputs.embedding.shape", [_width(other)], "as the file says", SURE)
            yield Reason("outputs.embedding.tensor", other.name, "called so", LIKELY)
            break
    yield from _labels(inspection, width)


def _why_this(inspection: Inspection) -> tuple[str, str]:
    count = len(inspection.outputs)
    return ("the only one", SURE) if count == 1 else (f"of {count} outputs the one that looks like it", LIKELY)


def _applied(key: str, activation: str, made_by: str, width: int) -> Iterator[Reason]:
    match activation:
        case "softmax" | "sigmoid":
            yield Reason(f"{key}.activation", activation, f"its last operation is {made_by}", SURE)
        case "logits":
            needed = "sigmoid" if width == 1 else "softmax"
            yield Reason(f"{key}.apply", needed, f"its last operation is {made_by}: these are logits", LIKELY)
        case _:
            yield Reason(f"{key}.activation", "softmax", f"unknown ({made_by or 'nothing tells'}); usual", GUESS)


def _labels(inspection: Inspection, width: int) -> Iterator[Reason]:
    if inspection.labels_inside:
        count = len(inspection.labels_inside)
        yield Reason("labels.file", "labels.txt", f"the file brings {count} names along", SURE)
    elif width in _IMAGENET:
        yield Reason("labels.set", "imagenet-1k", f"{width} classes", LIKELY)
        if width == 1001:
            yield Reason("labels.offset", 1, "the first of 1001 is 'background'", LIKELY)


def _objects(inspection: Inspection) -> Iterator[Reason]:
    names = {each.name for each in inspection.outputs}
    if "detection_boxes" in names:
        for key, (name, shape) in _DETECTION.items():
            if name in names:
                yield Reason(f"outputs.{key}.shape", shape, "for one picture", SURE)
                yield Reason(f"outputs.{key}.tensor", name, "called so", SURE)
        yield Reason("labels.offset", 1, "classes are counted from 1 in the Object Detection API", LIKELY)
        return
    if len(inspection.outputs) != len(_DETECTION):
        there = ", ".join(each.name for each in inspection.outputs)
        raise ModelError(Path(inspection.path).name, f"is no object detector that is known here; its outputs: {there}")
    for key, output in zip(("boxes", "classes", "scores", "count"), inspection.outputs, strict=True):
        yield Reason(f"outputs.{key}.shape", _DETECTION[key][1], "for one picture", SURE)
        yield Reason(f"outputs.{key}.tensor", output.name, f"the order of {_POSTPROCESS}", LIKELY)


def _faces(inspection: Inspection) -> Iterator[Reason]:
    """Propose boxes and scores: by the names of the Object Detection API, its order in LiteRT, or by their shapes."""
    names = {each.name for each in inspection.outputs}
    if {"detection_boxes", "detection_scores"} <= names or _ends_in_postprocess(inspection):
        yield from (each for each in _objects(inspection) if each.key.split(".")[1] in ("boxes", "scores"))
        return
    boxes = _only(inspection, [each for each in inspection.outputs if _sides_of(each)[-1:] == (4,)], "box")
    rows = _sides_of(boxes)[:-1]
    scores = _only(
        inspection,
        [each for each in inspection.outputs if each != boxes and _sides_of(each) in (rows, (*rows, 1))],
        "score",
    )
    for key, output, why in (("boxes", boxes, "four numbers each"), ("scores", scores, "a number for each box")):
        yield Reason(f"outputs.{key}.shape", _DETECTION[key][1], why, LIKELY)
        yield Reason(f"outputs.{key}.tensor", output.name, "its shape fits", LIKELY)


def _only(inspection: Inspection, outputs: Sequence[Tensor], word: str) -> Tensor:
    """Return the only one, or the only one that is called so. Errors: ModelError."""
    called = [each for each in outputs if word in each.name.lower()]
    for found in (called, outputs):
        if len(found) == 1:
            return found[0]
    there = "; ".join(f"{each.name} {list(each.shape or ())}" for each in inspection.outputs)
    raise ModelError(
        Path(inspection.path).name,
        f"is no face detector that is known here, with boxes and scores; its outputs: {there}",
    )


def _sides_of(output: Tensor) -> Shape:
    """Return the shape of what is said of one picture; () where that is unknown or no list."""
    shape = output.shape or ()
    return shape[1:] if len(shape) > 1 else ()


def _descriptors(inspection: Inspection) -> Iterator[Reason]:
    output = _main_output(inspection)
    yield Reason("outputs.descriptors.shape", ["chips", _width(output)], "for one face", SURE)
    yield Reason("outputs.descriptors.tensor", output.name, *_why_this(inspection))
    if output.made_by.lower() != "unit":
        yield Reason("outputs.descriptors.apply", "unit", "most are compared at length 1", LIKELY)


def _landmarks(inspection: Inspection) -> Iterator[Reason]:
    output = _main_output(inspection)
    yield Reason("outputs.landmarks.shape", ["chips", 136], "68 points of one face", SURE)
    yield Reason("outputs.landmarks.tensor", output.name, *_why_this(inspection))


_OUTPUTS: dict[str, Callable[[Inspection], Iterator[Reason]]] = {
    "classifier": _classes,
    "object-detector": _objects,
    "face-detector": _faces,
    "face-describer": _descriptors,
    "face-landmarks": _landmarks,
}
