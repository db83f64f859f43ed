"""`indexer people review`: questions about doubtful faces."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.output import JsonOption, count, write, write_json
from indexer.cli.selectors import describer, person_numbers
from indexer.cli.session import Session, command
from indexer.errors import IndexerError, printable
from indexer.records.plain import box_record, path_record, rounded

if TYPE_CHECKING:
    from indexer.library.people.review import ReviewQuestion
    from indexer.library.store import Library


def register(app: typer.Typer) -> None:
    """Add the command to the family of people."""
    command(app, "review")(review)


def review(
    session: Session,
    who: Annotated[str | None, typer.Argument(help="Only this person (name or number).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of faces.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Review doubtful faces, most doubtful first. Answer y (yes), n (no), s (skip) or q (quit).

    No picture is opened; each question says where the face is in the photo. --json lists the faces without asking.
    """
    with session.open_library(read_only=as_json) as library:
        names = _names(library)
        found = _doubts(session, library, who, limit)
        if as_json:
            write_json([_record(each, names) for each in found], indent=2)
            return
        if found and not sys.stdin.readable():
            raise IndexerError("no answers can be read here; use --json to list the doubtful faces")
        asked, told = _ask(library, found, names)
    write(f"{count(told, 'answer')} to {count(asked, 'question')}." if found else "There are no doubtful faces.")


def _doubts(session: Session, library: Library, who: str | None, limit: int) -> list[ReviewQuestion]:
    from indexer.library.people.review import doubts

    spec = describer(session.settings().config)
    with library.reading() as connection:
        person = person_numbers(connection, [who])[0] if who is not None else None
    limits = {"distance": spec.thresholds["cluster_distance"], "min_quality": spec.thresholds["quality"]}
    return doubts(library, spec.id, **limits, person=person, limit=limit)


def _ask(library: Library, found: Sequence[ReviewQuestion], names: dict[int, str]) -> tuple[int, int]:
    """Ask one question after the other; return how many were asked and how many answered."""
    told = 0
    for asked, doubt in enumerate(found):
        answer = _answer(doubt, names[doubt.person])
        if answer == "q":
            return asked, told
        if answer != "s":
            _take(library, doubt, yes=answer == "y")
            told += 1
    return len(found), told


def _answer(doubt: ReviewQuestion, name: str) -> str:
    """Return y, n, s or q; the end of the input is q."""
    center = doubt.face.box.center
    place = f"{center.x:.0%} from the left, {center.y:.0%} from the top"
    write(f"{printable(doubt.face.path)}#{doubt.face.place}  ({place}; {doubt.reason})")
    while True:
        print(f"  Is this {name}? [y/n/s/q] ", end="", file=sys.stderr, flush=True)  # noqa: T201
        line = sys.stdin.readline()
        answer = line.strip().lower()[:1]
        if not line or answer == "q":
            return "q"
        if answer in ("y", "n", "s"):
            return answer


def _take(library: Library, doubt: ReviewQuestion, *, yes: bool) -> None:
    """Store an answer at once, so that no other is lost where the user stops."""
    from indexer.library.people.corrections import move_faces, refuse_face

    with library.writing() as connection:
        if yes:
            move_faces(connection, [doubt.face.number], doubt.person)
        else:
            refuse_face(connection, doubt.face.number, doubt.person)


def _names(library: Library) -> dict[int, str]:
    from indexer.library.people.people import list_people

    return {each.number: each.label for each in list_people(library, hidden=True)}


def _record(doubt: ReviewQuestion, names: dict[int, str]) -> dict[str, Any]:
    return {
        "face": doubt.face.number,
        **path_record(doubt.face.path),
        "place": doubt.face.place,
        "box": box_record(doubt.face.box),
        "person": doubt.person,
        "name": names[doubt.person],
        "reason": doubt.reason,
        "doubt": rounded(doubt.doubt),
    }
