"""`indexer models compare`: two models side by side, as a user reads it, and what agreement means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.pipeline.models.compare import Summary, agreement, summary
from indexer.pipeline.predict.predict import ModelPrediction, Prediction
from indexer.values.analysis import Tag

if TYPE_CHECKING:
    from tests.cli.conftest import Program

PAIR = ("efficientnet-lite0", "efficientnet-lite2")


def said(word: str, *tags: str, seconds: float = 1.0) -> ModelPrediction:
    return ModelPrediction(word, (), (), word, tuple(Tag(tag, 0.9, word) for tag in tags), seconds)


def seen(one: ModelPrediction, other: ModelPrediction) -> Prediction:
    return Prediction(Path("photo.jpg"), (one, other), ())


def test_models_agree_when_their_surest_classes_mean_the_same_word() -> None:
    agreed = agreement(seen(said("cat", "cat", "animal"), said("cat", "animal", "pet")))
    assert (agreed.same_word, agreed.common, agreed.either) == (True, ("animal",), 3)
    assert not agreement(seen(said("cat"), said("dog"))).same_word
    assert agreement(seen(said(""), said(""))).same_word


def test_a_summary_counts_and_leaves_out_the_time_of_the_first_photo() -> None:
    first = seen(said("cat", "cat", seconds=9), said("cat", "cat", seconds=9))
    second = seen(said("cat", "cat", seconds=1), said("dog", "dog", seconds=2))
    assert summary([first, second]) == Summary(2, 1, 1, 3, (1, 2))
    assert summary([first]).seconds == (9, 9)


def test_photos_are_compared_side_by_side(program: Program, small_photos: Path) -> None:
    lines = program("models", "compare", *PAIR, small_photos).stdout.splitlines()
    assert lines[0].split() == ["photo", *PAIR, "same", "tags", "in", "common"]
    assert lines[2].count("espresso") >= 2
    assert re.fullmatch(r"Same best tag on 2 of 2 photos; both gave \d+% of \d+ tags\.", lines[3])
    times = r"efficientnet-lite0 \d+ ms, efficientnet-lite2 \d+ ms"
    assert re.fullmatch(rf"Mean time per photo, without decoding: {times}\.", lines[4])


def test_json_and_a_page_tell_the_same(program: Program, small_photos: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = program.record("models", "compare", *PAIR, small_photos, "--html", page, "--limit", "1")
    (photo,) = told["photos"]
    assert [each["model"].rpartition("-")[0] for each in photo["models"]] == list(PAIR)
    assert set(photo["common_tags"]) <= {each["name"] for each in photo["models"][0]["tags"]}
    assert told["summary"]["pictures"] == 1
    text = page.read_text()
    assert text.count("data:image/webp;base64,") == 1
    assert f"<h1>{PAIR[0]} and {PAIR[1]}</h1>" in text
    assert f"{PAIR[1]}: {photo['models'][1]['labels'][0]['name']}" in text
    assert "color-scheme: light dark" in text


def test_nothing_to_compare_is_an_error(program: Program, tmp_path: Path) -> None:
    assert "no readable photo was found" in program("models", "compare", *PAIR, tmp_path, code=7).stderr
