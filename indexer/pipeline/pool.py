"""Worker processes: photo files flow in, what became of each flows out, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from types import TracebackType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from indexer.errors import IndexerError, PhotoError
from indexer.intake.decode import NotAPhoto
from indexer.photo import Analysis, Failed, Indexed, PhotoFile
from indexer.pipeline.worker import start, work
from indexer.vision.analyze import Eyes

_LOOK_AHEAD = 4  # photos under way or waiting, a worker: enough that none waits, few enough to stop at once
_PATIENCE_SECONDS = 0.5  # how long the caller waits at most before it may store what is there


class _Processes(SpawnContext):
    """Starts the workers, and ends those that are left: one that is still starting when the pool goes would complain.

    spawn: the parent has threads, and a fork would copy their locks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._started: list[SpawnProcess] = []

    def Process(self, *given: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        self._started.append(SpawnProcess(*given, **named))
        return self._started[-1]

    def kill(self) -> None:
        for process in self._started:
            if process.is_alive():
                process.kill()


class Pool:
    """A fixed number of workers, each with its own analyzer and one inference thread.

    A photo that crashes or stalls its worker costs that photo only; the worker is replaced.
    models: the ids of the networks that see each photo.
    """

    def __init__(self, eyes: Eyes, max_pixels: int, workers: int, timeout_seconds: float) -> None:
        self.models = tuple(spec.id for spec in eyes.specs())
        self._eyes = eyes
        self._max_pixels = max_pixels
        self._timeout_seconds = timeout_seconds
        self._workers = workers
        self._pool: ProcessPool | None = None
        self._processes = _Processes()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.stop()  # by now all outcomes are out, or nobody wants them
            self._processes.kill()
            self._pool.join()

    def outcomes(self, files: Sequence[PhotoFile]) -> Iterator[list[Indexed | Failed | None]]:
        """Yield what is done at least every half second, perhaps nothing; None is a file that is no photo.

        Errors: ModelError where a worker cannot load its networks.
        """
        if not files:
            return
        # No more workers than photos.
        pool = ProcessPool(min(self._workers, len(files)), initializer=start, context=self._processes)
        self._pool = pool
        waiting = iter(files)
        running: dict[Future[Analysis], PhotoFile] = {}
        while True:
            for file in islice(waiting, self._workers * _LOOK_AHEAD - len(running)):
                running[self._submit(pool, file)] = file
            if not running:
                return
            done, _ = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED)
            yield [self._outcome(running.pop(future), future) for future in done]

    def _submit(self, pool: ProcessPool, file: PhotoFile) -> Future[Analysis]:
        future: Future[Analysis] = pool.schedule(
            work, args=(self._eyes, self._max_pixels, file), timeout=self._timeout_seconds
        )
        return future

    def _outcome(self, file: PhotoFile, future: Future[Analysis]) -> Indexed | Failed | None:
        try:
            return Indexed(file, future.result())
        except NotAPhoto:
            return None
        except PhotoError as error:
            return Failed(file, error.stage, error.reason)
        except TimeoutError:
            return Failed(file, "analyze", f"took longer than {self._timeout_seconds:g} seconds")
        except ProcessExpired:
            return Failed(file, "analyze", "crashed the process that read it")
        except IndexerError:
            raise
        except Exception as error:  # a bug in one photo's way must not cost the others
            return Failed(file, "analyze", f"{type(error).__name__}: {error}")
