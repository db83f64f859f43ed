"""Near-duplicate candidates: the pairs of photos that look like copies of one picture, by their hashes and embeddings.

Two photos are a pair where their perceptual hashes differ in few bits, which tolerates changes of size and quality; or
where their embeddings and their hashes together indicate that one was cropped from the other. Not every two photos are
compared: hashes meet where 16 of their bits are the same, vectors where they lie in the same of many cells
(docs/measurements/duplicates.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select

from indexer.library.db.embeddings import blocks, normalized, read
from indexer.library.db.rows import SHOWN
from indexer.library.db.tables import models, photos, vectors
from indexer.library.similar.crop_match import cut_likeness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float32]

HASH_BITS = 6  # of 64 that may differ
HASH_COSINE = 0.3  # minimum cosine of such a pair: an empty wall has the hash of any other
CUT = 0.94  # minimum cosine of the vectors' square roots, together with …
CANDIDATE_CUT = 0.92  # … or this, where pixels are compared afterwards …
CUT_WEIGHT = 0.1  # … this weight of the similarity of the hashes after a crop
CUT_COSINE = 0.86  # minimum by itself: the similarity of crops is hardly ever above 0.8

_SKETCH = 96  # length of projections while cells are searched
_SKETCH_COSINE = 0.65  # minimum cosine of projections whose vectors are compared
_EXACT_PHOTOS = 8000  # up to so many are all compared, by their whole vectors
_CELL_PHOTOS = 1000  # in a cell, on average
_CELLS_EACH = 3  # that a photo lies in
_SAMPLE = 16384  # sample of photos for projections and cells
_ROUNDS = 4  # of k-means
_BLOCK = 8192  # photos compared with all centers, or pairs checked, at a time
_BUCKET = 1000  # photos with the same 16 bits that are all compared
_NEIGHBORS = 200  # pairs a photo that are kept, where it has very many


class Pair(NamedTuple):
    """Two photos by row id, and their similarity: the cosine of their vectors, −1 to 1."""

    photo: int
    other: int
    cosine: float


def near_pairs(connection: Connection, model: str, cut: float = CUT) -> list[Pair]:
    """Return the pairs of photos that a search shows and that look like copies, lower row id first, in order.

    cut: `CUT`, or `CANDIDATE_CUT` for more of the cropped ones, and more false ones.
    """
    import numpy as np

    ids, hashes = _hashes(connection)
    if not len(ids):
        return []
    places = once(np.concatenate([near_hashes(hashes), np.searchsorted(ids, _same_cells(connection, model))]))
    return list(_copies(connection, ids[places], hashes[places], cut))


def _hashes(connection: Connection) -> tuple[Ints, NDArray[np.uint64]]:
    import numpy as np

    query = select(photos.c.id, photos.c.perceptual_hash).where(SHOWN, photos.c.perceptual_hash.is_not(None))
    rows = connection.execute(query.order_by(photos.c.id)).all()
    ids = np.array([row.id for row in rows], np.int64)
    return ids, np.frombuffer(b"".join(row.perceptual_hash for row in rows), ">u8").astype(np.uint64)


def _copies(connection: Connection, found: Ints, hashes: NDArray[np.uint64], cut: float) -> Iterator[Pair]:
    """Check candidates by their whole vectors and hashes, as many at a time as fit in memory."""
    import numpy as np

    for start in range(0, len(found), _BLOCK):
        some, bits = found[start : start + _BLOCK], hashes[start : start + _BLOCK]
        unique, where = np.unique(some, return_inverse=True)
        stored = read(connection, unique.tolist())
        length = max(map(len, stored.values()), default=2)
        pooled = normalized([stored.get(photo, b"").ljust(length, b"\0") for photo in unique.tolist()])
        one, other = where.reshape(some.shape).T
        cosines = np.einsum("ij,ij->i", pooled[one], pooled[other])
        roots = _roots(pooled)
        near = _are_copies(cosines, np.einsum("ij,ij->i", roots[one], roots[other]), bits, cut)
        for (photo, twin), cosine in zip(some[near].tolist(), cosines[near].tolist(), strict=True):
            yield Pair(photo, twin, round(min(cosine, 1.0), 4))


def _are_copies(cosines: Floats, root_cosines: Floats, hashes: NDArray[np.uint64], least: float) -> NDArray[np.bool_]:
    """Return for each pair whether it is one of copies; hashes: uint64[n,2]."""
    import numpy as np

    one, other = hashes.T
    copies: NDArray[np.bool_] = (np.bitwise_count(one ^ other) <= HASH_BITS) & (cosines >= HASH_COSINE)
    cut = np.flatnonzero(~copies & (root_cosines >= CUT_COSINE))
    copies[cut] = root_cosines[cut] + CUT_WEIGHT * cut_likeness(one[cut], other[cut]) >= least
    return copies


def _roots(pooled: Floats) -> Floats:
    """Return the square roots of vectors' numbers, at length 1: all features count, not only the strongest."""
    import numpy as np

    return _unit(np.copysign(np.sqrt(np.abs(pooled)), pooled))


def once(pairs: Ints) -> Ints:
    """Return each pair once, the lower number first, in order."""
    import numpy as np

    low, high = pairs.min(axis=1), pairs.max(axis=1)
    span = int(high.max(initial=0)) + 1
    return np.column_stack(np.divmod(np.unique(low * span + high), span))


