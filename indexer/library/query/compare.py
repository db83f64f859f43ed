"""What a photo has and what is wanted flow in; whether they are alike flows out, for SQL and for Python."""

from __future__ import annotations

import re
from math import asin, cos, radians, sin, sqrt
from unicodedata import normalize

_EARTH_KM = 6371.0
_FINGERPRINT = "-" + "[0123456789abcdef]" * 8  # what an id has after the name of its network


def globs(field: str, wanted: str) -> tuple[str, ...]:
    """Return the patterns (SQLite's GLOB) of which one must fit a text field: accents may be encoded in either way."""
    if field == "model":
        name = "".join(map(_either_case, wanted))
        return f"* {name}{_FINGERPRINT} *", f"* {name} *"
    before, after = {
        "path": ("*", "*"),
        "camera": ("*", "*"),
        "lens": ("*", "*"),
        "folder": ("" if wanted.startswith("/") else "*/", "/*"),
        "type": ("*.", ""),
        "format": ("", ""),
    }[field]
    wanted = wanted.rstrip("/") if field == "folder" else wanted
    forms = dict.fromkeys(normalize(form, wanted) for form in ("NFC", "NFD"))
    return tuple(f"{before}{''.join(map(_either_case, form))}{after}" for form in forms)


def _either_case(letter: str) -> str:
    cases = "".join(sorted({case for case in (letter, letter.lower(), letter.upper()) if len(case) == 1}))
    return f"[{cases}]" if len(cases) > 1 or letter in "?[" else letter


def regex(glob: str) -> str:
    """Return what a pattern means, for Python: only '*' and sets of letters are special in it."""
    pieces = re.findall(r"\[(?:\[|[^\[\]]+)\]|\*|.", glob, re.DOTALL)
    return "".join(
        ".*" if each == "*" else f"[{re.escape(each[1:-1])}]" if len(each) > 1 else re.escape(each) for each in pieces
    )


def distance_km(
    latitude: float | None, longitude: float | None, other_latitude: float, other_longitude: float
) -> float | None:
    """Return the way between two places on a sphere of 6371 km (haversine), None where one is not known."""
    if latitude is None or longitude is None:
        return None
    north, other_north = radians(latitude), radians(other_latitude)
    up = sin((other_north - north) / 2) ** 2
    across = cos(north) * cos(other_north) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(up + across)))
