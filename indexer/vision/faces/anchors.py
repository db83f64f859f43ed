"""Anchor decoding: a detector's raw outputs as boxes, scores and landmarks in px of its input, without overlaps.

Boxes and landmarks of RetinaFace are offsets to anchors: squares at every cell of three grids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_GRIDS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))  # stride and sides of the anchors of each cell, in px
_CENTER_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2


@dataclass(frozen=True, slots=True)
class Detections:
    """The detections in a picture, best first, in pixels of the detector's input.

    boxes: float32[n, 4], left, top, right, bottom.  scores: float32[n], 0..1.  landmarks: float32[n, 5, 2], x and y of
    left eye, right eye, nose, left and right mouth corner, as seen in the picture.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> Detections:
        return Detections(self.boxes[which], self.scores[which], self.landmarks[which])

    @classmethod
    def joined(cls, parts: Sequence[Detections]) -> Detections:
        """Return all faces of several detections, in that order."""
        none = cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
        kinds = zip(*((part.boxes, part.scores, part.landmarks) for part in (none, *parts)), strict=True)
        return cls(*map(np.concatenate, kinds))

    def each(self) -> Iterator[Detections]:
        """Yield the faces one by one."""
        return (self[index : index + 1] for index in range(len(self)))

    def moved(self, scale: float, shift: tuple[float, float] = (0, 0)) -> Detections:
        """Return the same faces at position × scale + shift; shift: x and y in px."""
        factor, by = np.float32(scale), np.array(shift, np.float32)
        return Detections(self.boxes * factor + np.tile(by, 2), self.scores, self.landmarks * factor + by)


def decode(outputs: dict[str, Floats], height: int, width: int, least_score: float, most_overlap: float) -> Detections:
    """Convert the model's outputs for an input of height × width px to faces, best first.

    Anchors below `least_score` are left out, and of two boxes whose intersection over union is above `most_overlap`
    the one with the lower score.  Source: J. Deng and others, RetinaFace, 2019, https://arxiv.org/abs/1905.00641.
    """
    scores = outputs["scores"]
    sure = np.flatnonzero(scores >= least_score)
    sure = sure[np.argsort(-scores[sure], kind="stable")]
    anchors = _anchors(height, width)[sure]
    centers, sides = anchors[:, :2], anchors[:, 2:]
    raw_boxes, raw_points = outputs["boxes"][sure], outputs["landmarks"][sure].reshape(-1, 5, 2)
    middle = centers + raw_boxes[:, :2] * _CENTER_VARIANCE * sides
    half = sides * np.exp(np.minimum(raw_boxes[:, 2:] * _SIZE_VARIANCE, 8)) / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    points = centers[:, np.newaxis] + raw_points * _CENTER_VARIANCE * sides[:, np.newaxis]
    return distinct(Detections(boxes, scores[sure], points), most_overlap)


def distinct(found: Detections, most_overlap: float) -> Detections:
    """Drop each face that overlaps a better one by more than `most_overlap`; the best come first."""
    found = found[np.argsort(-found.scores, kind="stable")]
    kept: list[int] = []
    left = np.arange(len(found))
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        left = rest[overlaps(found.boxes[best], found.boxes[rest]) <= most_overlap]
    return found[np.array(kept, np.intp)]


def overlaps(box: Floats, others: Floats) -> Floats:
    """Return the intersection over union, float32[n], of a box [4] with others [n, 4]."""
    shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared_area = np.prod(np.maximum(shared, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    together = np.prod(box[2:] - box[:2]) + areas - shared_area
    answer: Floats = shared_area / np.maximum(together, np.float32(1e-9))
    return answer


@lru_cache(maxsize=8)
def _anchors(height: int, width: int) -> Floats:
    """Return center x, center y, side, side of each anchor in px, float32[anchors, 4], in the model's order."""
    grids = [_grid(height // stride, width // stride, stride, sides) for stride, sides in _GRIDS]
    return np.concatenate(grids)


def _grid(rows: int, columns: int, stride: int, sides: tuple[int, ...]) -> Floats:
    y, x, side = np.meshgrid(np.arange(rows), np.arange(columns), np.array(sides), indexing="ij")
    stacked = np.stack([(x + 0.5) * stride, (y + 0.5) * stride, side, side], axis=-1)
    return stacked.reshape(-1, 4).astype(np.float32)
