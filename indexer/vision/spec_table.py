"""Reader of the tables in a model's description: each value checked and typed."""

from __future__ import annotations

import math
from typing import Any

from indexer.errors import ModelError

_HEX = set("0123456789abcdef")
_MISSING = object()


class Table:
    """A table of a TOML file; every method takes a key out of it.

    Errors: ModelError that names the model and the key, for one that is missing or of the wrong kind.
    """

    def __init__(self, model: str, raw: Any, where: str = "") -> None:
        if not isinstance(raw, dict):
            raise ModelError(model, f"'{where.rstrip('.')}' in its description must be a table")
        self._model = model
        self._where = where
        self._left = dict(raw)

    def text(self, key: str, default: Any = _MISSING) -> str:
        """Take a text that is not empty, unless that is the default."""
        value = self._take(key, default)
        holds = isinstance(value, str) and (_same(value, default) or bool(value.strip()))
        return str(self._wanted(key, value, holds, "a text"))

    def words(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self._take(key, default)
        holds = isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value)
        return tuple(self._wanted(key, value, holds, "a list of texts"))

    def truth(self, key: str, *, default: bool) -> bool:
        """Take a Boolean."""
        value = self._take(key, default)
        return bool(self._wanted(key, value, isinstance(value, bool), "true or false"))

    def choice(self, key: str, choices: tuple[str, ...], default: Any = _MISSING) -> str:
        """Take one of a few words."""
        value = self._take(key, default)
        return str(self._wanted(key, value, value in choices, f"one of {', '.join(choices)}"))

    def digest(self, key: str) -> str:
        """Take a sha256."""
        value = self.text(key)
        holds = len(value) == 64 and set(value) <= _HEX
        return str(self._wanted(key, value, holds, "64 hexadecimal digits, in lower case"))

    def count(self, key: str, default: Any = _MISSING) -> int:
        """Take a whole number above 0."""
        value = self._take(key, default)
        return int(self._wanted(key, value, _same(value, default) or _is_count(value), "a whole number above 0"))

    def number(self, key: str, default: Any = _MISSING) -> float:
        """Take a number."""
        value = self._take(key, default)
        return float(self._wanted(key, value, _is_number(value), "a number"))

    def triple(self, key: str) -> tuple[float, float, float]:
        """Take three numbers, or one that stands for all three."""
        value = self._take(key)
        parts = [value] * 3 if _is_number(value) else value
        holds = isinstance(parts, list) and len(parts) == 3 and all(map(_is_number, parts))
        self._wanted(key, value, holds, "a number or three")
        return float(parts[0]), float(parts[1]), float(parts[2])

    def shape(self, key: str) -> tuple[int | str, ...]:
        """Take the sides of a tensor: whole numbers, and words for variable sides."""
        value = self._take(key)
        holds = isinstance(value, list) and value and all(_is_count(side) or isinstance(side, str) for side in value)
        return tuple(self._wanted(key, value, bool(holds), "a list of whole numbers and words"))

    def table(self, key: str, default: Any = _MISSING) -> Table:
        """Take a table."""
        return Table(self._model, self._take(key, default), f"{self._where}{key}.")

    def texts(self) -> dict[str, str]:
        """Take all remaining keys, each a text."""
        return {key: self.text(key) for key in tuple(self._left)}

    def numbers(self) -> dict[str, float]:
        """Take all remaining keys, each a number."""
        return {key: self.number(key) for key in tuple(self._left)}

    def tables(self) -> dict[str, Table]:
        """Take all remaining keys, each a table."""
        return {key: self.table(key) for key in tuple(self._left)}

    def done(self) -> None:
        """Reject unknown keys."""
        for key in self._left:
            raise ModelError(self._model, f"'{self._where}{key}' in its description is not a known key")

    def _take(self, key: str, default: Any = _MISSING) -> Any:
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise ModelError(self._model, f"'{self._where}{key}' is missing in its description")
        return value

    def _wanted(self, key: str, value: Any, holds: bool, what: str) -> Any:
        if not holds:
            raise ModelError(self._model, f"'{self._where}{key}' in its description must be {what}, not {value!r}")
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
