"""Model store: the folder of built models, with a record of each one's files.

The zoo writes `FOLDER/ID/` with build.json, which records size and sha256 of every file, and one or more of
model.tflite, saved_model/ and model.onnx: the first two of its own models, of custom ones what is available.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.vision.spec import ModelSpec

LITERT_FILE = "model.tflite"
SAVED_MODEL = "saved_model"
ONNX_FILE = "model.onnx"
LABELS_FILE = "labels.txt"  # of a packaged model whose classes are listed beside its weights
RECORD = "build.json"
SIGNATURE = "serving_default"  # of both formats, with the names of the spec
BATCH_SIGNATURE = "batch"  # of a SavedModel: batches; outputs have one side more, the batch, in front


def is_built(spec: ModelSpec, folder: Path) -> bool:
    """Return whether the model is built, complete by its record; the content is checked when it is opened."""
    home = folder / spec.id
    try:
        files = _record(home)["files"]
        whole = all((home / name).stat().st_size == told["size"] for name, told in files.items())
        return whole and bool(_parts(files))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def is_whole(spec: ModelSpec, folder: Path) -> bool:
    """Return whether the model is built and every byte of it is as recorded."""
    try:
        return is_built(spec, folder) and check(spec, folder).is_dir()
    except ModelError:
        return False


def parts(spec: ModelSpec, folder: Path) -> set[str]:
    """Return the formats that a model was built in. Errors: ModelError where it is not built."""
    return _parts(_files(spec, folder))


def check(spec: ModelSpec, folder: Path, part: str = "") -> Path:
    """Compare the files of a built model, or those whose name starts with `part`, with their record.

    Return the path of the part. Errors: ModelError where one is missing or damaged.
    """
    home, files = folder / spec.id, _files(spec, folder)
    try:
        wanted = {name: told["sha256"] for name, told in files.items() if name.startswith(part)}
        damaged = [name for name, sha256 in wanted.items() if fingerprint(home / name) != sha256]
    except FileNotFoundError as error:
        raise ModelError(spec.name, f"is not built in {folder}").advise("build-models") from error
    except (OSError, KeyError, TypeError) as error:
        raise ModelError(spec.name, f"cannot be read in {home}: {error}").advise("rebuild-models") from error
    if damaged or not wanted:
        raise ModelError(spec.name, f"{home / (damaged or [part])[0]} is damaged").advise("rebuild-models")
    return home / part


def homes_of(name: str, folder: Path) -> list[Path]:
    """Return the folders of all builds of the model with a name, whatever its description was then."""
    is_id = re.compile(rf"{re.escape(name)}-[0-9a-f]{{8}}")
    return [file.parent for file in sorted(folder.glob(f"*/{RECORD}")) if is_id.fullmatch(file.parent.name)]


def _files(spec: ModelSpec, folder: Path) -> dict[str, Any]:
    home = folder / spec.id
    try:
        return dict(_record(home)["files"])
    except FileNotFoundError as error:
        raise ModelError(spec.name, f"is not built in {folder}").advise("build-models") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(spec.name, f"cannot be read in {home}: {error}").advise("rebuild-models") from error


def _parts(files: Iterable[str]) -> set[str]:
    return {name.split("/")[0] for name in files} & {LITERT_FILE, SAVED_MODEL, ONNX_FILE}


def record(files: Iterable[str], home: Path) -> dict[str, Any]:
    """Return size and sha256 of each file, as recorded."""
    return {name: {"size": (home / name).stat().st_size, "sha256": fingerprint(home / name)} for name in files}


def fingerprint(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_fingerprint(folder: Path) -> str:
    """Return the sha256 of all files of a folder: of the lines 'sha256  relative/name', in order of the names."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = "".join(f"{fingerprint(folder / name)}  {name}\n" for name in files)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _record(home: Path) -> dict[str, Any]:
    record = json.loads((home / RECORD).read_text("utf-8"))
    if not isinstance(record, dict):
        raise ValueError(f"{RECORD} is damaged")
    return record
