"""`indexer similar` and `duplicates`: photos that look like a picture, and copies of one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.away import marked, only_reachable
from indexer.cli.lookup import in_library
from indexer.cli.output import (
    Format,
    FormatOption,
    count,
    present,
    visible,
    write,
)
from indexer.cli.session import Session, command
from indexer.errors import printable
from indexer.records.alike import group_record, likeness_record, others_record
from indexer.values.results import DEFAULT_SIMILAR

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.library.similar.similar import Copy, CopyGroup
    from indexer.library.store import Library
    from indexer.pipeline.duplicates.verify import Unsafe
    from indexer.vision.classify import Classifier

_MOST = 2**31 - 1


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "similar")(similar)
    command(app, "duplicates")(duplicates)


def similar(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Photo of the library, or any other picture.")],
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Maximum number of photos.")] = DEFAULT_SIMILAR,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Minimum similarity.")] = 0.0,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos that look similar to a picture, most similar first."""
    from indexer.library.similar.similar import similar as look_alikes
    from indexer.library.similar.similar import vector_of
    from indexer.pipeline.root_state import away_roots

    config = session.settings().config
    model = classifier_id(config)
    path = in_library(file)
    with session.open_library() as library:
        vector = vector_of(library, model, path) or _look(session, config, file)
        found = look_alikes(library, vector, model, limit=limit, min_score=min_score, but=path)
        (found,) = only_reachable(session, library, format, [found], lambda each: each.path)
        away = away_roots(library)
    present(
        found,
        format,
        record=lambda each: likeness_record(each, away),
        columns={"score": lambda each: f"{each.score:.3f}", "photo": lambda each: marked(each.path, away)},
        paths=lambda each: [each.path],
    )


def duplicates(
    session: Session,
    identical: Annotated[bool, typer.Option("--identical", help="Only files with identical bytes.")] = False,
    others: Annotated[
        bool,
        typer.Option("--others", help="List all files of a group except the best; each is verified first."),
    ] = False,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find duplicate photos: identical files, or the same picture; the best file of each group is listed first.

    Nothing is ever deleted. Files that look the same are opened and compared pixel by pixel. Photos of a burst are not
    duplicates. With --others, a file is listed only if the best file of its group can be read, is a different file, and
    has the same bytes (for identical files) or has not changed since the scan.
    """
    from indexer.library.similar.similar import duplicates as find_groups
    from indexer.pipeline.duplicates.verify import checked
    from indexer.pipeline.root_state import away_roots

    config = session.settings().config
    with session.open_library() as library:
        away = away_roots(library)
        groups = find_groups(library, None, away=away) if identical else _look_alikes(library, config, away)
    if others:
        safe = checked(groups)
        groups = list(safe.groups)
        if safe.left_out:
            session.say(_left_out(safe.left_out))
    if format is Format.TABLE:
        _write_groups(groups, others=others)
    else:
        shown = (lambda group: group.others) if others else (lambda group: (group.best, *group.others))
        record = others_record if others else group_record
        present(groups, format, record, {}, lambda group: [each.path for each in shown(group)])


def classifier_id(config: Config) -> str:
    """Return the id of the classifier whose vectors are compared. Errors: ModelError."""
    from indexer.assemble import model_set

    return model_set(config).specs()[0].id


def open_classifier(session: Session, config: Config) -> Classifier:
    """Build the classifier where it is not there, and load it. Errors: ModelError."""
    from indexer.assemble import model_set
    from indexer.cli.lookup import build_if_missing
    from indexer.vision.classify import Classifier
    from indexer.vision.runtime import open_model

    spec = model_set(config).specs()[0]
    build_if_missing(session, config, (spec,))
    return Classifier(open_model(spec, config.models_path, config.runtime, config.worker_count))


def _look(session: Session, config: Config, file: Path) -> bytes:
    from indexer.pipeline.models.few_shot import picture_embedding

    return picture_embedding(file, open_classifier(session, config), config.max_pixels)


def _look_alikes(library: Library, config: Config, away: Sequence[Path]) -> list[CopyGroup]:
    from indexer.library.similar.similar import duplicates as find_groups
    from indexer.pipeline.duplicates.same_picture import PixelComparison

    compare = PixelComparison(config.max_pixels, config.worker_count)
    return find_groups(library, classifier_id(config), away=away, compare=compare)


def _left_out(why: Mapping[Unsafe, int]) -> str:
    reasons = ", ".join(f"{number:,} {doubt}" for doubt, number in why.items())
    return f"{count(sum(why.values()), 'file')} left out (not verified as duplicates): {reasons}."


def _write_groups(groups: list[CopyGroup], *, others: bool) -> None:
    for group in groups:
        if not others:
            write(f"best             {_text(group.best)}")
        for copy in group.others:
            write(f"{'same bytes' if copy.kind == 'identical' else f'near {copy.score:.3f}':<15}  {_text(copy)}")
        if not others:
            write("")
    files = sum(len(group.others) for group in groups)
    size = sum(copy.size for copy in chain.from_iterable(group.others for group in groups))
    write(f"{count(len(groups), 'group')}; {count(files, 'file')} besides the best ones, {size / 1e6:,.1f} MB.")


def _text(copy: Copy) -> str:
    return f"{copy.width:>5} × {copy.height:<5} {copy.size / 1e6:>7.1f} MB  {visible(printable(copy.path))}"
