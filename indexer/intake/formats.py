"""Image formats: detection by content, and Pillow's decoders, loaded one by one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO

from PIL import Image, ImageFile

_PLUGINS = {  # format, as from `sniff`: the modules of Pillow that read it
    "JPEG": ("Jpeg", "Mpo"),
    "PNG": ("Png",),
    "WEBP": ("WebP",),
    "TIFF": ("Tiff",),
    "GIF": ("Gif",),
    "BMP": ("Bmp",),
    "AVIF": ("Avif",),
    "HEIF": ("Avif",),  # after pillow_heif: a file marked HEIF may contain AV1
    "JPEG2000": ("Jpeg2K",),
    "PPM": ("Ppm",),
    "PSD": ("Psd",),
    "TGA": ("Tga",),
    "ICO": ("Ico", "Png", "Bmp"),
}
UNREAD = {
    "RAW": "camera raw files are not supported; a JPEG next to one is read",
    "JPEG XL": "JPEG XL is not supported; a copy as JPEG or AVIF is read",
}
"""Formats of photos that are known and not read, and what to do about it."""

_DNG_VERSION = 50706


def is_dng(image: Image.Image) -> bool:
    """Return whether an apparent TIFF is Adobe's raw format, of which Pillow sees only a thumbnail."""
    return _DNG_VERSION in getattr(image, "tag_v2", ())


def open_image(stream: IO[bytes], name: str) -> ImageFile.ImageFile:
    """Read the header of a picture, having loaded the decoder of this format and not all of Pillow's forty."""
    for module in _PLUGINS[name]:
        import_module(f"PIL.{module}ImagePlugin")
    if name == "HEIF":
        import_module("pillow_heif").register_heif_opener()
    stream.seek(0)
    return Image.open(stream, formats=("HEIF", "AVIF") if name == "HEIF" else (name,))


def draft(image: ImageFile.ImageFile, long_side_px: int) -> None:
    """Make a JPEG decode at 1/8, 1/4 or 1/2 where that leaves the long side at least `long_side_px`."""
    if image.format in ("JPEG", "MPO"):
        width, height = image.size
        scale = next((scale for scale in (8, 4, 2) if -(-max(width, height) // scale) >= long_side_px), 1)
        image.draft("RGB", (max(1, width // scale), max(1, height // scale)))


@contextmanager
def silence_pillow(max_pixels: int) -> Iterator[None]:
    """Silence Pillow's warnings, and make it refuse what is too large inside a file, such as a picture in an icon."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.MAX_IMAGE_PIXELS = max_pixels
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


JPEG_END = b"\xff\xd9"
_SCAN = 0xDA
_MARKER = re.compile(rb"\xff([^\x00\xff])")


def reaches_end(data: bytes) -> bool:
    """Skip the segments in front (thumbnails hide in them) and look for the end marker behind the first scan.

    Coded data cannot hold that marker by chance, as a zero follows each of its 255s (ITU-T T.81, B.1.1.5).
    """
    at = 2
    while found := _MARKER.search(data, at):
        kind, at = found[1][0], found.end()
        if kind == _SCAN:
            return data.find(JPEG_END, at) >= 0
        at += int.from_bytes(data[at : at + 2])
    return False


HEAD_BYTES = 512
"""As many bytes as `sniff` wants to see."""

_SIGNATURES: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("JPEG", rb"\xff\xd8\xff"),
        ("PNG", rb"\x89PNG\r\n\x1a\n"),
        ("WEBP", rb"RIFF....WEBP"),
        ("GIF", rb"GIF8[79]a"),
        (
            "RAW",
            rb"II\*\0....CR|II(RO|RS|U\0)|MMOR|FUJIFILMCCD-RAW|FOVb|\0MRM|....ftypcrx |II\x1a\0\0\0HEAPCCDR",
        ),
        ("TIFF", rb"II[*+]\0|MM\0[*+]"),
        ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
        ("JPEG2000", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
        ("PSD", rb"8BPS\0[\x01\x02]"),
        # Short signatures, confirmed by what follows them.
        ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
        ("PPM", rb"P[1-7fF][\s#]"),
        ("ICO", rb"\0\0\x01\0[^\0]\0...\0"),
    )
)
_HEVC_KINDS = (b"ic", b"ix", b"im", b"is", b"vc", b"vx", b"vm", b"vs")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", *(b"he" + kind for kind in _HEVC_KINDS)})


def sniff(head: bytes) -> str | None:
    """Return the picture format that starts with these bytes, None for all else.

    Camera makers' own formats are 'RAW', where they do not look like TIFF.
    """
    if head[4:8] == b"ftyp" and head[8:12] != b"crx ":
        return _box_format(head)
    return next((name for name, pattern in _SIGNATURES if pattern.match(head)), None)


def _box_format(head: bytes) -> str | None:
    """Tell AVIF from HEIF by the brands in the first box (ISO/IEC 14496-12, 'ftyp')."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None
