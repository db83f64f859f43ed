"""Reader of dlib model files (.dat): layers with their weights, without dlib.

dlib writes an integer as a control byte (how many bytes follow, and the sign) and those bytes; a text or a
block of numbers as its length and its bytes. The layers stand in order from input to output, each with its
name in front, between descriptions that a network of known architecture does not need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TENSOR_VERSION = 2
_MAX_INTEGER_BYTES = 8
_SIGN = 0x80


@dataclass(frozen=True, slots=True)
class DlibLayer:
    """A layer with weights: kind 'con_4', 'affine_' or 'fc_2', and its numbers as they stand in the file.

    weights: float32[count].  shape: the four dimensions of dlib's tensor.
    """

    kind: str
    weights: NDArray[np.float32]
    shape: tuple[int, int, int, int]


def read_dlib(data: bytes) -> list[DlibLayer]:
    """Read the layers that have weights, in order from input to output.

    Errors: ValueError where the bytes are no dlib network or are cut off.
    """
    layers = list(_layers(data))
    if not layers:
        raise ValueError("it is not a dlib model")
    return layers


def _layers(data: bytes) -> Iterator[DlibLayer]:
    place = 0
    while found := _next_name(data, place):
        kind, place = found
        for _ in range(2 if kind == "fc_2" else 0):  # its outputs and inputs stand before the tensor
            _, place = _integer(data, place)
        layer, place = _tensor(data, place, kind)
        yield layer


def _next_name(data: bytes, place: int) -> tuple[str, int] | None:
    """Return the next layer with weights and the offset after its name, which a one-byte length precedes."""
    found = [(data.find(bytes((1, len(name))) + name.encode(), place), name) for name in ("con_4", "affine_", "fc_2")]
    at, name = min(((at, name) for at, name in found if at >= 0), default=(-1, ""))
    return (name, at + 2 + len(name)) if at >= 0 else None


def _tensor(data: bytes, place: int, kind: str) -> tuple[DlibLayer, int]:
    version, place = _integer(data, place)
    if version != _TENSOR_VERSION:
        raise ValueError("it is not a dlib model, or it is damaged")
    sides = []
    for _ in range(4):
        side, place = _integer(data, place)
        sides.append(side)
    count = int(np.prod(sides, dtype=object))
    if min(sides) < 0 or place + 4 * count > len(data):
        raise ValueError("it is cut off or damaged")
    weights = np.frombuffer(data, "<f4", count, place)
    return DlibLayer(kind, weights, (sides[0], sides[1], sides[2], sides[3])), place + 4 * count


def _integer(data: bytes, place: int) -> tuple[int, int]:
    try:
        (control,) = struct.unpack_from("B", data, place)
    except struct.error as error:
        raise ValueError("it is cut off") from error
    size = control & 0x0F
    if size > _MAX_INTEGER_BYTES:
        raise ValueError("it is not a dlib model, or it is damaged")
    value = int.from_bytes(data[place + 1 : place + 1 + size], "little")
    return -value if control & _SIGN else value, place + 1 + size
