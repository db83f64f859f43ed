"""A daemon in this process that lives until it has nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import Any

from indexer.advice import Advice
from indexer.intake.watch.settle import Settling, disk_stamp
from indexer.intake.watch.watch import Watch
from indexer.library.indexing.files import file_states
from indexer.library.store import Library
from indexer.pipeline.daemon.daemon import Daemon
from indexer.pipeline.daemon.pace import Pace
from indexer.pipeline.daemon.reporter import DaemonReporter
from indexer.pipeline.daemon.status_file import DaemonStatus
from indexer.pipeline.daemon.throttle import Throttle

SETTLE = 0.03
PATIENCE = 20.0


class Followed:
    """A daemon on folders, as it is run by the program but for the models; `live` lets it go on until it rests."""

    def __init__(
        self, library: Library, folders: Sequence[Path], mode: str, pace: Pace, pool: Any, throttle: Throttle
    ) -> None:
        self.library, self.pool = library, pool
        self.settling = Settling(SETTLE, monotonic, disk_stamp)
        self.told: list[tuple[str, str]] = []
        self.advised: list[Advice | None] = []
        self.account = DaemonReporter(
            DaemonStatus(1, "here", "now"), self._tell, lambda _: None, lambda: 100 * monotonic(), time
        )
        self.watch = Watch(self.settling, self.account.notice, mode=mode)
        self._wanted: Callable[[], bool] = lambda: True
        self._met: set[Path] = set()
        self._sentinels = (folders[0] / f"sentinel-{number}" for number in count())
        self.daemon = Daemon(
            library,
            folders,
            pool,
            self.watch,
            self.settling,
            throttle,
            pace,
            self.account,
            is_wanted=lambda: self._wanted(),
            beat=lambda: None,
            ready=lambda: None,
            clock=monotonic,
            now=time,
        )

    def live(self, *happenings: Callable[[], Any], until: Callable[[], bool] | None = None) -> None:
        """Run while things happen, one each time the daemon asks whether it is wanted, and until it is at rest."""
        waiting = list(happenings)
        end = monotonic() + PATIENCE
        sentinel: list[Path] = []

        def wanted() -> bool:
            assert monotonic() < end, (self.account.presence, self.told)
            self.watch.wake()  # no waiting for what is not due yet
            if waiting:
                waiting.pop(0)()
                return True
            if until is not None:
                return not until()
            if not sentinel:
                sentinel.append(next(self._sentinels))
                sentinel[0].touch()
            if sentinel[0] not in self._met:
                if sentinel[0] in file_states(self.library, [sentinel[0]]):
                    self._met.add(sentinel[0])
                    self.account.presence = replace(self.account.presence, phase="starting")
                return True
            return self.account.presence.phase != "watching" or self.account.presence.queued > 0

        self._wanted = wanted
        self.daemon.run()

    def _tell(self, event: str, text: str, advice: Advice | None = None, **_: Any) -> None:
        self.told.append((event, text))
        self.advised.append(advice)
