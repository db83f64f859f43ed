"""HTTP caching: ETags, 304 responses, and HEAD requests."""

from __future__ import annotations

from hashlib import sha256

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = "private, no-cache"  # the browser may store it, but must revalidate it each time


class NotModified(Exception):  # noqa: N818 - no error
    """The client has the current response already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


def etag(*parts: object) -> str:
    """Return the ETag of a response that is determined by these parts (numbers, texts, bytes, None)."""
    return f'"{sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]}"'


def cached(request: Request, response: Response, *parts: object, seconds: int = 0) -> None:
    """Set the ETag of a response; where the client has it, end the request with 304 (by raising NotModified).

    parts: all that determines the response.  seconds: how long it may be used without revalidation.
    """
    headers = {
        "ETag": etag(*parts),
        "Cache-Control": f"private, max-age={seconds}" if seconds else _KEPT,
    }
    if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
        raise NotModified(headers)
    response.headers.update(headers)


def add_caching(app: FastAPI) -> None:
    """Make an app send 304 responses."""

    def handle(_: Request, error: Exception) -> Response:
        assert isinstance(error, NotModified)
        return Response(status_code=304, headers=error.headers)

    app.add_exception_handler(NotModified, handle)


def _has(sent: str, tag: str) -> bool:
    return sent.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in sent.split(","))


_ENDLESS = "/api/events"


class HeadRequests:
    """Middleware (ASGI) that makes every GET route answer HEAD, too, except endless streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"] == _ENDLESS:
            await self._app(scope, receive, send)
            return

        async def give(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, give)
