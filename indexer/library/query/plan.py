"""A query and an order flow in; the rows of the photos that match flow out, from one SQL statement or a few.

Every photo could be asked for its score, in SQL. To ask only few: a photo
that has all words has the rarest of them, at least as sure as it scores. So the surest photos of that word are asked
first, and then more of them, until enough are found that nothing less sure can come before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from indexer.library.query.clause import Sql
from indexer.library.query.compiled import CompiledQuery, Driver

Sort: TypeAlias = Literal["score", "date", "path", "distance"]
_FIRST = 500  # photos that are asked first
_MORE = 3  # times as many each time
_RARER = 8  # a word that so many times as many photos have as surely narrows nothing down
_NEWEST = (2_000, 40_000)  # photos that are asked first where only the date decides
_COUNTED = 20_000  # more photos of one tag are not counted: it is a common one
_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """Which of the photos that match are wanted, and in which order.

    by: 'score' (surest first), 'date' (newest first, those without a date last), 'path', or 'distance' from the
    place of near: (nearest first); what is equal is ordered by score, then date, then path.
    reverse: the other way round.  limit: None for all.  min_score: 0..1.
    """

    by: Sort = "score"
    reverse: bool = False
    limit: int | None = None
    offset: int = 0
    min_score: float = 0.0

    @property
    def end(self) -> int | None:
        """How many are needed before the offset is taken off."""
        return None if self.limit is None else self.limit + self.offset


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A photo that was found; path as the disk has it, taken_at as in Metadata, distance_km where near: was asked."""

    photo_id: int
    score: float
    path: bytes
    taken_at: str | None
    distance_km: float | None


def find(connection: Connection, query: CompiledQuery, order: Order) -> list[FoundRow]:
    """Return the photos that match, in order."""
    counts = _counts(connection, query.tags)
    tags = query.driver(counts)
    if tags is not None and not tags:
        return []
    best = order.limit is not None and not order.reverse
    if tags is not None and best and order.by == "score" and query.is_ranked:
        return _surest(connection, query, order, tags)
    if tags is not None and sum(counts[tag] for tag in tags) < _COUNTED:
        return _select(connection, query, order, _having([tags], 0.0))
    if best and (order.by == "date" or (order.by == "score" and not query.is_ranked)):
        return _newest(connection, query, order)
    return _select(connection, query, order)


def rows_of(connection: Connection, query: CompiledQuery, order: Order, scores: dict[int, float]) -> list[FoundRow]:
    """Return the rows of photos whose scores are known, in order, without limit."""
    found: list[FoundRow] = []
    wanted = sorted(scores)
    for start in range(0, len(wanted), _AT_A_TIME):
        some = ", ".join(map(str, wanted[start : start + _AT_A_TIME]))
        sql = _columns(query).inside("", f" {_FROM} WHERE photos.id IN ({some})")
        for photo, path, taken, km in connection.exec_driver_sql(sql.text, sql.values):
            found.append(FoundRow(photo, scores[photo], path, taken, km))
    return sorted_rows(found, order)


def sorted_rows(rows: Sequence[FoundRow], order: Order) -> list[FoundRow]:
    """Return rows in order, as the SQL of this module orders them."""
    found = sorted(rows, key=lambda row: row.path)
    found.sort(key=lambda row: row.taken_at or "", reverse=True)
    found.sort(key=lambda row: -row.score)
    if order.by == "date":
        found.sort(key=lambda row: row.path)
        found.sort(key=lambda row: -row.score)
        found.sort(key=lambda row: row.taken_at or "", reverse=True)
    elif order.by == "path":
        found.sort(key=lambda row: row.path)
    elif order.by == "distance":
        found.sort(key=lambda row: (row.distance_km is None, row.distance_km or 0.0))
    return found[::-1] if order.reverse else found


def _surest(connection: Connection, query: CompiledQuery, order: Order, tags: Driver) -> list[FoundRow]:
    """Ask the surest photos of the driving tags first, and more until the answer cannot change any more."""
    assert order.end is not None
    others = [each for each in query.needed() if each != tags]
    asked = max(_FIRST, 2 * order.end)
    while True:
        least = max((_score_at(connection, tag, asked) for tag in tags), default=0.0)
        # What else every photo must have as surely narrows them down, where it is not far more common.
        few = [each for each in others if all(_score_at(connection, tag, _RARER * asked) < least for tag in each)]
        found = _select(connection, query, order, _having([tags, *few], least), least)
        if least <= order.min_score or len(found) + order.offset >= order.end:
            return found
        asked *= _MORE


