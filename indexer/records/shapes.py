"""How wide photos are by their height flows in; steps, a small number a photo, flow out: a grid is laid out by them."""

from __future__ import annotations

from base64 import b64encode
from math import log
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALLEST, FACTOR, STEPS = 0.3, 1.04, 66  # as static/css/ratios.css and static/js/layout.js of the web
USUAL = 1.5  # where nobody knows


class ShapesRecord(TypedDict):
    """The shapes of all photos of a search, in its order, so that they can be laid out before they are loaded.

    steps: base64 of one byte a photo: width by height is about smallest × factor ** byte.
    """

    total: int
    smallest: float
    factor: float
    steps: str


def step(width: int | None, height: int | None) -> int:
    """Return the step that is nearest to a photo's width by height."""
    ratio = width / height if width and height else USUAL
    return min(STEPS, max(0, round(log(ratio / SMALLEST, FACTOR))))


def shapes_record(ratios: NDArray[np.float64]) -> ShapesRecord:
    """Return the shapes of photos; 0: unknown."""
    import numpy as np

    known = np.where(ratios > 0, ratios, USUAL)
    steps = np.clip(np.rint(np.log(known / SMALLEST) / log(FACTOR)), 0, STEPS).astype(np.uint8)
    told = b64encode(steps.tobytes()).decode("ascii")
    return {"total": len(steps), "smallest": SMALLEST, "factor": FACTOR, "steps": told}
