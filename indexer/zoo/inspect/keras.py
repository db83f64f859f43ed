"""Inspection of Keras files (.keras, or the old .h5), from their JSON and list of weights.

No layer is made and no code of the file is run; the output is derived from the settings of the last layers.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from indexer.zoo.inspect.formats import damaged, size_of
from indexer.zoo.inspect.inspection import Inspection, Operation, Shape, TensorInfo

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_PASSING = ("Dropout", "SpatialDropout2D", "ActivityRegularization", "BatchNormalization", "Identity")
_FUNCTIONS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "UnitNormalization": "unit"}
_MODELS = ("Model", "Functional", "Sequential")
_PLAIN = ("linear", "", None)


@dataclass(frozen=True, slots=True)
class _Layer:
    name: str
    kind: str
    settings: Mapping[str, Any]
    before: tuple[str, ...]


def look(path: Path) -> Inspection:
    """Inspect a Keras file. Errors: ModelError where it is none, is damaged, or holds only weights."""
    try:
        config, versions, parameters = _archive(path) if zipfile.is_zipfile(path) else _hdf5(path)
        return _inspection(path, config, versions, parameters)
    except (OSError, AttributeError, LookupError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise damaged(path, "keras", error) from error


def _archive(path: Path) -> tuple[dict[str, Any], dict[str, str], int]:
    import h5py

    with zipfile.ZipFile(path) as archive:
        if _CONFIG not in archive.namelist():
            raise ValueError(f"there is no {_CONFIG} in it")
        told = json.loads(archive.read(_METADATA)) if _METADATA in archive.namelist() else {}
        with h5py.File(BytesIO(archive.read(_WEIGHTS))) as file:
            return json.loads(archive.read(_CONFIG)), {"keras": str(told.get("keras_version", ""))}, _count(file)


def _hdf5(path: Path) -> tuple[dict[str, Any], dict[str, str], int]:
    import h5py

    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            raise ValueError("it contains only weights, not the model; save the whole model")
        versions = {"keras": str(file.attrs.get("keras_version", "")), "backend": str(file.attrs.get("backend", ""))}
        return json.loads(file.attrs["model_config"]), versions, _count(file)


def _count(file: Any) -> int:
    """Count the trained numbers; an optimizer keeps more of the same size beside them."""
    total = 0

    def visit(name: str, item: Any) -> None:
        nonlocal total
        if hasattr(item, "shape") and not name.startswith("optimizer") and item.dtype.kind == "f":
            total += item.size

    file.visititems(visit)
    return total


def _inspection(path: Path, config: dict[str, Any], versions: dict[str, str], parameters: int) -> Inspection:
    layers = {layer.name: layer for layer in _layers(config["config"])}
    inner = tuple(_all_layers(config["config"]))
    return Inspection(
        path=str(path),
        format="keras",
        title=str(config["config"].get("name", "")),
        versions={key: value for key, value in versions.items() if value},
        inputs=_inputs(config["config"], layers),
        outputs=tuple(_output(layers, name) for name in _ends(config["config"], "output_layers", layers)),
        operations=tuple(Operation(name, layer.kind) for name, layer in inner),
        parameters=parameters,
        bytes=size_of(path),
        custom_operations=tuple(sorted(set(_foreign(config)))),
        lambda_layers=tuple(dict.fromkeys(_code(config, ""))),
    )


def _layers(config: Mapping[str, Any]) -> Iterator[_Layer]:
    """Yield the layers of a model, each with the names of those before it; in a Sequential that is the last one."""
    last: tuple[str, ...] = ()
    for raw in config["layers"]:
        name = str(raw.get("name") or raw["config"]["name"])
        before = tuple(_histories(raw["inbound_nodes"])) if "inbound_nodes" in raw else last
        yield _Layer(name, str(raw["class_name"]), raw["config"], before)
        last = (name,)


def _all_layers(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, _Layer]]:
    for layer in _layers(config):
        yield above + layer.name, layer
        if "layers" in layer.settings:
            yield from _all_layers(layer.settings, f"{above}{layer.name}/")


def _histories(nodes: Any) -> Iterator[str]:
    """Yield the names of layers in 'inbound_nodes': of Keras 3 in 'keras_history', of Keras 2 in [name, 0, 0, {}]."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            yield nodes["keras_history"][0]
        else:
            for value in nodes.values():
                yield from _histories(value)
    elif isinstance(nodes, list):
        if len(nodes) >= 3 and isinstance(nodes[0], str) and isinstance(nodes[1], int):
            yield nodes[0]
        else:
            for value in nodes:
                yield from _histories(value)


