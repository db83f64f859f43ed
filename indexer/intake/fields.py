"""Metadata field values: numbers and text from values of any type, which are often nonsense."""

from __future__ import annotations

import math
from itertools import takewhile
from typing import Any

_LONGEST_TEXT = 120


def power(value: Any, exponent: float) -> float | None:
    """Return the value of an APEX number: 2 to the power of value × exponent (Exif 2.32, annex C)."""
    apex = number(value)
    return round(2 ** (apex * exponent), 6) if apex is not None and abs(apex) < 32 else None


def positive(value: Any) -> float | None:
    """Return one number above 0, such as an aperture; None for all else."""
    found = number(value)
    return found if found is not None and 0 < found < 10**6 else None


def number(value: Any) -> float | None:
    """Return one finite number; None for all else."""
    found = numbers(value)
    return found[0] if len(found) == 1 else None


def numbers(value: Any) -> list[float]:
    """Return a number, or a tuple of them up to the first invalid one (0/0 is how EXIF leaves one out)."""
    found: list[float] = []
    try:
        for part in value if isinstance(value, tuple) else (value,):
            found.append(float(part))  # noqa: PERF401 - what came before an error counts
    except (TypeError, ValueError, ArithmeticError):
        pass
    return list(takewhile(math.isfinite, found))


def written(value: Any) -> str:
    """Return a text field up to its first NUL, as it stands; '' for all else."""
    if isinstance(value, bytes):
        return _decoded(value)
    try:
        return _decoded(value.encode("latin-1"))  # Pillow reads EXIF as Latin-1, though phones write UTF-8
    except UnicodeError:
        return str(value).split("\0")[0]
    except AttributeError:
        return ""


def text(value: Any) -> str | None:
    """Return a text field as one printable line; None where nothing is left."""
    letters = written(value)[:_LONGEST_TEXT]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in letters).split()) or None


def _decoded(data: bytes) -> str:
    start = data.split(b"\0")[0]
    try:
        return start.decode()
    except UnicodeError:
        return start.decode("latin-1")
