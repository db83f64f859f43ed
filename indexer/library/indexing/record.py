"""Outcomes flow in; the rows of the library flow out of them."""

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
from indexer.photo import (
    Analysis,
    Failed,
    Indexed,
    Moved,
    Outcome,
    PhotoFile,
    Removed,
    Replaced,
    Skipped,
    Unchanged,
)

Taken: TypeAlias = tuple[str, str] | None
Seen: TypeAlias = Sequence[tuple[PhotoFile, Analysis]]
_OF_THE_FILE = ("name", "mtime")  # dates that another name or time of the file changes
_PLACE = ("root_id", "path", "replaced")
_CHUNK = 500  # rows looked up at a time: SQLite takes 32,766 values in a statement
_HERE = (photos.c.root_id == bindparam("root"), photos.c.path == bindparam("place"), photos.c.replaced == 0)


def record(connection: Connection, outcomes: Iterable[Outcome], now: str) -> list[Replaced]:
    """Store what became of photos, in order; neighbors that moved are one assignment, whatever their paths.

    Return the photos whose paths others have now, and of which users said something: they are missing from now on.
    A photo to be moved or copied that is not known any more is passed over: the next scan finds the file unknown.
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
    """Keep the change times of files that are known with their stamps but for these."""
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
    """Add to the change log which photos have given their names to others: who knows better can undo it."""
    numbers = find_ids(connection, [roots.place(each.path) for each in replaced])
    for each in replaced:
        number = numbers.get(roots.place(each.path), 0)
        log_replaced(connection, printable(each.path), each.photo, number, now)


def prune(connection: Connection) -> list[Path]:
    """Forget the photos that are missing, and all that is known of them; return their paths, in order."""
    paths = missing(connection)
    connection.execute(delete(photos).where(photos.c.missing_since.is_not(None)))
    connection.execute(delete(strangers))  # gone ones, too; the next scan opens once those that are there
    return paths


def _runs(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """Yield neighbors of one kind that touch different paths: within a run the order does not matter."""
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
    """What was edited is the photo that it was; another one under its path gets a number of its own."""
    seen = {roots.place(outcome.file.path): outcome.analysis for outcome in outcomes}
    there = find_ids(connection, seen)
    said = with_said(connection, there.values())  # where nothing was said, nothing can be given to another photo
    other = others(connection, {number: seen[place] for place, number in there.items() if number in said})
    replaced = set_aside(connection, roots, {place: number for place, number in there.items() if number in other}, now)
    _store(connection, roots, [(outcome.file, outcome.analysis) for outcome in outcomes], now)
    for outcome in outcomes:
        if outcome.original is not None:
            _take_over(connection, roots, outcome, outcome.original)
    return replaced


def _take_over(connection: Connection, roots: Roots, outcome: Indexed, original: int) -> None:
    """Give an edited photo what was said of its original, which now lies beside it (as `exiftool` leaves it)."""
    if not others(connection, {original: outcome.analysis}):
        number = find_ids(connection, [roots.place(outcome.file.path)])[roots.place(outcome.file.path)]
        copy_said(connection, original, number)
        replace_tags(connection, {number: outcome.analysis.tags})


def _failed(connection: Connection, roots: Roots, outcomes: Sequence[Failed], _now: str) -> None:
    """Keep what an earlier attempt found: a disk that stumbles once must not cost names and tags."""
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
    """What was a photo under this path is none now: its row is that of a missing one."""
    rows = [
        {"root_id": root_id, "path": path, "size": outcome.file.size, "mtime_ns": outcome.file.mtime_ns}
        for outcome in outcomes
        for root_id, path in (roots.place(outcome.file.path),)
    ]
    upsert(connection, strangers, ["root_id", "path"], rows)
    _removed(connection, roots, [Removed(outcome.file.path) for outcome in outcomes], now)


def _no_strangers(connection: Connection, roots: Roots, outcomes: Sequence[Outcome]) -> None:
    """What is a photo now is no stranger any more."""
    files = [outcome.file for outcome in outcomes if isinstance(outcome, Indexed | Failed | Moved)]
    if files:
        here = (strangers.c.root_id == bindparam("root"), strangers.c.path == bindparam("place"))
        places = [dict(zip(("root", "place"), roots.place(file.path), strict=True)) for file in files]
        connection.execute(delete(strangers).where(*here), places)


def _moved(connection: Connection, roots: Roots, outcomes: Sequence[Moved], now: str) -> list[Replaced]:
    """Write a whole assignment: what moved first, then the copies."""
    replaced = follow(connection, roots, outcomes, now)
    copied = [each for each in outcomes if not each.gone and each.old_path != each.file.path]
    for some in batched(copied):
        _copy(connection, roots, some, now)
    return replaced


def _copy(connection: Connection, roots: Roots, copies: Sequence[Moved], now: str) -> None:
    """Give copies the analyses of the photos whose bytes they have, and what users said of these."""
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
    """Write photos with all that is known of them in place of what was known before."""
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
    replace_objects(connection, {photo: analysis.objects for photo, analysis in analyses.items()})
    replace_tags(connection, {photo: analysis.tags for photo, analysis in analyses.items()})
    replace_faces(connection, {photo: analysis.faces for photo, analysis in analyses.items()})
