"""Photos flow in; their thumbnails flow out: made once, kept on the disk, the least used let go above a limit.

A file is named by the content of its photo, so that copies share it and a moved photo keeps it. It ends with a check
sum: whatever a crash or a failing disk left of it is made again. Where nothing can be kept, all is made each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from time import time
from zlib import crc32

from indexer.geometry import Box
from indexer.pipeline.predict.kept import Kept
from indexer.pipeline.predict.service import Looker

_MADE = 1  # to be counted up when thumbnails are made in another way: those of the old way are then let go
_CHECK_BYTES = 4
_USED_SECONDS = 3600  # how exactly it is known when a file was used


class Thumbnails:
    """Thumbnails of one folder, which several servers may share."""

    def __init__(self, folder: Path, limit_bytes: int, looker: Looker) -> None:
        self._folder, self._limit_bytes, self._looker = folder, limit_bytes, looker
        self._kept = Kept(folder, limit_bytes)
        self._lock = Lock()
        self._making: dict[str, Future[bytes]] = {}

    def photo(self, path: Path, content_hash: bytes, side_px: int) -> bytes:
        """Return a photo as WebP; its file is read only where there is none yet.

        Errors: those of `Looker.thumbnail`; PhotoError, too, where the file has other content.
        """
        name = f"{content_hash.hex()}-{side_px}-{_MADE}.webp"
        return self._one(name, lambda: self._looker.thumbnail(path, side_px, content_hash))

    def face(self, path: Path, content_hash: bytes, box: Box, side_px: int) -> bytes:
        """Return a face of a photo as square WebP. Errors: as of `photo`."""
        place = sha256(repr(box).encode()).hexdigest()[:16]
        name = f"{content_hash.hex()}-{place}-{side_px}-{_MADE}.webp"
        return self._one(name, lambda: self._looker.face(path, box, side_px, content_hash))

    def _one(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept, or make it; who asks meanwhile gets the same."""
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
        with suppress(OSError):  # no room, no permission: it was made for this once
            _write(file, made)
            self._kept.added(len(made) + _CHECK_BYTES)


def forget_thumbnails(folder: Path, contents: Iterable[bytes]) -> None:
    """Delete the thumbnails of photos with these contents (SHA-256), and of their faces.

    What a server makes of them at the same moment may stay. Errors: OSError where one cannot be deleted.
    """
    names = {content.hex() for content in contents}
    for shard in {name[:2] for name in names}:
        for file in (folder / shard).glob("*.webp"):
            if file.name.partition("-")[0] in names:
                file.unlink(missing_ok=True)


def _read(file: Path) -> bytes | None:
    """Return what a file keeps, None where it keeps nothing that is whole."""
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
    """Write a file that is there as a whole or not at all. Errors: OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = NamedTemporaryFile(dir=file.parent, prefix=".", suffix=".part", delete=False)  # noqa: SIM115
    try:
        with part:
            part.write(data + _check(data))
        Path(part.name).replace(file)
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def _check(data: bytes) -> bytes:
    return crc32(data).to_bytes(_CHECK_BYTES, "little")
