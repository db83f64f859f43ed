"""A server's worker processes: bounded, safe from many threads; what one picture does to its worker is its own."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from indexer.advice import Advice
from indexer.errors import ConfigError, ModelError, PhotoError, ProcessLostError
from indexer.geometry import Box
from indexer.intake.decode import NotAPhoto
from indexer.pipeline.predict.service import PoolBusyError, PredictionService
from indexer.pipeline.workers.stage_board import StageBoard
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import ModelSet

LIMITS = Limits(10**8, 60, 10**9)
BLIND = ModelSet(Path("nowhere"), "efficientnet-lite0", None, None)  # thumbnails need no network


@contextmanager
def predictions(
    model_set: ModelSet = BLIND, limits: Limits = LIMITS, workers: int = 1, waiting: int = 8, idle_seconds: float = 60.0
) -> Iterator[PredictionService]:
    one = PredictionService(model_set, limits, workers, waiting, idle_seconds)
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (400, 300), "red").save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that keeps its worker busy for a second, and takes 300 MB."""
    path = tmp_path_factory.mktemp("endless") / "endless.tif"
    Image.fromarray(np.zeros((9_000, 9_000), np.float32)).save(path, compression="tiff_adobe_deflate")
    return path


_others: set[int] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Leave out the processes that other tests have left to this one."""
    _others.clear()
    _others.update(_children())


def workers() -> list[int]:
    """The worker processes that the test has started."""
    return [child for child in _children() if child not in _others]


def _children() -> list[int]:
    return [child.pid for child in psutil.Process().children() if "spawn_main" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (OSError, IndexError):
        return 0


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_thumbnails_need_no_models(picture: Path) -> None:
    with predictions() as one:
        made = one.thumbnail(picture, 100)
        face = one.face(picture, Box(0.25, 0.25, 0.25, 0.25), 64)
    assert Image.open(BytesIO(made)).size == (100, 75)
    assert Image.open(BytesIO(face)).size == (64, 64)


def test_all_that_is_asked_is_answered_by_the_same_processes(model_set: ModelSet, samples: dict[str, Path]) -> None:
    with predictions(model_set) as one:
        (face,) = one.faces(samples["astronaut"])
        (pid,) = workers()
        seen = one.classify(samples["cat"])
        vector = one.vector(samples["cat"])
        one.thumbnail(samples["cat"], 320)
        assert workers() == [pid]
    assert face.descriptor is not None
    assert "cat" in {tag.name for tag in seen.tags}
    assert np.isfinite(np.frombuffer(vector, "<f2")).all()
    assert len(vector) > 1000


def test_models_load_once_a_process(model_set: ModelSet, samples: dict[str, Path]) -> None:
    with predictions(model_set) as one:
        one.classify(samples["cat"])
        before = time.monotonic()
        for _ in range(3):
            one.classify(samples["cat"])
        assert (time.monotonic() - before) / 3 < 0.5


def test_models_that_are_not_built_are_named(tmp_path: Path, picture: Path) -> None:
    with predictions(ModelSet(tmp_path, "efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet")) as one:
        with pytest.raises(ModelError, match=r"efficientnet-lite0: is not built") as caught:
            one.classify(picture)
        assert caught.value.advice == Advice("build-models")
        with pytest.raises(ModelError, match="is not built"):
            one.faces(picture)
        assert one.thumbnail(picture, 50)


def test_faces_that_are_switched_off_are_not_looked_for(picture: Path) -> None:
    with predictions() as one, pytest.raises(ConfigError, match="faces"):
        one.faces(picture)


BAD = {
    "broken.jpg": (b"\xff\xd8\xff\xe0 broken", PhotoError),
    "page.html": (b"<!doctype html><script>alert(1)</script>", NotAPhoto),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NotAPhoto),
    "empty.jpg": (b"", PhotoError),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_told_as_everywhere(tmp_path: Path, name: str) -> None:
    content, error = BAD[name]
    (tmp_path / name).write_bytes(content)
    with predictions() as one, pytest.raises(error) as told:
        one.thumbnail(tmp_path / name, 100)
    assert told.value.path == tmp_path / name  # type: ignore[attr-defined]


def test_many_threads_get_each_their_own(tmp_path: Path) -> None:
    sizes = [(100 + 10 * number, 50) for number in range(24)]
    for size in sizes:
        Image.new("RGB", size).save(tmp_path / f"{size[0]}.png")
    with predictions(workers=2, waiting=50) as one, ThreadPoolExecutor(24) as threads:
        made = list(threads.map(lambda size: one.thumbnail(tmp_path / f"{size[0]}.png", 1000), sizes))
    assert [Image.open(BytesIO(each)).size for each in made] == sizes


def test_no_more_wait_than_may(picture: Path, endless: Path) -> None:
    with predictions(waiting=2) as one, ThreadPoolExecutor(3) as threads:
        under_way = [threads.submit(one.thumbnail, path, 32) for path in (endless, picture, picture)]
        until(lambda: one.under_way == 3)
        with pytest.raises(PoolBusyError) as busy:
            one.thumbnail(picture, 32)
        assert 1 <= busy.value.retry_seconds <= 60
        for each in under_way:
            assert each.result()
        assert one.thumbnail(picture, 32)


def test_a_picture_that_takes_too_long_costs_itself_only(endless: Path, picture: Path) -> None:
    with predictions(limits=Limits(10**8, 0.4, 10**9)) as one, ThreadPoolExecutor(3) as threads:
        slow = threads.submit(one.thumbnail, endless, 32)
        others = [threads.submit(one.thumbnail, picture, 32) for _ in range(2)]
        with pytest.raises(PhotoError, match=r"decode: it took longer than 0.4 seconds"):
            slow.result()
        assert all(each.result() for each in others)


def test_a_picture_that_crashes_its_worker_costs_itself_only(picture: Path, endless: Path) -> None:
    with predictions() as one, ThreadPoolExecutor(3) as threads:
        assert one.thumbnail(picture, 32)
        deadly = threads.submit(one.thumbnail, endless, 32)
        until(lambda: any(resident_bytes(pid) > 200_000_000 for pid in workers()))  # it is at it
        others = [threads.submit(one.thumbnail, picture, 32) for _ in range(2)]
        for pid in workers():
            os.kill(pid, signal.SIGSEGV)
        with pytest.raises(PhotoError, match=r"decode: it crashed the process that read it \(SIGSEGV\)"):
            deadly.result()
        assert all(each.result() for each in others)


def test_a_picture_that_needs_too_much_memory_costs_itself_only(endless: Path, picture: Path) -> None:
    with predictions(limits=Limits(10**8, 60, 200_000_000)) as one:
        with pytest.raises(PhotoError, match="memory"):
            one.thumbnail(endless, 32)
        assert one.thumbnail(picture, 32)


def test_models_that_load_later_take_nothing_from_what_a_picture_may_need(
    model_set: ModelSet, samples: dict[str, Path], endless: Path
) -> None:
    with predictions(model_set, Limits(10**8, 60, 256_000_000)) as one:
        one.thumbnail(samples["cat"], 320)  # from here on the process is held to its limit
        one.classify(samples["cat"])
        one.faces(samples["astronaut"])
        one.vector(samples["coffee"])
        with pytest.raises(PhotoError, match="memory"):
            one.thumbnail(endless, 32)
        assert one.classify(samples["cat"])


def test_a_picture_with_too_many_pixels_is_refused(endless: Path) -> None:
    with predictions(limits=Limits(10**6, 60, 10**9)) as one, pytest.raises(PhotoError, match="megapixels"):
        one.thumbnail(endless, 32)


def test_processes_that_died_while_they_idled_are_replaced(picture: Path) -> None:
    with predictions() as one:
        one.thumbnail(picture, 32)
        (pid,) = workers()
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in workers())
        assert one.thumbnail(picture, 32)


def test_idle_processes_are_let_go_and_come_back(picture: Path) -> None:
    with predictions(idle_seconds=0.3) as one:
        assert one.is_idle
        one.thumbnail(picture, 32)
        assert not one.is_idle
        until(lambda: one.is_idle and not workers())
        assert one.thumbnail(picture, 32)


def test_processes_are_not_let_go_while_they_work(picture: Path, endless: Path) -> None:
    with predictions(idle_seconds=0.05) as one, ThreadPoolExecutor(1) as threads:
        slow = threads.submit(one.thumbnail, endless, 32)
        until(lambda: one.under_way == 1)
        one.rest()
        assert slow.result()


def test_rest_lets_the_processes_go(picture: Path) -> None:
    with predictions() as one:
        one.thumbnail(picture, 32)
        one.rest()
        assert one.is_idle
        assert not workers()
        assert one.thumbnail(picture, 32)


def test_after_the_stop_nothing_is_taken_and_nobody_waits(picture: Path, endless: Path) -> None:
    before = set(threading.enumerate())
    with predictions() as one, ThreadPoolExecutor(1) as threads:
        slow = threads.submit(one.thumbnail, endless, 32)
        until(workers)
        one.stop()
        with pytest.raises(PoolBusyError):
            slow.result(5)
        with pytest.raises(PoolBusyError):
            one.thumbnail(picture, 32)
    assert not [each for each in threading.enumerate() if each.name == "idle workers" and each not in before]


def test_processes_that_cannot_be_kept_alive_are_no_fault_of_the_picture(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StageBoard, "path", property(lambda _: Path("/nowhere"), lambda *_: None), raising=False)
    with predictions() as one, pytest.raises(ProcessLostError):
        one.thumbnail(picture, 32)
