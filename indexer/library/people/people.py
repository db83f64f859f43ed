"""People of the library: list and lookup of people, the faces of each, and faces by photo and position."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, LargeBinary, Row, Select, cast, func, select

from indexer.errors import IndexerError, LibraryError, printable
from indexer.geometry import Box
from indexer.library.db.batching import batched
from indexer.library.db.roots import known_photo
from indexer.library.db.rows import SHOWN, box
from indexer.library.db.tables import faces, photos, roots
from indexer.library.db.user_tables import people, person_faces
from indexer.library.query.ast import folded

if TYPE_CHECKING:
    from indexer.library.store import Library

Reading: TypeAlias = Connection  # what `Library.reading` and `writing` give; others need not know SQLAlchemy for it


@dataclass(frozen=True, slots=True)
class Person:
    """A person: a group of faces.

    number: never reused.  name: None as long as there is none.  faces, photos: those that a search
    shows.  hidden: the user does not want to see it in lists.
    """

    number: int
    name: str | None
    faces: int
    photos: int
    hidden: bool

    @property
    def label(self) -> str:
        """The name, or else 'person 12'."""
        return label(self.number, self.name)


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A face in the library.

    number: kept as long as the photo is known.  place: counted from 1, from left to right, then down.
    by_user: the user assigned it.  person: its number, None where the face is unassigned.  photo: the photo's row id.
    """

    number: int
    path: Path
    place: int
    box: Box
    quality: float
    person: int | None
    by_user: bool
    photo: int


def label(number: int, name: str | None) -> str:
    """Return the text that names a person: the name, or else 'person 12'."""
    return name or f"person {number}"


def list_people(library: Library, *, hidden: bool = False) -> list[Person]:
    """Return the people, those with most faces first; hidden: also those that the user has hidden."""
    shown = people.c.is_hidden == 0 if not hidden else people.c.is_hidden >= 0
    query = _PEOPLE.where(shown).order_by(func.count(photos.c.id).desc(), people.c.id)
    with library.reading() as connection:
        return [_person(row) for row in connection.execute(query)]


def labels(library: Library) -> dict[int | None, str]:
    """Return the labels of all people, hidden ones included, by number."""
    query = select(people.c.id, people.c.name)
    with library.reading() as connection:
        return {row.id: label(row.id, row.name) for row in connection.execute(query)}


def find_person(connection: Connection, who: str) -> Person:
    """Return the person with a number or a name; the case of letters does not matter.

    Errors: IndexerError where there is none.
    """
    which = people.c.id == int(who) if is_number(who) else people.c.folded == folded(who)
    row = connection.execute(_PEOPLE.where(which)).first()
    if row is None:
        said = f"there is no person {who}" if is_number(who) else f"there is no person named {printable(who)!r}"
        raise IndexerError(said).advise("list-people")
    return _person(row)


def label_of(connection: Connection, number: int) -> str:
    """Return the label of a person in a sentence: the name, or else 'a person without a name (12)'."""
    name: str | None = connection.scalar(select(people.c.name).where(people.c.id == number))
    return name or f"a person without a name ({number})"


def namesake(connection: Connection, name: str) -> int | None:
    """Return the number of the person who has a name, None where nobody has."""
    return connection.scalar(select(people.c.id).where(people.c.folded == folded(" ".join(name.split()))))


def is_number(who: str) -> bool:
    """Return whether a text is the number of a person; no name consists of digits alone."""
    return who.isascii() and who.isdigit() and len(who) < 19


def faces_of(library: Library, number: int, *, limit: int | None = None, offset: int = 0) -> list[PlacedFace]:
    """Return a person's faces in photos that a search shows, by path; offset: number of faces to skip."""
    query = select(faces.c.id).select_from(person_faces.join(faces).join(photos).join(roots))
    # No root lies in another: the order by root, then path is that of whole paths.
    order = (roots.c.path, photos.c.path, faces.c.box_left, faces.c.box_top, faces.c.id)
    query = query.where(person_faces.c.person_id == number, SHOWN).order_by(*order).limit(limit).offset(offset)
    with library.reading() as connection:
        return placed(connection, connection.scalars(query).all())


