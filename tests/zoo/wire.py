"""Protocol Buffers by hand: fields of messages flow in, bytes flow out; enough to make a small ONNX file."""

from __future__ import annotations

import struct

import numpy as np


def varint(value: int) -> bytes:
    """A number, seven bits a byte."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def part(number: int, data: bytes | str | int | float) -> bytes:
    """One field of a message."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    if isinstance(data, float):
        return varint(number << 3 | 5) + struct.pack("<f", data)
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray, kind: int = 1) -> bytes:
    """ONNX's TensorProto; kind: its number for the dtype, 1 for float32."""
    sides = b"".join(part(1, side) for side in array.shape)
    return sides + part(2, kind) + part(8, name) + part(9, array.tobytes())


def value(name: str, shape: tuple[int | str, ...], kind: int = 1) -> bytes:
    """ONNX's ValueInfoProto: a tensor that goes in or out; a word is a free side."""
    sides = b"".join(part(1, part(2 if isinstance(side, str) else 1, side)) for side in shape)
    return part(1, name) + part(2, part(1, part(1, kind) + part(2, sides)))


def node(kind: str, inputs: str, outputs: str, **attributes: int | tuple[int, ...]) -> bytes:
    """ONNX's NodeProto; inputs and outputs: names with a blank between them."""
    names = b"".join(part(1, name) for name in inputs.split()) + b"".join(part(2, name) for name in outputs.split())
    given = b"".join(_attribute(name, wanted) for name, wanted in attributes.items())
    return names + part(3, f"{kind}_{outputs}") + part(4, kind) + given


def onnx_model(*graph: bytes) -> bytes:
    """A file with what else stands in one: version, producer, operator set."""
    return part(1, 8) + part(2, "test") + part(7, b"".join(graph)) + part(8, part(2, 13))


def _attribute(name: str, wanted: int | tuple[int, ...]) -> bytes:
    if isinstance(wanted, int):
        return part(5, part(1, name) + part(3, wanted) + part(20, 2))
    return part(5, part(1, name) + b"".join(part(8, each) for each in wanted) + part(20, 7))
