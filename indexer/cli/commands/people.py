"""`indexer people`: clustering of faces into people, names and corrections."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.away import only_reachable
from indexer.cli.commands import review
from indexer.cli.commands.history import DryRun, take_back
from indexer.cli.output import (
    Format,
    FormatOption,
    JsonOption,
    count,
    grouped_text,
    present,
    write,
    write_json,
)
from indexer.cli.selectors import FaceNames, Who, describer, face_numbers, person_numbers
from indexer.cli.session import Session, command
from indexer.errors import IndexerError, printable
from indexer.records.people import face_record, grouped_record, person_record
from indexer.records.plain import is_in

app = typer.Typer(help="Group faces into people; name, merge and correct people.", no_args_is_help=True)
review.register(app)


@command(app, "cluster")
def cluster(
    session: Session,
    distance: Annotated[
        float | None, typer.Option(min=0, max=2, help="Maximum distance within a group (default: set by the model).")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="First dissolve people that have no name and were never corrected.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Cluster unassigned faces: each joins an existing person or, with similar faces, becomes a new one.

    Faces of too low quality to compare stay unassigned, as do faces without similar ones. Your own names and
    corrections are never changed.
    """
    from indexer.library.people.grouping import group

    spec = describer(session.settings().config)
    with session.open_library(read_only=False) as library:
        done = group(
            library,
            spec.id,
            distance=spec.thresholds["cluster_distance"] if distance is None else distance,
            min_quality=spec.thresholds["quality"],
            again=again,
        )
    if as_json:
        write_json(grouped_record(done))
        return
    write(
        f"{grouped_text(done)}; {done.left:,} have no similar face, {done.unfit:,} are of too low quality to compare."
    )


