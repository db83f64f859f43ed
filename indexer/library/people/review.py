"""Review of face assignments: the most doubtful ones, as questions to the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from indexer.library.db.user_tables import people, person_faces, refusals
from indexer.library.people.clustering import unit
from indexer.library.people.grouping import Described, read_comparable_faces
from indexer.library.people.people import PlacedFace, placed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.library.store import Library

_AT_A_TIME = 1024
_WIDER = 1.15  # a face that a person's just did not take in may be worth a question
_ODD, _OTHER, _NEAR = "not similar to the others", "equally similar to another person", "almost similar enough"


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """A question: is this face this person's?  It is at present, unless the reason is 'nearly like enough'.

    doubt: higher is more doubtful.
    """

    face: PlacedFace
    person: int
    reason: str
    doubt: float


def doubts(
    library: Library, model: str, *, distance: float, min_quality: float, person: int | None = None, limit: int = 100
) -> list[ReviewQuestion]:
    """Return the most doubtful assignments of faces that the user has not confirmed.

    distance: that of the grouping.  person: only this one; None: all that are not hidden.
    """
    with library.reading() as connection:
        seen = read_comparable_faces(connection, model, min_quality)
        found = _found(connection, seen, distance, person)[:limit]
        where = {face.number: face for face in placed(connection, [face for face, *_ in found], shown_only=True)}
    return [
        ReviewQuestion(where[face], whose, reason, round(doubt, 4))
        for face, whose, reason, doubt in found
        if face in where
    ]


def _found(
    connection: Connection, seen: Described, distance: float, person: int | None
) -> list[tuple[int, int, str, float]]:
    """Return (face, person, reason, doubt), most doubtful first."""
    import numpy as np

    owners = np.unique(seen.owners[seen.owners > 0])
    if not len(owners):
        return []
    asked = _asked(connection, person)
    sure = set(connection.scalars(select(person_faces.c.face_id).where(person_faces.c.by_user == 1)))
    refused = {tuple(row) for row in connection.execute(select(refusals))}
    units = unit(seen.vectors)
    owned = seen.owners > 0
    column = np.searchsorted(owners, seen.owners[owned])
    sizes = np.bincount(column)
    means = np.zeros((len(owners), units.shape[1]), np.float32)
    np.add.at(means, column, units[owned])
    means /= sizes[:, None]
    found = []
    for row, (own, best, near) in enumerate(_likeness(units, seen.owners, owners, means, sizes)):
        face, whose = int(seen.numbers[row]), int(seen.owners[row])
        other = int(owners[best])
        judged = _judged(whose, other, own, near, distance)
        if judged is not None and face not in sure and judged[0] in asked and (face, judged[0]) not in refused:
            found.append((face, *judged))
    return sorted(found, key=lambda each: (-each[3], each[0]))


def _judged(whose: int, other: int, own: float, near: float, distance: float) -> tuple[int, str, float] | None:
    """Return (person, reason, doubt) of a face that is worth a question; own, near: mean squared distances."""
    limit = distance**2
    if not whose:
        return (other, _NEAR, limit * _WIDER**2 - near) if near <= limit * _WIDER**2 else None
    if near < own:
        return whose, _OTHER, 1 + own - near
    return (whose, _ODD, own - limit) if own > limit else None


def _asked(connection: Connection, person: int | None) -> set[int]:
    which = people.c.is_hidden == 0 if person is None else people.c.id == person
    return set(connection.scalars(select(people.c.id).where(which)))


def _likeness(
    units: NDArray[np.float32],
    whose: NDArray[np.int64],
    owners: NDArray[np.int64],
    means: NDArray[np.float32],
    sizes: NDArray[np.int64],
) -> list[tuple[float, int, float]]:
    """Return each face's mean squared distance to its own person, the nearest other person, and its distance there."""
    import numpy as np

    told: list[tuple[float, int, float]] = []
    column = np.searchsorted(owners, whose).clip(max=len(owners) - 1)
    for start in range(0, len(units), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        squared = 2 - 2 * (units[part] @ means.T)
        rows, mine = np.arange(len(squared)), column[part]
        owned = whose[part] > 0
        size = sizes[mine]
        # Without itself: the mean over n faces counts its own distance of 0.
        own = np.where(owned & (size > 1), squared[rows, mine] * size / np.maximum(size - 1, 1), 0)
        squared[rows[owned], mine[owned]] = np.inf
        best = squared.argmin(1)
        told += zip(own.tolist(), best.tolist(), squared[rows, best].tolist(), strict=True)
    return told
