"""Reader of TensorFlow's frozen graphs (GraphDef): the trained numbers, which stand in them as constants.

A GraphDef is a Protocol Buffers message; only the few fields that constants need are read
(https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto), so nothing in it can run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.zoo.readers.protobuf import ERRORS, floats, integers, message, text

# Field numbers of graph.proto, node_def.proto, attr_value.proto, tensor.proto and tensor_shape.proto.
_GRAPH_NODE = 1
_NODE_NAME, _NODE_KIND, _NODE_ATTRIBUTE = 1, 2, 5
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_ATTRIBUTE_TENSOR = 8
_TENSOR_KIND, _TENSOR_SHAPE, _TENSOR_RAW, _TENSOR_FLOATS = 1, 2, 4, 5
_SHAPE_SIDE, _SIDE_SIZE = 2, 1
_FLOAT = 1


def read_graph(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the constants of a frozen graph that are float32, by the names of their nodes.

    Errors: ValueError where the bytes are no GraphDef, or are damaged.
    """
    try:
        nodes = message(memoryview(data))[_GRAPH_NODE]
        return dict(each for node in nodes for each in _constant(message(node)))
    except ERRORS as error:
        raise ValueError(f"it is not a frozen graph, or it is damaged ({error})") from error


def _constant(node: dict[int, list[Any]]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the name and the numbers of a node that is a constant of floats; nothing of any other."""
    if text(node[_NODE_KIND][0]) != "Const":
        return
    attributes = (message(entry) for entry in node.get(_NODE_ATTRIBUTE, []))
    values = {text(entry[_ENTRY_KEY][0]): message(entry[_ENTRY_VALUE][0]) for entry in attributes}
    tensor = message(values["value"][_ATTRIBUTE_TENSOR][0])
    if tensor[_TENSOR_KIND][0] == _FLOAT:
        yield text(node[_NODE_NAME][0]), _numbers(tensor)


def _numbers(tensor: dict[int, list[Any]]) -> NDArray[np.float32]:
    sides = message(tensor.get(_TENSOR_SHAPE, [memoryview(b"")])[0]).get(_SHAPE_SIDE, [])
    shape = [next(integers(message(side).get(_SIDE_SIZE, [0]))) for side in sides]
    if _TENSOR_RAW in tensor:
        return np.frombuffer(tensor[_TENSOR_RAW][0], "<f4").reshape(shape)
    values = np.fromiter(floats(tensor.get(_TENSOR_FLOATS, [])), "<f4")
    return np.full(shape, values[0], "<f4") if len(values) == 1 else values.reshape(shape)
