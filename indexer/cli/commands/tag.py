"""`indexer tag`, `rate`, `hide`, `unhide`: own tags, stars and hiding."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import Format, FormatOption, count, present, write
from indexer.cli.session import Session, command
from indexer.errors import printable

app = typer.Typer(no_args_is_help=True, help="Add and remove your own tags; scans never change them.")

Files = Annotated[list[Path], typer.Argument(help="Photos of the library; a folder means all photos in it.")]
Word = Annotated[str, typer.Argument(help="Tag: any text.")]


def register(whole: typer.Typer) -> None:
    """Add the commands to the app."""
    whole.add_typer(app, name="tag")
    command(whole, "rate")(rate)
    command(whole, "hide")(hide)
    command(whole, "unhide")(unhide)


@command(app, "add")
def add(session: Session, word: Word, files: Files) -> None:
    """Add a tag of your own to photos."""
    from indexer.library.user.own_tags import add_tag, own_word

    with session.open_library(read_only=False) as library:
        tagged = add_tag(library, own_word(word), _named(files))
    write(f"{count(tagged, 'photo')} tagged {own_word(word)!r}.")


@command(app, "remove")
def remove(session: Session, word: Word, files: Files) -> None:
    """Remove a tag from photos, whether it is yours or from a model; no scan adds it again."""
    from indexer.library.user.own_tags import own_word, remove_tag

    with session.open_library(read_only=False) as library:
        had = remove_tag(library, own_word(word), _named(files))
    write(f"{count(had, 'photo')} no longer tagged {own_word(word)!r}.")


@command(app, "list")
def list_words(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List your own tags: from how many photos you added or removed each."""
    from indexer.library.user.own_tags import own_words

    with session.open_library() as library:
        found = own_words(library)
    columns = {
        "given": lambda each: f"{each.given:>7,}",
        "taken": lambda each: f"{each.taken:>7,}",
        "word": lambda each: each.name,
    }
    present(found, format, asdict, columns, lambda _: [])


def rate(
    session: Session,
    stars: Annotated[int, typer.Argument(min=0, max=5, help="Number of stars, 1 to 5; 0 removes the rating.")],
    files: Files,
) -> None:
    """Rate photos with stars."""
    from indexer.library.user.own_tags import rate as give

    with session.open_library(read_only=False) as library:
        rated = give(library, stars, _named(files))
    write(f"{count(rated, 'photo')} {f'rated {stars}' if stars else 'without stars'}.")


def hide(session: Session, files: Files) -> None:
    """Hide photos from all searches and lists until 'unhide'; the files are not changed."""
    _set_hidden(session, files, hidden=True)


def unhide(
    session: Session,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Photos or folders; if none, list the hidden photos.")
    ] = None,
) -> None:
    """Show hidden photos again, or list them if no files are given."""
    from indexer.library.user.own_tags import hidden

    if files:
        _set_hidden(session, files, hidden=False)
        return
    with session.open_library() as library:
        paths = hidden(library)
    for path in paths:
        write(printable(path))


def _set_hidden(session: Session, files: list[Path], *, hidden: bool) -> None:
    from indexer.library.user.own_tags import hide as set_hidden

    with session.open_library(read_only=False) as library:
        changed = set_hidden(library, _named(files), hidden=hidden)
    write(f"{count(changed, 'photo')} {'hidden' if hidden else 'shown again'}.")


def _named(files: list[Path]) -> list[Path]:
    from indexer.cli.lookup import in_library

    return [in_library(file) for file in files]
