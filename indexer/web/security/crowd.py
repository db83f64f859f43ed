"""Requests flow in; those that come while too many of their kind are under way are sent away for a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from indexer.web.problems import Problem
from indexer.web.refusal import refuse


class Crowd:
    """Middleware (ASGI) that lets so many requests of a kind be under way at once.

    kind: that of a request.  most: kind → how many; a kind that is not in it has no limit.
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
