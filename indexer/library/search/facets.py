"""What may be searched for in a library: its words, people, cameras and so on, with how many photos have each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from indexer.library.query.facet_values import month_values
from indexer.library.query.field import FacetValue
from indexer.library.query.fields import FIELDS
from indexer.library.query.postings import Postings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from indexer.library.store import Library


def facet_values(library: Library, name: str) -> tuple[FacetValue, ...]:
    """Return what the photos have that a field is about; nothing for fields of too many values.

    They are counted once, and again after the library has changed, where it keeps words.
    """
    field = FIELDS.get(name)
    return () if field is None or field.facet is None else _counted(library, name, field.facet)


def months_of_any_year(library: Library) -> tuple[FacetValue, ...]:
    """Return the months in which photos were taken, whatever the year, most photos first."""
    return _counted(library, "month of any year", month_values)  # no field has this name


def _counted(
    library: Library, name: str, read: Callable[[Connection], tuple[FacetValue, ...]]
) -> tuple[FacetValue, ...]:
    with library.reading() as connection:
        return (library.postings or Postings()).cached(connection, ("choices", name), read)
