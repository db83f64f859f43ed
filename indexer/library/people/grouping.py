"""Grouping of unassigned faces: they join existing people, or become new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from indexer.library.db.engine import chunks
from indexer.library.db.tables import descriptors
from indexer.library.db.user_tables import face_pairs, people, person_faces, refusals
from indexer.library.people.clustering import Constraints, cluster
from indexer.library.people.copied_faces import condensed, repeated, sound, together
from indexer.library.people.evidence import doubtful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.library.store import Library

_AT_A_TIME = 1000
_READ = """
    SELECT descriptors.id, faces.id, faces.photo_id, coalesce(person_id, 0), data
    FROM descriptors JOIN models ON models.id = model_id JOIN faces ON faces.id = descriptors.face_id
    LEFT JOIN person_faces ON person_faces.face_id = faces.id
    WHERE models.name = ? AND quality >= ? AND is_forgotten = 0 ORDER BY faces.id
"""


@dataclass(frozen=True, slots=True)
class Grouped:
    """The result of a grouping: faces that joined people, new people and their faces, faces left over.

    unfit: faces whose quality is too low to be compared.
    """

    joined: int
    people: int
    grouped: int
    left: int
    unfit: int


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Faces with descriptors of one model, in order of their row ids.

    rows: of their descriptors.  numbers: of the faces.  photos: row ids of their photos.  owners: numbers of their
    people, 0: unassigned.  vectors: float32[n, length].
    """

    rows: NDArray[np.int64]
    numbers: NDArray[np.int64]
    photos: NDArray[np.int64]
    owners: NDArray[np.int64]
    vectors: NDArray[np.float32]


def group(library: Library, model: str, *, distance: float, min_quality: float, again: bool = False) -> Grouped:
    """Group the unassigned faces; the user's corrections hold.

    model: whose descriptors are compared.  distance: see `clustering.cluster`.  min_quality: 0..1; worse faces are left
    out.
    again: people without a name and without corrections are dissolved first.
    A face that appears again in copies of a photo counts once: a person takes more than one picture.
    """
    import numpy as np

    if again:
        with library.writing() as connection:
            _dissolve(connection)
    with library.reading() as connection:
        seen = read_comparable_faces(connection, model, min_quality)
        known = _known(connection, seen)
        unfit = _unfit(connection, model, min_quality)
        pairs = repeated(connection, seen.numbers, seen.photos, seen.vectors)
    shown = sound(together(len(seen.numbers), pairs), known)
    once = np.unique(shown, return_index=True)[1]
    constraints = condensed(known, shown)
    labels = _proven(seen.vectors[once], cluster(seen.vectors[once], distance, constraints), constraints)[shown]
    with library.writing() as connection:
        return _store(connection, seen, labels, shown, unfit)


def _proven(vectors: NDArray[np.float32], labels: NDArray[np.int64], known: Constraints) -> NDArray[np.int64]:
    """Return the groups without those faces that nobody assigned and that may as well be strangers, int64[n]."""
    import numpy as np

    bound = np.bincount(known.groups)[known.groups] > 1
    leaves = np.flatnonzero(doubtful(vectors, labels) & (known.owners == 0) & ~bound)
    split = labels.copy()
    split[leaves] = len(labels) + leaves
    return np.unique(split, return_inverse=True)[1].astype(np.int64)


def group_in(file: Path, model: str, distance: float, min_quality: float) -> Grouped:
    """Group the faces of a library file, as `group` does, in a process of its own."""
    from indexer.library.store import Library

    with Library.open(file) as library:
        return group(library, model, distance=distance, min_quality=min_quality)


def read_comparable_faces(connection: Connection, model: str, min_quality: float) -> Described:
    """Return the faces that are fit to be compared."""
    import numpy as np

    facts: list[tuple[int, int, int, int]] = []
    data: list[bytes] = []
    for chunk in chunks(connection, _READ, (model, min_quality), _AT_A_TIME):
        for *fact, vector in chunk:
            facts.append(tuple(fact))
            data.append(vector)
    vectors = np.frombuffer(b"".join(data), "<f4").reshape(len(data), -1) if data else np.empty((0, 1), np.float32)
    rows, numbers, photos, owners = np.array(facts, np.int64).reshape(-1, 4).T
    return Described(rows, numbers, photos, owners, vectors)


def _known(connection: Connection, seen: Described) -> Constraints:
    """Return the constraints on the faces, by row; two faces in a photo are two people, unless the user says no."""
    import numpy as np

    pairs = np.array([tuple(row) for row in connection.execute(select(face_pairs))], np.int64).reshape(-1, 3)
    refused = np.array([tuple(row) for row in connection.execute(select(refusals))], np.int64).reshape(-1, 2)
    at, there = _find(seen.numbers, pairs[:, :2])
    pairs, at = pairs[there.all(1)], at[there.all(1)]
    rows, there = _find(seen.numbers, refused[:, 0])
    refused[:, 0] = rows
    same = at[pairs[:, 2] == 1]
    one, two = seen.owners[same].T
    same = same[(one == two) | (one == 0) | (two == 0)]
    one_photo = _of_one(seen.photos)
    apart = np.concatenate([at[pairs[:, 2] == 0], one_photo])
    refused = np.concatenate([refused[there], _refusals_of(one_photo, seen.owners)])
    return Constraints(together(len(seen.numbers), same), seen.owners, apart, refused)


