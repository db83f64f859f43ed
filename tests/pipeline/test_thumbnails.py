"""Thumbnails are made once and kept below a limit; whatever becomes of the folder, they are shown."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import PhotoError
from indexer.geometry import Box
from indexer.pipeline.predict.service import PredictionService
from indexer.pipeline.predict.thumbnail_cache import DiskCacheQuota, Thumbnails
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import ModelSet

BLIND = ModelSet(Path("nowhere"), "efficientnet-lite0", None, None)
MB = 1_000_000


@pytest.fixture(scope="module")
def predictions() -> Iterator[PredictionService]:
    one = PredictionService(BLIND, Limits(10**8, 60, 10**9), workers=1, waiting=40)
    yield one
    one.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "thumbnails"


@pytest.fixture
def thumbnails(folder: Path, predictions: PredictionService) -> Thumbnails:
    return Thumbnails(folder, 10 * MB, predictions)


def photo(path: Path, color: str = "red") -> tuple[Path, bytes]:
    Image.new("RGB", (400, 300), color).save(path)
    return path, sha256(path.read_bytes()).digest()


def size_of(picture: Path | BytesIO) -> tuple[int, int]:
    with Image.open(picture) as image:
        return image.size


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.webp"))


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_a_thumbnail_is_made_once(tmp_path: Path, folder: Path, thumbnails: Thumbnails) -> None:
    path, content = photo(tmp_path / "a.png")
    made = thumbnails.photo(path, content, 100)
    path.unlink()  # from now on there is only what was kept
    assert thumbnails.photo(path, content, 100) == made
    assert size_of(BytesIO(made)) == (100, 75)
    (file,) = kept(folder)
    assert file.name.startswith(content.hex())
    assert file.parent.parent == folder
    assert size_of(file) == (100, 75)  # an ordinary picture, for whoever looks into the folder


def test_only_the_owner_can_look_at_them(tmp_path: Path, folder: Path, thumbnails: Thumbnails) -> None:
    thumbnails.photo(*photo(tmp_path / "a.png"), 100)
    (file,) = kept(folder)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_each_size_and_face_is_kept_apart(tmp_path: Path, folder: Path, thumbnails: Thumbnails) -> None:
    path, content = photo(tmp_path / "a.png")
    boxes = Box(0, 0, 0.5, 0.5), Box(0.5, 0.5, 0.5, 0.5)
    all_made = [thumbnails.photo(path, content, side) for side in (50, 100)]
    all_made += [thumbnails.face(path, content, box, 64) for box in boxes]
    path.unlink()
    assert len(kept(folder)) == 4
    again = [thumbnails.photo(path, content, side) for side in (50, 100)]
    assert again + [thumbnails.face(path, content, box, 64) for box in boxes] == all_made


def test_another_picture_in_its_place_is_not_kept_for_it(tmp_path: Path, folder: Path, thumbnails: Thumbnails) -> None:
    path, content = photo(tmp_path / "a.png")
    photo(path, "blue")
    with pytest.raises(PhotoError, match="no longer the photo"):
        thumbnails.photo(path, content, 100)
    assert not kept(folder)


@pytest.mark.parametrize("damage", [lambda _: b"", lambda data: data[:-9], lambda data: bytes(len(data))])
def test_what_a_crash_left_is_made_again(
    tmp_path: Path, folder: Path, thumbnails: Thumbnails, damage: Callable[[bytes], bytes]
) -> None:
    path, content = photo(tmp_path / "a.png")
    made = thumbnails.photo(path, content, 100)
    (file,) = kept(folder)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert thumbnails.photo(path, content, 100) == made
    assert file.read_bytes() == whole


def test_many_who_ask_at_once_wait_for_one_that_makes_it(
    tmp_path: Path, folder: Path, predictions: PredictionService
) -> None:
    asked: list[Path] = []

    class Counting(PredictionService):
        def thumbnail(self, file: Path, side_px: int, content: bytes | None = None) -> bytes:
            asked.append(file)
            time.sleep(0.2)
            return predictions.thumbnail(file, side_px, content)

    counting = Counting(BLIND, Limits(10**8, 60, 10**9), 1, 1)
    thumbnails, (path, content) = Thumbnails(folder, MB, counting), photo(tmp_path / "a.png")
    barrier = threading.Barrier(8)

    def ask() -> bytes:
        barrier.wait()
        return thumbnails.photo(path, content, 100)

    with ThreadPoolExecutor(8) as threads:
        made = {each.result() for each in [threads.submit(ask) for _ in range(8)]}
    assert len(made) == len(asked) == 1


def test_all_who_wait_hear_that_it_cannot_be_made(tmp_path: Path, thumbnails: Thumbnails) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    content = sha256(b"\xff\xd8\xff\xe0 broken").digest()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(thumbnails.photo, tmp_path / "broken.jpg", content, 100) for _ in range(4)]
    assert all(isinstance(each.exception(), PhotoError) for each in asked)
    photo(tmp_path / "a.png")  # and the next one is asked for as ever
    assert thumbnails.photo(*photo(tmp_path / "a.png"), 100)


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path, predictions: PredictionService) -> None:
    (tmp_path / "file").touch()
    thumbnails = Thumbnails(tmp_path / "file" / "thumbnails", MB, predictions)
    path, content = photo(tmp_path / "a.png")
    assert thumbnails.photo(path, content, 100) == thumbnails.photo(path, content, 100)


def test_a_full_disk_costs_nothing_but_time(tmp_path: Path, folder: Path) -> None:
    path, content = photo(tmp_path / "a.png")
    script = f"""
