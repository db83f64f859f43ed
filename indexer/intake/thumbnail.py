"""Thumbnails: a small WebP of a photo, or of a face in it, upright, in sRGB, without metadata.

Always from the photo itself: the preview that cameras put into a file may be older than an edit of it.
"""

from __future__ import annotations

from io import BytesIO
from math import ceil
from pathlib import Path

from PIL import Image

from indexer.errors import PhotoError
from indexer.geometry import Box
from indexer.intake.decode import InSrgb, Original, open_original
from indexer.intake.discover import stamp

_QUALITY = 78
_METHOD = 2  # of 12 megapixels, 640 px: 10 ms, 30 kB; 4, the default: 23 ms, 29 kB; 0: 6 ms, 37 kB
_MARGIN = 0.35  # of a face's longer side, around it: forehead, chin and ears


def thumbnail(path: Path, side_px: int, max_pixels: int, content: bytes | None = None) -> bytes:
    """Return a WebP whose long side has `side_px` pixels, or fewer where the photo has fewer.

    max_pixels: larger originals are refused.  content: the SHA-256 that the file must have.
    Raises PhotoError for a file that cannot be read as a photo, or has other content.
    """
    with open_original(stamp(path), max_pixels) as original:
        _refuse_other(original, content)
        upright, in_srgb = original.shown(side_px)
    return _webp(upright, side_px, in_srgb)


def face_chip(path: Path, box: Box, side_px: int, max_pixels: int, content: bytes | None = None) -> bytes:
    """Return a square WebP of a face with a margin around it, of `side_px` pixels, or fewer where it has fewer.

    max_pixels, content, errors: as of `thumbnail`.
    """
    with open_original(stamp(path), max_pixels) as original:
        _refuse_other(original, content)
        size = original.metadata.width, original.metadata.height
        left, top, side = _square(box, size)
        upright, in_srgb = original.shown(min(max(size), ceil(max(size) * side_px / side)))
    ratio = max(upright.size) / max(size)
    side_there = max(1, min(round(side * ratio), *upright.size))
    x, y = min(round(left * ratio), upright.width - side_there), min(round(top * ratio), upright.height - side_there)
    return _webp(upright.crop((x, y, x + side_there, y + side_there)), side_px, in_srgb)


def _refuse_other(original: Original, content: bytes | None) -> None:
    if content is not None and original.content != content:
        raise PhotoError(original.file.path, "read", "the file is no longer the photo that was scanned")


def _square(box: Box, size: tuple[int, int]) -> tuple[float, float, float]:
    """Return left, top and side, in px, of a square around a face, shifted into the picture."""
    width, height = size
    wanted = max(box.width * width, box.height * height) * (1 + 2 * _MARGIN)
    side = min(max(wanted, 1.0), float(min(size)))
    left, top = box.center.x * width - side / 2, box.center.y * height - side / 2
    return min(max(left, 0.0), width - side), min(max(top, 0.0), height - side), side


def _webp(image: Image.Image, side_px: int, in_srgb: InSrgb) -> bytes:
    """Reduce an image to fit in a square, and only then convert its colors: there are fewer of them."""
    ratio = min(1.0, side_px / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    small = in_srgb(image if size == image.size else image.resize(size, Image.Resampling.BICUBIC))
    small.info = {}  # EXIF, the profile, comments: private
    written = BytesIO()
    small.save(written, "WEBP", quality=_QUALITY, method=_METHOD)
    return written.getvalue()
