"""Signature check: a built model's inputs and outputs against its spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexer.errors import ModelError
from indexer.vision.spec import ModelSpec

Sides = Sequence[int | str | None]  # a whole number is fixed; -1, None and words are variable


def agree(spec: ModelSpec, inputs: Iterable[str], outputs: Mapping[str, Sides]) -> None:
    """Compare the names and shapes of a built model with those of its spec. Errors: ModelError."""
    inputs = list(inputs)
    if inputs != [spec.input.name]:
        raise ModelError(spec.name, f"its inputs are {', '.join(inputs)}, not '{spec.input.name}' as its spec says")
    for name, output in spec.outputs.items():
        if name not in outputs:
            raise ModelError(spec.name, f"it has no output '{name}'; it has {', '.join(outputs)}")
        there = outputs[name]
        if not spec.weights.is_own and not _fits(there, output.shape):
            raise ModelError(spec.name, f"its output '{name}' has the shape {tuple(there)}, not {output.shape}")


def refuse_other(name: str, sides: Sides, shape: tuple[int, ...]) -> None:
    """Reject a shape that does not fit the sides of the input. Errors: ModelError."""
    fits = len(sides) == len(shape) and all(
        side == wanted or (is_free(wanted) and side > 0) for wanted, side in zip(sides, shape, strict=True)
    )
    if not fits:
        raise ModelError(name, f"takes pictures of shape {tuple(sides)}, not {shape}")


def is_free(side: int | str | None) -> bool:
    """Return whether a side may have any length."""
    return not isinstance(side, int) or side == -1


def _fits(there: Sides, wanted: Sequence[int | str]) -> bool:
    return len(there) == len(wanted) and all(
        side == each or is_free(side) or isinstance(each, str) for side, each in zip(there, wanted, strict=True)
    )
