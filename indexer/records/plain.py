"""JSON forms of paths, boxes and numbers."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypeAlias

from typing_extensions import TypedDict

from indexer.advice import Advice
from indexer.errors import printable
from indexer.geometry import Box

if TYPE_CHECKING:
    from indexer.geometry import Point

# Joins a sentence and what to do about it, in the words of the presenter.
Joined: TypeAlias = Callable[[str, Advice | None], str]


class PathRecord(TypedDict):
    """The path of a file; path_bytes (base64) is present if it is not valid UTF-8."""

    path: str
    path_bytes: NotRequired[str]


class PhotoPathRecord(PathRecord):
    """A photo of the library."""

    photo: int


class BoxRecord(TypedDict):
    """A part of a picture, in fractions of the upright picture."""

    left: float
    top: float
    width: float
    height: float


class PointRecord(TypedDict):
    """A point in a picture, in fractions of the upright picture."""

    x: float
    y: float


def is_in(path: Path, folders: Sequence[Path]) -> bool:
    """Return whether a path lies in one of these folders."""
    return any(path.is_relative_to(folder) for folder in folders)


def path_record(path: Path) -> PathRecord:
    """Return `path`, and `path_bytes` (base64) where the name is not UTF-8."""
    try:
        return {"path": str(path).encode().decode()}
    except UnicodeEncodeError:
        return {"path": printable(path), "path_bytes": b64encode(os.fsencode(path)).decode()}


def box_record(box: Box) -> BoxRecord:
    """Return a box as fractions of the upright picture."""
    return {
        "left": _fraction(box.left),
        "top": _fraction(box.top),
        "width": _fraction(box.width),
        "height": _fraction(box.height),
    }


def point_record(point: Point) -> PointRecord:
    """Return a point as fractions of the upright picture."""
    return {"x": _fraction(point.x), "y": _fraction(point.y)}


def rounded(number: float) -> float:
    """Return a score or distance with its significant digits."""
    return round(number, 4)


def _fraction(number: float) -> float:
    return round(number, 5)
