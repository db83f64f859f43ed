"""What the server needs costs those nothing who do without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WEB = {"fastapi", "starlette", "uvicorn", "jinja2", "pydantic", "multipart", "python_multipart", "h11"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (None, 0),
        (["--help"], 0),
        (["search", "cat"], 0),
        (["show", "PHOTO", "--format", "json"], 0),
        (["scan", "PHOTOS"], 0),
    ],
    ids=["import", "help", "search", "show", "scan"],
)
def test_nothing_of_the_web_is_loaded(arguments: list[str] | None, code: int, home, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "import indexer\n"
        "code = 0\n"
        "if sys.argv[1:]:\n"
        "    from indexer.__main__ import main\n"
        "    try: main()\n"
        "    except SystemExit as end: code = end.code or 0\n"
        f"print('loaded', sorted({WEB!r} & set(sys.modules)), code)"
    )
    places = {"PHOTO": str(home.photos / "flower.jpg"), "PHOTOS": str(home.photos)}
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "INDEXER_LIBRARY": str(home.library),
        "INDEXER_MODELS_FOLDER": str(home.models),
        "INDEXER_WORKERS": "1",
    }
    command = [sys.executable, "-c", script, *(places.get(each, each) for each in arguments or [])]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"loaded [] {code}", done.stderr
