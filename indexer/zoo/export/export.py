"""Model export: a SavedModel that takes plain pixels, with everything that another program needs.

Run as `python -m indexer.zoo.export.export < request.json`: TensorFlow stays out of the program. A network that
is run by LiteRT or ONNX Runtime alone has no SavedModel; its file is given as it is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.atomic_write import atomic_folder
from indexer.errors import ModelError
from indexer.subprocess_call import serve, subprocess_call
from indexer.vision.model_store import LITERT_FILE, ONNX_FILE, SAVED_MODEL, SIGNATURE, check, parts, tree_fingerprint
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.build.build import Report
from indexer.zoo.custom.install import LABELS, label_lines
from indexer.zoo.custom.spec_draft import SURE, DraftReason, SpecDraft, toml_lines
from indexer.zoo.export.readme import Ends, ExportedTensor, readme

if TYPE_CHECKING:
    import tensorflow as tf

README = "README.md"
_SIDES = ("short-side", "long-side")
_FREE_ROWS = ("classifier", "face-describer", "face-landmarks")  # whose outputs are a row for each picture


def export_model(spec: ModelSpec, models: Path, labels: Sequence[str], folder: Path, report: Report) -> None:
    """Write a built model into a folder that is missing or empty, in a process of its own.

    models: the folder of built models.  labels: names of its classes, none where it has none.
    Errors: ModelError.
    """
    request = {"spec": asdict(spec), "models": models, "labels": list(labels), "folder": folder}
    subprocess_call("indexer.zoo.export.export", request, partial(ModelError, spec.name), report)


def write(spec: ModelSpec, models: Path, labels: Sequence[str], folder: Path) -> None:
    """Export in this process, which loads TensorFlow. The folder is written beside its place and renamed at the end."""
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise ModelError(spec.name, f"{folder} is not empty; export to a new or empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder, prefix=".export-") as home:
            _fill(spec, models, labels, home)
    except OSError as error:
        raise ModelError(spec.name, f"cannot be written to {folder}: {error.strerror or error}") from error


def _fill(spec: ModelSpec, models: Path, labels: Sequence[str], home: Path) -> None:
    if labels:
        (home / LABELS).write_text(label_lines(labels), "utf-8")
    there = parts(spec, models)
    if SAVED_MODEL in there:
        _save(spec, check(spec, models, SAVED_MODEL), home / SAVED_MODEL)
        ends = _ends(home / SAVED_MODEL)
        (home / f"{spec.name}.toml").write_text(_description(spec, home / SAVED_MODEL, ends, labels), "utf-8")
    else:
        file = ONNX_FILE if ONNX_FILE in there else LITERT_FILE
        shutil.copyfile(check(spec, models, file), home / file)
        ends = _own_ends(spec, file)
        (home / f"{spec.name}.toml").write_text(spec.path(f"{spec.name}.toml").read_text("utf-8"), "utf-8")
    (home / README).write_text(readme(spec, ends, len(labels)), "utf-8")


def _save(spec: ModelSpec, built: Path, folder: Path) -> None:
    """Write a SavedModel around a built one: the program's pre- and postprocessing become part of the graph."""
    import tensorflow as tf

    from indexer.zoo.build.convert import save

    loaded = tf.saved_model.load(str(built))
    inner = loaded.signatures[SIGNATURE]
    (taken,) = inner.structured_input_signature[1].values()
    shape = taken.shape.as_list()
    sides = [shape[0], *(shape[2:] if spec.input.layout == "NCHW" else shape[1:3]), 3]

    def run(image: tf.ExportedTensor) -> dict[str, tf.ExportedTensor]:
        answers = inner(**{spec.input.name: _prepared(image, spec)})
        return {key: _answer(spec, key, answers[key]) for key in spec.outputs}

    save(run, tf.TensorSpec(sides, tf.float32, name="image"), loaded, folder)


def _prepared(image: tf.ExportedTensor, spec: ModelSpec) -> tf.ExportedTensor:
    """Convert RGB pixels 0..255 to the model's input, as `vision.preprocess` and `vision.runtime` do."""
    import tensorflow as tf

    wanted = spec.input
    if wanted.colors == "gray":  # the integer arithmetic of Pillow
        luma = tf.reduce_sum(image * [19595.0, 38470.0, 7471.0], axis=-1, keepdims=True)
        values = (tf.floor((luma + 32768) / 65536) - wanted.mean[0]) * wanted.scale[0]
    else:
        values = ((image if wanted.colors == "RGB" else image[..., ::-1]) - wanted.mean) * wanted.scale
    if wanted.layout == "NCHW":
        values = tf.transpose(values, (0, 3, 1, 2))
    kind = tf.as_dtype(wanted.dtype)
    return tf.saturate_cast(tf.round(values) if kind.is_integer else values, kind)


