"""`doctor --deep`: what the bytes of files are is compared with what the library says, in as many goes as it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_worlds import MadePool, made_bytes

from indexer.library.history.change_log import history
from indexer.library.store import Library
from indexer.library.user.own_tags import add_tag, said
from indexer.pipeline.doctor.deep import DeepProgress, backup_of, compare_contents, deep_findings
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.scan.run import run

PHOTOS = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of many photos of the same size."""
    (tmp_path / "photos").mkdir()
    for number in range(PHOTOS):
        write(tmp_path / "photos" / f"{number:03}.jpg", number)
    return tmp_path / "photos"


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    """A library of the folder."""
    with Library.open(folder.with_name("library.sqlite")) as opened:
        scan(opened, folder)
        yield opened


def write(path: Path, photo: int) -> None:
    path.write_bytes(made_bytes(photo, 0))
    os.utime(path, (1_600_000_000, 1_600_000_000))


def scan(library: Library, folder: Path) -> MadePool:
    pool = MadePool()
    planned = plan(library, [folder], pool.model_ids, on_error=lambda *_: None)
    list(run(library, planned, pool, 64, 1.0, lambda: 0.0))  # type: ignore[arg-type]
    return pool


def spoil(library: Library, path: Path, photo: int) -> None:
    """Let a file have other bytes than the library thinks, under the stamp that it knows: as older releases did."""
    write(path, photo)
    with library.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE photos SET ctime_ns = ? WHERE path = ?", (path.stat().st_ctime_ns, os.fsencode(path.name))
        )


def compare(library: Library, goes_on: int = 1_000) -> DeepProgress:
    """Compare; stop after so many steps."""
    steps = iter(range(goes_on))
    now = datetime(2026, 1, 2, tzinfo=UTC)
    *_, last = compare_contents(library, lambda: now, lambda: next(steps, None) is not None)
    return last


def test_a_library_that_is_right_is_found_so(library: Library) -> None:
    done = compare(library)
    assert (done.check.checked, done.check.differing, done.left, done.changed) == (PHOTOS, 0, 0, 0)
    (finding,) = deep_findings(done, backup_of(library, done.check))
    assert (finding.level, finding.text) == ("fine", "120 photos unchanged since the analysis")
    assert not backup_of(library, done.check).exists()


def test_what_differs_is_looked_at_by_the_next_scan_and_what_was_said_of_it_is_listed(
    library: Library, folder: Path
) -> None:
    add_tag(library, "mine", [folder / "007.jpg"])
    for number in (7, 8):
        spoil(library, folder / f"{number:03}.jpg", 1000 + number)
    assert scan(library, folder).read == []  # nothing can be seen from outside
    done = compare(library)
    assert done.check.differing == 2
    assert [(each.path.name, each.words) for each in done.doubtful] == [("007.jpg", ("mine",))]
    assert backup_of(library, done.check).exists()
    levels = [(each.level, each.check) for each in deep_findings(done, backup_of(library, done.check))]
    assert levels == [("warning", "contents"), ("warning", "review")]
    assert [path.name for path in scan(library, folder).read] == ["007.jpg", "008.jpg"]
    assert said(library, folder / "007.jpg").given == ()
    assert [entry.kind for entry in history(library, kind="identity")] == ["identity"]
    assert compare(library).check.differing == 0


def test_a_comparison_that_is_stopped_goes_on_where_it_was(library: Library) -> None:
    first = compare(library, goes_on=51)  # asked before each photo, and before each 50 of them
    assert (first.check.checked, first.left) == (50, PHOTOS - 50)
    assert [each.level for each in deep_findings(first, backup_of(library, first.check))] == ["note"]
    second = compare(library)
    assert (second.check.number, second.check.checked, second.left) == (first.check.number, PHOTOS, 0)
    assert compare(library).check.number != first.check.number


def test_files_that_changed_openly_or_are_gone_are_left_to_a_scan(library: Library, folder: Path) -> None:
    (folder / "001.jpg").unlink()
    (folder / "002.jpg").write_bytes(made_bytes(999, 0))
    done = compare(library)
    assert (done.check.checked, done.check.differing, done.changed) == (PHOTOS - 2, 0, 2)
    assert any("2 photos not compared" in each.text for each in deep_findings(done, backup_of(library, done.check)))
