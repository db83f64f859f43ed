"""Storage of analyses: the rows of a photo's analysis replace those of the former one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.geometry import Box
from indexer.library.db.rows import FACES, UNSEEN, box, box_columns, face, face_columns, read_tags
from indexer.library.db.tables import (
    classes,
    descriptors,
    evidence,
    faces,
    models,
    object_scores,
    objects,
    photo_tags,
    photos,
    sources,
    tag_counts,
    tags,
    vectors,
)
from indexer.library.db.user_tables import person_faces
from indexer.library.photo_rows.same_face import same_faces
from indexer.library.photo_rows.user_layer import merge_user_tags
from indexer.library.query.ast import folded
from indexer.values.analysis import Analysis, Face, Tag

_FORGOTTEN_FACE = 0.3  # the same for a face that was to be forgotten: better one too many


def replace_tags(connection: Connection, tags_of: Mapping[int, Sequence[Tag]]) -> int:
    """Replace the tags of photos (by row id) by those of an analysis, with the user layer over them.

    Only photos whose tags change are written; return how many. Vectors must have been stored before.
    """
    now = merge_user_tags(connection, {photo: _unique(given) for photo, given in tags_of.items()})
    old = read_tags(connection, tuple(now))
    other = {photo: given for photo, given in now.items() if given != old[photo]}
    for table in (photo_tags, tag_counts):
        connection.execute(delete(table).where(table.c.photo_id.in_(tuple(other))))
    marks = [(photo, position, tag) for photo, given in other.items() for position, tag in given]
    tag_ids = intern(connection, tags, {tag.name for _, _, tag in marks})
    source_ids = _intern_sources(connection, [tag for _, _, tag in marks])
    _insert(
        connection,
        photo_tags,
        [
            {
                "photo_id": photo,
                "tag_id": tag_ids[tag.name],
                "position": position,
                "score": tag.score,
                "source_id": source_ids[_source(tag)],
            }
            for photo, position, tag in marks
        ],
    )
    counts = [
        {"photo_id": photo, "tag_id": tag_ids[tag.name], "count": tag.count} for photo, _, tag in marks if tag.count > 1
    ]
    _insert(connection, tag_counts, counts)
    return len(other)


def replace_evidence(connection: Connection, analyses: Mapping[int, Analysis]) -> None:
    """Replace the tag evidence and the embeddings of photos (by row id)."""
    for table in (evidence, vectors):
        connection.execute(delete(table).where(table.c.photo_id.in_(tuple(analyses))))
    given = [(photo, place, each) for photo, seen in analyses.items() for place, each in enumerate(seen.evidence)]
    ids = intern(connection, models, {each.model for _, _, each in given})
    _insert(
        connection,
        evidence,
        [
            {"photo_id": photo, "model_id": ids[each.model], "position": position, "data": each.data}
            for photo, position, each in given
        ],
    )
    first = {photo: ids[each.model] for photo, position, each in given if position == 0}
    pooled = [(photo, analysis.vector) for photo, analysis in analyses.items() if analysis.vector]
    _insert(
        connection,
        vectors,
        [{"photo_id": photo, "model_id": first.get(photo), "data": vector} for photo, vector in pooled],
    )


def replace_objects(connection: Connection, analyses: Mapping[int, Analysis]) -> None:
    """Replace the objects of photos (by row id), and the scores of those too faint to be kept."""
    for table in (objects, object_scores):
        connection.execute(delete(table).where(table.c.photo_id.in_(tuple(analyses))))
    given = [(photo, place, each) for photo, seen in analyses.items() for place, each in enumerate(seen.objects)]
    scores = [(photo, each) for photo, seen in analyses.items() for each in seen.object_scores]
    ids = intern(connection, models, {each.model for _, _, each in given} | {each.model for _, each in scores})
    rows = [
        {
            "photo_id": photo,
            "position": place,
            "model_id": ids[each.model],
            "number": each.label,
            "score": each.score,
            **box_columns(each.box),
        }
        for photo, place, each in given
    ]
    _insert(connection, objects, rows)
    _insert(
        connection,
        object_scores,
        [{"photo_id": photo, "model_id": ids[each.model], "data": each.data} for photo, each in scores],
    )


def replace_faces(connection: Connection, faces_of: Mapping[int, Sequence[Face]]) -> None:
    """Replace the faces of photos (by row id); one that was there before keeps its row.

    Of a face that was to be forgotten, in this photo or in one with the same bytes, no descriptor is stored; its row
    stays even where it is not found again. So does that of a face that a user named, with its descriptor: it may be
    found again in another version of the picture.
    """
    here = faces.c.photo_id.in_(tuple(faces_of))
    forgotten = _forgotten(connection, tuple(faces_of))
    old: dict[int, dict[int, Face]] = {}
    for row in connection.execute(FACES.where(here)):
        old.setdefault(row.photo_id, {})[row.id] = face(row)
    unused = count((connection.scalar(select(func.max(faces.c.id))) or 0) + 1)
    kept = {photo: same_faces(old.get(photo, {}), given) for photo, given in faces_of.items()}
    found = [
        (kept[photo].get(position) or next(unused), photo, position, each)
        for photo, given in faces_of.items()
        for position, each in enumerate(given)
    ]
    left = [number for photo, known in old.items() for number in known if number not in kept[photo].values()]
    unseen = _named_by_user(connection, left)
    gone = select(faces.c.id).where(here, faces.c.id.not_in(unseen))
    connection.execute(delete(descriptors).where(descriptors.c.face_id.in_(gone)))
    connection.execute(delete(faces).where(faces.c.id.in_(set(left) - unseen), faces.c.is_forgotten == 0))
    connection.execute(update(faces).where(faces.c.id.in_(unseen)).values(position=UNSEEN))
    upsert(
        connection,
        faces,
        ["id"],
        [{"id": row, "photo_id": photo, "position": place, **face_columns(face)} for row, photo, place, face in found],
    )
    secret = {row for row, photo, _, face in found if _covers(forgotten.get(photo, ()), face)}
    connection.execute(update(faces).where(faces.c.id.in_(secret)).values(is_forgotten=1))
    described = [(row, face.descriptor) for row, _, _, face in found if face.descriptor and row not in secret]
    ids = intern(connection, models, {descriptor.model for _, descriptor in described})
    _insert(
        connection,
        descriptors,
        [{"face_id": row, "model_id": ids[each.model], "data": each.data} for row, each in described],
    )


def replace_classes(connection: Connection, model: str, names: Iterable[str]) -> None:
    """Store the class names of a model, in order of their index."""
    (model_id,) = intern(connection, models, [model]).values()
    connection.execute(delete(classes).where(classes.c.model_id == model_id))
    rows = [{"model_id": model_id, "number": number, "name": name} for number, name in enumerate(names)]
    _insert(connection, classes, rows)


def read_classes(connection: Connection, model: str) -> list[str]:
    """Return the class names of a model, in order of their index; none where it is not known."""
    query = select(classes.c.name).join(models).where(models.c.name == model).order_by(classes.c.number)
    return list(connection.scalars(query))


def read_all_classes(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the class names of all models, in order of their index, by model id."""
    names = connection.scalars(select(models.c.name).where(models.c.id.in_(select(classes.c.model_id))))
    return {name: tuple(read_classes(connection, name)) for name in names.all()}


