"""Log of a daemon: one plain line or one JSON object an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from indexer.advice import Advice
from indexer.cli.advice import joined
from indexer.cli.output import visible
from indexer.errors import printable
from indexer.records.plain import path_record

Style = Literal["lines", "json"]


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """A log on a stream, robust for months.

    Whatever a path contains, an event is one line, and a broken stream stops nobody.
    """

    def __init__(self, style: Style, stream: TextIO, clock: Callable[[], datetime] = _now) -> None:
        self._style = style
        self._stream = stream
        self._clock = clock

    def log(self, event: str, text: str, advice: Advice | None = None, **fields: Any) -> None:
        """Write an event.

        event: a short stable name.  text: a sentence for people; advice: what to do about it.  fields: further data
        for programs, only in JSON; a path is `name`, and `name_bytes` (base64) where it is not UTF-8.
        Lines begin with the local time, JSON has UTC (ISO 8601).
        """
        text = joined(text, advice)
        line = self._json(event, text, fields) if self._style == "json" else self._line(text)
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with suppress(OSError, ValueError):  # ValueError: the stream is closed
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._stream.flush()

    def _line(self, text: str) -> str:
        return f"{self._clock().astimezone():%Y-%m-%d %H:%M:%S} {visible(printable(text))}"

    def _json(self, event: str, text: str, fields: Mapping[str, Any]) -> str:
        time = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        record = {"time": time, "event": event, "text": printable(text)}
        for name, value in fields.items():
            record |= _field(name, value)
        return json.dumps(record, default=str)  # ASCII, which any stream and any reader accepts


def _field(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Path):
        return {key.replace("path", name, 1): each for key, each in path_record(value).items()}
    return {name: printable(value) if isinstance(value, str) else value}
