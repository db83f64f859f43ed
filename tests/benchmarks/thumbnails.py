"""Print what thumbnails cost: python tests/benchmarks/thumbnails.py [FOLDER] [--photos N] [--rounds N]

Of the photos of a folder, or of made ones with 12 megapixels. By turns, in one process: decoding alone, the whole
thumbnail, and Pillow's own way (draft, turn, thumbnail, save) as a reference, which manages no colors and checks
nothing. A ratio is of runs that followed each other. Then a server's way: worker processes, and thumbnails that are
kept.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from photos import make_photos
from PIL import Image, ImageOps

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.thumbnail import thumbnail
from indexer.pipeline.predict.service import PredictionService
from indexer.pipeline.predict.thumbnail_cache import Thumbnails
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import ModelSet

MAX_PIXELS = 2 * 10**8
SIDES = (320, 640, 1600)
QUALITY = 78
BLIND = ModelSet(Path("nowhere"), "efficientnet-lite0", None, None)


def decoded(path: Path, side_px: int) -> int:
    """Decode a photo as for its thumbnail."""
    with open_original(stamp(path), MAX_PIXELS) as original:
        return original.shown(side_px)[0].width


def ours(path: Path, side_px: int) -> int:
    """Make a thumbnail; return its bytes."""
    return len(thumbnail(path, side_px, MAX_PIXELS))


def pillow(path: Path, side_px: int) -> int:
    """Make a thumbnail by Pillow's own means; return its bytes."""
    with Image.open(path) as image:
        image.draft("RGB", (side_px, side_px))
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((side_px, side_px))
        written = BytesIO()
        small.save(written, "WEBP", quality=QUALITY)
    return len(written.getvalue())


def seconds(work: Callable[[Path], int], files: Sequence[Path]) -> tuple[float, float]:
    """Return the processor's seconds and the bytes a photo."""
    start = time.process_time()
    total = sum(map(work, files))
    return (time.process_time() - start) / len(files), total / len(files)


def alone(files: Sequence[Path], rounds: int) -> None:
    """Print a line for each side."""
    print("| long side | decoding alone | thumbnail | Pillow's own | decoding / thumbnail | thumbnail / Pillow's own |")
    print("|---|---|---|---|---|---|")
    for side in SIDES:
        ways = [partial(way, side_px=side) for way in (decoded, ours, pillow)]
        runs = [[seconds(way, files) for way in ways] for _ in range(rounds)]
        took = [statistics.median(run[number][0] for run in runs) * 1000 for number in range(3)]
        share = [run[0][0] / run[1][0] for run in runs]
        ratio = [run[1][0] / run[2][0] for run in runs]
        told = [f"{took[number]:.1f} ms, {runs[0][number][1] / 1000:.0f} kB" for number in (1, 2)]
        print(
            f"| {side} px | {took[0]:.1f} ms | {' | '.join(told)} | {_spread(share)} | {_spread(ratio)} |", flush=True
        )


def served(files: Sequence[Path], workers: int, folder: Path) -> None:
    """Print how many thumbnails a second a server makes, and how many it finds."""
    contents = [(path, sha256(path.read_bytes()).digest()) for path in files]
    predictions = PredictionService(BLIND, Limits(MAX_PIXELS, 120, 2 * 10**9), workers, len(files))
    try:
        thumbnails = Thumbnails(folder, 10**9, predictions)
        with ThreadPoolExecutor(2 * workers) as threads:
            for what in ("made", "kept"):
                start = time.perf_counter()
                list(threads.map(lambda each: thumbnails.photo(each[0], each[1], 320), contents))
                print(
                    f"| 320 px, {what}, {workers} workers | {len(files) / (time.perf_counter() - start):.0f} a second |"
                )
    finally:
        predictions.stop()


def _spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photos of one's own")
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = sorted(given.folder.rglob("*.jpg")) if given.folder else make_photos(folder / "photos", given.photos)
        alone(files[: given.photos], given.rounds)
        print("\n| what | figure |\n|---|---|")
        served(files[: given.photos], given.workers, folder / "thumbnails")


if __name__ == "__main__":
    main()
