"""Clustering of face descriptors into people, under the constraints that the user's corrections set.

Average linkage on a sparse graph: two groups become one when the mean squared distance between their members is small
enough. All pairs of groups that are each other's nearest become one at the same time, round after round; average
linkage comes to the same groups that way (reciprocal agglomerative clustering: Sumengen et al., arXiv 2105.11653).
It is done twice: the first time finds out who has look-alikes, and what has some must be nearer the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_ROWS = 256  # compared with all later ones at a time: 100 MB of cosines where there are 100,000


def neighbors(units: NDArray[np.float32], distance: float, most: int) -> NDArray[np.int64]:
    """Return pairs of rows that lie within a distance: int64[m, 2], the lower row first, in order.

    units: float32[n, length], each of length 1.  distance: Euclidean.  most: the maximum number of later rows that a
    row is paired with, the nearest.  Exact, by blocked matrix products: time grows with n², memory with n.
    """
    import numpy as np

    least = np.float32(1 - distance**2 / 2)
    blocks = [_later(units, start, least, most) for start in range(0, len(units), _ROWS)]
    return np.concatenate(blocks) if blocks else np.empty((0, 2), np.int64)


def _later(units: NDArray[np.float32], start: int, least: np.float32, most: int) -> NDArray[np.int64]:
    """Return the pairs of a block of rows with later rows."""
    import numpy as np

    part = units[start : start + _ROWS]
    cosines = (part @ units[start:].T).ravel()
    near = np.flatnonzero(cosines >= least)
    rows, columns = np.divmod(near, len(units) - start)
    after = columns > rows
    rows, columns, near = rows[after], columns[after], near[after]
    ends = np.searchsorted(rows, np.arange(len(part) + 1))
    kept = np.ones(len(rows), np.bool_)
    for row in np.flatnonzero(np.diff(ends) > most):
        mine = slice(ends[row], ends[row + 1])
        kept[mine] = False
        kept[ends[row] + np.argpartition(-cosines[near[mine]], most)[:most]] = True
    pairs: NDArray[np.int64] = np.stack([rows[kept], columns[kept]], axis=1) + start
    return pairs


_NEIGHBORS = 24  # pairs a face: with a thousand photos of one person, not all pairs are needed
_CROWD = 1.1  # another group within this many times the distance makes a crowd
_SHARE = 2 / 3  # share of the shortfall to that, squared, that is added to the squared distances of all members
_LEAST = 0.02  # share of a group's size: a smaller neighbor is probably a bad picture of the same person
_AT_A_TIME = 65_536  # pairs of groups compared at a time: 64 MB


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """Constraints on the clustering of vectors, by their row.

    groups: int64[n] without gaps, those that belong together.  owners: int64[n], the person of each, 0: unassigned.
    apart: int64[m, 2], rows that never come into one group.  refusals: int64[m, 2], rows and who does not own them.
    """

    groups: NDArray[np.int64]
    owners: NDArray[np.int64]
    apart: NDArray[np.int64]
    refusals: NDArray[np.int64]

    @classmethod
    def nothing(cls, count: int) -> Constraints:
        """Return the empty constraints of some vectors."""
        import numpy as np

        none = np.empty((0, 2), np.int64)
        return cls(np.arange(count), np.zeros(count, np.int64), none, none)


def cluster(vectors: NDArray[np.float32], distance: float, known: Constraints | None = None) -> NDArray[np.int64]:
    """Return the group of each vector, int64[n], numbered without gaps; the same input gives the same groups.

    An owner may have several groups, as a person who grew up does; no group has two owners.
    vectors: float32[n, length]; compared as if all had length 1, which separates people better.
    distance: two groups become one up to this root of their mean squared distance.
    """
    known = known or Constraints.nothing(len(vectors))
    if len(vectors) < 2:
        return known.groups
    units = unit(vectors)
    near = neighbors(units, _CROWD * distance, _NEIGHBORS)
    return _linked(units, known, near, distance, _surcharges(units, near, distance)).labels


def _surcharges(units: NDArray[np.float32], near: NDArray[np.int64], distance: float) -> NDArray[np.float64]:
    """Return the surcharges on the squared distances of each vector, float64[n], 0 where it has no look-alikes.

    They depend on the vectors alone, not on the constraints: grouping what was grouped comes to the same.
    """
    import numpy as np

    first = _linked(units, Constraints.nothing(len(units)), near, distance, np.zeros(len(units)))
    edges = first.between(first.labels[near])
    sizes, squared = np.bincount(first.labels), first.squared_distances(edges)
    nearest = np.full(first.count, (_CROWD * distance) ** 2)
    for mine, other in (edges.T, edges.T[::-1]):
        counts = sizes[other] >= _LEAST * sizes[mine]
        np.minimum.at(nearest, mine[counts], squared[counts])
    added: NDArray[np.float64] = _SHARE * ((_CROWD * distance) ** 2 - nearest)[first.labels]
    return added


def _linked(
    units: NDArray[np.float32],
    known: Constraints,
    near: NDArray[np.int64],
    distance: float,
    surcharges: NDArray[np.float64],
) -> _Groups:
    """Group vectors; near: int64[m, 2], the candidate pairs of rows."""
    state = _Groups(units, known, surcharges)
    edges = state.between(known.groups[near])
    squared = state.squared_distances(edges)
    while True:
        close = squared <= distance**2
        edges, squared = edges[close], squared[close]
        if not len(edges):
            return state
        edges, squared = state.merge(_reciprocal(edges, squared, state.count), edges, squared)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors, float32[n, length], scaled to length 1."""
    import numpy as np

    units: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    return units


