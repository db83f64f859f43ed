"""Deep check: a comparison of every photo of a library with the bytes of its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from indexer.advice import advice
from indexer.errors import PhotoError, printable
from indexer.intake.discover import stamp
from indexer.library.checks import deep_checks as deep
from indexer.library.checks.deep_checks import DeepCheck, Doubtful, HashedFile
from indexer.library.checks.finding import Finding, counted
from indexer.library.db.backup import copy
from indexer.library.store import Library
from indexer.pipeline.scan.identity import content_hash
from indexer.values.files import same_stamp

_AT_A_TIME = 50
_FINE, _CHANGED, _DIFFERS = range(3)


@dataclass(frozen=True, slots=True)
class DeepProgress:
    """The progress of a deep check.

    left: photos still to be compared.  changed: those whose stamps differ, too, or that cannot be read;
    they do not count as compared.  doubtful: those that differ, wait for a scan and have user data.
    """

    check: DeepCheck
    left: int
    changed: int = 0
    doubtful: tuple[Doubtful, ...] = ()


def compare_contents(
    library: Library, now: Callable[[], datetime], is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[DeepProgress]:
    """Hash every file and compare it with the library; resume where the last comparison was stopped.

    The progress is stored at intervals and yielded. Before the first photo that differs is marked for the next
    scan, the library is copied to FILE.before-deep-check-NUMBER.bak.
    """
    with library.writing() as connection:
        check = deep.begin(connection, _text(now()))
    progress = DeepProgress(check, _left(library, check))
    yield progress
    while is_wanted():
        with library.reading() as connection:
            photos = deep.to_compare(connection, progress.check.last, _AT_A_TIME)
        progress = _compared(library, progress, photos, now, is_wanted)
        yield progress
        if len(photos) < _AT_A_TIME:
            return


def deep_findings(progress: DeepProgress, backup: Path) -> Iterator[Finding]:
    """Return the findings of a comparison. backup: the copy that was made before photos were marked."""
    check = progress.check
    if progress.left:
        text = f"stopped after {counted(check.checked, 'photo')}; {progress.left:,} left"
        yield Finding("contents", "note", text, advice("deep-continue"), count=progress.left)
    if check.differing:
        text = f"{counted(check.differing, 'photo')} changed since the analysis, with the same size and times"
        again = advice("scan-again", printable(backup))
        yield Finding("contents", "warning", text, again, count=check.differing)
    elif not progress.left:
        text = f"{counted(check.checked, 'photo')} unchanged since the analysis"
        yield Finding("contents", "fine", text)
    if progress.changed:
        text = f"{counted(progress.changed, 'photo')} not compared: changed since the scan, unavailable or unreadable"
        yield Finding("contents", "note", text, advice("scan-when-available"), count=progress.changed)
    for each in progress.doubtful:
        said = f" ({', '.join(each.words)})" if each.words else ""
        text = f"{printable(each.path)} is a different picture now: check your changes to it{said}"
        yield Finding("review", "warning", text, advice("review"), count=1)


def _compared(
    library: Library,
    progress: DeepProgress,
    photos: list[HashedFile],
    now: Callable[[], datetime],
    is_wanted: Callable[[], bool],
) -> DeepProgress:
    verdicts = {photo.number: _verdict(photo) for photo in takewhile(lambda _: is_wanted(), photos)}
    is_last = len(photos) < _AT_A_TIME and len(verdicts) == len(photos)
    differing = [number for number, verdict in verdicts.items() if verdict == _DIFFERS]
    before = progress.check
    check = replace(
        before,
        last=max(verdicts, default=before.last),
        checked=before.checked + sum(verdict != _CHANGED for verdict in verdicts.values()),
        differing=before.differing + len(differing),
    )
    if differing and not before.differing:
        copy(library.path, backup_of(library, check))
    with library.writing() as connection:
        deep.note(connection, check, differing, _text(now()) if is_last else None)
        doubtful = deep.doubted(connection)
    changed = progress.changed + sum(verdict == _CHANGED for verdict in verdicts.values())
    return DeepProgress(check, max(0, progress.left - len(verdicts)), changed, tuple(doubtful))


def backup_of(library: Library, check: DeepCheck) -> Path:
    """Return the path of the backup that is made before the first photo is marked."""
    return library.path.with_name(f"{library.path.name}.before-deep-check-{check.number}.bak")


def _verdict(photo: HashedFile) -> int:
    try:
        file = stamp(photo.path)
    except PhotoError:
        return _CHANGED
    if not same_stamp(file, photo):
        return _CHANGED
    content = content_hash(file)
    return _CHANGED if content is None else _FINE if content == photo.content else _DIFFERS


def _left(library: Library, check: DeepCheck) -> int:
    with library.reading() as connection:
        return deep.left(connection, check.last)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
