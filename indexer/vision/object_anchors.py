"""Anchor decoding of an object detector (SSD): its raw outputs as boxes, without overlaps of one class.

The anchors are those of `ssd_mobilenet_v2_coco` in TensorFlow's Object Detection API: boxes of several shapes in every
cell of six grids.  W. Liu and others: SSD, 2016, https://arxiv.org/abs/1512.02325.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_GRIDS = (19, 10, 5, 3, 2, 1)  # cells along each side, from small objects to large ones
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)  # of each grid's anchors, and of the next one's
_ASPECTS = (1.0, 2.0, 0.5, 3.0, 1 / 3)  # width / height
_FINEST = ((0.1, 1.0), (0.2, 2.0), (0.2, 0.5))  # scale and aspect of the finest grid's anchors
_VARIANCES = np.array([10, 10, 5, 5], np.float32)  # by which the offsets were multiplied in training
_LARGEST = 8.0  # of the logarithm of a size: what is beyond is no object


def decode(
    outputs: Mapping[str, Floats], least_score: float, most_overlap: float, faint_score: float
) -> dict[str, Floats]:
    """Convert `offsets` [anchors, 4] and `logits` [anchors, classes] to the outputs of a detector of boxes.

    Return `boxes` float32[n, 4] (top, left, bottom, right as fractions of the input), `scores` [n] and `classes` [n];
    class 0 is the background.  Of two objects of one class whose intersection over union is above `most_overlap` the
    one with the lower score is left out, and all below `least_score`, but for the surest of each class: that needs
    only `faint_score`.
    """
    logits = outputs["logits"][:, 1:]
    is_wanted = logits >= _logit(least_score)
    kinds = np.arange(logits.shape[1])
    surest = logits.argmax(axis=0)
    is_wanted[surest, kinds] = logits[surest, kinds] >= _logit(faint_score)
    anchor, kind = np.nonzero(is_wanted)
    scores: Floats = (1 / (1 + np.exp(-logits[anchor, kind]))).astype(np.float32)
    boxes = _boxes(outputs["offsets"][anchor], _anchors()[anchor])
    kept = _distinct(boxes, scores, kind, most_overlap)
    return {"boxes": boxes[kept], "scores": scores[kept], "classes": (kind[kept] + 1).astype(np.float32)}


def _logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def _boxes(offsets: Floats, anchors: Floats) -> Floats:
    """Move anchors (center y, center x, height, width) by offsets; return top, left, bottom, right."""
    moved = offsets / _VARIANCES
    centers = moved[:, :2] * anchors[:, 2:] + anchors[:, :2]
    half = np.exp(np.minimum(moved[:, 2:], _LARGEST)) * anchors[:, 2:] / 2
    return np.concatenate([centers - half, centers + half], axis=1)


def _distinct(boxes: Floats, scores: Floats, kinds: NDArray[np.intp], most_overlap: float) -> NDArray[np.intp]:
    """Return which boxes overlap no better one of their class too much, best first."""
    shifted = boxes + np.float32(1e3) * kinds[:, np.newaxis]  # boxes of two classes do not meet
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left):
        kept.append(int(left[0]))
        left = left[1:][_overlaps(shifted[left[0]], shifted[left[1:]]) <= most_overlap]
    return np.array(kept, np.intp)


def _overlaps(box: Floats, others: Floats) -> Floats:
    """Return the intersection over union of a box [4] with others [n, 4]."""
    shared = np.prod(np.maximum(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0), axis=1)
    together = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared
    answer: Floats = shared / np.maximum(together, np.float32(1e-9))
    return answer


@lru_cache(maxsize=1)
def _anchors() -> Floats:
    """Return center y, center x, height, width of each anchor as fractions, float32[1917, 4], in the model's order."""
    return np.concatenate([_grid(cells, list(_shapes(level))) for level, cells in enumerate(_GRIDS)])


def _shapes(level: int) -> Iterator[tuple[float, float]]:
    """Yield scale and aspect of the anchors of a cell."""
    if level == 0:
        yield from _FINEST
        return
    yield from ((_SCALES[level], aspect) for aspect in _ASPECTS)
    yield (_SCALES[level] * _SCALES[level + 1]) ** 0.5, 1.0


def _grid(cells: int, shapes: list[tuple[float, float]]) -> Floats:
    scale, root = np.array([(scale, aspect**0.5) for scale, aspect in shapes]).T
    middle = (np.arange(cells) + 0.5) / cells
    y, x, each = np.meshgrid(middle, middle, np.arange(len(shapes)), indexing="ij")
    anchors = np.stack([y, x, (scale / root)[each], (scale * root)[each]], axis=-1)
    return anchors.reshape(-1, 4).astype(np.float32)
