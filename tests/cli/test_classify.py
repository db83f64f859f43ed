"""`indexer classify`: tags and classes of any picture, as a user asks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from typer.main import get_command

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Scanned


def test_a_picture_has_the_words_that_a_scan_gives_it(scanned: Scanned, samples: dict[str, Path]) -> None:
    (told,) = scanned.program.record("classify", samples["cat"])
    shown = scanned.program.json("show", scanned.photos / "chelsea.png")
    assert told["path"] == str(samples["cat"])
    assert {each["name"]: each["score"] for each in told["tags"]} == {
        each["name"]: each["score"] for each in shown["tags"]
    }
    assert told["labels"][0] == shown["labels"][0]
    assert told["objects"]
    assert told["objects"] == shown["objects"]


def test_several_models_are_told_apart_and_no_library_is_made(program: Program, small_photos: Path) -> None:
    asked = ("--model", "efficientnet-lite0", "--model", "efficientnet-lite2", "--classes", "1")
    lines = program("classify", small_photos, *asked).stdout.splitlines()
    assert lines[0].split() == ["photo", "tags", "classes"]
    assert [Path(line.split()[0]).name for line in lines[1:]] == ["cat.jpg", "coffee.jpg"]
    assert "| efficientnet-lite2: espresso" in lines[2]
    assert not program.library.exists()


def test_what_cannot_be_read_is_told_and_the_rest_done(program: Program, small_photos: Path) -> None:
    (small_photos / "half.jpg").write_bytes((small_photos / "cat.jpg").read_bytes()[:4000])
    (small_photos / "notes.txt").write_text("buy film")
    done = program("classify", small_photos, "--json", code=7)
    assert len(json.loads(done.stdout)) == 2
    assert "half.jpg: the file ends too early" in done.stderr
    assert "notes.txt" not in done.stderr
    assert "it is not a picture" in program("classify", small_photos / "notes.txt", code=7).stderr


def test_a_model_for_faces_is_refused(program: Program, small_photos: Path) -> None:
    done = program("classify", small_photos, "--model", "retinaface-mobilenet025", code=4)
    assert "is a face-detector, not a classifier or object-detector" in done.stderr


def test_commands_that_start_alone_are_those_of_the_whole_program() -> None:
    from indexer.cli.app import app
    from indexer.cli.docs import manual
    from indexer.cli.lazy_app import ALONE, app_for

    whole = get_command(app)
    for name in ALONE:
        alone = get_command(app_for([name]))
        assert list(alone.commands) == [name]
        assert manual(app).count(f"\n## indexer {name}\n") == 1
        assert [each.opts for each in alone.commands[name].params] == [
            each.opts for each in whole.commands[name].params
        ]
