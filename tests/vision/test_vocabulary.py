"""The words: every class reaches one that people search for, and what they type finds it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.geometry import Box
from indexer.resources import packaged
from indexer.values.analysis import Evidence, Face, Object, Tag
from indexer.values.files import PixelStats
from indexer.vision.tags.rules import TagRules
from indexer.vision.tags.vocabulary import Vocabulary

WORDS = Vocabulary.load()
HALF = replace(WORDS, rules=TagRules(0.5, 0.5, {}, {}, frozenset()))
PLAIN = PixelStats(0.5, 0.3, 0.2, 0.0)
LITE, XRAY, COCO = "lite-00000000", "xray-11111111", "coco-22222222"
IMAGENET = {LITE: WORDS.model_words(WORDS.classes)}
NAMES = {name: index for index, name in enumerate(WORDS.classes)}


def seen(*views: dict[str, float]) -> Evidence:
    """Evidence of a model that gave these classes these scores, view by view."""
    scores = np.zeros((len(views), 1000), np.float32)
    for view, given_scores in enumerate(views):
        for name, score in given_scores.items():
            scores[view, NAMES[name]] = score
    return Evidence.of("lite-00000000", scores, 0.001)


def tags(*views: dict[str, float]) -> dict[str, Tag]:
    return {tag.name: tag for tag in HALF.tags((seen(*views),), (), (), PLAIN, IMAGENET)}


def test_every_class_has_a_name() -> None:
    assert len(WORDS.classes) == len(WORDS.words) == 1000
    assert all(name and words[0] == name for name, words in zip(WORDS.classes, WORDS.words, strict=True))


def test_every_class_reaches_a_word_that_can_be_searched() -> None:
    for words in WORDS.words:
        assert any(WORDS.canonical(word) in words for word in words), words


def test_every_word_finds_itself() -> None:
    shown = {WORDS.rules.rename.get(word, word) for word in WORDS.known}
    assert {word for word in shown if WORDS.canonical(word) != word} == set()


@pytest.mark.parametrize(
    "word", ["entity", "whole", "instrumentality", "artifact", "conveyance", "vertebrate", "chordate"]
)
def test_a_word_that_nobody_searches_for_is_not_there(word: str) -> None:
    assert word not in WORDS.known


@pytest.mark.parametrize(
    ("name", "broader"),
    [
        ("Border terrier", {"terrier", "dog", "mammal", "animal", "pet"}),
        ("tabby cat", {"cat", "pet", "mammal", "animal"}),
        ("minivan", {"car", "van", "vehicle"}),
        ("Granny Smith apple", {"apple", "fruit", "food"}),
        ("espresso", {"coffee", "cup", "drink"}),
        ("daisy", {"flower", "plant"}),
        ("seashore", {"beach", "coast", "sea", "water", "landscape"}),
        ("acoustic guitar", {"guitar", "stringed instrument", "musical instrument"}),
        ("washing machine", {"appliance"}),
        ("church", {"place of worship", "building"}),
    ],
)
def test_a_class_has_the_words_above_it(name: str, broader: set[str]) -> None:
    assert broader <= set(WORDS.words[NAMES[name]])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("tiger", "cat"),  # below 'big cat' only
        ("catamaran", "cat"),
        ("hay", "food"),
        ("espresso", "food"),
        ("website", "computer"),
        ("hot dog", "dog"),
        ("slide rule", "computer"),
    ],
)
def test_a_class_has_no_word_that_does_not_fit(name: str, wrong: str) -> None:
    assert wrong not in WORDS.words[NAMES[name]]


def test_two_things_of_one_name_do_not_mix_what_is_above_them() -> None:
    bird, machine = (words for words in WORDS.words if words[0] == "crane")
    assert "bird" in bird
    assert "bird" not in machine


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("dog", "dog"),
        ("Dogs", "dog"),
        ("DOMESTIC  DOG", "dog"),
        ("puppies", "dog"),
        ("automobile", "car"),
        ("border terriers", "Border terrier"),
        ("geese", "goose"),
        ("churches", "church"),
        ("strawberries", "strawberry"),
        ("knives", "knife"),
        ("wolves", "wolf"),
        ("TV", "television"),
        ("couch", "sofa"),
        ("fridge", "refrigerator"),
        ("women", "person"),
        ("people", "people"),
        ("B&W", "black and white"),
        ("glasses", "glass"),
        ("Canis familiaris", "dog"),
        ("cat", "cat"),  # WordNet calls a big cat so, too
        ("", None),
        ("s", None),
        ("do", None),
        ("zzz", None),
    ],
)
def test_what_people_type_is_understood(typed: str, found: str | None) -> None:
    assert WORDS.canonical(typed) == found


@given(st.text(max_size=30))
def test_any_text_is_a_known_word_or_none(text: str) -> None:
    found = WORDS.canonical(text)
    assert found is None or WORDS.canonical(found) == found


def test_a_word_has_the_sum_of_its_classes() -> None:
    found = tags({"Border terrier": 0.4, "beagle": 0.35, "tabby cat": 0.05})
    assert "Border terrier" not in found
    assert found["dog"].score == pytest.approx(0.75, abs=1e-4)
    assert found["dog"].source == "Border terrier"
    assert found["animal"].score == pytest.approx(0.8, abs=1e-4)


def test_the_best_view_counts_and_views_are_not_added_up() -> None:
    found = tags({"beagle": 0.4}, {"beagle": 0.1, "tabby cat": 0.85})
    assert "dog" not in found
    assert found["cat"].source == found["animal"].source == "tabby cat"
    assert found["animal"].score == pytest.approx(0.95, abs=1e-4)


def test_the_surest_tag_comes_first() -> None:
    scores = [tag.score for tag in WORDS.tags((seen({"beagle": 0.5, "tabby cat": 0.3}),), (), (), PLAIN, IMAGENET)]
    assert scores == sorted(scores, reverse=True)


def test_a_word_that_stands_for_one_class_needs_its_own_threshold() -> None:
    careful = replace(WORDS, rules=TagRules(0.25, 0.5, {}, {}, frozenset()))
    found = {tag.name for tag in careful.tags((seen({"banana": 0.4, "trombone": 0.6}),), (), (), PLAIN, IMAGENET)}
    assert {"fruit", "food", "trombone", "musical instrument"} <= found
    assert "banana" not in found


def test_no_evidence_gives_no_tags() -> None:
    assert WORDS.tags((Evidence("lite-00000000", b""),), (), (), PLAIN, IMAGENET) == ()


@given(st.dictionaries(st.sampled_from(WORDS.classes), st.floats(0.0, 1.0), max_size=12))
def test_scores_stay_between_0_and_1(scores: dict[str, float]) -> None:
    total = sum(scores.values()) or 1.0
    evidence = seen({name: score / total for name, score in scores.items()})
    for tag in WORDS.tags((evidence,), (), (), PLAIN, IMAGENET):
        assert 0 < tag.score <= 1


def test_a_broader_word_is_never_less_sure() -> None:
    everything = replace(WORDS, rules=TagRules(0.0, 0.0, {}, {}, frozenset()))
    evidence = seen({"beagle": 0.3, "goldfish": 0.3, "pizza": 0.4})
    found = {tag.name: tag.score for tag in everything.tags((evidence,), (), (), PLAIN, IMAGENET)}
    assert found["beagle"] <= found["hound"] <= found["dog"] <= found["mammal"] <= found["animal"]


def test_search_words_load_without_numpy() -> None:
    load = "from indexer.vision.tags.vocabulary import Vocabulary; Vocabulary.load()"
    script = f"import sys; {load}; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"False\n"


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    for file in (packaged("models") / "labels").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "words.tsv").write_text("dog\tdoggy\tone too many\n")
    with pytest.raises(ModelError, match=r"words\.tsv is damaged"):
        Vocabulary.load(tmp_path)
    (tmp_path / "words.tsv").unlink()
    with pytest.raises(ModelError, match=r"words\.tsv cannot be read"):
        Vocabulary.load(tmp_path)


def test_the_classes_of_imagenet_are_known_by_their_place_under_any_of_their_names() -> None:
    by_name = IMAGENET[LITE]
    assert by_name.words == WORDS.words
    assert WORDS.model_words(WORDS.ids) == by_name
    after = WORDS.model_words(("background", *WORDS.classes))
    assert (after.words[0], after.words[1:]) == ((), WORDS.words)


def test_a_wordnet_id_tells_two_things_of_one_name_apart_and_a_name_does_not() -> None:
    bird, machine = (index for index, name in enumerate(WORDS.classes) if name == "crane")
    known = WORDS.model_words((f"{WORDS.ids[bird]} crane", WORDS.ids[machine], "crane"))
    assert known.words == (WORDS.words[bird], WORDS.words[machine], ("crane",))
    assert known.classes == ("crane", "crane", "crane")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n01440764 tench, Tinca tinca", ("tench", "fish", "animal")),
        ("great_white_shark", ("great white shark", "shark", "fish", "animal")),
        ("Egyptian_cat", ("Egyptian cat", "cat", "pet", "mammal", "animal")),
        ("dog", ("dog", "pet", "mammal", "animal")),
        ("couch", ("sofa", "furniture")),
        ("cell phone", ("cell phone", "telephone", "electronics")),
        ("person", ("person",)),
        ("coffee", ("coffee", "drink")),  # no cup: that stands beside it
        ("kitchen", ("kitchen",)),
        ("kite", ("kite", "toy")),  # the one that flies on a string
        ("iPod", ("iPod", "electronics")),
        ("traffic light", ("traffic light",)),
        ("NoFinding", ("no finding",)),
        ("Pleural_Thickening", ("pleural thickening",)),
        ("COVID19", ("covid19",)),
        ("MRIScan", ("mri scan",)),
        ("n99999999 benthos, sea bottom life", ("benthos",)),
        ("Küste", ("küste",)),
        ("Background", ()),
        ("???", ()),
    ],
)
def test_a_class_of_any_model_gets_the_words_that_people_search_for(name: str, words: tuple[str, ...]) -> None:
    assert WORDS.model_words((name,)).words == (words,)


@given(st.text(max_size=20))
def test_any_name_gives_a_word_that_can_be_a_tag_or_none(name: str) -> None:
    (words,) = WORDS.model_words((name,)).words
    assert all(word and word == " ".join(word.split()) for word in words)


def own(model: str, *scores: float) -> Evidence:
    return Evidence.of(model, np.array([scores], np.float32), 0.001)


def test_classes_of_one_s_own_are_tags_beside_others_and_name_their_model() -> None:
    classes = IMAGENET | {XRAY: WORDS.model_words(("NoFinding", "Atelectasis"))}
    found = WORDS.tags((seen({"beagle": 0.9}), own(XRAY, 0.3, 0.7)), (), (), PLAIN, classes)
    by_name = {tag.name: tag for tag in found}
    assert by_name["atelectasis"] == Tag("atelectasis", pytest.approx(0.7, abs=1e-4), "Atelectasis (xray)", (XRAY,))
    assert by_name["dog"] == Tag("dog", pytest.approx(0.9, abs=1e-4), "beagle", (LITE,))
    assert "no finding" not in by_name


def test_the_only_classifier_is_the_default_one_whatever_it_knows() -> None:
    (tag,) = WORDS.tags((own(XRAY, 0.1, 0.9),), (), (), PLAIN, {XRAY: WORDS.model_words(("NoFinding", "Atelectasis"))})
    assert (tag.name, tag.source) == ("atelectasis", "Atelectasis")


def test_the_best_of_several_models_counts_and_all_that_gave_a_word_are_named() -> None:
    classes = IMAGENET | {COCO: WORDS.model_words(("person", "dog"))}
    dog, other = (Object(1, score, Box(0.1, 0.1, 0.2, 0.2), COCO) for score in (0.95, 0.6))
    found = {tag.name: tag for tag in HALF.tags((seen({"beagle": 0.9}),), (other, dog), (), PLAIN, classes)}
    assert found["dog"] == Tag("dog", 0.95, "2 dogs (coco)", (COCO, LITE), 2)
    assert found["hound"].models == (LITE,)
    face = Face(Box(0.4, 0.4, 0.1, 0.1), 0.99, 0.5, (), None)
    person = replace(dog, label=0, box=Box(0.3, 0.3, 0.3, 0.7))
    assert WORDS.tags((), (person,), (face,), PLAIN, classes) == (Tag("person", 0.99, "1 person", (COCO,), 1),)


@pytest.mark.parametrize(("score", "is_shown"), [(0.3, False), (0.6, True)])
def test_an_object_gives_words_only_where_it_is_likely(score: float, is_shown: bool) -> None:
    thing = Object(1, score, Box(0.1, 0.1, 0.2, 0.2), COCO)
    found = WORDS.tags((), (thing,), (), PLAIN, {COCO: WORDS.model_words(("person", "couch"))})
    assert ("sofa" in {tag.name for tag in found}) == is_shown


@pytest.mark.parametrize(
    ("threshold", "rules", "shown"),
    [
        (None, {}, {"sofa", "furniture"}),  # of the hierarchy: 0.25; a plain word: 0.5
        (0.2, {}, {"sofa", "furniture", "atelectasis"}),
        (0.6, {}, set()),
        (0.6, {"furniture": 0.3}, {"furniture"}),
        (None, {"atelectasis": 0.3, "sofa": 0.5}, {"furniture", "atelectasis"}),
    ],
)
def test_thresholds_are_those_of_the_word_else_of_the_model_else_of_all(
    threshold: float | None, rules: dict[str, float], shown: set[str]
) -> None:
    careful = replace(WORDS, rules=TagRules(0.25, 0.25, rules, {}, frozenset()))
    classes = {XRAY: careful.model_words(("couch", "Atelectasis"), threshold)}
    assert {tag.name for tag in careful.tags((own(XRAY, 0.4, 0.4),), (), (), PLAIN, classes)} == shown


def test_rules_rename_and_block_words_of_any_model() -> None:
    ruled = replace(WORDS, rules=TagRules(0.25, 0.5, {}, {"atelectasis": "lung"}, frozenset({"no finding"})))
    classes = {XRAY: ruled.model_words(("NoFinding", "Atelectasis"))}
    (tag,) = ruled.tags((own(XRAY, 0.9, 0.9),), (), (), PLAIN, classes)
    assert (tag.name, tag.source, tag.models) == ("lung", "Atelectasis", (XRAY,))


def test_scores_of_classes_that_do_not_exclude_each_other_are_not_added_up() -> None:
    sigmoid = {COCO: WORDS.model_words(("dog", "cat", "unheard of"), adds_up=False)}
    found = {tag.name: tag.score for tag in WORDS.tags((own(COCO, 0.4, 0.3, 0.6),), (), (), PLAIN, sigmoid)}
    assert found["animal"] == pytest.approx(0.4, abs=1e-4)


def test_a_model_or_a_class_without_names_gives_no_tag() -> None:
    classes = {XRAY: WORDS.model_words(("Atelectasis",))}
    assert WORDS.tags((own(COCO, 0.9), own(XRAY, 0.1, 0.9)), (), (), PLAIN, classes) == ()


COCO_NAMES = [
    name for name in (packaged("models") / "labels" / "coco.txt").read_text().split("\n") if name not in ("", "???")
]


@pytest.mark.parametrize("name", COCO_NAMES)
def test_everything_that_the_object_detector_finds_can_be_searched(name: str) -> None:
    (words,) = WORDS.model_words((name,)).words
    assert WORDS.canonical(name) == words[0]
    assert WORDS.canonical(f"{name}s") in {words[0], "people", None}
    assert all(WORDS.canonical(word) == word for word in words)


def test_there_are_80_of_them() -> None:
    assert len(set(COCO_NAMES)) == len(WORDS.objects) == 80


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("giraffes", "giraffe"), ("hydrant", "fire hydrant"), ("luggage", "suitcase"), ("suitcases", "suitcase"),
        ("doughnuts", "donut"), ("couch", "sofa"), ("TV", "television"), ("bike", "bicycle"), ("bikes", "bicycle"),
        ("plane", "airplane"), ("motorbike", "motorcycle"), ("skis", "ski"), ("skiing", "ski"), ("surfer", "surfboard"),
        ("tennis", "tennis racket"), ("mitt", "baseball glove"), ("forks", "fork"), ("knives", "knife"),
        ("silverware", "cutlery"), ("rucksack", "backpack"), ("parasol", "umbrella"), ("purse", "purse"),
        ("smartphone", "cell phone"), ("mobile phone", "cell phone"), ("hairdryer", "hair dryer"),
        ("mice", "computer mouse"),
        ("fridge", "refrigerator"), ("people", "people"), ("men", "person"), ("children", "person"),
        ("ponies", "horse"),
        ("kittens", "cat"), ("puppies", "dog"), ("cattle", "cow"), ("lorry", "truck"), ("shears", "scissors"),
        ("houseplants", "potted plant"), ("stop signs", "stop sign"), ("traffic lights", "traffic light"),
    ],
)  # fmt: skip
def test_what_people_type_finds_what_the_object_detector_sees(typed: str, word: str) -> None:
    assert WORDS.canonical(typed) == word
