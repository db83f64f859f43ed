"""Tensors of a model spec: its input, how pictures are brought to it, and its outputs."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from indexer.vision.spec_table import Table

FITS = ("as-is", "stretch", "center-crop", "three-crops", "letterbox", "short-side", "long-side")
RESAMPLINGS = ("nearest", "bilinear", "bicubic", "lanczos")
COLORS = ("RGB", "BGR", "gray")
LAYOUTS = ("NHWC", "NCHW")
DTYPES = ("float32", "float16", "uint8", "int8")
ACTIVATIONS = ("none", "softmax", "sigmoid")
APPLIED = ("none", "softmax", "sigmoid", "unit")


@dataclass(frozen=True, slots=True)
class Input:
    """The input of a model: value = (pixel − mean) × scale, colors in their order.

    name: of the input tensor of the built model.  tensor: its name in the source file.
    layout: NHWC or NCHW.  dtype: of the tensor; values for an integer type are rounded.
    fit: 'as-is' (chips of size_px × size_px), 'stretch' (resized to the size), 'center-crop' (the middle `crop` of
    the short side), 'three-crops' (the same at both ends and in the middle of the long side, a view each),
    'letterbox' (the whole picture in the middle of the size, `fill` around it), 'short-side' or 'long-side' (that
    side gets size_px, the other follows).
    size_px: the width; height_px: the height, where it differs; the first four fits resize to this size.
    multiple_px: with 'short-side' the long side grows in such steps; with 'long-side' both sides are padded to a
    multiple of it, with black at the bottom and right.
    longest_px: with 'short-side', the maximum of the longer side.
    """

    name: str
    fit: str
    size_px: int
    colors: str
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    resampling: str
    crop: float
    multiple_px: int
    longest_px: int
    height_px: int = 0
    fill: float = 0.0
    tensor: str = ""
    layout: str = "NHWC"
    dtype: str = "float32"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the model's input in px, where `fit` brings pictures to one size."""
        return self.size_px, self.height_px or self.size_px

    @property
    def source_name(self) -> str:
        """The name of the input in the source file."""
        return self.tensor or self.name

    @classmethod
    def of(cls, table: Table) -> Input:
        """Read all keys of the table."""
        wanted = cls(
            name=table.text("name"),
            fit=table.choice("fit", FITS),
            size_px=table.count("size_px"),
            colors=table.choice("colors", COLORS),
            mean=table.triple("mean"),
            scale=table.triple("scale"),
            resampling=table.choice("resampling", RESAMPLINGS, "bicubic"),
            crop=table.number("crop", 1.0),
            multiple_px=table.count("multiple_px", 1),
            longest_px=table.count("longest_px", 4096),
            height_px=table.count("height_px", 0),
            fill=table.number("fill", 0.0),
            tensor=table.text("tensor", ""),
            layout=table.choice("layout", LAYOUTS, "NHWC"),
            dtype=table.choice("dtype", DTYPES, "float32"),
        )
        table.done()
        return wanted


@dataclass(frozen=True, slots=True)
class Output:
    """A named output: its sides (a word where a side varies), and its final activation.

    tensor: its name in the source file.
    apply: what the program applies to the output: 'softmax' or 'sigmoid' for raw logits, 'unit' brings vectors to
    length 1.
    """

    shape: tuple[int | str, ...]
    activation: str
    tensor: str = ""
    apply: str = "none"

    @classmethod
    def of(cls, table: Table) -> Output:
        """Read all keys of the table."""
        output = cls(
            shape=table.shape("shape"),
            activation=table.choice("activation", ACTIVATIONS, "none"),
            tensor=table.text("tensor", ""),
            apply=table.choice("apply", APPLIED, "none"),
        )
        table.done()
        return output


def tensor_keys(part: Input | Output) -> dict[str, Any]:
    """Return the keys that a model's answers depend on; later additions only where they were given."""
    late = {each.name: each.default for each in fields(part) if each.default is not MISSING}
    return {key: value for key, value in asdict(part).items() if key not in late or value != late[key]}
