"""Values of metadata fields, of any type and often nonsense, flow in; numbers and text that can be used flow out."""

from __future__ import annotations

import math
from typing import Any

_LONGEST_TEXT = 120


def power(value: Any, exponent: float) -> float | None:
    """Turn an APEX value into what it stands for: 2 to the power of value × exponent (Exif 2.32, annex C)."""
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
    """Return numbers and tuples of numbers as finite floats; [] for all else."""
    try:
        found = [float(part) for part in (value if isinstance(value, tuple) else (value,))]
    except (TypeError, ValueError, ArithmeticError):
        return []
    return found if all(map(math.isfinite, found)) else []


def written(value: Any) -> str:
    """Return a text field up to its first NUL, as it stands."""
    letters = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return letters.split("\0")[0] if isinstance(letters, str) else ""


def text(value: Any) -> str | None:
    """Return a text field as one printable line; None where nothing is left."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in written(value)).split())
    return line[:_LONGEST_TEXT] or None
