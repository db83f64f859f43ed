"""What a description says, key by key, each with its reason; its tables or the lines of its file flow out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

SURE, LIKELY, GUESS = "sure", "likely", "guess"


@dataclass(frozen=True, slots=True)
class DraftReason:
    """A key of the description, with dots between tables ('input.size_px'): its value, why, and how sure that is."""

    key: str
    value: Any
    why: str
    sure: str


@dataclass(frozen=True, slots=True)
class SpecDraft:
    """A description in the making: reasons in the order of the file, and as tables what they say."""

    reasons: tuple[DraftReason, ...]

    @property
    def spec(self) -> dict[str, Any]:
        """The tables of a description; name, text and checksum are still to come."""
        tables: dict[str, Any] = {}
        for reason in self.reasons:
            *path, key = reason.key.split(".")
            table = tables
            for each in path:
                table = table.setdefault(each, {})
            table[key] = reason.value
        return tables


def toml_lines(proposal: SpecDraft) -> list[str]:
    """Return a description in TOML. What follows from one reason stands below each other."""
    lines: list[str] = []
    for table, reasons in groupby(proposal.reasons, key=lambda each: each.key.rpartition(".")[0]):
        if table:
            lines += ["", f"[{table}]"]
        lines += map(_line, reasons)
    return lines


def toml_value(value: Any) -> str:
    """Write a text, a number or a list of them: as JSON does, but for one character that TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def one_line(text: str) -> str:
    """Return text that may come from a file as part of a line: white space and control characters become a space."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _line(reason: DraftReason) -> str:
    key = reason.key.rpartition(".")[2]
    comment = f"   # {reason.sure}: {one_line(reason.why)}" if reason.why else ""
    return f"{key} = {toml_value(reason.value)}{comment}"
