"""Embedded XMP: read from photos, and written in place into JPEG and PNG files.

Of a file that is written, the part before the XMP and the part after it are copied byte by byte, and compared once
more before the new file takes the place of the old.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from indexer.atomic_write import atomic_write
from indexer.errors import PhotoError
from indexer.intake import formats
from indexer.intake.discover import photo_file, why
from indexer.intake.formats import HEAD_BYTES, sniff
from indexer.intake.xmp import jpeg, png
from indexer.intake.xmp.tree import BadXmp
from indexer.values.files import PhotoFile, same_stamp

_PADDING = 2048  # white space, so that other programs can change the XMP in place
_BLOCK_BYTES = 2**20
_MOST_PIXELS = 2**40  # nothing is decoded
_DOORS = {"JPEG": jpeg, "PNG": png}
_END = b"<?xpacket end="


def embedded_xmp(path: Path) -> bytes | None:
    """Return the XMP inside a photo, None where there is none. Errors: PhotoError."""
    try:
        with path.open("rb") as stream:
            found = sniff(stream.read(HEAD_BYTES))
            return _DOORS[found].find_xmp(stream) if found in _DOORS else _by_pillow(stream, found)
    except BadXmp as error:
        raise PhotoError(path, "metadata", str(error)) from error
    except OSError as error:
        raise PhotoError(path, "read", why(error)) from error


def embed(path: Path, xmp: bytes) -> tuple[PhotoFile, bytes]:
    """Replace the XMP of a JPEG or PNG file; everything else in it, and its time, stays.

    Its size always changes, so that whoever compares stamps notices.
    Return the file as it is now and the SHA-256 of its bytes.
    Errors: PhotoError, and the file is as it was, where that cannot be done without harm.
    """
    path = path.resolve()
    with _translated(path), path.open("rb") as old:
        before = os.fstat(old.fileno())
        _refuse_other_names(path, before)
        with atomic_write(path, durable=True) as new:
            _write(old, new, xmp, before.st_size)
            _compare(old, new)
            _like(path, new, before)
            content = _content(new)
        now = path.stat()
    return photo_file(path, now), content


def check_embed(path: Path, xmp: bytes) -> None:
    """Verify, as far as possible without writing, that `embed` will work. Errors: PhotoError."""
    path = path.resolve()
    with _translated(path), path.open("rb") as old:
        before = os.fstat(old.fileno())
        _refuse_other_names(path, before)
        _placed(old, xmp, before.st_size)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except BadXmp as error:
        raise PhotoError(path, "metadata", f"it was not changed: {error}") from error
    except OSError as error:
        raise PhotoError(path, "read", f"it was not changed: {why(error)}") from error


def _refuse_other_names(path: Path, stat: os.stat_result) -> None:
    if stat.st_nlink > 1:
        raise BadXmp("the file has several names (hard links), and would become two")
    if not os.access(path, os.W_OK):
        raise BadXmp("it is not writable")


def _write(old: IO[bytes], new: IO[bytes], xmp: bytes, size: int) -> None:
    front, rest = _placed(old, xmp, size)
    new.write(front)
    old.seek(rest)
    shutil.copyfileobj(old, new, _BLOCK_BYTES)


def _placed(old: IO[bytes], xmp: bytes, size: int) -> tuple[bytes, int]:
    """Return the new front of the file, and where in the old one the unchanged rest begins."""
    old.seek(0)
    found = sniff(old.read(HEAD_BYTES))
    if found not in _DOORS:
        raise BadXmp("only JPEG and PNG files can be given other XMP in place")
    front, rest = _DOORS[found].with_xmp(old, _padded(xmp, _PADDING))
    same = len(front) + size - rest == size
    return _DOORS[found].with_xmp(old, _padded(xmp, _PADDING + 100)) if same else (front, rest)


def _padded(xmp: bytes, count: int) -> bytes:
    """Put white space before the end of the packet, which is added where it has none."""
    start, end = xmp.rpartition(_END)[::2] if _END in xmp else (xmp, b'"w"?>')
    if not xmp.lstrip().startswith(b"<?xpacket begin"):
        start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode() + _without_declaration(start)
    return start.rstrip() + b"\n" + (b" " * 99 + b"\n") * (count // 100) + _END + end


def _without_declaration(xmp: bytes) -> bytes:
    return xmp.partition(b"?>")[2].lstrip() if xmp.startswith(b"<?xml ") else xmp


def _compare(old: IO[bytes], new: IO[bytes]) -> None:
    """Read both files again: all but the XMP must be the same, byte for byte."""
    if _rest(old) != _rest(new):
        raise BadXmp("the copy with other XMP came out different; please report this")


def _rest(stream: IO[bytes]) -> bytes:
    """Return the SHA-256 of what a file holds besides XMP."""
    stream.seek(0)
    found = sniff(stream.read(HEAD_BYTES))
    sections = jpeg.sections(stream) if found == "JPEG" else png.sections(stream)
    skip = [(each.start, each.end) for each in sections if each.is_xmp]
    digest, at = hashlib.sha256(), 0
    for start, end in [*skip, (-1, -1)]:
        stream.seek(at)
        left = start - at if start >= 0 else -1
        while left and (block := stream.read(_BLOCK_BYTES if left < 0 else min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block) if left > 0 else 0
        at = end
    return digest.digest()


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]


def _like(path: Path, new: IO[bytes], before: os.stat_result) -> None:
    """Copy the attributes of the old file to the new one, and refuse one that changed meanwhile."""
    new.flush()
    now = path.stat()
    is_same = same_stamp(photo_file(path, now), photo_file(path, before), ctime=False)
    if not is_same or now.st_ino != before.st_ino:
        raise BadXmp("it changed meanwhile")
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(new.fileno(), before.st_uid, before.st_gid)
    shutil.copystat(path, new.name)


def _by_pillow(stream: IO[bytes], found: str | None) -> bytes | None:
    if found is None or found in formats.UNREAD:
        return None
    with formats.silence_pillow(_MOST_PIXELS):
        try:
            info = formats.open_image(stream, found).info
        except Exception as error:  # whatever the bytes
            raise BadXmp("the picture is damaged and cannot be read") from error
    xmp = info.get("xmp")
    return xmp if isinstance(xmp, bytes) else None
