"""A user's own rules: used by scan, search and retag; a rule that can do nothing is told."""

from __future__ import annotations

from pathlib import Path


def test_own_rules_rename_and_block_words(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    rules = tmp_path / "rules.toml"
    rules.write_text('threshold = 0.25\nnarrow_threshold = 0.5\nblock = ["pet", "zeppelin"]\n[rename]\ncat = "kitty"\n')
    done = ours("retag", INDEXER_RULES=str(rules))
    assert "1 of 2 photos" in done.stdout
    assert "'zeppelin'" in done.stderr
    tags = {each["name"] for each in ours.json("tags")}
    assert "kitty" in tags
    assert not tags & {"cat", "pet"}
    found = ours("search", "-k", "cats", "--format", "paths", INDEXER_RULES=str(rules)).stdout
    assert found == f"{small_photos / 'cat.jpg'}\n"


def test_rules_that_cannot_be_read_are_an_error(program, small_photos: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('block = "pet"')
    ours = program.with_library(tmp_path / "l.sqlite")
    assert "block: must be a list" in ours("scan", small_photos, code=2, INDEXER_RULES=str(rules)).stderr
