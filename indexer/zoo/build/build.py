"""Model build: the folder of a built model, from the packaged weights of its spec, for `vision.runtime` to open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from indexer.atomic_write import atomic_folder
from indexer.errors import ModelError
from indexer.vision.model_store import LITERT_FILE, RECORD, SAVED_MODEL, SIGNATURE, is_whole, record
from indexer.vision.spec import ModelSpec
from indexer.zoo.build.custom import write_custom
from indexer.zoo.build.packaged import write_packaged
from indexer.zoo.build.weights import read_weights

if TYPE_CHECKING:
    from indexer.zoo.architectures.layers import Forms

Report = Callable[[str], None]
_TOLERANCE = 1e-4  # between the outputs of Keras and the converted model


def build(spec: ModelSpec, folder: Path, report: Report | None = None) -> Path:
    """Build a model unless it is built and intact; return its folder. Loads TensorFlow.

    Several processes may request the same model: one builds, the others wait. A kill leaves no half-built model.
    Errors: ModelError for weights that are missing, damaged or not those of the architecture, or a full disk.
    """
    report = report or (lambda _: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{spec.id}.lock"):
            if not is_whole(spec, folder):
                _build(spec, folder, report)
    except OSError as error:
        raise ModelError(spec.name, f"cannot be built in {folder}: {error}") from error
    return folder / spec.id


def _build(spec: ModelSpec, folder: Path, report: Report) -> None:
    """Build in a temporary folder and rename it; the lock is held, so earlier temporary folders are stale."""
    for stale in folder.glob(f".{spec.id}-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with atomic_folder(folder / spec.id, prefix=f".{spec.id}-", overwrite=True) as home:
        if spec.weights.is_own:
            report(f"{spec.name}: building from {spec.weights.file}")
            write_custom(spec, home, report)
        elif spec.weights.format == "onnx":
            report(f"{spec.name}: copying from {spec.weights.package}")
            write_packaged(spec, home)
        else:
            report(f"{spec.name}: building from {spec.weights.package}")
            model = keras_forms(spec, read_weights(spec))
            report(f"{spec.name}: converting")
            _convert(spec, model, home)
        _record(spec, home)
    report(f"{spec.name}: built")


def _convert(spec: ModelSpec, model: Forms, home: Path) -> None:
    from indexer.zoo.build.convert import difference, export

    export(model, home, SAVED_MODEL, LITERT_FILE)
    apart = difference(model.one, home / LITERT_FILE, SIGNATURE)
    if not apart <= _TOLERANCE:
        raise ModelError(spec.name, f"its conversion by TensorFlow {version('tensorflow')} is wrong by {apart:.1e}")


def _record(spec: ModelSpec, home: Path) -> None:
    """Write the build record, with the versions used."""
    names = sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    packages = ("tensorflow", "keras", "numpy", spec.weights.package)
    versions = {package: version(package) for package in packages if package}
    built = {"id": spec.id, "files": record(names, home), "versions": versions}
    (home / RECORD).write_text(json.dumps(built, indent=1), "utf-8")


def keras_forms(spec: ModelSpec, weights: bytes) -> Forms:
    """Return the Keras models of a spec from the bytes of its weights.

    Errors: ModelError for an unknown architecture, or weights of another one.
    """
    try:
        match spec.architecture:
            case "efficientnet-lite":
                from indexer.zoo.architectures.efficientnet import efficientnet_lite
                from indexer.zoo.readers.torch_file import read_torch

                return efficientnet_lite(read_torch(weights), spec.network)
            case "retinaface-mobilenet025":
                from indexer.zoo.architectures.retinaface import retinaface
                from indexer.zoo.readers.onnx_file import read_onnx

                return retinaface(read_onnx(weights))
            case "ssd-mobilenetv2":
                from indexer.zoo.architectures.ssd_mobilenetv2 import ssd_mobilenetv2
                from indexer.zoo.readers.graph_file import read_graph

                return ssd_mobilenetv2(read_graph(weights))
            case "dlib-face-resnet":
                from indexer.zoo.architectures.dlib_resnet import dlib_resnet
                from indexer.zoo.architectures.layers import Forms
                from indexer.zoo.readers.dlib_file import read_dlib

                return Forms(dlib_resnet(read_dlib(weights)))
    except (ValueError, KeyError) as error:
        raise ModelError(spec.name, f"its weights cannot be used: {error}") from error
    raise ModelError(spec.name, f"its architecture '{spec.architecture}' is not known")
