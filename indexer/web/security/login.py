"""Log-in and log-out pages: session cookies in exchange for the password."""

from __future__ import annotations

import re
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from indexer.web.rendering import page
from indexer.web.security.access import AccessRules
from indexer.web.security.sessions import LONGEST_SECONDS

router = APIRouter(include_in_schema=False)
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST_NEXT = 2000


@router.get("/login")
def ask(request: Request, to: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Show the page of the log-in, or where it leads for whoever needs none."""
    if request.state.is_open or request.state.session:
        return _go(_own(to))
    return _shown(request, to)


@router.post("/login")
def log_in(
    request: Request, password: Annotated[str, Form()] = "", to: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Begin a session where the password is right; always a new one, whatever cookie came along."""
    rules = _rules(request)
    if rules.is_open:
        return _go(_own(to))
    address = request.client.host if request.client else ""
    if wait := rules.throttle.admit(address):
        return _wait(request, to, ceil(wait))
    if not rules.keys.open_by_password(password):
        return _shown(request, to, "Wrong password.", 401)
    rules.throttle.passed(address)
    if request.state.session:
        rules.sessions.end(request.state.session)
    response, scheme = _go(_own(to)), request.url.scheme
    response.set_cookie(
        rules.cookie_name(scheme),
        rules.sessions.begin(),
        max_age=LONGEST_SECONDS,
        secure=scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    rules, scheme = _rules(request), request.url.scheme
    response = _go("/login")
    if request.state.session:
        rules.sessions.end(request.state.session)
        response.delete_cookie(rules.cookie_name(scheme), secure=scheme == "https", httponly=True, samesite="lax")
    return response


def _rules(request: Request) -> AccessRules:
    rules: AccessRules = request.app.state.rules
    return rules


def _own(to: str) -> str:
    """Return the target after a log-in: a path of this server, nothing else."""
    return to if len(to) <= _LONGEST_NEXT and _PATH.fullmatch(to) else "/"


def _wait(request: Request, to: str, seconds: int) -> Response:
    told = f"{ceil(seconds / 60)} minutes" if seconds >= 120 else "1 second" if seconds == 1 else f"{seconds} seconds"
    response = _shown(request, to, f"Too many attempts. Wait {told}, then try again.", 429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _shown(request: Request, to: str, problem: str = "", status: int = 200) -> Response:
    has_password = _rules(request).keys.has_password
    return page(request, "login.html", status, next=_own(to), problem=problem, has_password=has_password)


def _go(to: str) -> RedirectResponse:
    return RedirectResponse(to, 303, {"Cache-Control": "no-store"})
