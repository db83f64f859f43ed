"""The server as a user and a service manager meet it: start, ask, refuse, stop."""

from __future__ import annotations

import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 30.0
HEADERS = {"Accept": "application/json"}


class Server:
    """`indexer serve` in a process of its own, on a free port."""

    def __init__(self, program, *arguments: str | Path, **environ: str) -> None:
        self.process = program.start("serve", "--port", "0", *arguments, **environ)
        assert self.process.stderr is not None
        said = []
        while not (found := re.match(r"Open https?://\S+?:(\d+)/", said[-1] if said else "")):
            said.append(self.process.stderr.readline().decode())
            assert said[-1], said
        self.port = int(found[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Ask; return the status and the body."""
        request = urllib.request.Request(self.address + path, headers={**HEADERS, **headers})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def stop(self, kind: int = signal.SIGTERM) -> tuple[int, str, float]:
        """Ask it to stop; return its exit code, what it has said, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(kind)
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said.decode(), time.monotonic() - began


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers; those that are left are ended after the test."""
    started: list[Server] = []

    def begin(*arguments: Any, **environ: str) -> Server:
        started.append(Server(*arguments, **environ))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@pytest.fixture(scope="module")
def known(program, samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that knows two photos, which lie in `photos` beside it."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "photos").mkdir()
    for name in ("cat", "coffee"):
        shutil.copy(samples[name], folder / "photos")
    program.with_library(folder / "library.sqlite")("scan", folder / "photos", INDEXER_FACES="false")
    return folder / "library.sqlite"


@pytest.fixture
def kept(fresh, known: Path):
    """A program with a home of this test's own, and a copy of that library."""
    fresh.home.mkdir()
    shutil.copy(known, fresh.library)
    return fresh


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_and_stops(start, kept, kind: int) -> None:
    server = start(kept)
    assert server.get("/healthz") == (200, b"ok")
    status, body = server.get("/api/search?q=cat")
    assert status == 200
    assert json.loads(body)["hits"][0]["path"].endswith("chelsea.png")
    code, said, seconds = server.stop(kind)
    assert (code, said) == (0, "")
    assert seconds < 3


def test_it_stops_while_somebody_listens_to_events(start, kept) -> None:
    server = start(kept)
    listeners = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    for listener in listeners:
        listener.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"text/event-stream" in listener.recv(4096)
    code, said, seconds = server.stop()
    assert (code, said) == (0, "")
    assert seconds < 5
    for listener in listeners:
        listener.close()


def test_two_servers_cannot_have_one_port(start, kept) -> None:
    server = start(kept)
    second = kept("serve", "--port", str(server.port), code=1)
    assert second.stderr.startswith(f"indexer: port {server.port} is in use, perhaps by another 'indexer serve'")
    assert server.get("/healthz")[0] == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "nas.example"])
def test_it_refuses_to_be_open_to_others(kept, address: str) -> None:
    refused = kept("serve", "--address", address, "--port", "0", code=2)
    assert "set a password first (indexer serve --set-password)" in refused.stderr


def test_an_address_that_is_not_of_this_machine_is_a_sentence(kept) -> None:
    token = {"INDEXER_SERVE_TOKEN": "0" * 64}
    for address in ("192.0.2.1", "no.such.name.invalid"):
        refused = kept("serve", "--address", address, code=2, **token)
        assert f"{address} is not an address of this computer" in refused.stderr
    assert "a certificate needs its key" in kept("serve", "--key", "x", code=2).stderr
    bad = kept("serve", "--port", "0", "--key", "x", "--certificate", "y", code=2)
    assert "cannot be used" in bad.stderr


def test_with_a_token_others_may_ask(start, kept) -> None:
    made = kept("serve", "--new-token")
    token = made.stdout.strip()
    assert "password" not in made.stderr
    assert re.fullmatch(r"indexer_[\w-]{43}", token)
    settings = next(kept.home.rglob("config.toml"))
    assert token not in settings.read_text() + made.stderr
    assert settings.stat().st_mode & 0o777 == 0o600
    server = start(kept, "--address", "0.0.0.0")
    assert server.get("/api/status")[0] == 401
    assert server.get("/api/status", Authorization=f"Bearer {token}")[0] == 200
    assert server.get("/healthz")[0] == 200


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_it_speaks_https_with_a_certificate(start, kept, tmp_path: Path) -> None:
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "own.pem"), "-subj", "/CN=localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*make, *files], check=True, capture_output=True)
    server = start(kept, "--certificate", tmp_path / "own.pem", "--key", tmp_path / "key.pem")
    trust = ssl.create_default_context(cafile=str(tmp_path / "own.pem"))
    with urllib.request.urlopen(f"https://localhost:{server.port}/healthz", context=trust) as answer:
        assert answer.read() == b"ok"
    assert server.stop()[0] == 0


