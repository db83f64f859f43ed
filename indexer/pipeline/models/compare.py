"""What two networks say of the same pictures flows in; where they agree, and how often, flows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from indexer.pipeline.predict.predict import ModelPrediction, Prediction


@dataclass(frozen=True, slots=True)
class ModelAgreement:
    """How far two networks agree on one picture.

    same_word: their surest classes mean the same word, or neither says anything.
    common: the tags that both give.  either: the number of tags that one of them gives, or both.
    """

    same_word: bool
    common: tuple[str, ...]
    either: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How far two networks agree on pictures, and how long each took.

    same_word: the number of pictures with the same first word.  common, either: tags, summed over the pictures.
    seconds: the mean a picture, of each network, without decoding; the first picture, which also prepares the
    network, counts only where it is the only one.
    """

    pictures: int
    same_word: int
    common: int
    either: int
    seconds: tuple[float, float]


def agreement(seen: Prediction) -> ModelAgreement:
    """Compare what the first two networks say of a picture."""
    one, other = seen.said[:2]
    mine, theirs = ({tag.name: tag for tag in each.tags} for each in (one, other))
    common = tuple(name for name in mine if name in theirs)
    return ModelAgreement(one.word == other.word, common, len(mine.keys() | theirs.keys()))


def summary(seen: Sequence[Prediction]) -> Summary:
    """Sum up what the first two networks said; seen: at least one picture."""
    agreed = [agreement(each) for each in seen]
    counted = seen[1:] or seen
    return Summary(
        pictures=len(seen),
        same_word=sum(each.same_word for each in agreed),
        common=sum(len(each.common) for each in agreed),
        either=sum(each.either for each in agreed),
        seconds=(_mean([each.said[0] for each in counted]), _mean([each.said[1] for each in counted])),
    )


def _mean(said: Sequence[ModelPrediction]) -> float:
    return fmean(each.seconds for each in said)
