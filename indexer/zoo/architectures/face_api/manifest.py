"""TensorFlow.js weights: the tensors of a manifest and its shards, by name, as float32.

TensorFlow.js stores a model as a JSON manifest and binary shards: the manifest lists, group by group, the files that
hold the group's bytes one after the other, and the tensors that stand in these bytes.  A tensor may be quantized:
value = number × scale + min.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "u1", "uint8": "u1", "uint16": "<u2", "float16": "<f2"}
_MOST = float(np.finfo(np.float32).max)
_LONGEST = 2**31  # of a side

Tensors = dict[str, NDArray[np.float32]]


def find_manifest(path: Path) -> Path:
    """Return the manifest itself, or the only one in a folder. Errors: ValueError where there is none, or several."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*-weights_manifest.json"))
    if len(found) != 1:
        raise ValueError(f"{path} holds {len(found)} files called …-weights_manifest.json instead of one")
    return found[0]


def manifest_files(manifest: Path) -> list[Path]:
    """Return the manifest and its shards: all files of the model.

    Errors: ValueError for an invalid manifest, OSError for one that cannot be read.
    """
    return [manifest, *(shard for group in _groups(manifest) for shard in _shards(manifest, group))]


def read_manifest(manifest: Path) -> Tensors:
    """Read all tensors, each in the shape that the manifest says.

    Errors: ValueError for an invalid manifest, shards that do not match it, or numbers that are not
    finite; OSError for files that are missing or cannot be read.
    """
    tensors: Tensors = {}
    for group in _groups(manifest):
        data = b"".join(shard.read_bytes() for shard in _shards(manifest, group))
        tensors |= _tensors(group, data)
    return tensors


def _groups(manifest: Path) -> list[dict[str, Any]]:
    try:
        groups = json.loads(manifest.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{manifest.name} is no JSON: {error}") from error
    if not isinstance(groups, list) or not all(_is_group(group) for group in groups):
        raise ValueError(f"{manifest.name} is not a manifest of weights")
    return groups


def _is_group(group: Any) -> bool:
    """Return whether a group is a table with the names of its files and tables of its tensors."""
    if not isinstance(group, dict):
        return False
    paths, weights = group.get("paths"), group.get("weights")
    return (
        isinstance(paths, list)
        and all(isinstance(path, str) for path in paths)
        and isinstance(weights, list)
        and all(isinstance(weight, dict) and isinstance(weight.get("name"), str) for weight in weights)
    )


def _shards(manifest: Path, group: dict[str, Any]) -> list[Path]:
    """Return the files of a group; they lie beside the manifest, nowhere else."""
    for name in group["paths"]:
        if name in ("", ".", "..") or {"/", "\\", ":", "\0"} & set(name):
            raise ValueError(f"{manifest.name} names the file {name!r}, which does not lie beside it")
    return [manifest.parent / name for name in group["paths"]]


def _tensors(group: dict[str, Any], data: bytes) -> Tensors:
    """Split the bytes of a group into its tensors."""
    tensors: Tensors = {}
    start = 0
    for weight in group["weights"]:
        name, shape = weight["name"], _shape(weight)
        stored, scale, least = _stored(weight)
        end = start + prod(shape) * stored.itemsize
        if end > len(data):
            raise ValueError(f"its files end before the numbers of '{name}'")
        numbers = np.frombuffer(data[start:end], stored).astype(np.float64) * scale + least
        if not (np.abs(numbers) <= _MOST).all():
            raise ValueError(f"'{name}' holds numbers that are not finite")
        tensors[name] = numbers.astype(np.float32).reshape(shape)
        start = end
    if start != len(data):
        raise ValueError(f"its files hold {len(data) - start} bytes more than its tensors")
    return tensors


def _shape(weight: dict[str, Any]) -> tuple[int, ...]:
    shape = weight.get("shape")
    if not isinstance(shape, list) or not all(type(side) is int and 0 <= side < _LONGEST for side in shape):
        raise ValueError(f"'{weight['name']}' has no shape")
    return tuple(shape)


def _stored(weight: dict[str, Any]) -> tuple[np.dtype[Any], float, float]:
    """Return the stored dtype of a tensor, and the scale and min that convert its numbers to values."""
    told = weight.get("quantization") or {"dtype": weight.get("dtype")}
    if not isinstance(told, dict) or str(told.get("dtype")) not in _DTYPES:
        raise ValueError(f"the numbers of '{weight['name']}' are stored in a way that is not known")
    scale, least = told.get("scale", 1), told.get("min", 0)
    if not all(isinstance(number, int | float) and abs(number) <= _MOST for number in (scale, least)):
        raise ValueError(f"'{weight['name']}' has no scale and min that could be used")
    return np.dtype(_DTYPES[told["dtype"]]), float(scale), float(least)
