"""Photos as other programs may see them: tags, ratings, people and hiding, for export and for comparison on import.

Other programs' data never undoes what users said here: conflicts are reported instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, or_, select, update

from indexer.errors import LibraryError
from indexer.geometry import Box
from indexer.library.db.roots import Roots, part
from indexer.library.db.rows import SHOWN, UNSEEN, box, has_stamp, read_tags
from indexer.library.db.tables import faces, photos, tags
from indexer.library.db.user_tables import own_tags, people, person_faces, refusals
from indexer.library.query.ast import folded
from indexer.values.analysis import Tag
from indexer.values.files import PhotoFile

if TYPE_CHECKING:
    from indexer.library.store import Library

_THERE = photos.c.missing_since.is_(None) & photos.c.failed_stage.is_(None) & photos.c.model_set_id.is_not(None)


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face of a photo: its person (None: unassigned), and whether the user assigned it.

    is_forgotten: its person does not want to be known.  is_hidden: the user does not want to see the person.
    refused: who it is not, according to the user (row ids of people).
    """

    id: int
    box: Box
    name: str | None
    by_user: bool
    is_forgotten: bool
    is_hidden: bool
    refused: frozenset[int] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether other programs may know whose face it is."""
        return not self.is_forgotten and not self.is_hidden


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """The data of a photo that is exchanged with other programs.

    width, height: pixels of the upright photo, 0 where they are not known.  own: words in folded form that the
    user added (True) or removed (False).
    """

    id: int
    file: PhotoFile
    width: int
    height: int
    orientation: int
    rating: int | None
    is_shown: bool
    tags: tuple[Tag, ...] = ()
    faces: tuple[KnownFace, ...] = ()
    own: Mapping[str, bool] = field(default_factory=dict)

    def lost(self, word: str) -> bool:
        """Return whether the user removed a word from the photo."""
        return self.own.get(folded(word)) is False


def known_photos(library: Library, folders: Sequence[Path] = (), count: int = 500) -> Iterator[list[KnownPhoto]]:
    """Yield the photos of some folders (none: all) whose files exist and are readable, `count` at a time.

    Writing meanwhile is allowed.
    Errors: LibraryError, before anything is yielded, for a folder of which the library knows nothing.
    """
    with library.reading() as connection:
        roots = Roots.read(connection)
        places = [_places(roots, connection, folder) for folder in folders]
    inside = [or_(*(part(*place) for place in here)) for here in places]
    query = select(photos, SHOWN.label("is_shown")).where(_THERE).order_by(photos.c.id)
    if inside:
        query = query.where(or_(*inside))
    last = 0
    while True:
        with library.reading() as connection:
            rows = connection.execute(query.where(photos.c.id > last).limit(count)).all()
            found = _photos(connection, roots, rows)
        if not found:
            return
        last = rows[-1].id
        yield found


def restamp(library: Library, old: PhotoFile, new: PhotoFile, content: bytes) -> None:
    """Record new bytes (by SHA-256) of a photo's file whose picture is the same: it stays known."""
    with library.writing() as connection:
        root_id, path = Roots.read(connection).place(old.path)
        here = (photos.c.root_id == root_id, photos.c.path == path, photos.c.replaced == 0)
        unchanged = update(photos).where(*here, has_stamp(old.size, old.mtime_ns))
        now = {"size": new.size, "mtime_ns": new.mtime_ns, "ctime_ns": new.ctime_ns, "content_hash": content}
        connection.execute(unchanged.values(now))


def _places(roots: Roots, connection: Connection, folder: Path) -> list[tuple[int, bytes]]:
    places = roots.within(folder)
    here = or_(*(part(*place) for place in places)) if places else None
    if here is None or connection.execute(select(photos.c.id).where(here).limit(1)).first() is None:
        raise LibraryError(folder, "contains no photos of the library; scan it first")
    return places


def _photos(connection: Connection, roots: Roots, rows: Sequence[Row[Any]]) -> list[KnownPhoto]:
    ids = [row.id for row in rows]
    marks, found, own = read_tags(connection, ids), _faces(connection, ids), _own(connection, ids)
    return [
        KnownPhoto(
            id=row.id,
            file=PhotoFile(roots.path(row.root_id, row.path), row.size, row.mtime_ns, row.ctime_ns),
            width=row.width or 0,
            height=row.height or 0,
            orientation=row.orientation or 1,
            rating=row.rating,
            is_shown=bool(row.is_shown),
            tags=tuple(tag for _, tag in marks[row.id]),
            faces=tuple(found[row.id]),
            own=own[row.id],
        )
        for row in rows
    ]


def _faces(connection: Connection, ids: Sequence[int]) -> defaultdict[int, list[KnownFace]]:
    joined = faces.outerjoin(person_faces, person_faces.c.face_id == faces.c.id).outerjoin(people)
    query = select(faces, person_faces.c.by_user, people.c.name, people.c.is_hidden.label("person_hidden"))
    refused = _grouped(
        connection.execute(
            select(refusals.c.face_id, refusals.c.person_id).join(faces).where(faces.c.photo_id.in_(ids))
        )
    )
    found: defaultdict[int, list[KnownFace]] = defaultdict(list)
    seen = (faces.c.photo_id.in_(ids), faces.c.position > UNSEEN)
    here = query.select_from(joined).where(*seen).order_by(faces.c.photo_id, faces.c.position)
    for row in connection.execute(here):
        known = (row.name, bool(row.by_user), bool(row.is_forgotten), bool(row.person_hidden))
        found[row.photo_id].append(KnownFace(row.id, box(row), *known, frozenset(refused[row.id])))
    return found


def _own(connection: Connection, ids: Sequence[int]) -> defaultdict[int, dict[str, bool]]:
    query = select(own_tags.c.photo_id, tags.c.folded, own_tags.c.wanted).join(tags)
    found: defaultdict[int, dict[str, bool]] = defaultdict(dict)
    for row in connection.execute(query.where(own_tags.c.photo_id.in_(ids))):
        found[row.photo_id][row.folded] = bool(row.wanted)
    return found


def _grouped(pairs: Iterable[Any]) -> defaultdict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found
