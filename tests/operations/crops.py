"""Small real photos without end: random parts of the photographs that the test dependencies ship."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from random import Random

from PIL import Image

_SIDES_PX = 96, 200


class Crops:
    """Cuts square parts out of photographs, of 96 to 200 pixels; no two files have the same size in bytes."""

    def __init__(self, originals: Iterable[Path]) -> None:
        self._pictures = [Image.open(path).convert("RGB") for path in originals]
        self._sizes: set[int] = set()

    def jpeg(self, random: Random) -> bytes:
        """Return a JPEG; the same random numbers give the same picture."""
        picture = random.choice(self._pictures)
        part = random.uniform(0.5, 1) * min(picture.size)
        left, top = random.uniform(0, picture.width - part), random.uniform(0, picture.height - part)
        side = random.randint(*_SIDES_PX)
        stream = io.BytesIO()
        picture.resize((side, side), box=(left, top, left + part, top + part)).save(stream, "JPEG", quality=85)
        return self._padded(stream.getvalue())

    def fill(self, folder: Path, count: int, random: Random) -> list[Path]:
        """Write so many photos into a folder, which is made; return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{number:05}.jpg" for number in range(count)]
        for path in paths:
            path.write_bytes(self.jpeg(random))
        return paths

    def _padded(self, data: bytes) -> bytes:
        """Give a file a size of its own: a file of a size that is known is read once more, to find moves."""
        size = next(size for size in range(len(data), len(data) + 100_000) if size not in self._sizes)
        self._sizes.add(size)
        return data + bytes(size - len(data))
