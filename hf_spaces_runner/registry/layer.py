"""One layer of the registry: a table of Spaces that is there whenever it is asked, damaged files or not."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.index import Index, faults_of
from hf_spaces_runner.registry.space_table import SCHEMA, SpaceTable

T = TypeVar("T")


class Layer(Protocol):
    """What the registry is made of. `hidden_by` names the columns by which entries of upper layers hide its own."""

    hidden_by: Sequence[str]

    def ask(self, question: Callable[[SpaceTable], T]) -> T:
        """Return the answer of the table to `question`, which may be asked twice."""

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the layer's file."""


class FileLayer:
    """The entries of a registry file."""

    hidden_by: Sequence[str] = ("id",)

    def __init__(self, index: Index) -> None:
        self._index = index
        self._table: SpaceTable | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[SpaceTable], T]) -> T:
        """See `Layer`. A damaged table is made again.

        Raises:
            InvalidRegistryError: the file cannot be read at all.
        """
        with self._lock:
            self._table = self._table or self._index.table()
            try:
                return question(self._table)
            except sqlite3.DatabaseError:
                self._table.connection.close()
                self._table = None
                self._index.forget()
                self._table = self._index.table()
                return question(self._table)

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the file, in its order."""
        return self.ask(faults_of)


class MemoryLayer:
    """Entries that stand in no file."""

    hidden_by: Sequence[str] = ("id",)

    def __init__(self, spaces: Iterable[Space], origin: str = "given") -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.executescript(SCHEMA)
        self._table = SpaceTable(connection, origin)
        self._table.insert((place, None, space) for place, space in enumerate(spaces))

    def ask(self, question: Callable[[SpaceTable], T]) -> T:
        """See `Layer`."""
        return question(self._table)

    def faults(self) -> tuple[Fault, ...]:
        """Return nothing."""
        return ()
