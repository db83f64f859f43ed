"""Pixel comparison of near copies: the files are opened at a small size and aligned with each other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.vision.compare.alignment import AlignmentFeatures, are_copies, have_same_pixels

_LONG_SIDE_PX = 400
_KEPT = 4000  # signatures in memory: 256 MB


class PixelComparison:
    """Pixel comparison of photos, an implementation of `library.similar.copies.Compare`.

    max_pixels: larger photos are not opened.  threads: open files at the same time.
    """

    def __init__(self, max_pixels: int, threads: int) -> None:
        self._max_pixels, self._threads = max_pixels, threads
        self._kept: OrderedDict[Path, AlignmentFeatures | None] = OrderedDict()

    def __call__(self, one: Path, others: Sequence[Path], *, exact: bool) -> list[bool]:
        """Return for each of the others whether it shows the same picture; False where a file cannot be read."""
        mine, *theirs = self._signatures([one, *others])
        if mine is None:
            return [False] * len(others)
        readable = [signature for signature in theirs if signature is not None]
        found = iter((have_same_pixels if exact else are_copies)(mine, readable).tolist())
        return [signature is not None and next(found) for signature in theirs]

    def _signatures(self, paths: Sequence[Path]) -> list[AlignmentFeatures | None]:
        missing = [path for path in paths if path not in self._kept]
        with ThreadPoolExecutor(self._threads) as pool:
            self._kept.update(zip(missing, pool.map(self._read, missing), strict=True))
        found = [self._kept[path] for path in paths]
        for path in paths:
            self._kept.move_to_end(path)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def _read(self, path: Path) -> AlignmentFeatures | None:
        try:
            with open_original(stamp(path), self._max_pixels) as original:
                return AlignmentFeatures.of(original.picture(_LONG_SIDE_PX))
        except PhotoError:  # gone, or changed into something else, since it was scanned
            return None
