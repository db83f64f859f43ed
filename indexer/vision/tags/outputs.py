"""The outputs of models that stand for a word: where less sure matches are looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexer.values.outputs import Doubt, ModelOutputs
from indexer.vision.tags.candidates import ModelWords, TagCandidate
from indexer.vision.tags.doubts import ANIMAL, SHARE, SURE, is_kind_of_animal
from indexer.vision.tags.vocabulary import Vocabulary


def outputs(vocabulary: Vocabulary, word: str, classes: Mapping[str, ModelWords]) -> tuple[ModelOutputs, ...]:
    """Return the outputs of each model that give a photo a tag, and the score that they need for it.

    classes: model → the meanings of its classes.
    """
    rename = vocabulary.rules.rename
    names = {each for each in (word, *rename) if rename.get(each, each) == word} - vocabulary.rules.block
    return tuple(
        each for name in sorted(names) for model in classes if (each := _outputs(vocabulary, name, model, classes))
    )


def _outputs(vocabulary: Vocabulary, word: str, model: str, classes: Mapping[str, ModelWords]) -> ModelOutputs | None:
    known = classes[model]
    numbers = _numbers(word, known)
    if not numbers:
        return None
    least = vocabulary.needed(TagCandidate(word, 1.0, model, None if known.of_objects else 0, []), classes)
    may_be_doubted = known.of_objects and known.is_shipped
    doubts = tuple(_doubts(word, classes)) if may_be_doubted and is_kind_of_animal(word, known) else ()
    return ModelOutputs(model, numbers, least, known.adds_up, known.of_objects, doubts)


def _doubts(word: str, classes: Mapping[str, ModelWords]) -> Iterator[Doubt]:
    """Yield what each classifier may say against a kind of animal, as `doubted` has it."""
    for model, known in classes.items():
        this, any_animal = _numbers(word, known), _numbers(ANIMAL, known)
        if this and any_animal and known.is_shipped and not known.of_objects:
            yield Doubt(model, this, any_animal, known.adds_up, SURE, SHARE)


def _numbers(word: str, known: ModelWords) -> frozenset[int]:
    return frozenset(number for number, words in enumerate(known.words) if word in words)