import resource, signal
from pathlib import Path
from indexer.pipeline.predict.service import PredictionService
from indexer.pipeline.predict.thumbnail_cache import Thumbnails
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import ModelSet
if __name__ == "__main__":
    models = ModelSet(Path("nowhere"), "efficientnet-lite0", None, None)
    looker = PredictionService(models, Limits(10**8, 60, 10**9), 1, 1)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    thumbnails = Thumbnails(Path({str(folder)!r}), 10**6, looker)
    looker.thumbnail(Path({str(path)!r}), 100)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
    for _ in range(2):
        print(len(thumbnails.photo(Path({str(path)!r}), bytes.fromhex({content.hex()!r}), 100)))
    looker.stop()
"""
    program = tmp_path / "program.py"
    program.write_text(script)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    sizes = done.stdout.split()
    assert len(sizes) == 2
    assert min(map(int, sizes)) > 50
    assert not [file for file in folder.rglob("*") if file.is_file()]  # nothing half is left


def fill(folder: Path, count: int, size: int = 1000) -> list[Path]:
    """Files that were used one after the other, the first one first."""
    files = [folder / f"{number % 16:02x}" / f"{number:064x}-320-1.webp" for number in range(count)]
    for number, file in enumerate(files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(size))
        os.utime(file, (number, number))
    return files


def test_the_least_used_go_first(folder: Path) -> None:
    files = fill(folder, 100)
    assert DiskCacheQuota(folder, 50_000).tidy() == 45_000
    assert [file for file in files if file.exists()] == files[55:]


def test_below_the_limit_nothing_goes(folder: Path) -> None:
    fill(folder, 100)
    assert DiskCacheQuota(folder, 100_000).tidy() == 100_000


def test_what_was_never_finished_goes_after_a_while(folder: Path) -> None:
    (folder / "00").mkdir(parents=True)
    old, new = folder / "00/.old.part", folder / "00/.new.part"
    for each in (old, new):
        each.touch()
    os.utime(old, (1, 1))
    DiskCacheQuota(folder, 1000).tidy()
    assert not old.exists()
    assert new.exists()


def test_the_folder_stays_below_its_limit(tmp_path: Path, folder: Path, predictions: PredictionService) -> None:
    fill(folder, 90, size=1000)  # of an earlier run
    limit = 50_000
    thumbnails = Thumbnails(folder, limit, predictions)
    for number in range(30):
        thumbnails.photo(*photo(tmp_path / "a.png", f"#{number:06x}"), 100)
    until(lambda: sum(file.stat().st_size for file in kept(folder)) <= limit)


def test_two_servers_on_one_folder_stay_near_the_limit(folder: Path) -> None:
    limit, size = 100_000, 1000
    servers, number = [DiskCacheQuota(folder, limit), DiskCacheQuota(folder, limit)], 0
    (folder / "00").mkdir(parents=True)
    for _ in range(150):
        for server in servers:
            number += 1
            (folder / "00" / f"{number}.webp").write_bytes(bytes(size))
            server.added(size)
            time.sleep(0.001)
    until(lambda: sum(file.stat().st_size for file in kept(folder)) <= 1.2 * limit)


def test_what_is_looked_at_counts_as_used(tmp_path: Path, folder: Path, thumbnails: Thumbnails) -> None:
    path, content = photo(tmp_path / "a.png")
    thumbnails.photo(path, content, 100)
    (file,) = kept(folder)
    a_while_ago, just_now = time.time() - 7200, time.time() - 60
    os.utime(file, (a_while_ago, a_while_ago))
    thumbnails.photo(path, content, 100)
    assert time.time() - file.stat().st_mtime < 60
    os.utime(file, (just_now, just_now))
    thumbnails.photo(path, content, 100)  # not each time: a disk that sleeps may go on sleeping
    assert file.stat().st_mtime == pytest.approx(just_now, abs=1)
