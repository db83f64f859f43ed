"""The name of a format and an open file flow in; an image that Pillow is ready to decode flows out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO

from PIL import Image, ImageFile

_PLUGINS = {  # what `sniff` calls a format: the modules of Pillow that read it
    "JPEG": ("Jpeg", "Mpo"),
    "PNG": ("Png",),
    "WEBP": ("WebP",),
    "TIFF": ("Tiff",),
    "GIF": ("Gif",),
    "BMP": ("Bmp",),
    "AVIF": ("Avif",),
    "HEIF": ("Avif",),  # after pillow_heif: what calls itself HEIF may hold AVIF's coding
    "JPEG2000": ("Jpeg2K",),
    "PPM": ("Ppm",),
    "PSD": ("Psd",),
    "TGA": ("Tga",),
    "ICO": ("Ico", "Png", "Bmp"),
}
UNREAD = {
    "RAW": "camera raw files are not read; a JPEG beside it is",
    "JPEG XL": "JPEG XL is not read; a copy as JPEG or AVIF is",
}
"""Formats of photos that are known and not read, and what to do about it."""

_DNG_VERSION = 50706


def is_dng(image: Image.Image) -> bool:
    """Tell whether what looks like a TIFF is Adobe's raw format, of which Pillow sees only a thumbnail."""
    return _DNG_VERSION in getattr(image, "tag_v2", ())


def open_image(stream: IO[bytes], name: str) -> ImageFile.ImageFile:
    """Read the header of a picture, having loaded what this format needs and not all of Pillow's forty."""
    for module in _PLUGINS[name]:
        import_module(f"PIL.{module}ImagePlugin")
    if name == "HEIF":
        import_module("pillow_heif").register_heif_opener()
    stream.seek(0)
    return Image.open(stream, formats=("HEIF", "AVIF") if name == "HEIF" else (name,))


def draft(image: ImageFile.ImageFile, long_side_px: int) -> None:
    """Have a JPEG decoded at 1/8, 1/4 or 1/2 where that leaves the long side at least `long_side_px`."""
    if image.format in ("JPEG", "MPO"):
        width, height = image.size
        scale = next((scale for scale in (8, 4, 2) if -(-max(width, height) // scale) >= long_side_px), 1)
        image.draft("RGB", (max(1, width // scale), max(1, height // scale)))


@contextmanager
def quiet(max_pixels: int) -> Iterator[None]:
    """Silence Pillow's warnings, and have it refuse what is too large inside a file, such as a picture in an icon."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.MAX_IMAGE_PIXELS = max_pixels
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
