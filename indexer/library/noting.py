"""A correction runs; what it makes of each row of the tables about people flows out.

Temporary triggers note the rows before and after every change, as in sqlite.org/undoredo.html; but there they note
statements. Rows can be compared first with what is there when they are to be put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

Row: TypeAlias = list[Any]
COLUMNS = {  # of the tables that corrections change, the key first; in this order they are put back
    "people": ("id", "name", "folded", "is_hidden"),
    "person_faces": ("face_id", "person_id", "by_user"),
    "face_pairs": ("face_id", "other_id", "same"),
    "refusals": ("face_id", "person_id"),
}
KEYS = {"people": 1, "person_faces": 1, "face_pairs": 2, "refusals": 2}  # so many columns are the key
_EVENTS = {"INSERT": ("new",), "UPDATE": ("old", "new"), "DELETE": ("old",)}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one row: how it was, None where there was none, and how it is now."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def key(self) -> tuple[int, ...]:
        """What tells the row from all others of its table."""
        return tuple((self.before or self.after or [])[: KEYS[self.table]])


def watch(connection: Connection) -> None:
    """Note from now on what becomes of the rows; in a transaction that writes."""
    unwatch(connection)  # of one that failed inside a transaction that went on
    places = ", ".join(f"{when}{place}" for when in ("old", "new") for place in range(4))
    connection.exec_driver_sql(f"CREATE TEMP TABLE indexer_noted (number INTEGER PRIMARY KEY, name, {places})")
    for table, names in COLUMNS.items():
        for event, whens in _EVENTS.items():
            columns = ", ".join(f"{when}{place}" for when in whens for place in range(len(names)))
            noted = ", ".join(f"{when}.{name}" for when in whens for name in names)
            connection.exec_driver_sql(
                f"CREATE TEMP TRIGGER indexer_{table}_{event} AFTER {event} ON main.{table} BEGIN "  # noqa: S608
                f"INSERT INTO indexer_noted (name, {columns}) VALUES ('{table}', {noted}); END"
            )


def unwatch(connection: Connection) -> None:
    """Note nothing any more, and forget what was noted."""
    for table in COLUMNS:
        for event in _EVENTS:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS temp.indexer_{table}_{event}")
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.indexer_noted")


def noted(connection: Connection) -> list[Change]:
    """Return what became of each row from the first change of it to the last."""
    first: dict[tuple[Any, ...], Row | None] = {}
    now: dict[tuple[Any, ...], Row | None] = {}
    for _, table, *cells in connection.exec_driver_sql("SELECT * FROM indexer_noted ORDER BY number"):
        width, keys = len(COLUMNS[table]), KEYS[table]
        old, new = (cells[start : start + width] for start in (0, 4))
        for row, is_new in ((old, False), (new, True)):
            if row[0] is not None:
                key = (table, *row[:keys])
                first.setdefault(key, None if is_new else row)
                now[key] = row if is_new else None
    return [Change(key[0], first[key], now[key]) for key in first if first[key] != now[key]]
