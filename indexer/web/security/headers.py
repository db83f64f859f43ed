"""Security headers of every response.

Outermost of all: it also handles errors of the app, so that no response goes without.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.web.problems import Problem, answer
from indexer.web.security.hosts import is_loopback, split_host

_OFF = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb", "serial", "hid")
_HEADERS = {
    # Only this server's scripts, images and requests. blob: a picture that was dropped on the page.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it browsers hide the origin of a form, which this server compares.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{each}=()" for each in _OFF),
}
_NOBODY = {
    "csrf_token": "",
    "may_write": False,
    "is_open": False,
    "session": None,
}  # a request's state without authorization
_NEVER_KEPT = ("text/html", "application/json", "application/problem+json")


class Headers:
    """Middleware (ASGI) that sets security headers; Cache-Control only where the handler has not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {}).update(_NOBODY)
        begun = False

        async def give(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _harden(message, scope)
            await send(message)

        try:
            await self._app(scope, receive, give)
        except Exception:
            if not begun:
                await self._stumbled(scope, receive, give)
            raise  # for the log

    async def _stumbled(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            problem = answer(Request(scope), Problem(500, "Internal error; see the log of the server."))
        except Exception:  # over the page that would say so
            problem = PlainTextResponse("Internal error; see the log of the server.\n", 500)
        await problem(scope, receive, send)


def _harden(message: Message, scope: Scope) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers[name] = value
    if _is_trustworthy(scope):
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    kind = headers.get("content-type", "").partition(";")[0]
    headers.setdefault("cache-control", "no-store" if kind in _NEVER_KEPT else "private, no-cache")


def _is_trustworthy(scope: Scope) -> bool:
    """Return whether browsers treat the origin as trustworthy; else they warn about some headers."""
    split = split_host(Request(scope).headers.get("host", ""))
    return scope["scheme"] == "https" or (split is not None and is_loopback(split[0]))
