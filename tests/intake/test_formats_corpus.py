"""Hundreds of real files in every format and state of damage: each ends as its manifest says.

They are decoded in a process of its own with little memory, which nothing in them may crash or fill.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DECODE_EACH = """
import base64, json, os, resource, sys
from pathlib import Path
from indexer.errors import PhotoError
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.pixel_stats import look

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for line in sys.stdin:
    path = Path(os.fsdecode(base64.b64decode(line)))
    try:
        with open_original(stamp(path), 200_000_000) as original:
            metadata, picture = original.metadata, original.picture(1024)
            original.hashes(picture), look(picture)
        end = {"size": [metadata.width, metadata.height], "upright": picture.full_size}
    except PhotoError as error:
        end = {"stage": error.stage, "reason": error.reason}
    print(json.dumps(end), flush=True)
# Not ru_maxrss: a process starts with that of the one that started it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
DECODED = {"ok", "ok_plugin"}
EITHER = {"corrupt/pillow__psd-oob-write-overflow.psd"}  # damaged behind the picture that is shown
NOT_READ = {"JXL"}


@pytest.fixture(scope="module")
def manifest(data: Path) -> list[dict[str, str]]:
    with (data / "formats" / "manifest.csv").open(newline="") as table:
        return list(csv.DictReader(table))


@pytest.fixture(scope="module")
def corpus(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats")
    with tarfile.open(data / "formats" / "files.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def ends(corpus: Path, manifest: list[dict[str, str]]) -> tuple[list[dict[str, Any]], int]:
    """What became of each file, and the most memory that the process ever held, in MB."""
    paths = b"".join(base64.b64encode(_bytes(corpus, row)) + b"\n" for row in manifest)
    done = subprocess.run([sys.executable, "-c", DECODE_EACH], input=paths, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    *lines, memory_kb = done.stdout.splitlines()
    return [json.loads(line) for line in lines], int(memory_kb) // 1024


def _bytes(corpus: Path, row: dict[str, str]) -> bytes:
    folder, name = os.path.split(row["file"])
    exact = base64.b64decode(row["name_b64"]) or os.fsencode(name)
    return os.fsencode(corpus / folder / os.fsdecode(exact))


def _wrong(manifest: list[dict[str, str]], ends: list[dict[str, Any]]) -> Iterator[str]:
    for row, end in zip(manifest, ends, strict=True):
        decodes = row["expect"] in DECODED and row["format"] not in NOT_READ
        if row["file"] in EITHER:
            continue
        if ("size" in end) != decodes:
            yield f"{row['file']} ({row['expect']}): {end}"
        elif decodes and end["size"] != [int(row["display_width"]), int(row["display_height"])]:
            yield f"{row['file']} has the size {end['size']}"


def test_every_file_ends_as_its_manifest_says(
    manifest: list[dict[str, str]], ends: tuple[list[dict[str, Any]], int]
) -> None:
    assert list(_wrong(manifest, ends[0])) == []


def test_no_file_takes_much_memory(ends: tuple[list[dict[str, Any]], int]) -> None:
    assert ends[1] < 400


def test_bombs_are_refused_by_their_size(
    manifest: list[dict[str, str]], ends: tuple[list[dict[str, Any]], int]
) -> None:
    reasons = {
        row["file"]: end["reason"] for row, end in zip(manifest, ends[0], strict=True) if row["expect"] == "bomb"
    }
    by_size = [name for name, reason in reasons.items() if "megapixels" in reason]
    assert len(by_size) >= len(reasons) - 2, reasons  # two of them are damaged in front of their size


def test_every_reason_is_a_sentence_for_people(ends: tuple[list[dict[str, Any]], int]) -> None:
    for end in ends[0]:
        reason = end.get("reason", "it is fine")
        assert 2 < len(reason.split()) < 20
        assert not any(word in reason for word in ("Error", "struct", "0x", "<", "None"))


def test_discovery_finds_every_photo_and_no_drawing(corpus: Path, manifest: list[dict[str, str]]) -> None:
    from indexer.intake.discover import discover

    found = {os.fsencode(file.path) for file in discover([corpus], print)}
    for row in manifest:
        hidden = Path(row["file"]).name.startswith(".")
        assert (_bytes(corpus, row) in found) == (row["category"] != "vector" and not hidden), row["file"]
