"""What was said, as a user lists it, undoes it and does it again."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Scanned


@pytest.fixture
def ours(scanned: Scanned, tmp_path: Path) -> Program:
    """The program with a copy of the scanned library."""
    copy = tmp_path / "library.sqlite"
    shutil.copy(scanned.program.library, copy)
    return scanned.program.with_library(copy)


def test_what_was_said_is_listed_undone_and_done_again(ours: Program, scanned: Scanned) -> None:
    cat, coffee = scanned.photos / "chelsea.png", scanned.photos / "coffee.png"
    ours("tag", "add", "our tiger", cat)
    ours("rate", "4", cat, coffee)
    ours("hide", coffee)
    lines = ours("history").stdout.splitlines()
    assert lines[0].split() == ["number", "when", "photos", "state", "what"]
    assert re.fullmatch(r" +3  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +1 +Hid coffee.png", lines[1])
    assert lines[2].endswith("Rated 2 photos 4 stars")
    assert lines[3].endswith("Tagged chelsea.png 'our tiger'")
    assert ours("undo", "--dry-run").stdout == "Would be undone: Hid coffee.png.\n"
    assert ours("undo").stdout == "Undone: Hid coffee.png.\n"
    assert ours("undo", "1").stdout == "Undone: Tagged chelsea.png 'our tiger'.\n"
    assert ours("search", "our tiger", "-f", "paths").stdout == ""
    assert ours("undo", "5", "--dry-run").stdout == "Would be done again: Tagged chelsea.png 'our tiger'.\n"
    assert ours("undo", "5").stdout == "Done again: Tagged chelsea.png 'our tiger'.\n"
    assert ours("search", "our tiger", "-f", "paths").stdout == f"{cat}\n"
    assert "undone  Hid coffee.png" in ours("history", "--kind", "hidden").stdout
    newest, *_ = ours.json("history", "--limit", "1")
    assert (newest["id"], newest["undoes"], newest["about"]) == (6, 5, "Redid: Tagged chelsea.png 'our tiger'")
    assert [json.loads(line)["kind"] for line in ours("history", "-f", "jsonl").stdout.splitlines()][-1] == "words"


def test_what_stands_in_the_way_is_told_and_changes_nothing(ours: Program, scanned: Scanned) -> None:
    cat = scanned.photos / "chelsea.png"
    ours("rate", "4", cat)
    ours("rate", "5", cat)
    refused = ours("undo", "1", code=1).stderr
    assert "entry 2 changed the same since (Rated chelsea.png 5 stars); undo that first" in refused
    assert ours.json("show", cat)["rating"] == 5
    assert "no entry 9" in ours("undo", "9", code=1).stderr


def test_there_may_be_nothing_to_undo(ours: Program) -> None:
    assert ours("undo").stdout == "There is nothing to undo.\n"
    assert ours("history", "-f", "json").stdout == "[]\n"
    assert ours("undo", "0", code=2).stdout == ""
