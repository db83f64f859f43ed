"""What a file says of its colors flows in; where it is Adobe RGB without a profile, the profile flows out.

Cameras that are set to Adobe RGB put no profile into their JPEGs: by their standard (DCF 2.0) three letters in the
EXIF say it, and whoever passes them over shows dull pictures.
"""

from __future__ import annotations

from functools import cache
from struct import pack

from PIL import Image
from PIL.ExifTags import IFD, Base

_OPTION_FILE = "R03"  # so DCF calls a file in Adobe RGB
_INDEX = 1  # in the interoperability fields
_SRGB = 1
_GAMMA = 563 / 256
_WHITE = (0.9642, 1.0, 0.8249)  # D50, to which ICC profiles refer
_PRIMARIES = {"r": (0.60974, 0.31111, 0.01947), "g": (0.20528, 0.62567, 0.06087), "b": (0.14919, 0.06322, 0.74457)}


def is_adobe_rgb(image: Image.Image) -> bool:
    """Tell whether the EXIF of an image says that its colors are Adobe RGB."""
    try:
        exif = image.getexif()
        index = exif.get_ifd(IFD.Interop).get(_INDEX)
        space = exif.get_ifd(IFD.Exif).get(Base.ColorSpace)
    except Exception:  # hostile bytes: decoders raise all
        return False
    return image.mode == "RGB" and space != _SRGB and str(index).rstrip("\0 ") == _OPTION_FILE


@cache
def profile() -> bytes:
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
