"""A network of the user's own is taken in as a whole or not at all, and forgotten without a rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.advice import Advice
from indexer.errors import ModelError
from indexer.vision.spec import read_specs
from indexer.vision.tags.labels import read_labels
from indexer.zoo.build.custom import checked
from indexer.zoo.custom.install import check_name, forget, installed, label_lines, label_names
from indexer.zoo.custom.overrides import replaced
from indexer.zoo.custom.spec_draft import DraftReason, SpecDraft

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
PROPOSAL = SpecDraft(tuple(DraftReason(key, value, "for a test", "sure") for key, value in TOLD.items()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "net 1.keras"
    file.write_bytes(b"weights")
    return file


def take(source: Path, own: Path, *, link: bool = False) -> None:
    with installed("mine", source, PROPOSAL, ("cat", "dög"), 'a "net"', own, link=link):
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


def test_a_model_that_is_refused_leaves_nothing_and_the_one_before_it_stays(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    take(source, own)
    before = read_specs(own)["mine"]
    other = tmp_path / "other.keras"
    other.write_bytes(b"nonsense")

    def refused() -> None:
        with installed("mine", other, PROPOSAL, (), "another", own):
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
    with pytest.raises(ModelError, match="cannot be saved in"):
        take(source, tmp_path / "own")


@pytest.mark.parametrize("name", ["", "a b", "../x", "Net", "a/b", ".hidden", "x" * 65, "né"])
def test_a_name_that_cannot_be_a_files_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="use lowercase letters"):
        check_name(name, (), tmp_path, replace=False)


def test_a_name_that_is_taken_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="comes with the program"):
        check_name("efficientnet-lite0", tuple(read_specs()), tmp_path, replace=True)
    take(source, tmp_path / "own")
    with pytest.raises(ModelError, match="already exists") as raised:
        check_name("mine", (), tmp_path / "own", replace=False)
    assert raised.value.advice == Advice("replace-model")
    check_name("mine", (), tmp_path / "own", replace=True)


def test_a_name_whose_folder_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for name in ("mine", "gone"):
        for replace in (False, True):
            with pytest.raises(ModelError, match="already exists, but no model of that name"):
                check_name(name, (), tmp_path, replace=replace)


@pytest.mark.parametrize("link", [False, True])
def test_a_file_among_ones_models_or_around_them_is_refused_and_stays(tmp_path: Path, link: bool) -> None:
    own = tmp_path / "saved" / "own"
    inside = own / "mine" / "net.keras"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"weights")
    for source in (inside, inside.parent, own, own.parent):
        with pytest.raises(ModelError, match="copy it elsewhere first"):
            take(source, own, link=link)
    assert inside.read_bytes() == b"weights"


def test_a_link_in_place_of_the_folder_of_a_model_is_deleted_and_what_it_leads_to_stays(
    source: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.toml").touch()
    (own / "mine").symlink_to(source.parent)
    forget("mine", own)
    assert not list(own.iterdir())
    assert source.read_bytes() == b"weights"


def test_names_that_a_file_brings_along_are_read_back_as_many_as_they_are(tmp_path: Path) -> None:
    names = label_names(["cat", "", " two\nlines\x7f ", "\t", ""])
    assert names == ("cat", "???", "two lines")
    (tmp_path / "labels.txt").write_text(label_lines(names))
    assert read_labels(tmp_path / "labels.txt") == names


def test_what_a_file_says_of_itself_cannot_break_out_of_its_line(source: Path, tmp_path: Path) -> None:
    evil = 'x"\nrole = "object-detector"\x7f\x1b[2J'
    told = replaced(PROPOSAL, [DraftReason("input.tensor", evil, evil, "likely")])
    with installed("mine", source, told, (), evil, tmp_path / "own", origin=evil) as spec:
        pass
    assert (spec.role, spec.input.tensor, spec.description) == ("classifier", evil, evil)
    assert "\x1b" not in (tmp_path / "own" / "mine.toml").read_text("utf-8")


def test_a_file_whose_name_is_no_text_is_taken_in(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.keras")
    odd.write_bytes(b"weights")
    take(odd, tmp_path / "own")
    assert checked(read_specs(tmp_path / "own")["mine"]).read_bytes() == b"weights"
