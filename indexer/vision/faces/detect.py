"""Face detection: the faces of a picture, each with box, score and landmarks.

The detector runs several times.  On the whole picture, at a size that is quick, it proposes candidates.
Then it runs on a close-up of each candidate, enlarged or reduced to the size that it judges best.  Where both runs
leave a doubt, a third includes more of the surroundings.  The runs decide together: what looks like a face at one
scale alone is none.  docs/measurements/faces.md describes what else was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, floor, log

import numpy as np
from numpy.typing import NDArray

from indexer.geometry import Box, Point
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.anchors import Detections, decode, distinct, overlaps
from indexer.vision.preprocess import fitted, in_picture, normalized, resized, tensor
from indexer.vision.runtime import Model

# Sides of the views of a panorama, as multiples of its short side.
_LONGEST, _VIEW, _SHARED = 2.5, 1.5, 0.5
_MOST_VIEWS = 8

Pixels = NDArray[np.uint8]


def views(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Split a panorama of width × height px into overlapping parts that are no panoramas: left, top, right, bottom.

    Any other picture is one part.  In one run, the faces of a panorama would be too small to be found.
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
    """Return the long side in px that a panorama should be decoded with, None where the picture suffices.

    long_side_px: the size that a detector wants for each view.
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
    box = (x, y, min(x + side, right - left), min(y + side, bottom - top))  # rounding must not exceed the pixels
    return resized(around, (size_px, size_px), "bilinear", box)


_MOST_PROPOSALS = 1000
_CLOSE = (160, 80)  # sides in px of a close-up and of the face in it
_WIDER = (128, 48)
_DOUBT = (0.5, 0.98)
_SAME_FACE = 0.4  # minimum intersection over union of a candidate and its close-up's face
_LEAST_SURE, _MOST_SURE = 0.01, 0.999  # no run alone can decide


class Detector:
    """A face detector with anchors (RetinaFace) that runs at several scales."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for full detail."""
        return self.model.spec.input.size_px

    def needs_larger(self, picture: Picture) -> int | None:
        """Return the long side in px that a panorama should be decoded with, None where the picture suffices."""
        return larger_px(picture, self.long_side_px)

    def detect(self, picture: Picture) -> list[Face]:
        """Detect the faces, best first; they have no descriptors yet, and their quality is 0."""
        thresholds = self.model.spec.thresholds
        width, height = picture.size
        judged = [self._judged(picture.pixels, one) for one in self._proposals(picture.pixels).each()]
        found = distinct(Detections.joined(judged), thresholds["overlap"])
        sure = found[np.flatnonzero(found.scores >= thresholds["score"])]
        return [_face(one, width, height) for one in sure.each()]

    def _proposals(self, pixels: Pixels) -> Detections:
        """Return the candidates, in px of the picture."""
        overlap = self.model.spec.thresholds["overlap"]
        seen = [
            self._seen(pixels[top:bottom, left:right]).moved(1, (left, top))
            for left, top, right, bottom in views(pixels.shape[1], pixels.shape[0])
        ]
        return distinct(Detections.joined(seen), overlap)[:_MOST_PROPOSALS]

    def _seen(self, pixels: Pixels) -> Detections:
        """Run on pixels at the size that the spec wants; return the candidates in them."""
        ratio = min(1.0, self.long_side_px / max(pixels.shape[:2]))
        found = self._look(fitted(pixels, self.model.spec.input)).moved(1 / ratio)
        centers = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        inside = np.all((centers > 0) & (centers < (pixels.shape[1], pixels.shape[0])), axis=1)
        return found[np.flatnonzero(inside)]

    def _look(self, pixels: Pixels) -> Detections:
        """Run the model on pixels of a size that it takes."""
        spec = self.model.spec
        height, width = pixels.shape[:2]
        outputs = self.model.run(normalized(pixels[np.newaxis], spec.input))
        return decode(outputs, height, width, spec.thresholds["proposal"], spec.thresholds["overlap"])

    def _judged(self, pixels: Pixels, proposal: Detections) -> Detections:
        """Run on a close-up of one candidate; return the face as found there, with the score of all runs."""
        close = self._close_up(pixels, proposal, *_CLOSE)
        scores = [_score(proposal), _score(close)]
        if _DOUBT[0] < agreed(scores) < _DOUBT[1]:
            scores.append(_score(self._close_up(pixels, proposal, *_WIDER)))
        better = close if len(close) else proposal
        return Detections(better.boxes, np.array([agreed(scores)], np.float32), better.landmarks)

    def _close_up(self, pixels: Pixels, proposal: Detections, size_px: int, face_px: int) -> Detections:
        """Run on a square around a candidate, of size_px when the face has face_px; return the same face, if found."""
        left, top, right, bottom = map(float, proposal.boxes[0])
        side = max(right - left, bottom - top, 1) * size_px / face_px
        start = (left + right - side) / 2, (top + bottom - side) / 2
        found = self._look(square(pixels, start, side, size_px)).moved(side / size_px, start)
        return found[np.flatnonzero(overlaps(proposal.boxes[0], found.boxes) >= _SAME_FACE)[:1]]


