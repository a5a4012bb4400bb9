"""Brings the table of a registry file up to date: reads what has changed, and notes what is wrong."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.layout import OddLayoutError
from hf_spaces_runner.registry.read import Piece, ReadCategories, ReadEntry, read_entries
from hf_spaces_runner.registry.space_table import SpaceTable
from hf_spaces_runner.registry.yaml_source import place_in, places_in

_MAX_FAULTS = 1000
"""So many are noted, each with its place."""
_MAX_NAMED = 100
"""So many categories are looked at, to name the one that was meant."""
_STANDARD = tuple(Category)


def update_index(table: SpaceTable, path: Path, *, origin: str, reuses: bool) -> tuple[Fault, ...]:
    """Make `table` hold what the file at `path` holds, and return the file's faults.

    Args:
        table: as it was when the file was read before, if `reuses`; else empty.
        path: the file.
        origin: where its entries come from, for people.
        reuses: whether entries whose lines have not changed are kept without being read.

    Raises:
        InvalidRegistryError: the file cannot be read at all.
    """
    rows = table.connection.execute("SELECT digest, id, category FROM entries") if reuses else ()
    known = {digest: (entry_id, category) for digest, entry_id, category in rows}
    try:
        return _Update(table, path, is_new=not reuses).run(read_entries(path, origin=origin, known=known))
    except OddLayoutError:
        table.empty()
        pieces = read_entries(path, origin=origin, known={}, whole=True)
        return _Update(table, path, is_new=True).run(pieces)


class _Update:
    def __init__(self, table: SpaceTable, path: Path, *, is_new: bool) -> None:
        self._table = table
        self._is_new = is_new
        self._path = path
        self._before = {row[0] for row in table.connection.execute("SELECT id FROM entries")}
        self._places: dict[str, int] = {}
        self._first_lines: dict[str, int] = {}
        self._elsewhere: dict[str, list[ReadEntry]] = {}
        self._lists: list[ReadCategories] = []
        self._faults: list[Fault] = []
        self._left_out: set[str | None] = set()

    def run(self, pieces: Iterable[Piece]) -> tuple[Fault, ...]:
        for piece in pieces:
            if isinstance(piece, Fault):
                self._note(piece)
            elif isinstance(piece, ReadCategories):
                self._lists.append(piece)
            else:
                self._take(piece)
        self._table.remove(self._before - self._places.keys())
        moved = ((place, entry_id, place) for entry_id, place in self._places.items())
        self._table.connection.executemany("UPDATE entries SET place = ? WHERE id = ? AND place <> ?", moved)
        if all(lists.is_whole for lists in self._lists):
            self._check_categories()
        self._check_lists()
        if self._is_new:
            self._table.gather_words()
        return tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))

    def _take(self, entry: ReadEntry) -> None:
        if entry.id in self._places:
            message = f"stands twice: first in line {self._first_lines[entry.id] + 1}"
            self._fault(
                entry, (0, _margin(entry.text)), ("spaces", entry.id), message, "remove one of the two, or rename it"
            )
            return
        place = self._places[entry.id] = len(self._places)
        self._first_lines[entry.id] = entry.line
        if entry.space is not None:
            if entry.id in self._before:
                self._table.remove([entry.id])
            self._table.insert([(place, entry.digest, entry.space)], words=not self._is_new)
        if entry.category not in _STANDARD and len(self._elsewhere) < _MAX_FAULTS:
            few = self._elsewhere.setdefault(entry.category, [])
            if len(few) < _MAX_FAULTS:
                few.append(entry)

    def _check_categories(self) -> None:
        declared = list(dict.fromkeys([*_STANDARD, *(name for lists in self._lists for name in lists.ids)]))
        there = self._table.connection.execute("SELECT DISTINCT category FROM entries").fetchall()
        for category in {row[0] for row in there}.difference(declared):
            for entry in self._elsewhere.get(category, ()):
                self._note_category(entry, declared[:_MAX_NAMED])
            ids = self._table.connection.execute("SELECT id FROM entries WHERE category = ?", (category,)).fetchall()
            self._left_out.update(row[0] for row in ids)
            self._table.remove([row[0] for row in ids], words=not self._is_new)

    def _note_category(self, entry: ReadEntry, there_are: Sequence[str]) -> None:
        near = difflib.get_close_matches(entry.category, there_are, n=1)
        guess = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(there_are))}"
        fix = f"{guess}; one of your own stands under categories:, as {entry.category}: []"
        message = f"there is no category {entry.category!r}"
        keys = (entry.id, "category")
        place = place_in(entry.text, keys if entry.is_block else ("spaces", *keys))
        self._fault(entry, place, ("spaces", *keys), message, fix, left_out=entry.id)

    def _check_lists(self) -> None:
        for lists in self._lists:
            found = (one for one in self._contradictions(lists) if one[1] not in self._left_out)
            wrong = list(islice(found, _MAX_FAULTS))
            places = places_in(lists.text, [one[0] for one in wrong]) if wrong else ()
            for (keys, _, message, fix), place in zip(wrong, places, strict=True):
                self._fault(lists, place, tuple(str(key) for key in keys), message, fix)

    def _contradictions(self, lists: ReadCategories) -> Iterator[tuple[tuple[object, ...], str, str, str]]:
        """Yield where a list is wrong, the id that stands there, what is wrong with it, and the fix."""
        query = "SELECT category FROM entries WHERE id = ?"
        for category, ids in lists.ids.items():
            for index, entry_id in enumerate(ids or ()):
                row = self._table.connection.execute(query, (entry_id,)).fetchone()
                place = ("categories", category, index)
                if row is None:
                    yield place, entry_id, f"no such Space in this file: {entry_id}", "add its entry, or remove the id"
                elif row[0] != category:
                    message = f"{entry_id} has the category {row[0]!r} in its entry"
                    yield place, entry_id, message, "give both the same category"

    def _fault(
        self,
        piece: ReadEntry | ReadCategories,
        place: tuple[int, int],
        keys: tuple[str, ...],
        message: str,
        fix: str,
        *,
        left_out: str | None = None,
    ) -> None:
        line, column = place
        fault = Fault(
            file=str(self._path),
            line=piece.line + line + 1,
            column=column + 1,
            keys=keys,
            message=message,
            fix=fix,
            entry=left_out,
        )
        self._note(fault)

    def _note(self, fault: Fault) -> None:
        self._left_out.add(fault.entry)
        if len(self._faults) < _MAX_FAULTS:
            self._faults.append(fault)


def _margin(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
