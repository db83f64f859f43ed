"""`indexer tag`, `rate`, `hide`, `unhide`: own tags, stars and hiding."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import Format, FormatOption, count, present, write
from indexer.cli.session import Session, command
from indexer.errors import printable

app = typer.Typer(no_args_is_help=True, help="Words of your own: no scan ever takes them away.")

Files = Annotated[list[Path], typer.Argument(help="Photos of the library; a folder stands for all photos in it.")]
Word = Annotated[str, typer.Argument(help="Any text.")]


def register(whole: typer.Typer) -> None:
    """Add the commands to the app."""
    whole.add_typer(app, name="tag")
    command(whole, "rate")(rate)
    command(whole, "hide")(hide)
    command(whole, "unhide")(unhide)


@command(app, "add")
def add(session: Session, word: Word, files: Files) -> None:
    """Give photos a word of your own; a search finds them by it at once."""
    from indexer.library.user.own_tags import add_tag, own_word

    with session.open_library(read_only=False) as library:
        tagged = add_tag(library, own_word(word), _named(files))
    write(f"{count(tagged, 'photo')} tagged {own_word(word)!r}.")


@command(app, "remove")
def remove(session: Session, word: Word, files: Files) -> None:
    """Take a word from photos, your own or one that the program gave; no scan gives it back."""
    from indexer.library.user.own_tags import own_word, remove_tag

    with session.open_library(read_only=False) as library:
        had = remove_tag(library, own_word(word), _named(files))
    write(f"{count(had, 'photo')} no longer tagged {own_word(word)!r}.")


@command(app, "list")
def list_words(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List your own words: how many photos you gave each to, and from how many you took it."""
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
    stars: Annotated[int, typer.Argument(min=0, max=5, help="1 to 5; 0 takes the stars away.")],
    files: Files,
) -> None:
    """Give photos stars."""
    from indexer.library.user.own_tags import rate as give

    with session.open_library(read_only=False) as library:
        rated = give(library, stars, _named(files))
    write(f"{count(rated, 'photo')} {f'rated {stars}' if stars else 'without stars'}.")


def hide(session: Session, files: Files) -> None:
    """Leave photos out of every search and list, until 'unhide'; the files stay as they are."""
    _set_hidden(session, files, hidden=True)


def unhide(
    session: Session,
    files: Annotated[list[Path] | None, typer.Argument(help="Photos or folders; none: show which are hidden.")] = None,
) -> None:
    """Show hidden photos again; without files: list them."""
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
    from indexer.cli.commands.similar import in_library

    return [in_library(file) for file in files]
