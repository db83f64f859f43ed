"""When photos were taken and where they lie flows out of the library into arrays; hits flow through them into order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from indexer.library.db.engine import chunks
from indexer.library.query.plan import Order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_A_TIME = 16 * 1024
# Both are answered by an index alone. No root lies in another: the order by root, then path is that of whole paths.
_BY_PATH = "SELECT photos.id FROM roots CROSS JOIN photos ON root_id = roots.id ORDER BY roots.path, photos.path"
_BY_DATE = "SELECT id, taken_at FROM photos ORDER BY taken_at DESC"


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """The places of all photos in order, by row id; what stands where there is no photo means nothing.

    path: by path.  date: the newest first, those without a date last, equals by path.  taken: by date alone, the same
    number for the same date.  month: the number of the month in `months`.
    months: such as '2024-05', the newest first, None for photos without a date.
    """

    path: NDArray[np.int32]
    date: NDArray[np.int32]
    taken: NDArray[np.int32]
    month: NDArray[np.int32]
    months: tuple[str | None, ...]

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return self.path.nbytes + self.date.nbytes + self.taken.nbytes + self.month.nbytes


def read_ranks(connection: Connection, size: int) -> Ranks:
    """Return the ranks of the photos whose row ids are less than `size`."""
    import numpy as np

    ids = [row[0] for row in _rows(connection, _BY_PATH)]
    path = _placed(size, ids, np.arange(len(ids)))
    rows = list(_rows(connection, _BY_DATE))
    ids, times = [row[0] for row in rows], [row[1] for row in rows]
    groups = np.cumsum([False, *(one != two for one, two in pairwise(times))][: len(times)])
    names = [time and time[:7] for time in times]
    months = {name: number for number, name in enumerate(dict.fromkeys(names))}
    taken = _placed(size, ids, groups)
    order = np.lexsort((path[ids], taken[ids])) if ids else np.empty(0, np.int64)
    date = _placed(size, np.asarray(ids, np.int64)[order], np.arange(len(ids)))
    return Ranks(path, date, taken, _placed(size, ids, [months[name] for name in names]), tuple(months))


def in_order(ranks: Ranks, hits: NDArray[Any], scores: NDArray[Any], order: Order) -> NDArray[Any]:
    """Return the row ids of photos in order, all of them; scores: of each.  order: by anything but the distance."""
    import numpy as np

    if order.by == "path":
        found = np.argsort(ranks.path[hits])
    elif not len(hits) or scores.min() == scores.max():
        found = np.argsort(ranks.date[hits])
    elif order.by == "date":
        found = np.lexsort((ranks.path[hits], -scores, ranks.taken[hits]))
    else:
        found = np.lexsort((ranks.date[hits], -scores))
    ordered: NDArray[Any] = hits[found]
    return ordered[::-1] if order.reverse else ordered


def _placed(size: int, ids: Any, values: Any) -> NDArray[np.int32]:
    import numpy as np

    placed = np.zeros(size, np.int32)
    placed[ids] = values
    return placed


def _rows(connection: Connection, sql: str) -> chain[Any]:
    return chain.from_iterable(chunks(connection, sql, (), _AT_A_TIME))
