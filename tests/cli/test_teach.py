"""A word of one's own: taught by examples, found at once, given to photos that come later, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageEnhance, ImageOps

if TYPE_CHECKING:
    from tests.cli.conftest import Program

KINDS = ("coffee", "flower", "temple", "hopper")


PARTS = (  # left, top, right, bottom, and whether mirrored: as different as several photos of one thing are
    (0, 0, 1, 1, False),
    (0, 0, 0.5, 1, True),
    (0, 0, 1, 0.5, True),
    (0.15, 0.1, 0.75, 0.85, True),
    (0.3, 0.1, 0.8, 0.6, False),
    (0.1, 0.3, 0.7, 1, True),
    (0.4, 0, 1, 0.8, False),
    (0.05, 0.05, 0.95, 0.9, True),
)


def looks(picture: Path, folder: Path, count: int) -> list[Path]:
    """Write a picture as several photos of the same thing: other parts of it, in other light."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = Image.open(picture).convert("RGB")
    paths = []
    for number, (*box, mirrored) in enumerate(PARTS[:count]):
        part = whole.crop(tuple(round(side * length) for side, length in zip(box, 2 * whole.size, strict=True)))
        part = (ImageOps.mirror(part) if mirrored else part).resize((320, 240))
        paths.append(folder / f"{picture.stem}-{number}.jpg")
        ImageEnhance.Brightness(part).enhance(0.7 + 0.1 * number).save(paths[-1], quality=90)
    return paths


def scanned_cats(program: Program, samples: dict[str, Path], photos: Path) -> list[Path]:
    """Scan photos of a cat and of other things; return those of the cat, which lie in a folder of their own."""
    cats = looks(samples["cat"], photos / "cat", 6)
    for kind in KINDS:
        looks(samples[kind], photos, 4)
    program("scan", photos, INDEXER_FACES="false")
    return cats


def test_a_taught_word_is_found_kept_and_given_to_new_photos(
    fresh: Program, samples: dict[str, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    cats = scanned_cats(fresh, samples, photos)
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


@pytest.mark.long
def test_examples_may_come_from_a_search_or_from_stdin(
    fresh: Program, samples: dict[str, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    cats = scanned_cats(fresh, samples, photos)
    by_folder = fresh("teach", "mitzi", "--examples", photos / "cat", "--dry-run").stdout
    by_search = fresh("teach", "mitzi", "--examples-from", f'path:"{photos}/cat/*"', "--dry-run").stdout
    paths = "".join(f"{path}\0" for path in cats)
    by_stdin = fresh("teach", "mitzi", "--examples", "-", "--dry-run", stdin=paths).stdout
    assert by_folder == by_search == by_stdin
    fresh("teach", "mitzi", "--examples-from", f'path:"{photos}/cat/*"', "--yes")
    assert fresh.json("teach", "list")[0]["query"] == f'path:"{photos}/cat/*"'


def test_shots_of_one_scene_are_refused_as_what_they_are(
    fresh: Program, samples: dict[str, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "burst").mkdir(parents=True)
    for number in range(8):
        Image.open(samples["cat"]).save(photos / "burst" / f"{number}.jpg", quality=80 + number)
    for kind in KINDS:
        looks(samples[kind], photos, 4)
    fresh("scan", photos, INDEXER_FACES="false")
    told = fresh("teach", "mitzi", "--examples", photos / "burst", "--yes", code=2)
    assert "show 1 of 3 scenes" in told.stderr
    assert fresh.json("teach", "list") == []
