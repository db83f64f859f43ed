"""Evidence that a small new group is one person, by what the other faces of the library tell of strangers.

Each face has its own strangers: a child, a profile or a blurred face lies nearer to everybody than a clear face.
So the cosine of two faces is judged by the means and spreads of both to the rest of the library (s-norm), and by
how many faces there are: the more strangers, the nearer the nearest of them.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import TYPE_CHECKING

from indexer.library.people.clustering import unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALL = 3  # faces; larger groups are nearly always one person
FEWEST = 50  # faces that tell how near strangers are
STRANGERS = 0.02  # expected strangers of a face at least that near, at most; docs/measurements/people.md
_COHORT = 2048  # faces that stand for the library


def doubtful(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], strangers: float = STRANGERS
) -> NDArray[np.bool_]:
    """Return which faces are in a small group whose widest pair may as well be strangers, bool[n].

    vectors: float32[n, length].  labels: int64[n], groups without gaps.  strangers: the maximum of the expected number
    of strangers that lie at least that near to a face.  No group is doubtful in a library of fewer than `FEWEST` faces.
    """
    import numpy as np

    found = np.zeros(len(labels), np.bool_)
    sizes = np.bincount(labels)
    small = np.flatnonzero((sizes[labels] > 1) & (sizes[labels] <= SMALL))
    if len(labels) < FEWEST or not len(small):
        return found
    units = unit(vectors)
    means, spreads = _impostors(units, small, labels)
    order = np.argsort(labels[small], kind="stable")
    starts = np.flatnonzero(np.diff(labels[small][order], prepend=-1))[1:]
    for some in np.split(order, starts):
        one, other = np.triu_indices(len(some), 1)
        one, other = some[one], some[other]
        cosines = (units[small[one]] * units[small[other]]).sum(1)
        scores = ((cosines - means[one]) / spreads[one] + (cosines - means[other]) / spreads[other]) / 2
        found[small[some]] = expected_strangers(float(scores.min()), len(labels)) > strangers
    return found


def expected_strangers(score: float, faces: int) -> float:
    """Return how many of so many strangers have a normalized score of at least this, were the scores normal."""
    return faces * erfc(score / sqrt(2)) / 2


def _impostors(
    units: NDArray[np.float32], rows: NDArray[np.int64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the means and spreads of the cosines of rows to the faces of other groups, each float64[m]."""
    import numpy as np

    cohort = np.unique(np.linspace(0, len(units) - 1, min(len(units), _COHORT)).astype(np.int64))
    means, spreads = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), _COHORT):
        part = slice(start, start + _COHORT)
        cosines = units[rows[part]] @ units[cohort].T
        others = labels[rows[part], None] != labels[cohort]
        counts = others.sum(1).clip(1)
        means[part] = (cosines * others).sum(1) / counts
        squares = (cosines.astype(np.float64) ** 2 * others).sum(1) / counts
        spreads[part] = np.sqrt((squares - means[part] ** 2).clip(1e-6))
    return means, spreads
