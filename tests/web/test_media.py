"""Thumbnails and files go out by number alone, as what they are, and only while they are what was scanned."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import relocate_folder
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Moved

if TYPE_CHECKING:
    from conftest import Home, Served

FAR = 2**62


@pytest.fixture
def own(served: Served, home: Home, tmp_path: Path) -> Path:
    """The photos of `served`, as files of the test's own."""
    shutil.copytree(home.photos, tmp_path / "photos")
    relocate_folder(served.site.library, home.photos, tmp_path / "photos")
    return tmp_path / "photos"


def picture(response: Response) -> Image.Image:
    assert response.status_code == 200, response.text
    image = Image.open(BytesIO(response.content))
    image.load()
    return image


def is_problem(response: Response, status: int) -> bool:
    about = response.json()
    return (
        response.status_code == about["status"] == status
        and response.headers["content-type"] == "application/problem+json"
        and bool(about["detail"])
    )


@pytest.mark.parametrize("side", [320, 640, 1600])
def test_a_thumbnail_fits_its_side(shown: Served, side: int) -> None:
    answer = shown.client.get(f"/api/photos/{shown.photo('grace_hopper')}/thumbnail", params={"side": side})
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert max(picture(answer).size) <= side


@pytest.mark.parametrize("side", ["0", "-1", "321", "100000", "big", ""])
def test_only_some_sides_are_made(shown: Served, side: str) -> None:
    photo = shown.photo("grace_hopper")
    assert is_problem(shown.client.get(f"/api/photos/{photo}/thumbnail", params={"side": side}), 422)


