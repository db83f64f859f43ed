"""Error responses: problem+json (RFC 9457) for programs, a page for people."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NotRequired

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from typing_extensions import TypedDict

from indexer.errors import (
    ConfigError,
    IndexerError,
    LibraryError,
    ModelError,
    PhotoError,
    ProcessLostError,
    QueryError,
    StoreError,
)
from indexer.library.db.engine import BEING_WRITTEN
from indexer.pipeline.scan.scan_thread import ScanUnderWayError
from indexer.web.advice import sentence
from indexer.web.rendering import page

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("indexer.web")
_STATUSES: tuple[tuple[type[IndexerError], int], ...] = (
    (ScanUnderWayError, 409),
    (ProcessLostError, 500),
    (QueryError, 400),
    (PhotoError, 422),
    (LibraryError, 404),
    (StoreError, 503),
    (ConfigError, 500),
    (ModelError, 500),
    (IndexerError, 422),
)
_ABOUT = {
    206: "The requested part of the file.",
    304: "Not modified since the ETag that was sent.",
    400: "The query is invalid, or the request is for another host.",
    401: "Not logged in.",
    403: "Not allowed: the server is read-only, or the request does not come from a page of this server.",
    404: "Not found.",
    405: "The address does not support this method.",
    409: "The request conflicts with the current state.",
    410: "The file no longer exists.",
    413: "The picture is too large.",
    415: "The data is not a readable picture.",
    422: "The request is invalid.",
    429: "Too many attempts; try again after Retry-After.",
    500: "Internal error; see the log of the server.",
    503: "The server is busy; try again after Retry-After.",
}


class Invalid(TypedDict):
    """An invalid part of a request."""

    where: str
    reason: str


class ProblemRecord(TypedDict):
    """Why a request failed. position: the character of the query at which the error is, counted from 1.

    errors: the invalid parts of the request.
    """

    type: str
    title: str
    status: int
    detail: str
    position: NotRequired[int]
    errors: NotRequired[list[Invalid]]


class Problem(Exception):  # noqa: N818 - its name in RFC 9457
    """The exception for a failed request.

    detail: a sentence for people.  more: further fields of the problem's record.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        title: str = "",
        type: str = "about:blank",  # noqa: A002 - its name in RFC 9457
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.type = status, detail, type
        self.title = title or HTTPStatus(status).phrase
        self.headers, self.more = dict(headers or {}), more

    @property
    def record(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return `responses` for a route or router: these errors, as problem+json."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemRecord"}}}
    return {
        status: {
            "description": _ABOUT.get(status, HTTPStatus(status).phrase),
            **({"content": content} if status >= 400 else {}),
        }
        for status in statuses
    }


def answer(request: Request, problem: Problem) -> Response:
    """Return the response to a request that failed: JSON for a program, a page for a person.

    Browsers ask for text/html where somebody opens an address, be it a file of the API; for scripts and pictures not.
    """
    accepted = request.headers.get("accept", "")
    is_api = request.url.path.startswith("/api/") and "text/html" not in accepted
    if is_api or "application/json" in accepted:
        return JSONResponse(problem.record, problem.status, problem.headers, MEDIA_TYPE)
    shown = page(request, "error.html", problem.status, **problem.record)
    shown.headers.update(problem.headers)
    return shown


def add_problems(app: FastAPI) -> None:
    """Make an app convert every error to a response."""
    app.add_exception_handler(Problem, _handled(lambda error: error))
    app.add_exception_handler(IndexerError, _handled(_of_ours))
    app.add_exception_handler(HTTPException, _handled(_of_http))
    app.add_exception_handler(RequestValidationError, _handled(_of_validation))
    app.add_exception_handler(Exception, _handled(_of_mistake))


def of_error(error: IndexerError) -> Problem:
    """Return the problem for one of our errors."""
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    parts = error.__dict__
    seconds = parts.get("retry_seconds") or (5 if parts.get("reason") == BEING_WRITTEN else None)
    headers = {"Retry-After": str(round(seconds))} if seconds else {}
    if parts.get("retry_seconds"):
        status = 503
    if status == 500:
        _LOG.error("%s", sentence(error))
    more = {"position": parts["position"] + 1} if isinstance(error, QueryError) else {}
    return Problem(status, sentence(error), headers=headers, **more)


def _handled(problem: Any) -> Any:
    def handle(request: Request, error: Exception) -> Response:
        return answer(request, problem(error))

    return handle


def _of_ours(error: IndexerError) -> Problem:
    return of_error(error)


def _of_http(error: HTTPException) -> Problem:
    return Problem(error.status_code, str(error.detail), headers=error.headers)


def _of_validation(error: RequestValidationError) -> Problem:
    found = [{"where": ".".join(map(str, each["loc"])), "reason": each["msg"]} for each in error.errors()]
    detail = "; ".join(f"{each['where']}: {each['reason']}" for each in found)
    return Problem(422, detail, errors=found)


def _of_mistake(_: Exception) -> Problem:
    return Problem(500, "Internal error; see the log of the server.")


async def refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answer a request with a problem: JSON for programs, a page for people."""
    await answer(Request(scope), problem)(scope, receive, send)
