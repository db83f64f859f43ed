"""The pictures of the README can still be made, and show photos whose licenses are named."""

from __future__ import annotations

from pathlib import Path

from library_pictured import PICTURED
from pictures import IMAGES, MOST_BYTES, make_pictures
from PIL import Image
from playwright.sync_api import Browser


def test_the_pictures_of_the_readme_can_be_made_anew(browser: Browser, models: Path, tmp_path: Path) -> None:
    make_pictures(tmp_path / "images", models, browser, tmp_path)
    for name in ("gallery.png", "photo.png"):
        _is_a_picture(tmp_path / "images" / name)
        _is_a_picture(IMAGES / name)


def test_every_photo_in_them_has_a_license() -> None:
    text = (IMAGES / "LICENSE").read_text()
    named = {line.split()[0] for line in text.splitlines() if line.startswith("  ") and line[2] != " "}
    assert named == PICTURED


def _is_a_picture(file: Path) -> None:
    assert file.stat().st_size < MOST_BYTES
    with Image.open(file) as picture:
        assert picture.size == (1280, 800)
        colors = picture.convert("RGB").getcolors(1280 * 800)
    assert colors is not None
    assert len(colors) > 50
    assert max(count for count, _ in colors) < 0.7 * 1280 * 800
