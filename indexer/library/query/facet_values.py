"""What photos have that a search may show: words, people, cameras and so on, with how many photos have each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, func, select

from indexer.library.db.rows import SHOWN, models_of
from indexer.library.db.tables import faces, photo_tags, photos, sources, tags
from indexer.library.db.user_tables import people, person_faces
from indexer.library.query.ast import folded
from indexer.library.query.dates import MONTHS
from indexer.library.query.field import FacetValue
from indexer.values.analysis import model_name


def tag_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the words that photos are tagged with, most photos first."""
    count = select(photo_tags.c.tag_id, func.count().label("photos")).group_by(photo_tags.c.tag_id)
    hidden = count.where(photo_tags.c.photo_id.in_(select(photos.c.id).where(~SHOWN)))
    # Few photos are hidden: to count all, and those again, reads one index instead of two tables.
    counts = Counter({row.tag_id: row.photos for row in connection.execute(count)})
    counts.subtract({row.tag_id: row.photos for row in connection.execute(hidden)})
    names = {row.id: row.name for row in connection.execute(select(tags.c.id, tags.c.name))}
    return _ranked((names[tag], number) for tag, number in counts.items() if number)


def person_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the names of the people who are not hidden, most photos first."""
    count = func.count(photos.c.id.distinct())
    joined = people.outerjoin(person_faces).outerjoin(faces)
    joined = joined.outerjoin(photos, (photos.c.id == faces.c.photo_id) & SHOWN)
    named = people.c.name.is_not(None) & (people.c.is_hidden == 0)
    rows = connection.execute(select(people.c.name, count).select_from(joined).where(named).group_by(people.c.id))
    return _ranked(rows.tuples())


def camera_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the cameras, make and model, most photos first."""
    make, model = photos.c.camera_make, photos.c.camera_model
    rows = connection.execute(select(make, model, func.count()).where(SHOWN).group_by(make, model))
    names = ((" ".join(part for part in parts if part), count) for *parts, count in rows)
    return _ranked((name, count) for name, count in names if name)


def model_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the names of the models that ever gave a tag, uncounted."""
    rows = connection.scalars(select(sources.c.models).distinct())
    names = sorted({model_name(model) for row in rows for model in models_of(row)})
    return tuple(FacetValue(name, folded(name), None) for name in names)


def year_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the years, the newest first."""
    year = func.substr(photos.c.taken_at, 1, 4)
    rows = connection.execute(select(year, func.count()).where(SHOWN, photos.c.taken_at.is_not(None)).group_by(year))
    return tuple(FacetValue(text, text, count) for text, count in sorted(rows.tuples(), reverse=True))


def month_values(connection: Connection) -> tuple[FacetValue, ...]:
    """Return the months of any year, most photos first."""
    month = func.substr(photos.c.taken_at, 6, 2)
    rows = connection.execute(select(month, func.count()).where(SHOWN, photos.c.taken_at.is_not(None)).group_by(month))
    return _ranked((MONTHS[int(number) - 1], count) for number, count in rows)


def column_values(name: str) -> Callable[[Connection], tuple[FacetValue, ...]]:
    """Return the function that returns the values of a column of photos, most photos first."""
    column = photos.c[name]

    def read(connection: Connection) -> tuple[FacetValue, ...]:
        query = select(column, func.count()).where(SHOWN, column.is_not(None)).group_by(column)
        return _ranked(connection.execute(query).tuples())

    return read


def _ranked(counted: Iterable[Any]) -> tuple[FacetValue, ...]:
    found = [FacetValue(name, folded(name), count) for name, count in counted]
    return tuple(sorted(found, key=lambda each: (-(each.photos or 0), each.text)))
