"""Worker processes: a photo that stalls or kills its worker costs that photo only; nothing outlives the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import ModelError
from indexer.intake.discover import discover
from indexer.pipeline.workers.photo_pool import Pool
from indexer.pipeline.workers.tasks import Limits
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed
from indexer.vision.model_set import ModelSet

LIMITS = Limits(10**8, 60, 10**9)


@pytest.fixture
def quick_eyes(models: Path) -> ModelSet:
    """The classifier alone."""
    return ModelSet(models, "efficientnet-lite0", None, None, "litert")


def files(folder: Path) -> list[PhotoFile]:
    return list(discover([folder], print))


def pipe(path: Path) -> PhotoFile:
    """A file that nobody ever finishes reading."""
    os.mkfifo(path)
    return PhotoFile(path, 0, path.stat().st_mtime_ns)


def children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def test_workers_do_what_the_bare_loop_does(quick_eyes: ModelSet, photos: Path) -> None:
    from indexer.pipeline.workers.tasks import analyze_file
    from indexer.vision.analyze import Analyzer

    analyzer = Analyzer.open(quick_eyes)
    with Pool(quick_eyes, LIMITS, workers=2) as pool:
        done = [outcome for part in pool.outcomes(files(photos)) for outcome in part]
    assert len(done) == 3
    for outcome in done:
        assert isinstance(outcome, Indexed)
        assert outcome.analysis == analyze_file(outcome.file, analyzer, 10**8)


def test_a_photo_that_stalls_is_a_failure_and_the_others_go_on(
    quick_eyes: ModelSet, photos: Path, tmp_path: Path
) -> None:
    stalled = pipe(tmp_path / "stalled.jpg")
    with Pool(quick_eyes, Limits(10**8, 4, 10**9), workers=1) as pool:
        done = [outcome for part in pool.outcomes([stalled, *files(photos)]) for outcome in part]
    assert sorted(type(outcome).__name__ for outcome in done) == ["Failed", "Indexed", "Indexed", "Indexed"]
    (failed,) = [outcome for outcome in done if isinstance(outcome, Failed)]
    assert failed == Failed(
        stalled, "read", "it took longer than 4 seconds (photo_timeout_seconds in the configuration)"
    )


def test_a_photo_that_kills_its_worker_is_a_failure_and_the_others_go_on(
    quick_eyes: ModelSet, photos: Path, tmp_path: Path
) -> None:
    deadly = pipe(tmp_path / "deadly.jpg")
    with Pool(quick_eyes, LIMITS, workers=1) as pool:
        done: list[object] = []
        began = time.monotonic()
        for part in pool.outcomes([*files(photos), deadly, *files(photos / "trip")]):
            done += part
            if len(done) == 3 and not part and time.monotonic() - began > 1:
                for worker in children(os.getpid()):
                    if "spawn_main" in Path(f"/proc/{worker}/cmdline").read_text():
                        os.kill(worker, signal.SIGSEGV)
    assert [outcome for outcome in done if isinstance(outcome, Failed)] == [
        Failed(deadly, "read", "it crashed the process that read it (SIGSEGV)")
    ]
    assert sum(isinstance(outcome, Indexed) for outcome in done) == 5


def test_models_that_are_not_built_end_the_scan(photos: Path, tmp_path: Path) -> None:
    model_set = ModelSet(tmp_path, "efficientnet-lite0", None, None, "litert")
    with pytest.raises(ModelError, match="not built"), Pool(model_set, LIMITS, workers=1) as pool:
        list(pool.outcomes(files(photos)))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_workers_do_not_outlive_a_killed_parent(models: Path, tmp_path: Path) -> None:
    stalled = pipe(tmp_path / "stalled.jpg")
    script = f"""
from pathlib import Path
from indexer.values.files import PhotoFile
from indexer.pipeline.workers.photo_pool import Pool
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import ModelSet
if __name__ == "__main__":
    eyes = ModelSet(Path({str(models)!r}), "efficientnet-lite0", None, None, "litert")
    with Pool(eyes, Limits(10**8, 600, 10**9), workers=2) as pool:
        for done in pool.outcomes([PhotoFile(Path({str(stalled.path)!r}), 0, {stalled.mtime_ns})] * 2):
            print("running", flush=True)
"""
    program = tmp_path / "program.py"
    program.write_text(script)
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    parent.stdout.readline()
    workers = list(children(parent.pid))
    assert workers
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{worker}").exists() for worker in workers):
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_a_call_whose_workers_another_call_let_go_begins_its_photos_again(quick_eyes: ModelSet, photos: Path) -> None:
    with Pool(quick_eyes, LIMITS, workers=1) as pool:
        first = pool.outcomes(files(photos))
        done = list(next(first))
        pool.rest()
        done += [outcome for part in pool.outcomes(files(photos / "trip")) for outcome in part]
        done += [outcome for part in first for outcome in part]
    assert [type(outcome) for outcome in done] == [Indexed] * 5
