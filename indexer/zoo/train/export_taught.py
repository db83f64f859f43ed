"""Keras model of a taught word: SavedModel and LiteRT file, with a spec beside them.

The library keeps the head itself and never reads these files: they are for other programs, and for whoever wants to
see what was learned. `python -m indexer.zoo.train.export_taught < request.json` does it: TensorFlow stays out of the
program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.atomic_write import atomic_folder
from indexer.errors import ModelError
from indexer.subprocess_call import Report, serve, subprocess_call
from indexer.vision.model_store import LITERT_FILE, RECORD, SAVED_MODEL, record

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

SPEC = "head.toml"
_TOLERANCE = 1e-4  # between the outputs of Keras, LiteRT and the library's own formula
_SPEC = """\
# A word taught by examples: give it the pooled vector of a picture, and it tells how sure it is.
name = {name}
role = "word"
architecture = "logistic"    # score = 1 / (1 + exp(−(weights · vector / |vector| + bias)))
classifier = {classifier}    # whose vectors it judges; with any other it tells nonsense

[input]
name = "embedding"
shape = [{length}]

[outputs.score]
shape = [1]
activation = "sigmoid"

[thresholds]
score = 0.5   # the word is given from here on

[taught]
{taught}
"""


def write_head(folder: Path, told: Mapping[str, Any]) -> None:
    """Write a taught word as a model into a folder of its own, in place of an older one, in a process of its own.

    told: name, classifier, weights (numbers, the bias last), taught (the training report in the spec).
    Errors: ModelError where it cannot be written.
    """
    lost = partial(ModelError, told["name"])
    subprocess_call("indexer.zoo.train.export_taught", {"folder": folder, "head": dict(told)}, lost)


def build_head(folder: Path, told: Mapping[str, Any]) -> None:
    """Write the model in this process, which loads TensorFlow."""
    from indexer.zoo.architectures.layers import Forms
    from indexer.zoo.build.convert import export

    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(folder, prefix=".word-", overwrite=True) as home:
        model = _model(told["weights"])
        export(Forms(model), home, SAVED_MODEL, LITERT_FILE)
        _compare(told, model, home / LITERT_FILE)
        (home / SPEC).write_text(_spec(told), "utf-8")
        names = sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
        (home / RECORD).write_text(json.dumps({"id": told["name"], "files": record(names, home)}, indent=1), "utf-8")


def _model(weights: list[float]) -> keras.Model:
    import keras
    import numpy as np

    pooled = keras.Input((len(weights) - 1,), name="embedding")
    unit = keras.layers.UnitNormalization()(pooled)
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(pooled, {"score": dense(unit)})
    dense.set_weights([np.array(weights[:-1], np.float32)[:, None], np.array(weights[-1:], np.float32)])
    return model


def _compare(told: Mapping[str, Any], model: keras.Model, litert_file: Path) -> None:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    pooled = np.random.default_rng(0).uniform(0, 6, (1, len(told["weights"]) - 1)).astype(np.float32)
    runner = Interpreter(str(litert_file)).get_signature_runner("serving_default")
    answers = runner(embedding=pooled)["score"], np.asarray(model(pooled)["score"])
    apart = max(float(np.abs(answer - _score(told["weights"], pooled)).max()) for answer in answers)
    if not apart <= _TOLERANCE:
        raise ModelError(told["name"], f"its conversion is wrong by {apart:.1e}")


def _score(weights: list[float], pooled: NDArray[np.float32]) -> float:
    import numpy as np

    unit = pooled[0] / np.linalg.norm(pooled[0])
    return float(1 / (1 + np.exp(-(unit @ np.array(weights[:-1]) + weights[-1]))))


def _spec(told: Mapping[str, Any]) -> str:
    taught = "\n".join(f"{key} = {json.dumps(value)}" for key, value in told["taught"].items())
    return _SPEC.format(
        name=json.dumps(told["name"]),
        classifier=json.dumps(told["classifier"]),
        length=len(told["weights"]) - 1,
        taught=taught,
    )


def _serve(asked: dict[str, Any], _report: Report) -> None:
    folder, told = asked["folder"], asked["head"]
    try:
        build_head(folder, told)
    except OSError as error:
        raise ModelError(told["name"], f"cannot be written to {folder}: {error}") from error


if __name__ == "__main__":
    serve(_serve)