def intern(connection: Connection, table: Table, names: Iterable[str]) -> dict[str, int]:
    """Return the row id of each name; new ones are added."""
    wanted = sorted(set(names))
    known = _named(connection, table, wanted)
    new = [name for name in wanted if name not in known]
    if new:
        folds = table is tags
        _insert(connection, table, [{"name": name, **({"folded": folded(name)} if folds else {})} for name in new])
        known |= _named(connection, table, new)
    return known


def _source(tag: Tag) -> tuple[str, str]:
    return tag.source, " ".join(tag.models)


def _intern_sources(connection: Connection, given: Iterable[Tag]) -> dict[tuple[str, str], int]:
    """Return the row id of the source of each tag; new ones are added."""
    wanted = sorted(set(map(_source, given)))
    known = _known_sources(connection, wanted)
    new = [pair for pair in wanted if pair not in known]
    if new:
        _insert(connection, sources, [{"name": name, "models": models} for name, models in new])
        known |= _known_sources(connection, new)
    return known


def _known_sources(connection: Connection, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    rows = connection.execute(select(sources).where(sources.c.name.in_([name for name, _ in wanted])))
    return {(row.name, row.models): row.id for row in rows}


def upsert(connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns; a row with the same keys is updated."""
    if rows:
        new = insert(table)
        others = {name: new.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _named_by_user(connection: Connection, numbers: Sequence[int]) -> set[int]:
    said = person_faces.c.by_user == 1
    return set(connection.scalars(select(person_faces.c.face_id).where(person_faces.c.face_id.in_(numbers), said)))


def _forgotten(connection: Connection, photo_ids: Sequence[int]) -> dict[int, list[Box]]:
    """Return the boxes of faces that were to be forgotten, by photo: its own, and those in photos of the same bytes."""
    if connection.scalar(select(faces.c.id).where(faces.c.is_forgotten == 1).limit(1)) is None:
        return {}
    this, twin = photos.alias(), photos.alias()
    same = select(this.c.id.label("here"), twin.c.id.label("there"))
    same = same.join(twin, twin.c.content_hash == this.c.content_hash).where(this.c.id.in_(photo_ids))
    pairs = same.union(select(photos.c.id, photos.c.id).where(photos.c.id.in_(photo_ids))).subquery()
    query = select(pairs.c.here, faces).join(faces, faces.c.photo_id == pairs.c.there)
    rows = connection.execute(query.where(faces.c.is_forgotten == 1))
    boxes: dict[int, list[Box]] = {}
    for row in rows:
        boxes.setdefault(row.here, []).append(box(row))
    return boxes


def _covers(boxes: Iterable[Box], face: Face) -> bool:
    """Return whether a face is one of those that were to be forgotten; in doubt it is."""
    return any(face.box.overlap(each) >= _FORGOTTEN_FACE for each in boxes)


def _unique(given: Iterable[Tag]) -> list[Tag]:
    """Keep the highest score of tags with one name."""
    best: dict[str, Tag] = {}
    for tag in given:
        if tag.name not in best or tag.score > best[tag.name].score:
            best[tag.name] = tag
    return list(best.values())


def _named(connection: Connection, table: Table, names: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(select(table.c.name, table.c.id).where(table.c.name.in_(names)))
    return {row.name: row.id for row in rows}


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
