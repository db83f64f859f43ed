"""Server-sent events: what the status is flows out at once, and whenever it changes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from in_thread import run

from indexer.errors import StoreError
from indexer.web.events import Events


def test_all_listeners_hear_of_a_change_that_is_looked_for_once() -> None:
    looks: list[int] = []

    def read() -> dict[str, Any]:
        looks.append(len(looks))
        return {"scan": len(looks) > 1}

    async def listen() -> list[list[str]]:
        events = Events("status", read)

        async def two() -> list[str]:
            stream = events.stream()
            heard = [await anext(stream), await anext(stream)]
            await stream.aclose()
            return heard

        return await asyncio.gather(two(), two(), two())

    heard = run(listen())
    assert heard[0] == heard[1] == heard[2]
    assert [json.loads(each.split("data: ")[1]) for each in heard[0]] == [{"scan": False}, {"scan": True}]
    assert heard[0][0].startswith("event: status\n")
    assert len(looks) <= 3


def test_a_library_that_is_locked_for_a_moment_ends_no_stream() -> None:
    answers: list[Any] = [StoreError(Path("x"), "is being written"), {"photos": 1}]

    def read() -> dict[str, Any]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    async def listen() -> str:
        stream = Events("status", read).stream()
        return await anext(stream)

    assert '{"photos": 1}' in run(listen())


def test_streams_end_when_they_are_closed() -> None:
    async def listen() -> list[str]:
        events = Events("status", lambda: {"photos": 1})
        heard = []
        async for each in events.stream():
            heard.append(each)
            await events.close()
        return heard

    assert len(run(listen())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_server_tells_of_changes_and_ends_its_streams_when_it_stops(home, tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    shutil.copy(home.library, library)
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "INDEXER_MODELS_FOLDER": str(home.models),
        "INDEXER_LIBRARY": str(library),
    }
    command = [sys.executable, "-m", "indexer", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address)
            with httpx.stream("GET", f"{address}/api/events", timeout=20) as stream:
                lines = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
                assert json.loads(next(lines))["photos"] == 10
                hit = httpx.get(f"{address}/api/search").json()["hits"][0]
                httpx.post(f"{address}/api/photos/{hit['photo']}/tags", json={"add": ["only here"]})
                assert json.loads(next(lines))["tags"] == 21
                asked_at = time.monotonic()
                server.send_signal(signal.SIGTERM)
                assert list(lines) == []
            said = server.communicate(timeout=20)[1].decode()
            assert time.monotonic() - asked_at < 10
            assert "Traceback" not in said
            assert "Cancel" not in said
        finally:
            server.kill()


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{address}/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")
