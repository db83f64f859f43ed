"""The search fields, one record each: whoever reads, writes, runs or suggests a query knows them from here only."""

from __future__ import annotations

from datetime import date

from indexer.library.query import facet_values
from indexer.library.query.ast import ANYTHING, Fact, PersonTerm, Query, Term, folded
from indexer.library.query.clause import Sql
from indexer.library.query.counted import PEOPLE, count_text, parse_count
from indexer.library.query.dates import TIMES, date_sql, date_text, parse_date
from indexer.library.query.field import InvalidValue, SearchField, of_metadata, quoted
from indexer.library.query.kinds import KINDS, ORIENTATIONS, kind_sql, kind_text, kinds, parse_kind, parse_orientation
from indexer.library.query.numbers import number_field
from indexer.library.query.places import parse_place, place, place_sql, place_text
from indexer.library.query.texts import (
    CAMERA,
    PATH,
    camera,
    ending,
    format_name,
    in_folder,
    in_text,
    model_field,
    text_field,
    text_sql,
    whole,
    without_dot,
)

_ABOUT = 0.0005  # apertures and focal lengths are fractions in the file: 2.8 may be 2.79999


def leaf(name: str, value: str, today: date) -> Query:
    """Return what `name:value` means; name: one of FIELDS. Raises InvalidValue."""
    field = FIELDS[name]
    if not value.strip():
        raise InvalidValue(f"'{name}:' needs a value, {field.example}")
    return field.parse(field, value.strip(), today)


def written(part: Fact) -> str:
    """Return a leaf as it is typed: `leaf` makes the same of it, whatever day it is."""
    field = FIELDS[part.field]
    return f"{field.name}:{field.text(part)}"


def condition(fact: Fact) -> Sql:
    """Return the condition that a fact holds; where nothing is known, it is NULL or 0."""
    return FIELDS[fact.field].sql(fact)


def _person_sql(person: PersonTerm) -> Sql:
    anybody = person.name == ANYTHING
    whose = "people.name IS NOT NULL AND people.is_hidden = 0" if anybody else "people.folded = ?"
    return Sql(
        "photos.id IN (SELECT faces.photo_id FROM people JOIN person_faces ON person_faces.person_id = people.id "  # noqa: S608
        f"JOIN faces ON faces.id = person_faces.face_id WHERE {whose})",
        () if anybody else (folded(person.name),),
    )


def _tag_sql(tag: Term) -> Sql:
    raise TypeError(f"{tag!r} has a score, not a condition")


