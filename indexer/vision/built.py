"""What a folder of built networks holds: a spec and a folder flow in; checked paths of its files flow out.

The zoo writes `FOLDER/ID/` with model.tflite, saved_model/ and build.json, which tells size and sha256 of every file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.vision.spec import ModelSpec

LITERT_FILE = "model.tflite"
SAVED_MODEL = "saved_model"
RECORD = "build.json"


def is_built(spec: ModelSpec, folder: Path) -> bool:
    """Tell whether the network is there, complete by its record; the content is checked when it is opened."""
    home = folder / spec.id
    try:
        files = _record(home)["files"]
        whole = all((home / name).stat().st_size == told["size"] for name, told in files.items())
        return whole and LITERT_FILE in files
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def is_whole(spec: ModelSpec, folder: Path) -> bool:
    """Tell whether the network is there and every byte of it as it was built."""
    try:
        return is_built(spec, folder) and check(spec, folder).is_dir()
    except ModelError:
        return False


def check(spec: ModelSpec, folder: Path, part: str = "") -> Path:
    """Compare the files of a built network, or those whose name starts with `part`, with their record.

    Return the path of the part. Errors: ModelError where one is missing or damaged.
    """
    home = folder / spec.id
    try:
        files: dict[str, Any] = _record(home)["files"]
        wanted = {name: told["sha256"] for name, told in files.items() if name.startswith(part)}
        damaged = [name for name, sha256 in wanted.items() if fingerprint(home / name) != sha256]
    except FileNotFoundError as error:
        raise ModelError(spec.name, f"is not built in {folder}; 'indexer models build' builds it") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(spec.name, f"cannot be read in {home}: {error}; {_REMEDY}") from error
    if damaged or not wanted:
        raise ModelError(spec.name, f"{home / (damaged or [part])[0]} is damaged; {_REMEDY}")
    return home / part


def record(files: Iterable[str], home: Path) -> dict[str, Any]:
    """Return size and sha256 of each file, as the record keeps them."""
    return {name: {"size": (home / name).stat().st_size, "sha256": fingerprint(home / name)} for name in files}


def fingerprint(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _record(home: Path) -> dict[str, Any]:
    record = json.loads((home / RECORD).read_text("utf-8"))
    if not isinstance(record, dict):
        raise ValueError(f"{RECORD} is damaged")
    return record


_REMEDY = "'indexer models build' builds it again"
