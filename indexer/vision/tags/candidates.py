"""Tag candidates: each word that the stored model outputs of a photo support, with its reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from indexer.values.analysis import Evidence, Face, Object, Tag
from indexer.values.files import PixelStats


@dataclass(frozen=True, slots=True)
class ModelWords:
    """The names and meanings of one model's classes, in the order of its outputs.

    classes: their names.  words: of each class, its own name first and then broader ones; none for 'background'.
    threshold: the minimum score of its words, None: as the rules say.
    adds_up: its classes exclude each other (softmax), so that the score of a word is the sum over them.
    """

    classes: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    threshold: float | None = None
    adds_up: bool = True

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


_GROUP = 4  # faces
_PORTRAIT = 0.06  # of the picture's area that the one face covers
_GRAY = 0.005  # mean chroma below which nothing but rounding is left


def heuristic_tags(faces: Sequence[Face], look: PixelStats) -> Iterator[Tag]:
    """Yield heuristic tags, from faces and colors; docs/measurements/tags.md has the accuracy of each rule."""
    yield from _people(faces)
    if look.colorfulness < _GRAY:
        yield Tag("black and white", 1.0, "no colors")


def _people(faces: Sequence[Face]) -> Iterator[Tag]:
    """Yield the heuristic tags of faces; the score is that of the deciding face."""
    scores = sorted((face.score for face in faces), reverse=True)
    source = "1 face" if len(scores) == 1 else f"{len(scores)} faces"
    for word, least in (("person", 1), ("people", 2), ("group", _GROUP)):
        if len(scores) >= least:
            yield Tag(word, scores[least - 1], source)
    if len(faces) == 1 and faces[0].box.area >= _PORTRAIT:
        yield Tag("portrait", scores[0], source)
