"""The metadata inside a LiteRT file flows in; the mean and deviation that its maker names for the input flow out.

A FlatBuffers table (https://github.com/tensorflow/tflite-support, metadata_schema.fbs); its few fields that are needed
are read by hand, so that tflite-support is not needed.
"""

from __future__ import annotations

import struct

NAME = b"TFLITE_METADATA"  # of the entry in the file
_SUBGRAPHS, _INPUTS, _UNITS, _UNIT_KIND, _UNIT_OPTIONS, _MEAN, _DEVIATION = 3, 2, 4, 0, 1, 0, 1
_NORMALIZATION = 1  # of the kinds of process units


def normalization(data: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return (mean, deviation) of the first input: what goes in is (pixel − mean) / deviation. None where not told.

    Errors: struct.error or IndexError for damaged bytes.
    """
    subgraphs = _tables(data, _word(data, 0), _SUBGRAPHS)
    inputs = _tables(data, subgraphs[0], _INPUTS) if subgraphs else []
    for unit in _tables(data, inputs[0], _UNITS) if inputs else []:
        kind, options = _field(data, unit, _UNIT_KIND), _field(data, unit, _UNIT_OPTIONS)
        if kind and options and data[kind] == _NORMALIZATION:
            table = options + _word(data, options)
            mean, deviation = _floats(data, table, _MEAN), _floats(data, table, _DEVIATION)
            if mean and deviation and all(deviation):
                return mean, deviation
    return None


def _word(data: bytes, place: int) -> int:
    return int(struct.unpack_from("<I", data, place)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Return where a field of a table lies; 0 where it is left out."""
    plan = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, plan)
    slot = 4 + 2 * number
    (offset,) = struct.unpack_from("<H", data, plan + slot) if slot < size else (0,)
    return int(table + offset) if offset else 0


def _vector(data: bytes, table: int, number: int) -> tuple[int, int]:
    """Return (place of the first element, number of elements)."""
    place = _field(data, table, number)
    if not place:
        return 0, 0
    place += _word(data, place)
    return place + 4, _word(data, place)


def _tables(data: bytes, table: int, number: int) -> list[int]:
    first, count = _vector(data, table, number)
    if count > len(data) // 4:
        raise IndexError("more than there is")
    places = range(first, first + 4 * count, 4)
    return [place + _word(data, place) for place in places]


def _floats(data: bytes, table: int, number: int) -> tuple[float, ...]:
    first, count = _vector(data, table, number)
    return struct.unpack_from(f"<{count}f", data, first) if count <= len(data) // 4 else ()
