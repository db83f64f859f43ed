"""Labels are read from every usual form of file; what cannot be is refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import ModelError
from indexer.vision.spec import Labels, read_specs
from indexer.vision.spec_tensors import Output
from indexer.vision.tags.labels import class_names, first_number, read_labels, words_of_models
from indexer.vision.tags.vocabulary import Vocabulary

WORDS = Vocabulary.load()
SPEC = read_specs()["efficientnet-lite0"]
LABEL_MAP = """
item {
  name: "/m/01g317"  id: 1
  display_name: "person"
}
item { id: 3
  name: 'dog\\'s bed' }
"""


@pytest.mark.parametrize(
    ("name", "text", "names", "first"),
    [
        ("a.txt", "cat\ndog\r\n  fire   truck \n\n", ("cat", "dog", "fire truck"), 0),
        ("bom.txt", "\ufeffcat\ndog", ("cat", "dog"), 0),
        ("tflite.txt", "???\nperson\nbicycle\n", ("???", "person", "bicycle"), 0),
        ("same.txt", "crane\ncrane\n", ("crane", "crane"), 0),
        ("synsets.txt", "n01440764 tench, Tinca tinca\n", ("n01440764 tench, Tinca tinca",), 0),
        ("numbered.txt", "0: cat\n1: dog\n", ("cat", "dog"), 0),
        ("coco.txt", "1  person\n2  bicycle\n4  car\n", ("person", "bicycle", "???", "car"), 1),
        ("csv.txt", "1,dog\n0,cat\n", ("cat", "dog"), 0),
        ("years.txt", "1990 car\n1990 truck\n", ("1990 car", "1990 truck"), 0),
        ("keras.json", '{"0": ["n01440764", "tench"], "1": ["x", "cat"]}', ("n01440764 tench", "x cat"), 0),
        ("index.json", '{"1": "dog", "0": "cat"}', ("cat", "dog"), 0),
        ("classes.json", '{"cat": 1, "dog": 0}', ("dog", "cat"), 0),
        ("list.json", '["cat", "dog"]', ("cat", "dog"), 0),
        ("map.pbtxt", LABEL_MAP, ("person", "???", "dog's bed"), 1),
    ],
)
def test_labels_of_every_form_are_read(
    name: str, text: str, names: tuple[str, ...], first: int, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert (read_labels(file), first_number(file)) == (names, first)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.txt", None, "No such file"),
        ("empty.txt", b"\n\n", "names no class"),
        ("gap.txt", b"cat\n\ndog\n", "in place 2 has no name"),
        ("latin.txt", "K\u00fcste".encode("latin-1"), "not text in UTF-8"),
        ("zeros.txt", b"\0\0\0", "not text"),
        ("broken.json", b'{"0": ', "not valid JSON"),
        ("other.json", b'{"0": 1.5}', "neither a list of names"),
        ("truth.json", b'{"cat": true}', "neither a list of names"),
        ("nothing.json", b"{}", "neither a list of names"),
        ("blank.json", b'{"0": " "}', "in place 1 has no name"),
        ("item.pbtxt", b"item { id: 4 }", "no id, or no name"),
        ("huge.pbtxt", b"item { id: 4000000000 name: 'x' }", "65535 is the last"),
    ],
)
def test_what_is_no_list_of_labels_is_refused(name: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        read_labels(file)
    assert name in str(caught.value)


def test_classes_before_the_first_label_are_background_but_for_object_detectors(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("person\ndog\n")
    spec = replace(SPEC, labels=Labels(file="labels.txt", offset=1), folder=str(tmp_path))
    assert class_names(spec, WORDS) == ("background", "person", "dog")
    assert class_names(replace(spec, role="object-detector"), WORDS) == ("person", "dog")
    assert class_names(SPEC, WORDS) == WORDS.classes
    assert class_names(read_specs()["dlib-face-resnet"], WORDS) == ()


def test_what_a_model_means_follows_its_description_and_the_names_that_are_stored(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("NoFinding\n")
    output = Output(("views", 2), "none", apply="sigmoid")
    spec = replace(
        SPEC,
        name="xray",
        labels=Labels(file="labels.txt"),
        folder=str(tmp_path),
        outputs={"probabilities": output},
        thresholds={"score": 0.7},
    )
    known = words_of_models(WORDS, {}, [SPEC, spec])
    assert known[SPEC.id].words == WORDS.words
    assert (known[spec.id].words, known[spec.id].threshold, known[spec.id].adds_up) == ((("no finding",),), 0.7, False)
    single = replace(spec, outputs={"probabilities": replace(output, shape=("views", 1))})
    stored = {spec.id: ["Infiltration"], "gone-00000000": ["dog"]}
    known = words_of_models(WORDS, stored, [single, spec])
    assert known[spec.id].classes == ("Infiltration",)
    assert known["gone-00000000"].threshold is None
    assert words_of_models(WORDS, {}, [single])[single.id].adds_up
    (tmp_path / "labels.txt").unlink()
    with pytest.raises(ModelError, match=r"labels\.txt"):
        words_of_models(WORDS, {}, [spec])


def test_all_descriptions_that_ship_have_words_or_give_no_tags() -> None:
    told = words_of_models(WORDS, {}, read_specs().values())
    roles = {spec.role for spec in read_specs().values() if spec.id in told}
    assert roles == {"classifier", "object-detector"}
