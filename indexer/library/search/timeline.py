"""A query flows in; the months in which photos that match were taken flow out, with how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.library.query.ast import Query, bound
from indexer.library.query.postings import Postings

if TYPE_CHECKING:
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class Month:
    """A month such as '2024-05' by the clock on the wall, None for photos without a date, and how many photos."""

    month: str | None
    photos: int


def timeline(library: Library, query: Query) -> list[Month]:
    """Return the months of the photos that match a query, the newest first, those without a date last."""
    with library.reading() as connection:
        found = (library.postings or Postings()).months(connection, bound(query))
    return [Month(month, photos) for month, photos in found]
