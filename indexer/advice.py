"""Advice: what to do about an error or a finding, as a key; the command line and the pages have words for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """What to do, by a key.  values: what the words are filled with."""

    key: str
    values: tuple[str, ...] = ()


def advice(key: str, *values: str) -> Advice:
    """Return an advice. key: one that `cli.advice.WORDS` has."""
    return Advice(key, values)


def in_words(told: Advice | None, words: Mapping[str, str]) -> str:
    """Return an advice in words, by key; values stand in place of {0}, {1} …

    '' for none, and for a key without words: another release has it, whose daemon may be running.
    """
    return words.get(told.key, "").format(*told.values) if told else ""


def with_advice(text: str, told: Advice | None, words: Mapping[str, str]) -> str:
    """Return a sentence with what to do about it, in words."""
    advised = in_words(told, words)
    return f"{text}; {advised}" if advised else text
