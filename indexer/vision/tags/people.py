"""People in a photo, each once, from the boxes of an object detector and from faces; words from these and colors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.geometry import Box
from indexer.values.analysis import Face, Object, Tag
from indexer.values.files import PixelStats
from indexer.vision.tags.plurals import counted

_WORDS = (("person", 1), ("people", 2), ("group", 4), ("crowd", 10))  # and how many people each needs
_PORTRAIT = 0.06  # of the picture's area that the one face covers
_GRAY = 0.005  # mean chroma below which nothing but rounding is left
_SURE = 0.98  # score of a face that is a person's although an animal's box holds it, and no person's does


@dataclass(frozen=True, slots=True)
class Beings:
    """The people and animals that object detectors found, those that are sure enough to be shown."""

    people: tuple[Object, ...] = ()
    animals: tuple[Object, ...] = ()


def heuristic_tags(faces: Sequence[Face], look: PixelStats, beings: Beings | None = None) -> Iterator[Tag]:
    """Yield tags from people, faces and colors; docs/measurements/tags.md has the accuracy of each rule."""
    beings = beings or Beings()
    yield from _people([face for face in faces if not is_doubtful(face, beings)], beings)
    if look.colorfulness < _GRAY:
        yield Tag("black and white", 1.0, "no colors")


def is_doubtful(face: Face, beings: Beings) -> bool:
    """Return whether a face is rather an animal's: it lies in an animal's box, in no person's, and is not very sure."""
    if face.score >= _SURE or any(_holds(person.box, face) for person in beings.people):
        return False
    return any(_holds(animal.box, face) for animal in beings.animals)


def _people(faces: Sequence[Face], beings: Beings) -> Iterator[Tag]:
    """Yield the words for people; the score is that of the person who decides."""
    scores = sorted(_scores(faces, beings.people), reverse=True)
    source = counted(len(scores), "person") if beings.people else counted(len(faces), "face")
    models = tuple(sorted({person.model for person in beings.people}))
    for word, least in _WORDS:
        if len(scores) >= least:
            yield Tag(word, scores[least - 1], source, models, len(scores))
    if len(faces) == 1 and faces[0].box.area >= _PORTRAIT:
        yield Tag("portrait", faces[0].score, "1 face")


def _scores(faces: Sequence[Face], people: Sequence[Object]) -> Iterator[float]:
    """Yield the score of each person: a face belongs to the smallest box that holds it and has no face yet."""
    left = sorted(people, key=lambda each: each.box.area)
    for face in sorted(faces, key=lambda each: -each.score):
        mine = next((each for each in left if _holds(each.box, face)), None)
        if mine is not None:
            left.remove(mine)
        yield max(face.score, mine.score) if mine is not None else face.score
    yield from (each.score for each in left)


def _holds(box: Box, face: Face) -> bool:
    """Return whether the middle of a face lies in a box."""
    x, y = face.box.center.x - box.left, face.box.center.y - box.top
    return 0 <= x <= box.width and 0 <= y <= box.height
