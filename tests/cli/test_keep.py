"""A setting is kept in its file: all else of the file is as it was, and nothing is left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.cli.keep import keep
from indexer.cli.session import Session
from indexer.errors import ConfigError


def session(file: Path) -> Session:
    return Session(None, file, quiet=True, verbose=False)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_the_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "config.toml"
    file.write_text("workers = 1\n")
    file.chmod(mode)
    keep(session(file), "classifier", "efficientnet-lite2")
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
    with pytest.raises(ConfigError, match="cannot be kept"):
        keep(session(file), "classifier", "efficientnet-lite2")
    assert file.read_text() == "workers = 1\n"
    assert list(tmp_path.iterdir()) == [file]
