"""Revert of photo tags: the former tags, with the current user layer and taught words applied over them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, select

from indexer.library.db.tables import models, photo_tags, sources, tags
from indexer.library.db.user_tables import taught
from indexer.library.history.revert import replace_rows, rows_now
from indexer.library.history.row_changes import Key, RowChange, RowChangeGroup
from indexer.library.photo_rows.taught_tags import give_taught, take_taught
from indexer.library.photo_rows.user_layer import OWN, OWN_PLACE, TAUGHT, LinearProbe
from indexer.library.photo_rows.write_analysis import intern, upsert
from indexer.library.query.ast import folded

_TAGS = "photo_tags"


def stored(connection: Connection, groups: Sequence[RowChangeGroup]) -> list[RowChangeGroup]:
    """Return changes without the tags of taught words: their classifiers assign them again."""
    source = set(connection.scalars(select(sources.c.id).where(sources.c.name == TAUGHT)))
    others = {None, *source}
    return [
        each
        for each in groups
        if each.table != _TAGS or not all(row is None or row[-1] in others for row in (each.before, each.after))
    ]


def revert_tags(connection: Connection, changes: Sequence[RowChange]) -> None:
    """Restore the tags of photos; where an analysis has written since, its tags stay below the user's.

    All other rows have been restored before.
    """
    ours = [each for each in changes if each.table == _TAGS]
    now = rows_now(connection, _TAGS, [each.key for each in ours])
    fitting = [each for each in ours if now.get(each.key) == each.after]
    replace_rows(connection, _TAGS, fitting)
    said = {each.key for each in changes if each.table == "own_tags"}
    _apply_said(connection, (said | {each.key for each in ours}) - {each.key for each in fitting})
    _apply_taught(connection, {each.key[0] for each in changes if each.table == "taught"}, said)


def _apply_said(connection: Connection, keys: Collection[Key]) -> None:
    """Apply the current user layer to the tags: added, removed, or not set by the user."""
    said = rows_now(connection, "own_tags", keys)
    (source,) = intern(connection, sources, [OWN]).values()
    mark = {"position": OWN_PLACE, "score": 1.0, "source_id": source}
    given = [{"photo_id": key[0], "tag_id": key[1], **mark} for key in keys if key in said and said[key][2]]
    upsert(connection, photo_tags, ["photo_id", "tag_id"], given)
    taken = [key for key in keys if key in said and not said[key][2]]
    _delete(connection, "DELETE FROM photo_tags WHERE photo_id = ? AND tag_id = ?", taken)
    unsaid = [(*key, source) for key in keys if key not in said]
    _delete(connection, "DELETE FROM photo_tags WHERE photo_id = ? AND tag_id = ? AND source_id = ?", unsaid)


def _apply_taught(connection: Connection, changed: Collection[int], said: Collection[Key]) -> None:
    """Apply taught words: to all photos where one was taught or forgotten now, otherwise to those with less user data.

    changed: the words (tags).  said: photos and words whose user data differs now.
    """
    for tag in changed:
        take_taught(connection, tag)
    if not changed and not said:
        return
    names = {tag for _, tag in said}
    folds = dict(connection.execute(select(tags.c.id, tags.c.folded).where(tags.c.id.in_(names))).tuples().all())
    for tag, head in _heads(connection):
        photos = {photo for photo, word in said if folds[word] == folded(head.name)}
        if tag in changed or photos:
            give_taught(connection, head, tag, None if tag in changed else photos)


def _heads(connection: Connection) -> Iterator[tuple[int, LinearProbe]]:
    query = select(taught.c.tag_id, tags.c.name, models.c.name.label("model"), taught.c.weights)
    for row in connection.execute(query.select_from(taught.join(tags).join(models))).all():
        yield row.tag_id, LinearProbe(row.name, row.model, row.weights)


def _delete(connection: Connection, sql: str, keys: Sequence[Key]) -> None:
    if keys:
        connection.exec_driver_sql(sql, list(keys))
