"""What the machine does to the program: a clock that is set, models that rot, native libraries that crash."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Thread
from time import time

import pytest
from faulty import Faulty, shim, stage_of
from PIL import Image
from running import wait_until

from indexer.vision.spec import read_specs

YEAR = 365 * 86400


@pytest.fixture
def photos(crops, tmp_path: Path) -> Path:
    """A folder of six photos."""
    crops.fill(tmp_path / "photos", 6, Random(31))
    return tmp_path / "photos"


@pytest.fixture
def clocked(faulty: Faulty, tmp_path: Path) -> tuple[Faulty, Callable[[int], None]]:
    """The program with a wall clock of its own, and a function that sets it so many seconds off, also while it runs."""
    off = tmp_path / "off"
    off.write_text("0")

    def set_off(seconds: int) -> None:
        fresh = off.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(off)

    return faulty.having(LD_PRELOAD=shim(tmp_path), CLOCK_OFF_BY=off), set_off


@pytest.mark.parametrize(
    "fault", ["segfault", pytest.param("abort", marks=pytest.mark.long), pytest.param("exit", marks=pytest.mark.long)]
)
def test_a_crash_in_a_native_decoder_costs_its_photo_only(
    faulty: Faulty, photos: Path, tmp_path: Path, fault: str
) -> None:
    for number in range(3):
        Image.new("RGB", (60, 60), (number, 0, 0)).save(photos / f"{number}.tif", compression="tiff_lzw")
    told = faulty.having(LD_PRELOAD=shim(tmp_path), TIFF_FAULT=fault).scan(photos, code=7)
    assert (told["indexed"], told["failed"]) == (6, 3)
    cause = {"segfault": "SIGSEGV", "abort": "SIGABRT", "exit": "exit code 0"}[fault]
    for number in range(3):
        end = faulty.names()[f"{number}.tif"]
        assert (end.stage, end.reason) == ("decode", f"it crashed the process that read it ({cause})")
    assert faulty.scan(photos, "--retry-failed")["indexed"] == 3


def test_a_clock_that_was_wrong_changes_no_photo(clocked, photos: Path) -> None:
    program, set_off = clocked
    set_off(10 * YEAR)
    assert program.scan(photos)["indexed"] == 6
    before = program.ends()
    assert all(end.indexed_at > "2030" for end in before.values())
    set_off(-30 * YEAR)  # a small computer without a battery, just started
    assert program.scan(photos)["unchanged"] == 6
    (photos / "00000.jpg").unlink()
    assert program.scan(photos)["removed"] == 1
    os.utime(photos / "00001.jpg", (time() + YEAR, time() + YEAR))
    told = program.scan(photos)
    assert (told["indexed"], told["unchanged"]) == (0, 5)  # the same bytes with another date
    set_off(0)
    assert program.scan(photos)["unchanged"] == 5


def test_the_daemon_goes_on_when_the_clock_is_set(clocked, crops, photos: Path) -> None:
    program, set_off = clocked
    with program.watching(photos):
        before = program.until(lambda ends: len(ends) == 6)
        for number, seconds in enumerate((-YEAR, YEAR, 0)):
            set_off(seconds)
            (photos / f"new-{number}.jpg").write_bytes(crops.jpeg(Random(32 + number)))
            program.until(lambda ends, number=number: f"new-{number}.jpg" in ends)
        after = program.names()
    assert before.items() <= after.items()
    assert not any(end.stage or end.missing for end in after.values())


def test_a_clock_that_is_set_forward_takes_no_photo_its_time(clocked, tmp_path: Path) -> None:
    program, set_off = clocked
    folder = tmp_path / "slow"
    folder.mkdir()
    Image.effect_noise((500, 500), 90).convert("RGB").resize((7000, 7000)).save(folder / "slow.png", compress_level=1)
    with program.having(workers=1).start("scan", folder) as running:

        def set_forward() -> None:
            wait_until(lambda: any(stage_of(worker) == 1 for worker in running.workers()), 40)
            set_off(86400)

        thread = Thread(target=set_forward)
        thread.start()
        assert running.wait() == 0, program.log()
        thread.join()
    assert program.names()["slow.png"].analyzed


@pytest.fixture
def rotten(faulty: Faulty, tmp_path: Path) -> tuple[Faulty, Path]:
    """The program with models of its own, and the file of its classifier."""
    ids = [read_specs()[name].id for name in ("efficientnet-lite0", "ssd-mobilenetv2-coco")]
    for each in ids:
        shutil.copytree(faulty.models / each, tmp_path / "models" / each)
    own = Faulty(faulty.home, tmp_path / "models", faulty.library)
    return own, tmp_path / "models" / ids[0] / "model.tflite"


def _flip(file: Path) -> bytes:
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(data[:middle] + bytes(255 - byte for byte in data[middle : middle + 100]) + data[middle + 100 :])
    return data


def test_a_damaged_model_ends_a_scan_with_a_sentence_and_blames_no_photo(rotten, photos: Path) -> None:
    program, network = rotten
    good = _flip(network)
    said = program.scan(photos, code=4)["said"]
    assert "model.tflite is damaged; run 'indexer models build' to rebuild it" in said
    assert program.ends() == {}
    network.write_bytes(good)
    assert program.scan(photos)["indexed"] == 6


@pytest.mark.long
def test_a_model_that_is_cut_off_is_built_again(rotten, photos: Path) -> None:
    program, network = rotten
    os.truncate(network, 1000)
    told = program.scan(photos)
    assert "Building models" in told["said"]
    assert told["indexed"] == 6


@pytest.mark.long
def test_a_model_that_rots_under_the_daemon_is_told_and_waited_for(rotten, crops, photos: Path) -> None:
    program, network = rotten
    program = program.having(idle_seconds=0)
    with program.start("watch", photos) as running:
        program.until(lambda ends: len(ends) == 6)
        assert wait_until(lambda: not running.workers(), 20)
        good = _flip(network)
        (photos / "new.jpg").write_bytes(crops.jpeg(Random(40)))
        assert wait_until(lambda: "is damaged; run 'indexer models build' to rebuild it" in program.log(), 20)
        assert "new.jpg" not in program.names()
        network.write_bytes(good)
        program.until(lambda ends: "new.jpg" in ends)
    assert "Traceback" not in program.log()


def test_workers_that_are_killed_while_they_wait_cost_the_daemon_nothing(faulty: Faulty, crops, photos: Path) -> None:
    with faulty.watching(photos) as running:
        faulty.until(lambda ends: len(ends) == 6)
        for worker in running.workers():
            os.kill(worker, 9)
        (photos / "new.jpg").write_bytes(crops.jpeg(Random(41)))
        end = faulty.until(lambda ends: "new.jpg" in ends)["new.jpg"]
        assert end.analyzed
        assert json.loads(faulty.run("status", "--json").stdout)["daemon"]["failed"] == 0
