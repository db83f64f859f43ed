"""User layer of whole photos: words, stars, hiding, and the people of their faces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.library.db.batching import batched
from indexer.library.db.rows import box
from indexer.library.db.tables import faces, photos, tags
from indexer.library.db.user_tables import own_tags, people, person_faces, refusals
from indexer.library.photo_rows.same_face import OVERLAP

_TOLD = 3  # words, or people, that a summary names


@dataclass(frozen=True, slots=True)
class UserLayer:
    """The user data of one photo: words added and removed, 1 to 5 stars or None, whether it is hidden, who is in it."""

    given: tuple[str, ...]
    taken: tuple[str, ...]
    rating: int | None
    is_hidden: bool
    people: tuple[str, ...]


def read_said(connection: Connection, photo: int) -> UserLayer:
    """Return the user data of an existing photo."""
    query = select(tags.c.name, own_tags.c.wanted).join(own_tags).order_by(tags.c.name)
    words = connection.execute(query.where(own_tags.c.photo_id == photo)).all()
    row = connection.execute(select(photos.c.rating, photos.c.is_hidden).where(photos.c.id == photo)).one()
    named = select(people.c.name).select_from(people.join(person_faces).join(faces))
    named = named.where(faces.c.photo_id == photo)
    names = connection.scalars(named.where(people.c.name.is_not(None)).distinct().order_by(people.c.name)).all()
    return UserLayer(
        given=tuple(word.name for word in words if word.wanted),
        taken=tuple(word.name for word in words if not word.wanted),
        rating=row.rating,
        is_hidden=bool(row.is_hidden),
        people=tuple(name for name in names if name),
    )


def with_said(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """Return those photos that have user data, which no scan can find out again.

    A face that belongs to a person with a name counts, and one that is to be forgotten.
    """
    words = select(own_tags.c.photo_id).where(own_tags.c.photo_id == photos.c.id).exists()
    named = (person_faces.c.by_user == 1) | people.c.name.is_not(None)
    here = faces.outerjoin(person_faces, person_faces.c.face_id == faces.c.id).outerjoin(people)
    here = here.outerjoin(refusals, refusals.c.face_id == faces.c.id)
    known = named | (faces.c.is_forgotten == 1) | refusals.c.person_id.is_not(None)
    told = select(faces.c.id).select_from(here).where(faces.c.photo_id == photos.c.id, known).exists()
    said = or_(photos.c.rating.is_not(None), photos.c.is_hidden != 0, words, told)
    return {
        number
        for some in batched(numbers)
        for number in connection.scalars(select(photos.c.id).where(photos.c.id.in_(some), said))
    }


def copy_said(connection: Connection, photo: int, copy: int) -> None:
    """Copy words, stars and people to a photo of the same bytes, unless it has its own.

    Hiding is not copied.
    """
    theirs: Select[Any] = select(literal(copy), own_tags.c.tag_id, own_tags.c.wanted).where(
        own_tags.c.photo_id == photo
    )
    said_too = insert(own_tags).from_select(["photo_id", "tag_id", "wanted"], theirs)
    connection.execute(said_too.on_conflict_do_nothing())
    stars = select(photos.c.rating).where(photos.c.id == photo).scalar_subquery()
    connection.execute(update(photos).where(photos.c.id == copy, photos.c.rating.is_(None)).values(rating=stars))
    copy_people(connection, same_faces(connection, photo, copy))


def copy_people(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Assign faces to the people of their counterparts, unless they are assigned: (face, its counterpart) each."""
    for face, like in pairs:
        for table, names in ((person_faces, ("person_id", "by_user")), (refusals, ("person_id",))):
            theirs = select(literal(like), *(table.c[name] for name in names)).where(table.c.face_id == face)
            connection.execute(insert(table).from_select(["face_id", *names], theirs).on_conflict_do_nothing())


def same_faces(connection: Connection, photo: int, other: int) -> list[tuple[int, int]]:
    """Return the pairs of faces of two photos of the same bytes that lie in the same place."""
    found: dict[int, list[Row[Any]]] = {photo: [], other: []}
    for row in connection.execute(select(faces).where(faces.c.photo_id.in_((photo, other)))):
        found[row.photo_id].append(row)
    return [
        (row.id, best.id)
        for row in found[photo]
        if (best := max(found[other], key=lambda each: box(row).overlap(box(each)), default=None)) is not None
        and box(row).overlap(box(best)) >= OVERLAP
    ]


def add_said(connection: Connection, photo: int, other: int) -> list[tuple[int, int]]:
    """Add the user data of one photo to another one of the same bytes; in conflicts the first is newer.

    Return the pairs of their faces that are one.
    """
    theirs = select(literal(other), own_tags.c.tag_id, own_tags.c.wanted).where(own_tags.c.photo_id == photo)
    new = insert(own_tags).from_select(["photo_id", "tag_id", "wanted"], theirs)
    newer = new.on_conflict_do_update(index_elements=["photo_id", "tag_id"], set_={"wanted": new.excluded.wanted})
    connection.execute(newer)
    row = connection.execute(select(photos.c.rating, photos.c.is_hidden).where(photos.c.id == photo)).one()
    hidden = func.max(row.is_hidden, photos.c.is_hidden)
    stars = func.coalesce(row.rating, photos.c.rating)
    connection.execute(update(photos).where(photos.c.id == other).values(rating=stars, is_hidden=hidden))
    pairs = same_faces(connection, photo, other)
    for face, like in pairs:
        sure = select(person_faces.c.by_user).where(person_faces.c.face_id == face)
        if connection.scalar(sure):
            connection.execute(delete(person_faces).where(person_faces.c.face_id == like))
    copy_people(connection, pairs)
    return pairs


def summary(said: UserLayer) -> str:
    """Return a photo's user data in a few words: "'dog', 'cat', 3 stars, hidden, Ann"; empty for none."""
    told = _shortened([repr(word) for word in said.given])
    told += [f"not {word}" for word in _shortened([repr(word) for word in said.taken])]
    if said.rating:
        told.append(f"{said.rating} star{'' if said.rating == 1 else 's'}")
    if said.is_hidden:
        told.append("hidden")
    return ", ".join([*told, *_shortened(said.people)])


def _shortened(names: Sequence[str]) -> list[str]:
    more = len(names) - _TOLD
    return [*names] if more <= 0 else [*names[:_TOLD], f"{more} more"]
