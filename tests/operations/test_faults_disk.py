"""Disks that go and come back, files that change under the program, and folders as no camera makes them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from faulty import Faulty, stage_of
from PIL import Image
from running import Running, wait_until

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.pipeline.scan.plan import plan
from indexer.values.analysis import ModelIds
from indexer.values.outcomes import Failed

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


class Disk:
    """A disk that can be unmounted in the middle of anything, and mounted again with all that is on it."""

    def __init__(self, content: Path, place: Path) -> None:
        self.content, self.place = content, place

    def mount(self) -> None:
        subprocess.run(["mount", "--bind", self.content, self.place], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", self.place], check=True)


@pytest.fixture
def disk(crops, tmp_path: Path) -> Iterator[Disk]:
    """A disk with eighty photos."""
    disk = Disk(tmp_path / "content", tmp_path / "photos")
    crops.fill(disk.content, 80, Random(12))
    disk.place.mkdir()
    os.utime(disk.place, (1_000_000_000, 1_000_000_000))  # made long before the disk is scanned
    if (
        os.geteuid()
        or shutil.which("mount") is None
        or subprocess.run(["mount", "--bind", disk.content, disk.place]).returncode
    ):
        pytest.skip("only root may mount a disk")
    yield disk
    while os.path.ismount(disk.place):
        disk.unmount()
    subprocess.run(["umount", "-l", disk.place], check=False, capture_output=True)


@linux
def test_a_disk_that_goes_in_the_middle_of_a_scan_loses_and_blames_nothing(faulty: Faulty, disk: Disk) -> None:
    program = faulty.having(batch_photos=4, workers=1)
    with program.start("scan", disk.place) as running:
        assert wait_until(lambda: len(program.ends()) >= 8)
        disk.unmount()
        assert running.wait() == 0, program.log()
    before = program.ends()
    assert 8 <= len(before) < 80
    assert not any(end.missing or end.stage for end in before.values())
    assert "mounted" in program.scan(disk.place)["said"]
    assert program.ends() == before
    disk.mount()
    told = program.scan(disk.place)
    assert (told["unchanged"], told["indexed"], told["removed"]) == (len(before), 80 - len(before), 0)


@linux
def test_a_disk_that_goes_while_it_is_watched_comes_back_as_it_was(faulty: Faulty, crops, disk: Disk) -> None:
    with faulty.watching(disk.place):
        before = faulty.until(lambda ends: len(ends) == 80)
        disk.unmount()
        assert wait_until(lambda: "mounted" in faulty.log() or "not the folder" in faulty.log(), 20), faulty.log()
        (disk.content / "new.jpg").write_bytes(crops.jpeg(Random(13)))
        assert faulty.names() == before
        disk.mount()
        after = faulty.until(lambda ends: "new.jpg" in ends)
        assert before.items() <= after.items()
        # What the daemon has analyzed since its start: none twice.
        assert wait_until(lambda: json.loads(faulty.run("status", "--json").stdout)["daemon"]["indexed"] == 81, 10)


def _slow_picture(path: Path) -> None:
    Image.effect_noise((500, 500), 90).convert("RGB").resize((7000, 7000)).save(path, compress_level=1)


def _at_decoding(running: Running, then: Callable[[], object]) -> Thread:
    def watch() -> None:
        wait_until(lambda: any(stage_of(worker) == 1 for worker in running.workers()), 40)
        then()

    thread = Thread(target=watch)
    thread.start()
    return thread


@linux
@pytest.mark.parametrize(
    "fault",
    ["replaced", pytest.param("gone", marks=pytest.mark.long), pytest.param("rewritten", marks=pytest.mark.long)],
)
def test_a_file_that_changes_while_it_is_read_ends_as_it_is_then(
    faulty: Faulty, crops, tmp_path: Path, fault: str
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo, other = folder / "slow.png", tmp_path / "other.png"
    _slow_picture(photo)
    other.write_bytes(crops.jpeg(Random(14)))
    happens = {
        "replaced": lambda: other.replace(photo),
        "gone": photo.unlink,
        "rewritten": lambda: photo.write_bytes(other.read_bytes()),
    }
    with faulty.having(workers=1).start("scan", folder) as running:
        thread = _at_decoding(running, happens[fault])
        code = running.wait()
        thread.join()
    if fault == "rewritten" and code == 7:  # it was looked at again while it was cut off, and is so once more
        assert faulty.scan(folder)["indexed"] == 1
    else:
        assert code == 0, faulty.log()
    ends = faulty.names()
    assert set(ends) == (set() if fault == "gone" else {"slow.png"}), ends
    assert all(end.analyzed and not end.stage for end in ends.values())
    assert faulty.scan(folder)["indexed"] == 0


def test_a_folder_that_becomes_a_file_leaves_its_photos_missing(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    crops.fill(folder, 2, Random(15))
    crops.fill(folder / "trip", 2, Random(16))
    with faulty.watching(folder):
        assert wait_until(lambda: len(faulty.ends()) == 4)
        shutil.rmtree(folder / "trip")
        (folder / "trip").write_text("no folder any more")
        wait_until(lambda: sum(end.missing for end in faulty.ends().values()) == 2, 20)
    assert sorted(end.missing for end in faulty.ends().values()) == [False, False, True, True]
    assert faulty.scan(folder)["indexed"] == 0


@linux
def test_a_pipe_that_appears_stops_no_daemon(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    crops.fill(folder, 1, Random(17))
    with faulty.watching(folder):
        faulty.until(lambda ends: len(ends) == 1)
        os.mkfifo(folder / "pipe.jpg")
        (folder / "loop.jpg").symlink_to("loop.jpg")
        (folder / "new.jpg").write_bytes(crops.jpeg(Random(18)))
        assert sorted(faulty.until(lambda ends: "new.jpg" in ends)) == ["00000.jpg", "new.jpg"]


@linux
def test_names_of_all_bytes_that_a_disk_allows_are_kept(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["two\nlines.jpg", os.fsdecode(b"caf\xe9.jpg"), "x" * 251 + ".jpg", " .jpg", "-rf.jpg", "\x1b[31mred.jpg"]
    for number, name in enumerate(names):
        (folder / name).write_bytes(crops.jpeg(Random(19 + number)))
    assert faulty.scan(folder)["indexed"] == len(names)
    assert set(faulty.names()) == set(names)
    assert faulty.scan(folder)["unchanged"] == len(names)


@pytest.fixture
def abyss(crops, tmp_path: Path) -> Iterator[Path]:
    """5,000 folders, each in the one before, with photos at depths of 10, 2,000 (that fits in a path) and 4,000."""
    top = tmp_path / "deep"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for depth in range(5000):
        if depth in (10, 1900, 4000):
            photo = os.open(f"{depth}.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=here)
            os.write(photo, crops.jpeg(Random(depth)))
            os.close(photo)
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    yield top
    subprocess.run(["rm", "-rf", top], check=True)


@linux
@pytest.mark.parametrize("command", ["scan", pytest.param("watch", marks=pytest.mark.long)])
def test_five_thousand_nested_folders_are_read_as_far_as_a_path_reaches(
    faulty: Faulty, abyss: Path, command: str
) -> None:
    if command == "scan":
        said = faulty.scan(abyss)["said"]
    else:
        with faulty.watching(abyss):
            faulty.until(lambda ends: len(ends) == 2)
            wait_until(lambda: "too long" in faulty.log(), 10)
        said = faulty.log()
    assert set(faulty.names()) == {"10.jpg", "1900.jpg"}
    assert "File name too long" in said
    assert faulty.scan(abyss)["unchanged"] == 2


def test_fifty_thousand_files_in_one_folder_are_compared_in_seconds(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    with contextlib.chdir(folder):
        for number in range(50_000):
            Path(f"{number}.jpg").write_bytes(b"%d" % number)
    with Library.open(tmp_path / "library.sqlite") as library:
        found = plan(library, [folder], ModelIds(("m",)), on_error=pytest.fail)
        assert found.work_count == 50_000
        add_root(library, folder)
        record_outcomes(library, [Failed(file, "identify", "no picture") for file in found.work])
        (folder / "7.jpg").unlink()
        (folder / "8.jpg").write_bytes(b"other")
        again = plan(library, [folder], ModelIds(("m",)), on_error=pytest.fail)
    assert (len(again.unchanged), again.work_count, again.gone) == (49_998, 1, (folder / "7.jpg",))


@pytest.mark.long
def test_fifty_thousand_files_in_one_folder_are_scanned(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    crops.fill(folder, 300, Random(30))
    with contextlib.chdir(folder):
        for number in range(50_000):
            Path(f"no-{number}.jpg").write_bytes(b"%d" % number)
    told = faulty.scan(folder, code=7)
    assert (told["indexed"], told["failed"]) == (300, 50_000)
    assert faulty.scan(folder)["unchanged"] == 50_300
