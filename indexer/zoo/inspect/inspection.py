"""Inspection: the content of a model file as values, read per format, judged by `infer_spec`, printed by the CLI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from indexer.errors import ModelError

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output.

    name: in the file: in a signature its key, in a graph the operation.
    dtype: NumPy's name; '' where unknown.  shape: None for a variable side; None as a whole where unknown.
    made_by: of an output, the kind of the operation that determines its values ('Softmax'); '' where unknown.
    quantized: (scale, zero point): the value is (number − zero point) × scale.
    normalized: of an input, (mean, deviation) of each color, from the file's metadata.
    """

    name: str
    dtype: str = ""
    shape: Shape | None = None
    made_by: str = ""
    quantized: tuple[float, int] | None = None
    normalized: tuple[tuple[float, ...], tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of the model: an operation, or with Keras a layer.

    inside: the function that it belongs to; '' for the graph itself, whose operations can be addressed by name.
    dtype, shape: of its result, where known.
    """

    name: str
    kind: str
    inside: str = ""
    dtype: str = ""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A named function of a file: its inputs and outputs."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that can be found out about a model file without running it.

    format: one of OWN_FORMATS in vision.spec.  title: the model's name in the file.
    tag_sets: of a SavedModel; tags: that of the graph which the rest describes.
    signature: the one that inputs and outputs are of; '' where they are the graph's own.
    parameters: the number of trained numbers.  bytes: of the file, or of all files of the folder.
    custom_operations: kinds that nothing here can run.  lambda_layers: names of layers that are Python code.
    """

    path: str
    format: str
    title: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    tag_sets: tuple[tuple[str, ...], ...] = ()
    tags: tuple[str, ...] = ()
    signatures: Mapping[str, SignatureInfo] = field(default_factory=dict)
    signature: str = ""
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    operations: tuple[Operation, ...] = ()
    parameters: int = 0
    bytes: int = 0
    custom_operations: tuple[str, ...] = ()
    lambda_layers: tuple[str, ...] = ()
    labels_inside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as JSON-compatible values."""
        return asdict(self)


def inspection_of(record: Mapping[str, Any]) -> Inspection:
    """Return the inspection from its record."""
    parts = {each.name: _frozen(record[each.name]) for each in fields(Inspection)}
    parts |= {key: tuple(_tensor(each) for each in record[key]) for key in ("inputs", "outputs")}
    parts["operations"] = tuple(
        Operation(**{key: _frozen(value) for key, value in each.items()}) for each in record["operations"]
    )
    parts["signatures"] = {
        name: SignatureInfo(*(tuple(_tensor(each) for each in told[key]) for key in ("inputs", "outputs")))
        for name, told in record["signatures"].items()
    }
    return Inspection(**parts)


def pick_tags(name: str, tag_sets: Sequence[tuple[str, ...]], wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the wanted tag-set, in any order; none: 'serve', or the shortest.

    Errors: ModelError that names the model and lists the existing tag-sets.
    """
    for tags in tag_sets:
        if set(tags) == (set(wanted) or {"serve"}):
            return tags
    if wanted:
        there = "; ".join(", ".join(tags) or "none" for tags in tag_sets)
        raise ModelError(name, f"has no graph under the tag {', '.join(wanted)}; its tags are: {there}")
    return min(tag_sets, key=len)


def behind(tensor: str, makers: Mapping[str, tuple[str, str]], passing: frozenset[str]) -> str:
    """Return the kind of the operation that determines a tensor's values, behind those that only pass them on.

    makers: tensor → (kind of the operation that makes it, its first input).
    """
    seen = set()
    kind = ""
    while tensor in makers and tensor not in seen:
        seen.add(tensor)
        kind, tensor = makers[tensor]
        if kind not in passing:
            return kind
    return kind


def _tensor(record: Mapping[str, Any]) -> TensorInfo:
    return TensorInfo(**{key: _frozen(value) for key, value in record.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
