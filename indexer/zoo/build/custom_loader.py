"""External-model loader: a custom TensorFlow or Keras file as one function.

A SavedModel, of TensorFlow 1 or 2, becomes a graph whose weights are constants, like a frozen GraphDef: input and
outputs are then any of its tensors, by name. Its initialization code never runs. Operations that touch
files, print or call code, and Keras's Lambda layers, run only where the description says `trust`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_from_session_graph
from tensorflow.python.saved_model.loader_impl import SavedModelLoader
from tensorflow.python.tools.saved_model_utils import get_saved_model_tag_sets

from indexer.errors import ModelError
from indexer.vision.silence import silence_native_stderr
from indexer.vision.spec import ModelSpec

_SERVE = "serve"
# Parts of the names of TensorFlow's operations that reach out of the model: into files, the terminal, Python, other
# machines. None of the operations that picture models compute with has any in its name.
_REACHING = re.compile(
    "File|Save|Restore|Checkpoint|Reader|Dataset|Summary|Print|PyFunc|Debug|Dump|Rpc|RemoteCall|ImmutableConst|"
    "LoadAndRemap|VocabRemapping|codeProto|ImportEvent"
)
_RESTORING = ("Restore", "RestoreSlice", "RestoreV2")  # operations that restore variables
Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CustomModel:
    """A custom model as a function of one tensor.

    run: takes values of `wanted` (a tf.TensorSpec) and returns the outputs by their keys in the spec.
    kept: the variables that a saved form must include.
    """

    run: Callable[[Any], Answers]
    wanted: Any
    kept: Any = None


def open_custom_model(spec: ModelSpec, path: Path) -> CustomModel:
    """Open a custom model file. Errors: ModelError that names the mismatch."""
    try:
        with silence_native_stderr():
            match spec.weights.format:
                case "saved-model":
                    return _of_graph(spec, *_frozen(spec, path))
                case "graph":
                    return _of_graph(spec, _graph_def(spec, path), {})
                case "keras":
                    return _of_keras(spec, _keras(spec, path))
                case "face-api":
                    from indexer.zoo.architectures import face_api

                    return _of_keras(spec, face_api.build(spec.architecture, path))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, NotImplementedError, tf.errors.OpError) as error:
        raise ModelError(spec.name, f"{path} cannot be read: {_first_line(error)}") from error
    raise ModelError(spec.name, f"a file of the form '{spec.weights.format}' is not built by TensorFlow")


def _frozen(spec: ModelSpec, path: Path) -> tuple[Any, dict[str, str]]:
    """Return a SavedModel's graph with its weights as constants, and the tensors that its signature names.

    Only the operations that restore and read its variables run here.
    """
    tags = list(spec.weights.tags) or _usual_tags(path)
    loader = SavedModelLoader(str(path))
    names = _signature(spec, loader.get_meta_graph_def_from_tags(tags))
    wanted = [_node(names.get(_tensor(spec, key), _tensor(spec, key))) for key in spec.outputs]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver, _ = loader.load_graph(session.graph, tags)
        loaded = session.graph_def
        _known(spec, wanted, loaded)
        restored = saver.saver_def if saver is not None else None
        runs = [*wanted, *_reads(loaded), *([_node(restored.restore_op_name)] if restored else [])]
        _harmless(spec, _needed(loaded, runs), _RESTORING)
        if restored:
            session.run(restored.restore_op_name, {restored.filename_tensor_name: loader.variables_path})
        return convert_variables_to_constants_from_session_graph(session, loaded, wanted), names


def _reads(graph: Any) -> Iterator[str]:
    """Yield the operations by which TensorFlow reads variables when it makes them constants."""
    there = {node.name for node in graph.node}
    reads = (f"{node.name}/Read/ReadVariableOp" for node in graph.node if node.op == "VarHandleOp")
    return (name for name in reads if name in there)


def _needed(graph: Any, nodes: Iterable[str]) -> Any:
    """Return the part of a graph, and of its functions, that some nodes depend on."""
    part = tf.compat.v1.graph_util.extract_sub_graph(graph, list(nodes))
    _forget_uncalled(part)
    return part


def _harmless(spec: ModelSpec, graph: Any, but: Iterable[str] = ()) -> None:
    """Reject a graph with operations that reach out of it, unless it is trusted. Errors: ModelError."""
    functions = {function.signature.name: function.node_def for function in graph.library.function}
    kinds = {node.op for nodes in (graph.node, *functions.values()) for node in nodes} - functions.keys()
    reaching = sorted(filter(_REACHING.search, kinds.difference(but)))
    if reaching and not spec.weights.trust:
        raise ModelError(
            spec.name,
            f"its operation {reaching[0]} accesses files, prints or calls other code, which no model for pictures "
            "needs",
        ).advise("trust")


def _forget_uncalled(graph: Any) -> None:
    """Delete the functions that nothing calls: those of other signatures call what the conversion has replaced."""
    functions = {function.signature.name: function for function in graph.library.function}
    waiting, called = [graph.node], set[str]()
    while waiting:
        new = {name for node in waiting.pop() for name in _calls(node)} & functions.keys() - called
        called |= new
        waiting += [functions[name].node_def for name in new]
    del graph.library.function[:]
    graph.library.function.extend(functions[name] for name in sorted(called))


def _calls(node: Any) -> Iterator[str]:
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        yield from (each.name for each in value.list.func)


def _usual_tags(path: Path) -> list[str]:
    """Return the default tags: 'serve', or none where there is a graph without (TensorFlow 1's Hub)."""
    there = get_saved_model_tag_sets(str(path))
    return [] if [] in there and [_SERVE] not in there else [_SERVE]


def _signature(spec: ModelSpec, meta: Any) -> dict[str, str]:
    """Return name → tensor of the inputs and outputs of the chosen signature; none where there is none."""
    if not spec.weights.signature:
        return {}
    if spec.weights.signature not in meta.signature_def:
        raise ModelError(spec.name, f"has no signature '{spec.weights.signature}'; "
                         f"it has {', '.join(sorted(meta.signature_def)) or 'none'}")  # fmt: skip
    signature = meta.signature_def[spec.weights.signature]
    return {name: told.name for part in (signature.inputs, signature.outputs) for name, told in part.items()}


def _graph_def(spec: ModelSpec, path: Path) -> Any:
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError, from a package that is not ours to import
        raise ModelError(spec.name, f"{path} is not a frozen graph, or is cut off") from error
    return graph


def _of_graph(spec: ModelSpec, graph: Any, names: Mapping[str, str]) -> CustomModel:
    """Return the function from one tensor of a frozen graph to others."""
    source = names.get(spec.input.source_name, spec.input.source_name)
    outputs = {key: names.get(_tensor(spec, key), _tensor(spec, key)) for key in spec.outputs}
    ends = [_node(source), *map(_node, outputs.values())]
    _known(spec, ends, graph)
    needed = _needed(graph, ends)
    _harmless(spec, needed)
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(needed, name=""), [])
    fed = wrapped.graph.get_tensor_by_name(_named(source))
    pruned = wrapped.prune(fed, {key: wrapped.graph.get_tensor_by_name(_named(name)) for key, name in outputs.items()})
    return CustomModel(pruned, _wanted(spec, fed.shape, fed.dtype), wrapped)


