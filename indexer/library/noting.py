"""Row changes of one act of the user, collected by temporary triggers.

As in sqlite.org/undoredo.html; but there triggers note statements. Rows can be compared first with what is there
when they are to be put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

from indexer.library.file import chunks

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[int, ...]
_EVENTS = {"INSERT": ("new",), "UPDATE": ("old", "new"), "DELETE": ("old",)}
_WIDEST = 5  # columns
_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class Noted:
    """A table, or some columns of one, whose rows are noted.

    columns: the key of `keys` columns first.  holds: whether the first (or the first two) of them are photos or faces.
    events: the statements after which a row is noted.
    """

    table: str
    columns: tuple[str, ...]
    keys: int
    holds: str = ""
    events: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that tell a row from all others of its table."""
        return self.columns[: self.keys]


# What acts of the user change; in this order rows are put back.
NOTED = {
    "people": Noted("people", ("id", "name", "folded", "is_hidden"), 1),
    "person_faces": Noted("person_faces", ("face_id", "person_id", "by_user"), 1, "face"),
    "face_pairs": Noted("face_pairs", ("face_id", "other_id", "same"), 2, "faces"),
    "refusals": Noted("refusals", ("face_id", "person_id"), 2, "face"),
    "own_tags": Noted("own_tags", ("photo_id", "tag_id", "wanted"), 2, "photo"),
    "ratings": Noted("photos", ("id", "rating"), 1, "photo", ("UPDATE",)),
    "hidden": Noted("photos", ("id", "is_hidden"), 1, "photo", ("UPDATE",)),
    "taught": Noted("taught", ("tag_id", "model_id", "weights", "about"), 1),
    "photo_tags": Noted("photo_tags", ("photo_id", "tag_id", "position", "score", "source_id"), 2, "photo"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one row: how it was, None where there was none, and how it is now.

    table: a name in `NOTED`.  key: what tells the row from all others of its table.
    """

    table: str
    key: Key
    before: Row | None
    after: Row | None


def watch(connection: Connection) -> None:
    """Note from now on what becomes of the rows; in a transaction that writes."""
    unwatch(connection)  # of one that failed inside a transaction that went on
    places = ", ".join(f"{when}{place}" for when in ("old", "new") for place in range(_WIDEST))
    connection.exec_driver_sql(f"CREATE TEMP TABLE indexer_noted (number INTEGER PRIMARY KEY, name, {places})")
    for name, each in NOTED.items():
        for event in each.events:
            connection.exec_driver_sql(_trigger(name, each, event))


def unwatch(connection: Connection) -> None:
    """Note nothing any more, and forget what was noted."""
    for name, each in NOTED.items():
        for event in each.events:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS temp.indexer_{name}_{event}")
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.indexer_noted")


def noted(connection: Connection) -> list[Change]:
    """Return what became of each row from the first change of it to the last."""
    names = connection.exec_driver_sql("SELECT DISTINCT name FROM indexer_noted").scalars().all()
    return [change for name in NOTED if name in names for change in _noted(connection, name)]


def _noted(connection: Connection, name: str) -> Iterator[Change]:
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
    return (Change(name, key, before, now[key]) for key, before in first.items() if before != now[key])


def _trigger(name: str, each: Noted, event: str) -> str:
    whens, names = _EVENTS[event], each.columns
    columns = ", ".join(f"{when}{place}" for when in whens for place in range(len(names)))
    cells = ", ".join(f"{when}.{column}" for when in whens for column in names)
    differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in names)
    of = f"UPDATE OF {', '.join(names)}" if event == "UPDATE" else event
    when = f"WHEN {differs} " if event == "UPDATE" else ""
    note = f"INSERT INTO indexer_noted (name, {columns}) VALUES ('{name}', {cells})"  # noqa: S608 - our names
    return f"CREATE TEMP TRIGGER indexer_{name}_{event} AFTER {of} ON main.{each.table} {when}BEGIN {note}; END"
