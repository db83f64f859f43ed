"""What an attacker would try on the whole application: strangers, paths, numbers, bodies, pictures, names."""

from __future__ import annotations

import io
import shutil
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from in_thread import run
from PIL import Image

from indexer.web.security.credentials import kept_password, kept_token

TOKEN = "indexer_" + "k7Qw-3xZ" * 5 + "abc"
PASSWORD = "correct horse"
KEPT = {"serve_password": kept_password(PASSWORD), "serve_token": kept_token(TOKEN)}
LOOKING = ("/api/classify", "/api/faces", "/api/similar-faces")
PAGES = ("/", "/photos/1", "/people", "/people/1", "/tags", "/duplicates", "/status", "/look", "/api")


@pytest.fixture(scope="module")
def closed(serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An application that asks for a password or a token."""
    with serve(tmp_path_factory.mktemp("closed"), **KEPT) as served:
        yield served


@pytest.fixture(scope="module")
def small(serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An application that takes pictures of one megabyte and of one megapixel."""
    with serve(tmp_path_factory.mktemp("small"), serve_upload_mb=1, max_megapixels=1.0) as served:
        yield served.client


def operations(client: TestClient) -> list[tuple[str, str]]:
    """Return method and path of every route of the API, its numbers filled in."""
    described = client.get("/api/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()["paths"]
    found = [
        (method.upper(), "/".join("1" if part.startswith("{") else part for part in path.split("/")))
        for path, methods in described.items()
        for method in methods
    ]
    assert len(found) > 20
    return found


def as_bytes(picture: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def test_a_stranger_gets_nothing_from_any_route(closed) -> None:
    for method, path in operations(closed.client):
        got = closed.client.request(method, path)
        assert (got.status_code, got.headers["content-type"]) == (401, "application/problem+json"), (method, path)
    for path in PAGES:
        got = closed.client.get(path, headers={"Accept": "text/html"})
        assert (got.status_code, got.text) == ((303, "") if path != "/api" else (401, got.text)), path
    assert closed.client.get("/api/openapi.json").status_code == 401
    assert closed.client.get("/no/such/page", headers={"Accept": "text/html"}).status_code == 303
    assert closed.client.get("/api/no-such-route").status_code == 401


def test_only_log_in_styles_and_health_are_for_everybody(closed) -> None:
    for path in ("/login", "/healthz", "/static/css/base.css"):
        assert closed.client.get(path).status_code == 200, path


@pytest.mark.parametrize("trick", ["/static/../api/status", "//api/status", "/login/../api/status", "/API/status"])
def test_no_other_way_of_writing_a_path_gets_around_the_log_in(closed, trick: str) -> None:
    assert raw(closed, trick)[0] in (401, 404)


def test_another_sites_page_changes_nothing_on_an_open_server(client: TestClient) -> None:
    for method, path in operations(client):
        if method != "GET":
            for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):
                assert client.request(method, path, headers=foreign, json={}).status_code == 403, (method, path)


def test_a_session_without_the_token_of_a_page_changes_nothing(closed) -> None:
    done = closed.client.post("/login", data={"password": PASSWORD})
    assert done.status_code == 303
    try:
        for method, path in operations(closed.client):
            if method != "GET":
                assert closed.client.request(method, path, json={}).status_code == 403, (method, path)
        assert closed.client.get("/api/status").status_code == 200
    finally:
        closed.client.cookies.clear()


def test_a_read_only_server_changes_nothing(serve, tmp_path: Path) -> None:
    with serve(tmp_path, serve_read_only=True) as served:
        before = served.site.library.path.read_bytes()
        for method, path in operations(served.client):
            if method != "GET" and path not in LOOKING:
                assert served.client.request(method, path, json={}).status_code == 403, (method, path)
            elif method == "GET" and path != "/api/events":
                assert served.client.get(path).status_code < 500, path
        assert served.site.library.path.read_bytes() == before


def test_every_route_goes_by_the_servers_names_only(client: TestClient) -> None:
    for method, path in operations(client):
        assert client.request(method, path, headers={"Host": "rebound.example"}).status_code == 421


def raw(served: Any, path: str, query: str = "", **headers: str) -> tuple[int, bytes]:
    """Ask for a path exactly as it is written, by a client that tidies nothing up."""
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        given = {"host": "127.0.0.1:8710", "accept": "application/json", **headers}
        scope = {
            "type": "http",
            "method": "GET",
            "http_version": "1.1",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8710),
            "state": {},
        }
        await served.client.app(scope, receive, send)

    run(ask())
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guard.py",
        "/static/..%2fguard.py",
        "/static/%2e%2e/guard.py",
        "/static//etc/passwd",
        "/static/..\\guard.py",
        "/static/css/../../../guard.py",
        "/static/\x00/etc/passwd",
        "/../etc/passwd",
        "//etc/passwd",
        "/api/photos/../../etc/passwd/original",
        "/api/photos/..%2f..%2fetc%2fpasswd/original",
        "/api/photos//etc/passwd/original",
        "/api/photos/1/original/../../../../etc/passwd",
        "/photos/../../etc/passwd",
    ],
)
def test_no_path_leads_out_of_what_is_shown(shown, path: str) -> None:
    status, body = raw(shown, path)
    assert status in (400, 404, 422)
    assert b"root:" not in body
    assert b"import" not in body


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "999999", "9223372036854775807", "9223372036854775808", "1e3", "1.5", "0x1", "1;--", "१", "null"],
)
def test_guessed_numbers_lead_to_nothing(client: TestClient, number: str) -> None:
    for what in ("photos/{}", "photos/{}/original", "photos/{}/thumbnail", "photos/{}/similar", "people/{}"):
        assert client.get(f"/api/{what.format(number)}").status_code in (404, 422), what
    for what in ("faces/{}/thumbnail", "faces/{}/similar"):
        assert client.get(f"/api/{what.format(number)}").status_code in (404, 422), what
    for what in ("photos", "people"):
        assert client.get(f"/{what}/{number}").status_code in (404, 422), what


