"""Doctor's repairs: the findings that can be repaired without any loss are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from indexer.errors import IndexerError, printable
from indexer.library.checks.finding import Finding, counted
from indexer.library.checks.repair import PARTS, drop_unreadable, drop_unreferenced, rebuild_indexes, shorten_log
from indexer.library.store import Library
from indexer.pipeline.doctor import disk, models
from indexer.pipeline.doctor.context import DoctorContext
from indexer.pipeline.doctor.examine import specs_of
from indexer.values.analysis import ModelIds

_BESIDE_THE_LIBRARY = {"old models", "leftovers"}  # done also where the library itself is beyond repair


def repair(context: DoctorContext, found: Iterable[Finding]) -> list[str]:
    """Repair what is safe to repair in the findings; return what was done, a sentence each.

    Each repair is one short transaction, or a few; a daemon may run beside it.
    """
    found = list(found)
    wanted = {finding.check for finding in found if finding.repairable}
    if any(finding.check == "integrity" and finding.level == "error" and not finding.repairable for finding in found):
        wanted &= _BESIDE_THE_LIBRARY  # what is written to a damaged file may damage it more
    return [_tried(check, repairs, context) for check, repairs in _REPAIRS.items() if _due(check, wanted)]


def _due(check: str, wanted: set[str]) -> bool:
    return not wanted.isdisjoint(PARTS) if check == "rows" else check in wanted


def _tried(check: str, repairs: Callable[[DoctorContext], str], context: DoctorContext) -> str:
    try:
        return repairs(context)
    except (IndexerError, OSError) as error:
        return f"{check}: could not be repaired: {printable(str(error))}"


def _indexes(context: DoctorContext) -> str:
    rebuild_indexes(context.library, context.busy_seconds)
    return "The indexes of the library were rebuilt."


def _log(context: DoctorContext) -> str:
    shorten_log(context.library, context.busy_seconds)
    return "The log was merged into the library."


def _references(context: DoctorContext) -> str:
    count = drop_unreferenced(context.library, context.busy_seconds)
    return f"Removed: {counted(count, 'orphaned row')}."


def _rows(context: DoctorContext) -> str:
    lengths = models.lengths(specs_of(context))
    count = drop_unreadable(context.library, lengths, context.busy_seconds)
    return f"Removed: unreadable data of {counted(count, 'photo')}; the next scan analyzes them again."


def _gone(context: DoctorContext) -> str:
    with _open(context) as library:
        return f"Marked as missing: {counted(disk.mark_gone(library, _models_of(context)), 'photo')}."


def _returned(context: DoctorContext) -> str:
    with _open(context) as library:
        return f"Shown again: {counted(disk.show_returned(library, _models_of(context)), 'photo')}."


def _old_models(context: DoctorContext) -> str:
    return f"Deleted: {counted(models.delete_old_models(context.model_set), 'model')} of older releases."


def _leftovers(context: DoctorContext) -> str:
    return f"Deleted: {counted(disk.delete_leftovers(context.library, context.now), 'unfinished file')}."


def _open(context: DoctorContext) -> Library:
    return Library.open(context.library, busy_seconds=context.busy_seconds)


def _models_of(context: DoctorContext) -> ModelIds:
    return context.model_set.ids_of(specs_of(context))


_REPAIRS: dict[str, Callable[[DoctorContext], str]] = {
    "integrity": _indexes,
    "log": _log,
    "references": _references,
    "rows": _rows,
    "gone": _gone,
    "returned": _returned,
    "old models": _old_models,
    "leftovers": _leftovers,
}
