"""Model comparison: how often two models agree on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from indexer.pipeline.predict.predict import ModelPrediction, Prediction


@dataclass(frozen=True, slots=True)
class ModelAgreement:
    """The agreement of two models on one picture.

    same_word: their best classes mean the same word, or neither gives any.
    common: the tags that both give.  either: the number of tags that one of them gives, or both.
    """

    same_word: bool
    common: tuple[str, ...]
    either: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The agreement of two models over pictures, and their speed.

    same_word: the number of pictures with the same first word.  common, either: tags, summed over the pictures.
    seconds: the mean a picture, of each model, without decoding; the first picture, which also prepares the
    model, counts only where it is the only one.
    """

    pictures: int
    same_word: int
    common: int
    either: int
    seconds: tuple[float, float]


def agreement(seen: Prediction) -> ModelAgreement:
    """Compare the predictions of the first two models for a picture."""
    one, other = seen.by_model[:2]
    mine, theirs = ({tag.name: tag for tag in each.tags} for each in (one, other))
    common = tuple(name for name in mine if name in theirs)
    return ModelAgreement(one.word == other.word, common, len(mine.keys() | theirs.keys()))


def summary(seen: Sequence[Prediction]) -> Summary:
    """Sum up the predictions of the first two models; seen: at least one picture."""
    agreed = [agreement(each) for each in seen]
    counted = seen[1:] or seen
    return Summary(
        pictures=len(seen),
        same_word=sum(each.same_word for each in agreed),
        common=sum(len(each.common) for each in agreed),
        either=sum(each.either for each in agreed),
        seconds=(_mean([each.by_model[0] for each in counted]), _mean([each.by_model[1] for each in counted])),
    )


def _mean(said: Sequence[ModelPrediction]) -> float:
    return fmean(each.seconds for each in said)
