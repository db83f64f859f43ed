"""What is searched for, as a tree. `fields` has a record for each kind of leaf that is a fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias
from unicodedata import normalize

from indexer.values.outputs import ModelOutputs

ANYTHING = "*"
STATES = frozenset({"missing", "failed", "hidden"})


class Fact:
    """A leaf that a photo meets, which scores 1, or not; field: the name of the search field that knows more of it."""

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def field(self) -> str:
            """Return the name of a record in `fields`."""


@dataclass(frozen=True, slots=True)
class Term:
    """Photos that have a tag of this name, with its score; the case of letters does not matter.

    models: what `bound` found beside it: of each of these Texts one must tell of a model that gave the tag.
    least, most: how many of the thing the photo must show, both included, most None: any number; a tag that nobody
    counted stands for one.
    outputs: what `with_evidence` found: photos without the tag match, too, if these say that they may show it.
    """

    word: str
    models: tuple[tuple[Text, ...], ...] = ()
    least: int = 1
    most: int | None = None
    outputs: tuple[ModelOutputs, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonTerm(Fact):
    """Photos that show a person of this name; '*': anybody who has a name and is not hidden."""

    field: ClassVar[str] = "person"
    name: str


@dataclass(frozen=True, slots=True)
class Taken(Fact):
    """Photos taken from a day on and before another (ISO 8601, None: open), by the clock on the wall."""

    field: ClassVar[str] = "date"
    since: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class MonthOfYear(Fact):
    """Photos taken in this month (1..12) of any year."""

    field: ClassVar[str] = "date"
    number: int


@dataclass(frozen=True, slots=True)
class Text(Fact):
    """Photos whose camera, lens, path, folder, format, type or model is this; '*' stands for any characters.

    Of camera, lens and path a part is enough; a folder is a whole name in the path, or a whole path from its '/' on;
    a type is the ending of the file's name. 'model' is the name, or the whole id, of a model that gave the photo a
    tag; of the words that stand beside it in an And, those count that the model gave. Case does not matter.
    """

    field: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Number(Fact):
    """Photos whose number lies in a range, both ends included, None: open.

    'score' is about the score of what stands beside it in an And; elsewhere the score is 1.
    """

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Near(Fact):
    """Photos taken at most so far from a place: degrees, north and east positive, and km on the sphere."""

    field: ClassVar[str] = "near"
    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class Shape(Fact):
    """Photos of this shape, one of SHAPES; 'screen' is of the proportions of a screen, and as flat as one."""

    name: str

    @property
    def field(self) -> str:
        """Return the name of the field that has this shape."""
        return "is" if self.name in ("panorama", "screen") else "orientation"


@dataclass(frozen=True, slots=True)
class State(Fact):
    """Photos that are missing, failed or hidden: a query that names a state does not leave such photos out."""

    field: ClassVar[str] = "is"
    name: str


@dataclass(frozen=True, slots=True)
class Away(Fact):
    """Photos in roots of the library that are away (cannot be seen now): in those that `parse` was told of."""

    field: ClassVar[str] = "is"
    roots: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """Every photo."""


@dataclass(frozen=True, slots=True)
class Not:
    """Photos that do not match; the score is 1."""

    part: Query


@dataclass(frozen=True, slots=True)
class And:
    """Photos that match every part; the score is that of the least sure part."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Photos that match any part; the score is that of the surest part."""

    parts: tuple[Query, ...]


Query: TypeAlias = Term | Fact | Everything | Not | And | Or
ALL = Everything()  # what is shown where nothing is asked for


def bound(query: Query, models: tuple[tuple[Text, ...], ...] = ()) -> Query:
    """Return the query with each word told which models must have given it; models: those of the parts around it."""
    match query:
        case Term():
            return replace(query, models=models)
        case And():
            given = models + tuple(each for part in query.parts if (each := _model_ids(part)))
            return And(tuple(bound(part, given) for part in query.parts))
        case Or():
            return Or(tuple(bound(part, models) for part in query.parts))
        case Not():
            return Not(bound(query.part, models))
    return query


def _model_ids(part: Query) -> tuple[Text, ...]:
    """Return the models that a part names, of which one is enough; none where it is about anything else."""
    parts = part.parts if isinstance(part, Or) else (part,)
    texts = tuple(each for each in parts if isinstance(each, Text) and each.field == "model")
    return texts if len(texts) == len(parts) else ()


def leaves(query: Query) -> Iterator[Query]:
    """Yield the parts that have no parts, from left to right."""
    match query:
        case And() | Or():
            for part in query.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(query.part)
        case _:
            yield query


def replaced(query: Query, leaf: Query, other: Query) -> Query:
    """Return the query with another part wherever it has this one, which has no parts."""
    match query:
        case And(parts):
            return And(tuple(replaced(part, leaf, other) for part in parts))
        case Or(parts):
            return Or(tuple(replaced(part, leaf, other) for part in parts))
        case Not(part):
            return Not(replaced(part, leaf, other))
    return other if query == leaf else query


def words(query: Query) -> list[str]:
    """Return the words of the terms, folded."""
    return [folded(leaf.word) for leaf in leaves(query) if isinstance(leaf, Term)]


def is_ranked(query: Query) -> bool:
    """Tell whether some photos may match a query better than others: by words they do, by facts alone all do alike."""
    match query:
        case And(parts) | Or(parts):
            return any(map(is_ranked, parts))
    return isinstance(query, Term)


def left_out(query: Query) -> frozenset[str]:
    """Return the states whose photos the query does not find: those that it does not name."""
    return STATES - {leaf.name for leaf in leaves(query) if isinstance(leaf, State)}


def split_scores(query: And) -> tuple[list[Query], list[Number]]:
    """Return the parts of an And, and apart from them what its score must be."""
    limits = [part for part in query.parts if isinstance(part, Number) and part.field == "score"]
    return [part for part in query.parts if part not in limits], limits


def folded(word: str) -> str:
    """Return a word as tags are looked up: neither case nor the way that an accent is encoded matters."""
    return normalize("NFC", word).casefold()
