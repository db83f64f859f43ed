"""Makes the pictures of the README: of real pages, in Chromium, with photos under free licenses.

    python tests/web/browser/pictures.py [FOLDER]

writes gallery.png and photo.png into FOLDER, docs/images where none is named. The models are those of
INDEXER_TEST_MODELS, or of the user's own settings. Run it when the pages have changed, and look at what it made.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from chromium import Watched, chromium, opened
from library_pictured import make_pictured
from PIL import Image
from playwright.sync_api import Browser, Page
from server_shown import Home, Served, serve

from indexer.config.config import load

IMAGES = Path(__file__).parents[3] / "docs" / "images"
_SIZE = {"width": 1280, "height": 800}
MOST_BYTES = 300_000


def make_pictures(folder: Path, models: Path, browser: Browser, work: Path) -> None:
    """Write gallery.png and photo.png into a folder; work: for the photos and their library."""
    home = Home(work / "home", models)
    make_pictured(home.photos)
    home.indexer("scan", str(home.photos))
    home.indexer("people", "cluster")
    home.indexer("people", "name", "1", "Eileen Collins")
    folder.mkdir(parents=True, exist_ok=True)
    with serve(home, work) as served:
        _write(folder / "gallery.png", _gallery(browser, served))
        _write(folder / "photo.png", _photo(browser, served))


def _gallery(browser: Browser, served: Served) -> bytes:
    with opened(browser, Watched(), viewport=_SIZE, color_scheme="light") as page:
        page.goto(served.address)
        return _taken(page)


def _photo(browser: Browser, served: Served) -> bytes:
    number = served.photo("Eileen.jpg")
    with opened(browser, Watched(), viewport=_SIZE, color_scheme="dark") as page:
        page.goto(f"{served.address}/photos/{number}?q=person:%22Eileen+Collins%22&sort=date&at=1")
        page.get_by_role("region", name="People").get_by_role("link").wait_for()
        return _taken(page)


def _taken(page: Page) -> bytes:
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => [...document.images].every(each => each.complete || each.loading === 'lazy')")
    return page.screenshot()


def _write(file: Path, png: bytes) -> None:
    """Write a picture with as many colors as fit the size that a README's picture may have."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    for colors in (256, 192, 128, 96, 64):
        few = picture.quantize(colors, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        few.save(file, optimize=True)
        if file.stat().st_size < MOST_BYTES:
            return
    raise ValueError(f"{file} is too large")


def _main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    built = os.environ.get("INDEXER_TEST_MODELS")
    models = Path(built) if built else load().config.models_path
    with TemporaryDirectory() as work, chromium() as browser:
        make_pictures(folder, models, browser, Path(work))


if __name__ == "__main__":
    _main()
