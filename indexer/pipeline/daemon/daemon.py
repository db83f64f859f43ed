"""Watch daemon: keeps a library in step with its folders as long as it runs.

Touched files are compared with the library as soon as they have settled, everything once at the start and at
intervals; both are plans that `scan.run` carries out. Touched files go before a long comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.advice import Advice
from indexer.errors import LibraryError, ModelError, StoreError, printable
from indexer.intake.discover import is_there
from indexer.intake.watch.settle import Settling
from indexer.intake.watch.watch import Watch
from indexer.library.store import Library
from indexer.pipeline.daemon.face_grouping import FaceGrouping
from indexer.pipeline.daemon.pace import Pace
from indexer.pipeline.daemon.reporter import ComparisonProgress, DaemonReporter
from indexer.pipeline.daemon.throttle import Throttle
from indexer.pipeline.scan.links import KnownLinks
from indexer.pipeline.scan.plan import Plan, plan, plan_touched
from indexer.pipeline.scan.run import run
from indexer.pipeline.workers.photo_pool import Pool
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Outcome, Removed

_PATIENCE_SECONDS = 0.5  # between checks for a stop request
_SLICE_SECONDS = 0.2  # of work, before touched files are checked again
_TOGETHER_SECONDS = 0.1  # both ends of a move settle at nearly the same time: they are compared together
_WALK_SHARE = 20  # a folder that is slow to walk is polled so much more rarely that this is one part in twenty
_RETRY_SECONDS = (10.0, 600.0)  # after the library, or a model, could not be used: at first, at most


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The daemon was asked to stop in the middle of a walk."""


@dataclass(frozen=True, slots=True)
class _Job:
    progress: ComparisonProgress
    outcomes: Generator[Outcome | None, None, None]
    is_complete: bool  # of all folders, and all existed


