"""What users said of photos as a whole: words, stars, hiding, and whose their faces are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.library.contents import slices
from indexer.library.rows import box
from indexer.library.same_face import OVERLAP
from indexer.library.tables import faces, own_tags, people, person_faces, photos, refusals


def with_said(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """Return those photos of which a user said something that no scan can find out again.

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
        for some in slices(list(numbers))
        for number in connection.scalars(select(photos.c.id).where(photos.c.id.in_(some), said))
    }


def copy_said(connection: Connection, photo: int, copy: int) -> None:
    """Give a photo of the same bytes the words, stars and people of another one, unless it has its own.

    That one is hidden says nothing of the other.
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
    """Say that faces are whose their likes are, unless it is known whose they are: (face, its like) each."""
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


def add_said(connection: Connection, photo: int, other: int) -> None:
    """Add what was said of one photo to another one of the same bytes; where both say something, the first is newer."""
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
