"""Checks of the rows of a library with the current schema; results are findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from indexer.advice import advice
from indexer.errors import printable
from indexer.library.checks.file_checks import RESTORE, open_read_only
from indexer.library.checks.finding import Finding, counted, findings
from indexer.library.checks.repair import BELONGS, PARTS, Lengths, unreadable

_REPAIR = advice("repair")
_LONG = timedelta(days=90)


def check_rows(path: Path, lengths: Lengths, now: datetime, busy_seconds: float) -> list[Finding]:
    """Check the rows of a library.

    lengths: model → bytes of one descriptor, or vector; where a model is not named, most rows are right.
    now: the time, with its zone.  busy_seconds: how long to wait for a program that locks the file.
    """
    looks: dict[str, Callable[[Connection], Iterator[Finding]]] = {
        "references": _references,
        **{name: partial(_unreadable, lengths, name) for name in PARTS},
        "analyses": _unfinished,
        "missing": partial(_missing, (now.astimezone(UTC) - _LONG).isoformat(timespec="seconds")),
        "roots": _roots,
        "words": _unused,
    }
    found: list[Finding] = []
    engine = open_read_only(path, busy_seconds)
    try:
        for name, look in looks.items():
            found += findings(name, partial(_in, engine, look))
    finally:
        engine.dispose()
    return found


def _in(engine: Engine, look: Callable[[Connection], Iterator[Finding]]) -> list[Finding]:
    with engine.connect() as connection:
        return list(look(connection))


def _references(connection: Connection) -> Iterator[Finding]:
    stray = [(row[0], row[2]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    if not stray:
        yield Finding("references", "fine", "no orphaned rows")
        return
    dropped = {(child, parent) for child, _, parent in BELONGS}
    ours = sum(each in dropped for each in stray)
    if ours:
        text = f"{counted(ours, 'row')} of photos or faces that no longer exist; they are never shown"
        yield Finding("references", "error", text, _REPAIR, True, ours)
    if rest := [each for each in stray if each not in dropped]:
        text = f"{counted(len(rest), 'row')} with broken references, such as '{rest[0][0]}' without '{rest[0][1]}'"
        yield Finding("references", "error", text, RESTORE, count=len(rest))


def _unreadable(lengths: Lengths, name: str, connection: Connection) -> Iterator[Finding]:
    photos, what = len(set(unreadable(connection, lengths, name).values())), PARTS[name].name
    if photos:
        text = f"{counted(photos, 'photo')} with {what} that cannot be read (wrong length or type)"
        yield Finding(name, "error", text, advice("repair-and-scan"), True, photos)
    else:
        yield Finding(name, "fine", f"all {what} are valid")


def _unfinished(connection: Connection) -> Iterator[Finding]:
    count = _count(connection, "photos WHERE model_set_id IS NULL AND failed_stage IS NULL")
    if count:
        yield Finding(
            "analyses",
            "note",
            f"{counted(count, 'photo')} to be analyzed by the next scan",
            advice("scan"),
            count=count,
        )
    else:
        yield Finding("analyses", "fine", "every photo was analyzed, or failed with a reason")


def _missing(before: str, connection: Connection) -> Iterator[Finding]:
    query = "SELECT count(*), min(missing_since) FROM photos WHERE missing_since < ?"
    count, first = connection.exec_driver_sql(query, (before,)).one()
    if count:
        text = f"{counted(count, 'photo')} missing for over {_LONG.days} days, the first since {first[:10]}"
        yield Finding("missing", "note", text, advice("prune"), count=count)
    else:
        yield Finding("missing", "fine", f"no photo has been missing for over {_LONG.days} days")


def _roots(connection: Connection) -> Iterator[Finding]:
    nested = connection.exec_driver_sql(_NESTED).all()
    if not nested:
        yield Finding("roots", "fine", "no folder of the library is inside another")
    for outer, inner in nested:
        text = f"the folder {printable(inner)} is inside {printable(outer)}: photos may appear twice"
        yield Finding("roots", "error", text, advice("relocate-into", printable(inner)), count=1)


def _unused(connection: Connection) -> Iterator[Finding]:
    count = sum(_count(connection, each) for each in _UNUSED)
    text = f"{counted(count, 'tag')} or sources without photos; they do no harm" if count else "all tags are used"
    yield Finding("words", "note" if count else "fine", text, count=count)


def _count(connection: Connection, rows: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {rows}").scalar() or 0)  # noqa: S608 - our words


_NESTED = """
    SELECT outside.path_text, inside.path_text FROM roots AS outside JOIN roots AS inside
    ON inside.id <> outside.id AND substr(inside.path, 1, length(outside.path)) = outside.path
"""
_UNUSED = (
    "tags WHERE NOT EXISTS (SELECT 1 FROM photo_tags WHERE tag_id = tags.id)",
    "sources WHERE id NOT IN (SELECT source_id FROM photo_tags)",
)