@command(app, "list")
def show_list(
    session: Session,
    hidden: Annotated[bool, typer.Option("--hidden", help="Include hidden people.")] = False,
    named: Annotated[bool, typer.Option("--named", help="Only people with a name.")] = False,
    min_faces: Annotated[int, typer.Option(min=0, help="Minimum number of faces.")] = 0,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List people, those with the most faces first."""
    from indexer.library.people.people import list_people

    with session.open_library() as library:
        found = list_people(library, hidden=hidden)
    shown = [each for each in found if each.faces >= min_faces and (each.name is not None or not named)]
    present(
        shown,
        format,
        record=person_record,
        columns={
            "person": lambda each: str(each.number),
            "faces": lambda each: f"{each.faces:,}",
            "photos": lambda each: f"{each.photos:,}",
            "name": lambda each: (each.name or "–") + (" (hidden)" if each.hidden else ""),
        },
        paths=lambda _: [],
    )


@command(app, "show")
def show(session: Session, who: Who, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """Show the faces of a person: their numbers and their photos."""
    from indexer.library.people.people import faces_of, find_person
    from indexer.pipeline.root_state import away_roots

    with session.open_library() as library:
        with library.reading() as connection:
            person = find_person(connection, who)
        (found,) = only_reachable(session, library, format, [faces_of(library, person.number)], lambda each: each.path)
        away = away_roots(library)
    if format is Format.TABLE:
        write(f"{person.label}: {count(person.faces, 'face')} in {count(person.photos, 'photo')}")
    present(
        found,
        format,
        record=face_record,
        columns={
            "face": lambda each: str(each.number),
            "quality": lambda each: f"{each.quality:.2f}",
            "said by": lambda each: "you" if each.by_user else "likeness",
            "where": lambda each: f"{printable(each.path)}#{each.place}{' (away)' * is_in(each.path, away)}",
        },
        paths=lambda each: [each.path],
    )


@command(app, "name")
def name(
    session: Session,
    who: Who,
    name: Annotated[str, typer.Argument(help="New name; '' removes the name.")],
    merge: Annotated[bool, typer.Option("--merge", help="If another person has this name, merge the two.")] = False,
) -> None:
    """Name a person."""
    from indexer.library.people import corrections
    from indexer.library.people.people import namesake

    with session.open_library(read_only=False) as library:
        with library.reading() as connection:
            (person,) = person_numbers(connection, [who])
            other = namesake(connection, name)
        one = other is not None and other != person
        if one and not merge and not _agreed(f"Person {other} already has this name. Are they the same person?"):
            raise IndexerError(f"person {other} is already named {name!r}; use --merge if they are the same person")
        with library.writing() as connection:
            if one and other is not None:
                corrections.merge_people(connection, other, [person])
            else:
                corrections.name_person(connection, person, name if name.strip() else None)
    write(
        f"Person {other if one else person} is now named {name.strip()}." if name.strip() else "The name was removed."
    )


@command(app, "merge")
def merge(
    session: Session,
    who: Who,
    others: Annotated[list[str], typer.Argument(help="Names or numbers of the people to merge into this person.")],
) -> None:
    """Merge people who are the same person; the first keeps its number and name."""
    from indexer.library.people.corrections import merge_people
    from indexer.library.people.people import find_person

    with session.open_library(read_only=False) as library, library.writing() as connection:
        first, *rest = person_numbers(connection, [who, *others])
        merge_people(connection, first, rest)
        person = find_person(connection, str(first))
    write(f"{person.label} now has {count(person.faces, 'face')}.")


@command(app, "split")
def split(session: Session, who: Who, faces: FaceNames) -> None:
    """Split faces off a person; together they become a new person."""
    from indexer.library.people.corrections import split_faces

    with session.open_library(read_only=False) as library, library.writing() as connection:
        (person,) = person_numbers(connection, [who])
        numbers = face_numbers(connection, faces)
        other = split_faces(connection, person, numbers)
    write(f"{count(len(numbers), 'face')} of person {person} are now person {other}.")


@command(app, "move")
def move(
    session: Session,
    faces: FaceNames,
    to: Annotated[str, typer.Option("--to", help="Person to assign them to: a number, a name, or a new name.")],
) -> None:
    """Assign faces to a person."""
    from indexer.library.people.corrections import give_faces
    from indexer.library.people.people import find_person

    with session.open_library(read_only=False) as library, library.writing() as connection:
        numbers = face_numbers(connection, faces)
        person = give_faces(connection, numbers, to)
        label = find_person(connection, str(person)).label
    write(f"{count(len(numbers), 'face')} moved to {label} (person {person}).")


@command(app, "hide")
def hide(
    session: Session, who: Who, undo: Annotated[bool, typer.Option("--undo", help="Show the person again.")] = False
) -> None:
    """Hide a person from lists and reviews; searches still find the photos."""
    from indexer.library.people.corrections import hide_person

    with session.open_library(read_only=False) as library, library.writing() as connection:
        (person,) = person_numbers(connection, [who])
        hide_person(connection, person, hidden=not undo)
    write(f"Person {person} is {'shown again' if undo else 'hidden'}.")


@command(app, "undo")
def undo(session: Session, dry_run: DryRun = False) -> None:
    """Undo your last change to people: a name, merge, split, move, review answer or hiding; repeat for earlier ones.

    Like 'indexer undo', but for changes to people only.
    """
    take_back(session, kind="people", dry_run=dry_run)


@command(app, "forget")
def forget(
    session: Session,
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase a person for good: the name and the descriptors of all faces. This cannot be undone.

    Earlier backups still contain them. If copies of these photos are added later, their faces are analyzed as those of
    an unknown person.
    """
    from indexer.library.people.forget import forget_person
    from indexer.library.people.people import find_person

    with session.open_library(read_only=False) as library:
        with library.reading() as connection:
            person = find_person(connection, who)
        sure(yes, f"Erase {person.label} with {count(person.faces, 'face')} for good?")
        forgotten = forget_person(library, person.number)
        say_forgotten(session, library.path, forgotten)


def sure(yes: bool, question: str) -> None:
    """Ask before an irreversible action. Errors: IndexerError unless the answer is yes."""
    if not yes and not _agreed(question):
        raise IndexerError("nothing was erased; use --yes to confirm")


def say_forgotten(session: Session, library: Path, faces: int) -> None:
    """Tell what was erased, and which copies of the library beside it still hold it."""
    write(f"{count(faces, 'face')} erased: their descriptors are deleted, and no scan creates them again.")
    say_copies(session, library)


def say_copies(session: Session, library: Path) -> None:
    """Print which backups of the library beside it still hold what was erased."""
    for copy in sorted(library.parent.glob(f"{library.name}.*.bak")):
        session.say(f"{printable(copy)} is an earlier copy and still contains the erased data; delete it.")


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and typer.confirm(question, err=True)
