"""Similarity cache: the embeddings of one model in memory, for a process that answers often.

`similar.similar` reads 2.5 kB a photo from the disk each time. Here a photo takes
1.3 kB of memory, its vector in 8 bits a number. The candidates for the best are compared again as stored:
the answers are those of `similar.similar`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from indexer.library.db.batching import batched
from indexer.library.db.embeddings import normalized, read
from indexer.library.db.engine import chunks
from indexer.library.similar.similar import SimilarPhoto, paths_of, similar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.library.store import Library

_MOST_PHOTOS = 400_000  # 512 MB; with more, each query reads the disk
_AT_A_TIME = 4096
_ROUNDED = 1e-4  # scores are rounded to four digits, and equals are ranked by path
_READ = """
    SELECT id, content_hash, model_set_id FROM photos WHERE
    missing_since IS NULL AND failed_stage IS NULL AND is_hidden = 0 ORDER BY id
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The photos that a search shows at one moment; safe for any number of threads.

    ids: int64[n], in order.  stamps: int64[n], changed when the picture or its models change.
    numbers: int8[n, length]; times scales float32[n] they are the unit vectors, but for errors float32[n]
    (Euclidean). A scale of 0: the photo has no vector of this model.
    """

    ids: NDArray[np.int64]
    stamps: NDArray[np.int64]
    numbers: NDArray[np.int8]
    scales: NDArray[np.float32]
    errors: NDArray[np.float32]


class LookAlikes:
    """The embeddings of a library by one model, in memory; updated where the library has changed."""

    def __init__(self, library: Library, model: str) -> None:
        self._library, self.model = library, model
        self._lock = Lock()
        self._held: _Held | None = None
        self._mark: object = None

    def similar(
        self, vector: bytes, *, limit: int, min_score: float = 0.0, but: Path | None = None, mark: object = None
    ) -> list[SimilarPhoto]:
        """Return what `similar.similar` returns.

        mark: a value that changes with each change of the library; None: whether it has changed is looked up.
        """
        wanted = normalized([vector])[0]
        with self._library.reading() as connection:
            held = self._now(connection, len(wanted), mark)
            if held is None:
                return similar(self._library, vector, self.model, limit=limit, min_score=min_score, but=but)
            scores = _exact(connection, self.model, _candidates(held, wanted, limit + 1, min_score), wanted)
            found = {photo: score for photo, score in scores.items() if score >= min_score}
            paths = paths_of(connection, list(found))
        likenesses = [SimilarPhoto(paths[photo], min(score, 1.0), photo) for photo, score in found.items()]
        others = [each for each in likenesses if each.path != but]
        return sorted(others, key=lambda each: (-each.score, os.fsencode(each.path)))[:limit]

    def _now(self, connection: Connection, length: int, mark: object) -> _Held | None:
        with self._lock:
            if mark is None or mark != self._mark:
                self._held = self._fresh(connection, length)
                self._mark = mark
            return self._held

    def _fresh(self, connection: Connection, length: int) -> _Held | None:
        """Return the current photos, None where they are too many; only new ones are read."""
        import numpy as np

        rows = [row for chunk in chunks(connection, _READ, (), _AT_A_TIME) for row in chunk]
        if len(rows) > _MOST_PHOTOS:
            return None
        ids = np.array([row[0] for row in rows], np.int64)
        stamps = np.frombuffer(b"".join((row[1] or b"")[:8].ljust(8, b"\0") for row in rows), "<i8")
        stamps = np.bitwise_xor(stamps, np.array([row[2] or 0 for row in rows], np.int64))
        old = self._held
        if old is not None and np.array_equal(ids, old.ids) and np.array_equal(stamps, old.stamps):
            return old
        made = _Held(
            ids,
            stamps,
            np.zeros((len(ids), length), np.int8),
            np.zeros(len(ids), np.float32),
            np.zeros(len(ids), np.float32),
        )
        self._read(connection, made, _taken_over(old, made))
        return made

    def _read(self, connection: Connection, made: _Held, places: NDArray[np.int64]) -> None:
        """Read the vectors at these positions."""
        import numpy as np

        for start in range(0, len(places), _AT_A_TIME):
            some = places[start : start + _AT_A_TIME]
            stored = read(connection, made.ids[some].tolist(), self.model)
            size = 2 * made.numbers.shape[1]
            fits = np.array([len(stored.get(photo, b"")) == size for photo in made.ids[some].tolist()], np.bool_)
            if not fits.any():
                continue
            some = some[fits]
            vectors = normalized([stored[photo] for photo in made.ids[some].tolist()])
            scales = np.maximum(np.abs(vectors).max(axis=1) / 127, np.float32(1e-12))
            numbers = np.rint(vectors / scales[:, None])
            made.numbers[some] = numbers
            made.scales[some] = scales
            made.errors[some] = np.linalg.norm(vectors - numbers * scales[:, None], axis=1)


def _taken_over(old: _Held | None, made: _Held) -> NDArray[np.int64]:
    """Copy unchanged photos; return the positions of the rest."""
    import numpy as np

    if old is None or old.numbers.shape[1] != made.numbers.shape[1] or not len(old.ids):
        return np.arange(len(made.ids))
    places = np.minimum(np.searchsorted(old.ids, made.ids), len(old.ids) - 1)
    same = (old.ids[places] == made.ids) & (old.stamps[places] == made.stamps) & (old.scales[places] > 0)
    for start in range(0, len(same), _AT_A_TIME):  # a block at a time: both are large
        part = slice(start, start + _AT_A_TIME)
        here, there = np.flatnonzero(same[part]) + start, places[part][same[part]]
        made.numbers[here] = old.numbers[there]
        made.scales[here] = old.scales[there]
        made.errors[here] = old.errors[there]
    return np.flatnonzero(~same)


def _candidates(held: _Held, wanted: NDArray[np.float32], limit: int, min_score: float) -> list[int]:
    """Return the photos that may be among the best so many, and similar enough."""
    import numpy as np

    about = np.empty(len(held.ids), np.float32)
    for start in range(0, len(about), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        about[part] = held.numbers[part].astype(np.float32) @ wanted
    about *= held.scales
    about[held.scales == 0] = -np.inf
    least = min_score
    if limit < len(about):
        lowest = about - held.errors
        least = max(least, float(np.partition(lowest, -limit)[-limit]))
    return [int(photo) for photo in held.ids[about + held.errors >= least - _ROUNDED]]


def _exact(connection: Connection, model: str, photos: list[int], wanted: NDArray[np.float32]) -> dict[int, float]:
    """Return the cosines of photos, by their stored vectors."""
    import numpy as np

    found: dict[int, float] = {}
    for some in batched(photos, _AT_A_TIME):
        stored = read(connection, some, model)
        if stored:
            scores = np.round((normalized(list(stored.values())) @ wanted).astype(np.float64), 4)
            found |= dict(zip(stored, scores.tolist(), strict=True))
    return found
