"""Predictions for pictures anywhere on the disk, by some models; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import discover, stamp
from indexer.intake.pixel_stats import look
from indexer.values.analysis import Evidence, Face, Label, Object, Tag
from indexer.values.files import Picture, PixelStats
from indexer.vision.classify import Classifier
from indexer.vision.objects import ObjectDetector
from indexer.vision.runtime import Model
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.labels import words_of_models
from indexer.vision.tags.vocabulary import Vocabulary

_MOST_LABELS = 20


@dataclass(frozen=True, slots=True)
class ModelPrediction:
    """The prediction of one model for a picture.

    labels: the best of its classes, each once, best first.  objects: the objects that it found, with their names.
    word: the meaning of the best class, '' for none.  tags: those that follow from this model alone.
    seconds: run time of the model; the picture was decoded before.
    """

    model: str
    labels: tuple[Label, ...]
    objects: tuple[tuple[str, Object], ...]
    word: str
    tags: tuple[Tag, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predictions of all models for a picture; tags: as a scan with these models would give them.

    Faces give tags only where they were looked for.
    """

    path: Path
    said: tuple[ModelPrediction, ...]
    tags: tuple[Tag, ...]


class Predictor:
    """Loaded classifiers and object detectors that predict pictures."""

    def __init__(self, models: Sequence[Model], load_vocabulary: Callable[[], Vocabulary]) -> None:
        """load_vocabulary: called after the first prediction: the models need not wait for the vocabulary."""
        self._models = tuple(_opened(model) for model in models)
        self._load_vocabulary = load_vocabulary
        self.long_side_px = max(each.long_side_px for each in self._models)

    def glance(self, path: Path, max_pixels: int) -> Prediction:
        """Predict a file; pictures larger than max_pixels are refused. Errors: PhotoError."""
        with open_original(stamp(path), max_pixels) as original:
            picture = original.picture(self.long_side_px)
        return self.see(path, picture)

    def see(self, path: Path, picture: Picture, faces: Sequence[Face] = ()) -> Prediction:
        """Predict a decoded picture; path: its name in the result.  faces: the known ones."""
        answers = [_answer(each, picture) for each in self._models]
        facts = look(picture)
        return Prediction(path, tuple(self._said(each, facts) for each in answers), self._tags(answers, facts, faces))

    def vector(self, picture: Picture) -> bytes:
        """Return the embedding by the first model, a classifier, as the library stores it."""
        first = self._models[0]
        assert isinstance(first, Classifier)
        return first.classify(picture)[1].astype("<f2").tobytes()

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return self._load_vocabulary()

    @cached_property
    def _words(self) -> dict[str, ModelWords]:
        return words_of_models(self._vocabulary, {}, (each.model.spec for each in self._models))

    def _tags(self, answers: Sequence[_Answer], facts: PixelStats, faces: Sequence[Face] = ()) -> tuple[Tag, ...]:
        evidence = tuple(each.evidence for each in answers if each.evidence is not None)
        objects = tuple(thing for each in answers for thing in each.objects)
        return self._vocabulary.tags(evidence, objects, faces, facts, self._words)

    def _said(self, answer: _Answer, facts: PixelStats) -> ModelPrediction:
        words, best = self._words[answer.model], answer.best()
        return ModelPrediction(
            model=answer.model,
            labels=tuple(Label(words.name(label), score, answer.model) for label, score in best),
            objects=tuple((words.name(thing.label), thing) for thing in answer.objects),
            word=next(iter(words.of(best[0][0])), words.name(best[0][0])) if best else "",
            tags=tuple(tag for tag in self._tags([answer], facts) if tag.models),
            seconds=answer.seconds,
        )


def glances(
    predictor: Predictor, paths: Sequence[Path], max_pixels: int, on_error: Callable[[Path, str], None]
) -> Iterator[Prediction]:
    """Predict pictures, and all below folders, in order.

    on_error: receives what cannot be read as a photo, and why. Errors: LibraryError for a folder that is unreadable.
    """
    for path, is_named in _files(paths, on_error):
        try:
            yield predictor.glance(path, max_pixels)
        except PhotoError as error:
            if is_named or not isinstance(error, NotAPhoto):
                on_error(path, error.reason)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The raw output of a model."""

    model: str
    evidence: Evidence | None
    objects: tuple[Object, ...]
    seconds: float

    def best(self) -> list[tuple[int, float]]:
        """Return the best classes: (index, score), best first."""
        if self.evidence is not None:
            return self.evidence.best(_MOST_LABELS)
        surest: dict[int, float] = {}
        for thing in self.objects:  # best first
            surest.setdefault(thing.label, thing.score)
        return list(surest.items())[:_MOST_LABELS]


def _opened(model: Model) -> Classifier | ObjectDetector:
    return Classifier(model) if model.spec.role == "classifier" else ObjectDetector(model)


def _answer(opened: Classifier | ObjectDetector, picture: Picture) -> _Answer:
    start, model = perf_counter(), opened.model.spec.id
    if isinstance(opened, Classifier):
        evidence, _ = opened.classify(picture)
        return _Answer(model, evidence, (), perf_counter() - start)
    objects = tuple(opened.detect(picture))
    return _Answer(model, None, objects, perf_counter() - start)


def _files(paths: Sequence[Path], on_error: Callable[[Path, str], None]) -> Iterator[tuple[Path, bool]]:
    """Yield files, and whether each was named itself."""
    for path in paths:
        if path.is_dir():
            yield from ((file.path, False) for file in discover([path], on_error))
        else:
            yield path, True
