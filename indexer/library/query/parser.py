"""What a user types flows in; a Query flows out, and back again: `parse(printed(query)) == query`.

A parser of one's own: the language is small, and lark, the library for it, takes 0.09 s to import and to get ready,
a quarter of what a whole search may take. docs/searching.md describes the language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from indexer.errors import QueryError, printable
from indexer.library.query.ast import ALL, And, Away, Everything, Not, Or, Query, Term, leaves, replaced
from indexer.library.query.counted import COUNT, count_text, split_count, with_count
from indexer.library.query.field import InvalidValue, quoted
from indexer.library.query.fields import FIELDS, leaf, written

Resolve = Callable[[str], str | None]
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<sign>[()|])
  | (?P<field>[A-Za-z]+):
  | (?P<minus>-(?=\S))
  | (?P<quote>"(?P<inside>(?:[^"\\]|\\.)*)")
  | (?P<word>[^\s()|"]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s()|"]*')
_OPERATORS = ("AND", "OR", "NOT")
_EVERYTHING = "score:0.."  # is true of every photo, wherever it stands
_DEEPEST = 40
_MOST_LEAVES = 200
_LONGEST_WORD = 5  # plain words that together may be one tag, such as 'great white shark'


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # sign, field, value, minus, quote, word, or end
    text: str
    start: int
    count: str = ""  # of a quote: what stands right behind it, as in "wine glass">=2


def parse(text: str, *, today: date, resolve: Resolve = lambda _: None, away: Sequence[Path] = ()) -> Query:
    """Read a query.

    today: what 'last-30-days' ends with.  resolve: a word that was typed → the tag that it means, None where none
    is known; several plain words in a row that resolve together are one word.  away: the roots of the library that
    cannot be seen now, whose photos 'is:away' finds (`away_roots`).
    Errors: QueryError with the position and, where something is misspelled, what may have been meant.
    """
    _refuse_bytes(text)
    reader = _Reader(text, _tokens(text), today, resolve)
    if reader.next.kind == "end":
        raise QueryError(text, 0, "the search is empty")
    query = reader.any_of()
    if reader.next.kind != "end":
        raise reader.error(f"there is no matching '(' for {reader.next.text!r}")
    if sum(1 for _ in leaves(query)) > _MOST_LEAVES:
        raise QueryError(text, 0, f"too many search terms, more than {_MOST_LEAVES}")
    return replaced(query, Away(), Away(tuple(away)))


def printed(query: Query) -> str:
    """Return a query as text that parses to the same tree; '' for ALL, which nobody types."""
    match query:
        case And(parts) if ALL in parts:
            rest = tuple(part for part in parts if part != ALL)
            return printed(rest[0] if len(rest) == 1 else And(rest)) if rest else ""
        case Everything():
            return ""
        case Or(parts):
            return " | ".join(_inside(part, Or) for part in parts)
        case And(parts):
            return " ".join(_inside(part, And, Or) for part in parts)
        case Not(part):
            return f"-{_inside(part, And, Or)}"
        case Term(word):
            return quoted(word) + count_text(query)
    return written(query)


def _inside(part: Query, *loose: type) -> str:
    if part == ALL:
        return _EVERYTHING
    return f"({printed(part)})" if isinstance(part, loose) else printed(part)


def _refuse_bytes(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(printable(text), error.start, "it is not valid UTF-8") from error


def _tokens(text: str) -> list[_Token]:
    """Cut text into tokens; the value of a field is a token of its own. Errors: QueryError."""
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:  # only a quote that is never closed is no token
            raise QueryError(text, at, f"the quote at {at + 1} is never closed")
        kind = str(found.lastgroup) if found.lastgroup != "inside" else "quote"
        at = found.end()
        if kind == "space":
            continue
        count = _count_at(text, at) if kind == "quote" else ""
        tokens.append(_Token(kind, _bare(found[kind]), found.start(), count))
        at += len(count)
        if kind == "field" and not text.startswith("(", at):
            value = _VALUE.match(text, at)
            assert value is not None  # it matches the empty text, too
            if value[0] == "" and text.startswith('"', at):
                raise QueryError(text, at, f"the quote at {at + 1} is never closed")
            count = _count_at(text, value.end()) if value[0][:1] == '"' else ""
            tokens.append(_Token("value", _bare(value[0]) + count, at))
            at = value.end() + len(count)
    return [*tokens, _Token("end", "", len(text))]


def _count_at(text: str, at: int) -> str:
    found = COUNT.match(text, at)
    return found[0] if found else ""


def _bare(text: str) -> str:
    """Return what stands in quotes, or the text itself."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[:1] == '"' and len(text) > 1 else text


