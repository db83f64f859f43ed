"""Inspection of LiteRT files, from their FlatBuffers tables without an interpreter."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from indexer.zoo.inspect.formats import damaged, size_of
from indexer.zoo.inspect.inspection import Inspection, Operation, Shape, SignatureInfo, TensorInfo, behind

NAME = b"TFLITE_METADATA"  # of the entry in the file
_SUBGRAPHS, _INPUTS, _UNITS, _UNIT_KIND, _UNIT_OPTIONS, _MEAN, _DEVIATION = 3, 2, 4, 0, 1, 0, 1
_NORMALIZATION = 1  # of the kinds of process units


def normalization(data: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return (mean, deviation) of the first input, which is (pixel − mean) / deviation. None where not given.

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
    """Return the offset of a table's field; 0 where it is omitted."""
    plan = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, plan)
    slot = 4 + 2 * number
    (offset,) = struct.unpack_from("<H", data, plan + slot) if slot < size else (0,)
    return int(table + offset) if offset else 0


def _vector(data: bytes, table: int, number: int) -> tuple[int, int]:
    """Return (offset of the first element, number of elements)."""
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


_PASSING = frozenset(("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "CAST"))
_OF_LITERT = ("TFLite_Detection_PostProcess",)  # operations of its own that are stored like foreign ones
_LEARNED = ("float32", "float16", "int8", "uint8", "int4")
_LONGEST_LABELS = 1 << 22  # bytes


def look(path: Path) -> Inspection:
    """Inspect a LiteRT file. Errors: ModelError where it is none, or damaged."""
    from ai_edge_litert import schema_py_generated as schema

    data = path.read_bytes()
    try:
        model = schema.Model.GetRootAs(data, 0)
        return _inspection(path, model, _Graph(model, model.Subgraphs(0)))
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, struct.error) as error:
        raise damaged(path, "tflite", error) from error


def _inspection(path: Path, model: Any, graph: _Graph) -> Inspection:
    signatures = graph.signatures()
    name = next(iter(signatures), "")
    graph_own = SignatureInfo(*(tuple(map(graph.tensor, each)) for each in (graph.inputs, graph.outputs)))
    used = signatures.get(name, graph_own)
    normalized = _normalization(model)
    return Inspection(
        path=str(path),
        format="tflite",
        title=_text(model.Description()),
        versions={"schema": str(model.Version())},
        signatures=signatures,
        signature=name,
        inputs=tuple(replace(each, normalized=normalized) for each in used.inputs),
        outputs=used.outputs,
        operations=graph.operations,
        parameters=graph.parameters(),
        bytes=size_of(path),
        custom_operations=tuple(sorted(graph.custom - set(_OF_LITERT))),
        labels_inside=_labels(path),
    )


class _Graph:
    """The first graph of a file: its tensors by number."""

    def __init__(self, model: Any, graph: Any) -> None:
        self._model = model
        self._graph = graph
        self.inputs = [graph.Inputs(each) for each in range(graph.InputsLength())]
        self.outputs = [graph.Outputs(each) for each in range(graph.OutputsLength())]
        self.custom: set[str] = set()
        self._makers: dict[str, tuple[str, str]] = {}
        self.operations = tuple(map(self._operation, range(graph.OperatorsLength())))

    def tensor(self, number: int, name: str = "") -> TensorInfo:
        told = self._graph.Tensors(number)
        made_by = behind(str(number), self._makers, _PASSING)
        return TensorInfo(name or _text(told.Name()), _dtype(told.Type()), _shape(told), made_by, _quantization(told))

    def signatures(self) -> dict[str, SignatureInfo]:
        found = {}
        for each in range(self._model.SignatureDefsLength()):
            told = self._model.SignatureDefs(each)
            if told.SubgraphIndex() == 0:
                ins = (told.Inputs(place) for place in range(told.InputsLength()))
                outs = (told.Outputs(place) for place in range(told.OutputsLength()))
                found[_text(told.SignatureKey())] = SignatureInfo(*(self._maps(part) for part in (ins, outs)))
        return found

    def parameters(self) -> int:
        """Count the numbers of constant tensors; the bytes of every one must be there."""
        total = 0
        for number in range(self._graph.TensorsLength()):
            told = self._graph.Tensors(number)
            buffer = self._model.Buffers(told.Buffer())
            if buffer.DataLength():
                buffer.DataAsNumpy()  # ValueError where the file ends before them
                total += prod(_sides(told)) if _dtype(told.Type()) in _LEARNED else 0
        return total

    def _maps(self, maps: Any) -> tuple[TensorInfo, ...]:
        return tuple(self.tensor(each.TensorIndex(), _text(each.Name())) for each in maps)

    def _operation(self, number: int) -> Operation:
        told = self._graph.Operators(number)
        kind = self._kind(self._model.OperatorCodes(told.OpcodeIndex()))
        outputs = [told.Outputs(each) for each in range(told.OutputsLength())]
        first = str(told.Inputs(0)) if told.InputsLength() else ""
        self._makers.update({str(output): (kind, first) for output in outputs})
        made = self._graph.Tensors(outputs[0])
        return Operation(_text(made.Name()), kind, "", _dtype(made.Type()), _shape(made))

    def _kind(self, code: Any) -> str:
        if code.CustomCode():
            self.custom.add(_text(code.CustomCode()))
            return _text(code.CustomCode())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        return _names("BuiltinOperator").get(number, str(number))


@cache
def _names(kind: str) -> dict[int, str]:
    """Return the names of one of the schema's enumerations, by number."""
    from ai_edge_litert import schema_py_generated as schema

    return {number: name for name, number in vars(getattr(schema, kind)).items() if isinstance(number, int)}


def _dtype(number: int) -> str:
    return _names("TensorType")[number].lower()


def _sides(told: Any) -> list[int]:
    return [told.Shape(each) for each in range(told.ShapeLength())]


def _shape(told: Any) -> Shape:
    free = [told.ShapeSignature(each) for each in range(told.ShapeSignatureLength())]
    return tuple(side if side > 0 else None for side in free or _sides(told))


def _quantization(told: Any) -> tuple[float, int] | None:
    found = told.Quantization()
    if found is None or found.ScaleLength() != 1:
        return None
    return float(found.Scale(0)), int(found.ZeroPoint(0))


def _normalization(model: Any) -> Any:
    for each in range(model.MetadataLength()):
        entry = model.Metadata(each)
        if entry.Name() == NAME:
            return normalization(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    return None


def _labels(path: Path) -> tuple[str, ...]:
    """Return the lines of the first text that is packed after the tables, as metadata writers do it."""
    if not zipfile.is_zipfile(path):
        return ()
    with zipfile.ZipFile(path) as archive:
        for each in archive.infolist():
            if each.filename.endswith(".txt") and each.file_size <= _LONGEST_LABELS:
                return tuple(archive.read(each).decode("utf-8", "replace").splitlines())
    return ()


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
