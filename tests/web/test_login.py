"""A person logs in by a page, stays logged in, and is logged out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from indexer.config.config import Config
from indexer.web.problems import add_problems
from indexer.web.security.credentials import kept_password, kept_token, new_token
from indexer.web.security.security import Guard

PASSWORD = "correct horse"
KEPT = kept_password(PASSWORD)
Start = Callable[..., TestClient]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a server with a password and one page; return a browser without cookies."""

    def begin(url: str = "http://localhost:8710", **settings: Any) -> TestClient:
        app = FastAPI()
        add_problems(app)

        @app.get("/")
        @app.get("/api/token")
        @app.post("/api/token")
        def token(request: Request) -> str:
            return str(request.state.csrf_token)

        given = {"library": tmp_path / "l.sqlite", "serve_password": KEPT, "serve_hosts": ("photos.example.org",)}
        Guard.of(Config(**{**given, **settings})).protect(app)
        return TestClient(app, url, follow_redirects=False)

    return begin


def log_in(client: TestClient, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/login", data={"password": password, **fields})


def test_the_page_asks_for_the_password_and_keeps_where_one_wanted_to_go(start: Start) -> None:
    page = start().get("/login?next=/people/3%3Fq=a%26b")
    assert page.status_code == 200
    assert 'type="password"' in page.text
    assert 'name="next" value="/people/3?q=a&amp;b"' in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_right_password_opens_and_log_out_closes(start: Start) -> None:
    client = start()
    assert client.get("/").status_code == 401
    done = log_in(client, next="/?q=dog")
    assert (done.status_code, done.headers["location"]) == (303, "/?q=dog")
    cookie = client.cookies["indexer-8710"]
    token = client.get("/").json()
    assert client.get("/login").headers["location"] == "/"
    out = client.post("/logout", data={"csrf_token": token})
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert not client.cookies
    client.cookies.set("indexer-8710", cookie)  # somebody has kept it
    assert client.get("/").status_code == 401


def test_a_wrong_password_opens_nothing_and_is_told(start: Start) -> None:
    client = start()
    wrong = log_in(client, "wrong horse", next="/people")
    assert wrong.status_code == 401
    assert "Wrong password." in wrong.text
    assert 'value="/people"' in wrong.text
    assert "wrong horse" not in wrong.text
    assert not client.cookies
    for nothing in ({}, {"password": ""}, {"password": "x" * 50_000}, {"password": "\x00\ud7ff"}):
        assert client.post("/login", data=nothing).status_code == 401


def test_after_some_wrong_passwords_one_must_wait_even_with_the_right_one(start: Start) -> None:
    client = start()
    assert [log_in(client, "wrong").status_code for _ in range(5)] == [401] * 5
    slow = log_in(client)
    assert slow.status_code == 429
    assert 1 <= int(slow.headers["retry-after"]) <= 5
    assert re.search(r"Too many attempts. Wait [1-5] seconds?, then", slow.text)
    assert "1 seconds" not in slow.text


def test_the_cookie_is_for_this_server_alone(start: Start) -> None:
    plain = log_in(start()).headers["set-cookie"]
    assert re.match(r"indexer-8710=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax$", plain)
    secure = log_in(start("https://photos.example.org")).headers["set-cookie"]
    assert re.match(r"__Host-indexer-8710=[\w-]{43}; HttpOnly; .*Secure", secure)
    assert "Domain" not in plain + secure


def test_a_log_in_by_plain_http_is_none_by_https(start: Start) -> None:
    cookie = re.search("=([^;]+)", log_in(start()).headers["set-cookie"])
    assert cookie is not None
    client = start("https://photos.example.org")
    client.cookies.set("indexer-8710", cookie[1])
    assert client.get("/").status_code == 401


def test_one_stays_logged_in_over_a_restart_but_not_over_another_password(start: Start) -> None:
    client = start()
    log_in(client)
    again, other = start(), start(serve_password=kept_password("another horse"))
    for later in (again, other):
        later.cookies.set("indexer-8710", client.cookies["indexer-8710"])
    assert again.get("/").status_code == 200
    assert other.get("/").status_code == 401


def test_a_cookie_that_somebody_planted_is_no_session_after_the_log_in_either(start: Start) -> None:
    client = start()
    client.cookies.set("indexer-8710", "planted", domain="localhost.local", path="/")
    done = log_in(client)
    assert "planted" not in done.headers["set-cookie"]
    planted = start()
    planted.cookies.set("indexer-8710", "planted")
    assert planted.get("/").status_code == 401


def test_who_logs_in_again_gets_another_session_and_the_old_one_ends(start: Start) -> None:
    client = start()
    log_in(client)
    first = client.cookies["indexer-8710"]
    log_in(client)
    assert client.cookies["indexer-8710"] != first
    assert client.get("/").status_code == 200
    old = start()
    old.cookies.set("indexer-8710", first)
    assert old.get("/").status_code == 401


@pytest.mark.parametrize(
    ("to", "leads"),
    [
        ("/people?q=a%20b#x", "/people?q=a%20b#x"),
        ("", "/"),
        ("people", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/" + "x" * 5000, "/"),
    ],
)
def test_the_log_in_leads_nowhere_else(start: Start, to: str, leads: str) -> None:
    client = start()
    done = log_in(client, next=to)
    assert (done.status_code, done.headers["location"]) == (303, leads)
    assert client.get("/login", params={"next": to}).headers["location"] == leads


def test_changes_need_the_token_of_a_page_of_this_session(start: Start) -> None:
    client = start()
    log_in(client)
    token = client.get("/").json()
    other = start()
    log_in(other)
    assert client.post("/api/token").status_code == 403
    assert client.post("/api/token", headers={"X-CSRF-Token": other.get("/").json()}).status_code == 403
    assert client.post("/api/token", headers={"X-CSRF-Token": "é".encode()}).status_code == 403
    assert client.post("/api/token", data={"csrf_token": "guess"}).status_code == 403
    assert client.post("/api/token", json={"csrf_token": token}).status_code == 403
    assert client.post("/api/token", content=b"%" * 200_000).status_code == 403
    assert client.post("/api/token", headers={"X-CSRF-Token": token}).json() == token
    assert client.post("/api/token", data={"csrf_token": token}).json() == token
    assert client.post("/api/token", data={"csrf_token": token}, headers={"Origin": "http://evil"}).status_code == 403
    assert client.post("/logout").status_code == 403
    assert client.get("/").status_code == 200


def test_another_site_can_log_nobody_in(start: Start) -> None:
    for foreign in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = start().post("/login", data={"password": PASSWORD}, headers=foreign)
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers


def test_a_log_in_with_a_large_body_is_not_read(start: Start) -> None:
    assert start().post("/login", content=b"x" * 70_000).status_code == 413


def test_a_server_with_a_token_alone_says_so(start: Start) -> None:
    page = start(serve_password="", serve_token=kept_token(new_token())).get("/login")
    assert 'type="password"' not in page.text
    assert "--set-password" in page.text


def test_an_open_server_asks_for_nothing(start: Start) -> None:
    client = start(serve_password="", serve_hosts=())
    assert client.get("/login?next=/people").headers["location"] == "/people"
    assert log_in(client, "anything").headers["location"] == "/"
    assert client.post("/logout").status_code == 303