def near_hashes(hashes: NDArray[np.uint64]) -> Ints:
    """Return pairs of positions whose hashes differ in few bits and share one quarter of the hash."""
    import numpy as np

    found = [np.empty((0, 2), np.int64)]
    for quarter in range(4):
        part = (hashes >> np.uint64(16 * quarter)) & np.uint64(0xFFFF)
        order = np.lexsort((hashes, part))
        starts = np.flatnonzero(np.diff(part[order].astype(np.int64), prepend=-1))
        # A photo is compared with the next ones in its bucket: in step k with the k-th. A few steps suffice for most.
        ends = np.append(starts[1:], len(order))
        left = np.repeat(ends, ends - starts) - np.arange(len(order)) - 1
        for step in range(1, min(_BUCKET, int(left.max(initial=0))) + 1):
            first = np.flatnonzero(left >= step)
            one, other = order[first], order[first + step]
            near = np.bitwise_count(hashes[one] ^ hashes[other]) <= HASH_BITS
            found.append(np.column_stack([one[near], other[near]]))
    return np.concatenate(found)


def _same_cells(connection: Connection, model: str) -> Ints:
    """Return pairs of row ids whose vectors lie in the same cell, and near each other there."""
    import numpy as np

    ids = _ids(connection, model)
    if len(ids) <= _EXACT_PHOTOS:
        whole = [_roots(pooled) for _, pooled in blocks(connection, model)]
        if not whole:
            return np.empty((0, 2), np.int64)
        return ids[_near(np.concatenate(whole), np.arange(len(ids)), CUT_COSINE)]
    sketches = _sketches(connection, model, ids)
    return ids[once(np.concatenate([_near(sketches, cell, _SKETCH_COSINE) for cell in _cells(sketches)]))]


def _near(sketches: Floats, cell: Ints, least: float) -> Ints:
    """Return the pairs of positions in a cell whose projections are near each other."""
    import numpy as np

    found = [np.empty((0, 2), np.int64)]
    inside = sketches[cell]
    for start in range(0, len(cell), 1024):
        cosines = inside[start : start + 1024] @ inside[start:].T
        rows, columns = np.nonzero(cosines >= least)
        later = columns > rows
        rows, columns = rows[later], columns[later]
        if len(rows) > _NEIGHBORS * len(cosines):
            best = np.lexsort((-cosines[rows, columns], rows))
            rank = np.arange(len(rows)) - np.searchsorted(rows[best], rows[best])
            rows, columns = rows[best][rank < _NEIGHBORS], columns[best][rank < _NEIGHBORS]
        found.append(np.column_stack([cell[rows + start], cell[columns + start]]))
    return np.concatenate(found)


def _sketches(connection: Connection, model: str, ids: Ints) -> Floats:
    """Return projections: short vectors whose cosines approximate those of the square roots, less their mean."""
    import numpy as np

    mean, axes = _axes(_roots(normalized(_sample(connection, ids))))
    made = np.empty((len(ids), axes.shape[1]), np.float32)
    done = 0
    for some, pooled in blocks(connection, model):
        made[done : done + len(some)] = _unit((_roots(pooled) - mean) @ axes)
        done += len(some)
    return made


def _axes(sample: Floats) -> tuple[Floats, Floats]:
    """Return the mean of vectors, and the directions in which they differ most (their principal components)."""
    import numpy as np

    mean = sample.mean(axis=0)
    centered = sample - mean
    _, axes = np.linalg.eigh(centered.T @ centered)
    return mean, np.ascontiguousarray(axes[:, ::-1][:, :_SKETCH]).astype(np.float32)


def _cells(sketches: Floats) -> Iterator[Ints]:
    """Yield the positions of each cell: a photo lies in those of the cells whose centers are nearest to it."""
    import numpy as np

    count = len(sketches) // _CELL_PHOTOS
    centers = _centers(sketches, count)
    mine = np.empty((len(sketches), _CELLS_EACH), np.int32)
    for start in range(0, len(sketches), _BLOCK):
        near = sketches[start : start + _BLOCK] @ centers.T
        mine[start : start + _BLOCK] = np.argpartition(-near, _CELLS_EACH, axis=1)[:, :_CELLS_EACH]
    order = np.argsort(mine, axis=None, kind="stable")
    ends = np.bincount(mine.ravel(), minlength=count).cumsum()
    for cell in np.split(order, ends[:-1]):
        yield cell // _CELLS_EACH


def _centers(sketches: Floats, count: int) -> Floats:
    """Return the centers of cells: a few rounds of k-means over a sample."""
    import numpy as np

    sample = sketches[:: max(1, len(sketches) // (_SAMPLE * 2))]
    centers: Floats = sample[np.linspace(0, len(sample) - 1, count).astype(int)]
    for _ in range(_ROUNDS):
        nearest = np.argmax(sample @ centers.T, axis=1)
        sums = np.zeros_like(centers)
        np.add.at(sums, nearest, sample)
        centers = np.asarray(np.where(sums.any(axis=1, keepdims=True), _unit(sums), centers), np.float32)
    return centers


def _ids(connection: Connection, model: str) -> Ints:
    import numpy as np

    query = select(vectors.c.photo_id).join(models).join(photos, photos.c.id == vectors.c.photo_id)
    return np.fromiter(
        connection.scalars(query.where(models.c.name == model, SHOWN).order_by(vectors.c.photo_id)), np.int64
    )


def _sample(connection: Connection, ids: Ints) -> list[bytes]:
    import numpy as np

    chosen = ids[np.unique(np.linspace(0, len(ids) - 1, min(len(ids), _SAMPLE // 2)).astype(int))]
    return list(read(connection, chosen.tolist()).values())


def _unit(long: NDArray[np.floating[Any]]) -> Floats:
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", long, long))
    return np.asarray(long / np.maximum(lengths, 1e-6)[:, None], np.float32)
