"""Tile-wise agreement of two aligned pictures: the same content, or only the same layout.

Two pages of text, or two slides of one talk, agree in most coarse structure and in little fine detail, and where
they differ they differ wholly. So both the picture and its fine detail (what a blur removes) are correlated tile by
tile. A tone curve is fitted first: a copy may be brighter, of less contrast, or overexposed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TILES = 8  # a side
_TONES = 24  # points of the tone curve
_TEXTURE, _DETAIL_TEXTURE = 4.0, 3.0  # minimum standard deviation of gray levels for a tile to be compared
_BLACK, _BLACK_SHARE = 12, 1 / 64  # gray level of black; maximum share of a tile that is black in one picture only
_LEAST_TILES = 3  # tiles with texture, for any decision
_WHOLE, _DETAIL = 0.95, 0.91  # minimum mean correlation of tiles, weighted by their texture …
_SMALL, _SMALL_WHOLE, _SMALL_DETAIL = 64, 0.92, 0.9  # … and for pictures with only so many pixels a side
_LOW, _LOW_SHARE = 0.6, 0.03  # a tile of less shows something else; maximum share of such tiles
# A tile was changed that is so many times further from 1 than the middle one is, by so much, and by so many gray levels
# (standard deviation: what encoding leaves of a sky is unlike it, too); share of tiles for which that may be so.
_CHANGED_TIMES, _CHANGED, _CHANGED_LEVELS, _CHANGED_SHARE = 8, 0.04, 4.0, 0.07
_EDGE_SHARE = 0.2  # maximum share of edge tiles that show something else: corners of a rotated picture, a frame
_EDGE = np.pad(np.zeros((_TILES - 2, _TILES - 2), np.bool_), 1, constant_values=True).ravel()
_BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16


class TileAgreement(NamedTuple):
    """The similarity of the tiles of two pictures.

    whole, detail: mean correlation of the tiles, and of their fine detail.  low, changed: shares of the inner tiles
    that show something else, and that are far less similar than most.  edge: share of the tiles at the edge that do.
    is_small: whether the pictures are so small that copies of them are less similar.
    """

    whole: float
    detail: float
    low: float
    changed: float
    edge: float
    is_small: bool

    @property
    def is_same(self) -> bool:
        """Whether the two pictures show the same content."""
        whole, detail = (_SMALL_WHOLE, _SMALL_DETAIL) if self.is_small else (_WHOLE, _DETAIL)
        alike = self.whole >= whole and self.detail >= detail
        return alike and self.low <= _LOW_SHARE and self.changed <= _CHANGED_SHARE and self.edge <= _EDGE_SHARE


def agreement(one: Floats, other: Floats) -> TileAgreement:
    """Compare two aligned pictures, float32[m,m] of gray levels 0..255."""
    return max(_toned_agreement(one, other), _toned_agreement(other, one))  # an overexposed picture has fewer tones


def _toned_agreement(one: Floats, other: Floats) -> TileAgreement:
    toned, is_small = _toned(one, other), len(one) <= _SMALL
    there = ~_filled(one, other)
    whole, weights = _correlations(toned, other)
    detail, fine = _correlations(_detail(toned), _detail(other))
    told, finely = there & (weights >= _TEXTURE), there & (fine >= _DETAIL_TEXTURE)
    if min(told.sum(), finely.sum()) < _LEAST_TILES:
        return TileAgreement(0.0, 0.0, 1.0, 1.0, 1.0, is_small)
    errors = 1 - whole
    changed = errors > max(_CHANGED, _CHANGED_TIMES * float(np.median(errors[told])))
    changed &= weights * np.sqrt(2 * errors.clip(0)) >= _CHANGED_LEVELS
    return TileAgreement(
        float(np.average(whole[told], weights=weights[told])),
        float(np.average(detail[finely], weights=fine[finely])),
        max(_share(each < _LOW, where & ~_EDGE) for each, where in ((whole, told), (detail, finely))),
        _share(changed, told & ~_EDGE),
        _share(whole < _LOW, told & _EDGE),
        is_small,
    )


def _share(what: NDArray[np.bool_], tiles: NDArray[np.bool_]) -> float:
    return float(what[tiles].mean()) if tiles.any() else 0.0


def _filled(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Return which tiles at the edge are black in one picture only, bool[64]: corners of a rotated one, a frame."""
    side = one.shape[0] // _TILES
    differ = ((one <= _BLACK) != (other <= _BLACK)).reshape(_TILES, side, _TILES, side).mean(axis=(1, 3))
    return np.asarray((differ.ravel() > _BLACK_SHARE) & _EDGE)


def _correlations(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return the correlation of each tile, float32[64], and how much texture it has."""
    first, second = _split(one), _split(other)
    deviations = first.std(axis=1), second.std(axis=1)
    weights = np.maximum(*deviations)
    return (first * second).mean(axis=1) / np.maximum(deviations[0] * deviations[1], 1e-6), weights


def _split(picture: Floats) -> Floats:
    """Return the tiles of a picture as rows of mean 0, float32[64,pixels]."""
    side = picture.shape[0] // _TILES
    tiles = picture.reshape(_TILES, side, _TILES, side).swapaxes(1, 2).reshape(_TILES**2, -1)
    return np.asarray(tiles - tiles.mean(axis=1, keepdims=True), np.float32)


def _toned(one: Floats, other: Floats) -> Floats:
    """Return a picture in the tones of another: each gray level becomes the mean of its counterparts, never darker."""
    levels, wanted = one.ravel(), other.ravel()
    which = ((levels - levels.min()) * (_TONES / (np.ptp(levels) + 1e-3))).astype(np.int64)
    counts = np.bincount(which, minlength=_TONES)
    there = counts > 0
    from_, to = (np.bincount(which, some, _TONES)[there] / counts[there] for some in (levels, wanted))
    return np.interp(one, from_, np.maximum.accumulate(to)).astype(np.float32)


def _detail(picture: Floats) -> Floats:
    """Return the detail finer than about four pixels."""
    blurred = picture
    for _ in range(4):
        blurred = _blurred(_blurred(blurred).T).T
    return picture - blurred


def _blurred(picture: Floats) -> Floats:
    """Blur along the rows."""
    padded = np.pad(picture, ((0, 0), (2, 2)), mode="edge")
    width = picture.shape[1]
    return np.asarray(sum(weight * padded[:, at : at + width] for at, weight in enumerate(_BLUR)), np.float32)
