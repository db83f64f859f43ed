"""What is true and the scores of each label flow in; the figures that tell how good a classifier is flow out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.intp]
Scores: TypeAlias = NDArray[np.floating[Any]]


def measured(labels: Sequence[str], truth: Numbers, scores: Scores) -> dict[str, Any]:
    """Return accuracy, the mean area under the ROC curves, the confusion and the figures of each label, for JSON.

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
    """Return how often each label (rows) was taken for each (columns): [count, count]."""
    return np.bincount(truth * count + said, minlength=count * count).reshape(count, count)


def roc(is_so: NDArray[np.bool_], scores: Scores) -> tuple[Scores, Scores]:
    """Return the shares of false and of true ones at or above every score, the highest first, both from 0 to 1.

    Errors: ValueError where all are so, or none.
    """
    if is_so.all() or not is_so.any():
        raise ValueError("a curve needs some that are so and some that are not")
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are one point
    true = np.cumsum(is_so[order])[last]
    false = last + 1 - true
    return np.append(0, false / false[-1]), np.append(0, true / true[-1])


def area(false: Scores, true: Scores) -> float:
    """Return the area under a curve: how often one that is so has a higher score than one that is not."""
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
