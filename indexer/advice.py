"""Advice: what to do about an error or a finding, as a key; the command line and the pages have words for it."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """What to do, by a key.  values: what the words are filled with."""

    key: str
    values: tuple[str, ...] = ()


def advice(key: str, *values: str) -> Advice:
    """Return an advice. key: one that `cli.advice.WORDS` has."""
    return Advice(key, values)
