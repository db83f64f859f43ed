"""Print what it brings that one process runs TensorFlow for all workers: python tests/benchmarks/shared.py [--photos N]

The same photos are done by workers that run LiteRT, by workers that each have loaded TensorFlow, and by workers that
share a process which has, by turns. Memory is that of all processes of one kind together (proportional set sizes).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path

from memory import family, memory_bytes
from photos import make_photos

import indexer.pipeline.workers.photo_pool as pools
from indexer.assemble import limits, model_set
from indexer.config.config import load
from indexer.intake.discover import stamp
from indexer.pipeline.workers.photo_pool import Pool
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Indexed
from indexer.vision.runtime.remote import counts
from indexer.zoo.build.subprocess import build_missing

CONFIG = load().config
EYES = model_set(CONFIG)
LIMITS = limits(CONFIG)
DIFFERENT = 24  # files of 12 megapixels; they come again and again
KINDS = {
    "LiteRT in each worker": ("litert", False),
    "TensorFlow in each worker": ("tensorflow", False),
    "TensorFlow in one process for all": ("tensorflow", True),
}


@dataclass
class Kind:
    """A way to run models, and what was measured of it."""

    pool: Pool
    is_shared: bool
    pids: set[int] = field(default_factory=set)
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: int = 0

    def run(self, files: list[PhotoFile], others: set[int]) -> None:
        """Do all photos. others: processes that are not of this kind."""
        pools.is_shared = lambda *_: self.is_shared  # type: ignore[attr-defined]
        begin, cpu = time.perf_counter(), _cpu_seconds(self.pids)
        done = [outcome for part in self.pool.outcomes(files) for outcome in part]
        assert all(isinstance(each, Indexed) for each in done), done
        seconds = time.perf_counter() - begin
        is_first, self.pids = not self.pids, set(family(os.getpid())) - others
        if not is_first:  # that one loads the models
            self.rates.append(len(files) / seconds)
            self.cpu.append((_cpu_seconds(self.pids) - cpu) / len(files))
        self.memory = max(self.memory, sum(map(memory_bytes, self.pids)))


def _cpu_seconds(pids: set[int]) -> float:
    times = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids)
    return sum(int(ticks) for each in times for ticks in each) / os.sysconf("SC_CLK_TCK")


def _range(values: list[float], unit: Callable[[float], str]) -> str:
    return f"{unit(statistics.median(values))} ({unit(min(values))}–{unit(max(values))})"


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=48, help="photos in a run")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--folder", type=Path, help="keep photos here between runs")
    given = parser.parse_args()
    build_missing(EYES.specs(), EYES.folder)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        files = list(map(stamp, make_photos((given.folder or Path(temporary)) / "photos", DIFFERENT)))
        files = list(islice(cycle(files), given.photos))
        kinds = {
            name: Kind(stack.enter_context(Pool(replace(EYES, runtime=runtime), LIMITS, given.workers)), is_shared)
            for name, (runtime, is_shared) in KINDS.items()
        }
        for _ in range(given.rounds + 1):
            for kind in kinds.values():
                others = {pid for each in kinds.values() if each is not kind for pid in each.pids} | {os.getpid()}
                kind.run(files, others)
        print("| what runs the models | photos/s | processor time a photo | memory of these processes |")
        print("|---|---|---|---|")
        for name, kind in kinds.items():
            rate = _range(kind.rates, lambda value: f"{value:.1f}")
            cpu = _range(kind.cpu, lambda value: f"{1000 * value:.0f}")
            print(f"| {name} | {rate} | {cpu} ms | {kind.memory / 1e6:.0f} MB |", flush=True)
            if kind.pool._inference is not None:
                told = counts(kind.pool._inference.place)
    for model, count in told.items():
        print(f"{model}: {count.questions} questions in {count.runs} runs")


if __name__ == "__main__":
    main()
