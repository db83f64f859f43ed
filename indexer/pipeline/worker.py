"""What happens to one photo, in a worker process or alone: a PhotoFile flows in, its Analysis flows out."""

from __future__ import annotations

import os
import signal
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from indexer.errors import IndexerError, ModelError
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.look import look
from indexer.photo import Analysis, Face, PhotoFile
from indexer.vision.analyze import Analyzer, Eyes, FaceReader

_STDERR = 2


def analyze_file(file: PhotoFile, analyzer: Analyzer, max_pixels: int) -> Analysis:
    """Decode a photo and look at it.

    Errors: PhotoError for a photo that cannot be read; NotAPhoto (one of them) for content that is no picture.
    """
    with open_original(file, max_pixels) as original:
        picture = original.picture(analyzer.long_side_px)
        return analyzer.analyze(
            picture, original.metadata, original.hashes(picture), look(picture), larger=original.picture
        )


def read_faces(path: Path, reader: FaceReader, max_pixels: int) -> tuple[Face, ...]:
    """Find the faces of a picture anywhere on the disk, in the library or not. Errors: PhotoError."""
    with open_original(stamp(path), max_pixels) as original:
        return reader.read(original.picture(reader.detector.long_side_px), larger=original.picture)


def work(eyes: Eyes, max_pixels: int, file: PhotoFile) -> Analysis:
    """Do `analyze_file` with an analyzer that this process loads once. Errors: ModelError where that fails, too."""
    try:
        analyzer = _analyzer(eyes)
    except IndexerError:
        raise
    except Exception as error:  # whatever a runtime says: without networks no photo can be analyzed
        raise ModelError(eyes.classifier, f"cannot be loaded: {error}") from error
    return analyze_file(file, analyzer, max_pixels)


def start() -> None:
    """Prepare a new worker: leave Ctrl-C to the parent, never outlive it, and be silent.

    libtiff and libjpeg print what they think of a damaged file, past all of Python; what matters comes as an outcome.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_follow_parent, daemon=True).start()


@lru_cache(maxsize=1)
def _analyzer(eyes: Eyes) -> Analyzer:
    return Analyzer.open(eyes, threads=1)


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
