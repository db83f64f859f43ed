"""Adapter of custom models: the program's input and output conventions over a model's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from indexer.vision.runtime.signature_check import is_free
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Runner(Protocol):
    """A model with its own conventions: layout and type of its input, ranks of its outputs.

    sides: of its input; -1, None and words are variable.
    """

    spec: ModelSpec
    sides: tuple[Any, ...]

    def run(self, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the model."""


class Adapted:
    """A wrapper that hides layout, type, a fixed batch size and ranks, and applies the final activation."""

    def __init__(self, runner: Runner) -> None:
        self.spec = runner.spec
        self.sides = runner.sides
        self._runner = runner

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the model on float32[n, h, w, colors], made as the spec's input says; return its named outputs.

        Errors: ModelError for a shape that the model does not take, or an output that is not a number.
        """
        import numpy as np

        parts = [self._runner.run(part) for part in self._batches(_typed(image, self.spec))]
        answers = {key: np.concatenate([part[key] for part in parts]) if len(parts) > 1 else parts[0][key]
                   for key in self.spec.outputs}  # fmt: skip
        return {key: self._answer(key, values, len(image)) for key, values in answers.items()}

    def _batches(self, image: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Split into batches of the fixed size that the model takes, the last one padded with zeros."""
        import numpy as np

        size = self._runner.sides[0] if self._runner.sides else -1
        if is_free(size) or size == len(image):
            return [image]
        parts = [image[start : start + size] for start in range(0, len(image), size)]
        missing = size - len(parts[-1])
        parts[-1] = np.concatenate([parts[-1], np.zeros((missing, *image.shape[1:]), image.dtype)])
        return parts

    def _answer(self, key: str, values: NDArray[Any], views: int) -> NDArray[np.float32]:
        import numpy as np

        output = self.spec.outputs[key]
        values = np.asarray(values, np.float32)
        if self.spec.role in ("classifier", "face-describer", "face-landmarks"):
            values = values.reshape(len(values), -1)[:views]
            if len(output.shape) == 1:  # one vector for all views
                return np.asarray(values.mean(axis=0), np.float32)
        elif values.ndim == len(output.shape) + 1 and views == 1:  # the rest of a fixed batch is padding
            values = values[0]
        values = _applied(values, output.apply)
        if key == "probabilities" and values.shape[-1] == 1:
            values = np.concatenate([1 - values, values], axis=-1)
        return values


def _typed(image: NDArray[np.float32], spec: ModelSpec) -> NDArray[Any]:
    """Return the picture in the layout and type of the model's input."""
    import numpy as np

    values: NDArray[Any] = image
    if spec.input.dtype in ("uint8", "int8"):
        limits = np.iinfo(spec.input.dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    if spec.input.layout == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, spec.input.dtype)


def _applied(values: NDArray[np.float32], apply: str) -> NDArray[np.float32]:
    import numpy as np

    match apply:
        case "softmax":
            powers = np.exp(values - values.max(axis=-1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
        case "sigmoid":
            return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), np.float32)
        case "unit":
            return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12), np.float32)
    return values
