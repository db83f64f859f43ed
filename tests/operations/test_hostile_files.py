"""Files that nobody would call photos, made or found: each ends as indexed, as failed with a reason, or passed over."""

from __future__ import annotations

import base64
import contextlib
import csv
import os
import socket
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import monotonic

import pytest
from faulty import Faulty, Peaks, measured
from PIL import Image
from running import wait_until

from indexer.intake.names import names_photo

STAGES = {"read", "identify", "metadata", "decode", "analyze"}
ROOT = os.geteuid() == 0


def scanned(program: Faulty, folder: Path, seconds: float) -> Peaks:
    """Scan in so many seconds at most, and leave no process; return what its workers took."""
    began = monotonic()
    with program.start("scan", folder) as running:
        with measured(running) as peaks:
            code = running.wait(seconds)
        assert code in (0, 7), program.log()
        assert wait_until(lambda: not peaks.left, 10)
    assert "Traceback" not in program.log(), program.log()
    print(f"{monotonic() - began:.1f} s, workers {sorted(peaks.worker_mb.values())} MB")
    return peaks


def holds_the_promise(program: Faulty, folder: Path) -> None:
    """Every file has its end, and a second scan looks at none of them."""
    ends = program.ends()
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or not names_photo(path.name) or path.name.startswith("."):
            continue
        end = ends[os.fspath(path)]
        assert end.analyzed != bool(end.stage), (path, end)
        assert end.analyzed or (end.stage in STAGES and 2 < len(end.reason.split()) < 20), (path, end)
    again = program.scan(folder)
    assert (again["indexed"], again["failed"], again["unchanged"]) == (0, 0, len(ends)), again
    assert program.ends() == ends


