"""Finding: the result of one check of the library or the machine, and the text helpers for its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from indexer.advice import Advice
from indexer.errors import IndexerError, StoreError, printable

Level: TypeAlias = Literal["fine", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    check: its name.  level: 'fine'; 'note' (worth knowing, nothing is wrong); 'warning' (will go wrong, or
    already keeps photos out); 'error' (is wrong).  text: what was found.  advice: what to do about it, '' where nothing
    needs doing.  repairable: a repair can fix it.  count: how many items it concerns.
    """

    check: str
    level: Level
    text: str
    advice: Advice | str = ""
    repairable: bool = False
    count: int = 0


Look: TypeAlias = Callable[[], Iterable[Finding]]


def findings(check: str, look: Look) -> list[Finding]:
    """Return the findings of a check; a check that fails is a finding, too.

    In a damaged file anything may stand where a path or a number should, so every kind of error is possible.
    """
    try:
        return list(look())
    except StoreError as error:
        text = error.__dict__["reason"]
    except IndexerError as error:
        text = str(error)
    except UnicodeDecodeError:
        text = "a text field contains garbage"
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    return [Finding(check, "error", f"could not be checked: {printable(text)}", "see the other findings first")]


def size_text(size_bytes: float) -> str:
    """Return a size as text, such as '437 MB'."""
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, plural with 's' unless it is given: '1 face', '1,200 photos'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
