"""Import of other programs' metadata: what is new is stored, the rest is returned with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select, update

from indexer.errors import IndexerError
from indexer.geometry import Box
from indexer.library.checks.finding import counted
from indexer.library.db.tables import photo_tags, photos, sources, tags
from indexer.library.db.user_tables import own_tags, people, person_faces
from indexer.library.history.change_log import recording
from indexer.library.people.corrections import checked_name, person_with
from indexer.library.photo_rows.user_layer import OWN, OWN_PLACE
from indexer.library.photo_rows.write_analysis import intern, upsert
from indexer.library.query.ast import folded
from indexer.library.user.export import KnownFace, KnownPhoto
from indexer.library.user.own_tags import tag_id

if TYPE_CHECKING:
    from indexer.library.store import Library

_SAME = 0.3  # overlap of two boxes around one face: programs differ widely


@dataclass(frozen=True, slots=True)
class ImportedStatements:
    """Metadata of a photo from elsewhere: words, 0..5 stars or None, faces (upright boxes) with their names."""

    words: tuple[str, ...] = ()
    rating: int | None = None
    names: tuple[tuple[str, Box], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportChanges:
    """The part of it that is new to the library.

    names: (row id of the face, name).  refused: contradictions to the library, as the end of a sentence each.
    """

    photo: int
    words: tuple[str, ...] = ()
    rating: int | None = None
    names: tuple[tuple[int, str], ...] = ()
    refused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.rating is not None or self.names)


def changes_to_import(photo: KnownPhoto, heard: ImportedStatements, ids: Mapping[str, int]) -> ImportChanges:
    """Compare imported metadata with what is known of a photo.

    ids: the row ids of the people whom the library knows, by folded name.
    """
    words = {folded(word): word for each in heard.words if (word := " ".join(each.split()))}
    taken = [word for key, word in words.items() if photo.own.get(key) is False]
    names, refused = _placed(photo.faces, heard.names, ids)
    return ImportChanges(
        photo=photo.id,
        words=tuple(word for key, word in words.items() if key not in photo.own),
        rating=heard.rating if (heard.rating or None) != photo.rating and heard.rating else None,
        names=tuple(names),
        refused=(*(f"the tag {word!r} was removed from it here" for word in taken), *refused),
    )


def people_ids(library: Library) -> dict[str, int]:
    """Return the row ids of all people with names, by folded name."""
    with library.reading() as connection:
        return _people(connection)


def take_in(library: Library, found: Sequence[ImportChanges]) -> None:
    """Store what is new: words become own tags, names become the user's corrections."""
    if not any(found):
        return
    with library.writing() as connection, recording(connection, "xmp", _told(found)):
        _take_words(connection, found)
        rated = [each for each in found if each.rating is not None]
        for each in rated:
            connection.execute(update(photos).where(photos.c.id == each.photo).values(rating=each.rating))
        _take_names(connection, [pair for each in found for pair in each.names])


def _told(found: Sequence[ImportChanges]) -> str:
    """Return what was imported, as a sentence in the past."""
    counts = {
        "word": sum(len(each.words) for each in found),
        "rating": sum(each.rating is not None for each in found),
        "name": sum(len(each.names) for each in found),
    }
    *first, final = [counted(count, noun) for noun, count in counts.items() if count]
    what = f"{', '.join(first)} and {final}" if first else final
    return f"Imported {what} of {counted(sum(map(bool, found)), 'photo')} from XMP"


def _placed(
    known: Sequence[KnownFace], named: Sequence[tuple[str, Box]], ids: Mapping[str, int]
) -> tuple[list[tuple[int, str]], list[str]]:
    """Match names to the faces that they overlap most, each face and each region once; return these, and the rest."""
    pairs = [(_alike(face.box, region), number, face) for number, (_, region) in enumerate(named) for face in known]
    pairs.sort(key=lambda each: (-each[0], each[1], each[2].id))
    left, free, names, refused = dict(enumerate(named)), {face.id for face in known}, [], []
    for overlap, number, face in pairs:
        if overlap > 0 and number in left and face.id in free:
            name, _ = left.pop(number)
            free.remove(face.id)
            problem = _problem(face, name, ids)
            if problem:
                refused.append(problem)
            elif not (face.by_user and face.name is not None and folded(face.name) == folded(name)):
                names.append((face.id, " ".join(name.split())))
    return names, refused + [f"no face was found at the position of {name!r}" for name, _ in left.values()]


def _alike(face: Box, region: Box) -> float:
    """Return how well two boxes match, 0 where they show different faces: some programs draw the whole head."""
    overlap = face.overlap(region)
    is_inside = _holds(face, region) and _holds(region, face) and 0.1 < face.area / region.area < 10
    return overlap if overlap >= _SAME or is_inside else 0.0


def _holds(box: Box, other: Box) -> bool:
    center = other.center
    return box.left <= center.x <= box.left + box.width and box.top <= center.y <= box.top + box.height


def _problem(face: KnownFace, name: str, ids: Mapping[str, int]) -> str:
    try:
        checked_name(name)
    except IndexerError as error:
        return str(error)
    if face.is_forgotten:
        return f"{name!r}: the face was erased"
    if face.by_user and face.name is not None and folded(face.name) != folded(name):
        return f"{name!r} is named {face.name!r} here"
    if ids.get(folded(name)) in face.refused:
        return f"{name!r}: the face was rejected for this person here"
    return ""


def _take_words(connection: Connection, found: Sequence[ImportChanges]) -> None:
    given = [(each.photo, word) for each in found for word in each.words]
    if not given:
        return
    ids = {word: tag_id(connection, word) for word in sorted({word for _, word in given})}
    (source,) = intern(connection, sources, [OWN]).values()
    for word, tag in ids.items():  # a tag that differs only in case is replaced
        same = select(tags.c.id).where(tags.c.folded == folded(word), tags.c.id != tag)
        having = [photo for photo, other in given if other == word]
        others = photo_tags.c.tag_id.in_(same.scalar_subquery())
        connection.execute(delete(photo_tags).where(photo_tags.c.photo_id.in_(having), others))
    rows = [{"photo_id": photo, "tag_id": ids[word]} for photo, word in given]
    mark = {"position": OWN_PLACE, "score": 1.0, "source_id": source}
    upsert(connection, own_tags, ["photo_id", "tag_id"], [{**row, "wanted": 1} for row in rows])
    upsert(connection, photo_tags, ["photo_id", "tag_id"], [{**row, **mark} for row in rows])


def _take_names(connection: Connection, named: Sequence[tuple[int, str]]) -> None:
    """Assign faces to people. The others in a group without a name are left open: grouping decides anew."""
    if not named:
        return
    ids = {name: person_with(connection, name) for name in sorted({name for _, name in named})}
    rows = [{"face_id": face, "person_id": ids[name], "by_user": 1} for face, name in named]
    upsert(connection, person_faces, ["face_id"], rows)
    empty = people.c.name.is_(None) & people.c.id.not_in(select(person_faces.c.person_id))
    connection.execute(delete(people).where(empty))


def _people(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(people.c.folded, people.c.id).where(people.c.folded.is_not(None)))
    return {row.folded: row.id for row in rows}
