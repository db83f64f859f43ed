"""A picture flows in; the parts of it that the detector looks at flow out."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from indexer.photo import Picture
from indexer.vision.preprocess import resized

# Sides of the views of a panorama, as multiples of its short side.
_LONGEST, _VIEW, _SHARED = 2.5, 1.5, 0.5
_MOST_VIEWS = 8

Pixels = NDArray[np.uint8]


def views(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Cut a panorama of width × height px into overlapping parts that are no panoramas: left, top, right, bottom.

    Any other picture is one part.  Seen at once, the faces of a panorama would be too small to be found.
    """
    long, short = max(width, height), min(width, height)
    if long <= _LONGEST * short:
        return [(0, 0, width, height)]
    count = min(_MOST_VIEWS, ceil((long / short - _SHARED) / (_VIEW - _SHARED)))
    length = (long + (count - 1) * short * _SHARED) / count
    starts = [(length - short * _SHARED) * number for number in range(count)]
    spans = [(floor(start), min(long, ceil(start + length))) for start in starts]
    if width >= height:
        return [(first, 0, last, height) for first, last in spans]
    return [(0, first, width, last) for first, last in spans]


def larger_px(picture: Picture, long_side_px: int) -> int | None:
    """Return the long side in px that a panorama should be decoded with, None where the picture serves.

    long_side_px: what a detector wants each view to have.
    """
    width, height = picture.full_size
    left, top, right, bottom = views(width, height)[0]
    wanted = round(long_side_px * max(width, height) / max(right - left, bottom - top))
    return wanted if max(picture.size) < wanted <= max(width, height) else None


def square(pixels: Pixels, start: tuple[float, float], side: float, size_px: int) -> Pixels:
    """Return the square at `start` (x, y in px) with this side, resized to size_px; black beyond the picture."""
    height, width = pixels.shape[:2]
    left, top = (floor(place) for place in start)
    right, bottom = (ceil(place + side) for place in start)
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    above, below = max(-top, 0), max(bottom - height, 0)
    before, after = max(-left, 0), max(right - width, 0)
    around = np.pad(inside, ((above, below), (before, after), (0, 0)))
    x, y = start[0] - left, start[1] - top
    box = (x, y, min(x + side, right - left), min(y + side, bottom - top))  # rounding may not lead beyond the pixels
    return resized(around, (size_px, size_px), "bilinear", box)
