"""Draft of a model description: keys with values and reasons, as tables or as lines of TOML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import Any

SURE, LIKELY, GUESS = "sure", "likely", "guess"


@dataclass(frozen=True, slots=True)
class DraftReason:
    """A key of the description, with dots between tables ('input.size_px'): its value, reason and confidence."""

    key: str
    value: Any
    why: str
    sure: str


@dataclass(frozen=True, slots=True)
class SpecDraft:
    """A draft description: reasons in the order of the file, and their content as tables."""

    reasons: tuple[DraftReason, ...]

    @property
    def spec(self) -> dict[str, Any]:
        """The tables of a description, still without name, text and checksum."""
        tables: dict[str, Any] = {}
        for reason in self.reasons:
            *path, key = reason.key.split(".")
            table = tables
            for each in path:
                table = table.setdefault(each, {})
            table[key] = reason.value
        return tables


def toml_lines(proposal: SpecDraft) -> list[str]:
    """Return a description in TOML. Keys with the same reason stand together."""
    lines: list[str] = []
    for table, reasons in groupby(proposal.reasons, key=lambda each: each.key.rpartition(".")[0]):
        if table:
            lines += ["", f"[{table}]"]
        lines += map(_line, reasons)
    return lines


def toml_value(value: Any) -> str:
    """Return a text, a number or a list of them as TOML: like JSON, but for one character that TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def one_line(text: str) -> str:
    """Return text from a file as part of a line: white space and control characters become a space."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _line(reason: DraftReason) -> str:
    key = reason.key.rpartition(".")[2]
    comment = f"   # {reason.sure}: {one_line(reason.why)}" if reason.why else ""
    return f"{key} = {toml_value(reason.value)}{comment}"
