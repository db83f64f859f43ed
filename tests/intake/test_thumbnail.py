"""Thumbnails are small, upright JPEGs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import PhotoError
from indexer.intake.thumbnail import thumbnail


def test_a_thumbnail_is_small_and_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (800, 400), "red")
    exif = picture.getexif()
    exif[0x0112] = 6  # lies on its side
    picture.save(tmp_path / "a.jpg", exif=exif)
    with Image.open(BytesIO(thumbnail(tmp_path / "a.jpg", 100, 10**8))) as small:
        assert (small.format, small.size) == ("JPEG", (50, 100))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="read"):
        thumbnail(tmp_path / "none.jpg", 100, 10**8)
