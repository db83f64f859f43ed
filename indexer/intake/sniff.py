"""The first bytes of a file flow in, the name of its format flows out."""

from __future__ import annotations

import re

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
        # Short signatures, made surer by what follows them.
        ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
        ("PPM", rb"P[1-7fF][\s#]"),
        ("ICO", rb"\0\0\x01\0[^\0]\0...\0"),
    )
)
_HEVC_KINDS = (b"ic", b"ix", b"im", b"is", b"vc", b"vx", b"vm", b"vs")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", *(b"he" + kind for kind in _HEVC_KINDS)})


def sniff(head: bytes) -> str | None:
    """Name the picture format that starts with these bytes, None for all else.

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
