"""A query made ready for what a connection sees of a library: its tags are looked up and its SQL is written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from indexer.library.query.ast import (
    And,
    Near,
    Or,
    Query,
    Term,
    bound,
    folded,
    is_ranked,
    leaves,
    left_out,
    words,
)
from indexer.library.query.clause import Sql
from indexer.library.query.sql import TagIds, add_functions, demands, score, shown

Driver: TypeAlias = frozenset[int]  # tags of which each photo that matches has one, at least as sure as it scores


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a connection sees. mark: the same as long as nobody writes, None: unknown.  size: more than any row id."""

    mark: tuple[int, int] | None
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class CompiledQuery:
    """A query that a connection, as long as it sees the same, can be asked.

    tree: with each word told which models must have given it.  tag_ids: the tags that its words name.
    score: the score of a photo, NULL where it does not match.  shown: the photo is in no state that is left out.
    demands: conditions that every photo that matches meets, and that an index may answer.
    left_out: the states whose photos it does not find.  near: the first place that it names.
    is_ranked: photos may match it better or worse.  snapshot: None where nothing was asked of it.
    """

    tree: Query
    tag_ids: TagIds
    score: Sql
    shown: Sql
    demands: tuple[Sql, ...]
    left_out: frozenset[str]
    near: Near | None
    is_ranked: bool
    snapshot: Snapshot | None

    @property
    def tags(self) -> frozenset[int]:
        """The row ids of all its tags."""
        return frozenset(tag for tags in self.tag_ids.values() for tag in tags)

    def driver(self, photos_of: Mapping[int, int]) -> Driver | None:
        """Return the fewest tags that lead to every photo that matches, None where no tags do.

        photos_of: how many photos have a tag.
        """
        return _driver(self.tree, self.tag_ids, photos_of)

    def needed(self) -> list[Driver]:
        """Return sets of tags: a photo that matches has one of each, at least as sure as it scores."""
        parts = self.tree.parts if isinstance(self.tree, And) else (self.tree,)
        nothing = dict.fromkeys(self.tags, 0)
        return [tags for part in parts if (tags := _driver(part, self.tag_ids, nothing)) is not None]


def compile_query(connection: Connection, query: Query, snapshot: Snapshot | None = None) -> CompiledQuery:
    """Return a query made ready to be asked of a connection; snapshot: what it sees, for who keeps what was read."""
    add_functions(connection)
    tree = bound(query)
    ids = _tag_ids(connection, tree)
    near = next((leaf for leaf in leaves(tree) if isinstance(leaf, Near)), None)
    hidden, sure = left_out(tree), is_ranked(tree)
    return CompiledQuery(tree, ids, score(tree, ids), shown(hidden), tuple(demands(tree)), hidden, near, sure, snapshot)


def _tag_ids(connection: Connection, query: Query) -> TagIds:
    """Return the row ids of the tags that a query names."""
    ids: dict[str, list[int]] = {word: [] for word in words(query)}
    if not ids:
        return ids
    marks = ", ".join("?" * len(ids))
    found = connection.exec_driver_sql(f"SELECT folded, id FROM tags WHERE folded IN ({marks})", tuple(ids))  # noqa: S608
    for row in found:
        ids[row.folded].append(row.id)
    return ids


def _driver(query: Query, ids: TagIds, photos_of: Mapping[int, int]) -> Driver | None:
    match query:
        case Term(word):
            return frozenset(ids.get(folded(word), ()))
        case And(parts):
            found = [each for part in parts if (each := _driver(part, ids, photos_of)) is not None]
            return min(found, key=lambda tags: sum(photos_of[tag] for tag in tags), default=None)
        case Or(parts):
            each_part = [_driver(part, ids, photos_of) for part in parts]
            return None if None in each_part else frozenset().union(*(tags for tags in each_part if tags is not None))
    return None
