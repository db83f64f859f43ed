"""Unit vectors flow in; which of them lie near each other flows out, as the edges of a sparse graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS = 256  # compared with all later ones at a time: 100 MB of cosines where there are 100,000


def neighbors(units: NDArray[np.float32], distance: float, most: int) -> NDArray[np.int64]:
    """Return pairs of rows that lie within a distance: int64[m, 2], the lower row first, in order.

    units: float32[n, length], each of length 1.  distance: Euclidean.  most: how many of the rows after it a row
    brings, the nearest.  Exact, by blocked matrix products: time grows with n², memory with n.
    """
    import numpy as np

    least = np.float32(1 - distance**2 / 2)
    blocks = [_later(units, start, least, most) for start in range(0, len(units), _ROWS)]
    return np.concatenate(blocks) if blocks else np.empty((0, 2), np.int64)


def _later(units: NDArray[np.float32], start: int, least: np.float32, most: int) -> NDArray[np.int64]:
    """Return the pairs of a block of rows with rows that come after them."""
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
