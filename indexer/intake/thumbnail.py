"""The path of a photo flows in; a small JPEG of it, upright, flows out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp

_QUALITY = 75


def thumbnail(path: Path, side_px: int, max_pixels: int) -> bytes:
    """Return a JPEG whose long side has `side_px` pixels, or fewer where the photo has fewer.

    max_pixels: larger originals are refused.  Raises PhotoError for a file that cannot be read as a photo.
    """
    with open_original(stamp(path), max_pixels) as original:
        image = Image.fromarray(original.picture(side_px).pixels)
    image.thumbnail((side_px, side_px))
    written = BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
