"""Places in what a network saw flow in; the same places in the picture that was fitted for it flow out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from indexer.vision.preprocess import letterbox
from indexer.vision.spec import Input


def in_picture(places: ArrayLike, width: int, height: int, wanted: Input) -> NDArray[np.float64]:
    """Return float64[…, 2], x and y as fractions of a picture of width × height px.

    places: [..., 2], x and y as fractions of what `preprocess.fitted` made of the picture.  Undone are 'letterbox' and
    'long-side'; any other fit is taken to show the whole picture and nothing else.
    """
    left, top, across, down = _shown(width, height, wanted)
    moved: NDArray[np.float64] = (np.asarray(places, np.float64) - (left, top)) / (across, down)
    return moved


def _shown(width: int, height: int, wanted: Input) -> tuple[float, float, float, float]:
    """Return where the picture lies in what the network sees: left, top, width and height as fractions."""
    match wanted.fit:
        case "letterbox":
            left, top, inner_width, inner_height = letterbox(width, height, wanted.size)
            outer_width, outer_height = wanted.size
        case "long-side":
            ratio = min(1.0, wanted.size_px / max(width, height))
            left, top, inner_width, inner_height = 0, 0, max(1, round(width * ratio)), max(1, round(height * ratio))
            step = wanted.multiple_px
            outer_width, outer_height = -(-inner_width // step) * step, -(-inner_height // step) * step
        case _:
            return 0.0, 0.0, 1.0, 1.0
    return left / outer_width, top / outer_height, inner_width / outer_width, inner_height / outer_height
