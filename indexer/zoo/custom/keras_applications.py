"""Classifiers of keras.applications, as Keras files with their weights.

The model is made in a process of its own, `python -m indexer.zoo.custom.keras_applications`. Which there
are, Keras itself is asked: whatever has weights and classes. Downloads are Keras's own: it keeps them in its folder,
~/.keras/models.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError, printable
from indexer.subprocess_call import serve, subprocess_call
from indexer.zoo.build.build import Report

if TYPE_CHECKING:
    import keras

_MODULE = "indexer.zoo.custom.keras_applications"
_TELLING = {"weights", "classifier_activation"}  # parameters of what makes a classifier
_URL = re.compile(r"https?://\S*[^\s:]")


def applications() -> tuple[str, ...]:
    """Return the names of all classifiers of keras.applications. Errors: ModelError where Keras does not load."""
    return tuple(subprocess_call(_MODULE, None, partial(ModelError, "keras")))


def save_application(model: str, weights: Path | None, folder: Path, report: Report) -> Path:
    """Write a model as FOLDER/NETWORK.keras, with two outputs: its own, and 'embedding', the input of its last layer.

    weights: a file of its weights, all classes included; None: Keras downloads them.
    Errors: ModelError for a model that Keras does not have, weights of another one, or a download that fails.
    """
    if weights is not None and not weights.is_file():
        raise ModelError(model, f"its weights {printable(weights)} do not exist")
    request = {"model": model, "weights": weights, "folder": folder}
    subprocess_call(_MODULE, request, partial(ModelError, model), report)
    return folder / f"{model}.keras"


def _serve(asked: dict[str, Any] | None, report: Report) -> list[str]:
    """Return the names of all models, or of the one that was asked for and written."""
    makers = _makers()
    if asked is None:
        return list(makers)
    model, weights = asked["model"], asked["weights"]
    if model not in makers:
        near = get_close_matches(model, makers, cutoff=0.3) or list(makers)
        raise ModelError(model, f"is not a classifier of keras.applications; similar names: {', '.join(near)}")
    report(f"{model}: weights {f'from {weights}' if weights else 'by download, if Keras does not have them yet'} …")
    _with_embedding(_made(model, makers[model], weights)).save(asked["folder"] / f"{model}.keras")
    return [model]


def _makers() -> dict[str, Callable[..., keras.Model]]:
    from keras import applications

    makers = {name: value for name, value in vars(applications).items() if inspect.isfunction(value)}
    return {
        name: makers[name] for name in sorted(makers) if inspect.signature(makers[name]).parameters.keys() > _TELLING
    }


def _made(model: str, maker: Callable[..., keras.Model], weights: str | None) -> keras.Model:
    try:
        return maker(weights=weights or "imagenet")
    except Exception as error:  # a download fails with a bare Exception, a file with any of a dozen kinds
        told = " ".join(str(error).split())
        if weights:
            raise ModelError(model, f"{printable(weights)} does not hold its weights: {told[:200]}") from error
        url = _URL.search(told)
        raise ModelError(model, f"its weights could not be downloaded: {url[0] if url else told}").advise(
            "download-weights" if url else "weights"
        ) from error


def _with_embedding(model: keras.Model) -> keras.Model:
    from keras import Model, layers

    last = next(layer for layer in reversed(model.layers) if layer.weights)
    return Model(model.input, [model.output, layers.Flatten(name="embedding")(last.input)], name=model.name)


if __name__ == "__main__":
    serve(_serve)
