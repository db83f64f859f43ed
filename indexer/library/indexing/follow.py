"""Move tracking: known photos are assigned to the files that have their bytes now, in one transaction.

Each photo that moved is set aside before any arrives, so none collides with another in a chain or a swap of names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, null, or_, select, update

from indexer.library.db.batching import batched
from indexer.library.db.roots import Roots, find_ids, path_text
from indexer.library.db.tables import faces, photos
from indexer.library.photo_rows.said import with_said
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Moved, Replaced

_OF_THE_FILE = ("name", "mtime")  # dates that change with the name or time of the file
_NUMBER = photos.c.id == bindparam("number")


def follow(connection: Connection, roots: Roots, moved: Sequence[Moved], now: str) -> list[Replaced]:
    """Assign photos to the files that have their bytes now; the caller makes copies, at paths that are free then.

    Return the photos that have user data and whose paths others have now: they are missing from now on.
    """
    known = _known(connection, [each.photo for each in moved])
    there = [each for each in moved if each.photo in known]
    going = [each for each in there if each.gone]
    for some in batched([each.photo for each in going]):
        connection.execute(update(photos).where(photos.c.id.in_(some)).values(replaced=photos.c.id))
    arriving = [each for each in there if each.gone or each.old_path != each.file.path]
    replaced = make_room(connection, roots, [each.file for each in arriving], now)
    _arrive(connection, roots, [each for each in there if each.gone or each.old_path == each.file.path])
    return replaced


def make_room(connection: Connection, roots: Roots, files: Iterable[PhotoFile], now: str) -> list[Replaced]:
    """Free the paths of these files in the library.

    A photo with user data is kept as missing; the others are deleted, as a scan can find out all about them again.
    """
    there = find_ids(connection, [roots.place(file.path) for file in files])
    kept = with_said(connection, there.values())
    for some in batched(there.values()):
        connection.execute(delete(photos).where(photos.c.id.in_([each for each in some if each not in kept])))
    return set_aside(connection, roots, {place: number for place, number in there.items() if number in kept}, now)


def set_aside(connection: Connection, roots: Roots, there: dict[tuple[int, bytes], int], now: str) -> list[Replaced]:
    """Keep photos as missing whose paths other photos get."""
    gone: dict[str, Any] = {"replaced": photos.c.id, "missing_since": func.coalesce(photos.c.missing_since, now)}
    failed = photos.c.model_set_id.is_(None)  # else it was at other bytes
    gone |= {name: case((failed, photos.c[name]), else_=null()) for name in ("failed_stage", "failed_reason")}
    for some in batched(there.values()):
        connection.execute(update(photos).where(photos.c.id.in_(some)).values(gone))
    return [Replaced(roots.path(*place), number) for place, number in there.items()]


def file_columns(roots: Roots, file: PhotoFile) -> dict[str, Any]:
    """Return the columns of an existing file, and of the photo that has its path."""
    root_id, path = roots.place(file.path)
    return {
        "root_id": root_id,
        "path": path,
        "path_text": path_text(path),
        "replaced": 0,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "ctime_ns": file.ctime_ns,
        "missing_since": None,
    }


def _known(connection: Connection, numbers: Sequence[int]) -> set[int]:
    return {
        number
        for some in batched(numbers)
        for number in connection.scalars(select(photos.c.id).where(photos.c.id.in_(some)))
    }


def _arrive(connection: Connection, roots: Roots, moved: Sequence[Moved]) -> None:
    if not moved:
        return
    rows = [{f"new_{name}": value for name, value in file_columns(roots, each.file).items()} for each in moved]
    failed = photos.c.failed_stage.is_not(None) & photos.c.model_set_id.is_(None)  # these bytes failed, wherever
    change: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in rows[0]}
    change |= {name: case((failed, photos.c[name]), else_=null()) for name in ("failed_stage", "failed_reason")}
    numbered = [{"number": each.photo, **row} for each, row in zip(moved, rows, strict=True)]
    connection.execute(update(photos).where(_NUMBER).values(**change, content_size=null()), numbered)
    taken = [{"number": each.photo, "at": each.taken[0], "by": each.taken[1]} for each in moved if each.taken]
    if taken:
        retaken = update(photos).where(_NUMBER, or_(*(photos.c.taken_from == each for each in _OF_THE_FILE)))
        connection.execute(retaken.values(taken_at=bindparam("at"), taken_from=bindparam("by")), taken)
    make_private(connection, [each.photo for each in moved if each.is_private])


def make_private(connection: Connection, numbers: Sequence[int]) -> None:
    """Drop the faces of photos, and let the next scan analyze these: they lie where no faces may be known."""
    for some in batched(numbers):
        connection.execute(delete(faces).where(faces.c.photo_id.in_(some)))
        connection.execute(update(photos).where(photos.c.id.in_(some)).values(model_set_id=None))  # to be analyzed
