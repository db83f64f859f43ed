"""`indexer duplicates` on real files: documents, bursts, and what is safe to be put away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_documents import KINDS, photographed
from PIL import Image

if TYPE_CHECKING:
    from tests.cli.conftest import Program

_TIME, _CAMERA = 36867, 272  # EXIF DateTimeOriginal, Model


def named(groups: list[dict]) -> list[list[str]]:
    return [sorted(Path(each["path"]).name for each in (group["best"], *group["others"])) for group in groups]


def test_documents_are_copies_only_of_themselves(fresh: Program, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for kind, make in KINDS.items():
        for seed in range(2):
            make(seed).save(photos / f"{kind} {seed}.png")
            photographed(make(seed), seed).save(photos / f"{kind} {seed} photographed.jpg", quality=88)
    page = KINDS["text"](0)
    page.resize((595, 770), Image.Resampling.LANCZOS).save(photos / "text 0 small.jpg", quality=60)
    page.crop((40, 50, 850, 1100)).save(photos / "text 0 cut.png")
    with Image.open(photos / "receipt 1 photographed.jpg") as photo:
        photo.save(photos / "receipt 1 sent.jpg", quality=40)
    fresh("scan", photos, "--quiet")
    assert sorted(named(fresh.json("duplicates"))) == [
        ["receipt 1 photographed.jpg", "receipt 1 sent.jpg"],
        ["text 0 cut.png", "text 0 small.jpg", "text 0.png"],
    ]


@pytest.fixture
def album(fresh: Program, samples: dict[str, Path], tmp_path: Path) -> Path:
    """A cat twice with the same bytes and once small, and a burst of two temples, one of them also small, scanned."""
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(samples["cat"], photos / "cat.png")
    shutil.copy(samples["cat"], photos / "cat again.png")
    with Image.open(samples["cat"]) as cat:
        cat.convert("RGB").resize((300, 200)).save(photos / "cat small.jpg")
    with Image.open(samples["temple"]) as temple:
        for second, moved in ((10, 0), (11, 3)):
            exif = Image.Exif()
            exif[_CAMERA] = "D70"
            exif.get_ifd(0x8769)[_TIME] = f"2024:05:01 10:11:{second}"
            shot = temple.crop((moved, moved, moved + 600, moved + 400))
            shot.save(photos / f"temple {second}.jpg", quality=92, exif=exif)
            if moved:
                shot.resize((480, 320)).save(photos / f"temple {second} small.jpg", exif=exif)
    fresh("scan", photos, "--quiet")
    return photos


def test_photos_of_a_burst_are_no_copies_of_each_other(fresh: Program, album: Path) -> None:
    assert sorted(named(fresh.json("duplicates"))) == [
        ["cat again.png", "cat small.jpg", "cat.png"],
        ["temple 11 small.jpg", "temple 11.jpg"],
    ]


def test_no_file_is_put_away_whose_best_is_not_there_any_more(fresh: Program, album: Path) -> None:
    whole = fresh("duplicates", "--others", "-f", "paths")
    assert (len(whole.stdout.splitlines()), whole.stderr) == (3, "")
    (best,) = (Path(group["best"]["path"]) for group in fresh.json("duplicates", "--identical"))
    best.unlink()
    for arguments in (["--identical"], []):
        left = fresh("duplicates", "--others", "-f", "paths0", *arguments)
        assert "cat" not in left.stdout
        assert "1 with a best file that cannot be read" in left.stderr


def test_no_file_is_put_away_whose_bytes_are_others_by_now(fresh: Program, album: Path) -> None:
    (album / "cat again.png").write_bytes((album / "cat.png").read_bytes() + b"more")
    found = fresh("duplicates", "--identical", "--others", "-f", "paths")
    assert found.stdout == ""
    assert found.stderr == (
        "1 file left out (not verified as duplicates): 1 that are no longer identical to the best file.\n"
    )
