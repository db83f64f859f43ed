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

app = typer.Typer(help="List the faces of photos; erase faces.", no_args_is_help=True)


@command(app, "list")
def show_list(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Photo in the library.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List the faces of a photo from left to right, with their numbers and people."""
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
    faces: Annotated[list[str] | None, typer.Argument(help="Faces: PATH#N or numbers.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Erase all faces and people of the library.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Erase all faces in photos below this folder.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase the descriptors of faces for good; no scan stores them again. This cannot be undone.

    Faces in photos that are added later are still described, unless the settings say `faces = false` or `no_faces`.
    """
    from indexer.library.people import forget

    if bool(faces) + everything + (folder is not None) != 1:
        raise IndexerError("give faces, --all or --folder")
    with session.open_library(read_only=False) as library:
        if everything:
            sure(yes, "Permanently erase all faces and people of the library?")
            forgotten = forget.forget_all(library)
        elif folder is not None:
            sure(yes, f"Permanently erase all faces in photos below {printable(folder)}?")
            forgotten = forget.forget_folder(library, folder.resolve())
        else:
            with library.reading() as connection:
                numbers = face_numbers(connection, faces or [])
            sure(yes, f"Permanently erase {count(len(numbers), 'face')}?")
            forgotten = forget.forget_faces(library, numbers)
        say_forgotten(session, library.path, forgotten)
