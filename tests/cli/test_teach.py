"""A word of one's own: taught by examples, found at once, given to photos that come later, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance

if TYPE_CHECKING:
    from tests.cli.conftest import Program

KINDS = ("coffee", "flower", "temple", "hopper")


def looks(picture: Path, folder: Path, count: int) -> list[Path]:
    """Write a picture as several photos of the same thing: other parts of it, in other light."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = Image.open(picture).convert("RGB")
    width, height = whole.size
    paths = []
    for number in range(count):
        left, top = (number % 3) * width // 8, (number // 3) * height // 8
        part = whole.crop((left, top, left + width * 3 // 4, top + height * 3 // 4)).resize((320, 240))
        paths.append(folder / f"{picture.stem}-{number}.jpg")
        ImageEnhance.Brightness(part).enhance(0.7 + 0.1 * number).save(paths[-1], quality=90)
    return paths


def test_a_taught_word_is_found_kept_and_given_to_new_photos(
    fresh: Program, samples: dict[str, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    cats = looks(samples["cat"], photos / "cat", 6)
    for kind in KINDS:
        looks(samples[kind], photos, 4)
    fresh("scan", photos, INDEXER_FACES="false")
    assert "Take it" not in fresh("teach", "mitzi", "--examples", photos / "cat", "--dry-run").stdout
    assert fresh("search", "mitzi", "-f", "paths").stdout == ""
    told = fresh("teach", "mitzi", "--examples", photos / "cat", "--yes").stdout
    assert "tagged 'mitzi'" in told
    found = set(fresh("search", "mitzi", "-f", "paths").stdout.splitlines())
    assert len(found & {str(path) for path in cats}) >= 5
    assert len(found) <= 8
    assert [each["name"] for each in fresh.json("teach", "list")] == ["mitzi"]

    new = looks(samples["cat"], tmp_path / "new", 8)[-1].rename(photos / "later.jpg")
    fresh("scan", photos, INDEXER_FACES="false")
    assert str(new) in fresh("search", "mitzi", "-f", "paths").stdout.splitlines()
    assert fresh("retag").stdout.startswith("0 of")
    fresh("teach", "remove", "mitzi")
    assert fresh("search", "mitzi", "-f", "paths").stdout == ""
