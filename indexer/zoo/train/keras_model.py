"""Training of Keras classifiers: transfer learning and training from scratch, and their metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from indexer.vision.spec import ModelSpec
from indexer.zoo.architectures.efficientnet import efficientnet_lite_trunk
from indexer.zoo.build.weights import read_weights
from indexer.zoo.readers.torch_file import read_torch
from indexer.zoo.train.data import Pictures, TrainingBatches, balance
from indexer.zoo.train.params import TrainingParams

Report = Callable[[str], None]
_VARIANTS = 4  # versions of each picture in the head's training: plain, and augmented
_DROPOUT = 0.3
_HEAD_RATE, _CNN_RATE, _FINE_RATE = 2e-3, 2e-3, 5e-5  # how fast it learns
_PATIENCE, _LEAST_GAIN = 8, 0.002  # early stopping: epochs without this decrease of the validation loss
_TUNED_LAYERS = 12  # the last convolutions of an EfficientNet-Lite: its head and nearly four blocks
_FIRST_WIDTH, _WIDEST, _SMALLEST_MAP = 16, 256, 6
_TOLD_SECONDS = 2.0


def transferred(
    trunk: ModelSpec, course: TrainingParams, train: Pictures, validation: Pictures, report: Report
) -> keras.Model:
    """Train a new last layer on a pretrained trunk; its features are computed once. Errors: ModelError."""
    body = efficientnet_lite_trunk(read_torch(read_weights(trunk)), trunk.network, course.size_px)
    weights = balance(train.truth)
    features = [_features(body, part, course, times, report) for part, times in ((train, _VARIANTS), (validation, 1))]
    pooled = keras.Input(body.output.shape[1:])
    head = keras.Model(pooled, _answers(pooled, course))
    (x, y), (held_x, held_y) = features
    _compile(head, course, _HEAD_RATE)
    head.fit(
        x,
        y,
        sample_weight=weights[y],
        validation_data=(held_x, held_y, weights[held_y]),
        batch_size=course.batch,
        epochs=course.epochs,
        verbose=0,
        callbacks=[_stop(), _Told(report, "epoch")],
    )
    model = keras.Model(body.input, head(body.output))
    if course.fine_tune:
        _fine_tune(model, body, course, train, validation, report)
    return _complete(model, body.output)


def _fine_tune(
    model: keras.Model, body: keras.Model, course: TrainingParams, train: Pictures, validation: Pictures, report: Report
) -> None:
    """Train the last blocks of the trunk, too; undo it where validation does not improve."""
    for layer in [each for each in body.layers if each.weights][:-_TUNED_LAYERS]:
        layer.trainable = False
    _compile(model, course, _FINE_RATE)
    held = TrainingBatches(validation, course.batch, balance(train.truth))
    before, kept = model.evaluate(held, verbose=0)[0], model.get_weights()
    _learn(model, course, course.fine_tune, _FINE_RATE, train, validation, _Told(report, "fine-tuning, epoch"))
    if model.evaluate(held, verbose=0)[0] > before:
        model.set_weights(kept)
        report(f"fine-tuning is undone: the validation loss was {before:.3f} before it")


def from_scratch(course: TrainingParams, train: Pictures, validation: Pictures, report: Report) -> keras.Model:
    """Train a small convolutional network from scratch."""
    image = keras.Input((course.size_px, course.size_px, 3), name="image")
    x, width, side = image, _FIRST_WIDTH, course.size_px
    while side >= 2 * _SMALLEST_MAP:
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
        x = keras.layers.MaxPooling2D()(x)
        width, side = min(2 * width, _WIDEST), side // 2
    pooled = keras.layers.GlobalAveragePooling2D(name="embedding")(x)
    model = keras.Model(image, _answers(pooled, course))
    _learn(model, course, course.epochs, _CNN_RATE, train, validation, _Told(report, "epoch"))
    return _complete(model, pooled)


def scores(model: keras.Model, of: Pictures, batch: int) -> NDArray[np.float32]:
    """Return the score of each label for each picture: float32[n, labels]; a single sigmoid is that of the second."""
    run = _compiled(model)
    told = np.concatenate([np.asarray(run(seen)["probabilities"]) for _, seen in of.batches(batch)])
    return np.concatenate([1 - told, told], axis=1) if told.shape[1] == 1 else told


def _answers(pooled: Any, course: TrainingParams) -> Any:
    """Return the output layer: one sigmoid for two labels, else softmax."""
    x = keras.layers.Dropout(_DROPOUT)(pooled)
    count, activation = (1, "sigmoid") if course.is_single else (len(course.labels), "softmax")
    return keras.layers.Dense(count, activation, name="predictions")(x)


def _compiled(model: keras.Model) -> Callable[[NDArray[np.float32]], Any]:
    """Return the model as one function: called layer by layer it takes several times as long."""
    run: Callable[[NDArray[np.float32]], Any] = tf.function(
        lambda seen: model(seen, training=False),
        input_signature=[tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32)],
    )
    return run


def _complete(model: keras.Model, pooled: Any) -> keras.Model:
    return keras.Model(model.inputs[0], {"probabilities": model.outputs[0], "embedding": pooled})


def _learn(
    model: keras.Model,
    course: TrainingParams,
    epochs: int,
    rate: float,
    train: Pictures,
    validation: Pictures,
    told: _Told,
) -> None:
    weights = balance(train.truth)
    _compile(model, course, rate)
    model.fit(
        TrainingBatches(train, course.batch, weights, course.seed),
        validation_data=TrainingBatches(validation, course.batch, weights),
        epochs=epochs,
        verbose=0,
        shuffle=False,  # the batches shuffle
        callbacks=[_stop(), told],
    )


def _compile(model: keras.Model, course: TrainingParams, rate: float) -> None:
    loss = "binary_crossentropy" if course.is_single else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, weighted_metrics=["accuracy"])


def _stop() -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", _LEAST_GAIN, _PATIENCE, restore_best_weights=True)


def _features(
    body: keras.Model, of: Pictures, course: TrainingParams, times: int, report: Report
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the trunk's features of each picture, plain and augmented (times − 1), and the labels."""
    run = _compiled(body)
    pooled, numbers = [], []
    random = np.random.default_rng(course.seed)
    told = monotonic()
    for variant in range(times):
        for rows, seen in of.batches(course.batch, random if variant else None):
            pooled.append(np.asarray(run(seen)))
            numbers.append(of.numbers[rows])
            if monotonic() - told > _TOLD_SECONDS:
                told = monotonic()
                report(f"features of {sum(map(len, numbers)):,} of {times * len(of.rows):,} views")
    return np.concatenate(pooled), np.concatenate(numbers)