def test_a_proxy_on_this_machine_may_say_for_whom_it_asks(start, kept) -> None:
    from indexer.web.security.credentials import kept_password

    environ = {"INDEXER_SERVE_PASSWORD": kept_password("correct horse"), "INDEXER_SERVE_HOSTS": "photos.example.org"}
    server = start(kept, **environ)

    def log_in(asker: str, password: str) -> tuple[int, str]:
        form = urllib.parse.urlencode({"password": password})
        headers = {"Host": "photos.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": asker}
        headers |= {"Origin": "https://photos.example.org", "Content-Type": "application/x-www-form-urlencoded"}
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.request("POST", "/login", form, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Set-Cookie", "")

    assert [log_in("203.0.113.7", "wrong horse")[0] for _ in range(6)] == [401] * 5 + [429]
    status, cookie = log_in("203.0.113.8", "correct horse")
    assert status == 303
    assert cookie.startswith(f"__Host-indexer-{server.port}=")
    assert "Secure" in cookie


def test_a_password_is_read_from_a_pipe(start, kept) -> None:
    def given(text: str, code: int) -> str:
        process = subprocess.run(
            [sys.executable, "-m", "indexer", "serve", "--set-password"],
            input=text,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(kept.home), "INDEXER_LIBRARY": str(kept.library)},
            check=False,
        )
        assert process.returncode == code, process.stderr
        return process.stderr

    assert "a password has 8 to 1024 characters; nothing was changed" in given("short\n", 2)
    said = given("correct horse\n", 0)
    assert "serve_password = (secret)" in said
    assert "scrypt" not in said
    assert "everyone must then log in again" in said
    assert "token" not in said
    server = start(kept, "--address", "0.0.0.0")
    assert server.get("/api/status")[0] == 401


@pytest.mark.parametrize(("again", "code"), [("correct horse", 0), ("correct hose", 2)])
def test_a_password_is_asked_for_twice_and_not_shown(kept, again: str, code: int) -> None:
    process, terminal = pty.fork()
    if process == 0:
        environ = {"PATH": os.environ["PATH"], "HOME": str(kept.home)}
        os.execve(sys.executable, [sys.executable, "-m", "indexer", "serve", "--set-password"], environ)
    shown = b""
    for asked, answer in ((b"New password", "correct horse"), (b"Repeat the password", again)):
        while asked not in shown:
            shown += os.read(terminal, 1000)
        time.sleep(0.1)
        os.write(terminal, f"{answer}\n".encode())
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    assert b"correct" not in shown
    assert bool(list(kept.home.rglob("config.toml"))) is (code == 0)


def test_without_library_and_folders_there_is_nothing_to_show(start, fresh, small_photos: Path) -> None:
    fresh.home.mkdir()
    assert "does not exist yet; create it with 'indexer scan FOLDER'" in fresh("serve", "--port", "0", code=5).stderr
    server = start(fresh, INDEXER_FOLDERS=str(small_photos))
    status, body = server.get("/api/search")
    assert (status, json.loads(body)["total"]) == (200, 0)


def test_a_read_only_server_writes_nothing(start, kept) -> None:
    before = kept.library.read_bytes()
    server = start(kept, "--read-only")
    asked = urllib.request.Request(f"{server.address}/api/photos/1/hidden", b'{"hidden": true}', method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(asked)
    server.stop()
    assert kept.library.read_bytes() == before


def test_every_other_command_works_beside_it(start, kept, small_photos: Path) -> None:
    server = start(kept)
    kept("scan", small_photos, INDEXER_FACES="false")
    kept("tag", "add", "mine", small_photos / "coffee.jpg")
    status, body = server.get("/api/search?q=mine")
    assert (status, json.loads(body)["total"]) == (200, 1)


def test_without_the_extra_a_sentence_says_what_to_install(kept) -> None:
    script = (
        "import sys\n"
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name in ('fastapi', 'uvicorn') else real(name, *rest)\n"
        "sys.argv = ['indexer', 'serve']\n"
        "from indexer.__main__ import main; main()\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(kept.home), "INDEXER_LIBRARY": str(kept.library)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 1
    assert "pip install '.[web]'" in done.stderr


def test_a_slow_asker_is_left_alone_but_not_for_ever(start, kept) -> None:
    server = start(kept)
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert server.get("/healthz")[0] == 200
        slow.settimeout(PATIENCE_SECONDS)
        assert slow.recv(100) == b""  # after 10 seconds


def test_the_unit_runs_this_program_on_this_library(kept) -> None:
    unit = kept("serve", "--port", "8123", "--read-only", "--systemd").stdout
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert '"serve" "--port" "8123" "--read-only" "--library"' in line
    (writable,) = [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")]
    assert f'"-{kept.library.parent}"' in writable
    assert "thumbnails" in writable


def test_the_service_manager_hears_when_it_answers_lives_and_ends(start, kept) -> None:
    name = f"indexer-serve-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(PATIENCE_SECONDS)
        server = start(kept, NOTIFY_SOCKET=f"@{name}", WATCHDOG_USEC="120000000")
        assert {manager.recv(100), manager.recv(100)} == {b"READY=1", b"WATCHDOG=1"}
        assert server.stop()[0] == 0
        while (heard := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert heard == b"STOPPING=1"
