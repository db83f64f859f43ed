"""Table definitions of a library, as the newest migration leaves them.

Names of people, own tags and other user data refer to `photos.id` and `faces.id`, which survive
a new analysis and a move; everything else that an analysis writes is replaced by the next one.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def photo_column(*, key: bool = False, index: bool = False) -> Column[int]:
    """Return the column of the photo that a row belongs to, with which it is deleted."""
    target = ForeignKey("photos.id", ondelete="CASCADE")
    return Column("photo_id", target, nullable=False, primary_key=key, index=index)


def model_column(*, key: bool = False) -> Column[int]:
    """Return the column of the model that a row comes from."""
    return Column("model_id", ForeignKey("models.id"), nullable=False, primary_key=key)


# Folders that were given to scan. A path is the bytes of its name, ended by the separator; none lies in another.
roots = Table(
    "roots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("path_text", Text, nullable=False),  # for display only: bytes that are not UTF-8 become '�'
)

# Models, by the id that fingerprints everything that their outputs depend on.
models = Table(
    "models",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

# The models that have analyzed a photo together: their names, separated by spaces.
model_sets = Table(
    "model_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

# Names of the class indices in `evidence` and `objects`, so that the library can be read without the program.
classes = Table(
    "classes",
    metadata,
    model_column(key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    sqlite_with_rowid=False,
)

photos = Table(
    "photos",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root_id", ForeignKey("roots.id"), nullable=False),
    Column("path", LargeBinary, nullable=False),  # relative to the root
    Column("path_text", Text, nullable=False),
    Column("replaced", Integer, nullable=False, server_default="0"),  # its id where another photo has the path
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("ctime_ns", Integer),  # of the inode; null: not known
    Column("missing_since", Text),
    Column("failed_stage", Text),  # not null: the last attempt failed; earlier results are kept, but not shown
    Column("failed_reason", Text),
    Column("model_set_id", ForeignKey("model_sets.id")),  # null: never analyzed
    Column("indexed_at", Text),
    Column("content_hash", LargeBinary),  # of the bytes that were analyzed, or else that failed
    Column("content_size", Integer),  # of these bytes, where the last attempt found others; null: size
    Column("perceptual_hash", LargeBinary),
    Column("format", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("orientation", Integer),
    Column("taken_at", Text),
    Column("taken_from", Text),
    Column("camera_make", Text),
    Column("camera_model", Text),
    Column("lens", Text),
    Column("iso", Integer),
    Column("f_number", Float),
    Column("exposure_seconds", Float),
    Column("focal_length_mm", Float),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("altitude_m", Float),
    Column("software", Text),
    Column("brightness", Float),
    Column("colorfulness", Float),
    Column("contrast", Float),
    Column("flatness", Float),
    Column("rating", Integer),  # the user's own, 0..5
    Column("is_hidden", Integer, nullable=False, server_default="0"),  # the user hid it from all searches
    UniqueConstraint("root_id", "path", "replaced"),
    Index(None, "content_hash"),
    Index(None, "taken_at"),
    sqlite_autoincrement=True,  # ids are never reused
)

# Comparisons of all files with their hashes: the last one is resumed where it was stopped.
deep_checks = Table(
    "deep_checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("began_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("last_photo", Integer, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("differing", Integer, nullable=False),
)

# Files without a photo's name or content: not opened again while their stamps are the same.
strangers = Table(
    "strangers",
    metadata,
    Column("root_id", ForeignKey("roots.id", ondelete="CASCADE"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),  # relative to the root
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    sqlite_with_rowid=False,
)

evidence = Table(
    "evidence",
    metadata,
    photo_column(key=True),
    model_column(key=True),
    Column("position", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),  # uint16 triples: view, class, score × 65535
)

# Objects that detectors found, best first for each detector.
objects = Table(
    "objects",
    metadata,
    photo_column(key=True),
    Column("position", Integer, primary_key=True),
    model_column(),
    Column("number", Integer, nullable=False),  # the class
    Column("score", Float, nullable=False),
    Column("box_left", Float, nullable=False),
    Column("box_top", Float, nullable=False),
    Column("box_width", Float, nullable=False),
    Column("box_height", Float, nullable=False),
    sqlite_with_rowid=False,
)

# The best score of each class that an object detector gave, those of objects too faint to be kept as well.
object_scores = Table(
    "object_scores",
    metadata,
    photo_column(key=True),
    model_column(key=True),
    Column("data", LargeBinary, nullable=False),  # as in `evidence`; there is one view, 0
)

# Lines of text in photos. A trigger deletes the photo's row of `text_search` with them.
text_lines = Table(
    "text_lines",
    metadata,
    photo_column(key=True),
    Column("position", Integer, primary_key=True),
    model_column(),
    Column("text", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("corners", LargeBinary, nullable=False),  # float64 pairs: x, y
    sqlite_with_rowid=False,
)

# rowid: of the photo.  folded: all its lines, as they are looked up.
TEXT_SEARCH = (
    "CREATE VIRTUAL TABLE text_search USING fts5(folded, tokenize = 'trigram case_sensitive 1')",
    "CREATE TRIGGER text_lines_deleted AFTER DELETE ON text_lines"
    " BEGIN DELETE FROM text_search WHERE rowid = OLD.photo_id; END",
)
for _statement in TEXT_SEARCH:
    event.listen(text_lines, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]

vectors = Table(
    "vectors",
    metadata,
    photo_column(key=True),
    Column("model_id", ForeignKey("models.id")),
    Column("data", LargeBinary, nullable=False),  # float16
)

tags = Table(
    "tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("folded", Text, nullable=False, index=True),  # the name as it is looked up: case does not matter
)

# Sources of tags: a label or a heuristic, and the models that gave them: their names, separated by spaces.
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("models", Text, nullable=False, server_default=""),  # empty: from faces, colors or the user
    UniqueConstraint("name", "models"),
)

photo_tags = Table(
    "photo_tags",
    metadata,
    photo_column(key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    sqlite_with_rowid=False,
)
# A search for a word reads this index alone, from the best score down.
Index("ix_photo_tags_best", photo_tags.c.tag_id, photo_tags.c.score.desc(), photo_tags.c.photo_id)

# How many of a thing were found in a photo; of one, or where nobody counted, there is no row.
tag_counts = Table(
    "tag_counts",
    metadata,
    photo_column(key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

faces = Table(
    "faces",
    metadata,
    Column("id", Integer, primary_key=True),
    photo_column(index=True),
    Column("position", Integer, nullable=False),
    Column("box_left", Float, nullable=False),
    Column("box_top", Float, nullable=False),
    Column("box_width", Float, nullable=False),
    Column("box_height", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("quality", Float, nullable=False),
    Column("landmarks", LargeBinary, nullable=False),  # float64 pairs: x, y
    Column("is_forgotten", Integer, nullable=False, server_default="0"),  # no descriptor of it is kept, ever again
)
Index("ix_faces_forgotten", faces.c.photo_id, sqlite_where=faces.c.is_forgotten == 1)  # few, read by each analysis

# Narrow and apart from `faces`: a search reads all of it in one go.
descriptors = Table(
    "descriptors",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("face_id", ForeignKey("faces.id", ondelete="CASCADE"), nullable=False),
    model_column(),
    Column("data", LargeBinary, nullable=False),  # float32
    UniqueConstraint("face_id", "model_id"),
    sqlite_autoincrement=True,  # ids are never reused: whoever holds a copy knows the new ones by their ids
)
