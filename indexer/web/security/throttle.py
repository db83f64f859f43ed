"""Login throttle: waiting times between log-in attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from indexer.web.security.hosts import neighborhood

_MOST = 1000  # addresses that are remembered
_FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Pace:
    """A back-off: some attempts are free; then each waits twice as long as the one before, up to a maximum."""

    free: int
    first_seconds: float
    longest_seconds: float

    def seconds(self, tries: int) -> float:
        return (
            0.0
            if tries < self.free
            else min(self.longest_seconds, self.first_seconds * 2.0 ** min(tries - self.free, 20))
        )


_EACH = _Pace(free=5, first_seconds=5.0, longest_seconds=900.0)
_ALL = _Pace(free=50, first_seconds=1.0, longest_seconds=60.0)


@dataclass(slots=True)
class _Tries:
    number: int = 0
    last: float = 0.0


class LoginThrottle:
    """Back-off against password guessing: per address, and for all addresses without an earlier log-in together."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._all = _Tries()
        self._each: OrderedDict[str, _Tries] = OrderedDict()
        self._welcome: OrderedDict[str, None] = OrderedDict()

    def admit(self, address: str) -> float:
        """Return 0 where an address may try now, which counts as a failure until `passed`; else the seconds to wait."""
        name, now = neighborhood(address), self._clock()
        with self._lock:
            tries = self._each.pop(name, None) or _Tries()
            self._each[name] = tries
            while len(self._each) > _MOST:
                self._each.popitem(last=False)
            counted = [(tries, _EACH), *([] if name in self._welcome else [(self._all, _ALL)])]
            if wait := max(_left(each, pace, now) for each, pace in counted):
                return wait
            for each, _ in counted:
                each.number, each.last = each.number + 1, now
        return 0.0

    def passed(self, address: str) -> None:
        """Remove a failure: the password was right."""
        name = neighborhood(address)
        with self._lock:
            self._each.pop(name, None)
            if name not in self._welcome:
                self._all.number = max(0, self._all.number - 1)
            self._welcome[name] = None
            self._welcome.move_to_end(name)
            while len(self._welcome) > _MOST:
                self._welcome.popitem(last=False)


def _left(tries: _Tries, pace: _Pace, now: float) -> float:
    if now - tries.last > _FORGET_SECONDS:
        tries.number = 0
    return max(0.0, tries.last + pace.seconds(tries.number) - now) if tries.number else 0.0
