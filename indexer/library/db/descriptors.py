"""Face descriptor matrix: every descriptor of one model in memory, searched in one operation and kept up to date."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from indexer.library.db.engine import chunks
from indexer.library.db.tables import descriptors
from indexer.values.analysis import Descriptor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_A_TIME = 4096  # rows read
_SLACK = 1e-4  # of squared distances in single precision: 20 times the measured one
_READ = """
    SELECT descriptors.id, data FROM descriptors JOIN models ON models.id = model_id
    WHERE descriptors.id > ? AND models.name = ? AND length(data) = ? ORDER BY descriptors.id
"""


@dataclass(frozen=True, slots=True, eq=False)
class Descriptors:
    """Every descriptor of one model at one moment; safe for any number of threads.

    ids: int64[faces], row ids.  vectors: float32[faces, length].  squares: float32[faces], their squared lengths.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    squares: NDArray[np.float32]

    def within(self, descriptor: Descriptor, threshold: float) -> list[tuple[int, float]]:
        """Return the descriptors at most this far away: (row id, Euclidean distance), nearest first.

        |a − b|² = |a|² + |b|² − 2ab reads each number once; what may be near is compared again in double precision,
        so that the answer is exact, and the same on every machine.
        """
        import numpy as np

        wanted = descriptor.vector
        largest = threshold**2 + _SLACK * (1 + float(wanted @ wanted))
        products = self.vectors @ wanted
        near = np.flatnonzero(self.squares - 2 * products <= np.float32(largest - float(wanted @ wanted)))
        distances = np.sqrt(((self.vectors[near].astype(np.float64) - wanted) ** 2).sum(1))
        order = np.argsort(distances, kind="stable")
        pairs = zip(self.ids[near][order].tolist(), distances[order].tolist(), strict=True)
        return [(row, distance) for row, distance in pairs if distance <= threshold]


class DescriptorMatrix:
    """A cache of every descriptor of one model in memory: 516 bytes a face for dlib's model."""

    def __init__(self, like: Descriptor) -> None:
        import numpy as np

        self._model = like.model
        self._bytes = len(like.data)
        self._lock = Lock()
        self._seen: tuple[int, int] = (0, 0)
        empty = np.empty((0, self._bytes // 4), "<f4")
        self._held = Descriptors(np.empty(0, np.int64), empty, np.empty(0, np.float32))

    def refresh(self, connection: Connection) -> Descriptors:
        """Return the descriptors that the library holds now, as this connection sees it.

        A descriptor never changes under its row id and ids only grow: an unchanged highest id means that none was
        added, and with an unchanged count none was removed either.
        """
        count, last = connection.execute(select(func.count(), func.max(descriptors.c.id))).one()
        now = (count, last or 0)
        with self._lock:
            if now != self._seen:
                self._held = self._appended(connection, self._kept(connection), room=count)
                self._seen = now
            return self._held

    def _kept(self, connection: Connection) -> Descriptors:
        import numpy as np

        held = self._held
        if not len(held.ids):
            return held
        present = np.fromiter(connection.scalars(select(descriptors.c.id)), np.int64)
        kept = np.isin(held.ids, present)
        return held if kept.all() else Descriptors(held.ids[kept], held.vectors[kept], held.squares[kept])

    def _appended(self, connection: Connection, old: Descriptors, room: int) -> Descriptors:
        import numpy as np

        held = len(old.ids)
        last = int(old.ids[-1]) if held else 0
        ids, vectors = np.empty(room, np.int64), np.empty((room, self._bytes // 4), "<f4")
        ids[:held], vectors[:held] = old.ids, old.vectors
        for chunk in chunks(connection, _READ, (last, self._model, self._bytes), _AT_A_TIME):
            new, data = zip(*chunk, strict=True)
            end = held + len(chunk)
            ids[held:end] = new
            vectors[held:end] = np.frombuffer(b"".join(data), "<f4").reshape(len(chunk), -1)
            held = end
        vectors = vectors[:held]
        return Descriptors(ids[:held], vectors, np.einsum("ij,ij->i", vectors, vectors))
