"""Own words, stars, hiding, look-alikes and teaching as a user does them."""

from __future__ import annotations

import os
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


def test_an_own_word_is_given_found_listed_and_taken(ours: Program, scanned: Scanned) -> None:
    cat = scanned.photos / "chelsea.png"
    assert ours("tag", "add", "our  tiger", cat).stdout == "1 photo tagged 'our tiger'.\n"
    assert ours("search", "--keyword", "our tiger", "-f", "paths").stdout == f"{cat}\n"
    assert ours.json("tag", "list") == [{"name": "our tiger", "given": 1, "taken": 0}]
    ours("tag", "remove", "our tiger", scanned.photos)
    assert ours("search", "--keyword", "our tiger", "-f", "paths").stdout == ""


def test_a_hidden_photo_is_listed_and_shown_again(ours: Program, scanned: Scanned) -> None:
    cat = scanned.photos / "chelsea.png"
    ours("hide", cat)
    assert ours("unhide").stdout == f"{cat}\n"
    assert str(cat) not in ours("search", "--keyword", "cat", "-f", "paths").stdout
    ours("unhide", cat)
    assert ours("unhide").stdout == ""
    assert str(cat) in ours("search", "--keyword", "cat", "-f", "paths").stdout


def test_stars_are_given(ours: Program, scanned: Scanned) -> None:
    assert ours("rate", "5", scanned.photos / "chelsea.png").stdout == "1 photo rated 5.\n"
    assert "6" in ours("rate", "6", scanned.photos / "chelsea.png", code=2).stderr


@pytest.mark.parametrize("word", ["", "  ", "x" * 201, "a\x07b", os.fsdecode(b"caf\xe9")])
def test_a_word_that_is_none_is_refused(ours: Program, scanned: Scanned, word: str) -> None:
    assert "1 to 200 characters" in ours("tag", "add", word, scanned.photos, code=2).stderr


def test_a_photo_outside_the_library_is_refused(ours: Program, tmp_path: Path) -> None:
    assert "not in the library" in ours("tag", "add", "mine", tmp_path / "none.jpg", code=3).stderr


def test_show_tells_what_the_user_said(ours: Program, scanned: Scanned) -> None:
    cat = scanned.photos / "chelsea.png"
    ours("tag", "add", "our tiger", cat)
    ours("tag", "remove", "cat", cat)
    ours("rate", "4", cat)
    ours("hide", cat)
    told = ours.json("show", cat)
    assert (told["own_tags"], told["removed_tags"]) == (["our tiger"], ["cat"])
    assert (told["rating"], told["hidden"], told["people"]) == (4, True, [])
    assert {"★★★★", "our tiger ← own"} <= {
        line.split("  ")[-1].strip() for line in ours("show", cat).stdout.splitlines()
    }


def test_copies_are_grouped_and_the_others_fed_to_other_tools(ours: Program, scanned: Scanned) -> None:
    identical = {"two\nlines.png", "chelsea.png"}
    groups = ours.json("duplicates", "--identical")
    names = [{Path(each["path"]).name for each in (group["best"], *group["others"])} for group in groups]
    assert identical in names
    assert len(names) == 2
    fed = ours("duplicates", "--others", "--format", "paths0").stdout
    assert f"{scanned.photos / 'two'}\nlines.png\0" in fed
    assert f"{scanned.photos / 'chelsea.png'}\0" not in fed


def test_similar_takes_photos_and_any_picture(ours: Program, scanned: Scanned, small_photos: Path) -> None:
    asked = scanned.photos / "chelsea.png"
    assert Path(ours.json("similar", asked)[0]["path"]).name == "two\nlines.png"
    found = ours.json("similar", small_photos / "cat.jpg", "--limit", "1")
    assert found[0]["score"] > 0.9
    assert Path(found[0]["path"]).name in ("chelsea.png", "two\nlines.png")


def test_a_word_that_the_program_gives_is_not_taught(ours: Program, scanned: Scanned) -> None:
    assert "is a built-in tag" in ours("teach", "dogs", "--examples", scanned.photos, code=2).stderr


def test_too_few_examples_are_refused(ours: Program, small_photos: Path) -> None:
    assert "use 5 to 50" in ours("teach", "our boat", "--examples", small_photos, code=2).stderr


def test_a_word_that_was_never_taught_cannot_be_removed(ours: Program) -> None:
    assert ours.json("teach", "list") == []
    assert "was not taught" in ours("teach", "remove", "our boat", code=2).stderr
