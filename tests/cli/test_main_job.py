"""The main job, as a user types it: scan a folder of photos, find them by keyword and by face."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
from pathlib import Path

import pytest


def names(paths: list[dict[str, str]]) -> list[str]:
    return [Path(each["path"]).name for each in paths]


def test_scan_tells_what_it_did(scanned) -> None:
    told = json.loads(scanned.scan.stdout.splitlines()[-1])
    seconds, rate = told.pop("seconds"), told.pop("photos_per_second")
    assert told == {
        "found": 9,
        "indexed": 8,
        "unchanged": 0,
        "moved": 0,
        "copied": 0,
        "failed": 1,
        "removed": 0,
        "replaced": 0,
    }
    assert seconds > 0
    assert rate > 0


def test_scan_again_does_nothing(scanned) -> None:
    told = json.loads(scanned.program("scan", scanned.photos, "--json").stdout)
    assert (told["found"], told["unchanged"], told["failed"]) == (9, 9, 0)
    assert "9 unchanged" in scanned.program("scan", scanned.photos).stdout


def test_dry_run_changes_nothing(scanned, tmp_path: Path) -> None:
    program = scanned.program.with_library(tmp_path / "new.sqlite")
    told = json.loads(program("scan", scanned.photos, "--dry-run", "--json").stdout)
    assert told == {"unchanged": 0, "to_analyze": 9, "missing": 0}
    assert not (tmp_path / "new.sqlite").exists()


def test_search_finds_by_broader_words_and_synonyms_and_says_why(scanned) -> None:
    for word in ("cat", "animal", "cats", "CAT"):
        hits = scanned.program.json("search", "--keyword", word)
        assert set(names(hits)) == {"chelsea.png", "two\nlines.png"}, word
    why = hits[0]["why"][0]
    assert why["tag"] == "cat"
    assert why["score"] >= 0.5
    assert why["source"]
    assert "cat ← " in scanned.program("search", "--keyword", "cat").stdout


def test_search_with_several_words_wants_all_or_any(scanned) -> None:
    assert scanned.program.json("search", "-k", "cat", "-k", "coffee") == []
    found = names(scanned.program.json("search", "-k", "cat", "-k", "coffee", "--any"))
    assert {"chelsea.png", "coffee.png"} <= set(found)


def test_search_limits_by_number_and_score(scanned) -> None:
    assert len(scanned.program.json("search", "-k", "cat", "--limit", "1")) == 1
    assert scanned.program.json("search", "-k", "cat", "--min-score", "1") == []


def test_search_for_an_unknown_word_offers_the_nearest(scanned) -> None:
    done = scanned.program("search", "--keyword", "caat")
    assert done.stdout == ""
    assert "No photo is tagged 'caat'" in done.stderr
    assert "cat" in done.stderr.split("Similar tags:")[1]
    assert scanned.program("search", "--keyword", "caat", "--quiet").stderr == ""


def test_search_for_a_part_of_a_file_name_says_how_to_find_it(scanned) -> None:
    assert "Try instead: path:grace_hop." in scanned.program("search", "grace_hop").stderr
    assert scanned.program.json("search", "path:grace_hop")


def test_every_format_prints_data_alone_on_stdout(scanned) -> None:
    def run(style: str) -> str:
        done = scanned.program("search", "--keyword", "cat", "--format", style)
        assert done.stderr == ""
        return done.stdout

    records = json.loads(run("json"))
    assert [json.loads(line) for line in run("jsonl").splitlines()] == records
    assert run("paths0").split("\0") == [each["path"] for each in records] + [""]
    assert "two\\nlines.png" in run("table")


def test_output_is_the_same_every_time(scanned) -> None:
    first, second = (scanned.program("search", "--keyword", "cat").stdout for _ in range(2))
    assert first == second


def test_a_name_that_is_not_utf8_keeps_its_bytes(scanned) -> None:
    (record,) = [each for each in scanned.program.json("search", "-k", "person") if "path_bytes" in each]
    assert base64.b64decode(record["path_bytes"]) == os.fsencode(scanned.photos) + b"/caf\xe9.jpg"
    assert record["path"].endswith("/caf�.jpg")


def test_similar_faces_finds_the_same_person(scanned, samples: dict[str, Path]) -> None:
    (result,) = scanned.program.json("similar-faces", samples["hopper"])
    assert set(result) >= {"face", "box", "score", "matches"}
    assert set(result["box"]) == {"left", "top", "width", "height"}
    assert [round(match["distance"], 3) for match in result["matches"]] == [0, 0]
    assert {Path(match["path"]).name for match in result["matches"]} == {"grace_hopper.jpg", "caf�.jpg"}


def test_similar_faces_with_a_wide_threshold_ranks_by_distance(scanned, samples: dict[str, Path]) -> None:
    (result,) = scanned.program.json("similar-faces", samples["astronaut"], "--threshold", "2")
    distances = [match["distance"] for match in result["matches"]]
    assert distances == sorted(distances)
    assert len(distances) == 3
    (result,) = scanned.program.json("similar-faces", samples["astronaut"], "--threshold", "2", "--limit", "1")
    assert Path(result["matches"][0]["path"]).name == "astronaut.png"


def test_similar_faces_prints_a_table_and_paths(scanned, samples: dict[str, Path]) -> None:
    done = scanned.program("similar-faces", samples["astronaut"])
    heading, titles, match = done.stdout.splitlines()
    assert heading.startswith("Face 1 at ")
    assert titles.split() == ["distance", "probability", "person", "photo"]
    assert match.startswith("0.000")
    assert done.stderr == ""
    paths = scanned.program("similar-faces", samples["astronaut"], "--format", "paths").stdout
    assert paths == f"{scanned.photos / 'astronaut.png'}\n"


@pytest.mark.parametrize("name", ["coffee", "temple"])
def test_a_query_picture_without_a_face_is_an_error(scanned, samples: dict[str, Path], name: str) -> None:
    assert "no face was found" in scanned.program("similar-faces", samples[name], code=7).stderr


def test_a_face_that_is_not_there_is_an_error(scanned, samples: dict[str, Path]) -> None:
    assert "there is no face 2" in scanned.program("similar-faces", samples["hopper"], "--face", "2", code=7).stderr


def test_show_tells_everything_known(scanned) -> None:
    known = scanned.program.json("show", scanned.photos / "astronaut.png")
    assert (known["width"], known["height"], known["format"]) == (512, 512, "PNG")
    assert known["taken_from"] == "mtime"
    assert known["gps"] is None
    assert {"name", "score", "count", "source", "models"} == set(known["tags"][0])
    assert {"name", "score", "model"} == set(known["labels"][0])
    assert len(known["faces"]) == 1
    assert known["faces"][0]["quality"] > 0.5
    table = scanned.program("show", scanned.photos / "astronaut.png").stdout
    assert "512 × 512 px" in table
    assert "quality" in table


def test_show_of_an_unknown_photo_is_an_error(scanned, tmp_path: Path) -> None:
    scanned.program("show", tmp_path / "none.jpg", code=3)
    assert "not in the library" in scanned.program("show", scanned.photos / "none.jpg", code=3).stderr


def test_tags_counts_the_words(scanned) -> None:
    counts = {each["name"]: each["photos"] for each in scanned.program.json("tags")}
    assert counts["cat"] == 2


def test_failures_say_stage_and_reason(scanned) -> None:
    (failure,) = scanned.program.json("failures")
    assert (Path(failure["path"]).name, failure["stage"]) == ("half.jpg", "decode")
    assert "not complete" in failure["reason"]
    assert scanned.program.json("failures", "--stage", "read") == []
    assert "'decode'" in scanned.program("failures", "--stage", "nonsense", code=2).stderr


def test_status_counts(scanned) -> None:
    status = scanned.program.record("status")
    assert (status["photos"], status["failed"], status["missing"], status["faces"]) == (9, 1, 0, 3)
    assert (status["shown"], status["hidden"]) == (8, 0)
    assert re.search(r"^photos +9\nshown +8\nfailed +1\nmissing +0\nhidden +0$", scanned.program("status").stdout, re.M)
    (folder,) = status["folders"]
    assert (folder["path"], folder["state"], folder["photos"]) == (str(scanned.photos), "there", 9)
    assert len(status["models"]) == 4
    assert status["stale"] == 0


def test_retag_changes_nothing_when_the_rules_are_the_same(scanned) -> None:
    assert "0 of 8 photos" in scanned.program("retag").stdout


def test_photos_that_are_gone_are_pruned_and_folders_relocated(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    (small_photos / "coffee.jpg").unlink()
    assert "1 missing" in ours("scan", small_photos).stdout
    assert "1 missing photo would be removed" in ours("prune", "--dry-run").stdout
    assert "1 missing photo removed" in ours("prune").stdout
    moved = tmp_path / "elsewhere"
    small_photos.rename(moved)
    assert "1 photo is now in" in ours("relocate", small_photos, moved).stdout
    assert names(ours.json("search", "-k", "cat")) == ["cat.jpg"]
    assert json.loads(ours("scan", moved, "--json").stdout)["unchanged"] == 1


def test_the_library_explains_itself_without_the_program(scanned) -> None:
    with sqlite3.connect(scanned.program.library) as database:
        (count,) = database.execute("SELECT count(*) FROM classes").fetchone()
    database.close()
    assert count == 1000 + 90


def test_completion_is_offered(program) -> None:
    assert "--install-completion" in program("--help").stdout
