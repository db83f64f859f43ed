"""A Picture flows in; its faces flow out, with box and score, as found by a network that knows no landmarks.

One look, at the size that the network takes; `detect.py` looks closer, but its network takes any size.
"""

from __future__ import annotations

import numpy as np

from indexer.geometry import Box
from indexer.photo import Face, Picture
from indexer.vision.faces.anchors import Found, distinct
from indexer.vision.faces.views import Pixels, larger_px, views
from indexer.vision.preprocess import tensor
from indexer.vision.runtime import Model
from indexer.vision.shown import in_picture

_SCORE, _OVERLAP = 0.5, 0.5  # where the spec says nothing


class BoxDetector:
    """Finds the faces of a picture with a network that answers with boxes and scores."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def long_side_px(self) -> int:
        """The long side that a picture should have for the detector to see what it can."""
        return max(self.model.spec.input.size)

    def needs_larger(self, picture: Picture) -> int | None:
        """Return the long side in px that a panorama should be decoded with, None where the picture serves."""
        return larger_px(picture, self.long_side_px)

    def detect(self, picture: Picture) -> list[Face]:
        """Find the faces, best first; they have no landmarks and no descriptors, and their quality is 0."""
        width, height = picture.size
        seen = [
            self._seen(picture.pixels[top:bottom, left:right]).moved(1, (left, top))
            for left, top, right, bottom in views(width, height)
        ]
        found = distinct(Found.joined(seen), self.model.spec.thresholds.get("overlap", _OVERLAP))
        return [_face(one, width, height) for one in found.each()]

    def _seen(self, pixels: Pixels) -> Found:
        """Return the faces in what the network sees at once, in px of it; their landmarks are all 0."""
        spec = self.model.spec
        height, width = pixels.shape[:2]
        answers = self.model.run(tensor(pixels, spec))
        scores = answers["scores"].reshape(-1)
        corners = in_picture(answers["boxes"].reshape(-1, 2, 2)[..., ::-1], width, height, spec.input).clip(0, 1)
        shown = np.all(corners[:, 1] > corners[:, 0], axis=1)
        sure = np.flatnonzero(shown & (scores >= spec.thresholds.get("score", _SCORE)))
        boxes = (corners[sure] * (width, height)).reshape(-1, 4).astype(np.float32)
        return Found(boxes, scores[sure], np.zeros((len(sure), 5, 2), np.float32))


def _face(found: Found, width: int, height: int) -> Face:
    left, top, right, bottom = map(float, found.boxes[0])
    box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return Face(box, float(found.scores[0]), 0.0, (), None)
