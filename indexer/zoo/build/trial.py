"""A network and its LiteRT file flow in; what flows out is how far their answers lie apart.

Converters change from release to release. A network whose conversion went wrong would fill a library with wrong
answers, so each one is tried on the machine that built it.
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

from indexer.vision.silence import quiet

_BATCH, _SIDE_PX = 2, 288  # for sides that are free: multiples of 32 that give a classifier several windows


def difference(model: keras.Model, litert_file: Path, signature: str) -> float:
    """Return the largest difference between any two numbers that both answer to the same random input.

    Errors: ValueError where the two do not answer under the same names.
    """
    wanted = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=model.inputs[0].name)
    return apart(lambda values: model(values, training=False), wanted, litert_file, signature)


def apart(run: Callable[[Any], Any], wanted: Any, litert_file: Path, signature: str) -> float:
    """Return the same for any function; wanted: the tf.TensorSpec of its input. Integers are taken for pixels."""
    free = (_BATCH, _SIDE_PX, _SIDE_PX, 3)
    shape = [given or default for given, default in zip(wanted.shape, free, strict=True)]
    random = np.random.default_rng(0)
    values = (random.integers(0, 256, shape) if wanted.dtype.is_integer else random.uniform(-1, 1, shape)).astype(
        wanted.dtype.as_numpy_dtype
    )
    expected = {key: np.asarray(answer) for key, answer in run(tf.constant(values)).items()}
    with quiet():
        answers: dict[str, NDArray[Any]] = Interpreter(str(litert_file)).get_signature_runner(signature)(
            **{wanted.name: values}
        )
    if answers.keys() != expected.keys():
        raise ValueError(f"the conversion answers {', '.join(answers)} instead of {', '.join(expected)}")
    return max(float(np.abs(answers[key].astype(np.float64) - expected[key]).max()) for key in expected)
