"""Inspection of SavedModels and frozen graphs, from the Protocol Buffers alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from indexer.errors import ModelError
from indexer.zoo.inspect.formats import SAVED_MODEL_FILE, damaged, size_of
from indexer.zoo.inspect.graph_def import VARIABLES, Graph, tensor_of
from indexer.zoo.inspect.inspection import Inspection, SignatureInfo, pick_tags

_SERVING = "serving_default"
_HIDDEN = "__saved_model_init_op"  # a 'signature' that only initializes variables
_LONGEST_LABELS = 1 << 22  # bytes


def look_graph(path: Path) -> Inspection:
    """Inspect a GraphDef. Errors: ModelError where it is none, or damaged."""
    graph_def = _parsed(path, tf.compat.v1.GraphDef())
    if not graph_def.node:
        raise damaged(path, "graph")
    graph = Graph(graph_def)
    outputs = graph.outputs()
    return Inspection(
        path=str(path),
        format="graph",
        versions=_versions(graph_def),
        inputs=graph.inputs(),
        outputs=outputs,
        operations=graph.operations(),
        parameters=graph.parameters(each.name for each in outputs),
        bytes=size_of(path),
        custom_operations=graph.custom(),
        notes=graph.notes(),
    )


def look_saved_model(folder: Path, tags: Sequence[str] = ()) -> Inspection:
    """Inspect a SavedModel.

    tags: those of the graph to inspect; none: 'serve', or the shortest.
    Errors: ModelError where it is damaged, without its variables, or has no graph under these tags.
    """
    saved = _parsed(folder / SAVED_MODEL_FILE, saved_model_pb2.SavedModel())
    if not saved.meta_graphs:
        raise ModelError(folder.name, f"its {SAVED_MODEL_FILE} is damaged: it holds no graph")
    tag_sets = tuple(tuple(meta.meta_info_def.tags) for meta in saved.meta_graphs)
    chosen = pick_tags(folder.name, tag_sets, tags)
    meta = saved.meta_graphs[tag_sets.index(chosen)]
    graph = Graph(meta.graph_def)
    if meta.HasField("saver_def") and any(each.kind in VARIABLES for each in graph.operations()):
        _needs_variables(folder)
    signatures = _signatures(meta, graph)
    name = _SERVING if _SERVING in signatures else next(iter(signatures), "")
    used = signatures.get(name) or SignatureInfo(graph.inputs(), graph.outputs())
    told = meta.signature_def[name].outputs if name else {}
    tensors = [told[each.name].name if name else each.name for each in used.outputs]
    return Inspection(
        path=str(folder),
        format="saved-model",
        versions={"tensorflow": meta.meta_info_def.tensorflow_version} | _versions(meta.graph_def),
        tag_sets=tag_sets,
        tags=chosen,
        signatures=signatures,
        signature=name,
        inputs=used.inputs,
        outputs=used.outputs,
        operations=graph.operations(),
        parameters=graph.parameters(tensors),
        bytes=size_of(folder),
        custom_operations=graph.custom(),
        labels_inside=_labels(folder / "assets"),
        notes=graph.notes(),
    )


def _parsed(path: Path, message: Any) -> Any:
    try:
        message.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError, from a package that is not ours to import
        if path.name == SAVED_MODEL_FILE:
            raise ModelError(path.parent.name, f"its {SAVED_MODEL_FILE} is damaged") from error
        raise damaged(path, "graph") from error
    return message


def _versions(graph_def: Any) -> dict[str, str]:
    return {"graph": str(graph_def.versions.producer)} if graph_def.versions.producer else {}


def _signatures(meta: Any, graph: Graph) -> dict[str, SignatureInfo]:
    found = {}
    for name, told in sorted(meta.signature_def.items()):
        if name != _HIDDEN:
            ins = tuple(tensor_of(key, each, "") for key, each in sorted(told.inputs.items()))
            outs = tuple(tensor_of(key, each, graph.made_by(each.name)) for key, each in sorted(told.outputs.items()))
            found[name] = SignatureInfo(ins, outs)
    return found


def _needs_variables(folder: Path) -> None:
    if not (folder / "variables" / "variables.index").is_file():
        raise ModelError(folder.name, "its folder 'variables', with the weights, is missing or not whole")


def _labels(assets: Path) -> tuple[str, ...]:
    """Return the lines of the only text among the assets of a SavedModel."""
    texts = sorted(assets.glob("*.txt")) if assets.is_dir() else []
    if len(texts) != 1 or texts[0].stat().st_size > _LONGEST_LABELS:
        return ()
    return tuple(texts[0].read_text("utf-8", "replace").splitlines())
