"""Conversion to SavedModel and LiteRT, of Keras models or any function of one tensor.

Both have one signature with the same named input and outputs. The SavedModel may have a second, for
batches: its outputs have the batch as one side more, in front.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from indexer.vision.model_store import BATCH_SIGNATURE, SIGNATURE
from indexer.vision.silence import silence_native_stderr
from indexer.zoo.architectures.layers import Forms

_Run = Callable[[Any], Any]


def export(forms: Forms, home: Path, saved_model: str, litert_file: str) -> None:
    """Write both formats into the folder `home`; input and outputs are named as in the model, float32."""
    kept = [variable.value for variable in forms.one.variables]  # keras.export would store every weight twice
    many = _function(forms.many) if forms.many else None
    save(*_function(forms.one), kept, home / saved_model, many)
    convert(home / saved_model, home / litert_file)


def save(run: _Run, wanted: Any, kept: Any, folder: Path, many: tuple[_Run, Any] | None = None) -> None:
    """Write a SavedModel. wanted: the tf.TensorSpec of its input, whose name is kept.  kept: its variables.

    many: the model as a function of a batch, and the spec of its input.
    """
    module = tf.Module()
    module.kept = kept
    module.run = tf.function(run, input_signature=[wanted])
    signatures = {SIGNATURE: module.run}
    if many is not None:
        module.run_many = signatures[BATCH_SIGNATURE] = tf.function(many[0], input_signature=[many[1]])
    tf.saved_model.save(module, str(folder), signatures)


def _function(model: keras.Model) -> tuple[_Run, Any]:
    """Return a model as a function, and the spec of its input."""
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)
    return lambda values: model(values, training=False), wanted


def convert(saved_model: Path, file: Path) -> None:
    """Convert a SavedModel for LiteRT."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[SIGNATURE])
    file.write_bytes(converter.convert())


_BATCH, _SIDE_PX = 2, 288  # for variable sides: multiples of 32 that give a classifier several windows


def difference(model: keras.Model, litert_file: Path, signature: str) -> float:
    """Return the largest difference between any two numbers that both return for the same random input.

    Errors: ValueError where their outputs have different names.
    """
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)
    return largest_difference(lambda values: model(values, training=False), wanted, litert_file, signature)


def largest_difference(run: Callable[[Any], Any], wanted: Any, litert_file: Path, signature: str) -> float:
    """Return the same for any function; wanted: the tf.TensorSpec of its input. Integers are taken for pixels."""
    free = (_BATCH, _SIDE_PX, _SIDE_PX, 3)
    shape = [given or default for given, default in zip(wanted.shape, free, strict=True)]
    random = np.random.default_rng(0)
    values = (random.integers(0, 256, shape) if wanted.dtype.is_integer else random.uniform(-1, 1, shape)).astype(
        wanted.dtype.as_numpy_dtype
    )
    expected = {key: np.asarray(answer) for key, answer in run(tf.constant(values)).items()}
    with silence_native_stderr():
        answers: dict[str, NDArray[Any]] = Interpreter(str(litert_file)).get_signature_runner(signature)(
            **{wanted.name: values}
        )
    if answers.keys() != expected.keys():
        raise ValueError(f"the conversion answers {', '.join(answers)} instead of {', '.join(expected)}")
    return max(float(np.abs(answers[key].astype(np.float64) - expected[key]).max()) for key in expected)
