"""A problem flows in before any route is asked; the answer flows out over ASGI."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from indexer.web.problems import Problem, answer


async def refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answer a request with a problem: JSON to programs, a page to people."""
    await answer(Request(scope), problem)(scope, receive, send)
