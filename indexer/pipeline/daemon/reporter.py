"""Reporter of a daemon: its log lines, and the status that other processes can read."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from indexer.advice import Advice
from indexer.errors import IndexerError, printable
from indexer.intake.watch.watch import Watched
from indexer.pipeline.daemon.status_file import DaemonStatus, WatchedFolder
from indexer.values.outcomes import Failed, Indexed, Outcome, Removed, kind_of

_SHOW_SECONDS = 1.0
_WORDS = {"removed": "missing", "replaced": "replaced by other photos"}  # as in the summary of a scan
_RATE_SECONDS = 20.0


class Tell(Protocol):
    """A callback for events: a short stable name, a sentence, what to do about it, and fields for programs."""

    def __call__(self, event: str, text: str, advice: Advice | None = None, **fields: Any) -> None: ...


@dataclass(slots=True)
class ComparisonProgress:
    """The progress of a comparison.

    name: 'scan' or 'changes'.  waiting: photos still to be processed.  began: by the reporter's clock.
    """

    name: str
    waiting: int
    began: float
    done: Counter[str] = field(default_factory=Counter)


class DaemonReporter:
    """The reporter of what a daemon does.

    presence: the status so far.  tell: receives events.  show: receives the status for other processes, at most once
    a second.  clock: seconds, monotonic.  now: seconds since 1970.
    """

    def __init__(
        self,
        presence: DaemonStatus,
        tell: Tell,
        show: Callable[[DaemonStatus], None],
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.presence = presence
        self.tell = tell
        self._show, self._clock, self._now = show, clock, now
        self._seen: deque[float] = deque()  # when the last photos were finished
        self._complaints: dict[Path, str] = {}  # of the comparison before and of this one
        self._fresh: dict[Path, str] = {}
        self.next_show = clock()

    def count(self, progress: ComparisonProgress, outcome: Outcome) -> None:
        """Count the outcome of a file."""
        kind = kind_of(outcome)
        progress.done[kind] += 1
        if kind not in ("unchanged", "removed", "replaced"):
            progress.waiting -= 1
        if isinstance(outcome, Indexed | Failed):
            self._seen.append(self._clock())
            told = self.presence
            self.presence = replace(
                told,
                indexed=told.indexed + (kind == "indexed"),
                failed=told.failed + (kind == "failed"),
                last_photo=outcome.file.path,
                last_photo_at=self._time(),
            )
        match outcome:
            case Failed(file, stage, reason):
                text = f"failed: {printable(file.path)}: {reason}"
                self.tell("failed", text, path=file.path, stage=stage, reason=reason)
            case Removed(path):
                self.tell("removed", f"missing: {printable(path)}", path=path)

    def sum_up(self, progress: ComparisonProgress) -> None:
        """Report what a comparison has changed, if anything."""
        changed = {
            kind: number for kind, number in sorted(progress.done.items()) if kind not in ("unchanged", "skipped")
        }
        if changed:
            seconds = self._clock() - progress.began
            text = ", ".join(f"{number:,} {_WORDS.get(kind, kind)}" for kind, number in changed.items())
            fields = {"seconds": round(seconds, 3), **changed}
            self.tell(progress.name, f"{progress.name}: {text} ({seconds:.1f} s)", None, **fields)

    def compared(self) -> None:
        """Record that all folders have been compared with the library; complaints that did not recur are over."""
        self.presence = replace(self.presence, last_scan_at=self._time())
        self._complaints, self._fresh = self._fresh, {}

    def complain(self, path: Path, reason: str) -> None:
        """Report what a comparison cannot read; only once as long as it lasts, as it recurs with every comparison."""
        if reason not in (self._complaints.get(path), self._fresh.get(path)):
            self.notice(path, reason)
        self._fresh[path] = reason

    def notice(self, path: Path, reason: str) -> None:
        """Report a passing fact about a folder."""
        self.tell("trouble", f"{printable(path)}: {reason}", path=path, reason=reason)

    def trouble(self, error: IndexerError, note: str = "") -> None:
        """Report an error. note: a clause about what follows."""
        self.tell("trouble", f"{note}: {error}" if note else str(error), error.advice)

    def show(self, phase: str, reason: str, advice: Advice | None, watched: Iterable[Watched], queued: int) -> None:
        """Publish the status for other processes."""
        now = self._clock()
        if now < self.next_show:
            return
        self.next_show = now + _SHOW_SECONDS
        while self._seen and self._seen[0] < now - _RATE_SECONDS:
            self._seen.popleft()
        before = self.presence
        if phase != before.phase and "paused" in (phase, before.phase):
            text = f"paused: {reason}" if reason else "resumed"
            self.tell("paused" if reason else "resumed", text, advice, reason=reason)
        self.presence = replace(
            before,
            phase=phase,
            reason=reason,
            advice=advice,
            folders=tuple(WatchedFolder(each.folder, each.how, self._reason(each)) for each in watched),
            queued=queued,
            photos_per_second=round(len(self._seen) / _RATE_SECONDS, 2),
        )
        self._show(self.presence)

    def _reason(self, watched: Watched) -> str:
        complaint = self._fresh.get(watched.folder) or self._complaints.get(watched.folder)
        return f"{watched.reason}; it {complaint}" if complaint else watched.reason

    @property
    def is_changing(self) -> bool:
        """Return whether the status will change soon even if nothing happens."""
        return bool(self._seen)

    def _time(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
