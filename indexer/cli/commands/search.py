"""`indexer search`: photos that match a query, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.advice import worded
from indexer.cli.away import lists_paths, marked, only_under_own_name, say_left_out
from indexer.cli.output import Format, FormatOption, present, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import ConfigError, printable
from indexer.records.plain import is_in
from indexer.records.search import HitRecord, hit_record
from indexer.values.results import DEFAULT_RESULTS

if TYPE_CHECKING:
    from indexer.library.query.ast import Query
    from indexer.library.store import Library
    from indexer.values.results import Hit
    from indexer.vision.tags.explain import TagReason
    from indexer.vision.tags.vocabulary import Vocabulary


_MOST = 2**31 - 1
_THUMBNAIL_PX = 320


class SortBy(StrEnum):
    """The sort order of photos."""

    SCORE = "score"
    DATE = "date"
    PATH = "path"
    DISTANCE = "distance"


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "search")(search)


def search(
    session: Session,
    query: Annotated[
        list[str] | None,
        typer.Argument(help="Search terms and fields, such as 'dog (beach | snow) -cat date:2023-05..2023-09'."),
    ] = None,
    keyword: Annotated[
        list[str] | None, typer.Option("--keyword", "-k", help="Keyword to search for; if repeated, all must match.")
    ] = None,
    any_word: Annotated[
        bool, typer.Option("--any", help="Match photos with any of the keywords instead of all.")
    ] = False,
    person: Annotated[
        list[str] | None, typer.Option(help="Name of a person in the photo; if repeated, all must be in it.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only photos tagged by this model; if repeated, by all of them.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="Taken on or after this date: 2024, 2024-05, 2024-05-03.")] = None,
    before: Annotated[str | None, typer.Option(help="Taken on or before this date.")] = None,
    sort: Annotated[SortBy, typer.Option(help="Sort order; 'date' shows the newest first.")] = SortBy.SCORE,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the sort order.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Maximum number of photos.")] = DEFAULT_RESULTS,
    offset: Annotated[int, typer.Option(min=0, max=_MOST, help="Number of results to skip.")] = 0,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Minimum score; a low one also finds less sure matches, marked as such."),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Print only the number of matching photos.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the classes and rules behind each tag.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write a web page of thumbnails to this file.", show_default=False)
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page, or the best photo, when done.")] = False,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos by keywords and fields, best match first, and show why each was found.

    docs/searching.md explains the query language. If a query begins with '-', put '--' before it, or write NOT instead.
    """
    from datetime import date

    from indexer.library.query.evidence import less_sure
    from indexer.library.search.hints import nothing_found
    from indexer.library.search.request import SearchRequest, resolver, tree
    from indexer.library.search.search import by_query, count_hits
    from indexer.pipeline.less_sure import outputs_of
    from indexer.pipeline.root_state import away_roots
    from indexer.vision.tags.vocabulary import Vocabulary

    config = session.settings().config
    vocabulary = Vocabulary.load(rules=config.rules)
    asked = SearchRequest(query or (), keyword or (), any_word, person or (), model or (), after, before, min_score)
    with session.open_library() as library:
        away = away_roots(library)
        outputs = outputs_of(library, vocabulary, config.own_models_path)
        wanted = tree(asked, resolver(library, vocabulary.canonical), date.today(), away, outputs)
        _refuse_no_place(sort, wanted)
        if count:
            _write_count(count_hits(library, wanted), format)
            return
        unseen = 0
        if away and lists_paths(format):
            wanted, unseen = _reachable(library, wanted, away)
            say_left_out(session, unseen)
        hits = by_query(library, wanted, sort=sort.value, reverse=reverse, limit=limit, offset=offset)
        if not hits and not offset and not unseen:
            for hint in nothing_found(library, wanted, _by_meaning(vocabulary)):
                session.say(f"{hint.text}; {worded(hint.advice)}." if hint.advice else hint.text)
            wider = less_sure(wanted, outputs)
            if wider is not None and (number := count_hits(library, wider)):
                session.say(f"{_less_sure_matches(number)}: add '--min-score 0' to see them.")
        reasons = _reasons(library, vocabulary, config.own_models_path, hits) if explain else {}
    _present(only_under_own_name(session, format, hits), reasons, away, format)
    if html is not None:
        _write_page(session, html, wanted, hits)
    if open_page:
        _show(html, [hit for hit in hits if not is_in(hit.path, away)])


def _reachable(library: Library, query: Query, away: Sequence[Path]) -> tuple[Query, int]:
    """Return the query without photos in folders that are away, and how many of its photos that leaves out."""
    from indexer.library.query.ast import And, Away, Not
    from indexer.library.search.search import count_hits

    unseen = Away(tuple(away))
    return And((query, Not(unseen))), count_hits(library, And((query, unseen)))


def _less_sure_matches(number: int) -> str:
    return "1 less sure match" if number == 1 else f"{number:,} less sure matches"


def _refuse_no_place(sort: SortBy, query: Query) -> None:
    from indexer.library.query.ast import Near, leaves

    if sort is SortBy.DISTANCE and not any(isinstance(leaf, Near) for leaf in leaves(query)):
        raise ConfigError("sort", "'distance' needs a place in the search: near:LATITUDE,LONGITUDE,KM")


def _by_meaning(vocabulary: Vocabulary) -> Callable[[str], Sequence[str]]:
    from indexer.vision.tags.wordnet import nearest

    return lambda word: nearest(vocabulary, word)


def _write_count(number: int, style: Format) -> None:
    if style in (Format.JSON, Format.JSONL):
        write_json({"count": number})
    else:
        write(str(number))


def _reasons(
    library: Library, vocabulary: Vocabulary, own_models: Path, hits: Sequence[Hit]
) -> dict[int, list[TagReason]]:
    from indexer.pipeline.explain import explained_hits

    return explained_hits(library, vocabulary, own_models, hits)


def _present(hits: Sequence[Hit], reasons: dict[int, list[TagReason]], away: Sequence[Path], style: Format) -> None:
    def record(hit: Hit) -> HitRecord:
        return hit_record(hit, reasons.get(hit.number), away)

    columns: dict[str, Callable[[Hit], str]] = {
        "score": lambda hit: f"{hit.score:.2f}",
        "photo": lambda hit: marked(hit.path, away, replaced=hit.replaced),
        "why": lambda hit: ", ".join(f"{why.tag} ← {why.source} {why.score:.2f}" for why in hit.why),
    }
    if any(hit.distance_km is not None for hit in hits):
        columns = {"km": lambda hit: f"{hit.distance_km:.1f}" if hit.distance_km is not None else "", **columns}
    if reasons:
        columns["why"] = lambda hit: " | ".join(map(str, reasons.get(hit.number, ())))
    present(hits, style, record, columns, lambda hit: [hit.path])


def _write_page(session: Session, file: Path, query: Query, hits: Sequence[Hit]) -> None:
    from indexer.cli.html_page import write_page
    from indexer.intake.thumbnail import thumbnail
    from indexer.library.query.parser import printed

    most = session.settings().config.max_pixels
    write_page(file, printed(query), hits, lambda path: thumbnail(path, _THUMBNAIL_PX, most))
    session.say(f"Written: {printable(file)}")


def _show(page: Path | None, hits: Sequence[Hit]) -> None:
    shown = page or next((hit.path for hit in hits), None)
    if shown is not None:
        typer.launch(str(shown.absolute()))
