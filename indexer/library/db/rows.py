"""Row mapping: what the library stores of photos, as values, exactly as it was recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from struct import iter_unpack, pack
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from indexer.geometry import Box, Point
from indexer.library.db.tables import (
    descriptors,
    evidence,
    faces,
    model_sets,
    models,
    object_scores,
    objects,
    photo_tags,
    photos,
    sources,
    tag_counts,
    tags,
    text_lines,
    vectors,
)
from indexer.values.analysis import Analysis, Descriptor, Evidence, Face, Object, Tag, TextLine
from indexer.values.files import Hashes, Metadata, PixelStats

UNSEEN = -1  # the position of a face that a user named, and that the last analysis did not find
_METADATA = [item.name for item in fields(Metadata)]
_LOOK = [item.name for item in fields(PixelStats)]


def read_analyses(connection: Connection, photo_ids: Sequence[int], *, vector: bool = True) -> dict[int, Analysis]:
    """Return the analyses of photos by their row id; photos that were never analyzed are left out.

    vector: False leaves it empty, where it is not needed.
    """
    evidences = _by_photo(connection, _EVIDENCE.where(evidence.c.photo_id.in_(photo_ids)))
    marks = read_tags(connection, photo_ids)
    found = _by_photo(connection, FACES.where(faces.c.photo_id.in_(photo_ids), faces.c.position > UNSEEN))
    things = _by_photo(connection, _OBJECTS.where(objects.c.photo_id.in_(photo_ids)))
    faint = _by_photo(connection, _OBJECT_SCORES.where(object_scores.c.photo_id.in_(photo_ids)))
    lines = _by_photo(connection, _LINES.where(text_lines.c.photo_id.in_(photo_ids)))
    looks = select(vectors).where(vectors.c.photo_id.in_(photo_ids if vector else ()))
    pooled = {row.photo_id: row.data for row in connection.execute(looks)}
    return {
        row.id: Analysis(
            metadata=Metadata(**{name: getattr(row, name) for name in _METADATA}),
            hashes=Hashes(row.content_hash, row.perceptual_hash),
            look=PixelStats(**{name: getattr(row, name) for name in _LOOK}),
            evidence=tuple(Evidence(each.name, each.data) for each in evidences[row.id]),
            tags=tuple(tag for _, tag in marks[row.id]),
            faces=tuple(map(face, found[row.id])),
            vector=pooled.get(row.id, b""),
            models=models_of(row.models),
            objects=tuple(Object(each.number, each.score, box(each), each.name) for each in things[row.id]),
            object_scores=tuple(Evidence(each.name, each.data) for each in faint[row.id]),
            lines=tuple(map(_line, lines[row.id])),
        )
        for row in connection.execute(_ANALYZED.where(photos.c.id.in_(photo_ids)))
    }


def read_tags(connection: Connection, photo_ids: Sequence[int]) -> defaultdict[int, list[tuple[int, Tag]]]:
    """Return the tags of photos by row id, each with its position, in order."""
    found: defaultdict[int, list[tuple[int, Tag]]] = defaultdict(list)
    for row in connection.execute(_TAGS.where(photo_tags.c.photo_id.in_(photo_ids))):
        tag = Tag(row.name, row.score, row.source, models_of(row.models), row.things or 1)
        found[row.photo_id].append((row.position, tag))
    return found


def has_stamp(size: Any, mtime_ns: Any) -> ColumnElement[bool]:
    """Return the condition for photos with this stamp, whatever the change time; as `same_stamp` without it."""
    return and_(photos.c.size == size, photos.c.mtime_ns == mtime_ns)


def photo_columns(analysis: Analysis) -> dict[str, Any]:
    """Return the part of an analysis that is stored in the photo's own row."""
    return {
        **{name: getattr(analysis.metadata, name) for name in _METADATA},
        **{name: getattr(analysis.look, name) for name in _LOOK},
        "content_hash": analysis.hashes.content,
        "perceptual_hash": analysis.hashes.perceptual,
    }


def face(row: Row[Any]) -> Face:
    """Return the face of a row of `faces` with its descriptor's `name` and `data`, None where there is none."""
    points = tuple(Point(x, y) for x, y in iter_unpack("<dd", row.landmarks))
    descriptor = Descriptor(row.name, row.data) if row.name else None
    return Face(box(row), row.score, row.quality, points, descriptor)


def face_columns(face: Face) -> dict[str, Any]:
    """Return the part of a face that is stored in its own row."""
    return {
        **box_columns(face.box),
        "score": face.score,
        "quality": face.quality,
        "landmarks": b"".join(pack("<dd", point.x, point.y) for point in face.landmarks),
    }


def _line(row: Row[Any]) -> TextLine:
    return TextLine(row.text, row.score, tuple(Point(x, y) for x, y in iter_unpack("<dd", row.corners)), row.name)


def box_columns(box: Box) -> dict[str, float]:
    """Return the columns of a box, in a row of `faces` or `objects`."""
    return {f"box_{side}": getattr(box, side) for side in ("left", "top", "width", "height")}


def box(row: Row[Any]) -> Box:
    """Return the box of a row of `faces` or `objects`."""
    return Box(row.box_left, row.box_top, row.box_width, row.box_height)


def models_of(names: str | None) -> tuple[str, ...]:
    """Return the ids in a row of `model_sets` or `sources`."""
    return tuple((names or "").split())


def read_model_sets(connection: Connection) -> dict[int | None, tuple[str, ...]]:
    """Return the ids of the models of each set by its row id; None: none."""
    return {None: ()} | {row.id: models_of(row.name) for row in connection.execute(select(model_sets))}


SHOWN = (  # condition for photos that a search shows
    photos.c.missing_since.is_(None) & photos.c.failed_stage.is_(None) & (photos.c.is_hidden == 0)
)
_ANALYZED = select(photos, model_sets.c.name.label("models")).join(model_sets)
_EVIDENCE = (
    select(evidence.c.photo_id, models.c.name, evidence.c.data)
    .select_from(evidence.join(models))
    .order_by(evidence.c.photo_id, evidence.c.position)
)
_OBJECTS = (
    select(objects, models.c.name).select_from(objects.join(models)).order_by(objects.c.photo_id, objects.c.position)
)
_OBJECT_SCORES = (
    select(object_scores.c.photo_id, models.c.name, object_scores.c.data)
    .select_from(object_scores.join(models))
    .order_by(object_scores.c.photo_id, models.c.name)
)
_IS_COUNTED = (tag_counts.c.photo_id == photo_tags.c.photo_id) & (tag_counts.c.tag_id == photo_tags.c.tag_id)
_LINES = (
    select(text_lines, models.c.name)
    .select_from(text_lines.join(models))
    .order_by(text_lines.c.photo_id, text_lines.c.position)
)
_TAGS = (
    select(
        photo_tags.c.photo_id,
        photo_tags.c.position,
        tags.c.name,
        photo_tags.c.score,
        sources.c.name.label("source"),
        sources.c.models,
        tag_counts.c.count.label("things"),
    )
    .select_from(photo_tags.join(tags).join(sources).outerjoin(tag_counts, _IS_COUNTED))
    .order_by(photo_tags.c.photo_id, photo_tags.c.position, tags.c.name)
)
FACES = (
    select(faces, models.c.name, descriptors.c.data)
    .select_from(faces.outerjoin(descriptors).outerjoin(models))
    .order_by(faces.c.photo_id, faces.c.position)
)


def _by_photo(connection: Connection, query: Select[Any]) -> defaultdict[int, list[Row[Any]]]:
    rows: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        rows[row.photo_id].append(row)
    return rows
