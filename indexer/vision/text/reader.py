"""Text reader: a picture → the lines of text in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.geometry import Point
from indexer.values.analysis import TextLine
from indexer.values.files import Picture
from indexer.vision.model_set import ModelSet
from indexer.vision.model_store import LABELS_FILE, check
from indexer.vision.runtime import open_model
from indexer.vision.text.crop import cut
from indexer.vision.text.detect import TextDetector
from indexer.vision.text.recognize import TextRecognizer

_LOOK_PX = 320  # long side of the first look, which decides whether a photo is worth a detection
_LARGE_PX = 1280  # long side of the second detection, and of the picture that lines are cut from
_SMALL_LINE_PX = 16  # lines lower than this in the first detection ask for the second
_READABLE = 0.7  # mean score of a line that is stored
_READABLE_SHORT = 0.95  # the same of one with fewer than _SHORT letters: a wheel is an O, and a fence a III
_SHORT = 3
_UPRIGHT = 0.9  # mean score from which a line is not tried upside down
_VERTICAL = 1.5  # height / width from which a line is read from the side


class TextReader:
    """The loaded models for text."""

    def __init__(self, detector: TextDetector, recognizer: TextRecognizer) -> None:
        self.detector, self.recognizer = detector, recognizer

    @classmethod
    def open(cls, model_set: ModelSet, threads: int = 1) -> TextReader:
        """Load built models. Errors: ModelError."""
        found = {spec.role: spec for spec in model_set.specs() if spec.name in model_set.text}
        models = {role: open_model(spec, model_set.folder, model_set.runtime, threads) for role, spec in found.items()}
        keys = check(found["text-recognizer"], model_set.folder, LABELS_FILE)
        try:
            characters = keys.read_text("utf-8").removesuffix("\n").split("\n")
        except (OSError, ValueError) as error:
            raise ModelError(found["text-recognizer"].name, f"{keys} cannot be read: {error}") from error
        return cls(TextDetector(models["text-detector"]), TextRecognizer(models["text-recognizer"], characters))

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the models."""
        return self.detector.model.spec.id, self.recognizer.model.spec.id

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for the first detection."""
        return self.detector.model.spec.input.size_px

    def read(self, picture: Picture, larger: Callable[[int], Picture]) -> tuple[TextLine, ...]:
        """Read the lines of a picture, from top to bottom; larger: decodes the photo with at least this long side.

        A photo in which a small look finds nothing is not worth a detection: lettering in the background is missed.
        """
        if not self.is_worth_it(picture):
            return ()
        lines = self.detector.detect(picture.pixels, self.long_side_px)
        if not lines:
            return ()
        if max(picture.size) < min(_LARGE_PX, max(picture.full_size)):
            picture = larger(_LARGE_PX)
        if min(_height(line, picture) for line in lines) * self.long_side_px / max(picture.size) < _SMALL_LINE_PX:
            lines = self.detector.detect(picture.pixels, _LARGE_PX)
        lines.sort(key=lambda line: (line[:, 1].mean(), line[:, 0].mean()))
        return tuple(found for line in lines if (found := self._read(line, picture)))

    def is_worth_it(self, picture: Picture) -> bool:
        """Return whether a small look at a picture finds text."""
        return self.detector.sees_any(picture.pixels, _LOOK_PX)

    def _read(self, line: NDArray[np.float64], picture: Picture) -> TextLine | None:
        """Read one line, in whichever direction it reads best; None where it cannot be read."""
        upright, *others = _directions(line, picture)
        best = (*self.recognizer.read(cut(picture.pixels, upright)), upright)
        for corners in others if best[1] < _UPRIGHT else ():
            best = max(best, (*self.recognizer.read(cut(picture.pixels, corners)), corners), key=lambda each: each[1])
        text, score, corners = best
        text = text.strip()
        if not text or score < (_READABLE if len(text) >= _SHORT else _READABLE_SHORT):
            return None
        points = tuple(Point(float(x), float(y)) for x, y in corners)
        return TextLine(text, score, points, self.recognizer.model.spec.id)


def _sides(line: NDArray[np.float64], picture: Picture) -> tuple[float, float]:
    places = line * picture.size
    return float(np.hypot(*(places[1] - places[0]))), float(np.hypot(*(places[3] - places[0])))


def _height(line: NDArray[np.float64], picture: Picture) -> float:
    return min(_sides(line, picture))


def _directions(line: NDArray[np.float64], picture: Picture) -> list[NDArray[np.float64]]:
    """Return the corners in the orders in which the line may be read, the likeliest first."""
    places = line * picture.size
    first = int(np.argmin(places.sum(axis=1)))  # the upper left
    line = np.roll(line, -first, axis=0)
    width, height = _sides(line, picture)
    if height >= _VERTICAL * width:
        return [np.roll(line, 1, axis=0), np.roll(line, -1, axis=0), line]
    return [line, np.roll(line, 2, axis=0)]
