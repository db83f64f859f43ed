"""Packaged ONNX files, which are run as they are."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

from indexer.vision.model_store import LABELS_FILE, ONNX_FILE
from indexer.vision.spec import ModelSpec
from indexer.zoo.build.weights import read_weights


def write_packaged(spec: ModelSpec, home: Path) -> None:
    """Write the files of a model into `home`. Errors: ModelError as of `read_weights`; OSError."""
    (home / ONNX_FILE).write_bytes(read_weights(spec))
    if spec.labels.file:
        labels = Path(str(distribution(spec.weights.package).locate_file(spec.labels.file)))
        (home / LABELS_FILE).write_bytes(labels.read_bytes())
