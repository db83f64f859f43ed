"""Linear probe on embeddings: a few-shot classifier from examples and other photos, with its cross-validation.

The classifier is a logistic regression on the embeddings of a classifier model. It is solved here and not in Keras:
with a few examples the best weights are a small system of equations, solved exactly, the same on every machine and in
a second; the zoo writes the result as a Keras model. Figures and what else was tried: docs/measurements/own-words.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_EXAMPLES = 5
LEAST_SCENES = 3  # different ones among the examples: what was learned of some is tried on another
PREVALENCE = 0.05  # the precision is estimated for a library in which one photo of 20 is an example
# Low, as in a library with many photos that show it, many seem wrong: in between, the user decides.
_LEAST_PRECISION, _LEAST_RECALL = 0.25, 0.2
_PENALTY = 0.01  # of large weights
_FOLDS = 10  # at most
_DOUBTFUL = 0.02  # of the sample at most: the rest that looks like examples counts as wrong
_BETA = 0.7  # precision counts more than recall in the choice of the threshold (F-measure)
_ROUNDS = 8  # of Newton's method: more change nothing
_SETTLED = 1e-4


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A linear probe and its quality on photos that it was not trained on.

    weights: little-endian float32, the bias last; the logistic function of weights · vector + bias is 0.5 or more
    for what gets the word. Vectors have the length 1.
    recall: share of the examples that were found when left out.  precision: share of right ones among the found,
    where PREVALENCE of all photos show it.  wrong: photos of `compared` that got the word and should not.
    doubtful: photos of the library that look like the examples do; they were used for neither side, and half of them
    count as wrong in the precision (as measured).
    scenes: how many different ones the examples show; the photos of one, such as a burst, count as one photo.
    """

    weights: bytes
    examples: int
    compared: int
    recall: float
    precision: float
    wrong: int
    doubtful: int
    scenes: int

    @property
    def is_hopeless(self) -> bool:
        """Return whether the word would be mostly wrong, or find next to nothing."""
        return self.precision < _LEAST_PRECISION or self.recall < _LEAST_RECALL


def train(
    examples: NDArray[np.float32],
    others: NDArray[np.float32],
    surely: int = 0,
    scenes: NDArray[np.int64] | None = None,
) -> CrossValidation:
    """Train a linear probe on float32[n, length] and float32[m, length], all of length 1.

    surely: how many of the first of the others are known not to be examples; the rest is a sample of the library, in
    which some may be. Such a one, when left out, looks like half of the examples do, and is then used for neither side.
    scenes: int64[n], from 0 on: which scene each example shows; None: each shows another one.
    """
    import numpy as np

    scenes = np.arange(len(examples)) if scenes is None else scenes
    sides = _Sides.of(np.concatenate([examples, others]).astype(np.float64), scenes)
    doubtful = _doubtful(_left_out(sides), sides.is_example, surely)
    used = sides.only(~doubtful)
    told = _left_out(used)
    threshold, recall, wrong = _threshold(told, used)
    shares, bias = _solve(used)
    weights = np.append(shares @ used.pooled, bias - threshold).astype("<f4")
    compared = len(used.pooled) - len(examples)
    return CrossValidation(
        weights=weights.tobytes(),
        examples=len(examples),
        compared=compared,
        recall=recall,
        precision=_precision(recall, wrong + doubtful.sum() / 2, compared + doubtful.sum()),
        wrong=wrong,
        doubtful=int(doubtful.sum()),
        scenes=int(scenes.max()) + 1,
    )


