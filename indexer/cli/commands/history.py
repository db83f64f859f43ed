"""`indexer history`, `undo`: the change log, and undo of its entries."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.output import Format, FormatOption, local, present, visible, write
from indexer.cli.session import Session, command
from indexer.records.history import entry_record

_NOTHING = "There is nothing to undo."
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be undone, without undoing it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "history")(show_history)
    command(app, "undo")(undo)


def show_history(
    session: Session,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of entries.")] = 50,
    kind: Annotated[
        str | None,
        typer.Option(help="Only one kind of entry: people, words, rating, hidden, taught, xmp or identity."),
    ] = None,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List your changes to photos and people, newest first; 'indexer undo NUMBER' undoes one.

    Scans appear only where another photo took the name of an earlier one ('identity'): undoing that moves your tags and
    other changes to the photo that has the name now. An undo is an entry, too: undoing it repeats the change.
    """
    from indexer.library.history.change_log import KINDS, history

    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"must be one of {', '.join(KINDS)}, not {kind!r}", param_hint="--kind")
    with session.open_library() as library:
        found = history(library, kind=kind, limit=limit)
    columns = {
        "number": lambda each: f"{each.number:>6}",
        "when": lambda each: local(each.at) if each.at else "–",
        "photos": lambda each: f"{each.photos:>6,}" if each.photos is not None else "     –",
        "state": lambda each: "undone" if each.undone_at else "",
        "what": lambda each: each.about,
    }
    present(found, format, entry_record, columns, lambda _: [])


def undo(
    session: Session,
    number: Annotated[
        int | None,
        typer.Argument(
            min=1, max=2**63 - 1, help="Number from 'indexer history' (default: the latest change that is not undone)."
        ),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Undo your last change: a tag, rating, hiding, name or import; repeat the command to undo earlier changes.

    With a number, undo that entry, unless a later entry changed the same thing: then that one is named. With the number
    of an undo, repeat the change. This works even if photos were moved, renamed or analyzed since; whatever no longer
    fits is left as it is.
    """
    take_back(session, number, dry_run=dry_run)


def take_back(session: Session, number: int | None = None, kind: str | None = None, *, dry_run: bool = False) -> None:
    """Undo an entry, or the newest act of a kind, and print it. Errors: IndexerError where it no longer fits."""
    from indexer.library.history import undo as undoing

    with session.open_library(read_only=dry_run) as library:
        done = undoing.undo(library, number, kind=kind, dry_run=dry_run)
    if done is None:
        write(_NOTHING)
    else:
        what = "done again" if done.is_again else "undone"
        write(visible(f"{f'Would be {what}' if dry_run else what.capitalize()}: {done.text}."))
