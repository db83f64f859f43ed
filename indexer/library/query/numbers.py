"""Fields whose value is a number: one, or a range."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from indexer.library.query.ast import Number, Query
from indexer.library.query.clause import in_range
from indexer.library.query.field import InvalidValue, PhotoFacts, SearchField


def number_field(
    name: str,
    help: str,  # noqa: A002
    *,
    column: str,
    value: Callable[[PhotoFacts], float | None],
    example: str = "",
    about: float = 0.0,
    values: tuple[tuple[str, str], ...] = (),
) -> SearchField:
    """Return a field of Number.

    column: SQL for the number.  about: by how much both ends are wider, for what files keep as fractions.
    """
    return SearchField(
        name,
        help,
        f"such as {example or f'{name}:100, {name}:100..400 or {name}:400+'}",
        _parse,
        text=lambda leaf: f"{plain(leaf.low)}..{plain(leaf.high)}",
        sql=lambda leaf: in_range(column, (">=", _moved(leaf.low, -about)), ("<=", _moved(leaf.high, about))),
        value=value,
        values=values,
    )


def finite(field: SearchField, text: str) -> float:
    """Return the number that a text is. Raises InvalidValue."""
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text):
        return float(text)
    raise InvalidValue(f"{text!r} is not a number; {field.example}")


def plain(number: float | None) -> str:
    """Return a number as it is typed, '' where there is none."""
    return "" if number is None else f"{number:.15f}".rstrip("0").rstrip(".")


def _parse(field: SearchField, value: str, _: date) -> Query:
    low, dots, high = value.partition("..")
    if not dots and value.endswith("+"):
        low, dots = value[:-1], ".."
    ends: list[Any] = [
        None if end == "" and dots else finite(field, end) for end in ((low, high) if dots else (low, low))
    ]
    if ends == [None, None] or (None not in ends and ends[0] > ends[1]):
        raise InvalidValue(f"{value!r} is not a range; {field.example}")
    return Number(field.name, ends[0], ends[1])


def _moved(end: float | None, by: float) -> float | None:
    return None if end is None else end + by
