"""Building of missing models in subprocesses: this process never loads TensorFlow."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.subprocess_call import subprocess_call
from indexer.vision.model_store import is_whole
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.build.build import Report, build


def build_missing(specs: Iterable[ModelSpec], folder: Path, report: Report | None = None) -> None:
    """Build the models that are not built or damaged, in child processes: this one never loads TensorFlow.

    Each custom model has a process to itself: functions of two SavedModels may have one name, and TensorFlow
    refuses the second.  Errors: ModelError, as from `build`.
    """
    missing = [spec for spec in specs if not is_whole(spec, folder)]
    ours = [spec for spec in missing if not spec.weights.is_own]
    for group in ([ours] if ours else []) + [[spec] for spec in missing if spec.weights.is_own]:
        _build_in_child(group, folder, report)


def _build_in_child(specs: Sequence[ModelSpec], folder: Path, report: Report | None) -> None:
    names = ", ".join(spec.name for spec in specs)
    request = {"folder": folder, "specs": [asdict(spec) for spec in specs]}
    subprocess_call("indexer.zoo", request, partial(ModelError, names), report)


def build_all(request: dict[str, Any], report: Report) -> None:
    """Build the specs that were sent."""
    for raw in request["specs"]:
        build(spec_of(raw.pop("name"), raw), request["folder"], report)
        gc.collect()  # Keras models are full of cycles: without this, all models would be in memory at the end