_ALL = (
    SearchField(
        "tag",
        "a word, even one that is a field's name",
        "such as tag:dog",
        lambda _, value, __: Term(value),
        text=lambda leaf: quoted(leaf.word),
        sql=_tag_sql,
        value=lambda photo: photo.tags,
        facet=facet_values.tag_values,
    ),
    SearchField(
        "count",
        "how many of a thing it shows",
        "such as count:dog>=2 or count:cat=1",
        parse_count,
        text=lambda leaf: quoted(leaf.word) + count_text(leaf),
        sql=_tag_sql,
        value=lambda photo: photo.counts,
    ),
    SearchField(
        "person",
        "who is in the photo",
        "such as person:alice, or person:* for anybody with a name",
        lambda _, value, __: PersonTerm(value),
        text=lambda leaf: quoted(leaf.name),
        sql=_person_sql,
        value=lambda photo: photo.people | ({ANYTHING} if photo.known else frozenset()),
        facet=facet_values.person_values,
    ),
    SearchField(
        "date",
        "when it was taken",
        "such as date:2024, date:2024-05-03, date:2023-05..2023-09, date:last-30-days or date:july",
        parse_date,
        text=date_text,
        sql=date_sql,
        value=of_metadata("taken_at"),
        values=TIMES,
        facet=facet_values.year_values,
    ),
    SearchField(
        "near",
        "where it was taken: latitude, longitude, km",
        "such as near:48.86,2.29,5 (latitude, longitude, km)",
        parse_place,
        text=place_text,
        sql=place_sql,
        value=place,
    ),
    SearchField(
        "orientation",
        "its shape",
        f"there are {', '.join(ORIENTATIONS)}",
        parse_orientation,
        text=kind_text,
        sql=kind_sql,
        value=kinds,
        values=tuple((name, "") for name in ORIENTATIONS),
    ),
    SearchField(
        "is",
        "what kind of picture it is",
        f"there are {', '.join(name for name, _ in KINDS)}",
        parse_kind,
        text=kind_text,
        sql=kind_sql,
        value=kinds,
        values=KINDS,
    ),
    text_field(
        "camera",
        "make or model of the camera",
        example="nikon",
        column=CAMERA,
        value=camera,
        facet=facet_values.camera_values,
    ),
    text_field(
        "lens",
        "the lens",
        example="50mm",
        column="photos.lens",
        value=of_metadata("lens"),
        facet=facet_values.column_values("lens"),
    ),
    text_field("path", "a part of the path", example="holidays", column=PATH, value=lambda photo: photo.path),
    text_field(
        "folder",
        "a folder that it is in",
        example="Italy or folder:/home/me/Photos",
        column=PATH,
        value=lambda photo: photo.path,
        globs=in_folder,
    ),
    text_field(
        "text",
        "text in the picture",
        example="stop",
        column="(SELECT folded FROM text_search WHERE rowid = photos.id)",
        value=lambda photo: photo.text,
        globs=in_text,
        found=text_sql,
    ),
    text_field(
        "format",
        "the format of the file",
        example="jpeg",
        column="photos.format",
        value=of_metadata("format"),
        globs=whole,
        spelled=format_name,
        facet=facet_values.column_values("format"),
    ),
    text_field(
        "type",
        "the ending of the file's name",
        example="png",
        column=PATH,
        value=lambda photo: photo.path,
        globs=ending,
        spelled=without_dot,
    ),
    model_field("model", "the model that gave it a tag", "efficientnet-lite0", facet_values.model_values),
    number_field("iso", "sensitivity", column="photos.iso", value=of_metadata("iso")),
    number_field(
        "f",
        "aperture",
        example="f:2.8, f:1.4..2.8 or f:8+",
        column="photos.f_number",
        value=of_metadata("f_number"),
        about=_ABOUT,
    ),
    number_field(
        "focal",
        "focal length in mm",
        column="photos.focal_length_mm",
        value=of_metadata("focal_length_mm"),
        about=_ABOUT,
    ),
    number_field("width", "width in pixels", column="photos.width", value=of_metadata("width")),
    number_field("height", "height in pixels", column="photos.height", value=of_metadata("height")),
    number_field(
        "rating",
        "your stars, 0 to 5",
        example="rating:5 or rating:3+",
        column="photos.rating",
        value=lambda photo: photo.rating,
        values=(("5", "five stars"), *((f"{stars}+", f"{stars} stars or more") for stars in "4321")),
    ),
    number_field(
        "faces",
        "how many faces it shows",
        example="faces:0, faces:2+ or faces:1..3",
        column="(SELECT count(*) FROM faces WHERE photo_id = photos.id)",
        value=lambda photo: photo.faces,
        values=(("0", "nobody"), ("1", "one face"), ("2", "two faces"), ("3+", "three or more")),
    ),
    number_field(
        "people",
        "how many people it shows, with or without a face",
        example="people:0, people:3+ or people:1..3",
        column=PEOPLE,
        value=lambda photo: photo.counts.get("person", 0),
        values=(("0", "nobody"), ("1", "one person"), ("2", "two people"), ("3+", "three or more")),
    ),
    number_field(
        "score",
        "how sure the words are, 0 to 1",
        example="score:0.7+",
        column="1.0",
        value=lambda _: 1.0,
        values=(("0.5+", ""), ("0.7+", ""), ("0.9+", "")),
    ),
)
FIELDS: dict[str, SearchField] = {field.name: field for field in _ALL}
