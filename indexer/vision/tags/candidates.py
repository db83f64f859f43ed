"""Tag candidates: each word that the stored model outputs of a photo support, with its reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from indexer.values.analysis import Evidence, Object


@dataclass(frozen=True, slots=True)
class ModelWords:
    """The names and meanings of one model's classes, in the order of its outputs.

    classes: their names.  words: of each class, its own name first and then broader ones; none for 'background'.
    threshold: the minimum score of its words, None: as the rules say.
    adds_up: its classes exclude each other (softmax), so that the score of a word is the sum over them.
    of_objects: they are those of an object detector.  is_shipped: the model came with the program.
    """

    classes: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    threshold: float | None = None
    adds_up: bool = True
    of_objects: bool = False
    is_shipped: bool = False

    def name(self, label: int) -> str:
        """Return the name of a class, or its number."""
        return self.classes[label] if label < len(self.classes) else f"class {label}"

    def of(self, label: int) -> tuple[str, ...]:
        """Return the words of a class; none for one without a name."""
        return self.words[label] if label < len(self.words) else ()


class TagCandidate(NamedTuple):
    """A word that a model gives to a photo.

    model: its id.  view: of a classifier, the part of the picture; None: an object was found.
    given: (score, −class index) of every class, or object, that the word stands for.
    """

    word: str
    score: float
    model: str
    view: int | None
    given: list[tuple[float, int]]

    @property
    def surest(self) -> int:
        """The class that contributed most."""
        return -max(self.given)[1]

    def count(self, least: float) -> int:
        """Return how many objects of at least that score were found; 1 for a classifier, which does not count."""
        return max(1, sum(score >= least for score, _ in self.given)) if self.view is None else 1

    def count_of_surest(self, least: float) -> int:
        """Return how many of them are of the class that contributed most."""
        return self._replace(given=[each for each in self.given if -each[1] == self.surest]).count(least)


def tag_candidates(
    evidence: Sequence[Evidence], objects: Sequence[Object], classes: Mapping[str, ModelWords]
) -> Iterator[TagCandidate]:
    """Yield the candidates: every word that a classifier gave any probability in a view, and those of all objects.

    classes: model → its words; a model that is missing there gives none.
    """
    for each in evidence:
        if each.model in classes:
            yield from _said(each, classes[each.model])
    for model in dict.fromkeys(each.model for each in objects):
        if model in classes:
            yield from _seen(model, [each for each in objects if each.model == model], classes[model])


def _said(evidence: Evidence, known: ModelWords) -> Iterator[TagCandidate]:
    given: defaultdict[tuple[int, str], list[tuple[float, int]]] = defaultdict(list)
    for view, label, score in evidence.entries():
        one = score, -label
        for word in known.of(label):
            given[view, word].append(one)
    for (view, word), scores in given.items():
        total = scores[0][0]  # mostly there is but one
        if len(scores) > 1:
            total = sum([score for score, _ in scores]) if known.adds_up else max(scores)[0]
        yield TagCandidate(word, min(total, 1.0), evidence.model, view, scores)


def _seen(model: str, objects: Sequence[Object], known: ModelWords) -> Iterator[TagCandidate]:
    given: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for each in objects:
        for word in known.of(each.label):
            given[word].append((each.score, -each.label))
    for word, scores in given.items():
        yield TagCandidate(word, max(scores)[0], model, None, scores)
