"""Tag rules: words that are blocked, renamed or held to a threshold, from rules.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from indexer.errors import ConfigError
from indexer.values.analysis import Tag


@dataclass(frozen=True, slots=True)
class TagRules:
    """The rules for a word before it is shown: block or rename, then threshold.

    threshold: the minimum score, 0..1, of a word that has none of its own in `thresholds`.
    narrow_threshold: the same for a word that stands for a single class of the classifier.
    classifier_thresholds: like `thresholds`, for words that a classifier gives: they go before those.
    alone_threshold, alone_narrow_threshold: instead of the first two where no object detector is in use.
    """

    threshold: float
    narrow_threshold: float
    thresholds: Mapping[str, float]
    rename: Mapping[str, str]
    block: frozenset[str]
    classifier_thresholds: Mapping[str, float] = field(default_factory=dict)
    alone_threshold: float | None = None
    alone_narrow_threshold: float | None = None

    def general(self, *, narrow: bool, alone: bool) -> float:
        """Return the minimum score of a word that no rule names. alone: no object detector is in use."""
        usual, other = self.threshold, self.alone_threshold
        if narrow:
            usual, other = self.narrow_threshold, self.alone_narrow_threshold
        return other if alone and other is not None else usual

    def apply(self, tag: Tag, least: float) -> Tag | None:
        """Return the tag as shown, or None where it is not; least: the score that it needs, as of `needed`."""
        if tag.name in self.block or tag.score < least:
            return None
        name = self.rename.get(tag.name, tag.name)
        return tag if name == tag.name else replace(tag, name=name)

    def needed(self, word: str, least: float, *, of_classifier: bool = False) -> float:
        """Return the minimum score of a word before it is renamed; least: the one where no rule names the word."""
        name = self.rename.get(word, word)
        own = self.thresholds.get(name, least)
        return self.classifier_thresholds.get(name, own) if of_classifier else own


def read_rules(file: Path) -> TagRules:
    """Read a rules file. Errors: ConfigError that names the key that is wrong."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(str(file), f"cannot be read: {error}") from error
    for key, (check, wanted) in _KEYS.items():
        if key in raw and not check(raw[key]):
            raise ConfigError(f"{file}, {key}", f"must be {wanted}")
    unknown, missing = raw.keys() - _KEYS, _DEFAULTS - raw.keys()
    if unknown or missing:
        what = f"{min(unknown)!r} is not known" if unknown else f"{min(missing)!r} is missing"
        raise ConfigError(str(file), f"{what}; the known keys are {', '.join(_KEYS)}")
    return TagRules(
        threshold=float(raw["threshold"]),
        narrow_threshold=float(raw["narrow_threshold"]),
        thresholds=raw.get("thresholds", {}),
        rename=raw.get("rename", {}),
        block=frozenset(raw.get("block", ())),
        classifier_thresholds=raw.get("classifier_thresholds", {}),
        alone_threshold=raw.get("alone_threshold"),
        alone_narrow_threshold=raw.get("alone_narrow_threshold"),
    )


def idle_rules(rules: TagRules, known: Set[str]) -> list[str]:
    """Return rules without any effect, a sentence each; `known` are the words that the rules are applied to."""
    return [*_idle_blocks(rules, known), *_idle_renames(rules, known), *_idle_thresholds(rules, known)]


def _idle_blocks(rules: TagRules, known: Set[str]) -> Iterator[str]:
    for word in sorted(rules.block - known):
        yield f"block {word!r}: {_unknown(word, known)}"


def _idle_renames(rules: TagRules, known: Set[str]) -> Iterator[str]:
    for word, name in sorted(rules.rename.items()):
        if word not in known:
            yield f"rename {word!r}: {_unknown(word, known)}"
        elif word in rules.block:
            yield f"rename {word!r}: it is blocked before it could be renamed"
        elif word == name:
            yield f"rename {word!r}: it is renamed to itself"
        elif name in rules.block or name in rules.rename:
            fate = "blocked" if name in rules.block else "renamed"
            yield f"rename {word!r}: it becomes {name!r} and stays so, though {name!r} itself is {fate}"


def _idle_thresholds(rules: TagRules, known: Set[str]) -> Iterator[str]:
    shown = (known - rules.block - rules.rename.keys()) | {
        name for word, name in rules.rename.items() if word in known - rules.block
    }
    for word, least in sorted([*rules.thresholds.items(), *rules.classifier_thresholds.items()]):
        if word in rules.block:
            yield f"threshold {word!r}: the word is blocked"
        elif word in rules.rename and word not in shown:
            yield f"threshold {word!r}: the word is renamed; its threshold is that of {rules.rename[word]!r}"
        elif word not in shown:
            yield f"threshold {word!r}: {_unknown(word, shown)}"
        elif not 0 < least <= 1:
            yield f"threshold {word!r}: {_out_of_range(least)}"
    for key in ("threshold", "narrow_threshold", "alone_threshold", "alone_narrow_threshold"):
        least = getattr(rules, key)
        if least is not None and not 0 < least <= 1:
            yield f"{key}: {_out_of_range(least)}"


def _out_of_range(least: float) -> str:
    return f"{least} is {'never reached' if least > 1 else 'always passed'}; scores are 0..1"


def _unknown(word: str, known: Set[str]) -> str:
    near = next((other for other in sorted(known) if other.lower() == word.lower()), None)
    near = near or next(iter(get_close_matches(word, sorted(known), 1)), None)
    return f"no tag has this name{f'; did you mean {near!r}?' if near else ''}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_table(value: Any, check: Any) -> bool:
    return isinstance(value, dict) and all(map(check, value.values()))


_DEFAULTS = {"threshold", "narrow_threshold"}
_KEYS: dict[str, tuple[Any, str]] = {
    "threshold": (_is_number, "a number"),
    "narrow_threshold": (_is_number, "a number"),
    "alone_threshold": (_is_number, "a number"),
    "alone_narrow_threshold": (_is_number, "a number"),
    "block": (_is_words, "a list of words"),
    "rename": (lambda value: _is_table(value, lambda name: isinstance(name, str)), "a table: word = 'word'"),
    "thresholds": (lambda value: _is_table(value, _is_number), "a table: word = number"),
    "classifier_thresholds": (lambda value: _is_table(value, _is_number), "a table: word = number"),
}
