"""Results of searches: photos and faces that were found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.geometry import Box

# The number of results where nobody asks for another one: photos or faces of a search, photos similar to a photo.
DEFAULT_RESULTS = 50
DEFAULT_SIMILAR = 20


@dataclass(frozen=True, slots=True)
class Why:
    """Why a photo was found: the tag, its score, and the label or fact that gave it.

    is_sure: False where the photo does not have the tag, but models gave it some score.
    """

    tag: str
    score: float
    source: str
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo in a search result.

    taken_at, width, height: as in Metadata, None where unknown.  distance_km: from the place of a search by distance,
    None for other searches.  number: the photo's row id, kept as long as the library knows it.  replaced: it is
    missing, and another photo has its path now.
    """

    path: Path
    score: float
    why: tuple[Why, ...]
    taken_at: str | None = None
    distance_km: float | None = None
    number: int = 0
    width: int | None = None
    height: int | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """A face in the library that resembles the query face; distance is Euclidean, lower is more similar."""

    path: Path
    box: Box
    distance: float
