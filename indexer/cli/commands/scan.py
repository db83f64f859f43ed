"""`indexer scan`: indexing of folders, with progress and a summary."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.advice import sentence
from indexer.cli.away import say_found_elsewhere
from indexer.cli.lookup import build_if_missing
from indexer.cli.output import count, grouped_text, write, write_json
from indexer.cli.service.signals import INTERRUPTED, Stop, stoppable
from indexer.cli.session import Session, command
from indexer.config.config import Config
from indexer.errors import ConfigError, PhotoError, StoreError, printable
from indexer.pipeline.scan.stats import ScanStats
from indexer.values.outcomes import Indexed, Outcome

if TYPE_CHECKING:
    from indexer.library.store import Library
    from indexer.pipeline.scan.plan import Plan
    from indexer.pipeline.scan.run import Build, Scanning


_REST = {"unchanged": "unchanged", "moved": "moved", "copied": "copied", "removed": "missing", "failed": "failed"}
_SOME_FAILED = PhotoError.exit_code
_REPLACED = (
    "{} reused by other photos: your changes to the earlier photos are kept with those, as missing ('indexer history')."
)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "scan")(scan)


def scan(
    session: Session,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of photos (default: the folders in the settings).")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Number of worker processes; 0: one per CPU core.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Retry photos that failed before.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Analyze all photos again, even if they have not changed.")
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="Leave photos that only a new model has to analyze for another time.")
    ] = False,
    text: Annotated[
        bool | None, typer.Option("--text/--no-text", help="Read text in pictures (default: as in the settings).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one line of JSON.")] = False,
) -> None:
    """Index folders of photos: analyze new and changed photos, and recognize photos that were moved.

    You can stop a scan at any time (Ctrl-C); the next scan continues where it stopped.
    """
    from indexer.cli.commands.teach import tell_stale
    from indexer.cli.probe_models import probe_models
    from indexer.pipeline.scan.stats import ScanStats

    config = session.settings(workers=workers, text=text).config
    folders = paths or list(config.folders)
    if not folders:
        raise ConfigError(
            "folders", "no folder is given; run 'indexer scan ~/Photos', or add a folder with 'indexer folders add'"
        )
    scanning = _scanning(session, config, dry_run)
    scanning.prepare(folders)
    with stoppable() as stop, _open(session, config, dry_run) as library:
        tally = ScanStats(monotonic)
        planned = scanning.plan(library, folders, retry_failed=retry_failed, again=again, later=later)
        _say_earlier(session, planned, later=later)
        if dry_run:
            _say_planned(session, planned, as_json)
            return
        tell_stale(session, library, probe_models(config).id)
        stop.gently = True
        _run(session, scanning, library, planned, tally, stop)
        grouped = _group_faces(session, config, library) if tally.faces and not stop.asked else ""
        say_found_elsewhere(session, library)
    _summarize(tally, stop.asked, as_json)
    if grouped and not as_json:
        write(grouped)
    raise typer.Exit(INTERRUPTED if stop.asked else _SOME_FAILED if tally.kinds["failed"] else 0)


def _scanning(session: Session, config: Config, dry_run: bool) -> Scanning:
    from indexer.assemble import scanning

    build: Build = (lambda _: None) if dry_run else (lambda specs: build_if_missing(session, config, specs))
    return scanning(config, build, _trouble)


def _open(session: Session, config: Config, dry_run: bool) -> Library:
    from indexer.library.store import Library

    if dry_run and not config.library_file.exists():
        return Library.empty(config.library_file)
    return session.open_library(read_only=dry_run, create=True)


def _say_planned(session: Session, planned: Plan, as_json: bool) -> None:
    for file in planned.work:
        session.detail(f"would analyze {printable(file.path)}")
    for path in planned.gone:
        session.detail(f"would mark as missing {printable(path)}")
    told = {
        "unchanged": len(planned.unchanged) + len(planned.returned),
        "to_analyze": planned.work_count,
        "missing": len(planned.gone),
    }
    if as_json:
        write_json(told)
    else:
        write(
            f"Nothing was done. A scan would analyze {count(told['to_analyze'], 'file')}; "
            "{unchanged:,} are unchanged, {missing:,} are missing.".format_map(told)
        )


def _say_earlier(session: Session, planned: Plan, *, later: bool) -> None:
    """Say that photos were analyzed before a model came, and what becomes of them."""
    from indexer.values.analysis import model_name

    if not planned.earlier:
        return
    models = ", ".join(sorted(map(model_name, planned.lacking)))
    known = f"{count(planned.earlier, 'photo')} analyzed before, but not by {models}"
    if later:
        session.say(f"{known}: left for another time; 'indexer scan' without --later analyzes them.")
    else:
        session.say(
            f"{known}: only that is done now. To do it another time, press Ctrl-C and use 'indexer scan --later'."
        )


def _run(session: Session, scanning: Scanning, library: Library, planned: Plan, tally: ScanStats, stop: Stop) -> None:
    """Carry out the plan until a stop request."""
    from indexer.values.outcomes import Failed

    outcomes = timed(scanning.run(library, planned, is_wanted=lambda: not stop.asked), planned, session.say, monotonic)
    for outcome in with_progress(outcomes, planned.work_count, tally, monotonic, quiet=session.quiet):
        if isinstance(outcome, Failed):
            session.detail(f"failed: {printable(outcome.file.path)}: {outcome.reason}")


def _group_faces(session: Session, config: Config, library: Library) -> str:
    """Let new faces join people; return what came of it, '' for nothing."""
    from indexer.assemble import face_limits
    from indexer.library.people.grouping import group

    limits = face_limits(config)
    if limits is None:
        return ""
    try:
        done = group(library, limits.model, distance=limits.distance, min_quality=limits.quality)
    except StoreError as error:  # the photos are stored all the same
        session.say(f"Faces were not grouped: {sentence(error)}")
        return ""
    return f"{grouped_text(done)}." if done.joined or done.people else ""


def _summarize(tally: ScanStats, stopped: bool, as_json: bool) -> None:
    from indexer.records.scan import tally_record

    told = tally_record(tally)
    if as_json:
        write_json(told)
        return
    counts = tally.kinds + Counter(removed=tally.kinds["replaced"])
    rest = ", ".join(f"{counts[kind]:,} {word}" for kind, word in _REST.items() if counts[kind] or kind != "copied")
    write(
        f"{'Stopped. ' if stopped else ''}{count(told['indexed'], 'photo')} indexed in {tally.seconds:.1f} s "
        f"({tally.rate:.1f} photos/s), {count(tally.faces, 'face')}; {rest}."
    )
    if told["failed"]:
        write("'indexer failures' shows why.")
    if replaced := counts["replaced"]:
        write(_REPLACED.format(count(replaced, "name")))
    if stopped:
        write("Run the same command again to continue.")


def _trouble(path: Path, reason: str) -> None:
    print(f"indexer: {printable(path)}: {reason}", file=sys.stderr)  # noqa: T201


_MEASURED_SECONDS = 10.0  # after which the time that the other photos take is estimated


def timed(
    outcomes: Iterable[Outcome | None], planned: Plan, say: Callable[[str], None], clock: Callable[[], float]
) -> Iterator[Outcome | None]:
    """Yield outcomes; say how long the photos take that only a new model analyzes, as soon as that is known.

    They come last, so their speed is measured from the first of them on, where nothing waits to be stored.
    """
    stale = frozenset(file.path for file in planned.stale) if planned.earlier and planned.stale else frozenset()
    done, since, is_said = 0, clock(), not stale
    for outcome in outcomes:
        if isinstance(outcome, Indexed) and outcome.file.path in stale:
            done += 1
        elif outcome is not None:
            since = clock()
        elif done and not is_said and (spent := clock() - since) >= _MEASURED_SECONDS:
            is_said = True
            say(f"{count(len(stale), 'photo')} analyzed before: about {_duration(spent * len(stale) / done)}.")
        yield outcome


def _duration(seconds: float) -> str:
    """Return a duration as people say it: '40 s', '25 min', '2 h'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"