def _ends(config: Mapping[str, Any], key: str, layers: Mapping[str, _Layer]) -> tuple[str, ...]:
    """Return the names of a model's first or last layers; of a Sequential the only ones there are."""
    if key in config:
        return tuple(dict.fromkeys(_histories(_listed(config[key]))))
    names = tuple(layers)
    return names[:1] if key == "input_layers" else names[-1:]


def _listed(told: Any) -> Any:
    return list(told.values()) if isinstance(told, dict) else told


def _inputs(config: Mapping[str, Any], layers: Mapping[str, _Layer]) -> tuple[TensorInfo, ...]:
    return tuple(_input(layers[name], config) for name in _ends(config, "input_layers", layers))


def _input(layer: _Layer, config: Mapping[str, Any]) -> TensorInfo:
    settings = layer.settings
    told = settings.get("batch_shape") or settings.get("batch_input_shape") or config.get("build_input_shape")
    dtype = settings.get("dtype")
    name = dtype["config"]["name"] if isinstance(dtype, dict) else str(dtype or "float32")
    return TensorInfo(layer.name, name, tuple(told) if told else None)


def _output(layers: Mapping[str, _Layer], name: str) -> TensorInfo:
    """Return the shape of a layer's output, and the function applied last, from it and the layers before it."""
    made_by = ""
    seen = set()
    label = name
    while name in layers and name not in seen:
        seen.add(name)
        layer = layers[name]
        if "layers" in layer.settings:  # a nested model
            layers = {each.name: each for each in _layers(layer.settings)}
            (name, *_) = _ends(layer.settings, "output_layers", layers)
            continue
        function = _FUNCTIONS.get(layer.kind) or layer.settings.get("activation")
        function = function["config"]["name"] if isinstance(function, dict) and "config" in function else function
        made_by = made_by or ("" if function in _PLAIN else str(function))
        shape = _shape(layer)
        if shape:
            return TensorInfo(label, "float32", shape, made_by or layer.kind)
        if layer.kind not in (*_PASSING, *_FUNCTIONS, "Activation", "Flatten", "Reshape", "Rescaling"):
            break
        (name, *_) = layer.before or ("",)
    return TensorInfo(label, "float32", None, made_by)


def _shape(layer: _Layer) -> Shape | None:
    if layer.kind == "Dense":
        return None, int(layer.settings["units"])
    if layer.kind == "Conv2D":
        return None, None, None, int(layer.settings["filters"])
    if layer.kind == "Reshape":
        sides = tuple(int(side) for side in layer.settings["target_shape"])
        return None, *(side if side > 0 else None for side in sides)
    return None


def _foreign(part: Any) -> Iterator[str]:
    """Yield the classes of layers that are not Keras's own, wherever they stand."""
    if isinstance(part, dict):
        kind, module = part.get("class_name"), part.get("module")
        if isinstance(kind, str) and isinstance(part.get("config"), dict) and _is_foreign(kind, module, part):
            yield kind
        for value in part.values():
            yield from _foreign(value)
    elif isinstance(part, list):
        for value in part:
            yield from _foreign(value)


def _is_foreign(kind: str, module: Any, part: Mapping[str, Any]) -> bool:
    if "module" in part:
        return str(module or "").split(".")[0] != "keras"
    if not ("inbound_nodes" in part or "layers" in part["config"]) or kind in _MODELS:
        return False
    import keras  # takes seconds, and only old files need it

    return not hasattr(keras.layers, kind)


def _code(part: Any, name: str) -> Iterator[str]:
    """Yield the names of layers that hold Python code, wherever they stand."""
    if isinstance(part, dict):
        settings = part.get("config")
        name = str(settings.get("name", name)) if isinstance(settings, dict) else name
        if part.get("class_name") in ("Lambda", "__lambda__"):
            yield name
        for value in part.values():
            yield from _code(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _code(value, name)
