"""A function of one tensor flows in, a Keras model's or another's; a SavedModel and a LiteRT file flow out.

Both have one signature with the same named input and outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from indexer.vision.built import SIGNATURE


def export(model: keras.Model, home: Path, saved_model: str, litert_file: str) -> None:
    """Write both forms into the folder `home`; input and outputs are called as in the model, float32."""
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)
    kept = [variable.value for variable in model.variables]  # keras.export would store every weight twice
    save(lambda values: model(values, training=False), wanted, kept, home / saved_model)
    convert(home / saved_model, home / litert_file)


def save(run: Callable[[Any], Any], wanted: Any, kept: Any, folder: Path) -> None:
    """Write a SavedModel. wanted: the tf.TensorSpec of its input, whose name is kept.  kept: its variables."""
    module = tf.Module()
    module.kept = kept
    module.run = tf.function(run, input_signature=[wanted])
    tf.saved_model.save(module, str(folder), {SIGNATURE: module.run})


def convert(saved_model: Path, file: Path) -> None:
    """Convert a SavedModel for LiteRT."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
    file.write_bytes(converter.convert())
