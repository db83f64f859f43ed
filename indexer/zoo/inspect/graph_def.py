"""Static analysis of a TensorFlow GraphDef: operations, inputs, outputs and activations; nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import tensorflow as tf

from indexer.zoo.inspect.inspection import Operation, Shape, TensorInfo

_PASSING = ("Identity", "IdentityN", "Reshape", "Squeeze", "StopGradient", "Cast", "EnsureShape")
_CHOOSING = ("ArgMax", "TopKV2", "TopK")  # their inputs tell more
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
VARIABLES = ("VariableV2", "Variable", "VarHandleOp")
_NO_ANSWERS = ("NoOp", "Assert", "Print", "PrintV2", "Placeholder", "PlaceholderWithDefault")
_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_FILES = ("ReadFile", "WriteFile")
_ANSWERS = ("softmax", "sigmoid", "logits", "predictions", "probabilities", "scores")


class Graph:
    """A graph and its library of functions."""

    def __init__(self, graph_def: Any) -> None:
        self._nodes = {node.name: node for node in graph_def.node}
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._inside = {name: {node.name: node for node in each.node_def} for name, each in self._functions.items()}
        self._tensors = _imported(graph_def)

    def operations(self) -> tuple[Operation, ...]:
        """Return all operations, those of functions after those of the graph."""
        own = (Operation(name, node.op, "", *self._kind_of(name)) for name, node in self._nodes.items())
        inner = (Operation(node.name, node.op, name) for name, nodes in self._inside.items() for node in nodes.values())
        return (*own, *inner)

    def custom(self) -> tuple[str, ...]:
        """Return the kinds of operations that neither TensorFlow nor the graph's own library has."""
        kinds = {node.op for node in self._all()} - self._functions.keys()
        return tuple(sorted(kind for kind in kinds if not hasattr(tf.raw_ops, kind)))

    def notes(self) -> tuple[str, ...]:
        """Return warnings for the user before this graph is run."""
        kinds = {node.op for node in self._all()}
        python = sorted(kinds.intersection(_PYTHON))
        files = sorted(kinds.intersection(_FILES))
        found = []
        if python:
            found.append(f"calls Python code that is not in the file ({', '.join(python)}): it cannot run here")
        if files:
            found.append(f"accesses files when it runs ({', '.join(files)}): use it only if you trust its author")
        return tuple(found)

    def parameters(self, tensors: Iterable[str]) -> int:
        """Count the trained numbers that tensors depend on: variables, and constants of more than one number."""
        total = 0
        for node in self._needed(map(_node_name, tensors)):
            if node.op in VARIABLES:
                sides = [side.size for side in node.attr["shape"].shape.dim]
            elif node.op == "Const":
                sides = [side.size for side in node.attr["value"].tensor.tensor_shape.dim] or [0]
            else:
                continue
            total += prod(sides) if _is_float(node) and min(sides, default=0) >= 0 else 0
        return total

    def inputs(self) -> tuple[TensorInfo, ...]:
        """Return the graph's placeholders for numbers."""
        found = [self._tensor(name) for name, node in self._nodes.items() if node.op == "Placeholder"]
        return tuple(tensor for tensor in found if tensor.dtype not in ("bool", "string"))

    def outputs(self) -> tuple[TensorInfo, ...]:
        """Return tensors that depend on an input and that nothing else consumes, likely outputs first."""
        fed = self._fed()
        consumed = {_node_name(each) for node in self._nodes.values() for each in node.input}
        ends = [name for name in fed if name not in consumed and self._nodes[name].op not in _NO_ANSWERS]
        names = dict.fromkeys(self._before_choice(name) for name in ends)
        found = [replace(self._tensor(name), made_by=self.made_by(name)) for name in names]
        return tuple(sorted(found, key=_rank))

    def made_by(self, tensor: str) -> str:
        """Return the kind of the operation that determines a tensor's values, also inside functions; '' if unknown."""
        nodes, returned = self._nodes, {}
        seen: set[tuple[int, str]] = set()
        while (id(nodes), tensor) not in seen:
            seen.add((id(nodes), tensor))
            node = nodes.get(_node_name(tensor))
            if node is None:
                return ""  # an argument of a function
            number = int(last) if (last := tensor.rpartition(":")[2]).isdigit() else 0
            if node.op in _CALLS and node.attr["f"].func.name in self._functions:
                function = self._functions[node.attr["f"].func.name]
                returned, nodes = function.ret, self._inside[function.signature.name]
                tensor = returned[function.signature.output_arg[number].name]
            elif node.op in _PASSING and node.input:
                tensor = node.input[number if node.op == "IdentityN" else 0]
            else:
                return str(node.op)
        return ""

    def _all(self) -> Iterator[Any]:
        yield from self._nodes.values()
        for nodes in self._inside.values():
            yield from nodes.values()

    def _needed(self, names: Iterable[str]) -> Iterator[Any]:
        """Yield the nodes that nodes of the graph depend on, and those of the functions that these call."""
        waiting = [(self._nodes, name) for name in names]
        seen = set()
        while waiting:
            nodes, name = waiting.pop()
            if (id(nodes), name) in seen or name not in nodes:
                continue
            seen.add((id(nodes), name))
            yield nodes[name]
            waiting.extend((nodes, _node_name(each)) for each in nodes[name].input)
            called = {each.func.name for each in nodes[name].attr.values()} & self._inside.keys()
            waiting.extend((self._inside[each], inner) for each in called for inner in self._inside[each])

    def _tensor(self, name: str) -> TensorInfo:
        return TensorInfo(name, *self._kind_of(name))

    def _kind_of(self, name: str) -> tuple[str, Shape | None]:
        """Return dtype and shape of an operation's first result."""
        if name in self._tensors:
            return self._tensors[name]
        attributes = self._nodes[name].attr
        number = attributes["dtype"].type or attributes["T"].type
        shape = shape_of(attributes["shape"].shape) if "shape" in attributes else None
        return (dtype_of(number) if number else ""), shape

    def _fed(self) -> list[str]:
        """Return the names of nodes that depend on an input, in the order of the graph."""
        consumers: dict[str, list[str]] = {}
        for name, node in self._nodes.items():
            for each in node.input:
                consumers.setdefault(_node_name(each), []).append(name)
        found = {tensor.name for tensor in self.inputs()}
        waiting = list(found)
        while waiting:
            new = set(consumers.get(waiting.pop(), ())) - found
            found |= new
            waiting.extend(new)
        return [name for name in self._nodes if name in found]

    def _before_choice(self, name: str) -> str:
        node = self._nodes[name]
        while node.op in (*_CHOOSING, "Identity") and node.input:
            before = self._nodes.get(_node_name(node.input[0]))
            if before is None or (node.op == "Identity" and before.op not in _CHOOSING):
                break
            node = before
        return str(node.name)