class _Reader:
    """Reads tokens by recursive descent: any_of > all_of > part."""

    def __init__(self, text: str, tokens: Sequence[_Token], today: date, resolve: Resolve) -> None:
        self._text, self._tokens, self._today, self._resolve = text, tokens, today, resolve
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def error(self, reason: str, token: _Token | None = None) -> QueryError:
        start = (token or self.next).start
        return QueryError(self._text, start, f"{reason} at {start + 1}")

    def any_of(self) -> Query:
        """Read parts between '|'."""
        parts = [self._all_of()]
        while self.next.text in ("|", "OR") and self.next.kind in ("sign", "word"):
            self._take()
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self) -> Query:
        """Read parts up to a '|', a ')' or the end."""
        parts: list[Query] = []
        while True:
            if parts and self._is_word("AND"):
                self._take()
            elif self._ends():
                break
            parts += self._parts()
        if not parts:
            raise self.error("a search term is missing")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _parts(self) -> list[Query]:
        """Read what stands between two spaces, or a few plain words in a row."""
        token = self.next
        if token.kind == "word" and token.text not in _OPERATORS:
            return [self._words()]
        return [self._part()]

    def _part(self) -> Query:
        token = self._take()
        match token.kind, token.text:
            case ("minus", _) | ("word", "NOT"):
                return Not(self._nested())
            case "sign", "(":
                return self._group(token)
            case "field", name:
                return self._field(token, name)
            case "word", word if word not in _OPERATORS:
                return self._term(word, token)
            case "quote", word if word.strip():
                return self._counted(word, token.count, token)
            case "quote", _:
                raise self.error("a search term is empty", token)
        raise self.error("a search term is missing", token)

    def _words(self) -> Query:
        """Read the longest row of plain words that is one known word, or the first of them."""
        row: list[str] = []
        for token in self._tokens[self._at : self._at + _LONGEST_WORD]:
            if token.kind != "word" or token.text in _OPERATORS:
                break
            row.append(token.text)
        for length in range(len(row), 1, -1):
            word, count = split_count(" ".join(row[:length]))
            if self._resolve(word):
                self._at += length
                return self._counted(word, count, self._tokens[self._at - 1])
        return self._part()

    def _term(self, text: str, token: _Token) -> Query:
        """Return what a plain word means: a word that is known as it is, or one with a count."""
        word, count = split_count(text)
        is_word = not word or self._resolve(text) is not None
        return self._counted(*((text, "") if is_word else (word, count)), token)

    def _counted(self, word: str, count: str, token: _Token) -> Query:
        try:
            return with_count(Term(self._resolve(word) or word), count)
        except InvalidValue as error:
            raise self.error(str(error), token) from error

    def _nested(self) -> Query:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.error("it is nested too deeply")
        part = self._part()
        self._depth -= 1
        return part

    def _group(self, opened: _Token) -> Query:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.error("it is nested too deeply")
        query = self.any_of()
        self._depth -= 1
        if self.next.text != ")" or self.next.kind != "sign":
            raise self.error("there is no matching ')' for '('", opened)
        self._take()
        return query

    def _field(self, token: _Token, name: str) -> Query:
        if name.lower() not in FIELDS:
            raise self._unknown(token, name)
        if self.next.kind == "value":
            return self._leaf(name.lower(), self._take())
        opened = self._take()  # '(': one of several values
        values = [self._leaf(name.lower(), self._take_value())]
        while self.next.kind == "sign" and self.next.text == "|":
            self._take()
            values.append(self._leaf(name.lower(), self._take_value()))
        if self.next.text != ")" or self.next.kind != "sign":
            raise self.error("there is no matching ')' for '('", opened)
        self._take()
        return values[0] if len(values) == 1 else Or(tuple(values))

    def _unknown(self, token: _Token, name: str) -> QueryError:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), FIELDS, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FIELDS))}"
        return QueryError(self._text, token.start, f'unknown field "{name}" at {token.start + 1}, {meant}')

    def _take_value(self) -> _Token:
        if self.next.kind not in ("word", "quote"):
            raise self.error("a value is missing")
        return self._take()

    def _leaf(self, name: str, value: _Token) -> Query:
        try:
            made = leaf(name, value.text, self._today)
        except InvalidValue as error:
            raise QueryError(self._text, value.start, f"at {value.start + 1}: {error}") from error
        for term in leaves(made):
            if isinstance(term, Term):
                made = replaced(made, term, replace(term, word=self._resolve(term.word) or term.word))
        return made

    def _take(self) -> _Token:
        token = self.next
        self._at += token.kind != "end"
        return token

    def _ends(self) -> bool:
        return (
            self.next.kind == "end"
            or (self.next.text in ("|", ")") and self.next.kind == "sign")
            or self._is_word("OR")
        )

    def _is_word(self, word: str) -> bool:
        return self.next.kind == "word" and self.next.text == word
