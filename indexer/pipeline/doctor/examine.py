"""Doctor's examination: the findings of every check that can run, whatever is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from indexer.errors import IndexerError
from indexer.intake.mounts import mounts
from indexer.library.checks.file_checks import check_file, is_current
from indexer.library.checks.finding import Finding, findings
from indexer.library.checks.row_checks import check_rows
from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.pipeline.doctor import disk, machine, models
from indexer.pipeline.doctor.context import DoctorContext
from indexer.values.analysis import ModelIds
from indexer.vision.spec import ModelSpec


def examine(context: DoctorContext) -> list[Finding]:
    """Check a library, its models, the disk and the machine; nothing is changed.

    A check that fails is a finding; a check that depends on another one's result (rows need a file that opens) is left
    out.
    """
    specs = specs_of(context)
    found = check_file(context.library, context.busy_seconds)
    current = is_current(context.library, context.busy_seconds)
    if current:
        found += findings("rows", partial(_rows, context, specs))
    found += findings("models", partial(models.check_descriptions, context.model_set))
    found += findings("models", partial(models.check_models, context.model_set))
    found += findings("old models", partial(models.check_old_models, context.model_set))
    if current:
        found += findings("photos", partial(_photos, context, context.model_set.ids_of(specs)))
    found += findings("leftovers", partial(disk.check_leftovers, context.library, context.now))
    return found + _machine(context, _roots(context) if current else [])


def specs_of(context: DoctorContext) -> tuple[ModelSpec, ...]:
    """Return the specs of the settings' models, none where one is unknown: `check_models` reports which."""
    try:
        return context.model_set.specs()
    except IndexerError:
        return ()


def _rows(context: DoctorContext, specs: tuple[ModelSpec, ...]) -> list[Finding]:
    return check_rows(context.library, models.lengths(specs), context.now, context.busy_seconds)


def _photos(context: DoctorContext, wanted: ModelIds) -> Iterator[Finding]:
    """Compare the library with the models and the disk."""
    with _open(context) as library:
        yield from findings("stale", partial(models.check_stale, library, wanted))
        compared = disk.compare(library, wanted)
    yield from findings("folders", partial(disk.check_folders, compared))
    yield from findings("photos", partial(disk.check_photos, compared))


def _roots(context: DoctorContext) -> list[Path]:
    try:
        with _open(context) as library:
            return root_folders(library)
    except Exception:  # a damaged file, as other checks say: the machine can be looked at without it
        return []


def _open(context: DoctorContext) -> Library:
    return Library.open(context.library, read_only=True, busy_seconds=context.busy_seconds)


def _machine(context: DoctorContext, roots: Sequence[Path]) -> list[Finding]:
    table = mounts()
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "file system": partial(machine.check_file_system, context.library, table),
        "space": partial(machine.check_space, context.library, context.model_set.folder),
        "watches": partial(machine.check_watches, roots, table),
        "open files": partial(machine.check_open_files, context.workers),
    }
    return [finding for name, check in checks.items() for finding in findings(name, check)]
