"""A log is one line for each event, and never the end of a daemon."""

from __future__ import annotations

import io
import json
import os
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.advice import Advice
from indexer.cli.service.log import Log

MOMENT = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


def logged(style, text: str, encoding: str = "utf-8", **fields: object) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)  # held: it would close `raw` when it goes
    Log(style, stream, clock=lambda: MOMENT).log("indexed", text, **fields)
    return raw.getvalue().decode(encoding)


def test_a_line_begins_with_the_local_time() -> None:
    assert logged("lines", "indexed /photos/ä.jpg") == f"{MOMENT.astimezone():%F %T} indexed /photos/ä.jpg\n"


def test_a_line_ends_with_what_to_do() -> None:
    line = logged("lines", "resnet is damaged", advice=Advice("rebuild-models"))
    assert line.endswith("resnet is damaged; run 'indexer models build' to rebuild it\n")
    assert json.loads(logged("json", "resnet is damaged", advice=Advice("rebuild-models"))) == {
        "time": "2026-11-21T12:00:00.250+00:00",
        "event": "indexed",
        "text": "resnet is damaged; run 'indexer models build' to rebuild it",
    }


def test_json_has_the_event_and_its_fields() -> None:
    photo = Path(os.fsdecode(b"/photos/caf\xe9\n.jpg"))
    record = json.loads(logged("json", f"indexed {photo}", path=photo, twin=Path("/ä"), faces=2, why="caf\udce9"))
    assert b64decode(record.pop("path_bytes")) == b"/photos/caf\xe9\n.jpg"
    assert record == {
        "time": "2026-11-21T12:00:00.250+00:00",
        "event": "indexed",
        "text": "indexed /photos/caf�\n.jpg",
        "path": "/photos/caf�\n.jpg",
        "twin": "/ä",
        "faces": 2,
        "why": "caf�",
    }


@pytest.mark.parametrize("style", ["lines", "json"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@given(name=st.binary())
def test_an_event_is_one_line_whatever_a_path_holds(style, encoding: str, name: bytes) -> None:
    path = Path(os.fsdecode(name.replace(b"\0", b"")))
    line = logged(style, f"looked at {path}", encoding, path=path)
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    if style == "json":
        json.loads(line)


@pytest.mark.parametrize("style", ["lines", "json"])
def test_a_stream_that_is_closed_broken_or_full_stops_nobody(style) -> None:
    closed = io.StringIO()
    closed.close()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as broken, Path("/dev/full").open("w") as full:
        for stream in (closed, broken, full):
            log = Log(style, stream)
            log.log("a", "one")
            log.log("b", "two")
        for stream in (broken, full):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
