"""Undo and redo of acts of the user, from the change log; all or nothing.

An undo compares first: what it would change must be as the act left it, or nothing is changed. It is an entry itself,
and undoing that one redoes the act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, func, select, update

from indexer.errors import IndexerError
from indexer.library.checks.finding import counted
from indexer.library.db.engine import transaction_time
from indexer.library.db.user_tables import changes
from indexer.library.history.change_json import from_json, unpacked
from indexer.library.history.change_log import ENTRIES, Entry, recording
from indexer.library.history.entries import IDENTITY, log_change
from indexer.library.history.hand_over import hand_over
from indexer.library.history.revert import Revertible, find_conflicts, revert
from indexer.library.history.revert_tags import revert_tags
from indexer.library.history.row_changes import Key, RowChange

if TYPE_CHECKING:
    from indexer.library.store import Library

__all__ = ["UNDOERS", "Undone", "last", "log_change", "undo"]

Undoer: TypeAlias = Callable[[Connection, dict[str, Any]], str | None]
"""Takes back an entry by the changes that it was logged with; returns why it cannot be, as a clause, or None."""

UNDOERS: Mapping[str, Undoer] = MappingProxyType({IDENTITY: hand_over})  # kind → undo of entries that hold no rows


@dataclass(frozen=True, slots=True)
class Undone:
    """The result of an undo, or its preview: the act, and whether it was redone instead.

    entry: the number of the undo, None for a preview.  photos_gone, faces_gone: how many were left out because they are
    no longer in the library.
    """

    about: str
    is_again: bool = False
    entry: int | None = None
    photos_gone: int = 0
    faces_gone: int = 0

    @property
    def text(self) -> str:
        """The act, and what could not be undone."""
        both = ((self.photos_gone, "photo"), (self.faces_gone, "face"))
        gone = [counted(count, noun) for count, noun in both if count]
        if not gone:
            return self.about
        are = "is" if self.photos_gone + self.faces_gone == 1 else "are"
        return f"{self.about}, except {' and '.join(gone)} that {are} no longer in the library"


def last(library: Library, kind: str | None = None) -> Entry | None:
    """Return what would be undone: the user's newest act that is not undone; None where there is none."""
    with library.reading() as connection:
        return _newest(connection, kind)


def undo(
    library: Library,
    number: int | None = None,
    *,
    kind: str | None = None,
    dry_run: bool = False,
    undoers: Mapping[str, Undoer] = UNDOERS,
) -> Undone | None:
    """Undo one act and describe it; None where there is none.

    number: of an entry; None: the newest act that is not undone, optionally of one kind. Of an undo: redo the act.
    Errors: IndexerError where it is undone already, or what it changed has changed since; nothing is changed then.
    """
    with library.reading() if dry_run else library.writing() as connection:
        entry = _newest(connection, kind) if number is None else _entry(connection, number)
        if entry is None:
            return None
        origin = None if entry.undoes is None else _find(connection, entry.undoes)
        if origin is not None and origin.undoes is not None:  # redone by this one: the act itself is undone
            entry, origin = _find(connection, origin.undoes) or entry, None
        if entry.undone_at is not None:
            raise IndexerError(f"entry {entry.number} is already undone{_by(connection, entry)} ({entry.about})")
        return _undo(connection, entry, origin, undoers, dry_run=dry_run)


def _undo(
    connection: Connection, entry: Entry, origin: Entry | None, undoers: Mapping[str, Undoer], *, dry_run: bool
) -> Undone:
    """Undo an entry. origin: the act, where the entry is its undo."""
    if origin is not None and origin.kind in undoers:
        raise IndexerError(f"entry {entry.number} cannot be undone: the photos were joined ({origin.about})")
    number = _done_last(connection, entry.number)
    kept = _changes(connection, number)
    undoer = undoers.get(entry.kind) if "rows" not in kept else None
    fit = _fit(connection, entry, kept, number) if undoer is None else None
    act = origin or entry
    gone = (fit.photos_gone, fit.faces_gone) if fit else (0, 0)
    if dry_run:
        return Undone(act.about, origin is not None, None, *gone)
    about = f"{'Redid' if origin else 'Undid'}: {act.about}"
    with recording(connection, entry.kind, about, undoes=entry.number):
        if undoer is not None:
            _run(undoer, connection, entry, kept)
        elif fit is not None:
            revert(connection, fit.changes)
            revert_tags(connection, fit.changes)
    new = _newest_number(connection)
    now = transaction_time(connection).isoformat(timespec="seconds")
    _mark(connection, entry.number, now)
    if origin is not None:
        _mark(connection, origin.number, None)
    return Undone(act.about, origin is not None, new, *gone)