class _Groups:
    """The current groups: how many members each has, the sums of these and of their surcharges, and their owners."""

    def __init__(self, units: NDArray[np.float32], known: Constraints, surcharges: NDArray[np.float64]) -> None:
        import numpy as np

        self.labels = known.groups
        self.count = int(self.labels.max()) + 1
        self._apart = self.labels[known.apart]
        self._refusals = known.refusals.copy()
        self._refusals[:, 0] = self.labels[known.refusals[:, 0]]
        self._owners = np.zeros(self.count, np.int64)
        np.maximum.at(self._owners, self.labels, known.owners)
        self._sizes = np.bincount(self.labels, minlength=self.count).astype(np.float64)
        self._surcharges = np.bincount(self.labels, surcharges, self.count)
        self._sums = np.zeros((self.count, units.shape[1]), np.float64)
        np.add.at(self._sums, self.labels, units)

    def squared_distances(self, edges: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean squared distance between the members of two groups, surcharges added, for each edge."""
        import numpy as np

        cosines = np.empty(len(edges))
        for start in range(0, len(edges), _AT_A_TIME):
            one, two = edges[start : start + _AT_A_TIME].T
            dots = np.einsum("ij,ij->i", self._sums[one], self._sums[two])
            cosines[start : start + _AT_A_TIME] = dots / (self._sizes[one] * self._sizes[two])
        added: NDArray[np.float64] = (self._surcharges / self._sizes)[edges].sum(1)
        return 2 - 2 * cosines + added

    def between(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return each pair of groups once, without those that must stay apart."""
        import numpy as np

        keys = np.unique(ends.min(1) * self.count + ends.max(1))
        keys = keys[~np.isin(keys, self._apart.min(1) * self.count + self._apart.max(1))]
        pairs = np.stack(np.divmod(keys, self.count), axis=1)
        one, two = self._owners[pairs].T
        allowed = (pairs[:, 0] != pairs[:, 1]) & ((one == two) | (one == 0) | (two == 0))
        for group, owner in ((pairs[:, 0], two), (pairs[:, 1], one)):
            allowed &= ~self._refused(group, owner)
        kept: NDArray[np.int64] = pairs[allowed]
        return kept

    def _refused(self, groups: NDArray[np.int64], owners: NDArray[np.int64]) -> NDArray[np.bool_]:
        import numpy as np

        factor = int(self._owners.max()) + 1
        known = self._refusals[self._refusals[:, 1] < factor]
        return np.isin(groups * factor + owners, known[:, 0] * factor + known[:, 1])

    def merge(
        self, pairs: NDArray[np.int64], edges: NDArray[np.int64], squared: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Merge each pair of groups, none being in two; return the remaining edges and distances."""
        import numpy as np

        target = np.arange(self.count)
        target[pairs[:, 1]] = pairs[:, 0]
        self._sizes[pairs[:, 0]] += self._sizes[pairs[:, 1]]
        self._sums[pairs[:, 0]] += self._sums[pairs[:, 1]]
        self._surcharges[pairs[:, 0]] += self._surcharges[pairs[:, 1]]
        self._owners[pairs[:, 0]] = self._owners[pairs].max(1)
        stays = target == np.arange(self.count)
        renamed = (np.cumsum(stays) - 1)[target]
        grown = np.zeros(self.count, np.bool_)
        grown[pairs] = True
        touched = grown[edges].any(1)
        self._sizes, self._sums, self._owners = self._sizes[stays], self._sums[stays], self._owners[stays]
        self._surcharges = self._surcharges[stays]
        self.labels, self._apart, self.count = renamed[self.labels], renamed[self._apart], int(stays.sum())
        self._refusals[:, 0] = renamed[self._refusals[:, 0]]
        new = self.between(renamed[edges[touched]])
        old = renamed[edges[~touched]]
        return np.concatenate([old, new]), np.concatenate([squared[~touched], self.squared_distances(new)])


def _reciprocal(edges: NDArray[np.int64], squared: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the edges whose ends are each other's nearest; of equally near ones the first in order counts."""
    import numpy as np

    best = np.full(count, np.inf)
    for end in edges.T:
        np.minimum.at(best, end, squared)
    nearest = (squared[:, None] == best[edges]).any(1)
    edges, squared = edges[nearest], squared[nearest]
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0], squared))]
    ranks = np.arange(len(edges))
    first = np.full(count, len(edges))
    for end in edges.T:
        np.minimum.at(first, end, ranks)
    mutual: NDArray[np.int64] = edges[(first[edges] == ranks[:, None]).all(1)]
    return mutual
