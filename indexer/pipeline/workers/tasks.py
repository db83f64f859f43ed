"""Analysis task of one photo, in a worker process or in-process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from indexer.errors import IndexerError, ModelError
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.pixel_stats import look
from indexer.pipeline.workers.stage_board import StageMarker
from indexer.values.analysis import Analysis, Face
from indexer.values.files import PhotoFile
from indexer.vision.analyze import Analyzer
from indexer.vision.faces.reader import FaceReader
from indexer.vision.model_set import ModelSet

_STDERR = 2
_stage: StageMarker  # this process's; set once by `start`


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one photo.

    pixels: larger pictures are refused.  seconds: of its worker's time.  memory_bytes: on top of what the models
    take; enforced on Linux, where the system can count it.
    """

    pixels: int
    seconds: float
    memory_bytes: int


def analyze_file(
    file: PhotoFile,
    analyzer: Analyzer,
    max_pixels: int,
    enter: Callable[[str], None] = lambda _: None,
    *,
    want_faces: bool = True,
    but: Collection[str] = (),
    known: Analysis | None = None,
) -> Analysis:
    """Decode a photo and analyze it.

    enter: called with each stage that begins.  want_faces: whether faces may be detected.  but: names of models that
    are not to look at this photo.
    known: what is known of the photo: models that have analyzed it are not run again.
    Errors: PhotoError for a photo that cannot be read; NotAPhoto (one of them) for content that is no picture.
    """
    enter("read")
    with open_original(file, max_pixels) as original:
        enter("decode")
        picture = original.picture(analyzer.long_side_px)
        enter("analyze")
        return analyzer.analyze(
            picture,
            original.metadata,
            original.hashes(picture),
            look(picture),
            larger=original.picture,
            want_faces=want_faces,
            but=but,
            known=known,
        )


def read_faces(path: Path, reader: FaceReader, max_pixels: int) -> tuple[Face, ...]:
    """Detect and describe the faces of a picture anywhere on the disk. Errors: PhotoError."""
    with open_original(stamp(path), max_pixels) as original:
        return reader.read(original.picture(reader.detector.long_side_px), larger=original.picture)


def work(model_set: ModelSet, limits: Limits, file: PhotoFile, known: Analysis | None, slot: int) -> Analysis:
    """Run `analyze_file` with an analyzer that this process loads once; slot: where it notes its stage.

    Errors: ModelError where the models cannot be loaded, PhotoError, MemoryError.
    """
    return analyze_file(
        file,
        load_models(model_set, limits),
        limits.pixels,
        partial(enter, slot),
        want_faces=model_set.want_faces(file.path),
        but=model_set.confined(file.path),
        known=known,
    )


def load_models(model_set: ModelSet, limits: Limits) -> Analyzer:
    """Load the models, if this process has not yet. Errors: ModelError."""
    try:
        return _analyzer(model_set, limits.memory_bytes)
    except IndexerError:
        raise
    except Exception as error:  # whatever a runtime raises: without models no photo can be analyzed
        raise ModelError(model_set.classifier, f"cannot be loaded: {error}") from error


def start(stages: Path) -> None:
    """Prepare a new worker process. stages: the file of the stage board."""
    mark_stages(stages)
    prepare()


def mark_stages(stages: Path) -> None:
    """Let this process note the stages of its tasks. stages: the file of the stage board."""
    global _stage
    _stage = StageMarker(stages)


def prepare() -> None:
    """Prepare a new process: leave Ctrl-C to the parent, never outlive it, and be silent.

    libtiff and libjpeg print messages about damaged files, past all of Python; what matters comes as an outcome.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # blocked since before this process started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_follow_parent, daemon=True).start()


def enter(slot: int, stage: str) -> None:
    """Note this process's stage for the picture of a slot."""
    _stage.enter(slot, stage)


def hold_memory(memory_bytes: int | None) -> None:
    """Limit this process to so much memory on top of what it has now; None: no limit."""
    if sys.platform == "linux":
        import resource

        # The kernel's limit of data memory: a decoder that requests more is refused at once.
        taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        most = resource.RLIM_INFINITY if memory_bytes is None else taken + memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))


@lru_cache(maxsize=1)
def _analyzer(model_set: ModelSet, memory_bytes: int) -> Analyzer:
    hold_memory(None)  # models may take whatever they take
    try:
        return Analyzer.open(model_set, threads=1)
    finally:
        hold_memory(memory_bytes)


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