def scenes_of(examples: NDArray[np.float32], same: float) -> NDArray[np.int64]:
    """Return the scene that each of float32[n, length] shows, int64[n] from 0 on.

    same: the cosine from which two photos show one scene; photos that a chain of such pairs connects do, too.
    """
    import numpy as np

    reach = examples @ examples.T >= same
    np.fill_diagonal(reach, val=True)
    while not np.array_equal(wider := reach | (reach.astype(int) @ reach > 0), reach):
        reach = wider
    _, scenes = np.unique(reach.argmax(axis=1), return_inverse=True)
    return np.asarray(scenes, np.int64)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The examples and the other photos, float64[n, length].

    weight: of each, so that a scene counts as one photo.  fold: in which part of the cross-validation it is left out;
    the photos of one scene together.
    """

    pooled: Numbers
    is_example: NDArray[np.bool_]
    weight: Numbers
    fold: NDArray[np.int64]

    @classmethod
    def of(cls, pooled: Numbers, scenes: NDArray[np.int64]) -> _Sides:
        """scenes: of the examples, which are the first."""
        import numpy as np

        others = np.arange(len(pooled) - len(scenes))
        folds = min(int(scenes.max()) + 1, _FOLDS)
        return cls(
            pooled,
            np.arange(len(pooled)) < len(scenes),
            np.concatenate([1 / np.bincount(scenes)[scenes], np.ones(len(others))]),
            np.concatenate([scenes, others]) % folds,
        )

    def only(self, kept: NDArray[np.bool_]) -> _Sides:
        return _Sides(self.pooled[kept], self.is_example[kept], self.weight[kept], self.fold[kept])


def _doubtful(told: Numbers, is_example: NDArray[np.bool_], surely: int) -> NDArray[np.bool_]:
    """Return which few photos of the library look like half of the examples do, or more."""
    import numpy as np

    sample = np.flatnonzero(~is_example)[surely:]
    first = sample[np.argsort(-told[sample], kind="stable")][: int(_DOUBTFUL * len(sample))]
    doubtful = np.zeros(len(told), bool)
    doubtful[first] = told[first] >= np.median(told[is_example])
    return doubtful


def _left_out(sides: _Sides) -> Numbers:
    """Return the score of each photo by a probe that was trained without it (cross-validation)."""
    import numpy as np

    told = np.empty(len(sides.pooled))
    for each in range(sides.fold.max() + 1):
        kept, left = sides.fold != each, sides.fold == each
        shares, bias = _solve(sides.only(kept))
        told[left] = sides.pooled[left] @ (shares @ sides.pooled[kept]) + bias
    return told


def _solve(sides: _Sides) -> tuple[Numbers, float]:
    """Return the share of each photo in the weights, and the bias: logistic regression by Newton's method.

    Both sides count as much, however many photos they have. In terms of the products of photos with each other it is
    a system of as many equations as photos (Zhu, Hastie: Kernel logistic regression, 2005).
    """
    import numpy as np

    is_example, products = sides.is_example, sides.pooled @ sides.pooled.T
    count = len(is_example)
    halves = [max(float(sides.weight[side].sum()), 1.0) for side in (is_example, ~is_example)]
    balance = np.where(is_example, 0.5 / halves[0], 0.5 / halves[1]) * sides.weight * count
    shares, bias = np.zeros(count), 0.0
    for _ in range(_ROUNDS):
        told = products @ shares + bias
        likely = 1 / (1 + np.exp(-np.clip(told, -30, 30)))
        slope = np.maximum(balance * likely * (1 - likely), 1e-6)
        aim = told + balance * (is_example - likely) / slope
        system = products + np.diag(_PENALTY * count / slope)
        toward, ones = np.linalg.solve(system, np.column_stack([aim, np.ones(count)])).T
        bias = toward.sum() / ones.sum()
        new = toward - bias * ones
        settled = np.abs(new - shares).max() < _SETTLED * max(1.0, np.abs(new).max())
        shares = new
        if settled:
            break
    return shares, float(bias)


def _threshold(told: Numbers, sides: _Sides) -> tuple[float, float, int]:
    """Return the threshold with the best balance of precision and recall, the recall and the wrong ones there."""
    import numpy as np

    examples, others = told[sides.is_example], told[~sides.is_example]
    weight = sides.weight[sides.is_example]
    best = (-1.0, 0.0, 0.0, 0)
    told = np.sort(told)
    for threshold in (told[1:] + told[:-1]) / 2:
        found, wrong = float(weight[examples >= threshold].sum()), int((others >= threshold).sum())
        recall = (found + 1) / (weight.sum() + 2)  # cautious: with few examples the best threshold is too optimistic
        precision = _precision(recall, wrong, len(others))
        score = (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)
        best = max(best, (score, float(threshold), float(recall), wrong))
    return best[1:]


def _precision(recall: float, wrong: float, compared: int) -> float:
    """Return the share of right ones among the found, for as many wrong ones as may well be the truth."""
    right = PREVALENCE * recall
    false = (1 - PREVALENCE) * (wrong + sqrt(wrong) + 0.5) / (compared + 1)
    return right / (right + false)
