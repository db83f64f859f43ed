"""Rules: what they do to a tag, and what is said of those that can do nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import ConfigError
from indexer.resources import packaged
from indexer.values.analysis import Tag
from indexer.vision.tags.rules import TagRules, idle_rules, read_rules
from indexer.vision.tags.vocabulary import Vocabulary

KNOWN = frozenset({"dog", "cat", "car", "tap"})


def rules(**given: object) -> TagRules:
    values = {"threshold": 0.5, "narrow_threshold": 0.7, "thresholds": {}, "rename": {}, "block": frozenset()}
    return TagRules(**(values | given))  # type: ignore[arg-type]


def test_the_shipped_rules_can_all_do_something() -> None:
    vocabulary = Vocabulary.load()
    assert idle_rules(vocabulary.rules, vocabulary.known) == []


def test_a_tag_needs_its_threshold() -> None:
    assert rules().apply(Tag("dog", 0.5, "beagle"), 0.5) == Tag("dog", 0.5, "beagle")
    assert rules().apply(Tag("dog", 0.49, "beagle"), 0.5) is None


def test_a_rule_for_a_word_goes_before_all_others() -> None:
    assert rules().needed("dog", 0.5) == 0.5
    assert rules(thresholds={"dog": 0.2}).needed("dog", 0.5) == 0.2


def test_a_rule_for_words_of_classifiers_leaves_those_of_other_models_alone() -> None:
    careful = rules(thresholds={"dog": 0.2}, classifier_thresholds={"dog": 0.9})
    assert careful.needed("dog", 0.5, of_classifier=True) == 0.9
    assert careful.needed("dog", 0.5) == 0.2


def test_without_an_object_detector_lower_thresholds_may_hold() -> None:
    alone = rules(alone_threshold=0.25)
    assert alone.general(narrow=False, alone=True) == 0.25
    assert alone.general(narrow=True, alone=True) == 0.7
    assert alone.general(narrow=False, alone=False) == 0.5


def test_a_renamed_tag_keeps_score_and_source_and_gets_the_new_threshold() -> None:
    renaming = rules(rename={"tap": "faucet"}, thresholds={"faucet": 0.9})
    assert renaming.apply(Tag("tap", 0.95, "sink"), 0.5) == Tag("faucet", 0.95, "sink")
    assert renaming.needed("tap", 0.5) == 0.9


def test_a_blocked_tag_is_not_shown() -> None:
    assert rules(block=frozenset({"tap"})).apply(Tag("tap", 1.0, "sink"), 0.5) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"block": frozenset({"unicorn"})}, "block 'unicorn': no tag has this name"),
        ({"block": frozenset({"Dog"})}, "block 'Dog': no tag has this name; did you mean 'dog'?"),
        ({"rename": {"unicorn": "horse"}}, "rename 'unicorn': no tag has this name"),
        ({"rename": {"dog": "dog"}}, "rename 'dog': it is renamed to itself"),
        ({"rename": {"dog": "hound"}, "block": frozenset({"dog"})}, "rename 'dog': it is blocked before"),
        ({"rename": {"dog": "cat"}, "block": frozenset({"cat"})}, "rename 'dog': it becomes 'cat' and stays so"),
        ({"rename": {"dog": "cat", "cat": "car"}}, "rename 'dog': it becomes 'cat' and stays so"),
        ({"thresholds": {"unicorn": 0.4}}, "threshold 'unicorn': no tag has this name"),
        ({"thresholds": {"dog": 1.1}}, "threshold 'dog': 1.1 is never reached"),
        ({"thresholds": {"dog": 0}}, "threshold 'dog': 0 is always passed"),
        ({"thresholds": {"dog": 0.4}, "block": frozenset({"dog"})}, "threshold 'dog': the word is blocked"),
        ({"thresholds": {"tap": 0.4}, "rename": {"tap": "faucet"}}, "threshold 'tap': the word is renamed"),
        ({"threshold": 1.5}, "threshold: 1.5 is never reached"),
        ({"narrow_threshold": -1.0}, "narrow_threshold: -1.0 is always passed"),
    ],
)
def test_a_rule_that_can_do_nothing_is_told(given: dict[str, object], said: str) -> None:
    [told] = idle_rules(rules(**given), KNOWN)
    assert told.startswith(said)


def test_rules_that_can_do_something_are_not_told() -> None:
    given = rules(rename={"tap": "faucet"}, block=frozenset({"car"}), thresholds={"faucet": 0.4, "dog": 1.0})
    assert idle_rules(given, KNOWN) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("threshold = ", "cannot be read"),
        ("threshold = 0.5", "'narrow_threshold' is missing"),
        ("threshold = '0.5'\nnarrow_threshold = 1", "threshold: must be a number"),
        ("threshold = true\nnarrow_threshold = 1", "threshold: must be a number"),
        ("threshold = 1\nnarrow_threshold = 1\nblocks = []", "'blocks' is not known"),
        ("threshold = 1\nnarrow_threshold = 1\nblock = 'dog'", "block: must be a list of words"),
        ("threshold = 1\nnarrow_threshold = 1\nblock = [1]", "block: must be a list of words"),
        ("threshold = 1\nnarrow_threshold = 1\nrename = {a = 1}", "rename: must be a table: word = 'word'"),
        ("threshold = 1\nnarrow_threshold = 1\nthresholds = {a = 'b'}", "thresholds: must be a table: word = number"),
    ],
)
def test_a_rules_file_that_cannot_be_used_is_refused_with_the_key(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(ConfigError, match=reason):
        read_rules(tmp_path / "rules.toml")


def test_a_missing_rules_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules\.toml: cannot be read"):
        read_rules(tmp_path / "rules.toml")


def test_the_shipped_file_is_read() -> None:
    shipped = read_rules(packaged("models") / "labels" / "rules.toml")
    assert 0 < shipped.threshold <= shipped.narrow_threshold < 1


def test_renaming_changes_what_a_search_finds(tmp_path: Path) -> None:
    for file in (packaged("models") / "labels").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "rules.toml").write_text('threshold = 0.5\nnarrow_threshold = 0.7\nrename = {sofa = "chesterfield"}\n')
    vocabulary = Vocabulary.load(tmp_path)
    assert vocabulary.canonical("sofa") == vocabulary.canonical("couches") == "chesterfield"
