"""Definitions of the tables that hold what the user said, as the newest migration leaves them.

They refer to `photos.id` and `faces.id`, which survive a new analysis and a move.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from indexer.library.db.tables import metadata, model_column, photo_column

# People: faces that belong together. Without a name as long as nobody gave one.
people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("folded", Text, unique=True),  # the name as it is looked up
    Column("is_hidden", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

person_faces = Table(
    "person_faces",
    metadata,
    Column("face_id", ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("by_user", Integer, nullable=False),  # 1: assigned by the user, and no clustering changes it
)

# Corrections on two faces: the same person (1) or not (0). face_id < other_id.
face_pairs = Table(
    "face_pairs",
    metadata,
    Column("face_id", ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    Column("other_id", ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("same", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Refusals: the face is not this person's.
refusals = Table(
    "refusals",
    metadata,
    Column("face_id", ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)

# The change log: the user's acts, with the former rows of these tables, tags and ratings. `undo` restores them.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text),  # UTC; null: entry of an older release
    Column("kind", Text, nullable=False),  # 'people', 'words', 'rating', …
    Column("about", Text, nullable=False),  # a sentence in the past
    Column("photos", Integer),  # how many it changed
    Column("undone_at", Text),
    Column("undoes", Integer),  # the entry that this one undid
    Column("changes", Text, nullable=False),  # JSON: rows before and after, and the positions of faces
    sqlite_autoincrement=True,
)

# Own tags that the user added to a photo (1), or removed from it (0): they outlast every analysis and retag.
own_tags = Table(
    "own_tags",
    metadata,
    photo_column(key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("wanted", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Taught words: few-shot classifiers on the embeddings of one model, trained from the user's examples.
taught = Table(
    "taught",
    metadata,
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    model_column(),
    Column("weights", LargeBinary, nullable=False),  # float32: one for each number of a vector, and the bias
    Column("about", Text, nullable=False),  # JSON: the folders of examples, the cross-validation result
)

all_tables = metadata  # those of a whole library: these, and those of `tables`
