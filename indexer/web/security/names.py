"""Requests flow in; those that call this server by a name that is not its own go no further (DNS rebinding)."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from indexer.web.problems import Problem
from indexer.web.refusal import refuse
from indexer.web.security.hosts import Hosts, split_host


class Names:
    """Middleware (ASGI) that checks the Host header."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, problem)

    def _problem(self, scope: Scope) -> Problem | None:
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(sent) != 1 or split_host(sent[0]) is None:
            return Problem(400, "A request needs one Host header, the name of this server.")
        if not self._hosts.know(sent[0]):
            return Problem(421, "This server goes by other names; serve_hosts in the settings adds one.")
        return None
