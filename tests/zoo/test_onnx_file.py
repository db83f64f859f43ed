"""ONNX files: nodes and weights come out, damage is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import onnx_model, part, tensor, varint

from indexer.zoo.readers.onnx_file import read_onnx

KERNEL = np.arange(18, dtype="<f4").reshape(1, 2, 3, 3)
ATTRIBUTES = [
    part(1, "strides") + part(8, varint(2) + varint(2)) + part(20, 7),
    part(1, "pads") + part(8, 1) + part(8, -1) + part(20, 7),
    part(1, "alpha") + part(2, 0.5) + part(20, 1),
    part(1, "mode") + part(4, "nearest") + part(20, 3),
    part(1, "group") + part(3, 4) + part(20, 2),
    part(1, "value") + part(5, tensor("", np.array([-1, 2], "<i8"), 7)) + part(20, 4),
]
NODE = part(1, "image") + part(1, "kernel") + part(2, "map") + part(3, "first") + part(4, "Conv")
GRAPH = onnx_model(
    part(1, NODE + b"".join(part(5, one) for one in ATTRIBUTES)),
    part(5, tensor("kernel", KERNEL)),
    part(5, part(1, 2) + part(2, 1) + part(8, "packed") + part(4, struct.pack("<2f", 1, 2))),
    part(11, part(1, "image")),
    part(12, part(1, "map")),
)


def test_nodes_weights_and_names_are_read() -> None:
    graph = read_onnx(GRAPH)
    (node,) = graph.nodes
    assert (node.kind, node.name, node.inputs, node.outputs) == ("Conv", "first", ("image", "kernel"), ("map",))
    assert (graph.inputs, graph.outputs) == (("image",), ("map",))
    np.testing.assert_array_equal(graph.tensors["kernel"], KERNEL)
    np.testing.assert_array_equal(graph.tensors["packed"], [1, 2])


def test_attributes_keep_their_kind() -> None:
    attributes = dict(read_onnx(GRAPH).nodes[0].attributes)
    np.testing.assert_array_equal(attributes.pop("value"), [-1, 2])
    assert attributes == {"strides": (2, 2), "pads": (1, -1), "alpha": 0.5, "mode": "nearest", "group": 4}


@given(st.integers(0, len(GRAPH) - 1), st.integers(0, 255))
def test_damage_ends_in_a_value_error_or_in_a_graph(place: int, byte: int) -> None:
    for data in (GRAPH[:place], GRAPH[:place] + bytes([byte]) + GRAPH[place + 1 :]):
        try:
            read_onnx(data)
        except ValueError as error:
            assert str(error)  # noqa: PT017


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_error_or_in_a_graph(data: bytes) -> None:
    try:
        read_onnx(data)
    except ValueError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("data", [b"", b"text", b"\xff" * 30, part(7, 3), onnx_model(part(5, tensor("x", KERNEL, 9)))])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        read_onnx(data)
