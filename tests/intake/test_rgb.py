"""Every mode that a picture can have becomes the RGB that a person would see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.intake.color import pixels, to_rgb
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp

SIZE = (64, 48)


def _grey16(value: int) -> Image.Image:
    return Image.fromarray(np.full(SIZE[::-1], value, np.uint16))


def _float(value: float) -> Image.Image:
    return Image.fromarray(np.full(SIZE[::-1], value, np.float32))


def _ramp(low: float, high: float) -> Image.Image:
    row = np.linspace(low, high, SIZE[0], dtype=np.float32)
    return Image.fromarray(np.tile(row, (SIZE[1], 1)))


def _palette_with_hole() -> Image.Image:
    image = Image.new("P", SIZE, 1)
    image.putpalette([9, 9, 9, 255, 0, 0])
    image.info["transparency"] = 1
    return image


MODES: dict[str, tuple[str, Callable[[], Image.Image], tuple[int, int, int]]] = {
    "grey": ("a.png", lambda: Image.new("L", SIZE, 77), (77, 77, 77)),
    "black and white": ("a.png", lambda: Image.new("1", SIZE, 1), (255, 255, 255)),
    "palette": ("a.gif", lambda: Image.new("RGB", SIZE, (10, 200, 30)).quantize(4), (10, 200, 30)),
    "palette with a transparent color": ("a.png", _palette_with_hole, (255, 255, 255)),
    "half transparent": ("a.png", lambda: Image.new("RGBA", SIZE, (255, 0, 0, 128)), (255, 127, 127)),
    "transparent grey": ("a.png", lambda: Image.new("LA", SIZE, (0, 0)), (255, 255, 255)),
    "transparent WebP": ("a.webp", lambda: Image.new("RGBA", SIZE, (0, 0, 255, 0)), (255, 255, 255)),
    "opaque": ("a.png", lambda: Image.new("RGBA", SIZE, (1, 2, 3, 255)), (1, 2, 3)),
    "16-bit PNG": ("a.png", lambda: _grey16(0x8000), (128, 128, 128)),
    "16-bit TIFF": ("a.tif", lambda: _grey16(0x8000), (128, 128, 128)),
    "16-bit white": ("a.tif", lambda: _grey16(0xFFFF), (255, 255, 255)),
    "32-bit integers": ("a.tif", lambda: Image.new("I", SIZE, 0x4000), (64, 64, 64)),
    "floats 0 to 1": ("a.tif", lambda: _float(0.5), (128, 128, 128)),
    "floats 0 to 255": ("a.tif", lambda: _float(64), (64, 64, 64)),
    "CMYK JPEG": ("a.jpg", lambda: Image.new("CMYK", SIZE, (0, 255, 255, 0)), (255, 0, 0)),
    "CMYK TIFF": ("a.tif", lambda: Image.new("CMYK", SIZE, (255, 0, 255, 0)), (0, 255, 0)),
    "grey JPEG": ("a.jpg", lambda: Image.new("L", SIZE, 200), (200, 200, 200)),
    "YCbCr TIFF": ("a.tif", lambda: Image.new("YCbCr", SIZE, (76, 85, 255)), (254, 0, 0)),
    "Lab TIFF": ("a.tif", lambda: Image.new("LAB", SIZE, (255, 128, 128)), (255, 255, 255)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("long_side_px", [64, 16])
def test_colors_come_out_as_a_person_would_see_them(tmp_path: Path, mode: str, long_side_px: int) -> None:
    name, make, color = MODES[mode]
    make().save(tmp_path / name)
    with open_original(stamp(tmp_path / name), 10**6) as original:
        picture = original.picture(long_side_px)
    assert picture.size == (long_side_px, long_side_px * 3 // 4)
    assert np.abs(picture.pixels.astype(int) - color).max() <= 2


@pytest.mark.parametrize(("low", "high"), [(-3.0, 12.0), (0.0, 4096.0), (5e5, 6e5)])
def test_values_in_no_usual_range_are_stretched(low: float, high: float) -> None:
    row = pixels(to_rgb(_ramp(low, high), 1))[0, :, 0]
    assert (row[0], row[-1]) == (0, 255)
    assert (np.diff(row.astype(int)) > 0).all()


def test_not_a_number_is_black_not_an_error() -> None:
    image = Image.fromarray(np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32))
    assert pixels(to_rgb(image, 1)).shape == (1, 4, 3)


def test_an_adobe_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    # Pillow writes CMYK inverted with an Adobe marker, as Photoshop does.
    Image.new("CMYK", SIZE, (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    with open_original(stamp(tmp_path / "a.jpg"), 10**6) as original:
        assert original.picture(64).pixels.min() >= 253


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK"])
@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_bands_leave_no_seam(mode: str, factor: int) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (701, 900, 3), np.uint8)
    image = Image.fromarray(noise).convert(mode)
    expected = image.convert("RGB").reduce(factor)
    assert np.array_equal(pixels(to_rgb(image, factor)), np.asarray(expected))
