"""One process runs TensorFlow for all workers: it joins what they ask, and whatever becomes of it, no photo is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Event, Thread

import numpy as np
import pytest
from running import Program, is_alive, own_workers, wait_until

from indexer.errors import ModelError
from indexer.intake.discover import stamp
from indexer.pipeline.workers.inference_host import Inference, is_shared
from indexer.pipeline.workers.photo_pool import Done, Pool
from indexer.pipeline.workers.tasks import Limits
from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed
from indexer.vision.model_set import ModelSet
from indexer.vision.runtime import open_model
from indexer.vision.runtime.remote import counts
from indexer.vision.spec import read_specs

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")

LIMITS = Limits(pixels=200_000_000, seconds=120, memory_bytes=1_000_000_000)
SPECS = read_specs()
NAMES = ("dlib-face-resnet", "retinaface-mobilenet025")
SHAPES = {"dlib-face-resnet": (2, 150, 150, 3), "retinaface-mobilenet025": (1, 64, 96, 3)}
ASKING = """
import json, sys
from pathlib import Path
import numpy as np
from indexer.vision.endpoint import Endpoint
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

asked = json.loads(sys.argv[1])
place = Endpoint(asked["address"], bytes.fromhex(asked["key"]))
how = (Path(asked["folder"]), "tensorflow", 1, place)
models = {name: open_model(read_specs()[name], *how) for name in asked["shapes"]}
assert "tensorflow" not in sys.modules
print("ready", flush=True)
sys.stdin.readline()
for number in range(asked["times"]):
    for name, shape in asked["shapes"].items():
        image = np.random.default_rng([asked["seed"], number]).uniform(-1, 1, shape).astype(np.float32)
        answers = models[name].run(image)
        np.savez(Path(asked["out"]) / f"{name} {asked['seed']} {number}", **answers)
