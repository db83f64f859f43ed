"""Object detection: the objects in a picture, each with its box."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indexer.errors import ModelError
from indexer.geometry import Box
from indexer.values.analysis import Evidence, Object
from indexer.values.files import Picture
from indexer.vision.object_anchors import Floats, decode
from indexer.vision.preprocess import in_picture, tensor
from indexer.vision.runtime import Model

_WORTH_STORING = 0.01  # score of a class, whether or not an object of it is kept
_WHOLE = ("as-is", "stretch", "letterbox", "short-side", "long-side")  # fits that show the whole picture


class ObjectDetector:
    """An object detector.

    Its model's outputs: `boxes` [n, 4] (top, left, bottom, right as fractions of its input), `scores` [n],
    `classes` [n], numbers from the spec's [labels] offset on, and perhaps `count`, how many of them are valid. A
    first side of 1, the batch, may precede all. A spec whose `decoding` is 'ssd' has raw ones instead, `offsets` and
    `logits`, from which these are made.
    """

    def __init__(self, model: Model) -> None:
        """Errors: ModelError for a model whose input is only a part of the picture."""
        self.model = model
        if model.spec.input.fit not in _WHOLE:
            raise ModelError(model.spec.name, f"an object detector sees the whole picture: fit is {', '.join(_WHOLE)}")

    @property
    def long_side_px(self) -> int:
        """The maximum long side in px that a picture needs for full detail."""
        wanted = self.model.spec.input
        return wanted.longest_px if wanted.fit == "short-side" else max(wanted.size)

    def detect(self, picture: Picture) -> tuple[list[Object], Evidence]:
        """Detect objects, best first, and the best score of each class, those of objects too faint to be kept as well.

        Boxes are cut at the picture's edge, and dropped where nothing is left.
        """
        spec = self.model.spec
        answers = self._decoded(self.model.run(tensor(picture.pixels, spec)))
        scores, classes = answers["scores"].reshape(-1), answers["classes"].reshape(-1)
        count = int(answers["count"].reshape(-1)[0]) if "count" in answers else len(scores)
        corners = in_picture(answers["boxes"].reshape(-1, 2, 2)[..., ::-1], *picture.size, spec.input).clip(0, 1)
        labels = np.rint(classes).astype(int) - spec.labels.offset
        shown = np.all(corners[:, 1] > corners[:, 0], axis=1) & (labels >= 0) & (np.arange(len(scores)) < count)
        sure = np.flatnonzero(shown & (scores >= spec.kept_from))
        found = [
            Object(int(labels[each]), min(float(scores[each]), 1.0), _box(corners[each].tolist()), spec.id)
            for each in sure.tolist()
        ]
        faint = np.flatnonzero(shown & (scores >= _WORTH_STORING))
        best = np.zeros(labels[faint].max(initial=0) + 1, np.float32)
        np.maximum.at(best, labels[faint], scores[faint].clip(max=1))
        return sorted(found, key=lambda each: -each.score), Evidence.of(spec.id, best[np.newaxis], _WORTH_STORING)

    def _decoded(self, answers: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Return boxes, scores and classes."""
        spec = self.model.spec
        if spec.decoding != "ssd":
            return answers
        return decode(answers, spec.kept_from, spec.thresholds["overlap"], _WORTH_STORING)


def _box(corners: list[list[float]]) -> Box:
    (left, top), (right, bottom) = corners
    return Box(left, top, right - left, bottom - top)
