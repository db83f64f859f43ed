"""An image in whatever mode Pillow decoded it to flows in; RGB, reduced, flows out, and then its pixels.

Colors are taken as sRGB. To honor a phone's Display P3 profile moves the values by 0.9 of 255 on average and
costs 17 ms a megapixel, as much as decoding; what people look at is worth it (`intake.color`).

All goes band by band. A second copy at full size could take a gigabyte, and of a photo it takes so many fresh
pages of memory that the system spends longer on them than the copying (16 ms to 2 for three megapixels).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BAND_PIXELS = 1 << 17  # half a megabyte in Pillow, which the processor's cache holds

_Convert = Callable[[Image.Image], Image.Image]


def to_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Convert a loaded image to RGB, each pixel the mean of factor × factor; transparent parts lie on white."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image.reduce(factor) if factor > 1 else image
    convert = _converter(image)
    width, height = image.size
    result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top, band in _bands(image, factor):
        result.paste(convert(band).reduce(factor), (0, top // factor))
    return result


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Copy an RGB image to uint8[height, width, 3]."""
    copied = np.empty((image.height, image.width, 3), np.uint8)
    for top, band in _bands(image, 1):
        copied[top : top + band.height] = np.asarray(band)
    return copied


def _bands(image: Image.Image, multiple: int) -> Iterator[tuple[int, Image.Image]]:
    """Cut an image from top to bottom into bands whose height is a multiple of rows; yield (top row, band)."""
    rows = multiple * max(1, _BAND_PIXELS // (image.width * multiple))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(image.height, top + rows)))


def _converter(image: Image.Image) -> _Convert:
    if image.mode == "F" or image.mode.startswith("I"):
        return _from_deep(*_black_and_white(image))
    if image.mode == "LAB":
        return _from_lab()
    return _on_white if image.has_transparency_data else _plainly


def _plainly(band: Image.Image) -> Image.Image:
    return band.convert("RGB")


def _on_white(band: Image.Image) -> Image.Image:
    layers = band.convert("RGBA")
    white = Image.new("RGB", band.size, "white")
    white.paste(layers, mask=layers.getchannel("A"))
    return white


def _from_lab() -> _Convert:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply


def _from_deep(black: float, white: float) -> _Convert:
    """Make a converter of grey with more than 8 bits, where `black` becomes 0 and `white` 255."""
    scale = 255 / (white - black or 1)

    def convert(band: Image.Image) -> Image.Image:
        grey = (np.asarray(band, np.float32) - black) * scale
        whole = np.rint(np.nan_to_num(grey).clip(0, 255)).astype(np.uint8)
        return Image.fromarray(whole).convert("RGB")

    return convert


def _black_and_white(image: Image.Image) -> tuple[float, float]:
    """Choose the values of black and white: the usual range that holds all values, else their own range."""
    if image.mode.startswith("I;16"):
        return 0, 65535
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    for white in (1, 255) if image.mode == "F" else (65535,):
        if low >= 0 and high <= white:
            return 0, white
    return low, high
