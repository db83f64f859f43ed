"""Ignore files: what the user wants left alone is, by the rules that git has."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.intake.discover import discover

FILES = ["a.jpg", "b.png", "raw/c.jpg", "trip/a.jpg", "trip/b.png", "trip/raw/d.jpg", "trip/day 1/keep.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def left_out(folder: Path, troubles: list[str] | None = None) -> list[str]:
    told: list[str] = [] if troubles is None else troubles
    found = {str(file.path.relative_to(folder)) for file in discover([folder], lambda _, why: told.append(why))}
    return [name for name in FILES if name not in found]


@pytest.mark.parametrize(
    ("rules", "ignored"),
    [
        ("*.png", ["b.png", "trip/b.png", "trip/day 1/keep.png"]),
        ("raw/", ["raw/c.jpg", "trip/raw/d.jpg"]),
        ("/raw/", ["raw/c.jpg"]),
        ("/a.jpg", ["a.jpg"]),
        ("trip/*", ["trip/a.jpg", "trip/b.png", "trip/raw/d.jpg", "trip/day 1/keep.png"]),
        ("*.png\n!keep.png", ["b.png", "trip/b.png"]),
        ("trip/\n!trip/a.jpg", ["trip/a.jpg", "trip/b.png", "trip/raw/d.jpg", "trip/day 1/keep.png"]),
        ("# a remark\n\n[ab].*", ["a.jpg", "b.png", "trip/a.jpg", "trip/b.png"]),
        ("**/day*/", ["trip/day 1/keep.png"]),
        ("*", FILES),
    ],
)
def test_patterns_mean_what_they_mean_to_git(folder: Path, rules: str, ignored: list[str]) -> None:
    (folder / ".indexerignore").write_text(rules)
    assert left_out(folder) == ignored


def test_an_inner_file_has_the_last_word(folder: Path) -> None:
    (folder / ".indexerignore").write_text("*.png")
    (folder / "trip" / ".indexerignore").write_text("!b.png\na.jpg")
    assert left_out(folder) == ["b.png", "trip/a.jpg", "trip/day 1/keep.png"]


def test_nomedia_keeps_its_folder_and_all_below_out(folder: Path) -> None:
    (folder / "trip" / ".nomedia").touch()
    assert left_out(folder) == ["trip/a.jpg", "trip/b.png", "trip/raw/d.jpg", "trip/day 1/keep.png"]


def test_a_line_that_is_no_pattern_is_told_and_the_others_hold(folder: Path) -> None:
    (folder / ".indexerignore").write_text("!\n*.png\n")
    troubles: list[str] = []
    assert left_out(folder, troubles) == ["b.png", "trip/b.png", "trip/day 1/keep.png"]
    assert troubles == ["line 1 is not a valid pattern and is ignored: !"]


def test_where_the_rules_cannot_be_read_nothing_is_shown_by_mistake(folder: Path) -> None:
    (folder / "trip" / ".indexerignore").mkdir()
    troubles: list[str] = []
    assert left_out(folder, troubles) == ["trip/a.jpg", "trip/b.png", "trip/raw/d.jpg", "trip/day 1/keep.png"]
    assert ".indexerignore cannot be read" in troubles[0]
