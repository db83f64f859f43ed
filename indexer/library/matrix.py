"""The descriptors of one model flow out of the library into a matrix that is compared in one go, and stays fresh."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from indexer.library.file import chunks
from indexer.library.tables import descriptors
from indexer.photo import Descriptor

_AT_A_TIME = 4096  # rows read, and rows compared: 2 MB of 128 float32 stay in the processor's cache
_READ = """
    SELECT descriptors.id, data FROM descriptors JOIN models ON models.id = model_id
    WHERE descriptors.id > ? AND models.name = ? AND length(data) = ? ORDER BY descriptors.id
"""


class DescriptorMatrix:
    """Every descriptor of one model in memory, float32[faces, length]: 512 bytes a face for dlib's network."""

    def __init__(self, like: Descriptor) -> None:
        import numpy as np

        self._model = like.model
        self._bytes = len(like.data)
        self._seen: tuple[int, int] = (0, 0)
        self._ids = np.empty(0, np.int64)
        self._vectors = np.empty((0, self._bytes // 4), "<f4")

    def refresh(self, connection: Connection) -> None:
        """Bring the matrix to what the library holds now.

        A descriptor never changes under its row id and ids only grow: where the highest is the same nothing came,
        and where the count is the same too nothing went.
        """
        count, last = connection.execute(select(func.count(), func.max(descriptors.c.id))).one()
        now = (count, last or 0)
        if now != self._seen:
            self._drop(connection)
            self._append(connection, room=count)
            self._seen = now

    def within(self, descriptor: Descriptor, threshold: float) -> list[tuple[int, float]]:
        """Return the descriptors at most this far away: (row id, Euclidean distance), nearest first."""
        import numpy as np

        wanted = descriptor.vector
        squares = np.empty(len(self._vectors), np.float32)
        for start in range(0, len(squares), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            difference = self._vectors[part] - wanted
            np.einsum("ij,ij->i", difference, difference, out=squares[part])
        near = np.flatnonzero(squares <= threshold**2 * 1.00001 + 1e-6)
        # Once more in double precision: the order is then the same on every machine.
        distances = np.sqrt(((self._vectors[near].astype(np.float64) - wanted) ** 2).sum(1))
        order = np.argsort(distances, kind="stable")
        pairs = zip(self._ids[near][order].tolist(), distances[order].tolist(), strict=True)
        return [(row, distance) for row, distance in pairs if distance <= threshold]

    def _drop(self, connection: Connection) -> None:
        import numpy as np

        if len(self._ids):
            present = np.fromiter(connection.scalars(select(descriptors.c.id)), np.int64)
            kept = np.isin(self._ids, present)
            self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def _append(self, connection: Connection, room: int) -> None:
        import numpy as np

        held = len(self._ids)
        ids, vectors = np.empty(room, np.int64), np.empty((room, self._bytes // 4), "<f4")
        ids[:held], vectors[:held] = self._ids, self._vectors
        for chunk in chunks(connection, _READ, (self._seen[1], self._model, self._bytes), _AT_A_TIME):
            new, data = zip(*chunk, strict=True)
            end = held + len(chunk)
            ids[held:end] = new
            vectors[held:end] = np.frombuffer(b"".join(data), "<f4").reshape(len(chunk), -1)
            held = end
        self._ids, self._vectors = ids[:held], vectors[:held]
