"""`indexer export xmp` and `import xmp` as a user runs them."""

from __future__ import annotations

from pathlib import Path


def test_words_go_out_and_come_back(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    dry = ours("export", "xmp", "--dry-run").stdout
    assert f"{small_photos / 'cat.jpg.xmp'}: new, +" in dry
    assert "Nothing was written. An export would write: 2 new files" in dry
    assert not list(small_photos.glob("*.xmp"))
    assert "2 new files, 0 changed" in ours("export", "xmp", small_photos).stdout
    assert ours.record("export", "xmp") == {
        "dry_run": False, "new": 0, "changed": 0, "unchanged": 2, "failed": 0, "kept_ratings": 0, "beside_instead": 0,
    }  # fmt: skip
    sidecar = small_photos / "cat.jpg.xmp"
    sidecar.write_text(sidecar.read_text().replace("<rdf:li>", "<rdf:li>Mimi</rdf:li><rdf:li>", 1))
    assert "cat.jpg: +Mimi" in ours("import", "xmp", "--dry-run").stdout
    for words in (1, 0):
        assert ours.record("import", "xmp")["words"] == words
    assert str(small_photos / "cat.jpg") in ours("search", "--keyword", "mimi", "--format", "paths").stdout
    assert ours("scan", small_photos).stdout.startswith("0 photos indexed")


def test_a_bad_sidecar_and_an_unknown_folder_are_sentences(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    (small_photos / "cat.jpg.xmp").write_text("nonsense")
    for command in ("export", "import"):
        done = ours(command, "xmp", code=7)
        assert "cat.jpg.xmp: it is broken" in done.stderr
        assert "contains no photos" in ours(command, "xmp", tmp_path / "none", code=3).stderr
    assert (small_photos / "cat.jpg.xmp").read_text() == "nonsense"
