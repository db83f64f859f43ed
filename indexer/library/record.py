"""Outcomes flow in; the rows of the library flow out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Update, bindparam, delete, select, update

from indexer.errors import printable
from indexer.library.known import ANALYZED, missing
from indexer.library.laid import copy_own
from indexer.library.replace import intern, replace_evidence, replace_faces, replace_objects, replace_tags, upsert
from indexer.library.roots import Place, Roots, find_ids, path_text
from indexer.library.rows import photo_columns, read_analyses
from indexer.library.tables import model_sets, photos, strangers
from indexer.photo import Analysis, Failed, Indexed, Moved, Outcome, Passed, PhotoFile, Removed, Unchanged

Taken: TypeAlias = tuple[str, str] | None
_OF_THE_FILE = ("name", "mtime")  # dates that another name or time of the file changes
_PLACE = ("root_id", "path")
_CHUNK = 500  # rows looked up at a time: SQLite takes 32,766 values in a statement


def record(connection: Connection, outcomes: Iterable[Outcome], now: str) -> None:
    """Store what became of photos, in order.

    A Moved whose old path holds no analysis is passed over: the next scan finds the file unknown, and analyzes it.
    now: the time of it, ISO 8601.  Errors: LibraryError for a path outside all roots.
    """
    roots = Roots.read(connection)
    for run in _runs(outcomes):
        _WRITERS[type(run[0])](connection, roots, run, now)
        _no_strangers(connection, roots, run)


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
        if run and (type(outcome) is not type(run[0]) or len(run) == _CHUNK or not touched.isdisjoint(paths)):
            yield run
            run, touched = [], set()
        run.append(outcome)
        touched.update(paths)
    if run:
        yield run


def _paths(outcome: Outcome) -> tuple[Path, ...]:
    match outcome:
        case Removed(path):
            return (path,)
        case Moved(file, old_path):
            return file.path, old_path
    return (outcome.file.path,)


def _indexed(connection: Connection, roots: Roots, outcomes: Sequence[Indexed], now: str) -> None:
    _store(connection, roots, [(outcome.file, outcome.analysis) for outcome in outcomes], now)


def _failed(connection: Connection, roots: Roots, outcomes: Sequence[Failed], _now: str) -> None:
    """Keep what an earlier attempt found: a disk that stumbles once must not cost names and tags."""
    rows = [
        {
            **_file_columns(roots, outcome.file),
            "failed_stage": outcome.stage,
            "failed_reason": printable(outcome.reason),
        }
        for outcome in outcomes
    ]
    upsert(connection, photos, _PLACE, rows)


def _passed(connection: Connection, roots: Roots, outcomes: Sequence[Passed], now: str) -> None:
    """What was a photo under this path is none now: its row is that of a missing one."""
    rows = [
        {**_place(roots, outcome.file), "size": outcome.file.size, "mtime_ns": outcome.file.mtime_ns}
        for outcome in outcomes
    ]
    upsert(connection, strangers, _PLACE, rows)
    _removed(connection, roots, [Removed(outcome.file.path) for outcome in outcomes], now)


def _no_strangers(connection: Connection, roots: Roots, outcomes: Sequence[Outcome]) -> None:
    """What is a photo now is no stranger any more."""
    files = [outcome.file for outcome in outcomes if isinstance(outcome, Indexed | Failed | Moved)]
    if files:
        here = (strangers.c.root_id == bindparam("root"), strangers.c.path == bindparam("place"))
        places = [dict(zip(("root", "place"), roots.place(file.path), strict=True)) for file in files]
        connection.execute(delete(strangers).where(*here), places)


def _moved(connection: Connection, roots: Roots, outcomes: Sequence[Moved], now: str) -> None:
    ids = find_ids(connection, [roots.place(outcome.old_path) for outcome in outcomes], ANALYZED)
    found = [(row, outcome) for outcome in outcomes if (row := ids.get(roots.place(outcome.old_path))) is not None]
    for row, outcome in found:
        if outcome.gone:
            _move(connection, row, _file_columns(roots, outcome.file), outcome.taken)
    copied = [(row, outcome.file, outcome.taken) for row, outcome in found if not outcome.gone]
    if copied:
        analyses = read_analyses(connection, [row for row, *_ in copied])
        _store(connection, roots, [(file, _retaken(analyses[row], taken)) for row, file, taken in copied], now)
        _copy_own(connection, {roots.place(file.path): (row, analyses[row]) for row, file, _ in copied})


def _copy_own(connection: Connection, sources: Mapping[Place, tuple[int, Analysis]]) -> None:
    """Give copies (by place) what users said of the photos they are copies of, unless they said otherwise."""
    ids = find_ids(connection, sources)
    for place, photo in ids.items():
        copy_own(connection, sources[place][0], photo)
    replace_tags(connection, {photo: sources[place][1].tags for place, photo in ids.items()})


def _move(connection: Connection, row: int, columns: dict[str, Any], taken: Taken) -> None:
    there = (photos.c.root_id == columns["root_id"], photos.c.path == columns["path"])
    connection.execute(delete(photos).where(*there, photos.c.id != row))
    connection.execute(update(photos).where(photos.c.id == row).values(columns))
    if taken:
        by_file = (photos.c.id == row) & photos.c.taken_from.in_(_OF_THE_FILE)
        connection.execute(update(photos).where(by_file).values(taken_at=taken[0], taken_from=taken[1]))


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


_WRITERS: Mapping[type[Outcome], Callable[[Connection, Roots, Sequence[Any], str], None]] = {
    Indexed: _indexed,
    Failed: _failed,
    Moved: _moved,
    Passed: _passed,
    Removed: _removed,
    Unchanged: _unchanged,
}


def _each(connection: Connection, change: Update, roots: Roots, paths: Iterable[Path]) -> None:
    here = (photos.c.root_id == bindparam("root"), photos.c.path == bindparam("place"))
    places = [dict(zip(("root", "place"), roots.place(path), strict=True)) for path in paths]
    connection.execute(change.where(*here), places)


def _store(connection: Connection, roots: Roots, seen: Sequence[tuple[PhotoFile, Analysis]], now: str) -> None:
    """Write photos with all that is known of them in place of what was known before."""
    sets = intern(connection, model_sets, {" ".join(analysis.models) for _, analysis in seen})
    rows = [
        {
            **_file_columns(roots, file),
            **photo_columns(analysis),
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


def _file_columns(roots: Roots, file: PhotoFile) -> dict[str, Any]:
    """Return the columns of a file that is there and has not failed."""
    place = _place(roots, file)
    return {
        **place,
        "path_text": path_text(place["path"]),
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "missing_since": None,
        "failed_stage": None,
        "failed_reason": None,
    }


def _place(roots: Roots, file: PhotoFile) -> dict[str, Any]:
    return dict(zip(_PLACE, roots.place(file.path), strict=True))