def test_a_file_that_was_put_in_the_place_of_a_photo_is_not_sent(serve, home, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    photo = home.photos / "coffee.png"
    kept = tmp_path / "coffee.png"
    with serve(tmp_path) as served:
        number = served.photo("coffee.png")
        shutil.move(photo, kept)
        try:
            photo.symlink_to(secret)
            for what in ("original", "thumbnail?side=1600"):
                got = served.client.get(f"/api/photos/{number}/{what}")
                assert got.status_code == 410, what
                assert b"secret" not in got.content.replace(b"secret.txt", b"")
            photo.unlink()
            photo.mkdir()
            assert served.client.get(f"/api/photos/{number}/original").status_code == 410
            photo.rmdir()
        finally:
            photo.unlink(missing_ok=True)
            shutil.move(kept, photo)


@pytest.mark.parametrize("path", LOOKING)
def test_an_upload_above_the_limit_is_refused(small: TestClient, path: str) -> None:
    assert small.post(path, content=b"x" * 1_100_000).status_code == 413
    assert small.post(path, content=b"x" * 1_000_001).status_code == 413
    assert small.post(path, files={"file": b"x" * 1_100_000}).status_code == 413
    assert small.post(path, content=(b"x" * 50_000 for _ in range(40))).status_code == 413


def bomb(side: int) -> bytes:
    """A PNG of few bytes that says it is a square of so many pixels a side."""
    tiny = as_bytes(Image.new("1", (8, 8)))
    head = b"IHDR" + side.to_bytes(4, "big") * 2 + tiny[24:29]
    return tiny[:12] + head + zlib.crc32(head).to_bytes(4, "big") + tiny[33:]


MALFORMED = {
    "nothing": b"",
    "text": b"buy film",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "half": b"\xff\xd8\xff\xe0" + bytes(2000),
    "pixels": bomb(40_000),
    "more pixels": bomb(2**31 - 1),
    "too many pixels": as_bytes(Image.new("1", (2000, 600))),
    "zip": b"PK\x03\x04" + bytes(500),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_picture_or_too_large_a_one_is_refused_with_a_sentence(small: TestClient, body: bytes) -> None:
    for got in (small.post("/api/classify", content=body), small.post("/api/faces", files={"file": ("x", body)})):
        assert got.status_code in (413, 415, 422), got.text
        assert got.headers["content-type"] == "application/problem+json"
        told = got.json()["detail"]
        assert told
        assert "/tmp" not in told
        assert "Traceback" not in told


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--'),
        ("text/html", b"<html>"),
        ("application/json", b"{}"),
        ("image/svg+xml", b"<svg/>"),
        ("\xff".encode("latin-1").decode("latin-1"), b"x"),
    ],
)
def test_a_form_that_is_none_is_refused(small: TestClient, kind: str, body: bytes) -> None:
    got = small.post("/api/classify", content=body, headers={"Content-Type": kind.encode("latin-1")})
    assert got.status_code in (400, 413, 415, 422), got.text


def test_after_all_that_a_picture_is_still_looked_at(small: TestClient, samples: dict[str, Path]) -> None:
    picture = Image.open(samples["cat"]).convert("RGB")
    picture.thumbnail((300, 300))
    assert small.post("/api/classify", content=as_bytes(picture, "JPEG")).json()[0]["score"] > 0.1


def test_many_uploads_at_once_are_answered_or_sent_away_for_a_moment(client: TestClient) -> None:
    noise = as_bytes(Image.effect_noise((900, 900), 90).convert("RGB"), "JPEG")
    with ThreadPoolExecutor(24) as crowd:
        got = list(crowd.map(lambda _: client.post("/api/faces", content=noise), range(24)))
    assert {each.status_code for each in got} == {200, 503}
    assert all(int(each.headers["retry-after"]) >= 1 for each in got if each.status_code == 503)
    assert client.get("/healthz").status_code == 200


def test_a_body_that_is_not_json_or_nests_endlessly_is_refused(client: TestClient) -> None:
    for body in (b"{", b"[" * 100_000, b'{"faces": [' + b"1," * 100_000 + b"1]}", b"\xff\xfe", b"NaN", b"null"):
        got = client.post("/api/faces/move", content=body, headers={"Content-Type": "application/json"})
        assert got.status_code in (400, 404, 413, 422), got.text[:200]
    assert client.post("/api/scan", content=b"x" * 1_000_001).status_code == 413


def test_what_is_searched_for_is_text_on_the_page_and_no_header(client: TestClient) -> None:
    evil = '"><script>alert(1)</script>\r\nX-Evil: 1'
    for path in ("/", "/api/search", "/tags", "/people", "/photos/1"):
        got = client.get(path, params={"q": evil, "sort": evil, "at": evil})
        assert got.status_code < 500, path
        assert "<script>alert" not in got.text or got.headers["content-type"] != "text/html; charset=utf-8", path
        assert "x-evil" not in got.headers
    assert "<script>alert" not in client.get("/login", params={"next": f"/{evil}"}).text
    assert client.get("/no<script>alert(1)</script>", headers={"Accept": "text/html"}).text.count("<script>alert") == 0


def test_an_original_can_do_nothing_in_the_browser(client: TestClient, shown) -> None:
    got = client.get(f"/api/photos/{shown.photo('hopper')}/original")
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("default-src 'none'")
    assert "\n" not in got.headers["content-disposition"]
