"""Text: lines are found as rotated rectangles, and read without repeats and blanks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from indexer.values.files import Picture
from indexer.vision.model_set import ModelSet
from indexer.vision.text.components import components, rectangle
from indexer.vision.text.reader import TextReader
from indexer.vision.text.recognize import decoded


def test_components_join_at_sides_and_corners_only() -> None:
    mask = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 0, 1], [1, 0, 0, 0, 1]], bool)
    found = sorted(sorted(map(tuple, runs.tolist())) for runs in components(mask))
    assert found == [[(0, 0, 2), (1, 2, 3)], [(0, 4, 5), (1, 4, 5), (2, 4, 5)], [(2, 0, 1)]]
    assert list(components(np.zeros((3, 3), bool))) == []


def test_the_components_of_a_u_are_one() -> None:
    mask = np.array([[1, 0, 1], [1, 0, 1], [1, 1, 1]], bool)
    assert len(list(components(mask))) == 1


@pytest.mark.parametrize("degrees", [0, 20, 45, 80])
def test_the_rectangle_around_points_follows_their_angle(degrees: float) -> None:
    turn = np.radians(degrees)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = rectangle(np.array([[0, 0], [40, 0], [40, 10], [0, 10], [20, 5]]) @ turned)
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    assert sorted(np.round(sides, 6)) == [10, 10, 40, 40]


def test_repeats_and_blanks_are_dropped() -> None:
    best = [0, 1, 1, 0, 1, 2, 2, 0]
    assert decoded(np.eye(3, dtype=np.float32)[best], ["", "a", "b"]) == ("aab", 1.0)
    assert decoded(np.eye(3, dtype=np.float32)[[0, 0]], ["", "a", "b"]) == ("", 0.0)


@pytest.fixture(scope="module")
def reader(models: Path) -> TextReader:
    text = ("ppocrv5-text-detector", "ppocrv5-text-recognizer")
    return TextReader.open(ModelSet(models, "efficientnet-lite0", None, None, text=text))


@pytest.mark.parametrize("degrees", [0, 15, 90, 180])
def test_drawn_text_is_read_at_any_angle(reader: TextReader, degrees: int) -> None:
    image = Image.new("RGB", (800, 800), "white")
    ImageDraw.Draw(image).text((230, 370), "OPEN DAILY", "black", ImageFont.load_default(60))
    pixels = np.asarray(image.rotate(degrees, fillcolor="white"))
    lines = reader.read(Picture(pixels, (800, 800)), larger=lambda _: pytest.fail("it is large enough"))
    assert [line.text.replace(" ", "") for line in lines] == ["OPENDAILY"]
    assert lines[0].box.overlap(lines[0].box) == 1
    assert abs(lines[0].box.center.x - 0.5) < 0.06


def test_a_picture_without_text_has_no_lines(reader: TextReader) -> None:
    assert reader.read(Picture(np.full((300, 400, 3), 90, np.uint8), (400, 300)), larger=pytest.fail) == ()
