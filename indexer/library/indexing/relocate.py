"""Relocation of a library folder to another path, and the search for the new path of a missing root.

Photos are matched by bytes: one that is known at the new path, too, is merged with the photo of the old path.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from indexer.errors import LibraryError
from indexer.library.db.batching import batched
from indexer.library.db.roots import Place, Roots, add_root, folder_bytes, part, rehome
from indexer.library.db.rows import read_analyses
from indexer.library.db.tables import photos, roots
from indexer.library.history.entries import log_replaced
from indexer.library.history.joined_photos import log_joined
from indexer.library.photo_rows.said import add_said, with_said
from indexer.library.photo_rows.write_analysis import replace_tags

_ASIDE = b"\0"  # no path has it
_STAMP = ("root_id", "path", "path_text", "size", "mtime_ns", "ctime_ns", "missing_since")
_COLUMNS = (photos.c.id, photos.c.content_hash, *(photos.c[name] for name in _STAMP))
_LEAST = 0.5  # the share of a root's photos that makes a place worth reporting


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The new path of a root's photos: `found` of `photos` lie in `folder`, under the same names."""

    folder: Path
    found: int
    photos: int


def relocate(connection: Connection, old: Path, new: Path, now: str) -> int:
    """Record that a root, or a folder in one, now lies at `new`; return how many of its photos are there now.

    Photos whose bytes are known there already are merged with those. One under whose path another photo is known is
    missing from now on, if it has user data. The next scan compares the stamps.
    Errors: LibraryError where nothing of the library lies in the old folder.
    """
    known = Roots.read(connection)
    sources = known.within(old)
    if not sources:
        raise LibraryError(old, "is not a folder of the library").advise("list-folders")
    if sources[0][1]:  # a folder in a root: its new place may hold that root, which then becomes a part of it
        add_root(connection, new)
        known = Roots.read(connection)
        sources = known.within(old)
    left, right = folder_bytes(old), folder_bytes(new)
    targets = [right + known.prefixes[root_id][len(left) :] if not prefix else right for root_id, prefix in sources]
    # All are set aside before any arrives: no collisions where one place lies in the other.
    aside = [_put_aside(connection, source) for source in sources]
    return sum(_arrive(connection, *each, now) for each in zip(aside, targets, strict=True))


def elsewhere(connection: Connection, root: Path, there: Sequence[Path]) -> Elsewhere | None:
    """Return where at least half of a root's photos were found, by bytes and name, in other roots; None: nowhere."""
    known = Roots.read(connection)
    numbers = {folder: root_id for root_id, folder in zip(known.prefixes, known.folders, strict=True)}
    others = [numbers[folder] for folder in there if folder in numbers and folder != root]
    here = (photos.c.root_id == numbers[root], photos.c.replaced == 0)
    total = connection.scalar(select(func.count()).where(*here)) or 0
    other = photos.alias()
    query = select(photos.c.path, other.c.root_id, other.c.path.label("now")).where(*here)
    query = query.join(other, other.c.content_hash == photos.c.content_hash)
    query = query.where(other.c.root_id.in_(others), other.c.missing_since.is_(None))
    places: Counter[bytes] = Counter()
    for row in connection.execute(query):
        whole = known.prefixes[row.root_id] + row.now
        if whole.endswith(os.fsencode(os.sep) + row.path):
            places[whole[: -len(row.path)]] += 1
    (folder, found) = next(iter(places.most_common(1)), (b"", 0))
    return Elsewhere(Path(os.fsdecode(folder)), found, total) if found and found >= _LEAST * total else None


def _put_aside(connection: Connection, source: Place) -> Place:
    root_id, prefix = source
    here = update(photos).where(part(root_id, prefix), photos.c.replaced == 0)
    connection.execute(here.values(missing_since=None))
    if prefix:
        rehome(connection, source, (root_id, _ASIDE))
        return root_id, _ASIDE
    connection.execute(update(roots).where(roots.c.id == root_id).values(path=_ASIDE + bytes(str(root_id), "ascii")))
    return root_id, b""


