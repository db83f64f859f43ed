"""Classification of a decoded picture: class scores of each view as Evidence, and the pooled features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.values.analysis import Evidence
from indexer.values.files import Picture
from indexer.vision.preprocess import tensor
from indexer.vision.runtime import Model

_ROOM = 2  # a crop is cut from the short side: of a picture of 2 : 1 the long one is twice as long


class Classifier:
    """A classifier model and the threshold for storing its scores."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def long_side_px(self) -> int:
        """The maximum long side in px that a picture needs for full detail."""
        wanted = self.model.spec.input
        return wanted.longest_px if wanted.fit == "short-side" else round(max(wanted.size) * _ROOM / wanted.crop)

    def classify(self, picture: Picture) -> tuple[Evidence, NDArray[np.float32]]:
        """Return the evidence of all views of a picture, and its pooled features float32[length].

        A custom model may have no features: then they are empty.
        """
        spec = self.model.spec
        outputs = self.model.run(tensor(picture.pixels, spec))
        evidence = Evidence.of(spec.id, outputs["probabilities"], spec.kept_from)
        return evidence, outputs.get("embedding", np.empty(0, np.float32))