def agreed(scores: Sequence[float]) -> float:
    """Return the combined score 0..1 of several runs: the mean of their log odds."""
    bounded = [min(max(score, _LEAST_SURE), _MOST_SURE) for score in scores]
    odds = sum(log(score / (1 - score)) for score in bounded) / len(bounded)
    return 1 / (1 + exp(-odds))


def _score(found: Detections) -> float:
    return float(found.scores[0]) if len(found) else 0.0


def _face(found: Detections, width: int, height: int) -> Face:
    left, top, right, bottom = map(float, found.boxes[0])
    box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
    points = tuple(Point(float(x) / width, float(y) / height) for x, y in found.landmarks[0])
    return Face(box, float(found.scores[0]), 0.0, points, None)


_SCORE, _OVERLAP = 0.5, 0.5  # where the spec has none


class BoxDetector:
    """A face detector whose model returns boxes and scores."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for full detail."""
        return max(self.model.spec.input.size)

    def needs_larger(self, picture: Picture) -> int | None:
        """Return the long side in px that a panorama should be decoded with, None where the picture suffices."""
        return larger_px(picture, self.long_side_px)

    def detect(self, picture: Picture) -> list[Face]:
        """Detect the faces, best first; they have no landmarks and no descriptors, and their quality is 0."""
        width, height = picture.size
        seen = [
            self._seen(picture.pixels[top:bottom, left:right]).moved(1, (left, top))
            for left, top, right, bottom in views(width, height)
        ]
        found = distinct(Detections.joined(seen), self.model.spec.thresholds.get("overlap", _OVERLAP))
        return [_face_without_landmarks(one, width, height) for one in found.each()]

    def _seen(self, pixels: Pixels) -> Detections:
        """Return the faces in one input of the model, in px of it; their landmarks are all 0."""
        spec = self.model.spec
        height, width = pixels.shape[:2]
        answers = self.model.run(tensor(pixels, spec))
        scores = answers["scores"].reshape(-1)
        corners = in_picture(answers["boxes"].reshape(-1, 2, 2)[..., ::-1], width, height, spec.input).clip(0, 1)
        shown = np.all(corners[:, 1] > corners[:, 0], axis=1)
        sure = np.flatnonzero(shown & (scores >= spec.thresholds.get("score", _SCORE)))
        boxes = (corners[sure] * (width, height)).reshape(-1, 4).astype(np.float32)
        return Detections(boxes, scores[sure], np.zeros((len(sure), 5, 2), np.float32))


def _face_without_landmarks(found: Detections, width: int, height: int) -> Face:
    left, top, right, bottom = map(float, found.boxes[0])
    box = Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return Face(box, float(found.scores[0]), 0.0, (), None)
