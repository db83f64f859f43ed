"""The text behind a field's name flows in; a leaf of the query flows out, or a sentence about what is wrong with it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import NoReturn
from unicodedata import normalize

from indexer.library.query.ast import (
    NUMBERS,
    STATES,
    TEXTS,
    And,
    Away,
    MonthOfYear,
    Near,
    Not,
    Number,
    Or,
    PersonTerm,
    Query,
    Shape,
    State,
    Taken,
    Term,
    Text,
)

MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_FORMATS = {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}
_UNITS = {"day": 1, "week": 7}
ORIENTATIONS = ("landscape", "portrait", "square")
# How systems name pictures of their screen, or the folder of them, in a dozen languages.
_SCREENSHOTS = (
    "screenshot", "screen shot", "screen_shot", "screencap", "bildschirmfoto", "bildschirmaufnahme", "capture d*cran",
    "captura de pantalla", "captura de tela", "captura de ecr", "schermata", "schermafbeelding", "schermafdruk",
    "skärmbild", "skjermbilde", "skærmbillede", "zrzut ekranu", "снимок экрана", "スクリーンショット", "屏幕截图",
    "截屏", "螢幕截圖", "스크린샷",
)  # fmt: skip
IS = ("screenshot", "panorama", "portrait", *sorted(STATES), "away")
_LAST = re.compile(r"last-(\d{1,5})-(day|week|month|year)s?")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


class InvalidValue(Exception):  # noqa: N818 - a reason, which becomes part of an error
    """A value that cannot be understood: the reason, as a sentence without its end."""


def leaf(name: str, value: str, today: date) -> Query:
    """Return what `name:value` means; name: one of FIELDS. Raises Unclear."""
    if not value.strip():
        raise InvalidValue(f"'{name}:' needs a value, {_EXAMPLES[name]}")
    return FIELDS[name](name, value.strip(), today)


def _tag(_: str, value: str, __: date) -> Query:
    return Term(value)


def _person(_: str, value: str, __: date) -> Query:
    return PersonTerm(value)


def _textual(name: str, value: str, _: date) -> Query:
    if name == "format":
        value = _FORMATS.get(value.lower(), value)
    return Text(name, value.removeprefix(".") if name == "type" else value)


def _number(name: str, value: str, _: date) -> Query:
    low, dots, high = value.partition("..")
    if not dots and value.endswith("+"):
        low, dots = value[:-1], ".."
    ends = [None if end == "" and dots else _finite(name, end) for end in ((low, high) if dots else (low, low))]
    if ends == [None, None] or (None not in ends and ends[0] > ends[1]):  # type: ignore[operator]
        raise InvalidValue(f"{value!r} is not a range; {_EXAMPLES[name]}")
    return Number(name, ends[0], ends[1])


def _finite(name: str, text: str) -> float:
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text):
        return float(text)
    raise InvalidValue(f"{text!r} is not a number; {_EXAMPLES[name]}")


def _near(name: str, value: str, _: date) -> Query:
    parts = value.removesuffix("km").split(",")
    if len(parts) != 3:
        raise InvalidValue(f"{value!r} is not a place; {_EXAMPLES[name]}")
    latitude, longitude, km = (_finite(name, part.strip()) for part in parts)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and km >= 0 and isfinite(km)):
        raise InvalidValue(f"{value!r} is not a place on earth; {_EXAMPLES[name]}")
    return Near(latitude, longitude, km)


def _orientation(name: str, value: str, _: date) -> Query:
    if value.lower() not in ORIENTATIONS:
        raise InvalidValue(f"{value!r} is not an orientation; {_EXAMPLES[name]}")
    return Shape(value.lower())


def _is(name: str, value: str, _: date) -> Query:
    match value.lower():
        case "panorama":
            return Shape("panorama")
        case "portrait":
            return Term("portrait")
        case "away":
            return Away()
        case "screenshot":
            named = tuple(Text("path", word) for word in _SCREENSHOTS)
            return And((Not(Text("camera", "*")), Or(named)))
        case state if state in STATES:
            return State(state)
    raise InvalidValue(f"{value!r} is not a known property; {_EXAMPLES[name]}")


def _date(name: str, value: str, today: date) -> Query:
    text = value.lower()
    months = [number for number, month in enumerate(MONTHS, 1) if text in (month, month[:3])]
    if months:
        return MonthOfYear(months[0])
    since, dots, until = text.partition("..")
    if not dots:
        return Taken(*_span(name, text, today))
    if not since and not until:
        raise InvalidValue(f"{value!r} is not a range; {_EXAMPLES[name]}")
    first = _span(name, since, today)[0] if since else None
    end = _span(name, until, today)[1] if until else None
    if first and end and first >= end:
        raise InvalidValue(f"{value!r} ends before it begins")
    return Taken(first, end)


def _span(name: str, text: str, today: date) -> tuple[str, str]:
    """Return the first day of a time, and the first day after it."""
    try:
        if text in ("today", "yesterday"):
            day = today - timedelta(days=text == "yesterday")
            return str(day), str(day + timedelta(days=1))
        if last := _LAST.fullmatch(text):
            return str(_back(today, int(last[1]), last[2]) + timedelta(days=1)), str(today + timedelta(days=1))
        if given := _DAY.fullmatch(text):
            parts = [int(part) if part else None for part in given.groups()]
            return _calendar(parts[0] or 0, parts[1], parts[2])
    except (ValueError, OverflowError) as error:
        raise InvalidValue(f"{text!r} is not a valid date") from error
    raise InvalidValue(f"{text!r} is not a date; {_EXAMPLES[name]}")


def _calendar(year: int, month: int | None, day: int | None) -> tuple[str, str]:
    first = date(year, month or 1, day or 1)
    last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    return str(first), str(last + timedelta(days=1))


def _back(today: date, count: int, unit: str) -> date:
    if unit in _UNITS:
        return today - timedelta(days=count * _UNITS[unit])
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


FIELDS: dict[str, Callable[[str, str, date], Query]] = {
    "tag": _tag,
    "person": _person,
    "date": _date,
    "near": _near,
    "orientation": _orientation,
    "is": _is,
    **dict.fromkeys(TEXTS, _textual),
    **dict.fromkeys(NUMBERS, _number),
}
_EXAMPLES = {
    "tag": "such as tag:dog",
    "person": "such as person:alice, or person:* for anyone with a name",
    "date": "such as date:2024, date:2024-05-03, date:2023-05..2023-09, date:last-30-days or date:july",
    "near": "such as near:48.86,2.29,5 (latitude, longitude, km)",
    "orientation": f"there are {', '.join(ORIENTATIONS)}",
    "is": f"there are {', '.join(IS)}",
    "path": "such as path:holidays",
    "folder": "such as folder:Italy or folder:/home/me/Photos",
    "camera": "such as camera:nikon",
    "lens": "such as lens:50mm",
    "format": "such as format:jpeg",
    "type": "such as type:png",
    "model": "such as model:efficientnet-lite0",
    **{name: f"such as {name}:100, {name}:100..400 or {name}:400+" for name in ("iso", "width", "height", "focal")},
    "f": "such as f:2.8, f:1.4..2.8 or f:8+",
    "faces": "such as faces:0, faces:2+ or faces:1..3",
    "rating": "such as rating:5 or rating:3+",
    "score": "such as score:0.7+",
}


def written(part: Query) -> str:
    """Return a leaf as it is typed: `leaf` makes the same of it, whatever day it is."""
    match part:
        case PersonTerm(name):
            return f"person:{quoted(name)}"
        case Taken(since, before):
            return f"date:{_dated(since, before)}"
        case MonthOfYear(number):
            return f"date:{MONTHS[number - 1]}"
        case Text(name, wanted):
            return f"{name}:{quoted(wanted)}"
        case Number(name, low, high):
            return f"{name}:{_plain(low)}..{_plain(high)}"
        case Near(latitude, longitude, km):
            return f"near:{_plain(latitude)},{_plain(longitude)},{_plain(km)}"
        case Shape(name):
            return f"{'orientation' if name in ORIENTATIONS else 'is'}:{name}"
        case State(name):
            return f"is:{name}"
        case Away():
            return "is:away"
    return _impossible(part)


def _dated(since: str | None, before: str | None) -> str:
    """Return a time as it is typed: a year, month or day, or from which day to which."""
    for part in (since[:4], since[:7], since) if since and before else ():
        try:
            if _span("date", part, date.min) == (since, before):
                return part
        except InvalidValue:  # beyond the calendar
            continue
    last = str(date.fromisoformat(before) - timedelta(days=1)) if before else ""
    return f"{since or ''}..{last}"


def _impossible(part: Query) -> NoReturn:
    raise TypeError(f"not a leaf: {part!r}")


def quoted(text: str) -> str:
    """Return text in quotes, where it could be mistaken for something else without them."""
    if re.fullmatch(r"[^\W_][\w.,'*/&+-]*", text) and text not in ("AND", "OR", "NOT"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.15f}".rstrip("0").rstrip(".")


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


ABOUT = {
    "tag": "a tag",
    "person": "who is in the photo",
    "date": "when it was taken",
    "near": "where it was taken: latitude, longitude, km",
    "orientation": "its shape",
    "is": "a property of the photo",
    "camera": "make or model of the camera",
    "lens": "the lens",
    "path": "part of the path",
    "folder": "folder of the photo",
    "format": "file format",
    "type": "file name extension",
    "model": "model that gave a tag",
    "iso": "sensitivity",
    "f": "aperture",
    "focal": "focal length in mm",
    "width": "width in pixels",
    "height": "height in pixels",
    "rating": "your rating, 0 to 5",
    "faces": "number of faces",
    "score": "score of the tags, 0 to 1",
}
_STATES = {
    "missing": "the file no longer exists",
    "failed": "it could not be read",
    "hidden": "not shown by other searches",
    "away": "folder not available",
}
_FEW: dict[str, tuple[tuple[str, str], ...]] = {
    "orientation": tuple((name, "") for name in ORIENTATIONS),
    "is": tuple((name, _STATES.get(name, "")) for name in IS),
    "rating": (("5", "five stars"), *((f"{stars}+", f"{stars} stars or more") for stars in "4321")),
    "faces": (("0", "nobody"), ("1", "one face"), ("2", "two faces"), ("3+", "three or more")),
    "score": (("0.5+", ""), ("0.7+", ""), ("0.9+", "")),
}  # fmt: skip
_TIMES = (
    ("today", ""), ("yesterday", ""), ("last-7-days", ""), ("last-30-days", ""), ("last-12-months", ""),
    *((month, "of any year") for month in MONTHS),
)  # fmt: skip


def values(name: str) -> tuple[tuple[str, str], ...]:
    """Return the values of a field that are the same for every library, each with what it means, if it needs that."""
    return _TIMES if name == "date" else _FEW.get(name, ())
