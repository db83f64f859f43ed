"""Faces and plain facts of the pixels flow in; the words that they alone make certain flow out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexer.photo import Face, Look, Tag

_GROUP = 4  # faces
_PORTRAIT = 0.06  # of the picture's area that the one face covers
_GRAY = 0.005  # mean chroma below which nothing but rounding is left


def facts(faces: Sequence[Face], look: Look) -> Iterator[Tag]:
    """Yield the tags that faces and colors give; how right each rule was found stands in docs/tags.md."""
    yield from _people(faces)
    if look.colorfulness < _GRAY:
        yield Tag("black and white", 1.0, "no colors")


def _people(faces: Sequence[Face]) -> Iterator[Tag]:
    """Yield what the faces tell; the score is that of the face that decides."""
    scores = sorted((face.score for face in faces), reverse=True)
    source = "1 face" if len(scores) == 1 else f"{len(scores)} faces"
    for word, least in (("person", 1), ("people", 2), ("group", _GROUP)):
        if len(scores) >= least:
            yield Tag(word, scores[least - 1], source)
    if len(faces) == 1 and faces[0].box.area >= _PORTRAIT:
        yield Tag("portrait", scores[0], source)
