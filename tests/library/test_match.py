"""What a query says of models: a word beside a model counts where that network gave it."""

from __future__ import annotations

from datetime import date

import pytest
from made_oracle import Subject, match

from indexer.library.query.parser import parse
from indexer.values.files import Metadata, PixelStats

PHOTO = Subject(
    path="/photos/a.jpg",
    tags={"dog": 0.9, "cat": 0.6, "mine": 1.0},
    models={"dog": frozenset({"lite-0a1b2c3d", "coco-22222222"}), "cat": frozenset({"lite-0a1b2c3d"})},
)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("model:lite", 1.0),
        ("model:LITE-0A1B2C3D", 1.0),
        ("model:li*", 1.0),
        ("model:lit", None),
        ("model:xray", None),
        ("-model:xray", 1.0),
        ("dog model:coco", 0.9),
        ("cat model:coco", None),
        ("cat model:(coco | lite)", 0.6),
        ("cat model:lite model:coco", None),
        ("dog model:lite model:coco", 0.9),
        ("(dog | cat) model:coco", 0.9),
        ("(dog | cat) model:coco score:0.95+", None),
        ("-cat model:coco", 1.0),
        ("-cat model:lite", None),
        ("mine model:lite", None),
        ("cat | model:coco", 1.0),
        ("cat (dog model:coco)", 0.6),
        ("cat -model:coco", None),
    ],
)
def test_a_word_counts_where_the_model_beside_it_gave_it(text: str, score: float | None) -> None:
    assert match(parse(text, today=date(2024, 3, 31)), PHOTO) == score


@pytest.mark.parametrize(
    ("path", "camera", "is_one"),
    [
        ("/photos/Screenshot_20230514-101112.png", None, True),
        ("/photos/Screenshots/IMG_1.jpg", None, True),
        ("/photos/Bildschirmfoto 2023-05-14 um 10.11.12.png", None, True),
        ("/photos/Capture d’écran 2023-05-14.png", None, True),
        ("/photos/スクリーンショット 2023.png", None, True),
        ("/photos/Screenshots/IMG_2.jpg", "X100", False),
        ("/photos/drawing.png", None, False),
    ],
)
def test_a_picture_of_a_screen_is_told_by_its_name(path: str, camera: str | None, is_one: bool) -> None:
    photo = Subject(path=path, metadata=Metadata("PNG", 1080, 2400, camera_model=camera))
    found = match(parse("is:screenshot", today=date(2026, 1, 1)), photo)
    assert found == (1.0 if is_one else None)


@pytest.mark.parametrize(
    ("size", "flatness", "camera", "is_one"),
    [
        ((1080, 2400), 0.9, None, True),
        ((1920, 1080), 0.66, None, True),
        ((1080, 2400), 0.5, None, False),  # a photo, or the picture of one on a screen
        ((1080, 2400), 0.9, "X100", False),
        ((2480, 3508), 0.97, None, False),  # a scanned page
        ((360, 800), 0.9, None, False),
    ],
)
def test_a_picture_of_a_screen_is_told_by_its_looks(
    size: tuple[int, int], flatness: float, camera: str | None, is_one: bool
) -> None:
    look = PixelStats(0.5, 0.1, 0.2, flatness)
    photo = Subject(path="/photos/IMG-WA0001.png", metadata=Metadata("PNG", *size, camera_model=camera), look=look)
    assert match(parse("is:screenshot", today=date(2026, 1, 1)), photo) == (1.0 if is_one else None)
