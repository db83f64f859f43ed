"""Figures of a classifier, against those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score, roc_curve

from indexer.zoo.train.keras_model import area, measured, roc


def answers(labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the truth of 60 pictures and scores that are often right, and often equal."""
    random = np.random.default_rng(seed)
    truth = np.append(np.arange(labels), random.integers(0, labels, 60 - labels))
    powers = np.exp(random.normal(0, 1, (60, labels)) + 1.5 * (np.arange(labels) == truth[:, None]))
    return truth, (powers / powers.sum(axis=1, keepdims=True)).round(1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("labels", [2, 3, 7])
def test_figures_equal_those_of_scikit_learn(labels: int, seed: int) -> None:
    truth, scores = answers(labels, seed)
    names = [f"label {number}" for number in range(labels)]
    told = measured(names, truth, scores)
    said = scores.argmax(axis=1)
    np.testing.assert_array_equal(told["confusion"], confusion_matrix(truth, said, labels=range(labels)))
    expected = precision_recall_fscore_support(truth, said, labels=range(labels), zero_division=0)
    for key, values in zip(("precision", "recall", "f1", "pictures"), expected, strict=True):
        np.testing.assert_allclose([each[key] for each in told["labels"]], values)
    curves = [roc_auc_score(truth == number, scores[:, number]) for number in range(labels)]
    np.testing.assert_allclose([each["auc"] for each in told["labels"]], curves)
    assert told["auc"] == pytest.approx(np.mean(curves))
    assert told["accuracy"] == pytest.approx((said == truth).mean())


@pytest.mark.parametrize("seed", range(5))
def test_curves_equal_those_of_scikit_learn(seed: int) -> None:
    truth, scores = answers(2, seed)
    false, true = roc(truth == 1, scores[:, 1])
    expected_false, expected_true, _ = roc_curve(truth == 1, scores[:, 1], drop_intermediate=False)
    np.testing.assert_allclose(false, expected_false)
    np.testing.assert_allclose(true, expected_true)
    assert area(false, true) == pytest.approx(roc_auc_score(truth, scores[:, 1]))


@pytest.mark.parametrize("is_so", [True, False])
def test_a_curve_needs_both_kinds(is_so: bool) -> None:
    with pytest.raises(ValueError, match="some that are so"):
        roc(np.full(3, is_so), np.zeros(3))
