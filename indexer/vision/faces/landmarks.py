"""Facial landmarks: the five landmarks of a face that was detected without any.

They are derived from 68 points, in the order of C. Sagonas and others: 300 Faces in-the-Wild, 2013.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from indexer.geometry import Box, Point
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.preprocess import in_picture, tensor
from indexer.vision.runtime import Model

# Which of the points a landmark is the middle of: the outlines of the eyes, the tip of the nose, the mouth's corners.
_LEFT_EYE, _RIGHT_EYE, _NOSE, _LEFT_CORNER, _RIGHT_CORNER = slice(36, 42), slice(42, 48), 30, 48, 54


class Landmarker:
    """A landmark model: finds eyes, nose and mouth in the box of a face."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def place(self, picture: Picture, face: Face) -> Face:
        """Return the face with its five landmarks; unchanged if its box lies outside the picture."""
        width, height = picture.size
        left, top, right, bottom = _edges(face.box, width, height)
        if left >= right or top >= bottom:
            return face
        spec = self.model.spec
        answer = self.model.run(tensor(picture.pixels[top:bottom, left:right], spec))["landmarks"]
        inside = in_picture(answer.reshape(68, 2), right - left, bottom - top, spec.input)
        points = (inside * (right - left, bottom - top) + (left, top)) / (width, height)
        return replace(face, landmarks=tuple(Point(float(x), float(y)) for x, y in _five(points)))


def _edges(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the part of a box inside a picture of width × height px: left, top, right, bottom in whole px."""
    left, top = max(0, floor(box.left * width)), max(0, floor(box.top * height))
    right, bottom = ceil((box.left + box.width) * width), ceil((box.top + box.height) * height)
    return left, top, min(width, right), min(height, bottom)


def _five(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return left eye, right eye, nose, left and right mouth corner, [5, 2], of 68 points [68, 2]."""
    model_set = [points[outline].mean(axis=0) for outline in (_LEFT_EYE, _RIGHT_EYE)]
    return np.stack([*model_set, points[_NOSE], points[_LEFT_CORNER], points[_RIGHT_CORNER]])
