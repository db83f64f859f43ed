"""Who may ask the server, by what name, from which page, how much and how often."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from in_thread import run

from indexer.config.config import Config
from indexer.errors import ConfigError
from indexer.web.problems import add_problems
from indexer.web.security.credentials import Keys, kept_password, kept_token
from indexer.web.security.hosts import Hosts, is_foreign, is_loopback, split_host
from indexer.web.security.limits import BodyLimit, ConcurrencyLimit
from indexer.web.security.security import Guard
from indexer.web.security.sessions import LONGEST_SECONDS, UNUSED_SECONDS, Sessions, csrf_token
from indexer.web.security.throttle import LoginThrottle

PASSWORD = kept_password("correct horse")
TOKEN = "indexer_" + "k7Qw-3xZ" * 5 + "abc"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
Ask = Callable[..., TestClient]


def application() -> FastAPI:
    """An app that tells what it is told."""
    app = FastAPI()
    add_problems(app)

    @app.get("/")
    @app.get("/api/state")
    @app.post("/api/state")
    @app.post("/api/classify")
    def state(request: Request) -> dict[str, Any]:
        return {name: getattr(request.state, name) for name in ("csrf_token", "may_write", "is_open")}

    @app.post("/api/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/healthz")
    def healthy() -> str:
        return "ok"

    @app.get("/kept")
    def kept() -> JSONResponse:
        return JSONResponse({}, headers={"Cache-Control": "private, max-age=60"})

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("a bug")

    return app


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Make a client of a guarded app with these settings."""

    def make(url: str = "http://localhost:8710", **settings: Any) -> TestClient:
        app = application()
        Guard.of(Config(library=tmp_path / "l.sqlite", **settings)).protect(app)
        json = {"Accept": "application/json"}
        return TestClient(app, url, headers=json, raise_server_exceptions=False, follow_redirects=False)

    return make


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST.:8710", 200),
        ("127.0.0.1:8710", 200),
        ("127.8.9.1", 200),
        ("[::1]:8710", 200),
        ("photos.example.org", 200),
        ("photos.example.org:443", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("192.168.1.5:8710", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 400),
        ("localhost:port", 400),
        ("user@localhost", 400),
        ("localhost/x", 400),
        ("local host", 400),
    ],
)
def test_a_server_answers_to_its_own_names_only(ask: Ask, host: str, status: int) -> None:
    client = ask(serve_hosts=("photos.example.org",), serve_token=kept_token(TOKEN))
    client.headers.update(WITH_TOKEN)
    for path in ("/api/state", "/healthz", "/login", "/static/nothing"):
        got = client.get(path, headers={"Host": host})
        assert (got.status_code == status) if path == "/api/state" or status != 200 else got.status_code < 405


def test_a_server_for_all_addresses_answers_to_numbers_and_to_this_machines_name(tmp_path: Path) -> None:
    hosts = Hosts.of(Config(serve_address="0.0.0.0"))
    assert all(hosts.know(each) for each in ("192.168.1.5:8710", "[fe80::1]:8710", f"{socket.gethostname()}:8710"))
    assert not hosts.know("evil.example")
    one = Hosts.of(Config(serve_address="192.168.1.5"))
    assert one.know("192.168.1.5:8710")
    assert not one.know("192.168.1.6:8710")


def test_what_is_no_name_is_refused_in_the_settings() -> None:
    with pytest.raises(ConfigError, match=r"write it like photos\.example\.org"):
        Hosts.of(Config(serve_hosts=("https://photos.example.org/",)))


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("a.example:80", ("a.example", "80")),
        ("A.example.", ("a.example", "")),
        ("[::1]:80", ("::1", "80")),
        ("::1", None),
        ("a:b", None),
    ],
)
def test_a_host_has_a_name_and_a_port(host: str, parts: tuple[str, str] | None) -> None:
    assert split_host(host) == parts


@pytest.mark.parametrize(
    ("address", "alone"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.5", False),
        ("nas", False),
    ],
)
def test_only_loopback_is_for_this_machine_alone(address: str, alone: bool) -> None:
    assert is_loopback(address) is alone


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "nas"])
def test_an_address_that_others_reach_needs_a_password_or_token(address: str) -> None:
    with pytest.raises(ConfigError, match=r"can be reached from other computers; .* --set-password"):
        Guard.of(Config(serve_address=address))
    Guard.of(Config(serve_address=address, serve_token=kept_token(TOKEN)))


