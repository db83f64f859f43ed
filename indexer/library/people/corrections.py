"""Corrections of people and faces by the user; no grouping, scan or new model undoes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from indexer.errors import IndexerError, printable
from indexer.library.db.batching import batched
from indexer.library.db.tables import descriptors
from indexer.library.db.user_tables import face_pairs, people, person_faces, refusals
from indexer.library.history.change_log import recording
from indexer.library.people.people import check_faces, find_person, is_number, label_of, namesake
from indexer.library.query.ast import folded

_TOLD = 3  # people that a sentence names
_WITNESSES = 3  # faces of a person for which a refusal of another face is stored


def name_person(connection: Connection, person: int, name: str | None) -> None:
    """Rename a person; None removes the name.

    Errors: IndexerError where another person has the name, or it is not valid.
    """
    said = None if name is None else checked_name(name)
    if said is not None and namesake(connection, said) not in (None, person):
        raise IndexerError(f"another person is already named {said!r}; merge the two, or use a different name")
    fold = None if said is None else folded(said)
    label = label_of(connection, person)
    with recording(connection, "people", f"Named {label} {said}" if said else f"Removed the name of {label}"):
        connection.execute(update(people).where(people.c.id == person).values(name=said, folded=fold))


def add_person(connection: Connection, name: str | None = None) -> int:
    """Add a person without faces; return its number."""
    with recording(connection, "people", f"Added {name}" if name else "Added a person"):
        key = connection.execute(insert(people).values(name=None)).inserted_primary_key
        assert key is not None
        number: int = key[0]
        if name is not None:
            name_person(connection, number, name)
    return number


def person_with(connection: Connection, who: str) -> int:
    """Return the number of the person with this number or name; a new person for an unused name."""
    if is_number(who):
        return find_person(connection, who).number
    return namesake(connection, checked_name(who)) or add_person(connection, who)


def give_faces(connection: Connection, faces: Sequence[int], who: str) -> int:
    """Assign faces to the person with a number or name, perhaps a new one; return the number."""
    faces = list(dict.fromkeys(faces))
    with recording(connection, "people", f"Moved {_count(faces)} to {_named(connection, who)}"):
        person = person_with(connection, who)
        move_faces(connection, faces, person)
    return person


def checked_name(name: str) -> str:
    """Return a name without spaces around it. Errors: IndexerError where it is empty, a number, or not text."""
    said = " ".join(name.split())
    if not said or said.isdigit() or not said.isprintable():
        raise IndexerError(f"{printable(name)!r} cannot be a name: a name needs letters and is not a number")
    try:
        said.encode()
    except UnicodeEncodeError as error:
        raise IndexerError(f"{printable(name)!r} cannot be a name: it is not valid UTF-8") from error
    return said


def merge_people(connection: Connection, into: int, others: Sequence[int]) -> None:
    """Merge people: the first keeps its number and name, or takes the first name that there is."""
    others = [other for other in dict.fromkeys(others) if other != into]
    labels = [label_of(connection, other) for other in others]
    who = ", ".join(labels) if len(labels) <= _TOLD else f"{len(labels)} people"
    with recording(connection, "people", f"Merged {who} into {label_of(connection, into)}"):
        _merge(connection, into, others)


def _merge(connection: Connection, into: int, others: Sequence[int]) -> None:
    both = [into, *others]
    names = dict(connection.execute(select(people.c.id, people.c.name).where(people.c.id.in_(both))).tuples().all())
    witnesses = [face for person in both for face in _witnesses(connection, person)[:1]]
    _remember(connection, [(witnesses[0], other) for other in witnesses[1:]], same=True)
    mine = person_faces.c.person_id.in_(both)
    connection.execute(update(person_faces).where(mine).values(person_id=into, by_user=1))
    for other in others:
        refused = select(refusals.c.face_id, literal(into)).where(refusals.c.person_id == other)
        keep = upsert(refusals).from_select(["face_id", "person_id"], refused).on_conflict_do_nothing()
        connection.execute(keep)
    # An earlier refusal of a face that is assigned now was an error.
    ours = select(person_faces.c.face_id).where(person_faces.c.person_id == into)
    connection.execute(delete(refusals).where(refusals.c.person_id == into, refusals.c.face_id.in_(ours)))
    connection.execute(delete(people).where(people.c.id.in_(others)))
    name = next((names[person] for person in both if names.get(person)), None)
    if name is not None and not names.get(into):
        name_person(connection, into, name)


def split_faces(connection: Connection, person: int, faces: Sequence[int]) -> int:
    """Split faces off a person: they become one new person. Return its number.

    Errors: IndexerError where a face is not the person's, or all of them are named.
    """
    mine = set(connection.scalars(select(person_faces.c.face_id).where(person_faces.c.person_id == person)))
    for face in faces:
        if face not in mine:
            raise IndexerError(f"face {face} does not belong to person {person}")
    if not mine - set(faces):
        raise IndexerError("these are all faces of the person; leave at least one")
    with recording(connection, "people", f"Split {_count(faces)} from {label_of(connection, person)}"):
        other = add_person(connection)
        move_faces(connection, faces, other)
    return other


def move_faces(connection: Connection, faces: Sequence[int], person: int) -> None:
    """Assign faces to a person, and refuse them for the former one. Errors: IndexerError for an unknown face."""
    check_faces(connection, faces)
    with recording(connection, "people", f"Moved {_count(faces)} to {label_of(connection, person)}"):
        _move(connection, faces, person)


def _move(connection: Connection, faces: Sequence[int], person: int) -> None:
    for part in batched(faces):
        for face, old in connection.execute(_whose(part)).tuples().all():
            if old != person:
                refuse_face(connection, face, old)
        rows = [{"face_id": face, "person_id": person, "by_user": 1} for face in part]
        new = upsert(person_faces)
        change = {name: new.excluded[name] for name in ("person_id", "by_user")}
        connection.execute(new.on_conflict_do_update(index_elements=["face_id"], set_=change), rows)
        connection.execute(delete(refusals).where(refusals.c.person_id == person, refusals.c.face_id.in_(part)))


def refuse_face(connection: Connection, face: int, person: int) -> None:
    """Record that a face is not this person's; if it was, it is unassigned now."""
    mine = (person_faces.c.face_id == face, person_faces.c.person_id == person)
    with recording(connection, "people", f"Rejected face {face} for {label_of(connection, person)}"):
        connection.execute(delete(person_faces).where(*mine))
        keep = upsert(refusals).values(face_id=face, person_id=person).on_conflict_do_nothing()
        connection.execute(keep)
        _remember(connection, [(face, other) for other in _witnesses(connection, person) if other != face], same=False)


