"""Erasure of faces and of photos: no descriptors are left, in the file or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, false, func, or_, select, true, update

from indexer.library.db.batching import batched
from indexer.library.db.roots import Place, Roots, part
from indexer.library.db.tables import descriptors, faces, photo_tags, photos, roots, strangers, tags
from indexer.library.db.user_tables import changes, face_pairs, own_tags, people, person_faces, refusals, taught
from indexer.library.history.change_log import WITHOUT_PEOPLE

if TYPE_CHECKING:
    from indexer.library.store import Library

_AT_A_TIME = 10_000  # every time, all forgotten faces are gone through


@dataclass(frozen=True, slots=True)
class Contents:
    """The data of the photos in a folder, which would be lost with them.

    roots: those that lie in the folder, itself included.  words: added to photos or removed from them, ratings, hidden:
    user data.  named: faces of people with a name.  contents: the SHA-256 that no photo elsewhere has.
    """

    roots: tuple[Path, ...]
    photos: int
    words: int
    ratings: int
    hidden: int
    named: int
    contents: frozenset[bytes]


def forget_faces(library: Library, numbers: Sequence[int]) -> int:
    """Erase the descriptors of faces for good and prevent any analysis from storing them again; return how many faces.

    Errors: StoreError where another program keeps the file from being rewritten: then run it again.
    """
    with library.erasing() as connection:
        return sum(_forget(connection, faces.c.id.in_(some)) for some in batched(numbers, _AT_A_TIME))


def forget_all(library: Library) -> int:
    """Erase all descriptors and all people for good; return how many faces there are."""
    with library.erasing() as connection:
        count = _forget(connection, true())
        connection.execute(delete(people))
        return count


def forget_folder(library: Library, folder: Path) -> int:
    """Erase the descriptors of all faces in the photos below a folder; return how many faces."""
    with library.erasing() as connection:
        return _forget(connection, faces.c.photo_id.in_(_inside(Roots.read(connection).within(folder))))


def contents(library: Library, folder: Path) -> Contents | None:
    """Return the data in a root or in a folder of one, whether or not it exists on disk; None: it is in no root."""
    with library.reading() as connection:
        known = Roots.read(connection)
        places = known.within(folder)
        if not places:
            return None
        inside = _inside(places)
        mine = photos.c.id.in_(inside)
        named = select(person_faces.c.face_id).select_from(faces.join(person_faces).join(people))
        hashes = select(photos.c.content_hash).where(photos.c.content_hash.is_not(None))
        return Contents(
            roots=tuple(known.path(root_id, b"") for root_id, prefix in places if not prefix),
            photos=_count(connection, inside),
            words=_count(connection, select(own_tags.c.tag_id).where(own_tags.c.photo_id.in_(inside))),
            ratings=_count(connection, inside.where(photos.c.rating.is_not(None))),
            hidden=_count(connection, inside.where(photos.c.is_hidden != 0)),
            named=_count(connection, named.where(people.c.name.is_not(None), faces.c.photo_id.in_(inside))),
            contents=frozenset(connection.scalars(hashes.where(mine).except_(hashes.where(~mine)))),
        )


def forget_photos(library: Library, folder: Path) -> int:
    """Erase the photos in a root, or in a folder of one, with all their data; return how many photos.

    People who are in no other photo are erased, too, and so are words that no other photo has; a root that lies in the
    folder stops being one. Errors: StoreError where another program keeps the file from being rewritten.
    """
    with library.erasing() as connection:
        places = Roots.read(connection).within(folder)
        inside = _inside(places)
        theirs = select(person_faces.c.person_id).join(faces).where(faces.c.photo_id.in_(inside))
        involved = list(set(connection.scalars(theirs)))
        _forget(connection, faces.c.photo_id.in_(inside))
        connection.execute(delete(changes))  # it tells words, and names of files
        count = connection.execute(delete(photos).where(photos.c.id.in_(inside))).rowcount
        for some in batched(involved):
            connection.execute(delete(people).where(people.c.id.in_(some), people.c.id.not_in(_WITH_FACES)))
        connection.execute(delete(tags).where(~or_(*(_uses(table) for table in (photo_tags, own_tags, taught)))))
        for root_id, prefix in places:
            _forget_place(connection, root_id, prefix)
    return count


def _forget_place(connection: Connection, root_id: int, prefix: bytes) -> None:
    """Delete the non-photos of a part of a root; the root, too, where that is all of it."""
    after = prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b""
    below = (strangers.c.path >= prefix) & (strangers.c.path < after) if prefix else true()
    connection.execute(delete(strangers).where(strangers.c.root_id == root_id, below))
    if not prefix:
        connection.execute(delete(roots).where(roots.c.id == root_id))


def _inside(places: Sequence[Place]) -> Select[tuple[int]]:
    return select(photos.c.id).where(or_(false(), *(part(*place) for place in places)))


def _count(connection: Connection, rows: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _uses(table: Table) -> ColumnElement[bool]:
    return select(table.c.tag_id).where(table.c.tag_id == tags.c.id).exists()


_WITH_FACES = select(person_faces.c.person_id)


def forget_person(library: Library, person: int) -> int:
    """Erase a person: the name, and the descriptors of all faces; return how many faces."""
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
