"""Model spec: the checked content of models/NAME.toml, everything known of a model but its weights."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.spec_table import Table

ROLES = ("classifier", "object-detector", "face-detector", "face-landmarks", "face-describer")
PACKAGED_FORMATS = ("torch", "dlib", "onnx-literal")
OWN_FORMATS = ("saved-model", "keras", "graph", "tflite", "onnx", "face-api")
FITS = ("as-is", "stretch", "center-crop", "three-crops", "letterbox", "short-side", "long-side")
RESAMPLINGS = ("nearest", "bilinear", "bicubic", "lanczos")
COLORS = ("RGB", "BGR", "gray")
LAYOUTS = ("NHWC", "NCHW")
DTYPES = ("float32", "float16", "uint8", "int8")
ACTIVATIONS = ("none", "softmax", "sigmoid")
APPLIED = ("none", "softmax", "sigmoid", "unit")
TEMPLATES = ("dlib", "arcface")

_LEAST = {"classifier": 0.01, "object-detector": 0.2}  # minimum of stored scores, where the description has none
_OBJECT = 0.5  # the minimum score of an object that gives its words

# Raise it when the zoo builds other numbers from the same spec: built models and stored results become stale.
_BUILDER = 1


@dataclass(frozen=True, slots=True)
class Weights:
    """The source of the weights: a file inside an installed package, or a custom file.

    package, version: of the package; empty for a custom file.
    file: from the folder of packages, or from the folder of the description; a SavedModel is a folder.
    sha256: of the file; with 'onnx-literal' of the ONNX bytes; of a folder as by `vision.model_store.tree_fingerprint`.
    format: of packages 'torch' (.pth before 1.6), 'dlib' (.dat), 'onnx-literal' (ONNX as WEIGHTS = b'…' in a Python
    file); of custom ones OWN_FORMATS.
    tags, signature: the graph of a SavedModel, and its function; empty: found by its tensors.
    trust: code inside the file (Lambda layers) may run.
    """

    file: str
    sha256: str
    format: str
    package: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    signature: str = ""
    trust: bool = False

    @property
    def is_own(self) -> bool:
        """Return whether the file is a custom one."""
        return not self.package

    @classmethod
    def of(cls, table: Table) -> Weights:
        """Read all keys of the table."""
        package = table.text("package", "")
        weights = cls(
            file=table.text("file"),
            sha256=table.digest("sha256"),
            format=table.choice("format", PACKAGED_FORMATS if package else OWN_FORMATS),
            package=package,
            version=table.text("version") if package else table.text("version", ""),
            tags=table.words("tags", []),
            signature=table.text("signature", ""),
            trust=table.truth("trust", default=False),
        )
        table.done()
        return weights


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


@dataclass(frozen=True, slots=True)
class Labels:
    """The source of the class names: a set that ships with the program, or a file, one class a line.

    offset: the number of classes before the first name ('background').
    """

    set: str = ""
    file: str = ""
    offset: int = 0

    @classmethod
    def of(cls, table: Table) -> Labels:
        """Read all keys of the table."""
        labels = cls(table.text("set", ""), table.text("file", ""), table.count("offset", 0))
        table.done()
        return labels


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The spec of a model, from its description.

    architecture: what the zoo builds; 'file' for a model that the source file itself describes.
    network: the parameters of its builder.  labels: the source of its class names.
    align: how chips of faces are cut (TEMPLATES).
    thresholds: defaults, which may change without making stored results stale.
    folder: where the description lies, empty for one that ships with the program: its files lie below it.
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
    labels: Labels
    align: str
    thresholds: Mapping[str, float]
    folder: str = ""

    @property
    def id(self) -> str:
        """The name and a fingerprint of everything that the model's outputs depend on.

        A key with its default counts as absent: new keys make nothing stale.
        """
        told: dict[str, Any] = {"architecture": self.architecture, "network": dict(self.network)}
        told["input"] = _told(self.input)
        told["outputs"] = {name: _told(output) for name, output in self.outputs.items()}
        told |= {"weights": self.weights.sha256, "builder": _BUILDER}
        told |= {key: value for key in ("tags", "signature") if (value := getattr(self.weights, key))}
        if self.weights.is_own and self.kept_from != _LEAST.get(self.role, 0.0):
            told["kept_from"] = self.kept_from
        if self.role == "object-detector" and self.labels.offset:
            told["offset"] = self.labels.offset
        told |= {"align": self.align} if self.align != TEMPLATES[0] else {}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:8]}"

    @property
    def kept_from(self) -> float:
        """The minimum score of a class in a view, or of an object, that is stored: tags are made from these."""
        least = _LEAST.get(self.role, 0.0)
        return min(self.thresholds.get("least", least), self.thresholds.get("score", 1.0))

    @property
    def shown_from(self) -> float | None:
        """The minimum score of a shown word; None: as the rules say."""
        return self.thresholds.get("score", _OBJECT if self.role == "object-detector" else None)

    def path(self, file: str) -> Path:
        """Return the path of a file that the description names."""
        return Path(self.folder) / file


def _told(part: Input | Output) -> dict[str, Any]:
    """Return the keys that the outputs depend on; later additions only where they were given."""
    late = {each.name: each.default for each in fields(part) if each.default is not MISSING}
    return {key: value for key, value in asdict(part).items() if key not in late or value != late[key]}


def read_specs(own: Path | None = None) -> dict[str, ModelSpec]:
    """Read all descriptions, by name: those that ship with the program, and those in the user's own folder.

    An unreadable custom one is left out: `broken_specs` reports it.
    """
    shipped = [read_spec(file) for file in sorted(packaged("models").glob("*.toml"))]
    mine = [found for found in _own_specs(own) if isinstance(found, ModelSpec)]
    return {spec.name: spec for spec in (*mine, *shipped)}


def broken_specs(own: Path | None) -> dict[str, ModelError]:
    """Return the errors of unreadable descriptions in the user's own folder, by name."""
    return {found.name: found for found in _own_specs(own) if isinstance(found, ModelError)}


