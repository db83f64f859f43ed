"""Crop of a line of text out of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def cut(pixels: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Cut a line out of a picture; corners: float64[4, 2], fractions, clockwise from the upper left of the text."""
    places = corners * (pixels.shape[1], pixels.shape[0])
    width, height = (max(2, round(float(np.hypot(*(places[end] - places[0]))))) for end in (1, 3))
    quad = places[[0, 3, 2, 1]].ravel().tolist()
    bilinear = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(pixels).transform((width, height), Image.Transform.QUAD, quad, bilinear))