def _keras(spec: ModelSpec, path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False, safe_mode=not spec.weights.trust)
    except (ValueError, TypeError) as error:
        if "ambda" in str(error) and not spec.weights.trust:
            raise ModelError(spec.name, f"{path} contains code (a Lambda layer), which is not run").advise(
                "trust"
            ) from error
        raise


def _of_keras(spec: ModelSpec, model: keras.Model) -> CustomModel:
    """Return the function from a Keras model's input to its outputs, or to those of its layers."""
    if len(model.inputs) != 1:
        raise ModelError(spec.name, f"takes {len(model.inputs)} inputs; one picture is all there is")
    found = {key: _keras_output(spec, model, _tensor(spec, key)) for key in spec.outputs}
    picked = keras.Model(model.inputs[0], found)
    fed = model.inputs[0]
    wanted = _wanted(spec, tf.TensorShape(fed.shape), tf.as_dtype(fed.dtype))
    return CustomModel(lambda values: picked(values, training=False), wanted, [each.value for each in picked.variables])


def _keras_output(spec: ModelSpec, model: keras.Model, name: str) -> Any:
    """Return an output of a model by its key, its name or its layer's; the only one needs none."""
    answers = model.output
    outputs = answers if isinstance(answers, dict) else dict(zip(model.output_names, model.outputs, strict=True))
    layers = {layer.name: layer for layer in model.layers}
    if name in outputs:
        return outputs[name]
    if name in layers:
        return layers[name].output
    if len(outputs) == 1 and len(spec.outputs) == 1:
        return next(iter(outputs.values()))
    raise ModelError(spec.name, f"has no output or layer '{name}'; its outputs are {', '.join(outputs)}")


def _wanted(spec: ModelSpec, shape: Any, dtype: Any) -> Any:
    """Return the input spec of the function: the file's own shape, or the spec's where the file has none."""
    width, height = spec.input.size
    one_size = spec.input.fit not in ("short-side", "long-side")
    colors = 1 if spec.input.colors == "gray" else 3
    sides = (height, width) if one_size else (None, None)
    asked = [None, colors, *sides] if spec.input.layout == "NCHW" else [None, *sides, colors]
    known = shape.as_list() if shape.rank is not None else [None] * 4
    if len(known) != len(asked):
        raise ModelError(spec.name, f"its input has the shape {shape}: no pictures")
    for mine, side in zip(asked, known, strict=True):
        if None not in (mine, side) and mine != side:
            raise ModelError(spec.name, f"its input has the shape {shape}, the description says {tuple(asked)}")
    if dtype.name != spec.input.dtype:
        raise ModelError(spec.name, f"its input is {dtype.name}, the description says {spec.input.dtype}")
    merged = [mine if side is None else side for mine, side in zip(asked, known, strict=True)]
    return tf.TensorSpec(merged, dtype, spec.input.name)


def _tensor(spec: ModelSpec, key: str) -> str:
    return spec.outputs[key].tensor or key


def _named(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _node(name: str) -> str:
    return name.partition(":")[0]


def _known(spec: ModelSpec, nodes: list[str], graph: Any) -> None:
    there = {node.name for node in graph.node}
    for node in nodes:
        if node not in there:
            raise ModelError(spec.name, f"has no operation '{node}'").advise("list-operations")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
