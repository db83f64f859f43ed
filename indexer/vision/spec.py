"""models/NAME.toml flows in; a checked, frozen ModelSpec flows out: all that is known of a network but its weights."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.toml_table import Table

ROLES = ("classifier", "face-detector", "face-describer")
FORMATS = ("torch", "dlib", "onnx-literal")
FITS = ("as-is", "stretch", "center-crop", "short-side", "long-side")
RESAMPLINGS = ("nearest", "bilinear", "bicubic", "lanczos")
COLORS = ("RGB", "BGR")
ACTIVATIONS = ("none", "softmax", "sigmoid")

# Raise it when the zoo builds other numbers from the same spec: built networks and stored results become stale.
_BUILDER = 1


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the numbers come from: a file inside an installed package.

    format: 'torch' (.pth before 1.6), 'dlib' (.dat), 'onnx-literal' (ONNX as WEIGHTS = b'…' in a Python file).
    sha256: of the file; with 'onnx-literal' of the ONNX bytes.
    """

    package: str
    version: str
    file: str
    sha256: str
    format: str

    @classmethod
    def of(cls, table: Table) -> Weights:
        """Take all keys of the table."""
        texts = {key: table.text(key) for key in ("package", "version", "file")}
        weights = cls(**texts, sha256=table.digest("sha256"), format=table.choice("format", FORMATS))
        table.done()
        return weights


@dataclass(frozen=True, slots=True)
class Input:
    """What the network wants to see: value = (pixel − mean) × scale, colors in their order.

    name: of the input tensor.
    fit: 'as-is' (chips of size_px × size_px), 'stretch' (squeezed to size_px × size_px), 'center-crop' (the middle
    `crop` of the short side, as size_px × size_px), 'short-side' or 'long-side' (that side gets size_px, the other
    follows).
    multiple_px: with 'short-side' the long side grows in such steps; with 'long-side' both sides are filled up to a
    multiple of it, with black at the bottom and right.
    longest_px: with 'short-side', a longer side is squeezed to it.
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

    @classmethod
    def of(cls, table: Table) -> Input:
        """Take all keys of the table."""
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
        )
        table.done()
        return wanted


@dataclass(frozen=True, slots=True)
class Output:
    """A named output: its sides (a word where a side varies), and what was applied to it last."""

    shape: tuple[int | str, ...]
    activation: str

    @classmethod
    def of(cls, table: Table) -> Output:
        """Take all keys of the table."""
        output = cls(table.shape("shape"), table.choice("activation", ACTIVATIONS, "none"))
        table.done()
        return output


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A network as its description says.

    architecture: what the zoo builds; network: the numbers that its builder needs.
    labels: where the words for its classes come from.
    thresholds: defaults, which may change without making stored results stale.
    """

    name: str
    description: str
    role: str
    architecture: str
    license: str
    source: str
    weights: Weights
    input: Input
    outputs: Mapping[str, Output]
    network: Mapping[str, float]
    labels: Mapping[str, str]
    thresholds: Mapping[str, float]

    @property
    def id(self) -> str:
        """The name and a fingerprint of everything that the network's numbers depend on."""
        parts = asdict(self)
        told = {key: parts[key] for key in ("architecture", "network", "input", "outputs")}
        told |= {"weights": self.weights.sha256, "builder": _BUILDER}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:8]}"


def read_specs(folder: Path | None = None) -> dict[str, ModelSpec]:
    """Read all descriptions in a folder, by name; None: those that ship with the program.

    Errors: ModelError that names the file, or the key that is wrong.
    """
    files = sorted((folder or packaged("models")).glob("*.toml"))
    return {file.stem: read_spec(file) for file in files}


def read_spec(file: Path) -> ModelSpec:
    """Read one description. Errors: ModelError that names the file, or the key that is wrong."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(file.stem, f"its description {file} cannot be read: {error}") from error
    return spec_of(file.stem, raw)


def spec_of(name: str, raw: dict[str, Any]) -> ModelSpec:
    """Check the content of a description. Errors: ModelError that names the key that is wrong."""
    table = Table(name, raw)
    spec = ModelSpec(
        name=name,
        description=table.text("description"),
        role=table.choice("role", ROLES),
        architecture=table.text("architecture"),
        license=table.text("license"),
        source=table.text("source"),
        weights=Weights.of(table.table("weights")),
        input=Input.of(table.table("input")),
        outputs={key: Output.of(part) for key, part in table.table("outputs").tables().items()},
        network=table.table("network", {}).numbers(),
        labels=table.table("labels", {}).texts(),
        thresholds=table.table("thresholds", {}).numbers(),
    )
    table.done()
    return spec