def _arrive(connection: Connection, aside: Place, target: bytes, now: str) -> int:
    folder = Path(os.fsdecode(target))
    add_root(connection, folder)
    (owner,) = Roots.read(connection).within(folder)
    merged = _merge(connection, aside, owner)
    crowded = _make_way(connection, aside, owner, now)
    count = rehome(connection, aside, owner) + merged - crowded
    if not aside[1]:
        connection.execute(delete(roots).where(roots.c.id == aside[0]))
    return count


def _merge(connection: Connection, aside: Place, owner: Place) -> int:
    """Merge the photos that are known at both paths; return how many pairs there were."""
    coming = connection.execute(select(*_COLUMNS).where(_current(aside), photos.c.content_hash.is_not(None))).all()
    pairs = _pairs(coming, connection.execute(select(*_COLUMNS).where(_current(owner, aside))).all(), aside, owner)
    if not pairs:
        return 0
    same_faces: dict[int, int] = {}
    for photo, other in _with_said(connection, pairs):
        same_faces |= add_said(connection, other.id, photo.id)
    log_joined(connection, {other.id: photo.id for photo, other in pairs}, same_faces)
    numbers = [photo.id for photo, _ in pairs]
    for some in batched([other.id for _, other in pairs]):
        connection.execute(delete(photos).where(photos.c.id.in_(some)))
    here = update(photos).where(photos.c.id == bindparam("number"))
    change = here.values({name: bindparam(f"new_{name}") for name in _STAMP})
    stamps = [
        {"number": photo.id, **{f"new_{name}": getattr(other, name) for name in _STAMP}} for photo, other in pairs
    ]
    connection.execute(change, stamps)
    for some in batched(numbers):
        analyses = read_analyses(connection, some, vector=False)
        replace_tags(connection, {number: analysis.tags for number, analysis in analyses.items()})
    return len(pairs)


def _pairs(
    coming: Sequence[Row[Any]], there: Iterable[Row[Any]], aside: Place, owner: Place
) -> list[tuple[Row[Any], Row[Any]]]:
    """Return which photos are the same, each once: those of the same bytes, under the same name first."""
    by_content: defaultdict[bytes, dict[bytes, Row[Any]]] = defaultdict(dict)
    for row in there:
        if row.content_hash is not None:
            by_content[row.content_hash][row.path[len(owner[1]) :]] = row
    named = [(row, by_content[row.content_hash].pop(row.path[len(aside[1]) :], None)) for row in coming]
    pairs = [(row, other) for row, other in named if other is not None]
    for row, other in named:
        if other is None and by_content[row.content_hash]:
            pairs.append((row, by_content[row.content_hash].popitem()[1]))
    return pairs


def _with_said(connection: Connection, pairs: Sequence[tuple[Row[Any], Row[Any]]]) -> list[tuple[Row[Any], Row[Any]]]:
    said = with_said(connection, [other.id for _, other in pairs])
    return [(photo, other) for photo, other in pairs if other.id in said]


def _make_way(connection: Connection, aside: Place, owner: Place, now: str) -> int:
    """Mark photos missing, or delete them, under whose paths others are known; return how many are kept."""
    there = connection.execute(select(photos.c.id, photos.c.path, photos.c.path_text).where(_current(owner, aside)))
    taken = {row.path[len(owner[1]) :]: row for row in there}
    rows = connection.execute(select(photos.c.id, photos.c.path).where(_current(aside)))
    other = {row.id: taken[name] for row in rows if (name := row.path[len(aside[1]) :]) in taken}
    crowded = list(other)
    kept = with_said(connection, crowded)
    for number in sorted(kept):
        log_replaced(connection, other[number].path_text, number, other[number].id, now)
    for some in batched(crowded):
        connection.execute(delete(photos).where(photos.c.id.in_([each for each in some if each not in kept])))
        gone: Mapping[str, Any] = {"replaced": photos.c.id, "missing_since": now}
        connection.execute(update(photos).where(photos.c.id.in_(some)).values(gone))
    return len(kept)


def _current(place: Place, but: Place | None = None) -> Any:
    """Return the condition for the photos of a part of a root, except those that are set aside there."""
    here = part(*place) & (photos.c.replaced == 0)
    return here if but is None else here & ~part(*but)
