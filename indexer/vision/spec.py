"""Model spec: the checked content of models/NAME.toml, everything known of a model but its weights."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.spec_table import Table
from indexer.vision.spec_tensors import Input, Output, tensor_keys

ROLES = (
    "classifier",
    "object-detector",
    "face-detector",
    "face-landmarks",
    "face-describer",
    "text-detector",
    "text-recognizer",
)
PACKAGED_FORMATS = ("torch", "dlib", "onnx-literal", "graph", "onnx")
OWN_FORMATS = ("saved-model", "keras", "graph", "tflite", "onnx", "face-api")
TEMPLATES = ("dlib", "arcface")
DECODINGS = ("boxes", "ssd")

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
    file), 'graph' (a frozen GraphDef); of custom ones OWN_FORMATS.
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

    @property
    def extra(self) -> str:
        """The extra of the program that brings the packages which these weights need; '' where none is needed."""
        if self.format != "onnx":
            return ""
        return "onnx" if self.is_own else "text"

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
    decoding: what the outputs of an object detector are: 'boxes' (scores and classes beside them) or 'ssd' (offsets
    to the anchors of `vision.object_anchors`, and logits of each class).
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
    decoding: str = DECODINGS[0]

    @property
    def id(self) -> str:
        """The name and a fingerprint of everything that the model's outputs depend on.

        A key with its default counts as absent: new keys make nothing stale.
        """
        told: dict[str, Any] = {"architecture": self.architecture, "network": dict(self.network)}
        told["input"] = tensor_keys(self.input)
        told["outputs"] = {name: tensor_keys(output) for name, output in self.outputs.items()}
        told |= {"weights": self.weights.sha256, "builder": _BUILDER}
        told |= {key: value for key in ("tags", "signature") if (value := getattr(self.weights, key))}
        if self.weights.is_own and self.kept_from != _LEAST.get(self.role, 0.0):
            told["kept_from"] = self.kept_from
        if self.role == "object-detector" and self.labels.offset:
            told["offset"] = self.labels.offset
        told |= {"align": self.align} if self.align != TEMPLATES[0] else {}
        told |= {"decoding": self.decoding} if self.decoding != DECODINGS[0] else {}
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
        decoding=table.choice("decoding", DECODINGS, DECODINGS[0]),
    )
    table.done()
    for key, file in (("weights.file", spec.weights.file), ("labels.file", spec.labels.file)):
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ModelError(name, f"'{key}' in its description must lie below the description, not {file!r}")
    return spec
