"""Whatever a photo does to its worker, it costs that photo only, and none beside it gets the blame."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from threading import Thread
from time import monotonic

import deadly
import pytest
from faulty import stage_of
from PIL import Image
from running import is_alive, own_workers, wait_until

from indexer.intake.discover import stamp
from indexer.pipeline.workers.photo_pool import Done, Pool
from indexer.pipeline.workers.tasks import Limits
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed
from indexer.vision.model_set import ModelSet

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")

LIMITS = Limits(pixels=200_000_000, seconds=60, memory_bytes=1_000_000_000)
CRASHED = "it crashed the process that read it ({})"


@pytest.fixture
def quick_eyes(models: Path) -> ModelSet:
    """The classifier alone."""
    return ModelSet(models, "efficientnet-lite0", None, None, "litert")


@pytest.fixture
def photos(crops, tmp_path: Path) -> list[PhotoFile]:
    """Twenty photos that are fine."""
    return [stamp(path) for path in crops.fill(tmp_path / "fine", 20, Random(5))]


@pytest.fixture
def make(crops, tmp_path: Path) -> Callable[[type[Path]], PhotoFile]:
    """Return a function that makes a photo whose path does something to its worker."""

    def made(kind: type[Path]) -> PhotoFile:
        path = tmp_path / f"{kind.__name__}.jpg"
        path.write_bytes(crops.jpeg(Random(kind.__name__)))
        plain = stamp(path)
        return PhotoFile(kind(path), plain.size, plain.mtime_ns)

    return made


def spread(bad: Iterable[PhotoFile], good: list[PhotoFile]) -> list[PhotoFile]:
    """Put each bad photo between good ones."""
    mixed = list(good)
    for place, file in enumerate(bad):
        mixed.insert(3 * place + 2, file)
    return mixed


def run(pool: Pool, files: list[PhotoFile]) -> list[Done]:
    return [outcome for part in pool.outcomes(files) for outcome in part]


def failures(done: list[Done]) -> dict[str, tuple[str, str]]:
    return {each.file.path.stem: (each.stage, each.reason) for each in done if isinstance(each, Failed)}


def test_crashes_of_all_kinds_in_one_scan_blame_nobody_else(quick_eyes: ModelSet, photos, make) -> None:
    kinds = [
        deadly.Segfault,
        deadly.Abort,
        deadly.Exit,
        deadly.GoodExit,
        deadly.Killed,
        deadly.Glutton,
        deadly.Bug,
        deadly.CrashesWhileDecoded,
    ]
    with Pool(quick_eyes, LIMITS, workers=2) as pool:
        done = run(pool, spread(map(make, kinds), photos))
    assert failures(done) == {
        "Segfault": ("read", CRASHED.format("SIGSEGV")),
        "Abort": ("read", CRASHED.format("SIGABRT")),
        "Exit": ("read", CRASHED.format("exit code 3")),
        "GoodExit": ("read", CRASHED.format("exit code 0")),
        "Killed": ("read", CRASHED.format("SIGKILL")),
        "Glutton": ("read", "it needs more memory than a photo may take (photo_memory_mb in the configuration)"),
        "Bug": ("read", "ZeroDivisionError: division by zero"),
        "CrashesWhileDecoded": ("decode", CRASHED.format("SIGSEGV")),
    }
    assert sorted(each.file.path for each in done if isinstance(each, Indexed)) == [file.path for file in photos]
    assert wait_until(lambda: not own_workers())


def test_two_photos_that_hang_on_two_workers_cost_their_time_once(
    quick_eyes: ModelSet, photos, make, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.jpg"  # as a disk that does not answer, it is never read to its end
    os.mkfifo(pipe)
    began = monotonic()
    with Pool(quick_eyes, Limits(10**8, 5, 10**9), workers=2) as pool:
        done = run(pool, [make(deadly.Hang), PhotoFile(pipe, 0, pipe.stat().st_mtime_ns), *photos])
    late = "it took longer than 5 seconds (photo_timeout_seconds in the configuration)"
    assert failures(done) == {"Hang": ("read", late), "pipe": ("read", late)}
    assert sum(isinstance(each, Indexed) for each in done) == len(photos)
    assert monotonic() - began < 30


@pytest.mark.parametrize("name", ["read", "decode", "analyze"])
def test_a_worker_that_the_system_kills_has_said_what_it_did(
    quick_eyes: ModelSet, samples: dict[str, Path], photos, tmp_path: Path, name: str
) -> None:
    slow = _slow(name, samples, tmp_path)
    with Pool(quick_eyes, LIMITS, workers=1) as pool:
        killer = Thread(target=_kill_at, args=(["read", "decode", "analyze"].index(name), slow.path))
        killer.start()
        done = run(pool, [slow])
        killer.join()
        rest = run(pool, photos[:4])
    assert failures(done) == {name: (name, CRASHED.format("SIGKILL"))}
    assert all(isinstance(each, Indexed) for each in rest)


def _kill_at(wanted: int, path: Path) -> None:
    end = monotonic() + 30
    while monotonic() < end:
        for worker in own_workers():
            with ExitStack() as held:
                if _is_read(path, held) if wanted == 0 else stage_of(worker) == wanted:
                    os.kill(worker, signal.SIGKILL)
                    wait_until(lambda worker=worker: not is_alive(worker))
                    return


def _is_read(pipe: Path, held: ExitStack) -> bool:
    """Tell whether somebody reads from a pipe: only then can it be opened to write; it must not end before he does."""
    with suppress(OSError):
        held.callback(os.close, os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return True
    return False


def _slow(name: str, samples: dict[str, Path], folder: Path) -> PhotoFile:
    path = folder / f"{name}.png"
    if name == "read":
        os.mkfifo(path)
        return PhotoFile(path, 0, path.stat().st_mtime_ns)
    picture = Image.open(samples["astronaut"])
    if name == "decode":
        picture = picture.resize((6000, 6000))
    picture.save(path, compress_level=1)
    return stamp(path)


@pytest.mark.parametrize("pause", [False, True], ids=["noticed-later", "noticed-before"])
def test_workers_that_die_while_they_have_nothing_to_do_cost_no_photo(
    quick_eyes: ModelSet, photos, pause: bool
) -> None:
    with Pool(quick_eyes, LIMITS, workers=2) as pool:
        run(pool, photos)
        killed = own_workers()
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        if pause:
            wait_until(lambda: not any(map(is_alive, killed)) and bool(set(own_workers()) - set(killed)), 2)
        done = run(pool, photos)
    assert failures(done) == {}
    assert len(done) == len(photos)


def test_a_photo_with_which_the_inference_process_is_lost_time_after_time_fails_alone(
    quick_eyes: ModelSet, photos, make
) -> None:
    with Pool(quick_eyes, LIMITS, workers=2) as pool:
        done = run(pool, spread([make(deadly.LosesInference)], photos))
    reason = "the process that runs the models was lost with it, 2 times"
    assert failures(done) == {"LosesInference": ("read", reason)}
    assert len(done) == len(photos) + 1


def test_a_photo_that_kills_whoever_fetches_it_is_found_among_its_neighbors(quick_eyes: ModelSet, photos, make) -> None:
    with Pool(quick_eyes, LIMITS, workers=1) as pool:
        done = run(pool, spread([make(deadly.KillsWhoFetchesIt)], photos))
    assert failures(done) == {"KillsWhoFetchesIt": ("read", "the processes that read it were lost, 2 times")}
    assert len(done) == len(photos) + 1
