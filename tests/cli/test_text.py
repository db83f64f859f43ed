"""Text in pictures: read when asked for, of photos that are known, too, and found by a search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from tests.cli.conftest import Program


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A sign, and a picture without text."""
    folder = tmp_path / "photos"
    folder.mkdir()
    sign = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(sign).text((150, 250), "OPEN DAILY", "black", ImageFont.load_default(80))
    sign.save(folder / "sign.png")
    Image.new("RGB", (640, 480), "navy").save(folder / "blue.png")
    return folder


def test_text_is_read_later_without_running_the_other_models_and_stays_when_it_is_switched_off(
    fresh: Program, photos: Path
) -> None:
    fresh("scan", photos)
    assert fresh.json("search", "text:open") == []
    before = fresh.json("show", photos / "sign.png")
    assert "2 photos" in fresh("scan", photos, "--text").stderr
    (hit,) = fresh.json("search", 'text:"open daily"')
    assert hit["path"] == str(photos / "sign.png")
    known = fresh.json("show", photos / "sign.png")
    (line,) = known["text"]
    assert line["text"].replace(" ", "") == "OPENDAILY"
    assert 0.1 < line["box"]["left"] < 0.3
    assert {**known, "text": [], "models": before["models"], "indexed_at": before["indexed_at"]} == before
    assert fresh.json("show", photos / "blue.png")["text"] == []
    summary = fresh("scan", photos, "--json").stdout
    assert '"indexed": 0' in summary
    assert len(fresh.json("search", "text:open")) == 1


def test_without_the_extra_packages_the_user_is_told_what_to_install(
    fresh: Program, photos: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden" / "onnxruntime"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError")
    told = fresh("scan", photos, "--text", code=4, PYTHONPATH=str(hidden.parent)).stderr
    assert "[text]" in told
