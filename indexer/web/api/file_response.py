"""Original file response: a photo's file, verified to be the one that was scanned."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from stat import S_ISREG
from typing import BinaryIO
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from indexer.errors import printable
from indexer.intake.discover import photo_file, why
from indexer.library.photo_summary import PhotoSummary
from indexer.values.files import same_stamp
from indexer.web.problems import Problem

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")
# Opening a pipe that somebody put there must not block.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_same(card: PhotoSummary) -> BinaryIO:
    """Open a photo's file, if it is as it was when it was scanned. Errors: Problem (410)."""
    try:
        number = os.open(card.path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _gone(card, why(error)) from error
    stat = os.fstat(number)
    if S_ISREG(stat.st_mode) and same_stamp(photo_file(card.path, stat), card, ctime=False):
        return os.fdopen(number, "rb")
    os.close(number)
    raise _gone(card, "it is not the file any more that was scanned")


class FileResponse(StreamingResponse):
    """The bytes of an open file, or a range of them; closes it."""

    def __init__(
        self,
        stream: BinaryIO,
        size: int,
        wanted: str | None,
        kind: str,
        name: str,
        headers: Mapping[str, str],
        *,
        inline: bool,
    ) -> None:
        """wanted: a Range header.  inline: the browser may show it, and need not save it. Errors: Problem (416)."""
        self._stream = stream
        part = _part(wanted, size)
        start, end = part or (0, size)
        how = "inline" if inline else "attachment"
        own = {
            "Content-Length": str(end - start),
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(printable(name), safe='')}",
            "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff",
        }
        if part is not None:
            own["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        super().__init__(self._chunks(start, end), 206 if part else 200, {**headers, **own}, kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()

    def _chunks(self, start: int, end: int) -> Iterator[bytes]:
        self._stream.seek(start)
        while start < end and (chunk := self._stream.read(min(_CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk


def _part(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte of a Range header and the one after the last; None for the whole file.

    An invalid range, and several at once, may be ignored: then the whole file is sent.
    """
    found = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if found is None:
        return None
    first, last, length = found.groups()
    start, end = (max(size - int(length), 0), size) if length else (int(first), min(int(last or size) + 1, size))
    if length is None and last and int(last) < int(first):
        return None
    if start >= end:
        raise Problem(416, "There is no such part of the file.", headers={"Content-Range": f"bytes */{size}"})
    return start, end


def _gone(card: PhotoSummary, reason: str) -> Problem:
    return Problem(410, f"Photo {card.number}: {reason}. A scan finds out what became of it.")
