"""Words and facts flow out of the library into arrays, a row number and a score a photo; the best photos flow out.

For a process that answers many searches: what one leaf of a query finds is read once, and kept until the library
changes. Queries are then combined in memory, in milliseconds for a million photos. The answers are those of `find`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from indexer.library.db.engine import Changes, chunks
from indexer.library.query.ast import And, Everything, Fact, Not, Or, Query, Term, folded, split_scores
from indexer.library.query.clause import Sql
from indexer.library.query.compiled import CompiledQuery, Snapshot, compile_query
from indexer.library.query.counted import count_condition
from indexer.library.query.evidence import evidence_scores, has_evidence
from indexer.library.query.fields import condition
from indexer.library.query.ordering import Ranks, in_order, read_ranks
from indexer.library.query.plan import FoundRow, Order, rows_of
from indexer.library.query.sql import TagIds
from indexer.library.query.texts import given_by

if TYPE_CHECKING:  # NumPy takes 0.1 s to import: who asks once does without it
    import numpy as np
    from numpy.typing import NDArray

    Scores: TypeAlias = NDArray[np.float64]  # by row id of the photo; -1: does not match

Kept = TypeVar("Kept")
_Read: TypeAlias = "Callable[[], tuple[NDArray[Any], NDArray[Any]]]"
_MOST_BYTES = 256 * 1024 * 1024
_MOST_ROWS = 5000  # as many are looked up to be ranked; for more, the places of all photos are worth being read
_AT_A_TIME = 16 * 1024
_LEFT_OUT = "SELECT id FROM photos WHERE "
_FROM = "SELECT photos.id FROM photos JOIN roots ON roots.id = photos.root_id WHERE "


class Postings:
    """What the leaves of queries found, in memory: 12 bytes for each photo of a word, at most 256 MiB in all.

    Any number of threads may ask. Each first has its query compiled here, by a connection that has begun a transaction
    and read nothing in it yet: then it is known whether what it sees is what is in memory.
    changes: tells whether the library has changed since; None: what is kept is kept for one question.
    """

    def __init__(self, changes: Changes | None = None) -> None:
        self._changes = changes
        self._mark: tuple[int, int] | None = None
        self._kept: OrderedDict[Hashable, tuple[NDArray[Any], NDArray[Any]]] = OrderedDict()
        self._others: dict[Hashable, Any] = {}
        self._ranks: Ranks | None = None
        self._bytes = 0
        self._size = 0
        self._lock = Lock()

    def close(self) -> None:
        """Let go of the library."""
        with self._lock:
            if self._changes is not None:
                self._changes.close()

    def compiled(self, connection: Connection, query: Query) -> CompiledQuery:
        """Return a query made ready to be asked here; it is the first that the connection reads."""
        return compile_query(connection, query, self._snapshot(connection))

    def find(self, connection: Connection, query: CompiledQuery, order: Order) -> list[FoundRow] | None:
        """Return the photos that match, in order; None where there are too many of them to be measured here."""
        import numpy as np

        with self._lock:
            scores = self._matching(connection, query)
            hits = np.flatnonzero(scores >= max(order.min_score, 0.0))
            if order.by == "score" and order.end is not None and order.end < len(hits):
                hits = _first(hits, scores[hits], order)
            many = order.limit is not None and len(hits) > max(_MOST_ROWS, 2 * order.limit)
            ranks = self._all_ranks(connection) if many and order.by != "distance" else self._ranks
        if ranks is not None and order.by != "distance":
            hits = in_order(ranks, hits, scores[hits], order)[order.offset : order.end]
            return rows_of(connection, query, order, dict(zip(hits.tolist(), scores[hits].tolist(), strict=True)))
        if many and not has_evidence(query.tree):
            return None
        found = rows_of(connection, query, order, dict(zip(hits.tolist(), scores[hits].tolist(), strict=True)))
        return found[order.offset : order.end]

    def ordered(self, connection: Connection, query: CompiledQuery, order: Order) -> NDArray[Any]:
        """Return the row ids of the photos that match, in order."""
        import numpy as np

        if order.by == "distance":
            return np.array([row.photo_id for row in self.find(connection, query, order) or ()], np.int64)
        with self._lock:
            scores = self._matching(connection, query)
            ranks = self._all_ranks(connection)
        hits = np.flatnonzero(scores >= max(order.min_score, 0.0))
        return in_order(ranks, hits, scores[hits], order)[order.offset : order.end]

    def count(self, connection: Connection, query: CompiledQuery, min_score: float) -> int:
        """Return how many photos match."""
        with self._lock:
            return int((self._matching(connection, query) >= max(min_score, 0.0)).sum())

    def months(self, connection: Connection, query: CompiledQuery) -> list[tuple[str | None, int]]:
        """Return the months in which photos that match were taken, and how many, the newest first; None: no date."""
        import numpy as np

        with self._lock:
            hits = np.flatnonzero(self._matching(connection, query) >= 0.0)
            ranks = self._all_ranks(connection)
        counts = np.bincount(ranks.month[hits], minlength=len(ranks.months)).tolist()
        return [(month, count) for month, count in zip(ranks.months, counts, strict=True) if count]

    def cached(
        self,
        connection: Connection,
        key: Hashable,
        read: Callable[[Connection], Kept],
        snapshot: Snapshot | None = None,
    ) -> Kept:
        """Return what something is read as, from memory where nothing has changed since.

        snapshot: that of a query, where the connection has asked one.
        """
        snapshot = snapshot or self._snapshot(connection)
        with self._lock:
            self._refresh(snapshot)
            if key not in self._others:
                self._others[key] = read(connection)
            kept: Kept = self._others[key]
            return kept

    def _all_ranks(self, connection: Connection) -> Ranks:
        if self._ranks is None:
            self._ranks = read_ranks(connection, self._size)
        return self._ranks

    def _matching(self, connection: Connection, query: CompiledQuery) -> Scores:
        assert query.snapshot is not None
        self._refresh(query.snapshot)
        scores = self._scores(connection, query.tree, query.tag_ids)
        hidden = query.shown.inside("NOT (", ")")
        gone, _ = self._leaf(("left out", query.left_out), lambda: _read(connection, Sql(_LEFT_OUT + hidden.text)))
        scores[gone] = -1.0
        scores[self._gaps(connection)] = -1.0
        return scores

    def _gaps(self, connection: Connection) -> NDArray[Any]:
        """Return the row numbers that are no photo: 0 and, where photos were forgotten, theirs."""
        import numpy as np

        if "gaps" not in self._kept:
            count = connection.exec_driver_sql("SELECT count(*) FROM photos").scalar()
            photos = np.empty(0, np.int32)
            if count != self._size - 1:
                photos, _ = _read(connection, Sql("SELECT id FROM photos"))
            free = np.ones(self._size if len(photos) else 1, bool)
            free[photos] = False
            self._kept["gaps"] = np.flatnonzero(free), np.ones(1)
        return self._kept["gaps"][0]

    def _scores(self, connection: Connection, query: Query, ids: TagIds) -> Scores:
        """Return what `match` says of every photo; the array is the caller's own."""
        import numpy as np

        match query:
            case And():
                return self._and(connection, query, ids)
            case Or(parts):
                scores = self._nothing()
                for part in parts:
                    np.maximum(scores, self._scores(connection, part, ids), out=scores)
                return scores
            case Not(part):
                return np.where(self._scores(connection, part, ids) < 0, 1.0, -1.0)
            case Everything():
                return np.full(self._size, 1.0)
        scores = self._nothing()
        photos, found = self._found(connection, query, ids)
        scores[photos] = found
        return scores

    def _and(self, connection: Connection, query: And, ids: TagIds) -> Scores:
        import numpy as np

        sought, limits = split_scores(query)
        scores = np.full(self._size, 1.0 if query.parts else -1.0)
        for part in sought:
            np.minimum(scores, self._scores(connection, part, ids), out=scores)
        for limit in limits:
            low, high = limit.low or 0.0, 1.0 if limit.high is None else limit.high
            scores[(scores < low) | (scores > high)] = -1.0
        return scores

    def _found(self, connection: Connection, leaf: Term | Fact, ids: TagIds) -> tuple[NDArray[Any], NDArray[Any]]:
        if not isinstance(leaf, Term):
            return self._leaf(leaf, lambda: _read(connection, condition(leaf).inside(_FROM, "")))
        tags = tuple(ids[folded(leaf.word)])
        return self._leaf((tags, leaf), lambda: _with_word(connection, tags, leaf))

    def _leaf(self, key: Hashable, read: _Read) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the row ids and scores of the photos that a leaf finds, from memory where it was read before."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = self._kept[key] = read()
        self._bytes += sum(each.nbytes for each in found)
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= sum(each.nbytes for each in old)
        return found

    def _nothing(self) -> Scores:
        import numpy as np

        return np.full(self._size, -1.0)

    def _snapshot(self, connection: Connection) -> Snapshot:
        """Return what a connection sees.

        The first that it reads settles that. Where the mark is the same before and after, that is what the mark stands
        for; else nobody can tell, and what is read is kept for this question alone.
        """
        with self._lock:
            before = self._changes.mark() if self._changes is not None else None
            size = 1 + (connection.exec_driver_sql("SELECT max(id) FROM photos").scalar() or 0)
            is_settled = self._changes is not None and self._changes.mark() == before
        return Snapshot(before if is_settled else None, size)

    def _refresh(self, snapshot: Snapshot) -> None:
        """Forget everything where somebody has written between what was kept and what is seen now."""
        if snapshot.mark is None or snapshot.mark != self._mark:
            self._kept.clear()
            self._others.clear()
            self._ranks = None
            self._bytes = 0
        self._mark, self._size = snapshot.mark, snapshot.size