def tensor_of(name: str, told: Any, made_by: str) -> TensorInfo:
    """Return the info of a signature's tensor."""
    return TensorInfo(name, dtype_of(told.dtype), shape_of(told.tensor_shape), made_by)


def dtype_of(number: int) -> str:
    """Return NumPy's name of TensorFlow's number for a dtype; '' for one that TensorFlow does not know."""
    try:
        return str(tf.dtypes.as_dtype(number).name)
    except TypeError:
        return ""


def shape_of(told: Any) -> Shape | None:
    """Return a shape from a file: None for a variable side, None as a whole where it is unknown."""
    if told.unknown_rank:
        return None
    return tuple(side.size if side.size >= 0 else None for side in told.dim)


def _imported(graph_def: Any) -> Mapping[str, tuple[str, Shape | None]]:
    """Let TensorFlow infer dtype and shape of every operation's first result; nothing where it cannot."""
    with tf.Graph().as_default() as graph:
        try:
            tf.graph_util.import_graph_def(graph_def, name="")
        except (ValueError, TypeError, tf.errors.OpError):
            return {}  # an operation that TensorFlow does not know
        return {each.name: _told(each.outputs[0]) for each in graph.get_operations() if each.outputs}


def _told(tensor: Any) -> tuple[str, Shape | None]:
    return str(tensor.dtype.base_dtype.name), tuple(tensor.shape.as_list()) if tensor.shape.rank is not None else None


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]


def _is_float(node: Any) -> bool:
    return node.attr["dtype"].type in (tf.float32.as_datatype_enum, tf.float16.as_datatype_enum)


def _rank(tensor: TensorInfo) -> tuple[bool, bool]:
    words = f"{tensor.name} {tensor.made_by}".lower()
    return not any(word in words for word in _ANSWERS), not tensor.dtype.startswith("float")
