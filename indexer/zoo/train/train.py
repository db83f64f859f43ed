"""Training run: a file of pictures with labels becomes a Keras file and its metrics.

Training runs in a process of its own, `python -m indexer.zoo.train.train < request.json`: the program never loads
TensorFlow. The folder holds the file; the network and the figures are written beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from indexer.errors import ModelError
from indexer.subprocess_call import serve, subprocess_call
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.train.params import MODEL, PICTURES, TrainingParams

Report = Callable[[str], None]


def train(
    folder: Path,
    name: str,
    course: TrainingParams,
    numbers: Sequence[int],
    parts: Sequence[str],
    trunk: ModelSpec | None,
    report: Report,
) -> dict[str, Any]:
    """Train on the file PICTURES in a folder; MODEL is written there. Return its metrics (docs/own-models.md).

    numbers, parts: of each picture, the label and its part: 'train', 'validation' or 'test'.
    trunk: the pretrained EfficientNet-Lite; None: a small network is trained from scratch.
    Errors: ModelError.
    """
    asked = {"course": asdict(course), "numbers": numbers, "parts": parts, "trunk": trunk and asdict(trunk)}
    request = asked | {"folder": folder}
    figures: dict[str, Any] = subprocess_call("indexer.zoo.train.train", request, partial(ModelError, name), report)
    return figures


def learn(asked: dict[str, Any], report: Report) -> dict[str, Any]:
    """Do it in this process, which loads TensorFlow; the same seed gives the same network on the same machine."""
    import keras
    import tensorflow as tf

    from indexer.zoo.train.data import pictures_of
    from indexer.zoo.train.keras_model import from_scratch, measured, scores, transferred

    began, folder = monotonic(), asked["folder"]
    raw, numbers, parts = asked["trunk"], asked["numbers"], asked["parts"]
    course = TrainingParams(**asked["course"] | {"labels": tuple(asked["course"]["labels"])})
    keras.utils.set_random_seed(course.seed)
    tf.config.experimental.enable_op_determinism()
    of = pictures_of(folder / PICTURES, course.size_px, numbers, parts)
    if raw:
        model = transferred(spec_of(raw.pop("name"), raw), course, of["train"], of["validation"], report)
    else:
        model = from_scratch(course, of["train"], of["validation"], report)
    model.save(folder / MODEL)
    figures = measured(course.labels, of["test"].truth, scores(model, of["test"], course.batch))
    return {"pictures": Counter(parts), "seed": course.seed, "seconds": round(monotonic() - began, 1), **figures}


if __name__ == "__main__":
    serve(learn)
