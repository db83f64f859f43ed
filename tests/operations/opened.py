"""Which files other processes open to read, as the system tells it (Linux)."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from watchdog.events import FileClosedNoWriteEvent, FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class Opened(FileSystemEventHandler):
    """Remembers when each file of a folder was opened first."""

    def __init__(self, folder: Path) -> None:
        self.times: dict[Path, float] = {}
        self._observer = Observer()
        self._observer.schedule(
            self, str(folder), recursive=True, event_filter=[FileOpenedEvent, FileClosedNoWriteEvent]
        )

    def __enter__(self) -> Self:
        self._observer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.stop()
        self._observer.join()

    def on_opened(self, event: FileSystemEvent) -> None:
        self.times.setdefault(Path(str(event.src_path)), time.monotonic())
