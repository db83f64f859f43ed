"""`indexer doctor`, `backup`: checks and repairs, and backups of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.advice import worded
from indexer.cli.output import JsonOption, table, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.library.checks.finding import Finding

_LINE_SECONDS = 10.0
_LEFT = 1  # warnings or errors are left
_ALARMING = ("warning", "error")


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "doctor")(doctor)
    command(app, "backup")(backup)


def doctor(
    session: Session,
    mend: Annotated[bool, typer.Option("--repair", help="Make the repairs that are safe, then check again.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also compare every photo with the bytes of its file; stop with Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the library, the models, the disk and the computer, and show problems and how to solve them.

    Nothing is changed without --repair, and photos are never changed. You can run it during a scan or a watch.
    --deep reads every file and continues where it was stopped; photos that differ are analyzed by the next scan.
    The exit code is 0 if there are no problems, or only notes, and 1 if warnings or errors remain.
    """
    from datetime import UTC, datetime

    from indexer.assemble import model_set
    from indexer.pipeline.doctor.context import DoctorContext
    from indexer.pipeline.doctor.examine import examine
    from indexer.pipeline.doctor.repair import repair

    config = session.settings().config
    context = DoctorContext(config.library_file, model_set(config), config.worker_count, datetime.now(UTC))
    found = examine(context)
    done: list[str] = []
    if mend and any(finding.repairable for finding in found):
        done = repair(context, found)
        found = examine(context)
    if deep:
        found += _compare_contents(session)
    healthy = not any(finding.level in _ALARMING for finding in found)
    if as_json:
        write_json({"healthy": healthy, "repaired": done, "findings": [_record(each) for each in found]}, indent=2)
    else:
        _tell(session, found, done, mend)
    raise typer.Exit(0 if healthy else _LEFT)


def backup(
    session: Session,
    file: Annotated[Path, typer.Argument(help="File to write; its folder must exist.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Back up the library to a file and verify the copy; works even during a scan or a watch.

    docs/operations.md explains how to restore it.
    """
    from indexer.library.checks.finding import size_text
    from indexer.library.db.backup import backup as make
    from indexer.library.db.backup import count_photos

    size = make(session.settings().config.library_file, file, overwrite=overwrite)
    write(f"{printable(file)} holds {count_photos(file):,} photos, {size_text(size)}.")


def _compare_contents(session: Session) -> list[Finding]:
    """Compare all photos with their files, until a stop request."""
    from datetime import UTC, datetime
    from time import monotonic

    from indexer.cli.service.signals import stoppable
    from indexer.pipeline.doctor.deep import backup_of, compare_contents, deep_findings

    with stoppable() as stop, session.open_library(read_only=False) as library:
        stop.gently = True
        said = monotonic()
        for progress in compare_contents(library, lambda: datetime.now(UTC), lambda: not stop.asked):
            if monotonic() - said >= _LINE_SECONDS:
                said = monotonic()
                session.say(f"{progress.check.checked:,} photos compared, {progress.left:,} left")
        return list(deep_findings(progress, backup_of(library, progress.check)))


def _tell(session: Session, found: Sequence[Finding], done: Sequence[str], mended: bool) -> None:
    for sentence in done:
        write(sentence)
    rows: list[list[str]] = []
    for finding in found:
        if finding.level != "fine" or not session.quiet:
            rows.append([finding.level, finding.check, finding.text])
            rows += [["", "", f"→ {worded(finding.advice)}"]] * bool(finding.advice)
    if rows:
        table(rows)
    counts = {level: sum(finding.level == level for finding in found) for level in ("error", "warning", "note")}
    session.say(", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items()) + ".")
    if not mended and any(finding.repairable for finding in found):
        session.say("'indexer doctor --repair' makes the repairs that are safe.")


def _record(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "advice": worded(finding.advice)}
