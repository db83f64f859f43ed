"""Long work on a library in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import ProcessLostError, StoreError
from indexer.library.similar.similar import duplicates
from indexer.library.store import Library
from indexer.pipeline.library_calls import find_duplicates
from indexer.subprocess_call import CallGroup


def test_it_finds_what_is_found_here(scanner, samples: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b\udce9.png"):
        (folder / name).write_bytes(samples["cat"].read_bytes())
    scanner(folder)
    (group,) = find_duplicates(scanner.library.path, None)
    assert [group] == duplicates(scanner.library, None)
    assert {group.best.path, *(each.path for each in group.others)} == {*folder.iterdir()}


def test_its_error_is_the_caller_s(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.sqlite"):
        find_duplicates(tmp_path / "none.sqlite", None)


def test_after_the_end_of_its_group_nothing_is_found(tmp_path: Path) -> None:
    Library.open(tmp_path / "library.sqlite").close()
    group = CallGroup()
    group.close()
    with pytest.raises(ProcessLostError):
        find_duplicates(tmp_path / "library.sqlite", None, group=group)


def test_why_a_call_was_lost_is_logged_unless_it_was_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Library.open(tmp_path / "library.sqlite").close()
    with pytest.raises(ProcessLostError):
        find_duplicates("no path", None)  # type: ignore[arg-type]
    assert "duplicates: its process ended with code 1: AttributeError" in caplog.text
    caplog.clear()
    group = CallGroup()
    group.close()
    with pytest.raises(ProcessLostError):
        find_duplicates(tmp_path / "library.sqlite", None, group=group)
    assert caplog.text == ""
