"""Embeddings of one classifier, read from the library in blocks: 1,280 numbers a photo for EfficientNet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, true

from indexer.library.db.batching import batched
from indexer.library.db.engine import chunks
from indexer.library.db.roots import Roots, find_ids
from indexer.library.db.tables import models, photos, vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_A_TIME = 2048  # 10 MB of 1,280 float32
_READ = """
    SELECT photo_id, vectors.data FROM vectors
    JOIN models ON models.id = vectors.model_id JOIN photos ON photos.id = photo_id
    WHERE models.name = ? AND missing_since IS NULL AND failed_stage IS NULL AND is_hidden = 0 ORDER BY photo_id
"""


def blocks(connection: Connection, model: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield the row ids of photos that a search shows, and their unit vectors: int64[n], float32[n, length]."""
    import numpy as np

    for rows in chunks(connection, _READ, (model,), _AT_A_TIME):
        ids, data = zip(*rows, strict=True)
        yield np.array(ids, np.int64), normalized(data)


def normalized(data: Sequence[bytes]) -> NDArray[np.float32]:
    """Return stored vectors (little-endian float16) scaled to length 1, float32[n, length]."""
    import numpy as np

    pooled = np.frombuffer(b"".join(data), "<f2").reshape(len(data), -1).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", pooled, pooled))
    damaged = ~np.isfinite(lengths)  # a single NaN would spoil the mean of all
    pooled[damaged], lengths[damaged] = 0.0, 1.0
    pooled /= np.maximum(lengths, 1e-6)[:, None]
    return pooled


def read(connection: Connection, photo_ids: Sequence[int], model: str | None = None) -> dict[int, bytes]:
    """Return the vectors of photos by row id, as stored; model: only those by this one."""
    by_model = models.c.name == model if model is not None else true()
    found: dict[int, bytes] = {}
    for some in batched(photo_ids):
        rows = connection.execute(
            select(vectors.c.photo_id, vectors.c.data).join(models).where(vectors.c.photo_id.in_(some), by_model)
        )
        found |= {row.photo_id: row.data for row in rows}
    return found


def of_photo(connection: Connection, model: str, photo: int) -> bytes | None:
    """Return a photo's vector; None where it has none by this model or its last attempt failed."""
    query = select(vectors.c.data).join(models).join(photos, photos.c.id == vectors.c.photo_id)
    query = query.where(vectors.c.photo_id == photo, models.c.name == model, photos.c.failed_stage.is_(None))
    return connection.scalar(query)


def by_path(connection: Connection, model: str, paths: Iterable[Path]) -> dict[Path, bytes]:
    """Return the vectors of those paths that are photos of the library and whose last attempt did not fail."""
    roots = Roots.read(connection)
    places = {roots.place(path): path for path in paths if roots.hold(path)}
    ids = {
        photo: places[place] for place, photo in find_ids(connection, places, photos.c.failed_stage.is_(None)).items()
    }
    query = select(vectors.c.photo_id, vectors.c.data).join(models).where(models.c.name == model)
    rows = connection.execute(query.where(vectors.c.photo_id.in_(tuple(ids))))
    return {ids[row.photo_id]: row.data for row in rows}
