"""Remembers what was found on the Hub: Spaces, what the Hub said of them, and what became of their images."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.image_names import HUB_IMAGE_REGISTRY, image_of_space, split_image_reference
from hf_spaces_runner.domain.space import DISCOVERED, Sdk, Space
from hf_spaces_runner.errors import RegistryError
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.space_table import SCHEMA, SpaceTable, with_tag

T = TypeVar("T")
ORIGIN = DISCOVERED
_BUSY_TIMEOUT_S = 60
_AT_ONCE = 500
_SCHEMA = (
    SCHEMA
    + """
CREATE TABLE hub (hub_id TEXT PRIMARY KEY, read_at REAL NOT NULL, found TEXT NOT NULL);
CREATE INDEX by_read_at ON hub (read_at);
CREATE TABLE checks (
    image TEXT NOT NULL, entry_status TEXT NOT NULL, found TEXT NOT NULL, PRIMARY KEY (image, entry_status)
);
PRAGMA user_version = 1;
"""
)
_NOT_OURS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
_DEFAULT_PORTS = {Sdk.STREAMLIT: 8501}


class Discovered:
    """The lowest layer of the registry, kept in `file`. A damaged one is put aside: all of it can be found again."""

    hidden_by: Sequence[str] = ("id", "hub_id")

    def __init__(self, file: Path) -> None:
        self._file = file
        self._table: SpaceTable | None = None
        self._lock = threading.RLock()

    def ask(self, question: Callable[[SpaceTable], T]) -> T:
        """See `Layer`.

        Raises:
            RegistryError: the file cannot be read, or a newer version wrote it.
        """
        with self._lock:
            try:
                return question(self._opened())
            except (OSError, sqlite3.OperationalError) as error:
                raise RegistryError(f"{self._file}: cannot be read: {error}") from error
            except sqlite3.DatabaseError:
                self._put_aside()
                return question(self._opened())

    def faults(self) -> tuple[Fault, ...]:
        """Return nothing: what the Hub says is checked before it is remembered."""
        return ()

    def remember(self, found: Iterable[Found]) -> None:
        """Remember Spaces, in place of what was known of them; one that can have no image is left out.

        Raises:
            RegistryError: it cannot be written.
        """
        spaces = [one for one in {one.hub.id.lower(): one for one in found}.values() if _has_image(one.hub)]
        if not spaces:
            return
        with self._writing() as table:
            for one in spaces:
                space = entry_of(one)
                before = table.find("hub_id", one.hub.id.lower())
                place = table.noted("places") or "0"
                if before is not None:
                    row = table.connection.execute("SELECT place FROM entries WHERE id = ?", (before.id,)).fetchone()
                    place = str(row[0])
                    table.remove([before.id])
                else:
                    table.note("places", str(int(place) + 1))
                if table.find("id", space.id) is not None:  # derived from two Hub ids, a/b-c and a-b/c
                    suffix = blake2b(one.hub.id.lower().encode(), digest_size=3).hexdigest()
                    space = replace(space, id=f"{space.id}-{suffix}")
                    table.remove([space.id])
                table.insert([(int(place), None, space)])
                values = (one.hub.id.lower(), one.read_at, json.dumps(asdict(one)))
                table.connection.execute("INSERT OR REPLACE INTO hub VALUES (?, ?, ?)", values)

    def forget(self, hub_id: str) -> None:
        """Forget a Space that is no more.

        Raises:
            RegistryError: it cannot be written.
        """
        with self._writing() as table:
            space = table.find("hub_id", hub_id.lower())
            if space is not None:
                table.remove([space.id])
            table.connection.execute("DELETE FROM hub WHERE hub_id = ?", (hub_id.lower(),))

    def remember_check(self, space: Space, check: ImageCheck) -> None:
        """Remember what became of the image of `space`, as its entry stands.

        Raises:
            RegistryError: it cannot be written.
        """
        with self._writing() as table:
            values = (with_tag(space.docker_image), space.status, json.dumps(asdict(check)))
            table.connection.execute("INSERT OR REPLACE INTO checks VALUES (?, ?, ?)", values)

    def found(self, hub_id: str) -> Found | None:
        """Return what the Hub said of a Space; None where it was not asked."""
        return self._found([hub_id.lower()]).get(hub_id.lower())

    def read_before(self, time_s: float) -> list[str]:
        """Return the Hub ids of the Spaces that were read before that time, in Unix seconds, the longest ago first."""
        query = "SELECT json_extract(found, '$.hub.id') FROM hub WHERE read_at < ? ORDER BY read_at"
        return self.ask(lambda table: [row[0] for row in table.connection.execute(query, (time_s,))])

    def note(self, name: str, value: str) -> None:
        """Write a note of ours down. Raises `RegistryError` where it cannot be written."""
        with self._writing() as table:
            table.note(name, value)

    def noted(self, name: str) -> str | None:
        """Return a note; None where there is none."""
        return self.ask(lambda table: table.noted(name))

    def complete(self, spaces: Sequence[Space]) -> list[Space]:
        """Return `spaces`, of whatever layer, with what is remembered of them.

        The image takes the name that the Hub gave it where the entry has the one derived from the Hub id, since that
        lacks the suffix of long names. A check counts as long as the status of the entry is the one that it met.
        """
        found = self._found([space.space_id.lower() for space in spaces if space.space_id is not None])
        named = [_with_found(space, found.get((space.space_id or "").lower())) for space in spaces]
        images = [with_tag(space.docker_image) for space in named]
        checks = self._checks(images)
        return [
            replace(space, check=checks.get((image, space.status))) for space, image in zip(named, images, strict=True)
        ]

    def _found(self, hub_ids: Sequence[str]) -> dict[str, Found]:
        rows = self._rows("SELECT hub_id, found FROM hub WHERE hub_id", hub_ids)
        found = {}
        for hub_id, text in rows:
            with suppress(*_NOT_OURS):  # of another version: it is found again
                found[hub_id] = _found_from(json.loads(text))
        return found

    def _checks(self, images: Sequence[str]) -> dict[tuple[str, str], ImageCheck]:
        rows = self._rows("SELECT image, entry_status, found FROM checks WHERE image", images)
        checks = {}
        for image, status, text in rows:
            with suppress(*_NOT_OURS):
                checks[image, status] = _check_from(json.loads(text))
        return checks

    def _rows(self, query: str, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        if not keys or not self._is_there():
            return []
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            complete = f"{query} IN ({','.join('?' * len(some))})"
            rows += self.ask(lambda table, complete=complete, some=some: list(table.connection.execute(complete, some)))  # type: ignore[misc]
        return rows

    def _opened(self) -> SpaceTable:
        """Return the table; one in memory where there is no file, so that to read makes none."""
        if self._table is None:
            if not self._is_there():
                connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                connection.executescript(_SCHEMA)
                return SpaceTable(connection, ORIGIN)
            self._table = self._connected()
        return self._table

    def _is_there(self) -> bool:
        return os.path.exists(self._file)  # noqa: PTH110 - Path.exists raises where the folder may not be read

    def _connected(self) -> SpaceTable:
        connection = sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return SpaceTable(connection, ORIGIN)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in {0, 1}:
            raise RegistryError(
                f"{self._file}: was written by a newer version of hf-spaces-runner",
                hint="use that one, or remove the file: what is in it can be found again",
            )
        if version == 0:
            from filelock import FileLock  # noqa: PLC0415 - few get here

            # Several processes may come first at the same time, and SQLite waits for nobody to change its journal.
            with FileLock(f"{self._file}.lock", timeout=_BUSY_TIMEOUT_S):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("PRAGMA user_version").fetchone() == (0,):
                    for statement in _SCHEMA.split(";\n"):
                        connection.execute(statement)
                connection.execute("COMMIT")
        connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _writing(self) -> Iterator[SpaceTable]:
        """Yield the table in a transaction; what fails in it leaves all as it was."""
        with self._lock:
            try:
                table = self._to_write_to()
                connection = table.connection
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield table
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except (OSError, sqlite3.OperationalError) as error:
                raise RegistryError(
                    f"{self._file}: what was found cannot be written down: {error}", hint="see whether the disk is full"
                ) from error
            except sqlite3.DatabaseError as error:
                self._put_aside()
                raise RegistryError(
                    f"{self._file}: is damaged, and was put aside: {error}", hint="try again"
                ) from error

    def _to_write_to(self) -> SpaceTable:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._table is None:
            try:
                self._table = self._connected()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._put_aside()
                self._table = self._connected()
        return self._table

    def _put_aside(self) -> None:
        if self._table is not None:
            self._table.connection.close()
            self._table = None
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{self._file}{suffix}").replace(f"{self._file}{suffix}.damaged")


def entry_of(found: Found) -> Space:
    """Return what was found as an entry of the registry, as far as the Hub says what stands in one."""
    hub = found.hub
    derived = image_of_space(hub.id, HUB_IMAGE_REGISTRY)
    image = f"{HUB_IMAGE_REGISTRY}/{hub.subdomain}:latest" if hub.subdomain else derived
    sdk = Sdk(hub.sdk) if hub.sdk in {kind.value for kind in Sdk} else Sdk.GRADIO
    return Space(
        id=image.removeprefix(f"{HUB_IMAGE_REGISTRY}/").removesuffix(":latest"),
        docker_image=image,
        description=hub.description or hub.title,
        category=found.categorised.category,
        input_type=found.categorised.input_type,
        output_type=found.categorised.output_type,
        port=hub.app_port or _DEFAULT_PORTS.get(sdk, 7860),
        space_id=hub.id,
        sdk=sdk,
        app_file=hub.app_file or "app.py",
        tags=tuple(dict.fromkeys(tag for tag in (*hub.tags, *hub.tasks, hub.ai_category, hub.title) if tag)),
        origin=ORIGIN,
    )


def _has_image(hub: HubSpace) -> bool:
    """Return whether the Space has a name that an image can have; without its subdomain one like `user/_` has none."""
    try:
        split_image_reference(image_of_space(hub.subdomain or hub.id, HUB_IMAGE_REGISTRY))
    except ValueError:
        return False
    return True


def _with_found(space: Space, found: Found | None) -> Space:
    if found is None or space.space_id is None:
        return space
    derived = image_of_space(space.space_id, HUB_IMAGE_REGISTRY)
    if found.hub.subdomain and space.source is None and with_tag(space.docker_image) == derived:
        space = replace(space, docker_image=f"{HUB_IMAGE_REGISTRY}/{found.hub.subdomain}:latest")
    return replace(space, found=found)


def _found_from(values: dict[str, Any]) -> Found:
    hub: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values["hub"].items()
    }
    categorised = {**values["categorised"], "category": Category(values["categorised"]["category"])}
    return Found(hub=HubSpace(**hub), categorised=Categorised(**categorised), read_at=values["read_at"])


def _check_from(values: dict[str, Any]) -> ImageCheck:
    typed = {"status": ImageStatus(values["status"]), "architectures": tuple(values["architectures"])}
    return ImageCheck(**{**values, **typed})
