"""XMP in JPEG files: found, and replaced without any other difference in the bytes.

Segments as in ITU-T T.81, annex B; XMP as in Adobe's XMP Specification part 3, 1.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from indexer.intake.xmp.tree import BadXmp

MAIN = b"http://ns.adobe.com/xap/1.0/\0"
MORE = b"http://ns.adobe.com/xmp/extension/\0"
_APP0, _APP1, _APP2, _APP11, _SCAN, _END = 0xE0, 0xE1, 0xE2, 0xEB, 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_MOST_PAYLOAD = 65_533
_MOST_SEGMENTS = 2_000  # of 64 kB each


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment before the pixels: its marker, its start and end in the file, its data."""

    marker: int
    start: int
    end: int
    payload: bytes

    @property
    def is_xmp(self) -> bool:
        """Whether it holds the main part of the XMP."""
        return self.marker == _APP1 and self.payload.startswith(MAIN)


def find_xmp(stream: IO[bytes]) -> bytes | None:
    """Return the XMP of a JPEG, None where it has none; only the part before the pixels is read.

    Raises BadXmp where that part is no JPEG.
    """
    return next((each.payload[len(MAIN) :] for each in sections(stream) if each.is_xmp), None)


def with_xmp(stream: IO[bytes], xmp: bytes) -> tuple[bytes, int]:
    """Return the bytes of the front with this XMP in it, and where in the old file the unchanged rest begins.

    Raises BadXmp where the XMP of a JPEG cannot be replaced without harm.
    """
    found = list(sections(stream))
    _refuse(found, xmp)
    old = next((each for each in found if each.is_xmp), None)
    leading = [each for each in found if each.marker == _APP0 or each.payload.startswith(b"Exif\0")]
    start = old.start if old else max((each.end for each in leading), default=2)
    stream.seek(0)
    payload = MAIN + xmp
    front = stream.read(start) + bytes([0xFF, _APP1]) + (len(payload) + 2).to_bytes(2) + payload
    return front, old.end if old else start


def _refuse(found: list[Segment], xmp: bytes) -> None:
    if any(each.marker == _APP2 and each.payload.startswith(b"MPF\0") for each in found):
        raise BadXmp("it holds several pictures, whose places would no longer be right")
    if any(each.marker == _APP11 for each in found):
        raise BadXmp("it carries a signature or a part of its picture that a change would spoil")
    if any(each.marker == _APP1 and each.payload.startswith(MORE) for each in found):
        raise BadXmp("its XMP is in several parts")
    if sum(each.is_xmp for each in found) > 1:
        raise BadXmp("it holds XMP twice")
    if len(MAIN) + len(xmp) > _MOST_PAYLOAD:
        raise BadXmp("its XMP would be larger than a JPEG can hold")


def sections(stream: IO[bytes]) -> Iterator[Segment]:
    """Yield the segments before the pixels. Raises BadXmp."""
    stream.seek(0)
    if stream.read(2) != b"\xff\xd8":
        raise BadXmp("it is not a JPEG")
    for _ in range(_MOST_SEGMENTS):
        start = stream.tell()
        marker = _marker(stream)
        if marker in (_SCAN, _END):
            return
        if marker not in _ALONE:
            length = int.from_bytes(stream.read(2))
            payload = stream.read(max(0, length - 2))
            if length < 2 or len(payload) != length - 2:
                raise BadXmp("it ends before its picture begins")
            yield Segment(marker, start, stream.tell(), payload)
    raise BadXmp("it has too many parts before its picture")


def _marker(stream: IO[bytes]) -> int:
    if stream.read(1) != b"\xff":
        raise BadXmp("its front is damaged")
    marker = stream.read(1)
    while marker == b"\xff":  # fill bytes
        marker = stream.read(1)
    return marker[0] if marker else _END
