"""XMP in PNG files: found, and replaced without any other difference in the bytes.

Chunks as in the PNG Specification, third edition; XMP as in Adobe's XMP Specification part 3, 1.1.5.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from indexer.intake.xmp.tree import MOST_BYTES, BadXmp

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"XML:com.adobe.xmp\0"
_MOST_CHUNKS = 100_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk: its type, its start and end in the file, the data of one that may hold XMP."""

    kind: bytes
    start: int
    end: int
    data: bytes

    @property
    def is_xmp(self) -> bool:
        """Whether it holds XMP."""
        return self.kind == b"iTXt" and self.data.startswith(_KEYWORD)


def find_xmp(stream: IO[bytes]) -> bytes | None:
    """Return the XMP of a PNG, None where it has none; pixels are skipped. Raises BadXmp."""
    return next((_unpacked(each.data) for each in sections(stream) if each.is_xmp), None)


def with_xmp(stream: IO[bytes], xmp: bytes) -> tuple[bytes, int]:
    """Return the bytes of the front with this XMP in it, and where in the old file the unchanged rest begins.

    Raises BadXmp where the XMP of a PNG cannot be replaced without harm.
    """
    found = list(sections(stream))
    old = [each for each in found if each.is_xmp]
    pixels = next((each.start for each in found if each.kind == b"IDAT"), None)
    if pixels is None or len(old) > 1:
        raise BadXmp("it has no pixels" if pixels is None else "it holds XMP twice")
    if any(each.kind == b"caBX" for each in found):
        raise BadXmp("it carries a signature that a change would spoil")
    start, end = (old[0].start, old[0].end) if old else (pixels, pixels)
    stream.seek(0)
    data = _KEYWORD + b"\0\0\0\0" + xmp  # not compressed, no language, no translated keyword
    body = b"iTXt" + data
    return stream.read(start) + len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4), end


def sections(stream: IO[bytes]) -> Iterator[Chunk]:
    """Yield the chunks; pixels are skipped. Raises BadXmp."""
    stream.seek(0)
    if stream.read(8) != _SIGNATURE:
        raise BadXmp("it is not a PNG")
    for _ in range(_MOST_CHUNKS):
        start = stream.tell()
        head = stream.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4]), head[4:]
        data = stream.read(min(length, len(_KEYWORD))) if kind == b"iTXt" and length <= MOST_BYTES else b""
        data += stream.read(length - len(data)) if data == _KEYWORD else b""
        end = start + 12 + length
        yield Chunk(kind, start, end, data)
        if kind == b"IEND":
            return
        stream.seek(end)
    raise BadXmp("it has too many parts")


def _unpacked(data: bytes) -> bytes:
    flags, rest = data[len(_KEYWORD) :][:2], data[len(_KEYWORD) + 2 :]
    parts = rest.split(b"\0", 2)
    if len(flags) < 2 or len(parts) < 3:
        raise BadXmp("its XMP breaks off")
    if not flags[0]:
        return parts[2]
    try:
        unpacked = zlib.decompressobj().decompress(parts[2], MOST_BYTES + 1)
    except zlib.error as error:
        raise BadXmp(f"its XMP is broken ({error})") from error
    return unpacked
