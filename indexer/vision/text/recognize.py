"""Text recognition: the characters of one line, cut out of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.vision.preprocess import normalized, resized
from indexer.vision.runtime import Model

_LEAST_WIDTH_PX, _MOST_WIDTH_PX = 32, 3200
_STEP_PX = 8


class TextRecognizer:
    """A text recognizer. Its model's output: `probabilities` [1, places, characters], the first being no character."""

    def __init__(self, model: Model, characters: Sequence[str]) -> None:
        """characters: of the model's outputs, in their order. Errors: ModelError where their number differs."""
        self.model = model
        self.characters = characters
        if len(characters) != model.spec.outputs["probabilities"].shape[-1]:
            raise ModelError(model.spec.name, f"its list has {len(characters)} characters, not as many as its outputs")

    def read(self, line: NDArray[np.uint8]) -> tuple[str, float]:
        """Return the text of a line uint8[height, width, 3] and its mean score, 0..1; '' and 0.0: none."""
        height = self.model.spec.input.size_px
        width = round(line.shape[1] * height / line.shape[0] / _STEP_PX) * _STEP_PX
        width = min(max(width, _LEAST_WIDTH_PX), _MOST_WIDTH_PX)
        image = normalized(resized(line, (width, height), "bilinear")[None], self.model.spec.input)
        return decoded(self.model.run(image)["probabilities"].reshape(-1, len(self.characters)), self.characters)


def decoded(probabilities: NDArray[np.float32], characters: Sequence[str]) -> tuple[str, float]:
    """Return the best text of float32[places, characters] and its mean score (CTC: repeats and blanks are dropped)."""
    best = probabilities.argmax(axis=1)
    kept = (best > 0) & (best != np.concatenate([[-1], best[:-1]]))
    scores = probabilities[np.arange(len(best)), best][kept]
    return "".join(characters[place] for place in best[kept]), float(scores.mean()) if len(scores) else 0.0
