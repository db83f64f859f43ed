"""Numbers and texts as people read them."""

from __future__ import annotations

from indexer.cli.output import count, visible


def test_one_thing_is_not_many() -> None:
    assert [count(number, "photo") for number in (0, 1, 2, 1200)] == ["0 photos", "1 photo", "2 photos", "1,200 photos"]


def test_a_text_is_one_line() -> None:
    assert visible("a\nb\u2028c\x1b[0m ä 犬") == "a\\nb\\u2028c\\x1b[0m ä 犬"
