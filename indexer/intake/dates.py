"""Dates from cameras, GPS receivers, XMP and file names, as ISO 8601.

Local wall-clock time, with the offset from UTC appended where it is known; a day without a time is its
midnight. What cannot be a capture time gives None: broken text, a clock that was never set, 1900 and earlier,
the future.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from indexer.values.files import PhotoFile

_WRITTEN = re.compile(
    r"\s*(\d{4})[:/.\- ]\s?(\d\d?)[:/.\- ]\s?(\d\d?)"
    r"(?:[T ]+(\d\d?):\s?(\d\d?)(?::\s?(\d\d?)(?:\.(\d+))?)?)?\s*(Z|[+-]\d\d:?\d\d)?\s*$"
)
_OFFSET = re.compile(r"\s*(?:Z|([+-])(\d\d):?(\d\d))\s*$")
_NAMED = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)"
    r"(?:(?:[-_T ]|\sat\s)?(\d\d|\d(?=[.:]))([-_.:]?)(\d\d)\6(\d\d)(?:[.]?\d{3})?(?!\d)(?:\s?([AP])M)?|(?!\d))"
)
_NEVER_SET = frozenset({(1904, 1, 1), (1970, 1, 1), (1980, 1, 1)})  # the zero of Mac, Unix and FAT clocks
_LONGEST_TEXT = 60  # a megabyte of blanks in a hostile file must not slow a pattern down
_DAY = timedelta(days=1)


def from_text(text: str, now: float, fraction: str = "", offset: str = "") -> str | None:
    """Parse '2023:05:14 10:11:12' (EXIF) or '2023-05-14T10:11:12.5+02:00' (XMP).

    now: seconds since 1970.  fraction, offset: from fields beside the date, digits and '+02:00'.
    """
    match = _WRITTEN.match(text[:_LONGEST_TEXT])
    if not match:
        return None
    *parts, inner_fraction, inner_offset = match.groups()
    numbers = [int(part or 0) for part in parts]
    return _iso(numbers, now, inner_fraction or fraction.strip(), inner_offset or offset)


def from_name(name: str, now: float) -> str | None:
    """Parse the date in a name such as IMG_20230514_101112.jpg, IMG-20230514-WA0001.jpg, 2023-05-14 10.11.12.png."""
    for match in _NAMED.finditer(name):
        year, _, month, day, hour, _, minute, second, half = match.groups()
        hours = int(hour or 0)
        if half:
            hours = hours % 12 + (12 if half == "P" else 0)
        numbers = [int(year), int(month), int(day), hours, int(minute or 0), int(second or 0)]
        if taken := _iso(numbers, now, "", ""):
            return taken
    return None


def from_mtime(mtime_ns: int) -> str:
    """Return a file's time in the time zone of this machine."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 10**9, UTC)
        return moment.astimezone().isoformat()
    except (OverflowError, OSError, ValueError):  # a damaged file system can return any value
        return datetime.fromtimestamp(0, UTC).isoformat()


def of_file(file: PhotoFile, now: float) -> tuple[str, str]:
    """Return the capture time by a file's name, or else its mtime, and which of the two: 'name', 'mtime'."""
    named = from_name(file.path.name, now)
    return (named, "name") if named else (from_mtime(file.mtime_ns), "mtime")


def _iso(numbers: list[int], now: float, fraction: str, offset: str) -> str | None:
    try:
        moment = datetime(*numbers)  # type: ignore[arg-type]  # a wall clock has no zone
        latest = datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + _DAY
    except ValueError:
        return None
    if moment.year <= 1900 or moment > latest or (not any(numbers[3:]) and tuple(numbers[:3]) in _NEVER_SET):
        return None
    digits = fraction[:6].rstrip("0") if fraction.isascii() and fraction.isdigit() else ""
    return moment.isoformat() + (f".{digits}" if digits else "") + _offset(offset)


def _offset(text: str) -> str:
    match = _OFFSET.match(text)
    if not match:
        return ""
    sign, hours, minutes = match.groups()
    if sign is None:
        return "+00:00"
    return f"{sign}{hours}:{minutes}" if int(hours) <= 14 and int(minutes) < 60 else ""