def test_a_name_for_others_needs_a_password_or_token_too() -> None:
    with pytest.raises(ConfigError, match=r"can reach this server by these names; .* --set-password"):
        Guard.of(Config(serve_hosts=("photos.example.org",)))


def test_on_loopback_without_password_everybody_on_this_machine_may_ask(ask: Ask) -> None:
    client = ask()
    assert client.get("/api/state").json() == {"csrf_token": "", "may_write": True, "is_open": True}
    assert client.post("/api/state").status_code == 200


def test_a_proxy_does_not_open_an_open_server_to_the_world(ask: Ask) -> None:
    refused = ask().get("/api/state", headers={"X-Forwarded-For": "203.0.113.9"})
    assert refused.status_code == 403
    assert "set a password first" in refused.json()["detail"]


def test_a_token_opens(ask: Ask) -> None:
    client = ask(serve_token=kept_token(TOKEN))
    assert client.get("/api/state", headers=WITH_TOKEN).json()["may_write"] is True
    assert client.post("/api/state", headers=WITH_TOKEN).status_code == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
)
def test_nothing_but_the_token_opens(ask: Ask, authorization: str | None) -> None:
    client = ask(serve_token=kept_token(TOKEN))
    headers = {} if authorization is None else {"Authorization": authorization}
    refused = client.get("/api/state", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/healthz", headers=headers).status_code == 200


def test_a_person_is_sent_to_the_log_in_and_comes_back(ask: Ask) -> None:
    client = ask(serve_password=PASSWORD)
    page = {"Accept": "text/html,*/*"}
    assert client.get("/", headers=page).headers["location"] == "/login"
    sent = client.get("/people/3?q=a b&x=1", headers=page)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/people/3%3Fq%3Da%2520b%26x%3D1")
    assert client.get("/api/state", headers=page).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:8710"}, 200),
        ({"Origin": "http://localhost:8710", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost:8710", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_pages_of_others_change_nothing(ask: Ask, headers: dict[str, str], status: int) -> None:
    assert ask().post("/api/state", headers=headers).status_code == status
    assert ask(serve_token=kept_token(TOKEN)).post("/api/state", headers=headers | WITH_TOKEN).status_code == status


def test_a_proxy_that_speaks_https_for_us_is_no_stranger() -> None:
    assert not is_foreign("https://photos.example.org", None, "http", "photos.example.org")
    assert not is_foreign("https://photos.example.org:443", None, "https", "photos.example.org")
    assert is_foreign("http://photos.example.org", None, "https", "photos.example.org")
    assert is_foreign("https://photos.example.org:8443", None, "https", "photos.example.org")


def test_links_from_elsewhere_lead_here_but_pictures_and_frames_do_not(ask: Ask) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask().get("/", headers=link).status_code == 200
    assert ask().get("/", headers=link | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert ask().get("/api/state", headers=image).status_code == 403


def test_a_read_only_server_shows_and_looks_but_changes_nothing(ask: Ask) -> None:
    client = ask(serve_read_only=True)
    assert client.get("/api/state").json()["may_write"] is False
    assert client.post("/api/classify").status_code == 200
    refused = client.post("/api/state")
    assert refused.status_code == 403
    assert "read-only" in refused.json()["detail"]
    assert client.delete("/api/state").status_code == 403


@pytest.mark.parametrize("path", ["/", "/kept", "/api/none", "/api/broken", "/login", "/static/none", "/healthz"])
def test_every_answer_has_the_headers_of_safety(ask: Ask, path: str) -> None:
    for client in (ask(), ask(serve_password=PASSWORD), ask("http://evil.example")):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers


def test_a_browser_is_told_of_openers_where_it_listens(ask: Ask) -> None:
    for url, told in (("http://localhost", True), ("https://10.0.0.5", True), ("http://10.0.0.5", False)):
        client = ask(url, serve_address="0.0.0.0", serve_token=kept_token(TOKEN))
        assert ("cross-origin-opener-policy" in client.get("/healthz").headers) is told


def test_nothing_is_kept_by_browsers_unless_a_handler_says_so(ask: Ask) -> None:
    client = ask()
    assert client.get("/").headers["cache-control"] == "no-store"
    assert client.get("/api/none").headers["cache-control"] == "no-store"
    assert client.get("/kept").headers["cache-control"] == "private, max-age=60"


def test_a_body_above_the_limit_is_not_read(ask: Ask) -> None:
    client = ask(serve_upload_mb=2)
    assert client.post("/api/length", content=b"x" * 1_000_000).json() == 1_000_000
    refused = client.post("/api/length", content=b"x" * 1_000_001)
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")
    assert "1,000,000 bytes" in refused.json()["detail"]
    assert client.post("/api/classify", content=b"x" * 2_000_000).status_code == 200
    assert client.post("/api/classify", content=b"x" * 2_100_000).status_code == 413


def test_a_body_of_unknown_length_is_counted(ask: Ask) -> None:
    pieces = (b"x" * 100_000 for _ in range(20))
    assert ask().post("/api/length", content=pieces).status_code == 413
    pieces = (b"x" * 100_000 for _ in range(3))
    assert ask().post("/api/length", content=pieces).json() == 300_000


def told(layer: Any, pieces: list[tuple[float, bytes]], path: str = "/") -> int:
    """Send a body in pieces, each after so many seconds, through ASGI; return the status."""

    async def ask() -> int:
        left, sent = list(pieces), []

        async def receive() -> dict[str, Any]:
            seconds, body = left.pop(0) if left else (60.0, b"")
            await asyncio.sleep(seconds)
            return {"type": "http.request", "body": body, "more_body": bool(left) or not body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "state": {}}
        scope |= {"scheme": "http", "server": ("localhost", 80), "root_path": "", "http_version": "1.1"}
        await layer({**scope, "headers": [(b"accept", b"application/json")]}, receive, send)
        (status,) = [each["status"] for each in sent if each["type"] == "http.response.start"]
        return int(status)

    return run(ask())


async def length_of(scope: Any, receive: Any, send: Any) -> None:
    await JSONResponse(len(await Request(scope, receive).body()))(scope, receive, send)


def test_a_body_that_stops_coming_or_trickles_is_given_up() -> None:
    layer = BodyLimit(length_of, lambda _: 1000, silent_seconds=0.1, first_seconds=0.2)
    assert told(layer, [(0.0, b"x"), (0.01, b"y")]) == 200
    assert told(layer, [(0.0, b"x"), (5.0, b"y")]) == 408
    assert told(layer, [(0.05, b"x")] * 50) == 408


def test_so_many_requests_of_a_kind_are_under_way_at_once() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await JSONResponse({})(scope, receive, send)

    async def ask() -> list[tuple[int, str | None]]:
        layer = ConcurrencyLimit(slow, lambda scope: scope["path"], {"/few": 2})

        async def one(path: str) -> tuple[int, str | None]:
            sent: list[dict[str, Any]] = []

            async def send(message: Any) -> None:
                sent.append(message)

            headers = [(b"accept", b"application/json")]
            scope = {
                "type": "http",
                "method": "GET",
                "path": path,
                "headers": headers,
                "query_string": b"",
                "state": {},
            }
            scope |= {"scheme": "http", "server": ("localhost", 80), "root_path": "", "http_version": "1.1"}
            await layer(scope, None, send)
            return sent[0]["status"], dict(sent[0]["headers"]).get(b"retry-after", b"").decode()

        busy = list(await asyncio.gather(*(one("/few") for _ in range(3)), one("/many")))
        return [*busy, await one("/few")]

    assert run(ask()) == [(200, ""), (200, ""), (503, "2"), (200, ""), (200, "")]


def test_a_password_is_kept_with_its_salt_and_cost() -> None:
    assert PASSWORD.startswith("scrypt:32768:8:3:")
    assert kept_password("correct horse") != PASSWORD
    keys = Keys(Config(serve_password=PASSWORD))
    assert keys.open_by_password("correct horse")
    assert not keys.open_by_password("correct horsE")
    assert not keys.open_by_password("")
    assert not keys.open_by_password("x" * 100_000)
    assert not Keys(Config()).open_by_password("")
    older = "scrypt:1024:8:1:c2FsdHNhbHRzYWx0c2FsdA==:wrong"
    with pytest.raises(ConfigError, match="set the password again"):
        Keys(Config(serve_password=older))


@pytest.mark.parametrize("kept", ["secret", "scrypt:1099511627776:8:1:c2FsdA==:a2V5", "scrypt:3:8:1:c2FsdA==:a2V5"])
def test_a_password_that_somebody_wrote_into_the_settings_is_a_sentence(kept: str) -> None:
    with pytest.raises(ConfigError, match="--set-password"):
        Keys(Config(serve_password=kept))
    with pytest.raises(ConfigError, match="--new-token"):
        Keys(Config(serve_token=kept))


def test_sessions_outlive_a_restart_but_not_the_password(tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    cookie = Sessions(file, "one").begin()
    assert cookie not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert Sessions(file, "one").hold(cookie)
    assert not Sessions(file, "another").hold(cookie)


def test_a_session_ends_when_it_is_ended_unused_or_old(tmp_path: Path) -> None:
    now = 1_000_000_000.0
    sessions = Sessions(tmp_path / "s.json", "", lambda: now)
    first, second = sessions.begin(), sessions.begin()
    sessions.end(first)
    assert [sessions.hold(each) for each in (first, second, "", "guess")] == [False, True, False, False]
    assert not Sessions(tmp_path / "s.json", "", lambda: now).hold(first)
    used, began = now, now
    while now - began < LONGEST_SECONDS:
        assert sessions.hold(second)
        now += UNUSED_SECONDS / 2
    assert not sessions.hold(second)
    third, used = sessions.begin(), now
    now = used + UNUSED_SECONDS + 1
    assert not sessions.hold(third)


def test_sessions_have_a_bound_and_bear_a_damaged_or_forbidden_file(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"x": 3}')
    sessions = Sessions(tmp_path / "s.json", "")
    cookies = [sessions.begin() for _ in range(201)]
    assert [sessions.hold(cookies[0]), sessions.hold(cookies[-1])] == [False, True]
    nowhere = Sessions(tmp_path / "none" / "s.json", "")
    assert nowhere.hold(nowhere.begin())


def test_the_token_of_a_page_tells_nothing_of_the_cookie() -> None:
    assert csrf_token("a") != csrf_token("b")
    assert "cookie" not in csrf_token("cookie")


def test_whoever_guesses_waits_longer_each_time() -> None:
    now = 0.0
    throttle = LoginThrottle(lambda: now)
    assert [throttle.admit("10.0.0.1") for _ in range(6)] == [0, 0, 0, 0, 0, 5]
    assert throttle.admit("10.0.0.2") == 0
    waited = []
    for _ in range(10):
        now += (wait := throttle.admit("10.0.0.1")) or 0
        waited.append(wait)
        assert throttle.admit("10.0.0.1") == 0
    assert waited == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    now += 3601
    assert throttle.admit("10.0.0.1") == 0


def test_a_right_password_takes_the_tries_back() -> None:
    throttle = LoginThrottle(lambda: 0.0)
    for _ in range(100):
        assert throttle.admit("10.0.0.1") == 0
        throttle.passed("10.0.0.1")


def test_many_addresses_together_are_slowed_down_but_not_who_has_logged_in_before() -> None:
    throttle = LoginThrottle(lambda: 0.0)
    throttle.admit("192.168.1.2")
    throttle.passed("192.168.1.2")
    tried = [throttle.admit(f"10.0.{each // 250}.{each % 250}") for each in range(5000)]
    assert tried.count(0) == 50
    assert throttle.admit("192.168.1.2") == 0
    assert len(throttle._each) <= 1000


def test_an_ipv6_asker_has_one_name_for_all_its_addresses() -> None:
    throttle = LoginThrottle(lambda: 0.0)
    assert [throttle.admit(f"2001:db8:1:2::{each}") for each in range(6)] == [0, 0, 0, 0, 0, 5]
    assert throttle.admit("2001:db8:1:3::1") == 0