def covers(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return each person's best face in a photo that a search shows, by the person's number."""
    best = func.max(faces.c.quality)  # SQLite takes the other columns from the same row
    query = select(person_faces.c.person_id, faces.c.id, best).select_from(person_faces.join(faces).join(photos))
    query = query.where(SHOWN).group_by(person_faces.c.person_id)
    return {
        row.person_id: row.id
        for part in batched(numbers)
        for row in connection.execute(query.where(person_faces.c.person_id.in_(part)))
    }


def faces_in(library: Library, photo: Path | int) -> list[PlacedFace]:
    """Return the faces of a photo, given by path or id, from left to right.

    Errors: LibraryError where the photo is not in the library.
    """
    with library.reading() as connection:
        return _faces_in(connection, photo)


def face_at(connection: Connection, path: Path, place: int) -> int:
    """Return the row id of a photo's face, counted from 1 from left to right. Errors: LibraryError."""
    found = _faces_in(connection, path)
    if not 1 <= place <= len(found):
        raise LibraryError(path, f"has {len(found)} faces in the library, there is no face {place}")
    return found[place - 1].number


def check_faces(connection: Connection, numbers: Sequence[int]) -> None:
    """Verify that all faces with these ids exist. Errors: IndexerError."""
    known = {
        row for part in batched(numbers) for row in connection.scalars(select(faces.c.id).where(faces.c.id.in_(part)))
    }
    for number in numbers:
        if number not in known:
            raise IndexerError(f"there is no face {number}").advise("list-faces")


def placed(connection: Connection, numbers: Iterable[int], *, shown_only: bool = False) -> list[PlacedFace]:
    """Return faces by their ids, with where they are, by path and place; unknown ones are left out."""
    wanted = sorted(set(numbers))
    of_photo = [
        photo
        for part in batched(wanted)
        for photo in connection.scalars(select(faces.c.photo_id).where(faces.c.id.in_(part)).distinct())
    ]
    condition = (SHOWN,) if shown_only else ()
    rows = [
        row
        for part in batched(sorted(set(of_photo)))
        for row in connection.execute(_PLACED.where(faces.c.photo_id.in_(part), *condition))
    ]
    chosen = set(wanted)
    found = [face for face in _numbered(rows) if face.number in chosen]
    return sorted(found, key=lambda face: (os.fsencode(face.path), face.place))


_PEOPLE = (
    select(
        people.c.id,
        people.c.name,
        people.c.is_hidden,
        func.count(photos.c.id).label("faces"),
        func.count(photos.c.id.distinct()).label("photos"),
    )
    .select_from(
        people.outerjoin(person_faces).outerjoin(faces).outerjoin(photos, (photos.c.id == faces.c.photo_id) & SHOWN)
    )
    .group_by(people.c.id)
)
_PLACED: Select[Any] = (
    select(
        faces,
        person_faces.c.person_id,
        person_faces.c.by_user,
        cast(roots.c.path.op("||")(photos.c.path), LargeBinary).label("path"),
    )
    .select_from(faces.join(photos).join(roots).outerjoin(person_faces))
    .order_by(faces.c.photo_id, faces.c.box_left, faces.c.box_top, faces.c.id)
)


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.name, row.faces, row.photos, bool(row.is_hidden))


def _faces_in(connection: Connection, photo: Path | int) -> list[PlacedFace]:
    return _numbered(connection.execute(_PLACED.where(faces.c.photo_id == known_photo(connection, photo))).all())


def _numbered(rows: Sequence[Row[Any]]) -> list[PlacedFace]:
    """Return the faces of rows that are in order of their photos, counted in each."""
    found: list[PlacedFace] = []
    photo = place = 0
    for row in rows:
        place = place + 1 if row.photo_id == photo else 1
        photo = row.photo_id
        path = Path(os.fsdecode(row.path))
        by_user = bool(row.by_user)
        found.append(PlacedFace(row.id, path, place, box(row), row.quality, row.person_id, by_user, photo))
    return found
