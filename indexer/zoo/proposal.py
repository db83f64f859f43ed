"""A Proposal flows in; the lines of a description flow out, each key with a comment that tells why and how sure."""

from __future__ import annotations

import json
from itertools import groupby

from indexer.zoo.guess import Proposal, Reason


def toml_lines(proposal: Proposal) -> list[str]:
    """Return a description in TOML. What follows from one reason stands below each other."""
    lines: list[str] = []
    for table, reasons in groupby(proposal.reasons, key=lambda each: each.key.rpartition(".")[0]):
        if table:
            lines += ["", f"[{table}]"]
        lines += map(_line, reasons)
    return lines


def _line(reason: Reason) -> str:
    # JSON's texts, numbers and lists of them are TOML's.
    key = reason.key.rpartition(".")[2]
    comment = f"   # {reason.sure}: {reason.why}" if reason.why else ""
    return f"{key} = {json.dumps(reason.value, ensure_ascii=False)}{comment}"
