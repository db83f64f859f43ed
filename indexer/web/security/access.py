"""Authorization: only requests of authorized clients, from authorized pages, reach the handlers.

A handler finds in request.state: `csrf_token`, `may_write`, `is_open` (nobody has to log in),
`session` (its cookie or None).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.web.problems import Problem, answer
from indexer.web.security.credentials import Keys
from indexer.web.security.hosts import is_foreign
from indexer.web.security.sessions import Sessions, csrf_token
from indexer.web.security.throttle import LoginThrottle

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOKING = frozenset({"/api/classify", "/api/faces", "/api/similar-faces"})  # POST for the picture; nothing is changed
SIGNING = frozenset({"/login", "/logout"})
_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES = 64 * 1024
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The access rules.  is_open: everybody on this machine has access.  cookie: the name of the cookie."""

    keys: Keys
    sessions: Sessions
    cookie: str
    is_open: bool
    read_only: bool
    throttle: LoginThrottle = field(default_factory=LoginThrottle)

    def cookie_name(self, scheme: str) -> str:
        """Return the name of the cookie; over HTTPS one that no other host and no plain HTTP can set."""
        return f"__Host-{self.cookie}" if scheme == "https" else self.cookie

    def session(self, request: Request) -> str | None:
        """Return the cookie of a request whose session is valid."""
        cookie = request.cookies.get(self.cookie_name(request.url.scheme))
        return cookie if cookie and self.sessions.hold(cookie) else None


class Authorization:
    """Middleware (ASGI) that rejects unauthorized requests."""

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal, session = self._judge(request)
        if refusal is None and session and request.method not in SAFE and request.url.path != "/login":
            sent, receive = await _sent_token(request, receive)
            if not compare_digest(sent.encode(), csrf_token(session).encode()):
                refusal = answer(request, Problem(403, "This page is out of date; reload it."))
        await (refusal or self._app)(scope, receive, send)

    def _judge(self, request: Request) -> tuple[Response | None, str | None]:
        """Return the rejection of a request, None where there is none, and its session."""
        rules, headers = self._rules, request.headers
        state = request.state
        state.is_open = rules.is_open
        if problem := _of_elsewhere(request) or (_of_proxy(request) if rules.is_open else None):
            return answer(request, problem), None
        bearer = headers.get("authorization") if not rules.is_open else None
        session = None if bearer or rules.is_open else rules.session(request)
        state.session = session
        state.csrf_token = csrf_token(session) if session else ""
        may_ask = rules.is_open or session is not None or (bearer is not None and self._opens(bearer))
        state.may_write = may_ask and not rules.read_only
        if not may_ask and not _is_public(request.url.path):
            return self._unknown(request), None
        if rules.read_only and request.method not in SAFE and request.url.path not in LOOKING | SIGNING:
            return answer(request, Problem(403, "This server is read-only.")), None
        return None, session

    def _opens(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._rules.keys.open_by_token(token.strip())

    def _unknown(self, request: Request) -> Response:
        """Redirect a person to the log-in page, and send a program 401."""
        path, wants_page = request.url.path, "text/html" in request.headers.get("accept", "")
        if wants_page and request.method in SAFE and path != "/api" and not path.startswith("/api/"):
            asked = path + (f"?{request.url.query}" if request.url.query else "")
            to = f"/login?next={quote(asked, safe='/')}" if asked != "/" else "/login"
            return RedirectResponse(to, 303, {"Cache-Control": "no-store"})
        needed = "Log in, or send a token: 'Authorization: Bearer TOKEN'."
        return answer(request, Problem(401, needed, headers={"WWW-Authenticate": 'Bearer realm="indexer"'}))


def _is_public(path: str) -> bool:
    return path in ("/healthz", *SIGNING) or path.startswith("/static/")


def _of_elsewhere(request: Request) -> Problem | None:
    """Return the problem of a request that another site's page makes in the user's browser."""
    headers, site = request.headers, request.headers.get("sec-fetch-site")
    if request.method in SAFE:
        # Links from anywhere may lead here; pictures, frames and scripts of other pages may not.
        is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        wrong = site in ("cross-site", "same-site") and not is_link
    else:
        wrong = is_foreign(headers.get("origin"), site, request.url.scheme, headers.get("host", ""))
    return Problem(403, "Requests from pages of other sites are not allowed.") if wrong else None


def _of_proxy(request: Request) -> Problem | None:
    """Return the problem of a request that a proxy forwards to a server without password."""
    if any(name in request.headers for name in _FORWARDED):
        return Problem(403, "The request came through a proxy; set a password first: indexer serve --set-password.")
    return None


async def _sent_token(request: Request, receive: Receive) -> tuple[str, Receive]:
    """Return the token of a request's header or form, and a function that receives the form again."""
    if sent := request.headers.get("x-csrf-token"):
        return sent, receive
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return "", receive
    taken: deque[Message] = deque()
    body, more = b"", True
    while more and len(body) <= _FORM_BYTES:
        taken.append(await receive())
        body += taken[-1].get("body", b"")
        more = taken[-1].get("more_body", False)

    async def again() -> Message:
        return taken.popleft() if taken else await receive()

    return _field(body), again


def _field(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=100)
    except ValueError:
        return ""
    return fields.get("csrf_token", [""])[0]
