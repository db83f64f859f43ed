"""A function of one tensor flows in, a Keras model's or another's; a SavedModel and a LiteRT file flow out.

Both have one signature with the same named input and outputs. The SavedModel may have a second, for many pictures at
once: its answers have the pictures as one side more, in front.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from indexer.vision.model_store import BATCH_SIGNATURE, SIGNATURE
from indexer.zoo.architectures.layers import Forms

_Run = Callable[[Any], Any]


def export(network: Forms, home: Path, saved_model: str, litert_file: str) -> None:
    """Write both forms into the folder `home`; input and outputs are called as in the model, float32."""
    kept = [variable.value for variable in network.one.variables]  # keras.export would store every weight twice
    many = _function(network.many) if network.many else None
    save(*_function(network.one), kept, home / saved_model, many)
    convert(home / saved_model, home / litert_file)


def save(run: _Run, wanted: Any, kept: Any, folder: Path, many: tuple[_Run, Any] | None = None) -> None:
    """Write a SavedModel. wanted: the tf.TensorSpec of its input, whose name is kept.  kept: its variables.

    many: the network as a function of many pictures, and the spec of its input.
    """
    module = tf.Module()
    module.kept = kept
    module.run = tf.function(run, input_signature=[wanted])
    signatures = {SIGNATURE: module.run}
    if many is not None:
        module.run_many = signatures[BATCH_SIGNATURE] = tf.function(many[0], input_signature=[many[1]])
    tf.saved_model.save(module, str(folder), signatures)


def _function(model: keras.Model) -> tuple[_Run, Any]:
    """Return what a model does, and the spec of its input."""
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)
    return lambda values: model(values, training=False), wanted


def convert(saved_model: Path, file: Path) -> None:
    """Convert a SavedModel for LiteRT."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
    file.write_bytes(converter.convert())
