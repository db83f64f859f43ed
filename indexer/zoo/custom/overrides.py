"""User overrides of a draft description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from indexer.errors import ModelError
from indexer.zoo.custom.normalization import SCALINGS, Scaling
from indexer.zoo.custom.spec_draft import GUESS, DraftReason, SpecDraft
from indexer.zoo.inspect.inspect import find_tensor
from indexer.zoo.inspect.inspection import Inspection

GIVEN = "given"
_SIZE = re.compile(r"(\d+)(?:x(\d+))?")
_NUMBERS = re.compile(r"[^,;/\s]+")
# Activations: the one that the model applied last, and the one still to be applied.
ACTIVATIONS = {
    "softmax": ("softmax", "none"),
    "sigmoid": ("sigmoid", "none"),
    "logits": ("none", "softmax"),
    "sigmoid-logits": ("none", "sigmoid"),
}
# What dlib's describer has at a distance of 0.6 (models/dlib-face-resnet.toml), in parts of it. Groups are compared at
# length 1, where its 0.6 are about 0.43.
_CLUSTER, _UNIT_CLUSTER, _EVEN, _LOG_ODDS, _QUALITY = 0.625, 0.87, 1.013, 27.4, 0.6
_ANSWERS = {"classifier": "probabilities", "face-describer": "descriptors", "face-landmarks": "landmarks"}


@dataclass(frozen=True, slots=True)
class Overrides:
    """The user's settings for a model; None: not set, the guess counts.

    input, output, embedding: names in the file.  scaling: a name of SCALINGS, or numbers: 'mean, scale', or
    'mean mean mean, scale scale scale'.  size: '224', or width x height: '320x240'.  threshold: the minimum score of
    a shown tag.
    """

    input: str | None = None
    output: str | None = None
    embedding: str | None = None
    activation: str | None = None
    scaling: str | None = None
    colors: str | None = None
    size: str | None = None
    layout: str | None = None
    fit: str | None = None
    crop: float | None = None
    threshold: float | None = None
    label_offset: int | None = None
    align: str | None = None


def wished(proposal: SpecDraft, wishes: Overrides, inspection: Inspection, name: str) -> SpecDraft:
    """Return the draft with all overrides in place of guesses.

    Errors: ModelError for a name that the file does not have, or an invalid override.
    """
    return replaced(proposal, _said(proposal, wishes, inspection, name))


def replaced(proposal: SpecDraft, reasons: Iterable[DraftReason]) -> SpecDraft:
    """Return the draft with other reasons for these keys; keys that it does not have are added to their tables."""
    said = {reason.key: reason for reason in reasons}
    kept = [said.pop(reason.key, reason) for reason in proposal.reasons]
    return SpecDraft(tuple(_in_order([*kept, *said.values()])))


def _said(proposal: SpecDraft, wishes: Overrides, inspection: Inspection, name: str) -> Iterator[DraftReason]:
    answer = f"outputs.{_ANSWERS.get(proposal.spec['role'], 'boxes')}"
    if wishes.input is not None:
        yield _given("input.tensor", find_tensor(inspection, wishes.input).name, "option input")
    if wishes.output is not None:
        found = find_tensor(inspection, wishes.output)
        yield _given(f"{answer}.tensor", found.name, "option output")
        if found.shape and found.shape[-1]:
            yield _given(f"{answer}.shape", ["views", found.shape[-1]], "option output")
    if wishes.embedding is not None:
        found = find_tensor(inspection, wishes.embedding)
        yield _given("outputs.embedding.tensor", found.name, "option embedding")
        yield _given("outputs.embedding.shape", [(found.shape or ("length",))[-1] or "length"], "option embedding")
    if wishes.activation is not None:
        applied, apply = ACTIVATIONS[wishes.activation]
        yield _given(f"{answer}.activation", applied, "option activation")
        yield _given(f"{answer}.apply", apply, "option activation")
    yield from _seen(wishes, name)
    if wishes.align is not None:
        yield _given("align", wishes.align, "option align")
    if wishes.label_offset is not None:
        yield _given("labels.offset", wishes.label_offset, "option label-offset")
    if wishes.threshold is not None:
        yield from _thresholds(proposal, wishes.threshold)


def _thresholds(proposal: SpecDraft, threshold: float) -> Iterator[DraftReason]:
    if proposal.spec["role"] != "face-describer":
        if threshold > 1:
            raise ModelError("threshold", f"{threshold:g} is above 1, and no score is")
        yield _given("thresholds.score", threshold, "option threshold")
        return
    yield _given("thresholds.distance", threshold, "option threshold")
    is_unit = proposal.spec["outputs"]["descriptors"].get("apply") == "unit"
    for key, value in {
        "cluster_distance": threshold * (_UNIT_CLUSTER if is_unit else _CLUSTER),
        "even_distance": threshold * _EVEN,
        "log_odds": _LOG_ODDS / threshold,
        "quality": _QUALITY,
    }.items():
        yield DraftReason(f"thresholds.{key}", round(value, 4), "as dlib's, in proportion to the distance", GUESS)


def _seen(wishes: Overrides, name: str) -> Iterator[DraftReason]:
    """Yield the overrides of the input."""
    if wishes.scaling is not None:
        scaling = scaling_of(wishes.scaling, name)
        yield _given("input.mean", list(scaling.mean), "option scaling")
        yield _given("input.scale", list(scaling.scale), "option scaling")
        if wishes.scaling in SCALINGS:
            yield _given("input.colors", scaling.colors, "option scaling")
    if wishes.size is not None:
        width, height = _size(wishes.size, name)
        yield _given("input.size_px", width, "option size")
        yield _given("input.height_px", height, "option size")
    plain = {"colors": wishes.colors, "layout": wishes.layout, "fit": wishes.fit, "crop": wishes.crop}
    for key, value in plain.items():
        if value is not None:
            yield _given(f"input.{key}", value, f"option {key}")


def scaling_of(text: str, name: str) -> Scaling:
    """Return a scaling by its name or its numbers. Errors: ModelError that lists the names."""
    if text in SCALINGS:
        return SCALINGS[text]
    try:
        numbers = [float(part) for part in _NUMBERS.findall(text)]
    except ValueError:
        numbers = []
    if len(numbers) == 2:
        return Scaling((numbers[0],) * 3, (numbers[1],) * 3)
    if len(numbers) == 6:
        return Scaling((numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5]))
    raise ModelError(
        name, f"scaling '{text}' is none of {', '.join(SCALINGS)}, nor numbers: 'mean, scale', or three of each"
    )


def _size(text: str, name: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ModelError(name, f"size '{text}' is neither '224' nor '320x240' (width x height)")
    return int(found[1]), int(found[2] or found[1])


def _given(key: str, value: Any, option: str) -> DraftReason:
    return DraftReason(key, value, option, GIVEN)


def _in_order(reasons: list[DraftReason]) -> list[DraftReason]:
    """Group the keys by table; tables stay in the order of their first keys."""
    tables = list(dict.fromkeys(reason.key.rpartition(".")[0] for reason in reasons))
    tables.sort(key=lambda table: (table != "", 0))
    return [reason for table in tables for reason in reasons if reason.key.rpartition(".")[0] == table]
