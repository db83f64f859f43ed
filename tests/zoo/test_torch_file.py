"""Legacy PyTorch files: numbers come out in the right order, and nothing but numbers comes out."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from collections import OrderedDict
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexer.zoo.readers.torch_file import read_torch

MAGIC, PROTOCOL, SYSTEM = 0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}


class Storage:
    """Stands for torch's storage: pickled as a persistent id, its numbers follow after the pickles."""

    def __init__(self, key: str, numbers: np.ndarray) -> None:
        self.key, self.numbers = key, numbers


class FloatStorage:
    """What the persistent id names."""


def _rebuild_tensor_v2(*arguments: Any) -> tuple[Any, ...]:
    return arguments


class Tensor:
    """Pickled as torch pickles a tensor: a call of _rebuild_tensor_v2."""

    def __init__(self, storage: Storage, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.parts = (storage, 0, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, self.parts


class Pickler(pickle.Pickler):
    """Writes storages as torch does."""

    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, Storage):
            return ("storage", FloatStorage, item.key, "cpu", item.numbers.size, None)
        return None


def written(tensors: dict[str, Any], storages: list[Storage], magic: int = MAGIC) -> bytes:
    """Return the file that torch.save of that age would write."""
    modules = {"torch": ModuleType("torch"), "torch._utils": ModuleType("torch._utils")}
    FloatStorage.__module__, _rebuild_tensor_v2.__module__ = "torch", "torch._utils"
    modules["torch"].FloatStorage = FloatStorage  # type: ignore[attr-defined]
    modules["torch._utils"]._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    stream = io.BytesIO()
    sys.modules.update(modules)
    try:
        for part in (magic, PROTOCOL, SYSTEM, OrderedDict(tensors), [storage.key for storage in storages]):
            Pickler(stream, protocol=2).dump(part)
    finally:
        for name in modules:
            del sys.modules[name]
    for storage in storages:
        stream.write(struct.pack("<q", storage.numbers.size) + storage.numbers.astype("<f4").tobytes())
    return stream.getvalue()


def one_tensor() -> bytes:
    storage = Storage("7", np.arange(6, dtype=np.float32))
    return written({"weight": Tensor(storage, (2, 3), (3, 1))}, [storage])


@given(
    array=hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4), elements=st.floats(-9, 9, width=32)
    ),
    data=st.data(),
)
def test_permuted_strides_are_honored(array: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(array.ndim)))
    stored = np.ascontiguousarray(array.transpose(order))
    strides = [0] * array.ndim
    for place, axis in enumerate(order):
        strides[axis] = stored.strides[place] // 4
    storage = Storage("1", stored.ravel())
    read = read_torch(written({"weight": Tensor(storage, array.shape, tuple(strides))}, [storage]))
    np.testing.assert_array_equal(read["weight"], array)


def test_two_tensors_may_share_a_storage() -> None:
    storage = Storage("1", np.arange(4, dtype=np.float32))
    tensors = {"whole": Tensor(storage, (4,), (1,)), "turned": Tensor(storage, (2, 2), (1, 2))}
    read = read_torch(written(tensors, [storage]))
    assert read["whole"].tolist() == [0, 1, 2, 3]
    assert read["turned"].tolist() == [[0, 2], [1, 3]]


class Evil:
    """A pickle that would run a command."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


@pytest.mark.parametrize(
    "evil",
    [
        Evil(exec, "raise SystemExit('the pickle ran')"),
        Evil(eval, "1 / 0"),
        Evil(__import__, "os"),
        Evil(getattr, OrderedDict(), "clear"),
        Evil(bytearray, 1 << 40),
        type("Odd", (), {})(),
    ],
    ids=["exec", "eval", "import", "getattr", "memory", "class"],
)
@pytest.mark.parametrize("place", range(5))
def test_a_pickle_that_asks_for_anything_else_is_refused(evil: Any, place: int) -> None:
    globals()["Odd"] = type(evil)  # pickle looks the class up by its name
    parts: list[Any] = [MAGIC, PROTOCOL, SYSTEM, OrderedDict(), []]
    parts[place] = evil
    try:
        data = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    finally:
        del globals()["Odd"]
    with pytest.raises(ValueError, match="which a file of weights has no use for"):
        read_torch(data)


@pytest.mark.parametrize(
    "opcodes",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02c__builtin__\neval\nX\x03\x00\x00\x001+1\x85R.",
        b"ctorch.serialization\nload\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"(S'true'\nios\nsystem\n.",
    ],
    ids=["reduce", "eval", "torch", "stack-global", "inst"],
)
def test_hand_written_pickles_are_refused(opcodes: bytes) -> None:
    with pytest.raises(ValueError, match="no use for"):
        read_torch(opcodes)


def test_an_allowed_name_cannot_be_reached_through() -> None:
    dotted = b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93."
    with pytest.raises(ValueError, match="no use for"):
        read_torch(dotted)


@given(st.data())
def test_damaged_files_end_in_a_value_error(data: st.DataObject) -> None:
    whole = one_tensor()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match=r".+"):
        read_torch(whole[:cut])


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((2, 4), (4, 1)), ((2, 3), (3, 2)), ((2, 3), (3,)), ((-1, 3), (3, 1)), ((2, 3), (-3, 1)), ((1 << 40,), (1,))],
)
def test_a_tensor_larger_than_its_storage_is_refused(shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    storage = Storage("1", np.zeros(6, np.float32))
    with pytest.raises(ValueError, match="damaged"):
        read_torch(written({"weight": Tensor(storage, shape, strides)}, [storage]))


def test_other_files_are_refused() -> None:
    with pytest.raises(ValueError, match="not a PyTorch file"):
        read_torch(written({}, [], magic=1))
    with pytest.raises(ValueError, match="not a PyTorch file"):
        read_torch(b"PK\x03\x04 a zip")
    with pytest.raises(ValueError, match="more than tensors"):
        read_torch(written({"weight": "text"}, []))
