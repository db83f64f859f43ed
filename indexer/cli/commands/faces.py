"""`indexer faces`: the faces of a photo, and their erasure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.commands.people import say_forgotten, sure
from indexer.cli.output import Format, FormatOption, count, present
from indexer.cli.selectors import face_numbers
from indexer.cli.session import Session, command
from indexer.errors import IndexerError, printable
from indexer.records.people import face_record

app = typer.Typer(help="Look at the faces of photos; forget faces.", no_args_is_help=True)


@command(app, "list")
def show_list(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A photo in the library.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List the faces of a photo, from left to right: their numbers, and whose they are."""
    from indexer.library.people.people import faces_in, list_people

    with session.open_library() as library:
        found = faces_in(library, file.parent.resolve() / file.name)
        names: dict[int | None, str] = {each.number: each.label for each in list_people(library, hidden=True)}
    present(
        found,
        format,
        record=lambda each: {**face_record(each), "name": names.get(each.person)},
        columns={
            "place": lambda each: f"#{each.place}",
            "face": lambda each: str(each.number),
            "from the left": lambda each: f"{each.box.center.x:.0%}",
            "from the top": lambda each: f"{each.box.center.y:.0%}",
            "quality": lambda each: f"{each.quality:.2f}",
            "who": lambda each: names.get(each.person, "–"),
        },
        paths=lambda each: [each.path],
    )


@command(app, "forget")
def forget(
    session: Session,
    faces: Annotated[list[str] | None, typer.Argument(help="PATH#N, or numbers of faces.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All faces of the library, and all people.")] = False,
    folder: Annotated[Path | None, typer.Option("--folder", help="All faces of the photos below a folder.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase what the network knows of faces, for good: no scan stores it again. It cannot be undone.

    Faces in photos that come later are described; `faces = false` or `no_faces` in the settings prevents that.
    """
    from indexer.library.people import forget

    if bool(faces) + everything + (folder is not None) != 1:
        raise IndexerError("name faces, or give --all, or --folder")
    with session.open_library(read_only=False) as library:
        if everything:
            sure(yes, "Erase all faces and people of the library for good?")
            forgotten = forget.forget_all(library)
        elif folder is not None:
            sure(yes, f"Erase all faces below {printable(folder)} for good?")
            forgotten = forget.forget_folder(library, folder.resolve())
        else:
            with library.reading() as connection:
                numbers = face_numbers(connection, faces or [])
            sure(yes, f"Erase {count(len(numbers), 'face')} for good?")
            forgotten = forget.forget_faces(library, numbers)
        say_forgotten(session, library.path, forgotten)
