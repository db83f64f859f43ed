"""Connected components of a mask, and the smallest rotated rectangle around each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Runs = NDArray[np.int64]  # [n, 3]: row, first column, the column behind the last


def components(mask: NDArray[np.bool_]) -> Iterator[Runs]:
    """Yield the runs of each component of a mask; neighbors touch at a side or a corner."""
    runs = _runs(mask)
    parent = list(range(len(runs)))

    def top(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in _touching(runs.tolist()):
        parent[top(one)] = top(other)
    tops = np.array([top(number) for number in range(len(runs))], np.int64)
    order = np.argsort(tops, kind="stable")
    yield from np.split(runs[order], np.nonzero(np.diff(tops[order]))[0] + 1) if len(runs) else ()


def rectangle(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the corners float64[4, 2] (x, y), clockwise on the screen, of the smallest rectangle around points."""
    hull = _hull(points)
    edges = np.roll(hull, -1, axis=0) - hull
    angles = np.unique(np.arctan2(edges[:, 1], edges[:, 0]) % (np.pi / 2))
    turns = np.stack([np.cos(angles), np.sin(angles), -np.sin(angles), np.cos(angles)], -1).reshape(-1, 2, 2)
    turned = turns @ hull.T
    low, high = turned.min(axis=2), turned.max(axis=2)
    best = int(np.argmin(np.prod(high - low, axis=1)))
    (left, upper), (right, lower) = low[best], high[best]
    corners = np.array([[left, upper], [right, upper], [right, lower], [left, lower]])
    return np.asarray(corners @ turns[best], np.float64)


def _runs(mask: NDArray[np.bool_]) -> Runs:
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    return np.stack([rows, starts, np.nonzero(steps == -1)[1]], -1)


def _touching(runs: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of runs in neighboring rows that touch; runs: from top to bottom, from left to right."""
    first = 0
    for number, (row, start, end) in enumerate(runs):
        while runs[first][0] < row - 1 or (runs[first][0] == row - 1 and runs[first][2] < start):
            first += 1
        above = first
        while runs[above][0] == row - 1 and runs[above][1] <= end:
            yield number, above
            above += 1


def _hull(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the convex hull (Andrew's monotone chain)."""
    ordered = [(float(x), float(y)) for x, y in np.unique(points, axis=0)]
    if len(ordered) < 3:
        return np.array(ordered, np.float64)
    sides = []
    for way in (ordered, ordered[::-1]):
        side: list[tuple[float, float]] = []
        for x, y in way:
            while len(side) > 1 and _turn(side[-2], side[-1], (x, y)) <= 0:
                side.pop()
            side.append((x, y))
        sides += side[:-1]
    return np.array(sides, np.float64)


def _turn(one: tuple[float, float], other: tuple[float, float], third: tuple[float, float]) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])