def _score_at(connection: Connection, tag: int, place: int) -> float:
    """Return the score of the n-th surest photo of a tag, 0 where it has not so many."""
    sql = "SELECT score FROM photo_tags WHERE tag_id = ? ORDER BY score DESC LIMIT 1 OFFSET ?"
    found: float | None = connection.exec_driver_sql(sql, (tag, place)).scalar()
    return 0.0 if found is None else found


def _having(all_of: Sequence[Driver], least: float) -> Sql:
    """Return SQL for the photos that have one of the tags of each set, at least as sure as `least`."""
    wanted = [", ".join(map(str, sorted(tags))) for tags in all_of]
    pieces = [
        Sql(f"SELECT photo_id FROM photo_tags WHERE tag_id IN ({tags}) AND score >= ?", (least,))  # noqa: S608
        for tags in wanted
    ]
    return Sql.joined(" INTERSECT ", pieces).inside("photos.id IN (", ")")


def _newest(connection: Connection, query: CompiledQuery, order: Order) -> list[FoundRow]:
    """Ask the newest photos first, and where these are not enough all, from one end of the table to the other."""
    assert order.end is not None
    sql = "SELECT taken_at FROM photos ORDER BY taken_at DESC LIMIT 1 OFFSET ?"
    for asked in _NEWEST:
        since = connection.exec_driver_sql(sql, (asked,)).scalar()
        if since is None:
            break
        found = _select(connection, query, order, Sql("photos.taken_at >= ?", (since,)))
        if len(found) + order.offset >= order.end:
            return found
    return _select(connection, query, order)


def _select(
    connection: Connection, query: CompiledQuery, order: Order, among: Sql | None = None, least: float = 0.0
) -> list[FoundRow]:
    sql = statement(query, order, among, least)
    rows = connection.exec_driver_sql(sql.text, sql.values)
    return [FoundRow(photo, sure, path, taken, km) for photo, path, taken, km, sure in rows]


def statement(query: CompiledQuery, order: Order, among: Sql | None, least: float = 0.0) -> Sql:
    """Return the statement for (photo, path, taken, km, score) of the photos that match, in order.

    among: the condition for the photos that are asked, None for all.  least: of this score at least.
    """
    asked = [*([] if among is None else [among]), *query.demands, query.shown]
    sure = query.score.inside("SELECT photos.id AS photo, ", f" AS sure {_FROM} WHERE")
    return Sql.joined(
        " ",
        [
            # Else SQLite would work out the score twice: where it is compared, and where it is shown.
            Sql.joined(" ", [sure, Sql.joined(" AND ", asked)]).inside("WITH asked AS MATERIALIZED (", ")"),
            _columns(query),
            Sql(f", sure FROM asked JOIN photos ON photos.id = photo {_ROOT}"),
            Sql(f"WHERE sure >= {max(least, order.min_score)!r} ORDER BY {_ordering(order, query.is_ranked)}"),
            Sql("LIMIT ? OFFSET ?", (_limit(order), order.offset)),
        ],
    )


def _ordering(order: Order, varies: bool) -> str:
    keys = ["taken_at DESC", "whole"]
    if varies:
        keys.insert(order.by == "date", "sure DESC")
    if order.by == "path":
        keys = ["whole"]
    elif order.by == "distance":
        keys = ["km IS NULL", "km", *keys]
    return ", ".join(map(_turned, keys) if order.reverse else keys)


def _turned(key: str) -> str:
    return key.removesuffix(" DESC") if key.endswith(" DESC") else f"{key} DESC"


def _limit(order: Order) -> int:
    return -1 if order.limit is None else order.limit


def _columns(query: CompiledQuery) -> Sql:
    """Return the beginning of a statement: photo, path, when it was taken, and km from the first place of the query."""
    near, away = query.near, Sql("NULL")
    if near is not None:
        away = Sql("indexer_km(photos.latitude, photos.longitude, ?, ?)", (near.latitude, near.longitude))
    return away.inside(_COLUMNS, " AS km")


def _counts(connection: Connection, tags: Collection[int]) -> dict[int, int]:
    """Return how many photos have each tag; large counts are cut."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM photo_tags WHERE tag_id = ? LIMIT {_COUNTED})"  # noqa: S608
    return {tag: connection.exec_driver_sql(sql, (tag,)).scalar() or 0 for tag in tags}


_COLUMNS = "SELECT photos.id, CAST(roots.path || photos.path AS BLOB) AS whole, photos.taken_at AS taken_at, "
_ROOT = "JOIN roots ON roots.id = photos.root_id"
_FROM = f"FROM photos {_ROOT}"
