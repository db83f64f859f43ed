"""Model benchmark: load time, run time and memory of a built model, by runtime, threads and batch size.

Each measurement has a process of its own, `python -m indexer.pipeline.models.bench < request.json`, which loads nothing
else.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.subprocess_call import Report, serve, subprocess_call
from indexer.vision.model_store import LITERT_FILE, ONNX_FILE, SAVED_MODEL, parts
from indexer.vision.spec import ModelSpec, spec_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.vision.runtime import Model

RUNTIMES = {"litert": LITERT_FILE, "tensorflow": SAVED_MODEL, "onnx": ONNX_FILE}
_PHOTO = (1024, 768)  # width and height in px of the test picture
_LEAST_RUNS, _MOST_RUNS, _SECONDS = 3, 50, 1.0


@dataclass(frozen=True, slots=True)
class BenchSetup:
    """The conditions of a benchmark: which of RUNTIMES, how many threads, how many pictures in a batch."""

    runtime: str
    threads: int
    batch: int


@dataclass(frozen=True, slots=True)
class BenchResult:
    """The measurements of a model.

    shape: of its input.  load: seconds until it could run, its runtime and the check of its files included.
    first, later: seconds of the first run and the median of others.  peak_bytes: of memory, of the whole process.
    """

    way: BenchSetup
    shape: tuple[int, ...]
    load: float
    first: float
    later: float
    peak_bytes: int


def runtimes(spec: ModelSpec, folder: Path) -> tuple[str, ...]:
    """Return which of RUNTIMES can run a built model. Errors: ModelError where it is not built."""
    there = parts(spec, folder)
    return tuple(runtime for runtime, part in RUNTIMES.items() if part in there)


def measure(spec: ModelSpec, folder: Path, way: BenchSetup) -> BenchResult:
    """Run a built model in a process of its own. Errors: ModelError, also where it takes no such batch."""
    request = {"spec": asdict(spec), "folder": folder, "way": asdict(way)}
    told = subprocess_call("indexer.pipeline.models.bench", request, partial(ModelError, spec.name))
    return BenchResult(way, tuple(told.pop("shape")), **told)


def run_here(spec: ModelSpec, folder: Path, way: BenchSetup) -> BenchResult:
    """Benchmark a model in this process. Errors: ModelError."""
    from indexer.vision.runtime import open_model

    image = _image(spec, way.batch)
    start = perf_counter()
    model = open_model(spec, folder, way.runtime, way.threads)
    load = perf_counter() - start
    _refuse_other(model, way.batch)
    first = _seconds(model, image)
    runs: list[float] = []
    while len(runs) < _LEAST_RUNS or (len(runs) < _MOST_RUNS and sum(runs) < _SECONDS):
        runs.append(_seconds(model, image))
    return BenchResult(way, image.shape, load, first, median(runs), _peak_bytes())


def _image(spec: ModelSpec, batch: int) -> NDArray[np.float32]:
    """Return a batch of the same picture in the model's input format."""
    from indexer.vision.preprocess import resized, tensor
    from indexer.vision.smoke_test import sample

    size = spec.input.size if spec.input.fit == "as-is" else _PHOTO
    view = tensor(resized(sample(), size, "bilinear"), spec)[:1]
    return view.repeat(batch, axis=0)


def _refuse_other(model: Model, batch: int) -> None:
    taken = model.sides[0] if model.sides else batch
    if isinstance(taken, int) and taken not in (-1, batch):
        raise ModelError(model.spec.name, f"takes {taken} at once, not {batch}")


def _seconds(model: Model, image: NDArray[np.float32]) -> float:
    start = perf_counter()
    model.run(image)
    return perf_counter() - start


def _peak_bytes() -> int:
    """Return the peak memory of this process."""
    if sys.platform == "linux":  # getrusage would include the process that started this one
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _serve(asked: dict[str, Any], _report: Report) -> dict[str, Any]:
    raw = asked["spec"]
    found = run_here(spec_of(raw.pop("name"), raw), asked["folder"], BenchSetup(**asked["way"]))
    return {key: value for key, value in asdict(found).items() if key != "way"}


if __name__ == "__main__":
    serve(_serve)
