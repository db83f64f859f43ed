"""A piece of SQL with the values of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL about a row of photos joined with its root, and the values of its parameters, in order."""

    text: str
    values: tuple[Any, ...] = ()

    @classmethod
    def joined(cls, word: str, pieces: Sequence[Sql]) -> Sql:
        """Put a word (' AND ', ', ') between pieces."""
        return cls(word.join(each.text for each in pieces), tuple(value for each in pieces for value in each.values))

    def inside(self, before: str, after: str) -> Sql:
        """Put text around a piece."""
        return Sql(f"{before}{self.text}{after}", self.values)


def in_range(what: str, *ends: tuple[str, Any]) -> Sql:
    """Return the condition that an expression is known and lies between ends: ('>=', 5), ('<', None: open)."""
    given = [(sign, end) for sign, end in ends if end is not None]
    text = " AND ".join(f"{what} {sign} ?" for sign, _ in given) or f"{what} IS NOT NULL"
    return Sql(f"({text})", tuple(end for _, end in given))
