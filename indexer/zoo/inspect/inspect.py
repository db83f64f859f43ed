"""The path of a model file flows in; an Inspection flows out, made by a process of its own.

`python -m indexer.zoo.inspect.inspect PATH [TAG…]` prints it as JSON. TensorFlow is loaded where it is needed, and
nothing in the file is run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from indexer.errors import ModelError, printable
from indexer.zoo.inspect.formats import format_of, home_of
from indexer.zoo.inspect.inspection import Inspection, TensorInfo, inspection_of


def inspect(path: Path, tags: Sequence[str] = ()) -> Inspection:
    """Read what a model file holds, in a process of its own.

    tags: of a SavedModel, the graph to tell of; none: 'serve', or the shortest.
    Errors: ModelError where there is no model, where it is damaged, or has no graph under these tags.
    """
    format_of(home_of(path))  # what is no model at all is told at once
    done = subprocess.run(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", "indexer.zoo.inspect.inspect", str(path), *tags],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = "".join(done.stderr.strip().splitlines()[-1:])
        raise ModelError(path.name, f"cannot be read: {last or 'the process that reads it was killed'}")
    told = json.loads(done.stdout)
    if "reason" in told:
        raise ModelError(told["name"], told["reason"])
    return inspection_of(told)


def look(path: Path, tags: Sequence[str] = ()) -> Inspection:
    """Do it in this process."""
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
    """Return what a name means: an input or output (of any signature), or an operation of the graph, with ':0' or not.

    Errors: ModelError that tells the nearest names.
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
        raise ModelError(Path(inspection.path).name, f"has no operation '{name}'; near are: {', '.join(near)}")
    return replace(known[plain], name=name)


def _serve(path: Path, tags: Sequence[str]) -> None:
    # Only our own line reaches the parent: whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        told = look(path, tags).record()
    except ModelError as error:
        told = {"name": error.name, "reason": error.reason}
    except OSError as error:
        told = {"name": path.name, "reason": f"{printable(path)} cannot be read: {error.strerror or error}"}
    with answers:
        json.dump(told, answers)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2:])