class _Told(keras.callbacks.Callback):  # type: ignore[misc] # (Keras has no types)
    """A callback that reports progress every two seconds, and at the end."""

    def __init__(self, report: Report, what: str) -> None:
        super().__init__()
        self._report, self._what = report, what
        self._at = 0.0
        self._line = ""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report an epoch, unless one was reported a moment ago."""
        told = logs or {}
        self._line = (
            f"{self._what} {epoch + 1}: loss {told['loss']:.3f}, "
            f"validation loss {told['val_loss']:.3f}, accuracy {told['val_accuracy']:.3f}"
        )
        if monotonic() - self._at > _TOLD_SECONDS:
            self._tell()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 (Keras gives it)
        """Report the last epoch."""
        if self._line:
            self._tell()

    def _tell(self) -> None:
        self._report(self._line)
        self._at, self._line = monotonic(), ""


Numbers: TypeAlias = NDArray[np.intp]
Scores: TypeAlias = NDArray[np.floating[Any]]


def measured(labels: Sequence[str], truth: Numbers, scores: Scores) -> dict[str, Any]:
    """Return accuracy, the mean area under the ROC curves, the confusion matrix and metrics of each label, for JSON.

    truth: [n], numbers of labels.  scores: [n, labels].
    """
    table = confusion(truth, scores.argmax(axis=1), len(labels))
    each = [_label(name, number, table, truth, scores) for number, name in enumerate(labels)]
    return {
        "accuracy": float(table.trace() / max(1, table.sum())),
        "auc": float(np.mean([one["auc"] for one in each])),
        "confusion": table.tolist(),
        "labels": each,
    }


def confusion(truth: Numbers, said: Numbers, count: int) -> Numbers:
    """Return how often each label (rows) was predicted as each (columns): [count, count]."""
    return np.bincount(truth * count + said, minlength=count * count).reshape(count, count)


def roc(is_so: NDArray[np.bool_], scores: Scores) -> tuple[Scores, Scores]:
    """Return the false and true positive rates at every score, the highest first, both from 0 to 1.

    Errors: ValueError where all are positive, or none.
    """
    if is_so.all() or not is_so.any():
        raise ValueError("a curve needs some that are so and some that are not")
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are one point
    true = np.cumsum(is_so[order])[last]
    false = last + 1 - true
    return np.append(0, false / false[-1]), np.append(0, true / true[-1])


def area(false: Scores, true: Scores) -> float:
    """Return the area under a curve: the probability that a positive has a higher score than a negative."""
    return float(np.trapezoid(true, false))


def _label(name: str, number: int, table: Numbers, truth: Numbers, scores: Scores) -> dict[str, Any]:
    right, said, there = int(table[number, number]), int(table[:, number].sum()), int(table[number].sum())
    false, true = roc(truth == number, scores[:, number])
    return {
        "label": name,
        "pictures": there,
        "precision": right / said if said else 0.0,
        "recall": right / there,
        "f1": 2 * right / (said + there),
        "auc": area(false, true),
        "roc": {"false": false.tolist(), "true": true.tolist()},
    }
