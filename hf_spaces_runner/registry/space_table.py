"""Holds Spaces in a table of SQLite: found by id, Hub id, address or image, listed in order, searched by words."""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from hf_spaces_runner.domain.image_names import split_image_reference, subdomain_of
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.space_json import space_from_json, space_to_json

TABLES = """
CREATE TABLE entries (
    row INTEGER PRIMARY KEY, place INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, hub_id TEXT, subdomain TEXT, image TEXT,
    category TEXT NOT NULL, sdk TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, tags TEXT NOT NULL,
    digest BLOB, space TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
    name, description, tags, content='entries', content_rowid='row', tokenize='porter unicode61', detail='column'
);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX by_place ON entries (place);
CREATE INDEX by_category ON entries (category, place);
CREATE INDEX by_hub_id ON entries (hub_id) WHERE hub_id IS NOT NULL;
CREATE INDEX by_subdomain ON entries (subdomain) WHERE subdomain IS NOT NULL;
CREATE INDEX by_image ON entries (image) WHERE image IS NOT NULL;
"""
SCHEMA = TABLES + INDEXES
_COLUMNS = "place, id, hub_id, subdomain, image, category, sdk, name, description, tags, digest, space"
_OF_WORDS = "row, name, description, tags"
_AT_ONCE = 500
_TOKEN = re.compile(r"[^\W_]+")
_MAX_TOKENS = 64
_ENOUGH = 300
"""So many that match are looked at, however many do: who searches for `model` in the whole Hub waits no longer."""


@dataclass(frozen=True, slots=True)
class SpaceTable:
    """The table in `connection`; `origin` is where its entries come from, for people.

    Raises, from every method:
        sqlite3.DatabaseError: the file is damaged, or not ours.
    """

    connection: sqlite3.Connection
    origin: str

    def find(self, column: str, value: str) -> Space | None:
        """Return the Space whose `column` (id, hub_id, subdomain or image) is `value`."""
        query = f"SELECT space FROM entries WHERE {column} = ? ORDER BY place LIMIT 1"  # noqa: S608 - names are ours
        row = self.connection.execute(query, (_storable(value),)).fetchone()
        return None if row is None else self._space(row[0])

    def known(self, column: str, values: Sequence[str]) -> set[str]:
        """Return those of `values` that stand in `column`."""
        found: set[str] = set()
        for start in range(0, len(values), _AT_ONCE):
            some = [_storable(value) for value in values[start : start + _AT_ONCE]]
            query = f"SELECT {column} FROM entries WHERE {column} IN ({','.join('?' * len(some))})"  # noqa: S608
            found.update(row[0] for row in self.connection.execute(query, some))
        return found

    def page(
        self, after: int, *, limit: int, category: str | None = None, sdk: str | None = None
    ) -> list[tuple[int, Space]]:
        """Return the next Spaces in their order, each with its place; `after` is -1 or the last place of a page."""
        where, values = _where(category, sdk)
        query = f"SELECT place, space FROM entries WHERE {where} AND place > ? ORDER BY place LIMIT ?"  # noqa: S608
        rows = self.connection.execute(query, (*values, after, limit)).fetchall()
        return [(place, self._space(text)) for place, text in rows]

    def count(self, *, category: str | None = None, sdk: str | None = None) -> int:
        """Return how many there are."""
        where, values = _where(category, sdk)
        (number,) = self.connection.execute(f"SELECT count(*) FROM entries WHERE {where}", values).fetchone()  # noqa: S608
        return int(number)

    def categories(self) -> dict[str, int]:
        """Return how many Spaces each category has."""
        return dict(self.connection.execute("SELECT category, count(*) FROM entries GROUP BY category"))

    def search(
        self, words: Sequence[str], *, category: str | None = None, sdk: str | None = None, limit: int = _ENOUGH
    ) -> list[Space]:
        """Return Spaces that hold `words` or words that begin with them: those with all of them in the name first.

        Words of one stem are one word. They come without an order worth keeping; at most five times `limit`.
        """
        where, values = _where(category, sdk)
        terms = [f'"{token}"' for token in _tokens(words)]
        if not terms:
            return []
        begins = [f"{term}*" for term in terms]
        every, any_of = " AND ".join(terms), " OR ".join(terms)
        found: dict[int, str] = {}
        # Beginnings last: SQLite gathers all that begins so, however few are wanted.
        for match in (f"name : ({every})", every, " AND ".join(begins), any_of, " OR ".join(begins)):
            query = (
                "SELECT entries.row, space FROM words JOIN entries ON entries.row = words.rowid"  # noqa: S608
                f" WHERE words MATCH ? AND {where} LIMIT ?"
            )
            try:
                found.update(self.connection.execute(query, (match, *values, limit)))
            except sqlite3.OperationalError as error:
                known = [word for word in words if word.isascii()]
                if "phrase" not in str(error) or len(known) == len(words):
                    raise
                # A few letters are none to SQLite, whose Unicode is older: to it such a word is two.
                return self.search(known, category=category, sdk=sdk, limit=limit)
            if len(found) >= limit:
                break
        return [self._space(text) for text in found.values()]

    def ids_like(self, text: str) -> list[str]:
        """Return ids that may have been meant by `text`, at most some hundreds."""
        near = "SELECT id FROM entries WHERE id >= ? AND id < ? LIMIT ?"
        start = _storable(text[:2])
        found = [row[0] for row in self.connection.execute(near, (start, start + "\U0010ffff", _ENOUGH))]
        few = "SELECT id FROM entries ORDER BY place LIMIT ?"
        return list(dict.fromkeys([*found, *(row[0] for row in self.connection.execute(few, (_ENOUGH,)))]))

    def insert(self, rows: Iterable[tuple[int, bytes | None, Space]], *, words: bool = True) -> None:
        """Put Spaces in, each with its place in the order and the digest of what it was read from; ids must be new.

        Without `words` none can be searched for until `gather_words`, which is faster for many.
        """
        cursor = self.connection.cursor()
        for place, digest, space in rows:
            keys = [None if key is None else _storable(key) for key in _keys_of(space)]
            values = (place, *keys, digest, space_to_json(space))
            cursor.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES ({','.join('?' * len(values))})", values)  # noqa: S608
            if words:
                text = (cursor.lastrowid, values[7], values[8], values[9])
                cursor.execute("INSERT INTO words (rowid, name, description, tags) VALUES (?, ?, ?, ?)", text)

    def gather_words(self) -> None:
        """Make all entries searchable."""
        self.connection.execute("INSERT INTO words (words) VALUES ('rebuild')")

    def remove(self, ids: Iterable[str], *, words: bool = True) -> None:
        """Take the entries with these ids out; `words` is that of `insert`."""
        for entry_id in ids:
            if words:
                # The full text holds no texts of its own: it must be told what it is to forget.
                self.connection.execute(
                    f"INSERT INTO words (words, rowid, name, description, tags)"  # noqa: S608
                    f" SELECT 'delete', {_OF_WORDS} FROM entries WHERE id = ?",
                    (entry_id,),
                )
            self.connection.execute("DELETE FROM entries WHERE id = ?", (entry_id,))

    def empty(self) -> None:
        """Take all entries out."""
        self.connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self.connection.execute("DELETE FROM entries")

    def note(self, name: str, value: str) -> None:
        """Write a note of ours down."""
        self.connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str | None:
        """Return a note; None where there is none."""
        row = self.connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _space(self, text: str) -> Space:
        try:
            return space_from_json(text, self.origin)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise sqlite3.DatabaseError(f"not an entry of ours: {error}") from error


