"""Plurals of English nouns: those of the names of things, as in '3 dogs', and the singulars that a plural may have."""

from __future__ import annotations

from collections.abc import Iterator

_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "mouse": "mice",
    "knife": "knives",
    "wolf": "wolves",
    "leaf": "leaves",
    "tooth": "teeth",
    "goose": "geese",
    "foot": "feet",
}
_THE_SAME = frozenset({"sheep", "deer", "fish", "aircraft", "skis", "scissors", "series", "glasses", "broccoli"})
_HISSING = ("s", "x", "z", "ch", "sh")


def counted(number: int, name: str) -> str:
    """Return a number of things: '1 dog', '3 wine glasses'."""
    return f"{number} {name if number == 1 else plural(name)}"


def plural(name: str) -> str:
    """Return the plural of a name, of which the last word is the noun."""
    before, space, noun = name.rpartition(" ")
    if noun in _THE_SAME:
        return name
    ending = "es" if noun.endswith(_HISSING) else "s"
    regular = noun[:-1] + "ies" if noun[-1:] == "y" and noun[-2:-1] not in "aeiou" else noun + ending
    return before + space + _IRREGULAR.get(noun, regular)


def forms(word: str) -> Iterator[str]:
    """Yield a word and its possible singulars; irregular plurals stand in the tables."""
    yield word
    for ending, singular in (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("s", ""), ("es", "")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + singular
