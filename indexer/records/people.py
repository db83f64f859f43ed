"""JSON records of people and their faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from indexer.records.plain import BoxRecord, PhotoPathRecord, box_record, path_record, rounded

if TYPE_CHECKING:
    from indexer.library.people.grouping import Grouped
    from indexer.library.people.people import Person, PlacedFace


class PersonRecord(TypedDict):
    """A person, named or not, with the number of faces and photos that searches show."""

    person: int
    name: str | None
    faces: int
    photos: int
    hidden: bool


class CoveredPersonRecord(PersonRecord):
    """A person in a list; cover: the face that shows the person best, null if none is shown."""

    cover: int | None


class PersonFaceRecord(PhotoPathRecord):
    """A face of the library: its position from the left, its person, and whether you assigned it."""

    face: int
    place: int
    box: BoxRecord
    quality: float
    person: int | None
    by_user: bool


class WholePersonRecord(TypedDict):
    """A person with a page of the faces, ordered by path; face_count: all faces that searches show."""

    person: int
    name: str | None
    face_count: int
    photos: int
    hidden: bool
    cover: int | None
    faces: list[PersonFaceRecord]


class PeopleRecord(TypedDict):
    """A page of the people, those with the most faces first."""

    total: int
    people: list[CoveredPersonRecord]


class GroupedRecord(TypedDict):
    """The result of clustering: faces that joined people, new people and their faces, faces left, faces too poor."""

    joined: int
    people: int
    grouped: int
    left: int
    unfit: int


def person_record(person: Person) -> PersonRecord:
    """Return a person as JSON."""
    return {
        "person": person.number,
        "name": person.name,
        "faces": person.faces,
        "photos": person.photos,
        "hidden": person.hidden,
    }


def covered_person_record(person: Person, cover: int | None) -> CoveredPersonRecord:
    """Return a person with its best face."""
    return {**person_record(person), "cover": cover}


def whole_person_record(person: Person, cover: int | None, faces: Sequence[PlacedFace]) -> WholePersonRecord:
    """Return a person with some of the faces."""
    return {
        "person": person.number,
        "name": person.name,
        "face_count": person.faces,
        "photos": person.photos,
        "hidden": person.hidden,
        "cover": cover,
        "faces": [face_record(face) for face in faces],
    }


def face_record(face: PlacedFace) -> PersonFaceRecord:
    """Return a face as JSON."""
    return {
        "face": face.number,
        "photo": face.photo,
        **path_record(face.path),
        "place": face.place,
        "box": box_record(face.box),
        "quality": rounded(face.quality),
        "person": face.person,
        "by_user": face.by_user,
    }


def grouped_record(done: Grouped) -> GroupedRecord:
    """Return the result of a grouping."""
    return {
        "joined": done.joined,
        "people": done.people,
        "grouped": done.grouped,
        "left": done.left,
        "unfit": done.unfit,
    }
