"""What a face's chip and descriptor are made of flows in; how far comparisons with it can be trusted flows out.

The numbers below were fitted on photographs of known people, made worse by blur, motion, reduction, noise, darkness
and compression, to the share of wrong verdicts at a distance of 0.6: the same person missed in a clean photo, another
person taken for this one in an equally bad photo.  docs/faces.md tells how well they hold.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_FACE = slice(15, 135)  # of the chip: what is around it is not the face
_CELL_PX = 4  # sharpness is judged in squares of the chip this large, finer detail being no help to the describer

_USUAL, _BY_SHARPNESS, _BY_ASYMMETRY, _BY_DETAIL = -6.8, -2.0, 5.1, -1.0
_SHARP, _BLURRED = 0.35, 0.02  # sharpness beyond which nothing is gained or lost
_DETAILED = 0.2


def quality(chip: NDArray[np.uint8], detail: float, asymmetry: float) -> float:
    """Tell how fit a face is for comparing: 1 when no verdict is wrong, 0 when a coin would do as well.

    chip: uint8[150, 150, 3].  detail: pixels of the picture to a pixel of the chip, along a side.
    asymmetry: distance between the descriptors of the chip and of its mirror image; it grows as the face turns
    away or is half hidden.
    """
    odds = _USUAL + _BY_ASYMMETRY * asymmetry
    odds += _BY_SHARPNESS * log(min(max(sharpness(chip), _BLURRED), _SHARP))
    odds += _BY_DETAIL * log(min(max(detail, 1e-3) / _DETAILED, 1))
    wrong = 1 / (1 + exp(-odds))
    return max(0.0, 1 - 2 * wrong)


def sharpness(chip: NDArray[np.uint8]) -> float:
    """Return the mean second difference of the face's luma in its less sharp direction, relative to its contrast.

    About 0.35 in a good photo, 0.1 where a motion or a lens out of focus has smeared the face.
    """
    luma = chip[_FACE, _FACE].astype(np.float32) @ _LUMA
    cells = luma.shape[0] // _CELL_PX
    coarse = luma.reshape(cells, _CELL_PX, cells, _CELL_PX).mean(axis=(1, 3))
    bends = min(float(np.abs(np.diff(coarse, 2, axis)).mean()) for axis in (0, 1))
    return bends / (float(luma.std()) + 1)
