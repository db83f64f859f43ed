"""Label files: the class names of a model, in any usual format, and their meanings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.model_set import SCENE
from indexer.vision.spec import ModelSpec
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.vocabulary import Vocabulary

_BACKGROUND = "background"
_COCO = "coco"
_UNUSED = "???"  # the name in TensorFlow's own lists for a number without a class
_NUMBERED = re.compile(r"(\d+)(?:\s*[:,]\s*|\s+)(\S.*)")
_ITEM = re.compile(r"item\s*\{(.*?)\}", re.DOTALL)
_FIELD = re.compile(r"(id|name|display_name)\s*:\s*(?:(\d+)|\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')")
_MOST_CLASSES = 65_536  # evidence stores the number of a class in 16 bits


def read_labels(file: Path) -> tuple[str, ...]:
    """Return class names in order from one a line, numbered lines, a Keras class index or a TensorFlow label map.

    Numbers may begin anywhere (`first_number` returns where); a missing one is '???'. A name may be a WordNet id, or
    begin with one. Errors: ModelError for a file that cannot be read, or in which a class has no name.
    """
    return _names(file, _read(file))


def first_number(file: Path) -> int:
    """Return the number of the first class, 0 where the file gives none: that many classes may precede it."""
    found = _read(file)
    return min(found) if isinstance(found, dict) else 0


def class_names(spec: ModelSpec, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the names of a model's classes, by the numbers that its evidence or objects have; none without labels.

    The classes before the first label are called 'background'; an object detector omits them.
    Errors: ModelError for labels that cannot be read.
    """
    labels = spec.labels
    before = 0 if spec.role == "object-detector" else labels.offset
    names = (
        _of_set(labels.set, vocabulary) if labels.set else read_labels(spec.path(labels.file)) if labels.file else ()
    )
    return (_BACKGROUND,) * before + tuple(names) if names else ()


def _of_set(name: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the names of a set that ships with the program: COCO's, or the everyday ones of ImageNet's classes."""
    return read_labels(packaged("models") / "labels" / "coco.txt") if name == _COCO else vocabulary.classes


def words_of_models(
    vocabulary: Vocabulary, names: Mapping[str, Sequence[str]], specs: Iterable[ModelSpec]
) -> dict[str, ModelWords]:
    """Return the meanings of models' classes, by model id.

    names: id → names of its classes, in order; they take precedence over the description.
    specs: the known descriptions: thresholds come from them.  Those that give no tags are left out.
    """
    known = {spec.id: spec for spec in specs if spec.role in SCENE and (spec.labels.set or spec.labels.file)}
    told = {model: class_names(spec, vocabulary) for model, spec in known.items() if model not in names} | dict(names)
    return {model: _words(vocabulary, each, known.get(model)) for model, each in told.items()}


def _words(vocabulary: Vocabulary, names: Sequence[str], spec: ModelSpec | None) -> ModelWords:
    if spec is None:
        return vocabulary.model_words(names)
    words = vocabulary.model_words(names, spec.shown_from, adds_up=_adds_up(spec))
    return replace(words, of_objects=spec.role == "object-detector", is_shipped=not spec.weights.is_own)


def _adds_up(spec: ModelSpec) -> bool:
    """Return whether the classes exclude each other: softmax, or a single sigmoid, which becomes two classes."""
    output = spec.outputs.get("probabilities")
    return output is None or output.shape[-1] == 1 or "sigmoid" not in (output.activation, output.apply)


def _read(file: Path) -> list[str] | dict[int, str]:
    """Return the names in the order of the file, or by its numbers."""
    text = _text(file)
    if file.suffix == ".json" or text.lstrip().startswith(("{", "[")):
        return _of_json(file, text)
    if items := _ITEM.findall(text):
        return dict(_item(file, item) for item in items)
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    if lines and all(numbered):
        pairs = {int(each[1]): each[2] for each in numbered if each}
        if len(pairs) == len(lines):
            return pairs
    return lines


def _names(file: Path, found: list[str] | dict[int, str]) -> tuple[str, ...]:
    if isinstance(found, dict):
        if found and max(found) >= _MOST_CLASSES:
            raise _error(
                file, f"it numbers a class {max(found)}, and {_MOST_CLASSES - 1} is the last that there can be"
            )
        found = [found.get(number, _UNUSED) for number in range(min(found, default=0), max(found, default=-1) + 1)]
    if not found:
        raise _error(file, "it names no class")
    for number, name in enumerate(found):
        if not name.strip():
            raise _error(file, f"the class in place {number + 1} has no name")
    return tuple(" ".join(name.split()) for name in found)


def _text(file: Path) -> str:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(file, "it is not text in UTF-8") from error
    except OSError as error:
        raise _error(file, error.strerror or "it cannot be read") from error
    if "\0" in text:
        raise _error(file, "it is not text")
    return text


def _of_json(file: Path, text: str) -> list[str] | dict[int, str]:
    """Read a list of names, {"0": name}, Keras's {"0": [WordNet id, name]}, or {name: 0}."""
    try:
        told: Any = json.loads(text)
    except ValueError as error:
        raise _error(file, f"it is not valid JSON: {error}") from error
    if isinstance(told, list) and all(isinstance(each, str) for each in told):
        return told
    if isinstance(told, dict) and told:
        if all(isinstance(number, int) and not isinstance(number, bool) for number in told.values()):
            return {number: name for name, number in told.items()}
        if all(key.isdecimal() and _is_name(value) for key, value in told.items()):
            return {int(key): value if isinstance(value, str) else " ".join(value) for key, value in told.items()}
    raise _error(file, 'it is neither a list of names nor {"0": "cat"}, {"0": ["n02123045", "tabby"]} or {"cat": 0}')


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _item(file: Path, item: str) -> tuple[int, str]:
    """Read one item of a label map; the display name takes precedence over the name, which may be a code."""
    told = {
        key: number or re.sub(r"\\(.)", r"\1", double or single) for key, number, double, single in _FIELD.findall(item)
    }
    name = told.get("display_name") or told.get("name", "")
    if not told.get("id", "").isdecimal() or not name:
        raise _error(file, f"an item has no id, or no name: {' '.join(item.split())!r}")
    return int(told["id"]), name


def _error(file: Path, reason: str) -> ModelError:
    return ModelError("labels", f"{file}: {reason}")
