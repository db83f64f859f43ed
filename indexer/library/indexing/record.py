"""Recording of scan outcomes: each outcome becomes rows of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Update, bindparam, case, delete, func, null, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.errors import printable
from indexer.library.db.batching import batched
from indexer.library.db.roots import Roots, find_ids
from indexer.library.db.rows import has_stamp, photo_columns, read_analyses
from indexer.library.db.tables import model_sets, photos, strangers
from indexer.library.history.entries import log_replaced
from indexer.library.indexing.edited import others
from indexer.library.indexing.follow import file_columns, follow, make_private, set_aside
from indexer.library.indexing.state import missing
from indexer.library.photo_rows.said import copy_said, with_said
from indexer.library.photo_rows.write_analysis import (
    intern,
    replace_evidence,
    replace_faces,
    replace_objects,
    replace_tags,
    upsert,
)
from indexer.library.photo_rows.write_text import replace_text
from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Moved, Outcome, Removed, Replaced, Skipped, Unchanged

Taken: TypeAlias = tuple[str, str] | None
Seen: TypeAlias = Sequence[tuple[PhotoFile, Analysis]]
_OF_THE_FILE = ("name", "mtime")  # dates that change with the name or time of the file
_PLACE = ("root_id", "path", "replaced")
_CHUNK = 500  # rows looked up at a time: SQLite accepts 32,766 values in a statement
_HERE = (photos.c.root_id == bindparam("root"), photos.c.path == bindparam("place"), photos.c.replaced == 0)


def record(connection: Connection, outcomes: Iterable[Outcome], now: str) -> list[Replaced]:
    """Store the outcomes of photos, in order; adjacent moves are one assignment, whatever their paths.

    Return the photos that have user data and whose paths others have now: they are missing from now on.
    A photo to be moved or copied that is no longer known is skipped: the next scan finds the file unknown.
    now: the time of it, ISO 8601.  Errors: LibraryError for a path outside all roots.
    """
    roots = Roots.read(connection)
    replaced: list[Replaced] = []
    for run in _runs(outcomes):
        replaced += _WRITERS[type(run[0])](connection, roots, run, now) or ()
        _no_strangers(connection, roots, run)
    _log(connection, roots, replaced, now)
    return replaced


def learn_change_times(connection: Connection, files: Iterable[PhotoFile]) -> None:
    """Store the change times of files whose stamps are known without them."""
    roots = Roots.read(connection)
    rows = [
        {"root": root_id, "place": path, "changed": file.ctime_ns, "length": file.size, "modified": file.mtime_ns}
        for file in files
        for root_id, path in (roots.place(file.path),)
    ]
    same = has_stamp(bindparam("length"), bindparam("modified"))
    if rows:
        connection.execute(update(photos).where(*_HERE, same).values(ctime_ns=bindparam("changed")), rows)


def _log(connection: Connection, roots: Roots, replaced: Sequence[Replaced], now: str) -> None:
    """Log which photos were replaced by others under their paths, so that the user can undo it."""
    numbers = find_ids(connection, [roots.place(each.path) for each in replaced])
    for each in replaced:
        number = numbers.get(roots.place(each.path), 0)
        log_replaced(connection, printable(each.path), each.photo, number, now)


def prune(connection: Connection) -> list[Path]:
    """Delete the photos that are missing, with all their data; return their paths, in order."""
    paths = missing(connection)
    connection.execute(delete(photos).where(photos.c.missing_since.is_not(None)))
    connection.execute(delete(strangers))  # missing ones, too; the next scan opens the existing ones once
    return paths


def _runs(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """Yield adjacent outcomes of one kind with different paths: within a run the order does not matter."""
    run: list[Outcome] = []
    touched: set[Path] = set()
    for outcome in outcomes:
        paths = _paths(outcome)
        is_full = len(run) >= _CHUNK or not touched.isdisjoint(paths)
        if run and (type(outcome) is not type(run[0]) or (is_full and not isinstance(outcome, Moved))):
            yield run
            run, touched = [], set()
        run.append(outcome)
        touched.update(paths)
    if run:
        yield run


def _paths(outcome: Outcome) -> tuple[Path, ...]:
    match outcome:
        case Removed(path) | Replaced(path):
            return (path,)
    return (outcome.file.path,)


def _indexed(connection: Connection, roots: Roots, outcomes: Sequence[Indexed], now: str) -> list[Replaced]:
    """Store analyses: an edited photo keeps its row, another photo under its path gets a new one."""
    seen = {roots.place(outcome.file.path): outcome.analysis for outcome in outcomes}
    there = find_ids(connection, seen)
    said = with_said(connection, there.values())  # without user data there is nothing to hand over
    other = others(connection, {number: seen[place] for place, number in there.items() if number in said})
    replaced = set_aside(connection, roots, {place: number for place, number in there.items() if number in other}, now)
    _store(connection, roots, [(outcome.file, outcome.analysis) for outcome in outcomes], now)
    for outcome in outcomes:
        if outcome.original is not None:
            _take_over(connection, roots, outcome, outcome.original)
    return replaced


def _take_over(connection: Connection, roots: Roots, outcome: Indexed, original: int) -> None:
    """Copy user data to an edited photo from its original, which now lies beside it (as `exiftool` leaves it)."""
    if not others(connection, {original: outcome.analysis}):
        number = find_ids(connection, [roots.place(outcome.file.path)])[roots.place(outcome.file.path)]
        copy_said(connection, original, number)
        replace_tags(connection, {number: outcome.analysis.tags})


def _failed(connection: Connection, roots: Roots, outcomes: Sequence[Failed], _now: str) -> None:
    """Keep the results of an earlier attempt: one read error of a disk must not cost names and tags."""
    rows = [
        {
            **file_columns(roots, outcome.file),
            "failed_stage": outcome.stage,
            "failed_reason": printable(outcome.reason),
            "content_hash": outcome.content,
        }
        for outcome in outcomes
    ]
    new = insert(photos)
    is_known = photos.c.model_set_id.is_not(None)  # its hash is that of what was analyzed
    kept = {
        "content_hash": case((is_known, photos.c.content_hash), else_=new.excluded.content_hash),
        "content_size": case((is_known, func.coalesce(photos.c.content_size, photos.c.size)), else_=null()),
    }
    others = {name: new.excluded[name] for name in rows[0] if name not in _PLACE} | kept
    connection.execute(new.on_conflict_do_update(index_elements=_PLACE, set_=others), rows)


def _passed(connection: Connection, roots: Roots, outcomes: Sequence[Skipped], now: str) -> None:
    """Mark photos missing whose files are no photos any more."""
    rows = [
        {"root_id": root_id, "path": path, "size": outcome.file.size, "mtime_ns": outcome.file.mtime_ns}
        for outcome in outcomes
        for root_id, path in (roots.place(outcome.file.path),)
    ]
    upsert(connection, strangers, ["root_id", "path"], rows)
    _removed(connection, roots, [Removed(outcome.file.path) for outcome in outcomes], now)


def _no_strangers(connection: Connection, roots: Roots, outcomes: Sequence[Outcome]) -> None:
    """Remove paths that are photos now from the list of non-photos."""
    files = [outcome.file for outcome in outcomes if isinstance(outcome, Indexed | Failed | Moved)]
    if files:
        here = (strangers.c.root_id == bindparam("root"), strangers.c.path == bindparam("place"))
        places = [dict(zip(("root", "place"), roots.place(file.path), strict=True)) for file in files]
        connection.execute(delete(strangers).where(*here), places)


def _moved(connection: Connection, roots: Roots, outcomes: Sequence[Moved], now: str) -> list[Replaced]:
    """Store a whole assignment: moves first, then copies."""
    replaced = follow(connection, roots, outcomes, now)
    copied = [each for each in outcomes if not each.gone and each.old_path != each.file.path]
    for some in batched(copied):
        _copy(connection, roots, some, now)
    return replaced


def _copy(connection: Connection, roots: Roots, copies: Sequence[Moved], now: str) -> None:
    """Give copies the analyses and the user data of the photos whose bytes they have."""
    analyses = read_analyses(connection, [each.photo for each in copies])
    known = [each for each in copies if each.photo in analyses]
    if not known:
        return
    _store(connection, roots, [(each.file, _retaken(analyses[each.photo], each.taken)) for each in known], now)
    ids = find_ids(connection, [roots.place(each.file.path) for each in known])
    numbers = {ids[roots.place(each.file.path)]: each for each in known}
    for number, each in numbers.items():
        copy_said(connection, each.photo, number)
    replace_tags(connection, {number: analyses[each.photo].tags for number, each in numbers.items()})
    make_private(connection, [number for number, each in numbers.items() if each.is_private])


def _retaken(analysis: Analysis, taken: Taken) -> Analysis:
    if not taken or analysis.metadata.taken_from not in _OF_THE_FILE:
        return analysis
    return replace(analysis, metadata=replace(analysis.metadata, taken_at=taken[0], taken_from=taken[1]))


def _removed(connection: Connection, roots: Roots, outcomes: Sequence[Removed], now: str) -> None:
    present = update(photos).where(photos.c.missing_since.is_(None)).values(missing_since=now)
    _each(connection, present, roots, [outcome.path for outcome in outcomes])


def _unchanged(connection: Connection, roots: Roots, outcomes: Sequence[Unchanged], _now: str) -> None:
    if connection.execute(select(photos.c.id).where(photos.c.missing_since.is_not(None)).limit(1)).first():
        _each(connection, update(photos).values(missing_since=None), roots, [outcome.file.path for outcome in outcomes])


_WRITERS: Mapping[type[Outcome], Callable[[Connection, Roots, Sequence[Any], str], list[Replaced] | None]] = {
    Indexed: _indexed,
    Failed: _failed,
    Moved: _moved,
    Skipped: _passed,
    Removed: _removed,
    Unchanged: _unchanged,
}


_WHOLE = {"failed_stage": None, "failed_reason": None, "content_size": None}  # of a photo that was analyzed


def _each(connection: Connection, change: Update, roots: Roots, paths: Iterable[Path]) -> None:
    places = [dict(zip(("root", "place"), roots.place(path), strict=True)) for path in paths]
    connection.execute(change.where(*_HERE), places)


def _store(connection: Connection, roots: Roots, seen: Seen, now: str) -> None:
    """Store photos with all their data, in place of their former rows."""
    sets = intern(connection, model_sets, {" ".join(analysis.models) for _, analysis in seen})
    rows = [
        {
            **file_columns(roots, file),
            **photo_columns(analysis),
            **_WHOLE,
            "model_set_id": sets[" ".join(analysis.models)],
            "indexed_at": now,
        }
        for file, analysis in seen
    ]
    upsert(connection, photos, _PLACE, rows)
    ids = find_ids(connection, [roots.place(file.path) for file, _ in seen])
    analyses = {ids[roots.place(file.path)]: analysis for file, analysis in seen}
    replace_evidence(connection, analyses)
    replace_objects(connection, analyses)
    replace_text(connection, {photo: analysis.lines for photo, analysis in analyses.items()})
    replace_tags(connection, {photo: analysis.tags for photo, analysis in analyses.items()})
    replace_faces(connection, {photo: analysis.faces for photo, analysis in analyses.items()})
