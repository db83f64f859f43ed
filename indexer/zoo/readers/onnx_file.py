"""Reader of ONNX files: nodes and weights.

ONNX is a Protocol Buffers message; only the few fields that a network's structure and weights need are
read (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), so the onnx package is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.zoo.readers.protobuf import ERRORS, floats, integers, message, text

# Field numbers of onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_KIND, _NODE_ATTRIBUTE = 1, 2, 3, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_TEXT, _ATTRIBUTE_TENSOR = 1, 2, 3, 4, 5
_ATTRIBUTE_FLOATS, _ATTRIBUTE_INTS = 7, 8
_TENSOR_SHAPE, _TENSOR_KIND, _TENSOR_FLOATS, _TENSOR_INTS, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 4, 7, 8, 9
_VALUE_NAME = 1
_DTYPES = {1: "<f4", 6: "<i4", 7: "<i8", 11: "<f8"}


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of the graph; inputs and outputs are names of tensors."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """A graph: its nodes in the order of execution, its weights by name, and the names of its inputs and outputs."""

    nodes: tuple[Node, ...]
    tensors: Mapping[str, NDArray[Any]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_onnx(data: bytes) -> OnnxGraph:
    """Read the graph of an ONNX file.

    Errors: ValueError where the bytes are no ONNX file or hold what is not understood.
    """
    try:
        return _graph(message(message(memoryview(data))[_MODEL_GRAPH][0]))
    except ERRORS as error:
        raise ValueError(f"it is not an ONNX file, or it is damaged ({error})") from error


def _graph(parts: dict[int, list[Any]]) -> OnnxGraph:
    tensors = dict(_tensor(part) for part in parts.get(_GRAPH_INITIALIZER, []))
    nodes = tuple(_node(part) for part in parts.get(_GRAPH_NODE, []))
    return OnnxGraph(nodes, tensors, _names(parts, _GRAPH_INPUT), _names(parts, _GRAPH_OUTPUT))


def _names(graph: dict[int, list[Any]], field: int) -> tuple[str, ...]:
    return tuple(text(message(value)[_VALUE_NAME][0]) for value in graph.get(field, []))


def _node(data: memoryview) -> Node:
    parts = message(data)
    return Node(
        kind=text(parts[_NODE_KIND][0]),
        name=text(parts.get(_NODE_NAME, [b""])[0]),
        inputs=tuple(map(text, parts.get(_NODE_INPUT, []))),
        outputs=tuple(map(text, parts.get(_NODE_OUTPUT, []))),
        attributes=dict(_attribute(part) for part in parts.get(_NODE_ATTRIBUTE, [])),
    )


def _attribute(data: memoryview) -> tuple[str, Any]:
    parts = message(data)
    name = text(parts[_ATTRIBUTE_NAME][0])
    if _ATTRIBUTE_INTS in parts:
        return name, tuple(integers(parts[_ATTRIBUTE_INTS]))
    if _ATTRIBUTE_FLOATS in parts:
        return name, tuple(floats(parts[_ATTRIBUTE_FLOATS]))
    if _ATTRIBUTE_TENSOR in parts:
        return name, _tensor(parts[_ATTRIBUTE_TENSOR][0])[1]
    if _ATTRIBUTE_TEXT in parts:
        return name, text(parts[_ATTRIBUTE_TEXT][0])
    if _ATTRIBUTE_FLOAT in parts:
        return name, next(floats(parts[_ATTRIBUTE_FLOAT]))
    return name, next(integers(parts.get(_ATTRIBUTE_INT, [0])))


def _tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    parts = message(data)
    kind = parts[_TENSOR_KIND][0]
    if kind not in _DTYPES:
        raise ValueError(f"numbers of kind {kind} are not understood")
    shape = tuple(integers(parts.get(_TENSOR_SHAPE, [])))
    if _TENSOR_RAW in parts:
        values = np.frombuffer(parts[_TENSOR_RAW][0], _DTYPES[kind])
    elif _TENSOR_FLOATS in parts:
        values = np.fromiter(floats(parts[_TENSOR_FLOATS]), _DTYPES[kind])
    else:
        values = np.fromiter(integers(parts.get(_TENSOR_INTS, [])), _DTYPES[kind])
    return text(parts.get(_TENSOR_NAME, [b""])[0]), values.reshape(shape)
