"""Inspection of ONNX files. Nothing of them is run, and no weight is unpacked."""

from __future__ import annotations

import ast
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

from indexer.zoo.inspect.formats import damaged, size_of
from indexer.zoo.inspect.inspection import Inspection, Operation, Shape, TensorInfo, behind
from indexer.zoo.readers.protobuf import ERRORS, integers, message, text

# Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
_IR_VERSION, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET, _METADATA = 1, 2, 3, 7, 8, 14
_NODE, _GRAPH_NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_KIND, _NODE_DOMAIN = 1, 2, 3, 4, 7
_TENSOR_SHAPE, _TENSOR_KIND, _TENSOR_NAME = 1, 2, 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_DTYPE, _TENSOR_SIDES, _SIDE, _SIDE_LENGTH = 1, 2, 1, 1, 2, 1, 1
_DTYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
_KNOWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
_PASSING = frozenset(("Identity", "Reshape", "Squeeze", "Flatten", "Cast", "Transpose"))
_LABEL_KEYS = ("names", "classes", "labels")


def look(path: Path) -> Inspection:
    """Inspect an ONNX file. Errors: ModelError where it is none, or damaged."""
    try:
        model = message(memoryview(path.read_bytes()))
        return _inspection(path, model, message(model[_GRAPH][0]))
    except ERRORS as error:
        raise damaged(path, "onnx", error) from error


def _inspection(path: Path, model: dict[int, list[Any]], graph: dict[int, list[Any]]) -> Inspection:
    weights = [message(part) for part in graph.get(_INITIALIZER, [])]
    names = {_text(each, _TENSOR_NAME) for each in weights}
    nodes = [message(part) for part in graph.get(_NODE, [])]
    makers = {
        text(output): (_text(node, _NODE_KIND), _text(node, _NODE_INPUT))
        for node in nodes
        for output in node.get(_NODE_OUTPUT, [])
    }
    values = [_value(part) for part in graph.get(_INPUT, [])]
    custom = {
        f"{domain}.{_text(node, _NODE_KIND)}"
        for node in nodes
        if (domain := _text(node, _NODE_DOMAIN)) not in _KNOWN_DOMAINS
    }
    return Inspection(
        path=str(path),
        format="onnx",
        title=_text(graph, _GRAPH_NAME),
        versions=_versions(model),
        inputs=tuple(value for value in values if value.name not in names),  # old files list weights as inputs
        outputs=tuple(_value(part, makers) for part in graph.get(_OUTPUT, [])),
        operations=tuple(Operation(_called(node), _text(node, _NODE_KIND)) for node in nodes),
        parameters=sum(prod(integers(each.get(_TENSOR_SHAPE, []))) for each in weights if _is_learned(each)),
        bytes=size_of(path),
        custom_operations=tuple(sorted(custom)),
        labels_inside=_labels(model),
    )


def _called(node: dict[int, list[Any]]) -> str:
    return _text(node, _NODE_NAME) or _text(node, _NODE_OUTPUT)


def _is_learned(weight: dict[int, list[Any]]) -> bool:
    return not _DTYPES.get(weight[_TENSOR_KIND][0], "").startswith("int64")  # shapes and places, not weights


def _value(part: memoryview, makers: dict[str, tuple[str, str]] | None = None) -> TensorInfo:
    told = message(part)
    name = _text(told, _VALUE_NAME)
    kind = message(message(told[_VALUE_TYPE][0])[_TYPE_TENSOR][0]) if _VALUE_TYPE in told else {}
    dtype = _DTYPES.get(kind.get(_TENSOR_DTYPE, [0])[0], "")
    return TensorInfo(name, dtype, _shape(kind), behind(name, makers or {}, _PASSING))


def _shape(kind: dict[int, list[Any]]) -> Shape | None:
    if _TENSOR_SIDES not in kind:
        return None
    sides = [message(side) for side in message(kind[_TENSOR_SIDES][0]).get(_SIDE, [])]
    lengths = [next(integers(side[_SIDE_LENGTH])) if _SIDE_LENGTH in side else -1 for side in sides]
    return tuple(length if length > 0 else None for length in lengths)


def _versions(model: dict[int, list[Any]]) -> dict[str, str]:
    sets = [message(part) for part in model.get(_OPSET, [])]
    told = {"ir": str(model.get(_IR_VERSION, [""])[0])}
    told |= {f"opset {_text(each, 1)}".strip(): str(each.get(2, [""])[0]) for each in sets}
    producer = f"{_text(model, _PRODUCER)} {_text(model, _PRODUCER_VERSION)}".strip()
    return told | ({"producer": producer} if producer else {})


def _labels(model: dict[int, list[Any]]) -> tuple[str, ...]:
    """Return the class names that some exporters write beside the graph: a Python list or {number: name}, as text."""
    told = {_text(part, 1): _text(part, 2) for part in map(message, model.get(_METADATA, []))}
    for key in _LABEL_KEYS:
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            names = ast.literal_eval(told.get(key, ""))
            return tuple(map(str, names.values() if isinstance(names, dict) else names))
    return ()


def _text(parts: dict[int, list[Any]], field: int) -> str:
    return text(parts.get(field, [b""])[0])
