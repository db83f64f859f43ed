"""The record of a search field: how it is typed, what it means in SQL and in Python, what is suggested for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from indexer.library.query.ast import Query
from indexer.library.query.clause import Sql

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from indexer.values.files import Metadata, PixelStats


class InvalidValue(Exception):  # noqa: N818 - a reason, which becomes part of an error
    """A value that cannot be understood: the reason, as a sentence without its end."""


class PhotoFacts(Protocol):
    """What is known of a photo.

    tags: folded name → score.  counts: folded name → how many things.
    models: folded tag → the ids of the models that gave it.  people: folded names.
    text: in the picture, folded.  known: somebody in it has a name and is not hidden.  states: which of STATES it has.
    """

    @property
    def path(self) -> str: ...
    @property
    def tags(self) -> Mapping[str, float]: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def models(self) -> Mapping[str, frozenset[str]]: ...
    @property
    def people(self) -> frozenset[str]: ...
    @property
    def known(self) -> bool: ...
    @property
    def faces(self) -> int: ...
    @property
    def rating(self) -> int | None: ...
    @property
    def metadata(self) -> Metadata | None: ...
    @property
    def look(self) -> PixelStats | None: ...
    @property
    def text(self) -> str: ...
    @property
    def states(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class FacetValue:
    """Something that may be searched for; photos: how many show it, None where nobody counted."""

    text: str
    folded: str
    photos: int | None


@dataclass(frozen=True, slots=True, eq=False)
class SearchField:
    """Everything that is said of a search field, in one place. A leaf of a query finds it by its `field`.

    name: what is typed before the colon, in small letters.
    help: a few words about it.
    example: the end of a sentence about a value that cannot be understood.
    parse: (this record, what was typed, today) → a leaf, or a tree of leaves. Raises InvalidValue.
    text: a leaf → what is typed behind the colon; `parse` makes the same leaf of it, whatever day it is.
    sql: a leaf → the condition that a photo meets it; NULL or 0 where nothing is known.
    value: a photo → what the leaves are compared with, None where nothing is known.
    globs: of a text: what was typed → the patterns (SQLite's GLOB) of which one must fit the value.
    values: values that are the same for every library, each with what it means, if it needs that.
    facet: the values that photos of a library have, in the order in which they are suggested.
    """

    name: str
    help: str
    example: str
    parse: Callable[[SearchField, str, date], Query]
    text: Callable[[Any], str]
    sql: Callable[[Any], Sql]
    value: Callable[[PhotoFacts], Any]
    globs: Callable[[str], tuple[str, ...]] | None = None
    values: tuple[tuple[str, str], ...] = ()
    facet: Callable[[Connection], tuple[FacetValue, ...]] | None = None


def of_metadata(name: str) -> Callable[[PhotoFacts], Any]:
    """Return the `value` that is what the file says under a name of Metadata."""
    return lambda photo: getattr(photo.metadata, name, None)


def quoted(text: str) -> str:
    """Return text in quotes, where it could be mistaken for something else without them."""
    if re.fullmatch(r"[^\W_][\w.,'*/&+-]*", text) and text not in ("AND", "OR", "NOT"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
