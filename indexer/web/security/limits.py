"""Request limits: size and speed of bodies, and the number of concurrent requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.web.problems import Problem, refuse

_CLOSE = {"Connection": "close"}
_SILENT_SECONDS = 15.0  # between two pieces
_FIRST_SECONDS = 30.0  # after that a body must have come at this rate
_LEAST_BYTES_PER_SECOND = 20_000


class BodyLimit:
    """Middleware (ASGI) that rejects bodies above a limit, before and while they are read, and those that trickle in.

    limit: the maximum bytes of a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: Callable[[Scope], int],
        silent_seconds: float = _SILENT_SECONDS,
        first_seconds: float = _FIRST_SECONDS,
    ) -> None:
        self._app, self._limit = app, limit
        self._silent_seconds, self._first_seconds = silent_seconds, first_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope)
        if _announced(scope) > limit:
            await refuse(scope, receive, send, _too_large(limit))
            return
        body = _Body(receive, limit, self._silent_seconds, self._first_seconds)
        begun = False

        async def give(message: Message) -> None:
            nonlocal begun
            if body.problem is None or begun:  # otherwise the app's response to half a body is not sent
                begun = True
                await send(message)

        try:
            await self._app(scope, body.take, give)
        except Exception:
            if body.problem is None:
                raise
        if body.problem is not None and not begun:
            await refuse(scope, receive, send, body.problem)


class _Body:
    """A body as it is read; problem: why reading stopped."""

    def __init__(self, receive: Receive, limit: int, silent_seconds: float, first_seconds: float) -> None:
        self._receive, self._limit = receive, limit
        self._silent_seconds, self._first_seconds = silent_seconds, first_seconds
        self._began = monotonic()
        self._bytes = 0
        self._ended = False
        self.problem: Problem | None = None

    async def take(self) -> Message:
        """Receive the next piece; after the body, pass messages through."""
        if self._ended:
            return await self._receive()
        if self.problem is None:
            try:
                async with asyncio.timeout(self._silent_seconds):
                    message = await self._receive()
            except TimeoutError:
                self.problem = _too_slow()
            else:
                self._count(message)
                if self.problem is None:
                    return message
        return {"type": "http.disconnect"}

    def _count(self, message: Message) -> None:
        self._bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        late = monotonic() - self._began - self._first_seconds
        if self._bytes > self._limit:
            self.problem = _too_large(self._limit)
        elif not self._ended and late * _LEAST_BYTES_PER_SECOND > self._bytes:
            self.problem = _too_slow()


def _announced(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(each) for each in lengths if each.isdigit() and len(each) < 20), default=0)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The request is larger than {limit:,} bytes.", headers=_CLOSE)


def _too_slow() -> Problem:
    return Problem(408, "The request took too long to arrive.", headers=_CLOSE)


class ConcurrencyLimit:
    """Middleware (ASGI) that limits the number of concurrent requests of each kind.

    kind: that of a request.  most: kind → limit; a kind that is not in it has none.
    """

    def __init__(self, app: ASGIApp, kind: Callable[[Scope], str], most: Mapping[str, int]) -> None:
        self._app, self._kind, self._most = app, kind, most
        self._under_way: Counter[str] = Counter()  # only touched by the one thread of the loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = self._kind(scope) if scope["type"] == "http" else ""
        if kind in self._most and self._under_way[kind] >= self._most[kind]:
            busy = Problem(503, "The server is busy; try again in a moment.", headers={"Retry-After": "2"})
            await refuse(scope, receive, send, busy)
            return
        self._under_way[kind] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[kind] -= 1