def _answer(spec: ModelSpec, key: str, values: tf.ExportedTensor) -> tf.ExportedTensor:
    """Return the model's output as the program reads it: float32, activated, two classes of a single sigmoid."""
    import tensorflow as tf

    values = tf.cast(values, tf.float32)
    if not spec.weights.is_own:
        return values
    if spec.role in _FREE_ROWS and values.shape.rank != 2:
        values = tf.reshape(values, (tf.shape(values)[0], -1))
    match spec.outputs[key].apply:
        case "softmax":
            values = tf.nn.softmax(values)
        case "sigmoid":
            values = tf.sigmoid(values)
        case "unit":
            values = tf.math.l2_normalize(values, axis=-1)
    is_single = key == "probabilities" and spec.outputs[key].shape[-1] == 1
    return tf.concat([1 - values, values], axis=-1) if is_single else values


def _ends(folder: Path) -> Ends:
    """Read the names of its tensors from the written file, as C and Go need them."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    told = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    signature = told.signature_def[SIGNATURE]
    return Ends(
        file=SAVED_MODEL,
        tag=next(iter(told.meta_info_def.tags)),
        input=_tensor("image", signature.inputs["image"]),
        outputs=tuple(_tensor(key, each) for key, each in sorted(signature.outputs.items())),
    )


def _tensor(key: str, told: Any) -> ExportedTensor:
    sides = ["any" if side.size < 0 else str(side.size) for side in told.tensor_shape.dim]
    return ExportedTensor(key, told.name, "[]" if told.tensor_shape.unknown_rank else f"[{', '.join(sides)}]")


def _own_ends(spec: ModelSpec, file: str) -> Ends:
    width, height = spec.input.size
    sides = (3, height, width) if spec.input.layout == "NCHW" else (height, width, 3)
    shape = f"[n, {', '.join(map(str, sides))}] {spec.input.dtype}"
    outputs = tuple(
        ExportedTensor(key, output.tensor or key, f"[{', '.join(map(str, output.shape))}]")
        for key, output in spec.outputs.items()
    )
    return Ends(file, "", ExportedTensor("image", spec.input.source_name, shape), outputs)


def _description(spec: ModelSpec, saved: Path, ends: Ends, labels: Sequence[str]) -> str:
    """Return the description of the exported model, by which `indexer` itself can add it."""
    told: dict[str, Any] = {"role": spec.role}
    told |= {"align": spec.align} if spec.role == "face-describer" else {}
    told |= {key: text for key, text in (("license", spec.license), ("source", spec.source)) if text}
    told |= {"weights.file": SAVED_MODEL, "weights.format": "saved-model", "weights.signature": SIGNATURE}
    told |= {"weights.sha256": tree_fingerprint(saved)}
    told |= {f"input.{key}": value for key, value in _input(spec).items()}
    for each in ends.outputs:
        output = spec.outputs[each.key]
        doubled = each.key == "probabilities" and output.shape[-1] == 1
        told[f"outputs.{each.key}.shape"] = [*output.shape[:-1], 2] if doubled else list(output.shape)
        told[f"outputs.{each.key}.activation"] = _applied(output.activation, output.apply)
    told |= {"labels.file": LABELS} if labels else {}
    told |= {"labels.offset": spec.labels.offset} if spec.role == "object-detector" else {}
    told |= {f"thresholds.{key}": value for key, value in spec.thresholds.items()}
    lines = toml_lines(SpecDraft(tuple(DraftReason(key, value, "", SURE) for key, value in told.items())))
    about = json.dumps(spec.description, ensure_ascii=False)
    return "\n".join([f"# Exported from {spec.id}.", f"description = {about}", *lines, ""])


def _input(spec: ModelSpec) -> Mapping[str, Any]:
    """Return the keys of its input: pixels as they are, fitted as before."""
    wanted = spec.input
    told = {"name": "image", "colors": "RGB", "mean": 0.0, "scale": 1.0, "fit": wanted.fit, "size_px": wanted.size_px}
    told |= {"resampling": wanted.resampling, "crop": wanted.crop}
    told |= {"multiple_px": wanted.multiple_px, "longest_px": wanted.longest_px} if wanted.fit in _SIDES else {}
    return told | {key: value for key in ("height_px", "fill") if (value := getattr(wanted, key))}


def _applied(activation: str, apply: str) -> str:
    return apply if apply in ("softmax", "sigmoid") else activation


if __name__ == "__main__":
    serve(
        lambda asked, _: write(
            spec_of(asked["spec"].pop("name"), asked["spec"]), asked["models"], asked["labels"], asked["folder"]
        )
    )
