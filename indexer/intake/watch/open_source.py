"""Opening of the event source that fits the system; the only place that starts watchdog."""

from __future__ import annotations

import errno
import sys

from indexer.intake.watch.sources import Kernel, Observed, Source, Touch, Trouble


def native(touch: Touch, trouble: Trouble) -> Source:
    """Return the source of events that fits the system; OSError where it has none, or allows no more."""
    if sys.platform == "linux":
        return kernel(touch, trouble)
    if sys.platform in ("darwin", "win32"):
        return observed(touch, trouble)
    # BSD's kqueue keeps every single file open.
    raise OSError(errno.ENOTSUP, "it tells of folders only")


def kernel(touch: Touch, trouble: Trouble) -> Source:
    """Open a queue of the Linux kernel; OSError where it allows no more."""
    from watchdog.observers.inotify_c import InotifyFD

    queue = InotifyFD()
    queue.start()
    return Kernel(queue, touch, trouble)


def observed(touch: Touch, trouble: Trouble) -> Source:
    """Start watchdog's observer for the system; OSError where it would walk the folders over and over."""
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    del trouble  # it does not publish them
    if Observer is PollingObserver:
        raise OSError(errno.ENOTSUP, "its events are not to be had")
    observer = Observer()
    observer.start()
    return Observed(observer, touch)
