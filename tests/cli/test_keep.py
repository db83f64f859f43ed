"""A setting is kept in its file: all else of the file is as it was, and nothing is left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.cli.commands.config import show, write_setting
from indexer.cli.session import Session
from indexer.errors import ConfigError


def session(file: Path) -> Session:
    return Session(None, file, quiet=True, verbose=False)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_the_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "config.toml"
    file.write_text("workers = 1\n")
    file.chmod(mode)
    write_setting(session(file), "classifier", "efficientnet-lite2")
    assert file.read_text() == 'workers = 1\nclassifier = "efficientnet-lite2"\n'
    assert file.stat().st_mode & 0o777 == mode
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_replaced_stays_and_nothing_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no")

    file = tmp_path / "config.toml"
    file.write_text("workers = 1\n")
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ConfigError, match="cannot be saved"):
        write_setting(session(file), "classifier", "efficientnet-lite2")
    assert file.read_text() == "workers = 1\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_is_not_shown_and_its_file_is_closed_to_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = Session(None, tmp_path / "config.toml", quiet=False, verbose=False)
    write_setting(ours, "serve_token", "0123abc")
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600
    (tmp_path / "config.toml").chmod(0o644)
    write_setting(ours, "serve_token", "0123abc")
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o640
    assert 'serve_token = "0123abc"' in (tmp_path / "config.toml").read_text()
    show(ours)
    said = capsys.readouterr()
    assert "0123abc" not in said.out + said.err
    assert "(secret)" in said.out
