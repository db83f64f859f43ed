"""The container's files name what there is; they are built elsewhere, so this is what can be known of them here."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from indexer.config import config

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "docs" / "docker"
DOCKERFILE = re.sub(r"\\\n\s*", "", (FOLDER / "Dockerfile").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
MANUAL = (PROJECT / "docs" / "cli.md").read_text()


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)


def variables() -> dict[str, str]:
    return dict(each.split("=", 1) for line in instructions("ENV") for each in shlex.split(line))


def test_all_that_is_copied_is_there_and_nothing_keeps_it_out() -> None:
    sent = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {part for line in instructions("COPY") if "--from" not in line for part in line.split()[:-1]}
    assert copied == sent
    for name in copied:
        assert (PROJECT / name).exists(), name
    packed = (PROJECT / "pyproject.toml").read_text()
    assert {"README.md", "LICENSE"} <= copied
    assert all(f'"{name}"' in packed for name in copied - {"pyproject.toml"})


def test_commands_are_commands_of_the_program() -> None:
    assert [json.loads(each) for each in instructions("ENTRYPOINT")] == [["indexer"]]
    commands = [json.loads(each) for each in instructions("CMD")]
    commands += [each["command"] for each in COMPOSE["services"].values()]
    for command in commands:
        assert f"\n## indexer {command[0]}\n" in MANUAL
    assert "`--set-password`" in MANUAL


def test_nothing_runs_as_root_and_photos_are_only_read() -> None:
    assert instructions("USER") == ["$USER_ID:$GROUP_ID"]
    assert instructions("ARG") == ["USER_ID=1000", "GROUP_ID=1000"]
    assert COMPOSE["services"]["gallery"]["build"]["args"].keys() == {"USER_ID", "GROUP_ID"}
    for service in COMPOSE["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        (photos,) = [each for each in service["volumes"] if "PHOTOS" in each]
        assert photos.endswith(":/photos:ro")
    assert COMPOSE["services"]["gallery"]["ports"] == ["${INDEXER_LISTEN:-127.0.0.1}:8710:8710"]


def test_every_file_that_is_written_lies_in_a_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    volumes = json.loads(instructions("VOLUME")[0])
    mounted = {each.split(":")[1] for each in COMPOSE["services"]["gallery"]["volumes"] if "PHOTOS" not in each}
    assert mounted == set(volumes)
    assert {each.removeprefix("/") for each in volumes} == COMPOSE["volumes"].keys()
    for name, value in variables().items():
        if name.startswith("XDG_"):
            monkeypatch.setenv(name, value)
    used = config.load(environ={name: value for name, value in variables().items() if "INDEXER" in name}).config
    assert used.folders == (Path("/photos"),)
    assert used.serve_address == "0.0.0.0"
    places = [used.library_file, used.models_path, used.own_models_path, used.thumbnails_path, config.default_file({})]
    for place in places:
        assert any(place.is_relative_to(volume) for volume in volumes), place


def test_variables_of_the_compose_file_are_settings() -> None:
    keys = {f"INDEXER_{key.upper()}" for key in config.load(environ={}).origins}
    assert COMPOSE["services"]["gallery"]["environment"].keys() <= keys
    assert {name for name in variables() if name.startswith("INDEXER_")} <= keys
    for port in (*instructions("EXPOSE"), COMPOSE["services"]["gallery"]["ports"][0].split(":")[-1]):
        assert int(port) == config.Config().serve_port


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_a_healthy_server(status: int, code: int) -> None:
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request).start()
        script = command[2].replace("8710", str(server.server_port))
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, asked) == (code, ["/healthz"])
