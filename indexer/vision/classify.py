"""A decoded picture flows in; what a classifier says of each of its parts flows out as Evidence, with its features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.photo import Evidence, Picture
from indexer.vision.preprocess import tensor
from indexer.vision.runtime import Model


class Classifier:
    """A classifier and how its answers are kept."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture needs at most to be seen in full detail."""
        wanted = self.model.spec.input
        return wanted.longest_px if wanted.fit == "short-side" else wanted.size_px

    def classify(self, picture: Picture) -> tuple[Evidence, NDArray[np.float32]]:
        """Return the evidence of all views of a picture, and its pooled features float32[length]."""
        spec = self.model.spec
        outputs = self.model.run(tensor(picture.pixels, spec))
        return Evidence.of(spec.id, outputs["probabilities"], spec.thresholds["least"]), outputs["embedding"]
