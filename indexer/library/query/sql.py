"""A query flows in; SQL that gives a row of `photos` its score, or NULL where it does not match, flows out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection

from indexer.library.db.roots import folder_bytes
from indexer.library.query.ast import (
    ANYTHING,
    NUMBERS,
    SHAPES,
    And,
    Away,
    Everything,
    Fact,
    MonthOfYear,
    Near,
    Not,
    Number,
    Or,
    PersonTerm,
    Query,
    Shape,
    State,
    Taken,
    Term,
    Text,
    bounds,
    folded,
    left_out,
    split_scores,
    words,
)
from indexer.library.query.fields import distance_km, globs

TagIds: TypeAlias = Mapping[str, Sequence[int]]  # the tags that a folded word names; more than one where case differs
Driver: TypeAlias = frozenset[int]  # tags of which each photo that matches has one, at least as sure as it scores
_TAUGHT = "indexer_km"
_KM_A_DEGREE = 111.0  # a little less than there are, so that no box is too small
_POLES = 85.0  # degrees: nearer to a pole, a box of longitudes says nothing


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL about a row of photos joined with its root, and the values of its parameters, in order."""

    text: str
    values: tuple[Any, ...] = ()

    @classmethod
    def joined(cls, word: str, pieces: Sequence[Sql]) -> Sql:
        """Put a word (' AND ', ', ') between pieces."""
        return cls(word.join(each.text for each in pieces), tuple(value for each in pieces for value in each.values))

    def inside(self, before: str, after: str) -> Sql:
        """Put text around a piece."""
        return Sql(f"{before}{self.text}{after}", self.values)


def score(query: Query, tag_ids: TagIds) -> Sql:
    """Return the score of a photo: NULL where it does not match, as `match` says None."""
    match query:
        case Term(word, models):
            return _term(tag_ids.get(folded(word), ()), models)
        case Not(part):
            return score(part, tag_ids).inside("CASE WHEN (", ") IS NULL THEN 1.0 END")
        case Or(parts):
            # SQLite's max of several values is NULL where one is: what does not match counts as -1.
            pieces = [score(part, tag_ids).inside("ifnull(", ", -1.0)") for part in parts]
            return Sql.joined(", ", [*pieces, Sql("-1.0")]).inside("nullif(max(", "), -1.0)")
        case And():
            return _and(query, tag_ids)
    return condition(query).inside("CASE WHEN ", " THEN 1.0 END")


def shown(query: Query) -> Sql:
    """Return the condition that a photo is in no state that the query leaves out."""
    hidden = left_out(query)
    return Sql(" AND ".join(f"NOT ({_STATES[name]})" for name in sorted(hidden)) or "1")


def demands(query: Query) -> list[Sql]:
    """Return conditions that every photo that matches meets, and that an index may answer."""
    parts = query.parts if isinstance(query, And) else (query,)
    return [condition(part) for part in parts if isinstance(part, Fact) and not _about_score(part)]


def tag_ids(connection: Connection, query: Query) -> TagIds:
    """Return the row ids of the tags that a query names."""
    ids: dict[str, list[int]] = {word: [] for word in words(query)}
    marks = ", ".join("?" * len(ids))
    found = connection.exec_driver_sql(f"SELECT folded, id FROM tags WHERE folded IN ({marks})", tuple(ids))  # noqa: S608
    for row in found:
        ids[row.folded].append(row.id)
    return ids


def driver(query: Query, ids: TagIds, photos_of: Mapping[int, int]) -> Driver | None:
    """Return the fewest tags that lead to every photo that matches, None where no tags do.

    photos_of: how many photos have a tag.
    """
    match query:
        case Term(word):
            return frozenset(ids.get(folded(word), ()))
        case And(parts):
            found = [each for part in parts if (each := driver(part, ids, photos_of)) is not None]
            return min(found, key=lambda tags: sum(photos_of[tag] for tag in tags), default=None)
        case Or(parts):
            each_part = [driver(part, ids, photos_of) for part in parts]
            return None if None in each_part else frozenset().union(*(tags for tags in each_part if tags is not None))
    return None


def needed(query: Query, ids: TagIds) -> list[Driver]:
    """Return sets of tags: a photo that matches has one of each, at least as sure as it scores."""
    parts = query.parts if isinstance(query, And) else (query,)
    nothing = dict.fromkeys((tag for tags in ids.values() for tag in tags), 0)
    return [tags for part in parts if (tags := driver(part, ids, nothing)) is not None]


