"""A query flows in; SQL that gives a row of `photos` its score, or NULL where it does not match, flows out."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from indexer.library.query.ast import (
    And,
    Everything,
    Fact,
    Not,
    Or,
    Query,
    Term,
    folded,
    split_scores,
)
from indexer.library.query.clause import Sql, in_range
from indexer.library.query.counted import count_condition
from indexer.library.query.fields import condition
from indexer.library.query.kinds import STATES_SQL
from indexer.library.query.places import distance_km
from indexer.library.query.texts import given_by

TagIds: TypeAlias = Mapping[str, Sequence[int]]  # the tags that a folded word names; more than one where case differs
_TAUGHT = "indexer_km"


def score(query: Query, tag_ids: TagIds) -> Sql:
    """Return the score of a photo: NULL where it does not match, as `match` says None."""
    match query:
        case Term(word):
            return _term(tag_ids.get(folded(word), ()), query)
        case Not(part):
            return score(part, tag_ids).inside("CASE WHEN (", ") IS NULL THEN 1.0 END")
        case Or(parts):
            # SQLite's max of several values is NULL where one is: what does not match counts as -1.
            pieces = [score(part, tag_ids).inside("ifnull(", ", -1.0)") for part in parts]
            return Sql.joined(", ", [*pieces, Sql("-1.0")]).inside("nullif(max(", "), -1.0)")
        case And():
            return _and(query, tag_ids)
        case Everything():
            return Sql("1.0")
    return condition(query).inside("CASE WHEN ", " THEN 1.0 END")


def shown(left_out: Collection[str]) -> Sql:
    """Return the condition that a photo is in none of these states."""
    return Sql(" AND ".join(f"NOT ({STATES_SQL[name]})" for name in sorted(left_out)) or "1")


def demands(query: Query) -> list[Sql]:
    """Return conditions that every photo that matches meets, and that an index may answer."""
    parts = query.parts if isinstance(query, And) else (query,)
    return [condition(part) for part in parts if isinstance(part, Fact) and part.field != "score"]


def add_functions(connection: Connection) -> None:
    """Teach the connection the functions that the SQL of this module calls."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    if not connection.info.get(_TAUGHT):  # anew, SQLite would prepare all statements anew, too
        raw.create_function("indexer_km", 4, distance_km, deterministic=True)
        connection.info[_TAUGHT] = True


def _term(ids: Sequence[int], term: Term) -> Sql:
    if not ids:
        return Sql("NULL")
    wanted = f"= {ids[0]}" if len(ids) == 1 else f"IN ({', '.join(map(str, ids))})"
    best = "score" if len(ids) == 1 else "max(score)"
    sql = f"(SELECT {best} FROM photo_tags WHERE photo_id = photos.id AND tag_id {wanted}"  # noqa: S608
    return Sql.joined("", [given_by(term.models), count_condition(term)]).inside(sql, ")")


def _and(query: And, ids: TagIds) -> Sql:
    sought, limits = split_scores(query)
    if not query.parts:
        return Sql("NULL")
    pieces = [score(part, ids) for part in sought]
    # SQLite's min of several values is NULL where one is; of a single one it would be an aggregate.
    lowest = Sql.joined(", ", [*pieces, Sql("1.0")]).inside("min(", ")") if pieces else Sql("1.0")
    for limit in limits:
        held = in_range("score", (">=", limit.low), ("<=", limit.high))
        lowest = Sql(
            f"(SELECT CASE WHEN {held.text} THEN score END FROM (SELECT {lowest.text} AS score))",  # noqa: S608
            held.values + lowest.values,
        )
    return lowest