def refuse_faces(connection: Connection, faces: Sequence[int], person: int) -> None:
    """Record that faces are not this person's. Errors: IndexerError where there is no such face."""
    faces = list(dict.fromkeys(faces))
    check_faces(connection, faces)
    with recording(connection, "people", f"Rejected {_count(faces)} for {label_of(connection, person)}"):
        for face in faces:
            refuse_face(connection, face, person)


def hide_person(connection: Connection, person: int, *, hidden: bool) -> None:
    """Hide a person in lists, or show it again."""
    label = label_of(connection, person)
    with recording(connection, "people", f"Hid {label}" if hidden else f"Showed {label} again"):
        connection.execute(update(people).where(people.c.id == person).values(is_hidden=int(hidden)))


def _witnesses(connection: Connection, person: int) -> Sequence[int]:
    """Return some faces of a person that have descriptors, those first that the user confirmed."""
    described = select(descriptors.c.id).where(descriptors.c.face_id == person_faces.c.face_id)
    query = select(person_faces.c.face_id).where(person_faces.c.person_id == person)
    order = person_faces.c.by_user.desc(), described.exists().desc(), person_faces.c.face_id
    return connection.scalars(query.order_by(*order).limit(_WITNESSES)).all()


def _remember(connection: Connection, pairs: Sequence[tuple[int, int]], *, same: bool) -> None:
    rows = [{"face_id": min(pair), "other_id": max(pair), "same": int(same)} for pair in pairs]
    if rows:
        new = upsert(face_pairs)
        keys = ["face_id", "other_id"]
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_={"same": new.excluded.same}), rows)


def _count(faces: Sequence[int]) -> str:
    return "1 face" if len(faces) == 1 else f"{len(faces):,} faces"


def _named(connection: Connection, who: str) -> str:
    return label_of(connection, int(who)) if is_number(who) else " ".join(who.split())


def _whose(faces: Sequence[int]) -> Select[Any]:
    return select(person_faces.c.face_id, person_faces.c.person_id).where(person_faces.c.face_id.in_(faces))