def _with_word(connection: Connection, tags: Sequence[int], term: Term) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the photos with a tag and their scores; with evidence, first the less sure ones: the last entry stays."""
    import numpy as np

    found = _read(connection, _tagged(tags, term)) if tags else (np.empty(0, np.int64), np.empty(0))
    if not term.outputs:
        return found
    photos, scores = evidence_scores(connection, term)
    return np.concatenate((photos, found[0])), np.concatenate((scores, found[1]))


def _tagged(tags: Sequence[int], term: Term) -> Sql:
    """Return SQL for the photos that have a tag, and their scores.

    From the least sure on: where two tags are one word, the surer one is written last, and stays.
    """
    marks = ", ".join("?" * len(tags))
    order = " ORDER BY score" if len(tags) > 1 else ""
    sql = Sql(f"SELECT photo_id, score FROM photo_tags WHERE tag_id IN ({marks})", tuple(tags))  # noqa: S608
    return Sql.joined("", [sql, given_by(term.models), count_condition(term), Sql(order)])


def _first(hits: NDArray[Any], scores: Scores, order: Order) -> NDArray[Any]:
    """Keep those that may be among the first: the best, and whoever equals the last of them."""
    import numpy as np

    assert order.end is not None
    if order.reverse:
        kept = scores <= np.partition(scores, order.end - 1)[order.end - 1]
    else:
        kept = scores >= np.partition(scores, -order.end)[-order.end]
    first: NDArray[Any] = hits[kept]
    return first


def _read(connection: Connection, sql: Sql) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    rows = chain.from_iterable(chunks(connection, sql.text, sql.values, _AT_A_TIME))
    if "score" not in sql.text.partition("FROM")[0]:
        return np.fromiter((row[0] for row in rows), np.int32), np.ones(1)
    table = np.fromiter(map(tuple, rows), np.dtype([("photo", "i4"), ("score", "f8")]))
    table = table[np.argsort(table["photo"], kind="stable")]  # in order of memory; stable: the surer one stays last
    return np.ascontiguousarray(table["photo"]), np.ascontiguousarray(table["score"])
