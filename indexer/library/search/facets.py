"""What may be searched for flows out of the library: its words, people, cameras and so on, with their photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from indexer.library.db.rows import SHOWN, models_of
from indexer.library.db.tables import faces, people, person_faces, photos, sources
from indexer.library.query.ast import folded
from indexer.library.query.fields import MONTHS
from indexer.library.query.postings import Postings
from indexer.library.report import count_tags
from indexer.photo import model_name

if TYPE_CHECKING:
    from indexer.library.store import Library

MONTH = "month of any year"  # no field has this name


@dataclass(frozen=True, slots=True)
class FacetValue:
    """Something that may be searched for; photos: how many show it, None where nobody counted."""

    text: str
    folded: str
    photos: int | None


def choices(library: Library, name: str) -> tuple[FacetValue, ...]:
    """Return what the photos have that a field is about, most photos first; nothing for fields of too many values.

    They are counted once, and again after the library has changed, where it keeps words.
    """
    if name not in _READ:
        return ()
    with library.reading() as connection:
        return (library.postings or Postings()).remembered(connection, ("choices", name), _READ[name])


def _tags(connection: Connection) -> tuple[FacetValue, ...]:
    return _ranked((each.name, each.photos) for each in count_tags(connection))


def _people(connection: Connection) -> tuple[FacetValue, ...]:
    count = func.count(photos.c.id.distinct())
    joined = people.outerjoin(person_faces).outerjoin(faces)
    joined = joined.outerjoin(photos, (photos.c.id == faces.c.photo_id) & SHOWN)
    named = people.c.name.is_not(None) & (people.c.is_hidden == 0)
    rows = connection.execute(select(people.c.name, count).select_from(joined).where(named).group_by(people.c.id))
    return _ranked(rows.tuples())


def _cameras(connection: Connection) -> tuple[FacetValue, ...]:
    make, model = photos.c.camera_make, photos.c.camera_model
    rows = connection.execute(select(make, model, func.count()).where(SHOWN).group_by(make, model))
    names = ((" ".join(part for part in parts if part), count) for *parts, count in rows)
    return _ranked((name, count) for name, count in names if name)


def _models(connection: Connection) -> tuple[FacetValue, ...]:
    rows = connection.scalars(select(sources.c.models).distinct())
    names = sorted({model_name(model) for row in rows for model in models_of(row)})
    return tuple(FacetValue(name, folded(name), None) for name in names)


def _years(connection: Connection) -> tuple[FacetValue, ...]:
    year = func.substr(photos.c.taken_at, 1, 4)
    rows = connection.execute(select(year, func.count()).where(SHOWN, photos.c.taken_at.is_not(None)).group_by(year))
    return tuple(FacetValue(text, text, count) for text, count in sorted(rows.tuples(), reverse=True))


def _months(connection: Connection) -> tuple[FacetValue, ...]:
    month = func.substr(photos.c.taken_at, 6, 2)
    rows = connection.execute(select(month, func.count()).where(SHOWN, photos.c.taken_at.is_not(None)).group_by(month))
    return _ranked((MONTHS[int(number) - 1], count) for number, count in rows)


def _column(name: str) -> Callable[[Connection], tuple[FacetValue, ...]]:
    column = photos.c[name]

    def read(connection: Connection) -> tuple[FacetValue, ...]:
        query = select(column, func.count()).where(SHOWN, column.is_not(None)).group_by(column)
        return _ranked(connection.execute(query).tuples())

    return read


def _ranked(counted: Iterable[Any]) -> tuple[FacetValue, ...]:
    found = [FacetValue(name, folded(name), count) for name, count in counted]
    return tuple(sorted(found, key=lambda each: (-(each.photos or 0), each.text)))


_READ: dict[str, Callable[[Connection], tuple[FacetValue, ...]]] = {
    "tag": _tags,
    "person": _people,
    "camera": _cameras,
    "lens": _column("lens"),
    "format": _column("format"),
    "model": _models,
    "date": _years,
    MONTH: _months,
}
