"""Pixel statistics of a picture, and its perceptual hash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.values.files import Picture, PixelStats

_POINTS = 256  # a side: enough that each of the 32 × 32 cells is the mean of 64 of them
_CELLS = 32
_ROWS = 128  # sampled for flatness
_WAVES = 8
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def look(picture: Picture) -> PixelStats:
    """Measure brightness, colorfulness, contrast and flatness of a picture."""
    points = _points(picture.pixels)
    luma = points @ _LUMA / 255
    # Channel by channel: NumPy reduces an axis of three far more slowly than a long one.
    red, green, blue = np.moveaxis(points, 2, 0)
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    rows = picture.pixels[:: max(1, picture.pixels.shape[0] // _ROWS)]
    same = rows[:, 1:] == rows[:, :-1]
    flat = same[..., 0] & same[..., 1] & same[..., 2]
    return PixelStats(
        brightness=float(luma.mean()),
        colorfulness=float(chroma.mean() / 255),
        contrast=float(luma.std()),
        flatness=float(flat.mean()) if flat.size else 1.0,
    )


def perceptual_hash(picture: Picture) -> bytes:
    """Return the 64-bit DCT hash of a picture: 8 bytes of which few bits change with its size or encoding.

    A bit is set where one of the 8 × 8 lowest waves is above their median; row by row, the first bit highest.
    Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
    """
    side = _POINTS // _CELLS
    cells = (_points(picture.pixels) @ _LUMA).reshape(_CELLS, side, _CELLS, side).mean(axis=(1, 3))
    waves = np.cos(np.pi / _CELLS * np.outer(np.arange(_WAVES), np.arange(_CELLS) + 0.5))
    low = waves @ cells @ waves.T
    return np.packbits(low > np.median(low)).tobytes()


def _points(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sample 256 × 256 points spread evenly over uint8[h,w,3]."""
    middles = (np.arange(_POINTS) + 0.5) / _POINTS
    rows, columns = ((middles * length).astype(np.intp) for length in pixels.shape[:2])
    points: NDArray[np.uint8] = pixels.take(rows, axis=0).take(columns, axis=1)
    return points
