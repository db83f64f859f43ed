"""The program as a user runs it, on a library of real photographs that is scanned once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


@dataclass(frozen=True)
class Program:
    """Runs `indexer` in a process of its own, with its own home folder."""

    home: Path
    models: Path
    library: Path

    def __call__(
        self, *arguments: str | Path, code: int = 0, stdin: str | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; its exit code must be `code`."""
        process = self.start(*arguments, stdin=subprocess.PIPE if stdin is not None else None, **environ)
        said = [part.decode() for part in process.communicate(None if stdin is None else os.fsencode(stdin))]
        text = subprocess.CompletedProcess(process.args, process.returncode, *said)
        assert text.returncode == code, text.stderr
        assert "Traceback" not in text.stderr
        return text

    def start(self, *arguments: str | Path, stdin: int | None = None, **environ: str) -> subprocess.Popen[bytes]:
        """Start a command, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "indexer", *map(os.fsencode, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "INDEXER_MODELS_FOLDER": str(self.models),
                "INDEXER_LIBRARY": str(self.library),
                "INDEXER_WORKERS": "2",
                **environ,
            },
        )

    def json(self, *arguments: str | Path) -> Any:
        """Run a command and read the JSON that it prints."""
        return json.loads(self(*arguments, "--format", "json").stdout)

    def record(self, *arguments: str | Path) -> Any:
        """Run a command that prints one thing and read its JSON."""
        return json.loads(self(*arguments, "--json").stdout)

    def with_library(self, library: Path) -> Program:
        """Return the program with another library."""
        return Program(self.home, self.models, library)


@dataclass(frozen=True)
class Scanned:
    """A folder of photos, the program with its library, and what its scan printed."""

    photos: Path
    program: Program
    scan: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def program(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program with a library that does not exist yet."""
    home = tmp_path_factory.mktemp("home")
    return Program(home, models, home / "none.sqlite")


@pytest.fixture(scope="session")
def scanned(program: Program, samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """The sample photos, a broken one and two with awkward names, scanned."""
    folder = tmp_path_factory.mktemp("scanned")
    photos = folder / "photos"
    photos.mkdir()
    for path in samples.values():
        shutil.copy(path, photos)
    (photos / "half.jpg").write_bytes(samples["flower"].read_bytes()[:70_000])
    (photos / "notes.txt").write_text("buy film")
    shutil.copy(samples["cat"], photos / "two\nlines.png")
    shutil.copy(samples["hopper"], photos / os.fsdecode(b"caf\xe9.jpg"))
    ours = program.with_library(folder / "library.sqlite")
    return Scanned(photos, ours, ours("scan", photos, "--json", code=7))


@pytest.fixture
def fresh(program: Program, tmp_path: Path) -> Program:
    """The program with a home, a library and a folder of built models of its own."""
    models = tmp_path / "models"
    models.mkdir()
    for home in program.models.glob("*-????????"):
        (models / home.name).symlink_to(home)
    return Program(tmp_path / "home", models, tmp_path / "library.sqlite")


@pytest.fixture
def small_photos(samples: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with cat.jpg and coffee.jpg, small."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("cat", "coffee"):
        picture = Image.open(samples[name]).convert("RGB")
        picture.thumbnail((320, 320))
        picture.save(folder / f"{name}.jpg", quality=90)
    return folder
