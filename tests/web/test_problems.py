"""What goes wrong is told as a problem to programs, as a page to people; and nothing of the inside shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from indexer.errors import (
    ConfigError,
    IndexerError,
    LibraryError,
    ModelError,
    PhotoError,
    QueryError,
    StoreError,
)
from indexer.library.db.engine import BEING_WRITTEN
from indexer.pipeline.workers.task_pool import PoolBusyError
from indexer.web.http import add_caching, cached, etag
from indexer.web.problems import Problem, add_problems

P = Path("/photos/a.jpg")


def answer(error: Exception, path: str = "/api/broken"):
    app = FastAPI()
    add_problems(app)

    @app.get(path)
    def broken() -> None:
        raise error

    return TestClient(app, raise_server_exceptions=False).get(path)


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (QueryError("(", 1, "a word is missing"), 400, None),
        (PhotoError(P, "decode", "is cut short"), 422, None),
        (LibraryError(P, "is not in the library"), 404, None),
        (StoreError(P, "is damaged"), 503, None),
        (StoreError(P, BEING_WRITTEN), 503, "5"),
        (ConfigError("faces", "is false"), 500, None),
        (ModelError("dlib", "is not built"), 500, None),
        (IndexerError("no person has the number 7"), 422, None),
        (Problem(410, "It is gone."), 410, None),
        (Problem(503, "Busy.", headers={"Retry-After": "9"}), 503, "9"),
        (ZeroDivisionError("secret inside"), 500, None),
    ],
)
def test_each_error_is_a_problem_of_its_own_status(error: Exception, status: int, retry: str | None) -> None:
    told = answer(error)
    assert told.status_code == told.json()["status"] == status
    assert told.headers["content-type"] == "application/problem+json"
    assert told.headers.get("retry-after") == retry
    assert {"type", "title", "status", "detail"} <= told.json().keys()
    assert "secret" not in told.text
    assert "Traceback" not in told.text


def test_a_busy_server_says_when_to_come_back() -> None:
    error = PoolBusyError(3)
    told = answer(error)
    assert told.status_code == 503
    assert int(told.headers["retry-after"]) >= 1


def test_people_get_a_page() -> None:
    told = answer(Problem(404, "There is <no> photo."), "/photos/7")
    assert told.status_code == 404
    assert told.headers["content-type"].startswith("text/html")
    assert "There is &lt;no&gt; photo." in told.text


def test_the_api_knows_no_other_addresses_and_methods(client) -> None:
    for method, path, status in (("GET", "/api/none", 404), ("DELETE", "/api/search", 405), ("PUT", "/api/scan", 405)):
        told = client.request(method, path)
        assert told.status_code == status
        assert told.headers["content-type"] == "application/problem+json"
    assert "GET" in client.delete("/api/search").headers["allow"]


def test_an_etag_is_of_all_its_parts() -> None:
    assert etag(1, "a", None) == etag(1, "a", None)
    assert len({etag(1, "a"), etag(1, "b"), etag("1", "a"), etag(1, "a", None), etag(b"1", "a")}) == 5


@pytest.mark.parametrize(
    ("sent", "status"),
    [('"{}"', 304), ('W/"{}"', 304), ('"other", "{}"', 304), ("*", 304), ('"other"', 200), ("", 200)],
)
def test_who_has_the_answer_does_not_get_it_again(sent: str, status: int) -> None:
    app = FastAPI()
    add_caching(app)

    @app.get("/")
    def tell(request: Request, response: Response) -> str:
        cached(request, response, 7, seconds=60)
        return "told"

    header = {"If-None-Match": sent.format(etag(7).strip('"'))}
    told = TestClient(app).get("/", headers=header)
    assert told.status_code == status
    assert told.headers["etag"] == etag(7)
    assert told.headers["cache-control"] == "private, max-age=60"
    assert bool(told.text) == (status == 200)


def test_static_files_are_kept_long_by_their_version(client) -> None:
    from indexer.web.rendering import static

    versioned = client.get(static("css/api.css"))
    assert versioned.status_code == 200
    assert "immutable" in versioned.headers["cache-control"]
    assert client.get("/static/css/api.css").headers["cache-control"] == "no-cache"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/templates/base.html"):
        assert client.get(path).status_code == 404


def test_it_is_healthy(client) -> None:
    assert client.get("/healthz").text == "ok"
