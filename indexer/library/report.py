"""Reports on the library: the details of one photo, and counts, failures and totals of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select

from indexer.geometry import Box
from indexer.library.db.roots import Roots, find_photo, part
from indexer.library.db.rows import SHOWN, models_of, read_analyses
from indexer.library.db.tables import classes, faces, model_sets, models, photo_tags, photos, tags
from indexer.library.indexing.state import is_stale
from indexer.library.query.facet_values import tag_values
from indexer.values.analysis import Analysis, Evidence, Label, ModelIds, Object
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed

if TYPE_CHECKING:
    from indexer.library.store import Library

_LABELS = 10  # the best classes of each classifier that are worth showing


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object, like `values.analysis.Object`, with the name of its class."""

    name: str
    score: float
    model: str
    box: Box


@dataclass(frozen=True, slots=True)
class Details:
    """Everything known of one photo.

    file: with the stamp of the last attempt.  analysis: None before the first success.  labels: the best of each
    classifier, best first.  objects: with the names of their classes.  failure: why the last attempt failed, None where
    it did not.
    indexed_at, missing_since: UTC, ISO 8601, None where it is not.  number: the photo's row id.
    replaced: it is missing, and another photo has its path now.
    """

    number: int
    file: PhotoFile
    analysis: Analysis | None
    labels: tuple[Label, ...]
    objects: tuple[NamedObject, ...]
    failure: Failed | None
    indexed_at: str | None
    missing_since: str | None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class TagCount:
    """A word and the number of shown photos that have it."""

    name: str
    photos: int


@dataclass(frozen=True, slots=True)
class FailureCount:
    """A failure reason with its stage, and the number of photos that failed for it."""

    stage: str
    reason: str
    photos: int


