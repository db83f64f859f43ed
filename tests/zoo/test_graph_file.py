"""Frozen graphs: their trained numbers come out, damage is refused."""

from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import part

from indexer.zoo.readers.graph_file import read_graph

FLOAT, INT = 1, 3


def constant(name: str, shape: tuple[int, ...], content: bytes, kind: int = FLOAT) -> bytes:
    """A node that is a constant."""
    sides = b"".join(part(2, part(1, side)) for side in shape)
    value = part(8, part(1, kind) + part(2, sides) + content)
    return part(1, part(1, name) + part(2, "Const") + part(5, part(1, "value") + part(2, value)))


def floats(*values: float) -> bytes:
    return part(5, struct.pack(f"<{len(values)}f", *values))


OTHER = part(1, part(1, "sum") + part(2, "Add") + part(3, "bias") + part(3, "steps"))
GRAPH = b"".join(
    [
        constant("kernel", (2, 3), part(4, np.arange(6, dtype="<f4").tobytes())),
        constant("bias", (3,), floats(0.5)),
        constant("scale", (), floats(2.0)),
        constant("places", (2,), floats(1.0, 3.0)),
        constant("steps", (1,), part(4, struct.pack("<i", 7)), INT),
        OTHER,
    ]
)


def test_constants_of_floats_are_read_by_the_names_of_their_nodes() -> None:
    found = read_graph(GRAPH)
    assert found.keys() == {"kernel", "bias", "scale", "places"}
    np.testing.assert_array_equal(found["kernel"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["places"], [1, 3])


def test_a_number_that_is_written_once_fills_the_whole_constant() -> None:
    found = read_graph(GRAPH)
    np.testing.assert_array_equal(found["bias"], [0.5, 0.5, 0.5])
    assert found["scale"].shape == ()


@pytest.mark.parametrize("data", [b"", b"no graph at all", GRAPH[:40], constant("kernel", (7,), floats(1.0, 2.0))])
def test_what_is_no_graph_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is not a frozen graph, or it is damaged"):
        read_graph(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        read_graph(data)
