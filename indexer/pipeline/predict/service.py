"""Prediction service: worker processes that predict pictures and make thumbnails for a server's threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from indexer.errors import ConfigError, PhotoError, ProcessLostError
from indexer.geometry import Box
from indexer.pipeline.predict import tasks
from indexer.pipeline.predict.predict import Prediction
from indexer.pipeline.workers.executor import StartExecutor
from indexer.pipeline.workers.processes import LocalProcesses
from indexer.pipeline.workers.supervise import failure_reason
from indexer.pipeline.workers.task_pool import PoolBusyError, TaskError, TaskPool
from indexer.pipeline.workers.tasks import Limits
from indexer.values.analysis import Face
from indexer.vision.model_set import ModelSet

__all__ = ["PoolBusyError", "PredictionService"]

_IDLE_SECONDS = 60.0


class PredictionService:
    """A pool of up to a number of worker processes for all requests; each loads the models when it first needs them.

    Every method waits until its picture is done. A picture that crashes or stalls its worker, or needs too much
    memory, is a PhotoError of its own caller. Errors: PoolBusyError where too many wait; ModelError where models are
    not built; ProcessLostError where processes cannot be kept alive, whatever the picture; PhotoError.
    """

    def __init__(
        self,
        model_set: ModelSet,
        limits: Limits,
        workers: int,
        waiting: int,
        idle_seconds: float = _IDLE_SECONDS,
        start: StartExecutor = LocalProcesses,
    ) -> None:
        """waiting: pictures that may wait while all workers are busy.  idle_seconds: until the processes end.

        start: starts what runs the workers.
        """
        self._model_set, self._limits = model_set, limits
        self._task_pool = TaskPool(workers, waiting, limits.seconds, idle_seconds, start)

    @property
    def is_idle(self) -> bool:
        """Return whether no worker process is running."""
        return self._task_pool.is_idle

    @property
    def under_way(self) -> int:
        """The number of pictures in progress."""
        return self._task_pool.under_way

    def classify(self, file: Path, *, with_faces: bool = False) -> Prediction:
        """Return the predictions of classifiers and object detectors; with_faces: and the tags from its faces."""
        wants_faces = with_faces and self._model_set.detector is not None
        seen: Prediction = self._do(tasks.classify, file, self._model_set, self._limits, file, wants_faces)
        return seen

    def faces(self, file: Path) -> tuple[Face, ...]:
        """Detect and describe the faces. Errors: also ConfigError where faces are switched off."""
        if self._model_set.detector is None:
            raise ConfigError("faces", "face recognition is off; set 'faces = true' in the settings to use it")
        found: tuple[Face, ...] = self._do(tasks.faces, file, self._model_set, self._limits, file)
        return found

    def vector(self, file: Path) -> bytes:
        """Return the embedding for a similarity search in the library: little-endian float16."""
        vector: bytes = self._do(tasks.vector, file, self._model_set, self._limits, file)
        return vector

    def thumbnail(self, file: Path, side_px: int, content: bytes | None = None) -> bytes:
        """Make a WebP whose long side is at most `side_px`; content: the SHA-256 that the file must have."""
        made: bytes = self._do(tasks.small, file, self._limits, file, side_px, content)
        return made

    def face(self, file: Path, box: Box, side_px: int, content: bytes | None = None) -> bytes:
        """Make a square WebP of a face, at most `side_px` wide; content: as of `thumbnail`."""
        made: bytes = self._do(tasks.face, file, self._limits, file, box, side_px, content)
        return made

    def rest(self) -> None:
        """End the processes if nothing is in progress; the next picture starts new ones."""
        self._task_pool.rest()

    def stop(self) -> None:
        """End the processes at once; nothing is accepted any more."""
        self._task_pool.stop()

    def _do(self, task: Callable[..., Any], file: Path, *given: Any) -> Any:
        try:
            return self._task_pool.do(task, *given)
        except TaskError as error:
            if error.__cause__ is None:  # not the picture's fault
                raise ProcessLostError from error
            raise PhotoError(file, error.stage, failure_reason(error.__cause__, self._limits)) from error
