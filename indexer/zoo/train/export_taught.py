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
OBJECTS_WEIGHT = 0.5  # of the scores of objects beside an embedding of length 1: the library's
_TOLERANCE = 1e-4  # between the outputs of Keras, LiteRT and the library's own formula
_PLAIN = "score = 1 / (1 + exp(−(weights · embedding / |embedding| + bias)))"
_JOINED = (
    "score = 1 / (1 + exp(−(weights · joined / |joined| + bias))), "
    "joined = (roots / |roots|, half of the scores of objects), roots = sign · √|embedding|"
)
_SPEC = """\
# A word taught by examples: give it the pooled vector of a picture{and_objects}, and it tells how sure it is.
name = {name}
role = "word"
architecture = "logistic"    # {formula}
models = {models}    # whose numbers it judges; with any others it tells nonsense

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

    told: name, models (the ids of the classifier, and of the object detector or ''), classes (how many that one has),
    weights (numbers, the bias last), taught (the training report in the spec).
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
        model = _model(told["weights"], told["classes"])
        export(Forms(model), home, SAVED_MODEL, LITERT_FILE)
        _compare(told, model, home / LITERT_FILE)
        (home / SPEC).write_text(_spec(told), "utf-8")
        names = sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
        (home / RECORD).write_text(json.dumps({"id": told["name"], "files": record(names, home)}, indent=1), "utf-8")


def _model(weights: list[float], classes: int) -> keras.Model:
    import keras
    import numpy as np
    from keras import ops

    given = keras.Input((len(weights) - 1,), name="embedding")
    joined = given
    if classes:
        pooled, objects = given[:, :-classes], given[:, -classes:]
        roots = keras.layers.UnitNormalization()(ops.sign(pooled) * ops.sqrt(ops.abs(pooled)))
        joined = ops.concatenate([roots, OBJECTS_WEIGHT * objects], axis=1)
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(given, {"score": dense(keras.layers.UnitNormalization()(joined))})
    dense.set_weights([np.array(weights[:-1], np.float32)[:, None], np.array(weights[-1:], np.float32)])
    return model


def _compare(told: Mapping[str, Any], model: keras.Model, litert_file: Path) -> None:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    given = np.random.default_rng(0).uniform(0, 6, (1, len(told["weights"]) - 1)).astype(np.float32)
    runner = Interpreter(str(litert_file)).get_signature_runner("serving_default")
    answers = runner(embedding=given)["score"], np.asarray(model(given)["score"])
    apart = max(float(np.abs(answer - _score(told, given[0])).max()) for answer in answers)
    if not apart <= _TOLERANCE:
        raise ModelError(told["name"], f"its conversion is wrong by {apart:.1e}")


def _score(told: Mapping[str, Any], given: NDArray[np.float32]) -> float:
    import numpy as np

    joined, weights, classes = given, np.array(told["weights"]), told["classes"]
    if classes:
        roots = np.sign(given[:-classes]) * np.sqrt(np.abs(given[:-classes]))
        joined = np.concatenate([roots / np.linalg.norm(roots), OBJECTS_WEIGHT * given[-classes:]])
    unit = joined / np.linalg.norm(joined)
    return float(1 / (1 + np.exp(-(unit @ weights[:-1] + weights[-1]))))


def _spec(told: Mapping[str, Any]) -> str:
    taught = "\n".join(f"{key} = {json.dumps(value)}" for key, value in told["taught"].items())
    classes = told["classes"]
    return _SPEC.format(
        name=json.dumps(told["name"]),
        and_objects=f", followed by the best score of each of {classes} classes of objects in it" if classes else "",
        formula=_JOINED if classes else _PLAIN,
        models=json.dumps(list(filter(None, told["models"]))),
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