def _tokens(words: Sequence[str]) -> list[str]:
    """Return the words as the full text has them: a phrase, as `clip-analysis` would be, cannot be looked for."""
    found = (token for word in words for token in _TOKEN.findall(_storable(word)))
    return list(islice(dict.fromkeys(found), _MAX_TOKENS))


def _storable(text: str) -> str:
    """Return `text` without half characters, as JSON may hold and SQLite cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _where(category: str | None, sdk: str | None) -> tuple[str, tuple[str, ...]]:
    given = {"category": category, "sdk": sdk}
    said = {name: value for name, value in given.items() if value is not None}
    return " AND ".join(f"{name} = ?" for name in said) or "1", tuple(said.values())


def _keys_of(space: Space) -> tuple[str | None, ...]:
    """Return what a Space is found by; the image of one that is built here is nobody's to name."""
    hub_id = space.space_id
    return (
        space.id,
        None if hub_id is None else hub_id.lower(),
        None if hub_id is None else _subdomain(space, hub_id),
        None if space.source is not None else with_tag(space.docker_image),
        space.category,
        space.sdk,
        f"{space.id} {hub_id or ''}",
        space.description,
        " ".join([*space.tags, space.category, space.input_type, space.output_type]),
    )


def key_of(space: Space, column: str) -> str:
    """Return what stands in `column` (id or hub_id) for `space`; empty for nothing."""
    return space.id if column == "id" else (space.space_id or "").lower()


def _subdomain(space: Space, hub_id: str) -> str:
    """Return the name in the address of the Space: that of its image, which the Hub gave, or the one derived."""
    derived = subdomain_of(hub_id)
    name = split_image_reference(space.docker_image).name
    return name if name.startswith(derived[:20]) else derived


def with_tag(reference: str) -> str:
    """Return an image reference with the tag that it has where it names none."""
    image = split_image_reference(reference)
    return reference if image.tag or image.digest else f"{reference}:latest"
