"""How the library is, over HTTP; scans that a server does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

_PATIENCE_SECONDS = 120.0


def ended(served: Any) -> dict[str, Any]:
    """Wait for the end of the scan."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        scan: dict[str, Any] = served.client.get("/api/status").json()["scan"]
        if scan["ended_at"]:
            return scan
        time.sleep(0.05)
    raise AssertionError(scan)


@pytest.fixture
def own(serve, home, tmp_path: Path):
    """An application on a folder of photos of the test's own, which is in the settings and was never scanned."""
    from indexer.library.store import Library

    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("chelsea.png", "half.jpg"):
        shutil.copy(home.photos / name, photos)
    Library.open(tmp_path / "library.sqlite").close()
    with serve(tmp_path, folders=(photos,)) as served:
        yield served, photos


def test_the_status_is_that_of_the_command_line(client, shown, home) -> None:
    told = client.get("/api/status").json()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home.library.parent),
        "INDEXER_LIBRARY": str(shown.site.library.path),
        "INDEXER_MODELS_FOLDER": str(home.models),
    }
    command = [sys.executable, "-m", "indexer", "status", "--json"]
    known = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    assert told == {**known, "scan": None}
    assert (told["photos"], told["failed"], told["stale"]) == (10, 1, 0)
    assert (told["shown"], told["missing"], told["hidden"]) == (9, 0, 0)


def test_failures_say_which_photo_and_why(client) -> None:
    told = client.get("/api/failures").json()
    assert told["total"] == 1
    (failure,) = told["failures"]
    assert Path(failure["path"]).name == "half.jpg"
    assert (failure["stage"], "ends too early" in failure["reason"]) == ("decode", True)
    assert client.get("/api/failures?stage=read").json() == {"total": 0, "failures": []}
    assert client.get("/api/failures?offset=1").json() == {"total": 1, "failures": []}
    assert client.get("/api/failures?stage=nowhere").status_code == 422


def test_a_scan_indexes_what_is_new_and_tells_how_far_it_is(own) -> None:
    served, photos = own
    begun = served.client.post("/api/scan")
    assert begun.status_code == 202
    assert begun.json()["phase"] in ("building", "comparing")
    scan = ended(served)
    assert (scan["phase"], scan["indexed"], scan["failed"], scan["done"], scan["total"]) == ("done", 1, 1, 2, 2)
    assert Path(scan["last_photo"]["path"]).parent == photos
    assert served.client.get("/api/search?q=cat").json()["total"] == 1
    status = served.client.get("/api/status").json()
    (folder,) = status["folders"]
    assert folder.pop("last_indexed") == status["last_indexed"]
    assert folder == {"path": str(photos), "state": "there", "reason": "", "photos": 2, "missing": 0}
    assert status["photos"] == 2


def test_a_photo_that_failed_is_tried_again_only_on_request(own, home) -> None:
    served, _ = own
    served.client.post("/api/scan")
    assert ended(served)["failed"] == 1
    served.client.post("/api/scan", json={"retry_failed": False})
    assert ended(served)["total"] == 0
    served.client.post("/api/scan", json={"retry_failed": True})
    assert ended(served)["total"] == 1


def test_there_is_one_scan_at_a_time_and_it_can_be_stopped(own) -> None:
    served, _ = own
    assert served.client.post("/api/scan/stop").status_code == 409
    assert served.client.post("/api/scan").status_code == 202
    second = served.client.post("/api/scan")
    assert second.status_code == 409
    assert "already running" in second.json()["detail"]
    assert served.client.post("/api/scan/stop").status_code == 202
    assert ended(served)["phase"] == "stopped"
    assert served.client.post("/api/scan").status_code == 202
    assert ended(served)["phase"] == "done"


def test_a_folder_that_is_not_there_is_told_and_the_others_are_scanned(serve, home, tmp_path: Path) -> None:
    with serve(tmp_path, folders=(tmp_path / "unplugged",)) as served:
        served.client.post("/api/scan")
        scan = ended(served)
        assert (scan["phase"], scan["unchanged"], scan["removed"]) == ("done", 10, 0)
        assert [each["path"] for each in scan["trouble"]] == [str(tmp_path / "unplugged")]


def test_a_scan_of_nothing_but_missing_folders_is_refused(serve, tmp_path: Path) -> None:
    from indexer.library.store import Library

    Library.open(tmp_path / "library.sqlite").close()
    with serve(tmp_path, folders=(tmp_path / "unplugged",)) as served:
        answer = served.client.post("/api/scan")
        assert answer.status_code == 409
        assert "unplugged" in answer.json()["detail"]


def test_no_path_from_outside_is_scanned(served) -> None:
    assert served.client.post("/api/scan", json={"folders": ["/etc"]}).status_code == 422
    assert served.client.post("/api/scan", json={"paths": ["/etc"]}).status_code == 422


def test_a_scan_that_cannot_go_on_says_why(own, home) -> None:
    served, _ = own
    served.site.config.own_models_path.mkdir()
    (served.site.config.own_models_path / "efficientnet-lite0.toml").write_text("nonsense = [")
    served.client.post("/api/scan")
    assert ended(served)["phase"] in ("done", "failed")
