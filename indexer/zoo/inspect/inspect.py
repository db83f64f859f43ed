"""Model inspection: the content of a model file, read in a process of its own.

That is `python -m indexer.zoo.inspect.inspect < request.json`. TensorFlow is loaded where it is needed, and nothing in
the file is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from indexer.errors import ModelError, printable
from indexer.subprocess_call import Report, serve, subprocess_call
from indexer.zoo.inspect.formats import format_of, home_of
from indexer.zoo.inspect.inspection import Inspection, TensorInfo, inspection_of


def inspect(path: Path, tags: Sequence[str] = ()) -> Inspection:
    """Inspect a model file in a process of its own.

    tags: of a SavedModel, those of the graph to inspect; none: 'serve', or the shortest.
    Errors: ModelError where there is no model, where it is damaged, or has no graph under these tags.
    """
    format_of(home_of(path))  # what is no model at all is told at once
    lost = partial(_unreadable, path)
    return inspection_of(subprocess_call("indexer.zoo.inspect.inspect", {"path": path, "tags": list(tags)}, lost))


def _unreadable(path: Path, reason: str) -> ModelError:
    return ModelError(path.name, f"cannot be read: {reason}")


def look(path: Path, tags: Sequence[str] = ()) -> Inspection:
    """Inspect a model file in this process."""
    path = home_of(path)
    kind = format_of(path)
    if kind == "saved-model":
        from indexer.zoo.inspect.tensorflow import look_saved_model

        return look_saved_model(path, tags)
    if tags:
        raise ModelError(path.name, "has no tags; only SavedModels have")
    match kind:
        case "graph":
            from indexer.zoo.inspect.tensorflow import look_graph as look_in
        case "keras":
            from indexer.zoo.inspect.keras import look as look_in
        case "tflite":
            from indexer.zoo.inspect.tflite import look as look_in
        case _:
            from indexer.zoo.inspect.onnx import look as look_in
    return look_in(path)


def find_tensor(inspection: Inspection, name: str) -> TensorInfo:
    """Return the tensor of a name: an input or output (of any signature), or an operation, with ':0' or not.

    Errors: ModelError that lists the nearest names.
    """
    known: dict[str, TensorInfo] = {
        each.name: TensorInfo(each.name, each.dtype, each.shape) for each in inspection.operations if not each.inside
    }
    for signature in inspection.signatures.values():
        known |= {each.name: each for each in (*signature.inputs, *signature.outputs)}
    known |= {each.name: each for each in (*inspection.inputs, *inspection.outputs)}
    plain = name if name in known else name.partition(":")[0]
    if plain not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4) or list(known)[:3]
        raise ModelError(Path(inspection.path).name, f"has no operation '{name}'; similar names: {', '.join(near)}")
    return replace(known[plain], name=name)


def _serve(asked: dict[str, Any], _report: Report) -> dict[str, Any]:
    path: Path = asked["path"]
    try:
        return look(path, asked["tags"]).record()
    except OSError as error:
        raise ModelError(path.name, f"{printable(path)} cannot be read: {error.strerror or error}") from error


if __name__ == "__main__":
    serve(_serve)
