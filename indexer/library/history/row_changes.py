"""Row changes of one act of the user, recorded by temporary triggers.

As in sqlite.org/undoredo.html; but there triggers record statements. Rows can first be compared with the current
ones when they are to be restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

from indexer.library.db.engine import chunks

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[int, ...]
_EVENTS = {"INSERT": ("new",), "UPDATE": ("old", "new"), "DELETE": ("old",)}
_WIDEST = 5  # columns
_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class TrackedTable:
    """A table, or some columns of one, whose row changes are recorded.

    columns: the `keys` key columns first.  holds: whether the first (or the first two) of them are photos or faces.
    events: the statements after which a row is recorded.
    """

    table: str
    columns: tuple[str, ...]
    keys: int
    holds: str = ""
    events: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify a row of its table."""
        return self.columns[: self.keys]


# The tables that acts of the user change; rows are restored in this order.
NOTED = {
    "people": TrackedTable("people", ("id", "name", "folded", "is_hidden"), 1),
    "person_faces": TrackedTable("person_faces", ("face_id", "person_id", "by_user"), 1, "face"),
    "face_pairs": TrackedTable("face_pairs", ("face_id", "other_id", "same"), 2, "faces"),
    "refusals": TrackedTable("refusals", ("face_id", "person_id"), 2, "face"),
    "own_tags": TrackedTable("own_tags", ("photo_id", "tag_id", "wanted"), 2, "photo"),
    "ratings": TrackedTable("photos", ("id", "rating"), 1, "photo", ("UPDATE",)),
    "hidden": TrackedTable("photos", ("id", "is_hidden"), 1, "photo", ("UPDATE",)),
    "taught": TrackedTable("taught", ("tag_id", "model_id", "weights", "about"), 1),
    "photo_tags": TrackedTable("photo_tags", ("photo_id", "tag_id", "position", "score", "source_id"), 2, "photo"),
}


@dataclass(frozen=True, slots=True)
class RowChange:
    """The change of one row: its former state and its current one, None where it did not or does not exist.

    table: a name in `NOTED`.  key: what identifies the row in its table.
    """

    table: str
    key: Key
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class RowChangeGroup:
    """Changes of rows that differ only in their first column: mostly rows of many photos.

    before, after: the rest of the rows.  firsts: the first columns.
    """

    table: str
    before: Row | None
    after: Row | None
    firsts: Sequence[int]


def start_recording(connection: Connection) -> None:
    """Record row changes from now on; in a transaction that writes."""
    if connection.exec_driver_sql("SELECT 1 FROM temp.sqlite_schema LIMIT 1").first() is not None:
        stop_recording(connection)  # left by one that failed inside a transaction that went on
    places = ", ".join(f"{when}{place}" for when in ("old", "new") for place in range(_WIDEST))
    connection.exec_driver_sql(f"CREATE TEMP TABLE indexer_noted (number INTEGER PRIMARY KEY, name, {places})")
    for name, each in NOTED.items():
        for event in each.events:
            connection.exec_driver_sql(_trigger(name, each, event))


def stop_recording(connection: Connection) -> None:
    """Stop recording, and discard what was recorded."""
    for name, each in NOTED.items():
        for event in each.events:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS temp.indexer_{name}_{event}")
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.indexer_noted")


def recorded_changes(connection: Connection) -> list[RowChangeGroup]:
    """Return the net changes of the rows, from their first change to their last."""
    names = connection.exec_driver_sql("SELECT DISTINCT name FROM indexer_noted").scalars().all()
    found: list[RowChangeGroup] = []
    for name in NOTED:
        if name in names:
            is_simple = not _has_twice(connection, name)
            found += _grouped(connection, name) if is_simple else grouped(_last(connection, name))
    return found


def grouped(changes: Iterable[RowChange]) -> list[RowChangeGroup]:
    """Return changes grouped by what they have in common."""
    groups: dict[tuple[str, Row | None, Row | None], list[int]] = {}
    for each in changes:
        alike = (each.table, each.before and each.before[1:], each.after and each.after[1:])
        groups.setdefault(alike, []).append(each.key[0])
    return [RowChangeGroup(*alike, firsts) for alike, firsts in groups.items()]


def _has_twice(connection: Connection, name: str) -> bool:
    """Return whether a row was changed more than once, or replaced by another one."""
    places = range(NOTED[name].keys)
    key = ", ".join(f"coalesce(old{place}, new{place})" for place in places)
    other = " OR ".join(f"max(old{place} <> new{place})" for place in places)
    query = f"SELECT 1 FROM indexer_noted WHERE name = ? GROUP BY {key} HAVING count(*) > 1 OR {other} LIMIT 1"  # noqa: S608
    return connection.exec_driver_sql(query, (name,)).first() is not None


def _grouped(connection: Connection, name: str) -> Iterator[RowChangeGroup]:
    """Yield the changes of rows that were changed once: SQLite groups them much faster than Python."""
    width = len(NOTED[name].columns)
    rest = ", ".join(f"{when}{place}" for when in ("old", "new") for place in range(1, width))
    same = f"old0 IS NULL, new0 IS NULL, {rest}"
    query = f"SELECT group_concat(coalesce(old0, new0)), {same} FROM indexer_noted WHERE name = ? GROUP BY {same}"  # noqa: S608
    for firsts, is_new, is_gone, *cells in connection.exec_driver_sql(query, (name,)).all():
        old, new = tuple(cells[: width - 1]), tuple(cells[width - 1 :])
        yield RowChangeGroup(name, None if is_new else old, None if is_gone else new, list(map(int, firsts.split(","))))


def _last(connection: Connection, name: str) -> Iterator[RowChange]:
    """Yield the final state of each row."""
    width, keys = len(NOTED[name].columns), NOTED[name].keys
    cells = ", ".join(f"{when}{place}" for when in ("old", "new") for place in range(width))
    query = f"SELECT {cells} FROM indexer_noted WHERE name = ? ORDER BY number"  # noqa: S608 - our names
    first: dict[Key, Row | None] = {}
    now: dict[Key, Row | None] = {}
    for rows in chunks(connection, query, (name,), _AT_A_TIME):
        for row in rows:
            old, new = row[:width], row[width:]
            if old[0] is not None:
                first.setdefault(old[:keys], old)
                now[old[:keys]] = None
            if new[0] is not None:
                first.setdefault(new[:keys], None)
                now[new[:keys]] = new
    return (RowChange(name, key, before, now[key]) for key, before in first.items() if before != now[key])


def _trigger(name: str, each: TrackedTable, event: str) -> str:
    whens, names = _EVENTS[event], each.columns
    columns = ", ".join(f"{when}{place}" for when in whens for place in range(len(names)))
    cells = ", ".join(f"{when}.{column}" for when in whens for column in names)
    differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in names)
    of = f"UPDATE OF {', '.join(names)}" if event == "UPDATE" else event
    when = f"WHEN {differs} " if event == "UPDATE" else ""
    note = f"INSERT INTO indexer_noted (name, {columns}) VALUES ('{name}', {cells})"  # noqa: S608 - our names
    return f"CREATE TEMP TRIGGER indexer_{name}_{event} AFTER {of} ON main.{each.table} {when}BEGIN {note}; END"
