"""A Keras model and its LiteRT file flow in; what flows out is how far their answers lie apart.

Converters change from release to release. A network whose conversion went wrong would fill a library with wrong
answers, so each one is tried on the machine that built it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from indexer.vision.quiet import quiet

_BATCH, _SIDE_PX = 2, 288  # for sides that are free: multiples of 32 that give a classifier several windows


def difference(model: keras.Model, litert_file: Path, signature: str) -> float:
    """Return the largest difference between any two numbers that both answer to the same random input.

    Errors: ValueError where the two do not answer under the same names.
    """
    name, sides = model.inputs[0].name, model.inputs[0].shape
    free = (_BATCH, _SIDE_PX, _SIDE_PX, 3)
    shape = [given or default for given, default in zip(sides, free, strict=True)]
    values = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    expected = {key: np.asarray(answer) for key, answer in model(values, training=False).items()}
    with quiet():
        answers: dict[str, NDArray[Any]] = Interpreter(str(litert_file)).get_signature_runner(signature)(
            **{name: values}
        )
    if answers.keys() != expected.keys():
        raise ValueError(f"the conversion answers {', '.join(answers)} instead of {', '.join(expected)}")
    return max(float(np.abs(answers[key] - expected[key]).max()) for key in expected)
