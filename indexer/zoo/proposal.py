"""A Proposal flows in; the lines of a description flow out, each key with a comment that tells why and how sure."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from indexer.zoo.guess import Proposal, Reason


def toml_lines(proposal: Proposal) -> list[str]:
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


def _line(reason: Reason) -> str:
    key = reason.key.rpartition(".")[2]
    comment = f"   # {reason.sure}: {one_line(reason.why)}" if reason.why else ""
    return f"{key} = {toml_value(reason.value)}{comment}"
