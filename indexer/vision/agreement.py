"""Tile-wise agreement of two pictures that lie over each other: the same content, or only the same layout.

Two pages of text, or two slides of one talk, agree in most of what is coarse and in little of what is fine, and where
they differ they differ wholly. So both the picture and its fine detail (what a blur takes away) are correlated tile by
tile. A curve of tones is fitted first: a copy may be brighter, of less contrast, or burnt out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TILES = 8  # a side
_TONES = 24  # points of the curve of tones
_TEXTURE, _DETAIL_TEXTURE = 4.0, 3.0  # standard deviation of gray levels that a tile has at least to be compared
_LEAST_TILES = 3  # that have some, or nothing can be said
_WHOLE, _DETAIL = 0.92, 0.9  # mean correlation of tiles, weighted by their texture, at least
_LOW, _LOW_SHARE = 0.6, 0.03  # a tile of less shows something else; share of tiles for which that may be so
# A tile was changed that is so many times further from 1 than the middle one is, by so much, and by so many gray levels
# (standard deviation: what encoding leaves of a sky is unlike it, too); share of tiles for which that may be so.
_CHANGED_TIMES, _CHANGED, _CHANGED_LEVELS, _CHANGED_SHARE = 8, 0.04, 4.0, 0.07
_BLUR = np.array([1, 4, 6, 4, 1], np.float32) / 16


class Agreement(NamedTuple):
    """How alike the tiles of two pictures are.

    whole, detail: mean correlation of the tiles, of what is fine in them.  low, changed: shares of the tiles that show
    something else, and that are far less alike than most.
    """

    whole: float
    detail: float
    low: float
    changed: float

    @property
    def is_same(self) -> bool:
        """Whether the two pictures show the same content."""
        alike = self.whole >= _WHOLE and self.detail >= _DETAIL
        return alike and self.low <= _LOW_SHARE and self.changed <= _CHANGED_SHARE


def agreement(one: Floats, other: Floats) -> Agreement:
    """Compare two pictures that lie over each other, float32[m,m] of gray levels 0..255."""
    return max(_toned_agreement(one, other), _toned_agreement(other, one))  # what is burnt out has fewer tones


def _toned_agreement(one: Floats, other: Floats) -> Agreement:
    toned = _toned(one, other)
    whole, weights = _correlations(toned, other, _TEXTURE)
    detail, fine = _correlations(_detail(toned), _detail(other), _DETAIL_TEXTURE)
    if min(len(whole), len(detail)) < _LEAST_TILES:
        return Agreement(0.0, 0.0, 1.0, 1.0)
    low = max(float((each < _LOW).mean()) for each in (whole, detail))
    errors = 1 - whole
    changed = errors > max(_CHANGED, _CHANGED_TIMES * float(np.median(errors)))
    changed &= weights * np.sqrt(2 * errors.clip(0)) >= _CHANGED_LEVELS
    means = float(np.average(whole, weights=weights)), float(np.average(detail, weights=fine))
    return Agreement(*means, low, float(changed.mean()))


def _correlations(one: Floats, other: Floats, texture: float) -> tuple[Floats, Floats]:
    """Return the correlations of the tiles that have some texture, and how much of it."""
    first, second = _split(one), _split(other)
    deviations = first.std(axis=1), second.std(axis=1)
    weights = np.maximum(*deviations)
    told = weights >= texture
    correlations = (first * second).mean(axis=1) / np.maximum(deviations[0] * deviations[1], 1e-6)
    return correlations[told], weights[told]


def _split(picture: Floats) -> Floats:
    """Return the tiles of a picture as rows of mean 0, float32[64,pixels]."""
    side = picture.shape[0] // _TILES
    tiles = picture.reshape(_TILES, side, _TILES, side).swapaxes(1, 2).reshape(_TILES**2, -1)
    return np.asarray(tiles - tiles.mean(axis=1, keepdims=True), np.float32)


def _toned(one: Floats, other: Floats) -> Floats:
    """Return a picture in the tones of another: each gray level becomes the mean of what lies over it, never darker."""
    levels, wanted = one.ravel(), other.ravel()
    which = ((levels - levels.min()) * (_TONES / (np.ptp(levels) + 1e-3))).astype(np.int64)
    counts = np.bincount(which, minlength=_TONES)
    there = counts > 0
    from_, to = (np.bincount(which, some, _TONES)[there] / counts[there] for some in (levels, wanted))
    return np.interp(one, from_, np.maximum.accumulate(to)).astype(np.float32)


def _detail(picture: Floats) -> Floats:
    """Return what is finer than about four pixels."""
    blurred = picture
    for _ in range(4):
        blurred = _blurred(_blurred(blurred).T).T
    return picture - blurred


def _blurred(picture: Floats) -> Floats:
    """Blur along the rows."""
    padded = np.pad(picture, ((0, 0), (2, 2)), mode="edge")
    width = picture.shape[1]
    return np.asarray(sum(weight * padded[:, at : at + width] for at, weight in enumerate(_BLUR)), np.float32)
