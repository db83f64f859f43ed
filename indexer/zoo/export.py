"""A Keras model flows in; a SavedModel and a LiteRT file with the same named input and outputs flow out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

SIGNATURE = "serving_default"


def export(model: keras.Model, home: Path, saved_model: str, litert_file: str) -> None:
    """Write both forms into the folder `home`; input and outputs are called as in the model, float32."""
    image = model.inputs[0]

    def run(values: Any) -> Any:
        return model(values, training=False)

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(SIGNATURE, run, [tf.TensorSpec(image.shape, tf.float32, name=image.name)])
    archive.write_out(str(home / saved_model), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(home / saved_model), signature_keys=[SIGNATURE])
    (home / litert_file).write_bytes(converter.convert())
