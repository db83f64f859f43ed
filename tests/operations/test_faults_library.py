"""A library that cannot be written to: what was stored is kept, it is said why, and the work goes on when it can."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from contents import faults
from faulty import Faulty
from running import wait_until

FULL = "the disk is full"


@pytest.fixture
def photos(crops, tmp_path: Path) -> Path:
    """A folder of sixty photos."""
    crops.fill(tmp_path / "photos", 60, Random(7))
    return tmp_path / "photos"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", disk], check=False).returncode:
        pytest.skip("only root may mount a disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.long
def test_a_scan_on_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(
    faulty: Faulty, photos: Path, small_disk: Path
) -> None:
    program = Faulty(faulty.home, faulty.models, small_disk / "library.sqlite").having(batch_photos=4)
    program.scan(photos / "..", "--dry-run")
    (small_disk / "ballast").write_bytes(bytes((32 << 20) - 1_150_000))
    said = program.scan(photos, code=5)["said"]
    assert "full" in said
    assert "kept" in said
    before = program.ends()
    assert len(before) < 60
    (small_disk / "ballast").unlink()
    told = program.scan(photos)
    assert (told["found"], told["indexed"], told["unchanged"]) == (60, 60 - len(before), len(before))
    assert before.items() <= program.ends().items()
    assert faults(program.library) == []


def test_a_scan_whose_library_may_not_grow_keeps_what_it_has(faulty: Faulty, photos: Path) -> None:
    program = faulty.having(batch_photos=4)
    said = program.scan(photos, code=5, shell="ulimit -f 3000")["said"]
    assert "kept" in said
    before = program.ends()
    assert 0 < len(before) < 60
    told = program.scan(photos)
    assert (told["indexed"], told["unchanged"]) == (60 - len(before), len(before))
    assert faults(program.library) == []


def test_the_daemon_survives_a_full_disk_and_goes_on_by_itself(faulty: Faulty, photos: Path, small_disk: Path) -> None:
    program = Faulty(faulty.home, faulty.models, small_disk / "library.sqlite").having(batch_photos=4)
    (small_disk / "ballast").write_bytes(bytes((32 << 20) - 1_150_000))
    with program.watching(photos):
        assert wait_until(lambda: "trying again in 10 s" in program.log()), program.log()
        assert FULL in program.log()
        assert len(program.ends()) < 60
        (small_disk / "ballast").unlink()
        program.until(lambda ends: len(ends) == 60)
    assert all(end.analyzed for end in program.ends().values())
    assert faults(program.library) == []


@pytest.mark.long
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of another process cannot be changed here")
def test_the_daemon_survives_a_library_that_may_not_grow_for_a_while(faulty: Faulty, photos: Path) -> None:
    program = faulty.having(batch_photos=4)
    program.run("scan", photos / "..", "--dry-run")
    with program.watching(photos) as running:
        unlimited = resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (3000 * 512, resource.RLIM_INFINITY))
        assert wait_until(lambda: "trying again in 10 s" in program.log())
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, unlimited)
        program.until(lambda ends: len(ends) == 60)
    assert faults(program.library) == []


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_library_is_told_in_a_sentence_and_can_be_searched(
    faulty: Faulty, photos: Path, tmp_path: Path, what: str
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (photos / "00000.jpg").rename(few / "00000.jpg")
    program = faulty.powerless()
    program.scan(few)
    (photos / "00001.jpg").rename(few / "00001.jpg")
    locked = program.library if what == "file" else program.library.parent
    mode = locked.stat().st_mode
    locked.chmod(mode & ~0o222)
    try:
        said = program.run("scan", few, code=5).stderr
        program.run("search", "--keyword", "no-such-thing")
    finally:
        locked.chmod(mode)
    assert "check the permissions" in said or "is writable" in said, said
    assert said.startswith("indexer: library")
    assert len(said.splitlines()) == 1
    for beside in program.library.parent.glob("library.sqlite-*"):  # SQLite gave them the permissions of the library
        beside.chmod(0o644)
    assert program.scan(few)["indexed"] == 1


def test_the_daemon_waits_for_a_library_that_is_read_only(faulty: Faulty, photos: Path) -> None:
    program = faulty.powerless()
    program.scan(photos)
    (photos / "00001.jpg").rename(photos / "new.jpg")
    program.library.chmod(0o444)
    with program.watching(photos):
        assert wait_until(lambda: "cannot be written to" in program.log(), 20)


def test_a_photo_without_permission_fails_and_is_tried_again_when_there_is_one(faulty: Faulty, photos: Path) -> None:
    program = faulty.powerless()
    (photos / "00003.jpg").chmod(0)
    told = program.scan(photos, code=7)
    assert (told["indexed"], told["failed"]) == (59, 1)
    end = program.names()["00003.jpg"]
    assert (end.stage, end.reason) == ("read", "there is no permission to read it")
    assert program.scan(photos, code=0)["unchanged"] == 60
    (photos / "00003.jpg").chmod(0o644)  # its change time is another
    assert program.scan(photos)["indexed"] == 1
    assert program.names()["00003.jpg"].analyzed


@pytest.mark.long
def test_a_folder_without_permission_costs_nothing_that_is_known_in_it(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    crops.fill(folder, 2, Random(8))
    crops.fill(folder / "trip", 4, Random(9))
    program = faulty.powerless()
    program.scan(folder)
    before = program.ends()
    (folder / "trip").chmod(0)
    try:
        told = program.scan(folder)
        assert "there is no permission to read it" in told["said"]
        assert program.ends() == before
    finally:
        (folder / "trip").chmod(0o755)
    assert program.scan(folder)["unchanged"] == 6
    assert program.ends() == before


def test_the_daemon_keeps_what_it_knows_of_a_folder_that_loses_its_permission(
    faulty: Faulty, crops, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    crops.fill(folder, 2, Random(8))
    for number, path in enumerate(crops.fill(folder / "trip", 4, Random(9))):
        path.rename(folder / "trip" / f"trip-{number}.jpg")
    program = faulty.powerless()
    with program.watching(folder):
        before = program.until(lambda ends: len(ends) == 6)
        (folder / "trip").chmod(0)
        (folder / "new.jpg").write_bytes(crops.jpeg(Random(10)))
        program.until(lambda ends: "new.jpg" in ends)
        assert before.items() <= program.names().items()
        (folder / "trip").chmod(0o755)
        (folder / "trip" / "newer.jpg").write_bytes(crops.jpeg(Random(11)))
        after = program.until(lambda ends: "newer.jpg" in ends)
    assert before.items() <= after.items()
    assert len(after) == 8
