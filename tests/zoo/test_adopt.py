"""A network of the user's own is taken in as a whole or not at all, and forgotten without a rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import ModelError
from indexer.vision.spec import read_specs
from indexer.zoo.adopt import adopted, check_name, forget
from indexer.zoo.guess import Proposal, Reason
from indexer.zoo.own import checked

TOLD = {
    "role": "classifier",
    "weights.format": "keras",
    "input.name": "image",
    "input.fit": "stretch",
    "input.size_px": 32,
    "input.colors": "RGB",
    "input.mean": 0,
    "input.scale": 1,
    "outputs.probabilities.shape": ["views", 2],
}
PROPOSAL = Proposal(tuple(Reason(key, value, "for a test", "sure") for key, value in TOLD.items()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "net 1.keras"
    file.write_bytes(b"weights")
    return file


def take(source: Path, own: Path, *, link: bool = False) -> None:
    with adopted("mine", source, PROPOSAL, ("cat", "dög"), 'a "net"', own, link=link):
        pass


def test_what_was_taken_in_is_described_and_whole(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    take(source, own)
    spec = read_specs(own)["mine"]
    assert spec.description == 'a "net"'
    assert checked(spec).read_bytes() == b"weights"
    assert spec.path(spec.labels.file).read_text("utf-8") == "cat\ndög\n"
    assert sorted(path.name for path in own.iterdir()) == ["mine", "mine.toml"]


def test_a_folder_is_copied_as_one_and_a_change_in_it_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "saved"
    (source / "variables").mkdir(parents=True)
    (source / "variables" / "data").write_bytes(b"weights")
    own = tmp_path / "own"
    take(source, own)
    copy = own / "mine" / "saved" / "variables" / "data"
    assert checked(read_specs(own)["mine"]).is_dir()
    copy.write_bytes(b"changed")
    with pytest.raises(ModelError, match="has changed since it was added"):
        checked(read_specs(own)["mine"])


def test_a_link_leaves_the_file_where_it_is(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    take(source, own, link=True)
    assert checked(read_specs(own)["mine"]).resolve() == source
    forget("mine", own)
    assert source.read_bytes() == b"weights"
    assert not list(own.iterdir())


def test_a_network_that_is_refused_leaves_nothing_and_the_one_before_it_stays(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    take(source, own)
    before = read_specs(own)["mine"]
    other = tmp_path / "other.keras"
    other.write_bytes(b"nonsense")

    def refused() -> None:
        with adopted("mine", other, PROPOSAL, (), "another", own):
            raise ModelError("mine", "does not fit")

    with pytest.raises(ModelError, match="does not fit"):
        refused()
    assert read_specs(own)["mine"] == before
    assert sorted(path.name for path in own.iterdir()) == ["mine", "mine.toml"]


def test_a_new_one_takes_the_place_of_an_old_one(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    take(source, own)
    source.write_bytes(b"new weights")
    take(source, own)
    assert checked(read_specs(own)["mine"]).read_bytes() == b"new weights"


def test_a_folder_that_cannot_be_written_to_is_a_sentence(source: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")
    with pytest.raises(ModelError, match="cannot be kept in"):
        take(source, tmp_path / "own")


@pytest.mark.parametrize("name", ["", "a b", "../x", "Net", "a/b", ".hidden", "x" * 65, "né"])
def test_a_name_that_cannot_be_a_files_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a name has small letters"):
        check_name(name, (), tmp_path, replace=False)


def test_a_name_that_is_taken_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="comes with the program"):
        check_name("efficientnet-lite0", tuple(read_specs()), tmp_path, replace=True)
    take(source, tmp_path / "own")
    with pytest.raises(ModelError, match="--replace"):
        check_name("mine", (), tmp_path / "own", replace=False)
    check_name("mine", (), tmp_path / "own", replace=True)