def test_a_browser_asks_once_and_again_by_its_etag(shown: Served) -> None:
    address = f"/api/photos/{shown.photo('flower.jpg')}/thumbnail?side=320"
    answer = shown.client.get(address)
    assert answer.headers["cache-control"] == "private, max-age=3600"
    again = shown.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = shown.client.get(address.replace("320", "640"), headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200


def test_a_thumbnail_outlives_its_photo_but_is_not_made_without_it(served: Served, own: Path) -> None:
    photo = served.photo("coffee.png")
    made = served.client.get(f"/api/photos/{photo}/thumbnail?side=320").content
    (own / "coffee.png").unlink()
    assert served.client.get(f"/api/photos/{photo}/thumbnail?side=320").content == made
    gone = served.client.get(f"/api/photos/{photo}/thumbnail?side=640")
    assert is_problem(gone, 410)
    assert "scan" in gone.json()["detail"]


def test_no_thumbnail_is_made_of_another_picture(served: Served, own: Path) -> None:
    photo = served.photo("coffee.png")
    Image.new("RGB", (60, 40), "red").save(own / "coffee.png")
    assert is_problem(served.client.get(f"/api/photos/{photo}/thumbnail"), 410)


def test_a_photo_that_could_not_be_read_has_no_thumbnail(shown: Served) -> None:
    (failure,) = shown.client.get("/api/failures").json()["failures"]
    assert is_problem(shown.client.get(f"/api/photos/{failure['photo']}/thumbnail"), 404)


@pytest.mark.parametrize("kind", ["photos", "faces"])
@pytest.mark.parametrize("number", [0, -1, FAR, 2**63, 10**30, "x", "..%2f..%2fetc%2fpasswd", "1/../../../etc/passwd"])
@pytest.mark.parametrize("what", ["thumbnail", "original"])
def test_what_is_no_number_of_ours_shows_nothing(client: TestClient, kind: str, number: object, what: str) -> None:
    assert client.get(f"/api/{kind}/{number}/{what}").status_code in (404, 422)


def test_a_face_is_a_square(shown: Served) -> None:
    photo = shown.photo("grace_hopper")
    (face,) = shown.client.get(f"/api/photos/{photo}").json()["faces"]
    for side in (160, 320):
        answer = shown.client.get(f"/api/faces/{face['face']}/thumbnail", params={"side": side})
        assert answer.headers["content-type"] == "image/webp"
        width, height = picture(answer).size
        assert width == height <= side
    assert "etag" in answer.headers


def test_an_original_comes_as_it_is(shown: Served, home: Home) -> None:
    answer = shown.client.get(f"/api/photos/{shown.photo('grace_hopper')}/original")
    assert answer.content == (home.photos / "grace_hopper.jpg").read_bytes()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''grace_hopper.jpg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = shown.client.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_names_do_no_harm_in_headers(served: Served, own: Path) -> None:
    name = 'a"; x\r\nSet-Cookie: 1 ü.png'
    photo = served.photo("coffee.png")
    (own / "coffee.png").rename(own / name)
    stat = (own / name).stat()
    moved = Moved(PhotoFile(own / name, stat.st_size, stat.st_mtime_ns), own / "coffee.png", photo, gone=True)
    record_outcomes(served.site.library, [moved])
    answer = served.client.get(f"/api/photos/{photo}/original")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert unquote(answer.headers["content-disposition"]) == f"inline; filename*=UTF-8''{name}"


PARTS = {
    "bytes=0-9": (0, 10),
    "bytes=100-": (100, None),
    "bytes=-7": (-7, None),
    "bytes=5-999999999": (5, None),
    "bytes=-999999999": (0, None),
}


@pytest.mark.parametrize("wanted", PARTS)
def test_a_part_of_a_file_can_be_had(shown: Served, home: Home, wanted: str) -> None:
    whole = (home.photos / "flower.jpg").read_bytes()
    first, end = PARTS[wanted]
    answer = shown.client.get(f"/api/photos/{shown.photo('flower.jpg')}/original", headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == whole[first:end]
    start = first % len(whole)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(answer.content) - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_part_that_is_not_there_is_told(shown: Served, wanted: str) -> None:
    answer = shown.client.get(f"/api/photos/{shown.photo('flower.jpg')}/original", headers={"Range": wanted})
    assert is_problem(answer, 416)
    assert answer.headers["content-range"].startswith("bytes */")


@pytest.mark.parametrize("wanted", ["bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=x", "bytes=-", ""])
def test_a_range_that_is_not_understood_gives_all(shown: Served, home: Home, wanted: str) -> None:
    answer = shown.client.get(f"/api/photos/{shown.photo('flower.jpg')}/original", headers={"Range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, (home.photos / "flower.jpg").stat().st_size)


def test_a_part_of_an_older_file_is_not_given(shown: Served) -> None:
    address = f"/api/photos/{shown.photo('flower.jpg')}/original"
    etag = shown.client.get(address).headers["etag"]
    assert shown.client.get(address, headers={"Range": "bytes=0-9", "If-Range": etag}).status_code == 206
    assert shown.client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"old"'}).status_code == 200


def replaced(path: Path) -> None:
    path.write_bytes(b"something else")


def removed(path: Path) -> None:
    path.unlink()


def linked_away(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def made_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def made_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def linked_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("change", [replaced, removed, linked_away, piped, made_folder, made_device, linked_to_itself])
def test_only_the_file_that_was_scanned_is_sent(served: Served, own: Path, change: object) -> None:
    photo = served.photo("coffee.png")
    assert callable(change)
    change(own / "coffee.png")
    assert is_problem(served.client.get(f"/api/photos/{photo}/original"), 410)
    assert is_problem(served.client.get(f"/api/photos/{photo}/thumbnail"), 410)


def test_a_link_to_the_photo_that_was_scanned_is_followed(served: Served, own: Path, tmp_path: Path) -> None:
    photo = served.photo("coffee.png")
    (own / "coffee.png").rename(tmp_path / "elsewhere.png")
    (own / "coffee.png").symlink_to(tmp_path / "elsewhere.png")
    assert served.client.get(f"/api/photos/{photo}/original").content == (tmp_path / "elsewhere.png").read_bytes()


def test_a_file_that_could_not_be_read_is_saved_not_shown(shown: Served, home: Home) -> None:
    (failure,) = shown.client.get("/api/failures").json()["failures"]
    answer = shown.client.get(f"/api/photos/{failure['photo']}/original")
    assert answer.content == (home.photos / "half.jpg").read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_no_file_stays_open(shown: Served) -> None:
    photo = shown.photo("flower.jpg")
    address = f"/api/photos/{photo}/original"
    etag = shown.client.get(address).headers["etag"]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for headers in ({}, {"Range": "bytes=0-1"}, {"Range": "bytes=99999999-"}, {"If-None-Match": etag}):
        shown.client.get(address, headers=headers)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize("address", ["/", "/api/search?q=cat", "/api/photos/1/original", "/api/photos/1/thumbnail"])
def test_the_head_of_an_answer_can_be_had_alone(shown: Served, address: str) -> None:
    head, whole = shown.client.head(address), shown.client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "content-security-policy"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_streams_without_end_have_no_head(shown: Served) -> None:
    assert shown.client.head("/api/events").status_code == 405
