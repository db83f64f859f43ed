"""Color spaces in numbers flow in; ICC profiles (version 2) flow out, as small as they can be."""

from __future__ import annotations

from itertools import product
from struct import pack

DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_WHITE = (0.9642, 1.0, 0.8249)  # D50
_INKS = {"": (100, 0, 0), "C": (60, -35, -45), "M": (50, 70, -5), "Y": (90, -5, 85), "K": (10, 0, 0)}


def rgb_profile(primaries: tuple[tuple[float, float, float], ...], gamma: float = 2.2) -> bytes:
    """Return the profile of a screen: XYZ (D50) of its red, green and blue."""
    columns = {f"{name}XYZ": _xyz(value) for name, value in zip("rgb", primaries, strict=True)}
    curves = {f"{name}TRC": _curve(gamma) for name in "rgb"}
    return _profile("mntr", "RGB ", "XYZ ", {**columns, **curves})


def gray_profile(gamma: float) -> bytes:
    """Return the profile of a gray screen."""
    return _profile("mntr", "GRAY", "XYZ ", {"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """Return the profile of a press whose inks only ever darken: Lab at each of the 16 corners."""
    ramp = bytes(range(256))
    corners = b"".join(_corner(inks) for inks in product((0, 1), repeat=4))
    matrix = pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x10000)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + corners + ramp * 3
    return _profile("prtr", "CMYK", "Lab ", {"A2B0": table, "A2B1": table})


def _corner(inks: tuple[int, ...]) -> bytes:
    used = [name for name, ink in zip("CMYK", inks, strict=True) if ink]
    light, green_red, blue_yellow = 100.0, 0.0, 0.0
    for name in used:
        light *= _INKS[name][0] / 100
        green_red += _INKS[name][1]
        blue_yellow += _INKS[name][2]
    if "K" in used:
        green_red = blue_yellow = 0.0
    return bytes((round(light * 2.55), round(128 + green_red), round(128 + blue_yellow)))


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + pack(">3i", *(round(each * 65536) for each in value))


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + pack(">IH", 1, round(gamma * 256))


def _profile(kind: str, space: str, connection: str, tags: dict[str, bytes]) -> bytes:
    text = b"made for a test\0"
    about = b"desc" + bytes(4) + pack(">I", len(text)) + text + bytes(78)
    tags = {"desc": about, "wtpt": _xyz(_WHITE), "cprt": b"text" + bytes(4) + b"none\0", **tags}
    at, table, data = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += name.encode() + pack(">II", at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    signs = kind.encode() + space.encode() + connection.encode()
    head = pack(">I", at + len(data)) + bytes(4) + b"\x02\x40\0\0" + signs + pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp"
    head += bytes(28) + _xyz(_WHITE)[8:] + bytes(48)
    return head + pack(">I", len(tags)) + table + data
