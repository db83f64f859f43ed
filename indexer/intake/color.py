"""Color management: an image in the colors of its own file, converted to sRGB for people to look at.

Models do without: their input, and so their outputs, must not depend on a profile.

Colors are matched relative to white, with black point compensation: what both color spaces can show stays as it is,
white stays white, and shadows keep their depth. Perceptual tables shift all colors for the sake of a few; most
profiles in photos (Display P3, Adobe RGB) have none, and are read the same way under either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from io import BytesIO
from struct import pack

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base

_BAND_PIXELS = 1 << 17  # half a megabyte in Pillow, which fits the processor's cache

Convert = Callable[[Image.Image], Image.Image]


def to_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Convert a loaded image to RGB, each pixel the mean of factor × factor; transparent parts lie on white."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image.reduce(factor) if factor > 1 else image
    convert = _to_rgb_by(image)
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


def _to_rgb_by(image: Image.Image) -> Convert:
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


def _from_lab() -> Convert:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply


def _from_deep(black: float, white: float) -> Convert:
    """Return a converter of grey with more than 8 bits, where `black` becomes 0 and `white` 255."""
    scale = 255 / (white - black or 1)

    def convert(band: Image.Image) -> Image.Image:
        grey = (np.asarray(band, np.float32) - black) * scale
        whole = np.rint(np.nan_to_num(grey).clip(0, 255)).astype(np.uint8)
        return Image.fromarray(whole).convert("RGB")

    return convert


def _black_and_white(image: Image.Image) -> tuple[float, float]:
    """Return the values of black and white: the usual range that holds all values, else their own range."""
    if image.mode.startswith("I;16"):
        return 0, 65535
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    for white in (1, 255) if image.mode == "F" else (65535,):
        if low >= 0 and high <= white:
            return 0, white
    return low, high


_CACHED = 8  # a family's phones and cameras have few profiles between them
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # color space of a profile: Pillow's mode
_GRAY = ("1", "L", "LA", "La", "I", "F")


def reduced(image: Image.Image, factor: int) -> tuple[Image.Image, Convert]:
    """Reduce a loaded image, each pixel the mean of factor × factor; transparent parts lie on white.

    Returns it in its own colors, to be turned, cropped and resized while these cost least, and the conversion to sRGB.
    """
    profile = image.info.get("icc_profile") or (adobe_rgb_profile() if is_adobe_rgb(image) else None)
    mode, convert = _from_profile(bytes(profile)) if profile else ("RGB", None)
    if convert is None or not _fits(image, mode):
        return (to_rgb(image, factor), _as_it_is)
    if mode == "CMYK":
        return (image.reduce(factor) if factor > 1 else image, convert)
    small = to_rgb(image, factor)
    return (small.getchannel("R") if mode == "L" else small, convert)


def _fits(image: Image.Image, mode: str) -> bool:
    """Return whether a profile of this mode can be meant for an image."""
    if mode == "L":
        return image.mode in _GRAY or image.mode.startswith("I;16")
    return (image.mode == "CMYK") == (mode == "CMYK") and image.mode != "LAB"


def _as_it_is(image: Image.Image) -> Image.Image:
    return image


@lru_cache(_CACHED)
def _from_profile(profile: bytes) -> tuple[str, Convert | None]:
    """Return the mode that a profile is for, and its conversion to sRGB; None where it is unusable."""
    try:
        of_file = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _MODES[of_file.profile.xcolor_space.strip()]
        transform = ImageCms.buildTransform(
            of_file,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):  # damaged, or of a rare kind
        return "RGB", None
    return mode, transform.apply


_OPTION_FILE = "R03"  # DCF's mark for a file in Adobe RGB
_INDEX = 1  # in the interoperability fields
_SRGB = 1
_GAMMA = 563 / 256
_WHITE = (0.9642, 1.0, 0.8249)  # D50, to which ICC profiles refer
_PRIMARIES = {"r": (0.60974, 0.31111, 0.01947), "g": (0.20528, 0.62567, 0.06087), "b": (0.14919, 0.06322, 0.74457)}


def is_adobe_rgb(image: Image.Image) -> bool:
    """Return whether the EXIF of an image says that its colors are Adobe RGB."""
    try:
        exif = image.getexif()
        index = exif.get_ifd(IFD.Interop).get(_INDEX)
        space = exif.get_ifd(IFD.Exif).get(Base.ColorSpace)
    except Exception:  # hostile bytes: decoders raise all
        return False
    return image.mode == "RGB" and space != _SRGB and str(index).rstrip("\0 ") == _OPTION_FILE


@cache
def adobe_rgb_profile() -> bytes:
    """Return an ICC profile (version 2) of Adobe RGB (1998), made of its published numbers."""
    text = b"Adobe RGB (1998), compatible\0"
    tags = {
        "desc": b"desc" + bytes(4) + pack(">I", len(text)) + text + bytes(78),
        "cprt": b"text" + bytes(4) + b"no copyright\0",
        "wtpt": _xyz(_WHITE),
        **{f"{name}XYZ": _xyz(value) for name, value in _PRIMARIES.items()},
        **{f"{name}TRC": b"curv" + bytes(4) + pack(">IH", 1, round(_GAMMA * 256)) for name in _PRIMARIES},
    }
    at, table, data = 128 + 4 + 12 * len(tags), pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name.encode() + pack(">II", at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = pack(">I4xI", at + len(data), 0x02400000) + b"mntrRGB XYZ " + pack(">6H", 2000, 8, 11, 0, 0, 0) + b"acsp"
    return head + bytes(28) + _xyz(_WHITE)[8:] + bytes(48) + table + data


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + pack(">3i", *(round(each * 65536) for each in value))