"""


@pytest.fixture
def model_set(models: Path) -> ModelSet:
    """The classifier alone, run by TensorFlow."""
    return ModelSet(models, "efficientnet-lite0", None, None, "tensorflow")


@pytest.fixture
def photos(crops, tmp_path: Path) -> list[PhotoFile]:
    """Twelve photos that are fine."""
    return [stamp(path) for path in crops.fill(tmp_path / "fine", 12, Random(5))]


def test_what_several_processes_ask_is_joined_and_answered_as_if_each_were_alone(models: Path, tmp_path: Path) -> None:
    inference, times, processes = Inference("tensorflow", 2), 12, 4
    asked = {
        "address": inference.place.address, "key": inference.place.key.hex(), "folder": str(models), "times": times,
        "shapes": SHAPES, "out": str(tmp_path),
    }  # fmt: skip
    try:
        workers = [_asking(asked | {"seed": seed}) for seed in range(processes)]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in workers:
            worker.communicate()
        assert [worker.returncode for worker in workers] == [0] * processes
        done = counts(inference.place)
    finally:
        inference.stop()
    assert {each.questions for each in done.values()} == {processes * times}
    assert (
        done[SPECS["dlib-face-resnet"].id].runs < processes * times
    )  # its built form takes any number, whoever built it
    for name in NAMES:
        model = open_model(SPECS[name], models, "litert")
        for seed, number in np.ndindex(processes, times):
            image = np.random.default_rng([seed, number]).uniform(-1, 1, SHAPES[name]).astype(np.float32)
            answers = np.load(tmp_path / f"{name} {seed} {number}.npz")
            for key, values in model.run(image).items():
                np.testing.assert_allclose(answers[key], values, rtol=0, atol=1e-4)


def _asking(asked: dict[str, object]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ASKING, json.dumps(asked)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_scan_by_tensorflow_gives_the_tags_and_faces_that_litert_gives(
    models: Path, samples: dict[str, Path]
) -> None:
    files = [stamp(samples[name]) for name in ("astronaut", "cat", "coffee", "flower", "hopper")]
    found = {}
    for runtime in ("litert", "tensorflow"):
        model_set = ModelSet(models, "efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet", runtime)
        with Pool(model_set, LIMITS, workers=2) as pool:
            found[runtime] = {each.file: each.analysis for each in _run(pool, files) if isinstance(each, Indexed)}
    for file in files:
        ours, theirs = (found[runtime][file] for runtime in ("tensorflow", "litert"))
        assert _scores(ours) == pytest.approx(_scores(theirs), abs=0.01)
        assert len(ours.faces) == len(theirs.faces)
        for one, other in zip(ours.faces, theirs.faces, strict=True):
            assert one.descriptor is not None
            assert other.descriptor is not None
            assert np.linalg.norm(one.descriptor.vector - other.descriptor.vector) < 0.01


def _scores(analysis: Analysis) -> dict[str, float]:
    return {tag.name: tag.score for tag in analysis.tags}


def test_an_inference_process_that_is_killed_costs_no_photo_and_nothing_is_left_at_the_end(
    model_set: ModelSet, photos: list[PhotoFile]
) -> None:
    with Pool(model_set, LIMITS, workers=2) as pool:
        done = _run(pool, photos[:2])
        first = _serving(pool)
        parts = pool.outcomes(photos[2:])
        done += next(parts)
        os.kill(first, signal.SIGKILL)
        done += [outcome for part in parts for outcome in part]
        second = _serving(pool)
        assert second != first
    assert [each for each in done if not isinstance(each, Indexed)] == []
    assert sorted(each.file.path for each in done) == [file.path for file in photos]
    assert not own_workers()


def test_an_inference_process_that_always_dies_ends_the_run_with_a_reason(
    model_set: ModelSet, photos: list[PhotoFile]
) -> None:
    ended = Event()
    with Pool(model_set, LIMITS, workers=2) as pool:
        killer = Thread(target=_kill_all, args=(pool, ended))
        killer.start()
        with pytest.raises(ModelError, match=r"died 5 times in a row \(SIGKILL\)"):
            _run(pool, photos)
        ended.set()
        killer.join()
    assert not own_workers()


def _kill_all(pool: Pool, ended: Event) -> None:
    while not ended.wait(0.05):
        with suppress(ProcessLookupError, ValueError):  # it is dead, or let go, already
            if pool._inference is not None and (pid := pool._inference._process.pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.long
def test_an_inference_process_that_hangs_costs_only_what_waits_for_it(
    model_set: ModelSet, photos: list[PhotoFile]
) -> None:
    with Pool(model_set, Limits(10**8, 30, 10**9), workers=2) as pool:
        assert len(_run(pool, photos[:2])) == 2
        os.kill(_serving(pool), signal.SIGSTOP)
        done = _run(pool, photos)
    failed = [each for each in done if isinstance(each, Failed)]
    assert {each.reason.partition(" (")[0] for each in failed} == {"it took longer than 30 seconds"}
    assert len(failed) <= 2
    assert len(done) == len(photos)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_an_inference_process_ends_with_the_program(end: signal.Signals, crops, models: Path, tmp_path: Path) -> None:
    crops.fill(tmp_path / "photos", 60, Random(1))
    program = Program(tmp_path, models, tmp_path / "library.sqlite")
    with program.running("scan", tmp_path / "photos", runtime="tensorflow", faces="false") as running:
        assert wait_until(lambda: len(running.workers()) == 3 and _loaded_tensorflow(running.workers()) == 1)
        family = running.family()
        os.kill(running.pid, end)
        running.wait()
        assert wait_until(lambda: not any(map(is_alive, family)), 10)


def test_models_are_run_for_all_only_where_there_is_something_to_share() -> None:
    assert is_shared("tensorflow", 2)
    assert not is_shared("tensorflow", 1)
    assert not is_shared("litert", 8)


def _run(pool: Pool, files: list[PhotoFile]) -> list[Done]:
    return [outcome for part in pool.outcomes(files) for outcome in part]


def _serving(pool: Pool) -> int:
    """The process that runs models."""
    assert pool._inference is not None
    pid = pool._inference._process.pid
    assert pid is not None
    return pid


def _loaded_tensorflow(pids: list[int]) -> int:
    """How many of these have TensorFlow in their memory."""
    maps = (Path(f"/proc/{pid}/maps") for pid in pids)
    return sum("libtensorflow_cc" in path.read_text() for path in maps if path.exists())
