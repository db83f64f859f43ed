"""Pictures of soft light and shade, as photos are from afar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def made_scene(seed: int, side: int = 256) -> NDArray[np.uint8]:
    """Return uint8[side,side,3]: waves at random, the less of each the shorter it is, in no relation to the edges."""
    random = np.random.default_rng(seed)
    place = np.arange(side) / side
    luma = np.zeros((side, side))
    for _ in range(60):
        down, along = random.uniform(-4, 4, 2)
        phase = random.uniform(0, 2 * np.pi)
        luma += np.cos(2 * np.pi * (down * place[:, None] + along * place) + phase) / (1 + np.hypot(down, along))
    luma = np.clip(128 + 40 * luma / luma.std(), 0, 255)
    return np.repeat(luma[:, :, None], 3, axis=2).astype(np.uint8)
