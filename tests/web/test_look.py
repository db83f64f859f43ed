"""Pictures that somebody sends are looked at, and nothing of them is kept; what is no picture is refused."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image

from indexer.web.api import upload as uploading

if TYPE_CHECKING:
    from conftest import Serve, Served

UPLOADS = ("/api/classify", "/api/faces", "/api/similar-faces")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever becomes of an upload, its file is gone."""
    folder = tmp_path_factory.mktemp("uploads")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert not list(folder.iterdir())


def detail(response: Response, status: int) -> str:
    about = response.json()
    assert response.status_code == about["status"] == status, about
    assert response.headers["content-type"] == "application/problem+json"
    assert "indexer-upload" not in about["detail"]
    return str(about["detail"])


def jpeg(image: Image.Image, **options: object) -> bytes:
    written = BytesIO()
    image.convert("RGB").save(written, "JPEG", **options)  # type: ignore[arg-type]
    return written.getvalue()


def test_a_picture_is_classified(client: TestClient, samples: dict[str, Path]) -> None:
    answer = client.post("/api/classify", content=samples["cat"].read_bytes(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    first, *rest = answer.json()
    assert set(first) == {"label", "score", "model"}
    assert "cat" in first["label"]
    assert all(first["score"] >= each["score"] for each in rest)


def test_all_that_models_see_is_told_on_request(client: TestClient, samples: dict[str, Path]) -> None:
    file = {"file": ("../../etc/my cat.png", samples["cat"].read_bytes(), "image/png")}
    seen = client.post("/api/classify?details=true", files=file).json()
    assert seen["path"] == "my cat.png"
    assert "cat" in {tag["name"] for tag in seen["tags"]}
    assert seen["labels"]


def test_faces_give_tags_only_where_they_are_looked_for(shown: Served, samples: dict[str, Path]) -> None:
    content = samples["hopper"].read_bytes()
    told = [
        {tag["name"] for tag in shown.client.post(f"/api/classify?details=true{more}", content=content).json()["tags"]}
        for more in ("", "&faces=true")
    ]
    assert "portrait" in told[1] - told[0]
    photo = shown.client.get(f"/api/photos/{shown.photo('grace_hopper')}").json()
    assert told[1] == {tag["name"] for tag in photo["tags"]}


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "application/octet-stream", "", None, "IMAGE/JPEG; q=1"])
def test_any_image_type_may_be_said(client: TestClient, samples: dict[str, Path], kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post("/api/classify", content=samples["flower"].read_bytes(), headers=headers)
    assert answer.status_code == 200


def test_faces_are_found_and_described(client: TestClient, samples: dict[str, Path]) -> None:
    (face,) = client.post("/api/faces", files={"file": samples["astronaut"].read_bytes()}).json()
    assert face["face"] == 1
    assert len(face["landmarks"]) == 5
    assert len(face["descriptor"]) == 128
    assert 0 < face["box"]["left"] < 1
    assert face["model"].startswith("dlib-face-resnet")


def test_a_picture_without_faces_has_none(client: TestClient, samples: dict[str, Path]) -> None:
    for address in ("/api/faces", "/api/similar-faces"):
        answer = client.post(address, content=samples["flower"].read_bytes())
        assert (answer.status_code, answer.json()) == (200, [])


def test_people_of_a_picture_are_found_in_the_library(shown: Served, samples: dict[str, Path]) -> None:
    smaller = Image.open(samples["hopper"])
    smaller.thumbnail((400, 400))
    (face,) = shown.client.post("/api/similar-faces", content=jpeg(smaller)).json()
    best = face["matches"][0]
    assert best["photo"] == shown.photo("grace_hopper")
    assert best["path"].endswith("grace_hopper.jpg")
    assert best["distance"] < 0.4
    assert best["probability"] > 0.5
    assert (
        len(shown.client.post("/api/similar-faces?threshold=100&limit=1", content=jpeg(smaller)).json()[0]["matches"])
        == 1
    )
    assert shown.client.post("/api/similar-faces?threshold=0", content=jpeg(smaller)).json()[0]["matches"] == []


def test_faces_like_one_of_the_library_are_others(shown: Served) -> None:
    (face,) = shown.client.get(f"/api/photos/{shown.photo('grace_hopper')}").json()["faces"]
    like = shown.client.get(f"/api/faces/{face['face']}/similar?threshold=100").json()
    assert (like["face"], like["photo"]) == (face["face"], shown.photo("grace_hopper"))
    assert like["poor"] is False
    assert face["face"] not in [match["face"] for match in like["matches"]]
    assert "astronaut.png" in {Path(match["path"]).name for match in like["matches"]}
    assert shown.client.get(f"/api/faces/{face['face']}/similar?threshold=0").json()["matches"] == []
    assert detail(shown.client.get("/api/faces/999999/similar"), 404)


def test_a_face_that_is_too_blurred_to_be_compared_surely_says_so(served: Served, samples: dict[str, Path]) -> None:
    (face,) = served.client.get(f"/api/photos/{served.photo('grace_hopper')}").json()["faces"]
    with served.site.library.writing() as connection:
        connection.exec_driver_sql("UPDATE faces SET quality = 0.01 WHERE id = ?", (face["face"],))
    assert served.client.get(f"/api/faces/{face['face']}/similar").json()["poor"] is True
    small = Image.open(samples["hopper"])
    small.thumbnail((60, 60))
    for address in ("/api/faces", "/api/similar-faces"):
        assert served.client.post(address, content=samples["hopper"].read_bytes()).json()[0]["poor"] is False
        for found in served.client.post(address, content=jpeg(small)).json():
            assert found["poor"] is (found["quality"] < 0.15)


@pytest.mark.parametrize("threshold", ["nan", "inf", "-1", "x"])
def test_a_threshold_is_a_number(client: TestClient, threshold: str) -> None:
    assert client.get(f"/api/faces/1/similar?threshold={threshold}").status_code == 422


def zipped() -> bytes:
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        archive.writestr("a.txt", "a" * 1000)
    return written.getvalue()


def bomb() -> bytes:
    """250 megapixels in 240 kB."""
    written = BytesIO()
    Image.new("1", (25_000, 10_000)).save(written, "PNG")
    return written.getvalue()


NO_PICTURES = {
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "zip": zipped(),
    "text": b"hello",
    "one byte": b"\xff",
    "half a JPEG": jpeg(Image.effect_noise((400, 300), 80))[:9000],
    "a damaged PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a bomb": bomb(),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3",
    "an EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("name", NO_PICTURES)
@pytest.mark.parametrize("address", UPLOADS)
def test_what_is_no_picture_is_refused(client: TestClient, name: str, address: str) -> None:
    reason = detail(client.post(address, content=NO_PICTURES[name], headers={"Content-Type": "image/jpeg"}), 422)
    assert ("megapixels" in reason) == (name == "a bomb")
    detail(client.post(address, files={"file": ("a.jpg", NO_PICTURES[name], "image/jpeg")}), 422)


def test_nothing_is_no_picture(client: TestClient) -> None:
    for address in UPLOADS:
        detail(client.post(address, content=b"", headers={"Content-Type": "image/jpeg"}), 422)
        detail(client.post(address, files={"file": ("a.jpg", b"")}), 422)


FORMS = {
    "no file": {"files": {"picture": b"x"}},
    "a field that is no file": {"files": {"other": b"x"}, "data": {"file": "text"}},
    "two files": {"files": [("file", b"x"), ("file", b"y")]},
    "no boundary": {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    "not as the boundary says": {"content": b"x" * 50, "headers": {"Content-Type": "multipart/form-data; boundary=a"}},
    "never ended": {
        "content": b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nabc',
        "headers": {"Content-Type": "multipart/form-data; boundary=a"},
    },
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_not_as_described_is_refused(client: TestClient, name: str) -> None:
    detail(client.post("/api/classify", **FORMS[name]), 422)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["application/json", "text/html", "video/mp4"])
def test_other_types_are_refused(client: TestClient, kind: str) -> None:
    detail(client.post("/api/classify", content=b"{}", headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("form", [False, True])
def test_too_large_a_body_is_refused(serve: Serve, tmp_path: Path, chunked: bool, form: bool) -> None:
    body = bytes(1_100_000)
    headers = {"Content-Type": "image/png"}
    if form:
        around = b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        body, headers = around + body + b"\r\n--a--\r\n", {"Content-Type": "multipart/form-data; boundary=a"}

    def parts() -> Iterator[bytes]:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    with serve(tmp_path, serve_upload_mb=1) as served:
        answer = served.client.post("/api/classify", content=parts() if chunked else body, headers=headers)
    detail(answer, 413)


def test_a_full_house_says_when_to_come_back(serve: Serve, tmp_path: Path) -> None:
    slow = BytesIO()
    Image.fromarray(np.zeros((3_000, 3_000), np.float32)).save(slow, "TIFF", compression="tiff_adobe_deflate")
    begun = threading.Barrier(6)

    with serve(tmp_path) as served, ThreadPoolExecutor(6) as threads:  # one worker, two may wait

        def send(_: int) -> Response:
            begun.wait()
            return served.client.post("/api/classify", content=slow.getvalue())

        answers = list(threads.map(send, range(6)))
    refused = [each for each in answers if each.status_code == 503]
    assert {each.status_code for each in answers} == {200, 503}
    assert 1 <= len(refused) <= 3
    assert all(1 <= int(each.headers["retry-after"]) <= 60 for each in refused)


def test_without_faces_none_are_looked_for(serve: Serve, tmp_path: Path, samples: dict[str, Path]) -> None:
    with serve(tmp_path, faces=False) as served:
        for address in UPLOADS[1:]:
            assert "is off" in detail(served.client.post(address, content=samples["hopper"].read_bytes()), 409)
        detail(served.client.get("/api/faces/1/similar"), 409)
        assert served.client.post("/api/classify", content=samples["cat"].read_bytes()).status_code == 200


def test_models_that_are_not_built_are_named(serve: Serve, tmp_path: Path, samples: dict[str, Path]) -> None:
    with serve(tmp_path, models_folder=tmp_path / "none") as served:
        assert "is not built" in detail(served.client.post("/api/classify", content=samples["cat"].read_bytes()), 500)


def test_a_read_only_server_looks_at_pictures(serve: Serve, tmp_path: Path, samples: dict[str, Path]) -> None:
    with serve(tmp_path, serve_read_only=True) as served:
        assert served.client.post("/api/classify", content=samples["cat"].read_bytes()).status_code == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk here is always full")
@pytest.mark.parametrize("form", [True, False])
def test_a_picture_for_which_the_disk_has_no_room_is_refused_for_a_while(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    monkeypatch.setattr(uploading, "NamedTemporaryFile", lambda **_: Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115
    body = {"files": {"file": b"x" * 5000}} if form else {"content": b"x" * 5000}
    answer = client.post("/api/classify", **body)  # type: ignore[arg-type]
    assert "no room" in detail(answer, 503)
    assert answer.headers["retry-after"]
