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
        scores = sharpened(outputs["probabilities"], spec.network.get("temperature", 1.0))
        return Evidence.of(spec.id, scores, spec.thresholds["least"]), outputs["embedding"]


def sharpened(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return the softmax[views, classes] that the same network gives when its logits are divided by the temperature.

    Networks that were trained with smoothed labels say less than they know: below 1 the sum over many classes,
    each with a little, counts for less (C. Guo et al.: On Calibration of Modern Neural Networks, 2017).
    """
    if temperature == 1.0:
        return probabilities
    powers = probabilities ** np.float32(1 / temperature)
    sharp: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return sharp