@dataclass(frozen=True, slots=True)
class RootCounts:
    """A root, with the numbers of its known and missing photos and the time of the last analysis.

    last_indexed: UTC, ISO 8601; None where none was.
    """

    folder: Path
    photos: int
    missing: int
    last_indexed: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The totals of the library.

    photos: all rows, of which a search shows `shown`, and leaves out those that are `failed` (could not be read),
    `missing` (their files are gone) or `hidden`, or several of these.  faces, tags: of all photos.
    models: model ids with the number of photos that each has analyzed.  file_bytes: the file's size.
    last_indexed: UTC, ISO 8601; None for a library that has indexed nothing.
    """

    photos: int
    shown: int
    failed: int
    missing: int
    hidden: int
    faces: int
    tags: int
    models: tuple[tuple[str, int], ...]
    file_bytes: int
    last_indexed: str | None


def details(library: Library, photo: Path | int) -> Details | None:
    """Return everything known of a photo, given by path or id; None for one that is not in the library."""
    with library.reading() as connection:
        number = find_photo(connection, photo)
        return None if number is None else _details(connection, Roots.read(connection), number)


def failures(library: Library, stage: str | None = None) -> list[Failed]:
    """Return the photos whose last attempt failed and whose files exist, in order of their paths."""
    query = select(photos).where(photos.c.failed_stage.is_not(None), photos.c.missing_since.is_(None))
    if stage is not None:
        query = query.where(photos.c.failed_stage == stage)
    with library.reading() as connection:
        roots = Roots.read(connection)
        found = [_failure(_file(roots, row), row) for row in connection.execute(query)]
    return sorted(found, key=lambda failure: failure.file.path)


def failure_counts(library: Library) -> list[FailureCount]:
    """Return why photos failed whose files exist, most photos first, then by stage and reason."""
    why = (photos.c.failed_stage, photos.c.failed_reason)
    query = select(*why, func.count().label("photos")).group_by(*why)
    query = query.where(photos.c.failed_stage.is_not(None), photos.c.missing_since.is_(None))
    with library.reading() as connection:
        found = [FailureCount(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda each: (-each.photos, each.stage, each.reason))


def stale_count(library: Library, model_ids: ModelIds) -> int:
    """Return the number of analyzed photos with existing files that one of the wanted models has not analyzed."""
    with library.reading() as connection:
        stale = is_stale(connection, model_ids)
        return connection.scalar(select(func.count()).where(stale, photos.c.missing_since.is_(None))) or 0


def tag_counts(library: Library) -> list[TagCount]:
    """Return every word that a search finds photos by, most photos first, then by name."""
    with library.reading() as connection:
        return [TagCount(each.text, each.photos or 0) for each in tag_values(connection)]


def status(library: Library) -> Status:
    """Return the totals of the library."""
    rows = select(
        func.count().label("photos"),
        func.count().filter(SHOWN).label("shown"),
        func.count().filter(photos.c.is_hidden != 0).label("hidden"),
        func.count(photos.c.failed_stage).label("failed"),
        func.count(photos.c.missing_since).label("missing"),
        func.max(photos.c.indexed_at).label("last_indexed"),
    ).select_from(photos)
    with library.reading() as connection:
        return Status(
            **connection.execute(rows).one()._mapping,
            faces=connection.scalar(select(func.count()).select_from(faces)) or 0,
            tags=connection.scalar(select(func.count()).select_from(tags).where(_SOMEWHERE)) or 0,
            models=_seen_by(connection),
            file_bytes=connection.exec_driver_sql(_FILE_BYTES).scalar() or 0,
        )


def root_counts(library: Library) -> list[RootCounts]:
    """Return the counts of each root, in order of their bytes."""
    query = select(
        photos.c.root_id,
        func.count().label("photos"),
        func.count(photos.c.missing_since).label("missing"),
        func.max(photos.c.indexed_at).label("last_indexed"),
    ).group_by(photos.c.root_id)
    with library.reading() as connection:
        known = Roots.read(connection)
        counts = {row.root_id: tuple(row)[1:] for row in connection.execute(query)}
        nothing = (0, 0, None)
        folders = zip(known.prefixes, known.folders, strict=True)
        return [RootCounts(folder, *counts.get(root_id, nothing)) for root_id, folder in folders]


def first_photo(library: Library, folder: Path) -> Path | None:
    """Return a photo in a folder that is not missing, None where there is none."""
    with library.reading() as connection:
        known = Roots.read(connection)
        for place in known.within(folder):
            query = select(photos.c.root_id, photos.c.path).where(part(*place), photos.c.missing_since.is_(None))
            if row := connection.execute(query.limit(1)).first():
                return known.path(row.root_id, row.path)
    return None


_SOMEWHERE = select(photo_tags.c.tag_id).where(photo_tags.c.tag_id == tags.c.id).exists()
_FILE_BYTES = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def _details(connection: Connection, roots: Roots, row_id: int) -> Details:
    row = connection.execute(select(photos).where(photos.c.id == row_id)).one()
    analysis = read_analyses(connection, [row_id]).get(row_id)
    file = _file(roots, row)
    return Details(
        number=row_id,
        file=file,
        analysis=analysis,
        labels=tuple(label for each in (analysis.evidence if analysis else ()) for label in _labels(connection, each)),
        objects=tuple(_thing(connection, each) for each in (analysis.objects if analysis else ())),
        failure=_failure(file, row) if row.failed_stage is not None else None,
        indexed_at=row.indexed_at,
        missing_since=row.missing_since,
        replaced=bool(row.replaced),
    )


def _labels(connection: Connection, evidence: Evidence) -> list[Label]:
    best = evidence.best(_LABELS)
    return [Label(_class(connection, evidence.model, number), score, evidence.model) for number, score in best]


def _thing(connection: Connection, seen: Object) -> NamedObject:
    return NamedObject(_class(connection, seen.model, seen.label), seen.score, seen.model, seen.box)


def _class(connection: Connection, model: str, number: int) -> str:
    query = select(classes.c.name).join(models).where(models.c.name == model, classes.c.number == number)
    return connection.scalar(query) or f"class {number}"


def _file(roots: Roots, row: Row[Any]) -> PhotoFile:
    return PhotoFile(roots.path(row.root_id, row.path), row.size, row.mtime_ns, row.ctime_ns)


def _failure(file: PhotoFile, row: Row[Any]) -> Failed:
    return Failed(file, row.failed_stage, row.failed_reason)


def _seen_by(connection: Connection) -> tuple[tuple[str, int], ...]:
    query = select(model_sets.c.name, func.count().label("photos")).join(photos).group_by(model_sets.c.id)
    seen: Counter[str] = Counter()
    for row in connection.execute(query):
        seen.update(dict.fromkeys(models_of(row.name), row.photos))
    return tuple(sorted(seen.items()))
