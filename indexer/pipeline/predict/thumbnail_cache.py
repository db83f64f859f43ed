"""Thumbnail cache on disk, with a size limit: the least recently used files are evicted.

A file is named by the content of its photo, so that copies share it and a moved photo keeps it. It ends with a
checksum: whatever a crash or a failing disk damaged is made again. Where nothing can be stored, all is made each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock, Thread
from time import time
from zlib import crc32

from indexer.atomic_write import atomic_write
from indexer.geometry import Box
from indexer.pipeline.predict.service import PredictionService

_ROOM = 0.1  # of the limit: freed at a time, and written between two reads of the folder
_ABANDONED_SECONDS = 3600  # a file that stays unfinished for so long is abandoned


class DiskCacheQuota:
    """The size limit of a cache folder.

    Files that others write there are counted when the folder is read again, at the latest after a tenth of the limit
    was written here: that many servers on one folder exceed the limit by that many tenths.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes
        self._lock = Lock()
        self._left = 0  # bytes that may be written before the folder is read: at first, its size is unknown
        self._takes_more = True
        self._tidying: Thread | None = None

    def added(self, size: int) -> None:
        """Count a file that was written."""
        with self._lock:
            self._left -= size
            if self._left < 0 and self._tidying is None:
                self._tidying = Thread(target=self._tidy_aside, name="tidy thumbnails", daemon=True)
                self._tidying.start()

    @property
    def takes_more(self) -> bool:
        """Return whether files may be added: not where the folder is full and nothing can be removed."""
        return self._takes_more

    def tidy(self) -> int:
        """Evict the least recently used files until the folder is below its limit; return its size in bytes."""
        files = sorted(_files(self._folder))
        total = sum(size for _, size, _ in files)
        if total > self._limit_bytes:
            wanted = self._limit_bytes * (1 - _ROOM)
            for _, size, path in files:
                if total <= wanted:
                    break
                total -= size if _is_gone(path) else 0
        return total

    def _tidy_aside(self) -> None:
        total = self._limit_bytes
        try:
            total = self.tidy()
        finally:
            with self._lock:
                self._tidying = None
                self._takes_more = total <= self._limit_bytes
                self._left = int(min(self._limit_bytes - total, self._limit_bytes * _ROOM))


def _is_gone(path: str) -> bool:
    """Remove a file; return whether it is gone, perhaps by another server."""
    try:
        os.unlink(path)  # noqa: PTH108 - paths are text here, there are many
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _files(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Yield (last use, bytes, path) of the files in the sub-folders; delete unfinished ones."""
    now = time()
    for shard in _entries(str(folder)):
        for entry in _entries(shard.path):
            with suppress(OSError):
                stat = entry.stat(follow_symlinks=False)
                if entry.name.endswith(".webp"):
                    yield stat.st_mtime, stat.st_size, entry.path
                elif entry.name.endswith(".part") and now - stat.st_mtime > _ABANDONED_SECONDS:
                    os.unlink(entry.path)  # noqa: PTH108


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


_MADE = 1  # to be incremented when thumbnails are made differently: old ones are then evicted
_CHECK_BYTES = 4
_USED_SECONDS = 3600  # precision of a file's last use


class Thumbnails:
    """The thumbnails of one folder, which several servers may share."""

    def __init__(self, folder: Path, limit_bytes: int, predictions: PredictionService) -> None:
        self._folder, self._limit_bytes, self._predictions = folder, limit_bytes, predictions
        self._kept = DiskCacheQuota(folder, limit_bytes)
        self._lock = Lock()
        self._making: dict[str, Future[bytes]] = {}

    def photo(self, path: Path, content_hash: bytes, side_px: int) -> bytes:
        """Return a photo as WebP; its file is read only where no thumbnail is stored.

        Errors: those of `PredictionService.thumbnail`; PhotoError, too, where the file has other content.
        """
        name = f"{content_hash.hex()}-{side_px}-{_MADE}.webp"
        return self._one(name, lambda: self._predictions.thumbnail(path, side_px, content_hash))

    def face(self, path: Path, content_hash: bytes, box: Box, side_px: int) -> bytes:
        """Return a face of a photo as square WebP. Errors: as of `photo`."""
        place = sha256(repr(box).encode()).hexdigest()[:16]
        name = f"{content_hash.hex()}-{place}-{side_px}-{_MADE}.webp"
        return self._one(name, lambda: self._predictions.face(path, box, side_px, content_hash))

    def _one(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the stored file, or make it; concurrent callers get the same."""
        file = self._folder / name[:2] / name
        if (kept := _read(file)) is not None:
            return kept
        with self._lock:
            under_way = self._making.get(name)
            if under_way is None:
                mine = self._making[name] = Future()
        if under_way is not None:
            return under_way.result()
        try:
            made = _read(file) or make()  # it may have been made a moment ago
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(made)
            self._keep(file, made)
            return made
        finally:
            with self._lock:
                del self._making[name]

    def _keep(self, file: Path, made: bytes) -> None:
        if not self._kept.takes_more:
            return
        with suppress(OSError):  # no room, no permission: it is used only once
            _write(file, made)
            self._kept.added(len(made) + _CHECK_BYTES)


def forget_thumbnails(folder: Path, contents: Iterable[bytes]) -> None:
    """Delete the thumbnails of photos with these contents (SHA-256), and of their faces.

    Those that a server makes at the same moment may stay. Errors: OSError where one cannot be deleted.
    """
    names = {content.hex() for content in contents}
    for shard in {name[:2] for name in names}:
        for file in (folder / shard).glob("*.webp"):
            if file.name.partition("-")[0] in names:
                file.unlink(missing_ok=True)


def _read(file: Path) -> bytes | None:
    """Return the content of a file, None where it is missing or damaged."""
    try:
        data = file.read_bytes()
        if time() - file.stat().st_mtime > _USED_SECONDS:
            with suppress(OSError):
                os.utime(file)
    except OSError:
        return None
    whole, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    return whole if whole and check == _check(whole) else None


def _write(file: Path, data: bytes) -> None:
    """Write a file atomically. Errors: OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic_write(file, prefix=".", suffix=".part") as new:
        new.write(data + _check(data))


def _check(data: bytes) -> bytes:
    return crc32(data).to_bytes(_CHECK_BYTES, "little")
