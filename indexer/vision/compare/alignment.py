"""Image registration of near-duplicate candidates: is one picture the other, scaled, re-encoded, relit or cropped?

The pictures are aligned for the best fit: a part of one, up to a tenth cropped at each side, perhaps
rotated by a few degrees, is stretched over the whole of the other one (a grid search, then Gauss-Newton from coarse to
fine; Baker and Matthews, Lucas-Kanade 20 Years On, 2004). The result is compared tile by tile (`agreement`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.vision.compare.agreement import agreement

if TYPE_CHECKING:
    from indexer.values.files import Picture

Floats = NDArray[np.float32]
# [n,6]: left, right, top, bottom of a part, in fractions of the whole; how much its rows and its columns lean (a turned
# picture has both).
Spans = NDArray[np.float64]

SIDE = 256  # side of the features' picture
_GRID, _GRID_SOURCE = 16, 64  # cells a side that the grid search compares, and that it makes them from
_CUTS = (0.0, 0.025, 0.05, 0.075, 0.1)  # share of a side that the grid search crops at either end
_ENDS = [(start, 1 - end) for start, end in product(_CUTS, repeat=2)]
_PARTS: Spans = np.array([(*columns, *rows, 0.0, 0.0) for rows, columns in product(_ENDS, repeat=2)])
_STARTS = 2  # fits of the grid search, each way, that are refined
_GRID_LEAST = 0.6  # minimum correlation after the grid search
_LEVELS = ((32, 5, 0.75), (64, 4, 0.75), (128, 4, 0.88))  # cells a side, steps, minimum correlation after them
_STEP, _MARGIN, _LEAN = 0.05, (-0.02, 0.14), 0.09  # largest step; bounds of cuts and leans while the fit is refined
_NOISE = 1.0  # gray levels of 255: what encoding again makes of a pixel of the features; thrice that of a tile
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_AT_A_TIME = 64  # pairs refined together: 60 MB


@dataclass(frozen=True, eq=False)
class AlignmentFeatures:
    """The features of a picture that alignment compares.

    luma: uint8[256,256], the whole picture, stretched to a square.  detail_px: the shorter side of the picture it was
    made from; a small one says nothing about fine detail.
    """

    luma: NDArray[np.uint8]
    detail_px: int

    @classmethod
    def of(cls, picture: Picture) -> AlignmentFeatures:
        """Return the features of a picture."""
        height, width = picture.pixels.shape[:2]
        luma = picture.pixels.astype(np.float32) @ _LUMA
        square = _laid(_running_sums(luma[None]), np.array([[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]]), SIDE)[0]
        return cls(np.rint(square).clip(0, 255).astype(np.uint8), min(height, width))

    @property
    def parts(self) -> Floats:
        """The parts that the grid search tries, float32[625,256]: each as a row of mean 0 and length 1."""
        some = _grid()
        parts = np.einsum("amk,bjk->abmj", some @ self.reduced(_GRID_SOURCE), some, optimize=True)
        return _standard(parts.reshape(len(_PARTS), -1))

    def reduced(self, cells: int) -> Floats:
        """Return the means of so many cells a side, float32[cells,cells]."""
        made: Floats = self.luma.astype(np.float32)
        while len(made) > cells:
            rows = made[::2] + made[1::2]
            made = np.asarray((rows[:, ::2] + rows[:, 1::2]) / 4, np.float32)
        return made


@dataclass(frozen=True, eq=False)
class _Fits:
    """Candidate alignments: the number of the pair, which picture is the whole, and where the other one's part lies.

    pairs: int64[n].  turned: bool[n], whether the other picture is the whole, and not the one.  spans: float64[n,6].
    """

    pairs: NDArray[np.int64]
    turned: NDArray[np.bool_]
    spans: Spans

    def some(self, places: NDArray[np.int64], spans: Spans | None = None) -> _Fits:
        """Return some of them, with new spans where given."""
        return _Fits(self.pairs[places], self.turned[places], (self.spans if spans is None else spans)[places])


def are_copies(one: AlignmentFeatures, others: Sequence[AlignmentFeatures]) -> NDArray[np.bool_]:
    """Return for each of the other pictures whether it is the same as the one, bool[n]."""
    parts = [_compared(one, others[start : start + _AT_A_TIME]) for start in range(0, len(others), _AT_A_TIME)]
    return np.concatenate(parts) if parts else np.empty(0, np.bool_)


def have_same_pixels(one: AlignmentFeatures, others: Sequence[AlignmentFeatures]) -> NDArray[np.bool_]:
    """Return for each of the other pictures whether it has the pixels of the one, up to encoding noise, bool[n]."""
    mine = one.luma.astype(np.float32)
    tiles = [((mine - other.luma) ** 2).reshape(16, 16, 16, 16).mean(axis=(1, 3)) for other in others]
    return np.array([tile.mean() <= _NOISE**2 and tile.max() <= (3 * _NOISE) ** 2 for tile in tiles], np.bool_)


def aligned(one: AlignmentFeatures, others: Sequence[AlignmentFeatures]) -> list[tuple[int, Floats, Floats]]:
    """Align pictures; return the others that fit at all, by number, with both as aligned.

    The two are float32[128,128], or [64,64], [32,32] where one picture is that small.
    """
    fits = _starts(one, others)
    for cells, steps, least in _LEVELS:
        fits = _refined(one, others, fits, (cells, steps, least))
    found = []
    for pair, turned, span in zip(fits.pairs.tolist(), fits.turned.tolist(), fits.spans, strict=True):
        whole, part = (others[pair], one) if turned else (one, others[pair])
        cells = _cells(min(whole.detail_px, part.detail_px))
        found.append(
            (pair, _laid(_running_sums(whole.reduced(2 * cells)[None]), span[None], cells)[0], part.reduced(cells))
        )
    return found


def _compared(one: AlignmentFeatures, others: Sequence[AlignmentFeatures]) -> NDArray[np.bool_]:
    found = np.zeros(len(others), np.bool_)
    for pair, whole, part in aligned(one, others):
        found[pair] = agreement(whole, part).is_same
    return found


def _cells(detail_px: int) -> int:
    """Return how many cells a side a picture of this size fills."""
    return next((cells for cells, *_ in reversed(_LEVELS) if 4 * cells <= 5 * detail_px), _LEVELS[0][0])


@cache
def _grid() -> Floats:
    """Return matrices, float32[25,16,64], that make the cells of each stretch of `_ENDS` out of a line of pixels."""
    lines = np.repeat(np.eye(_GRID_SOURCE, dtype=np.float32)[None], len(_ENDS), axis=0)
    start, end = np.array(_ENDS).T[:, :, None, None]
    return _cells_of(_running_sums(lines), _edges(start, end, np.zeros_like(start), _GRID, _GRID_SOURCE))


def _starts(one: AlignmentFeatures, others: Sequence[AlignmentFeatures]) -> _Fits:
    """Return the best alignments of the grid search."""
    small = _standard(np.stack([other.reduced(_GRID).ravel() for other in others]))
    mine = _standard(one.reduced(_GRID).reshape(1, -1))[0]
    correlations = np.concatenate([small @ one.parts.T, np.stack([other.parts @ mine for other in others])])
    best = np.argpartition(-correlations, _STARTS, axis=1)[:, :_STARTS]
    rows = np.repeat(np.arange(len(correlations)), _STARTS)
    kept = np.flatnonzero(correlations[rows, best.ravel()] >= _GRID_LEAST)
    pairs, turned = rows % len(others), rows >= len(others)
    return _Fits(pairs[kept], turned[kept], _PARTS[best.ravel()[kept]])


def _refined(
    one: AlignmentFeatures, others: Sequence[AlignmentFeatures], fits: _Fits, level: tuple[int, int, float]
) -> _Fits:
    """Return the best fit of each pair at a level, without those that do not correlate."""
    cells, steps, least = level
    if not len(fits.pairs):
        return fits
    both = [
        (others[pair], one) if turned else (one, others[pair])
        for pair, turned in zip(fits.pairs, fits.turned, strict=True)
    ]
    wholes = np.stack([whole.reduced(2 * cells) for whole, _ in both])
    targets = _standard(np.stack([part.reduced(cells).ravel() for _, part in both]))
    spans, correlations = _gauss_newton(wholes, targets, fits.spans, steps)
    order = np.lexsort((-correlations, fits.pairs))
    first = order[np.flatnonzero(np.diff(fits.pairs[order], prepend=-1))]
    return fits.some(first[correlations[first] >= least], spans)


def _gauss_newton(wholes: Floats, targets: Floats, spans: Spans, steps: int) -> tuple[Spans, NDArray[np.float64]]:
    """Return where parts of the wholes are most similar to the targets, and the correlations there.

    wholes: float32[n,2m,2m].  targets: float32[n,m*m], standardized.  Brightness and contrast do not matter.
    """
    cells = wholes.shape[1] // 2
    sums = _running_sums(wholes)
    best, highest = spans, np.full(len(spans), -1.0)
    for step in range(steps + 1):
        laid = _laid(sums, spans, cells)
        flat = laid.reshape(len(laid), -1) - laid.mean(axis=(1, 2))[:, None]
        scale = np.einsum("ij,ij->i", flat, targets)
        correlations = scale / np.maximum(np.sqrt(np.einsum("ij,ij->i", flat, flat)), 1e-6)
        better = correlations > highest
        best, highest = np.where(better[:, None], spans, best), np.maximum(correlations, highest)
        if step < steps:
            spans = _stepped(spans, laid, targets * scale[:, None] - flat)
    return best, highest


def _stepped(spans: Spans, laid: Floats, residuals: Floats) -> Spans:
    """Return spans after a step of Gauss and Newton."""
    count, cells, _ = laid.shape
    lean = _middles(cells).astype(np.float32)
    near = lean + np.float32(0.5)
    down, along = np.gradient(laid, axis=1), np.gradient(laid, axis=2)
    down *= (cells / (spans[:, 3] - spans[:, 2]))[:, None, None].astype(np.float32)
    along *= (cells / (spans[:, 1] - spans[:, 0]))[:, None, None].astype(np.float32)
    ends = along * (1 - near), along * near, down * (1 - near)[:, None], down * near[:, None]
    slopes = np.stack([*ends, down * lean, along * lean[:, None]], axis=1).reshape(count, 6, -1)
    slopes -= slopes.mean(axis=2, keepdims=True)
    normal = (slopes @ slopes.transpose(0, 2, 1)).astype(np.float64)
    damping = 1e-3 * np.einsum("nii->ni", normal) + 1e-3
    normal += damping[:, :, None] * np.eye(6)
    wanted = np.einsum("nij,nj->ni", slopes, residuals)[:, :, None].astype(np.float64)
    moved = spans + np.linalg.solve(normal, wanted)[:, :, 0].clip(-_STEP, _STEP)
    low, high = _MARGIN
    least, most = [low, 1 - high, low, 1 - high, -_LEAN, -_LEAN], [high, 1 - low, high, 1 - low, _LEAN, _LEAN]
    return np.asarray(moved.clip(least, most))


def _laid(sums: Floats, spans: Spans, cells: int) -> Floats:
    """Return parts of pictures, float32[n,m,m], as means of so many cells a side; sums: of the rows of the pictures."""
    left, right, top, bottom, down, along = spans.T[:, :, None, None]
    rows = _cells_of(sums, _edges(top, bottom, down, cells, sums.shape[2])).transpose(0, 2, 1)
    return _cells_of(_running_sums(rows), _edges(left, right, along, cells, cells)).transpose(0, 2, 1)


def _edges(start: Spans, end: Spans, lean: Spans, cells: int, lines: int) -> NDArray[np.float64]:
    """Return the edges of the cells of stretches, float64[n,cells + 1,lines], in fractions; they lean line by line."""
    return np.asarray(start + (end - start) * (np.arange(cells + 1) / cells)[:, None] + lean * _middles(lines))


def _middles(cells: int) -> NDArray[np.float64]:
    """Return the middles of cells, −0.5 to 0.5."""
    return (np.arange(cells) + 0.5) / cells - 0.5


def _running_sums(lines: Floats) -> Floats:
    """Return the sums of all that comes before, float32[n,length+1,m], of float32[n,length,m]."""
    count, length, width = lines.shape
    sums = np.zeros((count, length + 1, width), np.float32)
    np.cumsum(lines, axis=1, out=sums[:, 1:])
    return sums


def _cells_of(sums: Floats, edges: NDArray[np.float64]) -> Floats:
    """Return the means of cells of lines, float32[n,cells,m], from the running sums of the lines.

    edges: float64[n,cells + 1,m or 1], in fractions; beyond a line its last pixel goes on.
    """
    length = sums.shape[1] - 1
    low = (length * edges[:, :-1]).clip(0, length - 1)
    high = np.maximum(length * edges[:, 1:], low + 1).clip(1, length)
    below = [_between(sums, place) for place in (low, high)]
    return np.asarray((below[1] - below[0]) / (high - low).astype(np.float32), np.float32)


def _between(sums: Floats, places: NDArray[np.float64]) -> Floats:
    """Return running sums at places between whole ones, float32[n,cells,m]."""
    before = np.minimum(places.astype(np.int64), sums.shape[1] - 2)
    share = (places - before).astype(np.float32)
    low, high = (np.take_along_axis(sums, at, axis=1) for at in (before, before + 1))
    return np.asarray(low + (high - low) * share, np.float32)


def _standard(rows: Floats) -> Floats:
    """Return rows of mean 0 and length 1."""
    centered = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", centered, centered))
    return np.asarray(centered / np.maximum(lengths, 1e-6)[:, None], np.float32)
