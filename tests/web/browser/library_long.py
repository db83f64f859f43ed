"""A long library: hundreds of small pictures of a year and a half, as a scan would have recorded them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Tag
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed

PHOTOS = 420
_SHAPES = [(96, 64), (64, 96), (96, 72), (120, 50), (72, 72), (96, 54)]
_NEWEST = datetime(2024, 6, 30, 12)
_APART = timedelta(hours=30)


def make_long(folder: Path) -> Path:
    """Write the pictures and their library; every other has the tag "half". Returns the library's file."""
    folder.mkdir(parents=True)
    photos = folder / "Photos"
    photos.mkdir()
    library = folder / "library.sqlite"
    with Library.open(library) as opened:
        add_root(opened, photos)
        record_outcomes(opened, [_made(photos / f"{number:04}.jpg", number) for number in range(PHOTOS)])
    return library


def _made(file: Path, number: int) -> Indexed:
    width, height = _SHAPES[number * number % 7 % len(_SHAPES)]
    color = (60 + number * 37 % 150, 60 + number * 61 % 150, 60 + number * 17 % 150)
    Image.new("RGB", (width, height), color).save(file, quality=80)
    stamp, content = file.stat(), hashlib.sha256(file.read_bytes()).digest()
    analysis = Analysis(
        metadata=Metadata("JPEG", width, height, taken_at=(_NEWEST - number * _APART).isoformat()),
        hashes=Hashes(content, content[:8]),
        look=PixelStats(0.5, 0.5, 0.1, 0.1),
        evidence=(),
        tags=(Tag("half", 0.9, "made"),) if number % 2 == 0 else (),
        faces=(),
        vector=b"",
        models=(),
    )
    return Indexed(PhotoFile(file, stamp.st_size, stamp.st_mtime_ns), analysis)
