"""Reader of old PyTorch files (before 1.6): tensors, without PyTorch.

The file is five pickles in a row (a magic number, the protocol, the system, the tensors, the storage keys),
then for each storage key a count and the raw numbers. A pickle can run any program, so this one may name
nothing but the few harmless things that a dictionary of tensors is made of.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}
# Errors of the unpickler and the code below for an invalid file.
_DAMAGE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor before its storage is read: the numbers of the storage that it shows, and their order."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch(data: bytes) -> dict[str, NDArray[Any]]:
    """Read a state dictionary: tensors by name.

    Errors: ValueError where the bytes are no such file, are cut off, or name anything that is not allowed.
    """
    try:
        return _state(io.BytesIO(data))
    except _DAMAGE as error:
        raise ValueError(f"it is not a PyTorch file, or it is damaged ({error})") from error


def _state(stream: io.BytesIO) -> dict[str, NDArray[Any]]:
    magic, protocol, system, tensors, keys = (_Unpickler(stream).load() for _ in range(5))
    if (magic, protocol) != (_MAGIC, _PROTOCOL) or not system["little_endian"]:
        raise ValueError("of another kind")
    views = {name: _view(value) for name, value in tensors.items()}
    numbers = _numbers(stream, views, keys)
    return {name: _strided(view, numbers[view.storage.key]) for name, view in views.items()}


class _Unpickler(pickle.Unpickler):
    """An unpickler restricted to dictionaries, texts, numbers and views of tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a file of weights has no use for")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, count, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("something other than numbers")
        return _Storage(key, dtype, count)


def _rebuilt(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return _View(storage, offset, shape, strides)


def _view(value: Any) -> _View:
    if not isinstance(value, _View):
        raise ValueError("more than tensors")
    return value


def _numbers(stream: io.BytesIO, views: dict[str, _View], keys: list[str]) -> dict[str, NDArray[Any]]:
    """Return the numbers of each storage, which follow the pickles in the order of the keys."""
    storages = {view.storage.key: view.storage for view in views.values()}
    numbers = {}
    for key in keys:
        (count,) = struct.unpack("<q", stream.read(8))
        if count != storages[key].count:
            raise ValueError("a storage is not as long as announced")
        numbers[key] = _read(stream, np.dtype(storages[key].dtype), count)
    return numbers


def _read(stream: io.BytesIO, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    data = stream.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise ValueError("cut off")
    return np.frombuffer(data, dtype)


def _strided(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers that a view shows, in C order.

    Many tensors are stored with permuted strides; read without them they have the right shape and wrong numbers.
    """
    if len(view.shape) != len(view.strides) or min((*view.shape, *view.strides, view.offset), default=0) < 0:
        raise ValueError("a tensor has an impossible shape")
    last = view.offset + sum((side - 1) * step for side, step in zip(view.shape, view.strides, strict=True))
    if 0 in view.shape or last >= len(numbers):
        raise ValueError("a tensor is larger than its storage")
    steps = tuple(step * numbers.itemsize for step in view.strides)
    shown = np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, steps, writeable=False)
    return np.ascontiguousarray(shown).reshape(view.shape)
