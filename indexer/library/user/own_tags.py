"""Own tags, ratings and hiding: the user's data on photos, which outlasts every analysis.

An own tag stands in `own_tags`, and at once in `photo_tags` too, where searches read; `user_layer.laid_over` puts it
there again after every analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, case, delete, func, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from indexer.errors import ConfigError, LibraryError, printable
from indexer.library.db.batching import batched
from indexer.library.db.roots import Roots, find_ids, known_photo, part
from indexer.library.db.tables import photo_tags, photos, sources, tags
from indexer.library.db.user_tables import own_tags
from indexer.library.history.change_log import recording
from indexer.library.photo_rows.said import UserLayer as UserLayer
from indexer.library.photo_rows.said import read_said
from indexer.library.photo_rows.user_layer import OWN, OWN_PLACE
from indexer.library.photo_rows.write_analysis import intern
from indexer.library.query.ast import folded

if TYPE_CHECKING:
    from indexer.library.store import Library

STARS = 5
_LONGEST = 200  # characters of a word: more is a mistake
_TOLD = 3  # words that a sentence names


@dataclass(frozen=True, slots=True)
class OwnWord:
    """An own tag, the number of photos that users added it to, and of those that they removed it from."""

    name: str
    given: int
    taken: int


def own_word(text: str) -> str:
    """Return a word without superfluous spaces. Errors: ConfigError where it is empty, too long or not text."""
    word = " ".join(text.split())
    if not word or len(word) > _LONGEST or not word.isprintable():
        raise ConfigError("word", f"must be text of 1 to {_LONGEST} characters, not {printable(text)[:_LONGEST]!r}")
    return word


def add_tag(library: Library, word: str, which: Iterable[Path | int]) -> int:
    """Add a tag to photos; a search finds them by it at once. Return how many photos they are.

    which: paths of photos, or of folders: all photos below them; row ids of photos.  word: any text; where a tag
    differs from it only in case, it is that one.
    Errors: LibraryError for a path that the library does not know; nothing is changed then.
    """
    with library.writing() as connection:
        chosen = photo_ids(connection, which)
        with recording(connection, "words", lambda photos: _changed(_named(connection, photos), [word], [])):
            _give_word(connection, word, chosen)
    return len(chosen)


def remove_tag(library: Library, word: str, which: Iterable[Path | int]) -> int:
    """Remove a tag from photos, whoever added it; no analysis adds it again. Return how many had it.

    which: as for `add_tag`.  Errors: LibraryError, as there.
    """
    with library.writing() as connection:
        chosen = photo_ids(connection, which)
        with recording(connection, "words", lambda photos: _changed(_named(connection, photos), [], [word])):
            return _take_word(connection, word, chosen)


def change_words(library: Library, photo: Path | int, given: Sequence[str], taken: Sequence[str]) -> None:
    """Add tags to a photo and remove others, as one act. Errors: LibraryError, as in `add_tag`."""
    with library.writing() as connection:
        chosen = photo_ids(connection, [photo])
        with recording(connection, "words", lambda photos: _changed(_named(connection, photos), given, taken)):
            for word in given:
                _give_word(connection, word, chosen)
            for word in taken:
                _take_word(connection, word, chosen)


def own_words(library: Library) -> list[OwnWord]:
    """Return every tag that users added or removed, by name."""
    given = func.sum(case((own_tags.c.wanted == 1, 1), else_=0))
    query = select(tags.c.name, given.label("given"), func.count().label("all")).join(own_tags)
    with library.reading() as connection:
        rows = connection.execute(query.group_by(tags.c.id).order_by(tags.c.name))
        return [OwnWord(row.name, row.given, row.all - row.given) for row in rows]


def rate(library: Library, stars: int, which: Iterable[Path | int]) -> int:
    """Give photos 1 to 5 stars; 0 removes them. Return how many photos they are.

    which: as for `add_tag`.  Errors: LibraryError, as there; ValueError for another number of stars.
    """
    if not 0 <= stars <= STARS:
        raise ValueError(f"stars: 0 to {STARS}, not {stars}")
    what = f"{stars} star{'' if stars == 1 else 's'}"

    def about(names: str) -> str:
        return f"Rated {names} {what}" if stars else f"Removed the rating of {names}"

    return _set(library, which, "rating", about, rating=stars or None)


def hide(library: Library, which: Iterable[Path | int], *, hidden: bool = True) -> int:
    """Hide photos from every search and list, or show them again; return how many photos they are.

    which: as for `add_tag`.  Errors: LibraryError, as there.
    """

    def about(names: str) -> str:
        return f"Hid {names}" if hidden else f"Showed {names} again"

    return _set(library, which, "hidden", about, is_hidden=int(hidden))


def said(library: Library, photo: Path | int) -> UserLayer:
    """Return the user data of a photo given by path or id. Errors: LibraryError for an unknown one."""
    with library.reading() as connection:
        return read_said(connection, known_photo(connection, photo))


def hidden(library: Library) -> list[Path]:
    """Return the photos that are hidden, by path, except those whose paths others have now."""
    with library.reading() as connection:
        roots = Roots.read(connection)
        rows = connection.execute(
            select(photos.c.root_id, photos.c.path).where(photos.c.is_hidden != 0, photos.c.replaced == 0)
        )
        return sorted(roots.path(row.root_id, row.path) for row in rows)


def photo_ids(connection: Connection, which: Iterable[Path | int]) -> list[int]:
    """Return the row ids of photos, and of all photos below folders, each once.

    which: paths of photos and folders, row ids of photos.
    Errors: LibraryError for a path that is neither to the library, and for an id that no photo has.
    """
    roots = Roots.read(connection)
    which = list(which)
    paths = [each for each in which if isinstance(each, Path)]
    known = find_ids(connection, [roots.place(path) for path in paths if roots.hold(path)])
    numbers = [known_photo(connection, each) for each in which if isinstance(each, int)]
    found = dict.fromkeys([*numbers, *known.values()])
    for path in paths:
        if not roots.hold(path) or roots.place(path) not in known:
            found |= dict.fromkeys(_below(connection, roots, path))
    return list(found)


def tag_id(connection: Connection, word: str) -> int:
    """Return the row id of a word: the tag that is spelled so, else one in another case, else a new one."""
    name = " ".join(word.split())
    rows = connection.execute(select(tags.c.id, tags.c.name).where(tags.c.folded == folded(name)).order_by(tags.c.id))
    known = {row.name: row.id for row in rows}
    found: int = known.get(name) or next(iter(known.values()), 0) or intern(connection, tags, [name])[name]
    return found


def _below(connection: Connection, roots: Roots, folder: Path) -> list[int]:
    found = [
        photo
        for place in roots.within(folder)
        for photo in connection.scalars(
            select(photos.c.id).where(part(*place), photos.c.replaced == 0).order_by(photos.c.id)
        )
    ]
    if not found:
        raise LibraryError(folder, "is not in the library; scan its folder first")
    return found


def _set(library: Library, which: Iterable[Path | int], kind: str, about: Callable[[str], str], **columns: Any) -> int:
    """Set columns of photos. about: a sentence on what was done, with a place for the photos' names."""
    with library.writing() as connection:
        chosen = photo_ids(connection, which)
        with recording(connection, kind, lambda changed: about(_named(connection, changed))):
            for some in batched(chosen):
                connection.execute(update(photos).where(photos.c.id.in_(some)).values(columns))
    return len(chosen)


