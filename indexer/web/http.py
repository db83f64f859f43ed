"""What an answer is made of flows in; its ETag flows out, or 304 where the asker has that answer already."""

from __future__ import annotations

from hashlib import sha256

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = "private, no-cache"  # may be kept by the browser, and asked for again each time


class NotModified(Exception):  # noqa: N818 - no error
    """The asker has the answer already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


def etag(*parts: object) -> str:
    """Return the ETag of an answer that is determined by these parts (numbers, texts, bytes, None)."""
    return f'"{sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]}"'


def cached(request: Request, response: Response, *parts: object, seconds: int = 0) -> None:
    """Give an answer its ETag; where the asker has it, end the request with 304 (by raising NotModified).

    parts: all that determines the answer.  seconds: how long it may be used without asking again.
    """
    headers = {
        "ETag": etag(*parts),
        "Cache-Control": f"private, max-age={seconds}" if seconds else _KEPT,
    }
    if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
        raise NotModified(headers)
    response.headers.update(headers)


def add_caching(app: FastAPI) -> None:
    """Let an app answer with 304."""

    def handle(_: Request, error: Exception) -> Response:
        assert isinstance(error, NotModified)
        return Response(status_code=304, headers=error.headers)

    app.add_exception_handler(NotModified, handle)


def _has(sent: str, tag: str) -> bool:
    return sent.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in sent.split(","))


_ENDLESS = "/api/events"


class HeadRequests:
    """Middleware (ASGI) that lets every route of GET answer HEAD, too; but for streams without end."""

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
