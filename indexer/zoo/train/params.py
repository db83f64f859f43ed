"""Training parameters and the resulting description: values that the program and its training process share."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.vision.spec_tensors import Input
from indexer.zoo.custom.spec_draft import SURE, DraftReason, SpecDraft

PICTURES, MODEL = "pictures.u8", "model.keras"  # in the folder that both know
MEAN, SCALE = 127.0, 0.0078125  # value = (pixel − mean) × scale, as EfficientNet-Lite wants it
_FIT = "center-crop"


@dataclass(frozen=True, slots=True)
class TrainingParams:
    """The parameters of a training run.

    labels: in order.  epochs: the maximum.  fine_tune: the maximum for the trunk's last blocks.
    """

    labels: tuple[str, ...]
    size_px: int
    epochs: int
    fine_tune: int
    batch: int
    seed: int

    @property
    def is_single(self) -> bool:
        """Whether there is one output: the score of the second of two labels."""
        return len(self.labels) == 2

    @property
    def input(self) -> Input:
        """The input of the model."""
        return Input(
            name="image",
            fit=_FIT,
            size_px=self.size_px,
            colors="RGB",
            mean=(MEAN,) * 3,
            scale=(SCALE,) * 3,
            resampling="bicubic",
            crop=1.0,
            multiple_px=1,
            longest_px=4096,
        )

    @property
    def proposal(self) -> SpecDraft:
        """The description of the trained model; nothing is guessed."""
        told = {
            "role": "classifier",
            "weights.format": "keras",
            "input.name": self.input.name,
            "input.size_px": self.size_px,
            "input.fit": _FIT,
            "input.resampling": self.input.resampling,
            "input.colors": self.input.colors,
            "input.mean": MEAN,
            "input.scale": SCALE,
            "outputs.probabilities.shape": ["views", 1 if self.is_single else len(self.labels)],
            "outputs.probabilities.activation": "sigmoid" if self.is_single else "softmax",
            "outputs.embedding.shape": ["features"],
            "thresholds.score": 0.5,
        }
        return SpecDraft(tuple(DraftReason(key, value, "trained so", SURE) for key, value in told.items()))
