"""Faces that are to be forgotten flow in; nothing is left of their descriptors, in the file or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, delete, false, or_, select, true, update

from indexer.library.changelog import WITHOUT_PEOPLE
from indexer.library.roots import Roots, part
from indexer.library.tables import changes, descriptors, face_pairs, faces, people, person_faces, photos, refusals

if TYPE_CHECKING:
    from indexer.library.store import Library

_AT_A_TIME = 10_000


def forget_faces(library: Library, numbers: Sequence[int]) -> int:
    """Erase the descriptors of faces for good and let no analysis store any again; return how many faces they are.

    Errors: StoreError where another program keeps the file from being rewritten: then run it again.
    """
    with library.erasing() as connection:
        return sum(
            _forget(connection, faces.c.id.in_(numbers[start : start + _AT_A_TIME]))
            for start in range(0, len(numbers), _AT_A_TIME)
        )


def forget_all(library: Library) -> int:
    """Erase all descriptors and all people for good; return how many faces there are."""
    with library.erasing() as connection:
        count = _forget(connection, true())
        connection.execute(delete(people))
        return count


def forget_folder(library: Library, folder: Path) -> int:
    """Erase the descriptors of all faces in the photos below a folder; return how many faces they are."""
    with library.erasing() as connection:
        places = [part(*place) for place in Roots.read(connection).within(folder)]
        inside = select(photos.c.id).where(or_(false(), *places))
        return _forget(connection, faces.c.photo_id.in_(inside))


def forget_person(library: Library, person: int) -> int:
    """Erase a person: name, and the descriptors of all faces; return how many faces they are."""
    with library.erasing() as connection:
        mine = select(person_faces.c.face_id).where(person_faces.c.person_id == person)
        count = _forget(connection, faces.c.id.in_(mine))
        connection.execute(delete(people).where(people.c.id == person))
        return count


def _forget(connection: Connection, which: ColumnElement[bool]) -> int:
    """Delete all that can tell faces apart; their boxes stay, so that no analysis describes them again."""
    connection.execute(delete(changes).where(changes.c.kind.not_in(WITHOUT_PEOPLE)))  # names, and whose faces were
    chosen = select(faces.c.id).where(which)
    count = connection.execute(update(faces).where(faces.c.id.in_(chosen)).values(is_forgotten=1)).rowcount
    gone = select(faces.c.id).where(faces.c.is_forgotten == 1)
    for table, columns in (
        (descriptors, (descriptors.c.face_id,)),
        (face_pairs, (face_pairs.c.face_id, face_pairs.c.other_id)),
        (refusals, (refusals.c.face_id,)),
        (person_faces, (person_faces.c.face_id,)),
    ):
        for column in columns:
            connection.execute(delete(table).where(column.in_(gone)))
    return count
