"""Make realistic 12-megapixel JPEGs of about 2.3 MB out of the photographs that the test dependencies ship."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (4000, 3000)
BYTES = 2_300_000
SOURCES = {
    "astronaut": ("skimage", "data/astronaut.png"),  # one face
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),  # one face
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "temple": ("sklearn", "datasets/images/china.jpg"),
}


def make_photos(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write `count` different photos; a third of them shows a face. The same seed makes the same bytes."""
    random = np.random.default_rng(seed)
    sources = [Image.open(sample(name)).convert("RGB") for name in SOURCES]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"IMG_{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(_photo(sources[number % len(sources)], random))
    return paths


def sample(name: str) -> Path:
    """Return the path of one of the photographs."""
    package, file = SOURCES[name]
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / file


def _photo(source: Image.Image, random: np.random.Generator) -> bytes:
    """Enlarge a 4:3 part of the source and add the grain that brings the file to the size of a camera's."""
    width, height = source.size
    scale = min(width / 4, height / 3) * random.uniform(0.85, 1)
    part_width, part_height = 4 * scale, 3 * scale
    left, top = random.uniform(0, width - part_width), random.uniform(0, (height - part_height) / 3)
    large = source.resize(SIZE, Image.Resampling.BICUBIC, (left, top, left + part_width, top + part_height))
    grain = random.normal(0, 6, (SIZE[1] // 2, SIZE[0] // 2, 1)).repeat(2, 0).repeat(2, 1)
    pixels = np.clip(np.asarray(large, np.float32) + grain, 0, 255).astype(np.uint8)
    return min((_jpeg(pixels, quality) for quality in (70, 80, 88, 93)), key=lambda data: abs(len(data) - BYTES))


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
