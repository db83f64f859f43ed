"""Numbers and texts as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_photos import made_photo

from indexer.cli.commands.scan import timed
from indexer.cli.output import count, visible
from indexer.pipeline.scan.plan import Plan
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Unchanged


def test_one_thing_is_not_many() -> None:
    assert [count(number, "photo") for number in (0, 1, 2, 1200)] == ["0 photos", "1 photo", "2 photos", "1,200 photos"]


def test_a_text_is_one_line() -> None:
    assert visible("a\nb\u2028c\x1b[0m ä 犬") == "a\\nb\\u2028c\\x1b[0m ä 犬"


def file(number: int) -> PhotoFile:
    return PhotoFile(Path(f"{number}.jpg"), 1, 1, 1)


@pytest.mark.parametrize(
    ("photos", "said"),
    [(100, "100 photos analyzed before: about 40 s."), (98_000, "98,000 photos analyzed before: about 11 h.")],
)
def test_the_time_that_a_new_model_takes_is_said_once_it_is_measured(photos: int, said: str) -> None:
    now = iter([0.0, 100.0, 104.0, 110.0])  # started; new one done; then asked at each pause
    heard: list[str] = []
    planned = Plan(stale=[file(number) for number in range(photos)], earlier=photos)
    outcomes = [
        Unchanged(file(-1)),
        None,
        *(made_photo(Path(f"{number}.jpg"), 1) for number in range(25)),
        None,
        None,
        None,
    ]
    assert list(timed(outcomes, planned, heard.append, lambda: next(now))) == outcomes
    assert heard == [said]


def test_nothing_is_said_where_no_photo_lacks_a_model() -> None:
    outcomes = [made_photo(Path("1.jpg"), 1), None]
    assert list(timed(outcomes, Plan(), pytest.fail, lambda: 100.0)) == outcomes
