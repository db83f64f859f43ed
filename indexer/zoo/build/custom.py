"""Build of a custom model from its description, for `vision.runtime` to open.

Files that LiteRT or ONNX Runtime can run are copied as they are. All others become a SavedModel with the names of the
description and, where the converter supports its operations, a LiteRT file whose outputs must be equal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from indexer.errors import ModelError
from indexer.vision.model_store import LITERT_FILE, ONNX_FILE, SAVED_MODEL, fingerprint, tree_fingerprint
from indexer.vision.spec import ModelSpec

_AS_IT_IS = {"tflite": LITERT_FILE, "onnx": ONNX_FILE}
_TOLERANCE = 1e-3  # between the outputs of TensorFlow and LiteRT; custom models may be less stable than ours
Report = Callable[[str], None]


def write_custom(spec: ModelSpec, home: Path, report: Report) -> None:
    """Write the files of a model into `home`. Errors: ModelError where its file is missing, changed or unsuitable."""
    path = checked(spec)
    if spec.weights.format in _AS_IT_IS:
        shutil.copyfile(path, home / _AS_IT_IS[spec.weights.format])
        return
    from indexer.zoo.build.convert import save
    from indexer.zoo.build.custom_loader import open_custom_model

    foreign = open_custom_model(spec, path)
    save(foreign.run, foreign.wanted, foreign.kept, home / SAVED_MODEL)
    reason = _convert(foreign.run, foreign.wanted, home)
    if reason:
        report(f"{spec.name}: {reason}; TensorFlow will run it, which takes longer to start")


def checked(spec: ModelSpec) -> Path:
    """Return the path of the model's file, compared with its fingerprint. Errors: ModelError."""
    path = spec.path(spec.weights.file)
    try:
        found = tree_fingerprint(path) if path.is_dir() else fingerprint(path)
    except OSError as error:
        raise ModelError(spec.name, f"its file {path} cannot be read: {error.strerror}") from error
    if found != spec.weights.sha256:
        raise ModelError(spec.name, f"its file {path} has changed since it was added").advise("add-again")
    return path


def _convert(run: Callable[..., object], wanted: object, home: Path) -> str:
    """Convert for LiteRT; return why that failed, in a few words, or nothing."""
    from indexer.vision.model_store import SIGNATURE
    from indexer.zoo.build.convert import convert, largest_difference

    file = home / LITERT_FILE
    try:
        convert(home / SAVED_MODEL, file)
        difference = largest_difference(run, wanted, file, SIGNATURE)
    except Exception as error:  # (converters fail in their own ways; then there is no such file)
        file.unlink(missing_ok=True)
        return f"LiteRT cannot run it ({str(error).strip().splitlines()[0][:100]})"
    if not difference <= _TOLERANCE:
        file.unlink()
        return f"LiteRT would answer otherwise (by {difference:.1e})"
    return ""