def _named(connection: Connection, chosen: Sequence[int]) -> str:
    """Return how a sentence names photos: one by its file's name, several by their number."""
    if len(chosen) != 1:
        return f"{len(chosen):,} photos"
    path: str = connection.scalars(select(photos.c.path_text).where(photos.c.id == chosen[0])).one()
    return path.rpartition("/")[2]


def _changed(names: str, given: Sequence[str], taken: Sequence[str]) -> str:
    """Return a sentence on which words some photos got and lost."""
    if given and taken:
        return f"{_changed(names, given, [])} and removed {_listed(taken)}"
    return f"Tagged {names} {_listed(given)}" if given else f"Removed {_listed(taken)} from {names}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words)) if len(words) <= _TOLD else f"{len(words)} tags"


def _give_word(connection: Connection, word: str, chosen: Sequence[int]) -> None:
    tag = tag_id(connection, word)
    (source,) = intern(connection, sources, [OWN]).values()
    others = _others(connection, word, tag)
    for table in (photo_tags, own_tags):
        _delete(connection, table, others, chosen)
    _put(connection, own_tags, chosen, tag_id=tag, wanted=1)
    _put(connection, photo_tags, chosen, tag_id=tag, position=OWN_PLACE, score=1.0, source_id=source)


def _take_word(connection: Connection, word: str, chosen: Sequence[int]) -> int:
    """Remove a word from those photos that have it; return how many."""
    same = _spelled(connection, word)
    marked = photo_tags.c.tag_id.in_(same)
    had = [
        photo
        for some in batched(chosen)
        for photo in connection.scalars(
            select(photo_tags.c.photo_id).where(marked, photo_tags.c.photo_id.in_(some)).distinct()
        )
    ]
    _delete(connection, photo_tags, same, had)
    for tag in same:
        _put(connection, own_tags, had, tag_id=tag, wanted=0)
    return len(had)


def _spelled(connection: Connection, word: str) -> list[int]:
    """Return the tags with this spelling, in any case."""
    name = folded(" ".join(word.split()))
    return list(connection.scalars(select(tags.c.id).where(tags.c.folded == name)))


def _others(connection: Connection, word: str, tag: int) -> list[int]:
    return [other for other in _spelled(connection, word) if other != tag]


def _put(connection: Connection, table: Table, chosen: Sequence[int], **columns: Any) -> None:
    """Give photos a row each, with a tag and what else is in the columns; one that is there is updated."""
    for some in batched(chosen):
        rows = select(photos.c.id, *map(literal, columns.values())).where(photos.c.id.in_(some))
        new = insert(table).from_select(["photo_id", *columns], rows)
        others = {name: new.excluded[name] for name in columns if name != "tag_id"}
        connection.execute(new.on_conflict_do_update(index_elements=["photo_id", "tag_id"], set_=others))


def _delete(connection: Connection, table: Table, named: Sequence[int], chosen: Sequence[int]) -> None:
    """Delete the rows of some tags of photos."""
    for some in batched(chosen if named else ()):
        connection.execute(delete(table).where(table.c.photo_id.in_(some), table.c.tag_id.in_(named)))
