"""Assembly of the parts that settings configure: the only place that knows which setting goes where.

Each function imports what it makes: a command that needs one part loads no other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.config.config import Config
    from indexer.pipeline.daemon.face_grouping import FaceGrouping, GroupingReport
    from indexer.pipeline.daemon.pace import Pace
    from indexer.pipeline.library_calls import FaceLimits
    from indexer.pipeline.scan.plan import Report
    from indexer.pipeline.scan.run import Build, Scanning
    from indexer.pipeline.workers.tasks import Limits
    from indexer.vision.model_set import ModelSet


def model_set(config: Config) -> ModelSet:
    """Return the models that look at photos."""
    from indexer.vision.model_set import ModelSet

    return ModelSet(
        folder=config.models_path,
        own=config.own_models_path,
        classifier=config.classifier,
        object_detector=config.object_detector if config.object_detector != "none" else None,
        extra=config.extra,
        detector=config.detector if config.faces else None,
        landmarks=config.landmarks if config.faces and config.landmarks != "none" else None,
        describer=config.describer if config.faces else None,
        text=("ppocrv5-text-detector", "ppocrv5-text-recognizer") if config.text else (),
        runtime=config.runtime,
        rules=config.rules,
        only_in=confined(config),
        no_faces=tuple(Path(os.path.realpath(folder)) for folder in config.no_faces),
    )


def limits(config: Config) -> Limits:
    """Return what one photo may take of a worker."""
    from indexer.pipeline.workers.tasks import Limits

    return Limits(
        pixels=config.max_pixels,
        seconds=config.photo_timeout_seconds,
        memory_bytes=config.photo_memory_mb * 1_000_000,
    )


def confined(config: Config) -> tuple[tuple[str, tuple[Path, ...]], ...]:
    """Return the folders to which additional models are confined, by their real paths: name → folders."""
    found: dict[str, list[Path]] = {}
    for each in config.only_in:
        name, _, folder = each.partition("=")
        if not folder:
            raise ConfigError("only_in", f"{each!r} is not NAME=FOLDER")
        found.setdefault(name, []).append(Path(os.path.realpath(Path(folder).expanduser())))
    return tuple((name, tuple(folders)) for name, folders in found.items())


def scanning(config: Config, build: Build, on_error: Report) -> Scanning:
    """Return how folders are scanned; build, on_error: as of `Scanning`."""
    from indexer.pipeline.scan.run import Scanning

    return Scanning(
        model_set=model_set(config),
        limits=limits(config),
        workers=config.worker_count,
        batch_photos=config.batch_photos,
        batch_seconds=config.batch_seconds,
        build=build,
        on_error=on_error,
    )


def face_limits(config: Config) -> FaceLimits | None:
    """Return how faces are grouped; None where new ones stay unassigned."""
    from indexer.pipeline.library_calls import FaceLimits

    if not (config.faces and config.group_faces):
        return None
    spec = model_set(config).specs()[-1]
    return FaceLimits(spec.id, spec.thresholds["cluster_distance"], spec.thresholds["quality"])


def face_grouping(
    config: Config, library: Path, report: GroupingReport, clock: Callable[[], float]
) -> FaceGrouping | None:
    """Return what groups a library's faces while watching; None where new ones stay unassigned."""
    from indexer.pipeline.daemon.face_grouping import FaceGrouping
    from indexer.pipeline.library_calls import group_faces

    limits = face_limits(config)
    if limits is None:
        return None
    return FaceGrouping(lambda calls: group_faces(library, *limits, calls), report, clock)


def pace(config: Config) -> Pace:
    """Return how a daemon divides its time."""
    from indexer.pipeline.daemon.pace import Pace

    return Pace(
        settle_seconds=config.settle_seconds,
        rescan_seconds=60 * config.rescan_minutes,
        poll_seconds=config.poll_seconds,
        idle_seconds=config.idle_seconds,
        batch_photos=config.batch_photos,
        batch_seconds=config.batch_seconds,
    )
