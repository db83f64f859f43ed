"""Reader of Protocol Buffers' wire format: the fields of messages, by number.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

ERRORS = (LookupError, TypeError, ValueError, OverflowError, struct.error)  # errors of damaged bytes


def message(data: memoryview) -> dict[int, list[Any]]:
    """Return the fields of a message: number → values (int for a varint, else the bytes)."""
    found: dict[int, list[Any]] = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        value, place = _value(data, place, key & 7)
        found.setdefault(key >> 3, []).append(value)
    return found


def integers(parts: Iterable[Any]) -> Iterator[int]:
    """Yield the values of a repeated integer field, packed or not, as signed 64-bit numbers."""
    for part in parts:
        for value in (part,) if isinstance(part, int) else _packed(part):
            yield value - (1 << 64) if value >> 63 else value


def floats(parts: Iterable[Any]) -> Iterator[float]:
    """Yield the values of a repeated float field, packed or not."""
    for part in parts:
        yield from (value for (value,) in struct.iter_unpack("<f", part))


def text(data: memoryview | bytes) -> str:
    """Return the value of a text field."""
    return bytes(data).decode("utf-8")


def _packed(data: memoryview) -> Iterator[int]:
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        yield value


def _value(data: memoryview, place: int, wire: int) -> tuple[Any, int]:
    if wire == 0:
        return _varint(data, place)
    if wire not in (1, 2, 5):
        raise ValueError(f"a field of kind {wire}")
    size = {1: 8, 5: 4}.get(wire)
    if size is None:
        size, place = _varint(data, place)
    if place + size > len(data):
        raise ValueError("it is cut off")
    return data[place : place + size], place + size


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place
        if shift > 63:
            raise ValueError("a number without end")
