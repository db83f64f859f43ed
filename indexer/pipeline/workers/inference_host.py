"""Inference host: one supervised process that runs the models for all workers.

It is started before the workers and ended with them. If it dies, another one takes the same address.
"""

from __future__ import annotations

import os
import sys
import tempfile
from multiprocessing.context import SpawnProcess
from pathlib import Path
from secrets import token_bytes, token_hex

from indexer.errors import ModelError
from indexer.pipeline.workers.processes import WorkerProcess, cause
from indexer.pipeline.workers.tasks import prepare
from indexer.vision.endpoint import Endpoint
from indexer.vision.runtime.tensorflow import may_have_gpu

_MOST_DEATHS = 5  # in a row, without a finished photo


def is_shared(runtime: str, workers: int) -> bool:
    """Return whether one process should run the models: for TensorFlow, when several workers would use it."""
    return workers > 1 and (runtime == "tensorflow" or (runtime == "auto" and may_have_gpu()))


class Inference:
    """A process that runs models.  place: the address for its workers."""

    def __init__(self, runtime: str, workers: int) -> None:
        self._folder = None if _is_abstract() else tempfile.TemporaryDirectory(prefix="indexer-")
        self.place = Endpoint(_address(self._folder.name if self._folder else ""), token_bytes())
        self._asked = runtime, workers
        self._deaths = 0
        self._process = self._start()

    def keep(self) -> None:
        """Start the process if it is not running. Errors: ModelError where it dies time after time."""
        if self._process.is_alive():
            return
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            how = cause(self._process.exitcode or 0)
            reason = f'the process that runs the models died {_MOST_DEATHS} times in a row ({how}); runtime = "litert" '
            raise ModelError("tensorflow", reason + "in the settings avoids it")
        self._process = self._start()

    def praise(self) -> None:
        """Record that a photo was finished."""
        self._deaths = 0

    def doubt(self) -> None:
        """Record that a photo took too long: the process may hang, as a GPU's driver can, and is replaced."""
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        if self._folder is not None:
            self._folder.cleanup()

    def _start(self) -> SpawnProcess:
        process = WorkerProcess(target=_serve, args=(self.place, *self._asked), daemon=True)
        process.start()
        return process


def _serve(place: Endpoint, runtime: str, workers: int) -> None:
    """Run as that process."""
    prepare()
    from indexer.vision.runtime.server import serve

    if not _is_abstract():
        Path(place.address).unlink(missing_ok=True)  # of one that died
    serve(place, runtime, workers)


def _is_abstract() -> bool:
    """Return whether the system has socket names that are no files and are never left behind."""
    return sys.platform in ("linux", "win32")


def _address(folder: str) -> str:
    name = f"indexer-{os.getpid()}-{token_hex(8)}"
    match sys.platform:
        case "linux":
            return f"\0{name}"
        case "win32":
            return rf"\\.\pipe\{name}"
        case _:
            return str(Path(folder) / "models")