def _own_specs(own: Path | None) -> Iterator[ModelSpec | ModelError]:
    for file in sorted(own.glob("*.toml")) if own else ():
        try:
            yield read_spec(file, own)
        except ModelError as error:
            yield error


def read_spec(file: Path, folder: Path | None = None) -> ModelSpec:
    """Read one description; folder: where its files lie. Errors: ModelError that names the file or the wrong key."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(file.stem, f"its description {file} cannot be read: {error}") from error
    if "folder" in raw:  # only a child process gets one
        raise ModelError(file.stem, "'folder' in its description is not a known key")
    return spec_of(file.stem, raw, str(folder or ""))


def spec_of(name: str, raw: dict[str, Any], folder: str = "") -> ModelSpec:
    """Check the content of a description.

    folder: where its files lie; as a key of `raw`, which the descriptions for child processes have, it takes
    precedence.
    Errors: ModelError that names the key that is wrong.
    """
    table = Table(name, raw)
    folder = table.text("folder", folder)
    optional = ("",) if folder else ()  # the user knows the license of a custom model
    spec = ModelSpec(
        name=name,
        description=table.text("description"),
        role=table.choice("role", ROLES),
        architecture=table.text("architecture", "file"),
        license=table.text("license", *optional),
        source=table.text("source", *optional),
        weights=Weights.of(table.table("weights")),
        input=Input.of(table.table("input")),
        outputs={key: Output.of(part) for key, part in table.table("outputs").tables().items()},
        network=table.table("network", {}).numbers(),
        labels=Labels.of(table.table("labels", {})),
        align=table.choice("align", TEMPLATES, TEMPLATES[0]),
        thresholds=table.table("thresholds", {}).numbers(),
        folder=folder,
    )
    table.done()
    for key, file in (("weights.file", spec.weights.file), ("labels.file", spec.labels.file)):
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ModelError(name, f"'{key}' in its description must lie below the description, not {file!r}")
    return spec
