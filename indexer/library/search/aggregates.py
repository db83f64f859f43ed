"""A query flows in; how wide each photo that matches is by its height flows out, in the order of the search."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from indexer.library.db.engine import chunks
from indexer.library.query.ast import Query
from indexer.library.query.plan import Order, Sort
from indexer.library.query.postings import Postings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.library.store import Library


_AT_A_TIME = 16 * 1024
_READ = "SELECT id, width, height FROM photos WHERE width > 0 AND height > 0"


def shapes(library: Library, query: Query, sort: Sort = "score") -> NDArray[np.float64]:
    """Return width by height of all photos that match, in order; 0 where it is unknown.  sort: as for `by_query`."""
    with library.reading() as connection:
        postings = library.postings or Postings()
        asked = postings.compiled(connection, query)
        found = postings.ordered(connection, asked, Order(sort))
        known = postings.cached(connection, "shapes", _read, asked.snapshot)
    ratios: NDArray[np.float64] = known[found]
    return ratios


def _read(connection: Connection) -> NDArray[np.float64]:
    """Return width by height of all photos, by row id."""
    import numpy as np

    size = 1 + (connection.exec_driver_sql("SELECT max(id) FROM photos").scalar() or 0)
    rows = chain.from_iterable(chunks(connection, _READ, (), _AT_A_TIME))
    photos, widths, heights = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 3).T
    ratios = np.zeros(size)
    ratios[photos] = widths / heights
    return ratios


@dataclass(frozen=True, slots=True)
class MonthCount:
    """A month such as '2024-05' by the clock on the wall, None for photos without a date, and how many photos."""

    month: str | None
    photos: int


def timeline(library: Library, query: Query) -> list[MonthCount]:
    """Return the months of the photos that match a query, the newest first, those without a date last."""
    with library.reading() as connection:
        postings = library.postings or Postings()
        found = postings.months(connection, postings.compiled(connection, query))
    return [MonthCount(month, photos) for month, photos in found]
