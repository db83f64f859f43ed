"""Predictions for pictures anywhere on the disk, by some models; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import discover, stamp
from indexer.intake.pixel_stats import look
from indexer.values.analysis import Face, Label, Object, Tag
from indexer.values.files import Picture, PixelStats
from indexer.vision.analyze import Analyzer, ModelAnswer, run_model

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
    by_model: tuple[ModelPrediction, ...]
    tags: tuple[Tag, ...]


class Predictor:
    """Prediction of pictures by an analyzer: what a scan with it would store, with what each model found."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def predict_file(
        self, path: Path, max_pixels: int, enter: Callable[[str], None] = lambda _: None, *, with_faces: bool = False
    ) -> Prediction:
        """Predict a file; pictures larger than max_pixels are refused. Errors: PhotoError.

        enter: called with each stage that begins.  with_faces: detect faces, too, for the tags that they give.
        """
        enter("decode")
        reader = self.analyzer.face_reader if with_faces else None
        with open_original(stamp(path), max_pixels) as original:
            picture = original.picture(self.analyzer.long_side_px)
            enter("analyze")
            return self.predict(path, picture, reader.read(picture, original.picture) if reader else ())

    def predict(self, path: Path, picture: Picture, faces: Sequence[Face] = ()) -> Prediction:
        """Predict a decoded picture; path: its name in the result.  faces: the known ones."""
        answers = [run_model(each, picture) for each in self.analyzer.scene]
        stats = look(picture)
        by_model = tuple(self._of_model(each, stats) for each in answers)
        return Prediction(path, by_model, self.analyzer.tags(answers, faces, stats))

    def _of_model(self, answer: ModelAnswer, stats: PixelStats) -> ModelPrediction:
        words, best = self.analyzer.words[answer.model], _best(answer)
        return ModelPrediction(
            model=answer.model,
            labels=tuple(Label(words.name(label), score, answer.model) for label, score in best),
            objects=tuple((words.name(thing.label), thing) for thing in answer.objects),
            word=next(iter(words.of(best[0][0])), words.name(best[0][0])) if best else "",
            tags=tuple(tag for tag in self.analyzer.tags([answer], (), stats) if tag.models),
            seconds=answer.seconds,
        )


def predictions(
    predictor: Predictor, paths: Sequence[Path], max_pixels: int, on_error: Callable[[Path, str], None]
) -> Iterator[Prediction]:
    """Predict pictures, and all below folders, in order.

    on_error: receives what cannot be read as a photo, and why. Errors: LibraryError for a folder that is unreadable.
    """
    for path, is_named in _files(paths, on_error):
        try:
            yield predictor.predict_file(path, max_pixels)
        except PhotoError as error:
            if is_named or not isinstance(error, NotAPhoto):
                on_error(path, error.reason)


def _best(answer: ModelAnswer) -> list[tuple[int, float]]:
    """Return the best classes: (index, score), best first."""
    if answer.evidence is not None:
        return answer.evidence.best(_MOST_LABELS)
    surest: dict[int, float] = {}
    for thing in answer.objects:  # best first
        surest.setdefault(thing.label, thing.score)
    return list(surest.items())[:_MOST_LABELS]


def _files(paths: Sequence[Path], on_error: Callable[[Path, str], None]) -> Iterator[tuple[Path, bool]]:
    """Yield files, and whether each was named itself."""
    for path in paths:
        if path.is_dir():
            yield from ((file.path, False) for file in discover([path], on_error))
        else:
            yield path, True