def _run(undoer: Undoer, connection: Connection, entry: Entry, kept: dict[str, Any]) -> None:
    if reason := undoer(connection, kept):
        raise IndexerError(f"{_cannot(entry)}: {reason}")


def _fit(connection: Connection, entry: Entry, kept: Mapping[str, Any], number: int) -> Revertible:
    """Compare an entry with the current rows. Errors: IndexerError where something has changed since, and by what.

    number: of the entry that holds its rows.
    """
    if "rows" not in kept:
        raise IndexerError(f"entry {entry.number} cannot be undone ({entry.about})")
    rows, marks = unpacked(kept)
    fit = find_conflicts(connection, rows, marks)
    if fit.conflicts:
        later = _in_the_way(connection, number, fit.conflicts)
        raise IndexerError(
            f"{_cannot(entry)}: "
            + (
                f"entry {later.number} changed the same since ({later.about}); undo that first"
                if later
                else "the same data was changed since in another way"
            )
        )
    return fit


def _cannot(entry: Entry) -> str:
    return f"entry {entry.number} can no longer be undone ({entry.about})"


def _in_the_way(connection: Connection, number: int, conflicts: frozenset[tuple[str, Key]]) -> Entry | None:
    """Return the newest later entry that changed one of some rows and is still in effect."""
    later = ENTRIES.where(changes.c.id > number, changes.c.undone_at.is_(None)).order_by(changes.c.id.desc())
    for row in connection.execute(later).all():
        entry = Entry(*row)
        is_settled = entry.undoes is not None and entry.undoes > number  # it undid a later one, too
        if not is_settled and any((each.table, each.key) in conflicts for each in _rows(connection, entry.number)):
            return entry
    return None


def _rows(connection: Connection, number: int) -> Sequence[RowChange]:
    try:
        return unpacked(_changes(connection, number))[0]
    except IndexerError:  # of another kind, or damaged
        return ()


def _done_last(connection: Connection, number: int) -> int:
    """Return the entry that last did an act: its own, or the undo of its undo."""
    undos = select(changes.c.id).where(changes.c.undoes == number)
    again = connection.scalar(select(func.max(changes.c.id)).where(changes.c.undoes.in_(undos)))
    return number if again is None else int(again)


def _changes(connection: Connection, number: int) -> dict[str, Any]:
    return from_json(connection.scalars(select(changes.c.changes).where(changes.c.id == number)).one())


def _newest(connection: Connection, kind: str | None) -> Entry | None:
    query = ENTRIES.where(changes.c.undoes.is_(None), changes.c.undone_at.is_(None))
    query = query.where(changes.c.kind != IDENTITY if kind is None else changes.c.kind == kind)  # that a scan found out
    row = connection.execute(query.order_by(changes.c.id.desc()).limit(1)).first()
    return None if row is None else Entry(*row)


def _entry(connection: Connection, number: int) -> Entry:
    entry = _find(connection, number)
    if entry is None:
        raise IndexerError(f"the history has no entry {number}")
    return entry


def _find(connection: Connection, number: int) -> Entry | None:
    row = connection.execute(ENTRIES.where(changes.c.id == number)).first()
    return None if row is None else Entry(*row)


def _by(connection: Connection, entry: Entry) -> str:
    number = connection.scalar(select(func.max(changes.c.id)).where(changes.c.undoes == entry.number))
    return "" if number is None else f" by entry {number}"


def _newest_number(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT max(id) FROM changes").scalar_one())


def _mark(connection: Connection, number: int, undone_at: str | None) -> None:
    connection.execute(update(changes).where(changes.c.id == number).values(undone_at=undone_at))