class Daemon:
    """The loop that keeps a library in step with its folders until it is asked to stop.

    settling: receives the events of `watch`.  throttle: when to rest.  is_wanted: asked at least every half
    second.  beat: called at least every few seconds while all is well.  ready: called when no event will
    be missed any more.  clock: seconds, monotonic.  now: seconds since 1970.  grouping: of faces, None: not wanted.
    """

    def __init__(
        self,
        library: Library,
        folders: Sequence[Path],
        pool: Pool,
        watch: Watch,
        settling: Settling,
        throttle: Throttle,
        pace: Pace,
        account: DaemonReporter,
        *,
        is_wanted: Callable[[], bool],
        beat: Callable[[], None],
        ready: Callable[[], None],
        clock: Callable[[], float],
        now: Callable[[], float],
        grouping: FaceGrouping | None = None,
    ) -> None:
        self._library, self._folders = library, tuple(folders)
        self._pool, self._watch, self._settling, self._throttle = pool, watch, settling, throttle
        self._pace, self._account = pace, account
        self._is_wanted, self._beat, self._ready = is_wanted, beat, ready
        self._clock, self._now, self._grouping = clock, now, grouping
        self._jobs: list[_Job] = []  # the last one goes first
        self._whole: dict[Path, None] = {}  # folders to be compared as a whole
        self._rested: list[Path] = []  # settled paths, and since when they wait for related ones
        self._rested_at = 0.0
        self._written: set[Path] = set()  # those of them with events: their stamps are not trusted
        self._links = KnownLinks()  # what they lead to is not watched
        self._problem: StoreError | ModelError | None = None
        self._next_look = self._next_poll = self._next_rescan = self._retry_at = 0.0
        self._retry_seconds = _RETRY_SECONDS[0]
        self._worked_at = clock()

    def run(self) -> None:
        """Work until asked to stop."""
        try:
            self._compare_all()
            self._ready()
            for each in self._watch.watched():
                text = f"{printable(each.folder)}: {each.how} ({each.reason})"
                self._account.tell("follow", text, folder=each.folder, how=each.how, reason=each.reason)
            while self._is_wanted():
                self._turn()
        except Stopped:
            pass
        finally:
            self._drop_jobs()

    def _turn(self) -> None:
        self._beat()
        self._listen()
        try:
            if self._clock() >= self._retry_at:
                self._take_up()
                self._work()
        except (StoreError, ModelError) as error:
            self._put_off(error)
        phase, reason, advice = self._phase()
        if self._grouping is not None:
            self._grouping.turn(is_idle=phase == "watching")
        queued = sum(job.progress.waiting for job in self._jobs) + len(self._settling)
        self._account.show(phase, reason, advice, (*self._watch.watched(), *self._links.watched()), queued)
        self._wait()

    def _listen(self) -> None:
        """Find out which folders must be compared as a whole."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + self._pace.look_seconds
            self._whole |= dict.fromkeys(self._watch.lost())
        if now >= self._next_rescan and self._pace.rescan_seconds:
            self._compare_all()
        if now >= self._next_poll:
            self._next_poll = now + self._pace.poll_seconds
            polled = [each.folder for each in self._watch.watched() if each.how == "polling"]
            self._whole |= dict.fromkeys(folder for folder in polled if folder.is_dir())
            self._rested += self._links.paths

    def _compare_all(self) -> None:
        self._watch.follow(self._folders)  # before the comparison: from here on no event is missed
        self._whole |= dict.fromkeys(self._folders)
        self._next_rescan = self._clock() + self._pace.rescan_seconds

    def _take_up(self) -> None:
        """Begin a comparison if one is due."""
        if any(job.progress.name == "changes" for job in self._jobs):
            return
        if settled := self._settling.settled():
            self._compare_all_if(self._links.may_have_changed(settled))
            self._rested_at = self._rested_at if self._rested else self._clock()
            self._rested += settled
            self._written |= set(settled)
        if self._rested and self._clock() >= self._rested_at + _TOGETHER_SECONDS:
            paths, self._rested = self._rested, []
            written, self._written = self._written, set()
            self._begin("changes", self._touched(paths, written))
        elif self._whole and not self._jobs:
            places, self._whole = list(self._whole), {}
            planned = self._scanned(places)
            is_complete = set(places) >= set(self._folders) and all(folder.is_dir() for folder in self._folders)
            self._begin("scan", planned, is_complete)

    def _touched(self, paths: list[Path], written: set[Path]) -> Plan:
        planned = plan_touched(
            self._library,
            paths,
            self._pool.model_ids,
            self._account.complain,
            self._step,
            written,
            folders=self._folders,
            follow=self._links.to_follow(paths),
        )
        self._compare_all_if(not self._links.are(planned.links))
        return planned

    def _compare_all_if(self, links_changed: bool) -> None:
        """Walk everything where links may have changed.

        Another link may now lead to the same folder, or a link's target may now be walked itself.
        """
        if links_changed:
            self._whole |= dict.fromkeys(self._folders)

    def _scanned(self, places: list[Path]) -> Plan:
        """Compare folders as a whole; those that vanished meanwhile come back through the watch."""
        began = self._clock()
        complain = self._account.complain
        there, roots = ([each for each in folders if each.is_dir()] for folders in (places, self._folders))
        is_all = set(there) >= set(roots)
        try:
            planned = plan(
                self._library,
                there,
                self._pool.model_ids,
                on_error=complain,
                on_step=self._step,
                beside=roots,
                follow=None if is_all else (),
            )
        except LibraryError as error:
            complain(error.path, error.reason)
            return Plan()
        self._links = KnownLinks(planned.links) if is_all else self._links
        self._compare_all_if(not self._links.are(planned.links))
        now = self._clock()
        self._next_poll = max(self._next_poll, now + _WALK_SHARE * (now - began))
        return planned

    def _begin(self, name: str, planned: Plan, is_complete: bool = False) -> None:
        """Carry out a plan, without files that are being written right now: they follow when they have settled."""
        young = {file for file in planned.work if file.path in self._settling or self._is_young(file)}
        for file in young:
            if file.path not in self._settling:
                self._settling.touch(file.path)
        changed, stale = ([file for file in files if file not in young] for files in (planned.changed, planned.stale))
        planned = replace(planned, changed=changed, stale=stale)
        batch = self._pace.batch_photos, self._pace.batch_seconds
        outcomes = run(self._library, planned, self._pool, *batch, self._clock, self._is_wanted)
        self._jobs.append(_Job(ComparisonProgress(name, planned.work_count, self._clock()), outcomes, is_complete))

    def _is_young(self, file: PhotoFile) -> bool:
        """Return whether a file was written to a moment ago; one from the future counts as old."""
        return 0 <= self._now() - file.mtime_ns / 1e9 < self._pace.settle_seconds

    def _work(self) -> None:
        """Continue with the most urgent job, for a moment."""
        end = self._clock() + _SLICE_SECONDS
        while self._jobs and self._is_wanted():
            job = self._jobs[-1]
            for outcome in job.outcomes:
                if outcome is None:
                    break
                self._account.count(job.progress, outcome)
                if self._grouping is not None:
                    self._grouping.note(outcome)
                if isinstance(outcome, Removed) and is_there(outcome.path):
                    self._settling.touch(outcome.path)  # it came back since the plan was made
            else:
                self._jobs.pop()
                self._account.sum_up(job.progress)
                if job.is_complete:
                    self._account.compared()
                self._retry_seconds = _RETRY_SECONDS[0]
            self._worked_at = self._clock()
            if self._worked_at >= end or not self._throttle.is_open():
                break

    def _put_off(self, error: StoreError | ModelError) -> None:
        """Start over later with everything: a disk that is full now may have space then, a model may be built."""
        self._problem = error
        self._drop_jobs()
        self._pool.rest()
        self._compare_all()
        self._account.trouble(error, f"trying again in {self._retry_seconds:.0f} s")
        self._retry_at = self._clock() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, _RETRY_SECONDS[1])

    def _drop_jobs(self) -> None:
        """Drop all running jobs; finished photos are stored."""
        while self._jobs:
            try:
                self._jobs.pop().outcomes.close()
            except StoreError as error:  # it will be found missing, and handled again
                self._account.trouble(error)

    def _step(self) -> None:
        self._beat()
        if not self._is_wanted():
            raise Stopped

    def _phase(self) -> tuple[str, str, Advice | None]:
        if self._problem and self._clock() < self._retry_at:
            return "paused", str(self._problem), self._problem.advice
        if reason := self._throttle.reason():
            return "paused", reason, self._throttle.advice
        return ("scanning" if self._jobs or self._whole or self._rested else "watching"), "", None

    def _wait(self) -> None:
        """Sleep until something is due, if there is nothing to do, or the throttle is closed."""
        now = self._clock()
        if self._jobs:
            if self._throttle.is_open() and now >= self._retry_at:
                return
        elif self._settling.is_something_there():
            self._pool.warm()
            self._worked_at = now
        elif now - self._worked_at >= self._pace.idle_seconds:
            self._pool.rest()
        due = [self._next_look]
        if self._jobs or self._account.is_changing:
            due.append(self._account.next_show)
        if (left := self._settling.seconds_left()) is not None:
            due.append(now + left)
        if self._rested:
            due.append(self._rested_at + _TOGETHER_SECONDS)
        if self._whole:
            due.append(self._retry_at)
        self._watch.wait(min(_PATIENCE_SECONDS, max(0.0, min(due) - now)))