def add_functions(connection: Connection) -> None:
    """Teach the connection the functions that the SQL of this module calls."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    if not connection.info.get(_TAUGHT):  # anew, SQLite would prepare all statements anew, too
        raw.create_function("indexer_km", 4, distance_km, deterministic=True)
        connection.info[_TAUGHT] = True


def condition(fact: Query) -> Sql:
    """Return the condition that a fact holds; where nothing is known, it is NULL or 0."""
    match fact:
        case PersonTerm(name):
            return _person(name)
        case Taken(since, before):
            return _range("photos.taken_at", (">=", since), ("<", before))
        case MonthOfYear(number):
            return Sql("substr(photos.taken_at, 6, 2) = ?", (f"{number:02}",))
        case Text():
            return _text(fact)
        case Number():
            low, high = bounds(fact)
            return _range(_number(fact.field), (">=", low), ("<=", high))
        case Near():
            return _near(fact)
        case Shape(name) | State(name):
            return Sql(f"({(SHAPES | _STATES)[name]})")
        case Away(folders):
            return _in_roots(folders)
        case Everything():
            return Sql("1")
    raise TypeError(f"not a fact: {fact!r}")


def given_by(models: Sequence[Sequence[Text]]) -> Sql:
    """Return the condition, after others, that of each of these Texts one tells of a network behind a tag."""
    some = [Sql.joined(" OR ", [_like(each) for each in texts]).inside("(", ")") for texts in models]
    known = Sql.joined(" AND ", some).inside(" AND source_id IN (SELECT id FROM sources WHERE ", ")")
    return known if models else Sql("")


def _like(fact: Text) -> Sql:
    text = _TEXTS[fact.field]
    pieces = [Sql(f"{text} GLOB ?", (each,)) for each in globs(fact.field, fact.wanted)]
    return Sql.joined(" OR ", pieces).inside(f"({text} <> '' AND (", "))")


def _term(ids: Sequence[int], models: Sequence[Sequence[Text]]) -> Sql:
    if not ids:
        return Sql("NULL")
    wanted = f"= {ids[0]}" if len(ids) == 1 else f"IN ({', '.join(map(str, ids))})"
    best = "score" if len(ids) == 1 else "max(score)"
    sql = f"(SELECT {best} FROM photo_tags WHERE photo_id = photos.id AND tag_id {wanted}"  # noqa: S608
    return given_by(models).inside(sql, ")")


def _and(query: And, ids: TagIds) -> Sql:
    sought, limits = split_scores(query)
    if not query.parts:
        return Sql("NULL")
    pieces = [score(part, ids) for part in sought]
    # SQLite's min of several values is NULL where one is; of a single one it would be an aggregate.
    lowest = Sql.joined(", ", [*pieces, Sql("1.0")]).inside("min(", ")") if pieces else Sql("1.0")
    for limit in limits:
        held = _range("score", *zip((">=", "<="), bounds(limit), strict=True))
        lowest = Sql(
            f"(SELECT CASE WHEN {held.text} THEN score END FROM (SELECT {lowest.text} AS score))",  # noqa: S608
            held.values + lowest.values,
        )
    return lowest


def _range(what: str, *ends: tuple[str, Any]) -> Sql:
    given = [(sign, end) for sign, end in ends if end is not None]
    text = " AND ".join(f"{what} {sign} ?" for sign, _ in given) or f"{what} IS NOT NULL"
    return Sql(f"({text})", tuple(end for _, end in given))


def _number(name: str) -> str:
    if name == "faces":
        return "(SELECT count(*) FROM faces WHERE photo_id = photos.id)"
    return "1.0" if name == "score" else f"photos.{NUMBERS[name]}"


def _text(fact: Text) -> Sql:
    if fact.field == "model":
        return given_by([(fact,)]).inside("EXISTS (SELECT 1 FROM photo_tags WHERE photo_id = photos.id", ")")
    return _like(fact)


def _person(name: str) -> Sql:
    whose = "people.name IS NOT NULL AND people.is_hidden = 0" if name == ANYTHING else "people.folded = ?"
    return Sql(
        "photos.id IN (SELECT faces.photo_id FROM people JOIN person_faces ON person_faces.person_id = people.id "  # noqa: S608
        f"JOIN faces ON faces.id = person_faces.face_id WHERE {whose})",
        () if name == ANYTHING else (folded(name),),
    )


def _in_roots(folders: Sequence[Path]) -> Sql:
    marks = ", ".join("?" * len(folders))
    text = f"photos.root_id IN (SELECT id FROM roots WHERE path IN ({marks}))"  # noqa: S608
    return Sql(text, tuple(map(folder_bytes, folders)))


def _near(fact: Near) -> Sql:
    north = fact.km / _KM_A_DEGREE
    pieces = [_range("photos.latitude", (">=", fact.latitude - north), ("<=", fact.latitude + north))]
    farthest = abs(fact.latitude) + north
    if farthest < _POLES:
        east = north / cos(radians(farthest))
        if abs(fact.longitude) + east < 180:  # else the box goes over the date line
            pieces.append(_range("photos.longitude", (">=", fact.longitude - east), ("<=", fact.longitude + east)))
    place = (fact.latitude, fact.longitude, fact.km)
    pieces.append(Sql("indexer_km(photos.latitude, photos.longitude, ?, ?) <= ?", place))
    return Sql.joined(" AND ", pieces).inside("(", ")")


def _about_score(part: Query) -> bool:
    return isinstance(part, Number) and part.field == "score"


_PATH = "roots.path_text || photos.path_text"
_TEXTS = {
    "camera": "trim(ifnull(photos.camera_make, '') || ' ' || ifnull(photos.camera_model, ''))",
    "lens": "photos.lens",
    "format": "photos.format",
    "path": f"({_PATH})",
    "folder": f"({_PATH})",
    "type": f"({_PATH})",
    "model": "(' ' || nullif(sources.models, '') || ' ')",
}
_STATES = {
    "missing": "photos.missing_since IS NOT NULL",
    "failed": "photos.failed_stage IS NOT NULL",
    "hidden": "photos.is_hidden <> 0",
}
