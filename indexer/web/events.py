"""Server-sent events: a record, sent to all listeners whenever it changes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from indexer.errors import IndexerError
from indexer.web.advice import sentence

_LOG = logging.getLogger("indexer.web")
_LOOK_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0


class Events:
    """Polling of a record once a second as long as there are listeners, once for all of them.

    name: of the events.  read: returns the record.
    """

    def __init__(self, name: str, read: Callable[[], Mapping[str, Any]]) -> None:
        self._name, self._read = name, read
        self._text = ""
        self._version = 0
        self._news = asyncio.Condition()
        self._listeners = 0
        self._is_over = False
        self._watch: asyncio.Task[None] | None = None

    async def stream(self) -> AsyncIterator[str]:
        """Yield the current record, and each change; now and then a comment, to keep the connection open."""
        self._listeners += 1
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        seen = 0
        try:
            while not self._is_over:
                if not await self._has_news(seen):
                    yield ": still here\n\n"
                elif not self._is_over:
                    seen = self._version
                    yield f"event: {self._name}\nid: {seen}\ndata: {self._text}\n\n"
        finally:
            self._listeners -= 1

    async def close(self) -> None:
        """End all streams."""
        self._is_over = True
        async with self._news:
            self._news.notify_all()

    async def _has_news(self, seen: int) -> bool:
        try:
            async with asyncio.timeout(_HEARTBEAT_SECONDS), self._news:
                await self._news.wait_for(lambda: self._is_over or self._version > seen)
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        while self._listeners and not self._is_over:
            try:
                text = json.dumps(await run_in_threadpool(self._read), ensure_ascii=False)
            except IndexerError as error:  # locked for a moment, or a disk that is gone: the next read may succeed
                _LOG.warning("%s", sentence(error))
                text = self._text
            if text != self._text:
                self._text, self._version = text, self._version + 1
                async with self._news:
                    self._news.notify_all()
            await asyncio.sleep(_LOOK_SECONDS)
