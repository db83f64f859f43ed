"""Root folders of the library, and paths relative to them, so that a library can move with its photos.

Paths are bytes, exactly as the file system has them. No root lies inside another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, cast, delete, func, insert, select, update
from sqlalchemy.sql.expression import literal

from indexer.errors import IndexerError, LibraryError, printable
from indexer.library.db.batching import batched
from indexer.library.db.tables import photos, roots

Place: TypeAlias = tuple[int, bytes]  # root id, relative path
_SEPARATOR = os.fsencode(os.sep)


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots of a library: id → bytes of the path, ending with a separator."""

    prefixes: Mapping[int, bytes]

    @classmethod
    def read(cls, connection: Connection) -> Roots:
        """Read all roots; there are few."""
        rows = connection.execute(select(roots.c.id, roots.c.path).order_by(roots.c.path))
        return cls({row.id: row.path for row in rows})

    @property
    def folders(self) -> list[Path]:
        """The root folders, in order of their bytes."""
        return [Path(os.fsdecode(prefix)) for prefix in self.prefixes.values()]

    def place(self, path: Path) -> Place:
        """Return the root that contains a path, and its bytes relative to it. Errors: LibraryError."""
        name = os.fsencode(_absolute(path))
        for root_id, prefix in self.prefixes.items():
            if name.startswith(prefix):
                return root_id, name[len(prefix) :]
        raise LibraryError(path, "is not in a folder of the library; scan its folder first")

    def hold(self, path: Path) -> bool:
        """Return whether a path lies in one of them."""
        name = os.fsencode(_absolute(path))
        return any(name.startswith(prefix) for prefix in self.prefixes.values())

    def path(self, root_id: int, relative: bytes) -> Path:
        """Return the absolute path of a row."""
        return Path(os.fsdecode(self.prefixes[root_id] + relative))

    def within(self, folder: Path) -> list[Place]:
        """Return the part of each root that lies in a folder: (root id, relative prefix, empty for all of it)."""
        wanted = folder_bytes(folder)
        inner = [(root_id, b"") for root_id, prefix in self.prefixes.items() if prefix.startswith(wanted)]
        return inner or [
            (root_id, wanted[len(prefix) :]) for root_id, prefix in self.prefixes.items() if wanted.startswith(prefix)
        ]


def folder_bytes(folder: Path) -> bytes:
    """Return the bytes of a folder's absolute path, ending with one separator."""
    name = os.fsencode(_absolute(folder))
    return name if name.endswith(_SEPARATOR) else name + _SEPARATOR


def part(root_id: int, prefix: bytes) -> ColumnElement[bool]:
    """Return the condition for photos of a root whose relative path begins with `prefix` (ending with a separator)."""
    whole = photos.c.root_id == root_id
    if not prefix:
        return whole
    return and_(whole, photos.c.path >= prefix, photos.c.path < prefix[:-1] + bytes([prefix[-1] + 1]))


def find_ids(connection: Connection, places: Iterable[Place], *conditions: ColumnElement[bool]) -> dict[Place, int]:
    """Return the row ids of the photos that have these paths now; a path without a photo is left out."""
    names: dict[int, list[bytes]] = {}
    for root_id, path in places:
        names.setdefault(root_id, []).append(path)
    query = select(photos.c.id, photos.c.path).where(photos.c.replaced == 0, *conditions)
    return {
        (root_id, row.path): row.id
        for root_id, paths in names.items()
        for some in batched(paths)
        for row in connection.execute(query.where(photos.c.root_id == root_id, photos.c.path.in_(some)))
    }


def find_photo(connection: Connection, photo: Path | int) -> int | None:
    """Return the row id of a photo given by path or id; None where the library does not know it."""
    if isinstance(photo, int):
        known = 0 < photo < 2**63
        return connection.scalar(select(photos.c.id).where(photos.c.id == photo)) if known else None
    roots = Roots.read(connection)
    return next(iter(find_ids(connection, [roots.place(photo)]).values()), None) if roots.hold(photo) else None


def known_photo(connection: Connection, photo: Path | int) -> int:
    """Return the row id of a photo given by path or id. Errors: LibraryError for an unknown one."""
    number = find_photo(connection, photo)
    if number is None:
        raise _unknown(photo)
    return number


def _unknown(photo: Path | int) -> IndexerError:
    if isinstance(photo, int):
        return IndexerError(f"the library has no photo {photo}")
    return LibraryError(photo, "is not in the library; scan its folder first")


def add_root(connection: Connection, folder: Path) -> Path:
    """Add a folder as a root and return the root that owns it: itself, or the root that contains it.

    Roots inside the folder become part of it: their photos keep all their data.
    """
    name = folder_bytes(folder)
    known = Roots.read(connection).prefixes
    for prefix in known.values():
        if name.startswith(prefix):
            return Path(os.fsdecode(prefix))
    added = connection.execute(insert(roots).values(path=name, path_text=path_text(name))).inserted_primary_key
    assert added is not None
    for root_id, prefix in known.items():
        if prefix.startswith(name):
            rehome(connection, (root_id, b""), (added[0], prefix[len(name) :]))
            connection.execute(delete(roots).where(roots.c.id == root_id))
    return Path(os.fsdecode(name))


def rehome(connection: Connection, source: Place, target: Place) -> int:
    """Move the photos of a part of one root to free paths in another; return how many."""
    (old_root, old_prefix), (new_root, new_prefix) = source, target
    tail = func.substr(photos.c.path, len(old_prefix) + 1)
    path = cast(literal(new_prefix, LargeBinary).op("||")(tail), LargeBinary)
    tail_text = func.substr(photos.c.path_text, len(path_text(old_prefix)) + 1)
    return connection.execute(
        update(photos)
        .where(part(old_root, old_prefix))
        .values(root_id=new_root, path=path, path_text=path_text(new_prefix) + tail_text)
    ).rowcount


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - lexical: a root may be a link, and need not exist


def path_text(name: bytes) -> str:
    """Return a path as text: bytes that are not UTF-8 become '�'."""
    return printable(os.fsdecode(name))
