"""A Keras model flows in; a SavedModel and a LiteRT file with the same named input and outputs flow out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

SIGNATURE = "serving_default"


def export(model: keras.Model, home: Path, saved_model: str, litert_file: str) -> None:
    """Write both forms into the folder `home`; input and outputs are called as in the model, float32."""
    path = str(home / saved_model)
    module = _module(model)
    tf.saved_model.save(module, path, {SIGNATURE: module.run})
    converter = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=[SIGNATURE])
    (home / litert_file).write_bytes(converter.convert())


def _module(model: keras.Model) -> tf.Module:
    """Return the weights and one function; keras.export would store every weight twice."""
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)

    def run(values: Any) -> Any:
        return model(values, training=False)

    module = tf.Module()
    module.kept = [variable.value for variable in model.variables]
    module.run = tf.function(run, input_signature=[wanted])
    return module
