"""Load a server with many requests on this machine: python tests/benchmarks/serving.py [--folder KEEP] [PART …]

A library of 100,000 made-up photos, and on top of it 240 real ones of 12 megapixels that a scan has added: the newest,
so that the first page shows them. `indexer serve` runs as a process of its own; who asks shares its cores. All requests
go to 127.0.0.1, their number is bounded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote_plus

from library import make_library
from memory import family, memory_bytes
from parts import TablePart, add_table_arguments, print_table
from photos import make_photos

QUERIES = ["dog", '"word 500"', "dog terrier", "animal -dog", "dog | terrier", "date:2015-05..2015-09"]
Figures = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int

    def memory(self) -> tuple[int, int]:
        """Return the memory of the server itself, and of it with its workers, in bytes."""
        pids = family(self.process.pid)
        return memory_bytes(self.process.pid), sum(map(memory_bytes, pids))


def pages(folder: Path, given: argparse.Namespace) -> Figures:
    """Time what a person meets first, one request after the other."""
    with served(folder, given) as server:
        for what, path in (
            ("first page of the grid, all photos", "/"),
            ("first page of the grid, a word", "/?q=dog"),
            ("months of all photos", "/api/timeline"),
            ("months of a word", "/api/timeline?q=dog"),
            ("suggestions", "/api/suggest?q=wor"),
            ("100 photos of a month", "/api/search?month=2015-05&limit=100&sort=date"),
            ("100 photos, 90,000 left out", "/api/search?offset=90000&limit=100"),
            ("tags", "/tags"),
            ("people", "/people"),
            ("status", "/api/status"),
        ):
            ask(server.port, [path])
            yield what, told(ask(server.port, [path] * given.rounds))


def search(folder: Path, given: argparse.Namespace) -> Figures:
    """Ask searches, by one asker and by many at once, with nothing remembered by the asker."""
    paths = [f"/api/search?q={quote_plus(query)}&limit=50" for query in QUERIES]
    with served(folder, given) as server:
        ask(server.port, paths)
        for askers in (1, 4, 16):
            yield f"searches, {askers} at once", told(ask(server.port, paths * given.rounds, askers), askers)


def thumbnails(folder: Path, given: argparse.Namespace) -> Figures:
    """Ask for thumbnails that are to be made, and for those that are there."""
    rmtree(folder / "thumbnails", ignore_errors=True)
    with served(folder, given) as server:
        photos = real_photos(server.port, given.photos)
        paths = [f"/api/photos/{photo}/thumbnail?side=320" for photo in photos]
        yield "thumbnails of 12 megapixels, to be made", told(ask(server.port, paths, 8), 8)
        for askers in (1, 4, 16):
            yield (
                f"thumbnails that are there, {askers} at once",
                told(ask(server.port, paths * given.rounds, askers), askers),
            )


def memory(folder: Path, given: argparse.Namespace) -> Figures:
    """Ask for everything again and again, and look at the memory."""
    with served(folder, given) as server:
        photos = real_photos(server.port, 100)
        mixed = [f"/api/photos/{photo}/thumbnail?side=320" for photo in photos]
        mixed += [f"/api/photos/{photo}" for photo in photos]
        mixed += ["/", "/?q=dog", "/api/timeline", "/api/search?q=animal&limit=500", "/api/tags", "/people"] * 10
        yield "memory when it answers", _mb(server)
        for turn in range(1, 6):
            ask(server.port, mixed * 5, 8)
            yield f"memory after {turn * 5 * len(mixed):,} requests", _mb(server)


PARTS: dict[str, TablePart] = {each.__name__: each for each in (pages, search, thumbnails, memory)}


def ask(port: int, paths: Sequence[str], askers: int = 1) -> list[float]:
    """Ask for paths in a made-up order, by some askers at once; return the seconds of each, and last those of all."""
    order = list(paths)
    random.Random(0).shuffle(order)
    shares = [order[number::askers] for number in range(askers)]
    start = time.perf_counter()
    with ThreadPoolExecutor(askers) as threads:
        seconds = [each for share in threads.map(lambda share: _ask(port, share), shares) for each in share]
    return [*seconds, time.perf_counter() - start]


def _ask(port: int, paths: Sequence[str]) -> list[float]:
    seconds = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for path in paths:
            start = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            seconds.append(time.perf_counter() - start)
            assert answer.status == 200, (path, answer.status, body[:200])
    return seconds


def told(seconds: Sequence[float], askers: int = 1) -> str:
    *each, whole = seconds
    each.sort()
    p99 = each[min(len(each) - 1, int(len(each) * 0.99))]
    rate = f", {len(each) / whole:,.0f} a second" if askers > 1 or len(each) > 50 else ""
    return f"p50 {statistics.median(each) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms{rate}"


def real_photos(port: int, count: int) -> list[int]:
    """Return the numbers of photos whose files are there."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", f"/api/search?q=path:real&limit={min(count, 500)}")
        return [hit["photo"] for hit in json.loads(connection.getresponse().read())["hits"]]


@contextmanager
def served(folder: Path, given: argparse.Namespace) -> Iterator[Server]:
    """Serve the library, which is made where it is not there."""
    library = folder / "served.sqlite"
    if not library.exists():
        make_library(library, given.known)
        make_photos(folder / "real", given.photos)
        subprocess.run(_command("scan", folder / "real", "--quiet", "--library", library), check=True)
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environ = {**os.environ, "INDEXER_THUMBNAILS_FOLDER": str(folder / "thumbnails")}
    command = _command("serve", "--quiet", "--port", port, "--library", library)
    with subprocess.Popen(command, env=environ) as process:
        try:
            _until(lambda: _answers(port))
            yield Server(process, port)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        ask(port, ["/healthz"])
    except OSError:
        return False
    return True


def _until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "the server does not answer"
        time.sleep(0.1)


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "indexer", *map(str, arguments)]


def _mb(server: Server) -> str:
    alone, together = server.memory()
    return f"{alone / 1e6:.0f} MB, {together / 1e6:.0f} MB with its workers"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", type=int, default=100_000, help="made-up photos in the library")
    parser.add_argument("--photos", type=int, default=240, help="real photos")
    parser.add_argument("--rounds", type=int, default=40, help="how often each thing is asked")
    add_table_arguments(parser, PARTS)
    print_table(parser.parse_args(), PARTS)


if __name__ == "__main__":
    main()
