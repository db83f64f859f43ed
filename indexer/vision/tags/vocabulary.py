"""Vocabulary: the words that photos are tagged with and found by, and the tags that follow from stored model outputs.

No model, no NumPy: a search loads the words in a few milliseconds, and `retag` needs only stored evidence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.values.analysis import Evidence, Face, Object, Tag, model_name
from indexer.values.files import PixelStats
from indexer.vision.tags.candidates import ModelWords, TagCandidate, tag_candidates
from indexer.vision.tags.doubts import ANIMAL, doubted
from indexer.vision.tags.people import Beings, heuristic_tags
from indexer.vision.tags.plurals import counted, forms
from indexer.vision.tags.rules import TagRules, read_rules

_PERSON = "person"
_PLAIN_THRESHOLD = 0.5  # of a word that is in no table
_NO_THING = frozenset({"background", "???", "n/a", ""})
_WORDNET = re.compile(r"(n\d{8})\b[\s:,]*(.*)", re.DOTALL)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Words recognized by objects in the picture: neither broader nor narrower than the classes of these.
_TOLD_BY_THINGS = frozenset({"baseball", "bathroom", "cup", "kitchen", "wedding", "wine glass"})
# ImageNet means a dog; without a WordNet id the athlete is as likely.
_HOMONYMS = frozenset({"boxer"})


@dataclass(frozen=True)
class Vocabulary:
    """The words that photos are tagged with and found by.

    ids: the WordNet id of each of ImageNet's 1000 classes, in their order.  classes: their everyday names.
    words: every word, with the broader words of each class: class index → words, its own name first.
    spellings: in lower case, every word and its synonyms → the word, before the rules rename it.
    synonyms: the same → the tag that it becomes.
    objects: the names that object detectors give (COCO's) → their word, and broader ones from narrow to broad.
    """

    ids: tuple[str, ...]
    classes: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    spellings: Mapping[str, str]
    synonyms: Mapping[str, str]
    rules: TagRules
    objects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path | None = None, rules: Path | None = None) -> Vocabulary:
        """Read classes.tsv, words.tsv, objects.tsv and rules.toml of a folder; None: those that ship with the program.

        rules: a rules file instead of the folder's own.

        Errors: ModelError where a table is missing or damaged, ConfigError for a rule that cannot be read.
        """
        folder = folder or packaged("models") / "labels"
        classes = _rows(folder / "classes.tsv", 4)
        broader = _rows(folder / "words.tsv", 2)
        applied = read_rules(rules or folder / "rules.toml")
        rows = [*broader, *((name, others) for _, name, others, _ in classes)]
        spellings = _synonyms(rows, {})
        return cls(
            ids=tuple(row[0] for row in classes),
            classes=tuple(name for _, name, _, _ in classes),
            words=tuple((name, *_split(above)) for _, name, _, above in classes),
            spellings=spellings,
            synonyms=_synonyms(rows, applied.rename) if applied.rename else spellings,
            rules=applied,
            objects={name: tuple(_split(words)) for name, words in _rows(folder / "objects.tsv", 2)},
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that a tag can have before the rules, which rename some and block some."""
        return frozenset(self.synonyms.values()) | self._below.keys()

    @cached_property
    def _narrow(self) -> frozenset[str]:
        """The words that stand for a single class."""
        return frozenset(word for word, classes in self._below.items() if len(classes) == 1)

    @cached_property
    def _below(self) -> Mapping[str, frozenset[int]]:
        """The classes that each word stands for."""
        below: defaultdict[str, set[int]] = defaultdict(set)
        for number, words in enumerate(self.words):
            for word in words:
                below[word].add(number)
        return {word: frozenset(numbers) for word, numbers in below.items()}

    def least(self, word: str, of: ModelWords | None = None, *, is_object: bool = False, alone: bool = False) -> float:
        """Return the minimum score of a word, before the rules, where these have no threshold of its own for it.

        A word that stands for a single class needs a higher score.  of: the model that gives it, None: no model.
        alone: no object detector is in use.
        """
        if of is not None and of.threshold is not None:
            return of.threshold
        if is_object or (of is not None and word not in self.known):
            return _PLAIN_THRESHOLD
        return self.rules.general(narrow=word in self._narrow, alone=alone)

    def canonical(self, word: str) -> str | None:
        """Return the tag that a word means: itself, a synonym or a plural in any case; None for an unknown word."""
        wanted = " ".join(word.lower().split())
        return next((self.synonyms[form] for form in forms(wanted) if form in self.synonyms), None)

    def model_words(self, names: Sequence[str], threshold: float | None = None, *, adds_up: bool = True) -> ModelWords:
        """Return the meanings of a model's classes, from their names, in the order of its outputs.

        ImageNet's 1000 classes, perhaps after some of another kind, are known by their position: two pairs of them have
        one name. Otherwise a WordNet id, a name or synonym of such a class, or a broader word, joins the hierarchy; any
        other name is a word of its own.
        """
        before = len(names) - len(self.classes)
        by_place = before >= 0 and tuple(names[before:]) in (self.classes, self.ids)
        alone = [self._meaning(name) for name in (names[:before] if by_place else names)]
        known = [*alone, *(zip(self.classes, self.words, strict=True) if by_place else ())]
        return ModelWords(tuple(name for name, _ in known), tuple(words for _, words in known), threshold, adds_up)

    def tags(
        self,
        evidence: Sequence[Evidence],
        objects: Sequence[Object],
        faces: Sequence[Face],
        look: PixelStats,
        classes: Mapping[str, ModelWords],
    ) -> tuple[Tag, ...]:
        """Return the tags of a photo, best first: a pure function of what the library stores of it.

        evidence: the first is that of the default classifier.  classes: model → the meanings of its classes.
        A word's score in one view is the sum over the classes below it (its marginal probability), its score in the
        photo that of the best view of any model; its source is the class that contributed most there, with the name
        of a model that is not the default classifier. The rules decide what is shown.  Objects and people are counted;
        where several models count, the highest count holds.
        """
        best: dict[str, Tag] = {}
        givers: defaultdict[str, set[str]] = defaultdict(set)
        counts: Counter[str] = Counter()
        for tag, least in self._given(evidence, objects, faces, look, classes):
            shown = self.rules.apply(tag, least)
            if shown is not None:
                givers[shown.name].update(shown.models)
                counts[shown.name] = max(counts[shown.name], shown.count)
                if shown.name not in best or shown.score > best[shown.name].score:
                    best[shown.name] = shown
        found = (replace(tag, models=tuple(sorted(givers[name])), count=counts[name]) for name, tag in best.items())
        return tuple(sorted(found, key=lambda tag: (-tag.score, tag.name)))

    def _given(
        self,
        evidence: Sequence[Evidence],
        objects: Sequence[Object],
        faces: Sequence[Face],
        look: PixelStats,
        classes: Mapping[str, ModelWords],
    ) -> Iterator[tuple[Tag, float]]:
        """Yield the best candidate of each word and model, and heuristic tags, before the rules, with thresholds."""
        best: dict[tuple[str, str], TagCandidate] = {}
        for claim in tag_candidates(evidence, objects, classes):
            key = claim.model, claim.word
            if key not in best or claim.score > best[key].score:
                best[key] = claim
        default = evidence[0].model if evidence else ""
        for key in tuple(doubted(best, objects, classes)):
            del best[key]
        for claim in best.values():
            least = self.needed(claim, classes)
            told = source(claim, classes[claim.model], default, least)
            yield Tag(claim.word, claim.score, told, (claim.model,), claim.count(least)), least
        for tag in heuristic_tags(faces, look, self.beings(objects, classes)):
            yield tag, self.rules.needed(tag.name, self.least(tag.name))

    def needed(self, claim: TagCandidate, classes: Mapping[str, ModelWords]) -> float:
        """Return the score that a candidate needs to be shown.  classes: model → the meanings of its classes."""
        is_object = claim.view is None
        alone = not any(each.of_objects for each in classes.values())
        least = self.least(claim.word, classes[claim.model], is_object=is_object, alone=alone)
        return self.rules.needed(claim.word, least, of_classifier=not is_object)

    def beings(self, objects: Sequence[Object], classes: Mapping[str, ModelWords]) -> Beings:
        """Return the people and animals among objects: the people of that model which found most, and all animals."""
        people = (
            self._shown(_PERSON, model, objects, classes) for model in dict.fromkeys(each.model for each in objects)
        )
        animals = (
            self._shown(ANIMAL, model, objects, classes) for model in dict.fromkeys(each.model for each in objects)
        )
        return Beings(max(people, key=len, default=()), tuple(chain.from_iterable(animals)))

    def _shown(
        self, word: str, model: str, objects: Sequence[Object], classes: Mapping[str, ModelWords]
    ) -> tuple[Object, ...]:
        """Return the objects of a word that a model found, those that are sure enough."""
        if model not in classes:
            return ()
        known = classes[model]
        least = self.rules.needed(word, self.least(word, known, is_object=True))
        mine = (each for each in objects if each.model == model and each.score >= least)
        return tuple(each for each in mine if word in known.of(each.label))

    def _meaning(self, label: str) -> tuple[str, tuple[str, ...]]:
        """Return the name of a class as shown, and its words."""
        synset = _WORDNET.match(label)
        if synset is None:
            return label, self._words(label, (label,))
        if synset[1] in self.ids:
            number = self.ids.index(synset[1])
            return self.classes[number], self.words[number]
        names = [name for name in synset[2].split(", ") if name] or [synset[1]]
        return names[0], self._words(names[0], names)

    def _words(self, name: str, spelled: Iterable[str]) -> tuple[str, ...]:
        word = plain(name)
        if word in self.objects:
            return self.objects[word]
        if word in _NO_THING or word in _HOMONYMS:
            return () if word in _NO_THING else (word,)
        ways = (way for each in spelled for way in (each.lower().replace("_", " "), plain(each), each.split(",")[0]))
        known = next((self.spellings[way.lower()] for way in ways if way.lower() in self.spellings), None)
        return (word,) if known is None else self._with_broader(known)

    def _with_broader(self, word: str) -> tuple[str, ...]:
        """Return a word and those that are broader than it for all its classes."""
        mine = self._below.get(word, frozenset())
        named = [self.words[number] for number in mine if self.classes[number] == word]
        if named:
            return tuple(each for each in named[0] if all(each in others for others in named))
        if not mine or word in _TOLD_BY_THINGS:
            return (word,)
        broader = [each for each, theirs in self._below.items() if theirs > mine and each not in _TOLD_BY_THINGS]
        return word, *sorted(broader, key=lambda each: (len(self._below[each]), each))


def plain(name: str) -> str:
    """Return the name of a class as a word that people search for: 'NoFinding' and 'no_finding' are 'no finding'."""
    return " ".join(_HUMP.sub(" ", name).replace("_", " ").lower().split())


def source(claim: TagCandidate, known: ModelWords, default: str, least: float) -> str:
    """Return the source of a tag: the class, how many objects of it, and a model that is not the default classifier.

    least: the score that objects need to be counted.
    """
    number = claim.count_of_surest(least)
    name = known.classes[claim.surest] if number == 1 else counted(number, known.classes[claim.surest])
    return name if claim.model == default else f"{name} ({model_name(claim.model)})"


def _rows(file: Path, columns: int) -> list[list[str]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError("labels", f"{file} cannot be read: {error}") from error
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    if not rows or any(len(row) != columns for row in rows):
        raise ModelError("labels", f"{file} is damaged; install the program again")
    return rows


def _split(cell: str) -> list[str]:
    return cell.split("; ") if cell else []


def _synonyms(rows: Iterable[Sequence[str]], rename: Mapping[str, str]) -> dict[str, str]:
    """Map every word, in lower case, to the tag it means; a word itself goes before a synonym, a broad word first."""
    rows = [(rename.get(word, word), word, others) for word, others in rows]
    found = {tag.lower(): tag for tag, _, _ in reversed(rows)}
    for tag, word, others in rows:
        for other in (word, *_split(others)):
            found.setdefault(other.lower(), tag)
    return found