def test_the_corpus_of_malformed_files_is_indexed_by_the_program(faulty: Faulty, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "formats"
    with tarfile.open(data / "formats" / "files.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    peaks = scanned(faulty.having(photo_timeout_seconds=30), folder, 300)
    assert max(peaks.worker_mb.values()) < 1000
    with (data / "formats" / "manifest.csv").open(newline="") as table:
        wanted = [row for row in csv.DictReader(table) if row["category"] != "vector"]
    ends = faulty.ends()
    unknown = [row["file"] for row in wanted if _path(folder, row) not in ends]
    promised = [name for name in unknown if names_photo(name) and not Path(name).name.startswith(".")]
    assert promised == []
    bombs = [ends[_path(folder, row)] for row in wanted if row["expect"] == "bomb" and _path(folder, row) in ends]
    assert bombs
    assert not any(end.analyzed for end in bombs)
    holds_the_promise(faulty, folder)


def _path(folder: Path, row: dict[str, str]) -> str:
    place, name = os.path.split(row["file"])
    return os.fspath(folder / place / os.fsdecode(base64.b64decode(row["name_b64"]) or os.fsencode(name)))


def test_made_files_end_as_indexed_or_failed_and_take_little(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    good = crops.jpeg(Random(1))
    for name, content in _made(good, Random(2)):
        (folder / name).write_bytes(content)
    peaks = scanned(faulty.having(photo_timeout_seconds=30), folder, 120)
    assert max(peaks.worker_mb.values()) < 800
    ends = faulty.names()
    assert ends["good.jpg"].analyzed
    for name in ("bomb.png", "wide.png", "cut.jpg", "empty.jpg", "text.jpg", "zeros.heic", "archive.jpg"):
        assert ends[name].reason, name
    assert "megapixels" in ends["bomb.png"].reason
    assert "notes" not in ends
    assert not [name for name in ends if name.startswith("noise-without-name")]
    holds_the_promise(faulty, folder)


def _made(good: bytes, random: Random) -> Iterator[tuple[str, bytes]]:
    yield "good.jpg", good
    yield "cut.jpg", good[: len(good) // 2]
    yield "empty.jpg", b""
    yield "text.jpg", b"This is no picture.\n" * 100
    yield "notes", b"buy film"
    yield "archive.jpg", b"PK\x03\x04" + bytes(1000)
    yield "zeros.heic", bytes(50_000)
    yield "bomb.png", _png(60_000, 60_000, b"")
    yield "wide.png", _png(199_000_000, 1, b"")
    yield "lies.png", _png(4, 4, zlib.compress(bytes(100_000_000), 9))
    for number in range(40):
        damaged = bytearray(good)
        for _ in range(1 + number):
            damaged[random.randrange(2, len(good))] = random.randrange(256)
        yield f"damaged-{number}.jpg", bytes(damaged)
    heads = [
        good[:30],
        b"\x89PNG\r\n\x1a\n",
        b"II*\0",
        b"GIF89a",
        b"RIFF\xff\xff\xff\xffWEBPVP8X",
        b"\0\0\0\x18ftypheic",
    ]
    for number, head in enumerate(heads):
        yield f"noise-{number}.jpg", head + random.randbytes(5000)
    yield "noise-without-name", random.randbytes(5000)


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_what_is_no_ordinary_file_is_never_opened(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    crops.fill(folder, 2, Random(3))
    os.mkfifo(folder / "pipe.jpg")
    if ROOT:
        os.mknod(folder / "device.jpg", 0o20644, os.makedev(1, 5))  # /dev/zero: it never ends
    (folder / "link-to-zero.jpg").symlink_to("/dev/zero")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "round").symlink_to(folder)
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(folder):  # its name may have 107 bytes
        listening.bind("socket.jpg")
        told = faulty.scan(folder)
    assert (told["found"], told["indexed"]) == (2, 2)
    assert sorted(faulty.names()) == ["00000.jpg", "00001.jpg"]
    assert "loop.jpg" in told["said"]


def test_a_huge_empty_file_costs_no_time(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "sparse"
    crops.fill(folder, 1, Random(4))
    for name, head in {"zeros.jpg": b"", "jpeg.jpg": crops.jpeg(Random(5)), "film": b"\0\0\0\x18ftypisom"}.items():
        with (folder / name).open("wb") as stream:
            stream.write(head)
            stream.truncate(10 << 30)
    faulty = faulty.having(photo_timeout_seconds=5, photo_memory_mb=512)
    peaks = scanned(faulty, folder, 60)
    assert max(peaks.worker_mb.values()) < 1000
    ends = faulty.names()
    assert ends["zeros.jpg"].stage == "identify"
    assert "longer than 5 seconds" in ends["jpeg.jpg"].reason or "memory" in ends["jpeg.jpg"].reason, ends
    assert "film" not in ends
    assert faulty.scan(folder)["unchanged"] == 3


@pytest.mark.parametrize("suffix", ["tif", pytest.param("png", marks=pytest.mark.long)])
def test_a_picture_of_200_megabytes_is_indexed_and_a_larger_one_refused(
    faulty: Faulty, tmp_path: Path, suffix: str
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    small = Image.effect_noise((1000, 1000), 60).convert("RGB")
    _tiled(small, 9000, 8000).save(folder / f"large.{suffix}", **({"compress_level": 0} if suffix == "png" else {}))
    Image.new("1", (20_000, 10_001)).save(folder / f"too-large.{suffix}")
    assert (folder / f"large.{suffix}").stat().st_size > 200_000_000
    peaks = scanned(faulty, folder, 120)
    assert max(peaks.worker_mb.values()) < 1500
    ends = faulty.names()
    assert ends[f"large.{suffix}"].analyzed, ends
    assert ends[f"too-large.{suffix}"].reason == "it has more than 200 megapixels (max_megapixels in the configuration)"


def _tiled(tile: Image.Image, width: int, height: int) -> Image.Image:
    whole = Image.new("RGB", (width, height))
    for left in range(0, width, tile.width):
        for top in range(0, height, tile.height):
            whole.paste(tile, (left, top))
    return whole


def test_a_picture_that_takes_too_long_or_too_much_costs_itself_only(faulty: Faulty, crops, tmp_path: Path) -> None:
    folder = tmp_path / "heavy"
    crops.fill(folder, 12, Random(6))
    # 96 megapixels: 288 MB decoded, of a file of 300 kB.
    Image.new("RGB", (12_000, 8_000), "teal").save(folder / "0-heavy.png")
    Image.new("RGB", (12_000, 8_000), "navy").save(folder / "1-heavy.png")
    greedy = faulty.having(photo_memory_mb=256)
    scanned(greedy, folder, 120)
    ends = greedy.names()
    for name in ("0-heavy.png", "1-heavy.png"):
        assert (ends[name].stage, ends[name].reason) == ("decode", "there is not enough memory to decode it")
    assert sum(end.analyzed for end in ends.values()) == 12
