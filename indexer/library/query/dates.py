"""The values of date: – days, months, years, ranges of them, and times counted back from today."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from indexer.library.query.ast import MonthOfYear, Query, Taken
from indexer.library.query.clause import Sql, in_range
from indexer.library.query.field import InvalidValue, SearchField

MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
TIMES = (
    ("today", ""), ("yesterday", ""), ("last-7-days", ""), ("last-30-days", ""), ("last-12-months", ""),
    *((month, "of any year") for month in MONTHS),
)  # fmt: skip
_UNITS = {"day": 1, "week": 7}
_LAST = re.compile(r"last-(\d{1,5})-(day|week|month|year)s?")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def parse_date(field: SearchField, value: str, today: date) -> Query:
    """Return the time that a text means. Raises InvalidValue."""
    text = value.lower()
    months = [number for number, month in enumerate(MONTHS, 1) if text in (month, month[:3])]
    if months:
        return MonthOfYear(months[0])
    since, dots, until = text.partition("..")
    if not dots:
        return Taken(*_span(field.example, text, today))
    if not since and not until:
        raise InvalidValue(f"{value!r} is not a range; {field.example}")
    first = _span(field.example, since, today)[0] if since else None
    end = _span(field.example, until, today)[1] if until else None
    if first and end and first >= end:
        raise InvalidValue(f"{value!r} ends before it begins")
    return Taken(first, end)


def date_text(leaf: Taken | MonthOfYear) -> str:
    """Return a time as it is typed: a month of any year, a year, month or day, or from which day to which."""
    if isinstance(leaf, MonthOfYear):
        return MONTHS[leaf.number - 1]
    since, before = leaf.since, leaf.before
    for part in (since[:4], since[:7], since) if since and before else ():
        try:
            if _span("", part, date.min) == (since, before):
                return part
        except InvalidValue:  # beyond the calendar
            continue
    last = str(date.fromisoformat(before) - timedelta(days=1)) if before else ""
    return f"{since or ''}..{last}"


def date_sql(leaf: Taken | MonthOfYear) -> Sql:
    """Return the condition that a photo was taken then."""
    if isinstance(leaf, MonthOfYear):
        return Sql("substr(photos.taken_at, 6, 2) = ?", (f"{leaf.number:02}",))
    return in_range("photos.taken_at", (">=", leaf.since), ("<", leaf.before))


def _span(example: str, text: str, today: date) -> tuple[str, str]:
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
    raise InvalidValue(f"{text!r} is not a date; {example}")


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
