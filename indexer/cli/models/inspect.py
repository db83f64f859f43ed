"""`indexer models inspect`: the content of a model file, and a draft of its description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.output import JsonOption, count, table, visible, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import ModelError, printable

if TYPE_CHECKING:
    from indexer.zoo.custom.spec_draft import SpecDraft
    from indexer.zoo.inspect.inspection import Inspection, Operation, Shape, SignatureInfo

_SHOWN_LABELS = 5
_SHOWN_OUTPUTS = 10
_CALLED = {
    "saved-model": "TensorFlow SavedModel",
    "graph": "TensorFlow graph with its weights in it",
    "keras": "Keras model",
    "tflite": "LiteRT model",
    "onnx": "ONNX model",
}


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "inspect")(_inspect)


def _inspect(
    _: Session,
    path: Annotated[Path, typer.Argument(help="SavedModel folder, or .keras, .h5, .pb, .tflite or .onnx file.")],
    pattern: Annotated[
        str | None,
        typer.Argument(help="With --ops: only operations whose name or kind contains this text or matches a *pattern."),
    ] = None,
    ops: Annotated[bool, typer.Option("--ops", help="List the operations.")] = False,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Tag of the graph in the SavedModel; repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model file contains and propose a description for it; nothing in the file is run."""
    from indexer.zoo.inspect.inspect import inspect

    inspection = inspect(path, tag or ())
    chosen = [each for each in inspection.operations if _matches(each, pattern or "")]
    if as_json:
        write_json(_record(inspection, chosen), indent=2)
    elif ops or pattern:
        table([_operation(each) for each in chosen], ("name", "kind", "dtype", "shape", "inside"))
    else:
        for line in _lines(inspection):
            write(visible(line))


def _matches(operation: Operation, pattern: str) -> bool:
    wanted = pattern.lower()
    names = operation.name.lower(), operation.kind.lower()
    if any(letter in wanted for letter in "*?["):
        return any(fnmatchcase(name, wanted) for name in names)
    return any(wanted in name for name in names)


def _record(inspection: Inspection, operations: Sequence[Operation]) -> dict[str, Any]:
    proposal, reason = _proposal(inspection)
    return inspection.record() | {
        "operations": [asdict(each) for each in operations],
        "spec": proposal.spec if proposal else None,
        "reasons": [asdict(each) for each in proposal.reasons] if proposal else [],
        "notes": [*inspection.notes, *reason],
    }


def _proposal(inspection: Inspection) -> tuple[SpecDraft | None, tuple[str, ...]]:
    """Return a draft description, or None and the reason why there is none."""
    from indexer.zoo.custom.infer_spec import guess

    try:
        return guess(inspection), ()
    except ModelError as error:
        return None, (f"no description can be proposed: the model {error.reason}",)


def _operation(operation: Operation) -> list[str]:
    return [operation.name, operation.kind, operation.dtype, _shape(operation.shape), operation.inside]


def _lines(inspection: Inspection) -> Iterator[str]:
    from indexer.zoo.custom.spec_draft import toml_lines

    proposal, reason = _proposal(inspection)
    yield f"{printable(inspection.path)}: {_CALLED[inspection.format]}"
    yield f"  {count(inspection.parameters, 'parameter')}, {count(inspection.bytes, 'byte')}"
    yield from _facts(inspection)
    yield from _tensors(inspection)
    for note in (*inspection.notes, *reason):
        yield f"  note: {note}"
    if proposal:
        yield ""
        yield "# Proposed description"
        yield from toml_lines(proposal)


def _facts(inspection: Inspection) -> Iterator[str]:
    kinds = {each.kind for each in inspection.operations}
    versions = ", ".join(f"{name} {version}" for name, version in inspection.versions.items())
    tags = "; ".join(", ".join(each) or "none" for each in inspection.tag_sets)
    labels = inspection.labels_inside
    more = ", …" if len(labels) > _SHOWN_LABELS else ""
    facts = {
        "called": inspection.title,
        "versions": versions,
        "tags": tags,
        "operations": f"{count(len(inspection.operations), 'operation')} of {count(len(kinds), 'kind')} (--ops)",
        "unknown operations": ", ".join(inspection.custom_operations),
        "Python code (never run)": ", ".join(inspection.lambda_layers),
        "labels inside": labels and f"{len(labels):,}: {', '.join(labels[:_SHOWN_LABELS])}{more}",
    }
    yield from (f"  {name}: {fact}" for name, fact in facts.items() if fact)


def _tensors(inspection: Inspection) -> Iterator[str]:
    from indexer.zoo.inspect.inspection import SignatureInfo

    if not inspection.signatures:
        yield "  no signature; inputs and outputs of the graph:"
        yield from _ends(SignatureInfo(inspection.inputs, inspection.outputs))
    for name, signature in inspection.signatures.items():
        yield f"  signature {name}"
        yield from _ends(signature)


def _ends(signature: SignatureInfo) -> Iterator[str]:
    for way, tensors in (("in ", signature.inputs), ("out", signature.outputs)):
        for each in tensors[:_SHOWN_OUTPUTS]:
            made_by = f" by {each.made_by}" if each.made_by else ""
            yield f"    {way}  {each.name}  {each.dtype} {_shape(each.shape)}{made_by}"
        if len(tensors) > _SHOWN_OUTPUTS:
            yield f"    {way}  … {len(tensors) - _SHOWN_OUTPUTS} more"


def _shape(shape: Shape | None) -> str:
    return "" if shape is None else f"[{', '.join('any' if side is None else str(side) for side in shape)}]"
