"""Hashes that survive a new size, and plain facts about pixels."""

from __future__ import annotations

import csv
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.pixel_stats import look, perceptual_hash
from indexer.values.files import Picture


def _picture(image: Image.Image) -> Picture:
    return Picture(np.asarray(image.convert("RGB")), image.size)


def _bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def _encoded_again(image: Image.Image, quality: int) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def test_the_hash_survives_size_encoding_and_brightness(samples: dict[str, Path]) -> None:
    for path in samples.values():
        image = Image.open(path).convert("RGB")
        width, height = image.size
        kept = perceptual_hash(_picture(image))
        for other in (
            image.resize((width // 2, height // 2), Image.Resampling.LANCZOS),
            image.resize((width * 2 // 3, height * 2 // 3), Image.Resampling.BICUBIC),
            _encoded_again(image, 30),
            ImageEnhance.Brightness(image).enhance(1.2),
        ):
            assert _bits(kept, perceptual_hash(_picture(other))) <= 8, path.name


def test_the_hashes_of_different_photos_differ(samples: dict[str, Path]) -> None:
    hashes = [perceptual_hash(_picture(Image.open(path))) for path in samples.values()]
    assert min(_bits(*pair) for pair in combinations(hashes, 2)) >= 16


def test_near_duplicates_are_near_and_other_photos_are_not(data: Path) -> None:
    folder = data / "near_duplicates"
    with (folder / "groups.csv").open(newline="") as table:
        groups = [(row["group"], folder / row["file"]) for row in csv.DictReader(table)]
    hashes = [(group, _hash(path)) for group, path in groups]
    distances = [(one == other, _bits(a, b)) for (one, a), (other, b) in combinations(hashes, 2)]
    assert max(bits for same, bits in distances if same) <= 4
    assert min(bits for same, bits in distances if not same) >= 16


def _hash(path: Path) -> bytes:
    with open_original(stamp(path), 10**8) as original:
        return original.hashes(original.picture(1024)).perceptual


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2), (257, 255)])
def test_a_picture_of_any_shape_has_a_hash_and_a_look(size: tuple[int, int]) -> None:
    picture = _picture(Image.new("RGB", size, (255, 0, 0)))
    assert len(perceptual_hash(picture)) == 8
    seen = look(picture)
    assert (seen.colorfulness, seen.flatness) == (1, 1)
    assert seen.contrast == pytest.approx(0, abs=1e-6)
    assert seen.brightness == pytest.approx(0.299, abs=1e-6)


def test_the_look_says_what_a_person_would_say(samples: dict[str, Path]) -> None:
    photo = Image.open(samples["coffee"]).convert("RGB")
    seen, night = look(_picture(photo)), look(_picture(ImageEnhance.Brightness(photo).enhance(0.1)))
    assert night.brightness < 0.15 < seen.brightness
    assert look(_picture(photo.convert("L"))).colorfulness == 0 < seen.colorfulness
    stripes = np.zeros((300, 400, 3), np.uint8)
    stripes[:, ::100] = 255
    drawing = look(Picture(stripes, (400, 300)))
    assert drawing.flatness > 0.97 > 0.5 > seen.flatness
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
    assert look(Picture(noise, (400, 300))).flatness < 0.01