def _of_one(photos: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of rows whose faces are in one photo."""
    import numpy as np

    order = np.argsort(photos, kind="stable")
    starts = np.flatnonzero(np.diff(photos[order], prepend=-1))
    groups = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    pairs = [np.stack(np.triu_indices(len(rows), 1), axis=1) for rows in groups]
    found = [rows[pair] for rows, pair in zip(groups, pairs, strict=True)]
    return np.concatenate([np.empty((0, 2), np.int64), *found])


def _refusals_of(one_photo: NDArray[np.int64], owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows and the people that they cannot be, because those are in their photo already."""
    import numpy as np

    both = np.concatenate([one_photo, one_photo[:, ::-1]])
    whose = np.stack([both[:, 0], owners[both[:, 1]]], axis=1)
    kept: NDArray[np.int64] = whose[(whose[:, 1] > 0) & (owners[whose[:, 0]] == 0)]
    return np.unique(kept, axis=0)


def _find(numbers: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the row of each wanted id, and whether there is one."""
    import numpy as np

    rows = np.searchsorted(numbers, wanted).clip(max=max(0, len(numbers) - 1))
    return rows, numbers[rows] == wanted if len(numbers) else np.zeros(wanted.shape, np.bool_)


def _store(
    connection: Connection, seen: Described, labels: NDArray[np.int64], shown: NDArray[np.int64], unfit: int
) -> Grouped:
    """Assign the faces that were unassigned; what has changed meanwhile stays as it is.

    shown: int64[n], the same for faces that copies of one photo show.
    """
    import numpy as np

    count = int(labels.max()) + 1 if len(labels) else 0
    owners = np.zeros(count, np.int64)
    np.maximum.at(owners, labels, seen.owners)
    free = np.flatnonzero((seen.owners == 0) & _still_free(connection, seen))
    there = np.array(connection.scalars(select(people.c.id)).all(), np.int64)
    joining = free[np.isin(owners[labels[free]], there)]
    _insert(connection, zip(seen.numbers[joining].tolist(), owners[labels[joining]].tolist(), strict=True))
    alone = free[owners[labels[free]] == 0]
    first = np.unique(shown[alone], return_index=True)[1]
    sizes = np.bincount(labels[alone[first]], minlength=count)
    new = alone[sizes[labels[alone]] > 1]
    kinds, which = np.unique(labels[new], return_inverse=True)
    numbers = np.array([_add_person(connection) for _ in kinds], np.int64)
    _insert(connection, zip(seen.numbers[new].tolist(), numbers[which].tolist(), strict=True))
    return Grouped(len(joining), len(kinds), len(new), len(free) - len(joining) - len(new), unfit)


def _still_free(connection: Connection, seen: Described) -> NDArray[np.bool_]:
    """Return which faces still have the descriptors that were compared, and are still unassigned."""
    import numpy as np

    there = np.array(connection.scalars(select(descriptors.c.id)).all(), np.int64)
    taken = np.array(connection.scalars(select(person_faces.c.face_id)).all(), np.int64)
    return np.isin(seen.rows, there) & ~np.isin(seen.numbers, taken)


def _insert(connection: Connection, whose: Iterator[tuple[int, int]]) -> None:
    rows = [{"face_id": face, "person_id": person, "by_user": 0} for face, person in whose]
    if rows:
        connection.execute(insert(person_faces), rows)


def _add_person(connection: Connection) -> int:
    key = connection.execute(insert(people).values(name=None)).inserted_primary_key
    assert key is not None
    number: int = key[0]
    return number


def _unfit(connection: Connection, model: str, min_quality: float) -> int:
    query = (
        "SELECT count(*) FROM descriptors JOIN models ON models.id = model_id JOIN faces ON faces.id = face_id"
        " LEFT JOIN person_faces USING (face_id) WHERE models.name = ? AND quality < ? AND person_id IS NULL"
    )
    return int(connection.exec_driver_sql(query, (model, min_quality)).scalar_one())


def _dissolve(connection: Connection) -> None:
    """Delete the people whom nobody named, hid or corrected."""
    corrected = select(person_faces.c.person_id).where(person_faces.c.by_user == 1)
    unsaid = people.c.id.not_in(corrected) & people.c.id.not_in(select(refusals.c.person_id))
    connection.execute(delete(people).where(people.c.name.is_(None), people.c.is_hidden == 0, unsaid))
