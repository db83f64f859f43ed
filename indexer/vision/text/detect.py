"""Text detection: the rotated rectangles of the lines in a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.vision.preprocess import in_picture, tensor
from indexer.vision.runtime import Model
from indexer.vision.spec_tensors import Input
from indexer.vision.text.components import Runs, components, rectangle

_CORE = 0.3  # probability from which a pixel belongs to the core of a line; as PP-OCR
_SURE = 0.6  # mean probability of a line; as PP-OCR
_GROWN = 1.5  # the model marks the core of a line: area × this / perimeter is added on each side; as PP-OCR
_LEAST_PX = 3  # sides of a core


class TextDetector:
    """A text detector. Its model's output: `probabilities` [1, 1, height, width] of its input."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def detect(self, pixels: NDArray[np.uint8], long_side_px: int) -> list[NDArray[np.float64]]:
        """Return the corners of each line, float64[4, 2] (x, y) as fractions of the picture, clockwise.

        long_side_px: of the picture that the model is given.
        """
        scores, given = self._scores(pixels, long_side_px)
        lines = [line for runs in components(scores > _CORE) if (line := _line(runs, scores)) is not None]
        height, width = pixels.shape[:2]
        size = np.array(scores.shape[::-1])
        return [np.clip(in_picture(line / size, width, height, given), 0.0, 1.0) for line in lines]

    def sees_any(self, pixels: NDArray[np.uint8], long_side_px: int) -> bool:
        """Return whether any pixel may belong to a line; a small picture costs little and shows only large lines."""
        return bool((self._scores(pixels, long_side_px)[0] > _CORE).any())

    def _scores(self, pixels: NDArray[np.uint8], long_side_px: int) -> tuple[NDArray[np.float32], Input]:
        """Return the probability of each pixel of the model's input, float32[height, width], and what that input is."""
        spec = self.model.spec
        spec = replace(spec, input=replace(spec.input, size_px=long_side_px))
        image = tensor(pixels, spec)
        return self.model.run(image)["probabilities"].reshape(image.shape[1:3]), spec.input


def _line(runs: Runs, scores: NDArray[np.float32]) -> NDArray[np.float64] | None:
    lengths = runs[:, 2] - runs[:, 1]
    sure = sum(float(scores[row, start:end].sum()) for row, start, end in runs) / float(lengths.sum())
    if sure < _SURE or len(runs) < _LEAST_PX or lengths.max() < _LEAST_PX:
        return None
    rows = runs[:, 0]
    columns = runs[:, 1], runs[:, 2]
    corners = rectangle(np.concatenate([np.stack([x, y], -1) for x in columns for y in (rows, rows + 1)]))
    return _grown(corners)


def _grown(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = float(np.hypot(*along)), float(np.hypot(*down))
    more = width * height * _GROWN / (2 * (width + height))
    x, y = along / width * more, down / height * more
    return np.asarray(corners + np.stack([-x - y, x - y, x + y, y - x]), np.float64)