_LINE_SECONDS = 10.0


def with_progress(
    outcomes: Iterable[Outcome | None], total: int, tally: ScanStats, clock: Callable[[], float], *, quiet: bool = False
) -> Iterator[Outcome]:
    """Yield outcomes, counted in `tally` and shown on stderr; total: the number of photos to be analyzed."""
    watch = _counted if quiet or not total else _bar if sys.stderr.isatty() else _lines
    return watch((outcome for outcome in outcomes if outcome is not None), total, tally, clock)


def _counted(
    outcomes: Iterable[Outcome], _total: int, tally: ScanStats, _clock: Callable[[], float]
) -> Iterator[Outcome]:
    for outcome in outcomes:
        tally.add(outcome)
        yield outcome


def _bar(outcomes: Iterable[Outcome], total: int, tally: ScanStats, _clock: Callable[[], float]) -> Iterator[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        for outcome in outcomes:
            tally.add(outcome)
            progress.update(task, completed=tally.looked_at, description=tally.line())
            yield outcome


def _lines(outcomes: Iterable[Outcome], total: int, tally: ScanStats, clock: Callable[[], float]) -> Iterator[Outcome]:
    said = clock()
    for outcome in outcomes:
        tally.add(outcome)
        if clock() - said >= _LINE_SECONDS:
            said = clock()
            print(f"{tally.looked_at:,} of {count(total, 'photo')}, {tally.line()}", file=sys.stderr, flush=True)  # noqa: T201
        yield outcome
