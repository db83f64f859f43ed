"""Words of an object detector that a classifier contradicts: they are not believed.

A detector of COCO's things knows ten animals, and calls a wolf a dog, a marmot a bear. ImageNet's classifiers know
398: where one is sure that it sees an animal, but not this one, the name is not believed, only that it is an animal.
In the same way an iron that fills the picture is called a clock: where a classifier is sure of one thing, gives the
word nothing, and no other object is that thing, then the large object is. Measured, for the models that ship with the
program and for these alone: docs/measurements/tags.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.values.analysis import Object
from indexer.vision.tags.candidates import ModelWords, TagCandidate

ANIMAL = "animal"
SURE = 0.5  # score of 'animal' by a classifier that is then asked which one
SHARE = 0.1  # of that score: what it must give the name at least
_PERSON = "person"  # stands beside everything, and hardly any class is one
_SURE_OF_ONE = 0.8  # score of a classifier's surest class that is then asked whether the object is it
_NOTHING = 0.01  # score of a word for which a classifier sees nothing
_LARGE = 0.1  # of the picture's area: a smaller object stands beside what the classifier is sure of
_SURE_OBJECT = 0.5  # score of an object that may be what the classifier is sure of


def doubted(
    best: Mapping[tuple[str, str], TagCandidate], objects: Sequence[Object], classes: Mapping[str, ModelWords]
) -> Iterator[tuple[str, str]]:
    """Yield the candidates, (model, word), of object detectors that a classifier contradicts.

    best: the best candidate of each model and word.  classes: model → the meanings of its classes.
    """
    claims = [claim for claim in best.values() if claim.view is None and classes[claim.model].is_shipped]
    judges = [(model, known) for model, known in classes.items() if known.is_shipped and not known.of_objects]
    told = [_Told.of(model, known, best) for model, known in judges] if claims else []
    for claim in claims:
        mine = [each for each in told if each is not None and each.knows(claim.word)]
        things = [each for each in objects if each.model == claim.model]
        if any(_is_no_such(claim, each, things, classes[claim.model]) for each in mine):
            yield claim.model, claim.word


def is_kind_of_animal(word: str, known: ModelWords) -> bool:
    """Return whether a model's classes that a word stands for are animals, and the word says which."""
    return word != ANIMAL and any(word in words and ANIMAL in words for words in known.words)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a classifier says: the score of each word, and the words of its surest class, with its score."""

    known: ModelWords
    scores: Mapping[str, float]
    surest: tuple[str, ...]
    sure: float

    @classmethod
    def of(cls, model: str, known: ModelWords, best: Mapping[tuple[str, str], TagCandidate]) -> _Told | None:
        """Return it, None where it says nothing."""
        mine = [claim for (giver, _), claim in best.items() if giver == model]
        if not mine:
            return None
        sure, place = max(max(claim.given) for claim in mine)
        return cls(known, {claim.word: claim.score for claim in mine}, known.of(-place), sure)

    def knows(self, word: str) -> bool:
        """Return whether a word stands for any of its classes."""
        return any(word in words for words in self.known.words)


def _is_no_such(claim: TagCandidate, told: _Told, things: Sequence[Object], known: ModelWords) -> bool:
    score = told.scores.get(claim.word, 0.0)
    if is_kind_of_animal(claim.word, known):
        animal = told.scores.get(ANIMAL, 0.0)
        return animal >= SURE and score < SHARE * animal
    if claim.word in (ANIMAL, _PERSON) or told.sure < _SURE_OF_ONE or score >= _NOTHING:
        return False
    mine = max((each for each in things if claim.word in known.of(each.label)), key=lambda each: each.score)
    others = (known.of(each.label) for each in things if each.score >= _SURE_OBJECT)
    is_told_by_another = any(claim.word not in words and set(words) & set(told.surest) for words in others)
    return mine.box.area >= _LARGE and not is_told_by_another
