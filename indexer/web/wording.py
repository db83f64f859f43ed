"""Texts, moments and numbers flow in; how pages and addresses say them flows out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import log
from urllib.parse import urlencode

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def asked(values: Mapping[str, object]) -> str:
    """Return the part of an address behind '?'; what is empty or None is left out."""
    return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def file_name(path: str) -> str:
    """Return the name of a file."""
    return path.rpartition("/")[2] or path


def folder(path: str) -> str:
    """Return where a file lies."""
    return path.rpartition("/")[0] or "/"


def day(moment: str, weekday: bool = True) -> str:
    """Return the day of a moment (ISO 8601) on its own clock."""
    taken = datetime.fromisoformat(moment)
    return f"{taken:%A}, {taken.day} {taken:%B %Y}" if weekday else f"{taken.day} {taken:%B %Y}"


def clock(moment: str) -> str:
    """Return the time of day of a moment (ISO 8601) on its own clock."""
    return f"{datetime.fromisoformat(moment):%H:%M}"


def moment(text: str) -> str:
    """Return a moment (ISO 8601) on its own clock, as static/js/dom.js says it on the browser's."""
    return f"{day(text, weekday=False)}, {clock(text)}"


def month_title(month: str | None) -> str:
    """Return what a month ('2024-05') or year is called."""
    if month and "-" not in month:
        return month
    return f"{datetime.fromisoformat(f'{month}-01'):%B %Y}" if month else "No date"


def quoted(text: str) -> str:
    """Return text as one word of a query."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def of_person(name: str) -> str:
    """Return the query for the photos of a person."""
    return f"person:{quoted(name)}"


def percent(score: float) -> str:
    """Return a score of 0..1 as people read it."""
    return f"{round(score * 100)} %"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def size(number: float) -> str:
    """Return bytes as people read them."""
    if number < 1000:
        return counted(round(number), "byte")
    step = min(len(_UNITS) - 1, int(log(number, 1000)))
    value = number / 1000**step
    return f"{value:.{1 if value < 10 else 0}f} {_UNITS[step]}"


def short(text: str, most: int = 24) -> str:
    """Return text cut to so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
