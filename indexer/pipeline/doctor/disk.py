"""Consistency checks between the library and the disk: rows without files, files without rows, leftovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from indexer.advice import advice
from indexer.errors import printable
from indexer.library.checks.finding import Finding, counted, size_text
from indexer.library.db.engine import APPLICATION_ID
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.indexing.state import FileState
from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.pipeline.scan.plan import Plan, plan
from indexer.values.analysis import ModelIds
from indexer.values.files import PhotoFile, same_stamp
from indexer.values.outcomes import Outcome, Removed, Unchanged

_ALIVE = timedelta(hours=1)  # a copy in progress is written all the time
_HEADER = b"SQLite format 3\0"
_BATCH = 2_000  # photos in a transaction of a repair: well below a second


@dataclass(frozen=True, slots=True)
class DiskComparison:
    """The library and the disk, side by side.

    known: every photo of the library.  plan: of the folders that exist.  absent: those that do not.
    troubles: what could not be read, and why.
    """

    known: dict[Path, FileState]
    plan: Plan
    roots: tuple[Path, ...]
    absent: tuple[Path, ...]
    troubles: tuple[tuple[Path, str], ...]


def compare(library: Library, model_ids: ModelIds) -> DiskComparison:
    """Walk the folders of the library that are there."""
    roots = root_folders(library)
    absent = tuple(root for root in roots if not root.is_dir())
    troubles: list[tuple[Path, str]] = []
    there = [root for root in roots if root not in absent]

    def complain(path: Path, reason: str) -> None:
        troubles.append((path, reason))

    found = plan(library, there, model_ids, on_error=complain, on_notice=lambda *_: None)
    known = {path: each for path, each in file_states(library).items() if not each.stranger}
    return DiskComparison(known, found, tuple(roots), absent, tuple(troubles))


def check_folders(compared: DiskComparison) -> Iterator[Finding]:
    """Report folders that are missing, empty or unreadable: their photos are kept."""
    for root in compared.absent:
        count = sum(path.is_relative_to(root) for path in compared.known)
        text = f"{printable(root)} is not available; the data about its {counted(count, 'photo')} is kept"
        yield Finding("folders", "warning", text, advice("root-away", printable(root)), count=count)
    of_roots = [(path, reason) for path, reason in compared.troubles if path in compared.roots]
    for path, reason in of_roots:
        yield Finding("folders", "warning", f"{printable(path)} {printable(reason)}", "mount its disk", count=1)
    others = [each for each in compared.troubles if each not in of_roots]
    if others:
        path, reason = others[0]
        text = f"{counted(len(others), 'place')} that cannot be read, such as {printable(path)}: {printable(reason)}"
        yield Finding("folders", "warning", text, "check their permissions, or the disk", count=len(others))
    well = len(compared.roots) - len(compared.absent) - len(of_roots)
    if well:
        yield Finding("folders", "fine", f"{counted(well, 'folder')} of {len(compared.roots):,} there, with photos")


def check_photos(compared: DiskComparison) -> Iterator[Finding]:
    """Report rows without a file, and files without a row."""
    found = compared.plan
    if found.gone:
        first = printable(found.gone[0])
        text = f"{counted(len(found.gone), 'photo')} no longer on the disk, or ignored now, such as {first}"
        yield Finding("gone", "warning", text, advice("repair-or-scan-marks"), True, len(found.gone))
    back = len(found.returned) + sum(_is_back(compared.known.get(file.path), file) for file in found.changed)
    if back:
        text = f"{counted(back, 'photo')} back after being missing"
        again = advice("repair-or-scan-shows" if found.returned else "scan-shows")
        yield Finding("returned", "warning", text, again, bool(found.returned), back)
    new = sum(file.path not in compared.known for file in found.work)
    changed = sum(_is_changed(compared.known.get(file.path), file) for file in found.work)
    if new or changed:
        parts = [(new, "file", "not in the library yet"), (changed, "photo", "changed since")]
        text = ", ".join(f"{counted(number, noun)} {what}" for number, noun, what in parts if number)
        yield Finding("new files", "note", text, advice("scan"), count=new + changed)
    if not (found.gone or back or new or changed):
        yield Finding("photos", "fine", "the library and the disk agree")


def check_leftovers(library: Path, now: datetime) -> Iterator[Finding]:
    """Report leftovers beside the library: unfinished copies, and the backups of upgrades."""
    parts = leftovers(library, now)
    if parts:
        first = printable(parts[0].name)
        text = f"{counted(len(parts), 'unfinished file')} ({_sizes(parts)}) next to the library, such as {first}"
        yield Finding("leftovers", "note", text, f"{advice('repair')} deletes them", True, len(parts))
    else:
        yield Finding("leftovers", "fine", "no unfinished files next to the library")
    copies = [each for each in _beside(library) if each.name.startswith(f"{library.name}.before-")]
    copies = [each for each in copies if each.suffix == ".bak"]
    if copies:
        names = ", ".join(printable(each.name) for each in copies)
        text = f"copies from before an upgrade or a removal ({_sizes(copies)}): {names}"
        yield Finding("upgrade copies", "note", text, "delete them if you no longer need them", count=len(copies))


def leftovers(library: Path, now: datetime) -> list[Path]:
    """Return unfinished copies of libraries in its folder that nobody writes any more."""
    before = (now - _ALIVE).timestamp()
    parts = [each for each in _beside(library) if each.suffix == ".part"]
    return [each for each in parts if each.stat().st_mtime < before and _is_ours(each, library)]


def delete_leftovers(library: Path, now: datetime) -> int:
    """Delete unfinished copies; return how many."""
    parts = leftovers(library, now)
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def mark_gone(library: Library, model_ids: ModelIds) -> int:
    """Mark the photos as missing that are certainly gone; return how many."""
    return _record(library, map(Removed, compare(library, model_ids).plan.gone))


def show_returned(library: Library, model_ids: ModelIds) -> int:
    """Unmark missing photos whose files are back; return how many."""
    return _record(library, map(Unchanged, compare(library, model_ids).plan.returned))


def _record(library: Library, outcomes: Iterator[Outcome]) -> int:
    count = 0
    while batch := list(islice(outcomes, _BATCH)):
        record_outcomes(library, batch)
        count += len(batch)
    return count


def _is_back(known: FileState | None, file: PhotoFile) -> bool:
    """Return whether a missing photo seems to be back: only its change time differs."""
    return known is not None and known.missing and not _is_changed(known, file)


def _is_changed(known: FileState | None, file: PhotoFile) -> bool:
    """Tell whether a file was written to; where only its change time is another, that is for a scan to look into."""
    return known is not None and not same_stamp(known, file, ctime=False)


def _beside(library: Path) -> list[Path]:
    folder = library.parent
    return sorted(each for each in folder.iterdir() if each.is_file()) if folder.is_dir() else []


def _is_ours(part: Path, library: Path) -> bool:
    if part.name.startswith(f"{library.name}."):
        return True
    with part.open("rb") as stream:
        head = stream.read(72)
    return head.startswith(_HEADER) and int.from_bytes(head[68:72]) == APPLICATION_ID


def _sizes(files: Sequence[Path]) -> str:
    return size_text(sum(each.stat().st_size for each in files))
